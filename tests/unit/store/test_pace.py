"""When a vendor may be called: never above a limit, and hardly below it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from leadfit.store.pace import Pace, spans
from leadfit.world import seeded


def most_in_a_window(times: Sequence[int], span: int) -> int:
    """The most calls in any window that slides, its end left out."""
    seen: deque[int] = deque()
    most = 0
    for at_us in times:
        seen.append(at_us)
        while seen[0] <= at_us - span:
            seen.popleft()
        most = max(most, len(seen))
    return most


def most_in_a_fixed_window(times: Sequence[int], span: int, offset: int) -> int:
    counts: dict[int, int] = {}
    for at_us in times:
        window = (at_us + offset) // span
        counts[window] = counts.get(window, 0) + 1
    return max(counts.values())


@pytest.mark.parametrize(
    "windows", [{1: 15, 60: 500}, {60: 1000}, {1: 5, 3600: 900}, {60: 50, 3600: 150}, {1: 1500}]
)
def test_no_limit_is_exceeded_in_any_window_and_nearly_all_of_it_is_used(
    windows: Mapping[float, int],
) -> None:
    limits = spans(windows)
    pace, times, now_us = Pace(), [], 0
    for number in range(6_000):
        taken = pace.take(limits, now_us=now_us)
        assert taken is not None
        now_us = taken
        times.append(now_us)
        if number % 500 == 0:
            pace = Pace(pace.body())
    for span, most in limits.items():
        assert most_in_a_window(times, span) <= most
        for offset in (0, span // 3, span // 2):
            assert most_in_a_fixed_window(times, span, offset) <= most
    slowest = max(limits, key=lambda span: span / limits[span])
    assert len(times) * slowest / limits[slowest] >= 0.99 * times[-1]


def test_workers_that_come_at_any_time_stay_within_the_limits() -> None:
    limits = spans({1: 5, 60: 100})
    random = seeded("pace", 1)
    pace, times, now_us = Pace(), [], 0
    for _ in range(4_000):
        now_us += int(random.expovariate(1 / 600_000))
        taken = pace.take(limits, now_us=now_us, latest_us=now_us + 2_000_000)
        if taken is not None:
            assert taken >= now_us
            times.append(taken)
    assert times == sorted(times)
    assert most_in_a_window(times, 1_000_000) <= 5
    assert most_in_a_window(times, 60_000_000) <= 100


def test_calls_are_spread_and_not_spiked() -> None:
    pace = Pace()
    times = [pace.take(spans({60: 100}), now_us=0) or 0 for _ in range(10)]
    assert all(later - earlier >= 600_000 for earlier, later in pairwise(times))


def test_five_hundred_leads_an_hour_want_eight_calls_a_minute_not_a_second() -> None:
    pace, now_us = Pace(), 0
    for _ in range(500):
        now_us = pace.take(spans({60: 9}), now_us=now_us) or now_us
    assert now_us <= 3_600_000_000


def test_what_would_come_too_late_is_not_taken() -> None:
    pace = Pace()
    assert pace.take(spans({60: 1}), now_us=0) == 0
    before = pace.body()
    assert pace.take(spans({60: 1}), now_us=0, latest_us=59_000_000) is None
    assert Pace(before).free_us(spans({60: 1}), now_us=0) == pace.free_us(spans({60: 1}), now_us=0)


def test_a_hold_is_longer_than_the_one_before_or_changes_nothing() -> None:
    pace = Pace()
    pace.hold(5_000_000)
    pace.hold(2_000_000)
    assert pace.free_us({}, now_us=0) == 5_000_000


def test_a_header_lowers_a_limit_and_never_raises_one() -> None:
    limits, pace = spans({60: 60}), Pace()
    pace.hear(60_000_000, limits, most=30, left=None, reset_us=None, now_us=0)
    assert pace.in_force(limits) == spans({60: 30})
    pace.hear(60_000_000, limits, most=1_000_000, left=None, reset_us=None, now_us=0)
    assert pace.in_force(limits) == limits


def test_calls_of_others_with_the_same_key_count() -> None:
    limits, pace = spans({60: 60}), Pace()
    taken = pace.take(limits, now_us=0)
    assert taken == 0
    pace.hear(60_000_000, limits, most=60, left=10, reset_us=None, now_us=0)
    given = [pace.take(limits, now_us=0, latest_us=59_000_000) for _ in range(60)]
    assert sum(each is not None for each in given) == 10
