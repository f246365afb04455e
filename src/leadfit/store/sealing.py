"""Seals personal values under a key of their person, so that without the key nothing is left.

The cipher is AES-SIV (RFC 5297): authenticated, and safe without a random number for each use. A
person's key is itself sealed under a key that is made from the workspace's secret, so that a copy
of the store alone gives nobody away.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_KEYS: Final = b"leadfit keys of persons 1"
_MARK: Final = "sealed:"
_MOST_OPENED: Final = 4096


class Sealer:
    """Makes keys of persons and seals by them.

    Args:
        secret: The workspace's secret.
        new_secret: Returns an unguessable token of 256 bits.
    """

    def __init__(self, secret: bytes, new_secret: Callable[[], str]) -> None:
        self._over_keys = AESSIV(hmac.digest(secret, _KEYS, "sha512"))
        self._new_secret = new_secret
        self._opened: dict[tuple[bytes, str], AESSIV] = {}

    def new_key(self, token: str) -> bytes:
        """Return a new key of the person ``token``, as it is kept."""
        key = hashlib.sha512(self._new_secret().encode()).digest()
        kept = self._over_keys.encrypt(key, [token.encode()])
        self._note(kept, token, AESSIV(key))
        return kept

    def _cipher(self, key: bytes, token: str) -> AESSIV:
        """Return the cipher of a person; those used of late are kept, since to open one takes time.

        Raises:
            InvalidTag: The key was changed, or sealed by another secret.
        """
        found = self._opened.get((key, token))
        if found is None:
            found = AESSIV(self._over_keys.decrypt(key, [token.encode()]))
            self._note(key, token, found)
        return found

    def _note(self, key: bytes, token: str, cipher: AESSIV) -> None:
        if len(self._opened) >= _MOST_OPENED:
            self._opened.clear()
        self._opened[key, token] = cipher

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
            content = binascii.a2b_base64(sealed[len(_MARK) :])
            return self._cipher(key, token).decrypt(content, [token.encode()]).decode()
        except (InvalidTag, ValueError):
            return None
