"""Whether a rise of overrides is told, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from leadfit.policy import load_starter
from leadfit.testing.builders import NOW
from leadfit.watch import override_rises

POLICY = load_starter()


def taken(count: int, *, days_ago: float, rep_id: str | None = "ann") -> list[
    tuple[str | None, datetime]
]:  # fmt: skip
    return [(rep_id, NOW - timedelta(days=days_ago)) for _ in range(count)]


def rises(*taken: tuple[str | None, datetime]) -> list[tuple[str | None, int, int]]:
    found = override_rises(taken, POLICY, now=NOW)
    return [(each.rep_id, each.lately, each.before) for each in found]


def test_as_many_as_ever_are_no_rise() -> None:
    usual = [each for week in range(5) for each in taken(6, days_ago=7 * week + 3)]
    assert rises(*usual) == []


def test_a_rise_is_told_with_both_numbers() -> None:
    (found,) = override_rises([*taken(12, days_ago=1), *taken(4, days_ago=20)], POLICY, now=NOW)
    assert (found.rep_id, found.lately, found.before) == ("ann", 12, 4)
    assert found.words == (
        "12 leads of ann were given to somebody else by hand in 7 days, 4 in the 28 days before"
    )


def test_fewer_than_the_least_are_chance() -> None:
    assert rises(*taken(4, days_ago=1)) == []
    assert rises(*taken(5, days_ago=1)) == [("ann", 5, 0)]


def test_a_small_rise_over_many_is_chance_and_a_large_one_is_not() -> None:
    assert rises(*taken(14, days_ago=1), *taken(40, days_ago=20)) == []
    assert rises(*taken(24, days_ago=1), *taken(40, days_ago=20)) == [("ann", 24, 40)]


def test_reps_are_looked_at_each_by_himself_and_old_ones_not_at_all() -> None:
    calm = [each for week in range(5) for each in taken(5, days_ago=7 * week + 3, rep_id="bob")]
    old = taken(50, days_ago=40, rep_id="ann")
    assert rises(*calm, *old, *taken(6, days_ago=2), *taken(6, days_ago=2, rep_id=None)) == [
        (None, 6, 0),
        ("ann", 6, 0),
    ]
