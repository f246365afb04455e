"""Times and facts of an export."""

from __future__ import annotations

from datetime import datetime

import pytest

from leadfit.errors import BadInput
from leadfit.exports import read_export
from leadfit.history import Known
from unit.exports.reading import PEOPLE, MakeMapping, Write, utc


def test_as_of_is_the_latest_outcome_or_use_and_later_records_are_counted(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\nl2,2024-09-01\n",
        events="at,kind,lead_id\n2024-03-01,converted,l1\n2024-05-01,used,l1\n"
        "2024-08-01,email_open,l1\n",
    )
    history = read_export(folder)
    assert history.as_of == utc(2024, 5, 1)
    assert history.leads.columns["lead_id"] == ["l1"]
    assert history.events.rows == 2
    left_out = {n.field: n.evidence["rows"] for n in history.notices if n.code == "after_as_of"}
    assert left_out == {"events": 1, "leads": 1}


def test_a_given_as_of_wins(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        events="at,kind,lead_id\n2024-03-01,accepted,l1\n2024-05-01,converted,l1\n",
    )
    history = read_export(folder, as_of=utc(2024, 4, 1))
    assert history.as_of == utc(2024, 4, 1)
    assert history.events.columns["kind"] == ["accepted"]


def test_a_planned_end_of_a_contract_does_not_move_as_of(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2024-01-01,a1\n",
        contracts="account_id,start,end,arr,currency\na1,2024-02-01,2030-01-01,1000,EUR\n",
    )
    history = read_export(folder)
    assert history.as_of == utc(2024, 2, 1)
    assert history.events.columns["kind"] == ["converted"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-31", utc(2024, 3, 31)),
        ("2024-03-31T09:30:00+02:00", utc(2024, 3, 31, 7, 30)),
        ("2024-03-31 9:30:05", utc(2024, 3, 31, 9, 30, 5)),
        ("2024-03-31 09:30:05.123456 UTC", utc(2024, 3, 31, 9, 30, 5, 123456)),
        ("2024-03-31T09:30Z", utc(2024, 3, 31, 9, 30)),
    ],
)
def test_times_are_read_as_aware_utc(write: Write, text: str, expected: datetime) -> None:
    folder = write(leads=f"lead_id,created_at\nl1,{text}\n")
    assert read_export(folder).leads.columns["created_at"] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "20240131",
        "2024-W05-3",
        "2024-01-31x09:30",
        "31/01/2024",
        "2024-1",
        "\u0662\u0660\u0662\u0664-01-31",
    ],
)
def test_other_spellings_of_a_time_are_refused(write: Write, text: str) -> None:
    with pytest.raises(BadInput, match="ISO 8601"):
        read_export(write(leads=f"lead_id,created_at\nl1,{text}\n"))


def test_a_mapping_may_name_another_spelling_of_times(write: Write, mapping: MakeMapping) -> None:
    folder = write(people="id,since\n1,1/31/2024\n")
    history = read_export(folder, mapping=mapping(PEOPLE + 'date_format = "%m/%d/%Y"\n'))
    assert history.leads.columns["created_at"] == [utc(2024, 1, 31)]


def test_a_fact_is_numeric_only_with_more_than_a_handful_of_numbers(write: Write) -> None:
    rows = "".join(f"l{n},2024-01-01,{n * 10},{n % 3},0{n}11,{n % 2 == 0}\n" for n in range(8))
    folder = write(leads=f"lead_id,created_at,employees,grade,code,is_new\n{rows}")
    history = read_export(folder)
    assert {c.name: c.is_number for c in history.fact_columns} == {
        "employees": True,
        "grade": False,
        "code": False,
        "is_new": False,
    }
    assert history.leads.columns["employees"][:2] == [0, 10]
    assert history.leads.columns["code"][0] == "0011"


def test_canonical_facts_were_known_at_creation(write: Write) -> None:
    folder = write(leads="lead_id,created_at,industry\nl1,2024-01-01,retail\n")
    (column,) = read_export(folder).fact_columns
    assert (column.name, column.table, column.known) == ("industry", "leads", Known.CREATED)


def test_a_column_without_any_value_is_no_fact(write: Write) -> None:
    folder = write(leads="lead_id,created_at,industry,empty\nl1,2024-01-01,retail,\n")
    assert [column.name for column in read_export(folder).fact_columns] == ["industry"]


def test_late_facts_keep_the_time_they_were_known(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2024-01-01,a1\n",
        facts="account_id,fact,value,known_at\na1,stack,snowflake,2024-01-01\n",
    )
    history = read_export(folder)
    assert history.facts.columns["known_at"] == [utc(2024, 1, 1)]
    assert [(c.name, c.table) for c in history.fact_columns] == [("stack", "facts")]
