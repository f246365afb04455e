"""Model C, fit by the learned score, the flag, what takes points away, overrides."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from leadfit.artifact import Artifact, evaluate, from_json, to_json
from leadfit.policy import Policy, load_starter
from leadfit.policy.policy import is_held_back
from leadfit.policy.scoring import Less
from leadfit.propensity import chance_of, measure
from leadfit.records import Activity, Fact, Kind, Score, Subject, Tier
from leadfit.score import derive_cut, draw_of, lists_of, pass_rate, rate, why_not_lifted
from leadfit.testing.builders import NOW, activities, changed
from unit.score.learned import CHANCE, LEARNED, WITH_C

POLICY = load_starter()
MODEL_A, MODEL_C = changed(POLICY, "score.model", "A"), changed(POLICY, "score.model", "C")
BY_ICP = changed(POLICY, "score.fit_source", "icp")
IDEAL: dict[str, Fact] = {"industry": "Software", "employees": 5000, "country": "US"}
FLAGGED: dict[str, Fact] = {"industry": "mining"}


def of(
    facts: dict[str, Fact],
    *done: Activity,
    policy: Policy = POLICY,
    artifact: Artifact | None = None,
    lead_id: str | None = None,
    lifted_by: str | None = None,
) -> Score:
    subject = Subject(facts=facts, activities=done)
    return rate(subject, artifact, policy, now=NOW, lead_id=lead_id, lifted_by=lifted_by)


def words(score: Score, rule: str) -> str:
    return next(reason.words for reason in score.reasons if reason.rule == rule)


def rules(score: Score) -> set[str]:
    return {reason.rule for reason in score.reasons}


def lot(share: float, *, below: bool) -> str:
    """Return a lead whose lot lies below a share, or does not."""
    ids = (f"lead_{n}" for n in range(10_000))
    return next(each for each in ids if (draw_of(each) < share) is below)


def test_a_chance_decides_the_tier_and_its_reasons_sum_to_it_in_percent() -> None:
    score = of(IDEAL, *activities(Kind.DEMO_REQUEST), policy=MODEL_C, artifact=WITH_C)
    expected = chance_of(
        CHANCE,
        {"Industry": "Software", "Employees": 5000},
        {"demo_requests": math.log1p(1), "web_visits": 0.0, "intent_topic": 0.0}
        | {"icp_score": evaluate(WITH_C, {"Industry": "Software", "Employees": 5000}).score},
    )
    given = [reason.points for reason in score.reasons if reason.points is not None]
    assert (score.model, score.tier) == ("C", Tier(expected.tier))
    assert math.fsum(given) == score.total
    assert round(score.total / 100, 6) == expected.chance
    assert "weighted rules give" in words(score, "model.beside")
    assert score.fit == 40


def test_parts_of_a_chance_are_additive_on_the_scale_of_log_odds() -> None:
    found = chance_of(CHANCE, {"Industry": "software", "Employees": 5000}, {"icp_score": 80.0})
    told = {each.rule: each for each in found.reasons}
    odds = [float(each.words.rpartition(", ")[2].split()[0]) for each in found.reasons]
    assert math.log(found.chance / (1 - found.chance)) == pytest.approx(math.fsum(odds), abs=2e-3)
    first, second = told["propensity.Industry"], told["propensity.icp_score"]
    assert (first.points or 0) / (second.points or 1) == pytest.approx(0.8 / 0.8, abs=1e-6)


def test_a_part_beyond_the_steepest_odds_still_leaves_reasons_that_sum() -> None:
    steep = replace(CHANCE, weights=((80.0, -80.0), (0.0, 0.0, 0.0)))
    for value in ("software", "mining"):
        found = chance_of(steep, {"Industry": value}, {})
        assert math.fsum(each.points or 0 for each in found.reasons) == found.points
        assert 0 <= found.chance <= 1


def test_without_a_learned_chance_the_weighted_rules_stand_in_and_it_says_so() -> None:
    for artifact in (None, LEARNED):
        score = of(IDEAL, *activities(Kind.DEMO_REQUEST), policy=MODEL_C, artifact=artifact)
        alike = of(IDEAL, *activities(Kind.DEMO_REQUEST), policy=MODEL_A, artifact=artifact)
        assert (score.model, score.tier, score.total) == ("A", alike.tier, alike.total)
        assert "stand in" in words(score, "model.degraded")


def test_what_was_measured_counts_before_what_the_activities_say() -> None:
    subject = Subject(facts=IDEAL, activities=activities(Kind.DEMO_REQUEST))
    told = replace(subject, measured={"demo_requests": 0.0, "channel_win_rate": 0.15})
    plain, measured = (rate(each, WITH_C, MODEL_C, now=NOW).total for each in (subject, told))
    assert plain != measured


def test_a_channel_has_its_record_and_a_new_one_that_of_all() -> None:
    found = [measure(CHANCE, (), name, NOW)["channel_win_rate"] for name in ("web-form", "x", None)]
    assert found == [0.15, 0.08, 0.08]
    assert "emails" not in measure(CHANCE, (), None, NOW)


def test_an_artifact_with_a_chance_survives_its_json_and_one_without_has_the_bytes_it_had() -> None:
    assert from_json(to_json(WITH_C)) == WITH_C
    assert WITH_C.digest != LEARNED.digest
    assert '"propensity"' not in to_json(LEARNED)


def test_the_learned_score_stands_for_fit_and_fit_by_facts_stays_a_gate_of_its_own() -> None:
    score = of(IDEAL, artifact=LEARNED, policy=BY_ICP)
    assert score.icp is not None
    assert score.fit100 == pytest.approx(score.icp.score)
    assert score.firmographic100 == 100
    assert score.fit == pytest.approx(score.icp.score * 0.4)
    assert math.fsum(each.points or 0 for each in score.reasons) == score.total
    assert "15 points of fit by facts" in words(score, "firmographic.industry")
    assert "passes its own gate of 70" in words(score, "firmographic.gate")


def test_the_gate_on_the_learned_score_has_its_own_cut() -> None:
    visits = activities(*[Kind.PRICING_VIEW, Kind.DEMO_REQUEST, Kind.INTENT_TOPIC] * 3)
    score = of(IDEAL, *visits, artifact=LEARNED, policy=BY_ICP)
    assert score.fit100 < 100
    low, high = (
        of(IDEAL, *visits, artifact=LEARNED, policy=changed(BY_ICP, "score.cuts.b_icp", cut)).tier
        for cut in (score.fit100, score.fit100 + 0.001)
    )
    assert (low, high) == (Tier.ONE, Tier.THREE)


def test_fit_by_facts_can_be_needed_besides() -> None:
    startup: dict[str, Fact] = {"industry": "Software", "employees": 120, "country": "x"}
    policy = changed(BY_ICP, "score.cuts.b_icp", 10)
    visits = activities(*[Kind.PRICING_VIEW, Kind.DEMO_REQUEST, Kind.INTENT_TOPIC] * 3)
    shown = of(startup, *visits, artifact=LEARNED, policy=policy)
    needed = of(
        startup, *visits, artifact=LEARNED, policy=changed(policy, "score.firmographic", "needed")
    )
    assert (shown.tier, needed.tier) == (Tier.ONE, Tier.THREE)
    assert "it decides nothing" in words(shown, "firmographic.gate")
    assert "which nothing opens" in words(needed, "tier.firmographic_gate")
    assert why_not_lifted(needed) is not None


def test_without_a_profile_fit_counts_by_facts_and_it_says_so() -> None:
    score = of(IDEAL, policy=BY_ICP)
    assert (score.fit, score.firmographic100) == (40, None)
    assert "counts by facts" in words(score, "fit.degraded")


@pytest.mark.parametrize(("scores", "rate_before"), [([1, 2, 3, 4], 0.5), ([5.5], 1.0)])
def test_a_derived_cut_lets_as_many_pass_as_before(scores: list[float], rate_before: float) -> None:
    found = derive_cut(scores, rate_before)
    assert found.pass_rate == pass_rate(scores, found.cut) == rate_before


def test_a_derived_cut_takes_the_nearest_rate_where_scores_are_equal() -> None:
    assert derive_cut([1, 7, 7, 7], 0.5).pass_rate == 0.75
    assert derive_cut([1, 1, 7, 7], 0.25).cut > 7
    assert derive_cut([3.0], 0.0).pass_rate == 0
    with pytest.raises(ValueError, match="scores and a rate"):
        derive_cut([], 0.5)


def test_a_flag_holds_a_lead_back_unless_the_lot_lets_it_through() -> None:
    held, through = (
        of(FLAGGED, artifact=LEARNED, lead_id=lot(0.02, below=below)) for below in (False, True)
    )
    assert (is_held_back(held), is_held_back(through)) == (True, False)
    assert "drawn by lot" in words(through, "detractor.explored")
    assert "detractor.explored" not in rules(held)
    assert (held.total, held.tier) == (through.total, through.tier)


def test_the_lot_lets_about_as_many_through_as_the_share_says() -> None:
    draws = [draw_of(f"lead_{n}") for n in range(20_000)]
    # Three standard errors of a share of .02 in 20,000.
    assert sum(draw < 0.02 for draw in draws) / 20_000 == pytest.approx(0.02, abs=0.003)
    assert min(draws) >= 0
    assert max(draws) < 1


def test_a_share_of_nothing_lets_nobody_through() -> None:
    policy = changed(POLICY, "detractor.explore_share", 0.0)
    score = of(FLAGGED, artifact=LEARNED, policy=policy, lead_id=lot(0.0001, below=True))
    assert is_held_back(score)


def forcing(artifact: Artifact, low: float | None) -> Artifact:
    notes = {} if low is None else {"flag.precision_low": low}
    return replace(artifact, notes=notes)


FORCED = changed(changed(MODEL_A, "detractor.tier_three", True), "score.cuts.a_tier_two", 0)


def test_a_flag_forces_tier_three_only_with_a_proved_precision() -> None:
    proved, weak, none = (
        of(FLAGGED, artifact=forcing(LEARNED, low), policy=FORCED) for low in (0.4, 0.1, None)
    )
    assert (proved.tier, weak.tier, none.tier) == (Tier.THREE, Tier.TWO, Tier.TWO)
    assert "at least 0.40" in words(proved, "tier.detractor")
    assert "a lower bound of 0.10" in words(weak, "detractor.unproved")
    assert "no lower bound" in words(none, "detractor.unproved")


def test_a_person_sets_a_forced_tier_aside_and_the_lot_does_too() -> None:
    artifact = forcing(LEARNED, 0.4)
    by_hand = of(FLAGGED, artifact=artifact, policy=FORCED, lifted_by="rep_ada")
    by_lot = of(FLAGGED, artifact=artifact, policy=FORCED, lead_id=lot(0.02, below=True))
    assert (by_hand.tier, by_lot.tier) == (Tier.TWO, Tier.TWO)
    assert "by rep_ada" in words(by_hand, "tier.override")


def test_a_person_lifts_a_lead_over_the_intent_gate_and_the_score_stays() -> None:
    plain = of(IDEAL, *activities(Kind.PAGE_VIEW))
    lifted = of(IDEAL, *activities(Kind.PAGE_VIEW), lifted_by="rep_ada")
    assert (plain.tier, lifted.tier, plain.total) == (Tier.THREE, Tier.ONE, lifted.total)
    assert why_not_lifted(plain) is None
    assert "lifted to Tier 1 by rep_ada" in words(lifted, "tier.override")


@pytest.mark.parametrize(
    ("facts", "policy", "why"),
    [
        pytest.param(IDEAL | {"employees": 10}, POLICY, "and no person either", id="fit gate"),
        pytest.param(IDEAL, MODEL_A, "Model A has no intent gate", id="Model A"),
    ],
)
def test_a_person_opens_no_other_gate(facts: dict[str, Fact], policy: Policy, why: str) -> None:
    plain, lifted = (of(facts, policy=policy, lifted_by=by) for by in (None, "rep_ada"))
    assert plain == lifted
    assert why in (why_not_lifted(plain) or "")


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("Student at a college, CEO of a club", 0),
        ("VP Sales, open to work", 0),
        ("VP Student Affairs", 4),
        ("International CEO", 5),
    ],
)
def test_job_seekers_and_students_have_no_authority(title: str, left: float) -> None:
    assert of({"title": title}).authority == left


def less(policy: Policy, **parts: Less) -> Policy:
    return changed(policy, "score.less", parts)


def test_a_competitor_has_no_fit_whatever_its_facts_say() -> None:
    rivals = Less(component="fit", points=40, domains=("rival.example",))
    policy = less(POLICY, rivals=rivals)
    named = lists_of(policy.score, ["shop.rival.example", "acme.example"])
    subject = Subject(facts=IDEAL, activities=activities(Kind.DEMO_REQUEST), listed=named)
    score = rate(subject, None, policy, now=NOW)
    assert (named, score.fit, score.tier) == (("rivals",), 0, Tier.THREE)
    assert "stands on the list" in words(score, "fit.less.rivals")
    assert lists_of(policy.score, ["notrival.example"]) == ()


def test_what_is_taken_stops_at_nothing_and_the_ledger_says_how_much_was_there() -> None:
    part = Less(component="fit", points=30, fact="industry", values=("retail",))
    score = of({"industry": "Retail", "country": "US"}, policy=less(POLICY, retail=part))
    assert (score.fit, score.total) == (0, 0)
    assert words(score, "fit.less.retail").endswith("30 points away, of which 19 were there")
    assert math.fsum(each.points or 0 for each in score.reasons) == score.total


def test_an_unsubscribing_takes_half_as_much_after_its_half_life() -> None:
    visits = activities(*[Kind.DEMO_REQUEST, Kind.COMPARISON_VIEW] * 3)
    fresh, later, never = (
        of({}, *visits, *gone).engagement
        for gone in (
            activities(Kind.UNSUBSCRIBED),
            activities(Kind.UNSUBSCRIBED, days_ago=180),
            (),
        )
    )
    assert (never - fresh, never - later) == (15, 7.5)


def test_an_unsubscribing_of_the_future_takes_nothing() -> None:
    ahead = Activity(kind=Kind.UNSUBSCRIBED, at=NOW + timedelta(seconds=1))
    assert of(IDEAL, *activities(Kind.DEMO_REQUEST), ahead) == of(
        IDEAL, *activities(Kind.DEMO_REQUEST)
    )


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"fact": "title"}, "values or words of the fact"),
        ({"words": ("student",)}, "a fact for its values or words"),
        ({"fact": "title", "words": ("x",), "domains": ("x.example",)}, "not two of them"),
        ({"domains": ("x.example",), "kinds": (Kind.BOUNCED,)}, "domains or kinds, not both"),
        ({"half_life_days": 3.0}, "kinds for half_life_days"),
    ],
)
def test_what_takes_points_away_has_one_way_to_say_when(
    fields: dict[str, object], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        Less.model_validate({"component": "fit", "points": 5.0, **fields})
