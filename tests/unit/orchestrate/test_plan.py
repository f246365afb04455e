"""What follows from an assignment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadfit.orchestrate import following, plan
from leadfit.policy import Policy, load_starter
from leadfit.records import (
    Action,
    Clock,
    ClockKind,
    Fact,
    IcpScore,
    Kind,
    Lead,
    Plan,
    Subject,
    Tier,
)
from leadfit.score import rate
from leadfit.testing.builders import NOW, activities, assignment, changed

POLICY = load_starter()
OWNER = "rep_ada"  # New York, managed by rep_max
DAY = timedelta(days=1)


def planned(
    tier: Tier,
    *done: Kind,
    number: int = 1,
    facts: dict[str, Fact] | None = None,
    flagged: bool = False,
    now: datetime = NOW,
    policy: Policy = POLICY,
) -> Plan:
    score = rate(Subject(facts={}, activities=activities(*done, now=now)), None, policy, now=now)
    icp = IcpScore(score=1, detractor=0.9, flagged=flagged, artifact_digest="0")
    lead = Lead(lead_id="lead_1", created_at=now, facts=facts or {})
    given = assignment(OWNER, tier, number=number, now=now)
    return plan(given, lead, replace(score, icp=icp), policy, now=now)


def brief(actions: tuple[Action, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.kind, each.destination, each.recipients) for each in actions]


def clock(found: Plan, kind: ClockKind) -> Clock:
    return next(each for each in found.clocks if each.kind is kind)


def schedule(found: Plan, kind: str) -> list[float]:
    return [(each.due_at - NOW) / DAY for each in found.actions if each.kind == kind]


def programme(first: Action, most: int = 20) -> list[tuple[float, Fact]]:
    """Return the days of an action that recurs, each carried out when it is due."""
    days: list[tuple[float, Fact]] = []
    action: Action | None = first
    while action is not None and len(days) < most:
        days.append(((action.due_at - NOW) / DAY, action.fields.get("weeks")))
        action = following(action, now=action.due_at)
    return days


def test_tier_one_pauses_mail_first_then_tells_owner_and_manager_and_pushes_the_script() -> None:
    found = planned(Tier.ONE)
    assert brief(found.actions) == [
        ("pause_sequence", "email", (OWNER,)),
        ("task", "crm", (OWNER,)),
        ("alert", "chat", (OWNER, "rep_max")),
        ("call_script", "phone", (OWNER,)),
    ]
    assert found.actions[1].fields["priority"] == "high"


def test_every_action_has_its_own_key_of_lead_assignment_and_action() -> None:
    keys = [each.key for each in planned(Tier.ONE, number=2).actions]
    assert keys == ["lead_1/2/pause", "lead_1/2/task", "lead_1/2/alert", "lead_1/2/script"]


def test_the_same_assignment_gives_the_same_plan() -> None:
    assert planned(Tier.TWO, Kind.BLOG_VIEW) == planned(Tier.TWO, Kind.BLOG_VIEW)


def test_all_actions_but_scheduled_ones_are_due_within_the_sla() -> None:
    found = planned(Tier.ONE)
    due = clock(found, ClockKind.ASSIGNMENT_TO_TOUCH).due_at
    assert due is not None
    assert all(each.due_at <= due for each in found.actions)


def test_tier_two_begins_a_sequence_of_three_touches_on_days_0_2_and_5() -> None:
    found = planned(Tier.TWO)
    assert schedule(found, "sequence") == [0, 2, 5]
    assert [each.key for each in found.actions if each.kind == "sequence"] == [
        "lead_1/tier-2/sequence.1",
        "lead_1/tier-2/sequence.2",
        "lead_1/tier-2/sequence.3",
    ]
    assert found.actions[0].fields["priority"] == "normal"


def test_a_linkedin_request_goes_out_only_where_a_profile_is_known() -> None:
    without = planned(Tier.TWO)
    assert schedule(without, "linkedin") == []
    assert "the fact linkedin_url is missing" in without.reasons[0].words
    assert schedule(planned(Tier.TWO, facts={"LinkedIn": "in/jo"}), "linkedin") == [0]


def test_under_a_second_owner_only_the_task_is_new_and_the_sequence_keeps_its_keys() -> None:
    first, second = (planned(Tier.TWO, number=n, facts={"linkedin": "in/jo"}) for n in (1, 2))
    before = {each.key for each in first.actions}
    assert [each.key for each in second.actions if each.key not in before] == ["lead_1/2/task"]
    assert [reason.rule for reason in second.reasons[:2]] == ["action.once", "action.once"]


def test_a_lead_that_rises_from_tier_three_begins_the_sequence_of_tier_two() -> None:
    assert schedule(planned(Tier.TWO, number=2), "sequence") == [0, 2, 5]


def test_tier_three_is_nurtured_for_eight_weeks_retargeted_and_checked_every_quarter() -> None:
    found = planned(Tier.THREE)
    assert [each.kind for each in found.actions[:2]] == ["nurture", "retarget"]
    assert found.actions[0].fields["weeks"] == 8
    assert [(day, weeks) for day, weeks in programme(found.actions[0])] == [
        (7 * week, 8) for week in range(8)
    ]
    assert [day for day, _ in programme(found.actions[2], most=5)] == [91, 182, 273, 364, 455]


def test_enrolment_in_nurture_is_the_touch_of_tier_three_and_of_no_other() -> None:
    for tier in Tier:
        touching = [e.kind for e in planned(tier).actions if e.fields.get("counts_as_touch")]
        assert touching == (["nurture"] if tier is Tier.THREE else [])


def test_a_flagged_detractor_is_kept_out_of_nurture_and_paid_channels() -> None:
    found = planned(Tier.THREE, flagged=True)
    assert {each.kind for each in found.actions} == {"recycle_check"}
    assert [reason.rule for reason in found.reasons[:2]] == ["action.suppressed"] * 2


def test_a_flagged_hand_raiser_of_tier_one_gets_everything() -> None:
    assert planned(Tier.ONE, flagged=True).actions == planned(Tier.ONE).actions


def test_suppression_follows_the_policy() -> None:
    policy = changed(POLICY, "detractor.suppress", ("paid",))
    found = planned(Tier.THREE, flagged=True, policy=policy)
    assert {each.kind for each in found.actions} == {"nurture", "recycle_check"}


def test_a_blog_reader_gets_a_touch_in_two_weeks() -> None:
    found = planned(Tier.THREE, Kind.BLOG_VIEW)
    assert schedule(found, "task") == [14]


def test_the_owner_is_told_the_playbook() -> None:
    found = planned(Tier.ONE, Kind.PRICING_VIEW, Kind.CALCULATOR)
    assert found.actions[1].fields["playbook"] == "ready-to-buy sales playbook"


def test_the_first_assignment_has_all_three_clocks() -> None:
    found = planned(Tier.ONE)
    assert [(each.kind, each.key) for each in found.clocks] == [
        (ClockKind.SIGNAL_TO_ASSIGNMENT, "lead_1/signal_to_assignment"),
        (ClockKind.ASSIGNMENT_TO_TOUCH, "lead_1/1/assignment_to_touch"),
        (ClockKind.SIGNAL_TO_TOUCH, "lead_1/signal_to_touch"),
    ]
    assert clock(found, ClockKind.SIGNAL_TO_ASSIGNMENT).due_at is None


def test_a_reassignment_starts_one_new_clock_while_the_whole_way_runs_on() -> None:
    (only,) = planned(Tier.ONE, number=2).clocks
    assert (only.key, only.started_at) == ("lead_1/2/assignment_to_touch", NOW)


@pytest.mark.parametrize(("tier", "minutes"), [(Tier.ONE, 15), (Tier.TWO, 60), (Tier.THREE, 1440)])
def test_a_tier_has_its_sla(tier: Tier, minutes: float) -> None:
    due = clock(planned(tier), ClockKind.ASSIGNMENT_TO_TOUCH).due_at
    assert due == NOW + timedelta(minutes=minutes)


def test_outside_working_hours_the_minutes_begin_at_the_opening() -> None:
    evening = datetime(2026, 3, 6, 23, tzinfo=UTC)  # Friday 18:00 in New York
    due = clock(planned(Tier.ONE, now=evening), ClockKind.ASSIGNMENT_TO_TOUCH).due_at
    assert due == datetime(2026, 3, 9, 13, 15, tzinfo=UTC)  # Monday 9:15, an hour earlier in UTC


def test_a_tier_can_count_all_the_time() -> None:
    evening = datetime(2026, 3, 6, 23, tzinfo=UTC)
    policy = changed(POLICY, "tiers.one.clock", "always")
    due = clock(planned(Tier.ONE, now=evening, policy=policy), ClockKind.ASSIGNMENT_TO_TOUCH).due_at
    assert due == evening + timedelta(minutes=15)


def test_an_owner_the_policy_does_not_know_has_minutes_of_the_wall() -> None:
    given = assignment("stranger", Tier.ONE, now=NOW)
    lead = Lead(lead_id="lead_1", created_at=NOW)
    score = rate(Subject(facts={}), None, POLICY, now=NOW)
    found = plan(given, lead, score, POLICY, now=NOW)
    assert clock(found, ClockKind.ASSIGNMENT_TO_TOUCH).due_at == NOW + timedelta(minutes=15)
    assert found.actions[2].recipients == ("stranger",)


@pytest.mark.parametrize(("minutes", "told"), [(5, False), (6, True)])
def test_a_lead_that_waited_for_its_owner_is_told_to_the_manager(
    minutes: float, told: bool
) -> None:
    given = replace(assignment(OWNER, Tier.ONE), signal_at=NOW - timedelta(minutes=minutes))
    lead = Lead(lead_id="lead_1", created_at=NOW)
    score = rate(Subject(facts={}), None, POLICY, now=NOW)
    keys = {each.key: each.recipients for each in plan(given, lead, score, POLICY, now=NOW).actions}
    assert (keys.get("lead_1/1/late-assignment") == ("rep_max",)) is told
