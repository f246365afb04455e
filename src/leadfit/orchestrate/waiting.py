"""What becomes of actions that wait when something else happens: a new owner, a reply, a flag."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from leadfit.orchestrate.actions import CHANNEL
from leadfit.records import Action, Assignment

_MAILS: Final = frozenset({"sequence", "nurture", "linkedin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What waits of a lead that has another owner.

    Attributes:
        kept: Goes on, in the name of the new owner.
        cancelled: Keys of what the new assignment has of its own.
    """

    kept: tuple[Action, ...] = ()
    cancelled: tuple[str, ...] = ()


def hand_over(
    waiting: Sequence[Action], ended: Assignment, begun: Assignment, *, now: datetime
) -> Handover:
    """Say what becomes of actions that were not begun when a lead goes to another owner.

    What is begun once for a lead and tier goes on under the new owner. What tells of a breach that
    has happened is left as it is. Everything else of the ended assignment is cancelled: the new one
    has it anew, and nobody is to be called twice.

    Args:
        waiting: Actions of the lead that were not begun.
        ended: The assignment before.
        begun: The assignment now, of the same tier.
        now: When the lead changed hands.
    """
    of_ended = f"{ended.lead_id}/{ended.number}/"
    kept: list[Action] = []
    cancelled: list[str] = []
    for action in waiting:
        if action.assignment_id != ended.assignment_id:
            continue
        if action.key.startswith(f"{of_ended}breach-") and action.due_at <= now:
            continue
        if action.key.startswith(of_ended):
            cancelled.append(action.key)
        else:
            kept.append(_under(action, ended, begun))
    return Handover(kept=tuple(kept), cancelled=tuple(cancelled))


def _under(action: Action, ended: Assignment, begun: Assignment) -> Action:
    people = (begun.owner_id if each == ended.owner_id else each for each in action.recipients)
    return replace(
        action, assignment_id=begun.assignment_id, recipients=tuple(dict.fromkeys(people))
    )


def mails(waiting: Sequence[Action]) -> tuple[str, ...]:
    """Return the keys of what would still be written to a lead without a person: it replied.

    Args:
        waiting: Actions of the lead that were not begun.
    """
    return tuple(action.key for action in waiting if action.kind in _MAILS)


def in_channels(waiting: Sequence[Action], channels: Collection[str]) -> tuple[str, ...]:
    """Return the keys of what goes through channels a lead is kept out of now.

    Args:
        waiting: Actions of the lead that were not begun.
        channels: Such as ``nurture`` and ``paid``.
    """
    return tuple(action.key for action in waiting if action.fields.get(CHANNEL) in channels)
