"""Reads a form-encoded body (WHATWG URL, ``application/x-www-form-urlencoded``), strictly."""

from __future__ import annotations

import re
from typing import Final

from leadfit.errors import Fault, shorten
from leadfit.records import Refusal

_FIELDS: Final = 300
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def parse_form(raw: bytes) -> dict[str, str] | Refusal:
    """Return the fields of a form by name.

    Args:
        raw: The bytes as they came.

    Returns:
        The fields; or a ``Refusal`` for a field that stands twice, more than 300 fields, or bytes
        that are not UTF-8.

    >>> parse_form(b"email=ada%40acme.example&name=Ada+Mills")
    {'email': 'ada@acme.example', 'name': 'Ada Mills'}
    """
    pairs = [each for each in raw.split(b"&") if each]
    if len(pairs) > _FIELDS:
        return _refusal(f"{len(pairs)} fields", f"at most {_FIELDS} fields")
    fields: dict[str, str] = {}
    for pair in pairs:
        name_raw, _, value_raw = pair.partition(b"=")
        try:
            name, value = _decoded(name_raw), _decoded(value_raw)
        except UnicodeDecodeError as error:
            return _refusal(f"byte {error.object[error.start]:#04x}", "text in UTF-8")
        if name in fields:
            return _refusal(f"the field {shorten(name)} twice", "each field once")
        fields[name] = value
    return fields


def _decoded(raw: bytes) -> str:
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), raw.replace(b"+", b" ")).decode()


def _refusal(came: str, allowed: str) -> Refusal:
    return Refusal(faults=(Fault(place="body", came=came, allowed=allowed),))
