"""An experiment with response times as rows of text, heads first, for the command and the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leadfit.bounds import percent
from leadfit.watch.anytime import ArmDifference
from leadfit.watch.response import ArmFound, Contrast, ResponseFindings
from leadfit.watch.words import minutes

Row = tuple[str, ...]
_NOTHING: Final = "-"

ELSEWHERE: Final = (
    (
        "Directional only, not measured here: a vendor's study of 433 companies (Drift, about "
        "2022) reports 8 times the conversion for answers within 5 minutes against 5 minutes to "
        "24 hours"
    ),
    (
        "Directional only, not measured here: the study behind most quotes (2007, 6 companies, "
        "some 15,000 leads) compares 5 minutes with 30, and says nothing of 15"
    ),
)
"""What is told of response times elsewhere; nobody was drawn at random there."""


def arm_rows(found: ResponseFindings) -> list[Row]:
    """Return what became of each arm."""
    unit = f"{found.unit}s"
    heads = (
        "arm", "target", "leads", unit, "counted", "converted", "rate",
        "in time", "median", "90 %",
    )  # fmt: skip
    return [heads, *map(_arm, found.arms)]


def contrast_rows(found: ResponseFindings) -> list[Row]:
    """Return each faster arm against the slowest."""
    heads = ("arm", "against", "difference", "interval", "relative", "decided")
    return [heads, *map(_contrast, found.contrasts)]


def response_words(found: ResponseFindings) -> Iterator[str]:
    """Say what the tables do not."""
    if found.first_at is None or found.last_at is None:
        yield "Nobody was drawn yet"
        return
    yield (
        f"Drawn from {found.first_at:%Y-%m-%d} to {found.last_at:%Y-%m-%d}, by {found.unit}; "
        f"counted by the arm that was drawn once {found.maturity_days:g} days old"
    )
    if not found.is_fair:
        yield (
            "ALERT  The arms do not have the sizes that were promised (chance at most "
            f"{found.chance:.2g}): something decides beside the draw, and no difference counts"
        )
    elif found.is_decided:
        for each in found.contrasts:
            if each.difference.is_decided:
                yield f"Decided: {each.arm} is {_better(each.difference)} than {each.against}"
    else:
        yield "Not decided: every interval holds zero"
    sure = 100 * found.confidence
    yield f"Intervals hold at {sure:g} % at all looks together, so this may be read every day"


def _better(found: ArmDifference) -> str:
    return "better" if found.low > 0 else "worse"


def _arm(each: ArmFound) -> Row:
    return (
        each.arm, f"{each.target_minutes:g} min", str(each.leads), str(each.units),
        str(each.mature), str(each.converted), percent(each.rate), percent(each.in_time),
        minutes(each.median_minutes), minutes(each.p90_minutes),
    )  # fmt: skip


def _contrast(each: Contrast) -> Row:
    found = each.difference
    if found.value is None:
        return (each.arm, each.against, *(_NOTHING,) * 3, "no")
    relative = _NOTHING if found.relative is None else f"{100 * found.relative:+.1f} %"
    return (
        each.arm, each.against, f"{100 * found.value:+.1f} points",
        f"{100 * found.low:+.1f} to {100 * found.high:+.1f}", relative,
        "yes" if found.is_decided else "no",
    )  # fmt: skip
