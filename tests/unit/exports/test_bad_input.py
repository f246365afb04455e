from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from leadfit.errors import BadInput
from leadfit.exports import read_export
from leadfit.exports.faults import Faults
from leadfit.exports.mapping import Derived
from leadfit.exports.query import derive

Write = Callable[..., Path]
LEADS = "lead_id,created_at,industry\nl1,2024-01-01,retail\nl2,2024-01-02,banking\n"


def faults_of(folder: Path, *, mapping: Path | None = None) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_export(folder, mapping=mapping)
    return [str(fault) for fault in caught.value.faults]


def test_a_missing_required_column_is_named_with_its_file(write: Write) -> None:
    (fault,) = faults_of(write(leads="lead_id,industry\nl1,retail\n"))
    assert fault.startswith("leads.csv column created_at: came no such column")


def test_a_wrong_date_is_named_with_file_row_and_column(write: Write) -> None:
    (fault,) = faults_of(write(leads="lead_id,created_at\nl1,2024-01-01\nl2,31.01.2024\n"))
    assert fault.startswith("leads.csv row 3 column created_at: came '31.01.2024'")
    assert "ISO 8601" in fault


def test_a_day_that_no_calendar_has_is_a_wrong_date(write: Write) -> None:
    (fault,) = faults_of(write(leads="lead_id,created_at\nl1,2024-02-30\n"))
    assert "'2024-02-30'" in fault


def test_a_duplicate_id_names_both_rows(write: Write) -> None:
    (fault,) = faults_of(write(leads="lead_id,created_at\nl1,2024-01-01\nl1,2024-01-02\n"))
    assert "leads.csv row 3 column lead_id: came 'l1'" in fault
    assert "leads.csv row 2 too" in fault


def test_an_id_that_stands_in_two_files_of_a_source_is_named(
    write: Write, mapping: Callable[[str], Path]
) -> None:
    folder = write(a="id,at\nl1,2024-01-01\n", b="id,at\nl1,2024-01-02\n")
    described = mapping(
        '[sources]\nall = ["a.csv"]\nmore = ["b.csv"]\n'
        '[[table]]\nto = "leads"\nfrom = "all"\ncolumns = {lead_id = "id", created_at = "at"}\n'
        '[[table]]\nto = "leads"\nfrom = "more"\ncolumns = {lead_id = "id", created_at = "at"}\n'
    )
    (fault,) = faults_of(folder, mapping=described)
    assert "b.csv row 2 column id: came 'l1'" in fault
    assert "a.csv row 2 too" in fault


def test_a_latin_1_file_is_named_with_row_column_and_byte_offset(write: Write) -> None:
    raw = "lead_id,created_at,city\nl1,2024-01-01,Paris\nl2,2024-01-02,São Paulo\n".encode(
        "latin-1"
    )
    folder = write(leads=raw)
    fault = faults_of(folder)[-1]
    offset = raw.index(b"\xe3")
    assert f"byte 0xe3 at byte offset {offset}" in fault
    assert fault.startswith("leads.csv row 3 column city")
    assert "UTF-8" in fault


def test_a_cell_of_fifty_megabytes_is_named_without_being_kept(write: Write) -> None:
    folder = write(leads=b"lead_id,created_at,note\nl1,2024-01-01," + b"x" * 50_000_000 + b"\n")
    fault = faults_of(folder)[-1]
    assert fault.startswith("leads.csv row 2 column note")
    assert "at most 1000000 characters in a cell" in fault


def test_a_cell_just_over_the_limit_is_named_with_its_length(write: Write) -> None:
    folder = write(leads=b"lead_id,created_at,note\nl1,2024-01-01," + b"x" * 1_000_001 + b"\n")
    (fault,) = faults_of(folder)
    assert fault.startswith("leads.csv row 2 column note: came 1000001 characters")


def test_a_quote_that_is_never_closed_is_named_where_it_opens(write: Write) -> None:
    rows = "".join(f"l{n},2024-01-01,{'y' * 500}\n" for n in range(20_000))
    folder = write(leads=f'lead_id,created_at,note\nl,2024-01-01,"open\n{rows}')
    fault = faults_of(folder)[-1]
    assert fault.startswith("leads.csv row 2")
    assert "never closed" in fault


def test_a_nul_byte_is_named(write: Write) -> None:
    (fault,) = faults_of(write(leads=b"lead_id,created_at,x\nl1,2024-01-01,a\x00b\n"))
    assert fault.startswith("leads.csv row 2 column x: came a NUL byte")


def test_a_ragged_row_is_named_with_its_number_of_cells(write: Write) -> None:
    (fault,) = faults_of(write(leads="lead_id,created_at\nl1,2024-01-01\nl2,2024-01-01,3\n"))
    assert fault == "leads.csv row 3: came 3 cells; allowed: 2, as in the header"


def test_a_header_that_names_a_column_twice_is_refused(write: Write) -> None:
    (fault,) = faults_of(write(leads="lead_id,created_at,a,a\nl1,2024-01-01,1,2\n"))
    assert "two columns named 'a'" in fault


def test_a_header_of_very_many_columns_is_refused_at_once(write: Write) -> None:
    wide = ",".join(f"c{number}" for number in range(200_000))
    (fault,) = faults_of(write(leads=f"lead_id,created_at,{wide}\n"))
    assert fault == "leads.csv: came 200002 columns; allowed: at most 10000 columns"


def test_a_small_parquet_file_that_unpacks_without_end_is_refused(write: Write) -> None:
    folder = write()
    duckdb.execute(
        "COPY (SELECT 'l1' AS lead_id, '2024-01-01' AS created_at, repeat('x', 1000) AS word "
        f"FROM range(100000)) TO '{folder}/leads.parquet'"
    )
    fault = faults_of(folder)[0]
    assert "bytes that unpack to over" in fault


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path)
    assert "a folder without data" in fault


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "nowhere")
    assert "nothing there" in fault


def test_an_empty_file_is_refused(write: Write) -> None:
    (fault,) = faults_of(write(leads=""))
    assert fault == "leads.csv: came an empty file; allowed: a header row"


def test_the_same_table_as_csv_and_parquet_is_refused(write: Write) -> None:
    folder = write(leads=LEADS, accounts="account_id\na1\n", accounts__parquet=b"PAR1")
    (fault,) = faults_of(folder)
    assert "accounts.parquet: came the same table as accounts.csv" in fault


def test_an_unreadable_parquet_file_is_named(write: Write) -> None:
    (fault,) = faults_of(write(leads__parquet=b"this is not it"))
    assert fault.startswith("leads.parquet: came not Parquet")


def test_a_broken_gzip_file_is_named(write: Write) -> None:
    folder = write()
    (folder / "leads.csv.gz").write_bytes(gzip.compress(LEADS.encode() * 999)[:-900])
    assert faults_of(folder)[0].startswith("leads.csv.gz: came")


def test_a_file_that_unpacks_without_end_is_refused(write: Write) -> None:
    folder = write()
    bomb = gzip.compress(b"lead_id,created_at\n" + (b"," * 100_000 + b"\n") * 200)
    (folder / "leads.csv.gz").write_bytes(bomb)
    fault = faults_of(folder)[0]
    assert "bytes that unpack to over" in fault


def test_an_unknown_event_kind_is_named_with_the_kinds_there_are(write: Write) -> None:
    folder = write(leads=LEADS, events="at,kind,lead_id\n2024-01-05,adopted,l1\n")
    (fault,) = faults_of(folder)
    assert fault.startswith(
        "events.csv row 2 column kind: came 'adopted'; allowed: one of accepted"
    )


@pytest.mark.parametrize("amount", ["NaN", "inf", "1,250.00", "9e99", "ten"])
def test_an_amount_that_is_no_decimal_is_named(write: Write, amount: str) -> None:
    events = f'at,kind,lead_id,amount\n2024-01-05,converted,l1,"{amount}"\n'
    (fault,) = faults_of(write(leads=LEADS, events=events))
    assert fault.startswith(f"events.csv row 2 column amount: came '{amount}'")


@pytest.mark.parametrize("value", ["nan", "-inf", "1e999x", "1e999"])
def test_a_value_that_is_no_finite_number_is_named(write: Write, value: str) -> None:
    events = f"at,kind,lead_id,value\n2024-01-05,used,l1,{value}\n"
    (fault,) = faults_of(write(leads=LEADS, events=events))
    assert "allowed: a finite number" in fault


def test_mixed_currencies_without_rates_are_refused(write: Write) -> None:
    events = (
        "at,kind,lead_id,amount,currency\n"
        "2024-01-05,converted,l1,10,EUR\n2024-01-06,converted,l2,10,USD\n"
    )
    (fault,) = faults_of(write(leads=LEADS, events=events))
    assert "came amounts in EUR, USD" in fault


def test_an_event_that_names_no_id_is_named(write: Write) -> None:
    events = "at,kind,lead_id,account_id\n2024-01-05,converted,,\n"
    (fault,) = faults_of(write(leads=LEADS, events=events))
    assert fault.startswith("events.csv row 2: came no id; allowed: at least one of lead_id")


def test_an_events_table_without_any_id_column_is_refused(write: Write) -> None:
    (fault,) = faults_of(write(leads=LEADS, events="at,kind\n2024-01-05,converted\n"))
    assert "a table that names no id" in fault


def test_every_fault_is_named_at_once_and_the_rest_is_counted(write: Write) -> None:
    rows = "".join(f"l{n},never\n" for n in range(250))
    faults = faults_of(write(leads=f"lead_id,created_at\n{rows}"))
    assert len(faults) == 101
    assert "150 more faults" in faults[-1]


def test_faults_of_several_files_come_together(write: Write) -> None:
    folder = write(leads="lead_id,created_at\nl1,x\n", accounts="account_id,created_at\na1,y\n")
    assert {fault.split()[0] for fault in faults_of(folder)} == {"leads.csv", "accounts.csv"}


def test_a_folder_of_unknown_tables_says_what_is_allowed(write: Write) -> None:
    (fault,) = faults_of(write(weather="day,rain\n2024-01-01,3\n"))
    assert "weather.csv" in fault
    assert "mapping file" in fault


def test_bad_rows_are_set_aside_with_their_text_and_the_rest_is_read(
    write: Write, tmp_path: Path
) -> None:
    folder = write(
        leads='lead_id,created_at,note\nl1,2024-01-01,\nl2,soon,"a, b"\nl3,2024-01-03,\n'
    )
    rejects = tmp_path / "rejects.csv"
    history = read_export(folder, skip_bad=rejects)
    assert history.leads.columns["lead_id"] == ["l1", "l3"]
    with rejects.open(newline="") as stream:
        header, row = csv.reader(stream)
    assert header == ["file", "row", "column", "came", "allowed", "original"]
    assert row[:4] == ["leads.csv", "3", "created_at", "'soon'"]
    assert row[5] == 'l2,soon,"a, b"'
    (skipped,) = [notice for notice in history.notices if notice.code == "rows_skipped"]
    assert skipped.evidence["rows"] == 1


def test_rejects_are_not_written_when_the_export_is_refused(write: Write, tmp_path: Path) -> None:
    folder = write(leads="lead_id,since\nl1,soon\n")
    with pytest.raises(BadInput):
        read_export(folder, skip_bad=tmp_path / "rejects.csv")
    assert not (tmp_path / "rejects.csv").exists()


def test_an_event_of_a_rejected_row_does_not_count(
    write: Write, mapping: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = write(people="id,at,won\nl1,2024-01-01,2024-02-01\nl2,2024-01-01,someday\n")
    described = mapping(
        '[sources]\np = "people.csv"\n[[table]]\nto = "leads"\nfrom = "p"\n'
        'columns = {lead_id = "id", created_at = "at"}\n'
        '[[table.event]]\nkind = "converted"\nat = "won"\n'
    )
    history = read_export(folder, mapping=described, skip_bad=tmp_path / "rejects.csv")
    assert history.leads.columns["lead_id"] == ["l1"]
    assert history.events.rows == 1


def test_queries_that_never_end_are_stopped_once_for_all_of_them() -> None:
    endless = "SELECT count(*) FROM range(10000000000000) AS a, range(10000000) AS b"
    faults = Faults()
    made = [Derived(name=name, sql=endless) for name in ("first", "second")]
    assert derive(made, {}, faults, time_s=0.3) == {}
    assert [str(fault.came) for fault in faults.of_files] == ["a query that ran past 0.3 s"]


def test_a_derived_table_of_too_much_text_is_refused_before_it_is_kept() -> None:
    faults = Faults()
    wide = "SELECT repeat('x', 10000) AS kind FROM range(25000)"
    assert derive([Derived(name="wide", sql=wide)], {}, faults) == {}
    assert "over 200000000 characters" in str(faults.of_files[0].came)


def test_a_line_of_domains_with_a_wrong_role_day_or_account_is_named(write: Write) -> None:
    lines = (
        "domain,account_id,role,since,until\n"
        "zork.com,a1,,,\n"
        "zork.de,a1,cousin,,\n"
        "zork.fr,a9,brand,,\n"
        "zork.at,a1,brand,31.01.2024,\n"
        "zork.it,a1,acquired,2024-02-01,2024-01-01\n"
        "localhost,a1,brand,,\n"
        "www.zork.com,a1,brand,,\n"
    )
    faults = faults_of(write(accounts="account_id\na1\n", leads=LEADS, domains=lines))
    assert [fault.partition(": came")[0] for fault in faults] == [
        "domains.csv row 5 column since",
        "domains.csv row 3 column role",
        "domains.csv row 4 column account_id",
        "domains.csv row 6 column until",
        "domains.csv row 7 column domain",
        "domains.csv row 8 column domain",
    ]
    assert "primary, brand, regional, acquired" in faults[1]
