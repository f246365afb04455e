"""One lead from a posted signal to an owner with running clocks, through the facade."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit import (
    BadInput,
    Conflict,
    Leadfit,
    NotFound,
    Receipt,
    Refusal,
    create_workspace,
    open_leadfit,
)
from leadfit.app import Settings
from leadfit.records import Kind, Tier
from leadfit.store.views import LeadView, SignalState
from leadfit.testing import FrozenWorld
from lived import START

# A Monday, 16:00 in Berlin and 10:00 in New York.
JO = "jo.hill@acme.com"
FACTS = {"employees": 800, "industry": "software", "country": "DE"}
HOT = ("pricing_view", "calculator", "intent_topic", "competitor_research", "comparison_view")


class Sender:
    """Posts signals with event ids of its own."""

    def __init__(self, leadfit: Leadfit) -> None:
        self._leadfit = leadfit
        self._sent = 0

    def body(
        self, kind: str, email: str = "jo.hill@acme.com", **facts: object
    ) -> dict[str, object]:
        self._sent += 1
        return {
            "source": "web-form",
            "event_id": f"event-{self._sent}",
            "kind": kind,
            "at": self._leadfit.world.now().isoformat(),
            "identifiers": {"email": email, "company": "Acme", "title": "VP Operations"},
            "facts": facts,
        }

    def send(self, kind: str, email: str = JO, **facts: object) -> Receipt:
        answer = self._leadfit.accept(self.body(kind, email, **facts))
        assert isinstance(answer, Receipt)
        return answer


@pytest.fixture
def sender(leadfit: Leadfit) -> Sender:
    return Sender(leadfit)


def only(leadfit: Leadfit) -> LeadView:
    (view,) = leadfit.leads()
    return view


def hot(leadfit: Leadfit, sender: Sender, email: str = JO) -> LeadView:
    """Let somebody show every intent and then ask for a demo: a Tier 1 lead."""
    for kind in HOT * 3:
        sender.send(kind, email)
    receipt = sender.send("demo_request", email, **FACTS)
    leadfit.decide_pending()
    lead_id = leadfit.signal(receipt.signal_id).lead_id
    assert lead_id is not None
    return leadfit.lead(lead_id)


def test_a_posted_signal_gets_an_owner_clocks_and_actions(leadfit: Leadfit, sender: Sender) -> None:
    view = hot(leadfit, sender)
    assert view.lead.tier is Tier.ONE
    assert view.assignment is not None
    assert view.assignment.owner_id == view.lead.owner_id
    running = {each.clock.kind.value for each in view.clocks if each.is_running}
    assert running == {"assignment_to_touch", "signal_to_touch"}
    kinds = {each.action.kind for each in view.actions}
    assert kinds >= {"task", "alert", "call_script", "pause_sequence"}
    assert view.account is not None
    assert view.account.name == "Acme"


def test_the_decision_says_why(leadfit: Leadfit, sender: Sender) -> None:
    view = hot(leadfit, sender)
    decision = leadfit.why(view.lead.lead_id)[0]
    assert decision.score is not None
    points = sum(each.points for each in decision.score.reasons if each.points is not None)
    assert points == pytest.approx(decision.score.total)
    assert decision.policy_digest == leadfit.status().policy_digest
    assert decision.opened
    assert decision.subject.facts["title"] == "VP Operations"
    assert any("VP Operations" in each.words for each in decision.score.reasons)


def test_the_same_event_again_changes_nothing(leadfit: Leadfit, sender: Sender) -> None:
    body = sender.body("demo_request")
    first = leadfit.accept(body)
    assert isinstance(first, Receipt)
    leadfit.decide_pending()
    again = leadfit.accept(dict(reversed(list(body.items()))))
    assert isinstance(again, Receipt)
    assert (again.signal_id, again.is_repeat) == (first.signal_id, True)
    assert again.lead_id == only(leadfit).lead.lead_id
    assert leadfit.decide_pending() == 0


def test_the_same_event_with_another_body_is_a_conflict(leadfit: Leadfit, sender: Sender) -> None:
    body = sender.body("demo_request")
    leadfit.accept(body)
    with pytest.raises(Conflict):
        leadfit.accept(body | {"kind": "form_fill"})
    answers = leadfit.accept_many([body | {"kind": "form_fill"}, sender.body("lead"), {}])
    assert [type(each) for each in answers] == [Conflict, Receipt, Refusal]


def test_two_forms_of_one_contact_make_one_lead(leadfit: Leadfit, sender: Sender) -> None:
    sender.send("demo_request")
    sender.send("form_fill")
    leadfit.decide_pending()
    actions = only(leadfit).actions
    sender.send("lead")
    leadfit.decide_pending()
    assert only(leadfit).actions == actions


def test_two_forms_at_once_make_one_lead(leadfit: Leadfit, sender: Sender) -> None:
    bodies = [sender.body("demo_request") for _ in range(8)]
    threads = [threading.Thread(target=leadfit.accept, args=(body,)) for body in bodies]
    threads += [threading.Thread(target=leadfit.decide_pending) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leadfit.decide_pending()
    assert len([each for each in only(leadfit).clocks if each.is_running]) == 2


@pytest.mark.parametrize("email", ["jo.hill@gmail.com", "info@acme.com"])
def test_a_repeat_by_a_weak_address_joins_its_own_lead(
    leadfit: Leadfit, sender: Sender, email: str
) -> None:
    sender.send("demo_request", "ann@acme.com")
    leadfit.decide_pending()
    sender.send("demo_request", email)
    leadfit.decide_pending()
    sender.send("form_fill", email)
    leadfit.decide_pending()
    assert len(leadfit.leads()) == 2


def test_a_second_contact_of_a_new_domain_finds_its_account(
    leadfit: Leadfit, sender: Sender
) -> None:
    sender.send("demo_request", "jo@newfirm.com")
    leadfit.decide_pending()
    sender.send("demo_request", "ann@newfirm.com")
    leadfit.decide_pending()
    later, first = leadfit.leads()
    assert later.lead.account_id == first.lead.account_id is not None
    assert later.lead.contact_id != first.lead.contact_id


def test_a_title_is_the_contacts_and_not_the_accounts(leadfit: Leadfit, sender: Sender) -> None:
    sender.send("demo_request", "jo@newfirm.com", job_title="Chief Pilot")
    leadfit.decide_pending()
    sender.send("demo_request", "ann@newfirm.com")
    leadfit.decide_pending()
    (decision,) = leadfit.why(leadfit.leads()[0].lead.lead_id)
    assert decision.subject.facts.get("title") == "VP Operations"
    assert "Chief Pilot" not in decision.subject.facts.values()


def test_a_report_on_a_closed_lead_is_kept_and_does_not_open_it(
    leadfit: Leadfit, sender: Sender
) -> None:
    lead_id = hot(leadfit, sender).lead.lead_id
    leadfit.reject_lead(lead_id, "rep_cara", "no budget")
    for kind in ("qualified", "page_view"):
        body = sender.body(kind) | {"identifiers": {"lead_id": lead_id}}
        leadfit.accept(body)
    leadfit.decide_pending()
    newest = leadfit.why(lead_id)[0]
    assert newest.score is None
    view = leadfit.lead(lead_id)
    assert not view.lead.is_open
    assert not any(each.is_running for each in view.clocks)


def test_page_views_leave_activity_and_open_no_lead(leadfit: Leadfit, sender: Sender) -> None:
    sender.send("pricing_view")
    leadfit.decide_pending()
    assert leadfit.leads() == ()
    sender.send("demo_request")
    leadfit.decide_pending()
    (decision,) = leadfit.why(only(leadfit).lead.lead_id)
    kinds = [each.kind for each in decision.subject.activities]
    assert kinds == [Kind.PRICING_VIEW, Kind.DEMO_REQUEST]


def test_an_untouched_lead_that_grows_hot_gets_the_faster_clock(
    leadfit: Leadfit, sender: Sender
) -> None:
    sender.send("form_fill", JO, **FACTS)
    leadfit.decide_pending()
    before = only(leadfit)
    assert before.lead.tier is Tier.THREE
    for kind in HOT * 3:
        sender.send(kind)
    leadfit.decide_pending()
    view = only(leadfit)
    assert view.lead.tier is not None
    assert view.lead.tier < Tier.THREE
    assert view.assignment is not None
    assert view.assignment.number > 1
    stopped = {each.clock.key: each.stopped_by for each in view.clocks}
    assert stopped[f"{view.lead.lead_id}/1/assignment_to_touch"] == "reassigned"
    before_it = {
        each.state.value
        for each in view.actions
        if each.action.assignment_id != view.assignment.assignment_id
    }
    assert before_it == {"cancelled"}


def test_a_touched_lead_keeps_its_owner_when_it_grows_hot(leadfit: Leadfit, sender: Sender) -> None:
    sender.send("form_fill", JO, **FACTS)
    leadfit.decide_pending()
    touched = leadfit.touch(only(leadfit).lead.lead_id, "rep_hugo")
    for kind in HOT * 3:
        sender.send(kind)
    leadfit.decide_pending()
    assert only(leadfit).assignment == touched.assignment


def test_a_touch_by_a_person_stops_the_clocks(
    leadfit: Leadfit, sender: Sender, world: FrozenWorld
) -> None:
    lead_id = hot(leadfit, sender).lead.lead_id
    world.pass_time(60)
    view = leadfit.touch(lead_id, "rep_cara")
    assert view.touched_at == world.now()
    assert not any(each.is_running for each in view.clocks)
    assert [each.kind for each in view.feedback] == [Kind.TOUCHED]


def test_a_touch_that_names_no_person_stops_no_clock(leadfit: Leadfit, sender: Sender) -> None:
    hot(leadfit, sender)
    sender.send("touched")
    leadfit.decide_pending()
    assert any(each.is_running for each in only(leadfit).clocks)
    sender.send("touched", by="rep_cara")
    leadfit.decide_pending()
    assert not any(each.is_running for each in only(leadfit).clocks)


def test_a_rejected_lead_is_closed_and_nothing_more_is_done(
    leadfit: Leadfit, sender: Sender
) -> None:
    lead_id = hot(leadfit, sender).lead.lead_id
    leadfit.accept_lead(lead_id, "rep_cara")
    view = leadfit.reject_lead(lead_id, "rep_cara", "no budget")
    assert not view.lead.is_open
    assert not any(each.is_running for each in view.clocks)
    assert {each.state.value for each in view.actions} == {"cancelled"}
    assert [each.reason for each in view.feedback] == [None, "no budget"]
    with pytest.raises(BadInput):
        leadfit.reject_lead(lead_id, "rep_cara", " ")
    with pytest.raises(NotFound):
        leadfit.touch("lead_no", "rep_cara")


def test_a_breach_pages_then_reassigns_then_keeps_an_incident(
    leadfit: Leadfit, sender: Sender, world: FrozenWorld
) -> None:
    first = hot(leadfit, sender)
    due_at = max(each.clock.due_at for each in first.clocks if each.clock.due_at)
    world.pass_time((due_at - world.now()).total_seconds() + 3600)
    assert leadfit.run_clocks() > 0
    paged = leadfit.lead(first.lead.lead_id)
    assert "page" in {each.action.kind for each in paged.actions}
    late = [each.late_by_s for each in paged.clocks if each.breached_at is not None]
    assert late
    assert min(each for each in late if each is not None) >= 3600
    world.pass_time(16 * 60)
    leadfit.run_clocks()
    moved = leadfit.lead(first.lead.lead_id)
    assert moved.lead.owner_id != first.lead.owner_id
    assert moved.assignment is not None
    assert moved.assignment.number == 2
    end_to_end = [each for each in moved.clocks if each.clock.kind.value == "signal_to_touch"]
    assert end_to_end[0].is_running
    assert len(leadfit.incidents(START)) == 1
    assert leadfit.run_clocks() == 0


def test_a_tier_one_lead_beyond_the_capacity_goes_to_another_rep(
    leadfit: Leadfit, sender: Sender
) -> None:
    slots = leadfit.policy.route.capacity.slots
    owners = [
        hot(leadfit, sender, f"jo@firm{number}.com").lead.owner_id for number in range(slots + 3)
    ]
    assert None not in owners
    assert max(owners.count(owner) for owner in owners) <= slots


def test_a_lead_with_nobody_free_is_seen_and_gets_an_owner_later(
    tmp_path: Path, world: FrozenWorld
) -> None:
    folder = create_workspace(tmp_path / "workspace", world=world)
    reps = folder / "policy" / "reps.csv"
    whole = reps.read_text("utf-8")
    reps.write_text(whole.replace(",yes,no", ",no,no").replace(",yes,yes", ",no,yes"), "utf-8")
    with open_leadfit(folder, world=world) as leadfit:
        Sender(leadfit).send("demo_request", JO, **FACTS)
        leadfit.decide_pending()
        view = only(leadfit)
        assert view.lead.owner_id is None
        assert view.reasons
        assert leadfit.status().counts.unassigned == 1
        world.pass_time(3600)
        leadfit.run_clocks()
        late = [each for each in only(leadfit).clocks if each.breached_at is not None]
        assert [each.clock.kind.value for each in late] == ["signal_to_assignment"]
    reps.write_text(whole, "utf-8")
    with open_leadfit(folder, world=world) as leadfit:
        world.pass_time(60)
        assert leadfit.run_clocks() == 1
        view = only(leadfit)
        assert view.lead.owner_id is not None
        assert view.assignment is not None
        assert view.assignment.signal_at == START
        assert "late-assignment" in " ".join(each.action.key for each in view.actions)


def test_equal_reps_get_equal_shares_over_restarts(tmp_path: Path, world: FrozenWorld) -> None:
    folder = create_workspace(tmp_path / "workspace", world=world)
    reps = folder / "policy" / "reps.csv"
    header = reps.read_text("utf-8").splitlines()[0]
    skills = "technical;solutions-engineer;proof;battle-card"
    lines = [f"rep_{one},{one},,,,{skills},,UTC,mon-sun 00:00-24:00,,,,yes,no" for one in "abc"]
    reps.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    (folder / "policy" / "territories.csv").write_text(
        (folder / "policy" / "territories.csv").read_text("utf-8").splitlines()[0] + "\n", "utf-8"
    )
    given: list[str | None] = []
    for session in range(5):
        with open_leadfit(folder, world=world) as leadfit:
            sender = Sender(leadfit)
            for number in range(4):
                body = sender.body("demo_request", f"jo@firm{session}-{number}.com")
                leadfit.accept(body | {"event_id": f"{session}-{number}"})
                leadfit.decide_pending()
                given.append(leadfit.leads(1)[0].lead.owner_id)
            for prefix in range(1, len(given) + 1):
                counts = [given[:prefix].count(f"rep_{name}") for name in "abc"]
                assert max(counts) - min(counts) <= 1


def test_a_signal_that_cannot_be_decided_stops_no_other(tmp_path: Path) -> None:
    def poison(failpoint: str, count: int) -> None:
        if (failpoint, count) == ("decide.matched", 2):
            raise ZeroDivisionError("jo.hill@acme.com")

    world = FrozenWorld(START, at_failpoint=poison)
    folder = create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(folder, world=world) as leadfit:
        sender = Sender(leadfit)
        receipts = [sender.send("demo_request", f"jo@firm{number}.com") for number in range(4)]
        assert leadfit.decide_pending() == 4
        views = [leadfit.signal(each.signal_id) for each in receipts]
        states = [each.status for each in views]
        assert states == [SignalState.DECIDED, SignalState.DEAD] + [SignalState.DECIDED] * 2
        assert views[1].reason == "ZeroDivisionError while it was decided"
        assert leadfit.decide_pending() == 0
        assert leadfit.status().counts.signals_dead == 1


def test_actions_are_carried_out_once_and_in_order(leadfit: Leadfit, sender: Sender) -> None:
    view = hot(leadfit, sender)
    due = [each.action.key for each in view.actions if each.action.due_at <= START]
    assert leadfit.deliver() == len(due)
    assert leadfit.deliver() == 0
    lines = (leadfit.folder / "outbox.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["key"] for line in lines] == due
    assert json.loads(lines[0])["kind"] == "pause_sequence"


def test_an_enrolment_is_the_touch_of_tier_three_alone(leadfit: Leadfit, sender: Sender) -> None:
    sender.send("form_fill", JO, **FACTS)
    leadfit.decide_pending()
    leadfit.deliver()
    view = only(leadfit)
    assert view.lead.tier is Tier.THREE
    assert {each.stopped_by for each in view.clocks} == {"assigned", "enrolled"}
    assert view.touched_at is None


def test_nothing_personal_is_in_the_log_or_in_decisions(leadfit: Leadfit, sender: Sender) -> None:
    view = hot(leadfit, sender)
    leadfit.reject_lead(view.lead.lead_id, "rep_cara", "knows Jo Hill")
    connection = sqlite3.connect(leadfit.folder / "leadfit.sqlite3")
    logged = b" ".join(row[0] for row in connection.execute("SELECT body FROM log"))
    connection.close()
    for personal in (b"jo.hill", b"VP Operations", b"Jo Hill"):
        assert personal not in logged
    assert leadfit.verify().intact


def test_an_api_key_is_shown_once_and_kept_as_a_hash(leadfit: Leadfit) -> None:
    key = leadfit.keys.create("ingest")
    assert leadfit.keys.scope(key) == "ingest"
    assert leadfit.keys.scope(key + "x") is None
    with pytest.raises(BadInput):
        leadfit.keys.create("root")
    whole = b"".join(path.read_bytes() for path in leadfit.folder.glob("leadfit.sqlite3*"))
    assert key.encode() not in whole


def test_leads_are_paged_and_filtered(leadfit: Leadfit, sender: Sender) -> None:
    for number in range(5):
        sender.send("demo_request", f"jo@firm{number}.com")
    leadfit.decide_pending()
    page = leadfit.leads(limit=2)
    rest = leadfit.leads(limit=9, after=page[-1].lead.lead_id)
    assert len({view.lead.lead_id for view in (*page, *rest)}) == 5
    assert all(view.lead.tier is Tier.THREE for view in leadfit.leads(tier=Tier.THREE))
    owner = page[0].lead.owner_id
    assert page[0].lead in [view.lead for view in leadfit.leads(owner_id=owner)]
    assert leadfit.leads(owner_id="nobody") == ()


def test_an_address_of_another_kind_is_refused_without_its_password(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    asked = Settings(database_url="mysql://me:hunter2@db/leads")
    assert "hunter2" not in repr(asked)
    with pytest.raises(BadInput, match="mysql") as caught:
        open_leadfit(leadfit.folder, world=world, settings=asked)
    assert "hunter2" not in str(caught.value)


def test_a_folder_with_something_in_it_is_not_made_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadInput):
        create_workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(BadInput, match="no workspace"):
        open_leadfit(tmp_path)


def test_the_threads_of_a_server_take_a_signal_all_the_way(tmp_path: Path) -> None:
    folder = create_workspace(tmp_path / "workspace")
    with open_leadfit(folder) as leadfit:
        leadfit.start()
        receipt = Sender(leadfit).send("demo_request", JO, **FACTS)
        for _ in range(500):
            decided = leadfit.signal(receipt.signal_id).status is SignalState.DECIDED
            if decided and leadfit.status().counts.actions.get("done"):
                break
            leadfit.world.wait(0.02)
        assert leadfit.status().counts.actions["done"] >= 1
        assert timedelta() <= leadfit.world.now() - only(leadfit).lead.created_at


def test_a_decision_is_the_same_when_it_is_made_again(tmp_path: Path) -> None:
    answers = []
    for name in ("one", "two"):
        world = FrozenWorld(START)
        folder = create_workspace(tmp_path / name, world=world)
        with open_leadfit(folder, world=world) as leadfit:
            view = hot(leadfit, Sender(leadfit))
            answers.append([replace(each) for each in leadfit.why(view.lead.lead_id)])
    assert answers[0] == answers[1]
