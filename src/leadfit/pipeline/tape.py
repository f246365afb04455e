"""Keeps what a decision is told while it is made: every answer of the store, time and id.

The line asks the store through a session and the world for time and ids. A :class:`Tape` stands
between: it hands every question on and writes the answer down. What was written down goes beside
the decision, so that the same code can make it again from the same answers; see
:mod:`leadfit.pipeline.retelling`.

What a contact's row says of a person does not go into the inputs: it is handed to the store apart,
which seals it under the person's key.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from types import NoneType
from typing import Final, TypeVar, cast, get_type_hints

from leadfit import artifact as artifacts
from leadfit.buying import BoughtFacts
from leadfit.pipeline.case import Desk, InForce
from leadfit.records import Activity, Candidate, Contact, Decision
from leadfit.resolve.model import card as cards
from leadfit.store import Session
from leadfit.store.codec import encode, to_us
from leadfit.store.matching import Blocked
from leadfit.store.owners import Held
from leadfit.store.personal import part_facts
from leadfit.store.told import ContentKind
from leadfit.world import World

T = TypeVar("T")

PERSONAL: Final = ("email", "first_name", "last_name", "title", "phone")
"""Fields of a contact that are kept apart; ``columns`` of a contact that was weighed are, too."""

# A signal is kept in the log itself, and what a decision's own content is in its own table.
_KEPT_ELSEWHERE: Final = frozenset(
    {"signals.read", "signals.view", "signals.append", "signals.add", "signals.settle"}
)


class Tape:
    """What one decision is told.

    Args:
        desk: Where it is made.
        entry: Which call makes it, with the arguments that no store answers.

    Attributes:
        world: Hands every question on to the world and keeps the answer.
        session: The same for the store; a decision added to it is kept with the tape.
    """

    def __init__(self, desk: Desk, entry: Mapping[str, object]) -> None:
        self._entry = entry
        self._in_force = desk.in_force
        self._answers: dict[str, list[object]] = {}
        self._people: dict[str, dict[str, object]] = {}
        self._now_us = [to_us(desk.now)]
        self._ids: list[str] = []
        self._is_kept = False
        self._session = desk.session
        self.world: World = _World(desk.world, self._now_us, self._ids)
        self.session = cast("Session", _Rooms(desk, self))

    def note(self, asked: str, answer: object) -> None:
        """Keep an answer of the store; after the decision nothing is of use any more."""
        if self._is_kept:
            return
        write = _WRITERS.get(asked)
        plain = encode(answer) if write is None else write(answer, self._people)
        self._answers.setdefault(asked, []).append(plain)

    def keep(self, decision: Decision) -> None:
        """Give a decision to the store with all it was told and the rules it was made by."""
        rules = self._in_force
        keep_rules(self._session, rules, decision.decided_at)
        inputs = {
            "answers": self._answers,
            "card": None if rules.card is None else rules.card.digest,
            "entry": self._entry,
            "ids": self._ids,
            "now": self._now_us,
        }
        self._session.leads.add_decision(decision, inputs, self._people)
        self._is_kept = True


def taped(desk: Desk, entry: Mapping[str, object]) -> Desk:
    """Return a desk at which everything a decision is told is kept beside it.

    Args:
        desk: The desk.
        entry: Which call makes the decision, with the arguments that no store answers; see
            :class:`leadfit.pipeline.retelling.Retelling`. Nothing in it tells of a person.
    """
    if isinstance(cast("object", desk.session), Retold):
        return desk
    tape = Tape(desk, entry)
    return Desk(world=tape.world, session=tape.session, in_force=desk.in_force, now=desk.now)


def apart(desk: Desk, asked: str, work: Callable[[Desk], T]) -> T:
    """Do a piece of work that makes decisions of its own while another one is being made.

    The decision that is being made is told no more of it than its answer.

    Args:
        desk: Where the other decision is made.
        asked: A name for the work.
        work: Gets a desk that is not taped; its answer is text, a number, a truth value or nothing.
    """
    rooms: object = desk.session
    if isinstance(rooms, Retold):
        return cast("T", rooms.answer(asked))
    if not isinstance(rooms, _Rooms):
        return work(desk)
    answer = work(rooms.desk)
    rooms.tape.note(asked, answer)
    return answer


class Retold(ABC):
    """A session that tells what was told before."""

    @abstractmethod
    def answer(self, asked: str) -> object:
        """Return the next answer to a question."""


def keep_rules(session: Session, rules: InForce, at: datetime) -> None:
    """Keep what decisions are made by, each once under its digest.

    Args:
        session: The transaction.
        rules: Policy, artifact and model card.
        at: When, for the log.
    """
    contents, policy, artifact, card = session.contents, rules.policy, rules.artifact, rules.card
    if policy.files:
        contents.keep(ContentKind.POLICY, policy.digest, at, lambda: _files(policy.files))
    if artifact is not None:
        text = partial(artifacts.to_json, artifact)
        contents.keep(ContentKind.ARTIFACT, artifact.digest, at, lambda: text().encode())
    if card is not None:
        words = partial(cards.to_json, card)
        contents.keep(ContentKind.CARD, card.digest, at, lambda: words().encode())


def _files(files: Mapping[str, bytes]) -> bytes:
    """Return the files of a policy as one JSON object; a file that is no text is no policy."""
    texts = {name: content.decode() for name, content in files.items()}
    return json.dumps(texts, sort_keys=True, ensure_ascii=False).encode()


class _World:
    """Hands questions on and keeps the answers."""

    def __init__(self, world: World, now_us: list[int], ids: list[str]) -> None:
        self._now_us = now_us
        self._ids = ids
        self._now = world.now
        self._new_id = world.new_id
        self.monotonic_s = world.monotonic_s
        self.wait = world.wait
        self.reach = world.reach
        self.token = world.token

    def now(self) -> datetime:
        at = self._now()
        self._now_us.append(to_us(at))
        return at

    def new_id(self, prefix: str) -> str:
        made = self._new_id(prefix)
        self._ids.append(made)
        return made


class _Rooms:
    """A session, room by room."""

    def __init__(self, desk: Desk, tape: Tape) -> None:
        self.desk = desk
        self.tape = tape

    def __getattr__(self, room: str) -> object:
        found = _room_class(room)(getattr(self.desk.session, room), self.tape)
        self.__dict__[room] = found
        return found


class _Room:
    """One room of a session; what answers nothing is handed on as it is."""

    __slots__ = ("inner", "tape")

    def __init__(self, inner: object, tape: Tape) -> None:
        self.inner = inner
        self.tape = tape

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@cache
def _room_class(room: str) -> type[_Room]:
    """Return the class of one room: every question it answers is a method that notes the answer."""
    methods: dict[str, object] = {
        name: _noting(name, asked) for name, asked in _asked_of(room).items()
    }
    if room == "leads":
        methods["add_decision"] = _keep_decision
    return type(f"_{room.title()}", (_Room,), {"__slots__": (), **methods})


def _noting(name: str, asked: str) -> Callable[..., object]:
    def note(self: _Room, *args: object, **named: object) -> object:
        answer = getattr(self.inner, name)(*args, **named)
        self.tape.note(asked, answer)
        return answer

    return note


def _keep_decision(self: _Room, decision: Decision, _inputs: object) -> None:
    """Let a decision that is added go through the tape."""
    self.tape.keep(decision)


@cache
def _asked_of(room: str) -> Mapping[str, str]:
    """Return what is noted of a room: the full names of questions by their names in it."""
    named = {name: f"{room}.{name}" for name in answers_of(room)}
    return {name: asked for name, asked in named.items() if asked not in _KEPT_ELSEWHERE}


@cache
def answers_of(room: str) -> Mapping[str, object]:
    """Return what the methods of a room answer, by name; those that answer nothing are left out.

    >>> sorted(answers_of("contents"))
    ['each', 'get']
    """
    asked_for = getattr(Session, room).fget
    protocol = get_type_hints(asked_for)["return"]
    found: dict[str, object] = {}
    for name in dir(protocol):
        method = getattr(protocol, name)
        if not name.startswith("_") and callable(method):
            answer = get_type_hints(method).get("return")
            if answer not in (None, NoneType):
                found[name] = answer
    return found


def without_person(contact: Contact, people: dict[str, dict[str, object]]) -> Contact:
    """Return a contact without personal values; they go into ``people`` under its id."""
    said = {name: value for name in PERSONAL if (value := getattr(contact, name)) is not None}
    if not said:
        return contact
    people.setdefault(contact.contact_id, {}).update(said)
    return replace(contact, email=None, first_name=None, last_name=None, title=None, phone=None)


def _contact(answer: object, people: dict[str, dict[str, object]]) -> object:
    contact = cast("Contact | None", answer)
    return encode(None if contact is None else without_person(contact, people))


def _candidate(candidate: Candidate, people: dict[str, dict[str, object]]) -> Candidate:
    contact = candidate.contact
    if contact is None:
        return candidate
    bare = without_person(contact, people)
    if not candidate.columns:
        return replace(candidate, contact=bare)
    people.setdefault(contact.contact_id, {})["columns"] = dict(candidate.columns)
    return replace(candidate, contact=bare, columns={})


def _candidates(answer: object, people: dict[str, dict[str, object]]) -> object:
    return encode([_candidate(each, people) for each in cast("tuple[Candidate, ...]", answer)])


def _blocked(answer: object, people: dict[str, dict[str, object]]) -> object:
    found = cast("Blocked", answer)
    bare = tuple(_candidate(each, people) for each in found.candidates)
    return encode(replace(found, candidates=bare))


def _activities(answer: object, _people: object) -> object:
    """Return activities as kinds and times, one after the other."""
    plain: list[object] = []
    for each in cast("tuple[Activity, ...]", answer):
        plain += (each.kind.value, to_us(each.at))
    return plain


def _by_rep(answer: object, _people: object) -> object:
    """Return what is known of each rep, in the order in which they were asked for."""
    loads = cast("Mapping[str, Held]", answer).values()
    return [[each.slots_taken, each.last_turn, each.turns] for each in loads]


def _answers(answer: object, _people: object) -> object:
    """Return what vendors said; what is personal in it is kept with the decision's own facts."""
    plain: list[object] = []
    for each in cast("tuple[BoughtFacts, ...]", answer):
        facts, personal = part_facts(each.facts)
        plain.append([encode(replace(each, facts=facts)), sorted(personal)])
    return plain


def _decision(answer: object, _people: object) -> object:
    return None if answer is None else cast("Decision", answer).decision_id


def _decisions(answer: object, _people: object) -> object:
    return [each.decision_id for each in cast("tuple[Decision, ...]", answer)]


_WRITERS: Final[Mapping[str, Callable[[object, dict[str, dict[str, object]]], object]]] = {
    "accounts.candidates": _candidates,
    "accounts.blocked": _blocked,
    "accounts.contact": _contact,
    "accounts.own_contact": _contact,
    "purchases.answers": _answers,
    "capacity.loads": _by_rep,
    "leads.activities": _activities,
    "lifts.own_activities": _activities,
    "leads.rated": _decision,
    "leads.decision": _decision,
    "leads.decisions": _decisions,
}


def contacts_with_accounts(inputs: Mapping[str, object]) -> frozenset[str]:
    """Return the contacts that a decision found in an account, by its stored inputs."""
    if "candidates" in inputs:  # an older Leadfit kept no more than ids
        older = cast("list[dict[str, str | None]]", inputs["candidates"])
        return frozenset(
            each["contact"] for each in older if each["contact"] and each["account"] is not None
        )
    answers = cast("Mapping[str, list[list[dict[str, object]]]]", inputs.get("answers", {}))
    found: set[str] = set()
    for told in answers.get("accounts.candidates", ()):
        for each in told:
            contact = cast("dict[str, str] | None", each.get("contact"))
            if contact is not None and each.get("account") is not None:
                found.add(contact["contact_id"])
    return frozenset(found)
