"""The examples in the docstrings of the rules are true."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from leadfit.resolve import names, normal
from leadfit.resolve.normal import addresses, columns, companies, people, text


@pytest.mark.parametrize("module", [normal, addresses, columns, companies, people, text, names])
def test_every_example_gives_what_it_shows(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.failed == 0
    assert found.attempted > 0
