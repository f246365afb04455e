"""A model card before training: what to compare, what to meet by, how often values occur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from leadfit.resolve.model.card import Blocking, Card, Comparison, Frequencies, RecordKind, Test
from leadfit.resolve.model.comparisons import Field, choose_blocking, comparisons_for, keys_of
from leadfit.resolve.model.weigh import WORDS
from leadfit.resolve.normal import NORMALISER, Column
from leadfit.store.batch import Batch

FAMILY: Final = "family"
"""Column of the groups a record is known to be of, one word for each; its records always meet."""
_FEW: Final = 50
_MOSTLY_BLANK: Final = 0.03
_LISTED: Final = 10_000
_PAIRS: Final = 1_000_000
_PAIRS_A_RECORD: Final = 30
_SMALL: Final = 4_000_000
"""Pairs that are possible in a file of which most pairs may as well be weighed."""
_MOST_OF_SMALL: Final = 0.7
_PAIRS_OF_MANY: Final = 2_500_000
_PAIRS_A_RECORD_OF_MANY: Final = 2
_COPIED: Final = 0.6
"""Share of records in which two columns say the same, from which one is the other's copy."""
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
    apart = [field for field in told if field.name not in _copies(batch, told)]
    comparisons = tuple(each for each in comparisons_for(apart, few=few) if _is_told(batch, each))
    keys = tuple(Blocking(columns=(key,)) for field in told for key in keys_of(field))
    card = Card(
        kind=kind, normaliser=NORMALISER, prior=-10.0, comparisons=comparisons, blocking=keys
    )
    batch.prepare(card)
    pairs = _room(batch.rows, kind)
    one_in = _ONE_IN if batch.rows > _SAMPLED_FROM else 1
    blocking = choose_blocking(
        told,
        lambda rules: _counts(batch, card, rules, one_in),
        most=max(_MOST, min(_MOST_OF_A_FEW, batch.rows)),
        a_rule=int(pairs * _LARGEST_RULE),
        in_all=pairs,
        rules=_RULES_OF_MANY if batch.rows > _SAMPLED_FROM else _RULES,
    )
    if one_in > 1:
        blocking = _within(blocking, batch.pair_counts(card, blocking), pairs)
    if FAMILY in batch.columns:
        blocking = (*blocking, Blocking(columns=(f"{FAMILY}:token",)))
    card = replace(card, blocking=blocking)
    return replace(card, frequencies=frequencies_of(batch, card))


def _room(rows: int, kind: RecordKind) -> int:
    """Return how many pairs all rules may give together, some of them twice.

    Accounts have few columns, so that the rules of one name give the same pairs again and again.
    """
    possible = rows * (rows - 1) // 2
    is_small = kind is RecordKind.ACCOUNT and possible <= _SMALL
    most = int(_MOST_OF_SMALL * possible) if is_small else 0
    few_enough = min(_PAIRS_OF_MANY, max(_PAIRS, most, _PAIRS_A_RECORD * rows))
    return max(few_enough, _PAIRS_A_RECORD_OF_MANY * rows)


def _counts(batch: Batch, card: Card, rules: Sequence[Blocking], one_in: int) -> list[int]:
    """Return the pairs of rules; only those of several columns are too many to count in full."""
    is_alone = all(len(rule.columns) == 1 for rule in rules)
    return batch.pair_counts(card, rules, one_in=1 if is_alone else one_in)


def _within(rules: Sequence[Blocking], counts: Sequence[int], pairs: int) -> tuple[Blocking, ...]:
    """Return the rules there is room for: one common key that a sample missed gives millions."""
    kept: list[Blocking] = []
    total = 0
    for rule, count in zip(rules, counts, strict=True):
        if total + count <= pairs or not kept:
            kept.append(rule)
            total += count
    return tuple(kept)


def _copies(batch: Batch, fields: Sequence[Field]) -> set[str]:
    """Return the fields that say what another field of their kind says already.

    A raw name and the same name cleaned agree and disagree together: counted as two they would
    double every weight, and each would teach the other that it never differs.
    """
    found = _parts_of_others(batch, fields)
    distinct = {field.name: batch.filled(field.name)[1] for field in fields}
    for one, other in combinations(fields, 2):
        if one.column is not other.column or {one.name, other.name} & found:
            continue
        if batch.copied(one.name, other.name) >= _COPIED:
            found.add(min((other.name, one.name), key=distinct.__getitem__))
    return found


def _parts_of_others(batch: Batch, fields: Sequence[Field]) -> set[str]:
    """Return identifiers and texts that repeat a part of another field, such as its house number.

    The two agree and disagree together, though they are of two kinds.
    """
    return {
        one.name
        for one in fields
        if one.column in {Column.IDENTIFIER, Column.TEXT}
        and any(
            batch.copied(one.name, part) >= _COPIED
            for other in fields
            if other.column not in {Column.IDENTIFIER, Column.TEXT}
            for part in other.columns
            if part in batch.columns
        )
    }


def _is_told(batch: Batch, comparison: Comparison) -> bool:
    columns = (*comparison.blank, *comparison.either)
    return max(batch.filled(column)[0] for column in columns) >= _MOSTLY_BLANK * batch.rows


def frequencies_of(batch: Batch, card: Card, *, by_entity: bool = False) -> dict[str, Frequencies]:
    """Return how often the values and words that a card asks for occur in the records.

    Args:
        batch: The records.
        card: Its comparisons and rules say what is asked for.
        by_entity: Count each only once for an entity the batch knows of.
    """
    wanted = {
        column: level.test is Test.OVERLAP
        for comparison in card.comparisons
        for level in comparison.levels
        for column in level.columns
        if level.test is Test.OVERLAP or level.by_frequency
    }
    # A rarest word is looked for in the words' frequencies too.
    wanted |= {
        column: True
        for rule in card.blocking
        for column in (key.partition(":")[0] for key in rule.columns)
        if column.endswith(WORDS)
    }
    found = {}
    for column, tokens in sorted(wanted.items()):
        records = batch.entities(column) if by_entity else batch.filled(column)[0]
        if records:
            common = batch.common(column, tokens=tokens, most=_LISTED, by_entity=by_entity)
            found[column] = Frequencies(
                floor=0.5 / records,
                unseen=1 / records,
                shares={value: float(f"{count / records:.6e}") for value, count in common},
            )
    return found
