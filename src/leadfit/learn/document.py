"""A benchmark as the plain JSON of report.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from leadfit.learn.result import Benchmark


def as_json(found: Benchmark) -> dict[str, object]:
    """Return ``found`` as JSON values: objects, lists, texts, numbers, ``True`` and ``None``.

    Keys are the names of the fields, steps are their five words, times are ISO 8601. Hand it to
    ``json.dumps(..., allow_nan=False)``.
    """
    plain = _plain(found)
    if not isinstance(plain, dict):
        raise TypeError(type(plain).__name__)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value
