"""Makes a decision again from what it was told: the same code, the same answers, no store.

The line runs as it ran, up to the decision. Each question is answered by what was kept of it, and
what it writes goes nowhere. When the code of today asks what was not asked then, the decision has
strayed: it cannot be the same, and the question is named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from typing import Final, cast, get_args, get_type_hints

from leadfit.pipeline import line, moving, owners
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.lifting import lift_at
from leadfit.pipeline.recheck import recheck_at
from leadfit.pipeline.tape import Retold, answers_of
from leadfit.records import Activity, Candidate, Contact, Decision, Kind, Reason
from leadfit.store import Session
from leadfit.store.codec import decode, from_us, reader_of
from leadfit.store.decided import decision_text
from leadfit.store.matching import Blocked
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


def retell(told: Told, in_force: InForce, fetch: Fetch) -> str:
    """Make a decision again; return its canonical JSON as it would be stored.

    Args:
        told: The decision with what it was made from.
        in_force: The rules it names.
        fetch: Gets decisions that it looked at.

    Raises:
        Strayed: It asked what it was not told then, or came to no such decision.
    """
    inputs = told.inputs
    now = from_us(cast("list[int]", inputs["now"])[0])
    rooms = _Rooms(told, fetch)
    desk = Desk(
        world=cast("World", _World(inputs)),
        session=cast("Session", rooms),
        in_force=in_force,
        now=now,
    )
    try:
        _enter(desk, told)
    except _Made as made:
        return decision_text(made.decision, told.statement)[0]
    raise Strayed(None)


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
    """Answers as the store answered then."""

    def __init__(self, told: Told, fetch: Fetch) -> None:
        self._answers = cast("Mapping[str, list[object]]", told.inputs["answers"])
        self._given: dict[str, int] = {}
        self._decision_id = told.decision_id
        self.people = told.people
        self.fetch = fetch

    def __getattr__(self, room: str) -> object:
        found = _Room(self, _questions_of(room))
        self.__dict__[room] = found
        return found

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
    def __init__(self, rooms: _Rooms, questions: Mapping[str, tuple[str, _Read]]) -> None:
        self._rooms = rooms
        self._questions = questions

    def __getattr__(self, name: str) -> object:
        found = self._teller(name)
        self.__dict__[name] = found
        return found

    def _teller(self, name: str) -> Callable[..., object]:
        if name == "add_decision":
            return self._rooms.add_decision
        question = self._questions.get(name)
        if question is None:
            return _nothing
        rooms, (asked, read) = self._rooms, question

        def tell(*args: object, **_: object) -> object:
            return read(rooms.answer(asked), rooms, args)

        return tell


def _nothing(*_: object, **__: object) -> None:
    return None


# ---- answers back from their stored form ---------------------------------------------------


@cache
def _questions_of(room: str) -> Mapping[str, tuple[str, _Read]]:
    """Return the full name of each question a room answers, and how its answer is read."""
    names = [name for name in answers_of(room) if f"{room}.{name}" != "signals.append"]
    return {name: (f"{room}.{name}", _reader_for(f"{room}.{name}")) for name in names}


@cache
def _reader_for(asked: str) -> _Read:
    found = _READERS.get(asked)
    if found is not None:
        return found
    room, _, name = asked.partition(".")
    read = reader_of(answers_of(room)[name])
    return lambda plain, _rooms, _args: read(plain)


def _with_person(contact: Contact, people: People) -> Contact:
    said = people.get(contact.contact_id)
    if said is None:
        return contact
    of = cast("Mapping[str, str]", said)
    return replace(
        contact, email=of.get("email"), first_name=of.get("first_name"),
        last_name=of.get("last_name"), title=of.get("title"), phone=of.get("phone"),
    )  # fmt: skip


def _contact(plain: object, rooms: _Rooms, _args: object) -> object:
    return None if plain is None else _with_person(decode(Contact, plain), rooms.people)


def _candidate(candidate: Candidate, people: People) -> Candidate:
    if candidate.contact is None:
        return candidate
    columns = people.get(candidate.contact.contact_id, {}).get("columns", candidate.columns)
    return replace(
        candidate,
        contact=_with_person(candidate.contact, people),
        columns=cast("Mapping[str, str]", columns),
    )


_read_candidates: Final = reader_of(tuple[Candidate, ...])


def _candidates(plain: object, rooms: _Rooms, _args: object) -> object:
    found = cast("tuple[Candidate, ...]", _read_candidates(plain))
    return tuple(_candidate(each, rooms.people) for each in found)


def _blocked(plain: object, rooms: _Rooms, _args: object) -> object:
    found = decode(Blocked, plain)
    candidates = tuple(_candidate(each, rooms.people) for each in found.candidates)
    return replace(found, candidates=candidates)


def _activities(plain: object, _rooms: object, _args: object) -> object:
    flat = iter(cast("list[object]", plain))
    return tuple(
        Activity(kind=Kind(cast("str", kind)), at=from_us(cast("int", at_us)))
        for kind, at_us in zip(flat, flat, strict=True)
    )


def _by_rep(plain: object, _rooms: object, args: Sequence[object]) -> object:
    read = _load_reader()
    values = cast("list[list[object]]", plain)
    return {
        rep_id: read(each)
        for rep_id, each in zip(cast("Sequence[str]", args[0]), values, strict=True)
    }


@cache
def _load_reader() -> Callable[[list[object]], object]:
    """Return the function that reads what is known of a rep's load."""
    kind = get_args(answers_of("capacity")["loads"])[1]
    if not is_dataclass(kind):
        return tuple
    hints = get_type_hints(kind)
    readers = [(each.name, reader_of(hints[each.name])) for each in fields(kind)]
    made = cast("Callable[..., object]", kind)

    def read(values: list[object]) -> object:
        return made(**{name: of(value) for (name, of), value in zip(readers, values, strict=False)})

    return read


def _decision(plain: object, rooms: _Rooms, _args: object) -> object:
    return None if plain is None else rooms.fetch(cast("str", plain))


def _decisions(plain: object, rooms: _Rooms, _args: object) -> object:
    found = (rooms.fetch(each) for each in cast("list[str]", plain))
    return tuple(each for each in found if each is not None)


_READERS: Final[Mapping[str, _Read]] = {
    "accounts.candidates": _candidates,
    "accounts.blocked": _blocked,
    "accounts.contact": _contact,
    "accounts.own_contact": _contact,
    "capacity.loads": _by_rep,
    "leads.activities": _activities,
    "lifts.own_activities": _activities,
    "leads.rated": _decision,
    "leads.decision": _decision,
    "leads.decisions": _decisions,
}
