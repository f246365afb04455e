"""Spark gives the answers of the embedded engine, to the byte, and its noise to nobody.

They need the extra ``spark`` and Java 17: ``make test-spark`` installs and runs them.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leadfit.cli import run
from leadfit.errors import BadInput, EngineFailed
from leadfit.resolve.model.card import Blocking
from leadfit.resolve.model.weigh import weigh
from leadfit.store import spark
from leadfit.store.batch import Batch, Weighed
from leadfit.store.spark import SparkBatch
from leadfit.testing import planted
from leadfit.testing.contacts import HEADERS, contacts
from property.pairs_of_records import CARD, COLUMNS, random_records

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark leaves sockets and its Java process to the end of Python.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    """One session for all: whoever asks for one while it is active gets this one."""
    pytest.importorskip(
        "pyspark", reason="the extra `spark` is not installed; `make test-spark` installs it"
    )
    try:
        with spark.session() as found:
            yield found
    except BadInput as error:
        pytest.skip(f"no Java 17 that starts Spark: {error}")


def rows_of(
    records: Sequence[Mapping[str, str | None]], sources: Sequence[str | None] = ()
) -> Iterator[list[str | None]]:
    for number, record in enumerate(records):
        yield [sources[number] if sources else None, *(record[column] for column in COLUMNS)]


def weighed(batch: Batch) -> dict[tuple[int, int], Weighed]:
    return {(each.left, each.right): each for each in batch.weighed(CARD)}


def test_ten_thousand_pairs_have_the_same_probability_on_both_engines_and_live(
    session: SparkSession,
) -> None:
    records = random_records(1, 150)
    everyone = tuple(Blocking(columns=(f"{column}:first1",), most=150) for column in COLUMNS)
    # A company of one word beside anything else brings together what shares no value at all.
    for number, record in enumerate(records):
        record["company"] = f"{record['company'] or ''} all" if number % 5 else "all"
    card = replace(CARD, blocking=(Blocking(columns=("company.words:token",), most=150), *everyone))
    with Batch(COLUMNS, threads=1) as batch, SparkBatch(COLUMNS, session) as other:
        for each in (batch, other):
            each.fill(rows_of(records))
            each.take(card)
            each.weigh(card)
        here, there = weighed(batch), weighed(other)
    assert len(there) == 150 * 149 / 2 > 10_000
    assert there.keys() == here.keys()
    seen = set()
    for (left, right), found in there.items():
        live = weigh(card, records[left], records[right])
        assert found.levels == live.levels == here[left, right].levels
        assert abs(found.probability - here[left, right].probability) <= 1e-9
        assert (found.weight, found.probability) == (live.weight, live.probability)
        seen |= set(enumerate(live.levels))
    assert len(seen) > 15, "levels of every kind occur"


@pytest.mark.parametrize("across", [False, True])
def test_candidates_counts_and_skipped_keys_are_those_of_the_embedded_engine(
    session: SparkSession, across: bool
) -> None:
    records = random_records(2, 200)
    sources = ["one" if number % 3 else None for number in range(200)] if across else []
    with Batch(COLUMNS, threads=1) as batch, SparkBatch(COLUMNS, session) as other:
        for each in (batch, other):
            each.fill(rows_of(records, sources))
        here, there = batch.take(CARD, across=across), other.take(CARD, across=across)
        assert there == here
        assert here.skipped_keys > 0 < here.pairs
        assert batch.weigh(CARD, least=0.2) == other.weigh(CARD, least=0.2) > 0
        assert weighed(other) == weighed(batch)


def test_a_model_is_trained_on_all_records_up_to_a_bound_and_on_a_draw_beyond_it(
    session: SparkSession,
) -> None:
    records = random_records(4, 90)
    with SparkBatch(COLUMNS, session) as batch, SparkBatch(COLUMNS, session, trained_on=40) as few:
        for each in (batch, few):
            each.fill(rows_of(records))
        with batch.to_train_on() as every, few.to_train_on() as drawn, few.to_train_on() as again:
            assert every.records(range(90)) == batch.records(range(90))
            assert drawn.rows == 40
            kept = drawn.records(range(40))
            assert kept == again.records(range(40))
            assert all(each in batch.records(range(90)).values() for each in kept.values())


def test_what_a_worker_cannot_do_is_an_error_that_names_spark(session: SparkSession) -> None:
    def count() -> None:
        with spark.session() as active:
            assert active is session
            active.range(3).mapInArrow(_fail, "id bigint").collect()

    with pytest.raises(EngineFailed, match="spark gave up"):
        count()


def _fail(batches: object) -> Iterator[object]:
    raise ValueError(batches)


_DIES = """
import os, signal
from leadfit.errors import EngineFailed
from leadfit.store import spark
try:
    with spark.session() as session, spark.SparkBatch(["name"], session) as batch:
        batch.fill([None, "a"] for _ in range(9))
        java = session.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
        os.kill(java, signal.SIGKILL)
        session.range(3).count()
except EngineFailed as error:
    print(error)
"""


@pytest.mark.usefixtures("session")
def test_a_java_process_that_dies_is_an_error_that_names_spark() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DIES], capture_output=True, text=True, check=False
    )
    assert done.stdout == "spark gave up: its Java process ended, perhaps out of memory\n"


def listed(path: Path, header: Sequence[str], rows: Iterator[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(header)
        for row in rows:
            write(row)
    return path


def people(path: Path) -> Path:
    given = enumerate(contacts(220, seed=11))
    rows = (
        [f"c{n}", "ab"[n % 2], *values[:2], f"{values[2]} é😀 日本", *values[3:]]
        for n, (_, values) in given
    )
    return listed(path, ["contact_id", "list", *HEADERS], rows)


def firms(path: Path) -> Path:
    def rows() -> Iterator[Sequence[object]]:
        for number, (_, values) in enumerate(contacts(120, seed=5)):
            name, own = values[2] or "", f"firm{number}.com"
            yield f"a{number}", name, f"{own};brand{number}.com", f"town {number % 20}", ""
            yield f"copy{number}", name.upper(), own, "", ""
            yield f"s{number}", f"{name} Sales", "", "", f"a{number}"

    header = ["account_id", "name", "domains", "city", "parent_account_id"]
    return listed(path, header, rows())


def answered(folder: Path, engine: str, *arguments: object) -> dict[str, bytes]:
    """Run dedupe and return every file it wrote."""
    into = folder / engine
    into.mkdir()
    written = [
        *("--out", into / "out.csv", "--pairs", into / "pairs.csv"),
        *("--card-out", into / "card.json", "--engine", engine),
    ]
    assert run([*map(str, ("dedupe", *arguments, *written))]) == 0
    return {each.name: each.read_bytes() for each in sorted(into.iterdir())}


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("across", [False, True])
def test_a_list_of_contacts_gives_the_same_files_on_both_engines(
    tmp_path: Path, across: bool
) -> None:
    pytest.importorskip("splink", reason="the extra `linkage` is not installed")
    path = people(tmp_path / "contacts.csv")
    options = ("--source", "list") if across else ("--ignore", "list")
    asked = (path, "--kind", "contact", *options)
    here, there = (answered(tmp_path, each, *asked) for each in ("duckdb", "spark"))
    assert here.keys() == there.keys() == {"out.csv", "pairs.csv", "card.json"}
    assert here == there
    assert len(here["pairs.csv"].splitlines()) > 10


@pytest.mark.usefixtures("session")
def test_accounts_and_their_relatives_are_the_same_on_both_engines(tmp_path: Path) -> None:
    pytest.importorskip("splink", reason="the extra `linkage` is not installed")
    asked = (firms(tmp_path / "accounts.csv"), "--kind", "account")
    here, there = (answered(tmp_path, each, *asked) for each in ("duckdb", "spark"))
    assert here == there
    assert b",related\n" in here["pairs.csv"]


@pytest.mark.usefixtures("session")
def test_a_file_of_leads_is_matched_alike_on_both_engines(tmp_path: Path) -> None:
    export = tmp_path / "export"
    planted.write(planted.simulate(planted.Dials(leads=150, facts=12, seed=41)), export)
    found = []
    for engine in ("duckdb", "spark"):
        out = tmp_path / f"{engine}.csv"
        asked = ("--accounts", export / "accounts.csv", "--contacts", export / "contacts.csv")
        more = ("--engine", engine, "--out", out)
        assert run([*map(str, ("match", export / "leads.csv", *asked, *more))]) == 0
        found.append(out.read_bytes())
    assert found[0] == found[1]
    assert found[0].count(b"\n") == 151


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card of contacts, so that a process of its own need not train one."""
    pytest.importorskip("splink", reason="the extra `linkage` is not installed")
    folder = tmp_path_factory.mktemp("card")
    path = people(folder / "contacts.csv")
    answered(folder, "duckdb", path, "--kind", "contact", "--ignore", "list")
    return folder / "duckdb" / "card.json"


def in_a_process(
    folder: Path, card: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    path = people(folder / "contacts.csv")
    asked = ("dedupe", path, "--kind", "contact", "--card", card, "--ignore", "list", "--json")
    more = ("--engine", "spark", "--out", folder / "out.csv")
    return subprocess.run(
        [sys.executable, "-m", "leadfit", *map(str, (*asked, *more))],
        capture_output=True,
        text=True,
        env=dict(environment),
        check=False,
    )


@pytest.mark.usefixtures("session")
def test_standard_output_is_one_document_and_spark_says_nothing(tmp_path: Path, card: Path) -> None:
    done = in_a_process(tmp_path, card, os.environ)  # noqa: TID251 -- of the process to start
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == 220
    words = done.stderr.splitlines()
    assert all("records are" in line or "pairs are" in line for line in words), words


@pytest.mark.usefixtures("session")
def test_without_java_it_says_so_exits_2_and_leaves_nothing(tmp_path: Path, card: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "env"):  # what Spark's own start script calls, but no Java
        where = shutil.which(name)
        assert where is not None
        (tools / name).symlink_to(where)
    environment = {k: v for k, v in os.environ.items() if k != "JAVA_HOME"}  # noqa: TID251 -- as above
    done = in_a_process(tmp_path, card, {**environment, "PATH": str(tools)})
    assert done.returncode == 2
    assert "Java 17" in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "bad_input"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["contacts.csv", "tools"]
