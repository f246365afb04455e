"""What Splink estimates of the levels of a card, on the embedded engine.

Splink estimates u from random pairs and m by expectation maximisation over the pairs of several
blocking rules. It needs the extra ``linkage`` and is imported where it begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, cast

from leadfit.errors import MissingExtra
from leadfit.resolve.model import sql
from leadfit.resolve.model.card import Blocking, Card, Comparison, Test
from leadfit.resolve.model.level_weights import RANDOM_PAIRS, Chances, is_counted
from leadfit.store.batch import Batch

_SEED: Final = 1
_TRAINING_PAIRS: Final = 400_000
_FEWEST_TRAINING_PAIRS: Final = 50
_SESSIONS: Final = 4
_FEWEST_COMPARISONS: Final = 2
"""That must be left free for a session to tell matches from others."""
START: Final = 1e-4
"""Share of matches among all pairs that training begins with."""


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


def estimated(batch: Batch, draft: Card, possible: int) -> Chances:
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
        float(min(RANDOM_PAIRS, possible)), seed=_SEED, num_chunks=1
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
    whole = [each for each in draft.comparisons if is_counted(each)]
    rules = [Blocking(columns=each.levels[0].columns, most=batch.rows) for each in whole]
    found = {}
    for comparison, count in zip(whole, batch.pair_counts(draft, rules), strict=True):
        filled, _ = batch.filled(comparison.levels[0].columns[0])
        found[comparison.name] = count / max(1.0, filled * (filled - 1) / 2)
    return found


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
        probability_two_random_records_match=START,
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
