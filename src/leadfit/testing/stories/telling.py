"""What a story is made of: figures the naive way and the Leadfit way, each with an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Row = tuple[str, ...]

_RESAMPLES: Final = 500
_ENDS: Final = (2.5, 97.5)
_NOTHING: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval; one that is counted or known has none."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table.

    Attributes:
        unit: ``share``, ``money``, ``minutes``, ``hours``, ``months``, ``days``, ``times`` or
            nothing for a count.
        change: Leadfit less naive, on the same world, where both are of one kind.
    """

    name: str
    unit: str
    naive: Estimate
    leadfit: Estimate
    change: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story that was replayed both ways.

    Attributes:
        world: The planted world, in words; both ways see the same.
        naive: What the naive way does, ``leadfit`` what Leadfit does.
        figures: The table.
        found: What Leadfit said of the naive way by itself, in words.
        notes: What is ours and not measured anywhere, and what to know of the figures.
    """

    name: str
    seed: int
    title: str
    world: str
    naive: str
    leadfit: str
    figures: tuple[Figure, ...]
    found: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def paired(
    name: str,
    unit: str,
    seed: int,
    over: tuple[Sequence[float], Sequence[float]],
    under: tuple[Sequence[float], Sequence[float]] | None = None,
) -> Figure:
    """Return a figure that is a sum, or a ratio of sums, over the same units both ways.

    The interval is by drawing units anew, the same ones for both ways, 500 times.

    Args:
        name: Of the figure.
        unit: Of the figure.
        seed: Of the drawing.
        over: What each unit adds, the naive way and the Leadfit way.
        under: What each unit adds below; without it the figure is a sum.
    """
    tops = [np.asarray(each, dtype=np.float64) for each in over]
    bases = None if under is None else [np.asarray(each, dtype=np.float64) for each in under]
    size = len(tops[0])
    rng = np.random.default_rng([20261122, seed])
    draws = rng.poisson(1.0, size=(_RESAMPLES, size)).astype(np.float64)

    def of(side: int, weights: Floats) -> Floats:
        sums: Floats = weights @ tops[side]
        if bases is None:
            return np.asarray(sums * (size / weights.sum(axis=1)))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums / (weights @ bases[side]))

    once = np.ones((1, size))
    values = [float(of(side, once)[0]) for side in (0, 1)]
    sides = [of(side, draws) for side in (0, 1)]
    return Figure(
        name=name,
        unit=unit,
        naive=_estimate(values[0], sides[0]),
        leadfit=_estimate(values[1], sides[1]),
        change=_estimate(values[1] - values[0], sides[1] - sides[0]),
    )


def quantile_of(
    name: str, unit: str, seed: int, both: tuple[Sequence[float], Sequence[float]], share: float
) -> Figure:
    """Return a quantile of what each side had, with intervals by drawing anew."""
    rng = np.random.default_rng([20261122, seed])

    def of(values: Sequence[float]) -> tuple[float, Floats]:
        given = np.asarray(values, dtype=np.float64)
        picked = rng.integers(0, len(given), size=(_RESAMPLES, len(given)))
        return float(np.quantile(given, share)), np.quantile(given[picked], share, axis=1)

    if not both[0] or not both[1]:
        return Figure(
            name=name, unit=unit, naive=Estimate(value=None), leadfit=Estimate(value=None)
        )
    (naive, spread), (leadfit, other) = of(both[0]), of(both[1])
    return Figure(
        name=name,
        unit=unit,
        naive=_estimate(naive, spread),
        leadfit=_estimate(leadfit, other),
        change=_estimate(leadfit - naive, other - spread),
    )


def counted(name: str, unit: str, naive: float | None, leadfit: float | None) -> Figure:
    """Return a figure that is counted and known, without an interval."""
    return Figure(
        name=name, unit=unit, naive=Estimate(value=naive), leadfit=Estimate(value=leadfit)
    )


def _estimate(value: float, spread: Floats) -> Estimate:
    known = spread[np.isfinite(spread)]
    if not np.isfinite(value) or len(known) < len(spread) / 2:
        return Estimate(value=value if np.isfinite(value) else None)
    low, high = np.percentile(known, _ENDS)
    return Estimate(value=value, low=float(low), high=float(high))


def rows(story: Story) -> list[Row]:
    """Return the table as text, heads first."""
    return [
        ("", "naive", "95 %", "Leadfit", "95 %", "change", "95 %"),
        *(_row(each) for each in story.figures),
    ]


def _row(figure: Figure) -> Row:
    write = _WRITERS.get(figure.unit, _count)
    change = figure.change or Estimate(value=None)
    return (
        figure.name,
        _one(figure.naive, write), _interval(figure.naive, write),
        _one(figure.leadfit, write), _interval(figure.leadfit, write),
        _signed(change, write), _interval(change, write),
    )  # fmt: skip


def _one(each: Estimate, write: Callable[[float], str]) -> str:
    return _NOTHING if each.value is None else write(each.value)


def _signed(each: Estimate, write: Callable[[float], str]) -> str:
    if each.value is None:
        return _NOTHING
    text = write(each.value)
    return text if text.startswith("-") else f"+{text}"


def _interval(each: Estimate, write: Callable[[float], str]) -> str:
    if each.low is None or each.high is None:
        return _NOTHING
    return f"{write(each.low)} to {write(each.high)}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if abs(value - round(value)) < 1e-9 else f"{value:,.1f}"


_WRITERS: Final[dict[str, Callable[[float], str]]] = {
    "share": lambda value: f"{100 * value:.1f} %",
    "money": lambda value: f"{value:,.0f}",
    "hours": lambda value: f"{value:.2f} h",
    "minutes": lambda value: f"{value:.1f} min",
    "months": lambda value: f"{value:.1f} months",
    "days": lambda value: f"{value:.0f} days",
    "times": lambda value: f"{value:.2f}",
}
