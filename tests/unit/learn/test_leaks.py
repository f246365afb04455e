"""A strong fact known at creation against a note made once the outcome was known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from leadfit import learn
from leadfit.history import FactColumn, History, Known
from leadfit.learn.result import Benchmark
from unit.learn.worlds import SPAN_DAYS, START, Event, codes_of, history_of

LEADS = 1500
Texts = Sequence[str]


def accepted(seed: int = 7) -> tuple[dict[str, Sequence[object]], list[Event], Texts]:
    """Make leads accepted at .9 in one industry and at .225 in any other; who was is returned."""
    rng = np.random.default_rng(seed)
    industry = rng.choice(["a", "b", "c", "d"], LEADS)
    taken = rng.random(LEADS) < np.where(industry == "a", 0.9, 0.225)
    born = rng.random(LEADS) * (SPAN_DAYS - 60)
    events: list[Event] = []
    for n in np.flatnonzero(taken):
        events.append((float(born[n]) + 9, "accepted", f"a{n}", f"l{n}", None, None))
        events.append((float(born[n]) + 9, "worked", f"a{n}", f"l{n}", None, None))
    leads: dict[str, Sequence[object]] = {
        "lead_id": [f"l{n}" for n in range(LEADS)],
        "account_id": [f"a{n}" for n in range(LEADS)],
        "created_at": [START + (np.timedelta64(round(day * 1440), "m")).item() for day in born],
        "source": [f"channel {n % 3}" for n in range(LEADS)],
        "industry": industry.tolist(),
    }
    return leads, events, ["yes" if each else "no" for each in taken]


def with_note(rates: Mapping[str, Sequence[float]], values: Texts, seed: int = 8) -> History:
    """Add a note whose values are drawn by whether the lead was accepted."""
    rng = np.random.default_rng(seed)
    leads, events, taken = accepted()
    leads["note"] = [str(rng.choice(values, p=rates[each])) for each in taken]
    return history_of(leads, events, ["industry", "note"])


def named(found: Benchmark, field: str) -> set[str]:
    return {code for code, own in codes_of(found) if own == field}


@pytest.mark.parametrize("seed", [7, 11])
def test_a_strong_fact_known_at_creation_is_used_and_named(seed: int) -> None:
    leads, events, _ = accepted(seed)
    found = learn.benchmark(history_of(leads, events, ["industry"]))
    assert "industry" not in found.excluded
    assert named(found, "industry") == {"explains_much"}
    assert (found.profile[0].fact, found.profile[0].value) == ("industry", "a")


def test_the_same_fact_of_the_day_of_export_is_kept_out() -> None:
    leads, events, _ = accepted()
    history = history_of(leads, events, ["industry"], known=Known.SNAPSHOT)
    found = learn.benchmark(history)
    assert found.excluded == {"industry": "leakage_after_outcome"}


def test_a_note_one_value_of_which_settles_the_outcome_is_a_leak() -> None:
    """As Lead Quality of X Education: two of three values leave it open, the third does not."""
    rates = {"yes": (0.70, 0.29, 0.01), "no": (0.23, 0.38, 0.39)}
    found = learn.benchmark(with_note(rates, ["might be", "not sure", "worst"]))
    assert found.excluded == {"note": "leakage_after_outcome"}


def test_a_note_that_is_filled_in_once_it_is_over_is_a_leak() -> None:
    rates = {"yes": (0.55, 0.45, 0.0), "no": (0.1, 0.2, 0.7)}
    found = learn.benchmark(with_note(rates, ["x", "y", ""]))
    assert "note" in found.excluded


def test_a_noisy_note_that_explains_most_is_a_leak_though_it_settles_nothing() -> None:
    rates = {"yes": (0.92, 0.08), "no": (0.08, 0.92)}
    found = learn.benchmark(with_note(rates, ["k1", "k2"]))
    assert found.excluded == {"note": "leakage_after_outcome"}


def test_what_is_declared_as_filled_in_later_stays_out_however_weak() -> None:
    leads, events, _ = accepted()
    history = history_of(leads, events, [])
    column = FactColumn(name="industry", table="leads", known=Known.AFTER_CONTACT)
    found = learn.benchmark(replace(history, fact_columns=(column,)))
    assert found.excluded == {"industry": "leakage_after_outcome"}
