"""Mails to reps: taken whole or not at all, and never to a lead."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest

from leadfit.connectors.addresses import Names, Resolver, system_resolver
from leadfit.connectors.base import Brief, NotTaken, Person, RecordRefused, Unclear
from leadfit.connectors.mail import MailPerformer
from leadfit.testing.check_connector import make_action
from leadfit.world import SystemWorld

ADA = Person(rep_id="rep_a", name="Ada", email="ada@example.com")
BRIEF = Brief(people=(ADA,), tier=1, contact="Jo\r\nBcc: all@example.com", account="Acme")


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mails, and answers ``DATA`` and the mail itself as it is told."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[bytes] = []
        self.to: list[str] = []
        self.says: dict[str, str] = {}
        self.breaks_off = False
        self.drips = ""
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, MailServer)
        server = self.server
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].upper()
            if word == "DATA" and word not in server.says:
                self._say("354 go on")
                body = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    body += part
                server.mails.append(body)
                if server.breaks_off:
                    return
                if server.drips == "END":
                    self._drip()
                    return
                self._say(server.says.get("END", "250 taken"))
                continue
            if server.drips == word:
                self._drip()
                return
            if word == "RCPT":
                server.to.append(line)
            self._say(server.says.get(word, "250 fine"))
            if word == "QUIT":
                return

    def _drip(self) -> None:
        never = threading.Event()
        with suppress(OSError):  # the sender has turned away, as it should
            for _ in range(500):
                self.wfile.write(b"2")
                never.wait(0.02)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.shutdown()
    server.server_close()


def performer(
    server: MailServer,
    brief: Brief = BRIEF,
    *,
    host: str = "127.0.0.1",
    request_s: float = 2.0,
    resolver: Resolver = system_resolver,
) -> MailPerformer:
    world = SystemWorld()
    return MailPerformer(
        host=host, port=server.port, sender="leadfit@example.com", user=None,
        password=None, briefing=lambda _action: brief, world=world,
        request_s=lambda: request_s, tls=None, names=Names(world, resolver),
    )  # fmt: skip


def test_a_mail_goes_to_the_reps_and_no_text_adds_a_header(server: MailServer) -> None:
    performer(server).perform(make_action("k"))
    (raw,) = server.mails
    mail = message_from_bytes(raw)
    assert mail["To"] == "ada@example.com"
    assert mail["Bcc"] is None
    assert "Jo Bcc: all@example.com" in str(make_header(decode_header(mail["Subject"])))
    assert len(server.to) == 1


def test_the_same_action_has_the_same_message_id_and_says_that_it_may_be_a_repeat(
    server: MailServer,
) -> None:
    performer(server).perform(make_action("k"))
    performer(server).perform(make_action("k", may_be_a_repeat=True))
    first, second = (message_from_bytes(each) for each in server.mails)
    assert first["Message-ID"] == second["Message-ID"]
    subject = str(make_header(decode_header(second["Subject"])))
    assert subject.startswith("(may be a repeat)")


@pytest.mark.parametrize(
    ("word", "answer", "expected"),
    [
        ("MAIL", "451 later", NotTaken), ("MAIL", "550 never", RecordRefused),
        ("RCPT", "450 later", NotTaken), ("RCPT", "550 nobody", RecordRefused),
        ("DATA", "452 full", NotTaken), ("END", "451 later", NotTaken),
        ("END", "554 spam", RecordRefused),
    ],
)  # fmt: skip
def test_an_answer_of_the_server_has_its_class(
    server: MailServer, word: str, answer: str, expected: type[Exception]
) -> None:
    server.says[word] = answer
    with pytest.raises(expected):
        performer(server).perform(make_action("k"))


def test_a_server_that_breaks_off_after_the_mail_leaves_a_doubt(server: MailServer) -> None:
    server.breaks_off = True
    with pytest.raises(Unclear):
        performer(server).perform(make_action("k"))


def test_a_resolver_that_hangs_holds_no_mail_beyond_its_time(server: MailServer) -> None:
    never, clock = threading.Event(), SystemWorld()

    def hangs(_host: str, _port: int) -> tuple[str, ...]:
        assert never.wait(30)
        return ()

    mail = performer(server, host="smtp.example.com", request_s=0.1, resolver=hangs)
    began_s = clock.monotonic_s()
    with pytest.raises(NotTaken, match="in time"):
        mail.perform(make_action("k"))
    assert clock.monotonic_s() - began_s < 2
    never.set()


@pytest.mark.parametrize("word", ["EHLO", "END"])
def test_a_server_that_drips_its_answer_holds_no_mail_beyond_its_time(
    server: MailServer, word: str
) -> None:
    clock = SystemWorld()
    server.drips = word
    began_s = clock.monotonic_s()
    with pytest.raises(Unclear if word == "END" else NotTaken):
        performer(server, request_s=0.3).perform(make_action("k"))
    assert clock.monotonic_s() - began_s < 2


def test_a_server_that_is_not_there_was_not_asked(server: MailServer) -> None:
    mail = performer(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(NotTaken):
        mail.perform(make_action("k"))


@pytest.mark.parametrize("kind", ["sequence", "nurture", "pause_sequence", "retarget"])
def test_a_lead_is_never_written_to(server: MailServer, kind: str) -> None:
    with pytest.raises(RecordRefused, match="not for reps"):
        performer(server).perform(replace(make_action("k"), kind=kind))
    assert server.mails == []


def test_a_rep_without_an_address_is_said(server: MailServer) -> None:
    nobody = Brief(people=(Person(rep_id="rep_b", name="Ben"),))
    with pytest.raises(RecordRefused, match=r"reps\.csv"):
        performer(server, nobody).perform(make_action("k"))
