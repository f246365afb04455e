"""What the charts are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from leadfit.history import Step
from leadfit.learn.ladder import climb
from leadfit.learn.over_time import curves
from leadfit.learn.past import read_past
from leadfit.learn.result import Curve
from leadfit.learn.rules import Rules
from unit.learn.worlds import START, Event, history_of


def acceptance(waits: Sequence[float | None]) -> Curve:
    """Leads of the first day, accepted after so many days or never."""
    leads: dict[str, Sequence[object]] = {
        "lead_id": [f"l{n}" for n in range(len(waits))],
        "account_id": [f"a{n}" for n in range(len(waits))],
        "created_at": [START] * len(waits),
    }
    events: list[Event] = [
        (wait, kind, f"a{n}", f"l{n}", None, None)
        for n, wait in enumerate(waits)
        if wait is not None
        for kind in ("accepted", "worked")
    ]
    past = read_past(history_of(leads, events, []))
    (found,) = [c for c in curves(past, climb(past), Rules()) if c.outcome is Step.ACCEPTED]
    return found


def test_a_curve_rises_to_the_share_that_reached_the_step() -> None:
    found = acceptance([*np.linspace(1, 300, 50).tolist(), *[None] * 150])
    last = found.points[-1]
    assert last.months == pytest.approx(12)
    assert last.share == pytest.approx(0.25, abs=0.01)
    assert last.low < last.share < last.high


def test_a_rush_on_the_first_day_is_nearly_everybody_and_no_more() -> None:
    found = acceptance([0.0] * 9_000 + [None] * 6)
    assert 0.999 < found.points[0].share <= 1.0
    assert all(point.low <= point.share <= point.high for point in found.points)
