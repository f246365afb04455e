"""The one way out: which addresses may be asked, and what is made of answers."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from leadfit.connectors.addresses import MOST_LOOKUPS, Names, Resolver, system_resolver
from leadfit.connectors.base import (
    NotAllowedIn,
    NotTaken,
    OnHold,
    RecordRefused,
    Unclear,
    WronglySetUp,
)
from leadfit.connectors.transport import HttpAnswer, Transport, check, retry_after_s
from leadfit.testing.receivers import Fault, WebhookReceiver
from leadfit.world import SystemWorld

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def transport(
    *allowed: str, request_s: float = 0.5, resolver: Resolver = system_resolver
) -> Transport:
    world = SystemWorld()
    networks = [ipaddress.ip_network(each) for each in allowed]
    names = Names(world, resolver)
    return Transport(world, request_s=lambda: request_s, allowed=networks, names=names)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://10.0.0.1/",
        "https://192.168.1.1/", "https://172.16.0.9/", "https://169.254.169.254/latest",
        "https://100.64.0.1/", "https://0.0.0.0/", "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[fe80::1]/",
        "https://[fd00::1]/", "https://[2002:7f00:1::]/", "https://224.0.0.1/",
        "https://2130706433/", "https://0x7f000001/", "https://127.1/",
        "http://93.184.216.34/", "ftp://93.184.216.34/", "file:///etc/passwd", "https:///x",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_not_asked(url: str) -> None:
    with pytest.raises(WronglySetUp):
        transport().send("POST", url, headers={})


def test_a_network_that_the_operator_allows_is_asked(receiver: WebhookReceiver) -> None:
    answer = transport("127.0.0.0/8").send("POST", receiver.url, headers={}, body=b"{}")
    assert answer.status == 400


def test_plain_http_is_spoken_to_this_machine_only() -> None:
    with pytest.raises(WronglySetUp, match="plain http"):
        transport("10.0.0.0/8").send("POST", "http://10.0.0.1/", headers={})


def test_a_name_that_is_not_there_was_not_asked() -> None:
    with pytest.raises(NotTaken, match="not found"):
        transport().send("POST", "https://no-such-name.invalid/", headers={})


class Resolves:
    """A resolver that can be made to hang."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0
        self.answers = threading.Event()

    def __call__(self, _host: str, _port: int) -> tuple[str, ...]:
        self.asked += 1
        assert self.answers.wait(30)
        return self.addresses


def test_a_resolver_that_hangs_holds_nobody_beyond_the_time_of_the_request(
    receiver: WebhookReceiver,
) -> None:
    hangs, clock = Resolves("127.0.0.1"), SystemWorld()
    way_out = transport("127.0.0.0/8", request_s=0.1, resolver=hangs)
    url = receiver.url.replace("127.0.0.1", "hooks.example.com")
    began_s = clock.monotonic_s()
    for _ in range(MOST_LOOKUPS + 3):
        with pytest.raises(NotTaken, match="in time"):
            way_out.send("POST", url, headers={})
    assert clock.monotonic_s() - began_s < 3
    assert hangs.asked == MOST_LOOKUPS, "every try left a thread behind"
    other = receiver.url.replace("127.0.0.1", "other.example.com")
    with pytest.raises(NotTaken, match="in time"):
        way_out.send("POST", other, headers={})
    assert hangs.asked == MOST_LOOKUPS + 1, "a name that hangs keeps others from being looked up"
    assert receiver.asked == 0
    hangs.answers.set()
    patient = transport("127.0.0.0/8", request_s=5, resolver=hangs)
    assert patient.send("POST", url, headers={}, body=b"{}").status == 400
    assert receiver.asked == 1, "an answer that came too late was used"


def test_a_name_is_found_again_once_its_resolver_answers(receiver: WebhookReceiver) -> None:
    hangs = Resolves("127.0.0.1")
    way_out = transport("127.0.0.0/8", request_s=0.05, resolver=hangs)
    url = receiver.url.replace("127.0.0.1", "hooks.example.com")
    for _ in range(MOST_LOOKUPS):
        with pytest.raises(NotTaken, match="in time"):
            way_out.send("POST", url, headers={})
    hangs.answers.set()
    names = Names(SystemWorld(), hangs)
    assert names.find("hooks.example.com", 443, 5.0) == (ipaddress.ip_address("127.0.0.1"),)
    patient = SystemWorld().monotonic_s() + 5
    while SystemWorld().monotonic_s() < patient and receiver.asked == 0:
        with suppress(NotTaken):
            way_out.send("POST", url, headers={}, body=b"{}")
    assert receiver.asked == 1


def test_what_a_resolver_says_is_checked_as_a_whole() -> None:
    says = Resolves("93.184.216.34", "10.0.0.1")
    says.answers.set()
    with pytest.raises(WronglySetUp, match="not public"):
        transport(resolver=says).send("POST", "https://hooks.example.com/", headers={})


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    receiver: WebhookReceiver,
) -> None:
    port = int(receiver.url.rpartition(":")[2])
    both = Resolves("127.0.0.2", "127.0.0.1")
    both.answers.set()
    with socket.socket() as silent, socket.socket() as first, socket.socket() as second:
        silent.bind(("127.0.0.2", port))
        silent.listen(0)
        for each in (first, second):  # so that no further connection is taken
            each.setblocking(False)
            each.connect_ex(("127.0.0.2", port))
        way_out = transport("127.0.0.0/8", request_s=1, resolver=both)
        url = f"http://hooks.example.com:{port}/"
        assert way_out.send("POST", url, headers={}, body=b"{}").status == 400


def test_a_port_where_nobody_listens_was_not_asked() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        with pytest.raises(NotTaken, match="nobody answers"):
            transport("127.0.0.0/8").send("POST", url, headers={})


def test_a_receiver_that_speaks_no_tls_was_not_asked(receiver: WebhookReceiver) -> None:
    url = receiver.url.replace("http://", "https://")
    with pytest.raises(NotTaken, match="secure"):
        transport("127.0.0.0/8").send("POST", url, headers={}, body=b"{}")
    assert receiver.asked == 0


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.STALLED])
def test_the_time_is_for_the_whole_answer_however_slowly_it_comes(
    receiver: WebhookReceiver, fault: Fault
) -> None:
    receiver.faults = lambda _number: fault
    clock = SystemWorld()
    began_s = clock.monotonic_s()
    with pytest.raises(Unclear, match="in time"):
        transport("127.0.0.0/8", request_s=0.3).send("POST", receiver.url, headers={})
    assert clock.monotonic_s() - began_s < 3


def test_an_answer_of_fifty_megabytes_is_not_read(receiver: WebhookReceiver) -> None:
    receiver.faults = lambda _number: Fault.HUGE
    with pytest.raises(Unclear, match="bytes"):
        transport("127.0.0.0/8").send("POST", receiver.url, headers={})


@pytest.mark.parametrize("head", ["HTTP/1.0 200 OK", "HTTP/1.1 200 OK\r\nConnection: close"])
def test_a_receiver_that_closes_after_its_answer_may_send_the_body_later(head: str) -> None:
    def answer(listening: socket.socket, go_on: threading.Event) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(f"{head}\r\nContent-Length: 2\r\n\r\n".encode())
            go_on.wait(0.1)
            connection.sendall(b"{}")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked = threading.Thread(target=answer, args=(listening, threading.Event()))
        asked.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        answered = transport("127.0.0.0/8", request_s=5).send("POST", url, headers={})
        asked.join()
    assert (answered.status, answered.body) == (200, b"{}")


@pytest.mark.parametrize("header", ["X: a\r\nY: b", "a\nb"])
def test_a_header_cannot_be_broken_into_two(receiver: WebhookReceiver, header: str) -> None:
    with pytest.raises(Unclear):
        transport("127.0.0.0/8").send("POST", receiver.url, headers={"X-Own": header})
    assert receiver.asked == 0


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (429, NotTaken), (402, OnHold), (401, NotAllowedIn), (403, WronglySetUp),
        (404, WronglySetUp), (405, WronglySetUp), (410, WronglySetUp), (426, WronglySetUp),
        (301, WronglySetUp), (308, WronglySetUp), (400, RecordRefused), (409, RecordRefused),
        (413, RecordRefused), (422, RecordRefused), (408, Unclear), (500, Unclear),
        (502, Unclear), (503, Unclear), (504, Unclear), (477, RecordRefused), (999, Unclear),
    ],
)  # fmt: skip
def test_each_status_has_its_class(status: int, expected: type[Exception]) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- the class is what is looked at
        check(HttpAnswer(status=status, headers={}, body=b"", retry_after_s=7.0))
    assert type(caught.value) is expected
    if isinstance(caught.value, NotTaken | Unclear | OnHold) and expected is not WronglySetUp:
        assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("30", 30.0), (" 0 ", 0.0), ("Mon, 02 Mar 2026 09:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0), ("soon", None), ("-5", None), ("", None),
        ("1e9", None), ("٣", None), (None, None), ("9" * 40, None),
        ("999999999", 31 * 86_400.0), ("Fri, 31 Dec 9999 23:59:59 GMT", 31 * 86_400.0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(said: str | None, seconds: float | None) -> None:
    assert retry_after_s(said, NOW) == seconds
