"""What holds for every score: the ledger rebuilds it, and no way leads round the fit gate."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.artifact import Artifact
from leadfit.policy import Policy, load_starter
from leadfit.policy.scoring import Less
from leadfit.records import Activity, Fact, Kind, Score, Subject, Tier
from leadfit.score import derive_cut, from_ledger, rate
from leadfit.testing.builders import NOW, changed
from unit.score.learned import LEARNED, WITH_C

PARTS = ("fit", "engagement", "intent", "authority")
quick = settings(max_examples=120, deadline=None, derandomize=True, database=None)
STARTER = load_starter()
RIVALS = changed(
    STARTER,
    "score.less",
    {**STARTER.score.less, "rivals": Less(component="fit", points=25, domains=("rival.example",))},
)
POLICIES = [
    changed(changed(changed(RIVALS, "score.model", model), "score.fit_source", source), key, value)
    for model in ("A", "B", "C")
    for source in ("facts", "icp")
    for key, value in (
        ("score.firmographic", "shown"),
        ("score.firmographic", "needed"),
        ("detractor.tier_three", True),
    )
]
ARTIFACTS = [None, LEARNED, WITH_C, replace(WITH_C, notes={"flag.precision_low": 0.5})]

facts = st.fixed_dictionaries(
    {},
    optional={
        "industry": st.sampled_from(["software", "Retail", "mining", ""]),
        "employees": st.integers(-5, 10**6) | st.sampled_from(["1,000+", "51-200", "many"]),
        "country": st.sampled_from(["US", "de", "Narnia"]),
        "title": st.sampled_from(["CEO", "Student", "VP, open to work", "x"]),
        "budget_confirmed": st.booleans(),
    },
)
done = st.lists(
    st.builds(
        Activity,
        kind=st.sampled_from(list(Kind)),
        at=st.integers(-2, 400).map(lambda days: NOW - timedelta(days=days)),
    ),
    max_size=12,
)
subjects = st.builds(
    Subject,
    facts=facts,
    activities=done.map(tuple),
    listed=st.sampled_from([(), ("rivals",)]),
)
policies = st.sampled_from(POLICIES)
gated = policies.filter(lambda policy: policy.score.model == "B")
artifacts = st.sampled_from(ARTIFACTS)
leads = st.none() | st.integers(0, 500).map("lead_{}".format)
people = st.none() | st.just("rep_ada")


@quick
@given(subjects, policies, artifacts, leads, people)
def test_a_score_is_rebuilt_from_its_own_ledger(
    subject: Subject,
    policy: Policy,
    artifact: Artifact | None,
    lead_id: str | None,
    by: str | None,
) -> None:
    score = rate(subject, artifact, policy, now=NOW, lead_id=lead_id, lifted_by=by)
    found = from_ledger(score.model, score.reasons, policy.score)
    assert (found.total, found.tier) == (score.total, score.tier)
    if score.model == "C":
        assert found.chance == round(score.total / 100, 6)
        return
    assert found.components is not None
    told = [getattr(found.components, name) for name in PARTS]
    assert told == [score.fit, score.engagement, score.intent, score.authority]
    assert (found.fit100, found.intent100) == (score.fit100, score.intent100)


@quick
@given(subjects, policies, artifacts)
def test_components_stay_within_their_weights_and_the_total_within_a_hundred(
    subject: Subject, policy: Policy, artifact: Artifact | None
) -> None:
    score = rate(subject, artifact, policy, now=NOW)
    for name in PARTS:
        assert 0 <= getattr(score, name) <= getattr(policy.score.weights, name) + 1e-9
    assert -1e-9 <= score.total <= 100 + 1e-9
    assert sum(reason.rule.startswith("tier.") for reason in score.reasons) >= 1


@quick
@given(subjects, gated, artifacts, leads, people)
def test_neither_intent_nor_a_person_nor_a_lot_opens_the_fit_gate(
    subject: Subject,
    policy: Policy,
    artifact: Artifact | None,
    lead_id: str | None,
    by: str | None,
) -> None:
    score = rate(subject, artifact, policy, now=NOW, lead_id=lead_id, lifted_by=by)
    cuts = policy.score.cuts
    gate = cuts.b_fit if score.firmographic100 is None else cuts.b_icp
    needed = policy.score.firmographic == "needed"
    shut = score.firmographic100 is not None and needed and score.firmographic100 < cuts.b_fit
    if score.fit100 < gate or shut:
        assert score.tier is Tier.THREE


@quick
@given(subjects, policies.filter(lambda policy: policy.score.fit_source == "facts"))
def test_what_takes_points_away_never_raises_a_score(subject: Subject, policy: Policy) -> None:
    with_less = rate(subject, None, policy, now=NOW)
    without = rate(subject, None, changed(policy, "score.less", {}), now=NOW)
    assert with_less.total <= without.total
    assert with_less.tier >= without.tier


@pytest.mark.parametrize("model", ["A", "B", "C"])
def test_one_more_event_of_interest_never_lowers_a_tier(model: str) -> None:
    policy = changed(STARTER, "score.model", model)
    ideal: dict[str, Fact] = {"industry": "software", "employees": 5000, "country": "US"}
    tiers: list[Tier] = []
    for count in range(8):
        visits = tuple(Activity(kind=Kind.PRICING_VIEW, at=NOW) for _ in range(count))
        subject = Subject(facts=ideal, activities=visits)
        tiers.append(rate(subject, WITH_C, policy, now=NOW).tier)
    assert tiers == sorted(tiers, reverse=True)


@quick
@given(
    st.lists(st.floats(0, 100).map(lambda value: round(value, 3)), min_size=1, max_size=40),
    st.floats(0, 1),
)
def test_no_other_cut_comes_nearer_to_the_rate_that_was_asked_for(
    scores: list[float], asked: float
) -> None:
    found = derive_cut(scores, asked)
    rates = [sum(score >= cut for score in scores) / len(scores) for cut in [*scores, 101.0]]
    nearest = min(abs(each - asked) for each in rates)
    assert math.isclose(abs(found.pass_rate - asked), nearest, abs_tol=1e-9)


def test_a_score_without_reasons_of_points_is_nothing() -> None:
    empty = rate(Subject(facts={}), None, STARTER, now=NOW)
    assert isinstance(empty, Score)
    assert from_ledger("B", (), STARTER.score).total == 0
