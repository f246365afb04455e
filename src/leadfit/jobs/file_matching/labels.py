"""Pairs a person judges: drawn with known chances into a sheet, and read back from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leadfit.errors import MissingExtra, Words
from leadfit.exports import sheets
from leadfit.exports.faults import Faults
from leadfit.exports.sheets import Sheet
from leadfit.jobs.files.records import RecordFile
from leadfit.jobs.files.tables import FORMULA, find_table
from leadfit.resolve.from_labels.sampling import Drawn, Scored, draw, strata_for

COLUMNS: Final = ("left_id", "right_id", "match")
_CHANCE: Final = "chance"
_ALLOWED: Final = "left_id, right_id, match and perhaps chance"
YES: Final = frozenset(("1", "1.0", "true", "yes"))
"""Answers, in lower case, by which a pair is one entity."""
NO: Final = frozenset(("0", "0.0", "false", "no"))
"""Answers by which it is not."""
_SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A pair somebody judged.

    Attributes:
        left: Number of a record.
        right: A larger number.
        is_match: Whether both are one.
        chance: By which the pair was drawn; 1 if it is not known.
    """

    left: int
    right: int
    is_match: bool
    chance: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The pairs of a sheet that have an answer.

    Attributes:
        pairs: One for each pair.
        unanswered: Rows whose ``match`` is empty.
    """

    pairs: tuple[Label, ...] = ()
    unanswered: int = 0


def check_enough(labels: Labels) -> None:
    """Refuse labels that carry no second stage, before anything is trained.

    Raises:
        BadInput: There are too few, or all are of one kind.
        MissingExtra: The extra ``linkage`` is not installed.
    """
    try:
        from leadfit.resolve.from_labels.training import check_labels  # noqa: PLC0415 -- it needs an extra
    except ImportError as error:
        raise MissingExtra("linkage", "--labels") from error
    check_labels([label.is_match for label in labels.pairs])


def read_labels(path: Path, ids: Sequence[str]) -> Labels:
    """Read judged pairs; rows without an answer are counted and left out.

    Args:
        path: A ``.csv``, ``.csv.gz`` or ``.parquet`` file; columns beside those named are not read.
        ids: Of the records.

    Raises:
        BadInput: Every fault, by row.
    """
    faults = Faults()
    found_at = find_table(path, faults, f"a file of {_ALLOWED}")
    faults.stop_if_any()
    sheet = sheets.read(found_at or path, faults, wanted={*COLUMNS, _CHANCE}.__contains__)
    for name in COLUMNS:
        if name not in sheet.columns:
            faults.file(path.name, Words(f"no column {name}"), _ALLOWED)
    faults.stop_if_any()
    read = _Reader(path.name, sheet, {name: number for number, name in enumerate(ids)}, faults)
    read.all()
    faults.stop_if_any()
    return Labels(pairs=tuple(read.found.values()), unanswered=read.unanswered)


class _Reader:
    def __init__(self, file: str, sheet: Sheet, places: Mapping[str, int], faults: Faults) -> None:
        self._file, self._sheet, self._places, self._faults = file, sheet, places, faults
        self.found: dict[tuple[int, int], Label] = {}
        self.unanswered = 0

    def all(self) -> None:
        none: Sequence[str | None] = [None] * len(self._sheet)
        columns = [self._sheet.columns[name] for name in COLUMNS]
        chances = self._sheet.columns.get(_CHANCE)
        for row, left, right, match, chance in zip(
            self._sheet.rows, *columns, none if chances is None else chances, strict=True
        ):
            said = (match or "").strip().lower()
            if not said:
                self.unanswered += 1
                continue
            one = self._place(row, "left_id", left or "")
            other = self._place(row, "right_id", right or "")
            if said not in YES | NO:
                self._faults.row(self._file, row, "match", match or "", "1 or 0")
            drawn = 1.0 if chances is None else self._chance(row, chance or "")
            if one is not None and one == other:
                self._faults.row(self._file, row, "right_id", right or "", "another record")
            if one is None or other is None or self._faults.is_bad(self._file, row):
                continue
            self._keep(row, min(one, other), max(one, other), said, drawn)

    def _keep(self, row: int, left: int, right: int, said: str, chance: float) -> None:
        label = Label(left=left, right=right, is_match=said in YES, chance=chance)
        before = self.found.setdefault((left, right), label)
        if before.is_match != label.is_match:
            self._faults.row(self._file, row, "match", said, "one answer for each pair")
        elif before.chance != chance:
            self._faults.row(self._file, row, _CHANCE, str(chance), "one chance for each pair")

    def _place(self, row: int, column: str, text: str) -> int | None:
        name = text.strip()
        if name not in self._places and name[:1] == "'" and name[1:2] in FORMULA:
            name = name[1:]  # as it was written, so that no spreadsheet takes it for a formula
        if name not in self._places:
            self._faults.row(self._file, row, column, text, "an id of the records")
        return self._places.get(name)

    def _chance(self, row: int, text: str) -> float:
        try:
            # A spreadsheet of another country writes 0,25.
            chance = float(text.strip().replace(",", "."))
        except ValueError:
            chance = 0.0
        if not 0 < chance <= 1:
            self._faults.row(self._file, row, _CHANCE, text, "a number over 0, at most 1")
        return chance


def contradictions(pairs: Sequence[Label]) -> int:
    """Return how many pairs are said to be two, while other answers together make them one.

    >>> same, apart = Label(left=0, right=1, is_match=True), Label(left=0, right=2, is_match=False)
    >>> contradictions([same, apart, Label(left=1, right=2, is_match=True)])
    1
    """
    over: dict[int, int] = {}

    def first(number: int) -> int:
        while (above := over.get(number, number)) != number:
            number = above
        return number

    for label in pairs:
        if label.is_match:
            over[first(label.right)] = first(label.left)
    return sum(not each.is_match and first(each.left) == first(each.right) for each in pairs)


def drawn_pairs(
    pairs: Sequence[tuple[int, int, float]],
    count: int,
    *,
    ids: Sequence[str],
    known: Sequence[Label],
) -> tuple[Drawn, ...]:
    """Draw pairs to be judged, over all probabilities; the same each time.

    Args:
        pairs: Every candidate: numbers of two records, and the probability.
        count: How many to draw.
        ids: Of the records.
        known: Pairs that have an answer; they are not drawn.
    """
    judged = {(label.left, label.right) for label in known}
    scored = [
        Scored(left_id=ids[left], right_id=ids[right], probability=probability)
        for left, right, probability in pairs
        if (left, right) not in judged
    ]
    return draw(scored, count, seed=_SEED, strata=strata_for(scored, count))


def sheet_rows(
    file: RecordFile, drawn: Sequence[Drawn]
) -> tuple[list[str], Iterator[list[object]]]:
    """Return header and rows of a sheet to be filled in: values side by side, ``match`` empty."""
    headers = list(dict.fromkeys(each.header for each in file.fields))
    sides = [f"{side} {header}" for header in headers for side in ("left", "right")]
    columns = [file.sheet.columns[header] for header in headers]
    places = {name: number for number, name in enumerate(file.ids)}

    def rows() -> Iterator[list[object]]:
        for each in drawn:
            left, right = places[each.pair.left_id], places[each.pair.right_id]
            values = [column[side] or "" for column in columns for side in (left, right)]
            yield [each.pair.left_id, each.pair.right_id, "", *values, each.chance]

    return [*COLUMNS, *sides, _CHANCE], rows()
