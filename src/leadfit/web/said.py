"""What a small JSON body says, with every fault in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from leadfit.errors import Fault, Words, shorten
from leadfit.web.problems import refused

LONGEST_WORDS: Final = 500
_LONG_NUMBER: Final = 10
BY_KEY: Final = "api"
"""Who it was, where a key says something and names nobody."""

# JSON can spell what no store keeps as text.
_NO_TEXT: Final = re.compile(r"[\x00\ud800-\udfff]")


_LONGEST_KEY: Final = 60


def shown_key(key: str) -> str:
    """Return a sender's key as it may stand in a place: short, and all of it can be printed.

    >>> shown_key("rep_id"), shown_key(chr(10)), shown_key("")
    ('rep_id', '?', "''")
    """
    return "".join(letter if letter.isprintable() else "?" for letter in key[:_LONGEST_KEY]) or "''"


def only_known(given: Iterable[str], known: tuple[str, ...], faults: list[Fault]) -> None:
    """Add a fault to ``faults`` for each name in a query that means nothing here."""
    faults.extend(
        Fault(place=shown_key(name), came="an unknown key", allowed=", ".join(known))
        for name in given
        if name not in known
    )


def row_limit(given: str, most: int, faults: list[Fault], *, name: str = "limit") -> int:
    """Return how many rows a query asks for, at most ``most``; a fault is added to ``faults``."""
    if given.isascii() and given.isdigit() and len(given) < _LONG_NUMBER:
        limit = int(given)
        if 1 <= limit <= most:
            return limit
    faults.append(Fault(place=name, came=shorten(given), allowed=f"1 to {most}"))
    return most


class Said:
    """A small JSON body whose faults are gathered before any is told."""

    def __init__(self, body: object, known: tuple[str, ...]) -> None:
        self._faults: list[Fault] = []
        self._body: dict[str, object] = body if isinstance(body, dict) else {}
        if not isinstance(body, dict):
            self.fault("body", body, "an object")
        for key in self._body:
            if key not in known:
                self.fault(shown_key(key), Words("an unknown key"), " or ".join(known))

    def words(self, key: str, default: str | None = None) -> str:
        """Return the words under a key."""
        value = self._body.get(key, default)
        is_short = isinstance(value, str) and value.strip() and len(value) <= LONGEST_WORDS
        if isinstance(value, str) and is_short and not _NO_TEXT.search(value):
            return value.strip()
        self.fault(key, value, f"1 to {LONGEST_WORDS} characters")
        return ""

    def maybe_words(self, key: str) -> str | None:
        """Return the words under a key, or ``None`` where there are none."""
        return None if self._body.get(key) is None else self.words(key)

    def time(self, key: str) -> datetime | None:
        """Return the time under a key, or ``None`` where there is none."""
        value = self._body.get(key)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            at = None
        if at is None:
            self.fault(key, value, "a time in ISO 8601, such as 2026-03-02T09:00:00Z")
            return None
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

    def check(self) -> None:
        """Refuse the body if anything in it is wrong.

        Raises:
            Problem: 422 with every fault.
        """
        if self._faults:
            raise refused(self._faults)

    def fault(self, place: str, came: object, allowed: str) -> None:
        """Note that something is wrong."""
        self._faults.append(Fault(place=place, came=shorten(came), allowed=allowed))
