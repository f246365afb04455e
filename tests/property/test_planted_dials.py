"""What each dial turns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadfit.testing import planted
from leadfit.testing.planted import Company, Dials


def accept_share(company: Company, industry: str, *, late: bool) -> float:
    """Return the share accepted of an industry's leads, after or before two thirds of the time."""
    edge = 2 * company.ledger.end // 3
    chosen = [
        lead.reached >= 1
        for lead in company.ledger.leads
        if (lead.created > edge) is late
        and company.facts[0].levels[lead.entity.levels[0]].value == industry
    ]
    return sum(chosen) / len(chosen)


def test_drift_brings_the_favourite_segment_down_and_no_other() -> None:
    company = planted.simulate(Dials(leads=2500, facts=12, drift=1.0, drift_ramp_months=0))

    fall = accept_share(company, "software", late=False) - accept_share(
        company, "software", late=True
    )
    still = accept_share(company, "manufacturing", late=False) - accept_share(
        company, "manufacturing", late=True
    )

    assert fall > 0.3
    assert abs(still) < 0.12
    drift = planted.truth_of(company)["drift"]
    assert isinstance(drift, dict)
    assert drift["value"] == "software"


def test_without_drift_the_truth_says_so() -> None:
    assert planted.truth_of(planted.simulate(Dials(leads=50, facts=11)))["drift"] is None


def closings_at_quarter_ends(seasonality: float) -> float:
    company = planted.simulate(Dials(leads=2000, facts=12, seasonality=seasonality))
    ledger = company.ledger
    last_week = [
        ledger.calendar.quarter_end(sale.closed) - sale.closed <= 8 * 24 * 60
        for sale in ledger.won.values()
    ]
    return sum(last_week) / len(last_week)


def test_seasonality_gathers_closings_at_quarter_ends() -> None:
    assert closings_at_quarter_ends(0.0) < 0.15
    assert closings_at_quarter_ends(0.8) > 0.6


def test_duplicates_stand_twice_in_the_crm_and_once_in_the_truth() -> None:
    company = planted.simulate(Dials(leads=1000, facts=12, duplicates=0.2))
    accounts = company.ledger.accounts

    assert len(accounts) - len({row.entity.number for row in accounts}) > 75
    entities = planted.truth_of(company)["entities"]
    assert isinstance(entities, dict)
    assert len(set(entities["accounts"].values())) == len(company.entities)
    assert len(set(entities["contacts"].values())) < len(entities["contacts"])


def test_without_duplicates_and_misspellings_every_name_is_right() -> None:
    company = planted.simulate(Dials(leads=500, facts=12, duplicates=0, misspellings=0))

    assert all(row.name == row.entity.name for row in company.ledger.accounts)
    assert len(company.ledger.accounts) == len(company.entities)


def test_misspellings_spoil_names() -> None:
    company = planted.simulate(Dials(leads=500, facts=12, duplicates=0, misspellings=0.5))

    spoilt = [row.name != row.entity.name for row in company.ledger.accounts]

    assert 0.3 < sum(spoilt) / len(spoilt) < 0.6


def test_subsidiaries_bear_the_stem_of_their_parent() -> None:
    company = planted.simulate(Dials(leads=1500, facts=12))
    children = [each for each in company.entities if each.parent is not None]

    assert 0.05 < len(children) / len(company.entities) < 0.15
    for child in children:
        parent = company.entities[child.parent or 0]
        assert child.stem == parent.stem
        assert parent.parent is None
    shared = [each for each in children if each.domain == company.entities[each.parent or 0].domain]
    assert 0 < len(shared) < len(children)


@pytest.mark.parametrize("facts", [11, 12, 60, 100])
def test_there_are_as_many_facts_as_asked_for_each_with_its_own_name(facts: int) -> None:
    company = planted.simulate(Dials(leads=50, facts=facts))
    assert len({fact.name for fact in company.facts}) == facts


def test_engagement_has_nothing_to_do_with_fit() -> None:
    company = planted.simulate(Dials(leads=2500, facts=20))
    worth = {each.entity.number: each.value_if_won for each in company.accounts()}
    engaged = [lead for lead in company.ledger.leads if lead.score >= 65]
    cold = [lead for lead in company.ledger.leads if lead.score < 40]

    mean = [
        sum(worth[lead.entity.number] for lead in leads) / len(leads) for leads in (engaged, cold)
    ]

    assert mean[0] == pytest.approx(mean[1], rel=0.15)


def test_a_history_ends_when_its_months_are_over() -> None:
    company = planted.simulate(Dials(leads=50, facts=11, months=12))
    began = company.ledger.calendar.at(0)
    assert timedelta(days=364) < company.ends_at - began < timedelta(days=367)
