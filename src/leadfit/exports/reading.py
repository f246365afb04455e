"""An export in, a history out."""

from __future__ import annotations

from collections.abc import Mapping as Named
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from leadfit.errors import Words
from leadfit.exports import ladder, query, sheets
from leadfit.exports.assemble import (
    Parts,
    assemble,
    stacked,
    stacked_facts,
)
from leadfit.exports.convert import TypedRows, typed
from leadfit.exports.domain_lines import check_domains
from leadfit.exports.faults import Faults
from leadfit.exports.frames import build
from leadfit.exports.ladder import Event, Undated
from leadfit.exports.mapping import Mapping, TableMapping, load
from leadfit.exports.money import one_currency
from leadfit.exports.recognise import recognised
from leadfit.exports.rejects import write_rejects
from leadfit.exports.shapes import SHAPES
from leadfit.exports.sheets import Sheet
from leadfit.history import History, Known, Notice
from leadfit.records import Kind

Tables = dict[str, list[TypedRows]]


def read_export(
    folder: Path,
    *,
    mapping: Path | None = None,
    as_of: datetime | None = None,
    skip_bad: Path | None = None,
) -> History:
    r"""Return the recorded past that an export folder, or any tables with a mapping, describe.

    Args:
        folder: A folder of CSV or Parquet files, or one such file.
        mapping: A mapping file; without it the files must be those of an export folder or
            recognised exports of a CRM.
        as_of: Nothing later is looked at; aware. By default the latest recorded outcome or use.
        skip_bad: Where rejected rows go, as CSV; the rest is returned, with a notice
            ``rows_skipped`` that counts them. Without it one bad row refuses the lot.

    Raises:
        BadInput: With every fault: file, row (the header is row 1), column, what came, what is
            allowed. Nothing was written then.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "leads.csv").write_text("lead_id,created_at\nl1,2024-01-31\n")
    ...     read_export(Path(name)).leads.rows
    1
    """
    faults = Faults(keep_all=skip_bad is not None)
    described = load(mapping) if mapping is not None else None
    files = sheets.find(folder, faults)
    faults.stop_if_any()
    if described is None:
        described = recognised(files, faults)
        faults.stop_if_any()
    history, faults = history_of(described, files, faults, as_of=as_of, skip=skip_bad is not None)
    if skip_bad is not None:
        write_rejects(skip_bad, files, faults)
    return history


def history_of(
    described: Mapping,
    files: Sequence[Path],
    faults: Faults,
    *,
    as_of: datetime | None = None,
    skip: bool = False,
) -> tuple[History, Faults]:
    """Return what files describe by a mapping, and the faults of rows that were skipped.

    Raises:
        BadInput: With every fault; faults of single rows only where they are not skipped.
    """
    notices: list[Notice] = []
    chosen = _chosen(described, files, faults)
    faults.stop_if_any()
    read = _read_sources(described, chosen, faults)
    faults.stop_if_any(rows_too=not skip and bool(described.derive))
    read |= query.derive(described.derive, chosen, faults)
    faults.stop_if_any(rows_too=False)
    tables = _typed_tables(described, read, faults, notices)
    del read
    faults.stop_if_any(rows_too=False)
    events = _events(described, tables, faults, notices)
    _check_keys(tables, faults)
    accounts = {each for rows in tables["accounts"] for each in rows.get("account_id")}
    check_domains(tables["domains"], accounts, faults)
    one_currency(described, tables["spend"], events, faults, notices)
    faults.stop_if_any(rows_too=not skip)
    if faults.count:
        notices.append(_skipped(faults))
    parts = _parts(described, tables)
    tables.clear()
    return assemble(parts, events, described, notices, as_of), faults


def _chosen(mapping: Mapping, files: Sequence[Path], faults: Faults) -> dict[str, tuple[Path, ...]]:
    chosen = {}
    for name, patterns in mapping.sources.items():
        found = tuple(
            file
            for file in files
            if any(fnmatchcase(file.name.lower(), pattern.lower()) for pattern in patterns)
        )
        if not found:
            shown = ", ".join(file.name for file in files[:30])
            came = Words(f"no file that matches {' or '.join(patterns)}")
            faults.file(f"sources.{name}", came, f"a pattern that matches one of: {shown}")
        chosen[name] = found
    return chosen


def _read_sources(
    mapping: Mapping, chosen: Named[str, Sequence[Path]], faults: Faults
) -> dict[str, Sheet]:
    read: dict[str, Sheet] = {}
    used = {table.source for table in mapping.table}
    used |= {join.source for table in mapping.table for join in table.join}
    for name, files in chosen.items():
        unread = _unread(mapping, name)
        kept = [
            sheets.read(file, faults, wanted=lambda column: name in used and column not in unread)  # noqa: B023 -- called before the next turn
            for file in files
        ]
        read[name] = _stacked(name, kept)
    return read


def _unread(mapping: Mapping, source: str) -> frozenset[str]:
    """Return columns that every table made of a source ignores, so that they are not kept."""
    tables = [table for table in mapping.table if table.source == source]
    joined = any(join.source == source for table in mapping.table for join in table.join)
    if joined or len(tables) != 1:
        return frozenset()
    (table,) = tables
    used = {*table.columns.values(), *table.conditions(), *(join.on for join in table.join)}
    return frozenset(table.ignore) - used


def _stacked(name: str, parts: Sequence[Sheet]) -> Sheet:
    if len(parts) == 1:
        return parts[0]
    names = list(dict.fromkeys(column for part in parts for column in part.columns))
    columns: dict[str, list[str | None]] = {column: [] for column in names}
    for part in parts:
        for column in names:
            values = part.columns.get(column) or [None] * len(part)
            columns[column].extend(values)
    return Sheet(
        name=name,
        columns={**columns},
        files=[file for part in parts for file in part.files],
        rows=[row for part in parts for row in part.rows],
    )


def _typed_tables(
    mapping: Mapping, read: Named[str, Sheet], faults: Faults, notices: list[Notice]
) -> Tables:
    tables: Tables = {name: [] for name in SHAPES}
    for table in mapping.table:
        frame = build(table, read, faults, notices)
        if frame is None:
            continue
        rows = typed(
            frame,
            faults,
            times_known=mapping.created_at == "known",
            currency=mapping.currency,
            also_required=_also_required(mapping, table),
        )
        if rows is not None:
            tables[table.to].append(rows)
    return tables


def _also_required(mapping: Mapping, table: TableMapping) -> tuple[str, ...]:
    return ("created_at",) if table.to == "deals" and mapping.unit == "deal" else ()


def _events(mapping: Mapping, tables: Tables, faults: Faults, notices: list[Notice]) -> list[Event]:
    """Return every event of the tables; rows whose events have faults leave their tables."""
    before = faults.count
    events, undated = _made_events(mapping, tables, faults)
    if faults.count > before:
        for rows in (rows for each in tables.values() for rows in each):
            _leave_out_bad(rows, faults)
        events, undated = _made_events(mapping, tables, Faults())
    notices += [
        Notice(
            code="undated_outcome",
            field=kind,
            message=f"{count} outcomes ({kind}) have no time and were left out.",
            evidence={"rows": count},
        )
        for kind, count in undated.counts.items()
    ]
    return events


def _made_events(mapping: Mapping, tables: Tables, faults: Faults) -> tuple[list[Event], Undated]:
    undated, times_known = Undated(), mapping.created_at == "known"
    events: list[Event] = []
    for rows in tables["events"]:
        events += ladder.recorded(rows)
    for rows in (rows for each in tables.values() for rows in each):
        events += ladder.of_rows(rows, faults, times_known=times_known, currency=mapping.currency)
    for rows in tables["deals"]:
        events += ladder.of_deals(rows, faults, undated, unit=mapping.unit)
    converted = {
        event.account_id: event.at
        for event in events
        if event.kind is Kind.CONVERTED and event.account_id and event.at
    }
    for rows in tables["contracts"]:
        events += ladder.of_contracts(rows, converted)
    return events, undated


def _leave_out_bad(rows: TypedRows, faults: Faults) -> None:
    places = zip(rows.frame.files, rows.frame.rows, strict=True)
    rows.leave_out([faults.is_bad(file, row) for file, row in places])


def _check_keys(tables: Tables, faults: Faults) -> None:
    """Find ids that two tables of the same kind share; within one they were checked."""
    for name, shape in SHAPES.items():
        if shape.key is None or len(tables[name]) < 2:
            continue
        first: dict[object, tuple[str, int]] = {}
        for rows in tables[name]:
            for place, value in zip(
                zip(rows.frame.files, rows.frame.rows, strict=True),
                rows.get(shape.key),
                strict=True,
            ):
                if value is not None and first.setdefault(value, place) != place:
                    file, row = first[value]
                    allowed = f"each {shape.key} once; it stands in {file} row {row} too"
                    faults.row(*place, rows.frame.headers.get(shape.key), value, allowed)
            _leave_out_bad(rows, faults)


def _parts(mapping: Mapping, tables: Tables) -> Parts:
    units = tables["leads"]
    if mapping.unit == "deal":
        units = tables["deals"]
        for rows in units:
            rows.columns["lead_id"] = rows.columns["deal_id"]
    leads = stacked(units, SHAPES["leads"].columns)
    accounts = stacked(tables["accounts"], SHAPES["accounts"].columns)
    lead_facts, lead_known = stacked_facts(units)
    account_facts, account_known = stacked_facts(tables["accounts"])
    facts = stacked(tables["facts"], SHAPES["facts"].columns)
    spend = stacked(tables["spend"], SHAPES["spend"].columns)
    known = {("leads", name): when for name, when in lead_known.items()}
    known |= {("accounts", name): when for name, when in account_known.items()}
    for table, rows_of in (("leads", units), ("accounts", tables["accounts"])):
        for rows in rows_of:
            known |= _known_of_own(table, rows)
    return Parts(
        leads=leads,
        lead_facts=lead_facts,
        accounts=accounts,
        account_facts=account_facts,
        contacts=stacked(tables["contacts"], SHAPES["contacts"].columns),
        facts=facts,
        spend=spend,
        domains=stacked(tables["domains"], SHAPES["domains"].columns),
        known=known,
        blank=tuple(
            name
            for names, facts, size in (
                (lead_known, lead_facts, len(leads["lead_id"])),
                (account_known, account_facts, len(accounts["account_id"])),
            )
            for name in names
            if size and name not in facts
        ),
    )


def _known_of_own(table: str, rows: TypedRows) -> dict[tuple[str, str], Known]:
    """Return when the columns with a meaning of their own were known."""
    mapped = rows.frame.table
    return {
        (table, name): mapped.known_at.get(header, mapped.known)
        for name, header in rows.frame.headers.items()
    }


def _skipped(faults: Faults) -> Notice:
    rows = {file: len(bad) for file, bad in faults.bad_rows.items()}
    return Notice(
        code="rows_skipped",
        field=None,
        message=f"{sum(rows.values())} rows with faults were left out and written to the rejects.",
        evidence={"rows": sum(rows.values()), "files": rows},
    )
