"""Signals acknowledged as durable: at least 2,000 a second for ten minutes at p99 <= 50 ms.

A server of its own process; several clients over real sockets post batches of 20 page views on
connections that stay open, at a steady pace, while the server decides what it has taken. The
clock of an acknowledgement starts before the request is written and stops with the last byte of
the answer. Beside it, how many single posts a second are acknowledged (no gate). With
``LEADFIT_TEST_DATABASE_URL`` the same on PostgreSQL, at 1,000 a second.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from recording import asked_for_full, quantile, record
from straight_line import check, free_port, start

import leadfit
from leadfit.world import SystemWorld

GATES = {"sqlite": 2_000, "postgresql": 1_000}
P99_MS = 50.0
A_BATCH = 20
CLIENTS = 4


@dataclass(slots=True)
class Client:
    """One connection that posts at its pace and times each answer."""

    port: int
    key: str
    number: int
    pace_s: float
    seconds: float
    single: bool = False
    taken_ms: list[float] = field(default_factory=list)
    acknowledged: int = 0
    refused: int = 0

    def run(self) -> None:
        """Post until the time is over; a late answer delays none of the posts behind it."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        began = time.perf_counter()
        posts = 0
        while time.perf_counter() - began < self.seconds:
            due = began + posts * self.pace_s
            pause = due - time.perf_counter()
            if pause > 0:
                SystemWorld().wait(pause)
            sent = self.body(posts)
            # From when it was due: a client that waits for the server measures its wait.
            started = due if self.pace_s else time.perf_counter()
            connection.request("POST", "/v1/signals", sent, headers)
            answer = connection.getresponse()
            text = answer.read()
            self.taken_ms.append((time.perf_counter() - started) * 1000)
            posts += 1
            if answer.status != 202:
                self.refused += 1
                continue
            results = [] if self.single else json.loads(text)["results"]
            self.acknowledged += sum(each["status"] == 202 for each in results) + self.single

    def body(self, post: int) -> bytes:
        """Return one post."""
        at = f"{SystemWorld().now():%Y-%m-%dT%H:%M:%SZ}"
        signals = [
            {
                "source": f"site-{self.number}",
                "event_id": f"{'one' if self.single else 'many'}-{post}-{n}",
                "kind": "page_view",
                "at": at,
                "identifiers": {"email": f"p{(post * A_BATCH + n) % 5000}@firm{self.number}.com"},
            }
            for n in range(1 if self.single else A_BATCH)
        ]
        return json.dumps(signals[0] if self.single else {"batch": signals}).encode()


def run_all(clients: list[Client]) -> None:
    """Run clients beside each other."""
    threads = [threading.Thread(target=each.run) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure(folder: Path, *, gate: int, seconds: float) -> dict[str, object]:
    """Return the figures of one store."""
    with leadfit.open_leadfit(folder) as opened:
        key = opened.keys.create("ingest")
    port = free_port()
    server = start(folder, port)
    pace_s = CLIENTS * A_BATCH / (gate * 1.02)
    many = [Client(port, key, n, pace_s, seconds) for n in range(CLIENTS)]
    singles = [Client(port, key, n, 0.0, min(seconds, 15.0), single=True) for n in range(CLIENTS)]
    try:
        run_all(many)
        run_all(singles)
        most_mb = peak_mb(server)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    acknowledged = sum(each.acknowledged for each in many)
    with leadfit.open_leadfit(folder) as opened:
        kept = opened.status().counts
        check(opened.verify().intact, "the log is damaged")
        stored = kept.log_rows
    alone = sum(each.acknowledged for each in singles)
    check(stored >= acknowledged + alone, "what was acknowledged is not in the log")
    taken = [each for client in many for each in client.taken_ms]
    return {
        "seconds": seconds,
        "events": acknowledged,
        "events_per_s": round(acknowledged / seconds),
        "refused_posts": sum(each.refused for each in many),
        "p50_ack_ms": round(quantile(taken, 0.5), 2),
        "p99_ack_ms": round(quantile(taken, 0.99), 2),
        "most_ack_ms": round(max(taken), 1),
        "single_posts_per_s": round(alone / min(seconds, 15.0)),
        "server_peak_mb": most_mb,
        "still_to_decide": kept.signals_pending,
    }


def peak_mb(server: subprocess.Popen[bytes]) -> int | None:
    """Return the most memory the server held, where the system tells."""
    status = Path(f"/proc/{server.pid}/status")
    if not status.exists():
        return None
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


def main() -> int:
    """Run it and return 1 where a bound does not hold."""
    full = asked_for_full(__doc__)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    seconds = 600.0 if full else 15.0
    figures: dict[str, object] = {"load_before": round(os.getloadavg()[0], 1)}
    held = True
    # Only a database that may be written full is named here.
    url = os.environ.get("LEADFIT_TEST_DATABASE_URL")  # noqa: TID251 -- where the benchmark runs
    for store, gate in GATES.items():
        if store == "postgresql":
            if url is None:
                continue
            os.environ["LEADFIT_DATABASE_URL"] = url  # noqa: TID251 -- handed to the server
        with tempfile.TemporaryDirectory() as made:
            folder = leadfit.create_workspace(Path(made) / "workspace")
            found = measure(folder, gate=gate, seconds=seconds)
        figures[store] = found
        rate, p99 = found["events_per_s"], found["p99_ack_ms"]
        held &= isinstance(rate, int) and rate >= gate
        held &= isinstance(p99, float) and p99 <= P99_MS
    record("ingest", {**figures, "load_after": round(os.getloadavg()[0], 1)}, full=full)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
