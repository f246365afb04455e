"""Writes actions into a file in the order of their numbers until it is killed.

What was begun and not acknowledged is looked up first, as deliveries do after a crash.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from leadfit.connectors import FilePerformer
from leadfit.testing.check_connector import make_action
from leadfit.testing.fakes import FrozenWorld

BATCH = 20
DUE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def main(path: Path, acknowledged: Path) -> None:
    """Go on behind the last batch that was acknowledged."""
    performer = FilePerformer(path, world=FrozenWorld(DUE))
    number = len(acknowledged.read_bytes().splitlines()) if acknowledged.exists() else 0
    in_doubt = True
    with acknowledged.open("ab", buffering=0) as told:
        while True:
            keys = [f"{number}/{each}" for each in range(BATCH)]
            if in_doubt:
                keys = [key for key in keys if not performer.knows_since(key, DUE)]
            performer.perform_together([make_action(key) for key in keys])
            told.write(b"done\n")
            number, in_doubt = number + 1, False


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
