"""One way to turn a value into JSON: the same value gives the same bytes, everywhere.

Digests, the log and every JSON answer rest on it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import Path

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def plain(value: object, *, finite_only: bool = True) -> Plain:
    """Return ``value`` as plain JSON values; records become objects, times ISO 8601 in UTC.

    Args:
        value: A record, or whatever records hold.
        finite_only: A number that is not finite is an error; otherwise it becomes ``None``.

    Raises:
        ValueError: A number is not finite, or a type has no plain form.

    >>> plain({"at": datetime(2026, 1, 2, tzinfo=UTC), "tags": frozenset({"b", "a"})})
    {'at': '2026-01-02T00:00:00Z', 'tags': ['a', 'b']}
    >>> plain(math.nan, finite_only=False) is None
    True
    """
    match value:
        case Enum():
            return plain(value.value)
        case float() if not math.isfinite(value):
            if finite_only:
                raise ValueError(f"{value!r} has no JSON form")
            return None
        case None | bool() | str() | int() | float():
            return value
        case datetime():
            return moment(value)
        case date() | Path() | Decimal():
            return str(value)
    return _plain_container(value, finite_only=finite_only)


def _plain_container(value: object, *, finite_only: bool) -> Plain:
    def inside(part: object) -> Plain:
        return plain(part, finite_only=finite_only)

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: inside(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): inside(item) for key, item in value.items()}
    if isinstance(value, Set):
        return [inside(item) for item in sorted(value)]
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [inside(item) for item in value]
    raise ValueError(f"a {type(value).__name__} has no JSON form")


def document(record: object, *, finite_only: bool = True) -> dict[str, Plain]:
    """Return a record as a JSON object, field by field.

    Args:
        record: A record or a mapping.
        finite_only: As in :func:`plain`.

    Raises:
        TypeError: ``record`` is not a record or a mapping.
        ValueError: As :func:`plain`.
    """
    shown = plain(record, finite_only=finite_only)
    if not isinstance(shown, dict):
        raise TypeError(f"a {type(record).__name__} is no JSON object")
    return shown


@lru_cache(maxsize=1024)
def moment(at: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC, with ``Z`` and microseconds only where needed.

    >>> moment(datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC))
    '2026-01-02T03:04:05.600000Z'
    """
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return in_utc.isoformat().replace("+00:00", "Z")


def canonical(value: object) -> bytes:
    r"""Return the canonical bytes of ``value``: sorted keys, no spaces, UTF-8.

    >>> canonical({"b": 1, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    """
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical bytes of ``value``, in hexadecimal.

    >>> digest({})[:8]
    '44136fa3'
    """
    return hashlib.sha256(canonical(value)).hexdigest()
