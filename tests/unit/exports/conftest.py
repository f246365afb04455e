from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes files of an export and returns their folder."""

    def files(**contents: str | bytes) -> Path:
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            file = folder / (name.replace("__", ".") if "__" in name else f"{name}.csv")
            raw = content.encode() if isinstance(content, str) else content
            file.write_bytes(raw)
        return folder

    return files


@pytest.fixture
def mapping(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a mapping file and returns its path."""

    def file(text: str) -> Path:
        path = tmp_path / "mapping.toml"
        path.write_text(text)
        return path

    return file
