"""Training of a model card without labels: Splink on the embedded engine, behind this module.

Splink estimates the parameters of Fellegi and Sunter's model (1969): u from random pairs, m by
expectation maximisation over the pairs of several blocking rules. What is kept is a card with
effective weights; Splink itself weighs nothing.

It needs the extra ``linkage``; nothing of it is imported before :func:`train` is called.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

from leadfit.errors import BadInput, Fault, MissingExtra, Words
from leadfit.resolve.model import sql
from leadfit.resolve.model.card import Blocking, Card, Comparison, Level, RecordKind, Test
from leadfit.resolve.model.weigh import BLANK, odds_to_probability
from leadfit.resolve.pairs.cluster import Link, cluster
from leadfit.store.batch import Batch, Blocked
from leadfit.store.drafting import frequencies_of

_SEED: Final = 1
_RANDOM_PAIRS: Final = 500_000
_TRAINING_PAIRS: Final = 400_000
_FEWEST_TRAINING_PAIRS: Final = 50
_SESSIONS: Final = 4
_FEWEST_COMPARISONS: Final = 2
"""That must be left free for a session to tell matches from others."""
_LEAST_CHANCE: Final = 1e-9
_FEWEST: Final = 0.5
"""Pairs an unseen level is counted as."""
_MOST_AGAINST: Final = -9.0
"""Bits of a level that no match of the training had, such as a surname that never differed."""
_DECIMALS: Final = 6
_PASSES: Final = 3
_ROUNDS: Final = 200
_START: Final = 1e-4
_CROWDED: Final = 1e-3
"""Share of matches among all pairs from which what is common is counted by entity."""
_MOST_MATCHES: Final = 0.15
"""Share of matches among all pairs from which they cannot be matches."""
_ROUNDS_BY_ENTITY: Final = 3
_LIKELY: Final = 0.01
_SETTLED: Final = 0.99
_EXACT_ASSUMED: Final = 0.6
_ELSE_ASSUMED: Final = 0.05
"""Where only one column tells records apart, nothing can be learned about it without labels."""


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
    blocked: Blocked
    matches: float
    unseen: tuple[str, ...]
    is_doubtful: bool = False


class _Training(Protocol):
    def estimate_u_using_random_sampling(
        self, max_pairs: float, *, seed: int, num_chunks: int
    ) -> None: ...

    def estimate_parameters_using_expectation_maximisation(
        self,
        blocking_rule: str,
        *,
        estimate_without_term_frequencies: bool,
        max_pairs: float,
    ) -> object: ...


class _Saved(Protocol):
    def save_model_to_json(self) -> Mapping[str, object]: ...


class _Linker(Protocol):
    training: _Training
    misc: _Saved


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
    raw = _estimated(batch, draft, possible)
    share = _START
    card, unseen, matches = draft, tuple[str, ...](), 1.0
    for _ in range(_PASSES):
        # Random pairs hold matches too: their part is taken out of u once it is known.
        card, unseen = _weighted(draft, raw, share=share, possible=possible)
        matches = _expected(card, batch.weights(card), possible)
        share = matches / possible
    is_doubtful = share > _MOST_MATCHES
    if is_doubtful:
        share = min(share, batch.rows / possible)
        card, unseen = _weighted(draft, raw, share=share, possible=possible)
        matches = share * possible
    card = replace(card, prior=_rounded(math.log2(share / (1 - share))))
    trained = Trained(
        card=card, blocked=blocked, matches=matches, unseen=unseen, is_doubtful=is_doubtful
    )
    if is_doubtful or share < _CROWDED or across or draft.kind is not RecordKind.ACCOUNT:
        return trained
    return _by_entity(batch, trained, raw, possible)


# ---- files of which a few entities hold much -----------------------------------------------


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
            Link(
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
    sampled, counts = batch.levels_apart(draft, pairs=_RANDOM_PAIRS)
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
    new, unseen = _weighted(draft, chances, share=share, possible=possible, sampled=sampled)
    matches = _expected(new, batch.weights(new), possible)
    share = matches / possible
    new = replace(new, prior=_rounded(math.log2(share / (1 - share))))
    return Trained(card=new, blocked=blocked, matches=matches, unseen=unseen)


# ---- Splink --------------------------------------------------------------------------------

Chances = Mapping[str, Mapping[int, tuple[float | None, float | None]]]
"""By comparison and level: m and u, ``None`` where training saw no such pair."""


def _estimated(batch: Batch, draft: Card, possible: int) -> Chances:
    """Return what Splink estimates, by comparison and level."""
    rules = _sessions(batch, draft)
    with _quiet():
        saved, failed = _fitted(batch, draft, possible, rules)
        while failed is not None:
            # A session that cannot tell matches from others ends in a chance of zero and leaves
            # Splink's own state broken: begin anew without it.
            rules.remove(failed)
            saved, failed = _fitted(batch, draft, possible, rules)
    found: dict[str, dict[int, tuple[float | None, float | None]]] = {}
    exact = _exact_chances(batch, draft)
    comparisons = cast("Sequence[Mapping[str, object]]", saved["comparisons"])
    for comparison, described in zip(draft.comparisons, comparisons, strict=True):
        levels = cast("Sequence[Mapping[str, object]]", described["comparison_levels"])
        kept = [each for each in levels if not each.get("is_null_level")]
        found[comparison.name] = {
            number: (_chance(each.get("m_probability")), _chance(each.get("u_probability")))
            for number, each in enumerate(kept)
        }
        if comparison.name in exact:
            m, _ = found[comparison.name][0]
            found[comparison.name][0] = m, exact[comparison.name] or None
    return found


def _fitted(
    batch: Batch, draft: Card, possible: int, rules: Sequence[str]
) -> tuple[Mapping[str, object], str | None]:
    """Return Splink's model, and the rule it failed on if it did."""
    linker = _linker(batch, draft)
    linker.training.estimate_u_using_random_sampling(
        float(min(_RANDOM_PAIRS, possible)), seed=_SEED, num_chunks=1
    )
    for rule in rules:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule, estimate_without_term_frequencies=True, max_pairs=float(_TRAINING_PAIRS)
            )
        except ValueError:
            return {}, rule
    return linker.misc.save_model_to_json(), None


def _exact_chances(batch: Batch, draft: Card) -> dict[str, float]:
    """Return by comparison how likely two records are of its first level, counted in full.

    Random pairs would see hardly any of the rare values that tell most.
    """
    whole = [each for each in draft.comparisons if _is_counted(each)]
    rules = [Blocking(columns=each.levels[0].columns, most=batch.rows) for each in whole]
    found = {}
    for comparison, count in zip(whole, batch.pair_counts(draft, rules), strict=True):
        filled, _ = batch.filled(comparison.levels[0].columns[0])
        found[comparison.name] = count / max(1.0, filled * (filled - 1) / 2)
    return found


def _is_counted(comparison: Comparison) -> bool:
    first = comparison.levels[0]
    return first.test is Test.EXACT and first.columns[:1] == comparison.blank


def _chance(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _linker(batch: Batch, draft: Card) -> _Linker:
    try:
        from splink import DuckDBAPI, Linker, SettingsCreator  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra("linkage", "training a matching model") from error
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rid",
        comparisons=[_described(draft, comparison) for comparison in draft.comparisons],
        probability_two_random_records_match=_START,
    )
    api = DuckDBAPI(connection=batch.connection)
    table = api.register("prepared", table_name="prepared_records")
    return cast("_Linker", Linker(table, settings, log_level=logging.ERROR))


def _described(draft: Card, comparison: Comparison) -> dict[str, object]:
    named = _splink_columns(draft)
    number = draft.comparisons.index(comparison)
    blank = sql.blank_condition(comparison, named)
    levels: list[dict[str, object]] = [
        {"sql_condition": blank, "label_for_charts": "blank", "is_null_level": True}
    ]
    for place, level in enumerate(comparison.levels):
        condition = "ELSE" if level.test is Test.ELSE else sql.condition(level, named)
        levels.append({"sql_condition": condition, "label_for_charts": f"{place}"})
    return {"output_column_name": f"compared{number}", "comparison_levels": levels}


def _splink_columns(draft: Card) -> Callable[[str, str], str]:
    read = {column: number for number, column in enumerate(sql.columns(draft))}

    def named(column: str, side: str) -> str:
        kind, _, name = column.rpartition("|")
        return f'"{kind or "c"}{read[name]}_{side}"'

    return named


def _sessions(batch: Batch, draft: Card) -> list[str]:
    """Return blocking rules to train on: each leaves other columns free to be learned."""
    whole = list(
        dict.fromkeys(
            level.columns[0]
            for comparison in draft.comparisons
            for level in comparison.levels
            if level.test is Test.EXACT and len(level.columns) == 1
        )
    )
    rules = [Blocking(columns=(column,), most=batch.rows) for column in whole]
    counted = zip(rules, batch.pair_counts(draft, rules), strict=True)
    usable = sorted(
        ((count, rule) for rule, count in counted if count >= _FEWEST_TRAINING_PAIRS),
        key=lambda each: (each[0], each[1].columns),
    )
    read = {column: number for number, column in enumerate(sql.columns(draft))}
    texts = []
    for _, rule in usable:
        number = read[rule.columns[0]]
        left = [each for each in draft.comparisons if rule.columns[0] not in _columns_of(each)]
        if len(left) >= _FEWEST_COMPARISONS:
            texts.append(f"l.c{number} = r.c{number}")
    return texts[:_SESSIONS]


def _columns_of(comparison: Comparison) -> set[str]:
    levels = {column for level in comparison.levels for column in level.columns}
    return levels | {*comparison.blank, *comparison.either}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Splink's own messages to itself; what matters of them is in the card."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


# ---- weights -------------------------------------------------------------------------------


def _weighted(
    draft: Card, raw: Chances, *, share: float, possible: int, sampled: int | None = None
) -> tuple[Card, tuple[str, ...]]:
    """Return the draft with effective weights, and the levels training never saw.

    Args:
        draft: Comparisons.
        raw: Chances of their levels.
        share: Of matches among all pairs.
        possible: How many pairs there are.
        sampled: Pairs of two entities that u was counted over; ``None`` where it was counted over
            random pairs, which hold matches.
    """
    unseen: list[str] = []
    comparisons = []
    is_pure = sampled is not None
    sampled = min(_RANDOM_PAIRS, possible) if sampled is None else sampled
    for comparison in draft.comparisons:
        levels, missing = [], []
        chances = _told_or_assumed(raw[comparison.name])
        for number, level in enumerate(comparison.levels):
            m, u = chances[number]
            missing.append(m is None or u is None)
            if missing[-1]:
                unseen.append(f"{comparison.name}: {level.test.value}")
            counted = possible if number == 0 and _is_counted(comparison) else sampled
            mixed = 0.0 if is_pure else share
            least = _FEWEST / max(1.0, share * possible)
            levels.append(
                _level(
                    level,
                    max(m or 0.0, least),
                    u,
                    share=mixed,
                    sampled=sampled if is_pure else counted,
                )
            )
        comparisons.append(replace(comparison, levels=_within(levels, missing)))
    prior = math.log2(share / (1 - share))
    card = replace(draft, comparisons=_discounted(comparisons), prior=_rounded(prior))
    return card, tuple(unseen)


def _discounted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return comparisons whose levels over several columns do not count others' evidence again.

    Where a level asks that columns of other comparisons agree too, those say so themselves: what
    is left is its weight given that they agree, by the rule of the chain.
    """
    exact = {
        level.columns: max(0.0, level.bits)
        for comparison in comparisons
        for level in comparison.levels
        if level.test is Test.EXACT and len(level.columns) == 1
    }

    def discounted(level: Level) -> Level:
        if level.test not in {Test.EXACT, Test.JARO_WINKLER} or len(level.columns) == 1:
            return level
        known = math.fsum(exact.get((column,), 0.0) for column in level.columns[1:])
        return replace(level, bits=_rounded(max(0.0, level.bits - known)))

    return tuple(replace(each, levels=tuple(map(discounted, each.levels))) for each in comparisons)


def _told_or_assumed(
    chances: Mapping[int, tuple[float | None, float | None]],
) -> Mapping[int, tuple[float | None, float | None]]:
    """Return m and u, with a stated m where no session could learn any of a comparison."""
    if any(m is not None for m, _ in chances.values()):
        return chances
    last = len(chances) - 1
    between = (1 - _EXACT_ASSUMED - _ELSE_ASSUMED) / max(1, last - 1)
    assumed = {0: _EXACT_ASSUMED, last: _ELSE_ASSUMED}
    return {
        number: (assumed.get(number, between), u or _LEAST_CHANCE)
        for number, (_, u) in chances.items()
    }


def _level(level: Level, m: float, u: float | None, *, share: float, sampled: int) -> Level:
    m = max(m, _LEAST_CHANCE)
    seen = max(u or 0.0, _FEWEST / sampled)
    # The matches among random pairs are no chance agreement.
    pure = max((seen - share * m) / (1 - share), seen * 0.02, _FEWEST / sampled)
    m, pure = min(m, 1.0), min(pure, 1.0)
    return replace(
        level, bits=_rounded(math.log2(m / pure)), m=_significant(m), u=_significant(pure)
    )


def _within(levels: Sequence[Level], unseen: Sequence[bool]) -> tuple[Level, ...]:
    """Return levels of which none that training missed weighs more than a seen neighbour.

    What was never seen must not decide: it says at most what the next stronger level says, no
    less than that nothing agrees, and against a match only so much.
    """
    seen = [level.bits for level, missing in zip(levels, unseen, strict=True) if not missing]
    if not seen:
        return tuple(replace(level, bits=0.0) for level in levels)
    otherwise = levels[-1].bits
    if unseen[-1]:
        otherwise = min(0.0, max(otherwise, _MOST_AGAINST))
    kept: list[Level] = []
    stronger = max(seen)
    for level, missing in zip(levels[:-1], unseen, strict=False):
        if missing:
            kept.append(replace(level, bits=max(min(otherwise, 0.0), min(level.bits, stronger))))
            continue
        kept.append(level)
        stronger = level.bits if level.test is not Test.SWAPPED else stronger
    return (*kept, replace(levels[-1], bits=otherwise))


def _expected(card: Card, weights: Sequence[tuple[float, int]], possible: int) -> float:
    """Return how many pairs are matches: the most likely share, with m and u as they are.

    Pairs that share no key are taken for non-matches.
    """
    matches = max(1.0, odds_to_probability(card.prior) * possible)
    for _ in range(_ROUNDS):
        shift = math.log2(matches / max(1.0, possible - matches)) - card.prior
        found = math.fsum(n * odds_to_probability(weight + shift) for weight, n in weights)
        found = min(max(found, 1.0), 0.9 * possible)
        if abs(found - matches) < 1e-6 * matches:
            break
        matches = found
    return matches


def _rounded(bits: float) -> float:
    # Sums of the engine differ in their last digits from run to run.
    return round(bits, _DECIMALS)


def _significant(chance: float) -> float:
    return float(f"{chance:.{_DECIMALS}e}")
