"""Pairs that the engine weighed, judged: last probability, relation and band."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leadfit.jobs.file_matching.family import Family
from leadfit.jobs.file_matching.labels import Labels, contradictions
from leadfit.jobs.files.records import RecordFile
from leadfit.records import Band, Relation
from leadfit.resolve.from_labels.facts import NAME_COLUMNS
from leadfit.resolve.model.card import Card, RecordKind, Test
from leadfit.resolve.model.entity_words import with_entity_words
from leadfit.resolve.model.weigh import Record
from leadfit.resolve.normal import Column
from leadfit.resolve.normal.columns import is_registered
from leadfit.resolve.pairs.cluster import SILENT, WeighedPair, cluster
from leadfit.resolve.relatives.relation import Standing, relate
from leadfit.store.batch import Batch, CandidatePairs, Weighed

if TYPE_CHECKING:
    from leadfit.resolve.from_labels.training import LabelledPair

LEAST: Final = 0.01
"""Probability from which a pair is told."""
_CHUNK: Final = 20_000
_NAMES: Final = frozenset({Column.FIRST_NAME, Column.SURNAME, Column.NAME, Column.COMPANY})
_RARELY_SAME: Final = 1e-4
"""Chance under which two records with the same identifier are not taken for an accident."""


@dataclass(slots=True)
class Work:
    """A file being matched.

    Attributes:
        file: The records.
        batch: The same on the engine.
        card: The model as far as it is known.
        blocked: Its candidates.
        family: What the records say of each other.
        warnings: What the user should know so far.
    """

    file: RecordFile
    batch: Batch
    card: Card
    blocked: CandidatePairs
    family: Family
    warnings: list[str] = field(default_factory=list)


def learn_from(work: Work, labels: Labels) -> None:
    """Put a second stage, calibration and cuts into the card.

    What the labels taught tells who is one better than the card without labels did. So words are
    counted by entity anew and the second stage is learned again, unless pairs held back say
    that it is worse for it.
    """
    from leadfit.resolve.from_labels.training import train_second_stage  # noqa: PLC0415 -- it needs an extra

    pairs = _labelled(work, labels)
    training = train_second_stage(work.card, pairs)
    again = train_second_stage(_counted_by_entity(work, training.card), pairs)
    training = again if again.log_loss <= training.log_loss else training
    work.card = training.card
    work.warnings += training.warnings
    if against := contradictions(labels.pairs):
        work.warnings.append(
            f"{against} labels say of two records that they are not one, though other labels "
            "together say that they are: look at them again"
        )
    if labels.unanswered:
        work.warnings.append(f"{labels.unanswered} labels without an answer are left out")


def _labelled(work: Work, labels: Labels) -> list[LabelledPair]:
    from leadfit.resolve.from_labels.training import LabelledPair  # noqa: PLC0415 -- it needs an extra

    numbers = {each for label in labels.pairs for each in (label.left, label.right)}
    records = work.batch.records(numbers)
    margins = _margins(work) if work.file.sources else {}
    return [
        LabelledPair(
            left_id=work.file.ids[label.left],
            right_id=work.file.ids[label.right],
            left=records[label.left],
            right=records[label.right],
            is_match=label.is_match,
            chance=label.chance,
            margin=margins.get((label.left, label.right), 0.0),
        )
        for label in labels.pairs
    ]


def _counted_by_entity(work: Work, card: Card) -> Card:
    """Return the card with the words of names counted by the entities that it finds itself."""
    margins = _margins(work) if work.file.sources else {}
    work.batch.weigh(card, least=0.0)
    links = []
    for chunk in _chunks(work.batch.weighed(card)):
        records = work.batch.records({n for each in chunk for n in (each.left, each.right)})
        for each in chunk:
            last = _last(card, each, records, margins.get((each.left, each.right), 0.0))
            if last >= LEAST:
                links.append(WeighedPair(left=each.left, right=each.right, probability=last))
    found = cluster(work.batch.rows, links, sources=work.file.sources, silent=SILENT)
    every = work.batch.records(range(work.batch.rows))
    names = [every[number] for number in range(work.batch.rows)]
    return with_entity_words(card, names, found.entity, NAME_COLUMNS)


def _margins(work: Work) -> dict[tuple[int, int], float]:
    work.batch.weigh(work.card)
    weights = [(each.left, each.right, each.weight) for each in work.batch.weighed(work.card)]
    return margins_of(weights, prior=work.card.prior)


def margins_of(
    weights: Sequence[tuple[int, int, float]], *, prior: float
) -> dict[tuple[int, int], float]:
    """Return by how many bits each pair is over the next best of either record.

    Args:
        weights: Both records of each pair, with its weight in bits.
        prior: Bits of two records of which nothing is known; no rival counts for less.

    Example:
        >>> margins_of([(0, 1, 8.0), (0, 2, 3.0)], prior=-10.0)
        {(0, 1): 5.0, (0, 2): -5.0}
    """
    none = (prior, prior)
    best: dict[int, tuple[float, float]] = {}
    for left, right, weight in weights:
        for record in (left, right):
            first, second = best.get(record, none)
            if weight > second:
                best[record] = (max(first, weight), min(first, weight))
    found = {}
    for left, right, weight in weights:
        rivals = (best.get(record, none) for record in (left, right))
        others = [second if weight >= first else first for first, second in rivals]
        found[left, right] = weight - max(others)
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of records worth telling.

    Attributes:
        left: Number of a record.
        right: A larger number.
        probability: That both are one, after the last stage.
        is_rule_grade: A rule proves it.
        standing: How two accounts stand to each other; ``None`` for contacts.
        is_kin: The file itself tells that they are relatives.
    """

    left: int
    right: int
    probability: float
    is_rule_grade: bool
    standing: Standing | None = None
    is_kin: bool = False

    @property
    def is_related(self) -> bool:
        """Whether they are two of one family."""
        return self.standing is not None and self.standing.relation is Relation.RELATED

    @property
    def is_apart(self) -> bool:
        """Whether something other than the probability says that both are not one."""
        return self.is_related or (
            self.standing is not None
            and self.standing.relation is Relation.DIFFERENT
            and bool(self.standing.reasons)
        )


def least_of(work: Work, *, keep_all: bool) -> float:
    """Return the probability from which a pair is looked at again.

    Labels may find what the first stage gives up, relatives are unlike each other, and a sample
    holds the unlikely: then it is every candidate.
    """
    return 0.0 if work.card.second or work.family.groups or keep_all else LEAST


def judged(work: Work, *, keep_all: bool) -> list[Pair]:
    """Return the pairs worth telling with their last probability, or all for a sample."""
    is_proof = _rules(work)
    card = work.card
    is_last = card.second is None and card.calibration is None
    of_accounts = card.kind is RecordKind.ACCOUNT
    margins = _margins(work) if card.second and work.file.sources else {}
    registry = _registry_columns(work)
    found: list[Pair] = []
    for chunk in _chunks(work.batch.weighed(card)):
        records: Mapping[int, Record] = {}
        if of_accounts or not is_last:
            records = work.batch.records({n for each in chunk for n in (each.left, each.right)})
        for each in chunk:
            margin = margins.get((each.left, each.right), 0.0)
            last = each.probability if is_last else _last(card, each, records, margin)
            is_kin = work.family.are_kin(each.left, each.right)
            if last < LEAST and not is_kin and not keep_all:
                continue
            standing = None
            if of_accounts and (last >= LEAST or is_kin):
                standing = _standing(work, each, records, last, registry)
            is_kin = is_kin and standing is not None and standing.relation is Relation.RELATED
            found.append(Pair(each.left, each.right, last, is_proof(each), standing, is_kin=is_kin))
    return found


def _chunks(pairs: Iterable[Weighed]) -> Iterator[list[Weighed]]:
    every = list(pairs)  # the engine answers one question at a time
    for start in range(0, len(every), _CHUNK):
        yield every[start : start + _CHUNK]


def _last(card: Card, pair: Weighed, records: Mapping[int, Record], margin: float) -> float:
    from leadfit.resolve.from_labels.second_stage import second_stage  # noqa: PLC0415 -- only where there is one
    from leadfit.resolve.model.weigh import weigh  # noqa: PLC0415 -- as above

    left, right = records[pair.left], records[pair.right]
    return second_stage(card, weigh(card, left, right), left, right, margin=margin)


def _standing(
    work: Work,
    pair: Weighed,
    records: Mapping[int, Record],
    probability: float,
    registry: frozenset[str],
) -> Standing:
    left, right = (
        {
            column: value
            for column, value in records[number].items()
            if column in registry or not column.startswith(Column.IDENTIFIER.value)
        }
        for number in (pair.left, pair.right)
    )
    return relate(
        work.card,
        left,
        right,
        probability=probability,
        known=work.family.known,
        left_id=work.file.ids[pair.left],
        right_id=work.file.ids[pair.right],
    )


def _registry_columns(work: Work) -> frozenset[str]:
    """Return the identifiers that a registry gives to one record alone; a house number is none."""
    given = {
        each.name
        for each in work.file.fields
        if each.column is Column.IDENTIFIER and is_registered(each.header)
    }
    return frozenset(
        comparison.name
        for comparison in work.card.comparisons
        if comparison.name in given
        and comparison.levels[0].test is Test.EXACT
        and (comparison.levels[0].u or 1) <= _RARELY_SAME
    )


def _rules(work: Work) -> Callable[[Weighed], bool]:
    """Return what is proof by rule: a person's own business address, or a registry id.

    A free or shared mailbox is none, nor an identifier that repeats or that no registry gives,
    such as a house number; and nothing is where all names differ.
    """
    registry = _registry_columns(work)
    strong: list[tuple[int, frozenset[int] | None]] = []
    names: list[tuple[int, int]] = []
    for number, comparison in enumerate(work.card.comparisons):
        found = next((each for each in work.file.fields if each.name == comparison.name), None)
        if found is None or comparison.levels[0].test is not Test.EXACT:
            continue
        if found.column is Column.EMAIL:
            own = frozenset(work.batch.numbers(f"{found.name}.kind", "personal"))
            strong.append((number, own))
        elif found.name in registry:
            strong.append((number, None))
        elif found.column in _NAMES:
            names.append((number, len(comparison.levels) - 1))

    def is_proof(pair: Weighed) -> bool:
        if names and all(pair.levels[number] == otherwise for number, otherwise in names):
            return False
        return any(
            pair.levels[number] == 0 and (own is None or pair.left in own) for number, own in strong
        )

    return is_proof


def bands_of(work: Work, pairs: Sequence[Pair]) -> list[Band]:
    """Return the band of each pair; before the bound is proved only rules link at once.

    Relatives never do, nor what only a name speaks for.
    """
    cuts = work.card.cuts
    bands = []
    for pair in pairs:
        may_link = pair.standing is None or pair.standing.may_link
        is_proved = cuts.is_proved or pair.is_rule_grade
        if pair.probability >= cuts.auto and is_proved and may_link:
            bands.append(Band.AUTO)
        elif pair.probability >= cuts.review:
            bands.append(Band.REVIEW)
        else:
            bands.append(Band.NEW)
    return bands
