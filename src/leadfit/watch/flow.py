"""Whether a source still sends what it used to: as much as before, and with addresses.

A source is held against its own past, hour of the week by hour of the week, so that nights and
weekends are expected to be quiet; days on which all are closed count nowhere. What is missing in a
window that ends now is judged by an upper bound of its chance: the Chernoff bound of a negative
binomial count, whose scatter is that of the source's own windows below what was expected of them;
for addresses that of a binomial share. The bound is compared with the false alarms of the policy
divided by the windows of that length in a year: those that do not overlap, three times, since each
hour begins another; ``benchmarks/probes.py`` counts what comes of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final

from leadfit.policy import Policy

WINDOWS: Final = (1, 3, 6, 12, 24, 72, 168, 336)
"""Hours; all of them end now."""

_HOURS_A_YEAR: Final = 8_760
_HOURS_A_WEEK: Final = 168
_BY_DAY: Final = 24
_RAMP_HOURS: Final = 12
"""In windows shorter than this an hour is held against the least of its neighbours: clocks are set
forward and back, and a morning's rise an hour late is no failure."""
_LEAST_SIGNALS: Final = 50
_OVERLAPPING: Final = 3
_LEAST_BLOCKS: Final = 14
_NORMAL_95: Final = 1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCount:
    """Signals of one hour.

    Attributes:
        hour: Its beginning.
    """

    hour: datetime
    received: int
    without_email: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAlarm:
    """Something about a source that chance does not explain.

    Attributes:
        kind: ``volume`` or ``email``.
        hours: Length of the window in which it shows most.
        expected: Signals that were expected in it, or those without an address.
        seen: Those that came.
        words: For those who are told; begins with the source's name.
    """

    kind: str
    source: str
    hours: int
    expected: float
    seen: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFlow:
    """How a source does.

    Attributes:
        received: Signals of the last 24 whole hours.
        expected: How many were expected; ``None`` while its history is too short.
        null_share: Share of the last day's signals without an address; ``None`` without any.
        days: Days of history.
        found: What gives alarm.
    """

    source: str
    received: int
    expected: float | None
    null_share: float | None
    days: float
    found: tuple[FlowAlarm, ...] = ()

    @property
    def alarms(self) -> tuple[str, ...]:
        """Kinds of the alarms."""
        return tuple(each.kind for each in self.found)


def source_flow(
    source: str, counts: Iterable[HourCount], policy: Policy, *, now: datetime
) -> SourceFlow:
    """Hold a source against its own past.

    Args:
        source: Its name.
        counts: Its hours, in any order; hours without a signal need not be there.
        policy: How long a past is needed, and how many false alarms are taken into account.
        now: The end; the hour that is not over yet is left out.
    """
    rules = policy.signal_watch
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(days=rules.history_days)
    inside = [each for each in counts if start <= each.hour < end]
    if not inside:
        return SourceFlow(source=source, received=0, expected=None, null_share=None, days=0.0)
    first = min(each.hour for each in inside)
    series = _Series(inside, first, end, policy)
    received, nulls = series.received_in(_BY_DAY), series.nulls_in(_BY_DAY)
    days = series.length / _BY_DAY
    judged = days >= rules.least_days
    found = []
    if judged:
        found = [
            each
            for each in (
                _drop(source, series, rules.false_alarms_a_year, rules.least_drop),
                _nulls(source, series, rules.false_alarms_a_year, rules.least_nulls),
            )
            if each is not None
        ]
    return SourceFlow(
        source=source,
        received=received,
        expected=series.expected_in(_BY_DAY) if judged else None,
        null_share=nulls / received if received else None,
        days=round(days, 2),
        found=tuple(found),
    )


class _Series:
    """Hours of a source from its first to now, one number each."""

    def __init__(
        self, counts: Sequence[HourCount], first: datetime, end: datetime, policy: Policy
    ) -> None:
        self.length = int((end - first) / timedelta(hours=1))
        self.received = [0] * self.length
        self.nulls = [0] * self.length
        for each in counts:
            place = int((each.hour - first) / timedelta(hours=1))
            self.received[place] += each.received
            self.nulls[place] += each.without_email
        phase = first.weekday() * 24 + first.hour
        self.week_hours = [(phase + n) % _HOURS_A_WEEK for n in range(self.length)]
        closed = _closed_days(policy)
        days = [first + timedelta(hours=n) for n in range(self.length)] if closed else []
        self.counts = [each.date() not in closed for each in days] or [True] * self.length

    def received_in(self, hours: int) -> int:
        """Return the signals of the last hours."""
        return sum(self.received[-hours:])

    def nulls_in(self, hours: int) -> int:
        """Return the signals without an address of the last hours."""
        return sum(self.nulls[-hours:])

    def expected_in(self, hours: int) -> float:
        """Return how many signals the last hours would hold, were all as before."""
        return sum(self.baseline(hours)[-hours:])

    def baseline(self, hours: int, *, at_least: bool = False) -> list[float]:
        """Return what is expected of each hour, by the hours before the last ones.

        Args:
            hours: How many at the end are left out of it.
            at_least: Of an hour and its neighbours the one of which least is expected.
        """
        sums, weeks = [0.0] * _HOURS_A_WEEK, [0] * _HOURS_A_WEEK
        for n in range(self.length - hours):
            if self.counts[n]:
                sums[self.week_hours[n]] += self.received[n]
                weeks[self.week_hours[n]] += 1
        means = [total / many if many else 0.0 for total, many in zip(sums, weeks, strict=True)]
        if at_least:
            means = [
                min(means[n - 1], means[n], means[(n + 1) % _HOURS_A_WEEK])
                for n in range(_HOURS_A_WEEK)
            ]
        return [
            means[hour] if is_open else 0.0
            for hour, is_open in zip(self.week_hours, self.counts, strict=True)
        ]

    def open_received(self) -> list[int]:
        """Return the signals of each hour; on closed days none, as none are expected."""
        return [n if is_open else 0 for n, is_open in zip(self.received, self.counts, strict=True)]


def _closed_days(policy: Policy) -> frozenset[object]:
    return frozenset(day.day for day in policy.holidays if day.calendar is None and not day.open)


def _drop(source: str, series: _Series, false_alarms: float, share: float) -> FlowAlarm | None:
    """Return the alarm of the window in which most is missing by its chance, if any."""
    best: tuple[float, FlowAlarm] | None = None
    scatter = 0.0
    received = series.open_received()
    for hours in WINDOWS:
        weeks = (series.length - hours) / _HOURS_A_WEEK
        if weeks < 1:
            break
        baseline = series.baseline(hours)
        # Of windows longer than a day there are few; as a share they scatter no more than days.
        own = _scatter(received[:-hours], baseline, min(hours, _BY_DAY))
        scatter = scatter if own is None else own
        if hours < _RAMP_HOURS:
            baseline = series.baseline(hours, at_least=True)
        expected, seen = sum(baseline[-hours:]), sum(received[-hours:])
        if expected <= 0 or seen > (1 - share) * expected:
            continue
        # What is expected is itself known by so many weeks only.
        unsure = scatter + (1 / expected + scatter) / weeks
        excess = _too_few(seen, expected, unsure) - _least(hours, false_alarms)
        if excess >= 0 and (best is None or excess > best[0]):
            words = (
                f"{source}: {seen} signals in the last {_span(hours)}, where"
                f" {expected:.3g} were expected"
            )
            alarm = FlowAlarm(
                kind="volume", source=source, hours=hours, expected=expected, seen=seen, words=words
            )
            best = excess, alarm
    return None if best is None else best[1]


def _least(hours: int, false_alarms: float) -> float:
    """Return minus the logarithm of the chance below which a window gives alarm."""
    windows = _OVERLAPPING * len(WINDOWS) * _HOURS_A_YEAR / hours
    return math.log(windows / false_alarms)


def _nulls(source: str, series: _Series, false_alarms: float, share: float) -> FlowAlarm | None:
    """Return the alarm of the window in which addresses are missing most, if any."""
    best: tuple[float, FlowAlarm] | None = None
    received, nulls = list(accumulate(series.received)), list(accumulate(series.nulls))
    for hours in WINDOWS:
        cut = series.length - hours
        if cut < _BY_DAY or received[cut - 1] < _LEAST_SIGNALS:
            break
        before, before_nulls = received[cut - 1], nulls[cut - 1]
        now, now_nulls = received[-1] - before, nulls[-1] - before_nulls
        usual = (before_nulls + 1) / (before + 2)
        scatter = _null_scatter(series, usual, cut)
        # As if it had been as high as its own scatter allows.
        usual = min(0.999, usual + 2 * math.sqrt(usual * (1 - usual) * scatter / before))
        if now == 0 or now_nulls / now < usual + share:
            continue
        excess = _too_many(now_nulls, now, usual) / scatter - _least(hours, false_alarms)
        if excess >= 0 and (best is None or excess > best[0]):
            words = (
                f"{source}: {now_nulls} of {now} signals of the last {_span(hours)} have no e-mail"
                f" address, where {100 * before_nulls / before:.3g} % had none before"
            )
            alarm = FlowAlarm(
                kind="email",
                source=source,
                hours=hours,
                expected=usual * now,
                seen=now_nulls,
                words=words,
            )
            best = excess, alarm
    return None if best is None else best[1]


def _scatter(received: Sequence[int], baseline: Sequence[float], hours: int) -> float | None:
    """Return by how much the past's windows scatter below what was expected, beyond chance.

    Returns:
        The variance beyond that of a Poisson count over the square of what was expected; ``None``
        where there were too few windows.
    """
    beyond = total = 0.0
    blocks = 0
    for end in range(len(received), hours - 1, -hours):
        expected = sum(baseline[end - hours : end])
        if expected > 0:
            short = max(0.0, expected - sum(received[end - hours : end]))
            # Twice, for the side that is not looked at: a burst makes no silence likelier.
            beyond += 2 * short**2 - expected
            total += expected**2
            blocks += 1
    if blocks < _LEAST_BLOCKS or total <= 0:
        return None
    return max(0.0, beyond / total) * _upper(blocks / 2)


def _upper(squares: float) -> float:
    """Return by how much a variance may be larger than a mean of so many squares, at 95 %.

    Wilson and Hilferty (1931) for the chi-squared distribution; half of the windows lie below.

    >>> round(_upper(10), 2), round(_upper(1000), 2)
    (2.54, 1.08)
    """
    part = 2 / (9 * squares)
    return 1 / (1 - part - _NORMAL_95 * math.sqrt(part)) ** 3


def _null_scatter(series: _Series, usual: float, cut: int) -> float:
    """Return the variance of daily shares over that of a binomial count, at least 1."""
    squares = total = 0.0
    for end in range(cut, _BY_DAY - 1, -_BY_DAY):
        signals = sum(series.received[end - _BY_DAY : end])
        nulls = sum(series.nulls[end - _BY_DAY : end])
        squares += (nulls - signals * usual) ** 2
        total += signals * usual * (1 - usual)
    return max(1.0, squares / total) if total > 0 else 1.0


def _too_few(seen: int, expected: float, scatter: float) -> float:
    """Return minus the logarithm of a bound on the chance of so few signals.

    The Chernoff bound of a negative binomial count with this mean and variance
    ``expected + scatter * expected ** 2``.

    >>> round(_too_few(0, 10.0, 1e-9), 3)
    10.0
    """
    if seen >= expected:
        return 0.0
    size = 1 / max(scatter, 1e-9)
    few = seen * math.log(seen / expected) if seen else 0.0
    return few + (seen + size) * math.log1p((expected - seen) / (seen + size))


def _too_many(nulls: int, signals: int, usual: float) -> float:
    """Return minus the logarithm of a bound on the chance of so many without (Chernoff)."""
    share = nulls / signals
    if share <= usual:
        return 0.0
    rest = (1 - share) * math.log((1 - share) / (1 - usual)) if share < 1 else 0.0
    return signals * (share * math.log(share / usual) + rest)


def _span(hours: int) -> str:
    if hours == 1:
        return "hour"
    return f"{hours} hours" if hours <= _BY_DAY else f"{hours // _BY_DAY} days"
