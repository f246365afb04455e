"""What follows when a try failed: it is tried again later, left in doubt, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadfit.connectors.base import NotTaken, OnHold, Unclear
from leadfit.errors import Permanent, Retryable
from leadfit.jobs.workers.breaker import Breaker
from leadfit.policy.delivery import DeliverRules
from leadfit.store.views import ActionState, ActionView
from leadfit.world import seeded

# Sizes of a wait and of a text: no number of the business, and nothing that is sent hangs on them.
_SHORTEST_WAIT_S: Final = 0.05
_ERROR_LETTERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """How a try of an action ended.

    Attributes:
        worked: The receiver answered in a way that makes sense.
        error: What went wrong, in words.
        given_up: Why there is no further try.
        on_hold_s: The receiver wants to be left alone for so long.
        doubt: Nobody knows whether the try took effect.
    """

    view: ActionView
    state: ActionState
    worked: bool = True
    next_at: datetime | None = None
    error: str | None = None
    given_up: str | None = None
    on_hold_s: float | None = None
    doubt: bool = False


def after_failure(
    view: ActionView,
    error: Exception,
    rules: DeliverRules,
    breaker: Breaker,
    *,
    asked: bool,
    now: datetime,
) -> DeliveryResult:
    """Wait, longer each time, with jitter that is the same at every replay; or give up.

    Args:
        view: The action, as it was before the try.
        error: What went wrong.
        rules: How long is waited, and how often.
        breaker: Knows whether its destination takes other actions.
        asked: It was sent, so that it may have been carried out; else it was only looked up.
        now: The time.
    """
    sure = isinstance(error, NotTaken | OnHold)
    doubt = asked and not sure
    words = type(error).__name__
    if isinstance(error, Permanent | Retryable):
        words = words_of(error)
    longest = min(rules.longest_backoff_s, rules.backoff_s * 2.0 ** min(view.attempts, 30))
    chance = seeded("retry", view.action.key, view.attempts).random()
    wait_s = max(_SHORTEST_WAIT_S, longest * chance)
    hold_s = _hold_s(error, rules)
    if hold_s is not None:
        wait_s = max(wait_s, hold_s)
    next_at = now + timedelta(seconds=wait_s)
    goes_on = ActionState.PENDING
    if doubt or (view.state is not ActionState.PENDING and not asked):
        goes_on = ActionState.AMBIGUOUS
    given_up = _why_given_up(view, next_at, rules, breaker, now)
    return DeliveryResult(
        view=view,
        state=goes_on if given_up is None else ActionState.DEAD,
        worked=False,
        next_at=next_at,
        error=words,
        given_up=given_up,
        on_hold_s=hold_s,
        doubt=doubt,
    )


def _why_given_up(
    view: ActionView, next_at: datetime, rules: DeliverRules, breaker: Breaker, now: datetime
) -> str | None:
    """Past the deadline of its kind; or it fails again and again while others do not.

    What failed while its destination took nothing says nothing of the action: after an outage it is
    tried as if it were new.
    """
    action = view.action
    hours = rules.hours_of.get(action.kind, rules.hours)
    since = max(action.due_at, view.again_at or action.due_at)
    if next_at > since + timedelta(hours=hours):
        when = f"{next_at:%Y-%m-%d %H:%M} UTC"
        return f"given up: the next try, {when}, is later than {hours:g} h after it was due"
    lately = now - timedelta(seconds=rules.longest_backoff_s)
    alone = breaker.failed_alone(action.key) + 1
    if alone >= rules.attempts and breaker.worked_since(lately):
        return f"given up after {view.attempts + 1} tries, {alone} while other actions were taken"
    return None


def _hold_s(error: Exception, rules: DeliverRules) -> float | None:
    """Return how long the receiver is left alone; what it asks for wins."""
    if not isinstance(error, NotTaken | Unclear | OnHold):
        return None
    asked = error.retry_after_s
    if asked is None:
        return rules.pause_s if isinstance(error, OnHold) else None
    return min(max(asked, _SHORTEST_WAIT_S), rules.longest_pause_s)


def words_of(error: Permanent | Retryable) -> str:
    """Return what is kept of an error."""
    return f"{error.code}: {error}"[:_ERROR_LETTERS]
