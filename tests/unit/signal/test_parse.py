"""Strict JSON."""

from __future__ import annotations

import json
import time

import pytest

from leadfit.records import Refusal
from leadfit.signal import parse
from leadfit.signal.parse import MAX_BYTES, MAX_DEPTH


def came(raw: bytes) -> str:
    refusal = parse(raw)
    assert isinstance(refusal, Refusal), refusal
    (fault,) = refusal.faults
    assert fault.place == "body"
    return fault.came


def test_plain_json_is_parsed() -> None:
    value = {"a": [1, 2.5, None, True, '\u00e9 "[{'], "b": {"c": -0.0}}
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": 1' + b"0" * 500 + b"}", "characters"),
        (b'{"a": 1, "a": 2}', "the key 'a' twice"),
        (b'{"x": [{"b": 1, "b": 1}]}', "the key 'b' twice"),
        (b'{"a": "\xff"}', "byte 0xff at 7"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"", "line 1 column 1"),
        (b"{", "line 1"),
        (b"{} {}", "Extra data"),
        (b"{'a': 1}", "line 1"),
        (b'{"a": "\n"}', "Invalid control character"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(raw: bytes, words: str) -> None:
    assert words in came(raw)


def test_depth_is_counted_outside_of_strings_only() -> None:
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    assert not isinstance(parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH), Refusal)
    assert came(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)) == "deeper nesting"
    assert parse(b'"' + b"[" * 100 + b'\\"{{"') == "[" * 100 + '"{{'


def test_very_deep_text_is_refused_without_recursion() -> None:
    assert came(b"[" * 500_000) == "deeper nesting"


def test_a_body_over_one_mebibyte_is_refused_before_it_is_read() -> None:
    assert came(b" " * (MAX_BYTES + 1)) == f"{MAX_BYTES + 1} bytes"
    assert parse(b'"' + b"x" * (MAX_BYTES - 2) + b'"') == "x" * (MAX_BYTES - 2)


def test_a_repeated_key_among_very_many_is_found_at_once() -> None:
    keys = ",".join(f'"{number}":0' for number in range(90_000))
    began = time.perf_counter()
    assert came(f'{{{keys},"89999":0}}'.encode()) == "the key '89999' twice"
    assert time.perf_counter() - began < 5  # comparing each key with all before it took minutes
