"""A workspace whose policy is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.testing import FrozenWorld
from stories.policy_changes.changing import START


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld(START)


@pytest.fixture
def folder(tmp_path: Path, world: FrozenWorld) -> Path:
    return create_workspace(tmp_path / "workspace", world=world)


@pytest.fixture
def leadfit(folder: Path, world: FrozenWorld) -> Iterator[Leadfit]:
    with open_leadfit(folder, world=world) as opened:
        yield opened
