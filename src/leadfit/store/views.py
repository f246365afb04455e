"""What the store answers: frozen values for pages, commands and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leadfit.records import (
    Account,
    Action,
    Assignment,
    Clock,
    ClockKind,
    Contact,
    Kind,
    Lead,
    Match,
    Reason,
    Score,
)
from leadfit.store.past import AccountScore


class SignalState(StrEnum):
    """How far a stored signal has come; ``dead`` waits for a person, who may drop it for good.

    ``waiting``: facts are bought that may change how it is decided, or deciding it failed and is
    tried again.
    """

    ACCEPTED = "accepted"
    WAITING = "waiting"
    DECIDED = "decided"
    DEAD = "dead"
    DROPPED = "dropped"


class ActionState(StrEnum):
    """How far a queued action has come; ``sending`` after a crash means: look it up first.

    ``ambiguous``: nobody knows whether the latest try took effect; it is looked up before the next.
    ``refused`` and ``dead`` wait for a person, who lets it be tried again or drops it.
    """

    PENDING = "pending"
    SENDING = "sending"
    AMBIGUOUS = "ambiguous"
    DONE = "done"
    REFUSED = "refused"
    DEAD = "dead"
    CANCELLED = "cancelled"
    DROPPED = "dropped"
    FOLDED = "folded"
    """Told together with others of its kind, by an action that names them all."""
    WITHHELD = "withheld"
    """Decided while nothing was acted on; it is never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A signal that is stored for good.

    Attributes:
        is_repeat: The same source and event id came before with the same body; everything else
            is the first answer.
        lead_id: The lead it opened or joined, once it is decided.
    """

    signal_id: str
    is_repeat: bool = False
    status: SignalState = SignalState.ACCEPTED
    lead_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalView:
    """Where a stored signal stands.

    Attributes:
        seq: Its number in the log.
        reason: Why it is dead, in words.
    """

    signal_id: str
    seq: int
    source: str
    kind: Kind
    status: SignalState
    received_at: datetime
    lead_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A clock and how it ended.

    Attributes:
        stopped_at: When a person's touch, a new owner or a rejection stopped it.
        stopped_by: ``touch``, ``enrolled``, ``assigned``, ``reassigned``, ``rejected``,
            ``converted`` or ``lost``.
        breached_at: When its first breach step fired.
        late_by_s: Seconds by which the latest breach step fired after it was due.
        aside_at: Since when its next step is not tried any more, having failed too often.
        trouble: Why its next step failed, in words.
    """

    clock: Clock
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    breached_at: datetime | None = None
    late_by_s: float | None = None
    aside_at: datetime | None = None
    trouble: str | None = None

    @property
    def is_running(self) -> bool:
        """The clock has not been stopped."""
        return self.stopped_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """A queued action and how far it has come.

    Attributes:
        attempts: How often it was tried.
        next_at: When it is tried next.
        error: Why the latest try failed, in words.
        doubts: Tries of which nobody knows whether they took effect.
        again_at: When a person last asked for another try.
    """

    action: Action
    state: ActionState
    attempts: int
    next_at: datetime
    error: str | None = None
    done_at: datetime | None = None
    doubts: int = 0
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a person said or did about a lead.

    Attributes:
        kind: ``accepted``, ``rejected`` or ``touched``.
        by: Who, usually a rep id.
    """

    lead_id: str
    kind: Kind
    by: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """What is due next for a lead.

    Attributes:
        what: In a few words; a step of the ladder once the promise is broken.
        local: The time on the wall of the owner's zone, with its offset from UTC.
        zone: Zone of the owner; UTC without one.
        words: All of it, for a person.
    """

    clock: ClockKind
    what: str
    due_at: datetime
    local: str
    zone: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadView:
    """A lead with everything a page shows about it.

    Attributes:
        match: How the latest signal of the lead was matched.
        possible_account_id: An account that was not linked and waits for a review.
        reasons: Why the lead has this owner, or none.
        icp: The learned score of the lead's account, as of the latest cycle.
        deadline: What is due next, for a lead that was asked for by itself.
    """

    lead: Lead
    account: Account | None = None
    contact: Contact | None = None
    match: Match | None = None
    score: Score | None = None
    possible_account_id: str | None = None
    assignment: Assignment | None = None
    assigned_by: str | None = None
    touched_at: datetime | None = None
    clocks: tuple[ClockView, ...] = ()
    actions: tuple[ActionView, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    reasons: tuple[Reason, ...] = ()
    icp: AccountScore | None = None
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A breach kept for the weekly review."""

    key: str
    lead_id: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Rows of the log that were checked one after the other, with what lies beside them.

    Attributes:
        rows: How many.
        first: Number of the first one; 0 where there is none.
        start: The hash that the first one says came before it.
        last: Number of the last one.
        end: Its hash.
        signals: Rows of ``signals`` that were found beside them.
        decisions: Rows of ``decisions``.
        contents: Rows of ``contents``.
        publications: Rows of ``publications``.
        erased: Tokens of persons whom these rows say were erased.
        without_values: A row of each person whose values of a signal are not there, by token.
        faults: The first places that do not hold, in words.
    """

    rows: int
    first: int
    start: bytes
    last: int
    end: bytes
    signals: int = 0
    decisions: int = 0
    contents: int = 0
    publications: int = 0
    erased: frozenset[str] = frozenset()
    without_values: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a check of the log's hash chain found.

    Attributes:
        intact: Every row is as it was written and none is missing.
        rows: Rows that were checked.
        anchor: Number and hash of the last row, as text, to be kept outside; ``None`` where
            something does not hold.
        faults: The first places that do not hold, in words; empty when intact.
    """

    intact: bool
    rows: int
    anchor: str | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of records in the store.

    Attributes:
        unassigned: Open leads without an owner.
        overdue: Running clocks whose next step is past due.
        clocks_aside: Running clocks whose next step failed too often and waits for a person.
        leads_by_tier: Number of leads of each tier.
        actions: Number of queued actions in each state.
    """

    accounts: int
    contacts: int
    leads: int
    open_leads: int
    unassigned: int
    signals_pending: int
    signals_dead: int
    decisions: int
    log_rows: int
    clocks_running: int
    overdue: int
    clocks_aside: int = 0
    leads_by_tier: Mapping[int, int] = field(default_factory=dict)
    actions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import added; a second import of the same history adds nothing.

    Attributes:
        facts: Facts with a time of their own.
        spend: Amounts of a month and channel.
    """

    accounts: int = 0
    domains: int = 0
    contacts: int = 0
    leads: int = 0
    events: int = 0
    facts: int = 0
    spend: int = 0
