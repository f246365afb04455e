"""Records as canonical JSON and back.

As :mod:`leadfit.canonical` writes it, but shorter: a field that is empty (``None``, ``()``, ``{}``,
``False``) and equal to its default is left out, so that a field added later changes no stored
bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from json.encoder import encode_basestring as _quoted
from math import isfinite
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from leadfit.canonical import moment

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_EMPTY: Final[tuple[object, ...]] = (None, (), {}, frozenset())
_JSON: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_QUICKLY: Final = 1
_WINDOW_BITS: Final = 13
_MEMORY: Final = 6
_SIMPLE: Final = frozenset({str, int, float, bool, NoneType})
_CONTAINERS: Final = frozenset({tuple, dict, frozenset})


def to_us(at: datetime) -> int:
    """Return whole microseconds since 1970.

    >>> to_us(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """Return the aware UTC time of ``us`` microseconds since 1970.

    >>> from_us(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return _EPOCH + timedelta(microseconds=us)


def maybe_us(at: datetime | None) -> int | None:
    """Return :func:`to_us` of a time that may be absent."""
    return None if at is None else to_us(at)


def maybe_time(us: int | None) -> datetime | None:
    """Return :func:`from_us` of a number that may be absent."""
    return None if us is None else from_us(us)


def pack(value: object) -> bytes:
    """Return a record, or JSON types that hold records, as canonical JSON.

    Raises:
        ValueError: It holds NaN, an infinity or half of a surrogate pair.
        TypeError: It holds something JSON has no form for.

    >>> pack({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return pack_text(value).encode()


def pack_text(value: object) -> str:
    """Return :func:`pack` as text."""
    return _text_of(type(value))(value)


def pack_text_with(record: object, name: str, value: object) -> str:
    """Return :func:`pack_text` of a record of which one field is another.

    Args:
        record: A record.
        name: A field of it that is a record.
        value: What stands there instead.
    """
    return _text_with(type(record), name)((record, value))


def write_plain(plain: object) -> str:
    """Return JSON types as canonical text."""
    return _JSON.encode(plain)


def squeeze_with(words: bytes, content: bytes) -> bytes:
    """Return a content that is mostly made of known words compressed.

    A window of 8 KiB holds a whole decision; to clear the usual one costs as much as the work.

    Args:
        words: What it is mostly made of, the most common last; 8 KiB count.
        content: What is compressed; :func:`open_with` opens it.
    """
    squeezing = _primed(words).copy()
    return squeezing.compress(content) + squeezing.flush()


@cache
def _primed(words: bytes) -> zlib._Compress:
    """Return a compressor that has read the words: to read them takes as long as to compress."""
    return zlib.compressobj(
        _QUICKLY, zlib.DEFLATED, _WINDOW_BITS, _MEMORY, zlib.Z_DEFAULT_STRATEGY, words
    )


def open_with(words: bytes, squeezed: bytes) -> bytes:
    """Return what :func:`squeeze_with` compressed by these words."""
    return zlib.decompressobj(zdict=words).decompress(squeezed)


def unpack(kind: type[T], packed: bytes | str) -> T:
    """Return the record of class ``kind`` that :func:`pack` made ``packed`` from.

    Raises:
        TypeError: A field without a default is missing.
    """
    return decode(kind, json.loads(packed))


def encode(value: object) -> object:
    """Return a record as JSON types: objects, lists, text, numbers.

    Raises:
        TypeError: It holds something JSON has no form for.
    """
    kind = type(value)
    return value if kind in _SIMPLE else _writer(kind)(value)


def _make_writer(kind: type) -> Callable[[object], object]:
    """Return the function that writes values of the class ``kind``; found once a class."""
    for parents, write in _WRITERS:
        if issubclass(kind, parents):
            return write
    if is_dataclass(kind):
        return _record_writer(kind)
    raise TypeError(f"no form for {kind.__name__}")


_writer: Final = cast("Callable[[type], Callable[[object], object]]", cache(_make_writer))


def _write_mapping(value: Any) -> object:
    return {str(key): encode(each) for key, each in value.items()}


def _write_list(value: Any) -> object:
    return [each if type(each) in _SIMPLE else _writer(type(each))(each) for each in value]


_WRITERS: Final[tuple[tuple[type | tuple[type, ...], Callable[[object], object]], ...]] = (
    (Enum, lambda value: cast("Enum", value).value),
    ((str, int, float), lambda value: value),
    (Mapping, _write_mapping),
    ((tuple, list), _write_list),
    (datetime, lambda value: moment(cast("datetime", value))),
    (frozenset, lambda value: sorted(str(each) for each in cast("frozenset[object]", value))),
)


def _float_text(value: Any) -> str:
    if not isfinite(value):
        raise ValueError(f"{value!r} has no JSON form")
    return float.__repr__(value)


# What the JSON encoder writes of them; it makes itself ready anew for each single value.
_SIMPLE_TEXT: Final[Mapping[type, Callable[[object], str]]] = {
    str: cast("Callable[[object], str]", _quoted),
    int: int.__repr__,
    float: _float_text,
    bool: lambda value: "true" if value else "false",
    NoneType: lambda _value: "null",
}


def _make_text(kind: type) -> Callable[[object], str]:
    """Return the function that writes values of the class ``kind`` as canonical JSON.

    It writes what :func:`encode` and then the JSON encoder would, in one go.
    """
    if kind in _SIMPLE:
        return _SIMPLE_TEXT[kind]
    if issubclass(kind, Mapping):
        return _mapping_text
    if issubclass(kind, tuple | list):
        return _list_text
    if is_dataclass(kind):
        text = _record_text(kind)
        return lru_cache(maxsize=4096)(text) if _is_of_words(kind) else text
    return _other_text(kind)


def _other_text(kind: type) -> Callable[[object], str]:
    """Return the function that writes values of a class that :func:`encode` makes simple ones of.

    The words of an enumeration are few, and a time needs no escapes.
    """
    write = _writer(kind)
    if issubclass(kind, datetime):
        return cast("Callable[[object], str]", _moment_text)

    def text(value: object) -> str:
        return _JSON.encode(write(value))

    return cache(text) if issubclass(kind, Enum) else text


@lru_cache(maxsize=1024)
def _moment_text(at: datetime) -> str:
    """Return a time in quotes; one decision names the same a few times."""
    return f'"{moment(at)}"'


_text_of: Final = cast("Callable[[type], Callable[[object], str]]", cache(_make_text))


def _mapping_text(value: Any) -> str:
    named = {str(key): each for key, each in value.items()}
    ordered = sorted(named.items())  # no two names are equal, so values are never compared
    inside = [f"{_quoted(name)}:{_text_of(type(each))(each)}" for name, each in ordered]
    return f"{{{','.join(inside)}}}"


def _list_text(value: Any) -> str:
    inside = [_text_of(type(each))(each) for each in value]
    return f"[{','.join(inside)}]"


def _is_of_words(kind: type) -> bool:
    """All fields are words, so that equal records have equal texts; 1 and 1.0 are equal, too."""
    return all(hint in {str, str | None} for hint in get_type_hints(kind).values())


def _parts_of(kind: type) -> list[tuple[str, str, bool]]:
    """Return names, what stands before their values, and whether they may be left out."""
    return sorted(
        (name, f"{_quoted(name)}:", default is False or any(default == e for e in _EMPTY))
        for name, default in _defaults(kind)
    )


def _record_text(kind: type) -> Callable[[object], str]:
    parts = _parts_of(kind)
    return _text_writer(parts, _values_of([name for name, _, _ in parts]))


def _make_text_with(kind: type, other: str) -> Callable[[object], str]:
    """Return the function that writes a pair: a record, and what stands in its field ``other``."""
    parts = _parts_of(kind)
    names = [name for name, _, _ in parts]
    own, at = _values_of(names), names.index(other)

    def values_of(pair: object) -> tuple[object, ...]:
        record, value = cast("tuple[object, object]", pair)
        values = own(record)
        return (*values[:at], value, *values[at + 1 :])

    return _text_writer(parts, values_of)


_text_with: Final = cast("Callable[[type, str], Callable[[object], str]]", cache(_make_text_with))


def _text_writer(
    parts: Sequence[tuple[str, str, bool]], values_of: Callable[[object], tuple[object, ...]]
) -> Callable[[object], str]:
    prefixes = [prefix for _, prefix, _ in parts]
    may_go = [may_be_left_out for _, _, may_be_left_out in parts]

    def write(record: object) -> str:
        kept = []
        for prefix, may_be_left_out, value in zip(  # noqa: B905 -- one of each for every field
            prefixes, may_go, values_of(record)
        ):
            if value is None:
                if not may_be_left_out:
                    kept.append(prefix + "null")
                continue
            kind = type(value)
            if kind is str:
                kept.append(prefix + _quoted(value))  # type: ignore[arg-type]  # its type is str
            elif value or not may_be_left_out or (value is not False and kind not in _CONTAINERS):
                kept.append(prefix + _text_of(kind)(value))
        return f"{{{','.join(kept)}}}"

    return write


def _record_writer(kind: type) -> Callable[[object], object]:
    parts = [
        (name, default is False or any(default == empty for empty in _EMPTY))
        for name, default in _defaults(kind)
    ]
    values_of = _values_of([name for name, _ in parts])

    def write(record: object) -> object:
        kept: dict[str, object] = {}
        for (name, may_be_left_out), value in zip(parts, values_of(record), strict=True):
            kind = type(value)
            if kind in _SIMPLE:
                if not may_be_left_out or (value is not None and value is not False):
                    kept[name] = value
            elif value or not may_be_left_out or kind not in _CONTAINERS:
                kept[name] = _writer(kind)(value)
        return kept

    return write


def _values_of(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    """Return the function that takes the values of these fields from a record, all at once."""
    if len(names) < 2:
        return lambda record: tuple(getattr(record, name) for name in names)
    return attrgetter(*names)


@cache
def _defaults(kind: Hashable) -> tuple[tuple[str, object], ...]:
    """Return the fields of a record with their defaults; ``MISSING`` where there is none."""
    found: list[tuple[str, object]] = []
    for each in fields(kind):  # type: ignore[arg-type]  # only records come here
        default = each.default
        if default is MISSING and each.default_factory is not MISSING:
            default = each.default_factory()
        found.append((each.name, default))
    return tuple(found)


def decode(kind: type[T], plain: object) -> T:
    """Return the record of class ``kind`` that :func:`encode` made ``plain`` from.

    Raises:
        TypeError: A field without a default is missing.
    """
    whole = cast("Hashable", kind)
    return cast("T", _reader(whole)(plain))


def reader_of(kind: Hashable) -> Callable[[object], object]:
    """Return the function that reads values of an annotated type back from JSON types."""
    return _reader(kind)


@cache
def _reader(kind: Hashable) -> Callable[[object], object]:
    """Return the function that reads a value of the annotated type ``kind``."""
    origin = get_origin(kind)
    if origin in (UnionType, Union):
        return _union_reader(get_args(kind))
    if origin is tuple:
        each = _reader(get_args(kind)[0])
        if each is _as_it_is:
            return lambda plain: tuple(cast("list[object]", plain))
        return lambda plain: tuple([each(part) for part in cast("list[object]", plain)])
    if origin is frozenset:
        return lambda plain: frozenset(cast("list[object]", plain))
    return _class_reader(kind) if isinstance(kind, type) else _as_it_is


def _class_reader(kind: type) -> Callable[[object], object]:
    if issubclass(kind, Enum):
        return kind
    if kind is datetime:
        return lambda plain: datetime.fromisoformat(cast("str", plain))
    return _record_reader(kind) if is_dataclass(kind) else _as_it_is


def _union_reader(kinds: tuple[object, ...]) -> Callable[[object], object]:
    rest = [kind for kind in kinds if kind is not NoneType]
    if len(rest) != 1:
        return _as_it_is
    inner = _reader(rest[0])
    if inner is _as_it_is:
        return _as_it_is
    return lambda plain: None if plain is None else inner(plain)


def _record_reader(kind: type) -> Callable[[object], object]:
    hints = get_type_hints(kind)
    names = frozenset(name for name, _ in _defaults(kind))
    every = ((name, _reader(hints[name])) for name in names)
    readers = [(name, of) for name, of in every if of is not _as_it_is]

    def read(plain: object) -> object:
        given = dict(cast("Mapping[str, object]", plain))
        if not given.keys() <= names:
            given = {name: value for name, value in given.items() if name in names}
        for name, of in readers:
            if name in given:
                given[name] = of(given[name])
        return kind(**given)

    return read


def _as_it_is(plain: object) -> object:
    return plain
