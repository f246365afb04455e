"""What every store must do for matching, beside :mod:`leadfit.testing.check_store`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.errors import NotPossible
from leadfit.records import Account, Band, Contact, Keys, Lead, Reason, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session
from leadfit.store.matching import Blocked, Link, Merge, Review, ReviewKind
from leadfit.testing.builders import signal
from leadfit.testing.check_store import Bench, UnmetError, expect


def _two_accounts(bench: Bench) -> tuple[object, ...]:
    """Return everything the store answers about two accounts and a contact of the second."""

    def look(session: Session) -> tuple[object, ...]:
        of = session.accounts
        found = of.candidates(Keys(email="jo@beta.com", domain="beta.com"))
        return (of.account("a1"), of.account("a2"), of.contact("c2"), found)

    return bench.store.read(look)


def _make_two(bench: Bench) -> Merge:
    """Write two accounts with a contact, and return the merge of the second into the first."""
    first = Account(account_id="a1", name="Acme", domains=("acme.com",), facts={"size": 1})
    second = Account(
        account_id="a2", name="Beta", domains=("beta.com",), country="US",
        facts={"size": 2, "stack": "x"},
    )  # fmt: skip
    contact = Contact(contact_id="c2", account_id="a2", email="jo@beta.com")
    bench.store.write(lambda session: session.accounts.add_accounts([first, second]))
    bench.store.write(lambda session: session.accounts.add_contacts([(contact, "jo@beta.com")]))
    return Merge(
        merge_id="m1", record_kind=RecordKind.ACCOUNT, survivor_id="a1", absorbed_id="a2",
        merged_at=bench.world.now(), by="r1", provenance={"name": "a1"},
    )  # fmt: skip


def a_merged_account_stands_for_both(bench: Bench) -> None:
    """Ids stay, blanks are filled, and whatever pointed to the absorbed one finds the survivor."""
    merge = _make_two(bench)
    bench.store.write(lambda session: session.merges.make(merge))
    bench.reopen()
    both = bench.store.read(lambda session: session.accounts.account("a2"))
    expect(both is not None and both.account_id == "a1", "the absorbed id does not lead on")
    if both is not None:
        expect(both.country == "US", "a blank was not filled")
        expect(both.facts == {"size": 1, "stack": "x"}, "facts were not joined")
        expect(set(both.domains) == {"acme.com", "beta.com"}, "domains were not joined")
    found = bench.store.read(lambda session: session.accounts.candidates(Keys(domain="beta.com")))
    ids = [each.account.account_id for each in found if each.account is not None]
    expect(ids == ["a1"], f"{ids} were found by a domain of the absorbed account")
    for again in (merge, replace(merge, merge_id="m2", survivor_id="a2", absorbed_id="a1")):
        _refused(lambda session, it=again: session.merges.make(it), bench)  # type: ignore[misc]  # a default binds it now


def undoing_a_merge_is_its_inverse(bench: Bench) -> None:
    """Both records answer as before, and the merge stays on record as undone."""
    merge, now = _make_two(bench), bench.world.now()
    before = _two_accounts(bench)
    bench.store.write(lambda session: session.merges.make(merge))
    took_back = [
        bench.store.write(lambda session: session.merges.undo("m1", at=now, by="r1", reason=None))
        for _ in range(2)
    ]
    expect(took_back == [True, False], f"undoing twice gave {took_back}")
    bench.reopen()
    expect(_two_accounts(bench) == before, "undoing a merge did not restore both")
    (kept,) = bench.store.read(lambda session: session.merges.of("a2"))
    expect(kept == replace(merge, undone_at=now, undone_by="r1"), f"{kept} is not the merge")


def _refused(work: Callable[[Session], object], bench: Bench) -> None:
    try:
        bench.store.write(work)
    except NotPossible:
        return
    raise UnmetError("what is not possible was done")


def what_was_merged_first_fills_a_blank_first(bench: Bench) -> None:
    """A later merge changes no value there is, however the ids sort; chains keep their order."""
    now = bench.world.now()
    given = [
        Account(account_id=each, name=each, country=None if each == "a1" else each.upper())
        for each in ("a1", "b1", "c1", "d1")
    ]
    bench.store.write(lambda session: session.accounts.add_accounts(given))
    pairs = (("c1", "d1"), ("a1", "c1"), ("a1", "b1"))
    for number, (survivor, absorbed) in enumerate(pairs):
        merge = Merge(
            merge_id=f"m{number}", record_kind=RecordKind.ACCOUNT, survivor_id=survivor,
            absorbed_id=absorbed, merged_at=now + timedelta(hours=number), by="r1",
        )  # fmt: skip
        bench.store.write(lambda session, it=merge: session.merges.make(it))  # type: ignore[misc]  # a default binds it now
    bench.reopen()
    found = bench.store.read(lambda session: session.merges.members(RecordKind.ACCOUNT, "a1"))
    expect(tuple(found) == ("a1", "c1", "d1", "b1"), f"{found} is not the order of the merges")
    account = bench.store.read(lambda session: session.accounts.account("b1"))
    expect(account is not None and account.country == "C1", "a later merge filled the blank")
    bench.store.write(lambda session: session.merges.closes("m1", "l1"))
    made = bench.store.read(lambda session: session.merges.get("m1"))
    expect(made is not None and made.closed_lead_id == "l1", "the lead that gives way is not kept")


def open_leads_of_contacts_come_oldest_first(bench: Bench) -> None:
    """Each contact's own, whatever the contacts stand for; closed ones are left out."""
    now = bench.world.now()
    contacts = [(Contact(contact_id=f"c{n}"), None) for n in range(3)]
    bench.store.write(lambda session: session.accounts.add_contacts(contacts))
    for number, contact_id in enumerate(("c1", "c0", "c2", "c1")):
        lead = Lead(
            lead_id=f"l{number}", created_at=now - timedelta(hours=number), contact_id=contact_id
        )
        bench.store.write(lambda session, it=lead: session.leads.add(it, now, None))  # type: ignore[misc]  # a default binds it now
    bench.store.write(lambda session: session.leads.close("l3"))
    found = bench.store.read(lambda session: session.leads.open_leads(["c0", "c1"]))
    expect([each.lead_id for each in found] == ["l1", "l0"], f"{found} are open")
    expect(not bench.store.read(lambda session: session.leads.open_leads([])), "of nobody")


def _reviews(bench: Bench) -> tuple[Review, Review, Review]:
    now = bench.world.now()
    first = Review(
        review_id="v1", kind=ReviewKind.LINK, record_kind=RecordKind.ACCOUNT, left_id="l1",
        right_id="a1", probability=0.93, opened_at=now, lead_id="l1",
        due_at=now + timedelta(hours=24), evidence=(Reason(rule="company", words="x", points=3.0),),
    )  # fmt: skip
    urgent = replace(first, review_id="v2", left_id="l2", due_at=now + timedelta(minutes=15))
    audit = replace(first, review_id="v3", kind=ReviewKind.AUDIT, due_at=None, chosen_with=0.02)
    asked = [
        bench.store.write(lambda session, it=each: session.reviews.open(it))  # type: ignore[misc]  # a default binds it now
        for each in (first, urgent, audit, replace(first, review_id="v4"))
    ]
    expect(asked == [True, True, True, False], f"asking gave {asked}")
    bench.reopen()
    return first, urgent, audit


def reviews_wait_in_the_order_they_are_due(bench: Bench) -> None:
    """The same question is not asked twice, and an overdue one is told of once."""
    first, urgent, audit = _reviews(bench)
    waiting = bench.store.read(lambda session: session.reviews.waiting(10))
    expect(waiting == (urgent, first, audit), f"{waiting} wait in a wrong order")
    behind = bench.store.read(lambda session: session.reviews.waiting(10, after="v2"))
    expect(behind == (first, audit), f"{behind} come behind the first")
    late = bench.world.now() + timedelta(hours=1)
    overdue = bench.store.read(lambda session: session.reviews.overdue(late, 10))
    expect(overdue == (urgent,), f"{overdue} are overdue")
    bench.store.write(lambda session: session.reviews.alerted("v2", late))
    expect(not bench.store.read(lambda session: session.reviews.overdue(late, 10)), "told twice")


def a_review_is_decided_once(bench: Bench) -> None:
    """A second decision changes nothing."""
    _reviews(bench)
    late = bench.world.now() + timedelta(hours=1)
    decided = [
        bench.store.write(
            lambda session, it=it: session.reviews.decide(  # type: ignore[misc]  # a default binds it now
                "v1", it, at=late, reviewer="r1", reason="same site"
            )
        )
        for it in (Relation.SAME, Relation.DIFFERENT)
    ]
    expect(decided == [True, False], f"deciding twice gave {decided}")
    found = bench.store.read(lambda session: session.reviews.get("v1"))
    expect(found is not None and found.relation is Relation.SAME, "a later decision won")


def a_review_ends_without_an_answer(bench: Bench) -> None:
    """Once it is past due and its address weak; it has no relation, and is decided no more."""
    first = _reviews(bench)[0]
    weak = replace(first, review_id="v5", left_id="l5", lead_id="l5", stratum="free_mail")
    bench.store.write(lambda session: session.reviews.open(weak))
    soon, late = (bench.world.now() + timedelta(hours=hours) for hours in (1, 25))

    def ended(at: datetime) -> tuple[str, ...]:
        found = bench.store.read(lambda session: session.reviews.unanswered(at, ["free_mail"], 9))
        return tuple(each.review_id for each in found)

    expect((ended(soon), ended(late)) == ((), ("v5",)), "others wait too short a time")
    closed = [
        bench.store.write(lambda session: session.reviews.close("v5", late, "nobody did"))
        for _ in range(2)
    ]
    expect(closed == [True, False], f"ending it twice gave {closed}")
    found = bench.store.read(lambda session: session.reviews.get("v5"))
    expect(found is not None and not found.is_open and found.relation is None, f"{found}")
    expect(ended(late) == (), "it ends again")


def reviews_of_a_contact_come_newest_first(bench: Bench) -> None:
    """By what the contact did for a lead, the lead being open or not."""
    first, urgent, _ = _reviews(bench)
    contact = Contact(contact_id="c1", email="jo@beta.com")
    bench.store.write(lambda session: session.accounts.add_contacts([(contact, "jo@beta.com")]))
    for lead_id in ("l1", "l2"):
        came = replace(signal(), signal_id=f"s-{lead_id}", event_id=lead_id)
        bench.store.write(
            lambda session, it=came, lead_id=lead_id: session.leads.add_activity(  # type: ignore[misc]  # defaults bind them now
                it, lead_id=lead_id, contact_id="c1", account_id=None
            )
        )
    found = bench.store.read(lambda session: session.reviews.of_contact("c1"))
    expect({each.review_id for each in found} >= {first.review_id, urgent.review_id}, f"{found}")
    times = [(each.opened_at, each.review_id) for each in found]
    expect(times == sorted(times, reverse=True), f"{times} are not newest first")
    nobody = bench.store.read(lambda session: session.reviews.of_contact("c2"))
    expect(not nobody, f"{nobody} is of another contact")


def how_leads_were_matched_is_read_by_time(bench: Bench) -> None:
    """Each signal once."""
    now = bench.world.now()
    links = [
        Link(
            signal_id=f"s{n}", lead_id=f"l{n}", decided_at=now + timedelta(days=n),
            band=Band.AUTO, probability=0.99, method="exact", account_id="a1",
        )
        for n in range(3)
    ]  # fmt: skip
    for link in (*links, replace(links[0], probability=0.1)):
        bench.store.write(lambda session, it=link: session.links.add(it))  # type: ignore[misc]  # a default binds it now
    bench.reopen()
    end = now + timedelta(days=2)
    found = bench.store.read(lambda session: session.links.between(now, end))
    expect(found == tuple(links[:2]), f"{found} is not what was linked before the end")


def records_are_found_by_what_they_are_called(bench: Bench) -> None:
    """By a word of the name in another form; a key that too many share is named, not followed."""
    given = [
        Account(account_id="a1", name="Zyxel Robotics GmbH"),
        *(Account(account_id=f"b{n:03}", name=f"Bank {n} Aldgate{n}") for n in range(250)),
    ]
    contact = Contact(contact_id="c1", account_id="a1", first_name="Bob", last_name="O'Neil")
    bench.store.write(lambda session: session.accounts.add_accounts(given))
    bench.store.write(lambda session: session.accounts.add_contacts([(contact, None)]))
    bench.reopen()

    def look(kind: RecordKind, columns: dict[str, str]) -> Blocked:
        return bench.store.read(lambda session: session.accounts.blocked(kind, columns, 5))

    found = look(RecordKind.ACCOUNT, {"company": "zyxel robotic"})
    ids = [each.account.account_id for each in found.candidates if each.account is not None]
    expect(ids == ["a1"], f"{ids} were found by a word of the name")
    expect(found.candidates[0].columns["company.legal"] == "gmbh", "its columns are not there")
    common = look(RecordKind.ACCOUNT, {"company": "bank of nowhere"})
    expect(bool(common.skipped) and not common.candidates, f"{common} was found by a common word")
    people = look(RecordKind.CONTACT, {"surname": "oneil", "first_name": "bobby"})
    names = [each.columns["company"] for each in people.candidates]
    expect(names == ["zyxel robotics"], f"{names} were found by a surname and an initial")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    a_merged_account_stands_for_both,
    undoing_a_merge_is_its_inverse,
    what_was_merged_first_fills_a_blank_first,
    open_leads_of_contacts_come_oldest_first,
    reviews_wait_in_the_order_they_are_due,
    a_review_is_decided_once,
    a_review_ends_without_an_answer,
    reviews_of_a_contact_come_newest_first,
    how_leads_were_matched_is_read_by_time,
    records_are_found_by_what_they_are_called,
)
"""Every check, in no particular order; each wants a store of its own."""
