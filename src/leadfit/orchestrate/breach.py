"""What follows when a clock ran out: the steps of the tier's ladder, each once, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.canonical import moment
from leadfit.orchestrate.actions import make
from leadfit.orchestrate.alerts import alert
from leadfit.policy import Policy
from leadfit.policy.tiers import BreachStep
from leadfit.records import Action, Assignment, Clock, ClockKind, Facts, Plan, Reason

BREACH: Final = "breach."
LATE: Final = "late."
AGAIN: Final = "again"
"""How the rules of a breach's reasons begin: a step of a ladder, a clock without one, a lead for
which nobody was free."""

# A step that comes within a minute of its time is in time for whoever reads of it.
_WORTH_SAYING_S: Final = 60.0


def breach(
    clock: Clock,
    assignment: Assignment | None,
    manager_id: str | None,
    policy: Policy,
    *,
    now: datetime,
) -> Plan:
    """Plan the steps of ``clock`` that are due.

    Args:
        clock: A running clock; its ``step`` is the next one of the ladder.
        assignment: The assignment it belongs to; ``None`` for a lead without an owner.
        manager_id: The manager of the owner, or ``None``.
        policy: The ladder of the tier.
        now: The time of the decision.

    Returns:
        Actions with the keys ``LEAD/ASSIGNMENT-NUMBER/breach-STEP/ACTION``, ``reassign`` if a
        step asks for it, and the clock as it goes on: its next step, or ``due_at`` ``None`` when
        nothing is left. Steps behind a reassignment follow in the same plan, because the
        assignment they speak of ends. A clock that is due behind its ladder is of a lead for which
        nobody else was free: it asks for another owner again. One that is not due gives an empty
        plan.
    """
    if clock.due_at is None or clock.due_at > now:
        return Plan()
    if assignment is None or clock.kind is not ClockKind.ASSIGNMENT_TO_TOUCH:
        return _told(clock, assignment, manager_id, now)
    ladder = policy.tier(assignment.tier).breach
    if clock.step >= len(ladder):
        words = "nobody else was free when the lead was to go to another owner"
        return Plan(
            clocks=(replace(clock, due_at=None),),
            reassign=any(step.reassign for step in ladder),
            reasons=(Reason(rule=AGAIN, words=words),),
        )
    taken, going_on = _steps(clock, ladder, now)
    return Plan(
        actions=tuple(_actions(taken, clock, assignment, manager_id, now)),
        clocks=(going_on,),
        reassign=any(step.reassign for step in taken),
        reasons=tuple(
            Reason(rule=f"{BREACH}{step.step}", words=_late(clock.due_at, now)) for step in taken
        ),
    )


def _steps(
    clock: Clock, ladder: tuple[BreachStep, ...], now: datetime
) -> tuple[list[BreachStep], Clock]:
    """Return the steps that are due and the clock behind them.

    Minutes between steps count from when the step before was taken, so that a person who was
    told late still has the whole time to act.
    """
    taken: list[BreachStep] = []
    for step in ladder[clock.step :]:
        assignment_ends = any(each.reassign for each in taken)
        if taken and step.after_minutes > 0 and not assignment_ends:
            due_at = now + timedelta(minutes=step.after_minutes)
            return taken, replace(clock, step=clock.step + len(taken), due_at=due_at)
        taken.append(step)
    return taken, replace(clock, step=clock.step + len(taken), due_at=None)


def _actions(
    steps: list[BreachStep],
    clock: Clock,
    assignment: Assignment,
    manager_id: str | None,
    now: datetime,
) -> Iterator[Action]:
    for step in steps:
        yield from make(
            step.actions,
            prefix=f"{clock.lead_id}/{assignment.number}/breach-{step.step}",
            once_prefix=f"{clock.lead_id}/tier-{assignment.tier.value}/breach-{step.step}",
            lead_id=clock.lead_id,
            assignment_id=assignment.assignment_id,
            owner_id=assignment.owner_id,
            manager_id=manager_id,
            since=now,
            fields={"tier": int(assignment.tier), "step": step.step, **_since(clock)},
            tells_of_a_breach=True,
        )


def _told(
    clock: Clock, assignment: Assignment | None, manager_id: str | None, now: datetime
) -> Plan:
    """Tell a person once about a clock that carries no ladder."""
    owner_id = assignment.owner_id if assignment is not None else None
    recipients = tuple(person for person in (manager_id or owner_id,) if person is not None)
    action = alert(
        f"{clock.key}/late",
        to=recipients,
        fields={"clock": clock.kind.value, **_since(clock)},
        now=now,
        lead_id=clock.lead_id,
        assignment_id=clock.assignment_id,
        is_notice=True,
    )
    words = f"the clock {clock.kind.value.replace('_', ' ')} ran out"
    return Plan(
        actions=(action,),
        clocks=(replace(clock, step=clock.step + 1, due_at=None),),
        reasons=(Reason(rule=f"{LATE}{clock.kind.value}", words=words),),
    )


def _late(due_at: datetime, now: datetime) -> str:
    words = f"no first touch by {due_at:%Y-%m-%d %H:%M} UTC"
    late_s = (now - due_at).total_seconds()
    if late_s < _WORTH_SAYING_S:
        return words
    return f"{words}; nothing ran then, so this comes {late_s / 60:.0f} minutes late"


def _since(clock: Clock) -> Facts:
    return {} if clock.due_at is None else {"due_at": moment(clock.due_at)}
