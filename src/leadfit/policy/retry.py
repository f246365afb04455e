"""The shape of what the policy says about work of our own that fails."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from leadfit.policy.section import Section


class RetryRules(Section):
    """How often a step of a clock, or a signal that fails for a while, is tried by itself."""

    tries: int = Field(default=6, ge=1, le=100)
    """Tries after which it is put aside for a person, who may have it tried again."""
    wait_s: float = Field(default=5, gt=0, le=3_600)
    """Seconds after the first try; they double with every further one."""
    longest_wait_s: float = Field(default=900, gt=0, le=86_400)
    """Longest wait between two tries."""

    def wait_after(self, failed: int) -> timedelta | None:
        """Return the wait after so many tries that failed, or ``None`` after the last one.

        >>> [RetryRules(tries=3).wait_after(failed) for failed in (1, 2, 3)]
        [datetime.timedelta(seconds=5), datetime.timedelta(seconds=10), None]
        """
        if failed >= self.tries:
            return None
        doubled = self.wait_s * 2.0 ** min(failed - 1, 60)
        return timedelta(seconds=min(doubled, self.longest_wait_s))
