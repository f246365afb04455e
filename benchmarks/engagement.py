"""Engagement that outweighs fit: how often the alarm comes without cause, and how soon with cause.

Companies whose reps work leads that engagement lifted beside leads that fit. Customers of both
leave; in the biased ones the lifted leave more. The whole record of three years is read once: the
evidence is a sequence, so that what counts is whether it ever reached the alarm, and when.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recording import asked_for_full, record

from leadfit.bounds import upper_bound
from leadfit.learn.lifted import engagement_bias
from leadfit.learn.quadrants import Placed
from leadfit.records import Tier
from leadfit.testing.stories.recorded import Noted, history_of
from leadfit.world import seeded

SEED = 4200
START = datetime(2023, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 1_095
MONTH = 30.4375
LIFTED = Placed(fit100=40.0, intent100=90.0, tier=Tier.ONE)
FITTING = Placed(fit100=90.0, intent100=70.0, tier=Tier.ONE)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Customers of a month, and how many of each group leave within a year."""

    name: str
    a_month: int
    lifted_leave: float
    fitting_leave: float = 0.15
    lifted_win: float = 0.3


CASES = (
    Case(name="alike, 10 worked leads a month", a_month=10, lifted_leave=0.15),
    Case(name="alike, 40 worked leads a month", a_month=40, lifted_leave=0.15),
    Case(name="the lifted stay longer, 40 a month", a_month=40, lifted_leave=0.08),
    Case(name="the lifted leave twice as often, 40 a month", a_month=40, lifted_leave=0.30),
    Case(name="the lifted leave three times as often, 40 a month", a_month=40, lifted_leave=0.45),
    Case(name="the lifted leave three times as often, 100 a month", a_month=100, lifted_leave=0.45),
)


def company(case: Case, number: int) -> tuple[list[Noted], dict[str, datetime], dict[str, Placed]]:
    """Return events, leads and where they stood."""
    unit = seeded("engagement", SEED, case.name, number).random
    events: list[Noted] = []
    leads: dict[str, datetime] = {}
    placed: dict[str, Placed] = {}
    for place in range(round(case.a_month * DAYS / MONTH)):
        lead, lifted = f"lead_{place:05d}", unit() < 0.4
        at = START + DAYS * unit() * DAY
        leads[lead], placed[lead] = at, LIFTED if lifted else FITTING
        events += [Noted(at=at + DAY, kind=kind, lead_id=lead) for kind in ("accepted", "worked")]
        if unit() >= (case.lifted_win if lifted else 0.3):
            continue
        won = at + (30 + 60 * unit()) * DAY
        leave = case.lifted_leave if lifted else case.fitting_leave
        stays = -math.log(1 - unit()) * 365 / -math.log(1 - leave)
        events += [
            Noted(at=won, kind="converted", lead_id=lead, amount=100),
            Noted(at=won + DAY, kind="used", lead_id=lead, value=9.0),
            Noted(at=won + (2 + stays) * DAY, kind="churned", lead_id=lead),
        ]
    return events, leads, placed


def figures(case: Case, companies: int) -> Mapping[str, object]:
    """Return how many companies of a kind gave the alarm, and after how long."""
    months = []
    for number in range(companies):
        events, leads, placed = company(case, number)
        columns: dict[str, Sequence[object]] = {
            "lead_id": list(leads),
            "created_at": list(leads.values()),
        }
        found = engagement_bias(history_of(START + DAYS * DAY, columns, events, []), placed)
        if found.alarm_since is not None:
            months.append((found.alarm_since - START) / DAY / MONTH)
    middle = sorted(months)[len(months) // 2] if 2 * len(months) > companies else None
    return {
        "case": case.name,
        "companies": companies,
        "alarms": len(months),
        "alarms_at_most": round(upper_bound(len(months), companies), 4),
        "median_months": None if middle is None else round(middle, 1),
    }


def main() -> None:
    """Run it."""
    full = asked_for_full(__doc__)
    rows = [figures(case, 200 if full else 10) for case in CASES]
    record("engagement", {"years": 3, "rows": rows}, full=full)


if __name__ == "__main__":
    main()
