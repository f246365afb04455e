"""How promises of a first touch were kept, week by week, from what the store keeps of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from leadfit.policy import Policy
from leadfit.store import Session, Store
from leadfit.watch.rows import Period, week_of, weeks_before
from leadfit.watch.sla import SlaWeek, sla_week


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaReport:
    """How promises were kept.

    Attributes:
        weeks: Whole weeks, oldest first.
        so_far: The week that runs.
    """

    weeks: tuple[SlaWeek, ...]
    so_far: SlaWeek


def sla_report(store: Store, policy: Policy, *, now: datetime, weeks: int) -> SlaReport:
    """Return how promises were kept in the last whole weeks and in the one that runs.

    Args:
        store: Keeps assignments, touches, breaches and incidents.
        policy: Teams, and how minutes count.
        now: The weeks before it are looked at.
        weeks: How many whole weeks.
    """
    running = Period(start=week_of(now), end=now)

    def read(session: Session) -> SlaReport:
        found = [_week(session, policy, each, now) for each in weeks_before(now, weeks)]
        return SlaReport(weeks=tuple(found), so_far=_week(session, policy, running, now))

    return store.read(read)


def _week(session: Session, policy: Policy, period: Period, now: datetime) -> SlaWeek:
    kept = session.breaches
    return sla_week(
        kept.handled(period.start, period.end),
        kept.between(period.start, period.end),
        kept.told(period.start, period.end),
        [
            (each.lead_id, each.words)
            for each in session.clocks.incidents(period.start)
            if each.at in period
        ],
        policy,
        period=period,
        now=now,
    )
