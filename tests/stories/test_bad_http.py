"""Whatever comes over a real socket is refused or ordered as promised, and stops nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from stories.test_http import SIGNAL, WORLD, Served, decided_lead, served

__all__ = ["served"]

HOST = b"Host: 127.0.0.1\r\n"


@pytest.fixture
def key(served: Served) -> bytes:
    return f"Authorization: Bearer {served.keys['ingest']}\r\n".encode()


def sent(served: Served, raw: bytes) -> bytes:
    """Send bytes and return all that is answered until the server closes."""
    with served.connect(raw) as connection:
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


CLOSE = b"Connection: close\r\n"


def post(
    key: bytes, body: bytes, *more: bytes, length: bytes | None = None, close: bytes = CLOSE
) -> bytes:
    counted = str(len(body)).encode() if length is None else length
    lines = [b"Content-Type: application/json\r\n", b"Content-Length: " + counted + b"\r\n"]
    lines += [close, *more]
    return b"POST /v1/signals HTTP/1.1\r\n" + HOST + key + b"".join(lines) + b"\r\n" + body


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def bodies() -> Iterator[tuple[str, bytes]]:
    good = json.dumps(SIGNAL)[:-1]
    yield "broken off", good.encode()
    yield "a key twice", f'{good}, "source": "other"}}'.encode()
    yield "not a number", f'{good}, "text": NaN}}'.encode()
    yield "infinite", f'{good}, "facts": {{"n": 1e999}}}}'.encode()
    yield "deep", f'{good}, "facts": {"[" * 60}{"]" * 60}}}'.encode()
    yield "very deep", b"[" * 200_000
    yield "a very long number", f'{good}, "facts": {{"n": {"9" * 5000}}}}}'.encode()
    yield "a NUL", good.replace("demo-1", "a\\u0000b").encode() + b"}"
    yield "half a surrogate pair", good.replace("demo-1", "\\ud800").encode() + b"}"
    yield "not UTF-8", good.encode() + b', "text": "\xff"}'
    yield "an hour ahead", json.dumps({**SIGNAL, "at": ahead()}).encode()
    yield "a time without a day", json.dumps({**SIGNAL, "at": "09:00"}).encode()
    yield "an unknown key", f'{good}, "owner_id": "rep_x"}}'.encode()


def ahead() -> str:
    return f"{WORLD.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"


def test_bodies_that_cannot_be_taken_are_refused_and_the_next_is_taken(
    served: Served, key: bytes
) -> None:
    for name, body in bodies():
        assert statuses(sent(served, post(key, body))) == [422], name
    assert statuses(sent(served, post(key, json.dumps(SIGNAL).encode()))) == [202]
    kept = served.ask("GET", "/metrics", "read").text
    assert "leadfit_log_rows 0" not in kept


def test_a_body_over_its_size_is_refused_however_it_is_sent(served: Served, key: bytes) -> None:
    announced = post(key, b"{", length=b"2000000")
    assert statuses(sent(served, announced)) == [413]
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    head = post(key, b"", b"Transfer-Encoding: chunked\r\n").replace(b"Content-Length: 0\r\n", b"")
    assert statuses(sent(served, head + chunk * 17 + b"0\r\n\r\n")) == [413]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("two lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("length and chunks", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("an unknown coding", b"Transfer-Encoding: gzip, chunked\r\n"),
        ("a length below zero", b"Content-Length: -1\r\n"),
        ("a space before the colon", b"Content-Length : 5\r\n"),
        ("a folded line", b"X-One: a\r\n b\r\nContent-Length: 5\r\n"),
        ("a bare line feed in a name", b"X\nY: 1\r\n"),
    ],
)
def test_a_head_that_two_readers_could_differ_on_is_refused(
    served: Served, key: bytes, name: str, head: bytes
) -> None:
    smuggled = b"GET /v1/leads HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = sent(
        served, b"POST /v1/signals HTTP/1.1\r\n" + HOST + CLOSE + key + head + b"\r\n" + smuggled
    )
    # What stands behind it is never answered as a request of its own.
    assert statuses(answer), name
    assert set(statuses(answer)) <= {400, 415, 422, 501}, (name, answer)


def test_a_head_without_end_is_refused(served: Served) -> None:
    answer = sent(served, b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Long: " + b"a" * 40_000)
    assert statuses(answer) in ([400], [431])


def test_requests_sent_at_once_are_answered_in_their_order(served: Served, key: bytes) -> None:
    one = json.dumps({**SIGNAL, "event_id": "p1"}).encode()
    first, second = post(key, one, close=b""), post(key, one, close=b"")
    last = b"GET /healthz HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"
    assert statuses(sent(served, first + second + last)) == [202, 200, 200]


def test_signals_in_disorder_are_ordered_by_when_they_happened(served: Served) -> None:
    later = {**SIGNAL, "event_id": "late", "at": "2026-03-02T10:00:00Z"}
    earlier = {**SIGNAL, "event_id": "early", "kind": "pricing_view", "at": "2026-03-02T08:00:00Z"}
    first = served.ask("POST", "/v1/signals", "ingest", json=later).json()["signal_id"]
    lead_id = decided_lead(served, first)
    second = served.ask("POST", "/v1/signals", "ingest", json=earlier).json()["signal_id"]
    assert decided_lead(served, second) == lead_id
    newest = served.ask("GET", f"/v1/leads/{lead_id}/why", "read").json()["decisions"][0]
    kinds = [each["kind"] for each in newest["subject"]["activities"]]
    assert kinds == ["pricing_view", "demo_request"]
