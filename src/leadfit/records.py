"""The frozen values that cross rooms.

Times are aware and UTC. Money is in integer minor units beside its currency. Mappings inside a
record are never changed after the record is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from leadfit.errors import Fault

Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]


class Kind(StrEnum):
    """Kinds of events: ladder, use and health, engagement and intent, handling."""

    ACCEPTED = "accepted"
    WORKED = "worked"
    REJECTED = "rejected"
    QUALIFIED = "qualified"
    STALLED = "stalled"
    CONVERTED = "converted"
    LOST = "lost"
    EXPANDED = "expanded"
    CONTRACTED = "contracted"
    RENEWED = "renewed"
    CHURNED = "churned"
    USED = "used"
    TICKET = "ticket"
    STAKEHOLDER_LEFT = "stakeholder_left"
    HEALTH_NOTE = "health_note"
    FORM_FILL = "form_fill"
    LEAD = "lead"
    PAGE_VIEW = "page_view"
    PRICING_VIEW = "pricing_view"
    CALCULATOR = "calculator"
    DOCS_VIEW = "docs_view"
    CASE_STUDY_VIEW = "case_study_view"
    COMPARISON_VIEW = "comparison_view"
    BLOG_VIEW = "blog_view"
    CONTENT_DOWNLOAD = "content_download"
    DEMO_REQUEST = "demo_request"
    EMAIL_OPEN = "email_open"
    EMAIL_REPLY = "email_reply"
    INTENT_TOPIC = "intent_topic"
    COMPETITOR_RESEARCH = "competitor_research"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    ASSIGNED = "assigned"
    TOUCHED = "touched"
    ENRICHED = "enriched"


OPENS_A_LEAD = frozenset({Kind.FORM_FILL, Kind.DEMO_REQUEST, Kind.EMAIL_REPLY, Kind.LEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """What a signal says about who sent it; every value as it came, trimmed."""

    email: str | None = None
    domain: str | None = None
    phone: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    company: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    lead_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that happened, as a source reported it.

    Attributes:
        signal_id: Ours, made before the first write.
        source: The sender, such as ``web-form``.
        event_id: The sender's id; unique within ``source`` for the life of the log.
        kind: What happened.
        at: When it happened, by the sender.
        received_at: When it reached us.
        identifiers: Who it is about.
        facts: Firmographic and other facts the sender knows, by name.
        text: Free words, such as the message of a form.
    """

    signal_id: str
    source: str
    event_id: str
    kind: Kind
    at: datetime
    received_at: datetime
    identifiers: Identifiers
    facts: Facts = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A signal that cannot be taken, with every fault in it."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A company or a body of one, as the customer keeps it."""

    account_id: str
    name: str
    domains: tuple[str, ...] = ()
    parent_account_id: str | None = None
    owner_id: str | None = None
    country: str | None = None
    is_customer: bool = False
    facts: Facts = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at an account."""

    contact_id: str
    account_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    phone: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One occasion on which a contact may buy; it has one owner and one running SLA clock."""

    lead_id: str
    created_at: datetime
    account_id: str | None = None
    contact_id: str | None = None
    source: str | None = None
    facts: Facts = field(default_factory=dict)
    owner_id: str | None = None
    tier: Tier | None = None
    is_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rep:
    """A person who can own leads.

    Attributes:
        working_hours: ``mon-fri 09:00-17:00`` in ``timezone``; several parts joined by ``;``.
        away_from: First day of leave, as an aware time, or ``None``.
        away_to: End of leave, exclusive, or ``None`` for leave without a known end.
        calendar: Name of the rep's calendar in ``holidays.csv``; holidays without one hold for all.
        capacity: Slots of this rep; ``None`` for those of the policy.
    """

    rep_id: str
    name: str
    email: str | None = None
    team: str | None = None
    manager_id: str | None = None
    skills: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    timezone: str = "UTC"
    working_hours: str = "mon-fri 09:00-17:00"
    away_from: datetime | None = None
    away_to: datetime | None = None
    active: bool = True
    is_overflow: bool = False
    calendar: str | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One step of an explanation.

    Attributes:
        rule: A fixed word, such as ``fit.industry``; stable for scripts.
        words: The same for a person, one sentence without a full stop.
        points: What it adds to a score, or ``None`` where nothing is added up.
    """

    rule: str
    words: str
    points: float | None = None


class Band(StrEnum):
    """What may be done with a link: at once, after review, or not at all."""

    AUTO = "auto"
    REVIEW = "review"
    NEW = "new"


class Relation(StrEnum):
    """How a record stands to a candidate."""

    SAME = "same"
    RELATED = "related"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Blocking keys of a signal: normalised identifiers under which candidates are looked up.

    A key is ``None`` where the signal has none or where it is too weak to look anything up by.

    Attributes:
        email: Normalised address.
        email_is_personal: A person's own business address: not role, free or disposable.
        domain: Registrable domain; ``None`` for free-mail and disposable domains.
        set_aside: Why a domain was not used, such as ``free_mail``.
    """

    email: str | None = None
    email_is_personal: bool = False
    domain: str | None = None
    set_aside: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    lead_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record that shares a blocking key with a signal.

    Attributes:
        found_by: The key: ``lead_id``, ``contact_id``, ``account_id``, ``email``, ``domain``, or
            ``blocking`` for a record that is weighed by a model card.
        open_lead_id: An open lead of the same contact, which a repeat joins instead of opening
            another.
        columns: Normalised columns of a record found by ``blocking``.
        role: What the domain is to the account, for one found by ``domain``: ``primary``,
            ``brand``, ``regional`` or ``acquired``.
    """

    found_by: str
    account: Account | None = None
    contact: Contact | None = None
    open_lead_id: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    role: str = "primary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The answer of resolve: linked, queued or new, always with a probability.

    Attributes:
        possible_account_id: The best candidate that was not linked.
        method: ``exact``, ``domain``, ``weighed`` or ``none``.
        candidates: Account ids that were compared, best first.
        card_digest: Digest of the model card that weighed it, or ``None`` where rules decided.
        skipped: Blocking rules by which nothing was looked up, since too many records share a key.
        left_out: Candidates beyond the cap, which were not compared.
    """

    band: Band
    probability: float
    relation: Relation
    method: str
    account_id: str | None = None
    contact_id: str | None = None
    lead_id: str | None = None
    possible_account_id: str | None = None
    candidates: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    card_digest: str | None = None
    skipped: tuple[str, ...] = ()
    left_out: int | None = None


class Tier(IntEnum):
    """How fast and by whom a lead is worked; 1 is first."""

    ONE = 1
    TWO = 2
    THREE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One engagement or intent event of a lead, contact or account."""

    kind: Kind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What scoring looks at: facts known now and the activities up to now.

    Attributes:
        measured: Numbers of Model C that do not follow from the facts.
        listed: Lists of the policy on which the domain of the lead or its account stands.
    """

    facts: Facts
    activities: tuple[Activity, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IcpScore:
    """What a learned artifact says of one account.

    Attributes:
        score: 0 to 100, after the detractor match took its share.
        detractor: Match with the class that churned after meaningful use, 0 to 1.
        flagged: The detractor match reached the artifact's flag threshold.
        reasons: Contributions that sum to ``score``.
    """

    score: float
    detractor: float
    flagged: bool
    artifact_digest: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Tier and points of a lead, each with its reasons.

    Attributes:
        model: ``A`` (weighted composite), ``B`` (dual-threshold gate) or ``C`` (chance of a win).
        total: Points, 0 to 100: fit + engagement + intent + authority; under Model C the chance of
            a win in percent, and the four components are those of the weighted rules beside it.
        fit: Firmographic fit, 0 to its weight in the policy, as the next three; 40 at first.
        engagement: Engagement with us; 0 to 30 at first.
        intent: Intent seen elsewhere; 0 to 20 at first.
        authority: Buying authority; 0 to 10 at first.
        fit100: Fit gate of Model B: fit as a percentage of its weight.
        intent100: Intent gate of Model B: engagement and intent as a percentage of theirs.
        firmographic100: Fit by facts on 100 where fit is the learned score, else ``None``.
        reasons: Reasons with points sum to ``total``; reasons without points explain the tier.
    """

    model: str
    tier: Tier
    total: float
    fit: float
    engagement: float
    intent: float
    authority: float
    fit100: float
    intent100: float
    icp: IcpScore | None = None
    firmographic100: float | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepLoad:
    """A rep and what the store knows of the rep's present load.

    Attributes:
        slots_taken: Capacity slots of the sliding window that are busy now.
        last_turn: Number of the rep's latest turn in any rotation; 0 before the first.
        turns: Number of the latest turn in the rotation of each pool that was asked for; a pool
            in which the rep had none is not there.
    """

    rep: Rep
    slots_taken: int = 0
    last_turn: int = 0
    turns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A rep's place in a ranking, or the reason the rep has none.

    Attributes:
        pool: The rotation in which taking the place is a turn; ``None`` where there is none.
    """

    rep_id: str
    rule: str
    words: str
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Reps in the order in which the store tries to claim a slot for them.

    Attributes:
        places: Best first; empty when nobody is free.
        excluded: Reps that were looked at and left out, with the rule that did it.
        needs_slot: The lead takes one of the owner's capacity slots.
    """

    places: tuple[Place, ...]
    excluded: tuple[Place, ...] = ()
    needs_slot: bool = False
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A lead given to an owner; a reassignment is a new one.

    Attributes:
        signal_at: When the signal came that the assignment answers.
        raised_from: The tier the lead had until that signal raised it; everything it is promised
            begins anew. ``None`` for the first assignment and for another owner of one tier.
        arm: Experiment and arm, as ``EXPERIMENT/ARM``, that the lead was drawn into.
        target_minutes: Minutes to the first touch in that arm, instead of the tier's.
    """

    assignment_id: str
    lead_id: str
    owner_id: str
    tier: Tier
    signal_at: datetime
    assigned_at: datetime
    place: Place
    number: int = 1
    raised_from: Tier | None = None
    arm: str | None = None
    target_minutes: float | None = None


class ClockKind(StrEnum):
    """The three clocks of a lead."""

    SIGNAL_TO_ASSIGNMENT = "signal_to_assignment"
    ASSIGNMENT_TO_TOUCH = "assignment_to_touch"
    SIGNAL_TO_TOUCH = "signal_to_touch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A running SLA clock.

    Attributes:
        key: Unique: the same clock is never started twice.
        due_at: When the next breach step is due; ``None`` for a clock that only measures.
        step: Number of the breach step due next, from 0.
    """

    key: str
    kind: ClockKind
    lead_id: str
    assignment_id: str | None
    started_at: datetime
    due_at: datetime | None
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to be done outside, once.

    Attributes:
        key: Idempotency key: lead, assignment and action. The same key is never queued twice.
        kind: ``task``, ``alert``, ``call_script``, ``pause_sequence``, ``sequence``,
            ``linkedin``, ``nurture``, ``retarget``, ``recycle_check``, ``page``, ``incident``.
        destination: Which queue it waits in: ``crm``, ``chat``, ``phone``, ``email``, ``ads``,
            ``pager`` or ``log``.
        lead_id: Empty where no single lead is concerned, as by an alert about matching.
        recipients: Rep ids.
        due_at: Not before this time.
        is_notice: It tells of a breach; those of a storm are told to a person together.
        fields: What the performer needs, without personal data: ids and words of the policy.
    """

    key: str
    kind: str
    destination: str
    lead_id: str
    assignment_id: str | None
    due_at: datetime
    recipients: tuple[str, ...] = ()
    fields: Facts = field(default_factory=dict)
    is_notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A value that we write into another system, or that it reports to us.

    Attributes:
        system: The system, by the name of the source it sends its changes under.
        object_id: Its record.
        name: The field of the record.
        value: The value, in the form in which the system sends it back.
        version: The version of the record that the write made, where the system says it.
    """

    system: str
    object_id: str
    name: str
    value: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Actions and clocks that follow from an assignment or from a breach.

    Attributes:
        reassign: The lead is to be given to another owner, with a new clock.
    """

    actions: tuple[Action, ...] = ()
    clocks: tuple[Clock, ...] = ()
    reassign: bool = False
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything that was decided about one signal, with what it was decided from.

    Attributes:
        opened: The signal opened a lead; ``False`` when it joined one or only left activity.
        policy_digest: Digest of the policy folder in force.
        artifact_digest: Digest of the learned artifact in force, or ``None``.
        card_digest: Digest of the model card in force, or ``None``.
        subject: What was scored; ``shadow``: nothing was acted on.
        enrichment: Why facts that it lacked were bought or not; ``None`` where none are sold.
        certificate_digest: Digest of the proof that none of them could change it.
    """

    decision_id: str
    signal_id: str
    lead_id: str | None
    account_id: str | None
    contact_id: str | None
    decided_at: datetime
    opened: bool
    match: Match
    subject: Subject
    score: Score | None
    ranking: Ranking | None
    assignment: Assignment | None
    plan: Plan
    policy_digest: str
    artifact_digest: str | None = None
    card_digest: str | None = None
    enrichment: Reason | None = None
    certificate_digest: str | None = None
    shadow: bool = False
