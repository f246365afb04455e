"""Commands that say which records are one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import click

from leadfit.cli.base import FILE, answering, refuse
from leadfit.cli.output import Output, table

if TYPE_CHECKING:
    from leadfit.jobs.file_matching.dedupe import Deduped


class Columns(click.ParamType[tuple[str, ...]]):
    """Names of columns, parted by commas."""

    name = "cols"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names; a comma within a name is not possible."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(","))
        if not all(names):
            self.fail("came an empty name; allowed: column names parted by commas", param, ctx)
        return names


@click.command("dedupe")
@click.argument("records", type=FILE)
@click.option(
    "--kind",
    type=click.Choice(["contact", "account"]),
    required=True,
    help="What a row stands for.",
)
@click.option("--id", "id_column", metavar="COL", help="Column of the record id.")
@click.option("--ignore", type=Columns(), default=(), help="Columns that are not looked at.")
@click.option(
    "--compare",
    type=Columns(),
    default=(),
    help="Columns without a usual name that are compared all the same, as text.",
)
@click.option(
    "--source", metavar="COL", help="Column naming the list of a record; links go across lists."
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Probability from which a pair joins its records.",
)
@click.option(
    "--labels", type=FILE, help="Judged pairs: left_id, right_id, match and perhaps chance."
)
@click.option(
    "--sample",
    type=click.IntRange(1, 100_000),
    help="Draw so many pairs to be judged into --sample-out.",
)
@click.option(
    "--sample-out",
    type=FILE,
    help="Pairs side by side, to be filled in and given back as --labels: .csv or .parquet.",
)
@click.option("--card", type=FILE, help="A trained model card; without one the records train it.")
@click.option("--card-out", type=FILE, help="Write the model card here, as JSON.")
@click.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True
)
@click.option("--out", type=FILE, required=True, help="Entity of each record: .csv or .parquet.")
@click.option("--pairs", type=FILE, help="Weighed pairs of at least 0.01: .csv or .parquet.")
@answering
def dedupe_command(
    output: Output,
    *,
    records: Path,
    kind: str,
    id_column: str | None,
    ignore: tuple[str, ...],
    compare: tuple[str, ...],
    source: str | None,
    threshold: float,
    labels: Path | None,
    sample: int | None,
    sample_out: Path | None,
    card: Path | None,
    card_out: Path | None,
    engine: Literal["duckdb", "spark"],
    out: Path,
    pairs: Path | None,
) -> None:
    """Say which records of a file are one, with a probability for every pair."""
    from leadfit.jobs.file_matching.dedupe import Asked, dedupe  # noqa: PLC0415 -- DuckDB is slow to import
    from leadfit.resolve.model.card import RecordKind  # noqa: PLC0415 -- as above

    if math.isnan(threshold):  # a range lets it pass
        raise refuse("--threshold", threshold, "over 0, at most 1")
    if (sample is None) != (sample_out is None):
        raise click.UsageError("--sample and --sample-out belong together")
    asked = Asked(
        kind=RecordKind(kind),
        threshold=threshold,
        id_column=id_column,
        ignore=ignore,
        compare=compare,
        source=source,
        labels=labels,
        sample=sample or 0,
        card=card,
        engine=engine,
    )
    found = dedupe(
        records,
        asked,
        out=out,
        pairs=pairs,
        card_out=card_out,
        sample_out=sample_out,
        say=output.say,
    )
    output.answer(deduped_document(found, out), lambda: deduped_words(found, out))


def deduped_document(found: Deduped, out: Path) -> dict[str, object]:
    """Return what became of the records as JSON values."""
    return {
        "records": found.records,
        "entities": found.entities,
        "duplicate_pairs": found.duplicates,
        "pairs": found.pairs,
        "candidates": found.candidates,
        "bands": dict(found.bands),
        "related_pairs": found.related,
        "sampled_pairs": found.drawn,
        "card": found.card.digest,
        "id_column": found.id_column,
        "compared": list(found.compared),
        "blocking": dict(found.blocking),
        "skipped_keys": found.skipped_keys,
        "warnings": list(found.warnings),
        "out": str(out),
    }


def deduped_words(found: Deduped, out: Path) -> str:
    """Return the same for a person."""
    counts = table([("records", found.records), ("entities", found.entities)])
    bands = table([(f"pairs: {band}", count) for band, count in found.bands.items()])
    lines = [counts, bands]
    if found.related:
        lines.append(table([("pairs: related", found.related)]))
    if found.drawn:
        lines.append(table([("pairs drawn to be judged", found.drawn)]))
    lines += [f"Compared: {', '.join(found.compared)}"]
    lines += [f"Note: {warning}" for warning in found.warnings]
    lines.append(f"The entity of each record is in {out}; the model is {found.card.digest[:12]}")
    return "\n".join(lines)


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType({"dedupe": dedupe_command})
