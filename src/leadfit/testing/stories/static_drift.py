"""Story 3: a score that is never looked at again decays without a sound.

A company's old score follows what wins. Then the market turns over nine months: other firms buy.
The naive way keeps the score. Leadfit looks each month with the real `learn.drift`; at the first
finding it learns anew with the real `learn.fit`, and again each quarter, and ranks by what it
learned. Both see the same leads, with the same luck; the best 15 % of a month are its Tier 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from leadfit import learn
from leadfit.artifact import Artifact, evaluate
from leadfit.history import FactColumn, History
from leadfit.testing.stories.recorded import Noted, history_of
from leadfit.testing.stories.telling import Estimate, Figure, Story, counted, paired

Floats = npt.NDArray[np.float64]

NAME: Final = "static-drift"
START: Final = datetime(2023, 1, 2, tzinfo=UTC)
DAY: Final = timedelta(days=1)
MONTH: Final = 30.4375
BASE_MONTHS: Final = 12
RAMP_MONTHS: Final = 9
AFTER_MONTHS: Final = 6
A_MONTH: Final = 800
RECENT: Final = 9
"""Months that are learned from after a finding: what came before the turn says otherwise."""
FACTS: Final = ("industry", "stack", "region", "use_case", "team", "maturity")
LEVELS: Final = ("low", "middle", "high")
TIER_ONE: Final = 0.15
BEFORE: Final = (1.0, 0.9, 0.8, 0.0, 0.0, 0.0)
AFTER: Final = (0.67, 0.6, 0.53, 0.7, 0.6, 0.5)
"""What a level of each fact adds, before and after the turn of the market."""
WIN: Final = (-2.2, 0.8)
ACCEPT: Final = (0.2, 0.8)
HIDDEN: Final = 1.23
"""What counts for a win and stands in no file: it holds the correlation at .72."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The planted world: leads in the order in which they come, with what becomes of them.

    Attributes:
        created: Days since the start.
        facts: Level of each fact, 0 to 2.
        score: The old score.
        strength: What truly counts for a win at that time.
        won: Which are won, ``accepted`` by reps; won ones were accepted.
    """

    created: Floats
    facts: npt.NDArray[np.int64]
    score: Floats
    strength: Floats
    accepted: npt.NDArray[np.bool_]
    won: npt.NDArray[np.bool_]
    luck: Floats

    @property
    def months(self) -> npt.NDArray[np.int64]:
        """The month in which each lead came."""
        return (self.created / MONTH).astype(np.int64)


def market(seed: int, a_month: int) -> Market:
    """Return the world."""
    rng = np.random.default_rng([20261122, 3, seed])
    months = BASE_MONTHS + RAMP_MONTHS + AFTER_MONTHS
    size = months * a_month
    created = np.sort(rng.random(size) * months * MONTH)
    facts = rng.integers(0, 3, (size, len(FACTS)))
    turned = np.clip((created / MONTH - BASE_MONTHS) / RAMP_MONTHS, 0, 1)
    weights = np.outer(1 - turned, BEFORE) + np.outer(turned, AFTER)
    strength = ((facts - 1) * weights).sum(axis=1) + HIDDEN * rng.standard_normal(size)
    score = 50 + 12 * ((facts - 1) * np.array(BEFORE)).sum(axis=1)
    accepted = rng.random(size) < _chance(ACCEPT, strength)
    won = accepted & (rng.random(size) < _chance(WIN, strength) / _chance(ACCEPT, strength))
    return Market(
        created=created, facts=facts, score=score, strength=strength, accepted=accepted, won=won,
        luck=rng.random((size, 3)),
    )  # fmt: skip


def _chance(line: tuple[float, float], strength: Floats) -> Floats:
    return 1 / (1 + np.exp(-(line[0] + line[1] * strength)))


def history(world: Market, until: float, since: float = 0.0) -> History:
    """Return what was recorded up to a day, of leads that came from another on."""
    places = [int(k) for k in np.flatnonzero((world.created < until) & (world.created >= since))]
    return history_of(
        START + until * DAY,
        {
            "lead_id": [f"lead_{k:05d}" for k in places],
            "created_at": [START + float(world.created[k]) * DAY for k in places],
            "score": [float(world.score[k]) for k in places],
            **{
                name: [LEVELS[int(world.facts[k, n])] for k in places]
                for n, name in enumerate(FACTS)
            },
        },
        (each for k in places for each in _events(world, k)),
        [FactColumn(name=name, table="leads") for name in FACTS],
    )


def _events(world: Market, k: int) -> Iterator[Noted]:
    """Yield what a CRM notes of a lead."""
    answered, closed, lost = (float(each) for each in world.luck[k])
    steps = [(1 + 3 * answered, "accepted" if world.accepted[k] else "rejected")]
    if world.accepted[k]:
        steps.append((5, "worked"))
    if world.won[k]:
        steps += [(20, "qualified"), (40 + 40 * closed, "converted")]
    elif world.accepted[k]:
        steps.append((60 + 40 * lost, "lost"))
    for days, kind in steps:
        at = START + (float(world.created[k]) + days) * DAY
        amount = 1_000_000 if kind == "converted" else None
        yield Noted(at=at, kind=kind, lead_id=f"lead_{k:05d}", amount=amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the monthly look found.

    Attributes:
        score: By lead, what it is ranked by.
        found: Month of the first finding, counted from the turn; ``None`` for none.
        watched: Month of the first watch, likewise.
        words: Of that finding.
        false: Looks before the turn that found something.
    """

    score: Floats
    found: int | None
    watched: int | None
    words: str
    false: int


def watch(world: Market) -> Watch:
    """Look each month, learn anew at the first finding and each quarter after it."""
    score, months = world.score.copy(), world.months
    found: int | None = None
    watched: int | None = None
    words, false = "", 0
    artifact: Artifact | None = None
    for month in range(BASE_MONTHS - 3, BASE_MONTHS + RAMP_MONTHS + AFTER_MONTHS):
        past = history(world, month * MONTH)
        if found is None:
            told = learn.drift(past)
            if told.level == "watch" and watched is None and month >= BASE_MONTHS:
                watched = month - BASE_MONTHS
            if not _is_finding(told):
                continue
            if month < BASE_MONTHS:
                false += 1
                continue
            found, words = month - BASE_MONTHS, told.words
        if artifact is None or (month - BASE_MONTHS - found) % 3 == 0:
            artifact = learn.fit(history(world, month * MONTH, (month - RECENT) * MONTH))
        later = np.flatnonzero(months >= month)
        score[later] = _scored(world, artifact, later)
    return Watch(score=score, found=found, watched=watched, words=words, false=false)


def _is_finding(told: learn.DriftFindings) -> bool:
    """As `leadfit drift` ends with 1: an alarm, or a watch that something else confirms."""
    moved = told.win_rate is not None and told.win_rate.fired
    confirmed = bool(told.segments or told.noted) or moved
    return told.level == "alarm" or (told.level == "watch" and confirmed)


def _scored(world: Market, artifact: Artifact, places: npt.NDArray[np.intp]) -> list[float]:
    known: dict[tuple[int, ...], float] = {}
    made = []
    for k in places:
        levels = tuple(int(each) for each in world.facts[k])
        if levels not in known:
            facts = {name: LEVELS[level] for name, level in zip(FACTS, levels, strict=True)}
            known[levels] = evaluate(artifact, facts).score
        made.append(known[levels])
    return made


def story(seed: int, *, a_month: int = A_MONTH) -> Story:
    """Replay the story.

    Args:
        seed: Of the world.
        a_month: Leads that come in a month.
    """
    world = market(seed, a_month)
    way = watch(world)
    told = () if way.found is None else (f"after {way.found} months: {way.words}",)
    return Story(
        name=NAME,
        seed=seed,
        title="Static scoring: quality decays without a sound",
        world=f"{a_month} leads a month, {BASE_MONTHS + RAMP_MONTHS + AFTER_MONTHS} months; "
        f"after {BASE_MONTHS} other facts begin to decide who buys, {RAMP_MONTHS} later fully; "
        f"the best {100 * TIER_ONE:.0f} % of a month are Tier 1",
        naive="the score is fitted once and kept",
        leadfit="learn.drift each month; at the first finding learn.fit on the last "
        f"{RECENT} months, and again each quarter",
        figures=figures(world, way, seed),
        found=told,
        notes=(
            f"Looks in the three months before the turn that found something: {way.false}",
            (
                "The reported story (correlation .72 to .48, Tier 1 from 35 to 27 %, nine months "
                "until somebody noticed) is a label; the naive way never notices here"
            ),
        ),
    )


def figures(world: Market, way: Watch, seed: int) -> tuple[Figure, ...]:
    """Return the table."""
    last = BASE_MONTHS + RAMP_MONTHS
    spans = {
        "before the turn": world.months < BASE_MONTHS,
        "while it turns": (world.months >= BASE_MONTHS) & (world.months < last),
        "after it": world.months >= last,
    }
    sides = (world.score, way.score)
    ones = tuple(_tier_one(world, side).astype(np.float64) for side in sides)
    won = world.won.astype(np.float64)
    found: list[Figure] = [
        counted(f"months from the turn to the first {name}", "", None, _maybe(month))
        for name, month in (("watch", way.watched), ("finding", way.found))
    ]
    for name, inside in spans.items():
        at = inside.astype(np.float64)
        tops = tuple((side * won * at).tolist() for side in ones)
        bases = tuple((side * at).tolist() for side in ones)
        found.append(
            paired(f"Tier 1 won, {name}", "share", seed, (tops[0], tops[1]), (bases[0], bases[1]))
        )
    for name, inside in spans.items():
        found.append(_correlations(f"score with the chance to win, {name}", world, sides, inside))
    at = (world.months >= BASE_MONTHS).astype(np.float64)
    wins = tuple((side * won * at).tolist() for side in ones)
    found.append(paired("wins in Tier 1 from the turn on", "", seed, (wins[0], wins[1])))
    return tuple(found)


def _maybe(month: int | None) -> float | None:
    return None if month is None else float(month)


def _tier_one(world: Market, score: Floats) -> npt.NDArray[np.bool_]:
    """Return the best leads of each month."""
    best = np.zeros(len(score), dtype=np.bool_)
    for month in np.unique(world.months):
        places = np.flatnonzero(world.months == month)
        order = places[np.argsort(-score[places], kind="stable")]
        best[order[: math.ceil(TIER_ONE * len(places))]] = True
    return best


def _correlations(
    name: str, world: Market, sides: tuple[Floats, Floats], inside: npt.NDArray[np.bool_]
) -> Figure:
    """Return the latent correlation of each score, month by month on average."""

    def of(score: Floats) -> Estimate:
        found = [
            float(np.corrcoef(score[places], world.strength[places])[0, 1])
            for month in np.unique(world.months[inside])
            if len(places := np.flatnonzero(world.months == month)) > 3
        ]
        middle = float(np.mean(found))
        spread = 1.96 * float(np.std(found)) / math.sqrt(len(found))
        return Estimate(value=middle, low=middle - spread, high=middle + spread)

    return Figure(name=name, unit="times", naive=of(sides[0]), leadfit=of(sides[1]))
