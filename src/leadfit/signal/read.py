"""Reads the body of one signal and names every fault in it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from leadfit.errors import Fault, Words, shorten
from leadfit.policy import Policy
from leadfit.records import Fact, Identifiers, Kind, Refusal, Signal

_KEYS = ("source", "event_id", "kind", "at", "identifiers", "facts", "text")
_REQUIRED = ("source", "event_id", "kind", "at", "identifiers")
_IDENTIFIERS = tuple(field.name for field in fields(Identifiers))
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_LONGEST_ID = 200
_LONGEST_IDENTIFIER = 320
_LONGEST_FACT_NAME = 100
_LARGEST_INT = 2**53
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# C0 and C1 controls, bidirectional overrides and lone surrogates: never part of a name or an id.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BAD_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(slots=True)
class _Reading:
    """A reading under way, with the faults so far."""

    policy: Policy
    now: datetime
    faults: list[Fault]

    def fault(self, place: str, came: object, allowed: str) -> None:
        self.faults.append(Fault(place=place, came=shorten(came), allowed=allowed))


_NOTHING = Words("nothing")


def read(body: object, policy: Policy, *, now: datetime, signal_id: str) -> Signal | Refusal:
    """Read one parsed JSON body.

    Args:
        body: An object with ``source``, ``event_id``, ``kind``, ``at``, ``identifiers`` and
            perhaps ``facts`` and ``text``; anything else is refused.
        policy: Its ``signal`` rules give the limits.
        now: When the signal reached us; aware.
        signal_id: The id it gets.

    Returns:
        The signal, or a refusal that names every fault with its place, such as
        ``identifiers.email``. ``at`` without a zone is taken as UTC.
    """
    reading = _Reading(policy, now, [])
    if isinstance(body, Refusal):
        return body
    if not _is_object(body):
        reading.fault("body", body, "an object")
        return Refusal(faults=tuple(reading.faults))
    _keys(reading, "", body, _KEYS)
    for key in _REQUIRED:
        if body.get(key) is None:
            reading.fault(key, _NOTHING, "a value; this key is required")
    source = _source(reading, body.get("source"))
    event_id = _line(reading, "event_id", body.get("event_id"), _LONGEST_ID)
    kind = _kind(reading, body.get("kind"))
    at = _at(reading, body.get("at"))
    identifiers = _identifiers(reading, body.get("identifiers"))
    facts = _facts(reading, body.get("facts"))
    text = _text(reading, body.get("text"))
    if reading.faults or kind is None or at is None or source is None or event_id is None:
        return Refusal(faults=tuple(reading.faults))
    return Signal(
        signal_id=signal_id,
        source=source,
        event_id=event_id,
        kind=kind,
        at=at,
        received_at=now.astimezone(UTC),
        identifiers=identifiers,
        facts=facts,
        text=text,
    )


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _keys(
    reading: _Reading, inside: str, found: Mapping[str, object], allowed: tuple[str, ...]
) -> None:
    for key in found:
        if key not in allowed:
            reading.fault(
                f"{inside}{_shown(key)}", Words("an unknown key"), f"the keys {', '.join(allowed)}"
            )


def _shown(key: str) -> str:
    """Return a sender's key as it may stand in a place."""
    return _CONTROL.sub("?", key)[:60] or "''"


def _line(reading: _Reading, place: str, value: object, longest: int) -> str | None:
    """Read a short text: trimmed, without control characters; blank is nothing."""
    if value is None:
        return None
    allowed = f"text of 1 to {longest} characters without control characters"
    if not isinstance(value, str):
        reading.fault(place, value, allowed)
        return None
    trimmed = value.strip()
    if not trimmed or len(trimmed) > longest or _CONTROL.search(trimmed):
        reading.fault(place, value, allowed)
        return None
    return trimmed


def _source(reading: _Reading, value: object) -> str | None:
    line = _line(reading, "source", value, 64)
    if line is not None and _SOURCE.fullmatch(line) is None:
        reading.fault("source", value, "letters, digits, dot, colon, slash, dash, underscore")
        return None
    return line


def _kind(reading: _Reading, value: object) -> Kind | None:
    if value is None:
        return None
    try:
        return Kind(value)  # type: ignore[arg-type] # anything else is refused below
    except ValueError:
        reading.fault("kind", value, f"one of {', '.join(kind.value for kind in Kind)}")
        return None


def _at(reading: _Reading, value: object) -> datetime | None:
    if value is None:
        return None
    allowed = "a time such as 2026-03-02T09:00:00Z"
    if not isinstance(value, str) or len(value) > 64 or "T" not in value.upper().replace(" ", "T"):
        reading.fault("at", value, allowed)
        return None
    try:
        at = datetime.fromisoformat(value.strip())
        at = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        reading.fault("at", value, allowed)
        return None
    ahead = timedelta(minutes=reading.policy.signal.future_minutes)
    if not _EARLIEST <= at <= reading.now + ahead:
        latest = f"{reading.policy.signal.future_minutes:g} minutes from now"
        reading.fault("at", value, f"a time from 1970 to {latest}")
        return None
    return at


def _identifiers(reading: _Reading, value: object) -> Identifiers:
    if value is None:
        return Identifiers()
    if not _is_object(value):
        reading.fault("identifiers", value, f"an object with {', '.join(_IDENTIFIERS)}")
        return Identifiers()
    _keys(reading, "identifiers.", value, _IDENTIFIERS)
    before = len(reading.faults)
    found: dict[str, str | None] = {}
    for name in _IDENTIFIERS:
        given = value.get(name)
        if isinstance(given, str) and not given.strip():
            given = None  # forms send empty fields
        found[name] = _line(reading, f"identifiers.{name}", given, _LONGEST_IDENTIFIER)
    if not any(found.values()) and len(reading.faults) == before:
        reading.fault("identifiers", _NOTHING, f"at least one of {', '.join(_IDENTIFIERS)}")
    return Identifiers(**found)


def _facts(reading: _Reading, value: object) -> dict[str, Fact]:
    if value is None:
        return {}
    if not _is_object(value):
        reading.fault("facts", value, "an object of names and plain values")
        return {}
    limit = reading.policy.signal.max_facts
    if len(value) > limit:
        reading.fault("facts", Words(f"{len(value)} facts"), f"at most {limit} facts")
        return {}
    return {name: _fact(reading, name, each) for name, each in value.items()}


def _fact(reading: _Reading, name: str, value: object) -> Fact:
    place = f"facts.{_shown(name)}"
    if not name.strip() or len(name) > _LONGEST_FACT_NAME or _CONTROL.search(name):
        allowed = f"names of 1 to {_LONGEST_FACT_NAME} characters without control characters"
        reading.fault(place, name, allowed)
    if isinstance(value, str):
        longest = reading.policy.signal.max_fact_characters
        if len(value) > longest or _BAD_IN_TEXT.search(value):
            allowed = f"at most {longest} characters without control characters"
            reading.fault(place, value, allowed)
    elif isinstance(value, float):
        if not math.isfinite(value):
            reading.fault(place, value, "a finite number")
    elif isinstance(value, int):
        if abs(value) > _LARGEST_INT:
            reading.fault(place, Words("a larger number"), f"at most {_LARGEST_INT}")
    elif value is not None:
        reading.fault(place, value, "text, a number, true, false or null")
    return value if isinstance(value, str | int | float) else None


def _text(reading: _Reading, value: object) -> str | None:
    if value is None:
        return None
    longest = reading.policy.signal.max_text_characters
    if not isinstance(value, str) or len(value) > longest or _BAD_IN_TEXT.search(value):
        allowed = f"text of at most {longest} characters without control characters"
        reading.fault("text", value, allowed)
        return None
    return value
