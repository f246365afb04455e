"""Statements that both databases understand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leadfit import store

ROOM = Path(store.__file__).parent
SHARED = sorted(ROOM.glob("sql_*.py"))
# What one of the two does not know, or answers otherwise.
OF_ONE_ALONE = re.compile(
    r"\b(ifnull|group_concat|total|json_extract|strftime|unixepoch|randomblob|least|greatest)\("
    r"|\bINSERT OR |\bGLOB\b|\bIS \?|\bILIKE\b|::[a-z]|\bSKIP LOCKED\b|\bsqlite_|\bpg_"
)


@pytest.mark.parametrize("module", SHARED, ids=lambda module: module.stem)
def test_a_statement_of_every_store_has_no_word_of_one_database(module: Path) -> None:
    lines = enumerate(module.read_text("utf-8").splitlines(), start=1)
    found = [number for number, line in lines if OF_ONE_ALONE.search(line)]
    assert not found


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = %s AND c = %s"),
        ("SELECT ?1, ?2, ?1", "SELECT %(p1)s, %(p2)s, %(p1)s"),
        ("WHERE a = :lead AND b = ':lead? 5%'", "WHERE a = %(lead)s AND b = ':lead? 5%%'"),
        ("WHERE a IN ()", "WHERE a IN (NULL)"),
        ("CAST(kind AS BLOB), a % 2", "CAST(kind AS bytea), a %% 2"),
    ],
)
def test_placeholders_are_put_as_the_driver_wants_them(statement: str, said: str) -> None:
    connections = pytest.importorskip(
        "leadfit.store.postgres_connection", reason="the extra `postgres` is not installed"
    )
    assert connections.in_postgresql(statement)[0] == said
