"""Finds which records of a file are one, without labels or with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from leadfit.errors import BadInput, Fault, MissingExtra, Words, shorten
from leadfit.exports import sheets
from leadfit.exports.faults import Faults
from leadfit.jobs.record_file import RecordFile, read_records
from leadfit.jobs.written import written
from leadfit.records import Band, Relation
from leadfit.resolve import card as cards
from leadfit.resolve.card import Card, RecordKind, Test
from leadfit.resolve.cluster import Clusters, Link, cluster, named, pairs_within
from leadfit.resolve.normal import NORMALISER, Column
from leadfit.resolve.weigh import Record
from leadfit.store import linkage
from leadfit.store.batch import Batch, Blocked, Weighed
from leadfit.store.drafting import draft

Engine = Literal["duckdb", "spark"]

LEAST: Final = 0.01
"""Probability from which a pair is told."""
_LABEL_COLUMNS: Final = ("left_id", "right_id", "match")
_TRUE: Final = frozenset(("1", "1.0", "true", "yes"))
_FALSE: Final = frozenset(("0", "0.0", "false", "no"))
_LEAST_BEFORE: Final = 1e-4
"""Probability from which a pair is worth a second look."""
_CHUNK: Final = 20_000
_RARELY_SAME: Final = 1e-4
"""Chance under which two records with the same identifier are not taken for an accident."""


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
    warnings: tuple[str, ...]


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
        card: A trained card; without one the records themselves train it.
        engine: What does the work.
    """

    kind: RecordKind
    threshold: float = 0.5
    id_column: str | None = None
    ignore: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    source: str | None = None
    labels: Path | None = None
    card: Path | None = None
    engine: Engine = "duckdb"


@dataclass(slots=True)
class _Work:
    file: RecordFile
    batch: Batch
    card: Card
    blocked: Blocked
    warnings: list[str] = field(default_factory=list)


def dedupe(
    records: Path,
    asked: Asked,
    *,
    out: Path,
    pairs: Path | None = None,
    card_out: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Deduped:
    """Find which records are one and write the entity of each, whole or not at all.

    Args:
        records: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        asked: How.
        out: Entity of each record: ``.csv`` or ``.parquet``.
        pairs: The same for pairs of at least :data:`LEAST`.
        card_out: Where the model goes as JSON.
        say: Gets words about the progress.

    Raises:
        BadInput: Every fault of files and options; nothing was written.
        MissingExtra: Training asks for the extra ``linkage``, Spark for ``spark``.
    """
    _check_engine(asked)
    for option, path in (("--out", out), ("--pairs", pairs)):
        if path is not None and not path.name.lower().endswith((".csv", ".parquet")):
            raise BadInput(
                Fault(place=option, came=shorten(str(path)), allowed="a .csv or .parquet file")
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
    labels = _read_labels(asked.labels, file) if asked.labels is not None else []
    say(f"{len(file.ids)} records are normalised")
    with Batch(file.columns) as batch:
        batch.fill(file.rows())
        work = _with_card(file, batch, given, asked, say)
        if labels:
            _learn_from(work, labels)
        batch.weigh(work.card, least=_LEAST_BEFORE if work.card.second else LEAST)
        say(f"{work.blocked.pairs} pairs are weighed")
        kept = _judged(work)
        clusters = cluster(
            len(file.ids),
            (Link(left=p.left, right=p.right, probability=p.probability) for p in kept),
            threshold=asked.threshold,
            sources=file.sources,
        )
        bands = _bands(work, kept)
    _write(out, ("record_id", "entity_id"), zip(file.ids, named(clusters, file.ids), strict=True))
    if pairs is not None:
        _write(pairs, _PAIR_COLUMNS, _pair_rows(file, kept, bands, clusters))
    if card_out is not None:
        _write_text(card_out, cards.to_json(work.card))
    return _told(work, kept, bands, clusters)


def _check_engine(asked: Asked) -> None:
    if asked.engine == "spark":
        try:
            import pyspark  # noqa: F401, PLC0415 -- an extra
        except ImportError as error:
            raise MissingExtra("spark", "--engine spark") from error
        came = Words("spark, which only the embedded engine can stand in for yet")
        raise BadInput(Fault(place="--engine", came=came, allowed="duckdb"))


# ---- the model -----------------------------------------------------------------------------


def _read_card(asked: Asked) -> Card | None:
    if asked.card is None:
        linkage.check_installed("dedupe without a --card")
        return None
    try:
        card = cards.from_json(asked.card.read_bytes())
    except OSError as error:
        raise BadInput(
            Fault(
                place=str(asked.card),
                came=Words(error.strerror or "a file that cannot be read"),
                allowed="a card written by --card-out",
            )
        ) from error
    if card.normaliser != NORMALISER:
        raise BadInput(
            Fault(
                place=f"{asked.card}: normaliser",
                came=shorten(card.normaliser),
                allowed=f"{NORMALISER}, the version of this Leadfit; train the card anew",
            )
        )
    if card.kind is not asked.kind:
        raise BadInput(
            Fault(
                place=f"{asked.card}: kind", came=shorten(card.kind.value), allowed=asked.kind.value
            )
        )
    return card


def _with_card(
    file: RecordFile,
    batch: Batch,
    given: Card | None,
    asked: Asked,
    say: Callable[[str], None],
) -> _Work:
    across = bool(file.sources)
    warnings = _warnings(file)
    if given is not None:
        batch.prepare(given)
        blocked = batch.block(given, across=across)
        batch.grade(given)
        return _Work(file, batch, given, blocked, warnings)
    say("a model is trained without labels")
    trained = linkage.train(batch, draft(batch, file.fields, asked.kind), across=across)
    return _Work(file, batch, trained.card, trained.blocked, warnings)


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


@dataclass(frozen=True, slots=True)
class _Label:
    left: int
    right: int
    is_match: bool


def _read_labels(path: Path, file: RecordFile) -> list[_Label]:
    faults = Faults()
    if not path.is_file():
        faults.file(str(path), Words("nothing there"), "a file of left_id, right_id, match")
    faults.stop_if_any()
    sheet = sheets.read(path, faults)
    missing = [name for name in _LABEL_COLUMNS if name not in sheet.columns]
    for name in missing:
        faults.file(path.name, Words(f"no column {name}"), ", ".join(_LABEL_COLUMNS))
    faults.stop_if_any()
    place = {name: number for number, name in enumerate(file.ids)}
    found: dict[tuple[int, int], _Label] = {}
    columns = (sheet.columns[name] for name in _LABEL_COLUMNS)
    for row, left, right, match in zip(sheet.rows, *columns, strict=True):
        for column, name in (("left_id", left), ("right_id", right)):
            if (name or "").strip() not in place:
                faults.row(path.name, row, column, name or "", "an id of the records")
        said = (match or "").strip().lower()
        if said not in _TRUE | _FALSE:
            faults.row(path.name, row, "match", match or "", "1 or 0")
        if not faults.is_bad(path.name, row):
            one, other = sorted((place[(left or "").strip()], place[(right or "").strip()]))
            label = _Label(one, other, said in _TRUE)
            if found.setdefault((one, other), label) != label:
                faults.row(path.name, row, "match", match or "", "one answer for each pair")
    faults.stop_if_any()
    return list(found.values())


def _learn_from(work: _Work, labels: Sequence[_Label]) -> None:
    """Put a second stage, calibration and cuts into the card."""
    try:
        from leadfit.resolve.training import (  # noqa: PLC0415 -- it needs an extra
            LabelledPair,
            train_second_stage,
        )
    except ImportError as error:
        raise MissingExtra("linkage", "--labels") from error
    records = work.batch.records({each for label in labels for each in (label.left, label.right)})
    training = train_second_stage(
        work.card,
        [
            LabelledPair(
                left_id=work.file.ids[label.left],
                right_id=work.file.ids[label.right],
                left=records[label.left],
                right=records[label.right],
                is_match=label.is_match,
            )
            for label in labels
        ],
    )
    work.card = training.card
    work.warnings += training.warnings


# ---- pairs ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    left: int
    right: int
    probability: float
    is_rule_grade: bool


def _judged(work: _Work) -> list[_Pair]:
    """Return the pairs worth telling with their last probability."""
    is_proof = _rules(work)
    found: list[_Pair] = []
    if work.card.second is None and work.card.calibration is None:
        return [
            _Pair(each.left, each.right, each.probability, is_proof(each))
            for each in work.batch.weighed(work.card)
        ]
    for chunk in _chunks(work.batch.weighed(work.card)):
        records = work.batch.records({n for each in chunk for n in (each.left, each.right)})
        for each in chunk:
            last = _last_probability(work.card, each, records)
            if last >= LEAST:
                found.append(_Pair(each.left, each.right, last, is_proof(each)))
    return found


def _chunks(pairs: Iterable[Weighed]) -> Iterator[list[Weighed]]:
    chunk: list[Weighed] = []
    every = list(pairs)  # the engine answers one question at a time
    for each in every:
        chunk.append(each)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _last_probability(card: Card, pair: Weighed, records: Mapping[int, Record]) -> float:
    from leadfit.resolve.second import second_stage  # noqa: PLC0415 -- only where there is one
    from leadfit.resolve.weigh import weigh  # noqa: PLC0415 -- as above

    left, right = records[pair.left], records[pair.right]
    return second_stage(card, weigh(card, left, right), left, right)


def _rules(work: _Work) -> Callable[[Weighed], bool]:
    """Return what is proof by rule: a person's own business address, or a registry id.

    A free or shared mailbox is none, nor an identifier that repeats, such as a house number; and
    nothing is where both names differ.
    """
    strong: list[tuple[int, frozenset[int] | None]] = []
    names: list[tuple[int, int]] = []
    for number, comparison in enumerate(work.card.comparisons):
        found = next((each for each in work.file.fields if each.name == comparison.name), None)
        if found is None or comparison.levels[0].test is not Test.EXACT:
            continue
        if found.column is Column.EMAIL:
            own = frozenset(work.batch.numbers(f"{found.name}.kind", "personal"))
            strong.append((number, own))
        elif found.column is Column.IDENTIFIER and (comparison.levels[0].u or 1) <= _RARELY_SAME:
            strong.append((number, None))
        elif found.column in {Column.FIRST_NAME, Column.SURNAME, Column.NAME}:
            names.append((number, len(comparison.levels) - 1))

    def is_proof(pair: Weighed) -> bool:
        if names and all(pair.levels[number] == otherwise for number, otherwise in names):
            return False
        return any(
            pair.levels[number] == 0 and (own is None or pair.left in own) for number, own in strong
        )

    return is_proof


def _bands(work: _Work, pairs: Sequence[_Pair]) -> list[Band]:
    """Return the band of each pair; before the bound is proved only rules link at once."""
    cuts = work.card.cuts
    bands = []
    for pair in pairs:
        if pair.probability >= cuts.auto and (cuts.is_proved or pair.is_rule_grade):
            bands.append(Band.AUTO)
        elif pair.probability >= cuts.review:
            bands.append(Band.REVIEW)
        else:
            bands.append(Band.NEW)
    return bands


# ---- answers -------------------------------------------------------------------------------

_PAIR_COLUMNS: Final = ("left_id", "right_id", "probability", "band", "relation")


def _pair_rows(
    file: RecordFile, pairs: Sequence[_Pair], bands: Sequence[Band], clusters: Clusters
) -> Iterator[tuple[object, ...]]:
    for pair, band in zip(pairs, bands, strict=True):
        is_same = clusters.entity[pair.left] == clusters.entity[pair.right]
        relation = Relation.SAME if is_same else Relation.DIFFERENT
        yield (
            file.ids[pair.left],
            file.ids[pair.right],
            pair.probability,
            band.value,
            relation.value,
        )


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    written(path, header, rows, numbers=("probability",))


def _write_text(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(
            Fault(place=str(path), came=error.strerror or "no", allowed="a writable file")
        ) from error


def _told(
    work: _Work, pairs: Sequence[_Pair], bands: Sequence[Band], clusters: Clusters
) -> Deduped:
    counted = {band.value: bands.count(band) for band in Band}
    cuts = work.card.cuts
    if not cuts.is_proved:
        work.warnings.append(
            f"at most 0.5 % wrong links over {cuts.auto:g} is not yet proved "
            f"(bound {cuts.bound:.1%}): only pairs that share a personal address or a registry id "
            "are in the auto band"
        )
    if clusters.cut:
        work.warnings.append(
            f"{clusters.cut} pairs over the threshold join nothing: other pairs of their groups "
            "speak against it, or both are of one source"
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
        compared=tuple(dict.fromkeys(each.header for each in work.file.fields)),
        blocking={
            " + ".join(rule.columns): count
            for rule, count in zip(work.card.blocking, work.blocked.by_rule, strict=True)
        },
        skipped_keys=work.blocked.skipped_keys,
        warnings=tuple(work.warnings),
    )
