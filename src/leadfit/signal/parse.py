"""Strict JSON: what two readers could understand differently is refused."""

from __future__ import annotations

import json
import math
import re
from collections import Counter

from leadfit.errors import Fault, shorten
from leadfit.records import Refusal

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
_BODY = "body"
_LONGEST_NUMBER = 400
# A string, closed or not, or a bracket; possessive, so that no text makes it slow.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


class _NotStrictError(ValueError):
    """Valid for a lax reader, refused here."""

    def __init__(self, came: str, allowed: str) -> None:
        self.came = came
        self.allowed = allowed
        super().__init__(allowed)


def parse(raw: bytes) -> object:
    """Read a body as JSON, strictly.

    Args:
        raw: The bytes as they came.

    Returns:
        The parsed value, for :func:`leadfit.signal.read`; or a ``Refusal`` for more than 1 MiB,
        bytes that are not UTF-8, a key that stands twice in one object, NaN, infinity, a number
        past the range of floats, or more than 32 levels.

    >>> parse(b'{"kind": "page_view"}')
    {'kind': 'page_view'}
    """
    if len(raw) > MAX_BYTES:
        return _refusal(f"{len(raw)} bytes", f"at most {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _refusal(f"byte {raw[error.start]:#04x} at {error.start}", "text in UTF-8")
    if _deepest(text) > MAX_DEPTH:
        return _refusal("deeper nesting", f"at most {MAX_DEPTH} levels")
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short_int,
        )
    except _NotStrictError as error:
        return _refusal(error.came, error.allowed)
    except json.JSONDecodeError as error:
        return _refusal(f"{error.msg} at line {error.lineno} column {error.colno}", "JSON")
    return value


def _refusal(came: str, allowed: str) -> Refusal:
    return Refusal(faults=(Fault(place=_BODY, came=came, allowed=allowed),))


def _deepest(text: str) -> int:
    """Count nesting outside of strings, before a recursive reader sees the text."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        character = token[0]
        if character in "{[":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                break
        elif character in "}]":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(key for key, _ in pairs)
        twice = next(key for key, count in times.items() if count > 1)
        raise _NotStrictError(f"the key {shorten(twice)} twice", "each key once in an object")
    return found


def _no_constant(name: str) -> object:
    raise _NotStrictError(name, "a finite number")


def _finite(text: str) -> float:
    number = float(text) if len(text) <= _LONGEST_NUMBER else math.inf
    if not math.isfinite(number):
        raise _NotStrictError(shorten(text), "a finite number")
    return number


def _short_int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise _NotStrictError(shorten(text), f"a number of at most {_LONGEST_NUMBER} digits")
    return int(text)
