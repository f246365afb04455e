"""Makes a decision again from what it was told: the same code, the same answers, no store.

The line runs as it ran, up to the decision. Each question is answered by what was kept of it, and
what it writes goes nowhere. When the code of today asks what was not asked then, the decision has
strayed: it cannot be the same, and the question is named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Final, cast

from leadfit.buying import BoughtFacts
from leadfit.pipeline import enriching, line, moving, owners
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.lifting import lift_at
from leadfit.pipeline.question import Question
from leadfit.pipeline.recheck import recheck_at
from leadfit.pipeline.tape import PERSONAL, Retold, answers_of
from leadfit.records import Activity, Candidate, Contact, Decision, Fact, Kind, Reason
from leadfit.store import Session
from leadfit.store.codec import decode, from_us, reader_of
from leadfit.store.decided import decision_text, personal_of
from leadfit.store.matching import Blocked
from leadfit.store.owners import Held
from leadfit.store.told import People, Told
from leadfit.world import World

Fetch = Callable[[str], Decision | None]
"""Returns a stored decision by its id."""


class Strayed(Exception):  # noqa: N818 -- a turn the line took, which nobody handles as an error
    """The line asked what it was not told then, or ended without the decision.

    Attributes:
        question: What was asked, or nothing where it ended.
    """

    def __init__(self, question: str | None) -> None:
        self.question = question
        super().__init__(question)


class _Made(Exception):  # noqa: N818 -- ends the line where the decision is made
    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__()


class Retelling:
    """Makes decisions again, one after the other.

    Args:
        fetch: Gets decisions that they looked at.
        fetch_rating: Gets one as the store's ``leads.rated`` does, without what routing made of it.
    """

    def __init__(self, fetch: Fetch, fetch_rating: Fetch | None = None) -> None:
        self._rooms = _Rooms(fetch, fetch_rating)

    def retell(self, told: Told, in_force: InForce) -> str:
        """Make a decision again; return its canonical JSON as it would be stored.

        Args:
            told: The decision with what it was made from.
            in_force: The rules it names.

        Raises:
            Strayed: It asked what it was not told then, or came to no such decision.
        """
        desk = _desk(told, in_force, self._rooms)
        try:
            _enter(desk, told)
        except _Made as made:
            return decision_text(made.decision, told.statement)[0]
        raise Strayed(None)


def ask_again(told: Told, in_force: InForce, fetch: Fetch) -> Question | None:
    """Return what a decision hung on beside the facts it lacked; ``None`` where none were sold.

    Args:
        told: The decision with what it was made from.
        in_force: The rules it names.
        fetch: Gets decisions that it looked at.

    Raises:
        Strayed: It asks what it was not told then.
    """
    return enriching.consider(_desk(told, in_force, _Rooms(fetch)), told.signal).question


def _desk(told: Told, in_force: InForce, rooms: _Rooms) -> Desk:
    rooms.turn_to(told)
    now = from_us(cast("list[int]", told.inputs["now"])[0])
    return Desk(
        world=cast("World", _World(told.inputs)),
        session=cast("Session", rooms),
        in_force=in_force,
        now=now,
    )


def _enter(desk: Desk, told: Told) -> None:
    """Call what made the decision."""
    entry = cast("dict[str, str]", told.inputs["entry"])
    if entry["call"] == "owner":
        because = entry.get("because")
        reason = None if because is None else decode(Reason, because)
        owners.find_owner_at(desk, entry["lead_id"], reason)
    elif entry["call"] == "hand":
        moving.assign_by_hand(desk, entry["lead_id"], entry["rep_id"], by="", reason="")
    elif entry["call"] == "lift":
        lift_at(desk, entry["lead_id"], entry["who"])
    elif entry["call"] == "recheck":
        recheck_at(desk, entry["lead_id"])
    else:
        line.decide_on(desk, told.signal)


class _World:
    """Tells the times and ids that were told then."""

    def __init__(self, inputs: Mapping[str, object]) -> None:
        self._now = deque(cast("list[int]", inputs["now"])[1:])
        self._ids = deque(cast("list[str]", inputs["ids"]))

    def now(self) -> datetime:
        if not self._now:
            raise Strayed("the time")
        return from_us(self._now.popleft())

    def new_id(self, prefix: str) -> str:
        if not self._ids or not self._ids[0].startswith(prefix):
            raise Strayed(f"an id for a {prefix}")
        return self._ids.popleft()

    def reach(self, failpoint: str) -> None:
        """Do nothing."""


_Read = Callable[[object, "_Rooms", Sequence[object]], object]


class _Rooms(Retold):
    """Answers as the store answered then, about one decision after the other."""

    def __init__(self, fetch: Fetch, fetch_rating: Fetch | None = None) -> None:
        self.fetch = fetch
        self.fetch_rating = fetch_rating or fetch

    def turn_to(self, told: Told) -> None:
        """Answer what a decision asks from here on; nothing is kept of the one before."""
        self._answers = cast("Mapping[str, list[object]]", told.inputs["answers"])
        self._given: dict[str, int] = {}
        self._decision_id = told.decision_id
        self.people = told.people
        self._statement = told.statement

    def __getattr__(self, room: str) -> object:
        found = _room(room)(self)
        self.__dict__[room] = found
        return found

    @property
    def said(self) -> Mapping[str, object]:
        """The personal values of the signal by their names."""
        return personal_of(("", self._statement))

    def answer(self, asked: str) -> object:
        """Return the next answer to a question."""
        given = self._given.get(asked, 0)
        waiting = self._answers.get(asked, ())
        if given >= len(waiting):
            raise Strayed(asked)
        self._given[asked] = given + 1
        return waiting[given]

    def add_decision(self, decision: Decision, *_: object) -> None:
        if decision.decision_id == self._decision_id:
            raise _Made(decision)


class _Room:
    """One room of a session; what answers nothing does nothing."""

    def __init__(self, rooms: _Rooms) -> None:
        self.rooms = rooms

    def __getattr__(self, name: str) -> object:
        return _nothing

    def add_decision(self, *said: object) -> None:
        """Take a decision, whichever room it is given to."""
        self.rooms.add_decision(*cast("tuple[Decision]", said))


def _nothing(*_: object, **__: object) -> None:
    return None


@cache
def _room(room: str) -> type[_Room]:
    """Return the class of a room: a method for each question, which tells what was told then."""
    names = [name for name in answers_of(room) if f"{room}.{name}" != "signals.append"]
    return type(f"_{room}", (_Room,), {name: _teller(f"{room}.{name}") for name in names})


def _teller(asked: str) -> Callable[..., object]:
    read = _reader_for(asked)

    def tell(self: _Room, *args: object, **_: object) -> object:
        return read(self.rooms.answer(asked), self.rooms, args)

    return tell


@cache
def _reader_for(asked: str) -> _Read:
    found = _READERS.get(asked)
    if found is not None:
        return found
    room, _, name = asked.partition(".")
    read = reader_of(answers_of(room)[name])
    return lambda plain, _rooms, _args: read(plain)


_Plain = Mapping[str, object]


def _with_person(plain: object, people: People) -> _Plain:
    """Return a contact's stored form with the values that were kept apart."""
    contact = cast("_Plain", plain)
    said = people.get(cast("str", contact["contact_id"]))
    return contact if said is None else {**contact, **{name: said.get(name) for name in PERSONAL}}


def _contact(plain: object, rooms: _Rooms, _args: object) -> object:
    return None if plain is None else decode(Contact, _with_person(plain, rooms.people))


def _candidate(plain: object, people: People) -> Candidate:
    found = dict(cast("_Plain", plain))
    if found.get("contact") is not None:
        found["contact"] = contact = _with_person(found["contact"], people)
        said = people.get(cast("str", contact["contact_id"]), {})
        if "columns" in said:
            found["columns"] = said["columns"]
    return decode(Candidate, found)


def _candidates(plain: object, rooms: _Rooms, _args: object) -> tuple[Candidate, ...]:
    return tuple([_candidate(each, rooms.people) for each in cast("list[object]", plain)])


def _blocked(plain: object, rooms: _Rooms, _args: object) -> object:
    found = dict(cast("_Plain", plain))
    candidates = _candidates(found.pop("candidates", ()), rooms, ())
    return replace(decode(Blocked, {**found, "candidates": []}), candidates=candidates)


def _answers(plain: object, rooms: _Rooms, _args: object) -> object:
    found: list[BoughtFacts] = []
    for each, personal in cast("list[tuple[object, list[str]]]", plain):
        made = decode(BoughtFacts, each)
        said = rooms.said
        own = {name: cast("Fact", said.get(name)) for name in personal}
        found.append(replace(made, facts={**made.facts, **own}))
    return tuple(found)


def _activities(plain: object, _rooms: object, _args: object) -> object:
    flat = iter(cast("list[object]", plain))
    return tuple(
        Activity(kind=Kind(cast("str", kind)), at=from_us(cast("int", at_us)))
        for kind, at_us in zip(flat, flat, strict=True)
    )


def _by_rep(plain: object, _rooms: object, args: Sequence[object]) -> object:
    values = cast("list[tuple[int, int, dict[str, int]]]", plain)
    return {
        rep_id: _held(slots_taken, last_turn, tuple(turns.items()))
        for rep_id, (slots_taken, last_turn, turns) in zip(
            cast("Sequence[str]", args[0]), values, strict=True
        )
    }


@lru_cache(maxsize=4096)
def _held(slots_taken: int, last_turn: int, turns: tuple[tuple[str, int], ...]) -> Held:
    """Return what is known of a rep's load; from one decision to the next, few have another."""
    return Held(slots_taken=slots_taken, last_turn=last_turn, turns=dict(turns))


def _decision(plain: object, rooms: _Rooms, _args: object) -> object:
    return None if plain is None else rooms.fetch(cast("str", plain))


def _rating(plain: object, rooms: _Rooms, _args: object) -> object:
    return None if plain is None else rooms.fetch_rating(cast("str", plain))


def _decisions(plain: object, rooms: _Rooms, _args: object) -> object:
    found = (rooms.fetch(each) for each in cast("list[str]", plain))
    return tuple(each for each in found if each is not None)


_READERS: Final[Mapping[str, _Read]] = {
    "accounts.candidates": _candidates,
    "accounts.blocked": _blocked,
    "accounts.contact": _contact,
    "accounts.own_contact": _contact,
    "purchases.answers": _answers,
    "capacity.loads": _by_rep,
    "leads.activities": _activities,
    "lifts.own_activities": _activities,
    "leads.rated": _rating,
    "leads.decision": _decision,
    "leads.decisions": _decisions,
}
