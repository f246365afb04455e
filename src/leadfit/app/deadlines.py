"""The next deadline of a lead, as its owner reads it on the wall."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from leadfit.policy import Policy
from leadfit.records import ClockKind
from leadfit.store.views import ClockView, Deadline, LeadView

_WHAT: Final = {
    ClockKind.SIGNAL_TO_ASSIGNMENT: "an owner",
    ClockKind.ASSIGNMENT_TO_TOUCH: "first touch",
    ClockKind.SIGNAL_TO_TOUCH: "first touch since the signal",
}


def next_deadline(view: LeadView, policy: Policy) -> Deadline | None:
    """Return what is due next for a lead; ``None`` where nothing is.

    Args:
        view: The lead with its clocks.
        policy: Where its owner lives, and the ladder of its tier.
    """
    running = [each for each in view.clocks if each.is_running and each.clock.due_at is not None]
    if not running:
        return None
    next_one = min(running, key=lambda each: (each.clock.due_at, each.clock.key))
    clock = next_one.clock
    due_at = clock.due_at
    assert due_at is not None  # noqa: S101 -- those without were left out
    rep = policy.rep(view.lead.owner_id)
    zone = "UTC" if rep is None else rep.timezone
    local = due_at.astimezone(ZoneInfo(zone))
    what = _WHAT[clock.kind] if clock.step == 0 else _step(next_one, view, policy)
    return Deadline(
        clock=clock.kind,
        what=what,
        due_at=due_at,
        local=local.isoformat(timespec="seconds"),
        zone=zone,
        words=f"{what} by {local:%A %d %B %Y %H:%M} ({zone})",
    )


def _step(view: ClockView, lead: LeadView, policy: Policy) -> str:
    """Return the step of the ladder that comes next."""
    tier = None if lead.assignment is None else lead.assignment.tier
    ladder = () if tier is None else policy.tier(tier).breach
    step = view.clock.step
    return f"breach step {ladder[step].step}" if step < len(ladder) else "another owner"
