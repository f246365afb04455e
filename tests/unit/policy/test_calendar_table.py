"""The table of deadlines worked out by hand is exact, whatever the zone of the host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from unit.policy import calendar_rows as table

PROGRAM = Path(table.__file__)


@pytest.mark.parametrize("row", table.ROWS, ids=lambda row: f"{row.zone}: {row.why}")
def test_a_deadline_is_exact(row: table.Row) -> None:
    assert table.found(row) == table.expected(row)


@pytest.mark.parametrize("host", ["UTC", "America/St_Johns", "Pacific/Apia"])
def test_the_zone_of_the_host_changes_nothing(host: str) -> None:
    ran = subprocess.run(
        [sys.executable, str(PROGRAM)],
        env={**os.environ, "TZ": host},  # noqa: TID251 -- a child in another zone
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == [table.expected(row) for row in table.ROWS]


def test_the_table_has_no_row_twice() -> None:
    keys = {(row.zone, row.hours, row.calendar, row.away_from, row.start, row.minutes)
            for row in table.ROWS}  # fmt: skip
    assert len(keys) == len(table.ROWS) >= 70
