"""What the planted company says is true, against brute force."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest

from leadfit.errors import BadInput
from leadfit.testing import planted
from leadfit.testing.planted import Company, Confounding, Dials, Hazards, Role, TrueEffect
from leadfit.testing.planted.customers import Fate
from leadfit.testing.planted.population import Entity

Outcome = Callable[[Fate], bool]


def expanded(fate: Fate) -> bool:
    return fate.expands <= 12


def churned(fate: Fate) -> bool:
    return fate.churns <= 12


@pytest.fixture(scope="module")
def company() -> Company:
    return planted.simulate(Dials(leads=4000, facts=40, seed=11))


@pytest.fixture(scope="module")
def effects(company: Company) -> tuple[TrueEffect, ...]:
    return company.effects()


def share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def everyone(company: Company, changes: dict[str, str], outcome: Outcome) -> float:
    return share(outcome(company.fate_under(each, changes)) for each in company.entities)


def lift(members: list[tuple[bool, bool]]) -> float:
    """Return the difference of the outcome's share between those with and without a value."""
    return share(o for has, o in members if has) - share(o for has, o in members if not has)


@pytest.mark.parametrize(
    ("fact", "value", "other", "step"),
    [
        ("technical_maturity", "4-5", "1-2", "expanded"),
        ("industry", "logistics", "finance", "expanded"),
        ("use_case", "one_off_migration", "reporting", "churned_after_use"),
        ("crm_in_use", "spreadsheet", "hosted", "churned_after_use"),
    ],
)
def test_the_true_effect_is_what_happens_when_everyone_is_given_the_value(  # noqa: PLR0917 -- four are one case
    company: Company, effects: tuple[TrueEffect, ...], fact: str, value: str, other: str, step: str
) -> None:
    risk = {e.value: e.risk for e in effects if e.fact == fact and e.outcome == step}
    outcome = expanded if step == "expanded" else churned

    with_it = everyone(company, {fact: value}, outcome)
    with_other = everyone(company, {fact: other}, outcome)

    assert risk[value] - risk[other] > 0.04
    assert with_it - with_other == pytest.approx(risk[value] - risk[other], abs=0.03)


def test_the_effect_on_conversion_is_that_of_a_lead_with_its_score_as_it_is(
    effects: tuple[TrueEffect, ...],
) -> None:
    found = {(e.fact, e.value): e.effect for e in effects if e.outcome == "converted"}

    assert found["budget_authority", "owns_budget"] > 0.01
    assert found["budget_authority", "no_say"] < -0.01
    assert found["job_to_be_done", "save_time"] == 0


@pytest.mark.parametrize(
    "role",
    [Role.COPY_OF_A_CAUSE, Role.RIDES_ON_A_CHANNEL, Role.NOTHING],
)
def test_a_fact_that_is_no_cause_changes_nobody(
    company: Company, effects: tuple[TrueEffect, ...], role: Role
) -> None:
    facts = [fact for fact in company.facts if fact.role is role]
    assert facts
    changes = {fact.name: fact.levels[-1].value for fact in facts}

    for entity in company.entities[:300]:
        assert company.fate_under(entity, changes) == company.fate_under(entity, {})
    names = {fact.name for fact in facts}
    assert all(e.effect == 0 for e in effects if e.fact in names)


def test_every_role_is_planted(company: Company) -> None:
    assert {fact.role for fact in company.facts} == set(Role)


def test_a_copy_stands_beside_its_cause_in_most_accounts(company: Company) -> None:
    places = {fact.name: n for n, fact in enumerate(company.facts)}
    source, copy = places["technical_maturity"], places["integration_count"]

    alike = share(each.levels[source] == each.levels[copy] for each in company.entities)

    assert alike == pytest.approx(0.75 + 0.25 / 3, abs=0.02)


def test_in_a_null_world_no_fact_matters_for_anything() -> None:
    company = planted.simulate(Dials(leads=400, facts=30, null=True))

    assert all(each.effect == 0 for each in company.effects())
    changed = {fact.name: fact.levels[-1].value for fact in company.facts}
    for entity in company.entities[:100]:
        assert company.fate_under(entity, changed) == company.fate_under(entity, {})


def riding(company: Company, cell: Callable[[Entity], object]) -> tuple[float, float]:
    """Return the naive and the stratified lift in expansion of the facts that ride, in the mean."""
    naive, stratified = [], []
    outcomes = [expanded(company.fate_under(each, {})) for each in company.entities]
    for place, fact in enumerate(company.facts):
        if fact.role is not Role.RIDES_ON_A_CHANNEL:
            continue
        last = len(fact.levels) - 1
        strata: dict[object, list[tuple[bool, bool]]] = {}
        for entity, outcome in zip(company.entities, outcomes, strict=True):
            strata.setdefault(cell(entity), []).append((entity.levels[place] == last, outcome))
        naive.append(lift([member for members in strata.values() for member in members]))
        whole = len(company.entities)
        stratified.append(math.fsum(len(m) / whole * lift(m) for m in strata.values()))
    return math.fsum(naive) / len(naive), math.fsum(stratified) / len(stratified)


def by_channel(entity: Entity) -> object:
    return entity.channel


def by_cell(entity: Entity) -> object:
    return entity.channel, entity.region


def by_hidden(entity: Entity) -> object:
    return entity.hidden


@pytest.mark.parametrize(
    ("confounding", "fooled", "right"),
    [
        (Confounding.ADDITIVE, None, by_channel),
        (Confounding.INTERACTION, by_channel, by_cell),
        (Confounding.UNRECORDED, by_cell, by_hidden),
    ],
)
def test_naive_lift_is_fooled_where_the_right_strata_are_not(
    confounding: Confounding,
    fooled: Callable[[Entity], object] | None,
    right: Callable[[Entity], object],
) -> None:
    company = planted.simulate(
        Dials(leads=4000, facts=30, seed=5, confounding=confounding, effect_size=0.3)
    )

    naive, stratified = riding(company, right)

    assert naive > 0.04
    assert abs(stratified) < 0.02
    if fooled is not None:
        assert riding(company, fooled)[1] > 0.04


def test_hazards_fall_or_rise_and_the_year_stays_as_it_is() -> None:
    early = {}
    for hazards in Hazards:
        company = planted.simulate(Dials(leads=3000, facts=12, hazards=hazards))
        fates = [company.fate_under(each, {}) for each in company.entities]
        within_a_year = [fate.expands for fate in fates if fate.expands <= 12]
        early[hazards] = share(months <= 6 for months in within_a_year)
        assert len(within_a_year) / len(fates) == pytest.approx(0.33, abs=0.03)

    assert early[Hazards.FALLING] > early[Hazards.FLAT] + 0.05
    assert early[Hazards.FLAT] > early[Hazards.RISING] + 0.05


def test_the_expected_value_of_accounts_is_what_their_fates_book(company: Company) -> None:
    accounts = company.accounts()

    booked = math.fsum(each.fate.value / each.fate.contract for each in accounts) / len(accounts)
    expected = math.fsum(each.value_if_won for each in accounts) / len(accounts)

    assert expected == pytest.approx(booked, rel=0.02)


def test_true_weights_rise_along_the_ladder(company: Company) -> None:
    weights = planted.truth_of(company)["weights"]

    assert isinstance(weights, dict)
    assert weights["accepted"] < weights["qualified"] < weights["converted"] < weights["expanded"]
    assert 0.3 < weights["detractor"] < 1


def test_what_never_was_is_refused_by_name(company: Company) -> None:
    with pytest.raises(BadInput, match="mining"):
        company.fate_under(company.entities[0], {"industry": "mining"})
    with pytest.raises(BadInput, match="shoe_size"):
        company.fate_under(company.entities[0], {"shoe_size": "42"})


def test_the_effect_of_a_bin_lies_between_those_of_the_ranges_it_mixes(
    company: Company, effects: tuple[TrueEffect, ...]
) -> None:
    whole = next(
        e.effect
        for e in effects
        if (e.fact, e.value, e.outcome) == ("technical_maturity", "4-5", "expanded")
    )

    exact = company.effect_of("technical_maturity", "expanded", lambda value: value in {"4", "5"})
    mixed = company.effect_of("technical_maturity", "expanded", lambda value: int(value) >= 3)

    assert exact == pytest.approx(whole, abs=1e-9)
    assert 0 < mixed < exact


def test_a_bin_of_a_fact_that_does_nothing_has_no_effect(company: Company) -> None:
    assert company.effect_of("integration_count", "expanded", lambda value: int(value) > 5) == 0


def test_a_bin_that_holds_everything_is_refused(company: Company) -> None:
    with pytest.raises(BadInput, match="all or nothing"):
        company.effect_of("technical_maturity", "expanded", bool)
