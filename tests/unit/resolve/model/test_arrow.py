"""Batches of columns go in and come out; what happens between is the Python executor."""

from __future__ import annotations

import pytest

from leadfit.resolve.model import arrow
from leadfit.resolve.model.blocking import SEPARATOR, BlockingKeys
from leadfit.resolve.model.card import to_json
from leadfit.resolve.model.weigh import weigh
from property.pairs_of_records import CARD, random_records

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

RECORDS = random_records(3, 120)
TEXTS = [SEPARATOR.join(each[column] or "" for column in arrow.columns(CARD)) for each in RECORDS]


def test_no_column_stands_in_a_text_twice() -> None:
    assert sorted(arrow.columns(CARD)) == ["company", "day", "email", "first", "last", "phone"]


def test_the_keys_of_a_batch_are_those_of_its_records() -> None:
    rids = list(range(len(RECORDS)))
    sources = [None if rid % 3 else "list" for rid in rids]
    parts = [(0, 50), (50, len(RECORDS))]
    batches = [
        pa.record_batch(
            [rids[one:end], pa.array(sources[one:end], pa.string()), TEXTS[one:end]],
            names=["rid", "source", "text"],
        )
        for one, end in parts
    ]
    found = [
        tuple(row.values())
        for batch in arrow.keyed(batches, to_json(CARD))
        for row in batch.to_pylist()
    ]
    keys = BlockingKeys(CARD)
    assert found == [
        (rule, key, rid, sources[rid]) for rid in rids for rule, key in keys.of(RECORDS[rid])
    ]


def test_a_batch_of_pairs_weighs_what_each_pair_weighs_and_leaves_out_the_unlikely() -> None:
    pairs = [(left, right) for right in range(120) for left in range(right)]
    columns = [
        [left for left, _ in pairs],
        [right for _, right in pairs],
        [TEXTS[left] for left, _ in pairs],
        [TEXTS[right] for _, right in pairs],
    ]
    batch = pa.record_batch(columns, names=["l", "r", "one", "other"])
    found = {
        (row["l"], row["r"]): row
        for each in arrow.weighed([batch], to_json(CARD), 0.3)
        for row in each.to_pylist()
    }
    said = {pair: weigh(CARD, RECORDS[pair[0]], RECORDS[pair[1]]) for pair in pairs}
    assert found.keys() == {pair for pair, each in said.items() if each.probability >= 0.3}
    assert 0 < len(found) < len(pairs)
    for pair, row in found.items():
        levels = tuple(row[f"g{number}"] for number in range(len(CARD.comparisons)))
        assert (levels, row["weight"], row["p"]) == (
            said[pair].levels,
            said[pair].weight,
            said[pair].probability,
        )


def test_no_row_makes_no_batch() -> None:
    assert list(arrow.weighed([], to_json(CARD), 0.0)) == []
