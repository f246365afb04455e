"""Seals personal values under a key of their person, so that without the key nothing is left.

The cipher is AES-SIV (RFC 5297): authenticated, and safe without a random number for each use. A
person's key is itself sealed under a key that is made from the workspace's secret, so that a copy
of the store alone gives nobody away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_KEYS: Final = b"leadfit keys of persons 1"
_MARK: Final = "sealed:"


class Sealer:
    """Makes keys of persons and seals by them.

    Args:
        secret: The workspace's secret.
        new_secret: Returns an unguessable token of 256 bits.
    """

    def __init__(self, secret: bytes, new_secret: Callable[[], str]) -> None:
        self._over_keys = AESSIV(hmac.digest(secret, _KEYS, "sha512"))
        self._new_secret = new_secret
        self._cipher = lru_cache(maxsize=256)(self._open_key)

    def new_key(self, token: str) -> bytes:
        """Return a new key of the person ``token``, as it is kept."""
        key = hashlib.sha512(self._new_secret().encode()).digest()
        return self._over_keys.encrypt(key, [token.encode()])

    def _open_key(self, key: bytes, token: str) -> AESSIV:
        return AESSIV(self._over_keys.decrypt(key, [token.encode()]))

    def seal(self, key: bytes, token: str, content: str) -> str:
        """Return a text sealed under a person's key.

        Args:
            key: The key, as it is kept.
            token: The person.
            content: Not empty.
        """
        sealed = self._cipher(key, token).encrypt(content.encode(), [token.encode()])
        return _MARK + base64.b64encode(sealed).decode()

    def open(self, key: bytes | None, token: str, sealed: str) -> str | None:
        """Return what was sealed; ``None`` without its key, or where it was changed.

        A text that never was sealed, as an older Leadfit wrote it, is returned as it is.
        """
        if not sealed.startswith(_MARK):
            return sealed
        if key is None:
            return None
        try:
            content = base64.b64decode(sealed[len(_MARK) :])
            return self._cipher(key, token).decrypt(content, [token.encode()]).decode()
        except (InvalidTag, ValueError):
            return None
