"""Watches matching: figures by the week, audits, overdue reviews, alerts, and stepping back.

Everything is computed from the links and reviews that are kept; no figure is kept beside them, so
that none can disagree. Each action has a key of its own week or review: doing a round again,
after a crash or a restart, tells nobody twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit import orchestrate
from leadfit.log import logger
from leadfit.pipeline import Desk, InForce
from leadfit.pipeline.matching import drawn, reviewers, tell_reviewers
from leadfit.pipeline.reviews import end_unanswered as end_one
from leadfit.policy import Policy
from leadfit.records import Action, Band, Decision, Facts
from leadfit.resolve.keys import DISPOSABLE, FREE_MAIL, SHARED
from leadfit.resolve.model.card import Card, RecordKind
from leadfit.store import Session, Store
from leadfit.store.matching import Link, Review, ReviewKind
from leadfit.watch import (
    AUDIT,
    Alert,
    Audit,
    MatchKpis,
    Period,
    Rows,
    WhatIf,
    alerts,
    audited,
    match_kpis,
    must_step_back,
    weeks_before,
    what_if,
)
from leadfit.world import World

_LATE: Final = timedelta(weeks=8)
"""Links are read so much farther back, since a pair may be judged long after it was drawn."""
_PAGE: Final = 1_000
_INSTANT: Final = timedelta(microseconds=1)
_MONTHS: Final = 12
_WEEKS: Final = 52
_EDGE_STEPS: Final = ((0.95, 0.90), (0.98, 0.90), (0.99, 0.90), (0.97, 0.85), (0.97, 0.93))
_CAUGHT_UP: Final = 4
"""Weeks whose audits are drawn even if nothing ran when they ended."""
_TOPPED_UP: Final = "topped up"
_NEVER_STUCK: Final = (FREE_MAIL, DISPOSABLE, SHARED)
"""Addresses that tell of no company: who writes from one is nurtured rather than left waiting."""

_log = logger("jobs.match_watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReport:
    """How matching does.

    Attributes:
        weeks: Whole weeks, oldest first.
        whole: The weeks by which the promise is proved, and this week so far.
        alerts: What the last whole week alerts about.
        edges: The same volume with other edges of the bands.
    """

    weeks: tuple[MatchKpis, ...]
    whole: MatchKpis
    alerts: tuple[Alert, ...]
    edges: tuple[WhatIf, ...]


def match_report(store: Store, policy: Policy, *, now: datetime, weeks: int = 4) -> MatchReport:
    """Return the figures of the last whole weeks, and what is proved by all that was judged.

    Args:
        store: Links and reviews.
        policy: Targets, limits and edges.
        now: The end.
        weeks: How many; at least as many as an alert must hold are looked at.
    """
    rules = policy.matching.watch
    looked_at = max(weeks, rules.match_rate_weeks)
    start = weeks_before(now, max(looked_at, rules.proof_weeks))[0].start
    rows = store.read(partial(_rows, start, now))
    told = tuple(
        match_kpis(rows, policy, period=period, now=now) for period in weeks_before(now, looked_at)
    )
    whole = _proof_period(policy, now)
    return MatchReport(
        weeks=told[-weeks:],
        whole=match_kpis(rows, policy, period=whole, now=now),
        alerts=alerts(told, policy),
        edges=what_if(rows, tuple(_edges(policy)), period=whole),
    )


def _edges(policy: Policy) -> Iterator[tuple[float, float]]:
    """Return the edges in force, then others beside them."""
    own = (policy.matching.auto, policy.matching.review)
    yield own
    yield from (edges for edges in _EDGE_STEPS if edges != own)


def _proof_period(policy: Policy, now: datetime) -> Period:
    weeks = weeks_before(now, policy.matching.watch.proof_weeks)
    return Period(start=weeks[0].start, end=now + _INSTANT)


def _rows(start: datetime, now: datetime, session: Session) -> Rows:
    first, last = start - _LATE, now + _INSTANT
    reviews = {
        review.review_id: review
        for review in (
            *session.reviews.opened(first, last),
            *session.reviews.decided(start, last),
            *_waiting(session),
        )
    }
    return Rows(session.links.between(first, last), reviews.values())


def _waiting(session: Session) -> Iterator[Review]:
    after: str | None = None
    while page := session.reviews.waiting(_PAGE, after=after):
        yield from page
        after = page[-1].review_id


def top_up(world: World, store: Store, in_force: InForce, period: Period) -> int:
    """Draw more pairs of a whole week for audit, if fewer were drawn than the policy wants.

    A quarter of them are leads that were not linked, the rest links made at once; what one lacks,
    the other gives. Pairs are taken in the order of the number their signal draws, so that a
    second run takes the same. Each is kept with the number of the first pair left out: given
    that number, a pair was drawn with exactly this chance (priority sampling; Duffield, Lund and
    Thorup 2007).

    Returns:
        How many were drawn besides those that were.
    """
    wanted = math.ceil(in_force.policy.matching.watch.pairs_a_month * _MONTHS / _WEEKS)
    # Chosen while others write: a week may hold thousands of decisions to look through.
    chosen = store.read(lambda session: _chosen(session, period, wanted))

    def ask(session: Session) -> int:
        desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
        opened = sum(_open(desk, each) for each in chosen)
        world.reach("match_watch.drawn")
        return opened

    return store.write(ask) if chosen else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    link: Link
    decision: Decision
    kind: ReviewKind
    chance: float


def _chosen(session: Session, period: Period, wanted: int) -> list[_Pair]:
    links = session.links.between(period.start, period.end)
    at_once = [each for each in links if each.band is Band.AUTO and each.account_id is not None]
    unlinked = [
        each for each in links if each.band is Band.NEW and each.possible_account_id is not None
    ]
    missed = min(len(unlinked), wanted // 4)
    audits = _draw(session, at_once, ReviewKind.AUDIT, wanted - missed)
    return [*audits, *_draw(session, unlinked, ReviewKind.MISSED, wanted - len(audits))]


def _draw(session: Session, links: Sequence[Link], kind: ReviewKind, count: int) -> list[_Pair]:
    taken: list[tuple[Link, Decision]] = []
    chance = 1.0
    for link in sorted(links, key=lambda each: drawn(each.signal_id)):
        decision = _decision(session, link)
        if decision is None or any(each.rule == "crm_id" for each in decision.match.reasons):
            continue  # what the sender named is no match of ours
        if len(taken) == count:
            chance = drawn(link.signal_id)
            break
        taken.append((link, decision))
    return [
        _Pair(link=link, decision=decision, kind=kind, chance=chance) for link, decision in taken
    ]


def _decision(session: Session, link: Link) -> Decision | None:
    if link.lead_id is None:
        return None
    found = session.leads.decisions(link.lead_id)
    return next((each for each in found if each.signal_id == link.signal_id), None)


def _open(desk: Desk, pair: _Pair) -> bool:
    """Ask about a pair, unless it was asked about before."""
    link, kind = pair.link, pair.kind
    lead_id = link.lead_id or ""
    asked = desk.session.reviews.of_lead(lead_id)
    if any(each.kind is kind and each.signal_id == link.signal_id for each in asked):
        return False
    return desk.session.reviews.open(
        Review(
            review_id=desk.world.new_id("review"),
            kind=kind,
            record_kind=RecordKind.ACCOUNT,
            left_id=lead_id,
            right_id=link.account_id or link.possible_account_id or "",
            probability=link.probability,
            opened_at=desk.now,
            lead_id=lead_id,
            signal_id=link.signal_id,
            stratum=_TOPPED_UP,
            chosen_with=pair.chance,
            card_digest=link.card_digest,
            evidence=pair.decision.match.reasons,
        )
    )


def end_unanswered(world: World, store: Store, in_force: InForce, limit: int) -> int:
    """End past-due reviews of leads from free mail, so that none is stuck; return how many."""
    late = store.read(lambda session: session.reviews.unanswered(world.now(), _NEVER_STUCK, limit))
    if not late:
        return 0

    def end(session: Session) -> int:
        desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
        ended = sum(end_one(desk, review) for review in late)
        world.reach("match_watch.ended")
        return ended

    return store.write(end)


def tell_overdue(world: World, store: Store, in_force: InForce, limit: int) -> int:
    """Tell the reviewers of reviews that are past due, each once; return how many."""
    late = store.read(lambda session: session.reviews.overdue(world.now(), limit))
    if not late:
        return 0

    def tell(session: Session) -> int:
        desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
        told = sum(_tell_one(desk, review.review_id) for review in late)
        world.reach("match_watch.told")
        return told

    return store.write(tell)


def _tell_one(desk: Desk, review_id: str) -> bool:
    review = desk.session.reviews.get(review_id)
    if review is None or not review.is_open or review.alerted_at or review.due_at is None:
        return False
    hours = (desk.now - review.opened_at) / timedelta(hours=1)
    words = f"a review is overdue: it has waited {hours:.3g} h"
    tell_reviewers(desk, review_id, review.lead_id or "", words)
    desk.session.reviews.alerted(review_id, desk.now)
    return True


def step_back(card: Card, audit: Audit) -> Card | None:
    """Return the card that links nothing at once, if audits of its links disprove the promise.

    Its cuts say what was found. It asks a reviewer where it linked before, until another card,
    learned with these judgments, is put in force.
    """
    if card.cuts.auto >= 1 or not must_step_back(audit):
        return None
    cuts = replace(
        card.cuts,
        auto=1.0,
        audited=audit.judged,
        wrong=audit.wrong,
        bound=audit.bound,
        is_proved=False,
    )
    return replace(card, cuts=cuts)


class MatchWatch:
    """Watches matching while a workspace is served.

    Args:
        world: Time and ids.
        store: Links, reviews and the queue of actions.
        in_force: Returns the rules in force.
        put_in_force: Puts a card in force.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        in_force: Callable[[], InForce],
        put_in_force: Callable[[Card], object],
    ) -> None:
        self._world = world
        self._store = store
        self._in_force = in_force
        self._put_in_force = put_in_force
        self._done: Period | None = None

    def round(self, limit: int) -> int:
        """End and tell of overdue reviews; weekly draw audits, alert, step back where it must.

        Returns:
            How many reviews and figures were ended or told of; what was queued before is counted
            again.
        """
        told = end_unanswered(self._world, self._store, self._in_force(), limit)
        told += tell_overdue(self._world, self._store, self._in_force(), limit)
        (week,) = weeks_before(self._world.now(), 1)
        if week != self._done:
            told += self._weekly()
            self._done = week
        return told

    def _weekly(self) -> int:
        rules, now = self._in_force(), self._world.now()
        for period in weeks_before(now, _CAUGHT_UP):
            top_up(self._world, self._store, rules, period)
        report = match_report(self._store, rules.policy, now=now, weeks=1)
        actions = [_alert(rules.policy, alert, now) for alert in report.alerts]
        by_rules, by_card = self._audits(rules, now)
        if must_step_back(by_rules):
            actions.append(_rules_fail(rules.policy, by_rules, now))
        stepped = None if rules.card is None else step_back(rules.card, by_card)
        if rules.card is not None and stepped is not None:
            actions.append(_stepped_back(rules.policy, rules.card, by_card, now))
        self._store.write(partial(_queue, actions, now))
        self._world.reach("match_watch.alerted")
        if stepped is not None:
            # After the alert is kept: a crash in between does both again, and tells once.
            self._put_in_force(stepped)
            _log.warning("matching.stepped_back")
        return len(actions)

    def _audits(self, rules: InForce, now: datetime) -> tuple[Audit, Audit]:
        """Return what is judged of links made by rules alone, and of those the card weighed."""
        period = _proof_period(rules.policy, now)
        pairs = self._store.read(partial(_rows, period.start, now)).judged(AUDIT, period)
        promised = rules.policy.matching.watch.wrong_target
        digest = None if rules.card is None else rules.card.digest
        by_rules = audited([each for each in pairs if each.card_digest is None], promised)
        weighed = [each for each in pairs if digest is not None and each.card_digest == digest]
        return by_rules, audited(weighed, promised)


def _queue(actions: Sequence[Action], now: datetime, session: Session) -> None:
    for action in actions:
        session.outbox.queue(action, now)


def _alert(policy: Policy, alert: Alert, now: datetime) -> Action:
    week = f"{alert.period.start:%G-W%V}"
    name = alert.kpi.name.value
    told = {"kpi": name, "week": week, "words": alert.words}
    return _told(policy, f"matching/{week}/{name}/alert", told, now)


def _stepped_back(policy: Policy, card: Card, audit: Audit, now: datetime) -> Action:
    words = f"matching stepped back to review: {_too_many(audit)}"
    told = {"card": card.digest, "words": words}
    return _told(policy, f"matching/{card.digest}/step-back", told, now)


def _rules_fail(policy: Policy, audit: Audit, now: datetime) -> Action:
    words = (
        f"links made by rules alone: {_too_many(audit)}; raise matching.auto above the probability"
        " of the rule that fails, and its links wait for a reviewer"
    )
    told = {"policy": policy.digest, "words": words}
    return _told(policy, f"matching/rules-{policy.digest}/step-back", told, now)


def _too_many(audit: Audit) -> str:
    return f"{audit.wrong} of {audit.judged} judged links were wrong, more than was promised"


def _told(policy: Policy, key: str, fields: Facts, now: datetime) -> Action:
    """Return an alert to the reviewers that concerns no single lead."""
    return orchestrate.alert(key, to=reviewers(policy), fields=fields, now=now)
