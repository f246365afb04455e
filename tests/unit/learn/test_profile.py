"""A row of the profile says for which outcome its evidence stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leadfit import learn
from leadfit.history import Step, Table
from leadfit.learn.result import Benchmark, Claim, CurrentIcp, Judgement, ProfileRow, Verdict
from unit.learn.worlds import World, make


@pytest.fixture(scope="module")
def few_customers() -> Benchmark:
    """Enough leads to know what makes them won, too few customers to know what expands them."""
    return learn.benchmark(
        make(World(seed=7431, leads=2500, facts=5, convert={"f01": 0.9}, convert_rate=0.01)).history
    )


def row_of(found: Benchmark, fact: str, value: str) -> ProfileRow:
    (row,) = [each for each in found.profile if (each.fact, each.value) == (fact, value)]
    return row


def test_a_claim_on_an_earlier_step_says_so_and_what_it_does_not_show(
    few_customers: Benchmark,
) -> None:
    assert few_customers.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert few_customers.verdict_outcome is Step.EXPANDED
    row = row_of(few_customers, "f01", "yes")
    assert row.grade is Claim.CAUSED
    assert row.claimed_for in {Step.ACCEPTED, Step.CONVERTED}
    assert "caused, as to winning the customer" in row.why
    assert "of expansion this is not shown" in row.why


def test_a_claim_on_the_last_step_needs_no_such_word() -> None:
    found = learn.benchmark(
        make(World(seed=78, leads=6000, facts=6, expand={"f03": 0.9}, convert_rate=0.08)).history
    )
    row = row_of(found, "f03", "yes")
    assert row.claimed_for is Step.EXPANDED
    assert "caused, as to expansion" in row.why
    assert "not shown" not in row.why.split("expansion, ")[-1]


def test_detractors_are_claimed_for_churn_after_use_or_for_nothing(
    few_customers: Benchmark,
) -> None:
    for row in few_customers.detractor_profile:
        assert row.claimed_for in {Step.CHURNED_AFTER_USE, None}


def test_the_judgement_on_a_static_profile_reads_as_a_sentence() -> None:
    history = make(World(seed=7432, leads=1500, facts=3, convert={"f01": 1.0})).history
    icp = learn.read_static({"rule": [{"fact": "f01", "in": ["yes"]}]})
    tiers = [{"yes": "1", "no": "2"}[str(value)] for value in history.leads.columns["f01"]]
    leads = Table(columns={**history.leads.columns, "tier": tiers})
    by_rules = learn.benchmark(history, static_icp=icp).current_icp
    by_tier = learn.benchmark(replace(history, leads=leads)).current_icp
    for found, name in ((by_rules, "static rules"), (by_tier, "tier")):
        assert found.judgement is not Judgement.CANNOT_TELL or found.outcome is not None
        assert found.words.startswith(f"Of the leads that are ideal by the {name}, ")


def tiered(names: dict[str, str]) -> CurrentIcp:
    """Benchmark a past whose tiers, by ``f01``, tell rightly who is won."""
    history = make(
        World(seed=7433, leads=3000, facts=3, convert={"f01": 1.0}, expand={"f01": 1.5})
    ).history
    tiers = [names[str(value)] for value in history.leads.columns["f01"]]
    if "none" in names:
        tiers[::3] = [names["none"]] * len(tiers[::3])
    leads = Table(columns={**history.leads.columns, "tier": tiers})
    return learn.benchmark(replace(history, leads=leads)).current_icp


@pytest.mark.parametrize(
    "names",
    [
        {"yes": "hot", "no": "cold"},
        {"yes": "Gold", "no": "Bronze"},
        {"yes": "Tier 2", "no": "Tier 10"},
        {"yes": "1", "no": "2", "none": "-"},
        {"yes": "1", "no": "2", "none": "N/A"},
    ],
)
def test_the_best_tier_is_the_best_by_its_meaning(names: dict[str, str]) -> None:
    found = tiered(names)
    assert (found.judgement, found.judged) == (Judgement.RIGHT, "tier")


def test_tiers_of_unknown_order_are_not_judged() -> None:
    found = tiered({"yes": "strategic", "no": "commercial"})
    assert (found.judgement, found.judged) == (Judgement.CANNOT_TELL, None)


def test_a_profile_that_calls_nobody_ideal_is_said_to() -> None:
    history = make(World(seed=7434, leads=600, facts=3)).history
    icp = learn.read_static({"rule": [{"fact": "f01", "in": ["no such value"]}]})
    found = learn.benchmark(history, static_icp=icp).current_icp
    assert found.judgement is Judgement.CANNOT_TELL
    assert "no lead is ideal" in found.words


def test_a_step_that_everyone_reached_calls_no_profile_wrong() -> None:
    history = make(World(seed=7435, leads=1200, facts=3)).history
    leads, steps = history.leads.columns, ("accepted", "worked", "qualified", "converted")
    events: dict[str, list[object]] = {
        "kind": [step for step in steps for _ in range(history.leads.rows)],
        "at": [*leads["created_at"]] * len(steps),
        "lead_id": [*leads["lead_id"]] * len(steps),
        "account_id": [*leads["account_id"]] * len(steps),
    }
    icp = learn.read_static({"rule": [{"fact": "f01", "in": ["yes"]}]})
    found = learn.benchmark(replace(history, events=Table(columns=events)), static_icp=icp)
    assert found.funnel.converted == found.funnel.leads
    assert found.current_icp.judgement is Judgement.CANNOT_TELL
