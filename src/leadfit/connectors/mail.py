"""Tells reps by e-mail what should have reached them by another channel."""

from __future__ import annotations

import hashlib
import ipaddress
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from typing import Final

from leadfit.connectors.addresses import Names, open_any
from leadfit.connectors.base import (
    Brief,
    Briefing,
    NotAllowedIn,
    NotReached,
    NotTaken,
    RecordRefused,
    Unclear,
)
from leadfit.connectors.words import details, headline
from leadfit.records import Action
from leadfit.world import World

_TO_REPS: Final = frozenset({"alert", "page", "task", "call_script", "incident", "recycle_check"})

_TLS_PORT: Final = 465


class _Session(smtplib.SMTP):
    """Talks over a connection that was made before, so that nothing is looked up on the way."""

    def __init__(self, raw: socket.socket, host: str, tls: ssl.SSLContext | None) -> None:
        self._raw = raw
        self._tls = tls
        here = ipaddress.ip_address(str(raw.getsockname()[0]).split("%")[0])
        kind = "IPv6:" if here.version == 6 else ""
        super().__init__(host, 1, local_hostname=f"[{kind}{here}]")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 -- the parent asks
        if self._tls is None:
            return self._raw
        return self._tls.wrap_socket(self._raw, server_hostname=host)


@contextmanager
def _ended_in_time(raw: socket.socket, left_s: float) -> Iterator[Callable[[], bool]]:
    """Cut a connection when its time is over, however slowly it is answered; say whether it is."""
    over = threading.Event()
    # Another number of the same connection: TLS takes the first one over.
    with raw.dup() as same:

        def cut() -> None:
            over.set()
            with suppress(OSError):  # the other side has ended it
                same.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(left_s, cut)
        timer.daemon = True
        timer.start()
        try:
            yield over.is_set
        finally:
            timer.cancel()


class MailPerformer:
    """Sends each action as a mail to its recipients, over TLS.

    A mail server honours no key: a mail that is sent again says that it may be a repeat, under the
    same ``Message-ID``. It never writes to the lead.

    Args:
        host: The server for outgoing mail.
        port: 465 for TLS from the start; others begin it by STARTTLS.
        sender: The address mails are from.
        user: Who signs in; nobody if it is ``None``.
        password: The password of ``user``.
        briefing: What a person needs to know to act.
        world: Time.
        request_s: Seconds for the whole of a mail, from the look-up of the server to its answer.
        tls: Whom to trust; ``None`` sends without TLS, on this machine only.
        names: Who is asked for the server's name.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        user: str | None,
        password: str | None,
        briefing: Briefing,
        world: World,
        request_s: Callable[[], float],
        tls: ssl.SSLContext | None,
        names: Names | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._user = user
        self._password = password
        self._briefing = briefing
        self._world = world
        self._request_s = request_s
        self._tls = tls
        self._names = names or Names(world)

    def perform(self, action: Action) -> None:
        """Send the mail; it counts once the server has taken the whole of it."""
        if action.kind not in _TO_REPS:
            raise RecordRefused(f"{action.kind} is not for reps: another connector does it")
        brief = self._briefing(action)
        to = [person.email for person in brief.people if person.email]
        if not to:
            raise RecordRefused("no recipient has an address in reps.csv")
        due_s = self._world.monotonic_s() + self._request_s()
        raw = self._reach(due_s)
        with raw, _ended_in_time(raw, self._left(due_s)) as is_over:
            server = self._open(raw, due_s)
            try:
                if is_over():
                    raise NotReached("no greeting in time")
                self._send(server, self._message(action, brief, to))
            finally:
                server.close()

    def _reach(self, due_s: float) -> socket.socket:
        found = self._names.find(self._host, self._port, self._left(due_s))
        return open_any(found, self._port, partial(self._left, due_s))

    def _left(self, due_s: float) -> float:
        return max(0.001, due_s - self._world.monotonic_s())

    def _open(self, raw: socket.socket, due_s: float) -> smtplib.SMTP:
        try:
            raw.settimeout(self._left(due_s))
            server = _Session(raw, self._host, self._tls if self._port == _TLS_PORT else None)
            if self._tls is not None and self._port != _TLS_PORT:
                server.starttls(context=self._tls)
            server.ehlo_or_helo_if_needed()
            if self._user is not None:
                server.login(self._user, self._password or "")
        except smtplib.SMTPAuthenticationError as error:
            raise NotAllowedIn(f"sign-in is refused: {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotReached(f"no session: {type(error).__name__}") from error
        return server

    def _send(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            if all(code >= 500 for code in codes):
                raise RecordRefused("every recipient is refused") from error
            raise NotTaken("every recipient is refused for now") from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= 500:
                raise RecordRefused(f"refused: {error.smtp_code}") from error
            if error.smtp_code >= 400:
                raise NotTaken(f"not now: {error.smtp_code}") from error
            # No answer of that step: it was cut short, or makes no sense.
            raise Unclear(f"an answer that makes no sense: {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unclear(f"the server broke off: {type(error).__name__}") from error

    def _message(self, action: Action, brief: Brief, to: list[str]) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(to)
        message["Subject"] = headline(action, brief)
        message["Date"] = format_datetime(self._world.now())
        mark = hashlib.sha256(action.key.encode()).hexdigest()[:40]
        message["Message-ID"] = f"<{mark}@leadfit.invalid>"
        message["Auto-Submitted"] = "auto-generated"
        lines = [f"{name}: {value}" for name, value in details(action, brief)]
        message.set_content("\n".join([*lines, *([brief.link] if brief.link else [])]) + "\n")
        return message

    def knows(self, key: str) -> bool | None:  # noqa: ARG002 -- a mail server keeps no keys
        """Return ``None``: a mail server keeps no keys."""
        return None

    def close(self) -> None:
        """Nothing is held between mails."""
