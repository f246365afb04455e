"""The hash chain of the event log: a changed, missing or added row shows.

The hash of a row is SHA-256 over the hash of the row before, the row's number, time and kind, and
its body, each with a fixed length or its length before it. A stretch of the log is followed by
itself, from the hash that its first row says came before; stretches are then joined end to end, so
that several may be followed at once and nothing between two of them goes unseen.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from leadfit.store.views import Stretch

GENESIS: Final = hashlib.sha256(b"leadfit log 1").digest()
MOST_FAULTS: Final = 20
_HEAD: Final = struct.Struct(">qqH")

Row = tuple[int, int, bytes, bytes, bytes, bytes]
"""seq, at_us, kind, body, prev, hash."""

Anchor = tuple[int, bytes]
"""Number and hash of a row."""


def link(prev: bytes, seq: int, at_us: int, kind: bytes, body: bytes) -> bytes:
    """Return the hash of a row that follows a row with hash ``prev``.

    >>> link(GENESIS, 1, 0, b"signal", b"{}").hex()[:8]
    '437f936d'
    """
    return hashlib.sha256(b"".join((prev, _HEAD.pack(seq, at_us, len(kind)), kind, body))).digest()


class Follower:
    """Follows one stretch of the log, page by page.

    Attributes:
        rows: Rows that were followed.
        first: Number of the first one.
        start: The hash that the first one says came before.
        last: Number of the last one.
        end: Its hash.
        faults: The first places that do not hold.
    """

    def __init__(self) -> None:
        self.rows = self.first = self.last = 0
        self.start = self.end = b""
        self.faults: list[str] = []

    def follow(self, rows: Iterable[Row]) -> None:
        """Check rows against those before; behind a fault it goes on from what stands there."""
        pack, sha256, width = _HEAD.pack, hashlib.sha256, len(GENESIS)
        prev, expected, count = self.end, self.last + 1, self.rows
        for seq, at_us, kind, body, said_prev, said_hash in rows:
            if not count:
                self.first = expected = seq
                self.start = prev = said_prev
            count += 1
            made = sha256(b"".join((prev, pack(seq, at_us, len(kind)), kind, body))).digest()
            if seq == expected and said_prev == prev and said_hash == made:
                prev, expected = made, seq + 1
                continue
            if seq != expected:
                self._fault(f"log row {expected} is missing; row {seq} follows row {expected - 1}")
            else:
                self._fault(f"log row {seq} is not what was written")
            prev = said_hash if len(said_hash) == width else made
            expected = seq + 1
        self.rows, self.last, self.end = count, expected - 1, prev

    def _fault(self, words: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(words)


def join(stretches: Iterable[Stretch], head: Anchor | None) -> Iterator[str]:
    """Yield what does not hold of stretches that together are the log, or between two of them.

    Args:
        stretches: In the order of the log, from its first row on.
        head: The kept number and hash of its last row.
    """
    last, end, is_whole = 0, GENESIS, True
    for each in stretches:
        if each.rows and each.first != last + 1:
            is_whole = False
            yield f"log row {last + 1} is missing; row {each.first} follows row {last}"
        elif each.rows and each.start != end:
            is_whole = False
            yield f"log row {each.first} is not what was written"
        is_whole = is_whole and not each.faults
        yield from each.faults
        if each.rows:
            last, end = each.last, each.end
    if is_whole:
        yield from _check_end(head, last, end)


def _check_end(head: Anchor | None, last: int, made: bytes) -> list[str]:
    if head is None:
        return ["the kept head of the log is missing"]
    if head[0] > last:
        return [f"log rows {last + 1} to {head[0]} are missing at the end"]
    if head[0] < last:
        return [f"log rows {head[0] + 1} to {last} were added at the end"]
    return [] if head[1] == made else [f"log row {last} is not the row the head was kept for"]


def write_anchor(head: Anchor) -> str:
    """Return number and hash of a row as text, to be kept where nobody changes both.

    >>> write_anchor((0, GENESIS))[:12]
    '0:012ec20c00'
    """
    return f"{head[0]}:{head[1].hex()}"


def read_anchor(text: str) -> Anchor:
    """Return the number and hash that :func:`write_anchor` made ``text`` of.

    Raises:
        ValueError: It is no such text.

    >>> read_anchor(write_anchor((7, GENESIS))) == (7, GENESIS)
    True
    """
    number, _, digest = text.strip().partition(":")
    made = bytes.fromhex(digest)
    if not (number.isascii() and number.isdigit()) or len(made) != len(GENESIS):
        message = f"an anchor is a row's number, a colon and 64 digits, not {text!r}"
        raise ValueError(message)
    return int(number), made
