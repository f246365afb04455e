"""Scoring a lead."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from leadfit.artifact import Artifact, Head, evaluate
from leadfit.levels import ArtifactFact
from leadfit.policy import Policy, load_starter
from leadfit.policy.scoring import ActivityPoints, FactPart
from leadfit.records import Activity, Fact, Kind, Score, Subject, Tier
from leadfit.score import rate
from leadfit.testing.builders import NOW, activities, changed

POLICY = load_starter()
MODEL_A = changed(POLICY, "score.model", "A")
IDEAL: dict[str, Fact] = {"industry": "Software", "employees": 5000, "country": "US"}
EVERYTHING = activities(
    *[Kind.PRICING_VIEW, Kind.CALCULATOR, Kind.DEMO_REQUEST, Kind.COMPARISON_VIEW] * 3,
    *[Kind.INTENT_TOPIC, Kind.COMPETITOR_RESEARCH] * 3,
)


def of(facts: dict[str, Fact], *done: Activity, policy: Policy = POLICY) -> Score:
    return rate(Subject(facts=facts, activities=done), None, policy, now=NOW)


def points(score: Score, rule: str) -> float | None:
    return next(reason.points for reason in score.reasons if reason.rule == rule)


def words(score: Score, rule: str) -> str:
    return next(reason.words for reason in score.reasons if reason.rule == rule)


def test_facts_count_in_any_case_and_under_their_other_names() -> None:
    plain = of(IDEAL)
    odd = of({"INDUSTRY": " software ", "Company Size": "5,000+", "Country-Code": "us"})
    assert plain.fit == odd.fit == 40


@pytest.mark.parametrize(
    ("employees", "earned"),
    [(0, 0), (19, 0), (20, 2), (49, 2), (50, 5), (199, 5), (200, 11), (999, 13), (1000, 15)],
)
def test_a_band_begins_at_its_number(employees: int, earned: float) -> None:
    assert points(of({"employees": employees}), "fit.employees") == earned


@pytest.mark.parametrize(
    ("title", "earned"),
    [
        ("Chief Revenue Officer", 5),
        ("President, Europe", 5),
        ("Product Owner", 2),
        ("CTO", 5),
        ("Vice President Sales", 4),
        ("Director, IT", 3),
        ("Manager", 1),
        ("Vector Artist", 0),  # holds "cto" inside a word
        ("Leadership Coach", 0),
        ("Head of Sales & Co-Founder", 5),
    ],
)
def test_a_title_counts_by_whole_words_in_the_order_of_the_policy(
    title: str, earned: float
) -> None:
    assert points(of({"title": title}), "authority.seniority") == earned


def test_a_missing_fact_earns_nothing_and_is_named() -> None:
    score = of({"industry": ""})
    assert points(score, "fit.industry") == 0
    assert words(score, "fit.industry") == "industry is missing"


def test_a_size_that_is_no_number_earns_nothing_and_says_so() -> None:
    assert words(of({"employees": "many"}), "fit.employees").endswith("which is not a number")


@pytest.mark.parametrize("yes", [True, "yes", "TRUE", 1])
def test_a_budget_counts_when_it_is_confirmed(yes: Fact) -> None:
    assert points(of({"budget_confirmed": yes}), "authority.budget") == 5
    assert points(of({"budget_confirmed": "no"}), "authority.budget") == 0


def test_points_halve_in_every_half_life() -> None:
    fresh, later, oldest = (
        of({}, *activities(Kind.PRICING_VIEW, days_ago=days)).engagement for days in (0, 14, 28)
    )
    assert (fresh, later, oldest) == (4, 2, 1)


def test_an_activity_of_the_future_counts_nothing() -> None:
    ahead = Activity(kind=Kind.DEMO_REQUEST, at=NOW + timedelta(seconds=1))
    assert of({}, ahead).engagement == 0


def test_a_part_stops_at_its_cap_and_says_so() -> None:
    score = of({}, *activities(*[Kind.PAGE_VIEW] * 50))
    assert points(score, "engagement.web_visits") == 10
    assert "50 x page_view, held at the cap of 10" in words(score, "engagement.web_visits")


def test_a_kind_without_points_changes_nothing() -> None:
    assert of(IDEAL, *activities(Kind.TICKET, Kind.TOUCHED)) == of(IDEAL)


def test_the_order_of_activities_changes_nothing() -> None:
    aged = tuple(
        Activity(kind=kind, at=NOW - timedelta(hours=7 * n))
        for n, kind in enumerate([Kind.PAGE_VIEW, Kind.BLOG_VIEW, Kind.EMAIL_OPEN] * 5)
    )
    assert of(IDEAL, *aged) == of(IDEAL, *reversed(aged))


def test_a_demo_request_also_stands_for_the_visits_before_it_and_makes_tier_two() -> None:
    score = of(IDEAL, *activities(Kind.DEMO_REQUEST))
    found = [points(score, f"engagement.{part}") for part in ("demo", "web_visits", "content")]
    assert found == [10, 5, 6]
    assert (score.intent100, score.tier) == (42, Tier.TWO)


def test_the_worked_example_of_35_22_12_and_8_is_77_and_tier_one() -> None:
    def part(fact: str, cap: float) -> FactPart:
        return FactPart(fact=fact, cap=cap, yes=cap)

    policy = MODEL_A
    policy = changed(policy, "score.fit", {"a": part("a", 35), "b": part("b", 5)})
    policy = changed(policy, "score.authority", {"c": part("c", 8), "d": part("d", 2)})
    earns = {
        Kind.DEMO_REQUEST: ActivityPoints(part="engagement.demo", points=10, half_life_days=1),
        Kind.PAGE_VIEW: ActivityPoints(part="engagement.web_visits", points=12, half_life_days=1),
        Kind.BLOG_VIEW: ActivityPoints(part="engagement.content", points=2, half_life_days=1),
        Kind.INTENT_TOPIC: ActivityPoints(part="intent.third_party", points=12, half_life_days=1),
        Kind.COMPETITOR_RESEARCH: ActivityPoints(
            part="intent.competitor", points=2, half_life_days=1
        ),
    }
    policy = changed(policy, "score.activities", earns)
    score = of({"a": True, "c": True}, *activities(*earns), policy=policy)
    components = [score.fit, score.engagement, score.intent, score.authority]
    assert components == [35, 22, 12, 8]
    assert (score.total, score.tier) == (77, Tier.ONE)


def test_a_ten_person_startup_never_reaches_tier_one_for_a_product_of_large_companies() -> None:
    startup: dict[str, Fact] = IDEAL | {"employees": 10, "title": "CEO", "budget": "yes"}
    score = of(startup, *EVERYTHING)
    assert (score.intent100 > 90, score.fit100, score.tier) == (True, 62.5, Tier.THREE)
    assert "which no intent opens" in words(score, "tier.fit_gate")


def test_model_b_asks_for_fit_first_and_then_for_intent() -> None:
    assert of(IDEAL, *EVERYTHING).tier is Tier.ONE
    assert of(IDEAL, *activities(Kind.FORM_FILL, *[Kind.INTENT_TOPIC] * 3)).tier is Tier.THREE
    assert of(IDEAL, *activities(Kind.EMAIL_REPLY, *[Kind.COMPARISON_VIEW] * 4)).tier is Tier.THREE
    assert of(IDEAL, *activities(*[Kind.PRICING_VIEW, Kind.INTENT_TOPIC] * 3)).tier is Tier.TWO
    assert of(IDEAL).tier is Tier.THREE


def test_model_a_adds_everything_up() -> None:
    score = of(IDEAL, *EVERYTHING, policy=MODEL_A)
    assert (score.model, score.tier, score.total) == ("A", Tier.ONE, 90)


def test_reasons_with_points_sum_to_the_total_and_one_without_explains_the_tier() -> None:
    score = of(IDEAL, *activities(Kind.PAGE_VIEW, Kind.EMAIL_OPEN, days_ago=3.3))
    given = [reason.points for reason in score.reasons if reason.points is not None]
    assert math.fsum(given) == score.total
    assert [each.rule for each in score.reasons if each.points is None] == ["tier.intent_gate"]


@pytest.mark.parametrize(
    ("done", "play"),
    [
        ([Kind.PRICING_VIEW, Kind.CALCULATOR], "ready-to-buy"),
        ([Kind.PRICING_VIEW], None),
        ([Kind.DOCS_VIEW], "technical-discovery"),
        ([Kind.CASE_STUDY_VIEW] * 2, None),
        ([Kind.CASE_STUDY_VIEW] * 3, "proof"),
        ([Kind.COMPARISON_VIEW], "battle-card"),
        ([Kind.BLOG_VIEW], "blog-reader"),
        ([Kind.BLOG_VIEW, Kind.COMPARISON_VIEW], "battle-card"),
    ],
)
def test_a_pattern_of_activities_calls_for_its_play(done: list[Kind], play: str | None) -> None:
    found = POLICY.play_of(of({}, *activities(*done)))
    assert (found.name if found is not None else None) == play


def test_activities_outside_the_window_call_for_no_play() -> None:
    old = activities(Kind.DOCS_VIEW, days_ago=31)
    ahead = activities(Kind.DOCS_VIEW, days_ago=-1)
    assert POLICY.play_of(of({}, *old, *ahead)) is None


LEARNED = Artifact(
    as_of="2026-01-01T00:00:00+00:00",
    learned_from="0" * 64,
    facts=(ArtifactFact(name="Industry", levels=("software", "(other)"), values=("software",)),),
    heads=(
        Head(
            step="converted", link="logit", intercept=-1, coefficients=((0.5, -0.5),), weight=58.0
        ),
    ),
    worth=(5.0,),
    knots=((0.0, 0.0), (5.0, 100.0)),
    detractor=Head(step="churned_after_use", link="logit", intercept=0, coefficients=((3, -3),)),
    detractor_knots=((0.1, 0.0), (0.9, 1.0)),
)


def test_the_learned_score_is_attached_whatever_the_case_of_the_fact() -> None:
    score = rate(Subject(facts={"INDUSTRY": "Software"}), LEARNED, POLICY, now=NOW)
    assert score.icp == evaluate(LEARNED, {"Industry": "Software"})


def test_a_detractor_is_flagged_and_keeps_points_and_tier() -> None:
    subject = Subject(facts=IDEAL, activities=EVERYTHING)
    without, flagged = (rate(subject, each, POLICY, now=NOW) for each in (None, LEARNED))
    assert flagged.icp is not None
    assert flagged.icp.flagged
    assert "left after meaningful use" in words(flagged, "detractor.flag")
    assert replace(flagged, icp=None, reasons=()) == replace(without, reasons=())


def test_an_account_unlike_the_detractors_carries_no_flag() -> None:
    score = rate(Subject(facts={"industry": "retail"}), LEARNED, POLICY, now=NOW)
    assert "detractor.flag" not in {reason.rule for reason in score.reasons}
