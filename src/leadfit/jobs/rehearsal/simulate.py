"""Routes what happened once more by one set of rules, with capacity, turns and clocks in memory."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from leadfit import route
from leadfit.jobs.rehearsal.happenings import Happening, RehearsedScore, week_of
from leadfit.orchestrate.plan import due
from leadfit.policy import Policy
from leadfit.policy.policy import PLAY
from leadfit.records import Account, Band, Lead, Place, Ranking, Reason, RepLoad, Score, Tier

_TRY_AGAIN: Final = timedelta(minutes=15)


@dataclass(slots=True)
class Simulated:
    """What one set of rules makes of a lead.

    Attributes:
        assigned_at: When it got the owner it has now; ``None`` while it has none.
        first_at: When it got its first owner.
        due_at: By when its first touch is promised.
        rule: The rule of the place its owner took.
    """

    lead_id: str
    opened_at: datetime
    signal_at: datetime
    tier: Tier
    band: Band
    owner_id: str | None = None
    assigned_at: datetime | None = None
    first_at: datetime | None = None
    due_at: datetime | None = None
    rule: str = ""
    assignments: int = 0


@dataclass(slots=True)
class Simulation:
    """What one set of rules makes of a history.

    Attributes:
        leads: By id, in the order in which they were opened.
        load: Assignments by week and rep.
        raised: Leads whose tier rose later.
    """

    leads: dict[str, Simulated] = field(default_factory=dict)
    load: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    raised: int = 0


def simulate(
    happenings: Sequence[Happening],
    policy: Policy,
    touched: Mapping[str, datetime],
    *,
    is_other: bool,
) -> Simulation:
    """Route every lead in the order of time.

    Both sides begin with everybody free and nobody's turn taken, so that what differs is due to
    the rules. A lead that finds nobody is tried again when a slot ends, and every 15 minutes. A
    lead under review goes to whoever is right under the account it may be of, or waits for the
    review. What people do is taken as it was: touches happen when they happened.

    Args:
        happenings: In the order of time.
        policy: The rules.
        touched: When each lead was first touched.
        is_other: The other rules' rating of each is taken, not that of those in force.
    """
    floor = _Floor(policy, touched)
    for each in happenings:
        floor.take(each, each.other if is_other else each.present)
    return floor.side


class _Floor:
    """The reps with their slots and turns, and the leads that wait."""

    def __init__(self, policy: Policy, touched: Mapping[str, datetime]) -> None:
        self.side = Simulation()
        self._policy = policy
        self._touched = touched
        self._window = timedelta(hours=policy.route.capacity.window_hours)
        self._taken: dict[str, deque[datetime]] = {rep.rep_id: deque() for rep in policy.reps}
        self._turns: dict[str, dict[str, int]] = {rep.rep_id: {} for rep in policy.reps}
        self._last: dict[str, int] = dict.fromkeys(self._turns, 0)
        self._turn = 0
        self._ends: list[tuple[datetime, str]] = []
        self._loads = {rep.rep_id: RepLoad(rep=rep) for rep in policy.reps}
        self._waiting: dict[Tier, deque[_Asks]] = {tier: deque() for tier in Tier}
        self._tried_at: datetime | None = None
        self._accounts: dict[str, Account | None] = {}

    def take(self, each: Happening, rated: RehearsedScore) -> None:
        """Do what a happening calls for."""
        self._pass_to(each.at)
        if each.opens:
            self._open(each, rated)
        else:
            self._rate_again(each, rated)

    def _pass_to(self, now: datetime) -> None:
        """Let slots end, and leads that wait be tried again, up to ``now``."""
        while self._ends and self._ends[0][0] <= now:
            at, rep_id = heapq.heappop(self._ends)
            self._taken[rep_id].popleft()
            self._note(rep_id)
            self._serve(at)
        if any(self._waiting.values()) and (
            self._tried_at is None or now >= self._tried_at + _TRY_AGAIN
        ):
            self._serve(now)

    def _serve(self, now: datetime) -> None:
        """Try leads that wait, the most urgent tier first, until nobody is free."""
        self._tried_at = now
        for tier in Tier:
            queue = self._waiting[tier]
            for _ in range(min(self._policy.route.served_first, len(queue))):
                asks = queue[0]
                if asks.not_before > now or not self._give(asks, now):
                    break
                queue.popleft()

    def _open(self, each: Happening, rated: RehearsedScore) -> None:
        band = self._band(each)
        lead = Simulated(
            lead_id=each.lead_id,
            opened_at=each.at,
            signal_at=each.signal_at,
            tier=rated.tier,
            band=band,
        )
        self.side.leads[each.lead_id] = lead
        if self._waiting[rated.tier]:
            self._serve(each.at)
        asks = self._asks(each, rated, lead)
        self._accounts[each.lead_id] = asks.account
        if not self._give(asks, each.at):
            self._waiting[rated.tier].append(asks)

    def _band(self, each: Happening) -> Band:
        edges = self._policy.matching
        if each.match.most is Band.NEW or each.match.probability < edges.review:
            return Band.NEW
        if each.match.most is Band.REVIEW or each.match.probability < edges.auto:
            return Band.REVIEW
        return Band.AUTO

    def _asks(self, each: Happening, rated: RehearsedScore, lead: Simulated) -> _Asks:
        account, review = each.account, timedelta(0)
        if lead.band is Band.REVIEW:
            account = each.possible or each.account
            minutes = self._policy.tier(rated.tier).sla_minutes
            hours = self._policy.matching.review_hours
            review = min(timedelta(minutes=minutes), timedelta(hours=hours))
        elif lead.band is Band.AUTO:
            account = each.account or each.possible
        elif each.match.band is Band.AUTO:
            account = None
        return _Asks(
            lead=lead,
            rated=rated,
            account=account,
            record=Lead(lead_id=each.lead_id, created_at=each.at, facts=each.facts),
            not_before=each.at + review,
        )

    def _give(self, asks: _Asks, now: datetime, prefer: str | None = None) -> bool:
        """Give a lead to the first who is free; return whether there is somebody."""
        ranking = self._ranked(asks, now)
        places = sorted(ranking.places, key=lambda place: place.rep_id != prefer)
        if not places:
            return False
        place = places[0]
        if ranking.needs_slot:
            self._taken[place.rep_id].append(now)
            heapq.heappush(self._ends, (now + self._window, place.rep_id))
        if place.pool is not None and place.rep_id != prefer:
            self._turn += 1
            self._turns[place.rep_id][place.pool] = self._turn
            self._last[place.rep_id] = self._turn
        self._note(place.rep_id)
        self._assign(asks, place, now)
        return True

    def _ranked(self, asks: _Asks, now: datetime) -> Ranking:
        reasons = () if asks.rated.play is None else (_played(asks.rated.play),)
        rated = Score(
            model="", tier=asks.rated.tier, total=asks.rated.total, fit=0.0, engagement=0.0,
            intent=0.0, authority=0.0, fit100=0.0, intent100=0.0, reasons=reasons,
        )  # fmt: skip
        loads = list(self._loads.values())
        return route.rank(asks.record, asks.account, rated, loads, self._policy, now=now)

    def _assign(self, asks: _Asks, place: Place, now: datetime) -> None:
        lead, rules = asks.lead, self._policy.tier(asks.rated.tier)
        lead.owner_id, lead.assigned_at, lead.rule = place.rep_id, now, place.rule
        lead.tier = asks.rated.tier
        lead.first_at = lead.first_at or now
        lead.assignments += 1
        lead.due_at = due(place.rep_id, now, rules.sla_minutes, rules, self._policy)
        self.side.load[week_of(now)][place.rep_id] += 1

    def _note(self, rep_id: str) -> None:
        load = self._loads[rep_id]
        self._loads[rep_id] = RepLoad(
            rep=load.rep,
            slots_taken=len(self._taken[rep_id]),
            last_turn=self._last[rep_id],
            turns=self._turns[rep_id],
        )

    def _rate_again(self, each: Happening, rated: RehearsedScore) -> None:
        """Let a higher tier begin anew, as long as nobody touched the lead."""
        lead = self.side.leads.get(each.lead_id)
        if lead is None or rated.tier >= lead.tier:
            return
        at = self._touched.get(each.lead_id)
        if lead.owner_id is None or (at is not None and at <= each.at):
            lead.tier = rated.tier
            return
        self.side.raised += 1
        asks = _Asks(
            lead=lead,
            rated=rated,
            account=self._accounts.get(each.lead_id),
            record=Lead(lead_id=each.lead_id, created_at=each.at, facts=each.facts),
            not_before=each.at,
        )
        if not self._give(asks, each.at, prefer=lead.owner_id):
            # Its owner keeps it, with the time of the higher tier.
            lead.tier = rated.tier
            rules = self._policy.tier(rated.tier)
            lead.due_at = due(lead.owner_id, each.at, rules.sla_minutes, rules, self._policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asks:
    """A lead that asks for an owner."""

    lead: Simulated
    rated: RehearsedScore
    account: Account | None
    record: Lead
    not_before: datetime


def _played(name: str) -> Reason:
    return Reason(rule=PLAY + name, words="")
