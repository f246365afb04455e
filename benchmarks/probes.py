"""The watch over sources: false alarms a source-year, and hours until a silent source is named.

Made-up sources of 4, 40 and 400 signals a day: office hours, quiet nights and weekends, days that
scatter by 30 %, a slow rise and fall over the year, a burst now and then, 5 % of signals without
an address. Each is looked at every twelfth hour (``--full``) or every sixth; Leadfit looks every
hour. Then each falls silent, or loses its address field, at hours of a working week drawn by
chance.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from recording import asked_for_full, quantile, record

from leadfit.policy import load_starter
from leadfit.watch import HourCount, source_flow
from leadfit.world import seeded

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 -- for its type alone

A_DAY = (4, 40, 400)
HOUR = timedelta(hours=1)
START = datetime(2025, 1, 6, tzinfo=UTC)
HISTORY_H = 56 * 24
NULLS = 0.05
MOST_FALSE_A_YEAR = 0.2
POLICY = load_starter()


def drawn(random: Random, mean: float) -> int:
    """Draw a Poisson count (Knuth below 30, a rounded normal above)."""
    if mean > 30:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


def source(a_day: float, days: int, seed: int) -> list[HourCount]:
    """Return the hours of a made-up source."""
    random = seeded("probes", a_day, seed)
    made = []
    for day in range(days):
        level = random.gammavariate(1 / 0.09, 0.09) * (1 + 0.3 * math.sin(day / 60))
        if random.random() < 0.02:
            level *= 3  # a campaign
        for hour in range(24):
            at = START + timedelta(days=day, hours=hour)
            share = 1 / 11 if 8 <= hour < 18 else 1 / 140
            rate = a_day * level * (share if at.weekday() < 5 else 1 / 240)
            received = drawn(random, rate)
            without = sum(random.random() < NULLS for _ in range(received))
            made.append(HourCount(hour=at, received=received, without_email=without))
    return made


def alarms_at(hours: list[HourCount], end: int) -> tuple[str, ...]:
    """Return the alarms when ``end`` hours are over."""
    seen = hours[max(0, end - HISTORY_H) : end]
    return source_flow("s", seen, POLICY, now=hours[0].hour + HOUR * end).alarms


def false_alarms(hours: list[HourCount], step: int) -> tuple[int, float]:
    """Return on how many days a healthy source gave alarm, and the years that were looked at."""
    days = {end // 24 for end in range(HISTORY_H, len(hours), step) if alarms_at(hours, end)}
    return len(days), (len(hours) - HISTORY_H) / 8_766


def delay_h(hours: list[HourCount], kind: str, at: int) -> int | None:
    """Return the hours until a failure that begins ``at`` is named, 21 days at most."""
    for end in range(at + 1, at + 21 * 24):
        broken = [
            each
            if n < at
            else replace(each, received=0, without_email=0)
            if kind == "volume"
            else replace(each, without_email=each.received)
            for n, each in enumerate(hours[:end])
        ]
        if kind in alarms_at(broken, end):
            return end - at
    return None


def main() -> int:
    """Run it and return 1 where there are more false alarms than the policy takes into account."""
    full = asked_for_full(__doc__)
    began = time.perf_counter()
    sources, days, step, failures = (4, 421, 12, 12) if full else (1, 147, 6, 4)
    figures: dict[str, object] = {}
    false, years = 0, 0.0
    for a_day in A_DAY:
        series = [source(a_day, days, seed) for seed in range(sources)]
        found = [false_alarms(each, step) for each in series]
        false += sum(each for each, _ in found)
        years += sum(each for _, each in found)
        random = seeded("failures", a_day)
        named = {}
        for kind in ("volume", "email"):
            starts = [
                HISTORY_H + 24 * 7 * random.randrange(8) + 24 * random.randrange(5) + 8
                + random.randrange(10)
                for _ in range(failures)
            ]  # fmt: skip
            delays = [delay_h(series[n % sources], kind, at) for n, at in enumerate(starts)]
            seen = [each for each in delays if each is not None]
            named[kind] = {
                "named": len(seen),
                "of": len(delays),
                "median_h": quantile(seen, 0.5) if seen else None,
                "slowest_h": max(seen, default=None),
            }
        figures[f"{a_day} a day"] = {
            "false_alarm_days": sum(each for each, _ in found),
            "source_years": round(sum(each for _, each in found), 2),
            **{f"hours_until_{kind}_is_named": each for kind, each in named.items()},
        }
    # One-sided 95 % bound of a Poisson rate, by the square-root rule; exact (3.0) for none.
    bound = (3.0 if not false else (math.sqrt(false + 1) + 0.83) ** 2) / years
    figures |= {
        "false_alarm_days": false,
        "source_years": round(years, 2),
        "most_a_source_year_95": round(bound, 2),
        "seconds": round(time.perf_counter() - began),
    }
    record("probes", figures, full=full)
    return 0 if false / years <= MOST_FALSE_A_YEAR else 1


if __name__ == "__main__":
    sys.exit(main())
