"""What a server wrote, synced and answered, in order, as strace saw it.

Made by ``strace -f -yy -xx`` with all data shown whole. The tracer holds every call at its begin
and at its end, and writes them down in that order; a call that others come between has two lines.
The number of a line is therefore a time: what ended in an earlier line than another begins in was
over before it.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

CALLS: Final = (
    "pwrite64", "pwritev", "ftruncate", "unlink", "fsync", "fdatasync", "write", "sendto",
)  # fmt: skip
"""The calls that a trace must hold."""

_LINE: Final = re.compile(r"(\d+)\s+(?:(\w+)\(|<\.\.\. \w+ resumed>)(.*)", re.DOTALL)
_UNFINISHED: Final = "<unfinished ...>"
_END: Final = re.compile(r"\)\s+= (-?\d+)")
_FILE: Final = r"\d+<([^>]*)>(\(deleted\))?"
_BYTES: Final = r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?'
_PWRITE: Final = re.compile(rf"{_FILE}, {_BYTES}, (\d+), (\d+)")
_RESIZE: Final = re.compile(rf"{_FILE}, (\d+)")
_SYNC: Final = re.compile(_FILE)
_GONE: Final = re.compile(_BYTES)
_SEND: Final = re.compile(rf"\d+<TCP(?:v6)?:\[.*->[^>]*:(\d+)\]>, {_BYTES}")
_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_WAL_HEADER, _FRAME_HEADER = 32, 24
_BEGIN: Final = 7
"""So many first bytes of a mark are looked for; many marks begin alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something done to a file.

    Attributes:
        path: The file.
        begun: Line in which it began.
        ended: Line in which it was over.
        at: Where the bytes begin, for a write; the new size, where ``content`` is ``None``.
        content: What was written; ``None`` for another size. A file that is removed has size -1.
    """

    path: str
    begun: int
    ended: int
    at: int
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A file was brought to the disk with all that was written to it before."""

    path: str
    begun: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The first bytes of an answer went out to a client."""

    status: int
    begun: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What was seen, each kind in the order of its begin.

    Attributes:
        answers: By the port of the client, in order.
    """

    changes: Sequence[Change]
    syncs: Sequence[Sync]
    answers: Mapping[int, Sequence[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """What a client was told is done.

    Attributes:
        mark: Bytes that stand in what was stored for it, and in nothing before.
        port: The client's own port.
        nth: Which answer to this port it was, from 0; a port may be used again and again.
    """

    mark: bytes
    port: int
    nth: int


def read_trace(lines: Iterable[str]) -> Trace:
    """Read a trace.

    Raises:
        ValueError: A write to a file is not shown whole, or is of a kind that is not known here.
    """
    changes: list[Change] = []
    syncs: list[Sync] = []
    answers: defaultdict[int, list[Answer]] = defaultdict(list)
    for call, arguments, begun, ended in _calls(lines):
        if call in ("fsync", "fdatasync"):
            if found := _SYNC.match(arguments):
                syncs.append(Sync(path=_text(found[1]), begun=begun, ended=ended))
        elif sent := _SEND.match(arguments):
            if status := _STATUS.match(_bytes(sent[2])):
                answers[int(sent[1])].append(Answer(status=int(status[1]), begun=begun))
        else:
            changes += _change(call, arguments, begun, ended)
    changes.sort(key=lambda each: each.begun)
    return Trace(changes=changes, syncs=syncs, answers=answers)


def _calls(lines: Iterable[str]) -> Iterator[tuple[str, str, int, int]]:
    """Yield calls that did not fail: name, arguments, first and last line."""
    waiting: dict[str, tuple[str, str, int]] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        process, call, rest = found.groups()
        begun = number
        if call is None:
            if process not in waiting:
                continue
            call, before, begun = waiting.pop(process)
            rest = before + rest
        elif rest.rstrip().endswith(_UNFINISHED):
            waiting[process] = call, rest.rstrip().removesuffix(_UNFINISHED), number
            continue
        end = _END.search(rest, max(0, rest.rfind(")")))
        if end is not None and int(end[1]) >= 0:
            yield call, rest, begun, number


def _change(call: str, arguments: str, begun: int, ended: int) -> Iterator[Change]:
    at, content = 0, None
    if call == "pwrite64" and (found := _PWRITE.match(arguments)):
        path, deleted, text, cut, _, offset = found.groups()
        if cut:
            raise ValueError(f"line {begun}: {call} is not shown whole; strace needs a larger -s")
        at, content = int(offset), _bytes(text)
    elif call == "ftruncate" and (found := _RESIZE.match(arguments)):
        path, deleted, at = found[1], found[2], int(found[3])
    elif call == "unlink" and (found := _GONE.match(arguments)):
        path, deleted, at = found[1], None, -1
    elif call in ("write", "sendto"):
        return  # a pipe, a socket within the machine, a line of a log
    elif call in CALLS:
        raise ValueError(f"line {begun}: this {call} is not known here")
    else:
        return
    if not deleted:
        yield Change(path=_text(path), begun=begun, ended=ended, at=at, content=content)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _text(escaped: str) -> str:
    return _bytes(escaped).decode() if escaped.startswith("\\x") else escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Frames of a write-ahead log up to one that commits.

    Attributes:
        content: The pages, one after another.
        ended: Line in which its last write was over.
    """

    content: bytes
    ended: int


def transactions(trace: Trace, log: str) -> Iterator[Transaction]:
    """Yield what was committed to SQLite's write-ahead log ``log``, in order.

    Raises:
        ValueError: A write to it is neither its header, nor that of a frame, nor a page.
    """
    page = 0
    pages: list[bytes] = []
    commits = False
    for each in trace.changes:
        if each.path != log or each.content is None:
            continue
        place = each.at - _WAL_HEADER
        if each.at == 0 and len(each.content) == _WAL_HEADER:
            (page,) = struct.unpack_from(">8xI", each.content)
            pages.clear()
        elif page and place % (page + _FRAME_HEADER) == 0 and len(each.content) == _FRAME_HEADER:
            commits = struct.unpack_from(">4xI", each.content)[0] > 0
        elif page and place % (page + _FRAME_HEADER) == _FRAME_HEADER and len(each.content) == page:
            pages.append(each.content)
            if commits:
                yield Transaction(content=b"".join(pages), ended=each.ended)
                pages.clear()
        else:
            raise ValueError(f"line {each.begun}: {len(each.content)} bytes at {each.at} of {log}")


def uncovered(
    trace: Trace, log: str, acknowledged: Sequence[Acknowledged]
) -> list[tuple[Acknowledged, str]]:
    """Return what was acknowledged before a sync covered it, with the reason.

    A sync covers a transaction if it began after the last write of it was over, and was over
    itself before the first bytes of the answer were handed to the system.
    """
    written = _first_written(trace, log, {each.mark for each in acknowledged})
    syncs = [each for each in trace.syncs if each.path == log]
    wrong = []
    for each in acknowledged:
        answered, last = trace.answers[each.port][each.nth].begun, written.get(each.mark)
        if last is None:
            wrong.append((each, f"answered in line {answered} and never written to the log"))
        elif not any(last < sync.begun and sync.ended < answered for sync in syncs):
            words = f"written up to line {last}, answered in line {answered}, no sync between"
            wrong.append((each, words))
    return wrong


def _first_written(trace: Trace, log: str, marks: set[bytes]) -> dict[bytes, int]:
    """Return the line in which the first transaction with each mark was written."""
    found: dict[bytes, int] = {}
    begins = {(mark[:_BEGIN], len(mark)) for mark in marks}
    for each in transactions(trace, log):
        for begin, length in begins:
            for place in _places(each.content, begin):
                mark = each.content[place : place + length]
                if mark in marks:
                    found.setdefault(mark, each.ended)
    return found


def _places(content: bytes, begin: bytes) -> Iterator[int]:
    place = content.find(begin)
    while place >= 0:
        yield place
        place = content.find(begin, place + 1)
