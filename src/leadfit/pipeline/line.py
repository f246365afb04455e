"""The order of the stages, and the transactions round them.

A repeat of a contact with an open lead joins that lead: one owner, one set of actions. While a
lead is open its tier may rise and never falls; when it rises before anybody touched the lead, a
new assignment with the faster clock begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Final

from leadfit import orchestrate, resolve, signal
from leadfit.canonical import canonical
from leadfit.errors import Conflict, NotFound, Retryable, StoreBusy
from leadfit.log import logger
from leadfit.pipeline import (
    answered,
    echo,
    enriching,
    feedback,
    identity,
    intake,
    matching,
    moving,
    owners,
    rating,
)
from leadfit.pipeline.case import Case, Desk, InForce, Routed, Who
from leadfit.pipeline.enriching import Considered
from leadfit.pipeline.known import facts_of
from leadfit.pipeline.tape import taped
from leadfit.policy import Policy
from leadfit.policy.policy import is_held_back
from leadfit.records import (
    OPENS_A_LEAD,
    Decision,
    Fact,
    Kind,
    Lead,
    Refusal,
    Score,
    Signal,
    Subject,
)
from leadfit.store import Session, Store
from leadfit.store.views import Feedback, Receipt, SignalState
from leadfit.world import World

FEEDBACK: Final = frozenset({Kind.ACCEPTED, Kind.REJECTED, Kind.TOUCHED})
ECHO: Final = "an echo of what we wrote: no decision follows"
ENDS_A_LEAD: Final = frozenset({Kind.CONVERTED, Kind.LOST})

_log = logger("pipeline")


def accept(
    world: World,
    store: Store,
    policy: Policy,
    bodies: Iterable[object],
    *,
    decide_by: InForce | None = None,
    wake: Callable[[str], None] = lambda _job: None,
) -> tuple[Receipt | Refusal | Conflict, ...]:
    """Store signals for good, all in one transaction, and answer each in its place.

    See :func:`begin_accepting`; this waits until the receipts are durable.
    """
    begun = begin_accepting(world, store, policy, bodies, decide_by=decide_by, wake=wake)
    return begun.answers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """Signals that are being stored.

    Attributes:
        world: Failpoints.
        refused: For each its refusal, or ``None`` where it could be read.
        stored: Answers to those that could be read, once they are durable; ``None`` where there
            are none.
    """

    world: World
    refused: tuple[Refusal | None, ...]
    stored: Future[list[Receipt | Conflict]] | None

    def answers(self) -> tuple[Receipt | Refusal | Conflict, ...]:
        """Wait until all is durable; return an answer to each signal in its place.

        Raises:
            StoreBusy: The store cannot take more now; nothing was stored.
        """
        stored = [] if self.stored is None else self.stored.result()
        self.world.reach("accept.stored")
        answers = iter(stored)
        return tuple(next(answers) if each is None else each for each in self.refused)


def begin_accepting(
    world: World,
    store: Store,
    policy: Policy,
    bodies: Iterable[object],
    *,
    decide_by: InForce | None = None,
    wake: Callable[[str], None] = lambda _job: None,
) -> Accepting:
    """Begin to store signals, all in one transaction.

    Args:
        world: Time, ids and failpoints.
        store: Where they are stored.
        policy: Its rules say what a signal may hold.
        bodies: Parsed JSON bodies.
        decide_by: While the store is idle, a single signal is decided in the very group of
            commits that stores it, by these rules, unless one from before it waits still; what
            fails there is left to :func:`decide_pending`, as is everything while the store is busy.
        wake: Told which job has work now: ``decide``, or ``deliver`` for what was decided here.

    Returns:
        For each body, once it is durable, a receipt, a refusal that names every fault, or the
        conflict with an earlier body of the same source and event id.

    Raises:
        StoreBusy: The store cannot take more now; nothing was stored.
    """
    now = world.now()
    read = [
        (signal.read(body, policy, now=now, signal_id=world.new_id("signal")), body)
        for body in bodies
    ]
    fit = [
        (each, canonical(body), resolve.keys(each, policy).email)
        for each, body in read
        if isinstance(each, Signal)
    ]
    world.reach("accept.read")
    return Accepting(
        world=world,
        refused=tuple(each if isinstance(each, Refusal) else None for each, _ in read),
        stored=_store_and_decide(world, store, fit, decide_by, wake) if fit else None,
    )


def _store_and_decide(
    world: World,
    store: Store,
    fit: Sequence[tuple[Signal, bytes, str | None]],
    decide_by: InForce | None,
    wake: Callable[[str], None],
) -> Future[list[Receipt | Conflict]]:
    at_once = decide_by if len(fit) == 1 and store.is_idle else None
    answer = store.submit(lambda session: _store(world, session, fit))
    if at_once is not None:
        decided = store.submit(_AtOnce(world, at_once, fit[0][0].signal_id))
        decided.add_done_callback(lambda end: wake(_job_after(end)))
    else:
        answer.add_done_callback(lambda _end: wake("decide"))
    return answer


def _job_after(end: Future[bool]) -> str:
    """Return the job that has work when a decision at once has ended."""
    return "deliver" if end.exception() is None and end.result() else "decide"


def _store(
    world: World, session: Session, fit: Sequence[tuple[Signal, bytes, str | None]]
) -> list[Receipt | Conflict]:
    answers: list[Receipt | Conflict] = []
    new: list[Signal] = []
    for each, body, email in fit:
        digest = session.signals.digest(body)
        known = session.signals.find(each.source, each.event_id)
        if known is None:
            session.signals.add(each, digest, email)
            world.reach("accept.added")
            new.append(each)
            answers.append(Receipt(signal_id=each.signal_id))
            continue
        first, first_digest = known
        if first_digest != digest:
            intake.keep_conflict(session, each, body, email)
            answers.append(Conflict(each.source, each.event_id))
            continue
        answers.append(
            Receipt(
                signal_id=first.signal_id,
                is_repeat=True,
                status=first.status,
                lead_id=first.lead_id,
            )
        )
    intake.count(session, new)
    return answers


@dataclass(frozen=True, slots=True)
class _Piece:
    """The work of one decision, as the writer takes it."""

    world: World
    in_force: InForce
    signal_id: str

    def __call__(self, session: Session) -> str | None:
        return decide(self.world, session, self.in_force, self.signal_id)


@dataclass(frozen=True, slots=True)
class _AtOnce:
    """The same for a signal that was just stored; says whether it was its turn.

    While one from before it is undecided, such as the lead that a touch is about, it waits: the
    store may be idle between two rounds of the job that decides, or before its first.
    """

    world: World
    in_force: InForce
    signal_id: str

    def __call__(self, session: Session) -> bool:
        if session.signals.pending(1) != (self.signal_id,):
            return False
        decide(self.world, session, self.in_force, self.signal_id)
        return True


def decide_pending(world: World, store: Store, in_force: InForce, limit: int) -> int:
    """Decide stored signals in the order of the log; return how many were taken.

    One that cannot be decided is put aside as dead, with the reason, and stops no other. One whose
    trouble may pass is put off first, as often and as long as ``retry`` says.

    Raises:
        StoreBusy: The store cannot take more now; what was decided stays decided.
    """
    if in_force.policy.enrich.is_live:
        enriching.release(world, store, limit)
    _take_up(world, store, limit)
    pending = store.read(lambda session: session.signals.pending(limit))
    begun: list[tuple[str, Future[str | None]]] = [
        (signal_id, store.submit(_Piece(world, in_force, signal_id), later=True))
        for signal_id in pending
    ]
    for signal_id, answer in begun:
        try:
            answer.result()
        except StoreBusy:
            # No fault of the signal: it, and all behind it, wait for the store.
            raise
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one signal
            store.write(_Failed(world, in_force.policy, signal_id, error))
            world.reach("decide.failed")
    return len(begun)


def _take_up(world: World, store: Store, limit: int) -> None:
    """Let signals be decided whose wait after a failure is over."""
    due = store.read(lambda session: session.signals.put_off_until(world.now(), limit))
    if due:
        store.write(lambda session: session.signals.take_up(due))


@dataclass(frozen=True, slots=True)
class _Failed:
    """Put a signal off that could not be decided, or aside as dead."""

    world: World
    policy: Policy
    signal_id: str
    error: Exception

    def __call__(self, session: Session) -> None:
        signals, error = session.signals, type(self.error).__name__
        # An error's own words may quote what the signal holds; the reason must not.
        reason = f"{error} while it was decided"
        if isinstance(self.error, Retryable):
            tries = signals.tries(self.signal_id) + 1
            wait = self.policy.retry.wait_after(tries)
            if wait is not None:
                _log.warning("signal.put_off", signal_id=self.signal_id, error=error)
                signals.put_off(self.signal_id, self.world.now() + wait, reason)
                return
            reason += f", {tries} times"
        _log.error("signal.dead", signal_id=self.signal_id, error=error)
        signals.settle(self.signal_id, SignalState.DEAD, None, reason)


def decide(world: World, session: Session, in_force: InForce, signal_id: str) -> str | None:
    """Decide one stored signal within the transaction of ``session``; return its lead, if any.

    A signal that was decided before is left as it is.

    Raises:
        NotFound: No signal has this id.
    """
    state = session.signals.view(signal_id)
    if state is not None and state.status is not SignalState.ACCEPTED:
        return state.lead_id
    came = session.signals.read(signal_id)
    if came is None:
        raise NotFound("signal", signal_id)
    desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
    if echo.is_own(desk, came):
        session.signals.settle(signal_id, SignalState.DECIDED, None, ECHO)
        world.reach("decide.echo_settled")
        return None
    told = enriching.consider(taped(desk, {"call": "signal"}), came)
    if told.waits:
        return None
    lead_id = _go_on(told)
    session.signals.settle(signal_id, SignalState.DECIDED, lead_id)
    world.reach("decide.settled")
    return lead_id


def decide_on(desk: Desk, came: Signal) -> str | None:
    """Decide a signal by what the desk is told; return its lead, if any."""
    return _go_on(enriching.consider(desk, came))


def _go_on(told: Considered) -> str | None:
    case = told.case
    who = identity.settle(case)
    case.desk.world.reach("decide.identified")
    return _follow(told, who)


def _follow(told: Considered, who: Who) -> str | None:
    """Do what the signal calls for; return its lead."""
    case = told.case
    kind = case.signal.kind
    opens = kind in OPENS_A_LEAD and who.lead is None
    lead_id = told.lead_id or case.desk.world.new_id("lead") if opens else None
    if who.lead is not None:
        lead_id = who.lead.lead_id
    case.desk.session.leads.add_activity(
        case.signal, lead_id=lead_id, contact_id=who.contact_id, account_id=who.account_id
    )
    if opens and lead_id is not None:
        _open(told, who, lead_id)
    elif who.lead is None:
        _keep(told, who, lead_id=None)
    elif kind in FEEDBACK or kind in ENDS_A_LEAD:
        _hear(told, who, who.lead)
    elif kind is Kind.ASSIGNED and who.lead.is_open:
        _hear_of_owner(told, who, who.lead)
    elif not who.lead.is_open:
        _keep(told, who, lead_id=lead_id)
    else:
        _rate_again(told, who, who.lead)
    return lead_id


def _open(told: Considered, who: Who, lead_id: str) -> None:
    """Open a lead: score, route, orchestrate."""
    case = told.case
    desk = case.desk
    made = _rated(told, who, lead_id, _subject(told, who, lead_id, {}))
    subject, rated = made.subject, made.score
    lead = Lead(
        lead_id=lead_id,
        created_at=desk.now,
        account_id=who.account_id,
        contact_id=who.contact_id,
        source=case.signal.source,
        facts=subject.facts,
        tier=rated.tier,
    )
    received_at = case.signal.received_at
    desk.session.leads.add(lead, received_at, case.match.possible_account_id)
    doubt = matching.doubt(case, who, rated.tier)
    prefer = matching.owner_meanwhile(case, who)
    routed = owners.give_first(desk, lead, who.account, rated, received_at, doubt, prefer)
    _keep(told, who, lead_id=lead_id, subject=subject, rated=rated, routed=routed, opened=True)
    matching.keep(case, who, lead_id, rated, doubt)


def _rate_again(told: Considered, who: Who, lead: Lead) -> None:
    """Rate an open lead by what is known now; a higher tier gets its own clock and actions."""
    case = told.case
    desk, leads = case.desk, case.desk.session.leads
    before = leads.rated(lead.lead_id)
    known = lead.facts if before is None else before.subject.facts
    subject = _subject(told, who, lead.lead_id, known)
    if before is not None:
        subject = replace(subject, listed=before.subject.listed)
    made = _rated(told, who, lead.lead_id, subject, lead)
    subject, rated = made.subject, made.score
    routed = Routed()
    present = leads.assignment(lead.lead_id)
    rises = lead.tier is None or rated.tier < lead.tier
    if rises and present is not None and leads.touched_at(lead.lead_id) is None:
        owned = replace(lead, facts=subject.facts)
        routed = moving.raise_tier(
            desk, owned, who.account, rated, present, case.signal.received_at
        )
    elif present is not None and before is not None:
        owned = replace(lead, facts=subject.facts)
        routed = answered.move_by_answer(
            case, owned, who.account, rated, before=before, present=present
        )
    if routed.assignment is None and present is not None:
        owned = replace(lead, facts=subject.facts)
        was = None if before is None else before.score
        routed = replace(routed, plan=moving.tell_play(desk, owned, rated, was, present))
    _hold_back(case, lead, rated)
    _keep(told, who, lead_id=lead.lead_id, subject=subject, rated=rated, routed=routed)


def _rated(
    told: Considered, who: Who, lead_id: str, subject: Subject, lead: Lead | None = None
) -> rating.Rated:
    """Rate a lead that a signal is about; it says where facts are missing that could change it."""
    case = told.case
    rated = rating.rate_lead(case.desk, rating.whom_of(case, who, lead_id, lead), subject)
    case.desk.world.reach("decide.rated")
    if told.reason is None or told.reason.rule != enriching.MISSING:
        return rated
    reasons = (*rated.score.reasons, told.reason)
    return replace(rated, score=replace(rated.score, reasons=reasons))


def _hold_back(case: Case, lead: Lead, rated: Score) -> None:
    """Cancel what must not be written to the lead any more: it replied, or is a detractor now."""
    desk, came = case.desk, case.signal
    if came.kind is Kind.EMAIL_REPLY and not feedback.is_automatic("", desk.policy, came.facts):
        feedback.replied(desk.session, lead.lead_id, desk.now)
    if is_held_back(rated):
        waiting = desk.session.unbegun.of_lead(lead.lead_id)
        barred = orchestrate.in_channels(waiting, desk.policy.detractor.suppress)
        desk.session.unbegun.cancel(barred, desk.now)


def _hear(told: Considered, who: Who, lead: Lead) -> None:
    """Take what a source reports about the handling of a lead.

    Without a person behind it (the fact ``by``), a touch may be an automatic notice: it is kept
    as an activity, and no clock stops for it.
    """
    case = told.case
    came, session = case.signal, case.desk.session
    by, reason = came.facts.get("by"), came.facts.get("reason")
    if came.kind in ENDS_A_LEAD:
        feedback.end(session, lead.lead_id, case.desk.now, by=came.kind.value)
    elif isinstance(by, str) and by and not _is_of_a_program(case, by):
        words = came.text if reason is None else str(reason)
        heard = Feedback(lead_id=lead.lead_id, kind=came.kind, by=by, at=came.at, reason=words)
        feedback.hear(session, heard, case.desk.policy)
    _keep(told, who, lead_id=lead.lead_id)


def _hear_of_owner(told: Considered, who: Who, lead: Lead) -> None:
    """Take what a source reports about the owner of a lead: a person gave it away over there.

    Without a person behind it (the fact ``by``) it is an activity, as is our own write that comes
    back: the lead has that owner already.
    """
    case = told.case
    rep_id, by = case.signal.facts.get("rep_id"), case.signal.facts.get("by")
    if not isinstance(by, str) or feedback.is_automatic(by, case.desk.policy, case.signal.facts):
        by = ""
    if by and isinstance(rep_id, str) and rep_id != lead.owner_id:
        moving.hear_of_hand(case.desk, lead.lead_id, rep_id, by=by)
    _keep(told, who, lead_id=lead.lead_id)


def _is_of_a_program(case: Case, by: str) -> bool:
    """A touch that no person made: a notice, a mail of a sequence, a bulk write-back."""
    came = case.signal
    is_touch = came.kind is Kind.TOUCHED
    return is_touch and feedback.is_automatic(by, case.desk.policy, came.facts)


def _subject(told: Considered, who: Who, lead_id: str, before: Mapping[str, Fact]) -> Subject:
    """Put together what scoring looks at: the account's facts, then the lead's own."""
    activities = told.case.desk.session.leads.activities(
        lead_id=lead_id,
        contact_id=who.contact_id,
        account_id=who.account_id,
        limit=rating.ACTIVITIES,
    )
    return Subject(facts=facts_of(told.case, who, before, told.bought), activities=activities)


def _keep(
    told: Considered,
    who: Who,
    *,
    lead_id: str | None,
    subject: Subject | None = None,
    rated: Score | None = None,
    routed: Routed | None = None,
    opened: bool = False,
) -> None:
    """Write the decision with what it was made from; a lead's tier rises and never falls."""
    case, desk, routed = told.case, told.case.desk, routed or Routed()
    decision = Decision(
        decision_id=desk.world.new_id("decision"),
        signal_id=case.signal.signal_id,
        lead_id=lead_id,
        account_id=who.account_id,
        contact_id=who.contact_id,
        decided_at=desk.now,
        opened=opened,
        match=case.match,
        subject=subject or Subject(facts={}),
        score=rated,
        ranking=routed.ranking,
        assignment=routed.assignment,
        plan=routed.plan,
        policy_digest=desk.policy.digest,
        artifact_digest=desk.in_force.artifact_digest,
        card_digest=desk.in_force.card_digest,
        shadow=not desk.policy.acts,
        enrichment=told.reason,
        certificate_digest=None if told.certificate is None else told.certificate.digest,
    )
    desk.session.leads.add_decision(decision, {})
    enriching.keep(told, decision)
    if opened and lead_id is not None:
        desk.session.leads.opened_by(lead_id, decision.decision_id)
    elif lead_id is not None and subject is not None and rated is not None:
        held = None if who.lead is None else who.lead.tier
        tier = rated.tier if held is None else min(held, rated.tier)
        desk.session.leads.rate(lead_id, tier, decision.decision_id, subject.facts, was=held)
    desk.world.reach("decide.kept")
