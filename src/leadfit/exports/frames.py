"""A mapping applied to sheets: joins, dropped rows, renamed columns, mapped values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress

from leadfit.errors import Words
from leadfit.exports.faults import Faults
from leadfit.exports.mapping import Drop, Join, TableMapping, When
from leadfit.exports.shapes import SHAPES
from leadfit.exports.sheets import Sheet
from leadfit.history import Known, Notice

Column = Sequence[str | None]
_NAMED = 20


@dataclass(slots=True, kw_only=True)
class Frame:
    """Rows of one table of the export folder, still as text, with the place of each.

    Attributes:
        columns: By canonical name.
        headers: Canonical name to the header in the file, for messages.
        facts: Further columns, by header.
        known: When each further column was known.
        source: Every column of the source after joins, for events that rows stand for.
    """

    table: TableMapping
    files: list[str]
    rows: list[int]
    columns: dict[str, Column]
    headers: dict[str, str]
    facts: dict[str, Column] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    source: dict[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def without(self, bad: Sequence[bool]) -> Frame:
        """Return the frame without the rows that are marked."""
        if not any(bad):
            return self
        keep = [not is_bad for is_bad in bad]
        return Frame(
            table=self.table,
            files=list(compress(self.files, keep)),
            rows=list(compress(self.rows, keep)),
            columns=_kept(self.columns, keep),
            headers=self.headers,
            facts=_kept(self.facts, keep),
            known=self.known,
            source=_kept(self.source, keep),
        )


def build(
    table: TableMapping, sheets: Mapping[str, Sheet], faults: Faults, notices: list[Notice]
) -> Frame | None:
    """Return a table's rows as the mapping describes them, or ``None`` after a fault."""
    base = sheets[table.source]
    columns, known = dict(base.columns), dict.fromkeys(base.columns, table.known)
    before = len(faults.of_files)
    for join in table.join:
        _join(
            base,
            sheets[join.source],
            join,
            columns=columns,
            known=known,
            faults=faults,
            notices=notices,
        )
    _check_names(table, base, columns, faults)
    if len(faults.of_files) > before:
        return None
    keep = _dropped(table, base, columns, notices)
    files, rows = base.files, base.rows
    if keep is not None:
        columns = _kept(columns, keep)
        files, rows = list(compress(files, keep)), list(compress(rows, keep))
    canonical, headers = _canonical(table, columns, len(rows))
    facts = _further(table, columns, set(headers.values()))
    if table.unpivot:
        return _unpivoted(table, files, rows, canonical, {name: columns[name] for name in facts})
    return Frame(
        table=table,
        files=files,
        rows=rows,
        columns=canonical,
        headers=headers,
        facts={name: _mapped(table, name, columns[name]) for name in facts},
        known={name: table.known_at.get(name, known[name]) for name in facts},
        source={name: columns[name] for name in table.conditions()},
    )


def holding(when: When, columns: Mapping[str, Column], rows: int) -> list[bool]:
    """Return for every row whether each column of ``when`` holds one of its values there.

    Case does not matter; a blank is the empty text.
    """
    answers = [True] * rows
    for name, allowed in when.items():
        words = {value.casefold() for value in allowed}
        known = {text: (text or "").casefold() in words for text in set(columns[name])}
        answers = [
            before and known[text] for before, text in zip(answers, columns[name], strict=True)
        ]
    return answers


def _unpivoted(
    table: TableMapping,
    files: Sequence[str],
    rows: Sequence[int],
    canonical: Mapping[str, Column],
    facts: Mapping[str, Column],
) -> Frame:
    """Return one row for each filled cell of the further columns."""
    filled = {name: [text is not None for text in values] for name, values in facts.items()}
    columns: dict[str, list[str | None]] = {"fact": [], "value": []}
    columns |= {name: [] for name in canonical}
    all_files: list[str] = []
    all_rows: list[int] = []
    for name, keep in filled.items():
        values = list(compress(facts[name], keep))
        columns["fact"] += [name] * len(values)
        columns["value"] += values
        for own, texts in canonical.items():
            columns[own] += compress(texts, keep)
        all_files += compress(files, keep)
        all_rows += compress(rows, keep)
    headers = {name: table.columns.get(name, name) for name in columns}
    return Frame(table=table, files=all_files, rows=all_rows, columns={**columns}, headers=headers)


def _kept(columns: Mapping[str, Column], keep: Collection[bool]) -> dict[str, Column]:
    return {name: list(compress(values, keep)) for name, values in columns.items()}


def _join(
    base: Sheet,
    other: Sheet,
    join: Join,
    *,
    columns: dict[str, Column],
    known: dict[str, Known],
    faults: Faults,
    notices: list[Notice],
) -> None:
    key = join.to or join.on
    wanted = join.names(other.columns)
    for sheet, names in ((base, (join.on,)), (other, (key, *wanted.values()))):
        present = columns if sheet is base else other.columns
        for name in names:
            if name not in present:
                _no_column(faults, sheet.name, name, present)
                return
    taken = [name for name in wanted if name in columns]
    if taken and join.columns is not None:
        came = Words(f"the joined column {taken[0]!r}, which {base.name} has too")
        faults.file(other.name, came, "columns that the table does not have yet", column=taken[0])
        return
    at: dict[str, int] = {}
    for row, text in enumerate(other.columns[key]):
        if text is not None:
            at.setdefault(text, row)
    found = [None if text is None else at.get(text) for text in columns[join.on]]
    for name, theirs in wanted.items():
        if name in columns:
            continue
        values = other.columns[theirs]
        columns[name] = [None if row is None else values[row] for row in found]
        known[name] = join.known or known[join.on]
    if not join.optional:
        pairs = zip(columns[join.on], found, strict=True)
        missed = Counter(text for text, row in pairs if text is not None and row is None)
        if missed:
            notices.append(_unmatched(base, other, join.on, missed))


def _unmatched(base: Sheet, other: Sheet, on: str, missed: Counter[str]) -> Notice:
    shown = sorted(missed, key=lambda text: (-missed[text], text))[:_NAMED]
    named = ", ".join(f"{text!r} ({missed[text]} rows)" for text in shown)
    more = f" and {len(missed) - len(shown)} more" if len(missed) > len(shown) else ""
    return Notice(
        code="unmatched_reference",
        field=on,
        message=f"In {base.name}, {on} names what {other.name} does not have: {named}{more}.",
        evidence={
            "values": {text: missed[text] for text in shown},
            "rows": missed.total(),
            "distinct": len(missed),
        },
    )


def _no_column(faults: Faults, file: str, name: str, present: Collection[str]) -> None:
    shown = ", ".join(list(present)[:30]) or "none"
    faults.file(file, Words("no such column"), f"one of its columns: {shown}", column=name)


def _check_names(
    table: TableMapping, base: Sheet, columns: Mapping[str, Column], faults: Faults
) -> None:
    wanted = [*table.columns.values(), *table.known_at, *table.ignore, *(table.facts or ())]
    wanted += table.conditions()
    wanted += [name for name in table.values if name not in SHAPES[table.to].columns]
    for name in dict.fromkeys(wanted):
        if name not in columns:
            _no_column(faults, base.name, name, columns)


def _dropped(
    table: TableMapping, base: Sheet, columns: Mapping[str, Column], notices: list[Notice]
) -> list[bool] | None:
    if not table.drop and not table.keep:
        return None
    keep = holding(table.keep, columns, len(base))
    for drop in table.drop:
        goes = holding(drop.when, columns, len(base))
        if drop.blank is not None:
            filled = [text is not None for text in columns[drop.blank]]
            goes = [is_in and not is_filled for is_in, is_filled in zip(goes, filled, strict=True)]
        count = sum(is_in and is_out for is_in, is_out in zip(keep, goes, strict=True))
        keep = [is_in and not is_out for is_in, is_out in zip(keep, goes, strict=True)]
        if count:
            notices.append(_dropped_notice(table, base, drop, count))
    return keep


def _dropped_notice(table: TableMapping, base: Sheet, drop: Drop, count: int) -> Notice:
    because = [f"{name} is {' or '.join(values)}" for name, values in drop.when.items()]
    if drop.blank is not None:
        because.insert(0, f"{drop.blank} is blank")
    return Notice(
        code="dropped_rows",
        field=drop.blank or next(iter(drop.when), None),
        message=f"{count} of {len(base)} rows of {base.name} were left out: {', '.join(because)}.",
        evidence={"rows": count, "of": len(base), "table": table.to},
    )


def _canonical(
    table: TableMapping, columns: Mapping[str, Column], rows: int
) -> tuple[dict[str, Column], dict[str, str]]:
    shape = SHAPES[table.to]
    headers = {name: name for name in shape.columns if name in columns} | table.columns
    for name in table.ignore:
        if name in headers and name not in table.columns:
            del headers[name]
    canonical = {name: _mapped(table, name, columns[header]) for name, header in headers.items()}
    for name, text in table.literals.items():
        canonical[name] = [text] * rows
        headers.setdefault(name, name)
    return canonical, headers


def _mapped(table: TableMapping, name: str, values: Column) -> Column:
    words = table.values.get(name)
    if words is None:
        return values
    return [words.get(text or "", text) or None for text in values]


def _further(
    table: TableMapping, columns: Mapping[str, Column], mapped: Collection[str]
) -> list[str]:
    if table.facts is not None:
        return list(table.facts)
    if not (SHAPES[table.to].further or table.unpivot):
        return []
    out = {*mapped, *table.ignore, *table.conditions()}
    return [name for name in columns if name not in out and name not in table.literals]
