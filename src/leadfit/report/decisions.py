"""What the quarterly review has to decide, by whom, on what evidence; nothing if nothing moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from leadfit.learn.drift import Blame, DriftFindings
from leadfit.report.words import count, points, points_span

QUARTER: Final = timedelta(days=91)
_SEGMENTS: Final = 3
_PARTS: Final = {
    "lead_mix": ("Is the mix of leads the one we want?", ("Marketing", "RevOps")),
    "follow_up_speed": ("Is follow-up fast enough?", ("Sales",)),
    "rep": ("Do some reps need help, or leads of another kind?", ("Sales",)),
}
_PART_OPTIONS: Final = {
    "lead_mix": ("Change what campaigns bring in", "Keep the mix and expect this win rate"),
    "follow_up_speed": ("Change capacity or the time allowed", "Keep it and accept the loss"),
    "rep": ("Coach, or change the routing", "Keep it and look again next quarter"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQuestion:
    """One question for the review.

    Attributes:
        question: What is to be decided.
        who: Who decides, first the one who answers for it.
        because: The evidence in words.
        options: Between what.
        command: What carries the first option out, if a command does.
    """

    question: str
    who: tuple[str, ...]
    because: str
    options: tuple[str, ...]
    command: str | None = None


def decisions(found: DriftFindings) -> tuple[ReviewQuestion, ...]:
    """Return what is to be decided, most pressing first."""
    return (*_level(found), *_segments(found), *_noted(found), *_parts(found), *_mix_and_age(found))


def _level(found: DriftFindings) -> Iterator[ReviewQuestion]:
    match found.level:
        case "alarm":
            yield ReviewQuestion(
                question="Learn the profile anew?",
                who=("RevOps", "Sales", "Product"),
                because=found.words,
                options=("Learn anew and put it in force", "Wait, with a day and a reason"),
                command="leadfit learn",
            )
        case "watch":
            yield ReviewQuestion(
                question="Wait, or look closer?",
                who=("RevOps",),
                because=found.words,
                options=("Look again in a month", "Ask reps about the leads they turned down"),
                command="leadfit drift",
            )
        case "cannot_tell":
            yield ReviewQuestion(
                question="Who sees to it that the score can be watched?",
                who=("RevOps",),
                because=found.words,
                options=(
                    "Record the score when a lead comes, and what reps decide",
                    "Go on without a watch",
                ),
            )


def _segments(found: DriftFindings) -> Iterator[ReviewQuestion]:
    for segment in found.segments[:_SEGMENTS]:
        yield ReviewQuestion(
            question=f"Go on with {segment.fact} = {segment.value} as before?",
            who=("Sales", "Product"),
            because=segment.words,
            options=(
                "Leave it out of campaigns until it holds again",
                "Change the offer for it",
                "Keep it, with a reason",
            ),
        )


def _noted(found: DriftFindings) -> Iterator[ReviewQuestion]:
    for segment in found.noted[:_SEGMENTS]:
        yield ReviewQuestion(
            question=f"Why does {segment.fact} = {segment.value} not find value?",
            who=("Product", "Customer success", "Sales"),
            because=segment.words,
            options=(
                "Mend what they miss",
                "Stop selling to it until that is done",
                "Keep it, with a reason",
            ),
        )


def _parts(found: DriftFindings) -> Iterator[ReviewQuestion]:
    for part in found.blame:
        if part.part in _PARTS and costs(part):
            question, who = _PARTS[part.part]
            lost = part.points
            yield ReviewQuestion(
                question=question,
                who=who,
                because=f"It moved the win rate by {points(lost.value)} points "
                f"({points_span(lost.low, lost.high)}).",
                options=_PART_OPTIONS[part.part],
            )


def costs(part: Blame) -> bool:
    """Return whether a part lowered the win rate beyond chance."""
    return part.points.high is not None and part.points.high < 0


def _mix_and_age(found: DriftFindings) -> Iterator[ReviewQuestion]:
    since = found.as_of - QUARTER
    if any(day >= since for day in found.rebaselined_at):
        yield ReviewQuestion(
            question="Is the new mix of leads here to stay?",
            who=("Marketing", "RevOps"),
            because="The mix of scores moved so much in this quarter that the watch began a new "
            "baseline; what it says of the time before rests on the old one.",
            options=("It stays: learn anew once a quarter of it has closed", "It passes: wait"),
        )
    age = found.age.age_days
    if found.level != "alarm" and age is not None and age > QUARTER.days:
        yield ReviewQuestion(
            question="Learn the profile anew, as every quarter?",
            who=("RevOps",),
            because=f"The profile is {count(round(age))} days old.",
            options=("Learn anew and compare", "Keep it: nothing moved"),
            command="leadfit learn",
        )
