"""Tells people of breaches: each person once of all that waits, however much it is.

A storm of a few hundred breaches is told of in one transaction. A larger one is gathered first, a
few hundred in each of several transactions, so that others write in between; then one action that
names them all is queued. Whatever ends the process in the middle, the next round goes on there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadfit import orchestrate
from leadfit.errors import StoreBusy
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.records import Action
from leadfit.store import Session, Store
from leadfit.store.breaches import Storm, Telling
from leadfit.world import World

_PAGE: Final = "page"
_AT_ONCE: Final = 200
"""Breaches that one transaction looks after; the writer has that done in some 10 ms."""

_log = logger("jobs.telling")


def tell(world: World, store: Store, policy: Policy) -> int:
    """Queue the pages and alerts about breaches; return for how many persons and destinations.

    Whoever was paged less than ``sla.fold_minutes`` ago is paged later, about everything at once.

    Raises:
        Exception: Of the first of them who could not be told; all others were.
    """
    pause = timedelta(minutes=policy.sla.fold_minutes)
    told, failed = 0, []
    for each in _all(world, store, pause):
        try:
            told += each()
        except StoreBusy:
            raise
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one person
            _log.error("telling.failed", error=type(error).__name__)
            failed.append(error)
    if failed:
        raise failed[0]
    return told


def _all(world: World, store: Store, pause: timedelta) -> Iterator[_Large | _Small]:
    """Yield what was begun before, then what is ripe."""
    for telling in store.read(lambda session: session.breaches.tellings()):
        yield _Large(world, store, pause, telling.storm, telling)
    for storm in store.read(lambda session: session.breaches.waiting()):
        if _is_ripe(storm, storm.told_at, pause, world.now()):
            made = _Small if storm.number <= _AT_ONCE else _Large
            yield made(world, store, pause, storm)


def _is_ripe(storm: Storm, told_at: datetime | None, pause: timedelta, now: datetime) -> bool:
    return storm.kind != _PAGE or told_at is None or now >= told_at + pause


@dataclass(frozen=True, slots=True)
class _Small:
    """Tell of a storm in one transaction."""

    world: World
    store: Store
    pause: timedelta
    storm: Storm

    def __call__(self) -> bool:
        return self.store.write(self._tell)

    def _tell(self, session: Session) -> bool:
        now = self.world.now()
        told_at = session.breaches.told_at(self.storm)
        notices = session.breaches.first(self.storm, _AT_ONCE)
        if not notices or not _is_ripe(self.storm, told_at, self.pause, now):
            return False
        action = orchestrate.tell_together(notices, now=now)
        session.outbox.queue(action, now)
        session.breaches.tell([each.key for each in notices], action.key, now)
        if len(notices) > 1:
            session.outbox.fold(notices, now, _words(len(notices), action.key))
        self.world.reach("sla.told")
        return True


@dataclass(frozen=True, slots=True)
class _Large:
    """Tell of a storm in several transactions, or go on with one that was begun."""

    world: World
    store: Store
    pause: timedelta
    storm: Storm
    begun: Telling | None = None

    def __call__(self) -> bool:
        telling = self.begun or self.store.write(self._begin)
        if telling is None:
            return False
        while self.store.write(lambda session: self._gather(session, telling)):
            pass
        told = None
        while told is None:
            notices = self.store.read(lambda session: session.breaches.gathered(telling))
            told = self.store.write(lambda session, it=notices: self._end(session, telling, it))  # type: ignore[misc]  # a default binds it now
        return told

    def _begin(self, session: Session) -> Telling | None:
        now = self.world.now()
        told_at = session.breaches.told_at(self.storm)
        first = session.breaches.first(self.storm, 1)
        if not first or not _is_ripe(self.storm, told_at, self.pause, now):
            return None
        key = orchestrate.together_key(first[0], self.storm.number)
        telling = Telling(key=key, storm=self.storm, began_at=now)
        session.breaches.begin_telling(telling)
        self.world.reach("sla.telling_begun")
        return telling

    def _gather(self, session: Session, telling: Telling) -> bool:
        """Gather some of the notices; return whether more are left."""
        left = telling.storm.number - session.breaches.count_gathered(telling)
        notices = session.breaches.first(telling.storm, max(0, min(left, _AT_ONCE)))
        # By a clock that was set back since it began, what is gathered would not be found again.
        now = max(self.world.now(), telling.began_at)
        session.breaches.tell([each.key for each in notices], telling.key, now)
        session.outbox.fold(notices, now, _words(telling.storm.number, telling.key))
        self.world.reach("sla.gathered")
        return 0 < len(notices) < left

    def _end(self, session: Session, telling: Telling, notices: tuple[Action, ...]) -> bool | None:
        """Queue the action; ``None`` when some were withdrawn since they were read."""
        if session.breaches.count_gathered(telling) != len(notices):
            return None
        now = self.world.now()
        if not session.breaches.end_telling(telling.key, now) or not notices:
            return False
        session.outbox.queue(orchestrate.tell_together(notices, now=now, key=telling.key), now)
        self.world.reach("sla.told")
        return True


def _words(number: int, key: str) -> str:
    """Let each lead show how it was told of."""
    return f"told together with {number - 1} more, by {key}"
