"""The detractor match, its flag, and who is watched for churn after use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from leadfit import learn
from leadfit.artifact import Artifact, Head, evaluate
from leadfit.history import History, Step, Table
from leadfit.learn.facts import Levels, read_facts
from leadfit.learn.heads import score_rows
from leadfit.learn.ladder import climb
from leadfit.learn.past import Bools, Floats, Past, read_past
from leadfit.learn.rules import MONTH_DAYS, Rules
from leadfit.learn.watch import watch
from leadfit.records import Facts
from unit.learn.worlds import START, Event, World, history_of, make


@pytest.fixture(scope="module")
def past() -> Past:
    world = World(
        seed=51, leads=2500, facts=6, expand={"f01": 0.8}, churn={"f05": 1.4}, churn_rate=0.008
    )
    return read_past(make(world).history)


@pytest.fixture(scope="module")
def artifact(past: Past) -> Artifact:
    return learn.fit(past.history)


@pytest.fixture(scope="module")
def facts(past: Past) -> tuple[Levels, ...]:
    return read_facts(past, Rules())


def churn_of(artifact: Artifact) -> Head:
    assert artifact.detractor is not None
    return artifact.detractor


def chances(artifact: Artifact, facts: Sequence[Levels]) -> Floats:
    """Return each row's chance of churn after use, straight from the head's coefficients."""
    head = churn_of(artifact)
    eta = np.full(len(facts[0].codes), head.intercept)
    for row, levels in zip(head.coefficients, facts, strict=True):
        eta += np.array(row)[levels.codes]
    return np.asarray(1 - np.exp(-np.exp(eta)))


def test_the_match_is_the_chance_of_churn_after_use_while_value_is_counted(
    artifact: Artifact, facts: tuple[Levels, ...]
) -> None:
    assert churn_of(artifact).link == "hazard"
    _, match = score_rows(artifact, facts)
    # Staying two years is staying one year twice; lines between knots stay within a thousandth.
    both_years = 1 - (1 - chances(artifact, facts)) ** 2
    np.testing.assert_allclose(match, both_years, atol=1e-3)


def test_the_flag_stands_at_two_and_a_half_times_the_odds_of_the_average_lead(
    artifact: Artifact, facts: tuple[Levels, ...]
) -> None:
    chance = chances(artifact, facts)
    odds = 2.5 * chance.mean() / (1 - chance.mean())
    _, match = score_rows(artifact, facts)
    # Lines between the knots of the match stay within a thousandth.
    both_years = 1 - (1 - odds / (1 + odds)) ** 2
    assert artifact.flag_at == pytest.approx(both_years, abs=1e-3)
    assert 0.01 < (match >= artifact.flag_at).mean() < 0.3


def test_the_flagged_of_another_past_leave_at_least_twice_as_often() -> None:
    causes = {"f00": 1.0, "f02": 0.9, "f05": 1.0}
    learned, met = (
        make(World(seed=seed, leads=4000, facts=6, churn=causes, churn_rate=0.003))
        for seed in (52, 53)
    )
    artifact = learn.fit(learned.history)
    past = read_past(met.history)
    _, match = score_rows(artifact, read_facts(past, Rules()))
    flagged = match >= artifact.flag_at
    watched = watch(past, climb(past), Step.CHURNED_AFTER_USE, Rules())
    years = (watched.end - watched.entry) / 12

    def leave(mask: Bools) -> float:
        return float(watched.event[mask].sum() / years[mask].sum())

    of_flagged = flagged[watched.row]
    assert leave(of_flagged) > 2 * leave(np.ones(watched.units, np.bool_))


def test_nobody_is_flagged_where_no_fact_tells_who_leaves() -> None:
    # The only fact has one value, so all accounts are alike to the head.
    one = make(World(seed=54, leads=1500, facts=1, convert_rate=0.05)).history
    leads = Table(columns={**one.leads.columns, "f00": ["yes"] * one.leads.rows})
    artifact = learn.fit(replace(one, leads=leads))
    assert artifact.detractor is not None
    assert not evaluate(artifact, {"f00": "yes"}).flagged


def test_where_most_leave_the_flag_still_leaves_room_for_worse() -> None:
    found = learn.fit(make(World(seed=55, leads=1500, facts=4, churn_rate=0.3)).history)
    assert 0.5 < found.flag_at < 1


def test_one_account_is_flagged_as_all_rows_are(
    past: Past, artifact: Artifact, facts: tuple[Levels, ...]
) -> None:
    _, match = score_rows(artifact, facts)
    columns = past.history.leads.columns
    for n in range(0, past.leads, 250):
        account: Facts = {fact.name: str(columns[fact.name][n]) for fact in artifact.facts}
        found = evaluate(artifact, account)
        assert found.detractor == pytest.approx(match[n], abs=1e-6)
        assert found.flagged == bool(match[n] >= artifact.flag_at)


def test_more_detractor_evidence_never_raises_a_score(
    artifact: Artifact, facts: tuple[Levels, ...]
) -> None:
    head = churn_of(artifact)
    before: Floats | None = None
    for more in np.linspace(-6.0, 6.0, 13):
        moved = replace(artifact, detractor=replace(head, intercept=head.intercept + float(more)))
        scores, _ = score_rows(moved, facts)
        assert ((scores >= 0) & (scores <= 100)).all()
        if before is not None:
            assert (scores <= before).all()
        before = scores


def test_a_value_that_only_detracts_never_raises_a_score(artifact: Artifact) -> None:
    head = churn_of(artifact)
    for place, fact in enumerate(artifact.facts):
        none = tuple(0.0 for _ in fact.levels)
        heads = tuple(
            replace(h, coefficients=(*h.coefficients[:place], none, *h.coefficients[place + 1 :]))
            for h in artifact.heads
        )
        only = replace(artifact, heads=heads)
        found = sorted(
            (head.coefficients[place][n], evaluate(only, {fact.name: fact.levels[n]}).score)
            for n in range(2)
        )
        assert found[0][1] >= found[1][1]


def test_a_larger_share_taken_away_never_raises_a_score(
    artifact: Artifact, facts: tuple[Levels, ...]
) -> None:
    less, more = (replace(artifact, detractor_share=share) for share in (0.3, 0.9))
    assert (score_rows(more, facts)[0] <= score_rows(less, facts)[0]).all()


def customers() -> History:
    """Three customers of day 100: left unused on day 160, left after use on day 400, stayed."""
    leads: dict[str, Sequence[object]] = {
        "lead_id": ["l0", "l1", "l2"],
        "account_id": ["a0", "a1", "a2"],
        "created_at": [START] * 3,
        "f": ["x", "y", "x"],
    }
    events: list[Event] = [
        *[(100.0, "converted", f"a{n}", f"l{n}", None, None) for n in range(3)],
        (110.0, "used", "a0", None, None, 1.0),
        (160.0, "churned", "a0", None, None, None),
        (120.0, "used", "a1", None, None, 50.0),
        (400.0, "churned", "a1", None, None, None),
        (120.0, "used", "a2", None, None, 50.0),
        (900.0, "expanded", "a2", None, None, None),
    ]
    return history_of(leads, events, ["f"])


@pytest.mark.parametrize("step", [Step.CHURNED_AFTER_USE, Step.EXPANDED])
def test_who_left_before_real_use_is_watched_until_then_and_no_longer(step: Step) -> None:
    past = read_past(customers())
    watched = watch(past, climb(past), step, Rules())
    early = int(np.flatnonzero(watched.row == 0)[0])
    assert not watched.event[early]
    assert watched.end[early] == pytest.approx(60.0 / MONTH_DAYS)


def test_churn_after_use_is_an_event_and_who_stays_is_watched_to_the_horizon() -> None:
    past, rules = read_past(customers()), Rules()
    watched = watch(past, climb(past), Step.CHURNED_AFTER_USE, rules)
    assert watched.event.tolist() == [False, True, False]
    assert watched.end[1:] == pytest.approx([300.0 / MONTH_DAYS, rules.horizon_months])


def test_the_detractor_profile_says_what_an_average_account_loses(past: Past) -> None:
    study = learn.study(past.history)
    artifact = study.artifact
    assert artifact is not None
    (row,) = [
        each
        for each in study.benchmark.detractor_profile
        if (each.fact, each.value) == ("f05", "yes")
    ]
    # Nothing but churn goes with f05 here, so that what it adds is next to none.
    flat = replace(
        artifact,
        heads=tuple(
            replace(head, coefficients=tuple((0.0,) * len(each) for each in head.coefficients))
            for head in artifact.heads
        ),
    )
    lost = evaluate(flat, {"f05": "yes"}).score - evaluate(flat, {}).score
    assert row.points == pytest.approx(lost, abs=0.05)
