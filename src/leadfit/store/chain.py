"""The hash chain of the event log: a changed, missing or added row shows.

The hash of a row is SHA-256 over the hash of the row before, the row's number, time and kind, and
its body, each with a fixed length or its length before it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Final

from leadfit.store.views import Verification

GENESIS: Final = hashlib.sha256(b"leadfit log 1").digest()
_HEAD: Final = struct.Struct(">qqH")
_MAX_FAULTS: Final = 20

Row = tuple[int, int, bytes, bytes, bytes, bytes]
"""seq, at_us, kind, body, prev, hash."""


def link(prev: bytes, seq: int, at_us: int, kind: bytes, body: bytes) -> bytes:
    """Return the hash of a row that follows a row with hash ``prev``.

    >>> link(GENESIS, 1, 0, b"signal", b"{}").hex()[:8]
    '437f936d'
    """
    return hashlib.sha256(b"".join((prev, _HEAD.pack(seq, at_us, len(kind)), kind, body))).digest()


def check(rows: Iterable[Row], head: tuple[int, bytes] | None) -> Verification:
    """Walk the log from its first row; ``head`` is the kept number and hash of its last row."""
    faults: list[str] = []
    prev, expected, count = GENESIS, 1, 0
    pack, sha256, width = _HEAD.pack, hashlib.sha256, len(GENESIS)
    for seq, at_us, kind, body, said_prev, said_hash in rows:
        count += 1
        made = sha256(b"".join((prev, pack(seq, at_us, len(kind)), kind, body))).digest()
        if seq == expected and said_prev == prev and said_hash == made:
            prev, expected = made, seq + 1
            continue
        if seq != expected:
            faults.append(f"log row {expected} is missing; row {seq} follows row {expected - 1}")
        elif said_prev != prev or said_hash != made:
            faults.append(f"log row {seq} is not what was written")
        if len(faults) >= _MAX_FAULTS:
            break
        prev = said_hash if len(said_hash) == width else made
        expected = seq + 1
    if not faults:
        faults.extend(_check_end(head, expected - 1, prev))
    return Verification(intact=not faults, rows=count, faults=tuple(faults))


def _check_end(head: tuple[int, bytes] | None, last: int, made: bytes) -> list[str]:
    if head is None:
        return ["the kept head of the log is missing"]
    if head[0] > last:
        return [f"log rows {last + 1} to {head[0]} are missing at the end"]
    if head[0] < last:
        return [f"log rows {head[0] + 1} to {last} were added at the end"]
    return [] if head[1] == made else [f"log row {last} is not the row the head was kept for"]
