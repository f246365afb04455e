"""Shows that every answer waited for the disk: an fsync covers what was acknowledged.

``leadfit serve`` runs under strace and is sent signals one by one, in batches, by many clients at
once, by a vendor's hook, again, and touches of leads. For each acknowledged one the transaction is
looked up that brought it into the write-ahead log; a sync of that log must have begun after the
last write of the transaction and must have been over before the first byte of the answer was handed
to the system. The same is then asked of the same trace without its syncs, which must fail for all.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from recording import asked_for_full, commit, record
from traced_server import can_trace, see

from leadfit.testing.crash.trace import uncovered

SMALL, FULL = 20, 200


def main() -> None:
    """Trace a server and say of how many answers the bytes were on the disk."""
    full = asked_for_full(__doc__)
    if not can_trace():
        print("skipped: no strace that may trace on this machine")
        return
    begun_at = commit()
    # On a disk: a folder in memory would be synced at once.
    with tempfile.TemporaryDirectory() as folder:
        seen = see(Path(folder).resolve(), FULL if full else SMALL)
    log = f"{seen.store}-wal"
    every = [each for told in seen.acknowledged.values() for each in told]
    wrong = uncovered(seen.trace, log, every)
    unsynced = replace(seen.trace, syncs=())
    figures = {
        "commit": begun_at,
        "syncs of the log": sum(each.path == log for each in seen.trace.syncs),
        "acknowledged": dict(Counter({way: len(told) for way, told in seen.acknowledged.items()})),
        "answers": len({(each.port, each.nth) for each in every}),
        "covered": len(every) - len(wrong),
        "not covered": len(wrong),
        "first not covered": [words for _, words in wrong][:5],
        "not covered if no sync had been seen": len(uncovered(unsynced, log, every)),
    }
    record("fsync_proof", figures, full=full)


if __name__ == "__main__":
    main()
