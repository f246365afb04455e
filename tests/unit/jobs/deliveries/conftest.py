"""A store, and deliveries that go through the performers of a test."""

from __future__ import annotations

import pytest

from leadfit.policy import Policy, load_starter
from leadfit.store import SqliteStore
from leadfit.testing import FrozenWorld
from unit.jobs.deliveries.bench import Bench


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_starter()


@pytest.fixture
def bench(store: SqliteStore, world: FrozenWorld, policy: Policy) -> Bench:
    return Bench(store, world, policy)
