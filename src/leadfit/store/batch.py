"""Normalised records on the embedded engine: candidates and weights of millions of pairs."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb

from leadfit.resolve.model import sql
from leadfit.resolve.model.card import Blocking, Card
from leadfit.resolve.model.weigh import stored

Row = Sequence[str | None]
"""Source, then one value for each column."""

_FETCHED: Final = 50_000
_A_BIT: Final = 20
_SHOWN: Final = 20
_LOOKED_AT: Final = 20_000
"""Records that are enough to see whether one column copies another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A key that more records share than its rule allows, so that no pair came of it.

    Attributes:
        columns: Those of the rule.
        value: The key, its parts joined by a blank.
        records: How many share it.
    """

    columns: tuple[str, ...]
    value: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePairs:
    """What blocking gave.

    Attributes:
        pairs: Different candidate pairs.
        by_rule: Pairs of each rule, some of them also of another.
        skipped: The most common keys over a rule's cap.
        skipped_keys: How many keys were over a cap in all.
    """

    pairs: int
    by_rule: tuple[int, ...]
    skipped: tuple[Skipped, ...]
    skipped_keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One candidate pair as the engine weighed it.

    Attributes:
        left: Number of a record, from 0.
        right: A larger number.
        levels: As in :class:`leadfit.resolve.model.weigh.Weighing`.
        weight: The same.
        probability: The same.
    """

    left: int
    right: int
    levels: tuple[int, ...]
    weight: float
    probability: float


class Batch:
    """Records of one matching run, in a database of its own that goes with it.

    Args:
        columns: Names of the normalised columns.
        memory_mb: What the engine may take before it writes to disk.
        threads: Threads of the engine; ``None`` means as many as there are cores.
    """

    def __init__(
        self, columns: Sequence[str], *, memory_mb: int = 1200, threads: int | None = None
    ) -> None:
        self.columns = tuple(columns)
        self.rows = 0
        self._folder = tempfile.TemporaryDirectory(prefix="leadfit-")
        self.connection = duckdb.connect(":memory:")
        self._do("SET autoinstall_known_extensions = false")
        self._do(f"SET memory_limit = '{memory_mb}MB'")
        self._do(f"SET temp_directory = '{self._folder.name.replace(chr(39), chr(39) * 2)}'")
        self._do("SET preserve_insertion_order = false")
        self._do("SET enable_progress_bar = false")
        if threads is not None:
            self._do(f"SET threads = {threads}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the records."""
        self.connection.close()
        self._folder.cleanup()

    def _do(self, text: str) -> None:
        self.connection.execute(text).fetchall()

    def _all(self, text: str, *values: object) -> list[tuple[object, ...]]:
        return self.connection.execute(text, values).fetchall()

    def _count(self, text: str) -> int:
        (row,) = self._all(text)
        return int(str(row[0] or 0))

    def fill(self, rows: Iterable[Row]) -> None:
        """Take the records, numbered from 0 in the order in which they come."""
        named = {"rid": "BIGINT", "source": "VARCHAR"}
        named |= {f"v{number}": "VARCHAR" for number in range(len(self.columns))}
        self.rows = self._load("raw", named, ((number, *row) for number, row in enumerate(rows)))

    def _load(self, table: str, named: Mapping[str, str], rows: Iterable[Sequence[object]]) -> int:
        """Fill a table from rows by way of a file: the engine reads one faster than it binds."""
        path = Path(self._folder.name) / f"{table}.csv"
        count = 0
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
            for row in rows:
                writer.writerow(row)
                count += 1
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in named.items())
        self._do(f"DROP TABLE IF EXISTS {table}")
        self._do(
            f"CREATE TABLE {table} AS SELECT * FROM read_csv('{_quoted(path)}', auto_detect=false, "  # noqa: S608 -- a path of our own
            f"header=false, delim=',', quote='\"', escape='\"', columns={{{types}}}, "
            "max_line_size=100000000)"
        )
        path.unlink()
        return count

    def filled(self, column: str) -> tuple[int, int]:
        """Return how many records have a value in a column, and how many different ones."""
        name = self._name(column)
        (row,) = self._all(
            f"SELECT count(*), count(DISTINCT {name}) FROM raw WHERE {name} <> ''"  # noqa: S608 -- a numbered column
        )
        return int(str(row[0])), int(str(row[1]))

    def common(
        self, column: str, *, tokens: bool, most: int, by_entity: bool = False
    ) -> list[tuple[str, int]]:
        """Return the most common values or tokens of a column with their counts, at least 2.

        Args:
            column: The column.
            tokens: Count words, each once in a record.
            most: How many to return.
            by_entity: Count what an entity of :meth:`know` has only once.
        """
        name = self._name(column)
        value = f"unnest(list_distinct(string_split({name}, ' ')))" if tokens else name
        counted, table = ("DISTINCT e", "raw JOIN known USING (rid)") if by_entity else ("*", "raw")
        whose = "e" if by_entity else "rid"
        rows = self._all(
            f"SELECT x, count({counted}) AS n "  # noqa: S608 -- a numbered column
            f"FROM (SELECT {whose}, {value} AS x FROM {table} WHERE {name} <> '') "
            f"WHERE x <> '' GROUP BY x HAVING n > 1 ORDER BY n DESC, x LIMIT {most}"
        )
        return [(str(value), int(str(n))) for value, n in rows]

    def know(self, entity: Sequence[int]) -> int:
        """Take in which records seem to be one, to count by entity.

        Args:
            entity: For each record the first record of its entity.

        Returns:
            How many entities there are.
        """
        self._load("known", {"rid": "BIGINT", "e": "BIGINT"}, enumerate(entity))
        return len(set(entity))

    def entities(self, column: str) -> int:
        """Return how many entities of :meth:`know` have a value in a column."""
        name = self._name(column)
        return self._count(
            f"SELECT count(DISTINCT e) FROM raw JOIN known USING (rid) WHERE {name} <> ''"  # noqa: S608 -- a numbered column
        )

    def levels_apart(self, card: Card, *, pairs: int) -> tuple[int, list[dict[int, int]]]:
        """Return how many of some pairs of two entities are at which level, by comparison.

        Args:
            card: The card the records are prepared for.
            pairs: About so many are looked at; the same each time.

        Returns:
            How many were looked at, and for each comparison a count by level; -1 is a blank.
        """
        self._do(
            "CREATE OR REPLACE TEMP TABLE apart AS "
            "SELECT e, row_number() OVER (ORDER BY hash(e), e) - 1 AS n "
            "FROM (SELECT DISTINCT e FROM known)"
        )
        many = self._count("SELECT count(*) FROM apart")
        steps = min(many // 2, max(1, pairs // max(1, many)))
        # Each entity meets as many others, a stride apart in an order without meaning.
        self._do(
            "CREATE OR REPLACE TEMP TABLE strangers AS "  # noqa: S608 -- whole numbers
            "SELECT least(a.e, b.e) AS l, greatest(a.e, b.e) AS r FROM apart a "
            f"CROSS JOIN range(1, {steps + 1}) AS s(k) JOIN apart b ON b.n = (a.n + s.k) % {many} "
            "WHERE a.e <> b.e"
        )
        graded = sql.graded(card, "strangers", "prepared")
        self._do(f"CREATE OR REPLACE TEMP TABLE met AS {graded}")
        found = []
        for number in range(len(card.comparisons)):
            rows = self._all(f"SELECT g{number}, count(*) FROM met GROUP BY 1")  # noqa: S608 -- a number
            found.append({int(str(level)): int(str(n)) for level, n in rows})
        return self._count("SELECT count(*) FROM strangers"), found

    def copied(self, column: str, other: str) -> float:
        """Return the share of records whose words in two columns are mostly the same.

        Of the records with a value in both; half of the words of either have to be of the other.
        """
        one, two = (
            f"list_distinct(string_split({self._name(each)}, ' '))" for each in (column, other)
        )
        both = f"2 * len(list_intersect({one}, {two})) >= greatest(len({one}), len({two}))"
        filled = f"{self._name(column)} <> '' AND {self._name(other)} <> ''"
        (row,) = self._all(
            f"SELECT count(*) FILTER (WHERE {both}), count(*) FROM raw WHERE {filled} "  # noqa: S608 -- numbered columns
            f"AND rid % {max(1, self.rows // _LOOKED_AT)} = 0"
        )
        return int(str(row[0])) / max(1, int(str(row[1])))

    def _name(self, column: str) -> str:
        read = stored(column)
        return f"v{self.columns.index(read)}" if read in self.columns else "NULL::VARCHAR"

    @contextmanager
    def to_train_on(self) -> Iterator[Batch]:
        """Give the records a model is trained on: here all of them, where they are."""
        yield self

    def take(self, card: Card, *, across: bool = False) -> CandidatePairs:
        """Make the records ready to be weighed by a card, and return its candidate pairs.

        Args:
            card: The card.
            across: Leave out pairs within one source.
        """
        self.prepare(card)
        blocked = self.block(card, across=across)
        self.grade(card)
        return blocked

    def prepare(self, card: Card) -> None:
        """Make the records ready to be blocked and weighed by a card.

        A column of the card that the records do not have is blank.
        """
        for number, rows in sql.frequency_rows(card).items():
            named = {"value": "VARCHAR", "bits": "DOUBLE", "rarity": "BIGINT"}
            self._load(_frequency(number), named, ((v, repr(bits), r) for v, bits, r in rows))
        chosen = "".join(
            f", {self._name(column)} AS c{number}"
            for number, column in enumerate(sql.columns(card))
        )
        self._do(f"CREATE OR REPLACE VIEW chosen AS SELECT rid, source{chosen} FROM raw")  # noqa: S608 -- numbered columns
        self._do(f"CREATE OR REPLACE TABLE prepared AS {sql.prepared(card, 'chosen', _frequency)}")

    def pair_counts(self, card: Card, rules: Sequence[Blocking], *, one_in: int = 1) -> list[int]:
        """Return how many pairs each rule would give, from one key in so many.

        The records must be prepared for a card that reads the columns of the rules.
        """
        counts = []
        for rule in rules:
            names = ", ".join(f"x{n}" for n in range(len(rule.columns)))
            picked = f" WHERE hash({names}) % {one_in} = 0" if one_in > 1 else ""
            keys = f"(SELECT * FROM ({sql.keyed(card, rule, 'prepared')}){picked})"  # noqa: S608 -- numbered columns
            counts.append(
                one_in
                * self._count(
                    "SELECT sum(n * (n - 1) // 2) FROM "  # noqa: S608 -- as above
                    f"({sql.shared_keys(rule, keys)}) WHERE n <= {rule.most}"
                )
            )
        return counts

    def block(self, card: Card, *, across: bool = False) -> CandidatePairs:
        """Find the candidate pairs of a prepared card.

        Args:
            card: The card the records were prepared for.
            across: Leave out pairs within one source.
        """
        self._do("CREATE OR REPLACE TABLE found (l BIGINT, r BIGINT)")
        by_rule, skipped, over = [], [], 0
        for rule in card.blocking:
            before = self._count("SELECT count(*) FROM found")
            self._do(f"CREATE OR REPLACE TEMP TABLE keys AS {sql.keyed(card, rule, 'prepared')}")
            self._do(f"CREATE OR REPLACE TEMP TABLE shared AS {sql.shared_keys(rule, 'keys')}")
            pairs = sql.candidates(rule, "keys", "shared", across=across)
            self._do(f"INSERT INTO found {pairs}")
            by_rule.append(self._count("SELECT count(*) FROM found") - before)
            skipped += self._skipped(rule)
            over += self._count(f"SELECT count(*) FROM shared WHERE n > {rule.most}")  # noqa: S608 -- a number
        self._do("DROP TABLE IF EXISTS keys")
        self._do("DROP TABLE IF EXISTS shared")
        self._do("CREATE OR REPLACE TABLE pairs AS SELECT DISTINCT l, r FROM found")
        self._do("DROP TABLE found")
        skipped.sort(key=lambda each: (-each.records, each.columns, each.value))
        return CandidatePairs(
            pairs=self._count("SELECT count(*) FROM pairs"),
            by_rule=tuple(by_rule),
            skipped=tuple(skipped[:_SHOWN]),
            skipped_keys=over,
        )

    def _skipped(self, rule: Blocking) -> list[Skipped]:
        named = ", ".join(f"x{n}" for n in range(len(rule.columns)))
        rows = self._all(
            f"SELECT n, {named} FROM shared WHERE n > {rule.most} "  # noqa: S608 -- numbered columns
            f"ORDER BY n DESC, {named} LIMIT {_SHOWN}"
        )
        return [
            Skipped(columns=rule.columns, value=" ".join(map(str, values)), records=int(str(n)))
            for n, *values in rows
        ]

    def grade(self, card: Card) -> None:
        """Find the levels of every candidate pair; weights may change afterwards, tests may not."""
        self._do(f"CREATE OR REPLACE TABLE graded AS {sql.graded(card, 'pairs', 'prepared')}")

    def weigh(self, card: Card, *, least: float = 0.0) -> int:
        """Weigh the graded pairs and keep those of at least a probability.

        Args:
            card: The card the pairs were graded for, perhaps with other weights.
            least: Probability under which a pair is dropped.

        Returns:
            How many pairs are kept.
        """
        query = sql.weighed(card, "graded")
        self._do(
            f"CREATE OR REPLACE TABLE weighed AS SELECT * FROM ({query}) WHERE p >= {least!r}"  # noqa: S608 -- numbered columns
        )
        return self._count("SELECT count(*) FROM weighed")

    def weights(self, card: Card) -> list[tuple[float, int]]:
        """Return how many candidate pairs have which weight, to a twentieth of a bit."""
        rows = self._all(
            f"SELECT round(weight * {_A_BIT})::BIGINT AS w, count(*) "  # noqa: S608 -- numbered columns
            f"FROM ({sql.weighed(card, 'graded')}) GROUP BY w ORDER BY w"
        )
        return [(int(str(w)) / _A_BIT, int(str(n))) for w, n in rows]

    def shares(self, card: Card) -> list[dict[int, float]]:
        """Return by comparison how many matches are expected at each level that says something."""
        self._do(f"CREATE OR REPLACE TEMP TABLE judged AS {sql.weighed(card, 'graded')}")
        found = []
        for number in range(len(card.comparisons)):
            rows = self._all(
                f"SELECT g{number}, sum(p) FROM judged WHERE g{number} >= 0 GROUP BY 1 ORDER BY 1"  # noqa: S608 -- a number
            )
            found.append({int(str(level)): float(str(n)) for level, n in rows})
        self._do("DROP TABLE judged")
        return found

    def weighed(self, card: Card) -> Iterator[Weighed]:
        """Yield the pairs that were kept, by their records."""
        many = len(card.comparisons)
        shown = "".join(f"g{number}, " for number in range(many))
        self.connection.execute(f"SELECT l, r, {shown}weight, p FROM weighed ORDER BY l, r")  # noqa: S608 -- as above
        while rows := self.connection.fetchmany(_FETCHED):
            for left, right, *levels, weight, probability in rows:
                yield Weighed(
                    left=left,
                    right=right,
                    levels=tuple(levels),
                    weight=weight,
                    probability=probability,
                )

    def possible_pairs(self, *, across: bool = False) -> int:
        """Return how many pairs there are at all, or across sources."""
        if not across:
            return self.rows * (self.rows - 1) // 2
        return (
            self.rows**2
            - self._count("SELECT sum(n * n) FROM (SELECT count(*) AS n FROM raw GROUP BY source)")
        ) // 2

    def beside(self, column: str, other: str, *, least: int) -> dict[str, list[str]]:
        """Return the values of another column by value of a column that enough records share."""
        one, two = self._name(column), self._name(other)
        rows = self._all(
            f"SELECT {one}, string_agg(coalesce({two}, ''), chr(31)) FROM raw "  # noqa: S608 -- numbered columns
            f"WHERE {one} <> '' GROUP BY 1 HAVING count(*) >= {least}"
        )
        return {str(value): str(texts).split(chr(31)) for value, texts in rows}

    def forget(self, column: str, values: Iterable[str]) -> None:
        """Make a column and its parts blank in the records that have one of some values."""
        self._load("forgotten", {"value": "VARCHAR"}, ((value,) for value in values))
        blank = ", ".join(
            f"v{number} = NULL"
            for number, name in enumerate(self.columns)
            if name == column or name.startswith(f"{column}.")
        )
        self._do(
            f"UPDATE raw SET {blank} WHERE {self._name(column)} IN (SELECT value FROM forgotten)"  # noqa: S608 -- as above
        )

    def numbers(self, column: str, value: str) -> set[int]:
        """Return the records that have a value in a column."""
        name = self._name(column)
        rows = self._all(f"SELECT rid FROM raw WHERE {name} = ?", value)  # noqa: S608 -- a numbered column
        return {int(str(rid)) for (rid,) in rows}

    def records(self, these: Iterable[int]) -> dict[int, dict[str, str | None]]:
        """Return the records of some numbers as mappings of column to text."""
        self._load("asked", {"rid": "BIGINT"}, ((each,) for each in sorted(set(these))))
        rows = self._all("SELECT raw.* FROM raw JOIN asked USING (rid)")
        return {
            int(str(rid)): {
                column: None if value is None else str(value)
                for column, value in zip(self.columns, values, strict=True)
            }
            for rid, _source, *values in rows
        }


def _frequency(number: int) -> str:
    return f"frequency{number}"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
