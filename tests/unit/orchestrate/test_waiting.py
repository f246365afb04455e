"""What follows an action, and what becomes of those that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from leadfit.orchestrate import following, hand_over, in_channels, mails, plan, tell_together
from leadfit.policy import load_starter
from leadfit.records import Action, Assignment, Fact, Lead, Place, Subject, Tier
from leadfit.score import rate
from leadfit.testing.builders import NOW, assignment, changed

POLICY = load_starter()
DAY = timedelta(days=1)


def planned(tier: Tier, number: int = 1, owner: str = "rep_ada") -> tuple[Action, ...]:
    score = rate(Subject(facts={}), None, POLICY, now=NOW)
    lead = Lead(lead_id="lead_1", created_at=NOW, facts={"linkedin": "in/jo"})
    given = assignment(owner, tier, number=number)
    return plan(given, lead, score, POLICY, now=NOW).actions


def given_to(owner: str, number: int) -> Assignment:
    return replace(
        assignment(owner, Tier.TWO, number=number),
        place=Place(rep_id=owner, rule="overflow", words="takes over"),
    )


def recurring(**fields: Fact) -> Action:
    return Action(
        key="lead_1/tier-3/nurture.1", kind="nurture", destination="email", lead_id="lead_1",
        assignment_id="a", due_at=NOW, recipients=("rep_hugo",),
        fields={"number": 1, "every_days": 7, "counts_as_touch": True, **fields},
    )  # fmt: skip


def test_what_recurs_is_due_again_from_when_it_was_due() -> None:
    second = following(recurring(), now=NOW + timedelta(hours=5))
    assert second is not None
    assert (second.key, second.due_at) == ("lead_1/tier-3/nurture.2", NOW + 7 * DAY)
    assert second.fields["number"] == 2
    assert "counts_as_touch" not in second.fields


def test_a_programme_that_fell_behind_never_does_two_at_once() -> None:
    late = NOW + 30 * DAY
    second = following(recurring(), now=late)
    assert second is not None
    assert second.due_at == late + 7 * DAY


def test_a_programme_ends_after_its_times() -> None:
    assert following(recurring(times=1), now=NOW) is None
    assert following(recurring(times=2), now=NOW) is not None


@pytest.mark.parametrize("fields", [{"every_days": None}, {"number": None}])
def test_what_does_not_recur_has_nothing_behind_it(fields: dict[str, Fact]) -> None:
    assert following(recurring(**fields), now=NOW) is None


def test_a_sequence_goes_on_under_the_new_owner_and_a_task_is_cancelled() -> None:
    found = hand_over(planned(Tier.TWO), given_to("rep_ada", 1), given_to("rep_ivy", 2), now=NOW)
    assert found.cancelled == ("lead_1/1/task",)
    assert {each.recipients for each in found.kept} == {("rep_ivy",)}
    assert {each.assignment_id for each in found.kept} == {"assignment_2"}
    assert [each.kind for each in found.kept] == ["sequence"] * 3 + ["linkedin"]


def test_what_tells_of_a_breach_that_happened_stays_and_what_it_planned_goes() -> None:
    told = replace(planned(Tier.TWO)[0], key="lead_1/1/breach-reroute/manager", due_at=NOW)
    later = replace(told, key="lead_1/1/breach-review/tier-review.1", due_at=NOW + 182 * DAY)
    found = hand_over((told, later), given_to("rep_ada", 1), given_to("rep_ivy", 2), now=NOW)
    assert (found.kept, found.cancelled) == ((), (later.key,))


def test_what_is_of_another_assignment_is_left_alone() -> None:
    of_third = planned(Tier.TWO, number=3)
    found = hand_over(of_third, given_to("rep_ada", 1), given_to("rep_ivy", 2), now=NOW)
    assert (found.kept, found.cancelled) == ((), ())


def test_the_manager_stays_a_recipient_beside_the_new_owner() -> None:
    both = replace(
        planned(Tier.TWO)[0], key="lead_1/tier-2/kickoff", recipients=("rep_ada", "rep_max")
    )
    found = hand_over((both,), given_to("rep_ada", 1), given_to("rep_ivy", 2), now=NOW)
    assert found.kept[0].recipients == ("rep_ivy", "rep_max")
    found = hand_over((both,), given_to("rep_ada", 1), given_to("rep_max", 2), now=NOW)
    assert found.kept[0].recipients == ("rep_max",)


def test_a_reply_stops_what_is_written_and_leaves_tasks_and_checks() -> None:
    assert mails(planned(Tier.TWO)) == (
        "lead_1/tier-2/sequence.1",
        "lead_1/tier-2/sequence.2",
        "lead_1/tier-2/sequence.3",
        "lead_1/tier-2/linkedin",
    )
    assert mails(planned(Tier.THREE)) == ("lead_1/tier-3/nurture.1",)


def test_a_flag_stops_what_goes_through_its_channels() -> None:
    waiting = planned(Tier.THREE)
    assert in_channels(waiting, ("paid",)) == ("lead_1/tier-3/retarget",)
    assert in_channels(waiting, ()) == ()


def test_a_programme_keeps_its_channel() -> None:
    second = following(planned(Tier.THREE)[0], now=NOW)
    assert second is not None
    assert in_channels((second,), ("nurture",)) == (second.key,)


def notice(number: int, tier: int = 1) -> Action:
    return Action(
        key=f"lead_{number}/1/breach-page/page", kind="page", destination="pager",
        lead_id=f"lead_{number}", assignment_id=f"a{number}", due_at=NOW + number * DAY,
        recipients=("rep_max",), fields={"tier": tier, "due_at": f"2026-03-0{number}T15:00:00Z"},
        is_notice=True,
    )  # fmt: skip


def test_a_page_about_one_lead_is_that_leads_own() -> None:
    assert tell_together((notice(1),), now=NOW) == notice(1)


def test_a_page_about_several_names_their_number_every_lead_the_tier_and_since_when() -> None:
    page = tell_together((notice(2, tier=2), notice(3), notice(2, tier=2)), now=NOW)
    assert page.fields == {
        "breaches": 3,
        "lead_count": 2,
        "leads": "lead_2, lead_3",
        "tier": 1,
        "due_at": "2026-03-02T15:00:00Z",
    }
    assert (page.lead_id, page.assignment_id, page.recipients) == ("", None, ("rep_max",))
    assert page.key == "lead_2/1/breach-page/page/and-2-more"


def test_the_same_notices_make_the_same_page() -> None:
    both = (notice(1), notice(2))
    assert tell_together(both, now=NOW) == tell_together(both, now=NOW)


def test_pages_and_alerts_about_breaches_are_notices_and_nothing_else_is() -> None:
    assert not [each for tier in Tier for each in planned(tier) if each.is_notice]
    policy = changed(POLICY, "sla.assignment_minutes", 0.5)
    score = rate(Subject(facts={}), None, policy, now=NOW)
    lead = Lead(lead_id="lead_1", created_at=NOW)
    found = plan(assignment("rep_ada", Tier.ONE), lead, score, policy, now=NOW)
    assert [each.key for each in found.actions if each.is_notice] == ["lead_1/1/late-assignment"]
