"""A process that decides a review, takes the merge back, and is killed at a named point on the way.

Run with: workspace, failpoint, which time it is reached, review.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path

from leadfit import open_leadfit
from leadfit.records import Relation
from leadfit.world import SystemWorld


class KillingWorld(SystemWorld):
    """The real world, until a failpoint is reached for the given time: then the process is dead."""

    def __init__(self, failpoint: str, time: int) -> None:
        super().__init__()
        self._deadly = (failpoint, time)
        self._reached: Counter[str] = Counter()

    def reach(self, failpoint: str) -> None:
        self._reached[failpoint] += 1
        if (failpoint, self._reached[failpoint]) == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def main(workspace: str, failpoint: str, time: str, review_id: str) -> None:
    with open_leadfit(Path(workspace), world=KillingWorld(failpoint, int(time))) as leadfit:
        matching = leadfit.matching
        settled = matching.settle(review_id, Relation.SAME, reviewer="rep_max")
        matching.unmerge(settled.right_id, by="rep_max")


if __name__ == "__main__":
    main(*sys.argv[1:])
