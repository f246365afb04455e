"""How many entities share a word, counted from records of which it is known who is one.

Where one company stands in a file hundreds of times, each word of its name looks common and hardly
speaks for a match. A first model without labels finds such a company in pieces, so that counting
by its entities helps little; once labels have taught which records are one, the count is made
anew. A word that nearly always means one entity then counts as one, even where a stranger has it,
too: the effective number is that of Simpson (1949), one over the chance that two records with the
word are of one entity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from leadfit.resolve.model.card import Card, Frequencies
from leadfit.resolve.model.weigh import Record, tokens

ENTITIES: Final = ".entities"
"""Ends the name of the frequencies that the second stage reads of a column, counted by entity."""
_LISTED: Final = 10_000


def with_entity_words(
    card: Card, records: Sequence[Record], entity: Sequence[int], columns: Sequence[str]
) -> Card:
    """Return the card with the share of entities that have each word of some columns.

    The first stage goes on reading the shares it was trained with.

    Args:
        card: The model.
        records: All records, normalised.
        entity: For each record, who it is as far as is known.
        columns: Normalised columns; one that is blank everywhere is left out.

    >>> from leadfit.resolve.model.card import RecordKind
    >>> card = Card(
    ...     kind=RecordKind.ACCOUNT, normaliser=1, prior=-9.0, comparisons=(), blocking=()
    ... )
    >>> names = ["acme works", "acme works", "bolt works", "crane"]
    >>> found = with_entity_words(card, [{"company": n} for n in names], [0, 0, 2, 3], ["company"])
    >>> found.frequencies["company.entities"].shares
    {'works': 0.6}
    """
    counted = {column: _counted(records, entity, column) for column in columns}
    told = {f"{column}{ENTITIES}": found for column, found in counted.items() if found is not None}
    return replace(card, frequencies={**card.frequencies, **told})


def _counted(records: Sequence[Record], entity: Sequence[int], column: str) -> Frequencies | None:
    held: dict[str, Counter[int]] = {}
    known: set[int] = set()
    for record, name in zip(records, entity, strict=True):
        text = record.get(column)
        if text:
            known.add(name)
            for word in tokens(text):
                held.setdefault(word, Counter())[name] += 1
    if not known:
        return None
    effective = {word: _effective(counts) for word, counts in held.items() if len(counts) > 1}
    common = sorted(effective.items(), key=lambda each: (-each[1], each[0]))[:_LISTED]
    return Frequencies(
        floor=0.5 / len(known),
        unseen=1 / len(known),
        shares={word: float(f"{many / len(known):.6e}") for word, many in common},
    )


def _effective(counts: Mapping[int, int]) -> float:
    total = sum(counts.values())
    return total * total / sum(each * each for each in counts.values())
