from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from leadfit.signal.parse import MAX_BYTES
from leadfit.web import create_app
from leadfit.web.site import Site
from unit.web.builders import SIGNAL, LeadfitInMemory, ask

JSON = {"content-type": "application/json"}


@pytest.fixture
def leadfit(tmp_path: Path) -> LeadfitInMemory:
    return LeadfitInMemory(tmp_path)


def post(leadfit: LeadfitInMemory, body: object, key: str | None = "in") -> httpx.Response:
    return ask(create_app(leadfit), "POST", "/v1/signals", key=key, json=body)


def test_a_signal_is_acknowledged_with_its_id(leadfit: LeadfitInMemory) -> None:
    answer = post(leadfit, SIGNAL)
    assert (answer.status_code, answer.json()) == (202, {"signal_id": "sig_1"})


def test_the_same_signal_again_gets_the_first_answer_and_its_lead(
    leadfit: LeadfitInMemory,
) -> None:
    post(leadfit, SIGNAL)
    answer = post(leadfit, SIGNAL)
    assert (answer.status_code, answer.json()) == (200, {"signal_id": "sig_1", "lead_id": "lead_1"})


def test_the_same_id_with_another_body_is_a_conflict(leadfit: LeadfitInMemory) -> None:
    post(leadfit, SIGNAL)
    answer = post(leadfit, {**SIGNAL, "text": "other"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"


def test_a_bad_body_is_refused_with_every_fault(leadfit: LeadfitInMemory) -> None:
    answer = post(leadfit, {})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["place"] for fault in answer.json()["faults"]] == ["source", "event_id", "kind"]
    assert answer.json()["status"] == 422


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b'{"a": NaN}', id="not a number"),
        pytest.param(b'{"a": 1e999}', id="infinite"),
        pytest.param(b'{"a": 1, "a": 2}', id="a key twice"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b"3", id="a number"),
        pytest.param(b"null", id="null"),
    ],
)
def test_json_that_two_readers_could_differ_on_is_refused(
    leadfit: LeadfitInMemory, raw: bytes
) -> None:
    app = create_app(leadfit)
    answer = ask(app, "POST", "/v1/signals", key="in", content=raw, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["place"] == "body"
    assert leadfit.stored == {}


def test_a_batch_answers_each_signal_in_its_place(leadfit: LeadfitInMemory) -> None:
    post(leadfit, SIGNAL)
    other = {**SIGNAL, "event_id": "2"}
    answer = post(leadfit, {"batch": [SIGNAL, other, {}, 3, {**SIGNAL, "text": "x"}]})
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    assert [result["status"] for result in results] == [200, 202, 422, 422, 409]
    assert [result["signal_id"] for result in results] == ["sig_1", "sig_2", None, None, None]
    assert [bool(result["errors"]) for result in results] == [False, False, True, True, True]


@pytest.mark.parametrize(
    "body",
    [
        {"batch": []},
        {"batch": {}},
        {"batch": [SIGNAL], "source": "x"},
        {"batch": [{} for _ in range(1001)]},
    ],
)
def test_an_envelope_that_is_none_is_refused_as_a_whole(
    leadfit: LeadfitInMemory, body: object
) -> None:
    answer = post(leadfit, body)
    assert answer.status_code == 422
    assert leadfit.stored == {}


@pytest.mark.parametrize(
    ("key", "status", "challenge"),
    [
        (None, 401, "Bearer"),
        ("nobody", 401, 'Bearer error="invalid_token"'),
        ("x" * 5000, 401, 'Bearer error="invalid_token"'),
        ("see", 403, 'Bearer error="insufficient_scope"'),
        ("act", 403, 'Bearer error="insufficient_scope"'),
    ],
)
def test_only_a_key_with_the_scope_may_post(
    leadfit: LeadfitInMemory, key: str | None, status: int, challenge: str
) -> None:
    answer = post(leadfit, SIGNAL, key)
    assert answer.status_code == status
    assert answer.headers["www-authenticate"] == challenge
    assert leadfit.stored == {}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_another_media_type_is_refused(leadfit: LeadfitInMemory, kind: str) -> None:
    app = create_app(leadfit)
    answer = ask(
        app,
        "POST",
        "/v1/signals",
        key="in",
        content=json.dumps(SIGNAL),
        headers={"content-type": kind},
    )
    assert answer.status_code == 415
    assert leadfit.stored == {}


def test_a_body_over_the_size_is_refused_before_it_is_read(leadfit: LeadfitInMemory) -> None:
    app = create_app(leadfit)
    answer = ask(app, "POST", "/v1/signals", key="in", content=b" " * (MAX_BYTES + 1), headers=JSON)
    assert answer.status_code == 413


def test_a_body_without_an_announced_size_is_cut_at_the_limit(leadfit: LeadfitInMemory) -> None:
    sent = 0

    async def chunks() -> object:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * (MAX_BYTES // 4)

    app = create_app(leadfit)
    answer = ask(app, "POST", "/v1/signals", key="in", content=chunks(), headers=JSON)
    assert answer.status_code == 413
    assert sent < 10


def test_a_body_that_does_not_come_is_given_up(leadfit: LeadfitInMemory) -> None:
    async def chunks() -> object:
        yield b"{"
        await asyncio.sleep(30)

    app = create_app(leadfit, site=Site(leadfit, body_deadline_s=0.05))
    answer = ask(app, "POST", "/v1/signals", key="in", content=chunks(), headers=JSON)
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"


def test_a_full_store_asks_to_wait(leadfit: LeadfitInMemory) -> None:
    leadfit.is_busy = True
    answer = post(leadfit, SIGNAL)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "3"


@pytest.mark.parametrize(("all_", "each", "status"), [(0, 9, 503), (9, 0, 429)])
def test_too_many_posts_under_way_are_told_to_wait(
    leadfit: LeadfitInMemory, all_: int, each: int, status: int
) -> None:
    site = Site(leadfit, waiting_at_most=all_, waiting_at_most_a_key=each)
    answer = ask(create_app(leadfit, site=site), "POST", "/v1/signals", key="in", json=SIGNAL)
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) >= 1
    assert leadfit.stored == {}


def test_a_place_is_free_again_after_the_answer(leadfit: LeadfitInMemory) -> None:
    app = create_app(leadfit, site=Site(leadfit, waiting_at_most=1, waiting_at_most_a_key=1))
    codes = [
        ask(app, "POST", "/v1/signals", key="in", json=body).status_code
        for body in (SIGNAL, {}, {**SIGNAL, "event_id": "2"})
    ]
    assert codes == [202, 422, 202]


def test_a_signal_says_where_it_stands(leadfit: LeadfitInMemory) -> None:
    post(leadfit, SIGNAL)
    app = create_app(leadfit)
    known = ask(app, "GET", "/v1/signals/sig_1", key="in").json()
    assert (known["status"], known["lead_id"]) == ("decided", "lead_1")
    assert ask(app, "GET", "/v1/signals/none", key="in").status_code == 404
