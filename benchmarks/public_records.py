"""Public records with known truth, written as the file a user would give.

Not a benchmark by itself. They are read from ``LEADFIT_SHARED`` or ``../shared``.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb


def shared() -> Path | None:
    """Return the folder of the public data, or ``None``."""
    given = os.environ.get("LEADFIT_SHARED")  # noqa: TID251 -- settings belong to the product
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared"
    return folder if (folder / "data" / "identity").is_dir() else None


def patstat(data: Path, folder: Path) -> tuple[Path, list[str], str | None]:
    """Raw names, coauthors, classes and place; the cleaned name is left out."""
    columns = parquet(data / "identity" / "patstat_applicants.parquet")
    places = [
        f"{float(lat):.2f} {float(lng):.2f}" if float(lat) else ""
        for lat, lng in zip(columns["Lat"], columns["Lng"], strict=True)
    ]
    rows = {
        "record_id": [str(each) for each in columns["unique_id"]],
        "name": columns["name"],
        "coauthors": [(each or "").replace("**", " ") for each in columns["Coauthor"]],
        "classes": [(each or "").replace("**", " ") for each in columns["Class"]],
        "place": places,
    }
    return written(folder, "patstat", rows), [str(each) for each in columns["cluster"]], None


def fodors(data: Path, folder: Path) -> tuple[Path, list[str], str | None]:
    """Restaurants of two guides; ``class`` and what was derived by hand is left out."""
    columns = parquet(data / "identity" / "fodors_zagats.parquet")
    kept = {each: columns[each] for each in ("name", "addr", "city", "phone", "type", "src")}
    rows = {"record_id": columns["unique_id"], **kept}
    return written(folder, "fodors", rows), [str(each) for each in columns["cluster"]], "src"


def lobbying(data: Path, folder: Path) -> tuple[Path, list[str], str | None]:
    """Names alone."""
    path = data / "companies" / "canlobby_names" / "names_part_a.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    rows = {
        "record_id": [str(number) for number in range(len(lines))],
        "name": [each["name"] for each in lines],
    }
    return written(folder, "lobbying", rows), [each["true_group"] for each in lines], None


def parquet(path: Path) -> dict[str, list[str]]:
    """Return the columns of a file as text; what is missing is empty."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [each[0] for each in found.description or ()]
        rows = found.fetchall()
    return {
        name: ["" if row[place] is None else str(row[place]) for row in rows]
        for place, name in enumerate(names)
    }


def written(folder: Path, name: str, rows: Mapping[str, Sequence[str]]) -> Path:
    """Write columns as the file a user would give."""
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows)
        writer.writerows(zip(*rows.values(), strict=True))
    return path
