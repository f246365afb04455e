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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
        keys = {scope: opened.keys.create(scope) for scope in ("ingest", "ops")}
    before = shutil.copytree(served, folder / "before")
    port, lines = free_port(), folder / "trace.txt"
    server = _start(served, port, lines)
    try:
        told = _send(port, keys, signals, _wait_until_ready(server, port))
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
    return subprocess.Popen(
        [*command, "--workspace", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LEADFIT_BENCH_HOOK": SECRET},  # noqa: TID251 -- handed on
    )


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> Counter[int]:
    """Wait until the server takes signals; return how many answers came to each port."""
    answers: Counter[int] = Counter()
    for _ in range(600):
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.connect()
            own: int = connection.sock.getsockname()[1]
            connection.request("GET", "/readyz")
            status = connection.getresponse().status
            answers[own] += 1
            if status == 200:
                return answers
        except OSError:
            pass
        finally:
            connection.close()
        check(server.poll() is None, "the server has ended")
        SystemWorld().wait(0.1)
    raise SystemExit("the server did not become ready")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server, not the tracer: that ends by itself, and would let the server go."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("ascii").split()
    for each in children:
        os.kill(int(each), signal.SIGTERM)
    server.wait(60)


@dataclass
class _Client:
    """Asks the server, one connection after another, and writes down what it was told.

    Attributes:
        answers: How many answers came to each port so far, whoever asked: a port is used again.
    """

    port: int
    key: str
    answers: Counter[int]
    told: list[Acknowledged] = field(default_factory=list)

    def post(self, path: str, bodies: Sequence[bytes], headers: Mapping[str, str]) -> None:
        """Post bodies over one connection; the signals of each answer are acknowledged."""
        with self._connected() as connection:
            for sent in bodies:
                answer, place = self._ask(connection, "POST", path, sent, headers)
                self.told += [
                    Acknowledged(mark=mark.encode(), port=place[0], nth=place[1])
                    for mark in _signal_ids(answer)
                ]

    def touch(self, signal_id: str, by: str) -> None:
        """Report a touch of the signal's lead, if any, by a name that stands nowhere else."""
        with self._connected() as connection:
            asked = self._ask(connection, "GET", f"/v1/signals/{signal_id}", None, {})[0]
            if not isinstance(asked, dict) or not asked.get("lead_id"):
                return
            path, said = f"/v1/leads/{asked['lead_id']}/touch", json.dumps({"by": by}).encode()
            _, place = self._ask(connection, "POST", path, said, {})
            self.told.append(Acknowledged(mark=by.encode(), port=place[0], nth=place[1]))

    @contextmanager
    def _connected(self) -> Iterator[HTTPConnection]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        try:
            yield connection
        finally:
            connection.close()

    def _ask(
        self,
        connection: HTTPConnection,
        method: str,
        path: str,
        sent: bytes | None,
        headers: Mapping[str, str],
    ) -> tuple[object, tuple[int, int]]:
        """Return what was answered, the port it came to, and which answer to that port it was."""
        own: int = connection.sock.getsockname()[1]
        known = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        connection.request(
            method, path, sent, {"Content-Type": "application/json", **known, **headers}
        )
        answer = connection.getresponse()
        text = answer.read()
        check(answer.status in (200, 202), text.decode())
        nth = self.answers[own]
        self.answers[own] += 1
        return json.loads(text), (own, nth)


def _signal_ids(answer: object) -> list[str]:
    """Return the ids of signals in an answer to one, to a batch or to a call."""
    if not isinstance(answer, dict):
        return []
    each = answer.get("results", [answer])
    return [one["signal_id"] for one in each if one.get("signal_id")]


def _send(
    port: int, keys: dict[str, str], many: int, answers: Counter[int]
) -> dict[str, list[Acknowledged]]:
    """Send signals in every way, with rests in which the server tidies up."""
    bodies = [body(number, FIRMS) for number in range(3 * many)]
    told: dict[str, list[Acknowledged]] = {}

    def as_client(way: str, key: str) -> _Client:
        client = _Client(port=port, key=key, answers=answers)
        told[way] = client.told
        return client

    as_client("single", keys["ingest"]).post("/v1/signals", bodies[:many], {})
    as_client("repeat", keys["ingest"]).post("/v1/signals", bodies[: many // 4], {})
    SystemWorld().wait(PAUSE_S)
    for start in range(many, 2 * many, IN_A_BATCH):
        batch = b",".join(bodies[start : min(start + IN_A_BATCH, 2 * many)])
        batch = b'{"batch": [' + batch + b"]}"
        as_client(f"batch {start}", keys["ingest"]).post("/v1/signals", [batch], {})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        posted = []
        for part in range(AT_ONCE):
            share = bodies[2 * many + part :: AT_ONCE]
            client = as_client(f"concurrent {part}", keys["ingest"])
            posted.append(pool.submit(client.post, "/v1/signals", share, {}))
    for each in posted:
        each.result()
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
    touching = as_client("touch", keys["ops"])
    for number, first in enumerate(told["single"]):
        touching.touch(first.mark.decode(), f"a person of number {number:06}")
    return _by_way(told)


def _by_way(told: dict[str, list[Acknowledged]]) -> dict[str, list[Acknowledged]]:
    found: dict[str, list[Acknowledged]] = {}
    for way, each in told.items():
        found.setdefault(way.partition(" ")[0], []).extend(each)
    return found
