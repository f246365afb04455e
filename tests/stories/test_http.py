"""One lead over HTTP: posted, decided, shown with its why, touched; then the server stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from leadfit.app import create_workspace, open_leadfit
from leadfit.world import SystemWorld

SIGNAL = {
    "source": "web-form",
    "event_id": "demo-1",
    "kind": "demo_request",
    "at": "2026-03-02T09:00:00Z",
    "identifiers": {"email": "ada@acme-industries.com", "company": "Acme Industries"},
    "facts": {"industry": "software", "employees": 120, "country": "DE"},
}
PATIENCE_S = 20.0
WORLD = SystemWorld()


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server of its own process, and the keys of its workspace."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    keys: dict[str, str]

    def ask(
        self, method: str, path: str, scope: str | None = None, **rest: object
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[scope]}"} if scope else {}
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, url, headers=headers, timeout=PATIENCE_S, **rest)  # type: ignore[arg-type]  # passed on

    def connect(self, sent: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        connection.sendall(sent)
        return connection


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    folder = create_workspace(tmp_path / "workspace")
    with open_leadfit(folder) as leadfit:
        keys = {scope: leadfit.keys.create(scope) for scope in ("ingest", "read", "ops")}
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "leadfit", "serve", "--workspace", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    server = Served(process=process, port=port, folder=folder, keys=keys)
    try:
        wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until_ready(server: Served) -> None:
    deadline = WORLD.monotonic_s() + PATIENCE_S
    while WORLD.monotonic_s() < deadline:
        try:
            if server.ask("GET", "/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert server.process.poll() is None, server.process.communicate()
        WORLD.wait(0.05)
    raise AssertionError("the server did not become ready")


def decided_lead(server: Served, signal_id: str) -> str:
    deadline = WORLD.monotonic_s() + PATIENCE_S
    while WORLD.monotonic_s() < deadline:
        found = server.ask("GET", f"/v1/signals/{signal_id}", "ingest").json()
        if found["status"] != "accepted":
            assert found["status"] == "decided", found
            return str(found["lead_id"])
        WORLD.wait(0.02)
    raise AssertionError("the signal was not decided")


def test_a_posted_signal_becomes_a_lead_with_a_why_and_stops_its_clocks_when_touched(
    served: Served,
) -> None:
    first = served.ask("POST", "/v1/signals", "ingest", json=SIGNAL)
    assert first.status_code == 202
    lead_id = decided_lead(served, first.json()["signal_id"])

    again = served.ask("POST", "/v1/signals", "ingest", json=SIGNAL)
    assert (again.status_code, again.json()) == (200, {**first.json(), "lead_id": lead_id})
    other = served.ask("POST", "/v1/signals", "ingest", json={**SIGNAL, "text": "changed"})
    assert other.status_code == 409

    lead = served.ask("GET", f"/v1/leads/{lead_id}", "read").json()
    assert lead["tier"] in (1, 2, 3)
    why = served.ask("GET", f"/v1/leads/{lead_id}/why", "read").json()["decisions"][0]
    points = [r["points"] for r in why["score"]["reasons"] if r["points"] is not None]
    assert sum(points) == pytest.approx(why["score"]["total"], abs=1e-6)
    assert why["policy_digest"]

    assert f'href="/leads/{lead_id}"' in served.ask("GET", "/leads").text
    page = served.ask("GET", f"/leads/{lead_id}").text
    assert "Why this score and tier" in page
    assert why["policy_digest"] in page

    touched = served.ask("POST", f"/v1/leads/{lead_id}/touch", "ops", json={"by": "rep_1"})
    assert touched.status_code == 200
    assert all(clock["stopped_at"] for clock in touched.json()["clocks"])


def test_a_thousand_signals_in_a_batch_are_each_answered(served: Served) -> None:
    batch = [{**SIGNAL, "event_id": f"b-{n}", "kind": "page_view"} for n in range(1000)]
    answer = served.ask("POST", "/v1/signals", "ingest", json={"batch": batch})
    results = answer.json()["results"]
    assert answer.status_code == 202
    assert {result["status"] for result in results} == {202}
    assert len({result["signal_id"] for result in results}) == 1000


def test_the_server_stops_in_time_with_slow_callers_attached_and_loses_nothing(
    served: Served,
) -> None:
    head = b"POST /v1/signals HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    key = f"Authorization: Bearer {served.keys['ingest']}\r\n".encode()
    half_head = served.connect(head)
    half_body = served.connect(
        head + key + b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    )
    accepted = served.ask("POST", "/v1/signals", "ingest", json=SIGNAL).json()["signal_id"]

    started = WORLD.monotonic_s()
    served.process.send_signal(signal.SIGTERM)
    code = served.process.wait(timeout=PATIENCE_S)
    took_s = WORLD.monotonic_s() - started

    assert code == 0
    assert took_s < 10
    half_head.close()
    half_body.close()
    with open_leadfit(served.folder) as leadfit:
        assert leadfit.signal(accepted).signal_id == accepted
        assert leadfit.verify().intact


def test_no_log_line_holds_an_address_a_name_or_a_key(served: Served) -> None:
    signal_id = served.ask("POST", "/v1/signals", "ingest", json=SIGNAL).json()["signal_id"]
    lead_id = decided_lead(served, signal_id)
    served.ask("GET", f"/leads/{lead_id}")
    served.ask("POST", "/v1/signals", "ingest", json={**SIGNAL, "at": "never"})
    served.process.send_signal(signal.SIGINT)
    out, err = served.process.communicate(timeout=PATIENCE_S)
    logged = (out + err).decode()
    assert "server.stopped" in logged
    for secret in ("ada", "acme", "Acme", *served.keys.values()):
        assert secret not in logged


def test_a_port_that_is_taken_is_said_so_and_nothing_starts(served: Served) -> None:
    other = create_workspace(served.folder.parent / "other")
    second = subprocess.run(
        [
            sys.executable,
            "-m",
            "leadfit",
            "serve",
            "--workspace",
            str(other),
            "--port",
            str(served.port),
        ],
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert second.returncode == 3
    assert b"choose another with --port" in second.stderr


def test_a_host_that_others_can_reach_is_refused(served: Served) -> None:
    other = create_workspace(served.folder.parent / "other")
    done = subprocess.run(
        [sys.executable, "-m", "leadfit", "serve", "--workspace", str(other), "--host", "0.0.0.0"],  # noqa: S104 -- what must be refused
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    assert b"for this machine only" in done.stderr
