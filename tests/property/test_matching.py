"""Both executors of a model card say the same of every pair."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.resolve.blocking import SEPARATOR, BlockingKeys
from leadfit.resolve.card import (
    Blocking,
    Card,
    Comparison,
    Frequencies,
    Level,
    RecordKind,
    Test,
)
from leadfit.resolve.weigh import odds_to_probability, weigh
from leadfit.store.batch import Batch
from leadfit.world import seeded

Record = Mapping[str, str | None]

COLUMNS = ("first", "last", "company", "email", "phone", "day")
_ELSE = Level(test=Test.ELSE, bits=-3.75)


def level(test: Test, *columns: str, bits: float, at: float | None = None) -> Level:
    return Level(test=test, columns=columns, threshold=at, bits=bits)


def comparison(name: str, *levels: Level) -> Comparison:
    return Comparison(name=name, blank=(name,), levels=(*levels, _ELSE))


CARD = Card(
    kind=RecordKind.CONTACT,
    normaliser=1,
    prior=-6.3,
    comparisons=(
        comparison(
            "last",
            Level(test=Test.EXACT, columns=("last",), bits=7.1, u=0.013, by_frequency=True),
            level(Test.SWAPPED, "last", "first", bits=6.0),
            level(Test.JARO_WINKLER, "last", bits=4.2, at=0.92),
            level(Test.JARO_WINKLER, "last", bits=1.3, at=0.8),
        ),
        comparison("first", level(Test.ANY_TOKEN, "first", bits=2.7)),
        comparison(
            "company",
            level(Test.EXACT, "company", bits=9.0),
            level(Test.OVERLAP, "company.words", bits=5.5, at=0.6),
            level(Test.OVERLAP, "company.words", bits=2.5, at=0.25),
        ),
        comparison(
            "email",
            level(Test.EXACT, "email", bits=11.9),
            level(Test.DAMERAU, "email", bits=3.3, at=2),
        ),
        comparison(
            "phone", level(Test.EXACT, "phone", bits=8.8), level(Test.SUFFIX, "phone", bits=4, at=3)
        ),
        comparison(
            "day",
            level(Test.EXACT, "day", "phone", bits=12.0),
            level(Test.DAMERAU, "day", bits=2.0, at=1),
        ),
    ),
    blocking=(
        Blocking(columns=("last",), most=40),
        Blocking(columns=("company.words:token",), most=20),
        Blocking(columns=("company.words:rare", "first:first2"), most=40),
        Blocking(columns=("phone:last3",), most=40),
    ),
    frequencies={
        "last": Frequencies(floor=0.001, unseen=0.002, shares={"aab": 0.1, "éé": 0.004}),
        "company.words": Frequencies(
            floor=0.001, unseen=0.0031, shares={"a": 0.2, "ab": 0.05, "日": 0.01}
        ),
    },
)


def random_records(seed: int, count: int) -> list[dict[str, str | None]]:
    """Return records of few letters, so that every level occurs, with blanks and Unicode."""
    draw = seeded("records", seed)

    def text() -> str | None:
        if draw.random() < 0.1:
            return draw.choice([None, ""])
        return "".join(draw.choice("aab bé日'ñ😀") for _ in range(draw.randint(0, 7))).strip()

    records: list[dict[str, str | None]] = []
    for _ in range(count):
        if records and draw.random() < 0.6:
            record = dict(draw.choice(records))
            if draw.random() < 0.2:
                record["first"], record["last"] = record["last"], record["first"]
            else:
                record[draw.choice(COLUMNS)] = text()
        else:
            record = {column: text() for column in COLUMNS}
        records.append(record)
    return records


def batch_of(records: list[dict[str, str | None]]) -> Batch:
    batch = Batch(COLUMNS, memory_mb=500, threads=1)
    batch.fill([(None, *(record[column] for column in COLUMNS)) for record in records])
    batch.prepare(CARD)
    return batch


def test_ten_thousand_pairs_have_the_same_probability_in_batch_and_live() -> None:
    records = random_records(1, 300)
    pairs = [(left, right) for right in range(300) for left in range(right)][:10_000]
    with batch_of(records) as batch:
        rows = ", ".join(f"({left}, {right})" for left, right in pairs)
        batch.connection.execute("CREATE TABLE pairs (l BIGINT, r BIGINT)").fetchall()
        batch.connection.execute(f"INSERT INTO pairs VALUES {rows}").fetchall()
        batch.grade(CARD)
        batch.weigh(CARD)
        found = {(each.left, each.right): each for each in batch.weighed(CARD)}
    assert len(found) == len(pairs)
    seen = set()
    for (left, right), batch_says in found.items():
        live = weigh(CARD, records[left], records[right])
        assert live.levels == batch_says.levels, (records[left], records[right])
        assert math.isclose(live.probability, batch_says.probability, rel_tol=0, abs_tol=1e-9)
        seen |= set(enumerate(live.levels))
    every = {(n, at) for n, each in enumerate(CARD.comparisons) for at in range(len(each.levels))}
    assert seen >= every


def test_batch_finds_exactly_the_pairs_that_share_a_key() -> None:
    records = random_records(2, 200)
    sharing: dict[tuple[int, str], list[int]] = {}
    live = BlockingKeys(CARD)
    for number, record in enumerate(records):
        for key in live.of(record):
            sharing.setdefault(key, []).append(number)
    expected = {
        (left, right)
        for (rule, _), members in sharing.items()
        if len(members) <= CARD.blocking[rule].most
        for left in members
        for right in members
        if left < right
    }
    over = {
        (CARD.blocking[rule].columns, key.replace(SEPARATOR, " "), len(members))
        for (rule, key), members in sharing.items()
        if len(members) > CARD.blocking[rule].most
    }
    with batch_of(records) as batch:
        blocked = batch.block(CARD)
        batch.grade(CARD)
        batch.weigh(CARD)
        assert {(each.left, each.right) for each in batch.weighed(CARD)} == expected
    assert blocked.pairs == len(expected)
    assert {(each.columns, each.value, each.records) for each in blocked.skipped} == over
    assert over


record = st.fixed_dictionaries({column: st.none() | st.text(max_size=12) for column in COLUMNS})


@given(record, record)
@settings(max_examples=300, deadline=None)
def test_the_order_of_a_pair_does_not_matter(left: Record, right: Record) -> None:
    assert weigh(CARD, left, right) == weigh(CARD, right, left)


@given(st.floats(allow_nan=False))
def test_a_probability_lies_within_its_bounds(weight: float) -> None:
    assert 0 <= odds_to_probability(weight) <= 1
