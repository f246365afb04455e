"""A server under strace, and clients that write down what they were told; not a benchmark."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from straight_line import body, check, free_port

import leadfit
from leadfit.app import Settings
from leadfit.app.files import DATABASE
from leadfit.testing.crash.trace import CALLS, Acknowledged, Trace, read_trace
from leadfit.world import SystemWorld

SECRET = "a secret of the benchmark"  # noqa: S105 -- of no use elsewhere
HOOK = """
[hooks.vendor]
scheme = "github"
secrets = ["env:LEADFIT_BENCH_HOOK"]
items = "events"
event_id = "id"
always = "form_fill"
identifiers = { email = "email" }
"""
FIRMS = 50
AT_ONCE = 8
IN_A_BATCH = 10
PAUSE_S = 1.3
"""Longer than the writer rests before it moves its log into the file."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a server did, and what its clients were told.

    Attributes:
        folder: The workspace as it was when the server began.
        store: Path of its store while the server ran.
        acknowledged: By the way in which it came: ``single``, ``batch``, ``concurrent``, ``hook``,
            ``repeat``, ``touch``.
    """

    folder: Path
    store: str
    trace: Trace
    acknowledged: dict[str, list[Acknowledged]]


def can_trace() -> bool:
    """Return whether strace is on this machine and may trace."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    tried = subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True, check=False)
    return tried.returncode == 0


def see(folder: Path, signals: int) -> Seen:
    """Serve a workspace under strace, send it signals in every way, and stop it.

    Args:
        folder: Scratch space on a disk.
        signals: How many signals come in each way.
    """
    served = leadfit.create_workspace(folder / "served", settings=Settings())
    policy = served / "policy" / "policy.toml"
    policy.write_text(policy.read_text("utf-8") + HOOK, "utf-8")
    with leadfit.open_leadfit(served, settings=Settings()) as opened:
        keys = {scope: opened.new_key(scope) for scope in ("ingest", "ops")}
    before = shutil.copytree(served, folder / "before")
    port, lines = free_port(), folder / "trace.txt"
    server = _start(served, port, lines)
    try:
        told = _send(port, keys, signals)
    finally:
        _stop(server)
    with lines.open(encoding="utf-8", errors="replace") as file:
        trace = read_trace(file)
    lines.unlink()
    return Seen(
        folder=before, store=str((served / DATABASE).resolve()), trace=trace, acknowledged=told
    )


def _start(folder: Path, port: int, lines: Path) -> subprocess.Popen[bytes]:
    command = ["strace", "-f", "-yy", "-xx", "-s", "100000", "-e", f"trace={','.join(CALLS)}"]
    command += ["-e", "signal=none", "-o", str(lines), sys.executable, "-m", "leadfit", "serve"]
    server = subprocess.Popen(
        [*command, "--workspace", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LEADFIT_BENCH_HOOK": SECRET},  # noqa: TID251 -- handed on
    )
    for _ in range(600):
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return server
        except OSError:
            pass
        SystemWorld().wait(0.1)
    _stop(server)
    raise SystemExit("the server did not become ready")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server, not the tracer: that ends by itself, and would let the server go."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("ascii").split()
    for each in children:
        os.kill(int(each), signal.SIGTERM)
    server.wait(60)


@dataclass
class _Client:
    """One connection after another; writes down the port of each and what it was told."""

    port: int
    key: str
    told: list[Acknowledged] = field(default_factory=list)

    def post(self, path: str, bodies: Sequence[bytes], headers: dict[str, str]) -> list[object]:
        """Post bodies over one connection; return what was answered."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        own: int = connection.sock.getsockname()[1]
        answers: list[object] = []
        for nth, sent in enumerate(bodies):
            connection.request(
                "POST", path, sent,
                {"Content-Type": "application/json", **self._authorized(), **headers},
            )  # fmt: skip
            answer = connection.getresponse()
            text = answer.read()
            check(answer.status in (200, 202), text.decode())
            answers.append(json.loads(text))
            for mark in _signal_ids(answers[-1]):
                self.told.append(Acknowledged(mark=mark.encode(), port=own, nth=nth))
        connection.close()
        return answers

    def touch(self, lead_id: str, by: str) -> None:
        """Report a touch by a name that stands nowhere else."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        own: int = connection.sock.getsockname()[1]
        headers = {"Content-Type": "application/json", **self._authorized()}
        connection.request(
            "POST", f"/v1/leads/{lead_id}/touch", json.dumps({"by": by}).encode(), headers
        )
        answer = connection.getresponse()
        check(answer.status == 200, answer.read().decode())
        self.told.append(Acknowledged(mark=by.encode(), port=own, nth=0))
        connection.close()

    def _authorized(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def _signal_ids(answer: object) -> list[str]:
    """Return the ids of signals in an answer to one, to a batch or to a call."""
    if not isinstance(answer, dict):
        return []
    each = answer.get("results", [answer])
    return [one["signal_id"] for one in each if one.get("signal_id")]


def _send(port: int, keys: dict[str, str], many: int) -> dict[str, list[Acknowledged]]:
    """Send signals in every way, with rests in which the server tidies up."""
    bodies = [body(number, FIRMS) for number in range(4 * many)]
    told: dict[str, list[Acknowledged]] = {}

    def as_client(way: str, key: str) -> _Client:
        client = _Client(port=port, key=key)
        told.setdefault(way, client.told)
        return client

    as_client("single", keys["ingest"]).post("/v1/signals", bodies[:many], {})
    as_client("repeat", keys["ingest"]).post("/v1/signals", bodies[: many // 4], {})
    SystemWorld().wait(PAUSE_S)
    for start in range(many, 2 * many, IN_A_BATCH):
        batch = b",".join(bodies[start : min(start + IN_A_BATCH, 2 * many)])
        batch = b'{"batch": [' + batch + b"]}"
        as_client(f"batch {start}", keys["ingest"]).post("/v1/signals", [batch], {})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for part in range(AT_ONCE):
            share = bodies[2 * many + part : 3 * many : AT_ONCE]
            client = as_client(f"concurrent {part}", keys["ingest"])
            pool.submit(client.post, "/v1/signals", share, {})
    SystemWorld().wait(PAUSE_S)
    for number in range(0, many, 2):
        events = [
            {"id": f"v{each}", "email": f"p{each}@called.com"} for each in (number, number + 1)
        ]
        call = json.dumps({"events": events}).encode()
        signed = hmac.new(SECRET.encode(), call, hashlib.sha256).hexdigest()
        as_client(f"hook {number}", "").post(
            "/v1/hooks/vendor", [call], {"X-Hub-Signature-256": f"sha256={signed}"}
        )
    _touch(port, keys["ops"], told)
    return _by_way(told)


def _touch(port: int, key: str, told: dict[str, list[Acknowledged]]) -> None:
    client = _Client(port=port, key=key)
    for number, each in enumerate(list(told["single"])):
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(
            "GET", f"/v1/signals/{each.mark.decode()}", headers={"Authorization": f"Bearer {key}"}
        )
        lead_id = json.loads(connection.getresponse().read()).get("lead_id")
        connection.close()
        if lead_id:
            client.touch(lead_id, f"a person of number {number:06}")
    told["touch"] = client.told


def _by_way(told: dict[str, list[Acknowledged]]) -> dict[str, list[Acknowledged]]:
    found: dict[str, list[Acknowledged]] = {}
    for way, each in told.items():
        found.setdefault(way.partition(" ")[0], []).extend(each)
    return found
