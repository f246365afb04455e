"""A process that takes signals to their owners and is killed at a named point on the way.

Run with: workspace, failpoint, which time it is reached, file of acknowledgements.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path

from leadfit import Receipt, open_leadfit
from leadfit.world import SystemWorld

CONTACTS = ("jo@acme.com", "ann@acme.com", "jo@acme.com", "bo@other.com")


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


def body(number: int, email: str) -> dict[str, object]:
    return {
        "source": "form",
        "event_id": f"event-{number}",
        "kind": "demo_request",
        "at": f"{SystemWorld().now():%Y-%m-%dT%H:%M:%SZ}",
        "identifiers": {"email": email},
        "facts": {"employees": 500, "industry": "software"},
    }


def main(workspace: str, failpoint: str, time: str, acknowledged: str) -> None:
    told = os.open(acknowledged, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    with open_leadfit(Path(workspace), world=KillingWorld(failpoint, int(time))) as leadfit:
        for number, email in enumerate(CONTACTS):
            answer = leadfit.accept(body(number, email))
            assert isinstance(answer, Receipt)
            os.write(told, f"{answer.signal_id}\n".encode())
            os.fsync(told)
            leadfit.decide_pending()
        leadfit.deliver()


if __name__ == "__main__":
    main(*sys.argv[1:])
