"""Virtual time, seeded ids, and a fuse that ends the simulated process at some failpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadfit.world import crockford, seeded


class Crash(BaseException):
    """The simulated process is dead; nothing of it may be written any more."""


class SimWorld:
    """A world in which time passes only when the simulation says so.

    The clock on the wall may be set wrong by ``skew_s``; within one process it never goes back, as
    that of :class:`leadfit.world.SystemWorld`. Once the fuse has burnt down at a failpoint every
    further call raises :class:`Crash`, in whichever thread it is made.

    Args:
        start: The first answer of :meth:`now`; aware.
        seed: Seed of ids and tokens.
    """

    def __init__(self, start: datetime, *, seed: int) -> None:
        self._start = start
        self._random = seeded("sim world", seed)
        self._last = datetime.min.replace(tzinfo=UTC)
        self._made = 0
        self._fuse: int | None = None
        self.passed_s = 0.0
        self.skew_s = 0.0
        self.died_at: str | None = None

    def now(self) -> datetime:
        """Return the time on the wall."""
        self._must_live()
        self._last = max(self._last, self.wall())
        return self._last

    def monotonic_s(self) -> float:
        """Return the seconds that have truly passed."""
        self._must_live()
        return self.passed_s

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass at once."""
        self._must_live()
        self.passed_s += seconds

    def new_id(self, prefix: str) -> str:
        """Return the next id of the seed's sequence."""
        self._must_live()
        self._made += 1
        return f"{prefix}_{crockford(self._made, 10)}{crockford(self._random.getrandbits(80), 16)}"

    def token(self) -> str:
        """Return the next token of the seed's sequence."""
        self._must_live()
        return crockford(self._random.getrandbits(256), 52)

    def reach(self, failpoint: str) -> None:
        """Burn the fuse, if there is one; at its end the process dies here."""
        self._must_live()
        if self._fuse is None:
            return
        self._fuse -= 1
        if self._fuse <= 0:
            self.died_at = failpoint
            raise Crash(failpoint)

    def wall(self) -> datetime:
        """Return what the clock on the wall shows, be the process dead or alive."""
        return self._start + timedelta(seconds=self.passed_s + self.skew_s)

    def light(self, reaches: int) -> None:
        """Let the process die when ``reaches`` more failpoints have been reached."""
        self._fuse = reaches

    def begin_again(self) -> None:
        """Let another process begin, whose clock knows nothing of the one before."""
        self.died_at = None
        self._fuse = None
        self._last = datetime.min.replace(tzinfo=UTC)

    def _must_live(self) -> None:
        if self.died_at is not None:
            raise Crash(self.died_at)
