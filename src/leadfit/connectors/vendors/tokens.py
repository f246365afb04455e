"""Tokens of vendors that give them out for client credentials."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from urllib.parse import urlencode

from leadfit.connectors.base import NotAllowedIn, Unclear
from leadfit.connectors.transport import Transport, check, packed
from leadfit.connectors.vendors.answers import at_path
from leadfit.connectors.vendors.profile import Auth
from leadfit.world import World


class Tokens:
    """Fetches a token, one thread for all, and keeps it for as long as it lives.

    Args:
        transport: The way out.
        auth: Where it is fetched and how.
        secrets: What stands for the names in braces.
        world: Time.
    """

    def __init__(
        self, transport: Transport, auth: Auth, secrets: Mapping[str, str], *, world: World
    ) -> None:
        self._transport = transport
        self._auth = auth
        self._secrets = secrets
        self._world = world
        self._lock = threading.Lock()
        self._kept: str | None = None
        self._until_s = 0.0

    def get(self) -> str:
        """Return a token.

        Raises:
            NotAllowedIn: The credential is not taken.
            Retryable: There is none to be had now.
        """
        with self._lock:
            if self._kept is None or self._world.monotonic_s() >= self._until_s:
                self._kept = self._fetch()
                self._until_s = self._world.monotonic_s() + self._auth.lives_s * 0.9
            return self._kept

    def forget(self) -> None:
        """Fetch a new one next time."""
        with self._lock:
            self._kept = None

    def _fetch(self) -> str:
        said = {
            name: text.format(**self._secrets, token="") for name, text in self._auth.fields.items()
        }
        if self._auth.style == "json":
            kind, body = "application/json", packed(said)
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(said).encode()
        headers = {"Content-Type": kind, "Accept": "application/json"}
        try:
            answer = self._transport.send("POST", self._auth.url or "", headers=headers, body=body)
        except Unclear as error:
            # A token is not paid for: nothing is in doubt.
            raise NotAllowedIn("no token was given in time", error.retry_after_s) from None
        if answer.status in (400, 401, 403):
            raise NotAllowedIn(f"status {answer.status}: the credential is not taken")
        found = at_path(check(answer).json(), self._auth.answer)
        if not isinstance(found, str) or not found:
            raise NotAllowedIn("the answer holds no token")
        return found
