"""API keys: made, listed, ended; of each only a hash is kept."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timedelta
from typing import Final

from leadfit.errors import BadInput, Fault, NotFound, StoreBusy, shorten
from leadfit.store import Store
from leadfit.store.intake import AccessKey
from leadfit.world import World

SCOPES: Final = ("ingest", "read", "ops", "admin")

_SHOWN_LETTERS: Final = 8
# How exactly the last use is known: a write for each use would cost more than it tells.
_NOTED_EVERY: Final = timedelta(hours=1)
_MOST_NOTED: Final = 10_000


class ApiKeys:
    """The part of :class:`leadfit.Leadfit` that concerns API keys; safe to use from any thread.

    Keys are made and ended while another process serves the workspace, too.

    Args:
        world: Time and tokens.
        store: Keeps the hashes.
    """

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._lock = threading.Lock()
        self._noted: dict[bytes, datetime] = {}

    def create(self, scope: str, expires_at: datetime | None = None) -> str:
        """Make a key, return it once and keep only its hash.

        Args:
            scope: What it may do.
            expires_at: When it ends by itself; never, if it is not given.

        Raises:
            BadInput: There is no such scope, or the end has passed.
        """
        now = self._world.now()
        if scope not in SCOPES:
            raise BadInput(Fault(place="scope", came=repr(scope), allowed=", ".join(SCOPES)))
        if expires_at is not None and expires_at <= now:
            came = expires_at.isoformat()
            raise BadInput(Fault(place="expires_at", came=came, allowed="a time to come"))
        key = f"leadfit_{scope}_{self._world.token()}"
        prefix = key[: len(f"leadfit_{scope}_") + _SHOWN_LETTERS]
        self._store.write_beside(
            lambda session: session.keys.add(_key_hash(key), prefix, scope, now, expires_at)
        )
        return key

    @property
    def are_near(self) -> bool:
        """A key is looked up at once: there is no server to wait for."""
        return self._store.is_near

    def scope(self, key: str) -> str | None:
        """Return the scope of a key, or ``None`` for one that is unknown, ended or revoked."""
        key_hash, now = _key_hash(key), self._world.now()
        found = self._store.read(lambda session: session.keys.scope(key_hash, now))
        if found is not None:
            self._note(key_hash, now)
        return found

    def all(self) -> tuple[AccessKey, ...]:
        """Return every key without its secret, oldest first."""
        return self._store.read(lambda session: session.keys.all())

    def revoke(self, prefix: str) -> None:
        """End a key now.

        Args:
            prefix: How it begins, as :meth:`all` lists it.

        Raises:
            NotFound: No key that holds begins so.
        """
        now = self._world.now()
        if not self._store.write_beside(lambda session: session.keys.revoke(prefix, now)):
            raise NotFound("key", shorten(prefix, 40).strip("'"))

    def _note(self, key_hash: bytes, now: datetime) -> None:
        """Write now and then that a key was used; nobody waits for it."""
        with self._lock:
            before = self._noted.get(key_hash)
            if before is not None and now - before < _NOTED_EVERY:
                return
            if len(self._noted) >= _MOST_NOTED:
                self._noted.clear()
            self._noted[key_hash] = now
        try:
            self._store.submit(lambda session: session.keys.used(key_hash, now))
        except StoreBusy:
            with self._lock:
                self._noted.pop(key_hash, None)


def _key_hash(key: str) -> bytes:
    """Return what is kept of an API key: it is random, so a plain hash cannot be searched."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
