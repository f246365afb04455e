"""Ten times too much: memory stays bounded, the excess is told when to come again, all ends well.

Forty clients post batches of 1,000 signals as fast as they are answered, for ten minutes
(``--full``), without heeding ``Retry-After``; a part of them sends bodies of nearly a megabyte.
The server's memory may reach 512 MB; what it does not take is answered 429 or 503 with
``Retry-After``; within 60 s of the end a single signal is acknowledged within 50 ms again, and
everything acknowledged is in the log.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path

from ingest import peak_mb
from recording import asked_for_full, record
from straight_line import body, check, free_port, start

import leadfit
from leadfit.world import SystemWorld

MOST_MB = 512
BACK_WITHIN_S = 60.0
WELL_MS = 50.0
CLIENTS = 40
A_BATCH = 1_000


def template(letters: int) -> bytes:
    """Return a batch whose event ids are marked, each signal with so many letters of text."""
    at = f"{SystemWorld().now():%Y-%m-%dT%H:%M:%SZ}"
    signals = [
        {
            "source": "flood",
            "event_id": f"@@-{n}",
            "kind": "page_view",
            "at": at,
            "identifiers": {"email": f"p{n}@firm{n % 50}.com"},
            "text": "x" * letters,
        }
        for n in range(A_BATCH)
    ]
    return json.dumps({"batch": signals}).encode()


class Flood:
    """Clients that post without heeding anything."""

    def __init__(self, port: int, key: str, seconds: float) -> None:
        self._port = port
        self._key = key
        self._until = time.perf_counter() + seconds
        self._lock = threading.Lock()
        self.answers: Counter[int] = Counter()
        self.acknowledged = 0
        self.without_retry_after = 0
        self.broken = 0

    def run(self) -> None:
        """Post until the time is over."""
        threads = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, number: int) -> None:
        batch = template(800 if number % 4 == 0 else 10)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        posts = 0
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        while time.perf_counter() < self._until:
            posts += 1
            sent = batch.replace(b"@@", f"{number}-{posts}".encode())
            try:
                connection.request("POST", "/v1/signals", sent, headers)
                answer = connection.getresponse()
                text = answer.read()
            except OSError:
                # Refused in the middle of its body, and cut off.
                connection.close()
                with self._lock:
                    self.broken += 1
                continue
            with self._lock:
                self.answers[answer.status] += 1
                if answer.status == 202:
                    self.acknowledged += sum(
                        each["status"] == 202 for each in json.loads(text)["results"]
                    )
                elif answer.status in (429, 503):
                    self.without_retry_after += answer.headers["Retry-After"] is None


def back_s(port: int, key: str) -> float:
    """Return the seconds until ten signals on end are acknowledged within 50 ms each."""
    began = time.perf_counter()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    well, number = 0, 0
    while well < 10 and time.perf_counter() - began < 10 * BACK_WITHIN_S:
        number += 1
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        asked = time.perf_counter()
        connection.request("POST", "/v1/signals", body(number, 1000), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        is_well = answer.status == 202 and (time.perf_counter() - asked) * 1000 <= WELL_MS
        well = well + 1 if is_well else 0
        SystemWorld().wait(0.05)
    return time.perf_counter() - began


def measure(folder: Path, seconds: float) -> dict[str, object]:
    """Return the figures of one server."""
    with leadfit.open_leadfit(folder) as opened:
        flood_key, key = opened.keys.create("ingest"), opened.keys.create("ingest")
    port = free_port()
    server = start(folder, port)
    try:
        flood = Flood(port, flood_key, seconds)
        flood.run()
        recovered_s = back_s(port, key)
        most_mb = peak_mb(server)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(120)
    with leadfit.open_leadfit(folder) as opened:
        counts = opened.status().counts
        check(counts.log_rows >= flood.acknowledged, "what was acknowledged is not in the log")
    return {
        "seconds": seconds,
        "answers": {str(status): n for status, n in sorted(flood.answers.items())},
        "cut_off": flood.broken,
        "without_retry_after": flood.without_retry_after,
        "acknowledged": flood.acknowledged,
        "server_peak_mb": most_mb,
        "back_to_normal_s": round(recovered_s, 1),
    }


def main() -> int:
    """Run it and return 1 where a bound does not hold."""
    full = asked_for_full(__doc__)
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as made:
        folder = leadfit.create_workspace(Path(made) / "workspace")
        found = measure(folder, 600.0 if full else 10.0)
    record("overload", {**found, "load_before": load}, full=full)
    figures = json.loads(json.dumps(found))
    held = figures["server_peak_mb"] is None or figures["server_peak_mb"] <= MOST_MB
    held &= figures["without_retry_after"] == 0
    held &= figures["back_to_normal_s"] <= BACK_WITHIN_S
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
