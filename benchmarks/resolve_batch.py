"""A million contacts deduped in batch: seconds of every step, memory at its highest.

Normalising is timed apart: it is done once, when a record is written. Splink alone does the same
from the same normalised columns afterwards, with its own comparisons, training and clusters; its
memory is not told, since that of one process only grows.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from time import process_time

from recording import asked_for_full, record
from resolve_accuracy import quiet, splink_clusters

from leadfit.exports.sheets import Sheet
from leadfit.jobs.files.records import Normal, RecordFile
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.model.comparisons import fields_of
from leadfit.resolve.normal import recognise
from leadfit.resolve.pairs.cluster import WeighedPair, cluster, pairs_within
from leadfit.store import linkage
from leadfit.store.batch import Batch
from leadfit.store.drafting import draft
from leadfit.testing.contacts import HEADERS, contacts
from leadfit.world import SystemWorld

_FULL = 1_000_000
_SMALL = 30_000
_CUT = 0.5
"""Probability from which pairs join, as in ours."""


def main() -> None:
    full = asked_for_full(__doc__)
    count = _FULL if full else _SMALL
    clock = SystemWorld().monotonic_s
    fields = fields_of(recognise(HEADERS))
    names = [column for field in fields for column in field.columns]
    normal = Normal(fields)
    seconds: dict[str, float] = {}
    entities: list[int] = []

    def rows() -> Iterator[Sequence[str | None]]:
        for entity, values in contacts(count, seed=7):
            entities.append(entity)
            before = clock()
            row = normal.of(values)
            seconds["normalise"] = seconds.get("normalise", 0.0) + clock() - before
            yield [None, *row]

    with Batch(names) as batch:
        loaded = clock()
        batch.fill(rows())
        start, began = clock(), process_time()
        seconds["generate and load"] = start - loaded - seconds["normalise"]
        card = draft(batch, fields, RecordKind.CONTACT)
        drafted = clock()
        trained = linkage.train(batch, card)
        learned = clock()
        batch.weigh(trained.card, least=0.01)
        links = [
            WeighedPair(left=each.left, right=each.right, probability=each.probability)
            for each in batch.weighed(trained.card)
        ]
        weighed = clock()
        found = cluster(count, links)
        done, used = clock(), process_time()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        file = RecordFile(
            ids=[str(number) for number in range(count)],
            id_column=None,
            fields=fields,
            unknown=(),
            sources=(),
            sheet=Sheet(name="generated", columns={}),
        )
        with quiet():
            theirs = splink_clusters(batch, file, fields, (_CUT,))[_CUT]
        peer_s, peer_cpu = clock() - done, process_time() - used
    seconds |= {
        "choose comparisons and rules": drafted - start,
        "block and train": learned - drafted,
        "weigh": weighed - learned,
        "cluster": done - weighed,
        "in all without normalising and loading": done - start,
    }
    both = pairs_within(zip(found.entity, entities, strict=True))
    named = [theirs[name] for name in file.ids]
    of_theirs = pairs_within(zip(named, entities, strict=True))
    figures = {
        "contacts": count,
        "candidates": trained.blocked.pairs,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "cpu_seconds_without_normalising_and_loading": round(used - began, 2),
        "highest_memory_mb": memory,
        "precision": round(both / max(1, pairs_within(found.entity)), 4),
        "recall": round(both / max(1, pairs_within(entities)), 4),
        "splink_alone": {
            "seconds": round(peer_s, 2),
            "cpu_seconds": round(peer_cpu, 2),
            "precision": round(of_theirs / max(1, pairs_within(named)), 4),
            "recall": round(of_theirs / max(1, pairs_within(entities)), 4),
        },
    }
    record("resolve_batch", figures, full=full)


if __name__ == "__main__":
    main()
