"""Works queues by destination: here, or in threads so that a slow or dead one delays no other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, Protocol, TypeVar

from leadfit.errors import LeadfitError
from leadfit.log import logger
from leadfit.policy.delivery import MOST_WORKERS

V = TypeVar("V")
O = TypeVar("O")  # noqa: E741 -- the outcome

# How the work is cut up and how often is looked: it changes how soon by fractions of a second.
_BATCH: Final = 500
_CHUNK: Final = 50
_AFTER_TROUBLE_S: Final = 0.5
_POLL_S: Final = 2.0
_GATHER_S: Final = 0.5
"""Seconds in which more gathers at what answers at once, while it comes steadily: each round costs
two commits and a sync of its own, which senders wait behind."""

_log = logger("jobs.lanes")


class Queues(Protocol[V, O]):
    """Queues by destination, such as those of deliveries."""

    @property
    def width(self) -> int:
        """How much is tried at one destination at the same time; asked before every round."""

    def ready(self) -> tuple[str, ...]:
        """Return the destinations for which something is due."""

    def is_local(self, destination: str) -> bool:
        """Return whether a destination answers at once."""

    def round(self, destination: str, limit: int) -> tuple[int, int]:
        """Try what is due at one destination, one after another."""

    def claim(self, destination: str, limit: int) -> tuple[V, ...]:
        """Take what is due at a destination; write that down."""

    def carry_out(self, view: V) -> O:
        """Try one; whatever is wrong with it is in the answer."""

    def settle(self, outcomes: Sequence[O]) -> int:
        """Write how tries ended."""

    def fall_back(self) -> int:
        """Do what is due beside the queues."""


def drain(queues: Queues[V, O], limit: int) -> int:
    """Try what is due here, destination by destination; return how many ended.

    Args:
        queues: The queues.
        limit: So many are tried at the most.

    Raises:
        StoreBusy: The store cannot take more now.
    """
    ended = tried = 0
    while tried < limit:
        before = tried
        for destination in queues.ready():
            taken, settled = queues.round(destination, min(_CHUNK, limit - tried))
            tried += taken
            ended += settled
        if tried == before:
            break
    return ended


class _Lane(Generic[V, O]):
    """The queue of one destination: a thread that claims, and threads that send."""

    def __init__(
        self, deliveries: Queues[V, O], destination: str, stopping: threading.Event
    ) -> None:
        self._deliveries = deliveries
        self._destination = destination
        self._stopping = stopping
        self._woken = threading.Event()
        self._busy = 0
        self._change = threading.Condition()
        # As many threads begin as are needed; how many that is, the policy says while they run.
        self._pool = ThreadPoolExecutor(MOST_WORKERS, f"leadfit-send-{destination}")
        self._thread = threading.Thread(
            target=self._run, name=f"leadfit-deliver-{destination}", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def join(self) -> None:
        """End when what is being sent has been answered."""
        self._woken.set()
        with self._change:
            self._change.notify_all()
        self._thread.join()
        self._pool.shutdown()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                found = self._look()
            except LeadfitError as error:
                _log.warning("round.failed", round=self._destination, code=error.code)
                self._stopping.wait(_AFTER_TROUBLE_S)
                continue
            except Exception as error:  # noqa: BLE001 -- the outermost edge of a queue
                _log.error("round.failed", round=self._destination, error=type(error).__name__)
                self._stopping.wait(_AFTER_TROUBLE_S)
                continue
            if not found:
                self._woken.wait(_POLL_S)

    def _look(self) -> bool:
        """Send what is due; return whether there was anything."""
        if self._deliveries.is_local(self._destination):
            tried, _ = self._deliveries.round(self._destination, _BATCH)
            if 1 < tried < _BATCH:  # more comes than one now and then
                self._stopping.wait(_GATHER_S)
            return tried > 0
        free = self._wait_for_room()
        if free == 0:
            return False
        views = self._deliveries.claim(self._destination, free)
        with self._change:
            self._busy += len(views)
        for view in views:
            self._pool.submit(self._send, view)
        return bool(views)

    def _wait_for_room(self) -> int:
        with self._change:
            while (free := self._deliveries.width - self._busy) <= 0:
                if self._stopping.is_set():
                    return 0
                self._change.wait(_POLL_S)
            return free

    def _send(self, view: V) -> None:
        try:
            self._deliveries.settle([self._deliveries.carry_out(view)])
        except LeadfitError as error:
            _log.warning("round.failed", round=self._destination, code=error.code)
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one action
            _log.error("round.failed", round=self._destination, error=type(error).__name__)
        finally:
            with self._change:
                self._busy -= 1
                self._change.notify()
            # Its lead may have another action that waited for this one.
            self._woken.set()


class Lanes(Generic[V, O]):
    """Every destination's queue, each with threads of its own.

    Args:
        deliveries: The queues.
    """

    def __init__(self, deliveries: Queues[V, O]) -> None:
        self._deliveries = deliveries
        self._stopping = threading.Event()
        self._lanes: dict[str, _Lane[V, O]] = {}

    def tick(self) -> None:
        """Wake the queues in which something is due; send by another channel what is late.

        Raises:
            StoreBusy: The store cannot be read now.
        """
        for destination in self._deliveries.ready():
            lane = self._lanes.get(destination)
            if lane is None and not self._stopping.is_set():
                lane = _Lane(self._deliveries, destination, self._stopping)
                self._lanes[destination] = lane
            if lane is not None:
                lane.wake()
        self._deliveries.fall_back()

    def stop(self) -> None:
        """End when what is being sent has been answered."""
        self._stopping.set()
        for lane in self._lanes.values():
            lane.join()
