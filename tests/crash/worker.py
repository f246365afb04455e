"""A worker process that decides what is pending, beside others that do the same.

Run with: workspace, address of the store, file to wait for, failpoint to be killed at and which
time it is reached; the failpoint ``none`` lets it live.
"""

from __future__ import annotations

import sys
from pathlib import Path

from leadfit import open_leadfit
from leadfit.app import Settings
from leadfit.testing.crash.world import KillingWorld


def main(workspace: str, url: str, starts: str, failpoint: str, time: str) -> None:
    world = KillingWorld(failpoint=failpoint, time=int(time))
    settings = Settings(database_url=url)
    with open_leadfit(Path(workspace), world=world, settings=settings) as leadfit:
        print("ready", flush=True)  # noqa: T201 -- whoever started it waits for this word
        while not Path(starts).exists():
            world.wait(0.01)
        while leadfit.decide_pending(limit=40):
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])
