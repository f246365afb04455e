"""Both executors of a model card say the same of every pair."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.resolve.model.blocking import SEPARATOR, BlockingKeys
from leadfit.resolve.model.weigh import odds_to_probability, weigh
from leadfit.store.batch import Batch
from property.pairs_of_records import CARD, COLUMNS, Record, random_records


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
