"""Every example in a docstring shows what really comes out."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import warnings
from types import ModuleType

import pytest

import leadfit

# Importing the first runs the command; the second is run by Alembic alone.
NOT_IMPORTED = ("leadfit.__main__", "leadfit.store.migrations.env")
MODULES = sorted(
    each.name
    for each in pkgutil.walk_packages(leadfit.__path__, "leadfit.")
    if each.name not in NOT_IMPORTED
)


def load(name: str) -> ModuleType:
    return importlib.import_module(name)  # noqa: TID251 -- all modules, whatever their names are


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = doctest.testmod(load(name))
    assert not result.failed, f"{name} does not give what it shows"


def test_examples_were_found() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [example for name in MODULES for example in finder.find(load(name)) if example.examples]
    assert len(found) >= 50
