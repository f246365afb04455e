"""The threads of a server: decide on arrival, deliver, fire clocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from leadfit.errors import LeadfitError
from leadfit.log import logger

# How often is looked where nobody wakes a job: timers promise a second (docs/promises.md).
_POLL_S: Final = 0.5
_AFTER_TROUBLE_S: Final = 2.0
_ROUND: Final = 500

_log = logger("jobs.loops")


class Loops:
    """Runs rounds of the jobs, each in its own thread, until it is stopped.

    A round that has found work is followed by the next at once; an idle one waits to be woken,
    half a second at most. The waits are on a monotonic clock.

    Args:
        now_s: Seconds on a monotonic clock, to say how long ago a round ended.
        rounds: By name; each takes the most items of a round and returns how many it handled.
    """

    def __init__(
        self, now_s: Callable[[], float] = lambda: 0.0, /, **rounds: Callable[[int], int]
    ) -> None:
        self._now_s = now_s
        self._ended_s = dict.fromkeys(rounds, now_s())
        self._stopping = threading.Event()
        self._woken = {name: threading.Event() for name in rounds}
        self._threads = [
            threading.Thread(
                target=self._run, args=(name, work), name=f"leadfit-{name}", daemon=True
            )
            for name, work in rounds.items()
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def wake(self, name: str) -> None:
        """Let a round begin now."""
        self._woken[name].set()

    def silent_s(self, name: str) -> float:
        """Return the seconds since a round of ``name`` ended, whether it went well or not."""
        return self._now_s() - self._ended_s[name]

    def stop(self) -> None:
        """Let the rounds that run finish, and end."""
        self._stopping.set()
        for woken in self._woken.values():
            woken.set()
        for thread in self._threads:
            thread.join()

    def _run(self, name: str, work: Callable[[int], int]) -> None:
        woken = self._woken[name]
        while not self._stopping.is_set():
            self._ended_s[name] = self._now_s()
            woken.clear()
            try:
                handled = work(_ROUND)
            except LeadfitError as error:
                _log.warning("round.failed", round=name, code=error.code)
                self._stopping.wait(_AFTER_TROUBLE_S)
                continue
            except Exception as error:  # noqa: BLE001 -- the outermost edge of a job
                _log.error("round.failed", round=name, error=type(error).__name__)
                self._stopping.wait(_AFTER_TROUBLE_S)
                continue
            if handled == 0:
                woken.wait(_POLL_S)
