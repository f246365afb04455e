"""What the page of a lead lets a person say and do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from leadfit.report import words

TOUCH: Final = "touch"
ACCEPT: Final = "accept"
REJECT: Final = "reject"
ASSIGN: Final = "assign"
OVERRIDE: Final = "override"
ACTS: Final = (TOUCH, ACCEPT, REJECT, ASSIGN, OVERRIDE)
"""What a form of the page may ask for; the last has a form of its own."""

_CHOICES: Final[tuple[tuple[str, str, str], ...]] = (
    (TOUCH, "I contacted this lead", "The clocks of the first touch stop."),
    (ACCEPT, "I take it on", "It is kept; the clocks run until the lead is contacted."),
    (REJECT, "Turn it down", "The lead is closed and what was not begun is cancelled. Say why."),
    (ASSIGN, "Give it to this rep", "A new clock begins, and it counts as an override. Say why."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What was entered into a form that was refused.

    Attributes:
        act: Which of :data:`ACTS` was asked for.
        fault: Why it was not done.
        by: Who was entered.
        reason: Why, as it was entered.
        rep_id: The rep who was chosen.
    """

    act: str = ""
    fault: str | None = None
    by: str = ""
    reason: str = ""
    rep_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What a person can do about a lead.

    Attributes:
        is_open: The lead is open.
        is_rated: It was rated, so that it can be given to a rep.
        reps: Those who work here and have it not: id and name.
        entered: What was entered, where that was refused.
    """

    is_open: bool = True
    is_rated: bool = True
    reps: Sequence[tuple[str, str]] = ()
    entered: Entered = field(default_factory=Entered)


def acting_view(found: Acting) -> dict[str, object]:
    """Return what the template shows."""
    may_give = found.is_rated and bool(found.reps)
    entered = found.entered
    is_own = entered.act != OVERRIDE
    return {
        "is_open": found.is_open,
        "fault": entered.fault if is_own else None,
        "by": entered.by if is_own else "",
        "reason": entered.reason if is_own else "",
        "rep_id": entered.rep_id,
        "reps": [(rep_id, words.short(name, 60)) for rep_id, name in found.reps if may_give],
        "choices": [each for each in _CHOICES if may_give or each[0] != ASSIGN],
    }
