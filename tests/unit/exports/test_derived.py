"""Outcomes that rules derive from use, and tables that SQL derives."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit.errors import BadInput
from leadfit.exports import read_export
from leadfit.exports.faults import Faults
from leadfit.exports.mapping import Derived
from leadfit.exports.query import derive
from leadfit.history import History, Step
from unit.exports.reading import MakeMapping, Write, events_of, utc

USE = """
currency = "EUR"
[sources]
leads = "leads.csv"
use = "use.csv"
[[table]]
to = "leads"
from = "leads"
[[table.event]]
kind = "converted"
at = "won"
[[table]]
to = "events"
from = "use"
literals = { kind = "used" }
"""
CHURN = '[[rule]]\nkind = "churned"\nunits = 5\nsilent_days = 60\nuntil = 2024-09-30\n'
EXPAND = '[[rule]]\nkind = "expanded"\nfactor = 1.5\nperiod = "quarter"\n'
WON = "lead_id,created_at,account_id,won\nl1,2023-12-01,a1,2024-01-10\n"


def used(write: Write, *rows: str) -> Path:
    return write(leads=WON, use="account_id,at,value,amount\n" + "\n".join(rows) + "\n")


def test_enough_use_then_silence_is_churn(write: Write, mapping: MakeMapping) -> None:
    folder = used(write, "a1,2024-03-31,3,10", "a1,2024-06-30,2,10")
    history = read_export(folder, mapping=mapping(USE + CHURN))
    (churned,) = events_of(history, "churned")
    assert (churned["account_id"], churned["at"]) == ("a1", utc(2024, 8, 29))
    assert Step.CHURNED_AFTER_USE in history.proxies


@pytest.mark.parametrize(
    "rows",
    [
        ("a1,2024-03-31,3,10", "a1,2024-06-30,1,10"),
        ("a1,2024-03-31,9,10", "a1,2024-08-15,0,4"),
        ("a1,2023-12-31,9,10", "a1,2024-03-31,1,10"),
    ],
    ids=["too little use", "revenue afterwards", "use before the conversion"],
)
def test_it_is_no_churn_without_enough_use_or_without_silence(
    write: Write, mapping: MakeMapping, rows: tuple[str, ...]
) -> None:
    history = read_export(used(write, *rows), mapping=mapping(USE + CHURN))
    assert events_of(history, "churned") == []


def test_growth_against_the_first_full_quarter_is_expansion(
    write: Write, mapping: MakeMapping
) -> None:
    folder = used(write, "a1,2024-03-31,1,1000", "a1,2024-06-30,1,10", "a1,2024-09-30,1,15")
    history = read_export(folder, mapping=mapping(USE + EXPAND))
    (expanded,) = events_of(history, "expanded")
    assert (expanded["at"], expanded["reason"]) == (utc(2024, 9, 30), "usage")
    assert Step.EXPANDED in history.proxies


@pytest.mark.parametrize(
    "rows",
    [
        ("a1,2024-02-15,1,10", "a1,2024-06-30,1,90"),
        ("a1,2024-06-30,1,10", "a1,2024-09-30,1,14.99"),
        ("a1,2024-06-30,1,10", "a1,2025-09-30,1,90"),
    ],
    ids=["the first full quarter is the only one", "too little growth", "too late"],
)
def test_other_growth_is_no_expansion(
    write: Write, mapping: MakeMapping, rows: tuple[str, ...]
) -> None:
    history = read_export(used(write, *rows), mapping=mapping(USE + EXPAND))
    assert events_of(history, "expanded") == []


DERIVED = """
[sources]
raw = "raw.csv"
[[derive]]
name = "made"
sql = "{sql}"
[[table]]
to = "leads"
from = "made"
"""


def derived(write: Write, mapping: MakeMapping, sql: str) -> History:
    return read_export(write(raw="n\n1\n2\n"), mapping=mapping(DERIVED.replace("{sql}", sql)))


def test_a_table_derived_by_sql_is_read_like_a_file(write: Write, mapping: MakeMapping) -> None:
    sql = "SELECT 'l' || n AS lead_id, DATE '2024-01-01' AS created_at FROM raw ORDER BY n"
    assert derived(write, mapping, sql).leads.columns["lead_id"] == ["l1", "l2"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DROP TABLE raw", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELECT * FROM read_csv('/etc/hostname')", "derive.0.sql"),
        ("SELECT * FROM '/etc/passwd'", "derive.0.sql"),
        ("SELECT * FROM read_text('/etc/hostname')", "derive.0.sql"),
        ("COPY raw TO '/tmp/stolen.csv'", "one SELECT"),
        ("SET enable_external_access = true", "one SELECT"),
        ("SELECT * FROM nowhere", "derive.0.sql"),
        ("SELEC", "derive.0.sql"),
        ("SELECT n FROM raw) AS x; DROP TABLE raw; SELECT (1", "derive.0.sql"),
    ],
)
def test_sql_can_only_select_from_the_sources(
    write: Write, mapping: MakeMapping, sql: str, words: str
) -> None:
    with pytest.raises(BadInput, match="derive") as caught:
        derived(write, mapping, sql)
    assert words in str(caught.value)


def test_sql_that_does_not_end_is_stopped() -> None:
    faults = Faults()
    endless = "SELECT sum(hash(i)) AS n FROM range(1000000000000) AS t(i)"
    assert derive([Derived(name="x", sql=endless)], {}, faults, time_s=0.2) == {}
    assert "a query that ran past 0.2 s" in faults.of_files[0].came
