"""How promises of a first touch are judged, by whom, and how long the clocks ran."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadfit.policy import load_starter
from leadfit.records import Assignment, ClockKind, Place, Tier
from leadfit.store.breaches import Breach, Handled, Touch
from leadfit.watch.rows import Period
from leadfit.watch.sla import Kept, Lengths, SlaWeek, sla_week
from leadfit.watch.sla_tables import kept_rows, length_rows, sla_words, week_kept_rows

POLICY = load_starter()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = Period(start=MONDAY, end=MONDAY + timedelta(days=7))
TEN = MONDAY + timedelta(hours=15)  # 10:00 in New York
MINUTE = timedelta(minutes=1)


def minute(number: float) -> datetime:
    return TEN + number * MINUTE


def handled(
    *touches: tuple[str, float],
    owner: str = "rep_ada",
    tier: Tier = Tier.ONE,
    number: int = 1,
    stopped: tuple[str, float] | None = None,
    breached: bool = False,
    ended: float | None = None,
    assigned: datetime = TEN,
) -> Handled:
    """Return an assignment of 10:00 for a signal of 9:58, due in fifteen minutes."""
    given = Assignment(
        assignment_id=f"a{number}", lead_id="lead", owner_id=owner, tier=tier,
        signal_at=assigned - 2 * MINUTE, assigned_at=assigned, number=number,
        place=Place(rep_id=owner, rule="turn", words="next in turn"),
    )  # fmt: skip
    return Handled(
        assignment=given,
        deadline_at=assigned + 15 * MINUTE,
        ended_at=None if ended is None else minute(ended),
        stopped_at=None if stopped is None else minute(stopped[1]),
        stopped_by=None if stopped is None else stopped[0],
        breached_at=minute(15) if breached else None,
        touches=tuple(Touch(by=by, at=minute(at)) for by, at in touches),
    )


def week(*rows: Handled, now: datetime = MONDAY + timedelta(days=8)) -> SlaWeek:
    return sla_week(rows, (), (), (), POLICY, period=WEEK, now=now)


def counts(found: Kept) -> tuple[int, int, int]:
    return found.kept, found.enrolled, found.missed


def lengths(found: SlaWeek, kind: ClockKind, tier: Tier | None = None) -> Lengths:
    return next(each for each in found.lengths if each.clock is kind and each.tier is tier)


@pytest.mark.parametrize(("at", "kept"), [(0, 1), (14.9, 1), (15, 1), (15.01, 0)])
def test_a_touch_up_to_the_deadline_keeps_the_promise(at: float, kept: int) -> None:
    found = week(handled(("rep_ada", at), stopped=("touch", at)))
    assert counts(found.whole) == (kept, 0, 1 - kept)


def test_no_touch_is_a_miss_once_the_deadline_has_passed() -> None:
    assert counts(week(handled(breached=True)).whole) == (0, 0, 1)
    before = week(handled(), now=minute(5))
    assert (before.whole.judged, before.open) == (0, 1)


def test_a_touch_told_of_late_counts_from_when_it_happened() -> None:
    row = handled(("rep_ada", 5), stopped=("reassigned", 30), ended=30, breached=True)
    found = week(row)
    assert counts(found.whole) == (1, 0, 0)
    assert found.whole.told_late == 1


def test_a_touch_under_the_next_owner_saves_the_second_promise_and_not_the_first() -> None:
    first = handled(("rep_ivy", 35), stopped=("reassigned", 30), ended=30, breached=True)
    second = handled(
        ("rep_ivy", 35), owner="rep_ivy", number=2, assigned=minute(30), stopped=("touch", 35)
    )
    found = week(first, second)
    assert [(each.name, counts(each)) for each in found.reps] == [
        ("rep_ada", (0, 0, 1)),
        ("rep_ivy", (1, 0, 0)),
    ]


def test_a_touch_before_the_assignment_is_the_first_promises_and_no_laters() -> None:
    early = ("rep_max", -1.0)
    assert counts(week(handled(early, stopped=("touch", 0))).whole) == (1, 0, 0)
    later = handled(early, number=2, breached=True)
    assert counts(week(later).whole) == (0, 0, 1)


def test_a_touch_by_somebody_else_keeps_the_promise_and_is_told_apart() -> None:
    found = week(handled(("rep_max", 5)), handled(("rep_ada", 6)))
    assert (found.whole.kept, found.whole.by_others) == (2, 1)


def test_an_enrolment_is_counted_beside_touches() -> None:
    row = handled(tier=Tier.THREE, owner="rep_hugo", stopped=("enrolled", 0.1))
    (tier,) = week(row).tiers
    assert (tier.name, counts(tier), tier.share) == ("Tier 3", (0, 1, 0), 1.0)


@pytest.mark.parametrize("by", ["rejected", "converted", "reassigned", "raised"])
def test_what_ended_before_its_deadline_is_neither_kept_nor_missed(by: str) -> None:
    found = week(handled(stopped=(by, 5), ended=5))
    assert (found.whole.judged, found.moved) == (0, 1)


def test_shares_are_told_by_tier_team_and_rep_with_exact_bounds() -> None:
    rows = [handled(("rep_ada", 5)) for _ in range(19)] + [handled(breached=True)]
    found = week(*rows, handled(owner="rep_dan", tier=Tier.TWO))
    assert [each.name for each in found.tiers] == ["Tier 1", "Tier 2"]
    assert [each.name for each in found.teams] == ["ae", "senior-ae"]
    ada = found.reps[0]
    assert ada.share == 0.95
    assert (round(ada.low, 3), round(ada.high, 3)) == (0.784, 0.997)


def test_the_three_clocks_have_medians_and_ninetieths_by_tier() -> None:
    found = week(*(handled(("rep_ada", at)) for at in range(1, 11)))
    touch = lengths(found, ClockKind.ASSIGNMENT_TO_TOUCH, Tier.ONE)
    assert (touch.median, touch.p90, touch.count) == (5, 9, 10)
    whole = lengths(found, ClockKind.SIGNAL_TO_TOUCH)
    assert (whole.median, whole.p90) == (7, 11)
    assert lengths(found, ClockKind.SIGNAL_TO_ASSIGNMENT).median == 2
    assert lengths(found, ClockKind.SIGNAL_TO_ASSIGNMENT, Tier.TWO).count == 0


def test_the_way_from_the_signal_runs_over_a_reassignment() -> None:
    first = handled(("rep_ivy", 35), ended=30, stopped=("reassigned", 30))
    found = week(first)
    assert lengths(found, ClockKind.SIGNAL_TO_TOUCH).median == 37
    assert lengths(found, ClockKind.ASSIGNMENT_TO_TOUCH).count == 0


def test_minutes_of_a_working_tier_are_those_the_owner_works() -> None:
    evening = MONDAY + timedelta(hours=22, minutes=25)  # 17:25; the day ends at 17:30
    row = handled(assigned=evening)
    morning = Touch(by="rep_ada", at=MONDAY + timedelta(days=1, hours=14, minutes=5))
    found = week(replace(row, touches=(morning,)))
    assert lengths(found, ClockKind.ASSIGNMENT_TO_TOUCH).median == 10
    always = replace(row.assignment, tier=Tier.THREE)
    found = week(replace(row, assignment=always, touches=(morning,)))
    assert lengths(found, ClockKind.ASSIGNMENT_TO_TOUCH).median == 15 * 60 + 40


def test_breaches_pages_and_incidents_are_counted() -> None:
    steps = [
        Breach(
            key=str(late), kind=ClockKind.ASSIGNMENT_TO_TOUCH, step=step, lead_id="lead",
            assignment_id="a", owner_id="rep_ada", tier=Tier.ONE, due_at=TEN,
            fired_at=TEN + timedelta(seconds=late),
        )
        for step, late in (("page", 0.2), ("page", 7200.0), ("reassign", 0.3))
    ]  # fmt: skip
    told = [("rep_max", "page", 2), ("rep_max", "alert", 9)]
    found = sla_week(
        (), steps, told, [("lead", "no first touch")], POLICY, period=WEEK, now=WEEK.end
    )
    assert found.steps == {"page": 2, "reassign": 1}
    assert (found.late_p99_s, found.late_s) == (7200.0, 7200.0)
    assert (found.pages, found.told, len(found.incidents)) == ({"rep_max": 1}, 2, 1)
    words = list(sla_words(found))
    assert words[-1] == "breach steps: 2 x page, 1 x reassign; the latest 2.0 h after it was due"


def test_an_empty_week_says_so_and_claims_nothing() -> None:
    found = week()
    assert found.whole.share is None
    assert (found.whole.low, found.whole.high) == (0.0, 1.0)
    assert list(sla_words(found)) == ["no promise of a first touch had its deadline"]
    assert week_kept_rows([found])[1] == ("2026-W10", "-", "0", "0", "0", "0", "0", "-")


def test_tables_show_shares_bounds_and_units() -> None:
    found = week(handled(("rep_ada", 5)), handled(breached=True))
    (_, row) = kept_rows(found.tiers, "tier")
    assert row == ("Tier 1", "50.0 %", "2.5 to 97.5 %", "2", "1", "0", "0", "0")
    rows = length_rows(found.lengths)
    assert ("owner to first touch", "1", "5.0 min", "5.0 min", "1") in rows
    assert ("signal to owner", "all", "2.0 min", "2.0 min", "2") in rows
