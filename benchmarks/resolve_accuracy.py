"""Precision, recall and F1 without labels, over pairs and records: Leadfit beside Splink alone.

Both get the same normalised columns. Splink has its own comparisons for each kind of column,
block rules of single columns, its own training and its clusters. They are taken at 0.5, 0.9, 0.95,
0.99 and 0.999, and the best of these stands for it, while Leadfit stands at 0.5, its default. The
public data are looked for in the folder LEADFIT_SHARED names, else in ``../shared``; without them
only generated contacts are measured.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from recording import asked_for_full, record
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.comparison_creator import ComparisonCreator

from leadfit.jobs.file_matching.dedupe import Asked, dedupe
from leadfit.jobs.files.records import RecordFile, read_records
from leadfit.jobs.files.tables import write_table
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.model.comparisons import Field
from leadfit.resolve.normal import Column
from leadfit.resolve.pairs.cluster import pairs_within
from leadfit.store.batch import Batch
from leadfit.testing.contacts import HEADERS, contacts
from leadfit.world import SystemWorld

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LEADFIT_SHARED", ROOT.parent / "shared"))  # noqa: TID251 -- where data lie
_MOST_PAIRS = 2_000_000
_TRAINING_PAIRS = 500_000
_CUTS = (0.5, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file with its truth, and how it is read."""

    name: str
    path: Path
    kind: RecordKind = RecordKind.CONTACT
    record_id: str = "unique_id"
    ignore: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    source: str | None = None

    def asked(self) -> Asked:
        """Return how Leadfit is asked."""
        return Asked(
            kind=self.kind,
            id_column=self.record_id,
            ignore=("cluster", *self.ignore),
            compare=self.compare,
            source=self.source,
        )


def cases(folder: Path, *, full: bool) -> Iterator[Case]:
    generated = folder / "generated.csv"
    rows = (
        (f"c{number}", entity, *(value or "" for value in values))
        for number, (entity, values) in enumerate(contacts(20_000 if full else 2_000, seed=3))
    )
    write_table(generated, ("unique_id", "cluster", *HEADERS), rows)
    yield Case(name="generated", path=generated)
    identity = SHARED / "data" / "identity"
    if not identity.is_dir():
        print(f"no public data at {identity}: only generated contacts are measured")
        return
    row_number = ("__index_level_0__",)
    shared = [
        Case(name="febrl3", path=identity / "febrl3.parquet"),
        Case(name="febrl4", path=identity / "febrl4.parquet", ignore=row_number, source="src"),
        Case(name="fake_1000", path=identity / "fake_1000.parquet"),
        Case(
            name="fodors_zagats",
            path=identity / "fodors_zagats.parquet",
            kind=RecordKind.ACCOUNT,
            ignore=("class", "addr6", "tok1", "street_no"),
            source="src",
        ),
        Case(
            name="patstat_applicants",
            path=identity / "patstat_applicants.parquet",
            kind=RecordKind.ACCOUNT,
        ),
        Case(
            name="patstat_with_coauthors_and_classes",
            path=identity / "patstat_applicants.parquet",
            kind=RecordKind.ACCOUNT,
            ignore=("name_clean",),
            compare=("Coauthor", "Class"),
        ),
        Case(
            name="synthetic_b2b_20k",
            path=identity / "synthetic_b2b_20k.parquet",
            ignore=("tok", *row_number),
        ),
        Case(
            name="historical_50k",
            path=identity / "historical_50k.parquet",
            ignore=("full_name", "first_and_surname", "first_name_surname_concat"),
        ),
    ]
    yield from shared if full else shared[:3]


def truth_of(case: Case) -> dict[str, str]:
    query = f"SELECT {case.record_id}::VARCHAR, cluster::VARCHAR FROM '{case.path}'"
    return {str(name): str(entity) for name, entity in duckdb.connect().execute(query).fetchall()}


def scores(entity: Mapping[str, str], truth: Mapping[str, str]) -> dict[str, float]:
    """Return precision, recall and F1 over pairs, and over records.

    Over records (B-cubed; Bagga and Baldwin 1998) an entity counts by its records, over pairs by
    their square: one of 676 records then outweighs all others.
    """
    ours = [entity[name] for name in truth]
    both = pairs_within(zip(ours, truth.values(), strict=True))
    precision = both / max(1, pairs_within(ours))
    recall = both / max(1, pairs_within(truth.values()))
    f1 = 2 * precision * recall / max(1e-12, precision + recall)
    cells = Counter(zip(ours, truth.values(), strict=True))
    found, true = Counter(ours), Counter(truth.values())
    pure = sum(n * n / found[one] for (one, _), n in cells.items()) / len(ours)
    whole = sum(n * n / true[other] for (_, other), n in cells.items()) / len(ours)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "f1_over_records": round(2 * pure * whole / (pure + whole), 4),
    }


def best_of(
    entities: Mapping[float, Mapping[str, str]], truth: Mapping[str, str]
) -> dict[str, float]:
    """Return the figures of the cut with the best F1, which only the truth can tell."""
    every = {cut: scores(entity, truth) for cut, entity in entities.items()}
    best = max(every, key=lambda cut: every[cut]["f1"])
    return {**every[best], "cut": best, "f1_at_half": every[_CUTS[0]]["f1"]}


def by_leadfit(case: Case, folder: Path) -> dict[str, str]:
    out = folder / "entities.parquet"
    dedupe(case.path, case.asked(), out=out)
    rows = duckdb.connect().execute(f"SELECT record_id, entity_id FROM '{out}'").fetchall()
    return {str(name): str(entity) for name, entity in rows}


def by_splink(case: Case) -> dict[float, dict[str, str]]:
    """Return the entities of Splink alone for every cut."""
    asked = case.asked()
    file = read_records(
        case.path,
        case.kind,
        id_column=asked.id_column,
        ignore=asked.ignore,
        compare=asked.compare,
        source=asked.source,
    )
    with Batch(file.columns) as batch, quiet():
        batch.fill(file.rows())
        told = [field for field in file.fields if batch.filled(field.name)[1] > 1]
        return splink_clusters(batch, file, told)


def splink_clusters(
    batch: Batch, file: RecordFile, told: Sequence[Field], cuts: Sequence[float] = _CUTS
) -> dict[float, dict[str, str]]:
    names = {field.name: f"f{number}" for number, field in enumerate(told)}
    shown = ", ".join(
        f"nullif(v{batch.columns.index(field.name)}, '') AS {names[field.name]}" for field in told
    )
    batch.connection.execute(
        f"CREATE TABLE plain AS SELECT rid AS unique_id, source AS source_dataset, {shown} FROM raw"
    ).fetchall()
    rules = [block_on(names[field.name]) for field in told]
    counts = {name: pairs_of(batch, name) for name in names.values()}
    used = [name for name in names.values() if 0 < counts[name] <= _MOST_PAIRS]
    settings = SettingsCreator(
        link_type="link_only" if file.sources else "dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=[splink_comparison(field, names[field.name]) for field in told],
        blocking_rules_to_generate_predictions=[
            rule for rule, name in zip(rules, names.values(), strict=True) if name in used
        ],
    )
    api = DuckDBAPI(connection=batch.connection)
    tables = [api.register("plain", table_name="plain_records")]
    if file.sources:
        tables = []
        for number, source in enumerate(sorted(set(file.sources))):
            batch.connection.execute(
                f"CREATE TABLE part{number} AS SELECT * FROM plain WHERE source_dataset = ?",
                [source],
            ).fetchall()
            tables.append(api.register(f"part{number}", table_name=f"part_{number}"))
    linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level=logging.ERROR)
    deterministic = sorted(used, key=lambda name: counts[name])[:3]
    linker.training.estimate_probability_two_random_records_match(
        [block_on(name) for name in deterministic[:1]], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for name in deterministic:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(name), max_pairs=_TRAINING_PAIRS
        )
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    found = {}
    for cut in cuts:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=cut
        )
        found[cut] = {
            file.ids[int(row["unique_id"])]: str(row["cluster_id"])
            for row in clusters.as_record_list()
        }
    return found


def pairs_of(batch: Batch, name: str) -> int:
    counts = f"SELECT count(*) AS n FROM plain WHERE {name} <> '' GROUP BY {name}"
    query = f"SELECT sum(n * (n - 1) // 2) FROM ({counts})"
    rows = batch.connection.execute(query).fetchall()
    return int(rows[0][0] or 0)


def splink_comparison(field: Field, name: str) -> ComparisonCreator:
    match field.column:
        case Column.FIRST_NAME | Column.SURNAME | Column.NAME:
            return cl.NameComparison(name)
        case Column.EMAIL:
            return cl.EmailComparison(name)
        case Column.POSTCODE | Column.REGION | Column.COUNTRY | Column.DOMAIN:
            return cl.ExactMatch(name).configure(term_frequency_adjustments=True)
        case Column.DATE | Column.IDENTIFIER | Column.PHONE:
            return cl.DamerauLevenshteinAtThresholds(name, [1, 2])
        case _:
            return cl.JaroWinklerAtThresholds(name, [0.92, 0.8])


@contextmanager
def quiet() -> Iterator[None]:
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    yield


def main() -> None:
    full = asked_for_full(__doc__)
    clock = SystemWorld().monotonic_s
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in cases(folder, full=full):
            truth = truth_of(case)
            start = clock()
            ours = scores(by_leadfit(case, folder), truth)
            between = clock()
            try:
                theirs: object = best_of(by_splink(case), truth)
            except (ValueError, duckdb.Error) as error:
                theirs = f"did not end: {str(error).splitlines()[0][:120]}"
            figures[case.name] = {
                "leadfit": ours,
                "leadfit_s": round(between - start, 1),
                "splink": theirs,
                "splink_s": round(clock() - between, 1),
            }
            print(case.name, figures[case.name], flush=True)
    record("resolve_accuracy", figures, full=full)


if __name__ == "__main__":
    main()
