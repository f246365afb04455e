"""What a reviewer decides, and what follows: leads linked, records merged, and all of it undone."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit import (
    BadInput,
    Leadfit,
    LeadfitError,
    NotFound,
    NotPossible,
    Receipt,
    create_workspace,
    open_leadfit,
)
from leadfit.cli import run
from leadfit.exports import read_export
from leadfit.records import Account, Band, Contact, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Review, ReviewKind
from leadfit.store.views import LeadView
from leadfit.testing import FrozenWorld
from lived import START

HOUR = 3_600
HOT = ("pricing_view", "calculator", "intent_topic", "competitor_research", "comparison_view")
ACCOUNTS = """account_id,name,domain,country,owner_id,created_at
zyxel,Zyxel Robotics,zyxel.com,DE,rep_cara,2024-01-01
beta,Beta Tools,beta.com,DE,rep_ada,2024-01-01
beta-bank,Beta Tools Bank,beta.com,DE,rep_cara,2024-01-01
gamma,Gamma Foods,gamma.com,DE,rep_finn,2024-01-01
"""
CONTACTS = """contact_id,account_id,email,first_name,last_name,title,created_at
ann,gamma,ann@gamma.com,Ann,Reed,CFO,2024-02-01
ann-too,gamma,a.reed@gamma.com,Ann,Reed,,2024-03-01
"""
LEADS = "lead_id,created_at,account_id\nold,2025-01-01,zyxel\n"


def make(
    folder: Path, world: FrozenWorld, *, audit_share: str = "0.0", order: str = "source-order"
) -> Path:
    """Make a workspace with four accounts, where a lead at 0.80 and over waits for a review."""
    workspace = create_workspace(folder / "workspace", world=world)
    policy = workspace / "policy" / "policy.toml"
    text = policy.read_text("utf-8").replace("review = 0.90", "review = 0.80")
    text = text.replace('order = "source-order"', f'order = "{order}"')
    shares = f"[matching]\naudit_share = {audit_share}\nmissed_share = {audit_share}\n"
    policy.write_text(text.replace("[matching]\n", shares), "utf-8")
    export = folder / "export"
    export.mkdir()
    for name, rows in (("accounts", ACCOUNTS), ("contacts", CONTACTS), ("leads", LEADS)):
        (export / f"{name}.csv").write_text(rows, "utf-8")
    with open_leadfit(workspace, world=world) as leadfit:
        leadfit.import_history(read_export(export))
    return workspace


@pytest.fixture
def leadfit(tmp_path: Path, world: FrozenWorld) -> Iterator[Leadfit]:
    with open_leadfit(make(tmp_path, world), world=world) as opened:
        yield opened


def send(leadfit: Leadfit, kind: str = "demo_request", /, **identifiers: str) -> LeadView:
    """Send a signal, decide it and return its lead."""
    number = leadfit.status().counts.log_rows
    facts = {"employees": 800, "industry": "software", "country": "DE"}
    answer = leadfit.accept(
        {
            "source": "form",
            "event_id": f"event-{number}",
            "kind": kind,
            "at": leadfit.world.now().isoformat(),
            "identifiers": identifiers,
            "facts": facts,
        }
    )
    assert isinstance(answer, Receipt)
    leadfit.decide_pending()
    lead_id = leadfit.signal(answer.signal_id).lead_id
    assert lead_id is not None
    return leadfit.lead(lead_id)


def shared(leadfit: Leadfit) -> tuple[LeadView, Review]:
    """Let a lead come from a domain that two accounts share."""
    return asked(leadfit, send(leadfit, email="pat@beta.com", name="Pat Moss"))


def from_new_domain(leadfit: Leadfit) -> tuple[LeadView, Review]:
    """Let a lead come from a new domain under the name of an account on record."""
    company = {"email": "kim@zyxelrobots.de", "company": "Zyxel Robotics GmbH"}
    return asked(leadfit, send(leadfit, name="Kim Lund", **company))


def asked(leadfit: Leadfit, view: LeadView) -> tuple[LeadView, Review]:
    assert view.match is not None
    assert view.match.band is Band.REVIEW
    (review,) = leadfit.matching.of_lead(view.lead.lead_id)
    return view, review


def settle(leadfit: Leadfit, review: Review, relation: Relation) -> Review:
    return leadfit.matching.settle(review.review_id, relation, reviewer="rep_max")


def test_the_same_account_links_the_lead_and_its_contact(leadfit: Leadfit) -> None:
    view, review = shared(leadfit)
    assert (view.lead.account_id, review.kind) == (None, ReviewKind.LINK)
    settled = settle(leadfit, review, Relation.SAME)
    after = leadfit.lead(view.lead.lead_id)
    assert (settled.reviewer, settled.relation) == ("rep_max", Relation.SAME)
    assert after.lead.account_id == "beta"
    assert after.contact is not None
    assert after.contact.account_id == "beta"
    assert after.possible_account_id is None
    assert after.lead.owner_id is not None
    assert not leadfit.matching.reviews()


@pytest.mark.parametrize("relation", [Relation.RELATED, Relation.DIFFERENT])
def test_a_relative_or_a_stranger_is_never_linked_or_merged(
    leadfit: Leadfit, relation: Relation
) -> None:
    for view, review in (shared(leadfit), from_new_domain(leadfit)):
        settle(leadfit, review, relation)
        after = leadfit.lead(view.lead.lead_id)
        assert after.lead.account_id == view.lead.account_id
        assert after.lead.owner_id is not None
        assert after.possible_account_id is None
        assert not leadfit.matching.merges(review.right_id)


@pytest.mark.parametrize("relation", list(Relation))
def test_a_lead_nobody_can_have_in_doubt_gets_an_owner_by_any_answer(
    tmp_path: Path, world: FrozenWorld, relation: Relation
) -> None:
    with open_leadfit(make(tmp_path, world, order="owner-first"), world=world) as leadfit:
        view, review = shared(leadfit)
        assert view.lead.owner_id is None
        assert leadfit.matching.sides(review.review_id).waits
        assert any(each.action.kind == "alert" for each in view.actions)
        settle(leadfit, review, relation)
        after = leadfit.lead(view.lead.lead_id)
        assert (after.lead.owner_id == "rep_ada") is (relation is Relation.SAME)
        assert after.lead.owner_id is not None
        assert any(each.is_running for each in after.clocks)


def test_an_account_made_for_the_lead_is_merged_and_unmerge_brings_it_back(
    leadfit: Leadfit,
) -> None:
    view, review = from_new_domain(leadfit)
    own = view.lead.account_id
    assert own is not None
    assert view.account is not None
    settle(leadfit, review, Relation.SAME)
    merged = leadfit.lead(view.lead.lead_id)
    assert merged.account is not None
    assert merged.account.account_id == "zyxel"
    assert set(merged.account.domains) == {"zyxel.com", "zyxelrobots.de"}
    (made,) = leadfit.matching.merges(own)
    assert (made.review_id, made.by) == (review.review_id, "rep_max")
    assert made.provenance["domains.zyxelrobots.de"] == own
    later = send(leadfit, email="lee@zyxelrobots.de")
    assert later.account is not None
    assert later.account.account_id == "zyxel"
    leadfit.matching.unmerge(own, by="rep_max", reason="two firms of one name")
    after = leadfit.lead(view.lead.lead_id)
    assert (after.account, after.lead) == (view.account, view.lead)
    assert leadfit.matching.record(RecordKind.ACCOUNT, "zyxel") == zyxel()
    (undone,) = leadfit.matching.merges(own)
    assert undone.undone_reason == "two firms of one name"


def test_an_account_that_was_there_before_is_not_merged_by_an_answer_about_a_lead(
    leadfit: Leadfit,
) -> None:
    view, review = from_new_domain(leadfit)
    own = view.lead.account_id
    assert own is not None
    leadfit.matching.merge("gamma", own, by="rep_max", reason="a person said so before")
    settle(leadfit, review, Relation.SAME)
    assert leadfit.lead(view.lead.lead_id).lead.account_id == "zyxel"
    assert not leadfit.matching.merges("zyxel")
    assert [each.absorbed_id for each in leadfit.matching.merges("gamma")] == [own]


def zyxel() -> Account:
    return Account(
        account_id="zyxel",
        name="Zyxel Robotics",
        domains=("zyxel.com",),
        owner_id="rep_cara",
        country="DE",
        facts={"country": "DE"},
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )


def test_an_audit_that_finds_a_stranger_takes_the_link_back(
    tmp_path: Path, world: FrozenWorld
) -> None:
    with open_leadfit(make(tmp_path, world, audit_share="1.0"), world=world) as leadfit:
        new = send(leadfit, email="eve@gamma.com", name="Eve Hart")
        known = send(leadfit, email="ann@gamma.com")
        for view in (new, known):
            assert view.lead.account_id == "gamma"
            (review,) = leadfit.matching.of_lead(view.lead.lead_id)
            assert review.kind is ReviewKind.AUDIT
            settle(leadfit, review, Relation.DIFFERENT)
            after = leadfit.lead(view.lead.lead_id)
            assert after.lead.account_id is None
            assert after.lead.owner_id == view.lead.owner_id
        assert contact_of(leadfit, new).account_id is None, "the lead brought this contact"
        assert contact_of(leadfit, known).account_id == "gamma", "it was there before the lead"


def test_an_audit_that_finds_it_right_changes_nothing(tmp_path: Path, world: FrozenWorld) -> None:
    with open_leadfit(make(tmp_path, world, audit_share="1.0"), world=world) as leadfit:
        view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
        (review,) = leadfit.matching.of_lead(view.lead.lead_id)
        settle(leadfit, review, Relation.SAME)
        assert leadfit.lead(view.lead.lead_id) == view


def test_a_link_by_a_mistaken_answer_is_taken_back_and_both_answers_are_kept(
    leadfit: Leadfit,
) -> None:
    view, review = shared(leadfit)
    settle(leadfit, review, Relation.SAME)
    owner = leadfit.lead(view.lead.lead_id).lead.owner_id
    said = leadfit.matching.unlink(view.lead.lead_id, by="rep_ada", reason="it was the bank")
    after = leadfit.lead(view.lead.lead_id)
    assert (after.account, after.lead.owner_id) == (None, owner)
    assert contact_of(leadfit, view).account_id is None
    assert (said.kind, said.relation, said.right_id) == (
        ReviewKind.STATED,
        Relation.DIFFERENT,
        "beta",
    )
    told = [(e.reviewer, e.relation) for e in leadfit.matching.of_lead(view.lead.lead_id)]
    assert told == [("rep_max", Relation.SAME), ("rep_ada", Relation.DIFFERENT)]
    assert not leadfit.matching.reviews(), "nobody is asked again"


def test_a_link_made_at_once_is_taken_back_and_the_person_is_not_linked_there_again(
    leadfit: Leadfit,
) -> None:
    view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
    leadfit.matching.unlink(view.lead.lead_id, by="rep_ada", relation=Relation.RELATED)
    again = send(leadfit, "page_view", email="eve@gamma.com")
    assert (again.lead.lead_id, again.account) == (view.lead.lead_id, None)
    colleague = send(leadfit, email="new@gamma.com")
    assert colleague.lead.account_id == "gamma"


def test_a_contact_that_was_there_before_the_lead_stays_in_its_account(leadfit: Leadfit) -> None:
    view = send(leadfit, email="ann@gamma.com")
    leadfit.matching.unlink(view.lead.lead_id, by="rep_ada")
    assert leadfit.lead(view.lead.lead_id).account is None
    assert contact_of(leadfit, view).account_id == "gamma"


def test_a_lead_is_put_into_another_account_and_holds_there(leadfit: Leadfit) -> None:
    view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
    leadfit.matching.link(view.lead.lead_id, "zyxel", by="rep_ada", reason="moved")
    after = leadfit.lead(view.lead.lead_id)
    assert (after.lead.account_id, contact_of(leadfit, view).account_id) == ("zyxel", "zyxel")
    told = [(e.right_id, e.relation) for e in leadfit.matching.of_lead(view.lead.lead_id)]
    assert sorted(told) == [("gamma", Relation.DIFFERENT), ("zyxel", Relation.SAME)]


def test_a_person_answers_with_another_account_than_the_one_that_is_asked_about(
    tmp_path: Path, world: FrozenWorld
) -> None:
    with open_leadfit(make(tmp_path, world, order="owner-first"), world=world) as leadfit:
        view, review = shared(leadfit)
        assert (view.lead.owner_id, review.right_id) == (None, "beta")
        leadfit.matching.link(view.lead.lead_id, "beta-bank", by="rep_ada")
        after = leadfit.lead(view.lead.lead_id)
        assert (after.lead.account_id, after.lead.owner_id) == ("beta-bank", "rep_cara")
        assert not leadfit.matching.reviews()
        assert leadfit.matching.review(review.review_id).relation is Relation.DIFFERENT


def test_linking_as_asked_answers_the_question(leadfit: Leadfit) -> None:
    view, review = from_new_domain(leadfit)
    own = view.lead.account_id
    said = leadfit.matching.link(view.lead.lead_id, "zyxel", by="rep_ada")
    assert (said.review_id, said.relation) == (review.review_id, Relation.SAME)
    assert own is not None
    assert [each.survivor_id for each in leadfit.matching.merges(own)] == ["zyxel"]
    with pytest.raises(NotPossible, match="take the merge back"):
        leadfit.matching.unlink(view.lead.lead_id, by="rep_ada")


def test_taking_a_link_back_answers_the_audit_of_it(tmp_path: Path, world: FrozenWorld) -> None:
    with open_leadfit(make(tmp_path, world, audit_share="1.0"), world=world) as leadfit:
        view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
        (review,) = leadfit.matching.of_lead(view.lead.lead_id)
        said = leadfit.matching.unlink(view.lead.lead_id, by="rep_ada")
        assert (said.review_id, said.kind) == (review.review_id, ReviewKind.AUDIT)
        assert leadfit.lead(view.lead.lead_id).account is None


def test_what_cannot_be_linked_or_taken_back_is_refused(leadfit: Leadfit) -> None:
    own = send(leadfit, email="kim@newcomer.io", company="Newcomer")
    alone = send(leadfit, email="kim@gmail.com")
    linked = send(leadfit, email="eve@gamma.com")
    matching = leadfit.matching
    for lead_id in (own.lead.lead_id, alone.lead.lead_id):
        with pytest.raises(NotPossible):
            matching.unlink(lead_id, by="rep_ada")
    with pytest.raises(NotPossible):
        matching.unlink(linked.lead.lead_id, by="rep_ada", relation=Relation.SAME)
    with pytest.raises(NotPossible, match="it is in account gamma"):
        matching.link(linked.lead.lead_id, "gamma", by="rep_ada")
    for lead_id, account_id in (("lead_none", "gamma"), (linked.lead.lead_id, "none")):
        with pytest.raises(NotFound):
            matching.link(lead_id, account_id, by="rep_ada")
    with pytest.raises(NotFound):
        matching.unlink("lead_none", by="rep_ada")
    with pytest.raises(BadInput):
        matching.unlink(linked.lead.lead_id, by=" ")


def contact_of(leadfit: Leadfit, view: LeadView) -> Contact:
    assert view.lead.contact_id is not None
    found = leadfit.matching.record(RecordKind.CONTACT, view.lead.contact_id)
    assert isinstance(found, Contact)
    return found


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run calls in threads that begin together; return what each gave or raised."""
    begin = threading.Barrier(len(calls))
    answers: list[object] = []

    def run(call: Callable[[], object]) -> None:
        begin.wait()
        try:
            answers.append(call())
        except LeadfitError as error:
            answers.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_two_decisions_at_once_one_wins(leadfit: Leadfit) -> None:
    view, review = shared(leadfit)
    answers = at_once(*(lambda it=each: settle(leadfit, review, it) for each in list(Relation) * 2))
    won = [each for each in answers if isinstance(each, Review)]
    lost = [each for each in answers if isinstance(each, NotPossible)]
    assert (len(won), len(lost)) == (1, 5)
    linked = won[0].relation is Relation.SAME
    assert leadfit.lead(view.lead.lead_id).lead.account_id == ("beta" if linked else None)


def test_of_two_merges_at_once_one_wins(leadfit: Leadfit) -> None:
    answers = at_once(
        lambda: leadfit.matching.merge("beta", "beta-bank", by="rep_max"),
        lambda: leadfit.matching.merge("beta-bank", "beta", by="rep_max"),
    )
    assert len([each for each in answers if isinstance(each, NotPossible)]) == 1
    assert len(leadfit.matching.merges("beta")) == 1


def test_two_forms_of_one_person_at_once_make_one_contact_one_lead_and_one_set_of_actions(
    leadfit: Leadfit,
) -> None:
    bodies = [
        {
            "source": source,
            "event_id": "1",
            "kind": "form_fill",
            "at": START.isoformat(),
            "identifiers": {"email": "Kai.Moor@delta.com", "name": "Kai Moor"},
            "facts": {"country": "DE"},
        }
        for source in ("web-form", "webinar")
    ]
    leadfit.start()
    at_once(*(lambda it=body: leadfit.accept(it) for body in bodies))
    leadfit.decide_pending()
    views = [each for each in leadfit.leads() if each.lead.lead_id != "old"]
    assert len(views) == 1
    assert len(leadfit.why(views[0].lead.lead_id)) == 2
    owners = {each.action.assignment_id for each in views[0].actions}
    assert owners == {None if (one := views[0].assignment) is None else one.assignment_id}
    assert views[0].lead.owner_id is not None
    assert leadfit.status().counts.contacts == 3


def two_leads(leadfit: Leadfit, world: FrozenWorld) -> tuple[LeadView, LeadView]:
    """Let two records of one person have a lead each; the second one is younger."""
    older = send(leadfit, email="ann@gamma.com")
    world.pass_time(60)
    younger = send(leadfit, email="a.reed@gamma.com")
    assert older.lead.lead_id != younger.lead.lead_id
    return older, younger


@pytest.mark.parametrize("pair", [("ann", "ann-too"), ("ann-too", "ann")])
def test_of_two_merged_contacts_the_older_lead_goes_on_and_unmerge_brings_back_the_other(
    leadfit: Leadfit, world: FrozenWorld, pair: tuple[str, str]
) -> None:
    older, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge(*pair, by="rep_max", kind=RecordKind.CONTACT)
    assert made.closed_lead_id == younger.lead.lead_id
    assert leadfit.lead(older.lead.lead_id).lead.is_open
    stopped = leadfit.lead(younger.lead.lead_id)
    assert not stopped.lead.is_open
    assert not any(each.is_running for each in stopped.clocks)
    assert {each.state.value for each in stopped.actions} == {"cancelled"}
    again = send(leadfit, "form_fill", email="a.reed@gamma.com")
    assert again.lead.lead_id == older.lead.lead_id
    world.pass_time(5)
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    assert leadfit.lead(younger.lead.lead_id) == younger


def test_what_was_done_meanwhile_is_not_undone(leadfit: Leadfit, world: FrozenWorld) -> None:
    older, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
    leadfit.reject_lead(older.lead.lead_id, "rep_max", "no budget")
    world.pass_time(60)
    newer = send(leadfit, email="a.reed@gamma.com")
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    assert newer.lead.contact_id == "ann"
    assert leadfit.lead(newer.lead.lead_id).lead.is_open
    assert not leadfit.lead(older.lead.lead_id).lead.is_open
    assert leadfit.lead(younger.lead.lead_id).lead.is_open


def test_a_lead_that_gave_way_and_was_turned_down_stays_closed_when_the_merge_is_taken_back(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    older, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
    leadfit.reject_lead(younger.lead.lead_id, "rep_max", "no budget")
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    assert not leadfit.lead(younger.lead.lead_id).lead.is_open
    assert not any(each.is_running for each in leadfit.lead(younger.lead.lead_id).clocks)
    assert leadfit.lead(older.lead.lead_id).lead.is_open


def test_a_lead_that_gave_way_and_was_touched_meanwhile_waits_for_no_first_touch(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    _, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
    leadfit.touch(younger.lead.lead_id, "rep_max")
    world.pass_time(60)
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    after = leadfit.lead(younger.lead.lead_id)
    assert after.lead.is_open
    assert after.touched_at is not None
    assert not any(each.is_running and "touch" in each.clock.kind.value for each in after.clocks)


def test_a_merge_is_shown_before_it_is_made_and_nothing_is_written(leadfit: Leadfit) -> None:
    rows = leadfit.status().counts.log_rows
    shown = leadfit.matching.preview("ann", "ann-too", kind=RecordKind.CONTACT)
    assert isinstance(shown.record, Contact)
    assert (shown.record.title, shown.provenance["title"]) == ("CFO", "ann")
    other = leadfit.matching.preview("ann-too", "ann", kind=RecordKind.CONTACT)
    assert isinstance(other.record, Contact)
    assert (other.record.email, other.provenance["title"]) == ("a.reed@gamma.com", "ann")
    assert leadfit.status().counts.log_rows == rows
    made = leadfit.matching.merge("ann-too", "ann", by="rep_max", kind=RecordKind.CONTACT)
    assert made.provenance == other.provenance
    assert leadfit.matching.record(RecordKind.CONTACT, "ann") == other.record


def test_a_later_merge_changes_no_value_there_is(leadfit: Leadfit) -> None:
    for absorbed in ("zyxel", "gamma", "beta-bank"):
        before = leadfit.matching.record(RecordKind.ACCOUNT, "beta")
        leadfit.matching.merge("beta", absorbed, by="rep_max")
        after = leadfit.matching.record(RecordKind.ACCOUNT, "beta")
        assert isinstance(before, Account)
        assert isinstance(after, Account)
        assert after.facts.items() >= before.facts.items()
        assert after.domains[: len(before.domains)] == before.domains


def test_merges_hold_after_a_restart(tmp_path: Path, world: FrozenWorld) -> None:
    workspace = make(tmp_path, world)
    with open_leadfit(workspace, world=world) as leadfit:
        two_leads(leadfit, world)
        made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
        both = leadfit.matching.record(RecordKind.CONTACT, "ann-too")
    with open_leadfit(workspace, world=world) as leadfit:
        assert leadfit.matching.record(RecordKind.CONTACT, "ann-too") == both
        assert leadfit.matching.merges("ann") == (made,)
        leadfit.matching.unmerge("ann-too", by="rep_max")
        assert leadfit.verify().intact


@pytest.mark.parametrize(
    ("survivor", "absorbed", "error"),
    [("beta", "beta", NotPossible), ("beta", "none", NotFound), ("none", "beta", NotFound)],
)
def test_what_cannot_be_merged_is_refused(
    leadfit: Leadfit, survivor: str, absorbed: str, error: type[LeadfitError]
) -> None:
    for call in (leadfit.matching.preview, merging(leadfit)):
        with pytest.raises(error):
            call(survivor, absorbed)
    assert not leadfit.matching.merges("beta")


def merging(leadfit: Leadfit) -> Callable[[str, str], object]:
    return lambda survivor, absorbed: leadfit.matching.merge(survivor, absorbed, by="rep_max")


@pytest.mark.parametrize("name", ["a\x00b", "\u202eeve", "\ud800", "x" * 501, "two\nlines"])
def test_who_decides_is_words_that_can_be_seen(leadfit: Leadfit, name: str) -> None:
    view, review = shared(leadfit)
    said: tuple[Callable[[], object], ...] = (
        lambda: leadfit.matching.settle(review.review_id, Relation.SAME, reviewer=name),
        lambda: leadfit.matching.merge("zyxel", "beta", by=name),
        lambda: leadfit.matching.merge("zyxel", "beta", by="rep_max", reason=f"{name}\x07"),
        lambda: leadfit.matching.unmerge("zyxel", by=name),
        lambda: leadfit.touch(view.lead.lead_id, name),
        lambda: leadfit.reject_lead(view.lead.lead_id, name, "no budget"),
    )
    for each in said:
        with pytest.raises(BadInput, match="that can be seen"):
            each()
    assert leadfit.matching.review(review.review_id).is_open
    assert not leadfit.matching.merges("zyxel")
    leadfit.matching.merge("zyxel", "beta", by="rep_max", reason="first line\r\nsecond line")


def test_a_rep_nobody_knows_sees_no_empty_queue(leadfit: Leadfit) -> None:
    with pytest.raises(NotFound, match="rep"):
        leadfit.matching.queue(viewer="nobody")


def test_an_argument_that_is_no_text_is_bad_input(
    leadfit: Leadfit, capsys: pytest.CaptureFixture[str]
) -> None:
    _, review = shared(leadfit)
    leadfit.close()
    place = ["--workspace", str(leadfit.folder)]
    for given in (
        ["review", "\udcff"],
        ["review", review.review_id, "--same", "--by", "\udcff"],
        ["merge", "zyxel", "\udcff", "--by", "rep_max"],
        ["merges", "\udcff"],
    ):
        assert run([*given, *place]) == 2, given
        assert "error inside" not in capsys.readouterr().err


def test_a_merge_is_taken_back_once(leadfit: Leadfit) -> None:
    made = leadfit.matching.merge("beta", "beta-bank", by="rep_max")
    with pytest.raises(NotPossible):
        leadfit.matching.merge("gamma", "beta-bank", by="rep_max")
    with pytest.raises(BadInput):
        leadfit.matching.unmerge("beta", by=" ")
    leadfit.matching.unmerge("beta", by="rep_max")
    with pytest.raises(NotPossible):
        leadfit.matching.unmerge(made.merge_id, by="rep_max")
    with pytest.raises(NotFound):
        leadfit.matching.unmerge("beta", by="rep_max")


class Broken(Exception):  # noqa: N818 -- it stands for a process that ended here
    """The process ended at a failpoint."""


def tables(workspace: Path) -> Mapping[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    store = sqlite3.connect(workspace / "leadfit.sqlite3")
    names = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {name: store.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}
    store.close()
    return found


@pytest.mark.parametrize("point", ["merge.made", "review.settled", "store.before_commit"])
def test_a_decision_that_breaks_off_leaves_nothing_half_done(tmp_path: Path, point: str) -> None:
    armed: list[str] = []

    def end(failpoint: str, _reached: int) -> None:
        if failpoint in armed:
            raise Broken

    world = FrozenWorld(START, at_failpoint=end)
    workspace = make(tmp_path, world)
    with open_leadfit(workspace, world=world) as leadfit:
        view, review = from_new_domain(leadfit)
        before = tables(workspace)
        armed.append(point)
        with pytest.raises(Broken):
            settle(leadfit, review, Relation.SAME)
        assert tables(workspace) == before
        armed.clear()
        assert settle(leadfit, review, Relation.SAME).relation is Relation.SAME
        merged = leadfit.lead(view.lead.lead_id).account
        assert merged is not None
        assert merged.account_id == "zyxel"
        armed.append("merge.undone" if point == "merge.made" else point)
        before = tables(workspace)
        if point != "review.settled":
            with pytest.raises(Broken):
                leadfit.matching.unmerge("zyxel", by="rep_max")
            assert tables(workspace) == before


def duplicates(leadfit: Leadfit, world: FrozenWorld, left: str, right: str) -> Review:
    """Ask whether two accounts are one."""
    review = Review(
        review_id=f"review_{left}_{right}",
        kind=ReviewKind.DUPLICATE,
        record_kind=RecordKind.ACCOUNT,
        left_id=left,
        right_id=right,
        probability=0.91,
        opened_at=world.now(),
    )
    store = leadfit._store
    store.write(lambda session: session.reviews.open(review))
    return review


def test_a_rep_learns_of_a_hidden_duplicate_only_that_there_is_one_and_whom_to_ask(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    review = duplicates(leadfit, world, "zyxel", "gamma")
    for shown in (
        leadfit.matching.sides(review.review_id, viewer="rep_ada"),
        *leadfit.matching.queue(viewer="rep_ada"),
    ):
        assert shown.left.record_id == "zyxel"
        assert shown.right.is_hidden
        assert (shown.review.probability, shown.right.ask) == (0.91, ("rep_max",))
        assert (shown.rows, shown.answers, shown.review.evidence) == ((), {}, ())
        told = repr(shown).replace(review.review_id, "")
        assert not [word for word in ("Gamma", "gamma", "rep_finn") if word in told]


@pytest.mark.parametrize("viewer", [None, "rep_max"])
def test_reviewers_and_the_boss_of_both_see_everything(
    leadfit: Leadfit, world: FrozenWorld, viewer: str | None
) -> None:
    review = duplicates(leadfit, world, "zyxel", "gamma")
    shown = leadfit.matching.sides(review.review_id, viewer=viewer)
    assert (shown.left.title, shown.right.title) == ("Zyxel Robotics", "Gamma Foods")
    assert shown.rows
    assert set(shown.answers) == set(Relation)


def test_who_may_see_neither_record_learns_nothing(leadfit: Leadfit, world: FrozenWorld) -> None:
    review = duplicates(leadfit, world, "zyxel", "gamma")
    assert not leadfit.matching.queue(viewer="rep_hugo")
    with pytest.raises(NotFound):
        leadfit.matching.sides(review.review_id, viewer="rep_hugo")
    with pytest.raises(NotFound):
        leadfit.matching.sides(review.review_id, viewer="nobody")


def test_a_contact_whose_lead_another_team_works_is_hidden_though_its_account_is_nobodys(
    leadfit: Leadfit,
) -> None:
    same = {"name": "Kim Lund", "company": "Newcomer"}
    first = send(leadfit, email="kim.lund@newcomer.com", phone="+493012345678", **same)
    send(leadfit, email="k.lund@newcomer.com", phone="+493098765432", **same)
    (review,) = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
    owner_id = first.lead.owner_id
    assert owner_id is not None
    owner = leadfit.policy.rep(owner_id)
    assert owner is not None
    assert owner.team != "marketing"
    assert leadfit.matching.sides(review.review_id, viewer=owner_id).rows
    assert not leadfit.matching.queue(viewer="rep_hugo")
    with pytest.raises(NotFound):
        leadfit.matching.sides(review.review_id, viewer="rep_hugo")


def test_a_page_for_a_rep_is_full_although_reviews_are_hidden(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    for other in ("zyxel", "beta", "beta-bank"):
        world.pass_time(1)
        duplicates(leadfit, world, other, "gamma")
    store = sqlite3.connect(leadfit.folder / "leadfit.sqlite3")
    store.execute("UPDATE accounts SET owner_id = 'rep_gia' WHERE account_id = 'zyxel'")
    store.commit()
    store.close()
    seen = [each.left.record_id for each in leadfit.matching.queue(2, viewer="rep_cara")]
    assert seen == ["beta", "beta-bank"]


def test_one_person_under_two_addresses_has_one_owner_while_a_reviewer_is_asked(
    leadfit: Leadfit,
) -> None:
    first = send(leadfit, email="robert.marsh@zyxel.com", name="Robert Marsh")
    others = [send(leadfit, email=f"p{n}@zyxel.com", name=f"Pat Number{n}") for n in range(3)]
    second = send(leadfit, email="bob@zyxel.com", name="Bob Marsh")
    assert second.lead.lead_id != first.lead.lead_id, "nothing is merged before the answer"
    assert second.lead.owner_id == first.lead.owner_id
    assert {each.lead.owner_id for each in others} - {first.lead.owner_id}, "others take turns"
    (review,) = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
    settle(leadfit, review, Relation.SAME)
    running = [leadfit.lead(each.lead.lead_id).lead.is_open for each in (first, second)]
    assert running == [True, False], "one person, one lead"


def test_no_lead_from_free_mail_is_in_the_queue_for_longer_than_a_review_may_take(
    tmp_path: Path, world: FrozenWorld
) -> None:
    with open_leadfit(make(tmp_path, world, order="owner-first"), world=world) as leadfit:
        free = [
            send(leadfit, email="pat@gmail.com", company="Beta Tools", name="Pat Moss"),
            send(leadfit, email="kim@gmail.com", domain="beta.com"),
            send(leadfit, email="lee@gmail.com", account_id="zyxel", contact_id="ann"),
            send(leadfit, email="sam@yahoo.com"),
        ]
        business = send(leadfit, email="info@gamma.com")
        waiting = {each.lead_id: each for each in leadfit.matching.reviews()}
        assert {free[1].lead.lead_id, free[2].lead.lead_id, business.lead.lead_id} == set(waiting)
        for _ in range(25):
            world.pass_time(HOUR)
            leadfit.run_clocks()
            leadfit.watch_matching()
            old = [
                each
                for each in leadfit.matching.reviews()
                if each.lead_id in {view.lead.lead_id for view in free}
                and leadfit.world.now() - each.opened_at > timedelta(hours=24)
            ]
            assert not old
        (left,) = leadfit.matching.reviews()
        assert left.lead_id == business.lead.lead_id, (
            "a business mailbox still waits, and is told of"
        )
        for view in free:
            after = leadfit.lead(view.lead.lead_id)
            assert after.lead.owner_id is not None
            assert after.lead.account_id is None
        ended = leadfit.matching.review(waiting[free[1].lead.lead_id].review_id)
        assert (ended.relation, ended.reviewer, ended.is_open) == (None, None, False)
        with pytest.raises(NotPossible):
            settle(leadfit, ended, Relation.SAME)


def test_the_log_of_reviews_and_merges_holds_nothing_personal(
    tmp_path: Path, world: FrozenWorld
) -> None:
    workspace = make(tmp_path, world)
    with open_leadfit(workspace, world=world) as leadfit:
        _, review = from_new_domain(leadfit)
        leadfit.matching.settle(
            review.review_id, Relation.SAME, reviewer="kim@ourselves.com", reason="Kim Lund said so"
        )
        leadfit.matching.unmerge("zyxel", by="kim@ourselves.com", reason="Kim Lund was wrong")
        gamma = send(leadfit, email="eve@gamma.com")
        leadfit.matching.unlink(gamma.lead.lead_id, by="kim@ourselves.com", reason="Kim was wrong")
        person = send(leadfit, contact_id="kim.lund@home.example", email="pat@beta.com")
        (other,) = leadfit.matching.of_lead(person.lead.lead_id)
        assert "home.example" not in repr(other.evidence)
    rows = repr(tables(workspace)["log"])
    for personal in ("kim@", "Kim", "Lund", "zyxelrobots", "home.example", "said so", "was wrong"):
        assert personal not in rows, personal
    assert "review" in rows
    assert "unmerge" in rows
