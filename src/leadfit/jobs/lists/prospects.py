"""Scores a list of accounts on file: the outbound filter, which needs no workspace and no CRM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Final

from leadfit import artifact as artifacts
from leadfit.artifact import Artifact
from leadfit.errors import BadInput, Fault, Words, shorten
from leadfit.exports import sheets
from leadfit.exports.faults import Faults
from leadfit.jobs.files.tables import open_lines
from leadfit.jobs.lists.scoring import CHUNK, Lane, ScoredLines
from leadfit.levels import ArtifactFact
from leadfit.policy.policy import fact_name

COLUMNS: Final = ("account_id", "icp_score", "detractor", "suppressed", "reasons")
_NUMBERS: Final = ("icp_score", "detractor")
_CSV: Final = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredList:
    """What became of a list of accounts.

    Attributes:
        id_column: The column the account ids were read from.
        suppressed: Accounts that match the class that left after use.
        missing: Facts of the artifact that the list has no column for; they count as blank.
        unread: Columns of the list that the artifact does not know.
        unheard: By fact, rows with a value that the artifact never saw; it counts as other.
    """

    id_column: str
    rows: int
    suppressed: int
    missing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    unheard: Mapping[str, int] = field(default_factory=dict)


def read_artifact(path: Path) -> Artifact:
    """Read an artifact from a file.

    Raises:
        BadInput: It cannot be read, or is none.
    """
    try:
        return artifacts.from_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            Fault(place=str(path), came=shorten(str(error)), allowed="an artifact.json")
        ) from error
    except BadInput as error:
        named = (replace(fault, place=f"{path}: {fault.place}") for fault in error.faults)
        raise BadInput(tuple(named)) from error


def score_list(accounts: Path, artifact: Artifact, out: Path, *, workers: int = 2) -> ScoredList:
    """Score every account of a file and write the list, whole or not at all.

    Each row has the figures and the reasons of live scoring. Memory does not grow with the file. A
    cell that a spreadsheet would take for a formula gets an
    apostrophe before it, in CSV only.

    Args:
        accounts: A ``.csv``, ``.csv.gz`` or ``.parquet`` file with an id and facts as columns.
        artifact: The model.
        out: A ``.csv`` or ``.parquet`` file.
        workers: Processes that share the work of a large file; a small one needs none.

    Raises:
        BadInput: The list cannot be read; every fault is named.
    """
    _check(accounts, out)
    faults = Faults()
    safe = not out.name.lower().endswith(".parquet")
    with open_lines(out, COLUMNS, numbers=_NUMBERS, truths=("suppressed",)) as write:
        scorer = _Scorer(write, artifact, faults, accounts.name, workers, safe=safe)
        try:
            sheets.stream(accounts, faults, start=scorer.start, take=scorer.take)
            faults.stop_if_any()
            scorer.end()
        finally:
            scorer.close()
    return scorer.told()


def _check(accounts: Path, out: Path) -> None:
    faults = []
    if not (accounts.is_file() and accounts.name.lower().endswith(_CSV)):
        came = "no such kind of file" if accounts.exists() else "nothing there"
        faults.append(Fault(place=str(accounts), came=came, allowed=f"a {', '.join(_CSV)} file"))
    if not out.name.lower().endswith((".csv", ".parquet")):
        faults.append(Fault(place="--out", came=shorten(str(out)), allowed="a .csv or .parquet"))
    if out.exists() and accounts.exists() and out.samefile(accounts):
        faults.append(Fault(place="--out", came="the list itself", allowed="another file"))
    if faults:
        raise BadInput(faults)


class _Scorer:
    """Takes rows as they come and hands them on in chunks, to be scored in their order."""

    def __init__(
        self,
        write: Callable[[str], object],
        artifact: Artifact,
        faults: Faults,
        name: str,
        workers: int,
        *,
        safe: bool,
    ) -> None:
        self._safe = safe
        self._write = write
        self._artifact = artifact
        self._faults = faults
        self._name = name
        self._workers = workers
        self._id, self._id_column = -1, ""
        self._places: list[tuple[ArtifactFact, int]] = []
        self._unread: tuple[str, ...] = ()
        self._unheard: Counter[str] = Counter()
        self._rows = self._suppressed = 0
        self._chunk: list[tuple[str, ...]] = []
        self._pick: Callable[[list[str]], tuple[str, ...]] = tuple
        self._lane: Lane | None = None

    def start(self, names: list[str]) -> None:
        plain = [fact_name(name) for name in names]
        ids = [n for n, name in enumerate(plain) if name == "account_id"] or [
            n for n, name in enumerate(plain) if name == "id" or name.endswith("_id")
        ]
        if not ids:
            shown = ", ".join(names[:30]) or "none"
            self._faults.file(
                self._name, Words(f"no id column among {shown}"), "a column account_id"
            )
            return
        self._id, self._id_column = ids[0], names[ids[0]]
        self._find(names, plain)
        held = [fact.name for fact, _ in self._places]
        if held:
            self._pick = itemgetter(self._id, *(place for _, place in self._places))
        self._lane = Lane(self._artifact, held, self._workers, safe=self._safe)

    def _find(self, names: list[str], plain: list[str]) -> None:
        """Find the column of each fact: by its header as written, else by its plain name."""
        for fact in self._artifact.facts:
            bare = fact.name.removeprefix("accounts.")
            wanted = (fact.name, bare)
            place = next((n for n, name in enumerate(names) if name in wanted), None)
            if place is None and fact_name(bare) in plain:
                place = plain.index(fact_name(bare))
            if place is not None:
                self._places.append((fact, place))
        if not self._places:
            shown = ", ".join(fact.name for fact in self._artifact.facts[:30])
            came = Words("no column is a fact of the artifact")
            self._faults.file(self._name, came, f"columns such as {shown}")
        taken = {place for _, place in self._places} | {self._id}
        self._unread = tuple(name for n, name in enumerate(names) if n not in taken)

    def take(self, number: int, cells: list[str]) -> None:
        if not self._places or self._lane is None:
            return
        account_id = cells[self._id].strip()
        if not account_id:
            self._faults.row(self._name, number, self._id_column, "", "an id in every row")
            return
        row = self._pick(cells)
        self._chunk.append(row if row[0] == account_id else (account_id, *row[1:]))
        if len(self._chunk) == CHUNK:
            self._keep(self._lane.take(self._chunk))
            self._chunk = []

    def end(self) -> None:
        """Score what is left."""
        if self._lane is not None:
            if self._chunk:
                self._keep(self._lane.take(self._chunk))
            self._keep(self._lane.end())

    def close(self) -> None:
        """Let go of other processes, whatever happened."""
        if self._lane is not None:
            self._lane.close()

    def _keep(self, done: Iterable[ScoredLines]) -> None:
        for each in done:
            self._rows += each.count
            self._suppressed += each.suppressed
            self._unheard.update(each.unheard)
            self._write(each.lines)

    def told(self) -> ScoredList:
        found = {fact.name for fact, _ in self._places}
        return ScoredList(
            id_column=self._id_column,
            rows=self._rows,
            suppressed=self._suppressed,
            missing=tuple(f.name for f in self._artifact.facts if f.name not in found),
            unread=self._unread,
            unheard=dict(self._unheard),
        )
