"""The same contacts matched on DuckDB and on Spark with two cores, in one run: rows and seconds.

Both weigh the same pairs by the same model, which is trained once, on the driver. What is timed is
what Spark takes over: candidates and weights. Starting Spark is told apart. Rows that differ are
counted; so are pairs whose probability differs by more than 1e-9.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from recording import asked_for_full, record

from leadfit.errors import LeadfitError
from leadfit.jobs.files.records import Normal
from leadfit.resolve.model.card import Card, RecordKind
from leadfit.resolve.model.comparisons import fields_of
from leadfit.resolve.normal import recognise
from leadfit.resolve.pairs.cluster import Clusters, WeighedPair, cluster
from leadfit.store import linkage, spark
from leadfit.store.batch import Batch, Weighed
from leadfit.store.drafting import draft
from leadfit.testing.contacts import HEADERS, contacts
from leadfit.world import SystemWorld

_FULL = 200_000
_SMALL = 5_000
_LEAST = 0.01
_SAME = 1e-9


def main() -> None:
    full = asked_for_full(__doc__)
    count = _FULL if full else _SMALL
    clock = SystemWorld().monotonic_s
    # Two cores, as the other engine has here, whatever the machine has.
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--master local[2] pyspark-shell")  # noqa: TID251 -- Spark's own
    fields = fields_of(recognise(HEADERS))
    names = [column for field in fields for column in field.columns]
    normal = Normal(fields)
    rows: list[Sequence[str | None]] = [
        [None, *normal.of(values)] for _, values in contacts(count, seed=7)
    ]
    with Batch(names, threads=2) as batch:
        batch.fill(rows)
        start = clock()
        trained = linkage.train(batch, draft(batch, fields, RecordKind.CONTACT))
        learned = clock() - start
        here, blocked, seconds = _matched(batch, trained.card)
    start = clock()
    with spark.session() as session:
        started = clock() - start
        with spark.SparkBatch(names, session) as other:
            other.fill(rows)
            there, also, theirs = _matched(other, trained.card)
    figures = {
        "contacts": count,
        "candidates": {"duckdb": blocked, "spark": also},
        "pairs_kept": {"duckdb": len(here), "spark": len(there)},
        **_compared(here, there),
        "clusters_equal": _clusters(count, here) == _clusters(count, there),
        "seconds": {"train on the driver": round(learned, 2), "start Spark": round(started, 2)},
        "duckdb_seconds": {name: round(value, 2) for name, value in seconds.items()},
        "spark_seconds": {name: round(value, 2) for name, value in theirs.items()},
        "spark_over_duckdb": round(sum(theirs.values()) / sum(seconds.values()), 1),
    }
    record("resolve_spark", figures, full=full)


def _matched(
    batch: Batch, card: Card
) -> tuple[dict[tuple[int, int], Weighed], int, dict[str, float]]:
    clock = SystemWorld().monotonic_s
    start = clock()
    blocked = batch.take(card)
    taken = clock()
    batch.weigh(card, least=_LEAST)
    done = clock()
    kept = {(each.left, each.right): each for each in batch.weighed(card)}
    return kept, blocked.pairs, {"find pairs": taken - start, "weigh": done - taken}


def _compared(
    here: dict[tuple[int, int], Weighed], there: dict[tuple[int, int], Weighed]
) -> dict[str, object]:
    both = here.keys() & there.keys()
    differences = [abs(here[pair].probability - there[pair].probability) for pair in both]
    return {
        "rows_that_differ": len(here.keys() ^ there.keys())
        + sum(here[pair] != there[pair] for pair in both),
        "probabilities_that_differ": sum(each > _SAME for each in differences),
        "largest_difference": max(differences, default=0.0),
    }


def _clusters(count: int, kept: dict[tuple[int, int], Weighed]) -> Clusters:
    def links() -> Iterator[WeighedPair]:
        for (left, right), each in sorted(kept.items()):
            yield WeighedPair(left=left, right=right, probability=each.probability)

    return cluster(count, links())


if __name__ == "__main__":
    try:
        main()
    except LeadfitError as error:
        sys.exit(str(error))
