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
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit import pipeline
from leadfit.connectors import Performer
from leadfit.connectors.base import (
    REPEAT,
    Recalls,
    Together,
    Writes,
)
from leadfit.errors import Permanent, Retryable, StoreBusy
from leadfit.jobs.deliveries.fallbacks import Fallbacks
from leadfit.jobs.deliveries.retrying import DeliveryResult, after_failure, words_of
from leadfit.jobs.workers.breaker import Breaker
from leadfit.jobs.workers.holding import Holding
from leadfit.jobs.workers.lanes import drain
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.policy.delivery import DeliverRules
from leadfit.records import Action
from leadfit.store import Session, Store
from leadfit.store.outbox import GateState, Lease
from leadfit.store.views import ActionState, ActionView
from leadfit.world import World, seeded

_RECYCLE: Final = "recycle_check"
# How often is looked: no number of the business, and nothing that is sent hangs on it.
_FORGET_EVERY_S: Final = 3_600.0

_log = logger("jobs.deliver")


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
        self._fallbacks = Fallbacks(world, store, policy, fallbacks or {})
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
            return [self._failed(each, error, asked=True) for each in views]
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
                known = _known(performer, action)
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
                return DeliveryResult(view=view, state=ActionState.REFUSED, error=words_of(error))
            return self._failed(view, error, asked=asked)
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one action
            _log.error("action.failed", action=view.action.key, error=type(error).__name__)
            return self._failed(view, error, asked=asked)
        return DeliveryResult(view=view, state=ActionState.DONE)

    def settle(self, outcomes: Sequence[DeliveryResult]) -> int:
        """Write how tries ended; return how many actions ended with them.

        Raises:
            StoreBusy: The store cannot take more now; it is written before the next claim.
        """
        mine = self._holding.held_as()
        try:
            ended = self._store.write(partial(self._end, outcomes, mine))
        except StoreBusy:
            self._holding.keep(outcomes)
            raise
        self._world.reach("deliver.settled")
        return ended

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
            until=now + timedelta(seconds=rules.lease_s),
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

    def _end(self, outcomes: Iterable[DeliveryResult], mine: str, session: Session) -> int:
        now, ended = self._world.now(), 0
        for outcome in outcomes:
            action = outcome.view.action
            is_written = session.outbox.settle(
                action.key,
                outcome.state,
                at=now,
                next_at=outcome.next_at,
                error="; ".join(filter(None, (outcome.error, outcome.given_up))) or None,
                doubt=outcome.doubt,
                lease=Lease(holder=mine, attempt=outcome.view.attempts + 1),
            )
            if not is_written:
                self._note_late(session, outcome, now)
                continue
            self._move_gate(session, outcome, now)
            if outcome.state in {ActionState.REFUSED, ActionState.DEAD}:
                self._fallbacks.tell_otherwise(session, action, now, is_over=True)
            if outcome.state in {ActionState.DONE, ActionState.DEAD}:
                is_done = outcome.state is ActionState.DONE
                pipeline.carried_out(session, action, now, is_done=is_done)
            if outcome.state not in {ActionState.PENDING, ActionState.AMBIGUOUS}:
                self._breakers[action.destination].forget(action.key)
                ended += 1
        return ended

    @staticmethod
    def _note_late(session: Session, outcome: DeliveryResult, now: datetime) -> None:
        """Keep how a try ended that took so long that another took the action over.

        The one that took it over counts it as a doubt; what it finds out is what holds.
        """
        view = outcome.view
        told = {"key": view.action.key, "attempt": view.attempts + 1, "ended": outcome.state.value}
        session.signals.append("delivery.late", now, told)
        _log.warning("action.late", action=view.action.key, code=outcome.state.value)

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

    def _failed(self, view: ActionView, error: Exception, *, asked: bool) -> DeliveryResult:
        breaker = self._breakers[view.action.destination]
        return after_failure(view, error, self.rules, breaker, asked=asked, now=self._world.now())

    def fall_back(self) -> int:
        """Send alerts and pages that did not get through by another channel, too.

        Returns:
            How many were queued there.
        """
        self._forget()
        return self._fallbacks.fall_back()

    def _forget(self) -> None:
        """Once in a while, forget echoes that are too old to come back."""
        now_s = self._world.monotonic_s()
        if self._forgot_s is None or now_s - self._forgot_s >= _FORGET_EVERY_S:
            self._forgot_s = now_s
            now = self._world.now()
            self._store.write(lambda session: session.echoes.prune(now))


def _known(performer: Performer, action: Action) -> bool | None:
    found: object = performer
    if isinstance(found, Recalls):
        return found.knows_since(action.key, action.due_at)
    return performer.knows(action.key)


def _is_new(view: ActionView) -> bool:
    """Nothing is to be looked up or looked at before an action is tried."""
    is_first = view.state is ActionState.PENDING and not view.doubts
    return is_first and view.action.kind != _RECYCLE
