"""What becomes of actions: queues, destinations left alone, doubts, and what waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from leadfit.buying import VENDOR
from leadfit.canonical import Plain, document, moment
from leadfit.errors import BadInput, Fault, NotFound, NotPossible, shorten
from leadfit.store import Session, Store
from leadfit.store.outbox import DeadLetter, Gate
from leadfit.store.views import ActionView
from leadfit.world import World

SORTS: Final = ("action", "signal", "clock")
# What one answer may hold.
MOST_LETTERS: Final = 500
_DOUBTS: Final = 100
_JOBS: Final = {"action": "deliver", "signal": "decide", "clock": "clocks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationView:
    """How a destination is doing.

    Attributes:
        gate: Whether it is sent to, and if not, why and until when.
        waiting: Actions that are due and not done.
        oldest_at: When the oldest of them was due.
    """

    gate: Gate
    waiting: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """How deliveries are doing.

    Attributes:
        destinations: Those with something due, or with trouble, by name.
        doubtful: Actions of which nobody knows whether they took effect, which are tried again.
        dead_actions: Actions that wait for a person.
        dead_signals: Signals that do.
        dead_clocks: Clocks that do: their next step failed too often.
        near_misses: Times that a field we wrote elsewhere came back with another value, lately.
        at: When that was so.
    """

    destinations: tuple[DestinationView, ...]
    doubtful: tuple[ActionView, ...]
    dead_actions: int
    dead_signals: int
    dead_clocks: int
    near_misses: int
    at: datetime

    @property
    def trouble(self) -> tuple[str, ...]:
        """What a person should know, in words; nothing where all is well."""
        failing = tuple(
            f"{each.gate.destination} does not take what it is sent since "
            f"{each.gate.failing_since:%Y-%m-%d %H:%M} UTC ({each.gate.why or 'no reason given'}); "
            f"{each.waiting} waiting{self._held_words(each.gate)}"
            for each in self.destinations
            if each.gate.failing_since is not None
        )
        dead = self.dead_actions + self.dead_signals + self.dead_clocks
        return (*failing, *((f"{dead} dead letters: see leadfit outbox",) if dead else ()))

    def _held_words(self, gate: Gate) -> str:
        if not gate.holds(self.at) or gate.until is None:
            return ""
        return (
            f"; nothing is sent there before {gate.until:%Y-%m-%d %H:%M:%S} UTC, "
            f"or until leadfit resume {gate.destination}"
        )


class Delivering:
    """Looks at deliveries, and lets a person decide what happens to dead letters.

    Args:
        world: Time.
        store: Holds the queues.
        wake: Told which job has work now.
    """

    def __init__(self, world: World, store: Store, wake: Callable[[str], None]) -> None:
        self._world = world
        self._store = store
        self._wake = wake

    def status(self) -> DeliveryStatus:
        """Return how deliveries are doing."""
        now = self._world.now()

        def read(session: Session) -> DeliveryStatus:
            backlog = session.destinations.backlog(now)
            gates = {gate.destination: gate for gate in session.destinations.gates()}
            names = sorted(
                set(backlog) | {name for name, gate in gates.items() if gate.failing_since}
            )
            counts = session.counts(now)
            return DeliveryStatus(
                destinations=tuple(
                    DestinationView(
                        gate=gates.get(name, Gate(destination=name)),
                        waiting=backlog.get(name, (0, None))[0],
                        oldest_at=backlog.get(name, (0, None))[1],
                    )
                    for name in names
                ),
                doubtful=session.outbox.doubtful(_DOUBTS),
                dead_actions=sum(counts.actions.get(state, 0) for state in ("dead", "refused")),
                dead_signals=counts.signals_dead,
                dead_clocks=counts.clocks_aside,
                near_misses=session.echoes.near_misses(),
                at=now,
            )

        return self._store.read(read)

    def dead_letters(self, limit: int = 50, what: str | None = None) -> tuple[DeadLetter, ...]:
        """Return what waits for a person, the newest first.

        Args:
            limit: Most of them, up to 500.
            what: ``action``, ``signal`` or ``clock``; all by default.

        Raises:
            BadInput: There is no such sort.
        """
        if what is not None and what not in SORTS:
            raise BadInput(Fault(place="what", came=repr(what), allowed=", ".join(SORTS)))
        most = max(0, min(limit, MOST_LETTERS))
        return self._store.read(lambda session: session.dead_letters.page(most, what))

    def dead_letter(self, key: str) -> DeadLetter:
        """Return one dead letter.

        Raises:
            NotFound: Nothing dead has this key.
        """
        found = self._store.read(lambda session: session.dead_letters.get(key))
        if found is None:
            raise NotFound("dead letter", key)
        return found

    def retry(self, key: str, by: str) -> DeadLetter:
        """Let a dead letter be tried again, in its old place in the order of its lead.

        Args:
            key: Key of the action or clock, or id of the signal.
            by: Who asks for it.

        Returns:
            The letter, as it was.

        Raises:
            NotFound: Nothing dead has this key.
        """
        return self._settle(key, by, "retried")

    def drop(self, key: str, by: str) -> DeadLetter:
        """Give a dead letter up for good; it stays on record.

        Args:
            key: Key of the action or clock, or id of the signal.
            by: Who gives it up.

        Returns:
            The letter, as it was.

        Raises:
            NotFound: Nothing dead has this key.
        """
        return self._settle(key, by, "dropped")

    def held(self, destination: str) -> Gate:
        """Return how a destination is left alone.

        Raises:
            NotFound: Nothing was ever sent to a destination of that name.
            NotPossible: It is not left alone.
        """
        now = self._world.now()
        return self._store.read(lambda session: self._held(session, destination, now))

    def resume(self, destination: str, by: str) -> Gate:
        """End the time in which a destination is left alone; its next action tries it.

        Args:
            destination: Its name, or ``vendor:NAME`` for a vendor of facts.
            by: Who asks for it.

        Returns:
            How it was sent to before.

        Raises:
            NotFound: Nothing was ever sent to a destination of that name.
            NotPossible: It is not left alone.
        """
        _must_name(by)
        now = self._world.now()

        def work(session: Session) -> Gate:
            gate = self._held(session, destination, now)
            session.destinations.set_gate(replace(gate, until=now), now)
            hastened = session.outbox.hasten(destination, now)
            told = {"destination": destination, "by": by, "until": moment(gate.until or now)}
            session.signals.append("destination.resumed", now, {**told, "waiting": hastened})
            return gate

        gate = self._store.write(work)
        self._world.reach("destination.resumed")
        self._wake("enrich" if destination.startswith(VENDOR) else "deliver")
        return gate

    @staticmethod
    def _held(session: Session, destination: str, now: datetime) -> Gate:
        known = {gate.destination: gate for gate in session.destinations.gates()}
        gate = known.get(destination)
        if gate is None and destination not in session.destinations.backlog(now):
            raise NotFound(
                "destination", destination, f"there is no destination {shorten(destination)}"
            )
        if gate is None or not gate.holds(now):
            raise NotPossible(f"destination {destination}", "it is not left alone now")
        return gate

    def _settle(self, key: str, by: str, how: str) -> DeadLetter:
        _must_name(by)
        now = self._world.now()

        def work(session: Session) -> DeadLetter:
            found = session.dead_letters.get(key)
            if found is None:
                raise NotFound("dead letter", key)
            letters = session.dead_letters
            changed = letters.retry(key, now) if how == "retried" else letters.drop(key, now)
            if not changed:
                raise NotPossible(f"dead letter {key}", "it was settled before")
            session.signals.append(f"dead_letter.{how}", now, {"key": key, "by": by})
            return found

        letter = self._store.write(work)
        self._world.reach("dead_letter.settled")
        self._wake(_JOBS[letter.what])
        return letter


def status_document(status: DeliveryStatus) -> dict[str, Plain]:
    """Return how deliveries are doing as JSON types."""
    return {
        "destinations": [
            {
                **document(each.gate),
                "waiting": each.waiting,
                "oldest_at": None if each.oldest_at is None else each.oldest_at.isoformat(),
            }
            for each in status.destinations
        ],
        "doubtful": [document(each) for each in status.doubtful],
        "dead_actions": status.dead_actions,
        "dead_signals": status.dead_signals,
        "dead_clocks": status.dead_clocks,
        "near_misses": status.near_misses,
    }


def _must_name(by: str) -> None:
    if not by.strip():
        raise BadInput(Fault(place="by", came=repr(by), allowed="who asks for it"))
