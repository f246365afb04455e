"""What an experiment with response times found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from leadfit.records import Tier
from leadfit.watch.response import FollowedRow, ResponseFindings, response_findings
from leadfit.watch.response_tables import arm_rows, contrast_rows, response_words

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW = START + timedelta(days=200)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Draw:
    lead_id: str
    cluster_id: str
    arm: str
    enrolled_at: datetime
    tier: Tier = Tier.ONE
    chances: Mapping[str, float] = field(default_factory=lambda: {"fast": 0.5, "usual": 0.5})

    @property
    def target_minutes(self) -> float:
        return {"fast": 5.0, "usual": 15.0}[self.arm]


@dataclass(frozen=True, kw_only=True)
class Row:
    trial: Draw
    touched_at: datetime | None = None
    converted_at: datetime | None = None


def row(
    lead: str,
    arm: str,
    *,
    account: str | None = None,
    at: datetime = START,
    touched: float | None = None,
    won: float | None = None,
) -> Row:
    """Return a lead; ``touched`` in minutes and ``won`` in days after the draw."""
    return Row(
        trial=Draw(lead_id=lead, cluster_id=account or lead, arm=arm, enrolled_at=at),
        touched_at=None if touched is None else at + timedelta(minutes=touched),
        converted_at=None if won is None else at + won * DAY,
    )


def found(*rows: FollowedRow) -> ResponseFindings:
    return response_findings(rows, experiment="speed", now=NOW)


def counts(told: ResponseFindings, arm: str) -> tuple[int, int, int, int]:
    (one,) = [each for each in told.arms if each.arm == arm]
    return one.leads, one.units, one.mature, one.converted


def test_an_account_counts_once_with_the_arm_and_the_time_of_its_first_lead() -> None:
    told = found(
        row("a", "fast", account="acme", won=30),
        row("b", "fast", account="acme", at=START + DAY, won=20),
        row("c", "usual"),
    )
    assert counts(told, "fast") == (2, 1, 1, 1)
    assert counts(told, "usual") == (1, 1, 1, 0)


def test_who_was_drawn_counts_in_that_arm_whatever_happened() -> None:
    """Intention to treat: a fast lead that nobody touched in time stays a fast lead."""
    told = found(row("a", "fast", touched=600, won=10), row("b", "usual", touched=1))
    assert counts(told, "fast") == (1, 1, 1, 1)
    assert [(each.arm, each.in_time) for each in told.arms] == [("usual", 1.0), ("fast", 0.0)]


def test_a_lead_younger_than_the_watch_is_not_counted_even_if_it_converted() -> None:
    told = found(row("a", "fast", at=NOW - 89 * DAY, won=1), row("b", "fast", at=NOW - 90 * DAY))
    assert counts(told, "fast") == (2, 2, 1, 0)


def test_a_conversion_after_the_watch_is_none() -> None:
    told = found(row("a", "fast", won=91), row("b", "fast", won=90))
    assert counts(told, "fast") == (2, 2, 2, 1)


def test_faster_arms_are_compared_with_the_slowest_and_told_in_points_and_relative() -> None:
    rows = [row(f"f{n}", "fast", won=5 if n % 2 else None) for n in range(200)]
    rows += [row(f"u{n}", "usual", won=5 if n % 10 == 0 else None) for n in range(200)]
    told = found(*(each for pair in zip(rows[:200], rows[200:], strict=True) for each in pair))
    (contrast,) = told.contrasts
    assert (contrast.arm, contrast.against) == ("fast", "usual")
    assert contrast.difference.value == pytest.approx(0.4)
    assert contrast.difference.relative == pytest.approx(4.0)
    assert told.is_decided
    assert contrast_rows(told)[1][2:5:2] == ("+40.0 points", "+400.0 %")
    assert any("Decided: fast is better than usual" in line for line in response_words(told))


def test_times_of_answers_are_of_the_leads_that_a_person_touched() -> None:
    told = found(row("a", "fast", touched=2), row("b", "fast", touched=8), row("c", "fast"))
    (one,) = told.arms
    assert (one.touched, one.median_minutes, one.p90_minutes) == (2, 2.0, 8.0)
    assert one.in_time == pytest.approx(1 / 3)
    assert arm_rows(told)[1][7:] == ("33.3 %", "2.0 min", "8.0 min")


def test_arms_that_lost_leads_are_no_evidence_of_anything() -> None:
    rows = [row(f"f{n}", "fast", won=5) for n in range(60)]
    rows += [row(f"u{n}", "usual") for n in range(200)]
    told = found(*rows)
    assert not told.is_fair
    assert not told.is_decided
    assert any(line.startswith("ALERT") for line in response_words(told))


def test_nobody_drawn_is_said() -> None:
    told = found()
    assert (told.arms, told.is_decided) == ((), False)
    assert list(response_words(told)) == ["Nobody was drawn yet"]
