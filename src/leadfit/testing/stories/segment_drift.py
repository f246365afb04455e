"""Three quarters: all is well, the win rate dips and all blame each other, customers leave.

In the second quarter the score's favourite segment stops finding what it bought; it is won less,
and in the third quarter its customers leave. The naive way goes on until the churn shows. Leadfit
looks every second week with the real `learn.drift`; from the finding that names a segment on, reps
take no more leads of it. Both see the same leads with the same luck.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from leadfit import learn
from leadfit.history import FactColumn, History
from leadfit.testing.stories.recorded import Noted, history_of
from leadfit.testing.stories.telling import Figure, Story, counted, paired

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NAME: Final = "segment-drift"
START: Final = datetime(2023, 1, 2, tzinfo=UTC)
DAY: Final = timedelta(days=1)
QUARTERS: Final = (547.0, 638.0, 729.0, 820.0)
"""Days on which quarters 1, 2, 3 begin, and the end of quarter 3."""
SEGMENT: Final = "agency"
LEADS: Final = 11_000
LOOKS: Final = 14.0
CYCLE: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Firms:
    """The planted world: leads in the order in which they come, with what becomes of them.

    Attributes:
        of_segment: They belong to the segment that falls.
        left: Day on which a customer leaves, far off for one who stays.
    """

    created: Floats
    of_segment: Bools
    is_small: Bools
    score: Floats
    waited: Floats
    accepted: Bools
    won: Bools
    left: Floats


def firms(seed: int, leads: int) -> Firms:
    """Return the world."""
    rng = np.random.default_rng([20261122, 27, seed])
    second, third, end = QUARTERS[1:]
    created = np.sort(rng.random(leads) * (end - 1))
    of_segment = rng.random(leads) < 0.35
    score = 50 + 8 * rng.standard_normal(leads) + 12 * of_segment
    fallen = of_segment & (created >= second)
    lean = (score - 54) / 10
    accepted = rng.random(leads) < _chance(0.4 + lean - 2.0 * fallen)
    won = accepted & (rng.random(leads) < _chance(-1.2 + 0.4 * lean - 1.8 * fallen))
    sold = created + CYCLE
    usual = sold + 30 + rng.exponential(3_000, leads)
    early = np.maximum(third, sold + 30) + rng.exponential(300, leads)
    return Firms(
        created=created,
        of_segment=of_segment,
        is_small=rng.random(leads) < 0.5,
        score=score,
        waited=rng.exponential(0.1, leads),
        accepted=accepted,
        won=won,
        left=np.where(of_segment & (usual > third), np.minimum(usual, early), usual),
    )


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def history(world: Firms, until: float) -> History:
    """Return what was recorded up to a day."""
    places = [int(k) for k in np.flatnonzero(world.created < until)]
    return history_of(
        START + until * DAY,
        {
            "lead_id": [f"lead_{k:05d}" for k in places],
            "created_at": [START + float(world.created[k]) * DAY for k in places],
            "score": [float(world.score[k]) for k in places],
            "kind_of_firm": [SEGMENT if world.of_segment[k] else "maker" for k in places],
            "size": ["small" if world.is_small[k] else "large" for k in places],
        },
        (each for k in places for each in _events(world, k)),
        [FactColumn(name=name, table="leads") for name in ("kind_of_firm", "size")],
    )


def _events(world: Firms, k: int) -> Iterator[Noted]:
    """Yield what a CRM notes of a lead."""
    waited = float(world.waited[k])
    steps: list[tuple[float, str, float | None]] = [
        (waited, "touched", None),
        (waited + 1, "accepted" if world.accepted[k] else "rejected", None),
    ]
    if world.accepted[k]:
        steps += [(waited + 2, "worked", None), (waited + 10, "qualified", None)]
    if world.won[k]:
        steps += [(CYCLE, "converted", None), (CYCLE + 3, "used", 6.0)]
        steps.append((float(world.left[k] - world.created[k]), "churned", None))
    for days, kind, value in steps:
        at = START + (float(world.created[k]) + days) * DAY
        amount = 1_000_000 if kind == "converted" else None
        yield Noted(at=at, kind=kind, lead_id=f"lead_{k:05d}", amount=amount, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The first look that found something and named a segment; ``day`` is ``None`` for none."""

    day: float | None
    words: str
    segment: str
    false: int


def look(world: Firms) -> Found:
    """Look every second week from the first quarter on."""
    false = 0
    for day in np.arange(QUARTERS[0] + LOOKS, QUARTERS[-1] + 1, LOOKS):
        told = learn.drift(history(world, float(day)))
        if told.level != "alarm" or not told.segments:
            continue
        if day < QUARTERS[1]:
            false += 1
            continue
        named = f"{told.segments[0].fact} = {told.segments[0].value}"
        return Found(day=float(day), words=told.words, segment=named, false=false)
    return Found(day=None, words="nothing was found", segment="", false=false)


def story(seed: int, *, leads: int = LEADS) -> Story:
    """Replay the story.

    Args:
        seed: Of the world.
        leads: How many come in 27 months.
    """
    world = firms(seed, leads)
    found = look(world)
    return Story(
        name=NAME,
        seed=seed,
        title="Segment drift: caught before customers leave",
        world=f"{leads} leads in 27 months, 35 % of them agencies, whom the score favours; from "
        "the second of the last three quarters on they buy less and find no value, in the third "
        "they leave",
        naive="goes on selling to them until the churn of a quarter shows",
        leadfit="learn.drift every second week; from the finding on that names a segment, its "
        "leads are not worked",
        figures=figures(world, found, seed),
        found=() if found.day is None else (f"{found.segment} fell. {found.words}",),
        notes=(f"Looks in the first quarter that found something: {found.false}",),
    )


def figures(world: Firms, found: Found, seed: int) -> tuple[Figure, ...]:
    """Return the table."""
    second, third, end = QUARTERS[1:]
    late = world.of_segment & (world.created >= second)
    stopped = end if found.day is None else found.day
    ways = (late, late & (world.created < stopped))
    worked = tuple((side & world.accepted).astype(float).tolist() for side in ways)
    sold = tuple((side & world.won).astype(float).tolist() for side in ways)
    gone = tuple(
        (side & world.won & (world.left < end + 365)).astype(float).tolist() for side in ways
    )
    after = None if found.day is None else found.day - second
    return (
        counted("days from the turn until it is named", "days", end - second, after),
        counted(
            "of these before customers leave", "days", third - end,
            None if found.day is None else third - found.day,
        ),
        paired("leads of agencies worked after the turn", "", seed, (worked[0], worked[1])),
        paired("agencies sold to after the turn", "", seed, (sold[0], sold[1])),
        paired("of them gone within a year", "", seed, (gone[0], gone[1])),
    )  # fmt: skip
