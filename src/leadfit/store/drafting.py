"""A model card before training: what to compare, what to meet by, how often values occur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leadfit.resolve.card import Blocking, Card, Comparison, Frequencies, RecordKind, Test
from leadfit.resolve.compare import Field, choose_blocking, comparisons_for, keys_of
from leadfit.resolve.normal import NORMALISER, Column
from leadfit.resolve.weigh import WORDS
from leadfit.store.batch import Batch

_FEW: Final = 50
_MOSTLY_BLANK: Final = 0.03
_LISTED: Final = 10_000
_PAIRS: Final = 1_000_000
_PAIRS_A_RECORD: Final = 30
_PAIRS_OF_MANY: Final = 2_500_000
_PAIRS_A_RECORD_OF_MANY: Final = 2
_LARGEST_RULE: Final = 0.6
"""Share of all pairs that one rule may give."""
_MOST: Final = 500
_MOST_OF_A_FEW: Final = 2000
_SAMPLED_FROM: Final = 100_000
_ONE_IN: Final = 16
_RULES: Final = 24
_RULES_OF_MANY: Final = 10


def draft(batch: Batch, fields: Sequence[Field], kind: RecordKind) -> Card:
    """Return a card without weights for the records of a batch.

    Columns that are nearly empty or hold one value only are not compared. Rules that records meet
    by are chosen by how many pairs they give: all that can be weighed, the rarest first.

    Args:
        batch: The records.
        fields: Their fields; the batch has the columns of each.
        kind: What a record stands for.
    """
    filled = {field.name: batch.filled(field.name) for field in fields}
    told = [field for field in fields if filled[field.name][1] > 1]
    few = {
        field.name for field in told if field.column is Column.TEXT and filled[field.name][1] < _FEW
    }
    comparisons = tuple(each for each in comparisons_for(told, few=few) if _is_told(batch, each))
    keys = tuple(Blocking(columns=(key,)) for field in told for key in keys_of(field))
    card = Card(
        kind=kind, normaliser=NORMALISER, prior=-10.0, comparisons=comparisons, blocking=keys
    )
    batch.prepare(card)
    few_enough = min(_PAIRS_OF_MANY, max(_PAIRS, _PAIRS_A_RECORD * batch.rows))
    pairs = max(few_enough, _PAIRS_A_RECORD_OF_MANY * batch.rows)
    one_in = _ONE_IN if batch.rows > _SAMPLED_FROM else 1
    blocking = choose_blocking(
        told,
        lambda rules: batch.pair_counts(card, rules, one_in=one_in),
        most=max(_MOST, min(_MOST_OF_A_FEW, batch.rows)),
        a_rule=int(pairs * _LARGEST_RULE),
        in_all=pairs,
        rules=_RULES_OF_MANY if batch.rows > _SAMPLED_FROM else _RULES,
    )
    return Card(
        kind=kind,
        normaliser=NORMALISER,
        prior=-10.0,
        comparisons=comparisons,
        blocking=blocking,
        frequencies=_frequencies(batch, comparisons, blocking),
    )


def _is_told(batch: Batch, comparison: Comparison) -> bool:
    columns = (*comparison.blank, *comparison.either)
    return max(batch.filled(column)[0] for column in columns) >= _MOSTLY_BLANK * batch.rows


def _frequencies(
    batch: Batch, comparisons: Sequence[Comparison], blocking: Sequence[Blocking]
) -> dict[str, Frequencies]:
    wanted = {
        column: level.test is Test.OVERLAP
        for comparison in comparisons
        for level in comparison.levels
        for column in level.columns
        if level.test is Test.OVERLAP or level.by_frequency
    }
    # A rarest word is looked for in the words' frequencies too.
    wanted |= {
        column: True
        for rule in blocking
        for column in (key.partition(":")[0] for key in rule.columns)
        if column.endswith(WORDS)
    }
    found = {}
    for column, tokens in sorted(wanted.items()):
        records, _ = batch.filled(column)
        if records:
            found[column] = Frequencies(
                floor=0.5 / records,
                unseen=1 / records,
                shares={
                    value: float(f"{count / records:.6e}")
                    for value, count in batch.common(column, tokens=tokens, most=_LISTED)
                },
            )
    return found
