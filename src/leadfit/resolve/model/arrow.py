"""Executor B over columns: batches of Arrow in, batches of Arrow out, for engines past one machine.

Spark hands rows to Python in batches. What happens to them there is this module's and nothing of
Spark's: keys by :class:`leadfit.resolve.model.blocking.BlockingKeys`, weights by
:class:`leadfit.resolve.model.weigh.Scales`, so that a pair weighs the same wherever it is weighed.
The card comes as its JSON text, which any process can be sent.

pyarrow, of the extra ``spark``, is imported where a batch is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from leadfit.resolve.model import sql
from leadfit.resolve.model.blocking import SEPARATOR, BlockingKeys
from leadfit.resolve.model.card import Card, from_json
from leadfit.resolve.model.weigh import Record, Scales, stored

if TYPE_CHECKING:
    import pyarrow as pa

_REMEMBERED: Final = 4
_KNOWN: Final = 100_000
"""Records whose values are kept apart: a record stands in many pairs."""
_CHUNK: Final = 10_000
"""Rows of a batch that is given back; a key column may make many rows of one."""


KEY_COLUMNS: Final = "rule int, key string, rid bigint, source string"
"""Shape of what :func:`keyed` gives."""


def columns(card: Card) -> tuple[str, ...]:
    """Return the columns of the records that a card reads, in the order of a record's text.

    The text of a record is their values with
    :data:`leadfit.resolve.model.blocking.SEPARATOR` between
    them, a blank being empty: one text travels faster than a dozen.
    """
    return tuple(dict.fromkeys(map(stored, sql.columns(card))))


def keyed(batches: Iterable[pa.RecordBatch], card_text: str) -> Iterator[pa.RecordBatch]:
    """Yield the blocking keys of records: the number of a rule, a key of it, and whose it is.

    Args:
        batches: Columns ``rid``, ``source`` and the text of the record.
        card_text: The card as JSON.
    """
    card = _card(card_text)
    names, keys = columns(card), BlockingKeys(card)

    def rows() -> Iterator[tuple[object, ...]]:
        for rid, source, text in _rows(batches):
            for rule, key in keys.of(_record(names, text)):
                yield rule, key, rid, source

    return _in_batches(rows(), ("rule", "key", "rid", "source"), ("i4", "text", "i8", "text"))


def weighed_columns(card: Card) -> str:
    """Return the shape of what :func:`weighed` gives."""
    levels = "".join(f", g{number} tinyint" for number in range(len(card.comparisons)))
    return f"l bigint, r bigint{levels}, weight double, p double"


def weighed(
    batches: Iterable[pa.RecordBatch], card_text: str, least: float
) -> Iterator[pa.RecordBatch]:
    """Yield the pairs of at least a probability, with the level of each comparison.

    Args:
        batches: Columns ``l`` and ``r``, then the text of either record.
        card_text: The card as JSON.
        least: Probability under which a pair is dropped.
    """
    card = _card(card_text)
    names, scales = columns(card), Scales(card)
    known: dict[int, Record] = {}

    def record(rid: int, text: str) -> Record:
        found = known.get(rid)
        if found is None:
            if len(known) >= _KNOWN:
                known.clear()
            found = known[rid] = _record(names, text)
        return found

    def rows() -> Iterator[tuple[object, ...]]:
        for left, right, one, other in _rows(batches):
            said = scales.weigh(record(left, one), record(right, other))
            if said.probability >= least:
                yield left, right, *said.levels, said.weight, said.probability

    levels = [f"g{number}" for number in range(len(card.comparisons))]
    return _in_batches(
        rows(),
        ("l", "r", *levels, "weight", "p"),
        ("i8", "i8", *("i1" for _ in levels), "f8", "f8"),
    )


def _record(names: Sequence[str], text: str) -> Record:
    return dict(zip(names, text.split(SEPARATOR), strict=True))


@lru_cache(maxsize=_REMEMBERED)
def _card(text: str) -> Card:
    return from_json(text)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple]:  # type: ignore[type-arg]  # as wide as the batch
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _in_batches(
    rows: Iterable[tuple[object, ...]], names: Sequence[str], kinds: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa  # noqa: PLC0415 -- an extra

    types = {"i1": pa.int8(), "i4": pa.int32(), "i8": pa.int64()}
    types |= {"f8": pa.float64(), "text": pa.string()}
    given = iter(rows)
    while some := list(islice(given, _CHUNK)):
        yield pa.record_batch(
            [
                pa.array(values, types[kind])
                for values, kind in zip(zip(*some, strict=True), kinds, strict=True)
            ],
            names=list(names),
        )
