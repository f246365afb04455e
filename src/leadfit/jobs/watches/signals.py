"""Watches what sources send: tells somebody when one falls silent or loses its addresses.

Everything is computed from the counts by source and hour; the key of an alert is that of its
source, kind and day, so that a round done again tells nobody twice. Of what gave alarm a day
before as well, people are told on Mondays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit import orchestrate
from leadfit.log import logger
from leadfit.pipeline import hour_of
from leadfit.pipeline.matching import reviewers
from leadfit.policy import Policy
from leadfit.records import Action
from leadfit.store import Session, Store
from leadfit.watch import FlowAlarm, HourCount, SourceFlow, source_flow
from leadfit.world import World

_DAY: Final = timedelta(days=1)
_MONDAY: Final = 0

_log = logger("jobs.signal_watch")


def source_flows(store: Store, policy: Policy, *, now: datetime) -> tuple[SourceFlow, ...]:
    """Return how every source does that sent anything within the history of the policy.

    Args:
        store: Counts by source and hour.
        policy: How sources are judged.
        now: The end; the hour that is not over yet is left out.
    """
    until = hour_of(now)
    since = until - timedelta(days=policy.signal_watch.history_days)
    rows = store.read(lambda session: session.intake.hours(since, until))
    found: dict[str, list[HourCount]] = defaultdict(list)
    for each in rows:
        found[each.source].append(
            HourCount(hour=each.hour, received=each.received, without_email=each.without_email)
        )
    return tuple(
        source_flow(source, counts, policy, now=now) for source, counts in sorted(found.items())
    )


class SignalWatch:
    """Looks at every source once an hour while a workspace is served.

    Args:
        world: Time.
        store: Counts, and the queue of actions.
        policy: Returns the policy in force.
        forget_old: Forgets what could not be taken and has been kept long enough.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        policy: Callable[[], Policy],
        forget_old: Callable[[], int],
    ) -> None:
        self._world = world
        self._store = store
        self._policy = policy
        self._forget_old = forget_old
        self._done: datetime | None = None
        self._flows: tuple[datetime, tuple[SourceFlow, ...]] | None = None

    def flows(self) -> tuple[SourceFlow, ...]:
        """Return how sources do, looked up once an hour: nothing changes within one."""
        now = self._world.now()
        hour = hour_of(now)
        if self._flows is None or self._flows[0] != hour:
            self._flows = hour, source_flows(self._store, self._policy(), now=now)
        return self._flows[1]

    def round(self) -> int:
        """Tell of sources that give alarm since a day; return of how many."""
        now = self._world.now()
        hour = hour_of(now)
        if hour == self._done:
            return 0
        policy = self._policy()
        actions = new_alarms(self._store, policy, now=now)
        self._world.reach("signal_watch.found")
        if actions:
            self._store.write(partial(_queue, actions, now))
            _log.warning("source.alarm")
        self._forget_old()
        self._done = hour
        return len(actions)


def new_alarms(store: Store, policy: Policy, *, now: datetime) -> tuple[Action, ...]:
    """Return alerts for what gives alarm now and did not a day before, and on Mondays for all."""
    today = source_flows(store, policy, now=now)
    if not any(each.found for each in today):
        return ()
    before = source_flows(store, policy, now=now - _DAY)
    known = {(each.source, kind) for each in before for kind in each.alarms}
    return tuple(
        _alert(policy, alarm, now)
        for each in today
        for alarm in each.found
        if (alarm.source, alarm.kind) not in known or now.weekday() == _MONDAY
    )


def _queue(actions: Sequence[Action], now: datetime, session: Session) -> None:
    for action in actions:
        session.outbox.queue(action, now)


def _alert(policy: Policy, alarm: FlowAlarm, now: datetime) -> Action:
    return orchestrate.alert(
        f"signals/{alarm.source}/{alarm.kind}/{now:%Y-%m-%d}/alert",
        to=reviewers(policy),
        fields={"source": alarm.source, "probe": alarm.kind, "words": alarm.words},
        now=now,
    )
