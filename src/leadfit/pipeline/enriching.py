"""Whether a signal is decided now, or waits for facts that are bought first.

A signal that opens a lead, or joins an open one, is drafted by what is on record and bounded over
what is not known. Settled: it is decided at once, with a certificate. Not settled: the best offer
that is worth it is bought and the signal waits, until its answer is there or its time is up; then
it is looked at again. Nothing here goes over the network, and with enrichment off nothing is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.buying import (
    DOMAIN,
    MILLION,
    Certificate,
    Market,
    Purchase,
    PurchaseState,
    PurchaseStatus,
    Whom,
)
from leadfit.pipeline import foreseen, identity, matching
from leadfit.pipeline import question as asked
from leadfit.pipeline.case import Case, Desk
from leadfit.pipeline.certificate import certify
from leadfit.pipeline.question import Question
from leadfit.pipeline.worth_buying import Choice, Sensitivity, choices, is_worth_it, worth_buying
from leadfit.records import OPENS_A_LEAD, Decision, Fact, Facts, Kind, Match, Reason, Signal
from leadfit.score.cells import admitted
from leadfit.store import Store
from leadfit.store.enriching import Wait
from leadfit.world import World

RULE: Final = "enrichment."
MISSING: Final = f"{RULE}missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A signal with its match and what was found of the facts it lacks.

    Attributes:
        bought: Facts that were bought about it and are fresh.
        attributed: It is of another account than it would be without the domain that was bought.
        reason: Why something was bought or not, for the decision.
        certificate: The proof of a settled decision.
        question: What the certificate is of.
        waits: The signal waits; it is not decided now.
        lead_id: Id of the lead it opens, if it opens one; a lot hangs on it.
        changed: Purchases that were made for it, and whether they changed the decision.
    """

    case: Case
    bought: Facts = field(default_factory=dict)
    attributed: bool = False
    reason: Reason | None = None
    certificate: Certificate | None = None
    question: Question | None = None
    waits: bool = False
    lead_id: str | None = None
    changed: tuple[tuple[str, bool], ...] = ()


def consider(desk: Desk, came: Signal) -> Considered:
    """Match a signal, and say whether it is decided now and with which bought facts.

    Args:
        desk: Where it is decided.
        came: The signal.
    """
    case = matching.find(desk, came)
    if not desk.policy.enrich.is_live or came.kind is Kind.ENRICHED:
        return Considered(case=case)
    before = case.match
    case, bought = _with_answers(case)
    who = identity.foreseen(case)
    opens = who.lead is None and came.kind in OPENS_A_LEAD
    lead_id = desk.world.new_id("lead") if opens else None
    question = foreseen.question_of(case, who, bought, lead_id or "")
    if question is None or (not question.free and not bought):
        return Considered(case=case, bought=bought, lead_id=lead_id)
    sensitivity = worth_buying(question)
    desk.world.reach("enrich.bounded")
    outcomes = desk.session.purchases.of_signal(came.signal_id)
    told = Considered(
        case=case, bought=bought, question=question, lead_id=lead_id,
        attributed=_names_another(before, case),
    )  # fmt: skip
    if sensitivity.is_settled:
        return _settled(told, question, sensitivity, outcomes)
    return _unsettled(told, question, sensitivity, outcomes)


def _with_answers(case: Case) -> tuple[Case, Facts]:
    """Return what was bought about a signal, and its match by a domain that was."""
    desk = case.desk
    about = tuple(foreseen.whom_of(case, identity.foreseen(case)).values())
    found = _answers(desk, about)
    domain = found.get(DOMAIN)
    ids = case.signal.identifiers
    if isinstance(domain, str) and case.keys.domain is None:
        signal = replace(case.signal, identifiers=replace(ids, domain=domain))
        case = matching.find(desk, signal)
        about = tuple(foreseen.whom_of(case, identity.foreseen(case)).values())
        found = _answers(desk, about)
    return case, found


def _names_another(before: Match, case: Case) -> bool:
    """Return whether a domain that was bought says otherwise which account a signal is of."""
    if case.match is before:
        return False
    fields = ("band", "account_id", "possible_account_id")
    other = any(getattr(before, name) != getattr(case.match, name) for name in fields)
    return other or identity.is_new_domain(case)


def _answers(desk: Desk, about: Sequence[Whom]) -> dict[str, Fact]:
    """Return admissible facts of fresh answers; the first that said something of a fact counts."""
    since = desk.now - timedelta(days=desk.policy.enrich.fresh_days)
    found: dict[str, Fact] = {}
    for each in desk.session.purchases.answers(about, since):
        for name, value in each.facts.items():
            kept = admitted(name, value, desk.policy)
            if kept is not None:
                found.setdefault(name, kept)
    return found


def _settled(
    told: Considered,
    question: Question,
    sensitivity: Sensitivity,
    outcomes: Sequence[PurchaseStatus],
) -> Considered:
    certificate = certify(question, sensitivity)
    lacks = ", ".join(each.fact for each in sensitivity.cells)
    owner = sensitivity.known.owner_id or "nobody yet"
    tier = f"Tier {sensitivity.known.tier.value}"
    stays = f"no value of {lacks or 'any other fact'} changes {tier} or {owner}"
    made = _made(told, outcomes)
    if made:
        reason = Reason(rule=f"{RULE}bought", words=f"{_bought(told, made)}; now {stays}")
    else:
        reason = Reason(rule=f"{RULE}settled", words=f"not bought because {stays}")
    return replace(
        told, reason=reason, certificate=certificate, changed=_changes(told, sensitivity, made)
    )


def _made(told: Considered, outcomes: Sequence[PurchaseStatus]) -> tuple[Purchase, ...]:
    """Return the purchases for a signal that were answered."""
    found = (
        told.case.desk.session.purchases.get(each.purchase_id)
        for each in outcomes
        if each.state is PurchaseState.ANSWERED
    )
    return tuple(each for each in found if each is not None)


def _bought(told: Considered, made: Sequence[Purchase]) -> str:
    """Say what was bought for a signal, of whom and why; nothing where nothing was."""
    money = told.case.desk.policy.enrich.currency
    return ", ".join(
        f"bought {', '.join(each.facts)} from {each.vendor} for "
        f"{each.price / MILLION:.4g} {money} because the {' and '.join(each.flips)} could "
        f"change (chance {each.chance:.0%}, worth {each.value / MILLION:.2f})"
        for each in made
    )


def _changes(
    told: Considered, sensitivity: Sensitivity, made: Sequence[Purchase]
) -> tuple[tuple[str, bool], ...]:
    """Return for each purchase that was answered whether the decision is another by it."""
    if told.question is None:
        return ()
    return tuple((each.purchase_id, _changed(told, sensitivity, each)) for each in made)


def _changed(told: Considered, sensitivity: Sensitivity, made: Purchase) -> bool:
    """Return whether a decision is another than without one purchase, all others being there."""
    question = told.question
    if question is None:
        return False
    if told.attributed and DOMAIN in made.facts:
        return True
    brought = frozenset(question.groups.of(name) for name in made.facts if name in told.bought)
    facts = question.groups.without(question.subject.facts, brought)
    without = replace(question, subject=replace(question.subject, facts=facts))
    return asked.answer(without) != sensitivity.known


def _unsettled(
    told: Considered,
    question: Question,
    sensitivity: Sensitivity,
    outcomes: Sequence[PurchaseStatus],
) -> Considered:
    """Buy what is worth it and wait, or decide by what is known."""
    desk, came = told.case.desk, told.case.signal
    rules = desk.policy.enrich
    wait = desk.session.enriching.waited(came.signal_id)
    until = desk.now + timedelta(seconds=rules.wait_seconds) if wait is None else wait.until
    is_open = any(each.is_open for each in outcomes)
    in_time = wait is None or not wait.is_over(desk.now)
    if in_time and is_open:
        return _waiting(told, Wait(began_at=desk.now, until=until))
    if not in_time:
        why = "late" if is_open else _why_not(outcomes) or "late"
        return _missing(told, sensitivity, outcomes, why)
    about = tuple(foreseen.whom_of(told.case, identity.foreseen(told.case)).values())
    market = desk.session.purchases.market(rules, about, desk.now)
    failed = _failed(desk, outcomes)
    offers = tuple(each for each in market.offers if (each.vendor, each.whom) not in failed)
    best = _best(question, sensitivity, replace(market, offers=offers), desk)
    if isinstance(best, str):
        return _missing(told, sensitivity, outcomes, _why_not(outcomes) or best)
    desk.session.purchases.buy(_purchase(told, best, until))
    desk.world.reach("enrich.bought")
    return _waiting(told, Wait(began_at=desk.now, until=until))


def _failed(desk: Desk, outcomes: Sequence[PurchaseStatus]) -> frozenset[tuple[str, Whom]]:
    """Return who could not be asked about whom for this signal; once is enough while it waits."""
    made = (
        desk.session.purchases.get(each.purchase_id)
        for each in outcomes
        if each.state is PurchaseState.FAILED
    )
    return frozenset((each.vendor, each.whom) for each in made if each is not None)


def _waiting(told: Considered, wait: Wait) -> Considered:
    told.case.desk.session.enriching.wait(told.case.signal.signal_id, wait)
    told.case.desk.world.reach("enrich.waiting")
    return replace(told, waits=True)


def _best(question: Question, sensitivity: Sensitivity, market: Market, desk: Desk) -> Choice | str:
    """Return the offer that is to be bought, or why there is none, in a fixed word."""
    wanted = {each.fact for each in sensitivity.cells}
    if question.is_unresolved:
        wanted.add(DOMAIN)
    offers = [each for each in market.offers if wanted & set(each.facts)]
    if not offers:
        reasons = sorted({each.reason for each in market.closed})
        return reasons[0] if reasons else "no_offer"
    counts = desk.session.enriching.counts(tuple(sorted(wanted)))
    found = choices(question, sensitivity, offers, counts)
    worth_it = (each for each in found if is_worth_it(desk.policy.enrich, each))
    return next(worth_it, "not_worth_it")


def _why_not(outcomes: Sequence[PurchaseStatus]) -> str | None:
    """Return why purchases that were made brought nothing, in a fixed word."""
    for each in reversed(outcomes):
        if each.state is PurchaseState.FAILED:
            return each.reason or "failed"
        if each.state is PurchaseState.MISSED:
            return "miss"
    return None


def _missing(
    told: Considered, sensitivity: Sensitivity, outcomes: Sequence[PurchaseStatus], why: str
) -> Considered:
    lacks = ", ".join(each.fact for each in sensitivity.cells) or DOMAIN
    may = " and ".join(sensitivity.flips)
    made = _made(told, outcomes)
    bought = _bought(told, made)
    words = f"enrichment: missing ({why}); decided by known facts, {lacks} could change the {may}"
    words = f"{words}; {bought}" if bought else words
    reason = Reason(rule=MISSING, words=words)
    return replace(told, reason=reason, changed=_changes(told, sensitivity, made))


def _purchase(told: Considered, best: Choice, until: datetime) -> Purchase:
    desk, offer = told.case.desk, best.offer
    assert told.question is not None  # noqa: S101 -- nothing is bought without one
    lead_id = told.question.lead.lead_id if told.question.held is not None else None
    return Purchase(
        purchase_id=desk.world.new_id("purchase"),
        signal_id=told.case.signal.signal_id,
        vendor=offer.vendor,
        whom=offer.whom,
        facts=offer.facts,
        flips=best.flips,
        chance=round(best.chance, 6),
        value=best.value,
        price=offer.price,
        asked_at=desk.now,
        until=until,
        lead_id=lead_id,
    )


def keep(told: Considered, decision: Decision) -> None:
    """Keep what follows from a decision: its certificate, what its purchases changed, its facts.

    Args:
        told: What it was made from.
        decision: The decision, which was kept before.
    """
    desk = told.case.desk
    if told.question is None:
        return
    if told.certificate is not None:
        desk.session.enriching.keep(decision.decision_id, decision.lead_id, told.certificate)
    for purchase_id, changed in told.changed:
        desk.session.vendors.note_changed(purchase_id, changed=changed)
    if decision.opened:
        desk.session.enriching.observe(told.question.groups.named(decision.subject.facts))


def release(world: World, store: Store, limit: int) -> int:
    """Let signals be decided whose time is up, or whose purchases have all ended.

    Args:
        world: The time.
        store: Where they wait.
        limit: Most signals of a round.

    Returns:
        How many there were.
    """
    due = store.read(lambda session: session.enriching.due(world.now(), limit))
    if due:
        store.write(lambda session: session.enriching.release(due))
    return len(due)
