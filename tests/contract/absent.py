"""A package that is installed, as if it were not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec


class _Absent:
    """Stands in the way of one package."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, _path: object, _target: object = None) -> ModuleSpec | None:
        if name.split(".", maxsplit=1)[0] == self._package:
            raise ModuleNotFoundError(name)
        return None


@contextmanager
def without(package: str) -> Iterator[None]:
    """Take a package away for a while."""
    kept = {name: sys.modules.pop(name) for name in [*sys.modules] if name.startswith(package)}
    finder = _Absent(package)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.modules.update(kept)
