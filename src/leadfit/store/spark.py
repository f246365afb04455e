"""Candidates and weights on Apache Spark, for more records than one machine weighs in time.

Spark joins the records that share a key and weighs the pairs; :mod:`leadfit.resolve.model.arrow` is
what it runs over each batch, by the same Python code that weighs a lead live. The records
themselves, what a model learns from them, and the pairs that are kept stay with :class:`Batch` on
the driver.

It needs the extra ``spark`` and Java 17 or newer. Where nothing else is said Spark runs in this
process's machine, on all its cores; ``PYSPARK_SUBMIT_ARGS`` and Spark's own files say otherwise.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from leadfit.errors import BadInput, EngineFailed, Fault, MissingExtra, Words
from leadfit.resolve.model import arrow
from leadfit.resolve.model.blocking import SEPARATOR
from leadfit.resolve.model.card import Card, to_json
from leadfit.store.batch import Batch, CandidatePairs, Row, Skipped

if TYPE_CHECKING:
    import pyarrow as pa
    from py4j.java_gateway import JavaGateway
    from pyspark.sql import DataFrame, SparkSession

TRAINED_ON: Final = 1_000_000
"""Records a model is trained on at most: what the driver's own engine does in half a minute."""
_SETTINGS: Final = (
    ("spark.app.name", "leadfit"),
    ("spark.ui.enabled", "false"),
    ("spark.ui.showConsoleProgress", "false"),
    ("spark.log.level", "ERROR"),
    # The driver takes in what is kept of all parts, which may be more than Spark's 1 GB.
    ("spark.driver.maxResultSize", "0"),
)
_PARTS_A_CORE: Final = 4
_ANY_PYTHON: Final = "python3"
"""What Spark starts where nobody names an interpreter: the first one on the path."""
_READ: Final = 2_000

_SHOWN: Final = 20
_FETCHED: Final = 50_000
_DRIVER_MB: Final = 1_200
"""What the engine of the driver itself may take."""


def check_installed(what: str) -> None:
    """Raise where the extra is not installed.

    Raises:
        MissingExtra: It is not.
    """
    try:
        import pyarrow as pa  # noqa: F401, PLC0415 -- an extra
        import pyspark  # noqa: F401, PLC0415 -- an extra
    except ImportError as error:
        raise MissingExtra("spark", what) from error


@contextmanager
def session() -> Iterator[SparkSession]:
    """Give a session of Spark: the one that is active, else one of our own that ends after it.

    What Spark and its Java runtime say goes to a file of its own, never to standard output.

    Raises:
        BadInput: No Java runtime starts it.
        EngineFailed: Spark gives up while it is used.
        MissingExtra: The extra ``spark`` is not installed.
    """
    check_installed("--engine spark")
    from py4j.protocol import Py4JError  # noqa: PLC0415 -- an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an extra
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- an extra

    active = SparkSession.getActiveSession()
    try:
        with nullcontext(active) if active is not None else _own_session() as found:
            yield found
    except ConnectionError as error:
        raise EngineFailed("spark", "its Java process ended, perhaps out of memory") from error
    except (PySparkException, Py4JError) as error:
        raise EngineFailed("spark", _first_line(error)) from error


@contextmanager
def _own_session() -> Iterator[SparkSession]:
    from pyspark import SparkContext  # noqa: PLC0415 -- an extra
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- an extra

    context = SparkContext(gateway=_java())
    found = SparkSession.builder.getOrCreate()
    try:
        if context.master.startswith("local"):
            found.conf.set(
                "spark.sql.shuffle.partitions", _PARTS_A_CORE * context.defaultParallelism
            )
            if context.pythonExec == _ANY_PYTHON:
                context.pythonExec = sys.executable
        yield found
    finally:
        found.stop()


@cache
def _java() -> JavaGateway:
    """Start Spark's Java process, once; it ends with this one."""
    from pyspark import SparkConf  # noqa: PLC0415 -- an extra
    from pyspark.errors import PySparkRuntimeError  # noqa: PLC0415 -- an extra
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415 -- an extra

    said = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as the process
    settings = SparkConf(loadDefaults=False).setAll(_SETTINGS)
    try:
        return launch_gateway(settings, popen_kwargs={"stdout": said, "stderr": said})
    except (PySparkRuntimeError, OSError) as error:
        came = Words(f"spark, but its Java process did not start: {_told(said) or error}")
        allowed = "duckdb; or spark with Java 17 or newer on the path or in JAVA_HOME"
        raise BadInput(Fault(place="--engine", came=came, allowed=allowed)) from error


def _told(said: IO[bytes]) -> str:
    """Return the first line in which the Java process or its start script tells of trouble."""
    said.seek(0)
    lines = said.read(_READ).decode("utf-8", "replace").splitlines()
    return next((line for line in lines if line.strip() and not line.startswith("WARN")), "")


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def each_text(
    session: SparkSession,
    texts: Sequence[str],
    work: Callable[[Path, str, Sequence[str]], Sequence[str]],
    file: Path,
    more: str,
) -> list[str]:
    """Return what ``work`` makes of every text, in their order.

    Args:
        session: Where it is done.
        texts: They are dealt out to all processes.
        work: Takes the place of the file in its process, ``more`` and some of the texts; it is
            a function of a module, which every process finds by its name.
        file: Every machine gets a copy; no other file of its name may have been sent before.
        more: What else the work needs.
    """
    import pyarrow as pa  # noqa: PLC0415 -- an extra

    session.sparkContext.addFile(str(file))
    given = session.createDataFrame(pa.table({"number": range(len(texts)), "text": list(texts)}))
    answered = given.mapInArrow(_with(_each, work, file.name, more), "number bigint, text string")
    table = answered.toArrow().sort_by("number")
    return [str(text) for text in table.column("text").to_pylist()]


def _each(
    batches: Iterable[pa.RecordBatch],
    work: Callable[[Path, str, Sequence[str]], Sequence[str]],
    name: str,
    more: str,
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa  # noqa: PLC0415 -- an extra
    from pyspark import SparkFiles  # noqa: PLC0415 -- an extra

    for batch in batches:
        texts = work(Path(SparkFiles.get(name)), more, batch.column("text").to_pylist())
        yield pa.record_batch(
            [batch.column("number"), pa.array(texts, pa.string())], ["number", "text"]
        )


class SparkBatch(Batch):
    """Records of one matching run whose pairs are found and weighed by Spark.

    Args:
        columns: Names of the normalised columns.
        session: Where pairs are found and weighed.
        trained_on: How many records a model is trained on at most.
    """

    def __init__(
        self,
        columns: Sequence[str],
        session: SparkSession,
        *,
        trained_on: int = TRAINED_ON,
    ) -> None:
        super().__init__(columns, memory_mb=_DRIVER_MB)
        self._session = session
        self._trained_on = trained_on
        self._records: DataFrame | None = None
        self._pairs: DataFrame | None = None
        self._held: list[DataFrame] = []

    def close(self) -> None:
        """Drop the records, here and on Spark."""
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        while self._held:
            self._held.pop().unpersist()

    def _hold(self, frame: DataFrame) -> DataFrame:
        self._held.append(frame.persist())
        return self._held[-1]

    @contextmanager
    def to_train_on(self) -> Iterator[Batch]:
        """Give the records a model is trained on: all, or some drawn by chance."""
        with Batch(self.columns) as some:
            some.fill(self._drawn(self._trained_on))
            yield some

    def _drawn(self, most: int) -> Iterator[Row]:
        drawn = "raw"
        if self.rows > most:
            drawn = f"(SELECT * FROM raw ORDER BY hash(rid), rid LIMIT {most})"  # noqa: S608 -- a whole number
        self.connection.execute(f"SELECT * EXCLUDE (rid) FROM {drawn} ORDER BY rid")  # noqa: S608 -- as above
        while rows := self.connection.fetchmany(_FETCHED):
            yield from rows

    def take(self, card: Card, *, across: bool = False) -> CandidatePairs:
        """Find the candidate pairs of a card on Spark; see :meth:`Batch.take`."""
        self._let_go()
        ask = self._session.sql
        self._records = self._hold(self._handed_over(card))
        keys = self._hold(
            self._records.mapInArrow(_with(arrow.keyed, to_json(card)), arrow.KEY_COLUMNS)
        )
        shared = self._hold(ask(_shared(card), keys=keys))
        found = self._hold(ask(_found(across=across), keys=keys, shared=shared))
        by_rule = dict(
            ask("SELECT rule, count(*) FROM {found} GROUP BY rule", found=found).collect()
        )
        self._pairs = self._hold(ask("SELECT DISTINCT l, r FROM {found}", found=found))
        skipped = [
            Skipped(
                columns=card.blocking[rule].columns,
                value=key.replace(SEPARATOR, " "),
                records=n,
            )
            for rule, key, n in ask(_SKIPPED, shared=shared).collect()
        ]
        skipped.sort(key=lambda each: (-each.records, each.columns, each.value))
        return CandidatePairs(
            pairs=self._pairs.count(),
            by_rule=tuple(by_rule.get(number, 0) for number in range(len(card.blocking))),
            skipped=tuple(skipped[:_SHOWN]),
            skipped_keys=ask("SELECT * FROM {shared} WHERE n > most", shared=shared).count(),
        )

    def _handed_over(self, card: Card) -> DataFrame:
        values = ", ".join(f"coalesce({self._name(each)}, '')" for each in arrow.columns(card))
        table = self.connection.sql(
            f"SELECT rid, source, concat_ws(chr({ord(SEPARATOR)}), {values}) AS text FROM raw"  # noqa: S608 -- numbered columns
        ).to_arrow_table()
        return self._session.createDataFrame(table)

    def weigh(self, card: Card, *, least: float = 0.0) -> int:
        """Weigh the pairs of a card that was taken, on Spark; see :meth:`Batch.weigh`."""
        both = self._session.sql(
            "SELECT p.l, p.r, l.text AS one, r.text AS other FROM {pairs} p "
            "JOIN {records} l ON l.rid = p.l JOIN {records} r ON r.rid = p.r",
            pairs=self._pairs,
            records=self._records,
        )
        weighed = both.mapInArrow(
            _with(arrow.weighed, to_json(card), least), arrow.weighed_columns(card)
        )
        self.connection.register("arrived", weighed.toArrow())
        self._do("CREATE OR REPLACE TABLE weighed AS SELECT * FROM arrived")
        self.connection.unregister("arrived")
        return self._count("SELECT count(*) FROM weighed")


def _with(
    work: Callable[..., Iterator[pa.RecordBatch]], *more: object
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return ``work`` as Spark sends it: with what it needs, and by its name for the rest."""

    # A partial has no name, which Spark asks for.
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return work(batches, *more)

    return run


def _shared(card: Card) -> str:
    """Return a query of the keys that more than one record has, and how many may."""
    cases = " ".join(f"WHEN {number} THEN {rule.most}" for number, rule in enumerate(card.blocking))
    return (
        f"SELECT rule, key, count(*) AS n, CASE rule {cases} END AS most FROM {{keys}} "  # noqa: S608 -- whole numbers
        "GROUP BY rule, key HAVING count(*) > 1"
    )


def _found(*, across: bool) -> str:
    """Return a query of the pairs that share a key that is not over its cap."""
    apart = " AND l.source IS DISTINCT FROM r.source" if across else ""
    return (
        "WITH used AS (SELECT k.* FROM {keys} k JOIN {shared} s USING (rule, key) "  # noqa: S608 -- no name but Spark's own
        "WHERE s.n <= s.most) "
        "SELECT l.rule, l.rid AS l, r.rid AS r FROM used l JOIN used r USING (rule, key) "
        f"WHERE l.rid < r.rid{apart}"
    )


_SKIPPED: Final = (
    "SELECT rule, key, n FROM (SELECT *, row_number() OVER (PARTITION BY rule ORDER BY n DESC, key)"  # noqa: S608 -- as above
    f" AS place FROM {{shared}} WHERE n > most) WHERE place <= {_SHOWN}"
)
