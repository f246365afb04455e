"""What follows when a clock ran out."""

from __future__ import annotations

from datetime import datetime, timedelta

from leadfit.orchestrate import breach, following, plan
from leadfit.policy import load_starter
from leadfit.records import Assignment, Clock, ClockKind, Lead, Plan, Subject, Tier
from leadfit.score import rate
from leadfit.testing.builders import NOW, assignment

POLICY = load_starter()
MINUTE = timedelta(minutes=1)


def running(
    tier: Tier, kind: ClockKind = ClockKind.ASSIGNMENT_TO_TOUCH
) -> tuple[Clock, Assignment]:
    given = assignment("rep_ada", tier)
    score = rate(Subject(facts={}), None, POLICY, now=NOW)
    found = plan(given, Lead(lead_id="lead_1", created_at=NOW), score, POLICY, now=NOW)
    return next(clock for clock in found.clocks if clock.kind is kind), given


def step(clock: Clock, given: Assignment | None, now: datetime) -> Plan:
    return breach(clock, given, "rep_max", POLICY, now=now)


def keys(found: Plan) -> list[str]:
    return [action.key for action in found.actions]


def test_before_the_deadline_nothing_follows() -> None:
    clock, given = running(Tier.ONE)
    assert step(clock, given, NOW + 14 * MINUTE) == Plan()


def test_tier_one_pages_the_manager_then_reassigns_and_logs_an_incident_for_the_week() -> None:
    clock, given = running(Tier.ONE)
    first = step(clock, given, NOW + 15 * MINUTE)
    assert (keys(first), first.reassign) == (["lead_1/1/breach-page/page"], False)
    assert (first.actions[0].kind, first.actions[0].recipients) == ("page", ("rep_max",))
    (clock,) = first.clocks
    assert (clock.step, clock.due_at) == (1, NOW + 30 * MINUTE)

    second = step(clock, given, NOW + 30 * MINUTE)
    assert (keys(second), second.reassign) == (["lead_1/1/breach-incident/incident"], True)
    assert second.actions[0].fields["review"] == "weekly"
    assert (second.clocks[0].step, second.clocks[0].due_at) == (3, None)

    assert step(second.clocks[0], given, NOW + 60 * MINUTE) == Plan()


def test_a_step_taken_late_still_leaves_the_whole_time_to_act() -> None:
    clock, given = running(Tier.ONE)
    late = step(clock, given, NOW + 300 * MINUTE)
    assert (keys(late), late.reassign) == (["lead_1/1/breach-page/page"], False)
    assert late.clocks[0].due_at == NOW + 315 * MINUTE


def test_a_step_repeated_after_a_crash_has_the_same_keys() -> None:
    clock, given = running(Tier.ONE)
    again = [step(clock, given, NOW + n * MINUTE) for n in (15, 16)]
    assert keys(again[0]) == keys(again[1])


def test_tier_two_is_rerouted_the_manager_told_and_no_sequence_begun() -> None:
    clock, given = running(Tier.TWO)
    found = step(clock, given, NOW + 60 * MINUTE)
    assert found.reassign
    assert [(each.kind, each.recipients) for each in found.actions] == [("alert", ("rep_max",))]
    assert found.actions[0].fields["sequence"] == "continues"


def test_tier_three_goes_on_and_is_reviewed_twice_a_year() -> None:
    clock, given = running(Tier.THREE)
    found = step(clock, given, NOW + 1440 * MINUTE)
    assert not found.reassign
    (review,) = found.actions
    assert (review.kind, review.due_at) == ("task", NOW + timedelta(days=1 + 182))
    second = following(review, now=review.due_at)
    assert second is not None
    assert second.due_at == NOW + timedelta(days=1 + 2 * 182)


def test_the_whole_way_running_out_is_told_once_and_reassigns_nobody() -> None:
    clock, given = running(Tier.ONE, ClockKind.SIGNAL_TO_TOUCH)
    assert clock.due_at == NOW + 19 * MINUTE
    found = step(clock, given, NOW + 19 * MINUTE)
    assert (keys(found), found.reassign) == (["lead_1/signal_to_touch/late"], False)
    assert found.clocks[0].due_at is None


def test_a_lead_without_an_owner_is_told_to_the_manager() -> None:
    clock = Clock(
        key="lead_1/signal_to_assignment",
        kind=ClockKind.SIGNAL_TO_ASSIGNMENT,
        lead_id="lead_1",
        assignment_id=None,
        started_at=NOW,
        due_at=NOW + 5 * MINUTE,
    )
    found = step(clock, None, NOW + 5 * MINUTE)
    assert (keys(found), found.actions[0].recipients) == (
        ["lead_1/signal_to_assignment/late"],
        ("rep_max",),
    )


def test_where_nobody_manages_the_owner_is_told() -> None:
    clock, given = running(Tier.ONE)
    found = breach(clock, given, None, POLICY, now=NOW + 15 * MINUTE)
    assert found.actions[0].recipients == ("rep_ada",)
