"""Finds which records of a file are one, without labels or with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leadfit.jobs.file_matching.engines import Engine, batch_on, check_engine
from leadfit.jobs.file_matching.family import Family, family_of
from leadfit.jobs.file_matching.judging import (
    LEAST,
    Pair,
    Work,
    bands_of,
    judged,
    learn_from,
    least_of,
)
from leadfit.jobs.file_matching.labels import (
    Label,
    Labels,
    check_enough,
    drawn_pairs,
    read_labels,
    sheet_rows,
)
from leadfit.jobs.files.cards import read_card
from leadfit.jobs.files.records import RecordFile, read_records
from leadfit.jobs.files.tables import check_places, write_table, write_text
from leadfit.records import Band, Relation
from leadfit.resolve.from_labels.cuts import told
from leadfit.resolve.from_labels.sampling import Drawn
from leadfit.resolve.model.card import Card, RecordKind, to_json
from leadfit.resolve.pairs.cluster import (
    SILENT,
    Clusters,
    WeighedPair,
    cluster,
    named,
    pairs_within,
)
from leadfit.resolve.relatives.domains import learn_shared_domains
from leadfit.store import linkage
from leadfit.store.batch import Batch
from leadfit.store.drafting import FAMILY, draft

_FEWEST_AT_A_DOMAIN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduped:
    """What became of a file of records.

    Attributes:
        records: How many there are.
        entities: How many different ones.
        duplicates: Pairs of records that are one entity.
        pairs: Pairs told, of at least :data:`LEAST`.
        candidates: Pairs that were weighed.
        bands: Pairs by band.
        card: The model that was used.
        id_column: Where the ids were read; ``None`` where they are row numbers.
        compared: Columns of the file that were compared.
        blocking: Keys that records met by, with the pairs of each.
        skipped_keys: Keys that too many records share.
        related: Pairs told that are two of one family, such as parent and site.
        drawn: Pairs written to be judged.
        warnings: What the user should know.
    """

    records: int
    entities: int
    duplicates: int
    pairs: int
    candidates: int
    bands: Mapping[str, int]
    card: Card
    id_column: str | None
    compared: tuple[str, ...]
    blocking: Mapping[str, int]
    skipped_keys: int
    related: int
    drawn: int
    warnings: tuple[str, ...]


_HALF: Final = 0.5
"""Probability from which a pair joins its records where nothing else is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user asked for beside the file itself.

    Attributes:
        kind: What a row stands for.
        threshold: Probability from which a pair joins its records.
        id_column: Column of the id.
        ignore: Columns that are not looked at.
        compare: Columns without a usual name that are compared as text.
        source: Column that says which list a record is from; only records of two lists match.
        labels: A file of pairs somebody judged.
        sample: How many pairs to draw for somebody to judge.
        card: A trained card; without one the records themselves train it.
        engine: What does the work.
    """

    kind: RecordKind
    threshold: float = _HALF
    id_column: str | None = None
    ignore: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    source: str | None = None
    labels: Path | None = None
    sample: int = 0
    card: Path | None = None
    engine: Engine = "duckdb"


def dedupe(
    records: Path,
    asked: Asked,
    *,
    out: Path,
    pairs: Path | None = None,
    card_out: Path | None = None,
    sample_out: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Deduped:
    """Find which records are one and write the entity of each, whole or not at all.

    Args:
        records: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        asked: How.
        out: Entity of each record: ``.csv`` or ``.parquet``.
        pairs: The same for pairs of at least :data:`LEAST`, and relatives that are known.
        card_out: Where the model goes as JSON.
        sample_out: Where drawn pairs go, to be judged and given back as labels.
        say: Gets words about the progress.

    Raises:
        BadInput: Every fault of files and options; nothing was written.
        EngineFailed: Spark gave up; nothing was written.
        MissingExtra: Training asks for the extra ``linkage``, Spark for ``spark``.
    """
    check_engine(asked.engine)
    check_places(
        (records, asked.labels, asked.card),
        tables={"out": out, "pairs": pairs, "sample_out": sample_out},
        texts={"card_out": card_out},
    )
    given = _read_card(asked)
    file = read_records(
        records,
        asked.kind,
        id_column=asked.id_column,
        ignore=asked.ignore,
        compare=asked.compare,
        source=asked.source,
    )
    labels = _read_labels(asked, file)
    say(f"{len(file.ids)} records are normalised")
    work, every = _weighed(file, asked, given, labels, say)
    drawn = _drawn(every, asked, file, labels.pairs)
    kept = [pair for pair in every if pair.probability >= LEAST or pair.is_kin]
    bands = bands_of(work, kept)
    clusters = _joined(file, kept, asked.threshold)
    if sample_out is not None:
        header, sheet = sheet_rows(file, drawn)
        write_table(sample_out, header, sheet)
    if pairs is not None:
        # What a pair is told to be does not depend on how far the user joins.
        told_by = clusters if asked.threshold == _HALF else _joined(file, kept, _HALF)
        write_table(
            pairs, _PAIR_COLUMNS, _pair_rows(file, kept, bands, told_by), numbers=("probability",)
        )
    if card_out is not None:
        write_text(card_out, to_json(work.card))
    write_table(
        out, ("record_id", "entity_id"), zip(file.ids, named(clusters, file.ids), strict=True)
    )
    return _told(work, kept, bands, clusters, len(drawn))


def _weighed(
    file: RecordFile,
    asked: Asked,
    given: Card | None,
    labels: Labels,
    say: Callable[[str], None],
) -> tuple[Work, list[Pair]]:
    """Return the file with its card, and the pairs worth telling, or all for a sample."""
    rows, columns, family = _with_family(file)
    with batch_on(asked.engine, columns) as batch:
        batch.fill(rows)
        work = _with_card(file, batch, given, asked, family, say=say)
        if labels.pairs:
            learn_from(work, labels)
        batch.weigh(work.card, least=least_of(work, keep_all=bool(asked.sample)))
        say(f"{work.blocked.pairs} pairs are weighed")
        return work, judged(work, keep_all=bool(asked.sample))


def _read_labels(asked: Asked, file: RecordFile) -> Labels:
    if asked.labels is None:
        return Labels()
    labels = read_labels(asked.labels, file.ids)
    check_enough(labels)
    return labels


def _joined(file: RecordFile, pairs: Sequence[Pair], threshold: float) -> Clusters:
    links = (
        WeighedPair(
            left=pair.left,
            right=pair.right,
            probability=pair.probability,
            is_related=pair.is_apart,
        )
        for pair in pairs
    )
    return cluster(len(file.ids), links, threshold=threshold, sources=file.sources, silent=SILENT)


def _with_family(
    file: RecordFile,
) -> tuple[Iterator[list[str | None]], tuple[str, ...], Family]:
    """Return rows and columns of a file, with the groups of each account where it tells some."""
    if not file.tells_kin():
        return file.rows(), file.columns, Family()
    family = family_of(file.ids, file.domains(), file.parents)
    rows = ([*row, family.text(number)] for number, row in enumerate(file.rows()))
    return rows, (*file.columns, FAMILY), family


def _read_card(asked: Asked) -> Card | None:
    if asked.card is None:
        linkage.check_installed("dedupe without a --card")
        return None
    return read_card(asked.card, asked.kind)


def _with_card(
    file: RecordFile,
    batch: Batch,
    given: Card | None,
    asked: Asked,
    family: Family,
    *,
    say: Callable[[str], None],
) -> Work:
    across = bool(file.sources)
    warnings = _warnings(file)
    if asked.kind is RecordKind.ACCOUNT:
        warnings += _without_shared_domains(batch)
    if given is not None:
        blocked = batch.take(given, across=across)
        return Work(file, batch, given, blocked, family, warnings)
    say("a model is trained without labels")
    drafted = draft(batch, file.fields, asked.kind)
    with batch.to_train_on() as some:
        trained = linkage.train(some, drafted, across=across)
    # Where the batch trained the model itself, the candidates are there.
    blocked = trained.blocked if some is batch else batch.take(trained.card, across=across)
    if some.rows < batch.rows:
        warnings.append(f"the model is trained on {some.rows} records drawn by chance")
    if trained.is_doubtful:
        warnings.append(
            "the columns do not tell which records are one: most that agree in them may be "
            "strangers; labels or further columns are needed (--sample draws pairs to judge)"
        )
    return Work(file, batch, trained.card, blocked, family, warnings)


def _without_shared_domains(batch: Batch) -> list[str]:
    """Make domains blank behind which unlike companies stand, and say so."""
    if not {"domain", "company"} <= set(batch.columns):
        return []
    shared = learn_shared_domains(batch.beside("domain", "company", least=_FEWEST_AT_A_DOMAIN))
    if not shared:
        return []
    batch.forget("domain", [each.domain for each in shared])
    first = ", ".join(each.domain for each in shared[:3])
    return [
        f"{len(shared)} domains stand beside many unlike companies and say nothing of one: {first}"
    ]


def _warnings(file: RecordFile) -> list[str]:
    found = []
    if file.id_column is None:
        found.append("no column is `id` or ends in `_id`: records are named by their row number")
    if file.unknown:
        found.append(
            f"not compared, since no usual name tells what they hold: {', '.join(file.unknown)}; "
            "--compare takes them in as text"
        )
    return found


def _drawn(
    pairs: Sequence[Pair], asked: Asked, file: RecordFile, known: Sequence[Label]
) -> tuple[Drawn, ...]:
    if not asked.sample:
        return ()
    every = [(pair.left, pair.right, pair.probability) for pair in pairs]
    return drawn_pairs(every, asked.sample, ids=file.ids, known=known)


_PAIR_COLUMNS: Final = ("left_id", "right_id", "probability", "band", "relation")


def _pair_rows(
    file: RecordFile, pairs: Sequence[Pair], bands: Sequence[Band], clusters: Clusters
) -> Iterator[tuple[object, ...]]:
    for pair, band in zip(pairs, bands, strict=True):
        is_same = clusters.entity[pair.left] == clusters.entity[pair.right]
        relation = Relation.SAME if is_same else Relation.DIFFERENT
        relation = Relation.RELATED if pair.is_related else relation
        yield (
            file.ids[pair.left],
            file.ids[pair.right],
            pair.probability,
            band.value,
            relation.value,
        )


def _compared(work: Work) -> tuple[str, ...]:
    """Return the columns that a comparison of the card looks at; a copy of another is not one."""
    seen = {
        column
        for comparison in work.card.comparisons
        for level in comparison.levels
        for column in (*comparison.blank, *comparison.either, *level.columns)
    }
    fields = (each for each in work.file.fields if not seen.isdisjoint(each.columns))
    return tuple(dict.fromkeys(each.header for each in fields))


def _told(
    work: Work, pairs: Sequence[Pair], bands: Sequence[Band], clusters: Clusters, drawn: int
) -> Deduped:
    counted = {band.value: bands.count(band) for band in Band}
    cuts = work.card.cuts
    if not cuts.is_proved:
        work.warnings.append(
            f"{told(cuts)}; only pairs that share a personal address or a registry id are in the "
            "auto band"
        )
    elif work.card.second is not None:
        work.warnings.append(told(cuts))
    if clusters.cut:
        work.warnings.append(
            f"{clusters.cut} pairs over the threshold join nothing: other pairs of their groups "
            "speak against it, both are of one source, or something known keeps them apart"
        )
    return Deduped(
        records=len(work.file.ids),
        entities=len(set(clusters.entity)),
        duplicates=pairs_within(clusters.entity),
        pairs=len(pairs),
        candidates=work.blocked.pairs,
        bands=counted,
        card=work.card,
        id_column=work.file.id_column,
        compared=_compared(work),
        blocking={
            " + ".join(rule.columns): count
            for rule, count in zip(work.card.blocking, work.blocked.by_rule, strict=True)
        },
        skipped_keys=work.blocked.skipped_keys,
        related=sum(pair.is_related for pair in pairs),
        drawn=drawn,
        warnings=tuple(work.warnings),
    )
