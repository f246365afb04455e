"""A mapping proposed for a folder: what was recognised, what is there, what could not be told."""

from __future__ import annotations

from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leadfit.errors import BadInput, shorten
from leadfit.exports import sheets
from leadfit.exports.convert import as_time
from leadfit.exports.crm import Described, as_list
from leadfit.exports.faults import Faults
from leadfit.exports.headers import Recognised, spelling
from leadfit.exports.mapping import Mapping
from leadfit.exports.reading import history_of
from leadfit.exports.recognise import describe, tables_of
from leadfit.exports.shapes import SHAPES
from leadfit.exports.sheets import Sheet
from leadfit.exports.toml_text import written
from leadfit.history import History, Step

_SAMPLE = 2_000
_FEW = 30
_FORMATS = (
    None,
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M",
)
_SHOWN = 10
_NEXT = {
    Step.ACCEPTED: Step.QUALIFIED,
    Step.QUALIFIED: Step.CONVERTED,
    Step.CONVERTED: Step.EXPANDED,
}
# Who worked a record is no trait of an account: left as it is, a rep would stand in the profile.
_REP_WORDS = frozenset({"agent", "owner", "rep", "salesperson", "sdr"})
_KIND = {Step.CHURNED_AFTER_USE: "churned"}
_CARRIED = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingProposal:
    """What ``leadfit map`` says about a folder.

    Attributes:
        sources: Each of the five sources of evidence: ``present``, ``partial`` or ``missing``.
        tables: File name to what the table was taken for.
        mapping: A mapping file as TOML text; it may hold guesses, which ``questions`` name.
        questions: What could not be told from the files, each once.
        faults: What keeps the proposed mapping from reading the folder, each in one line.
    """

    sources: Named[str, str]
    tables: Named[str, str]
    mapping: str
    questions: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def propose_mapping(folder: Path) -> MappingProposal:
    """Return a mapping for a folder, with what it gives and what must be asked; writes nothing.

    Raises:
        BadInput: When the folder holds no table that can be read.
    """
    faults = Faults()
    files = sheets.find(folder, faults)
    faults.stop_if_any()
    known, other = tables_of(files, faults)
    faults.stop_if_any()
    unlike = [table for table in known if not _has_its_columns(table)]
    known = [table for table in known if table not in unlike]
    other |= {table.file: list(table.headers.values()) for table in unlike}
    described = describe(known)
    tables = {table.file: table.kind for table in known}
    questions: list[str] = []
    if described is None:
        guess = _Guess(questions)
        for file in files:
            if file.name in other or file.name in tables:
                guess.look_at(file)
        described, guessed = guess.mapping()
        tables |= guessed
    else:
        tables |= dict.fromkeys(other, "not used")
    sources, trouble = _tried(described, files)
    questions += [
        f"No record of the step '{step}' was found: which table and column would show it?"
        for step, state in sources.items()
        if state == "missing"
    ]
    return MappingProposal(
        sources=sources,
        tables=tables,
        mapping=written(described),
        questions=tuple(dict.fromkeys(questions)),
        faults=trouble,
    )


def _has_its_columns(table: Recognised) -> bool:
    """Say whether a file that is named like a table of the export folder has its key columns."""
    _, _, name = table.kind.partition("export folder: ")
    shape = next((shape for ours, shape in SHAPES.items() if ours == name), None)
    return shape is None or set(shape.required) <= set(table.headers.values())


def sources_of(history: History) -> dict[str, str]:
    """Return for each source of evidence whether it is present, partial or missing.

    Missing: no such event. Partial: derived by a rule, or carried by under 80 % of the units at
    the next step.
    """
    kinds = history.events.columns.get("kind", ())
    accounts = history.events.columns.get("account_id", ())
    reached: dict[object, set[object]] = {}
    for kind, account in zip(kinds, accounts, strict=True):
        reached.setdefault(kind, set()).add(account)
    states = {}
    for step in Step:
        here = reached.get(_KIND.get(step, step.value), set())
        after = _NEXT.get(step)
        there = reached.get(after.value, set()) if after is not None else set()
        carried = len(here & there) >= _CARRIED * len(there)
        states[step.value] = (
            "missing"
            if not here
            else "present"
            if carried and step not in history.proxies
            else "partial"
        )
    return states


def _tried(described: Described, files: Sequence[Path]) -> tuple[dict[str, str], tuple[str, ...]]:
    missing = {step.value: "missing" for step in Step}
    if not described.get("table"):
        return missing, ()
    try:
        history, _ = history_of(Mapping.model_validate(described), files, Faults())
    except BadInput as bad:
        return missing, tuple(str(fault) for fault in bad.faults[:_SHOWN])
    except ValueError as bad:
        return missing, (str(bad),)
    return sources_of(history), ()


class _Guess:
    """Guesses what tables are, from the names and values of their columns."""

    def __init__(self, questions: list[str]) -> None:
        self._questions = questions
        self._tables: list[tuple[Path, Described, str]] = []
        self._rows: dict[Path, int] = {}
        self._joined: dict[Path, list[tuple[Path, str]]] = {}

    def look_at(self, file: Path) -> None:
        sheet = sheets.read(file, Faults(), limit=_SAMPLE)
        self._rows[file] = len(sheet)
        stages = _stage_column(sheet)
        name = sheets.stem(file).lower()
        ids = [c for c, values in sheet.columns.items() if _is_key(c, values)]
        if stages is not None and ids:
            key = _best(ids, "deal", "opportunity", "opp")
            self._add(file, self._deals(file, sheet, stages, key), "deals (a guess)")
        elif ids and ("lead" in name or any("lead" in spelling(c) for c in sheet.columns)):
            self._add(file, self._leads(file, sheet, _best(ids, "lead")), "leads (a guess)")
        elif "account" in name or "compan" in name or "customer" in name:
            key = ids[0] if ids else next(iter(sheet.columns))
            described: Described = {"to": "accounts", "columns": {"account_id": key}}
            self._add(file, described, "accounts (a guess)")
        else:
            self._questions.append(f"What is in {file.name}? It was not used.")

    def mapping(self) -> tuple[Described, dict[str, str]]:
        self._join_tables_of_the_same_leads()
        kinds = {described["to"] for _, described, _ in self._tables}
        if not kinds & {"leads", "deals"}:
            self._questions.insert(0, "Which file lists the leads or deals, one a row?")
        made: Described = {
            "version": 1,
            "unit": "deal" if "deals" in kinds and "leads" not in kinds else "lead",
        }
        if any("created_at" not in _columns(d) for _, d, _ in self._tables if d["to"] == "leads"):
            made["created_at"] = "unknown"
        files = [file for file, _, _ in self._tables]
        names = {file: f"table_{number}" for number, file in enumerate(files, 1)}
        made["sources"] = {name: file.name for file, name in names.items()}
        tables: list[Described] = []
        for file, described, _ in self._tables:
            if described["to"] == "joined":
                continue
            head: Described = {"to": described["to"], "from": names[file]}
            for other, joined in self._joined.get(file, ()):
                join = {"from": names[other], "on": joined, "optional": True}
                described["join"] = [*as_list(described.get("join")), join]
            tables.append(head | described)
        made["table"] = tables
        return made, {file.name: words for file, _, words in self._tables}

    def _join_tables_of_the_same_leads(self) -> None:
        """Of several tables with the same lead ids, the longest lists them; the others join it."""
        by_key: dict[object, list[int]] = {}
        for number, (_, described, _) in enumerate(self._tables):
            if described["to"] == "leads":
                by_key.setdefault(_columns(described)["lead_id"], []).append(number)
        for key, numbers in by_key.items():
            first = max(numbers, key=lambda number: self._rows[self._tables[number][0]])
            for number in numbers:
                if number != first:
                    file = self._tables[number][0]
                    self._joined.setdefault(self._tables[first][0], []).append((file, str(key)))
                    words = f"columns for {self._tables[first][0].name} (a guess)"
                    self._tables[number] = (file, {"to": "joined"}, words)
                    self._questions.append(
                        f"Does a row of {file.name} mean that the lead converted, and when?"
                    )

    def _add(self, file: Path, described: Described, words: str) -> None:
        self._tables.append((file, described, words))

    def _leads(self, file: Path, sheet: Sheet, key: str) -> Described:
        columns = {"lead_id": key}
        times, date_format = self._times(file, sheet)
        if times:
            columns["created_at"] = times[0]
        if len(times) != 1:
            self._questions.append(
                f"Which column of {file.name} says when a lead came in? "
                + (f"Taken: {times[0]}." if times else "None holds times.")
            )
        described: Described = {"to": "leads", "columns": columns, **date_format}
        for ours in ("email", "company", "source"):
            found = next((n for n in sheet.columns if _same(n, ours)), None)
            if found is not None:
                columns[ours] = found
        self._rep(file, sheet, columns)
        outcome = next((name for name in sheet.columns if spelling(name) == "converted"), None)
        if outcome is not None and not times:
            yes = ["1", "true", "yes"]
            described["event"] = [{"kind": "converted", "when": {outcome: yes}}]
        return described

    def _deals(self, file: Path, sheet: Sheet, stage: str, key: str) -> Described:
        times, date_format = self._times(file, sheet)
        columns = {"deal_id": key, "stage": stage}
        if times:
            only_end = len(times) == 1 and "clos" in spelling(times[0])
            columns["closed_at" if only_end else "created_at"] = times[0]
        if len(times) > 1:
            columns["closed_at"] = times[-1]
            self._questions.append(
                f"Which columns of {file.name} say when a deal began and ended? "
                f"Taken: {times[0]} and {times[-1]}."
            )
        for ours, words in (
            ("lead_id", ("lead_id",)),
            ("account_id", ("account", "company")),
            ("amount", ("value", "amount")),
        ):
            found = next((n for n in sheet.columns if any(w in spelling(n) for w in words)), None)
            if found is not None and found not in columns.values():
                columns[ours] = found
        self._rep(file, sheet, columns)
        values = sorted({text for text in sheet.columns[stage] if text is not None})
        meaning = {text: _meaning(text) for text in values}
        unclear = [text for text in values if meaning[text] == "open"]
        if unclear:
            shown = ", ".join(shorten(text) for text in unclear)
            self._questions.append(f"What do the stages {shown} of {file.name} mean? Taken: open.")
        stages = {
            kind: [text for text in values if meaning[text] == kind]
            for kind in ("won", "lost", "open")
        }
        described: Described = {"to": "deals", "columns": columns, **date_format}
        described["stages"] = {kind: texts for kind, texts in stages.items() if texts}
        if "created_at" in columns:
            described["drop"] = [{"blank": columns["created_at"]}]
        return described

    def _rep(self, file: Path, sheet: Sheet, columns: dict[str, str]) -> None:
        """Take the column that is named after who works a record, if there is one."""
        for name, cells in sheet.columns.items():
            filled = [text for text in cells if text is not None]
            is_shared = 2 * len(set(filled)) <= len(filled)
            if filled and is_shared and _REP_WORDS & set(spelling(name).split("_")):
                if name not in columns.values():
                    columns["rep_id"] = name
                    self._questions.append(
                        f"Does {name} of {file.name} say who worked it? Taken: the rep, so it is "
                        "no part of the profile."
                    )
                return

    def _times(self, file: Path, sheet: Sheet) -> tuple[list[str], dict[str, str]]:
        """Return the columns that hold times, and their format unless it is ISO 8601."""
        fits = {
            pattern: [name for name, cells in sheet.columns.items() if _holds_times(cells, pattern)]
            for pattern in _FORMATS
        }
        best = max(_FORMATS, key=lambda pattern: len(fits[pattern]))
        if best is None or not fits[best]:
            return fits[None], {}
        other = best.replace("%d/%m", "%m/%d")
        if other != best and fits[other] == fits[best]:
            self._questions.append(
                f"Do the dates of {file.name} begin with the day or with the month? Taken: the day."
            )
        return fits[best], {"date_format": best}


def _columns(described: Described) -> dict[str, object]:
    columns = described.get("columns")
    return columns if isinstance(columns, dict) else {}


def _is_key(name: str, values: Sequence[str | None]) -> bool:
    filled = [text for text in values if text is not None]
    named = spelling(name).endswith("id") or spelling(name).endswith("number")
    return named and bool(filled) and len(set(filled)) == len(values)


def _best(ids: Sequence[str], *words: str) -> str:
    """Return the id column that is named after one of these words, else the first."""
    return next((name for name in ids if set(spelling(name).split("_")) & set(words)), ids[0])


def _same(name: str, ours: str) -> bool:
    """Say whether a header is one of ours in other letters, such as ``E-Mail``."""
    return spelling(name).replace("_", "") == ours


def _holds_times(values: Sequence[str | None], pattern: str | None = None) -> bool:
    some = [text for text in values if text is not None]
    # Only many dates tell whether the day or the month comes first.
    some = some if pattern else some[:_FEW]
    try:
        return bool(some) and all(as_time(text, pattern) is not None for text in some)
    except ValueError:
        return False


def _stage_column(sheet: Sheet) -> str | None:
    for name, values in sheet.columns.items():
        words = {text for text in values if text is not None}
        if len(words) <= _FEW and {"won", "lost"} <= {_meaning(text) for text in words}:
            return name
    return None


def _meaning(stage: str) -> str:
    words = spelling(stage).split("_")
    if "won" in words or "closedwon" in words:
        return "won"
    return "lost" if "lost" in words or "closedlost" in words else "open"
