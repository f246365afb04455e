"""What happened to leads, in the order of time, with each lead rated by two sets of rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, cast
from zlib import crc32

from leadfit import score
from leadfit.canonical import moment
from leadfit.errors import LeadfitError
from leadfit.jobs.decisions.kept import kept_policy
from leadfit.jobs.rehearsal.alike import are_alike
from leadfit.jobs.rehearsal.spend import Draft, draft
from leadfit.pipeline import InForce
from leadfit.policy.policy import PLAY
from leadfit.records import Account, Activity, Band, Facts, Kind, Score, Subject, Tier
from leadfit.resolve.relatives.hierarchy import RoutingLevel, routing_account
from leadfit.score.override import OVERRIDE
from leadfit.store import Session
from leadfit.store.codec import decode
from leadfit.store.recorded import RecordedDecision

_PAGE: Final = 250
_SCORED_BY: Final = ("facts", "score", "detractor", "plays")
_DECODER: Final = json.JSONDecoder()


BothRules = tuple[InForce, InForce]
"""Those in force, and the others."""


@dataclass(frozen=True, slots=True)
class RehearsedScore:
    """What scoring says of a lead, as far as routing and the fit gate ask.

    Attributes:
        fit100: Fit on a scale of 100.
        by_icp: That is the learned score of the account, not fit by facts.
    """

    tier: Tier
    total: float
    play: str | None = None
    fit100: float = 0.0
    by_icp: bool = False


@dataclass(frozen=True, slots=True)
class RehearsedMatch:
    """How a lead was matched.

    Attributes:
        most: The highest band that its probability alone could bring it to, with other edges.
    """

    band: Band
    probability: float
    most: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A decision that opened a lead, or rated an open one again.

    Attributes:
        at: When it was decided.
        signal_at: When the signal came.
        account: The account it was routed by, as it was then.
        possible: An account it may be of instead.
        present: By the rules in force.
        other: By the other rules.
        tier: As it was really decided, with ``owner_id`` and ``band``.
        draft: What facts would have cost by the other rules, of leads that were drafted.
    """

    at: datetime
    signal_at: datetime
    lead_id: str
    opens: bool
    facts: Facts
    match: RehearsedMatch
    present: RehearsedScore
    other: RehearsedScore
    tier: Tier
    owner_id: str | None = None
    account: Account | None = None
    possible: Account | None = None
    draft: Draft | None = None


@dataclass(slots=True)
class Read:
    """What one part of the log came to.

    Attributes:
        moved: Decisions by which a lead changed hands: breaches, absences, people.
        erased: Decisions of persons who were erased since.
        unknown_rules: Decisions by a policy that is not kept.
    """

    happenings: list[Happening] = field(default_factory=list)
    moved: int = 0
    erased: int = 0
    unknown_rules: int = 0
    by_other_rules: int = 0


def read_part(
    session: Session,
    bounds: tuple[int, int],
    rules: BothRules,
    *,
    draft_every: int = 0,
) -> Read:
    """Read and rate the decisions of a part of the log.

    Args:
        session: For reading.
        bounds: Behind the first number of the log, up to the second.
        rules: Those in force, and the others.
        draft_every: Of so many leads one is drafted by the others' buying; 0 for none.
    """
    part, edges = Read(), _Edges(session, rules[0])
    rate_alike = are_alike(rules, _SCORED_BY)
    after, last = bounds
    while after < last:
        page, after = session.recorded.page(after, last, _PAGE)
        for each in page:
            _take(part, each, rules, edges, rate_alike=rate_alike)
            if draft_every and crc32(each.lead_id.encode()) % draft_every == 0:
                _draft(part, each, rules[1])
    return part


class _Edges:
    """The edges of the bands by which decisions were made."""

    def __init__(self, session: Session, present: InForce) -> None:
        self._session = session
        self._present = present
        matching = present.policy.matching
        self._known: dict[str, tuple[float, float] | None] = {
            present.policy.digest: (matching.auto, matching.review)
        }

    def of(self, digest: str) -> tuple[float, float] | None:
        """Return the edges of a policy, or ``None`` where it is not kept."""
        if digest not in self._known:
            try:
                kept = kept_policy(self._session, digest).matching
            except LeadfitError:
                self._known[digest] = None
            else:
                self._known[digest] = (kept.auto, kept.review)
        return self._known[digest]


def _take(
    part: Read, each: RecordedDecision, rules: BothRules, edges: _Edges, *, rate_alike: bool
) -> None:
    body = each.body
    assignment = cast("Mapping[str, object] | None", body.get("assignment"))
    opens = body["opened"] is True
    if not opens and assignment is not None and "raised_from" not in assignment:
        part.moved += 1
        return
    if each.is_erased:
        part.erased += 1
    limits = edges.of(each.policy_digest)
    if limits is None:
        part.unknown_rules += 1
        return
    part.by_other_rules += each.policy_digest != rules[0].policy.digest
    at = _time(body["decided_at"])
    subject = _subject(body, each.personal)
    said = cast("Mapping[str, object]", body["score"])
    recorded = _recorded(said)
    whose = _Whose(each.lead_id, _lifted_by(said))
    present = recorded if _is_by(each, rules[0]) else _rate(subject, rules[0], at, whose)
    other = present if rate_alike else _rate(subject, rules[1], at, whose)
    routed = assignment if assignment is not None else {}
    signal_at = routed.get("signal_at")
    made = Happening(
        at=at,
        signal_at=at if signal_at is None else _time(signal_at),
        lead_id=each.lead_id,
        opens=opens,
        facts=subject.facts,
        match=_matched(cast("Mapping[str, object]", body["match"]), limits),
        present=present,
        other=other,
        tier=recorded.tier,
        owner_id=cast("str | None", routed.get("owner_id")),
    )
    if each.inputs is not None:
        made = _with_accounts(made, body, each.inputs, rules[0])
    part.happenings.append(made)


def _is_by(each: RecordedDecision, rules: InForce) -> bool:
    made_by = (each.policy_digest, each.artifact_digest)
    return made_by == (rules.policy.digest, rules.artifact_digest)


def _draft(part: Read, each: RecordedDecision, rules: InForce) -> None:
    """Add to the happening that was just made what its facts would have cost."""
    made = part.happenings[-1] if part.happenings else None
    if made is None or made.lead_id != each.lead_id or not made.opens or each.is_erased:
        return
    subject = _subject(each.body, each.personal)
    cost = draft(subject, made.lead_id, made.account, rules, made.at)
    part.happenings[-1] = replace(made, draft=cost)


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def _subject(body: Mapping[str, object], personal: Facts) -> Subject:
    said = cast("Mapping[str, object]", body["subject"])
    facts = cast("Facts", said.get("facts", {}))
    activities = cast("list[Mapping[str, str]]", said.get("activities", []))
    return Subject(
        facts={**facts, **personal},
        activities=tuple(
            Activity(kind=Kind(each["kind"]), at=_time(each["at"])) for each in activities
        ),
        measured=cast("Mapping[str, float]", said.get("measured", {})),
        listed=tuple(cast("list[str]", said.get("listed", []))),
    )


def _recorded(said: Mapping[str, object]) -> RehearsedScore:
    reasons = cast("list[Mapping[str, object]]", said.get("reasons", []))
    plays = (str(each["rule"]) for each in reasons if str(each["rule"]).startswith(PLAY))
    return RehearsedScore(
        Tier(cast("int", said["tier"])),
        cast("float", said["total"]),
        next((name.removeprefix(PLAY) for name in plays), None),
        cast("float", said.get("fit100", 0.0)),
        said.get("firmographic100") is not None,
    )


@dataclass(frozen=True, slots=True)
class _Whose:
    """The lead whose lot counts, and who lifted it, if anybody did."""

    lead_id: str
    lifted_by: str | None


def _lifted_by(said: Mapping[str, object]) -> str | None:
    """Return that a person lifted the lead by this decision; who it was changes nothing."""
    reasons = cast("list[Mapping[str, object]]", said.get("reasons", []))
    return "a person" if any(each["rule"] == OVERRIDE for each in reasons) else None


def _rate(subject: Subject, rules: InForce, at: datetime, whose: _Whose) -> RehearsedScore:
    found = score.rate(
        subject, rules.artifact, rules.policy, now=at,
        lead_id=whose.lead_id, lifted_by=whose.lifted_by,
    )  # fmt: skip
    return rated_of(found, rules)


def rated_of(found: Score, rules: InForce) -> RehearsedScore:
    """Return what routing asks of a score."""
    play = rules.policy.play_of(found)
    return RehearsedScore(
        found.tier,
        found.total,
        None if play is None else play.name,
        found.fit100,
        found.firmographic100 is not None,
    )


def _matched(said: Mapping[str, object], edges: tuple[float, float]) -> RehearsedMatch:
    band, probability = Band(str(said["band"])), float(cast("float", said["probability"]))
    auto, review = edges
    most = band
    is_doubtful = band is Band.REVIEW and probability < auto
    could_be_linked = bool(said.get("possible_account_id")) and probability < review
    if is_doubtful or (band is Band.NEW and could_be_linked):
        most = Band.AUTO
    return RehearsedMatch(band, probability, most)


def _with_accounts(
    made: Happening, body: Mapping[str, object], inputs: str, rules: InForce
) -> Happening:
    """Add the accounts as they were told then."""
    match = cast("Mapping[str, object]", body["match"])
    level = RoutingLevel(rules.policy.matching.routing_level)
    own, possible = body.get("account_id"), match.get("possible_account_id")
    if own is None and possible is None:
        return made
    return replace(
        made,
        account=_routed_by(inputs, own, level),
        possible=_routed_by(inputs, possible, level),
    )


def _account(inputs: str, account_id: object) -> Account | None:
    """Return an account as a decision was told of it.

    An account begins with its id in canonical JSON, so that the many others it was compared with
    need not be read.
    """
    begins = f'{{"account_id":{json.dumps(account_id, ensure_ascii=False)},'
    place = inputs.find(begins)
    while place >= 0:
        found, _ = _DECODER.raw_decode(inputs, place)
        if "name" in found:
            return decode(Account, found)
        place = inputs.find(begins, place + 1)
    return None


def _routed_by(inputs: str, account_id: object, level: RoutingLevel) -> Account | None:
    """Return the account of its group that leads are routed by."""
    own = None if account_id is None else _account(inputs, account_id)
    if own is None or level is RoutingLevel.ACCOUNT:
        return own
    group: dict[str, Account] = {}
    each: Account | None = own
    while each is not None and each.account_id not in group:
        group[each.account_id] = each
        parent = each.parent_account_id
        each = None if parent is None else _account(inputs, parent)
    parents = {
        name: row.parent_account_id if row.parent_account_id in group else None
        for name, row in group.items()
    }
    return group[routing_account(own.account_id, parents, level)]


def week_of(at: datetime) -> str:
    """Return the Monday of a time's week."""
    day = at.date()
    return str(day.fromordinal(day.toordinal() - day.weekday()))


def as_text(at: datetime | None) -> str | None:
    """Return a time for a document."""
    return None if at is None else moment(at)
