"""A mapping as TOML text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(values: Mapping[str, object]) -> str:
    """Return a mapping as TOML text: plain values first, then tables, then lists of tables.

    >>> print(written({"version": 1, "table": [{"to": "leads"}]}), end="")
    version = 1
    <BLANKLINE>
    [[table]]
    to = "leads"
    """
    lines: list[str] = []
    _write(values, (), lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _write(values: Mapping[str, object], path: tuple[str, ...], lines: list[str]) -> None:
    inline = len(path) > 1
    for key, value in values.items():
        if inline or not _is_table(value):
            lines.append(f"{_key(key)} = {_inline(value)}")
    if inline:
        return
    for key, value in values.items():
        here = (*path, key)
        name = ".".join(map(_key, here))
        if isinstance(value, dict):
            lines += ["", f"[{name}]"]
            _write(value, here, lines)
        elif _is_table(value) and isinstance(value, list):
            for each in value:
                lines += ["", f"[[{name}]]"]
                _write(each, here, lines)


def _is_table(value: object) -> bool:
    if isinstance(value, dict):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _inline(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    # JSON's escapes are TOML's too, except for the delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
