"""A workspace with four accounts, where a lead in doubt waits for a review."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, open_leadfit
from leadfit.testing import FrozenWorld
from stories.reviewing.reviewed import make


@pytest.fixture
def leadfit(tmp_path: Path, world: FrozenWorld) -> Iterator[Leadfit]:
    with open_leadfit(make(tmp_path, world), world=world) as opened:
        yield opened
