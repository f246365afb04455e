"""Slow clients: 1,500 connections that dawdle are closed in time, and good ones hardly notice.

A third of them send half a head, a third half a body, a third nothing behind an answered request.
Heads are to be closed after 10 s, bodies after 20 s, idle connections after 10 s. Beside them a
good client asks ``/healthz`` and posts signals; its p99 may double. While 300 of them are
attached anew, SIGTERM must end the server within 10 s.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from recording import asked_for_full, quantile, record
from straight_line import body, check, free_port, start

import leadfit
from leadfit.world import SystemWorld

CLOSED_BY_S = {"head": 10.0, "body": 20.0, "idle": 10.0}
SLACK_S = 2.0
STOPS_BY_S = 10.0
POSTS = 300
HEAD = b"POST /v1/signals HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def attach(port: int, kind: str, key: str) -> socket.socket:
    """Open a connection that goes no further than its kind."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    if kind == "head":
        connection.sendall(HEAD)
    elif kind == "body":
        more = f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n".encode()
        connection.sendall(HEAD + more + b'Content-Length: 500\r\n\r\n{"source":')
    else:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        check(connection.recv(65_536).startswith(b"HTTP/1.1 200"), "no answer")
    connection.setblocking(False)
    return connection


def good_client(port: int, key: str, first: int, posts: int) -> list[float]:
    """Post signals one after another; return milliseconds until each was acknowledged."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    taken = []
    for number in range(first, first + posts):
        sent = body(number, 1000)
        SystemWorld().wait(0.01)
        began = time.perf_counter()
        connection.request("POST", "/v1/signals", sent, headers)
        answer = connection.getresponse()
        text = answer.read()
        check(answer.status == 202, text.decode())
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def wait_closed(opened: dict[socket.socket, tuple[str, float]]) -> dict[str, float]:
    """Wait until the server has closed every connection; return the slowest of each kind."""
    slowest = dict.fromkeys(CLOSED_BY_S, 0.0)
    waiting = select.poll()
    by_number = {each.fileno(): each for each in opened}
    for number in by_number:
        waiting.register(number, select.POLLIN)
    until = time.perf_counter() + max(CLOSED_BY_S.values()) + 10
    while by_number and time.perf_counter() < until:
        for number, _event in waiting.poll(200):
            connection = by_number[number]
            try:
                ended = not connection.recv(65_536)
            except OSError:
                ended = True
            if ended:
                kind, since = opened[connection]
                slowest[kind] = max(slowest[kind], time.perf_counter() - since)
                waiting.unregister(number)
                del by_number[number]
                connection.close()
    check(not by_number, f"{len(by_number)} slow connections were not closed")
    return slowest


def measure(folder: Path, slow: int) -> dict[str, object]:
    """Return the figures of one server."""
    with leadfit.open_leadfit(folder) as opened:
        key = opened.keys.create("ingest")
    port = free_port()
    server = start(folder, port)
    try:
        good_client(port, key, 0, 50)
        alone = good_client(port, key, 1_000, POSTS)
        kinds = [list(CLOSED_BY_S)[n % 3] for n in range(slow)]
        held = {attach(port, kind, key): (kind, time.perf_counter()) for kind in kinds}
        beside = good_client(port, key, 10_000, POSTS)
        slowest = wait_closed(held)
        again = [attach(port, kind, key) for kind in kinds[: slow // 5]]
        began = time.perf_counter()
        server.send_signal(signal.SIGTERM)
        code = server.wait(60)
        stopped_s = time.perf_counter() - began
        for each in again:
            each.close()
    finally:
        server.kill()
    check(code == 0, f"the server ended with {code}")
    return {
        "slow_connections": slow,
        "good_p99_ms_alone": round(quantile(alone, 0.99), 2),
        "good_p99_ms_beside": round(quantile(beside, 0.99), 2),
        **{f"slowest_{kind}_closed_s": round(seconds, 1) for kind, seconds in slowest.items()},
        "sigterm_s": round(stopped_s, 2),
    }


def main() -> int:
    """Run it and return 1 where a bound does not hold."""
    full = asked_for_full(__doc__)
    slow = 1_500 if full else 150
    wanted = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as made:
        found = measure(leadfit.create_workspace(Path(made) / "workspace"), slow)
    record("slow_clients", {**found, "load_before": load}, full=full)
    figures = json.loads(json.dumps(found))
    held = figures["good_p99_ms_beside"] <= 2 * figures["good_p99_ms_alone"]
    held &= figures["sigterm_s"] <= STOPS_BY_S
    for kind, seconds in CLOSED_BY_S.items():
        held &= figures[f"slowest_{kind}_closed_s"] <= seconds + SLACK_S
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
