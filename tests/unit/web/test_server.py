from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from leadfit.web import create_app
from leadfit.web.server import PortTaken, PunctualProtocol, Server, _listen
from unit.web.builders import LeadfitInMemory

ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class ImpatientProtocol(PunctualProtocol):
    head_deadline_s = 0.2
    unread_s = 0.2


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    listening = _listen("127.0.0.1", 0)
    app = create_app(LeadfitInMemory(tmp_path))
    config = uvicorn.Config(app, http=ImpatientProtocol, lifespan="off", log_config=None, ws="none")
    server = Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        pytest.param(b"", b"", id="silent"),
        pytest.param(b"", ASK[:20], id="half a head"),
        pytest.param(ASK, ASK[:20], id="half a second head"),
    ],
)
def test_a_head_that_does_not_come_closes_the_connection(
    address: tuple[str, int], first: bytes, rest: bytes
) -> None:
    with socket.create_connection(address, timeout=5) as connection:
        if first:
            connection.sendall(first)
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        connection.sendall(rest)
        received = b"x"
        while received:
            received = connection.recv(65_536)
        assert received == b""


def test_an_answer_that_nobody_reads_closes_the_connection(address: tuple[str, int]) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.settimeout(5)
        connection.connect(address)
        many = ASK.replace(b"healthz", b"static/leadfit.css") * 400_000
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection.sendall(many)


def test_the_protocol_is_named_so_that_answers_are_sent_at_once() -> None:
    with _listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_port_that_is_held_is_an_error_that_may_pass() -> None:
    with _listen("127.0.0.1", 0) as held, pytest.raises(PortTaken, match="--port"):
        _listen("127.0.0.1", held.getsockname()[1])
