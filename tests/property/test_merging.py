"""Merging and taking back are exact inverses, in any order, whatever was merged."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadfit import pipeline
from leadfit.pipeline import Desk, InForce
from leadfit.policy import load_starter
from leadfit.records import Account, Action, Clock, ClockKind, Contact, Lead
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session, SqliteStore
from leadfit.testing import FrozenWorld

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MOST = 6
UNCHANGED = {"merges", "log", "log_head", "sqlite_sequence"}
State = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Records by number: the age of each one's open lead, if it has one, and merges to make.

    A merge names two numbers; what they stand for by then is merged.
    """

    ages: Sequence[int | None]
    merges: Sequence[tuple[int, int]]
    undone: Sequence[int]


@st.composite
def bases(draw: st.DrawFn) -> Base:
    """Return a base of two to six records with some merges, and an order to take them back in."""
    size = draw(st.integers(2, MOST))
    ages = [draw(st.none() | st.integers(0, 9)) for _ in range(size)]
    number = st.integers(0, size - 1)
    merges = draw(st.lists(st.tuples(number, number), min_size=1, max_size=size + 2))
    return Base(ages=ages, merges=merges, undone=draw(st.permutations(range(len(merges)))))


@contextmanager
def filled(base: Base) -> Iterator[tuple[SqliteStore, FrozenWorld, Path]]:
    """Open a store with the records of a base: accounts, and contacts with their open leads."""
    world = FrozenWorld(START)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leadfit.sqlite3"
        store = SqliteStore(file, secret=b"secret", world=world)
        try:
            store.write(lambda session: fill(session, base, world))
            yield store, world, file
        finally:
            store.close()


def fill(session: Session, base: Base, world: FrozenWorld) -> None:
    for number, age in enumerate(base.ages):
        account = Account(
            account_id=f"a{number}", name=f"Acme {number}", domains=(f"acme{number}.com",),
            facts={"size": number, f"only{number}": True},
        )  # fmt: skip
        session.accounts.add_accounts([account])
        email = f"jo@acme{number}.com"
        contact = Contact(contact_id=f"c{number}", account_id=f"a{number}", email=email)
        session.accounts.add_contacts([(contact, email)])
        if age is not None:
            open_lead(session, number, START - timedelta(days=age))
    world.pass_time(60)


def open_lead(session: Session, number: int, at: datetime) -> None:
    lead_id = f"l{number}"
    lead = Lead(
        lead_id=lead_id, created_at=at, account_id=f"a{number}", contact_id=f"c{number}"
    )  # fmt: skip
    session.leads.add(lead, at, None)
    for kind in (ClockKind.SIGNAL_TO_TOUCH, ClockKind.ASSIGNMENT_TO_TOUCH):
        session.clocks.start(
            Clock(
                key=f"{lead_id}/{kind.value}", kind=kind, lead_id=lead_id, assignment_id=None,
                started_at=at, due_at=at + timedelta(minutes=5),
            )
        )  # fmt: skip
    session.clocks.stop(lead_id, at, "enrolled", frozenset({ClockKind.SIGNAL_TO_TOUCH}))
    queue(session, lead_id, "old", at)
    session.outbox.cancel(lead_id, at)
    for name in ("task", "alert"):
        queue(session, lead_id, name, at)


def queue(session: Session, lead_id: str, name: str, at: datetime) -> None:
    action = Action(
        key=f"{lead_id}/{name}", kind=name, destination="crm", lead_id=lead_id,
        assignment_id=None, due_at=at,
    )  # fmt: skip
    session.outbox.queue(action, at)


def make(
    store: SqliteStore, world: FrozenWorld, kind: RecordKind, pairs: Sequence[tuple[int, int]]
) -> dict[int, str]:
    """Merge what each pair stands for by then; return the merges that were made by their place."""
    made: dict[int, str] = {}
    letter = kind.value[0]
    for place, (left, right) in enumerate(pairs):
        world.pass_time(1)

        def work(session: Session, left: int = left, right: int = right) -> str | None:
            survivor, absorbed = (
                session.merges.survivor(kind, f"{letter}{each}") for each in (left, right)
            )
            if survivor == absorbed:
                return None
            desk = at_desk(session, world)
            return pipeline.merge(desk, kind, survivor, absorbed, "rep_max").merge_id

        merge_id = store.write(work)
        if merge_id is not None:
            made[place] = merge_id
    return made


def at_desk(session: Session, world: FrozenWorld) -> Desk:
    in_force = InForce(policy=load_starter())
    return Desk(world=world, session=session, in_force=in_force, now=world.now())


def take_back(store: SqliteStore, world: FrozenWorld, merge_id: str) -> None:
    world.pass_time(1)
    store.write(lambda session: pipeline.unmerge(at_desk(session, world), merge_id, "rep_max"))


def state(file: Path) -> State:
    """Return every row of every table that a merge and its undoing must leave as they were."""
    store = sqlite3.connect(file)
    names = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {
        name: sorted(store.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for (name,) in names
        if name not in UNCHANGED
    }
    store.close()
    return found


def standing(file: Path) -> State:
    """Return who stands for whom, and which leads are open with what is running for them."""
    store = sqlite3.connect(file)
    queries = {
        "contacts": "SELECT contact_id, merged_into FROM contacts ORDER BY 1",
        "accounts": "SELECT account_id, merged_into FROM accounts ORDER BY 1",
        "leads": "SELECT lead_id, is_open FROM leads ORDER BY 1",
        "clocks": "SELECT key, stopped_by IS NULL FROM clocks ORDER BY 1",
        "outbox": "SELECT key, state FROM outbox ORDER BY 1",
    }
    found = {name: store.execute(query).fetchall() for name, query in queries.items()}
    store.close()
    return found


@settings(max_examples=25, deadline=None)
@given(bases(), st.sampled_from(RecordKind))
def test_merges_taken_back_in_any_order_leave_every_table_as_it_was(
    base: Base, kind: RecordKind
) -> None:
    with filled(base) as (store, world, file):
        before = state(file)
        made = make(store, world, kind, base.merges)
        for place in base.undone:
            if place in made:
                take_back(store, world, made[place])
        assert state(file) == before
        assert store.read(lambda session: session.signals.verify().intact)


@settings(max_examples=25, deadline=None)
@given(bases(), st.integers(0, MOST))
@example(Base(ages=[9, 1, 5], merges=[(1, 2), (0, 1)], undone=[1, 0]), 1)
@example(Base(ages=[3, 1, 5], merges=[(1, 2), (0, 1)], undone=[1, 0]), 1)
def test_what_is_left_is_as_if_the_merges_taken_back_had_never_been(base: Base, keep: int) -> None:
    kind = RecordKind.CONTACT
    with filled(base) as (store, world, file):
        made = make(store, world, kind, base.merges)
        gone = [place for place in base.undone if place in made][keep:]
        pairs = [pair_of(store, made[place]) for place in made if place not in gone]
        for place in gone:
            take_back(store, world, made[place])
        left = standing(file)
    with filled(base) as (store, world, file):
        assert len(make(store, world, kind, pairs)) == len(pairs)
        assert left == standing(file)


def pair_of(store: SqliteStore, merge_id: str) -> tuple[int, int]:
    made = store.read(lambda session: session.merges.get(merge_id))
    assert made is not None
    return int(made.survivor_id[1:]), int(made.absorbed_id[1:])


@settings(max_examples=25, deadline=None)
@given(bases())
def test_a_person_has_one_open_lead_and_keeps_the_oldest(base: Base) -> None:
    with filled(base) as (store, world, _):
        make(store, world, RecordKind.CONTACT, base.merges)

        def look(session: Session) -> None:
            for number in range(len(base.ages)):
                root = session.merges.survivor(RecordKind.CONTACT, f"c{number}")
                members = session.merges.members(RecordKind.CONTACT, root)
                ages = [age for each in members if (age := base.ages[int(each[1:])]) is not None]
                going_on = session.leads.open_leads(members)
                assert [START - each.created_at for each in going_on] == [
                    timedelta(days=age) for age in sorted(ages)[-1:]
                ]

        store.read(look)


@settings(max_examples=25, deadline=None)
@given(bases(), st.sampled_from(RecordKind))
def test_what_is_shown_before_a_merge_is_what_it_makes(base: Base, kind: RecordKind) -> None:
    letter = kind.value[0]
    with filled(base) as (store, world, _):
        for left, right in base.merges:
            ids = tuple(
                store.read(lambda s, it=each: s.merges.survivor(kind, f"{letter}{it}"))  # type: ignore[misc]  # a default binds it now
                for each in (left, right)
            )
            if ids[0] == ids[1]:
                continue
            shown = store.read(lambda s, it=ids: pipeline.preview(s, kind, *it))  # type: ignore[misc]  # a default binds it now
            make(store, world, kind, [(left, right)])
            now = store.read(
                lambda s, it=ids[0]: (  # type: ignore[misc]  # a default binds it now
                    s.accounts.account(it) if kind is RecordKind.ACCOUNT else s.accounts.contact(it)
                )
            )
            made = store.read(lambda s, it=ids[0]: s.merges.of(it)[0])  # type: ignore[misc]  # a default binds it now
            assert (now, made.provenance) == (shown.record, shown.provenance)
            assert made.closed_lead_id == shown.gives_way
