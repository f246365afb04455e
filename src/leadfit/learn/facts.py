"""Facts as levels: text by value, numbers by quantile bins chosen without the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from leadfit.history import FactColumn, Known, column_of
from leadfit.learn.past import CONFOUNDERS, LARGEST, Floats, Ints, Past, number, numbers, times
from leadfit.learn.rules import Rules
from leadfit.levels import BLANK, FORM_DEFAULTS, MISSING_WORDS, OTHER, ArtifactFact, as_text
from leadfit.records import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A fact as one level for each row of the past.

    Attributes:
        name: The column header, with its table before it where two tables share it.
        known: When its values were known.
        read: How a value becomes a level.
        codes: Level of each row.
        blank: Share of rows without a value.
        distinct: Different values as recorded.
        defaults: Rows by form default, such as ``Select``.
        words: Rows by word that stands for a missing value, such as ``unknown`` or ``inf``.
        known_at: Day each row's value became known; empty where it is the row's creation.
        numbers: The values of a number, NaN where blank; empty for text.
    """

    name: str
    known: Known
    read: ArtifactFact
    codes: Ints
    blank: float
    distinct: int
    defaults: Mapping[str, int]
    words: Mapping[str, int]
    known_at: Floats
    numbers: Floats

    @property
    def labels(self) -> tuple[str, ...]:
        """Label of each level."""
        return self.read.levels

    @property
    def blank_code(self) -> int:
        """Place of the blank level, always the last."""
        return len(self.labels) - 1

    @property
    def shown(self) -> tuple[int, ...]:
        """Levels that stand for a value; blanks and pooled rare values do not."""
        return tuple(n for n, label in enumerate(self.labels) if label not in {BLANK, OTHER})


def read_facts(past: Past, rules: Rules) -> tuple[Levels, ...]:
    """Read every fact column, and the country of the account, into levels."""
    history = past.history
    listed = [
        fact
        for fact in history.fact_columns
        if fact.table != "leads" or fact.name not in CONFOUNDERS
    ]
    names = Counter(fact.name for fact in listed)
    if "country" not in names and any(column_of(history.accounts, "country")):
        listed.append(FactColumn(name="country", table="accounts"))
    found: list[Levels] = []
    for fact in listed:
        values, known_at = _values(past, fact)
        name = fact.name
        if names[name] > 1 and fact.table != "leads":
            name = f"{fact.table}.{name}"
            while name in names:  # a column may be called so by itself
                name = f"{fact.table}.{name}"
        found.append(to_levels(name, values, fact.is_number, rules, fact.known, known_at))
    return tuple(found)


def read_confounders(past: Past, rules: Rules) -> tuple[Levels, ...]:
    """Read channel, campaign, region, rep, tier and score of each lead into levels."""
    found: list[Levels] = []
    for name in CONFOUNDERS:
        values = [*column_of(past.history.leads, name), *[None] * (past.rows - past.leads)]
        if any(value is not None for value in values):
            is_number = name == "score"
            found.append(
                to_levels(name, values, is_number, rules, most=rules.max_confounder_levels)
            )
    return tuple(found)


def _values(past: Past, fact: FactColumn) -> tuple[Sequence[object], Floats]:
    """Return the fact's value for each row, and when it became known if that was later."""
    blank_tail = [None] * (past.rows - past.leads)
    if fact.table == "leads":
        return [*column_of(past.history.leads, fact.name), *blank_tail], np.empty(0)
    ids = [past.account_ids[n] for n in past.account]
    if fact.table == "accounts":
        table = past.history.accounts
        keys = column_of(table, "account_id")
        by_id = dict(zip(keys, column_of(table, fact.name), strict=True))
        return [by_id.get(name) for name in ids], np.empty(0)
    table = past.history.facts
    rows = zip(
        column_of(table, "account_id"),
        column_of(table, "fact"),
        column_of(table, "value"),
        times(column_of(table, "known_at")).tolist(),
        strict=True,
    )
    # The earliest value counts: a later one may answer to the outcome.
    first: dict[object, tuple[float, object]] = {}
    for account, name, value, known_at in rows:
        if name == fact.name and (account not in first or known_at < first[account][0]):
            first[account] = (known_at, value)
    blank: tuple[float, object] = (float("nan"), None)
    picked = [first.get(name, blank) for name in ids]
    return [value for _, value in picked], np.array([known for known, _ in picked])


def to_levels(  # noqa: PLR0917 -- how a column is read has this many sides
    name: str,
    values: Sequence[object],
    is_number: bool,
    rules: Rules,
    known: Known = Known.CREATED,
    known_at: Floats | None = None,
    *,
    most: int | None = None,
) -> Levels:
    """Turn a column of values into levels."""
    measured = numbers(values) if is_number else np.empty(0)
    if is_number:
        read, codes, distinct = _bin(name, measured, rules)
        defaults: dict[str, int] = {}
        words = _boundless(values)
    else:
        read, codes, distinct, defaults, words = _group(name, values, rules, most)
    blank = read.levels.index(BLANK) if BLANK in read.levels else -1
    return Levels(
        name=name,
        known=known,
        read=read,
        codes=codes,
        blank=float((codes == blank).mean()) if len(codes) else 1.0,
        distinct=distinct,
        defaults=defaults,
        words=words,
        known_at=np.empty(0) if known_at is None else known_at,
        numbers=measured,
    )


def _boundless(values: Sequence[object]) -> dict[str, int]:
    """Count numbers that are none, such as infinity; they are read as blank."""
    figures = (number(value) for value in values if isinstance(value, int | float))
    return dict(Counter(f"{figure:g}" for figure in figures if not abs(figure) <= LARGEST))


def _bin(name: str, values: Floats, rules: Rules) -> tuple[ArtifactFact, Ints, int]:
    """Cut a number at its quantiles; few different values stay apart."""
    present = values[~np.isnan(values)]
    different = np.unique(present)
    if len(different) <= rules.bins + 1:
        edges = (different[:-1] + different[1:]) / 2 if len(different) else different
        labels = [_show(value) for value in different]
    else:
        cuts = np.quantile(present, np.arange(1, rules.bins) / rules.bins, method="lower")
        edges = np.unique(cuts)
        edges = edges[edges < different[-1]]
        inner = [f"{_show(low)} to {_show(high)}" for low, high in pairwise(edges)]
        labels = [f"up to {_show(edges[0])}", *inner, f"over {_show(edges[-1])}"]
    if len(different) < 2:
        # A bin needs an edge; a constant is named by the checks and used nowhere.
        edges, labels = (
            np.array([different[0] if len(different) else 0.0]),
            labels * 2 or ["-", "-"],
        )
        labels[1] = f"over {labels[0]}"
    codes = np.searchsorted(edges, values, side="left").astype(np.int64)
    codes[np.isnan(values)] = len(labels)
    read = ArtifactFact(
        name=name, levels=(*labels, BLANK), edges=tuple(float(edge) for edge in edges)
    )
    return read, codes, len(different)


def _show(number: float) -> str:
    return f"{number:.4g}" if abs(number) < 1e4 else f"{number:,.0f}"


def _group(
    name: str, values: Sequence[object], rules: Rules, most: int | None
) -> tuple[ArtifactFact, Ints, int, dict[str, int], dict[str, int]]:
    """Keep the frequent values of a text apart and pool the rest."""
    texts, shown = _texts(values)
    counts = Counter(texts)
    del counts[""]
    defaults = {shown[text]: counts[text] for text in counts if text in FORM_DEFAULTS}
    words = {shown[text]: counts[text] for text in counts if text in MISSING_WORDS}
    empty = {"", *(t for t in counts if t in FORM_DEFAULTS or t in MISSING_WORDS)}
    least = max(rules.min_level_units, int(rules.min_level_share * len(texts)))
    ranked = sorted(
        (text for text in counts if text not in empty), key=lambda text: (-counts[text], text)
    )
    # Two values of a small column stay apart whatever their number: pooling would hide the column.
    kept = [text for text in ranked if counts[text] >= least or len(ranked) <= 2]
    kept = kept[: rules.max_levels if most is None else most]
    order = {text: n for n, text in enumerate(kept)}
    other, blank = len(kept), len(kept) + 1
    codes = np.array(
        [order.get(text, blank if text in empty else other) for text in texts], dtype=np.int64
    )
    read = ArtifactFact(
        name=name,
        levels=(*(shown[text] for text in kept), OTHER, BLANK),
        values=tuple(kept),
    )
    return read, codes, len(counts), defaults, words


def _texts(values: Sequence[object]) -> tuple[list[str], dict[str, str]]:
    """Return each value as it is compared, and how each text was first written."""
    # 1, 1.0 and True are one key to Python and three values to us.
    words = [as_text(value) if value.__class__ is bool else value for value in values]
    read: dict[object, str] = {None: ""}
    shown: dict[str, str] = {}
    for value in dict.fromkeys(words):
        if value is not None:
            read[value] = as_text(_fact(value))
            shown.setdefault(read[value], str(value).strip())
    return [read[value] for value in words], shown


def _fact(value: object) -> Fact:
    return value if isinstance(value, str | int | float | bool) else str(value)
