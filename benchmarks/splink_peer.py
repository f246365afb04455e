"""One new record by Splink alone, without Leadfit: what it takes a signal to be matched.

Not a benchmark by itself. Splink has no matcher for single records: ``predict_between`` runs a
batch with one record on its left side.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from recording import quantile

from leadfit.jobs.files.tables import write_table
from leadfit.records import Account
from leadfit.resolve.record_columns import account_columns

COLUMNS = ("company", "domain", "country")


def measure(accounts: Sequence[Account], *, count: int) -> Mapping[str, object]:
    """Match records one by one; without the extra, say so."""
    try:
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415 -- an extra
        from splink import comparison_library as levels  # noqa: PLC0415 -- as above
    except ImportError:
        return {"measured": "no: the extra `linkage` is not installed"}
    import duckdb  # noqa: PLC0415 -- only for the peer

    logging.getLogger("splink").setLevel(logging.CRITICAL)
    rows = [account_columns(each) for each in accounts]
    connection = duckdb.connect()
    table = "(rid BIGINT, company VARCHAR, domain VARCHAR, country VARCHAR)"
    connection.execute(f"CREATE TABLE base {table}").fetchall()
    connection.execute(f"CREATE TABLE one {table}").fetchall()
    _fill(connection, rows)
    rules = [block_on("company"), block_on("domain"), block_on("substr(company, 1, 6)")]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rid",
        comparisons=[
            levels.JaroWinklerAtThresholds("company", [0.92, 0.8]),
            levels.ExactMatch("domain"),
            levels.ExactMatch("country"),
        ],
        blocking_rules_to_generate_predictions=[*rules],
    )
    api = DuckDBAPI(connection=connection)
    base = api.register("base", table_name="base_accounts")
    linker = Linker(base, settings, log_level=logging.CRITICAL)
    linker.training.estimate_u_using_random_sampling(1e5, seed=1)
    took = []
    for number in range(count):
        row = rows[(number * 7919) % len(rows)]
        connection.execute("DELETE FROM one").fetchall()
        values = [-1, *(row.get(each) for each in COLUMNS)]
        connection.execute("INSERT INTO one VALUES (?, ?, ?, ?)", values).fetchall()
        began = perf_counter()
        one = api.register("one", table_name=f"one_{number}")
        found = linker.inference.predict_between(one, base, warning_mode="never")
        found.as_record_list()
        took.append((perf_counter() - began) * 1000)
    shares = {f"p{round(100 * share)}": round(quantile(took, share), 1) for share in (0.5, 0.95)}
    return {"accounts": len(rows), "records": count, "ms": shares}


def _fill(connection: object, rows: Sequence[Mapping[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "base.csv"
        lines = ((n, *(row.get(each) for each in COLUMNS)) for n, row in enumerate(rows))
        write_table(path, ("rid", *COLUMNS), lines)
        connection.execute(  # type: ignore[attr-defined]  # a DuckDB connection, imported late
            "INSERT INTO base SELECT * FROM read_csv(?, header = true)", [str(path)]
        ).fetchall()
