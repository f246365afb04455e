"""Compares what two sets of rules make of one history: who moves, and what it does to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Final

from leadfit.jobs.rehearsal.happenings import Happening, as_text
from leadfit.jobs.rehearsal.simulate import Simulated, Simulation
from leadfit.policy import Category, Difference
from leadfit.records import Band, Tier

COLUMNS: Final = (
    "lead_id", "opened_at", "tier_before", "tier_after", "owner_before", "owner_after",
    "band_before", "band_after", "due_before", "due_after",
)  # fmt: skip
_PAIRS: Final = 20
_REPLAYED: Final = frozenset(
    {
        Category.MATCHING,
        Category.SCORING,
        Category.TIERS,
        Category.ROUTING,
        Category.CAPACITY,
        Category.PEOPLE,
        Category.CALENDARS,
    }
)
_NEVER: Final = "experiment."
"""Targets that are drawn at random are tiers' by category, and no history can show them."""
_EDGES: Final = frozenset({"matching.auto", "matching.review", "matching.review_hours"})


def moved(before: float, after: float) -> dict[str, object]:
    """Return a figure before and after, with its change in points and relative to before.

    >>> moved(50, 40)
    {'before': 50, 'after': 40, 'change': -10, 'relative': -0.2}
    >>> moved(6 / 53, 18 / 53)["relative"]
    2.0
    """
    change = after - before
    return {
        "before": round(before, 6),
        "after": round(after, 6),
        "change": round(change, 6),
        "relative": None if before == 0 else round(change / before, 6),
    }


def tiers(sides: tuple[Simulation, Simulation]) -> dict[str, object]:
    """Return how many leads go from each tier to each, with shares of all leads."""
    counts = Counter((one.tier, other.tier) for one, other in _pairs(sides))
    total = sum(counts.values())
    said: dict[str, object] = {
        "matrix": {
            f"tier {one.value}": {f"tier {other.value}": counts[one, other] for other in Tier}
            for one in Tier
        },
        "change_tier": sum(count for (one, other), count in counts.items() if one is not other),
        "leads": total,
    }
    for tier in Tier:
        before = sum(counts[tier, other] for other in Tier)
        after = sum(counts[other, tier] for other in Tier)
        said[f"tier {tier.value}"] = {
            **moved(before, after),
            "share": None if not total else moved(before / total, after / total),
        }
    return said


def owners(sides: tuple[Simulation, Simulation]) -> dict[str, object]:
    """Return how many leads change hands, between whom most, and who waits."""
    pairs = [(one.owner_id, other.owner_id) for one, other in _pairs(sides)]
    changed = Counter(pair for pair in pairs if pair[0] != pair[1])
    most = sorted(changed.items(), key=lambda each: (-each[1], str(each[0])))[:_PAIRS]
    return {
        "change_owner": changed.total(),
        "leads": len(pairs),
        "most": [{"from": one, "to": other, "leads": count} for (one, other), count in most],
        "without_owner": moved(
            sum(one is None for one, _ in pairs), sum(other is None for _, other in pairs)
        ),
        "median_seconds_to_owner": _maybe_moved(*(_wait(side) for side in sides)),
    }


def _wait(side: Simulation) -> float | None:
    waits = [
        (each.first_at - each.opened_at).total_seconds()
        for each in side.leads.values()
        if each.first_at is not None
    ]
    return round(median(waits), 3) if waits else None


def _maybe_moved(before: float | None, after: float | None) -> dict[str, object] | None:
    return None if before is None or after is None else moved(before, after)


def bands(sides: tuple[Simulation, Simulation]) -> dict[str, object]:
    """Return how many leads are in each band, and how long the queue for reviewers is."""
    counts = Counter((one.band, other.band) for one, other in _pairs(sides))
    weeks = max(1, len({week for side in sides for week in side.load}))
    said: dict[str, object] = {
        band.value: moved(
            sum(counts[band, other] for other in Band), sum(counts[other, band] for other in Band)
        )
        for band in Band
    }
    said["change_band"] = sum(count for (one, other), count in counts.items() if one != other)
    before, after = (sum(e.band is Band.REVIEW for e in side.leads.values()) for side in sides)
    said["reviews_a_week"] = moved(round(before / weeks, 3), round(after / weeks, 3))
    return said


def load(sides: tuple[Simulation, Simulation]) -> dict[str, object]:
    """Return how many leads each rep gets, week by week."""
    weeks = sorted({week for side in sides for week in side.load})
    reps = sorted({rep for side in sides for counts in side.load.values() for rep in counts})
    said: dict[str, object] = {"weeks": weeks}
    said["reps"] = {
        rep: {
            "before": [sides[0].load[week][rep] if week in sides[0].load else 0 for week in weeks],
            "after": [sides[1].load[week][rep] if week in sides[1].load else 0 for week in weeks],
            "sum": moved(*(sum(counts[rep] for counts in side.load.values()) for side in sides)),
            "most_in_a_week": moved(
                *(max((c[rep] for c in side.load.values()), default=0) for side in sides)
            ),
        }
        for rep in reps
    }
    return said


def check(happenings: Iterable[Happening], present: Simulation) -> dict[str, object]:
    """Say how often the rules in force, simulated, differ from what was really decided.

    What differs is due to what is not simulated: what was in force then, breaches and absences,
    people who moved leads by hand, who was full or had had a turn before the history begins.
    """
    compared = same_tier = same_owner = same_band = 0
    firsts = (each for each in happenings if each.opens)
    for each in firsts:
        made = present.leads.get(each.lead_id)
        if made is None:
            continue
        compared += 1
        same_tier += each.present.tier is each.tier
        same_owner += made.owner_id == each.owner_id
        same_band += made.band is each.match.band
    return {
        "leads": compared,
        "other_tier": compared - same_tier,
        "other_owner": compared - same_owner,
        "other_band": compared - same_band,
        "other_owner_share": round(1 - same_owner / compared, 6) if compared else None,
    }


def not_replayed(differences: Sequence[Difference]) -> list[str]:
    """Return the changed keys whose effect a history cannot show."""
    return [
        each.path
        for each in differences
        if each.category not in _REPLAYED
        or f"{each.path}.".startswith(_NEVER)
        or (each.category is Category.MATCHING and each.path not in _EDGES)
        # On which lists a domain stood is recorded with a decision, the domain is not.
        or (each.path.startswith("score.less.") and each.path.endswith(".domains"))
    ]


def leads(sides: tuple[Simulation, Simulation], most: int) -> dict[str, object]:
    """Return the leads that move, as columns and rows; what lies beyond ``most`` is counted."""
    rows: list[list[object]] = []
    left_out = 0
    for one, other in _pairs(sides):
        if _key(one) == _key(other):
            continue
        if len(rows) >= most:
            left_out += 1
            continue
        rows.append(
            [
                one.lead_id, as_text(one.opened_at), one.tier.value, other.tier.value,
                one.owner_id, other.owner_id, one.band.value, other.band.value,
                as_text(one.due_at), as_text(other.due_at),
            ]
        )  # fmt: skip
    return {"columns": list(COLUMNS), "rows": rows, "left_out": left_out}


def _key(each: Simulated) -> tuple[Tier, str | None, Band, datetime | None]:
    return each.tier, each.owner_id, each.band, each.due_at


def _pairs(sides: tuple[Simulation, Simulation]) -> Iterable[tuple[Simulated, Simulated]]:
    other: Mapping[str, Simulated] = sides[1].leads
    return ((one, other[lead_id]) for lead_id, one in sides[0].leads.items())
