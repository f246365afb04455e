"""Rejected rows, written out with what is wrong with each."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from leadfit.errors import BadInput, Fault
from leadfit.exports import sheets
from leadfit.exports.faults import Faults, Located


def write_rejects(target: Path, files: Sequence[Path], faults: Faults) -> None:
    """Write every fault of a row, with the row as it stood in its file; all of it or nothing.

    Raises:
        BadInput: When the place cannot be written.
    """
    originals = {
        file.name: _originals(file, faults.bad_rows.get(file.name, set())) for file in files
    }
    beside = target.with_name(f".{target.name}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="") as stream:
            out = csv.writer(stream, lineterminator="\n")
            out.writerow(["file", "row", "column", "came", "allowed", "original"])
            for fault in faults.of_rows:
                out.writerow(_reject(fault, originals))
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        came = error.strerror or "a place that cannot be written"
        raise BadInput(Fault(place=str(target), came=came, allowed="a writable file")) from error


def _reject(fault: Located, originals: Mapping[str, Mapping[int, str]]) -> list[object]:
    row = fault.row or 0
    original = originals.get(fault.file, {}).get(row, "")
    return [fault.file, row, fault.column or "", fault.came, fault.allowed, original]


def _originals(file: Path, wanted: set[int]) -> dict[int, str]:
    if not wanted or file.name.lower().endswith(".parquet"):
        return {}
    found: dict[int, str] = {}
    for number, cells in sheets.records(file, Faults()):
        if number in wanted:
            text = io.StringIO()
            csv.writer(text, lineterminator="").writerow(cells)
            found[number] = text.getvalue()
            if len(found) == len(wanted):
                break
    return found
