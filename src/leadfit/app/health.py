"""Whether a workspace can do its work, and how long leads wait for their first owner."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from leadfit import jobs
from leadfit.app.edited import FolderState
from leadfit.errors import LeadfitError, StoreBusy
from leadfit.jobs import Loops
from leadfit.pipeline import InForce
from leadfit.policy import Policy
from leadfit.store import Session, Store
from leadfit.store.views import Counts
from leadfit.watch import SourceFlow
from leadfit.world import World

_MB: Final = 1_000_000
# How often is looked, and from when a server calls itself ill: of the machine, so that a probe
# means the same everywhere. What may wait and what stays free is the policy's.
_DISK_EVERY_S: Final = 0.5
_PATIENCE_S: Final = 2.0
_SILENT_S: Final = 60.0
_WATCHED: Final = ("decide", "deliver", "clocks")
_FULL_QUEUE: Final = 9_000
_DISK_RETRY_S: Final = 30.0
_BACKLOG_EVERY_S: Final = 5.0
_OVERLAP: Final = timedelta(seconds=5)
_MOST_WAITING: Final = 10_000
_LOOKED_BACK: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing readiness is made of.

    Attributes:
        name: ``store``, ``disk``, ``queue`` or ``jobs``.
        words: What was found.
    """

    name: str
    holds: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Counts for the summary table and for readiness.

    Attributes:
        ready: Signals can be taken and decided.
        checks: What that is made of.
        refused: Signals that could not be taken and are kept to look at.
        sources: How each source does.
        retrain: Why learning anew is due, or ``None``.
        policy_folder: Whether the policy folder says what is in force.
        drift_check: The latest monthly check of the score; ``None`` where no server ever ran.
    """

    counts: Counts
    policy_digest: str
    artifact_digest: str | None
    ready: bool
    checks: tuple[Check, ...] = ()
    refused: int = 0
    sources: tuple[SourceFlow, ...] = ()
    retrain: str | None = None
    policy_folder: FolderState = field(default_factory=FolderState)
    drift_check: jobs.DriftCheck | None = None


class Health:
    """Looks after the store, the disk and the jobs of a workspace; safe to use from any thread.

    Args:
        world: The monotonic clock.
        store: The store.
        folder: Where its file is.
        policy: Returns the policy in force.
    """

    def __init__(
        self, world: World, store: Store, folder: Path, policy: Callable[[], Policy]
    ) -> None:
        self._world = world
        self._store = store
        self._folder = folder
        self._policy = policy
        self._lock = threading.Lock()
        self._free_mb = 0.0
        self._looked_s: float | None = None
        self._has_backlog = False
        self._counted_s: float | None = None

    def checks(self, loops: Loops | None) -> tuple[Check, ...]:
        """Return what readiness is made of: the disk; where jobs run, the store and the jobs."""
        found = [self._disk()]
        if loops is not None:
            found += [self._writable(), self._queue(), self._jobs(loops)]
        return tuple(found)

    def status(
        self,
        rules: InForce,
        loops: Loops | None,
        sources: tuple[SourceFlow, ...],
        folder: FolderState,
    ) -> Status:
        """Return counts and digests, what readiness is made of, and how sources do."""
        now = self._world.now()
        counts, refused = self._store.read(
            lambda session: (session.counts(now), session.intake.refused_count())
        )
        checks = self.checks(loops)
        return Status(
            counts=counts,
            policy_digest=rules.policy.digest,
            artifact_digest=rules.artifact_digest,
            ready=all(each.holds for each in checks),
            checks=checks,
            refused=refused,
            sources=sources,
            retrain=jobs.too_old(rules.artifact, rules.policy, now),
            policy_folder=folder,
        )

    def keep_reserve(self) -> None:
        """Refuse new signals before the disk is full: what was taken must still be decided.

        Raises:
            StoreBusy: Less is free than the policy keeps in reserve, or more signals wait for a
                decision than it allows.
        """
        check = self._disk()
        if not check.holds:
            raise StoreBusy(check.words, _DISK_RETRY_S)
        most = self._policy().signal.most_undecided
        if self._is_behind(most):
            raise StoreBusy(f"{most:,} signals wait for a decision", _BACKLOG_EVERY_S)

    def _is_behind(self, most: int) -> bool:
        """Return whether so many signals wait; counted now and then, by one thread at a time."""
        now_s = self._world.monotonic_s()
        with self._lock:
            if self._counted_s is not None and now_s - self._counted_s < _BACKLOG_EVERY_S:
                return self._has_backlog
            self._counted_s = now_s
        self._has_backlog = self._store.read(lambda session: session.signals.waiting(most)) >= most
        return self._has_backlog

    def _disk(self) -> Check:
        now_s, reserve = self._world.monotonic_s(), self._policy().signal.disk_reserve_mb
        with self._lock:
            if self._looked_s is None or now_s - self._looked_s >= _DISK_EVERY_S:
                self._free_mb = shutil.disk_usage(self._folder).free / _MB
                self._looked_s = now_s
            free = self._free_mb
        words = f"{free:,.0f} MB of the disk are free, {reserve:,} are kept in reserve"
        return Check(name="disk", holds=free >= reserve, words=words)

    def _writable(self) -> Check:
        try:
            self._store.submit(lambda _session: None).result(_PATIENCE_S)
        except StillWaiting:
            words = f"the writer did not answer within {_PATIENCE_S:g} s"
            return Check(name="store", holds=False, words=words)
        except LeadfitError as error:
            return Check(name="store", holds=False, words=str(error))
        return Check(name="store", holds=True, words="the store can be written to")

    def _queue(self) -> Check:
        waiting = self._store.waiting
        words = f"{waiting} pieces of work wait for the writer"
        return Check(name="queue", holds=waiting < _FULL_QUEUE, words=words)

    def _jobs(self, loops: Loops) -> Check:
        silent = {name: loops.silent_s(name) for name in _WATCHED}
        late = [name for name, seconds in silent.items() if seconds > _SILENT_S]
        words = f"no round ended for {_SILENT_S:g} s: {', '.join(late)}" if late else "jobs run"
        return Check(name="jobs", holds=not late, words=words)


class Waits:
    """Gathers how long leads waited for their first owner, each lead once.

    Args:
        world: Time.
        store: Links, by which new leads are found, and leads.
    """

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._lock = threading.Lock()
        self._since = world.now()
        self._told: dict[str, datetime] = {}
        self._waiting: dict[str, None] = {}

    def new(self) -> tuple[float, ...]:
        """Return the seconds of leads that got their first owner since the last call."""
        with self._lock:
            now = self._world.now()
            # A decision is stamped before it is committed: look a little farther back.
            since = max(self._since - _OVERLAP, now - _LOOKED_BACK)
            found = self._store.read(lambda session: self._look(session, since, now))
            self._since = now
            self._told = {lead: at for lead, at in self._told.items() if at >= now - _LOOKED_BACK}
            return found

    def _look(self, session: Session, since: datetime, now: datetime) -> tuple[float, ...]:
        for link in session.links.between(since, now + timedelta(microseconds=1)):
            if (
                link.lead_id
                and link.lead_id not in self._told
                and len(self._waiting) < _MOST_WAITING
            ):
                self._told[link.lead_id] = link.decided_at
                self._waiting[link.lead_id] = None
        waits: list[float] = []
        for lead_id in list(self._waiting):
            given = session.leads.assignments(lead_id)
            signal_at = session.leads.signal_at(lead_id)
            if given and signal_at is not None:
                waits.append(max(0.0, (given[0].assigned_at - signal_at).total_seconds()))
                del self._waiting[lead_id]
        return tuple(waits)
