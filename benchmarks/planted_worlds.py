"""Planted companies as the learner sees them, and its effects held against what is true.

Not a benchmark by itself. What a figure means stands at :class:`Tally`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Small matrices: a second thread only waits for the first. Set before numpy is loaded.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # noqa: TID251 -- a benchmark sets up its own process

import numpy as np  # noqa: E402 -- after the threads are set
from scipy import stats  # noqa: E402 -- the same

from leadfit.exports import read_export  # noqa: E402 -- the same
from leadfit.history import History, Step  # noqa: E402 -- the same
from leadfit.learn.facts import Levels  # noqa: E402 -- the same
from leadfit.learn.past import Floats  # noqa: E402 -- the same
from leadfit.learn.result import Claim, Effect  # noqa: E402 -- the same
from leadfit.testing import planted  # noqa: E402 -- the same

LARGE = 0.05
"""True effects of at least this size are those that power, rank and sign are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A company and the history that its export folder gives."""

    company: planted.Company
    history: History


def plant(dials: planted.Dials) -> World:
    """Simulate a company and read its export folder as a user would."""
    company = planted.simulate(dials)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "export"
        planted.write(company, folder)
        return World(company=company, history=read_export(folder))


class Truth:
    """True effects of values and bins as the learner read them."""

    def __init__(self, company: planted.Company, levels: Sequence[Levels]) -> None:
        self._levels = {each.name: each for each in levels}
        self._places = {fact.name: place for place, fact in enumerate(company.facts)}
        self._company = company
        self._risks: dict[tuple[str, str], list[float]] = {}
        for each in company.effects():
            self._risks.setdefault((each.fact, each.outcome), []).append(each.risk)
        self._found: dict[tuple[str, str], Mapping[str, float]] = {}

    def of(self, fact: str, value: str, step: Step) -> float | None:
        """Return the true effect of a value against the mix of the others; ``None``: no truth."""
        name = fact.rpartition(".")[2]
        if (name, step.value) not in self._risks:
            return None
        key = (fact, step.value)
        if key not in self._found:
            self._found[key] = self._effects(fact, self._places[name], step)
        return self._found[key].get(value)

    def _effects(self, fact: str, place: int, step: Step) -> Mapping[str, float]:
        read = self._levels[fact].read
        risks = self._risks[fact.rpartition(".")[2], step.value]
        people = self._company.population(step.value)
        codes = np.array([read.level_of(each.values[place]) for each in people])
        risk = np.array([risks[each.levels[place]] for each in people])
        flat = len(set(risks)) == 1
        found: dict[str, float] = {}
        for code in np.unique(codes):
            mine = codes == code
            if not mine.all():
                found[read.levels[code]] = (
                    0.0 if flat else float(risk[mine].mean() - risk[~mine].mean())
                )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One effect beside its truth; ``claimed``: called a cause."""

    fact: str
    value: str
    step: Step
    truth: float
    effect: float
    low: float
    high: float
    claimed: bool


def grade(truth: Truth, effects: Sequence[Effect]) -> list[Graded]:
    """Hold effects against the truth; what the data cannot identify is not claimed."""
    found: list[Graded] = []
    for each in effects:
        true = truth.of(each.fact, each.value, each.outcome)
        if true is not None and each.claim is not Claim.NOT_IDENTIFIED:
            found.append(
                Graded(
                    fact=each.fact,
                    value=each.value,
                    step=each.outcome,
                    truth=true,
                    effect=each.effect,
                    low=each.low,
                    high=each.high,
                    claimed=each.claim is Claim.CAUSED,
                )
            )
    return found


@dataclass
class Tally:
    """Figures of one method on one world.

    ``false``: claims whose true effect is exactly nought, as a share of all claims. ``coverage``:
    intervals that hold the truth. ``power``: facts with a true effect of at least ``LARGE`` of
    which such a value is claimed with the right sign; ``power_values``: the same by value.
    ``rank``: Spearman correlation of estimate and truth over values with any true effect.
    ``sign``: right signs among true effects of at least ``LARGE``. ``rmse``: of all.
    """

    rows: list[Graded] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the figures; a share of nothing is 0 false, and no number otherwise."""
        rows = self.rows
        truth, effect = self._columns()
        claimed = np.array([row.claimed for row in rows])
        null, large = truth == 0.0, np.abs(truth) >= LARGE
        right = np.sign(effect) == np.sign(truth)
        held = np.array([row.low <= row.truth <= row.high for row in rows])
        nan = float("nan")
        wanted: dict[tuple[str, str], bool] = {}
        for row, is_large, fine in zip(rows, large, claimed & right, strict=True):
            if is_large:
                key = (row.fact, row.step.value)
                wanted[key] = wanted.get(key, False) or bool(fine)
        return {
            "claims": int(claimed.sum()),
            "false": float((claimed & null).sum() / max(1, claimed.sum())),
            "coverage": float(held.mean()) if rows else nan,
            "power": float(np.mean(list(wanted.values()))) if wanted else nan,
            "power_values": float((claimed & right)[large].mean()) if large.any() else nan,
            "rank": float(stats.spearmanr(effect[~null], truth[~null])[0])
            if (~null).sum() > 2
            else nan,
            "sign": float(right[large].mean()) if large.any() else nan,
            "rmse": float(np.sqrt(np.mean((effect - truth) ** 2))) if rows else nan,
        }

    def _columns(self) -> tuple[Floats, Floats]:
        truth = np.array([row.truth for row in self.rows], dtype=np.float64)
        return truth, np.array([row.effect for row in self.rows], dtype=np.float64)
