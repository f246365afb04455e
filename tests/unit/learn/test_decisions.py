"""Steps decided within four months are judged among those old enough to be decided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from leadfit.history import History, Step
from leadfit.learn.claims import Findings
from leadfit.learn.effects import estimate
from leadfit.learn.facts import read_confounders, read_facts
from leadfit.learn.ladder import climb
from leadfit.learn.past import read_past
from leadfit.learn.rules import Rules
from leadfit.learn.verdict import detectable
from leadfit.learn.watch import watch
from unit.learn.worlds import SPAN_DAYS, START, Event, history_of

LEADS = 3000
RATES = {"a": 0.6, "b": 0.4}


def decided(days: float, *, seed: int = 5, young: str | None = None) -> History:
    """Make leads that are accepted within so many days or never; ``young`` is on the newest."""
    rng = np.random.default_rng(seed)
    born = np.sort(rng.random(LEADS) * (SPAN_DAYS - 1))
    kind = rng.choice(["a", "b"], LEADS)
    taken = rng.random(LEADS) < np.vectorize(RATES.get)(kind)
    at = born + rng.random(LEADS) * days
    if young is not None:
        kind = np.where(born > SPAN_DAYS - days * 0.95, young, kind)
    events: list[Event] = []
    for n in np.flatnonzero(taken & (at < SPAN_DAYS)):
        events.append((float(at[n]), "accepted", f"a{n}", f"l{n}", None, None))
        events.append((float(at[n]), "worked", f"a{n}", f"l{n}", None, None))
    leads: dict[str, Sequence[object]] = {
        "lead_id": [f"l{n}" for n in range(LEADS)],
        "account_id": [f"a{n}" for n in range(LEADS)],
        "created_at": [START + (np.timedelta64(round(day * 1440), "m")).item() for day in born],
        "source": [f"channel {n % 3}" for n in range(LEADS)],
        "kind": kind.tolist(),
    }
    return history_of(leads, events, ["kind"])


def found_in(history: History) -> Findings:
    past, rules = read_past(history), Rules()
    watched = watch(past, climb(past), Step.ACCEPTED, rules)
    facts, confounders = read_facts(past, rules), read_confounders(past, rules)
    return estimate(past, Step.ACCEPTED, watched, facts, confounders, rules=rules)


def effect_of_a(found: Findings) -> float:
    (row,) = found.rows
    return row.effect if row.value == "a" else -row.effect


def test_only_units_old_enough_to_be_decided_count() -> None:
    found = found_in(decided(60.0))
    (row,) = found.rows
    past = read_past(decided(60.0))
    everyone = watch(past, climb(past), Step.ACCEPTED, Rules())
    assert row.clusters == found.watched.units < everyone.units
    born = everyone.start.max() - everyone.start
    # All of them fall within 60 days, and 98 of 100 within somewhat less.
    assert (born > 61.0).sum() <= row.clusters <= (born > 50.0).sum()


def test_the_effect_of_a_decision_is_the_difference_of_its_chances() -> None:
    found = found_in(decided(60.0))
    (row,) = found.rows
    truth = RATES["a"] - RATES["b"]
    assert effect_of_a(found) == pytest.approx(truth, abs=3 * row.error)
    assert effect_of_a(found) == pytest.approx(abs(row.crude[0]), abs=0.01)


def test_what_undecided_leads_carry_changes_nothing() -> None:
    plain, all_b = (found_in(decided(60.0, young=young)) for young in ("a", "b"))
    assert plain.watched.units == all_b.watched.units
    assert effect_of_a(plain) == pytest.approx(effect_of_a(all_b), abs=1e-9)


def test_a_step_that_takes_longer_counts_every_unit_for_its_time() -> None:
    found = found_in(decided(300.0))
    (row,) = found.rows
    assert row.clusters == found.watched.units


def test_the_smallest_effect_to_be_seen_is_that_of_the_units_compared() -> None:
    found = found_in(decided(60.0))
    rules = Rules(min_events=found.watched.events + 1)
    rate = (found.watched.events + 1) / (found.watched.units + 2)
    (row,) = found.rows
    even = 2 * (rate * (1 - rate) / found.watched.units) ** 0.5
    wanted = (1.959964 + 0.841621) * max(row.error, even)
    assert detectable(found, rules) == pytest.approx(wanted, rel=1e-5)
    assert found.watched.units == row.clusters
