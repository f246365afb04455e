"""What every store does; :mod:`leadfit.testing.check_store` proves it of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from leadfit.records import (
    Account,
    Activity,
    Assignment,
    Candidate,
    Clock,
    ClockKind,
    Contact,
    Decision,
    Facts,
    Keys,
    Lead,
    Signal,
    Tier,
)
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.relatives.domains import AccountDomain
from leadfit.store.breaches import Breaches, Unbegun
from leadfit.store.enriching import EnrichmentState
from leadfit.store.intake import AccessKeys, Intake
from leadfit.store.lifts import Lifts
from leadfit.store.listing import LeadFilter
from leadfit.store.matching import Blocked, Links, Merges, Reviews
from leadfit.store.outbox import DeadLetters, Destinations, Echoes, Outbox
from leadfit.store.owners import Held, Owners
from leadfit.store.paces import Paces
from leadfit.store.past import PastRecords
from leadfit.store.persons import Persons
from leadfit.store.publications import Publications
from leadfit.store.purchases import Purchases
from leadfit.store.recorded import RecordedDecisions
from leadfit.store.told import Contents, People, ToldDecisions
from leadfit.store.trials import Trials
from leadfit.store.vendors import Vendors
from leadfit.store.views import (
    Counts,
    Feedback,
    Incident,
    LeadView,
    SignalState,
    SignalView,
    Stretch,
    Verification,
)

T = TypeVar("T")


class Signals(Protocol):
    """Stored signals and the log they stand in; personal values are kept apart from the log."""

    def find(self, source: str, event_id: str) -> tuple[SignalView, bytes] | None:
        """Return the signal with this source and event id, and the digest of its body."""

    def digest(self, body: bytes) -> bytes:
        """Return the keyed digest by which bodies are compared."""

    def add(self, signal: Signal, digest: bytes, email: str | None) -> None:
        """Append a signal to the log; ``email`` is the normalised address of its person."""

    def view(self, signal_id: str) -> SignalView | None:
        """Return where a signal stands."""

    def read(self, signal_id: str) -> Signal | None:
        """Return a signal as it came."""

    def pending(self, limit: int) -> tuple[str, ...]:
        """Return ids of undecided signals in the order of the log."""

    def waiting(self, most: int) -> int:
        """Return how many signals are undecided, counted up to ``most``."""

    def settle(
        self, signal_id: str, status: SignalState, lead_id: str | None, reason: str | None = None
    ) -> None:
        """Write how a signal ended."""

    def tries(self, signal_id: str) -> int:
        """Return how often deciding a signal failed for a while."""

    def put_off(self, signal_id: str, again_at: datetime, reason: str) -> None:
        """Write that deciding an undecided signal failed; it stands in nobody's way until then."""

    def put_off_until(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return signals whose wait after being put off is over, in the order of their times."""

    def take_up(self, signal_ids: Sequence[str]) -> None:
        """Let signals that were put off be decided, in their old places in the order."""

    def append(self, kind: str, at: datetime, body: Mapping[str, object]) -> int:
        """Append another kind of row to the log; return its number."""

    def last(self) -> int:
        """Return the number of the last row of the log; 0 where there is none."""

    def walk(self, after: int, upto: int) -> Stretch:
        """Check the rows of the log behind one number up to another, and what lies beside them."""

    def verify(
        self, walked: Sequence[Stretch] = (), anchors: Sequence[tuple[int, bytes]] = ()
    ) -> Verification:
        """Check the log from the first row to the kept head, and what it gives the digests of.

        Args:
            walked: Stretches from the first row on, each of :meth:`walk`; the rest is walked now.
            anchors: Numbers and hashes of rows that were noted before, outside of the store.
        """


class Accounts(Protocol):
    """Accounts, their domains, and contacts with their personal values."""

    def candidates(self, keys: Keys, at: datetime | None = None) -> tuple[Candidate, ...]:
        """Return the records that share a blocking key, strongest key first.

        With a time, only accounts that held the domain then are of it.
        """

    def add_domains(self, lines: Iterable[AccountDomain]) -> None:
        """Write lines of the account-to-domains table over those of the same two."""

    def blocked(self, kind: RecordKind, columns: Mapping[str, str], limit: int) -> Blocked:
        """Return records that share a blocking key with these normalised columns.

        Accounts come without domains and facts, which weighing does not look at.
        """

    def normal_forms(self, after: str, limit: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Return ids and normalised columns of accounts behind the id ``after``, by id.

        Those merged into another are left out.
        """

    def account(self, account_id: str) -> Account | None:
        """Return the account that stands for ``account_id``, with what was merged into it."""

    def own_account(self, account_id: str) -> Account | None:
        """Return the account as it was recorded, whatever it was merged into."""

    def contact(self, contact_id: str) -> Contact | None:
        """Return the contact that stands for ``contact_id``, with what was merged into it."""

    def own_contact(self, contact_id: str) -> Contact | None:
        """Return the contact as it was recorded, whatever it was merged into."""

    def contact_key(self, contact_id: str) -> str:
        """Return the form in which a contact id is kept: one that is an address, as a digest."""

    def add_accounts(self, accounts: Iterable[Account]) -> tuple[int, int]:
        """Add accounts that are not there; return the numbers of new accounts and new domains."""

    def add_contacts(self, contacts: Iterable[tuple[Contact, str | None]]) -> int:
        """Add contacts, each with its normalised address, that are not there; return how many."""

    def link_contact(self, contact_id: str, account_id: str) -> None:
        """Put a contact without an account into one."""

    def part_contact(self, contact_id: str, account_id: str) -> None:
        """Take a contact out of an account."""


class Leads(Protocol):
    """Leads, their owners, and what was decided and said about them."""

    def get(self, lead_id: str) -> Lead | None:
        """Return a lead."""

    def open_lead_of(self, contact_id: str) -> str | None:
        """Return the open lead of a contact."""

    def open_leads(self, contact_ids: Sequence[str]) -> tuple[Lead, ...]:
        """Return the open leads of these contacts themselves, oldest first."""

    def add(self, lead: Lead, signal_at: datetime, possible_account_id: str | None) -> None:
        """Add a lead."""

    def import_leads(self, leads: Iterable[Lead]) -> int:
        """Add past leads that are not there; return how many were added."""

    def rate(
        self, lead_id: str, tier: Tier, decision_id: str, facts: Facts, was: Tier | None
    ) -> None:
        """Write a lead's tier, its latest decision and its facts; ``was`` is the tier it had."""

    def opened_by(self, lead_id: str, decision_id: str) -> None:
        """Write which decision opened a lead; what it was rated is written with the lead."""

    def signal_at(self, lead_id: str) -> datetime | None:
        """Return when the lead's first signal reached us."""

    def assign(self, assignment: Assignment) -> None:
        """Give a lead its owner; the assignment before must have ended."""

    def end_assignment(self, lead_id: str, at: datetime) -> None:
        """End the lead's assignment; it has no owner until the next one."""

    def assignment(self, lead_id: str) -> Assignment | None:
        """Return the lead's present assignment."""

    def present_assignments(self, lead_ids: Sequence[str]) -> Mapping[str, Assignment]:
        """Return the present assignment of each of these leads that has one."""

    def assignments(self, lead_id: str) -> tuple[Assignment, ...]:
        """Return every assignment of a lead, first one first."""

    def unassigned(
        self, now: datetime, limit: int, *, soon: timedelta = timedelta(seconds=15)
    ) -> tuple[str, ...]:
        """Return open leads without an owner that are due for another try.

        Args:
            now: The time.
            limit: At most so many.
            soon: One that is due within this time is in the queue, and those behind it wait.
        """

    def retry_at(self, lead_id: str, at: datetime) -> None:
        """Write when an owner is looked for again."""

    def touched_at(self, lead_id: str) -> datetime | None:
        """Return when a person first touched the lead."""

    def replied_since(self, lead_id: str, at: datetime) -> bool:
        """Return whether the lead has replied to a mail since ``at``."""

    def touch(self, lead_id: str, at: datetime) -> None:
        """Write the first touch; a later one changes nothing."""

    def close(self, lead_id: str) -> None:
        """Close a lead."""

    def reopen(self, lead_id: str) -> None:
        """Open a closed lead again."""

    def link(self, lead_id: str, account_id: str | None) -> None:
        """Put a lead into an account, or take it out of one."""

    def settle_possible(self, lead_id: str) -> None:
        """Forget the account a lead might have been of: a reviewer decided."""

    def add_activity(
        self,
        signal: Signal,
        *,
        lead_id: str | None,
        contact_id: str | None,
        account_id: str | None,
    ) -> None:
        """Keep what a signal reported as an activity."""

    def activities(
        self,
        *,
        lead_id: str | None,
        contact_id: str | None,
        account_id: str | None,
        limit: int,
    ) -> tuple[Activity, ...]:
        """Return the newest activities of a lead, its contact and its account, oldest first."""

    def add_decision(
        self, decision: Decision, inputs: Mapping[str, object], people: People | None = None
    ) -> None:
        """Keep a decision with what it was decided from, and its digest in the log.

        Args:
            decision: The decision.
            inputs: What it was made from, without personal values.
            people: Personal values it was made from, by contact; kept under each person's key.
        """

    def decision(self, decision_id: str) -> Decision | None:
        """Return a decision."""

    def decisions(self, lead_id: str) -> tuple[Decision, ...]:
        """Return every decision about a lead, newest first."""

    def rated(self, lead_id: str) -> Decision | None:
        """Return the decision by which the lead was last rated, without what routing made of it."""

    def inputs(self, decision_id: str) -> Mapping[str, object] | None:
        """Return what a decision was decided from."""

    def add_feedback(self, feedback: Feedback) -> None:
        """Keep what a person said about a lead, and that it was said in the log."""

    def view(self, lead_id: str) -> LeadView | None:
        """Return a lead with everything about it."""

    def page(
        self, limit: int, after: str | None = None, wanted: LeadFilter | None = None
    ) -> tuple[LeadView, ...]:
        """Return leads, newest first, behind the lead ``after``; all of them, or those wanted."""


class Capacity(Protocol):
    """Capacity slots and turns of the rotations."""

    def loads(
        self,
        rep_ids: Sequence[str],
        now: datetime,
        *,
        window: timedelta = timedelta(0),
        pools: Sequence[str] = (),
    ) -> Mapping[str, Held]:
        """Return each rep's busy slots and turns; a rep without a turn is next, once.

        Args:
            rep_ids: Whom it is asked of.
            now: Slots are busy at this time.
            window: Length of the window as it is now; a slot taken within it is busy.
            pools: Pools whose turns are wanted.
        """

    def claim(
        self, rep_id: str, *, slots: int, lead_id: str, now: datetime, until: datetime
    ) -> int | None:
        """Take one of a rep's slots from ``now`` until ``until``; ``None`` when all are busy."""

    def take_turn(self, rep_id: str, pool: str | None = None) -> int:
        """Put a rep at the end of a pool's rotation; return the number of the turn."""


class Clocks(Protocol):
    """Running clocks and the incidents of those that ran out."""

    def start_all(self, clocks: Sequence[Clock]) -> None:
        """Start clocks, each as :meth:`start` does."""

    def start(self, clock: Clock) -> None:
        """Start a clock; one with the same key is never started again."""

    def stop(
        self, lead_id: str, at: datetime, by: str, kinds: frozenset[ClockKind] | None = None
    ) -> int:
        """Stop running clocks of a lead, of some kinds or all; return how many."""

    def resume(self, lead_id: str, by: str) -> None:
        """Let the clocks of a lead run on that were stopped ``by`` something that is undone."""

    def stop_one(self, key: str, at: datetime, by: str) -> None:
        """Stop one clock."""

    def due(self, now: datetime, limit: int) -> tuple[Clock, ...]:
        """Return running clocks that are due, in due order."""

    def advance(self, clock: Clock, *, step: int, due_at: datetime | None, now: datetime) -> bool:
        """Write that a clock's step fired; ``False`` when somebody stopped or moved it before."""

    def again(self, key: str, at: datetime) -> None:
        """Let a clock that runs be due once more."""

    def tries(self, key: str) -> int:
        """Return how often the next step of a clock was tried and failed."""

    def failed(self, clock: Clock, *, again_at: datetime | None, why: str, now: datetime) -> bool:
        """Write that a clock's step failed; ``False`` when somebody stopped or moved it before.

        Args:
            clock: As it was read.
            again_at: When the step is tried again, as late as if it were then; ``None`` puts it
                aside until a person retries it.
            why: In words, without anything personal.
            now: The time.
        """

    def add_incident(self, incident: Incident) -> None:
        """Keep an incident, once by its key."""

    def incidents(self, since: datetime) -> tuple[Incident, ...]:
        """Return incidents from ``since`` on, oldest first."""


class Session(Protocol):
    """A transaction, for reading or for one piece of work of the writer."""

    @property
    def signals(self) -> Signals:
        """Signals and log."""

    @property
    def contents(self) -> Contents:
        """Policies, artifacts and model cards that decided."""

    @property
    def told(self) -> ToldDecisions:
        """Decisions with what they were made from."""

    @property
    def persons(self) -> Persons:
        """What is kept of a person, and its end."""

    @property
    def accounts(self) -> Accounts:
        """Accounts and contacts."""

    @property
    def leads(self) -> Leads:
        """Leads and decisions."""

    @property
    def capacity(self) -> Capacity:
        """Slots and turns."""

    @property
    def owners(self) -> Owners:
        """Who has open leads, and what people moved by hand."""

    @property
    def clocks(self) -> Clocks:
        """Clocks and incidents."""

    @property
    def breaches(self) -> Breaches:
        """Breach steps that were taken, and what is told of them."""

    @property
    def unbegun(self) -> Unbegun:
        """Actions of a lead that wait."""

    @property
    def outbox(self) -> Outbox:
        """Queued actions."""

    @property
    def destinations(self) -> Destinations:
        """How destinations are sent to."""

    @property
    def dead_letters(self) -> DeadLetters:
        """What waits for a person."""

    @property
    def echoes(self) -> Echoes:
        """What we wrote into other systems."""

    @property
    def enriching(self) -> EnrichmentState:
        """Signals that wait for bought facts, and proofs that none are needed."""

    @property
    def intake(self) -> Intake:
        """What came in by source and hour, and what could not be taken."""

    @property
    def keys(self) -> AccessKeys:
        """API keys."""

    @property
    def past(self) -> PastRecords:
        """The recorded past."""

    @property
    def links(self) -> Links:
        """How leads were matched."""

    @property
    def reviews(self) -> Reviews:
        """Pairs a person is asked about."""

    @property
    def merges(self) -> Merges:
        """Merges and their undoing."""

    @property
    def recorded(self) -> RecordedDecisions:
        """Decisions as a rehearsal of other rules wants them."""

    @property
    def publications(self) -> Publications:
        """Rules that were put in force."""

    @property
    def lifts(self) -> Lifts:
        """Overrides of tiers, and the activities a chance is measured by."""

    @property
    def trials(self) -> Trials:
        """Leads of experiments."""

    @property
    def purchases(self) -> Purchases:
        """Facts that are bought."""

    @property
    def paces(self) -> Paces:
        """How fast vendors may be called."""

    @property
    def vendors(self) -> Vendors:
        """Calls of vendors, their budgets and their ledger."""

    def counts(self, now: datetime) -> Counts:
        """Return numbers of records."""


class Store(Protocol):
    """A store: one writer a process, any number of readers.

    Attributes:
        is_near: A short reading takes no longer than a look into a file of this machine; else it
            waits for another machine, or for its turn.
    """

    is_near: bool

    @property
    def is_idle(self) -> bool:
        """No work waits for the writer."""

    @property
    def waiting(self) -> int:
        """Pieces of work that wait for the writer."""

    def submit(self, work: Callable[[Session], T], *, later: bool = False) -> Future[T]:
        """Queue a piece of work for the writer; the answer comes after the commit is durable.

        A piece that raises leaves nothing behind and disturbs no other. Pieces are done in the
        order they come in, but that those nobody waits for (``later``) are passed by others.

        Raises:
            StoreBusy: The queue is full, or another process writes to the store.
        """

    def write(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work and return its answer once the commit is durable.

        Raises:
            StoreBusy: The queue is full, the disk is full, or another process writes.
        """

    def write_beside(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work on API keys alone, though another process may be the one that writes.

        Raises:
            StoreBusy: The disk is full, or the store cannot be had for five seconds.
        """

    def read(self, work: Callable[[Session], T]) -> T:
        """Read in one consistent snapshot, from any thread."""

    def scrub(self) -> bool:
        """Drop what deleted rows left behind; ``False`` when somebody is in the way."""

    def may_do(self, duty: str) -> bool:
        """Return whether this process is the one that does a duty now, such as ``learn``.

        Several processes may write to one store; what must be done by one at a time is done by the
        first that asks, until it closes the store or ends.
        """

    def close(self) -> None:
        """Finish queued work and let go of the store."""
