"""Carries out queued actions: pending -> sending -> done, refused or dead.

An action is written down as ``sending`` before it is tried, so that after a crash it is looked up
at its receiver and, where the receiver cannot tell, sent again with the same key: at least once,
and with one effect at receivers that honour the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit import pipeline
from leadfit.connectors import Performer
from leadfit.errors import Permanent, Retryable
from leadfit.log import logger
from leadfit.store import Session, Store
from leadfit.store.views import ActionState, ActionView
from leadfit.world import World, seeded

_CHUNK: Final = 50
_MOST_ATTEMPTS: Final = 8
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 300.0
_ERROR_LETTERS: Final = 200

_log = logger("jobs.deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """How a try of an action ended."""

    view: ActionView
    state: ActionState
    next_at: datetime | None = None
    error: str | None = None


def deliver(world: World, store: Store, performers: Mapping[str, Performer], limit: int) -> int:
    """Carry out actions that are due, in the order of their times; return how many were settled.

    Must run once at a time: an action in state ``sending`` is taken for one that a crash left.

    Args:
        world: Time and failpoints.
        store: Holds the queue.
        performers: By destination; ``*`` stands for every destination not named.
        limit: Most actions of one round.

    Raises:
        StoreBusy: The store cannot take more now; what was done is looked up next time.
    """
    due = store.read(lambda session: session.outbox.due(world.now(), limit))
    settled = 0
    for first in range(0, len(due), _CHUNK):
        chunk = due[first : first + _CHUNK]
        world.reach("deliver.picked")
        taken = store.write(partial(_begin, [each.action.key for each in chunk]))
        world.reach("deliver.sending")
        outcomes = [_try(world, performers, each) for each in chunk if each.action.key in taken]
        world.reach("deliver.performed")
        store.write(partial(_settle, outcomes, world.now()))
        world.reach("deliver.settled")
        settled += sum(outcome.state is not ActionState.PENDING for outcome in outcomes)
    return settled


def _try(world: World, performers: Mapping[str, Performer], view: ActionView) -> _Outcome:
    action = view.action
    performer = performers.get(action.destination, performers.get("*"))
    if performer is None:
        words = f"no performer for the destination {action.destination}"
        return _Outcome(view=view, state=ActionState.REFUSED, error=words)
    try:
        if view.state is ActionState.SENDING and performer.knows(action.key):
            return _Outcome(view=view, state=ActionState.DONE)
        performer.perform(action)
        world.reach("deliver.tried")
    except Permanent as error:
        return _Outcome(view=view, state=ActionState.REFUSED, error=_words(error))
    except Retryable as error:
        return _again(world, view, _words(error))
    except Exception as error:  # noqa: BLE001 -- the outermost edge of one action
        _log.error("action.failed", action=action.key, error=type(error).__name__)
        return _again(world, view, type(error).__name__)
    return _Outcome(view=view, state=ActionState.DONE)


def _again(world: World, view: ActionView, words: str) -> _Outcome:
    """Wait longer each time, with jitter that is the same at every replay; then give up."""
    tried = view.attempts + 1
    if tried >= _MOST_ATTEMPTS:
        return _Outcome(view=view, state=ActionState.DEAD, error=words)
    longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 4.0**view.attempts)
    wait_s = longest * (0.5 + seeded("retry", view.action.key, tried).random() / 2)
    next_at = world.now() + timedelta(seconds=wait_s)
    return _Outcome(view=view, state=ActionState.PENDING, next_at=next_at, error=words)


def _words(error: Permanent | Retryable) -> str:
    return f"{error.code}: {error}"[:_ERROR_LETTERS]


def _begin(keys: Sequence[str], session: Session) -> frozenset[str]:
    return session.outbox.sending(keys)


def _settle(outcomes: Sequence[_Outcome], now: datetime, session: Session) -> None:
    for outcome in outcomes:
        action = outcome.view.action
        session.outbox.settle(
            action.key, outcome.state, at=now, next_at=outcome.next_at, error=outcome.error
        )
        if outcome.state is ActionState.DONE and action.fields.get("counts_as_touch"):
            pipeline.enrolled(session, action, now)
