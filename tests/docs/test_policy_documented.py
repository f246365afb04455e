"""The page about the policy holds every key and every column, as the schema has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from leadfit.policy.reference import reference
from leadfit.policy.schema import PolicyFile
from leadfit.policy.tables import HOLIDAY_COLUMNS, REP_COLUMNS, TERRITORY_COLUMNS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policy.md"
MARK = "<!-- keys -->\n"


def tables(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from tables(field.annotation)
    for inner in get_args(annotation):
        yield from tables(inner)


def test_the_page_ends_with_the_reference_of_the_schema() -> None:
    kept = PAGE.read_text("utf-8").partition(MARK)[2]
    assert kept == reference(), (
        "write leadfit.policy.reference.reference() behind the mark of docs/policy.md"
    )


def test_every_key_of_every_table_has_a_meaning() -> None:
    text = reference()
    for table in tables(PolicyFile):
        for name, field in table.model_fields.items():
            rows = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
            meaning = " ".join((field.description or "").replace("``", "`").split())
            assert meaning, f"{table.__name__}.{name}"
            assert any(meaning in row for row in rows), f"{table.__name__}.{name}"


@pytest.mark.parametrize("column", sorted({*REP_COLUMNS, *TERRITORY_COLUMNS, *HOLIDAY_COLUMNS}))
def test_every_column_of_the_tables_is_on_the_page(column: str) -> None:
    assert f"`{column}`" in PAGE.read_text("utf-8").partition(MARK)[0]
