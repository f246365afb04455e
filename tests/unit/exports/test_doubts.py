"""What is told of an export that was read all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit.exports import read_export
from leadfit.exports.doubts import strayed
from leadfit.history import History

Write = Callable[..., Path]
START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = [START + timedelta(days=n) for n in range(100)]


def told(history: History, code: str) -> list[str | None]:
    return [notice.field for notice in history.notices if notice.code == code]


def leads(fact: str, cells: list[str]) -> str:
    rows = "".join(f"l{n},2024-01-01,{cell}\n" for n, cell in enumerate(cells))
    return f"lead_id,created_at,{fact}\n{rows}"


@pytest.mark.parametrize("word", ["NaN", "inf", "-Infinity", "1e999", "N/A", "#DIV/0!"])
def test_a_word_for_no_number_is_a_blank_among_numbers_and_told(write: Write, word: str) -> None:
    cells = [str(n) for n in range(10)] + [word, word]
    history = read_export(write(leads=leads("visits", cells)))
    assert history.leads.columns["visits"] == [*range(10), None, None]
    (notice,) = [each for each in history.notices if each.code == "missing_as_value"]
    assert (notice.field, notice.evidence) == ("visits", {"rows": 2, "words": {word: 2}})


def test_other_words_make_a_column_text(write: Write) -> None:
    cells = [str(n) for n in range(10)] + ["plenty"]
    history = read_export(write(leads=leads("visits", cells)))
    assert history.leads.columns["visits"] == cells
    assert not history.notices


def test_blank_columns_are_told_one_by_one_and_very_many_together(write: Write) -> None:
    names = [f"blank_{n}" for n in range(30)]
    header = ",".join(["lead_id", "created_at", "full", *names])
    history = read_export(write(leads=f"{header}\nl1,2024-01-01,x{',' * 30}\n"))
    assert told(history, "all_missing") == [*names[:20], None]
    (rest,) = [each for each in history.notices if each.code == "all_missing" and not each.field]
    assert rest.evidence == {"columns": names[20:], "count": 10}


def test_a_file_without_rows_has_no_blank_columns(write: Write) -> None:
    assert not read_export(write(leads="lead_id,created_at,full\n")).notices


def test_a_few_dates_years_after_all_others_are_taken_for_mistakes() -> None:
    far = START + timedelta(days=9000)
    edge, (notice,) = strayed([*DAYS, far, far])
    assert edge == DAYS[-1]
    assert notice.code == "impossible_dates"
    assert notice.evidence == {"rows": 2, "first": f"{far:%Y-%m-%d}"}


@pytest.mark.parametrize(
    "times",
    [
        DAYS,
        [*DAYS, START + timedelta(days=700)],
        [*DAYS, *(each + timedelta(days=2000) for each in DAYS[:10])],
        [START, START + timedelta(days=5000)],
        [],
    ],
    ids=["dense", "within two years", "one in ten", "hardly any", "none"],
)
def test_late_dates_that_may_be_right_are_left_alone(times: list[datetime]) -> None:
    assert strayed(times) == (None, [])


def test_a_given_as_of_takes_far_off_dates_for_right(write: Write) -> None:
    rows = "".join(f"{day:%Y-%m-%d},used,l1\n" for day in [*DAYS, datetime(2062, 1, 1, tzinfo=UTC)])
    folder = write(leads="lead_id,created_at\nl1,2024-01-01\n", events=f"at,kind,lead_id\n{rows}")
    assert told(read_export(folder), "impossible_dates") == ["at"]
    assert read_export(folder).as_of == DAYS[-1]
    late = datetime(2063, 1, 1, tzinfo=UTC)
    assert not read_export(folder, as_of=late).notices
    assert read_export(folder, as_of=late).events.rows == 101


def test_domains_that_cannot_be_read_are_named_and_the_others_are_not(write: Write) -> None:
    history = read_export(
        write(
            accounts="account_id,domain\na1,zork.com;zork.de\na2,localhost;zork.net\na3,\n",
            leads="lead_id,created_at\nl1,2024-01-01\n",
        )
    )
    (notice,) = [each for each in history.notices if each.code == "unreadable_domain"]
    assert "'localhost' of account a2" in notice.message
    assert notice.evidence == {"domains": 1, "accounts": 1}
