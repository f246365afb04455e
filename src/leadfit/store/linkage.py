"""Training of a model card without labels: Splink on the embedded engine, behind this module.

Splink estimates the parameters of Fellegi and Sunter's model (1969): u from random pairs, m by
expectation maximisation over the pairs of several blocking rules. What is kept is a card with
effective weights; Splink itself weighs nothing.

It needs the extra ``linkage``; nothing of it is imported before :func:`train` is called.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from leadfit.errors import BadInput, Fault, MissingExtra, Words
from leadfit.resolve.model.card import Card, RecordKind
from leadfit.resolve.model.level_weights import (
    RANDOM_PAIRS,
    Chances,
    expected_matches,
    rounded,
    weighted,
)
from leadfit.resolve.model.weigh import BLANK
from leadfit.resolve.pairs.cluster import WeighedPair, cluster
from leadfit.store.batch import Batch, CandidatePairs
from leadfit.store.drafting import frequencies_of
from leadfit.store.splink_training import START, estimated

_PASSES: Final = 3
_CROWDED: Final = 1e-3
"""Share of matches among all pairs from which what is common is counted by entity."""
_MOST_MATCHES: Final = 0.15
"""Share of matches among all pairs from which they cannot be matches."""
_ROUNDS_BY_ENTITY: Final = 3
_LIKELY: Final = 0.01
_SETTLED: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A card and what its training saw.

    Attributes:
        card: The card, with effective weights in every level.
        blocked: Candidates of the card in the records it was trained on; they are still there.
        matches: Pairs expected to be matches among them.
        unseen: Levels no training pair reached, as ``comparison: test``; their weights rest on
            the counts alone.
        is_doubtful: Training took so many pairs for matches that it must have found something
            else, such as colleagues; the prior is then that of one match for each record.
    """

    card: Card
    blocked: CandidatePairs
    matches: float
    unseen: tuple[str, ...]
    is_doubtful: bool = False


def check_installed(what: str) -> None:
    """Raise where the extra is not installed.

    Raises:
        MissingExtra: It is not.
    """
    try:
        import splink  # noqa: F401, PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra("linkage", what) from error


def train(batch: Batch, draft: Card, *, across: bool = False) -> Trained:
    """Return the draft with weights learned from the records, without any label.

    The same records in the same order give the same card, byte for byte.

    Args:
        batch: The records.
        draft: Comparisons, blocking rules and frequencies; its weights do not matter.
        across: Only pairs of two sources can match.

    Raises:
        BadInput: There is too little to learn from.
        MissingExtra: The extra ``linkage`` is not installed.
    """
    batch.prepare(draft)
    blocked = batch.block(draft, across=across)
    possible = batch.possible_pairs(across=across)
    if not draft.comparisons:
        raise BadInput(
            Fault(
                place="records",
                came=Words("no column whose values differ once they are in normal form"),
                allowed="more records, some of them different; or a model of another file (--card)",
            )
        )
    if blocked.pairs == 0:
        raise BadInput(
            Fault(
                place="records",
                came=Words("no two records that share a key"),
                allowed="records of which some are alike; or a trained --card",
            )
        )
    batch.grade(draft)
    raw = estimated(batch, draft, possible)
    share = START
    card, unseen, matches = draft, tuple[str, ...](), 1.0
    for _ in range(_PASSES):
        # Random pairs hold matches too: their part is taken out of u once it is known.
        card, unseen = weighted(draft, raw, share=share, possible=possible)
        matches = expected_matches(card, batch.weights(card), possible)
        share = matches / possible
    is_doubtful = share > _MOST_MATCHES
    if is_doubtful:
        share = min(share, batch.rows / possible)
        card, unseen = weighted(draft, raw, share=share, possible=possible)
        matches = share * possible
    card = replace(card, prior=rounded(math.log2(share / (1 - share))))
    trained = Trained(
        card=card, blocked=blocked, matches=matches, unseen=unseen, is_doubtful=is_doubtful
    )
    if is_doubtful or share < _CROWDED or across or draft.kind is not RecordKind.ACCOUNT:
        return trained
    return _by_entity(batch, trained, raw, possible)


def _by_entity(batch: Batch, trained: Trained, raw: Chances, possible: int) -> Trained:
    """Count what is common by entity, as far as entities are found, and weigh anew.

    Where one company stands in a file hundreds of times, its own name looks common, and so hardly
    speaks for a match; counted once for each entity it is as rare as it is among strangers.
    """
    assumed = {name for name, levels in raw.items() if all(m is None for m, _ in levels.values())}
    before = batch.rows
    names = [
        number
        for number, comparison in enumerate(trained.card.comparisons)
        if comparison.name == "company"
    ]
    for turn in range(_ROUNDS_BY_ENTITY):
        batch.weigh(trained.card, least=0.0 if turn == 0 else _LIKELY)
        # At first one name is one company: judged by its own frequency it never would be.
        links = [
            WeighedPair(
                left=each.left,
                right=each.right,
                probability=1.0
                if turn == 0 and any(each.levels[name] == 0 for name in names)
                else each.probability,
            )
            for each in batch.weighed(trained.card)
        ]
        many = batch.know(cluster(batch.rows, links).entity)
        trained = _weighed_anew(batch, trained, raw, assumed, possible)
        if many > before * _SETTLED:
            break
        before = many
    return trained


def _weighed_anew(
    batch: Batch, trained: Trained, raw: Chances, assumed: Collection[str], possible: int
) -> Trained:
    card = trained.card
    shares = batch.shares(card)
    draft = replace(card, frequencies=frequencies_of(batch, card, by_entity=True))
    batch.prepare(draft)
    blocked = batch.block(draft)
    batch.grade(draft)
    sampled, counts = batch.levels_apart(draft, pairs=RANDOM_PAIRS)
    chances: dict[str, Mapping[int, tuple[float | None, float | None]]] = {}
    for number, comparison in enumerate(card.comparisons):
        seen = {level: n for level, n in counts[number].items() if level != BLANK}
        told = max(1, sum(seen.values()))
        every = max(1e-9, math.fsum(shares[number].values()))
        levels = raw[comparison.name]
        chances[comparison.name] = {
            level: (
                None if comparison.name in assumed else shares[number].get(level, 0.0) / every,
                seen.get(level, 0) / told,
            )
            for level in levels
        }
    share = trained.matches / possible
    new, unseen = weighted(draft, chances, share=share, possible=possible, sampled=sampled)
    matches = expected_matches(new, batch.weights(new), possible)
    share = matches / possible
    new = replace(new, prior=rounded(math.log2(share / (1 - share))))
    return Trained(card=new, blocked=blocked, matches=matches, unseen=unseen)
