"""What holds of every export, whatever is in it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.currency import in_minor_units
from leadfit.errors import BadInput, Fault
from leadfit.exports import parse, read_export
from leadfit.exports.convert import as_time
from leadfit.exports.toml_text import written

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12).map(
    str.strip
)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))  # noqa: DTZ001 -- naive on purpose
ROWS = st.lists(st.tuples(TIMES, CELLS, CELLS), min_size=1, max_size=8)


def as_csv(header: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    out = csv.writer(text)
    out.writerows([header, *rows])
    return text.getvalue()


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_every_cell_of_an_export_comes_back_as_it_was(
    rows: list[tuple[datetime, str, str]],
) -> None:
    cells = [[f"l{n}", at.isoformat(), a, b] for n, (at, a, b) in enumerate(rows)]
    with TemporaryDirectory() as name:
        text = as_csv(["lead_id", "created_at", "company", "campaign"], cells)
        (Path(name) / "leads.csv").write_text(text, encoding="utf-8", newline="")
        leads = read_export(Path(name)).leads.columns
    assert leads["lead_id"] == [row[0] for row in cells]
    assert leads["created_at"] == [at.replace(tzinfo=UTC) for at, _, _ in rows]
    assert leads["company"] == [row[2] or None for row in cells]
    assert leads["campaign"] == [row[3] or None for row in cells]


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused_by_name(raw: bytes) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / "leads.csv").write_bytes(b"lead_id,created_at\n" + raw)
        faults: tuple[Fault, ...] = ()
        try:
            created = read_export(Path(name)).leads.columns["created_at"]
        except BadInput as bad:
            faults, created = bad.faults, ()
    assert all(fault.place.startswith("leads.csv") for fault in faults)
    assert all(isinstance(at, datetime) for at in created)


@given(st.text(max_size=40))
def test_stray_text_is_refused_as_a_mapping_with_a_reason(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert caught.value.faults


@given(TIMES)
def test_a_time_reads_back(at: datetime) -> None:
    assert as_time(at.isoformat()) == at.replace(tzinfo=UTC)


@given(st.integers(-(10**12), 10**12))
def test_cents_read_back(cents: int) -> None:
    sign = "-" if cents < 0 else ""
    text = f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
    assert in_minor_units(text, "EUR") == cents


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=4))
def test_a_written_mapping_reads_back(values: dict[str, str]) -> None:
    described = {
        "version": 1,
        "sources": {"p": "people.csv"},
        "table": [
            {
                "to": "leads",
                "from": "p",
                "values": {"source": values},
                "drop": [{"blank": "x", "when": {key: [value] for key, value in values.items()}}],
            }
        ],
    }
    table = parse(written(described)).table[0]
    assert table.values["source"] == values
    assert table.drop[0].when == {key: (value,) for key, value in values.items()}
