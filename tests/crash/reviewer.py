"""A process that decides a review, takes the merge back, and is killed at a named point on the way.

Run with: workspace, failpoint, which time it is reached, review.
"""

from __future__ import annotations

import sys
from pathlib import Path

from leadfit import open_leadfit
from leadfit.records import Relation
from leadfit.testing.crash.world import KillingWorld


def main(workspace: str, failpoint: str, time: str, review_id: str) -> None:
    with open_leadfit(
        Path(workspace), world=KillingWorld(failpoint=failpoint, time=int(time))
    ) as leadfit:
        matching = leadfit.matching
        settled = matching.settle(review_id, Relation.SAME, reviewer="rep_max")
        matching.unmerge(settled.right_id, by="rep_max")


if __name__ == "__main__":
    main(*sys.argv[1:])
