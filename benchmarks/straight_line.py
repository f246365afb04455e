"""Posted signal to committed decision, on an idle machine: p50 <= 5 ms, p99 <= 50 ms.

A server of its own process holds 100,000 accounts in SQLite with full sync. Signals are posted
one at a time over HTTP; the clock stops when a reader of another process sees the decision.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

from recording import asked_for_full, quantile, record

import leadfit
from leadfit.history import FactColumn, History, Table
from leadfit.world import SystemWorld, seeded

P50_MS = 5.0
P99_MS = 50.0
INDUSTRIES = ("software", "manufacturing", "retail", "logistics", "health")
PAUSE_S = 0.02


def history(accounts: int) -> History:
    """Return a past of ``accounts`` accounts with one lead each."""
    random = seeded("straight line", accounts)
    numbers = range(accounts)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    when = [start + timedelta(minutes=number) for number in numbers]
    ids = [f"acc-{number}" for number in numbers]
    return History(
        as_of=start + timedelta(days=365),
        accounts=Table(
            columns={
                "account_id": ids,
                "name": [f"Firm {number}" for number in numbers],
                "domain": [f"firm{number}.com" for number in numbers],
                "country": ["US"] * accounts,
                "created_at": when,
                "employees": [random.randrange(10, 5000) for _ in numbers],
                "industry": [random.choice(INDUSTRIES) for _ in numbers],
            }
        ),
        leads=Table(
            columns={
                "lead_id": [f"old-{number}" for number in numbers],
                "created_at": when,
                "account_id": ids,
                "contact_id": [f"con-{number}" for number in numbers],
                "email": [f"jo.{number}@firm{number}.com" for number in numbers],
            }
        ),
        events=Table(columns={}),
        facts=Table(columns={}),
        spend=Table(columns={}),
        fact_columns=(
            FactColumn(name="employees", table="accounts", is_number=True),
            FactColumn(name="industry", table="accounts"),
        ),
    )


def build(folder: Path, accounts: int) -> tuple[str, dict[str, float]]:
    """Make the workspace; return an API key and how fast the import went."""
    leadfit.create_workspace(folder)
    past = history(accounts)
    with leadfit.open_leadfit(folder) as opened:
        began = time.perf_counter()
        added = opened.import_history(past)
        took = time.perf_counter() - began
        rows = added.accounts + added.domains + added.contacts + added.leads
        again = opened.import_history(past)
        check(again.accounts == again.contacts == again.leads == 0, "a second import added rows")
        key = opened.keys.create("ingest")
    return key, {"import_rows_per_s": round(rows / took), "import_s": round(took, 2)}


def check(holds: bool, otherwise: str) -> None:
    """End the benchmark where what it measures went wrong."""
    if not holds:
        raise SystemExit(otherwise)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server and wait until it is ready."""
    server = subprocess.Popen(
        [sys.executable, "-m", "leadfit", "serve", "--workspace", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LEADFIT_LOG_FORMAT": "json"},  # noqa: TID251 -- handed on
    )
    for _ in range(300):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return server
        except OSError:
            pass
        SystemWorld().wait(0.1)
    server.kill()
    raise SystemExit("the server did not become ready")


def body(number: int, accounts: int) -> bytes:
    random = seeded("signal", number)
    firm = random.randrange(accounts)
    kind = random.choice(["demo_request", "form_fill", "pricing_view", "email_reply"])
    return json.dumps(
        {
            "source": "benchmark",
            "event_id": f"event-{number}",
            "kind": kind,
            "at": f"{SystemWorld().now():%Y-%m-%dT%H:%M:%SZ}",
            "identifiers": {"email": f"person{number}@firm{firm}.com", "title": "VP Operations"},
            "facts": {"campaign": "spring"},
        }
    ).encode()


def measure(folder: Path, port: int, key: str, *, signals: int, accounts: int) -> list[float]:
    """Return milliseconds from the post to the visible decision, one for each signal."""
    store = sqlite3.connect(folder / "leadfit.sqlite3", isolation_level=None)
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    taken: list[float] = []
    for number in range(signals):
        sent = body(number, accounts)
        SystemWorld().wait(PAUSE_S)
        began = time.perf_counter()
        connection.request("POST", "/v1/signals", sent, headers)
        answer = connection.getresponse()
        text = answer.read()
        check(answer.status == 202, text.decode())
        signal_id = json.loads(text)["signal_id"]
        while store.execute(
            "SELECT 1 FROM signals WHERE signal_id = ? AND status = 'decided'", (signal_id,)
        ).fetchone() is None:  # fmt: skip
            SystemWorld().wait(0.0001)
        taken.append((time.perf_counter() - began) * 1000)
    store.close()
    return taken


def main() -> int:
    """Run it and return 1 where a bound does not hold."""
    full = asked_for_full(__doc__)
    # Figures of a busy machine say little: how busy it was stands beside them.
    load_before = round(os.getloadavg()[0], 1)
    accounts, signals = (100_000, 2_000) if full else (5_000, 200)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "workspace"
        key, figures = build(folder, accounts)
        port = free_port()
        server = start(folder, port)
        try:
            taken = measure(folder, port, key, signals=signals, accounts=accounts)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)
        with leadfit.open_leadfit(folder) as opened:
            check(opened.verify().intact, "the log is damaged")
            check(opened.status().counts.signals_dead == 0, "signals could not be decided")
    p50, p99 = quantile(taken, 0.5), quantile(taken, 0.99)
    record(
        "straight_line",
        {
            "accounts": accounts,
            "signals": signals,
            "p50_ms": round(p50, 2),
            "p99_ms": round(p99, 2),
            "most_ms": round(max(taken), 2),
            "load_before": load_before,
            "load_after": round(os.getloadavg()[0], 1),
            **figures,
        },
        full=full,
    )
    return 0 if p50 <= P50_MS and p99 <= P99_MS else 1


if __name__ == "__main__":
    sys.exit(main())
