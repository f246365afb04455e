"""Scores rows of a list: many at once where numpy is there, else one by one by the live kernel.

Both give the same bytes. The rows of a large list are shared by processes, in their order.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

from leadfit.artifact import Artifact, evaluate, from_json, to_json
from leadfit.collector import collect_seldom
from leadfit.jobs.files.tables import guarded
from leadfit.levels import BLANK, OTHER, ArtifactFact
from leadfit.records import Fact, Facts, IcpScore

if TYPE_CHECKING:
    from leadfit.jobs.lists.kernel import Kernel
    from leadfit.jobs.lists.reasons import Reasons

CHUNK: Final = 5_000
SHOWN: Final = 4
_REMEMBERED: Final = 50_000
_IN_FLIGHT: Final = 2
_ODD: Final = re.compile(r'[,"\r\n]')

Row = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRows:
    """A chunk of the list.

    Attributes:
        rows: Id, score, detractor match, suppressed or not, reasons as JSON.
        unheard: By fact, rows with a value that the artifact never saw.
    """

    rows: list[Row]
    suppressed: int
    unheard: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredLines:
    """A chunk of the list, written down.

    Attributes:
        lines: Its rows as CSV.
        count: How many.
    """

    lines: str
    count: int
    suppressed: int
    unheard: Mapping[str, int]


def written(scored: ScoredRows, *, safe: bool) -> ScoredLines:
    """Return rows as CSV.

    Args:
        scored: The rows.
        safe: An id that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    names = [str(guarded(row[0])) if safe else row[0] for row in scored.rows]
    # Reasons are JSON, which has quotes in any case; a figure has nothing to be quoted for.
    lines = [
        f"{_quoted(name) if _ODD.search(name) else name},{score},{d},{flagged},{_quoted(told)}\n"
        for name, (_, score, d, flagged, told) in zip(names, scored.rows, strict=True)
    ]
    return ScoredLines(
        lines="".join(lines),
        count=len(lines),
        suppressed=scored.suppressed,
        unheard=scored.unheard,
    )


def _quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


class Lane:
    """Scores chunks in their order; the second one calls other processes to help.

    Args:
        artifact: The model.
        names: Facts the rows hold, in their order.
        workers: Processes; 1 scores all of it here.
        safe: As :func:`written` takes it.
    """

    def __init__(
        self, artifact: Artifact, names: Sequence[str], workers: int, *, safe: bool
    ) -> None:
        self._safe = safe
        self._here = RowScorer(artifact, names)
        self._names = list(names)
        self._artifact = artifact
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._begun: deque[Future[ScoredLines]] = deque()
        self._chunks = 0

    def take(self, rows: Sequence[Sequence[str]]) -> Iterator[ScoredLines]:
        """Score a chunk; yield chunks that are done, the oldest first."""
        self._chunks += 1
        if self._workers < 2 or self._chunks == 1:
            yield written(self._here.score(rows), safe=self._safe)
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=get_context("spawn"),
                initializer=_begin,
                initargs=(to_json(self._artifact), self._names),
            )
        self._begun.append(self._pool.submit(_score, rows, self._safe))
        while len(self._begun) > _IN_FLIGHT * self._workers:
            yield self._begun.popleft().result()

    def end(self) -> Iterator[ScoredLines]:
        """Yield the chunks that are left."""
        while self._begun:
            yield self._begun.popleft().result()

    def close(self) -> None:
        """Let go of the other processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


_scorers: list[RowScorer] = []


def _begin(artifact: str, names: Sequence[str]) -> None:
    """Make a process ready."""
    collect_seldom()
    _scorers[:] = [RowScorer(from_json(artifact), names)]


def _score(rows: Sequence[Sequence[str]], safe: bool) -> ScoredLines:
    return written(_scorers[0].score(rows), safe=safe)


class RowScorer:
    """Scores rows by an artifact.

    Args:
        artifact: The model.
        names: Facts the rows hold, in their order; those that they lack count as blank.
        many_at_once: Whether numpy is used where it is there.
    """

    def __init__(
        self, artifact: Artifact, names: Sequence[str], *, many_at_once: bool = True
    ) -> None:
        self._artifact = artifact
        self._names = names
        self._column = {name: n for n, name in enumerate(names, start=1)}
        self._levels = [_Levels(fact) for fact in artifact.facts]
        self._kernel = _kernel_of(artifact) if many_at_once else None
        self._reasons = None if self._kernel is None else _reasons_of(artifact)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._one)

    def score(self, rows: Sequence[Sequence[str]]) -> ScoredRows:
        """Score rows, each an id and the texts of its facts."""
        columns = list(zip(*rows, strict=True))
        blank = ("",) * len(rows)
        held = [self._column.get(levels.name) for levels in self._levels]
        texts = [blank if n is None else columns[n] for n in held]
        unheard: Counter[str] = Counter()
        places: list[list[int]] = []
        for levels, column in zip(self._levels, texts, strict=True):
            found = [levels[text] for text in column]
            places.append([place for place, _ in found])
            odd = sum(is_odd for _, is_odd in found)
            if odd and levels.name in self._column:
                unheard[levels.name] = odd
        done = self._all(columns[0], places, texts)
        suppressed = sum(row[3] == "true" for row in done)
        return ScoredRows(rows=done, suppressed=suppressed, unheard=unheard)

    def _all(
        self, ids: Sequence[str], places: list[list[int]], texts: Sequence[Sequence[str]]
    ) -> list[Row]:
        if self._kernel is None or self._reasons is None:
            every = zip(ids, zip(*places, strict=True), zip(*texts, strict=True), strict=True)
            return [(name, *self._live(at, said)) for name, at, said in every]
        import numpy as np  # noqa: PLC0415 -- an extra, which the kernel has asked for

        at = np.array(places, dtype=np.int64).T
        found = self._kernel.figures(at)
        reasons = self._reasons.of(at, found)
        flag_at = self._flag_at()
        done: list[Row] = []
        figures = zip(
            ids, found.score.tolist(), found.detractor.tolist(), reasons, found.unsure.tolist(),
            strict=True,
        )  # fmt: skip
        for n, (name, score, d, told, unsure) in enumerate(figures):
            if unsure:
                row = tuple(at[n].tolist())
                done.append((name, *self._live(row, [column[n] for column in texts])))
            else:
                flagged = "true" if d >= flag_at else "false"
                done.append((name, f"{score:.2f}", f"{d:.4f}", flagged, told))
        return done

    def _flag_at(self) -> float:
        has_flag = self._artifact.detractor is not None
        return self._artifact.flag_at if has_flag else float("inf")

    def _live(self, places: tuple[int, ...], texts: Sequence[str]) -> tuple[str, str, str, str]:
        """Return a row's figures by the live kernel; equal places have equal ones."""
        for levels, place, text in zip(self._levels, places, texts, strict=True):
            levels.said[place] = text
        return self._remembered(places)

    def _one(self, places: tuple[int, ...]) -> tuple[str, str, str, str]:
        facts: dict[str, Fact] = {
            levels.name: levels.said[place]
            for levels, place in zip(self._levels, places, strict=True)
        }
        found = evaluate(self._artifact, facts)
        return (
            f"{found.score:.2f}",
            f"{found.detractor:.4f}",
            "true" if found.flagged else "false",
            reasons_json(found, self._artifact.flag_at),
        )


class _Levels(dict[str, tuple[int, bool]]):
    """The place of each text of a fact, and whether the artifact never saw such a value.

    Attributes:
        name: Of the fact.
        said: Some text for each place.
    """

    def __init__(self, fact: ArtifactFact) -> None:
        super().__init__()
        self.name = fact.name
        self.said: dict[int, str] = {}
        self._fact = fact

    def __missing__(self, text: str) -> tuple[int, bool]:
        fact = self._fact
        place = fact.level_of(text)
        # Without places for them, what is rare and what is blank are both nowhere.
        other = not fact.edges and (place < 0 or fact.levels[place] == OTHER)
        found = (place, other and bool(text.strip()) and (place >= 0 or BLANK in fact.levels))
        if len(self) < _REMEMBERED:
            self[text] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFigures:
    """What an artifact says of one account, as live scoring rounds it."""

    score: float
    detractor: float
    flagged: bool


class FactScorer:
    """Scores accounts by their facts, without reasons.

    Args:
        artifact: The model.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self._kernel = _kernel_of(artifact)

    def score(self, accounts: Sequence[Facts]) -> list[AccountFigures]:
        """Return the figures of accounts, in their order.

        Args:
            accounts: Facts under the artifact's names.
        """
        if self._kernel is None or not accounts or not self._artifact.facts:
            return [self._live(facts) for facts in accounts]
        import numpy as np  # noqa: PLC0415 -- an extra, which the kernel has asked for

        levels = self._artifact.facts
        places = np.array(
            [[each.level_of(facts.get(each.name)) for each in levels] for facts in accounts],
            dtype=np.int64,
        )
        found = self._kernel.figures(places)
        has_flag, flag_at = self._artifact.detractor is not None, self._artifact.flag_at
        every = zip(
            accounts, found.score.tolist(), found.detractor.tolist(), found.unsure.tolist(),
            strict=True,
        )  # fmt: skip
        return [
            self._live(facts)
            if unsure
            else AccountFigures(score=score, detractor=d, flagged=has_flag and d >= flag_at)
            for facts, score, d, unsure in every
        ]

    def _live(self, facts: Facts) -> AccountFigures:
        found = evaluate(self._artifact, facts)
        return AccountFigures(score=found.score, detractor=found.detractor, flagged=found.flagged)


def _kernel_of(artifact: Artifact) -> Kernel | None:
    try:
        from leadfit.jobs.lists.kernel import Kernel  # noqa: PLC0415 -- numpy comes with an extra
    except ImportError:
        return None
    return Kernel(artifact)


def _reasons_of(artifact: Artifact) -> Reasons:
    from leadfit.jobs.lists.reasons import Reasons  # noqa: PLC0415 -- numpy comes with an extra

    return Reasons(artifact)


def reasons_json(found: IcpScore, flag_at: float) -> str:
    """Return the strongest reasons of a score as a JSON list whose points sum to the score.

    The first one of a suppressed account says that it is, and why.
    """
    told: list[dict[str, object]] = []
    loss = next((each for each in found.reasons if each.rule == "icp.detractor"), None)
    if found.flagged:
        because = "" if loss is None else f": {loss.words}"
        words = f"suppressed from {flag_at:.0%} of a match on{because}"
        told.append({"rule": "icp.suppressed", "words": words, "points": None})
    base, *others = found.reasons
    kept = [base, *others[:SHOWN]]
    if loss is not None and loss not in kept:
        kept.append(loss)
    told += [{"rule": r.rule, "words": r.words, "points": round(r.points or 0.0, 2)} for r in kept]
    rest = round(found.score, 2) - sum(round(each.points or 0.0, 2) for each in kept)
    if round(rest, 2):
        more = len(found.reasons) - len(kept)
        words = f"{more} further facts and rounding" if more else "rounding"
        told.append({"rule": "icp.rest", "words": words, "points": round(rest, 2)})
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
