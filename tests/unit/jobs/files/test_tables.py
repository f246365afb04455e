"""Tests of tables that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit.errors import BadInput
from leadfit.jobs.files.tables import open_table, write_table, write_text


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_two_who_write_one_file_at_the_same_time_never_mix_their_rows(
    tmp_path: Path, name: str
) -> None:
    out, alone = tmp_path / name, tmp_path / f"alone-{name}"
    with open_table(out, ["who"]) as first:
        first(["first"])
        with open_table(out, ["who"]) as second:
            second(["second"])
        first(["first"])
    write_table(alone, ["who"], [["first"], ["first"]])
    assert out.read_bytes() == alone.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([alone.name, name])


def test_a_table_that_breaks_off_leaves_what_was_there_and_nothing_beside_it(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before\n", "utf-8")
    with pytest.raises(ZeroDivisionError):
        write_table(out, ["who"], ([1 // number] for number in (1, 0)))
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text("utf-8") == "before\n"


def test_a_text_that_cannot_be_written_is_refused_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere"):
        write_text(tmp_path / "nowhere" / "card.json", "{}")
