"""Files of an export, in any of their spellings."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from leadfit.errors import BadInput
from leadfit.exports import read_export
from unit.exports.reading import Write


def test_csv_packed_csv_and_parquet_give_the_same_history(tmp_path: Path) -> None:
    text = "lead_id,created_at,n\nl1,2024-01-01,1\nl2,2024-01-02,\n"
    histories = []
    for name in ("plain", "packed", "parquet"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "leads.csv").write_text(text)
        if name == "packed":
            (folder / "leads.csv.gz").write_bytes(gzip.compress(text.encode()))
            (folder / "leads.csv").unlink()
        if name == "parquet":
            with duckdb.connect() as connection:
                source = f"SELECT * FROM read_csv('{folder / 'leads.csv'}')"
                connection.execute(f"COPY ({source}) TO '{folder / 'leads.parquet'}'")
            (folder / "leads.csv").unlink()
        histories.append(read_export(folder))
    assert histories[0] == histories[1] == histories[2]


def test_a_byte_order_mark_a_quoted_line_end_and_semicolons_are_read(write: Write) -> None:
    folder = write(
        leads='\ufefflead_id;created_at;note\r\nl1;2024-01-01;"two\rlines\nand more"\r\n'
    )
    assert read_export(folder).leads.columns["note"] == ["two\rlines\nand more"]


def test_a_long_column_of_different_texts_comes_back_row_by_row(write: Write) -> None:
    notes = [None if n % 7 == 0 else f"{n}\x1f" if n == 25_000 else f"n{n}" for n in range(30_000)]
    rows = "".join(f"l{n},2024-01-01,{note or ''}\n" for n, note in enumerate(notes))
    leads = read_export(write(leads=f"lead_id,created_at,note\n{rows}")).leads.columns
    assert leads["note"] == [None if note is None else note.strip() for note in notes]
    assert leads["lead_id"] == [f"l{n}" for n in range(30_000)]


def test_a_fault_late_in_a_long_file_still_names_its_row(write: Write) -> None:
    rows = "".join(f"l{n},2024-01-01\n" for n in range(30_000))
    folder = write(leads=f"lead_id,created_at\n{rows}l29000,2024-01-01\n")
    with pytest.raises(BadInput, match=r"row 30002 column lead_id.*leads\.csv row 29002 too"):
        read_export(folder)


def test_a_single_file_of_leads_is_an_export(write: Write) -> None:
    folder = write(january="lead_id,created_at\nl1,2024-01-01\n")
    assert read_export(folder / "january.csv").leads.rows == 1


def test_a_link_to_a_file_is_followed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text("lead_id,created_at\nl1,2024-01-01\n")
    (write() / "leads.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert read_export(tmp_path / "export").leads.rows == 1
