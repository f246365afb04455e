"""What a store keeps of deliveries: the outbox, destinations, dead letters and echoes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from leadfit.records import Action, Written
from leadfit.store.views import ActionState, ActionView


class GateState(StrEnum):
    """Whether a destination is sent to: at will, not for a while, or one to try it."""

    OPEN = "open"
    PAUSED = "paused"
    BROKEN = "broken"
    TRYING = "trying"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How a destination is sent to now; every process that delivers goes by it.

    Attributes:
        state: ``open``; ``paused`` as the receiver asked for; ``broken`` after failures in a row;
            ``trying`` while one action finds out whether it works again.
        until: Nothing is sent before.
        why: In words, without anything personal.
        failing_since: When the failures began that have not ended; ``None`` while it works.
    """

    destination: str
    state: GateState = GateState.OPEN
    until: datetime | None = None
    why: str | None = None
    failing_since: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether nothing is sent there now."""
        return self.until is not None and self.until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An action, a signal or a clock that waits for a person.

    Attributes:
        key: Key of the action or of the clock, or id of the signal.
        what: ``action``, ``signal`` or ``clock``.
        kind: Kind of the action, of the signal or of the clock.
        place: Destination of the action, source of the signal, or step of the clock.
        at: When it was given up, or came.
        reason: Why, in words.
        payload: What it holds, with ids and tokens in the place of personal values.
        doubts: Tries of the action of which nobody knows whether they took effect.
    """

    key: str
    what: str
    kind: str
    place: str
    at: datetime
    reason: str
    lead_id: str | None = None
    attempts: int = 0
    doubts: int = 0
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A try of an action, as it was claimed.

    Attributes:
        holder: Who claimed it.
        attempt: The number of the try.
    """

    holder: str
    attempt: int


class EchoKind(StrEnum):
    """What a change that another system reports is: ours come back, almost ours, or its own."""

    ECHO = "echo"
    NEAR = "near"
    OWN = "own"


class Outbox(Protocol):
    """Queued actions."""

    def queue_all(
        self, actions: Sequence[Action], now: datetime, *, withheld: bool = False
    ) -> None:
        """Queue actions in this order, each as :meth:`queue` does."""

    def fold(self, actions: Sequence[Action], now: datetime, words: str) -> None:
        """Put actions on record that were told of together with others, by another action.

        Args:
            actions: Each once by its key.
            now: When they were told of.
            words: By which action.
        """

    def queue(self, action: Action, now: datetime, *, withheld: bool = False) -> None:
        """Queue an action; one with the same key is never queued again.

        Args:
            action: The action.
            now: The time.
            withheld: It is only put on record, and never sent.
        """

    def due(self, now: datetime, limit: int) -> tuple[ActionView, ...]:
        """Return actions to be carried out or looked up, in the order of their times."""

    def get(self, key: str) -> ActionView | None:
        """Return one action."""

    def ready(self, now: datetime) -> tuple[str, ...]:
        """Return the destinations for which something is due, the longest waiting first."""

    def holders(self, now: datetime) -> tuple[str, ...]:
        """Return who holds actions in sending whose lease runs on."""

    def claim(
        self,
        destination: str,
        *,
        holder: str,
        now: datetime,
        until: datetime,
        limit: int,
        gone: Sequence[str] = (),
    ) -> tuple[ActionView, ...]:
        """Write that tries of due actions begin; return them in the state they were in before.

        An action waits for those of the same lead and destination that are due before it, alerts
        and pages apart; a mail waits for a pause of the lead's mails that could not be carried out.
        One in ``sending`` is taken from a holder that is gone or whose lease has ended; that it was
        begun and nobody knows the end is a doubt.
        """

    def settle(
        self,
        key: str,
        state: ActionState,
        *,
        at: datetime,
        next_at: datetime | None = None,
        error: str | None = None,
        doubt: bool = False,
        lease: Lease | None = None,
    ) -> bool:
        """Write how a try ended; a doubt says that nobody knows whether it took effect.

        What was cancelled while it was tried, and would be tried again, is cancelled now.

        Args:
            key: The action.
            state: What becomes of it.
            at: When the try ended.
            next_at: When the next one is.
            error: What went wrong, in words.
            doubt: Nobody knows whether the try took effect.
            lease: The try that ended; where another has begun since, nothing is written.

        Returns:
            Whether it was written.
        """

    def cancel(self, lead_id: str, at: datetime) -> int:
        """Cancel the open actions of a lead; return how many.

        One that is being sent may still be taken; it is cancelled if this try does not end it.
        """

    def resume(self, lead_id: str, at: datetime) -> None:
        """Queue the actions of a lead again that were cancelled at the time ``at``."""

    def waiting(
        self, due_before: datetime, destinations: Sequence[str], limit: int
    ) -> tuple[ActionView, ...]:
        """Return alerts and pages that were due by then, wait still and were not looked at.

        Args:
            due_before: The time.
            destinations: Of what is for one of these.
            limit: At most so many.
        """

    def fell_back(self, key: str, at: datetime) -> None:
        """Write that an alert or page was looked at for another channel."""

    def doubtful(self, limit: int) -> tuple[ActionView, ...]:
        """Return open actions with a doubt, those due first."""

    def hasten(self, destination: str, now: datetime) -> int:
        """Let actions of a destination that are due, and wait for a next try, have it now.

        Returns:
            How many they are.
        """


class Destinations(Protocol):
    """How destinations are sent to."""

    def gate(self, destination: str) -> Gate:
        """Return how a destination is sent to; one nothing is known of is open."""

    def set_gate(self, gate: Gate, at: datetime) -> None:
        """Write how a destination is sent to from now on."""

    def gates(self) -> tuple[Gate, ...]:
        """Return every destination that something was written of, by name."""

    def backlog(self, now: datetime) -> Mapping[str, tuple[int, datetime | None]]:
        """Return for each destination how much is due and since when the oldest is."""


class DeadLetters(Protocol):
    """What waits for a person: actions given up or refused, signals and clocks put aside."""

    def page(self, limit: int, what: str | None = None) -> tuple[DeadLetter, ...]:
        """Return the newest dead letters, of one sort or all."""

    def get(self, key: str) -> DeadLetter | None:
        """Return one."""

    def retry(self, key: str, at: datetime) -> bool:
        """Let it be tried again in its old place in the order; ``False`` if it is not dead."""

    def drop(self, key: str, at: datetime) -> bool:
        """Give it up for good; ``False`` if it is not dead."""


class Echoes(Protocol):
    """What we wrote into other systems and may hear back."""

    def note(self, written: Written, *, at: datetime, until: datetime) -> None:
        """Keep that a value is being written; the same again may be heard once more."""

    def hear(self, reported: Written, *, at: datetime) -> EchoKind:
        """Say what a reported change is, and use up the note of an echo."""

    def round(self, reported: Written, *, at: datetime, until: datetime) -> int:
        """Count a near miss of a field; return how many there were within the time."""

    def near_misses(self) -> int:
        """Return how many near misses are remembered."""

    def prune(self, at: datetime) -> int:
        """Forget what is too old; return how many notes."""
