"""Carries out queued actions: pending -> sending -> done, refused, ambiguous or dead.

An action is written down as ``sending`` before it is tried. After a crash, or when nobody knows
how a try ended, it is looked up at its receiver and, where the receiver cannot tell, sent again
with the same key: at least once, and with one effect at receivers that honour the key. What a
receiver without keys is sent again says so.

Each destination has a queue of its own, and a gate: after failures in a row, or when the receiver
asks for it, nothing is sent there for a while, and then one action tries it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit import pipeline
from leadfit.connectors import Performer
from leadfit.connectors.base import (
    INSTEAD,
    REPEAT,
    NotTaken,
    OnHold,
    Together,
    Unclear,
    Writes,
)
from leadfit.errors import Permanent, Retryable, StoreBusy
from leadfit.jobs.workers.breaker import Breaker
from leadfit.jobs.workers.holding import LEASE_S, Holding
from leadfit.jobs.workers.lanes import drain
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.policy.delivery import DeliverRules
from leadfit.records import Action
from leadfit.store import Session, Store
from leadfit.store.outbox import Gate, GateState
from leadfit.store.views import ActionState, ActionView
from leadfit.world import World, seeded

_RECYCLE: Final = "recycle_check"
_TELLING: Final = frozenset({"alert", "page"})
_SHORTEST_WAIT_S: Final = 0.05
_ERROR_LETTERS: Final = 200
_LOOKED_AT: Final = 200
_FORGET_EVERY_S: Final = 3_600.0

_log = logger("jobs.deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """How a try of an action ended.

    Attributes:
        worked: The receiver answered in a way that makes sense.
        on_hold_s: The receiver wants to be left alone for so long.
        doubt: Nobody knows whether the try took effect.
    """

    view: ActionView
    state: ActionState
    worked: bool = True
    next_at: datetime | None = None
    error: str | None = None
    on_hold_s: float | None = None
    doubt: bool = False


class Deliveries:
    """The queues of all destinations, for any number of threads and processes.

    Args:
        world: Time and failpoints.
        store: Holds the queues.
        performers: By destination; ``*`` stands for every destination not named.
        policy: The policy in force.
        fallbacks: Destinations that take an alert when its own does not, best first.
        recheck: Rates a lead again; called before a recycle check is told.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        performers: Mapping[str, Performer],
        policy: Callable[[], Policy],
        *,
        fallbacks: Mapping[str, Sequence[str]] | None = None,
        recheck: Callable[[str], object] | None = None,
    ) -> None:
        self._recheck = recheck
        self._world = world
        self._store = store
        self._performers = performers
        self._policy = policy
        self._fallbacks = fallbacks or {}
        self._breakers: defaultdict[str, Breaker] = defaultdict(Breaker)
        self._holding = Holding[DeliveryResult](world, store, "deliver", "deliverer")
        self._forgot_s: float | None = None

    @property
    def rules(self) -> DeliverRules:
        """What the policy says about deliveries."""
        return self._policy().deliver

    @property
    def width(self) -> int:
        """How many actions are sent to one destination at the same time."""
        return self.rules.workers

    def deliver(self, limit: int) -> int:
        """Carry out actions that are due, destination by destination; return how many ended.

        Raises:
            StoreBusy: The store cannot take more now; what was done is looked up next time.
        """
        self.fall_back()
        return drain(self, limit)

    def round(self, destination: str, limit: int) -> tuple[int, int]:
        """Carry out due actions of one destination, one after another.

        Returns:
            How many were tried and how many of them ended.
        """
        views = self.claim(destination, limit)
        if not views:
            return 0, 0
        outcomes = self._carry_out_all(views)
        self._world.reach("deliver.performed")
        return len(views), self.settle(outcomes)

    def ready(self) -> tuple[str, ...]:
        """Return the destinations for which something is due, the longest waiting first."""
        now = self._world.now()
        found = self._store.read(lambda session: session.outbox.ready(now))
        if found and not self._policy().acts:
            # Whatever was queued from anywhere: in shadow mode nothing is sent.
            self._store.write(lambda session: session.publications.withhold(now))
            return ()
        return found

    def claim(self, destination: str, limit: int) -> tuple[ActionView, ...]:
        """Take due actions of a destination, unless it is left alone now; write that down."""
        self._settle_again()
        if not self._policy().acts:
            return ()
        self._world.reach("deliver.picked")
        mine, gone = self._holding.name(), self._gone()
        views = self._store.write(partial(self._begin, destination, limit, mine, gone))
        if views:
            self._world.reach("deliver.sending")
        return views

    def _carry_out_all(self, views: Sequence[ActionView]) -> Sequence[DeliveryResult]:
        """Try actions of one destination in their order, all at once where it takes them so."""
        performer: object = self._performer(views[0].action.destination)
        if len(views) == 1 or not isinstance(performer, Together) or not all(map(_is_new, views)):
            return [self.carry_out(each) for each in views]
        try:
            performer.perform_together([each.action for each in views])
        except Exception as error:  # noqa: BLE001 -- the outermost edge of these actions
            if not isinstance(error, Retryable):
                _log.error("action.failed", action=views[0].action.key, error=type(error).__name__)
            return [self._again(each, error, asked=True) for each in views]
        for _ in views:
            self._world.reach("deliver.tried")
        return [DeliveryResult(view=each, state=ActionState.DONE) for each in views]

    def carry_out(self, view: ActionView) -> DeliveryResult:
        """Try one action; whatever is wrong with it is in the answer."""
        performer = self._performer(view.action.destination)
        if performer is None:
            words = f"no performer for the destination {view.action.destination}"
            return DeliveryResult(view=view, state=ActionState.REFUSED, error=words)
        in_doubt = view.state is not ActionState.PENDING or view.doubts > 0
        asked = False
        try:
            action = view.action
            if in_doubt:
                known = performer.knows(action.key)
                self._world.reach("deliver.looked_up")
                if known:
                    return DeliveryResult(view=view, state=ActionState.DONE)
                if known is None:
                    action = replace(action, fields={**action.fields, REPEAT: True})
            if action.kind == _RECYCLE and self._recheck is not None:
                self._recheck(action.lead_id)
            asked = True
            performer.perform(action)
            self._world.reach("deliver.tried")
        except (Permanent, Retryable) as error:
            if isinstance(error, Permanent) and asked:
                return DeliveryResult(view=view, state=ActionState.REFUSED, error=_words(error))
            return self._again(view, error, asked=asked)
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one action
            _log.error("action.failed", action=view.action.key, error=type(error).__name__)
            return self._again(view, error, asked=asked)
        return DeliveryResult(view=view, state=ActionState.DONE)

    def settle(self, outcomes: Sequence[DeliveryResult]) -> int:
        """Write how tries ended; return how many actions ended with them.

        Raises:
            StoreBusy: The store cannot take more now; it is written before the next claim.
        """
        try:
            self._store.write(partial(self._end, outcomes))
        except StoreBusy:
            self._holding.keep(outcomes)
            raise
        self._world.reach("deliver.settled")
        open_states = (ActionState.PENDING, ActionState.AMBIGUOUS)
        return sum(outcome.state not in open_states for outcome in outcomes)

    def _settle_again(self) -> None:
        if outcomes := self._holding.unsettled():
            self.settle(outcomes)

    def is_local(self, destination: str) -> bool:
        """Return whether a destination answers at once, so that nothing is gained by threads."""
        return bool(getattr(self._performer(destination), "is_local", False))

    def _performer(self, destination: str) -> Performer | None:
        return self._performers.get(destination, self._performers.get("*"))

    def _gone(self) -> tuple[str, ...]:
        now = self._world.now()
        return self._holding.gone(self._store.read(lambda session: session.outbox.holders(now)))

    def _begin(
        self, destination: str, limit: int, mine: str, gone: Sequence[str], session: Session
    ) -> tuple[ActionView, ...]:
        now, rules = self._world.now(), self.rules
        gate = session.destinations.gate(destination)
        if gate.until is not None and gate.until > now:
            return ()
        tries = gate.state is not GateState.OPEN
        views = session.outbox.claim(
            destination,
            holder=mine,
            now=now,
            until=now + timedelta(seconds=LEASE_S),
            limit=1 if tries else limit,
            gone=gone,
        )
        if views and tries:
            until = now + timedelta(seconds=3 * rules.request_s)
            session.destinations.set_gate(Breaker.trying(gate, until), now)
        performer: object = self._performer(destination)
        if isinstance(performer, Writes):
            end = now + timedelta(hours=rules.echo_hours)
            for view in views:
                for written in performer.writes(view.action):
                    session.echoes.note(written, at=now, until=end)
        return views

    def _end(self, outcomes: Iterable[DeliveryResult], session: Session) -> None:
        now = self._world.now()
        for outcome in outcomes:
            action = outcome.view.action
            session.outbox.settle(
                action.key,
                outcome.state,
                at=now,
                next_at=outcome.next_at,
                error=outcome.error,
                doubt=outcome.doubt,
            )
            self._move_gate(session, outcome, now)
            if outcome.state in {ActionState.REFUSED, ActionState.DEAD}:
                self._tell_otherwise(session, action, now, is_over=True)
            if outcome.state in {ActionState.DONE, ActionState.DEAD}:
                is_done = outcome.state is ActionState.DONE
                pipeline.carried_out(session, action, now, is_done=is_done)

    def _move_gate(self, session: Session, outcome: DeliveryResult, now: datetime) -> None:
        action = outcome.view.action
        gate = session.destinations.gate(action.destination)
        breaker, why = self._breakers[action.destination], outcome.error or ""
        if outcome.on_hold_s is not None:
            moved = breaker.paused(gate, why, outcome.on_hold_s, now=now)
        elif outcome.worked:
            moved = breaker.worked(gate, now)
        else:
            spread = seeded("gate", action.key, outcome.view.attempts).random()
            moved = breaker.failed(gate, action.key, why, self.rules, now=now, spread=spread)
        if moved != gate:
            session.destinations.set_gate(moved, now)
            if moved.state is not gate.state:
                _log.warning("destination.moved", round=gate.destination, code=moved.state.value)

    def _again(self, view: ActionView, error: Exception, *, asked: bool) -> DeliveryResult:
        """Wait, longer each time, with jitter that is the same at every replay; or give up.

        Args:
            view: The action, as it was before the try.
            error: What went wrong.
            asked: It was sent, so that it may have been carried out; else it was only looked up.
        """
        now, rules = self._world.now(), self.rules
        sure = isinstance(error, NotTaken | OnHold)
        doubt = asked and not sure
        words = type(error).__name__
        if isinstance(error, Permanent | Retryable):
            words = _words(error)
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
        return DeliveryResult(
            view=view,
            state=ActionState.DEAD if self._gives_up(view, next_at, now) else goes_on,
            worked=False,
            next_at=next_at,
            error=words,
            on_hold_s=hold_s,
            doubt=doubt,
        )

    def _gives_up(self, view: ActionView, next_at: datetime, now: datetime) -> bool:
        """Past the deadline of its kind; or it fails again and again while others do not."""
        rules, action = self.rules, view.action
        hours = rules.hours_of.get(action.kind, rules.hours)
        since = max(action.due_at, view.again_at or action.due_at)
        if next_at > since + timedelta(hours=hours):
            return True
        breaker = self._breakers[action.destination]
        lately = now - timedelta(seconds=rules.longest_backoff_s)
        return view.attempts + 1 >= rules.attempts and breaker.worked_since(lately)

    def fall_back(self) -> int:
        """Send alerts and pages that did not get through by another channel, too.

        Returns:
            How many were queued there.
        """
        self._forget()
        if not self._fallbacks or not self._policy().acts:
            return 0
        late = self._store.read(self._late)
        if not late:
            return 0
        moved = self._store.write(partial(self._send_instead, late))
        self._world.reach("deliver.fell_back")
        return moved

    def _late(self, session: Session) -> tuple[ActionView, ...]:
        """Return alerts and pages that did not get through, where another channel works."""
        before = self._world.now() - timedelta(seconds=self.rules.fallback_s)
        helped = [each for each in self._fallbacks if self._first_open(session, each) is not None]
        return session.outbox.waiting(before, helped, _LOOKED_AT) if helped else ()

    def _forget(self) -> None:
        """Once in a while, forget echoes that are too old to come back."""
        now_s = self._world.monotonic_s()
        if self._forgot_s is None or now_s - self._forgot_s >= _FORGET_EVERY_S:
            self._forgot_s = now_s
            now = self._world.now()
            self._store.write(lambda session: session.echoes.prune(now))

    def _send_instead(self, late: Sequence[ActionView], session: Session) -> int:
        now = self._world.now()
        return sum(self._tell_otherwise(session, view.action, now) for view in late)

    def _tell_otherwise(
        self, session: Session, action: Action, now: datetime, *, is_over: bool = False
    ) -> bool:
        """Queue an alert or a page for another channel, too; return whether that was done.

        Args:
            session: The transaction.
            action: It was not taken in time.
            now: The time.
            is_over: It never will be: where no other channel works, it waits for the first one.
        """
        if action.kind not in _TELLING:
            return False
        wanted = action.kind == "page" or action.fields.get("tier") in self.rules.fallback_tiers
        if not wanted or INSTEAD in action.fields:
            session.outbox.fell_back(action.key, now)
            return False
        other = self._first_open(session, action.destination)
        if other is None and is_over:
            other = next(iter(self._fallbacks.get(action.destination, ())), None)
        if other is None:
            return False
        session.outbox.queue(_instead(action, other, now), now)
        session.outbox.fell_back(action.key, now)
        return True

    def _first_open(self, session: Session, destination: str) -> str | None:
        for other in self._fallbacks.get(destination, ()):
            gate: Gate = session.destinations.gate(other)
            if gate.state is GateState.OPEN and gate.failing_since is None:
                return other
        return None


def _instead(action: Action, destination: str, now: datetime) -> Action:
    return replace(
        action,
        key=f"{action.key}/instead",
        kind="page" if destination == "pager" else "alert",
        destination=destination,
        due_at=now,
        fields={**action.fields, INSTEAD: action.destination},
    )


def _hold_s(error: Exception, rules: DeliverRules) -> float | None:
    """Return how long the receiver is left alone; what it asks for wins."""
    if not isinstance(error, NotTaken | Unclear | OnHold):
        return None
    asked = error.retry_after_s
    if asked is None:
        return rules.pause_s if isinstance(error, OnHold) else None
    return min(max(asked, _SHORTEST_WAIT_S), rules.longest_pause_s)


def _is_new(view: ActionView) -> bool:
    """Nothing is to be looked up or looked at before an action is tried."""
    is_first = view.state is ActionState.PENDING and not view.doubts
    return is_first and view.action.kind != _RECYCLE


def _words(error: Permanent | Retryable) -> str:
    return f"{error.code}: {error}"[:_ERROR_LETTERS]
