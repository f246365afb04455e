"""What every performer does; :mod:`leadfit.testing.check_connector` proves it of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from leadfit.errors import Permanent, Retryable
from leadfit.records import Action, Written

REPEAT: Final = "may_be_a_repeat"
"""A field of an action that is sent again although its first try may have taken effect."""
INSTEAD: Final = "instead_of"
"""A field of an action that names the destination which should have had it."""


class Performer(Protocol):
    """Carries out actions at one receiver. Safe to use from any thread.

    A performer whose receiver does not honour keys says :data:`REPEAT` to whoever reads it. One
    with ``is_local = True`` answers at once, and its actions are sent one after another.
    """

    def perform(self, action: Action) -> None:
        """Carry out ``action``, at most once for its key where the receiver honours keys.

        Returning means that the receiver has it for good.

        Raises:
            NotTaken: The receiver did nothing; it may work later.
            OnHold: As above, and so it is for whatever is sent there now.
            Retryable: It may work later; the action may have been carried out.
            Permanent: The receiver will never take it; nothing was done.
        """

    def knows(self, key: str) -> bool | None:
        """Return whether the receiver has the action with this key; ``None`` if it cannot tell.

        Raises:
            Retryable: It cannot be asked now.
        """

    def close(self) -> None:
        """Let go of the receiver."""


@runtime_checkable
class Writes(Protocol):
    """A performer that writes values which the receiver may report back to us."""

    def writes(self, action: Action) -> Sequence[Written]:
        """Return the values that carrying out ``action`` writes."""


@runtime_checkable
class Recalls(Protocol):
    """A performer that finds what it did the sooner, the later it can have been done."""

    def knows_since(self, key: str, since: datetime) -> bool:
        """Return whether an action with this key was carried out then or later."""


@runtime_checkable
class Together(Protocol):
    """A performer that carries out several actions in hardly more time than one."""

    def perform_together(self, actions: Sequence[Action]) -> None:
        """Carry out actions in this order, each as :meth:`Performer.perform` would.

        Returning means that the receiver has all of them for good.

        Raises:
            Retryable: Any of them may have been carried out.
        """


class NotTaken(Retryable):
    """A receiver did nothing: it said that it has too much to do, or was not reached.

    Attributes:
        retry_after_s: Seconds after which the receiver wants to be asked again, if it said so.
    """

    code = "receiver_busy"

    def __init__(self, what: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(what)


class NotReached(NotTaken):
    """A receiver was not reached: there is no such name, or nobody answers; nothing was sent."""

    code = "receiver_not_reached"


class Unclear(Retryable):
    """A receiver may have done what it was sent: the answer did not come or made no sense.

    Attributes:
        retry_after_s: Seconds after which the receiver wants to be asked again, if it said so.
        status: Status of an answer whose body is of no use; ``None`` where none came.
        is_too_large: That body is longer than any that is read.
    """

    code = "receiver_unclear"

    def __init__(
        self,
        what: str,
        retry_after_s: float | None = None,
        *,
        status: int | None = None,
        is_too_large: bool = False,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.status = status
        self.is_too_large = is_too_large
        super().__init__(what)


class OnHold(Retryable):
    """A receiver takes nothing for a while: a quota is used up; nothing was done.

    Attributes:
        retry_after_s: Seconds after which it may, if that is known.
    """

    code = "receiver_on_hold"

    def __init__(self, what: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(what)


class NotAllowedIn(OnHold):
    """A receiver does not take our credential, also not a fresh one; nothing was done."""

    code = "receiver_denied"


class WronglySetUp(OnHold):
    """A receiver takes nothing until somebody mends the set-up: a scope, an address, a version."""

    code = "receiver_set_up"


class RecordRefused(Permanent):
    """A receiver will never take this action; it takes others."""

    code = "receiver_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody an action is for."""

    rep_id: str
    name: str
    email: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a person needs to know to act; every part may be unknown.

    Attributes:
        people: The recipients of the action.
        account_id: Id of the lead's account.
        contact_id: Id of its contact.
        score: Points of 100, where the score has points.
        chance: Chance of a win, from 0 to 1, where the score is one.
        reasons: Why the lead has its tier and owner, in words, the weightiest first.
        due_at: When the first touch is due.
        link: Address of the lead's page.
    """

    people: tuple[Person, ...] = ()
    owner: Person | None = None
    tier: int | None = None
    score: float | None = None
    chance: float | None = None
    contact: str | None = None
    title: str | None = None
    email: str | None = None
    phone: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    account: str | None = None
    domain: str | None = None
    reasons: tuple[str, ...] = ()
    due_at: datetime | None = None
    link: str | None = None


Briefing = Callable[[Action], Brief]
"""Puts together what a person needs to know; asked when an action is sent, not when it is made."""


def no_briefing(action: Action) -> Brief:
    """Tell nothing beyond what the action says itself."""
    tier = action.fields.get("tier")
    return Brief(tier=tier if isinstance(tier, int) else None)
