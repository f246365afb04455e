"""Sends actions to any HTTPS address, signed as Standard Webhooks says.

The receiver is expected to take each ``webhook-id`` once. Personal values are sent only when the
operator asks for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from leadfit.canonical import document
from leadfit.connectors.base import REPEAT, Briefing, no_briefing
from leadfit.connectors.transport import Transport, check, packed
from leadfit.connectors.words import details
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


class WebhookPerformer:
    """Posts each action as ``{"type", "timestamp", "data"}``.

    Args:
        transport: The way out.
        url: Where to.
        secret: As the receiver has it: ``whsec_`` and base 64.
        world: Time.
        briefing: What is told of persons; nothing by default.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        secret: str,
        *,
        world: World,
        briefing: Briefing = no_briefing,
    ) -> None:
        self._transport = transport
        self._url = url
        self._secret = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        self._world = world
        self._briefing = briefing

    def perform(self, action: Action) -> None:
        """Post ``action`` under an id made of its key."""
        # The receiver honours the id; a second sending is the same message.
        plain = {name: value for name, value in action.fields.items() if name != REPEAT}
        told = document(action) | {"fields": plain}
        words = dict(details(action, self._briefing(action)))
        body = packed(
            {
                "type": f"action.{action.kind}",
                "timestamp": action.due_at.isoformat(),
                "data": {**told, "details": words},
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

    def knows(self, key: str) -> bool | None:  # noqa: ARG002 -- no webhook can be asked
        """Return ``None``: a webhook cannot be asked."""
        return None

    def close(self) -> None:
        """Nothing is held between requests."""
