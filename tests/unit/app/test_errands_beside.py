"""What people do by commands beside a server comes to the same as without one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.errors import BadInput, LeadfitError, NotFound, NotPossible, StoreBusy
from leadfit.records import Account, Contact, Lead, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session
from leadfit.store.matching import Review, ReviewKind
from leadfit.world import SystemWorld

LIFTABLE = {"employees": 800, "industry": "software", "country": "DE"}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def signal(number: int, email: str) -> dict[str, object]:
    return {
        "source": "web-form",
        "event_id": f"event-{number}",
        "kind": "form_fill",
        "at": SystemWorld().now().isoformat(),
        "identifiers": {"email": email, "title": "VP Operations"},
        "facts": LIFTABLE,
    }


def fill(session: Session) -> None:
    """Write two records of one person, a review about them, and accounts."""
    now = SystemWorld().now()
    for number in (1, 2):
        account = Account(account_id=f"a{number}", name=f"Acme {number}", created_at=LONG_AGO)
        session.accounts.add_accounts([account])
        contact = Contact(contact_id=f"c{number}", account_id=f"a{number}")
        session.accounts.add_contacts([(contact, None)])
        lead = Lead(lead_id=f"l{number}", created_at=now, contact_id=f"c{number}", is_open=False)
        session.leads.add(lead, now, None)
    session.reviews.open(
        Review(
            review_id="v1", kind=ReviewKind.DUPLICATE, record_kind=RecordKind.CONTACT,
            left_id="c2", right_id="c1", probability=0.95, opened_at=now,
        )
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = create_workspace(tmp_path / "workspace")
    with open_leadfit(made) as leadfit:
        leadfit._store.write(fill)
        leadfit.accept_many([signal(1, "ada@acme-industries.com"), signal(2, "bo@beta.com")])
        leadfit.decide_pending()
    return made


@pytest.fixture
def server(folder: Path) -> Iterator[Leadfit]:
    with open_leadfit(folder) as leadfit:
        leadfit.start()
        yield leadfit


@pytest.fixture
def beside(folder: Path, server: Leadfit) -> Iterator[Leadfit]:
    with open_leadfit(server.folder, sends=False) as leadfit:
        yield leadfit
    # The answer is there a moment before what was asked is gone.
    server.close()
    assert list((folder / "errands").iterdir()) == []


def a_lead(leadfit: Leadfit) -> str:
    return next(
        each.lead.lead_id
        for each in leadfit.leads()
        if each.lead.owner_id is not None and each.lead.is_open
    )


def another_rep(leadfit: Leadfit, lead_id: str) -> str:
    owner = leadfit.lead(lead_id).lead.owner_id
    return next(each.rep_id for each in leadfit.policy.reps if each.active and each.rep_id != owner)


def test_a_lead_is_given_by_hand_beside_a_server(server: Leadfit, beside: Leadfit) -> None:
    lead_id = a_lead(beside)
    rep_id = another_rep(beside, lead_id)
    made = beside.errands.assign(lead_id, rep_id, by="ada", reason="knows them")
    assert made == server.routing.assignments(lead_id)[-1]
    assert (made.owner_id, made.number) == (rep_id, 2)
    assert server.lead(lead_id).lead.owner_id == rep_id
    (kept,) = server.routing.overrides(LONG_AGO)
    assert (kept.by, kept.reason) == ("ada", "knows them")


def test_a_lead_is_lifted_beside_a_server(server: Leadfit, beside: Leadfit) -> None:
    lead_id = a_lead(beside)
    made = beside.errands.lift(lead_id, by="ada", reason="met their board")
    assert server.routing.lifts(lead_id) == (made,)
    assert server.lead(lead_id).lead.tier == made.tier < made.from_tier


def test_what_a_rep_says_of_a_lead_is_heard_beside_a_server(
    server: Leadfit, beside: Leadfit
) -> None:
    lead_id = a_lead(beside)
    accepted = beside.errands.accept_lead(lead_id, "rep_ada")
    touched = beside.errands.touch(lead_id, "rep_ada", SystemWorld().now())
    assert accepted.touched_at is None
    assert touched.touched_at is not None
    rejected = beside.errands.reject_lead(lead_id, "rep_ada", "a student")
    assert not rejected.lead.is_open
    said = [(each.kind.value, each.by, each.reason) for each in server.lead(lead_id).feedback]
    assert said == [
        ("accepted", "rep_ada", None),
        ("touched", "rep_ada", None),
        ("rejected", "rep_ada", "a student"),
    ]


def test_reviews_links_and_merges_are_made_beside_a_server(
    server: Leadfit, beside: Leadfit
) -> None:
    errands = beside.errands
    settled = errands.settle("v1", Relation.SAME, reviewer="ada", reason="one phone")
    assert settled == server.matching.review("v1")
    assert (settled.relation, settled.reviewer) == (Relation.SAME, "ada")
    undone = errands.unmerge("c2", by="ada", reason="two persons")
    assert undone.undone_by == "ada"
    assert errands.link("l1", "a2", by="ada").relation is Relation.SAME
    parted = errands.unlink("l1", by="ada", relation=Relation.RELATED, reason="a parent")
    assert (parted.relation, parted.reason) == (Relation.RELATED, "a parent")
    made = errands.merge("a1", "a2", by="ada", kind=RecordKind.ACCOUNT, reason="one company")
    assert made == server.matching.merges("a1")[0]
    again = errands.unmerge(made.merge_id, by="ben")
    assert (again.merge_id, again.undone_by) == (made.merge_id, "ben")


def test_a_person_is_erased_and_readmitted_beside_a_server(
    server: Leadfit, beside: Leadfit, folder: Path
) -> None:
    found = beside.errands.erase("ada@acme-industries.com")
    assert (found.removed.persons, found.removed.leads, found.scrubbed) == (1, 1, True)
    assert server.persons.export("ada@acme-industries.com")["leads"] == []
    assert (folder / "erased.marks").exists()
    for path in folder.iterdir():
        if path.is_file():
            assert b"ada@acme-industries.com" not in path.read_bytes(), path
    assert beside.errands.readmit("ada@acme-industries.com")
    assert not beside.errands.readmit("ada@acme-industries.com")


Act = Callable[[Leadfit], object]
REFUSED: list[tuple[Act, type[LeadfitError]]] = [
    (lambda leadfit: leadfit.errands.assign("none", "rep_ada", by="ada", reason="x"), NotFound),
    (lambda leadfit: leadfit.errands.assign("l1", "none", by="ada", reason="x"), NotFound),
    (lambda leadfit: leadfit.errands.assign("l1", "rep_ada", by="ada", reason="x"), NotPossible),
    (lambda leadfit: leadfit.errands.assign("l1", "rep_ada", by="ada", reason=" "), BadInput),
    (lambda leadfit: leadfit.errands.lift("l1", by="ada", reason="x"), NotPossible),
    (lambda leadfit: leadfit.errands.touch("none", "ada"), NotFound),
    (lambda leadfit: leadfit.errands.touch("l1", "ada", datetime(2999, 1, 1)), BadInput),  # noqa: DTZ001 -- without a zone on purpose
    (lambda leadfit: leadfit.errands.reject_lead("l1", "ada", ""), BadInput),
    (lambda leadfit: leadfit.errands.settle("none", Relation.SAME, reviewer="ada"), NotFound),
    (lambda leadfit: leadfit.errands.link("l1", "none", by="ada"), NotFound),
    (lambda leadfit: leadfit.errands.unlink("l1", by="ada"), NotPossible),
    (lambda leadfit: leadfit.errands.merge("a1", "a1", by="ada"), NotPossible),
    (lambda leadfit: leadfit.errands.unmerge("a1", by="ada"), NotFound),
    (lambda leadfit: leadfit.errands.retry("none", "ada"), NotFound),
    (lambda leadfit: leadfit.errands.erase("no @ address"), BadInput),
    (lambda leadfit: leadfit.errands.apply(b"\xff", by="ada", reason="x"), BadInput),
    (lambda leadfit: leadfit.errands.rollback(by="ada", reason="x"), BadInput),
]  # fmt: skip


def test_what_is_refused_is_refused_in_the_same_words_beside_a_server(folder: Path) -> None:
    def told(leadfit: Leadfit) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        for act, kind in REFUSED:
            with pytest.raises(kind) as caught:
                act(leadfit)
            error = caught.value
            found.append((type(error), error.code, str(error), vars(error)))
        return found

    with open_leadfit(folder, sends=False) as alone:
        expected = told(alone)
    with open_leadfit(folder) as server, open_leadfit(folder, sends=False) as beside:
        server.start()
        assert told(beside) == expected


def test_an_error_inside_the_server_is_told_and_ends_the_errand(
    server: Leadfit, beside: Leadfit
) -> None:
    lead_id = a_lead(beside)
    with closing(sqlite3.connect(beside.folder / "leadfit.sqlite3")) as damaging, damaging:
        damaging.execute("UPDATE decisions SET body = x'7b' WHERE lead_id = ?", (lead_id,))
    with pytest.raises(LeadfitError, match="an error inside the server") as caught:
        beside.errands.lift(lead_id, by="ada", reason="x")
    assert caught.value.code == "leadfit"
    assert server.errands.round(9) == 0


def test_who_gives_up_waiting_does_not_have_it_done_later(folder: Path) -> None:
    class Impatient(SystemWorld):
        def wait(self, seconds: float) -> None:  # noqa: ARG002 -- it is stopped at once
            raise KeyboardInterrupt

    with (
        open_leadfit(folder) as writer,
        open_leadfit(folder, world=Impatient(), sends=False) as beside,
    ):
        writer.keys.create("read")
        writer.accept(signal(3, "cy@gamma.com"))
        writer.errands.open()
        lead_id = a_lead(beside)
        with pytest.raises(KeyboardInterrupt):
            beside.errands.accept_lead(lead_id, "ada")
        assert list((folder / "errands").iterdir()) == []
        assert writer.lead(lead_id).feedback == ()


def test_trouble_of_the_store_itself_is_not_handed_to_anybody(folder: Path) -> None:
    with open_leadfit(folder, sends=False) as leadfit:
        leadfit.errands.open()
        leadfit._store.close()
        with pytest.raises(StoreBusy, match="the store is closed"):
            leadfit.errands.accept_lead("l1", "ada")
        assert list((folder / "errands").iterdir()) == []


def test_what_a_killed_process_left_is_removed_with_its_bytes(folder: Path) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.errands.open()
        taken = folder / "errands" / "errand_1.taken"
        taken.write_text(json.dumps({"what": "erase", "person": "ada@x.com", "look": "again"}))
        beside = folder / "hard-link"
        beside.hardlink_to(taken)
        leadfit.errands.open()
        assert not taken.exists()
        assert set(beside.read_bytes()) == {0}
        answer = json.loads((folder / "errands" / "errand_1.done").read_bytes())
    assert answer["error"]["message"].endswith("a server ended while it did this; again")


def test_an_answer_stays_as_it_was_told_when_the_server_ended_right_behind_it(
    folder: Path,
) -> None:
    with open_leadfit(folder) as leadfit:
        leadfit.errands.open()
        taken, done = (folder / "errands" / f"errand_1.{end}" for end in ("taken", "done"))
        taken.write_text("{}")
        done.write_text('{"lead_id": "l1"}')
        leadfit.errands.open()
        assert not taken.exists()
        assert json.loads(done.read_bytes()) == {"lead_id": "l1"}
