"""One account that makes an average: of everything, or of a single value that a profile names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from leadfit import learn
from leadfit.history import History, Notice, Table
from leadfit.learn import checks
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.ladder import climb
from leadfit.learn.past import read_past
from leadfit.learn.rules import Rules
from unit.learn.worlds import World, make

RULES = Rules()
EVEN = 10_000


@pytest.fixture(scope="module")
def history() -> History:
    return make(World(seed=7421, leads=1200, facts=3, convert={"f01": 1.0})).history


def paying(history: History, amounts: Sequence[int], rare: Sequence[bool]) -> History:
    """Return ``history`` in which customers pay ``amounts`` in turn and some are ``rare``."""
    columns = history.events.columns
    wins = [n for n, kind in enumerate(columns["kind"]) if kind == "converted"]
    paid: list[object] = [None] * history.events.rows
    for n, amount in zip(wins, amounts, strict=False):
        paid[n] = amount
    customers = [columns["lead_id"][n] for n in wins]
    named = {lead for lead, each in zip(customers, rare, strict=False) if each}
    leads = history.leads.columns
    segment = ["rare" if lead in named else "usual" for lead in leads["lead_id"]]
    return replace(
        history,
        events=Table(columns={**columns, "amount": paid}),
        leads=Table(columns={**leads, "f02": segment}),
    )


def whales(history: History, levels: Sequence[str] = ("rare", "usual")) -> list[Notice]:
    past = read_past(history)
    facts = read_facts(past, RULES)
    (segment,) = [each for each in facts if each.name == "f02"]
    spoken: list[tuple[Levels, int]] = [(segment, segment.labels.index(name)) for name in levels]
    found = checks.look(past, climb(past), read_confounders(past, RULES), RULES, spoken_of=spoken)
    return [each for each in found if each.code == "whale"]


def segment_of(largest: int, *, size: int = 15) -> tuple[list[int], list[bool]]:
    """Return amounts of 180 customers, of whom ``size`` are rare and the first pays more."""
    return [largest, *[EVEN] * 179], [n < size for n in range(180)]


def test_an_account_that_carries_one_value_alone_is_named(history: History) -> None:
    (found,) = whales(paying(history, *segment_of(8 * EVEN)))
    assert found.field == "f02"
    assert found.evidence["value"] == "rare"
    assert found.evidence["accounts"] == 15
    assert found.evidence["share"] == pytest.approx(8 / 22, abs=1e-4)
    assert "what they are worth on average is its own" in found.message


def test_a_share_under_the_threshold_is_not_named(history: History) -> None:
    # Six of twenty would be the threshold of thirty in a hundred.
    assert not whales(paying(history, *segment_of(5 * EVEN)))
    assert whales(paying(history, *segment_of(6 * EVEN)))


def test_of_a_handful_that_pay_none_is_named_for_having_the_most(
    history: History,
) -> None:
    assert not whales(paying(history, *segment_of(15 * EVEN, size=9)))
    assert whales(paying(history, *segment_of(15 * EVEN, size=10)))


def test_a_value_no_profile_names_is_not_looked_at(history: History) -> None:
    assert not whales(paying(history, *segment_of(8 * EVEN)), levels=("usual",))


def test_a_whale_of_everything_is_named_once(history: History) -> None:
    (found,) = whales(paying(history, *segment_of(60 * EVEN)))
    assert found.field == "amount"


def test_the_benchmark_looks_at_the_values_of_its_own_profile(history: History) -> None:
    columns = history.events.columns
    by_lead = dict(zip(history.leads.columns["lead_id"], history.leads.columns["f01"], strict=True))
    kinds = zip(columns["kind"], columns["lead_id"], strict=True)
    wins = [(n, by_lead[lead]) for n, (kind, lead) in enumerate(kinds) if kind == "converted"]
    amounts: list[object] = [None] * history.events.rows
    for n, value in wins:
        amounts[n] = EVEN if value == "yes" else 100 * EVEN
    whale = next(n for n, value in wins if value == "yes")
    amounts[whale] = EVEN * sum(value == "yes" for _, value in wins)
    found = learn.benchmark(replace(history, events=Table(columns={**columns, "amount": amounts})))
    assert ("f01", "yes") in {(row.fact, row.value) for row in found.profile}
    assert ("f01", "yes") in {
        (each.field, each.evidence.get("value")) for each in found.warnings if each.code == "whale"
    }
