"""Whose records a rep may see the values of."""

from __future__ import annotations

import pytest

from leadfit.pipeline.sides import may_see
from leadfit.policy import Policy, load_starter
from leadfit.testing.builders import changed, rep

REPS = (
    rep("ann", team="north", manager_id="max"),
    rep("bob", team="north", manager_id="max"),
    rep("cy", team="south", manager_id="mia"),
    rep("dot", manager_id="dot"),
    rep("eli"),
    rep("max", manager_id="top"),
    rep("mia", manager_id="top"),
    rep("top", manager_id="mia"),
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return changed(load_starter(), "reps", REPS)


@pytest.mark.parametrize(
    ("viewer", "owner", "sees"),
    [
        (None, "cy", True),
        ("ann", None, True),
        ("ann", "ann", True),
        ("ann", "bob", True),
        ("ann", "cy", False),
        ("max", "ann", True),
        ("top", "ann", True),
        ("max", "cy", False),
        ("ann", "max", False),
        ("dot", "eli", False),
        ("eli", "dot", False),
        ("ann", "gone", False),
        ("gone", "ann", False),
        ("ann", "top", False),
    ],
)
def test_a_rep_sees_records_of_nobody_of_the_team_and_of_reps_below(
    policy: Policy, viewer: str | None, owner: str | None, sees: bool
) -> None:
    assert may_see(policy, viewer, owner) is sees
