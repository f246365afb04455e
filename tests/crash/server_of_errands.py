"""A process that takes errands, and is killed at a named point on the way.

Run with: workspace, failpoint, which time it is reached.
"""

from __future__ import annotations

import sys
from pathlib import Path

from leadfit import open_leadfit
from leadfit.testing.crash.world import KillingWorld


def main(workspace: str, failpoint: str, time: str) -> None:
    with open_leadfit(
        Path(workspace), world=KillingWorld(failpoint=failpoint, time=int(time))
    ) as leadfit:
        leadfit.errands.open()
        leadfit.errands.round(9)


if __name__ == "__main__":
    main(*sys.argv[1:])
