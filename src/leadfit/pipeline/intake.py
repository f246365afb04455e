"""What is kept of intake beside the log: counts by source and hour, and what could not be taken."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from leadfit.records import Identifiers, Signal
from leadfit.store import Session
from leadfit.store.intake import RefusedSignal, SourceHour


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the hour in UTC.

    >>> hour_of(datetime(2026, 3, 2, 9, 59, tzinfo=UTC)).isoformat()
    '2026-03-02T09:00:00+00:00'
    """
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def count(session: Session, signals: Iterable[Signal]) -> None:
    """Count new signals by source and hour, with those that lack what they are matched by."""
    received: Counter[tuple[str, datetime]] = Counter()
    without_email: Counter[tuple[str, datetime]] = Counter()
    without_key: Counter[tuple[str, datetime]] = Counter()
    for each in signals:
        place = each.source, hour_of(each.received_at)
        received[place] += 1
        without_email[place] += each.identifiers.email is None
        without_key[place] += not _has_key(each.identifiers)
    if received:
        session.intake.count(
            SourceHour(
                source=source,
                hour=hour,
                received=received[source, hour],
                without_email=without_email[source, hour],
                without_key=without_key[source, hour],
            )
            for source, hour in sorted(received)
        )


def _has_key(told: Identifiers) -> bool:
    keys = (told.email, told.domain, told.phone, told.account_id, told.contact_id, told.lead_id)
    return any(each is not None for each in keys)


def keep_conflict(session: Session, came: Signal, body: bytes, email: str | None) -> None:
    """Keep a body whose event id came before with another one, for a person to look at."""
    reason = "the event id came before with another body"
    session.intake.refuse(
        RefusedSignal(
            key=refused_key(came.source, body),
            at=came.received_at,
            source=came.source,
            event_id=came.event_id,
            code="conflict",
            reason=reason,
            body=body.decode(),
        ),
        email,
    )


def refused_key(source: str, body: bytes) -> str:
    """Return the key under which the same body of the same source is kept once."""
    return hashlib.sha256(source.encode() + b"\0" + body).hexdigest()
