"""Tells reps by e-mail what should have reached them by another channel."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from leadfit.connectors.base import Brief, Briefing, NotAllowedIn, NotTaken, RecordRefused, Unclear
from leadfit.connectors.words import details, headline
from leadfit.records import Action
from leadfit.world import World

_TO_REPS: Final = frozenset({"alert", "page", "task", "call_script", "incident", "recycle_check"})


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
        request_s: Seconds for every step.
        tls: Whom to trust; ``None`` sends without TLS, on this machine only.
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

    def perform(self, action: Action) -> None:
        """Send the mail; it counts once the server has taken the whole of it."""
        if action.kind not in _TO_REPS:
            raise RecordRefused(f"{action.kind} is not for reps: another connector does it")
        brief = self._briefing(action)
        to = [person.email for person in brief.people if person.email]
        if not to:
            raise RecordRefused("no recipient has an address in reps.csv")
        server = self._open()
        try:
            self._send(server, self._message(action, brief, to))
        finally:
            server.close()

    def _open(self) -> smtplib.SMTP:
        try:
            server = self._connect()
            if self._user is not None:
                server.login(self._user, self._password or "")
        except smtplib.SMTPAuthenticationError as error:
            raise NotAllowedIn(f"sign-in is refused: {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(f"no connection: {type(error).__name__}") from error
        return server

    def _connect(self) -> smtplib.SMTP:
        timeout = self._request_s()
        if self._tls is not None and self._port == 465:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=timeout, context=self._tls)
        server = smtplib.SMTP(self._host, self._port, timeout=timeout)
        if self._tls is not None:
            server.starttls(context=self._tls)
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
            raise NotTaken(f"not now: {error.smtp_code}") from error
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
