"""What does the work on files: the engine that comes with Leadfit, or Spark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from leadfit.store import spark
from leadfit.store.batch import Batch
from leadfit.store.spark import SparkBatch

Engine = Literal["duckdb", "spark"]
_OPTION: Final = "--engine spark"


def check_engine(engine: Engine) -> None:
    """Raise where an engine is not installed.

    Raises:
        MissingExtra: Spark is asked for and the extra ``spark`` is not there.
    """
    if engine == "spark":
        spark.check_installed(_OPTION)


@contextmanager
def batch_on(engine: Engine, columns: Sequence[str]) -> Iterator[Batch]:
    """Give an empty batch on an engine; its records go with it.

    Raises:
        BadInput: No Java runtime starts Spark.
        EngineFailed: Spark gave up.
    """
    if engine == "duckdb":
        with Batch(columns) as batch:
            yield batch
        return
    with spark.session() as session, SparkBatch(columns, session) as batch:
        yield batch
