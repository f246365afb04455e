"""Sends actions to any HTTPS address, signed as Standard Webhooks says.

The receiver is expected to take each ``webhook-id`` once. What it needs to act stands in the
message, so that it need not ask back. Personal values are sent only when the operator asks for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from leadfit.canonical import Plain, document, moment
from leadfit.connectors.base import REPEAT, Brief, Briefing, Person, no_briefing
from leadfit.connectors.transport import Transport, check, packed
from leadfit.connectors.words import clean, details
from leadfit.records import Action
from leadfit.world import World


def sign(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of ``webhook-signature``.

    >>> secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"


VERSION: Final = 2
"""Version of what is told under ``data``; it grows when a receiver of the one before would err."""
_REASON: Final = 200


class WebhookPerformer:
    """Posts each action as ``{"type", "timestamp", "data"}``.

    Args:
        transport: The way out.
        url: Where to.
        secret: As the receiver has it: ``whsec_`` and base 64.
        world: Time.
        briefing: What is known of the lead; without personal values unless they are asked for.
        is_personal: Whether it tells of persons, which the message says.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        secret: str,
        *,
        world: World,
        briefing: Briefing = no_briefing,
        is_personal: bool = False,
    ) -> None:
        self._transport = transport
        self._url = url
        self._secret = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        self._world = world
        self._briefing = briefing
        self._is_personal = is_personal

    def perform(self, action: Action) -> None:
        """Post ``action`` under an id made of its key."""
        body = packed(
            {
                "type": f"action.{action.kind}",
                "timestamp": action.due_at.isoformat(),
                "data": self._told(action),
            }
        )
        timestamp = str(int(self._world.now().timestamp()))
        message_id = f"msg_{hashlib.sha256(action.key.encode()).hexdigest()[:32]}"
        check(
            self._transport.send(
                "POST",
                self._url,
                headers={
                    "Content-Type": "application/json",
                    "webhook-id": message_id,
                    "webhook-timestamp": timestamp,
                    "webhook-signature": sign(self._secret, message_id, timestamp, body),
                },
                body=body,
            )
        )

    def _told(self, action: Action) -> dict[str, Plain]:
        brief = self._briefing(action)
        # The receiver honours the id; a second sending is the same message.
        plain = {name: value for name, value in action.fields.items() if name != REPEAT}
        told = document(action) | {"fields": document(plain)}
        words: dict[str, Plain] = dict(details(action, brief))
        return {
            **told,
            "version": VERSION,
            "personal": self._is_personal,
            "people": [_person(each) for each in brief.people],
            "lead": _lead(action, brief) if action.lead_id else None,
            "account": _account(brief),
            "contact": _contact(brief),
            "details": words,
        }

    def knows(self, key: str) -> bool | None:  # noqa: ARG002 -- no webhook can be asked
        """Return ``None``: a webhook cannot be asked."""
        return None

    def close(self) -> None:
        """Nothing is held between requests."""


def _lead(action: Action, brief: Brief) -> dict[str, Plain]:
    return {
        "lead_id": action.lead_id,
        "tier": brief.tier,
        "score": None if brief.score is None else round(brief.score, 2),
        "chance": None if brief.chance is None else round(brief.chance, 4),
        "reasons": [clean(each, _REASON) for each in brief.reasons],
        "owner": None if brief.owner is None else _person(brief.owner),
        "first_touch_due_at": None if brief.due_at is None else moment(brief.due_at),
        "link": brief.link,
    }


def _account(brief: Brief) -> Plain:
    if brief.account_id is None:
        return None
    return {
        "account_id": brief.account_id,
        "name": _clean(brief.account),
        "domain": _clean(brief.domain),
    }


def _contact(brief: Brief) -> Plain:
    if brief.contact_id is None:
        return None
    return {
        "contact_id": brief.contact_id,
        "name": _clean(brief.contact),
        "title": _clean(brief.title),
        "email": _clean(brief.email),
        "phone": _clean(brief.phone),
    }


def _person(person: Person) -> dict[str, Plain]:
    # A rep of whom no more is known, or may be told, is called by the id.
    name = None if person.name == person.rep_id else clean(person.name)
    return {"rep_id": person.rep_id, "name": name, "email": _clean(person.email)}


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)
