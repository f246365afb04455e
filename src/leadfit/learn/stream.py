"""Same-cycle feedback: what is published at the end of a cycle knows every event inside it.

The weights' links and the acceptance head are kept as sums over leads. An event
takes its lead's old share out of the sums and puts the new one in, so that a refresh costs nothing
and equals a refit over the whole past, in whatever order events came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from leadfit.artifact import Artifact, Head
from leadfit.history import History, Step, column_of, rows_of
from leadfit.learn.past import date, days, times
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.weights import PSEUDO_DECISIONS
from leadfit.records import Facts, Kind

_RIDGE = 30.0
"""Pseudo-decisions each coefficient of the head is held by."""
_DEFAULT = Rules()
_HEARD = (Kind.ACCEPTED, Kind.WORKED, Kind.REJECTED, Kind.QUALIFIED, Kind.CONVERTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalWeights:
    """The chain of the signal weights, after shrinkage.

    Attributes:
        counts: Leads old enough that reached each step.
        qualified_given_accepted: Posterior mean; ``won_given_qualified`` likewise.
        weights: Signal weights on 0 to 100, given the worth of a won account.
    """

    counts: Mapping[Step, int]
    qualified_given_accepted: float
    won_given_qualified: float
    weights: Mapping[Step, float]


@dataclass(slots=True)
class _Lead:
    """What is known of a lead: its levels, and what was decided, with the day it was."""

    account: str = ""
    created: float = np.inf
    places: tuple[int, ...] | None = None
    kinds: dict[Kind, float] = field(default_factory=dict)


class Stream:
    """Sums that every event of a cycle changes.

    Args:
        artifact: The profile in force; its acceptance head is what decisions refresh.
        rules: Priors and the time a lead needs before it counts.
        needs_work: Whether an acceptance counts only once the lead was worked.

    >>> stream = Stream(None)
    >>> stream.lead("l1", "a1", 0.0, {})
    >>> stream.event("l1", "a1", Kind.ACCEPTED)
    >>> stream.event("l1", "a1", Kind.WORKED)
    >>> stream.signal_weights(400.0).counts[Step.ACCEPTED]
    1
    """

    def __init__(
        self, artifact: Artifact | None, *, rules: Rules = _DEFAULT, needs_work: bool = True
    ) -> None:
        self._artifact = artifact
        self._rules = rules
        self._needs_work = needs_work
        self._loose: dict[str, set[tuple[float, Kind]]] = {}
        self._leads: dict[str, _Lead] = {}
        self._head = None if artifact is None else _accept_head(artifact)
        size = 1 + sum(len(row) for row in self._head.coefficients) if self._head else 0
        self._slope = np.zeros(size)
        self._bent = np.zeros((size, size))

    def lead(self, lead_id: str, account_id: str, created: float, facts: Facts) -> None:
        """Take note of a lead, before or after its events; ``created`` in days since 1970."""
        known = self._leads.setdefault(lead_id, _Lead())
        self._count(known, -1.0)
        known.account, known.created = account_id, min(known.created, created)
        if self._artifact is not None:
            known.places = tuple(
                fact.level_of(facts.get(fact.name)) for fact in self._artifact.facts
            )
        self._count(known, 1.0)

    def event(
        self, lead_id: str | None, account_id: str, kind: Kind, *, at: float = np.nan
    ) -> None:
        """Take note of an event, with its day since 1970; the same one twice counts once.

        What names no lead counts for the latest lead that its account had by then.
        """
        if lead_id is None:
            self._loose.setdefault(account_id, set()).add((at, kind))
            return
        lead = self._leads.setdefault(lead_id, _Lead(account=account_id))
        self._count(lead, -1.0)
        lead.kinds[kind] = float(np.fmin(lead.kinds.get(kind, np.nan), at))
        self._count(lead, 1.0)

    def signal_weights(self, now: float, *, won: float | None = None) -> SignalWeights:
        """Return the chain as of ``now``.

        Args:
            now: Days since 1970; leads younger than the time to mature do not count yet.
            won: Worth of a won account against one that expanded, on 0 to 100; the prior by
                default. It moves with revenue, not with events of a cycle.
        """
        steps = (Step.ACCEPTED, Step.QUALIFIED, Step.CONVERTED)
        counts = dict.fromkeys(steps, 0)
        both = [0, 0]
        for lead, kinds in self._reached():
            if not lead.created < now - self._rules.mature_days:
                continue
            reached = (
                self._answer(kinds) == 1.0,
                Kind.QUALIFIED in kinds,
                Kind.CONVERTED in kinds,
            )
            for step, has in zip(steps, reached, strict=True):
                counts[step] += has
            both[0] += reached[0] and reached[1]
            both[1] += reached[1] and reached[2]
        prior = self._rules.prior
        first = _shrunk(
            both[0], counts[Step.ACCEPTED], prior[Step.ACCEPTED] / prior[Step.QUALIFIED]
        )
        second = _shrunk(
            both[1], counts[Step.QUALIFIED], prior[Step.QUALIFIED] / prior[Step.CONVERTED]
        )
        worth = prior[Step.CONVERTED] if won is None else won
        chain = (worth * second * first, worth * second, worth, prior[Step.EXPANDED])
        return SignalWeights(
            counts=counts,
            qualified_given_accepted=first,
            won_given_qualified=second,
            weights=dict(zip(LADDER, chain, strict=True)),
        )

    def _reached(self) -> Iterator[tuple[_Lead, Set[Kind]]]:
        """Yield each recorded lead with its events, and those of its account that name no lead."""
        loose = {account: set(events) for account, events in self._loose.items()}
        by_account: dict[str, list[tuple[float, str]]] = {}
        for lead_id, lead in self._leads.items():
            if lead.created < np.inf:
                by_account.setdefault(lead.account, []).append((lead.created, lead_id))
            elif lead.kinds:
                found = loose.setdefault(lead.account, set())
                found |= {(at, kind) for kind, at in lead.kinds.items()}
        more: dict[str, set[Kind]] = {}
        for account, events in loose.items():
            leads = sorted(by_account.get(account, ()))
            for at, kind in events if leads else ():
                before = [lead_id for created, lead_id in leads if not created > at]
                more.setdefault((before or [leads[0][1]])[-1], set()).add(kind)
        for lead_id, lead in self._leads.items():
            if lead.created < np.inf:
                yield lead, lead.kinds.keys() | more.get(lead_id, set())

    def publish(self, now: float) -> Artifact:
        """Return the profile as the end of the cycle publishes it.

        The acceptance head takes one Newton step from the profile in force towards all decisions
        noted since, held by a ridge; the weights follow the links.

        Raises:
            ValueError: There is no profile to refresh.
        """
        if self._artifact is None:
            raise ValueError("a stream without an artifact has nothing to publish")
        won = {head.step: head.weight for head in self._artifact.heads}
        links = self.signal_weights(now, won=won.get(Step.CONVERTED.value))
        heads = tuple(self._refreshed(head, links) for head in self._artifact.heads)
        return replace(self._artifact, as_of=date(now).isoformat(), heads=heads)

    def _refreshed(self, head: Head, links: SignalWeights) -> Head:
        weight = links.weights.get(Step(head.step), head.weight)
        weighted = replace(head, weight=round(weight, 9))
        if head is not self._head:
            return weighted
        ridge = np.full(len(self._slope), _RIDGE)
        ridge[0] = 1e-6 if self._bent[0, 0] > 0 else 1.0
        step = np.linalg.solve(self._bent + np.diag(ridge), self._slope)
        at, rows = 1, []
        for row in head.coefficients:
            moved = step[at : at + len(row)]
            rows.append(tuple(round(a + float(b), 9) for a, b in zip(row, moved, strict=True)))
            at += len(row)
        shift = min(30.0, max(-30.0, head.intercept + float(step[0])))
        return replace(weighted, intercept=round(shift, 9), coefficients=tuple(rows))

    def _answer(self, kinds: Set[Kind]) -> float | None:
        """Return 1 for accepted and worked, 0 for rejected, nothing for undecided."""
        worked = Kind.WORKED in kinds or not self._needs_work
        if Kind.ACCEPTED in kinds and worked:
            return 1.0
        return 0.0 if Kind.REJECTED in kinds else None

    def _count(self, lead: _Lead, sign: float) -> None:
        """Put a decided lead's share of slope and curvature in, or take it out."""
        answer = self._answer(lead.kinds.keys())
        if answer is None or lead.places is None or self._head is None:
            return
        where, eta = [0], self._head.intercept
        at = 1
        for row, place in zip(self._head.coefficients, lead.places, strict=True):
            if place >= 0:
                where.append(at + place)
                eta += row[place]
            at += len(row)
        slope, bent = _slopes(self._head.link, min(30.0, max(-30.0, eta)), answer)
        spots = np.array(where)
        self._slope[spots] += sign * slope
        self._bent[np.ix_(spots, spots)] += sign * bent


def _accept_head(artifact: Artifact) -> Head | None:
    return next((head for head in artifact.heads if head.step == Step.ACCEPTED.value), None)


def _slopes(link: str, eta: float, answer: float) -> tuple[float, float]:
    """Return the derivative of the log likelihood, and the Fisher information."""
    if link == "logit":
        chance = 1.0 / (1.0 + float(np.exp(-eta)))
        return answer - chance, chance * (1.0 - chance)
    hazard = float(np.exp(eta))
    chance = -float(np.expm1(-hazard))
    inside = hazard * (1.0 - chance)
    spread = max(chance * (1.0 - chance), 1e-12)
    return (answer - chance) * inside / spread, inside**2 / spread


def _shrunk(hits: int, tries: int, prior: float) -> float:
    return (PSEUDO_DECISIONS * prior + hits) / (PSEUDO_DECISIONS + tries)


def replay(history: History, artifact: Artifact | None, *, rules: Rules = _DEFAULT) -> Stream:
    """Return the stream that has seen the whole of a history: the full refit."""
    kinds = [str(item) for item in column_of(history.events, "kind")]
    stream = Stream(artifact, rules=rules, needs_work=Kind.WORKED.value in kinds)
    for entry in leads_of(history, artifact):
        stream.lead(*entry)
    known = {kind.value: kind for kind in _HEARD}
    days_of = times(column_of(history.events, "at")).tolist()
    named = rows_of(history.events, "lead_id", "account_id")
    for (lead, account), kind, at in zip(named, kinds, days_of, strict=True):
        if kind in known:
            stream.event(None if lead is None else str(lead), str(account), known[kind], at=at)
    return stream


def leads_of(
    history: History, artifact: Artifact | None
) -> Iterable[tuple[str, str, float, Facts]]:
    """Yield id, account, day of creation and the artifact's facts of each lead."""
    leads, accounts = history.leads, history.accounts
    names = [] if artifact is None else [fact.name for fact in artifact.facts]
    place = {str(item): n for n, item in enumerate(column_of(accounts, "account_id"))}
    created = column_of(leads, "created_at")
    for n, (lead, account) in enumerate(
        zip(column_of(leads, "lead_id"), column_of(leads, "account_id"), strict=True)
    ):
        facts: dict[str, str | float | bool | None] = {}
        for name in names:
            value = None
            if name in leads.columns:
                value = leads.columns[name][n]
            elif str(account) in place:
                value = column_of(accounts, name.removeprefix("accounts."))[place[str(account)]]
            facts[name] = value if isinstance(value, str | int | float) else None
        at = created[n]
        day = days(at) if isinstance(at, datetime) else np.inf
        yield str(lead), str(account), float(day), facts
