"""Executor A: a model card as SQL, for batch.

The text is DuckDB's; Spark runs executor B over its batches instead, see
:mod:`leadfit.resolve.model.arrow`. Strings never enter it: columns go by number, values of
frequencies come from tables.

Three tables, by the names the caller gives:

| table | columns |
|---|---|
| records | ``rid`` (whole number), ``source`` (text or null), ``c0``, ...; see :func:`columns` |
| frequency of a column | ``value``, ``bits``, ``rarity``; see :func:`frequency_rows` |
| pairs | ``l`` and ``r``, each a ``rid``, ``l < r`` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, assert_never

from leadfit.resolve.model.blocking import KeyColumn, Part, columns_of
from leadfit.resolve.model.card import Blocking, Card, Comparison, Level, Test
from leadfit.resolve.model.weigh import (
    BLANK,
    MOST_BITS,
    SLACK,
    frequency_base,
    frequency_bits,
    rarities,
)

# A token's rarity stands in the low bits of its number, with room for the sum of a whole name.
_CODE: Final = 1 << 24

Named = Callable[[str, str], str]
"""Column and side (``l`` or ``r``) to the SQL of its value."""


def columns(card: Card) -> tuple[str, ...]:
    """Return the normalised columns a card reads, in the order of ``c0``, ``c1``, ..."""
    read: dict[str, None] = {}
    for comparison in card.comparisons:
        read |= dict.fromkeys((*comparison.blank, *comparison.either))
        for level in comparison.levels:
            read |= dict.fromkeys(level.columns)
    for rule in card.blocking:
        read |= dict.fromkeys(each.column for each in columns_of(rule))
    return tuple(read)


def frequency_rows(card: Card) -> dict[int, list[tuple[str, float, int]]]:
    """Return by number of a column the rows of its table: value, bits it adds, rarity in units."""
    rows: dict[int, list[tuple[str, float, int]]] = {}
    for number, column in enumerate(columns(card)):
        frequencies = card.frequencies.get(column)
        if frequencies is not None:
            rare, _ = rarities(frequencies)
            rows[number] = [
                (value, frequency_bits(frequencies, value), rare[value])
                for value in frequencies.shares
            ]
    return rows


def _is_adjusted(card: Card, column: str) -> bool:
    return column in card.frequencies and any(
        level.by_frequency and level.columns == (column,)
        for comparison in card.comparisons
        for level in comparison.levels
    )


def prepared(card: Card, records: str, frequency: Callable[[int], str]) -> str:
    """Return a query of the records as weighing reads them.

    Beside ``rid``, ``source`` and the columns, a blank being null, it gives for a column n as far
    as the card needs them: ``t`` (different tokens), ``o`` (tokens as numbers that carry their
    rarity), ``w`` (sum of rarities), ``k`` (rarest token), ``f`` (bits the value's frequency adds).

    Args:
        card: The model.
        records: Name of the table of records.
        frequency: Number of a column to the name of its table.
    """
    read = columns(card)
    plain = ", ".join(f"nullif(c{n}, '') AS c{n}" for n in range(len(read)))
    given = f"SELECT rid, source{', ' + plain if plain else ''} FROM {records}"  # noqa: S608 -- numbers and names of tables only
    selected = ["b.*"]
    joins = []
    for number, column in enumerate(read):
        if _needs(card, column, Test.OVERLAP, Part.RARE):
            joins.append(_token_join(card, number, column, records, frequency))
            selected.append(f"o{number}.o AS o{number}, o{number}.w AS w{number}")
            selected.append(f"o{number}.k AS k{number}")
        if _needs(card, column, Test.ANY_TOKEN, Part.TOKEN):
            selected.append(f"{_split(f'b.c{number}')} AS t{number}")
        if _is_adjusted(card, column):
            rare = frequency_bits(card.frequencies[column], None)
            joins.append(
                f"LEFT JOIN {frequency(number)} f{number} ON f{number}.value = b.c{number}"
            )
            selected.append(f"coalesce(f{number}.bits, {rare!r}) AS f{number}")
    return f"WITH b AS ({given}) SELECT {', '.join(selected)} FROM b {' '.join(joins)}"  # noqa: S608 -- numbers and names of tables only


def _needs(card: Card, column: str, test: Test, part: Part) -> bool:
    """A comparison tests a column so, or a blocking rule takes that part of it."""
    compared = any(
        level.test is test and column in level.columns
        for comparison in card.comparisons
        for level in comparison.levels
    )
    return compared or any(
        each.part is part and each.column == column
        for rule in card.blocking
        for each in columns_of(rule)
    )


def _split(value: str) -> str:
    return f"list_filter(list_distinct(string_split({value}, ' ')), lambda x: x <> '')"


def _token_join(
    card: Card, number: int, column: str, records: str, frequency: Callable[[int], str]
) -> str:
    """Return a join that gives the rated tokens of a column by record."""
    frequencies = card.frequencies.get(column)
    _, unseen = rarities(frequencies)
    each = (
        f"SELECT rid, unnest({_split(f'c{number}')}) AS token FROM {records} WHERE c{number} <> ''"  # noqa: S608 -- numbers and names of tables only
    )
    listed = f"SELECT token, row_number() OVER () AS id FROM (SELECT DISTINCT token FROM ({each}))"  # noqa: S608 -- as above
    rated = f"SELECT token, id, {unseen} AS rarity FROM ({listed})"  # noqa: S608 -- as above
    if frequencies is not None:
        rated = (
            f"SELECT token, id, coalesce(q.rarity, {unseen}) AS rarity FROM ({listed}) "  # noqa: S608 -- as above
            f"LEFT JOIN {frequency(number)} q ON q.value = token"
        )
    given = (
        f"SELECT rid, list(id * {_CODE} + rarity) AS o, sum(rarity)::BIGINT AS w, "  # noqa: S608 -- as above
        "first(token ORDER BY rarity DESC, token) AS k "
        f"FROM ({each}) JOIN ({rated}) USING (token) GROUP BY rid"
    )
    return f"LEFT JOIN ({given}) o{number} ON o{number}.rid = b.rid"


def keyed(card: Card, rule: Blocking, table: str) -> str:
    """Return a query of ``rid``, ``source`` and the key columns ``x0``, ``x1``, ... of a rule.

    Args:
        card: The model.
        rule: One of its rules.
        table: Name of the prepared records.
    """
    read = {column: number for number, column in enumerate(columns(card))}
    parts = [_key(each, read[each.column]) for each in columns_of(rule)]
    selected = ", ".join(f"{part} AS x{n}" for n, part in enumerate(parts))
    given = f"SELECT rid, source, {selected} FROM {table}"  # noqa: S608 -- numbers and names of tables only
    present = " AND ".join(f"x{n} IS NOT NULL" for n in range(len(parts)))
    return f"SELECT * FROM ({given}) WHERE {present}"  # noqa: S608 -- as above


def _key(each: KeyColumn, number: int) -> str:
    value = f"c{number}"
    match each.part:
        case Part.WHOLE:
            return value
        case Part.TOKEN:
            return f"unnest(t{number})"
        case Part.RARE:
            return f"k{number}"
        case Part.FIRST:
            return (
                f"CASE WHEN length({value}) >= {each.length} THEN left({value}, {each.length}) END"
            )
        case Part.LAST:
            return (
                f"CASE WHEN length({value}) >= {each.length} THEN right({value}, {each.length}) END"
            )
    assert_never(each.part)


def shared_keys(rule: Blocking, keys: str) -> str:
    """Return a query of the keys more than one record has: ``n`` and the key columns.

    Args:
        rule: The rule.
        keys: Name of a table of :func:`keyed`.
    """
    named = ", ".join(f"x{n}" for n in range(len(rule.columns)))
    return f"SELECT {named}, count(*) AS n FROM {keys} GROUP BY ALL HAVING count(*) > 1"  # noqa: S608 -- numbers and names of tables only


def candidates(rule: Blocking, keys: str, shared: str, *, across: bool) -> str:
    """Return a query of the pairs ``l``, ``r`` of a rule, without keys over its cap.

    Args:
        rule: The rule.
        keys: Name of a table of :func:`keyed`.
        shared: Name of a table of :func:`shared_keys`.
        across: Pairs within one source are left out.
    """
    named = ", ".join(f"x{n}" for n in range(len(rule.columns)))
    used = f"SELECT k.* FROM {keys} k JOIN {shared} s USING ({named}) WHERE s.n <= {rule.most}"  # noqa: S608 -- numbers and names of tables only
    apart = " AND l.source IS DISTINCT FROM r.source" if across else ""
    return (
        f"WITH u AS ({used}) SELECT l.rid AS l, r.rid AS r FROM u l JOIN u r USING ({named}) "  # noqa: S608 -- as above
        f"WHERE l.rid < r.rid{apart}"
    )


def graded(card: Card, pairs: str, table: str) -> str:
    """Return a query of ``l``, ``r``, the levels ``g0``, ``g1``, ... and frequencies ``f``.

    It depends on the tests of the card, not on their weights.

    Args:
        card: The model.
        pairs: Name of the table of pairs.
        table: Name of the prepared records.
    """
    named = card_columns(card)
    levels = "".join(
        f", ({level_case(comparison, named)})::TINYINT AS g{number}"
        for number, comparison in enumerate(card.comparisons)
    )
    rated = "".join(
        f", l.f{number} AS f{number}"
        for number, column in enumerate(columns(card))
        if _is_adjusted(card, column)
    )
    return (
        f"SELECT p.l, p.r{levels}{rated} FROM {pairs} p "  # noqa: S608 -- numbers and names of tables only
        f"JOIN {table} l ON l.rid = p.l JOIN {table} r ON r.rid = p.r"
    )


def weighed(card: Card, table: str) -> str:
    """Return a query of ``l``, ``r``, the levels, ``weight`` and the probability ``p``.

    Args:
        card: The model.
        table: Name of a table of :func:`graded`.
    """
    bits = "".join(f" + {term}" for term in _terms(card))
    shown = "".join(f", g{number}" for number in range(len(card.comparisons)))
    summed = f"SELECT l, r{shown}, {card.prior!r}::DOUBLE{bits} AS weight FROM {table}"  # noqa: S608 -- numbers and names of tables only
    odds = f"greatest({-MOST_BITS!r}, least({MOST_BITS!r}, weight))"
    return f"SELECT *, 1.0::DOUBLE / (1.0::DOUBLE + pow(2.0::DOUBLE, -{odds})) AS p FROM ({summed})"  # noqa: S608 -- as above


def _terms(card: Card) -> Iterator[str]:
    read = {column: number for number, column in enumerate(columns(card))}
    for number, comparison in enumerate(card.comparisons):
        cases = ""
        for place, level in enumerate(comparison.levels):
            base = frequency_base(card, level)
            bits = f"{(level.bits if base is None else base)!r}::DOUBLE"
            if base is not None:
                bits += f" + f{read[level.columns[0]]}"
            cases += f" WHEN {place} THEN {bits}"
        yield f"CASE g{number}{cases} ELSE 0.0::DOUBLE END"


def card_columns(card: Card) -> Named:
    """Return how prepared tables ``l`` and ``r`` name the columns of a card."""
    read = {column: number for number, column in enumerate(columns(card))}

    def named(column: str, side: str) -> str:
        kind, _, name = column.rpartition("|")
        return f"{side}.{kind or 'c'}{read[name]}"

    return named


def level_case(comparison: Comparison, named: Named) -> str:
    """Return the SQL of the number of the level that holds."""
    blank = blank_condition(comparison, named)
    cases = "".join(
        f" WHEN {condition(level, named)} THEN {number}"
        for number, level in enumerate(comparison.levels[:-1])
    )
    first = f" WHEN {blank} THEN {BLANK}" if blank else ""
    last = len(comparison.levels) - 1
    return f"CASE{first}{cases} ELSE {last} END" if first or cases else str(last)


def blank_condition(comparison: Comparison, named: Named) -> str:
    """Return the SQL of whether a comparison has nothing to compare; empty if it always has."""
    either = " AND ".join(
        f"({named(column, 'l')} IS NULL OR {named(column, 'r')} IS NULL)"
        for column in comparison.either
    )
    blank = [f"{named(column, side)} IS NULL" for column in comparison.blank for side in ("l", "r")]
    return " OR ".join([*blank, *([f"({either})"] if either else [])])


def condition(level: Level, named: Named) -> str:  # noqa: PLR0911 -- one for each test
    """Return the SQL of a level's test; it is null or false where a side is blank.

    Args:
        level: The level.
        named: How the columns are called; tokens are asked for as ``t|column``, rated ones as
            ``o|column`` and their sum as ``w|column``.
    """

    def sides(column: str) -> tuple[str, str]:
        return named(column, "l"), named(column, "r")

    match level.test:
        case Test.EXACT:
            same = " AND ".join("{} = {}".format(*sides(column)) for column in level.columns)
            return f"({same})"
        case Test.JARO_WINKLER:
            left, right = sides(level.columns[0])
            bound = (level.threshold or 0.0) - SLACK
            same = "".join("{} = {} AND ".format(*sides(each)) for each in level.columns[1:])
            return f"({same}jaro_winkler_similarity({left}, {right}) >= {bound!r})"
        case Test.DAMERAU:
            left, right = sides(level.columns[0])
            most = int(level.threshold or 0)
            # A transposition is two plain edits; the plain distance is five times as fast.
            return (
                f"(abs(strlen({left}) - strlen({right})) <= {most} "
                f"AND levenshtein({left}, {right}) <= {2 * most} "
                f"AND damerau_levenshtein({left}, {right}) <= {most})"
            )
        case Test.SWAPPED:
            (left, right), (left2, right2) = sides(level.columns[0]), sides(level.columns[1])
            return f"({left} = {right2} AND {left2} = {right})"
        case Test.OVERLAP:
            return _overlap(level, named)
        case Test.ANY_TOKEN:
            return "list_has_any({}, {})".format(*sides(f"t|{level.columns[0]}"))
        case Test.SUFFIX:
            left, right = sides(level.columns[0])
            length = int(level.threshold or 0)
            return (
                f"(length({left}) >= {length} AND length({right}) >= {length} "
                f"AND right({left}, {length}) = right({right}, {length}))"
            )
        case Test.ELSE:
            return "true"
    assert_never(level.test)


def _overlap(level: Level, named: Named) -> str:
    column = level.columns[0]
    left, right = named(f"o|{column}", "l"), named(f"o|{column}", "r")
    total = f"({named(f'w|{column}', 'l')} + {named(f'w|{column}', 'r')})"
    both = f"(list_sum(list_intersect({left}, {right})) % {_CODE})::BIGINT"
    bound = f"{level.threshold or 0.0!r}::DOUBLE"
    # Both executors are exact here: whole numbers and one product.
    return f"(list_has_any({left}, {right}) AND {both} >= {bound} * ({total} - {both}))"
