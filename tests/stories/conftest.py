"""A workspace that runs by a frozen clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.testing import FrozenWorld
from lived import START


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld(START)


@pytest.fixture
def leadfit(tmp_path: Path, world: FrozenWorld) -> Iterator[Leadfit]:
    create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(tmp_path / "workspace", world=world) as opened:
        yield opened
