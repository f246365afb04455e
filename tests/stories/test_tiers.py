"""What each tier promises, from the posted signal to the lines the file performer wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit import BadInput, Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.cli.why_words import why_words
from leadfit.jobs.files.plans import write_plan
from leadfit.records import ClockKind
from leadfit.store.views import ActionState, ClockView, LeadView
from leadfit.testing import FrozenWorld
from posted import body

# A Monday, 16:00 in Berlin and 10:00 in New York.
START = datetime(2026, 3, 2, 15, tzinfo=UTC)
FACTS = {"employees": 800, "industry": "software", "country": "US"}
HOT = ("pricing_view", "calculator", "intent_topic", "competitor_research", "comparison_view")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass
class Desk:
    """A workspace, its clock and what was done outside."""

    leadfit: Leadfit
    world: FrozenWorld
    sent: int = 0

    def send(self, kind: str, email: str, **facts: object) -> str:
        self.sent += 1
        answer = self.leadfit.accept(
            body(self.sent, kind, self.world.now(), email, facts, title="VP Operations")
        )
        assert isinstance(answer, Receipt)
        return answer.signal_id

    def lead(self, tier: int, email: str = "jo@acme.com", **facts: object) -> str:
        """Let a lead of a tier arrive; return its id."""
        if tier == 1:
            for kind in HOT * 3:
                self.send(kind, email)
        kind = "form_fill" if tier == 3 else "demo_request"
        signal_id = self.send(kind, email, **({} if tier == 3 else FACTS), **facts)
        self.leadfit.decide_pending()
        self.leadfit.deliver()
        lead_id = self.leadfit.signal(signal_id).lead_id
        assert lead_id is not None
        assert self.leadfit.lead(lead_id).lead.tier == tier
        return lead_id

    def wait(self, length: timedelta) -> None:
        """Let time pass in one go, then run what is due."""
        self.world.pass_time(length.total_seconds())
        self.run()

    def run(self) -> None:
        for _ in range(20):
            if not self.leadfit.run_clocks() + self.leadfit.deliver():
                return

    def done(self, lead_id: str | None = None) -> list[dict[str, object]]:
        """Return what the file performer did, for one lead or none in particular."""
        path = self.leadfit.folder / "outbox.jsonl"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [line for line in lines if lead_id is None or line["lead_id"] == lead_id]

    def names(self, lead_id: str) -> list[str]:
        return [str(line["key"]).removeprefix(f"{lead_id}/") for line in self.done(lead_id)]

    def view(self, lead_id: str) -> LeadView:
        return self.leadfit.lead(lead_id)

    def clock(self, lead_id: str, key: str) -> ClockView:
        return next(
            each for each in self.view(lead_id).clocks if each.clock.key == f"{lead_id}/{key}"
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    world = FrozenWorld(START)
    create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        yield Desk(leadfit, world)


def at(line: dict[str, object], name: str) -> datetime:
    return datetime.fromisoformat(str(line[name]))


def test_tier_one_is_paused_tasked_told_and_called_within_its_fifteen_minutes(desk: Desk) -> None:
    lead_id = desk.lead(1)
    lines = {str(line["kind"]): line for line in desk.done(lead_id)}
    assert next(iter(lines)) == "pause_sequence"
    assert set(lines) == {"pause_sequence", "task", "alert", "call_script"}
    owner = desk.view(lead_id).lead.owner_id
    assert lines["task"]["fields"]["priority"] == "high"  # type: ignore[index]  # a line of JSON
    assert lines["alert"]["recipients"] == [owner, "rep_max"]
    assert lines["call_script"]["recipients"] == [owner]
    due_at = desk.clock(lead_id, "1/assignment_to_touch").clock.due_at
    assert due_at == desk.world.now() + 15 * MINUTE
    assert all(at(line, "done_at") <= due_at for line in lines.values())


def test_a_mail_of_a_lower_tier_does_not_leave_once_tier_one_paused_the_sequence(
    desk: Desk,
) -> None:
    lead_id = desk.lead(2)
    assert "tier-2/sequence.1" in desk.names(lead_id)
    for kind in HOT * 3:
        desk.send(kind, "jo@acme.com")
    desk.leadfit.decide_pending()
    assert desk.view(lead_id).lead.tier == 1
    desk.wait(10 * DAY)
    names = desk.names(lead_id)
    assert "2/pause" in names
    assert {"tier-2/sequence.2", "tier-2/sequence.3"}.isdisjoint(names)


def test_a_raised_lead_has_both_clocks_anew_from_the_signal_that_raised_it(desk: Desk) -> None:
    lead_id = desk.lead(3)
    desk.wait(21 * DAY)
    assert desk.clock(lead_id, "signal_to_touch").stopped_by == "enrolled"
    for kind in HOT * 3:
        desk.send(kind, "jo@acme.com", **FACTS)
    desk.send("demo_request", "jo@acme.com", **FACTS)
    raised_at = desk.world.now()
    desk.leadfit.decide_pending()
    view = desk.view(lead_id)
    assert view.lead.tier == 1
    assert view.assignment is not None
    running = {each.clock.kind: each.clock for each in view.clocks if each.is_running}
    assert set(running) == {ClockKind.ASSIGNMENT_TO_TOUCH, ClockKind.SIGNAL_TO_TOUCH}
    assert running[ClockKind.SIGNAL_TO_TOUCH].started_at == raised_at
    assert running[ClockKind.SIGNAL_TO_TOUCH].due_at == raised_at + 20 * MINUTE


def test_tier_one_untouched_pages_the_manager_goes_to_overflow_and_is_reviewed(desk: Desk) -> None:
    lead_id = desk.lead(1)
    first = desk.view(lead_id).lead.owner_id
    desk.wait(15 * MINUTE)
    (page,) = [line for line in desk.done(lead_id) if line["kind"] == "page"]
    assert page["recipients"] == ["rep_max"]
    assert page["destination"] == "pager"
    assert desk.view(lead_id).lead.owner_id == first

    desk.wait(15 * MINUTE)
    view = desk.view(lead_id)
    assert view.lead.owner_id != first
    assert view.assignment is not None
    assert (view.assignment.number, view.assignment.place.rule) == (2, "overflow")
    assert desk.clock(lead_id, "1/assignment_to_touch").stopped_by == "reassigned"
    assert desk.clock(lead_id, "2/assignment_to_touch").is_running
    end_to_end = desk.clock(lead_id, "signal_to_touch")
    assert end_to_end.is_running
    assert end_to_end.clock.started_at == START
    (incident,) = desk.leadfit.incidents(START)
    assert (incident.lead_id, "no first touch" in incident.words) == (lead_id, True)
    names = desk.names(lead_id)
    assert {"2/task", "2/alert", "2/script", "1/breach-incident/incident"} <= set(names)
    assert len(names) == len(set(names))


def test_where_nobody_else_is_free_the_owner_keeps_the_lead_and_another_is_looked_for(
    tmp_path: Path,
) -> None:
    world = FrozenWorld(START)
    create_workspace(tmp_path / "workspace", world=world)
    reps = tmp_path / "workspace" / "policy" / "reps.csv"
    whole = reps.read_text("utf-8")
    alone = [
        line if line.startswith(("rep_id", "rep_ada")) else line.replace(",yes,", ",no,")
        for line in whole.splitlines()
    ]
    reps.write_text("\n".join(alone) + "\n", "utf-8")
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        desk = Desk(leadfit, world)
        lead_id = desk.lead(1)
        desk.wait(15 * MINUTE)
        desk.wait(15 * MINUTE)
        assert desk.view(lead_id).lead.owner_id == "rep_ada"
        clock = desk.clock(lead_id, "1/assignment_to_touch").clock
        assert clock.due_at == world.now() + MINUTE
        desk.wait(5 * MINUTE)
        assert len(desk.leadfit.incidents(START)) == 1
        assert desk.names(lead_id).count("1/breach-page/page") == 1
    reps.write_text(whole, "utf-8")
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        desk = Desk(leadfit, world)
        desk.wait(2 * MINUTE)
        assert desk.view(lead_id).lead.owner_id != "rep_ada"


def test_tier_two_has_a_task_and_three_mails_on_days_0_2_and_5_and_linkedin_by_a_profile(
    desk: Desk,
) -> None:
    plain, profiled = desk.lead(2), desk.lead(2, "ann@other.com", linkedin_url="in/ann")
    due_at = desk.clock(plain, "1/assignment_to_touch").clock.due_at
    assert due_at == desk.world.now() + 60 * MINUTE
    for lead_id in (plain, profiled):
        desk.leadfit.touch(lead_id, "rep_dan")
    for _ in range(6):
        desk.wait(DAY)
    mails = [line for line in desk.done(plain) if line["kind"] == "sequence"]
    assert [(at(line, "done_at") - START) / DAY for line in mails] == [0, 2, 5]
    task = next(line for line in desk.done(plain) if line["kind"] == "task")
    assert task["fields"]["priority"] == "normal"  # type: ignore[index]  # a line of JSON
    assert "tier-2/linkedin" in desk.names(profiled)
    assert "tier-2/linkedin" not in desk.names(plain)


def test_tier_two_untouched_goes_to_overflow_and_its_sequence_goes_on_under_the_new_owner(
    desk: Desk,
) -> None:
    lead_id = desk.lead(2)
    first = desk.view(lead_id).lead.owner_id
    desk.wait(60 * MINUTE)
    second = desk.view(lead_id).lead.owner_id
    assert second != first
    told = next(line for line in desk.done(lead_id) if "breach-reroute" in str(line["key"]))
    assert (told["recipients"], told["destination"]) == (["rep_max"], "chat")
    desk.leadfit.touch(lead_id, str(second))
    for _ in range(6):
        desk.wait(DAY)
    mails = [line for line in desk.done(lead_id) if line["kind"] == "sequence"]
    assert [line["recipients"] for line in mails] == [[first], [second], [second]]
    assert desk.names(lead_id).count("tier-2/sequence.1") == 1


def test_what_waited_for_the_first_owner_is_not_done_beside_that_of_the_second(
    desk: Desk,
) -> None:
    signal_id = desk.send("demo_request", "jo@acme.com", **FACTS)
    desk.leadfit.decide_pending()  # nothing is delivered: every destination is down
    lead_id = desk.leadfit.signal(signal_id).lead_id
    assert lead_id is not None
    desk.world.pass_time(3600)
    desk.leadfit.run_clocks()
    desk.run()
    names = desk.names(lead_id)
    assert "1/task" not in names
    assert names.count("2/task") == 1
    assert names.count("tier-2/sequence.1") == 1
    states = {each.action.key: each.state for each in desk.view(lead_id).actions}
    assert states[f"{lead_id}/1/task"] is ActionState.CANCELLED


def test_tier_three_is_enrolled_retargeted_and_checked_every_quarter_while_it_is_open(
    desk: Desk,
) -> None:
    lead_id = desk.lead(3)
    clock = desk.clock(lead_id, "1/assignment_to_touch")
    assert (clock.stopped_by, clock.clock.due_at) == ("enrolled", desk.world.now() + DAY)
    assert desk.view(lead_id).touched_at is None
    for _ in range(58):
        desk.wait(7 * DAY)
    weeks = {
        kind: [
            (at(line, "done_at") - START) / (7 * DAY)
            for line in desk.done(lead_id)
            if line["kind"] == kind
        ]
        for kind in ("nurture", "retarget", "recycle_check")
    }
    assert weeks["nurture"] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert weeks["retarget"] == [0]
    assert weeks["recycle_check"] == [13, 26, 39, 52]


def test_tier_three_without_enrolment_breaches_and_is_reviewed_twice_a_year(
    tmp_path: Path,
) -> None:
    world = FrozenWorld(START)
    create_workspace(tmp_path / "workspace", world=world)
    toml = tmp_path / "workspace" / "policy" / "policy.toml"
    toml.write_text(toml.read_text("utf-8").replace("counts_as_touch = true, ", ""), "utf-8")
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        desk = Desk(leadfit, world)
        lead_id = desk.lead(3)
        owner = desk.view(lead_id).lead.owner_id
        desk.wait(DAY)
        for _ in range(53):
            desk.wait(7 * DAY)
        assert desk.view(lead_id).lead.owner_id == owner
        reviews = [line for line in desk.done(lead_id) if "tier-review" in str(line["key"])]
        assert [round((at(line, "due_at") - START) / DAY) for line in reviews] == [183, 365]
        assert len([line for line in desk.done(lead_id) if line["kind"] == "nurture"]) == 8


def test_a_quarterly_recycle_check_raises_a_lead_that_earns_a_higher_tier_by_now(
    tmp_path: Path,
) -> None:
    world = FrozenWorld(START)
    create_workspace(tmp_path / "workspace", world=world)
    toml = tmp_path / "workspace" / "policy" / "policy.toml"
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        desk = Desk(leadfit, world)
        lead_id, touched_id = desk.lead(3), desk.lead(3, "ann@other.com")
        leadfit.touch(touched_id, "rep_hugo")
        desk.wait(60 * DAY)
        assert leadfit.recheck(lead_id) is False
        assert len(leadfit.why(lead_id)) == 1
    now_easier = toml.read_text("utf-8").replace("b_fit = 70", "b_fit = 0")
    toml.write_text(now_easier.replace("b_tier_two = 40", "b_tier_two = 0"), "utf-8")
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        plan, _ = write_plan(leadfit.plans.plan())
        leadfit.policies.apply(plan, by="ada", reason="easier gates")
        desk = Desk(leadfit, world)
        desk.wait(31 * DAY)
        view = desk.view(lead_id)
        assert view.lead.tier == 2
        assert view.assignment is not None
        assert (view.assignment.number, view.assignment.raised_from) == (2, 3)
        assert desk.clock(lead_id, "2/signal_to_touch").clock.started_at == world.now()
        assert "tier-2/sequence.1" in desk.names(lead_id)
        assert desk.names(lead_id).count("tier-3/recycle.1") == 1
        assert desk.view(touched_id).lead.tier == 2
        assert desk.view(touched_id).assignment == leadfit.lead(touched_id).assignment
        assert leadfit.replay().different == 0
        desk.wait(200 * DAY)
        assert "tier-3/recycle.2" not in desk.names(lead_id)


@pytest.mark.parametrize("end", ["rejected", "converted", "replied", "erased"])
def test_a_nurture_stops_when_the_lead_ends_or_replies(desk: Desk, end: str) -> None:
    lead_id = desk.lead(3)
    desk.wait(8 * DAY)
    if end == "rejected":
        desk.leadfit.reject_lead(lead_id, "rep_hugo", "no budget")
    elif end == "erased":
        desk.leadfit.persons.erase("jo@acme.com")
    else:
        desk.send("converted" if end == "converted" else "email_reply", "jo@acme.com")
        desk.leadfit.decide_pending()
    for _ in range(20):
        desk.wait(7 * DAY)
    kinds = [line["kind"] for line in desk.done(lead_id)]
    assert kinds.count("nurture") == 2
    assert kinds.count("recycle_check") == (1 if end == "replied" else 0)


def test_an_automatic_reply_stops_nothing(desk: Desk) -> None:
    lead_id = desk.lead(3)
    desk.send("email_reply", "jo@acme.com", auto_reply=True)
    desk.leadfit.decide_pending()
    desk.wait(8 * DAY)
    assert [line["kind"] for line in desk.done(lead_id)].count("nurture") == 2


def touched(desk: Desk, email: str, when: datetime, **facts: object) -> None:
    desk.sent += 1
    answer = desk.leadfit.accept(
        {
            "source": "crm",
            "event_id": f"touch-{desk.sent}",
            "kind": "touched",
            "at": when.isoformat(),
            "identifiers": {"email": email},
            "facts": facts,
        }
    )
    assert isinstance(answer, Receipt)
    desk.leadfit.decide_pending()


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"by": "hubspot-workflow"},
        {"by": "Outreach Sequence 4"},
        {"by": "rep_ada", "automatic": True},
        {"by": "rep_ada", "bulk": "yes"},
    ],
)
def test_what_no_person_did_stops_no_clock(desk: Desk, facts: dict[str, object]) -> None:
    lead_id = desk.lead(2)
    touched(desk, "jo@acme.com", desk.world.now(), **facts)
    view = desk.view(lead_id)
    assert view.touched_at is None
    assert desk.clock(lead_id, "1/assignment_to_touch").is_running


def test_a_program_cannot_say_by_hand_that_it_touched(desk: Desk) -> None:
    lead_id = desk.lead(2)
    with pytest.raises(BadInput, match=r"sla\.automatic"):
        desk.leadfit.touch(lead_id, "zapier-bot")


@pytest.mark.parametrize("by", ["rep_dan", "rep_ivy", "Mary Abbott"])
def test_a_touch_by_any_person_stops_both_clocks(desk: Desk, by: str) -> None:
    lead_id = desk.lead(2)
    desk.wait(MINUTE)
    touched(desk, "jo@acme.com", desk.world.now(), by=by)
    assert not [each for each in desk.view(lead_id).clocks if each.is_running]


def test_a_touch_told_of_late_counts_from_when_it_happened(desk: Desk) -> None:
    lead_id = desk.lead(1)
    desk.wait(15 * MINUTE)
    desk.wait(15 * MINUTE)  # reassigned by now
    touched(desk, "jo@acme.com", START + 5 * MINUTE, by="rep_ada")
    view = desk.view(lead_id)
    assert view.touched_at == START + 5 * MINUTE
    second = desk.clock(lead_id, "2/assignment_to_touch")
    assert (second.stopped_by, second.stopped_at) == ("touch", second.clock.started_at)
    assert desk.clock(lead_id, "signal_to_touch").stopped_at == START + 5 * MINUTE


def test_a_touch_from_before_the_signal_is_no_touch_of_the_lead(desk: Desk) -> None:
    lead_id = desk.lead(2)
    touched(desk, "jo@acme.com", START - 2 * DAY, by="rep_dan")
    assert desk.view(lead_id).touched_at is None
    assert desk.clock(lead_id, "1/assignment_to_touch").is_running


def test_a_touched_lead_is_told_of_to_nobody(desk: Desk) -> None:
    lead_id = desk.lead(1)
    first = desk.lead(1, "ann@other.com")
    desk.leadfit.touch(lead_id, "rep_ada")
    desk.wait(15 * MINUTE)
    assert [line["lead_id"] for line in desk.done() if line["kind"] == "page"] == [first]


def test_an_erased_person_is_told_of_to_nobody_and_no_clock_of_theirs_runs_on(desk: Desk) -> None:
    lead_id, other = desk.lead(1), desk.lead(1, "ann@other.com")
    desk.leadfit.persons.erase("jo@acme.com")
    desk.wait(30 * MINUTE)
    assert not [each for each in desk.view(lead_id).clocks if each.is_running]
    assert not desk.view(lead_id).lead.is_open
    assert [line["lead_id"] for line in desk.done() if line["kind"] == "page"] == [other]
    assert {each.lead_id for each in desk.leadfit.incidents(START)} <= {other}


def test_after_a_downtime_the_manager_has_one_page_that_names_every_lead(desk: Desk) -> None:
    leads = [desk.lead(1, f"jo@firm{number}.com") for number in range(12)]
    desk.wait(3 * DAY)
    pages = [line for line in desk.done() if line["kind"] == "page"]
    assert len(pages) == 1
    fields = pages[0]["fields"]
    assert isinstance(fields, dict)
    assert fields["breaches"] == 12
    assert sorted(str(fields["leads"]).split(", ")) == sorted(leads)
    for lead_id in leads:
        states = {each.action.key: each for each in desk.view(lead_id).actions}
        page = states[f"{lead_id}/1/breach-page/page"]
        assert page.state is ActionState.FOLDED
        assert str(pages[0]["key"]) in str(page.error)
        clock = desk.clock(lead_id, "1/assignment_to_touch")
        assert clock.breached_at is not None
        assert clock.late_by_s is not None


def test_pages_to_one_manager_are_five_minutes_apart_and_none_is_lost(desk: Desk) -> None:
    leads = []
    for number in range(4):
        leads.append(desk.lead(1, f"jo@firm{number}.com"))
        desk.wait(MINUTE)
    for _ in range(25):
        desk.wait(MINUTE)
    pages = [line for line in desk.done() if line["kind"] == "page"]
    assert [(at(line, "done_at") - START) / MINUTE for line in pages] == [15, 20]
    assert pages[0]["lead_id"] == leads[0]
    fields = pages[1]["fields"]
    assert isinstance(fields, dict)
    assert sorted(str(fields["leads"]).split(", ")) == sorted(leads[1:])


def test_the_week_after_tells_what_was_kept_missed_paged_and_kept_for_review(desk: Desk) -> None:
    kept = desk.lead(1)
    desk.wait(5 * MINUTE)
    owner = desk.view(kept).lead.owner_id
    assert owner is not None
    desk.leadfit.touch(kept, owner)
    missed = desk.lead(1, "ann@other.com")
    desk.lead(3, "bo@third.com")
    for _ in range(4):
        desk.wait(10 * MINUTE)
    so_far = desk.leadfit.sla_kpis(1).so_far
    desk.wait(7 * DAY)
    (week,) = desk.leadfit.sla_kpis(1).weeks
    tiers = {each.name: (each.kept, each.enrolled, each.missed) for each in week.tiers}
    assert tiers["Tier 3"] == (0, 1, 0)
    assert tiers["Tier 1"][0] == 1
    assert tiers["Tier 1"][2] >= 1
    assert week.whole.judged > so_far.whole.judged > 0
    assert week.pages == {"rep_max": 1}
    assert [lead_id for lead_id, _ in week.incidents][:1] == [missed]
    assert {"page", "reassign", "incident"} <= set(week.steps)
    from_owner = next(
        each
        for each in week.lengths
        if each.clock is ClockKind.ASSIGNMENT_TO_TOUCH and each.tier == 1
    )
    assert (from_owner.median, from_owner.count) == (5, 1)


def test_so_many_weeks_are_not_looked_at(desk: Desk) -> None:
    with pytest.raises(BadInput, match="1 to 104"):
        desk.leadfit.sla_kpis(105)


def test_every_decision_of_raises_breaches_handovers_and_replies_is_made_again_to_the_byte(
    desk: Desk,
) -> None:
    raised, rerouted = desk.lead(3), desk.lead(2, "ann@other.com")
    desk.lead(1, "bo@third.com", linkedin_url="in/bo")
    for kind in HOT * 3:
        desk.send(kind, "jo@acme.com", **FACTS)
    desk.send("demo_request", "jo@acme.com", **FACTS)
    desk.leadfit.decide_pending()
    for _ in range(8):
        desk.wait(10 * MINUTE)
    desk.send("email_reply", "ann@other.com")
    touched(desk, "jo@acme.com", desk.world.now(), by="rep_ivy")
    desk.leadfit.decide_pending()
    assert [desk.view(each).assignment is not None for each in (raised, rerouted)] == [True, True]
    made_again = desk.leadfit.replay()
    assert made_again.decisions >= 40
    assert (made_again.same, made_again.different) == (made_again.decisions, 0)


def test_why_tells_the_next_deadline_on_the_wall_of_the_owner(desk: Desk) -> None:
    lead_id = desk.lead(2)
    view = desk.view(lead_id)
    decisions, policy = desk.leadfit.why(lead_id), desk.leadfit.policy
    words = why_words(view, decisions, policy, desk.world.now(), whole=False)
    assert "next: first touch by Monday 02 March 2026" in words
    rep = desk.leadfit.policy.rep(view.lead.owner_id)
    assert rep is not None
    assert f"({rep.timezone})" in words
