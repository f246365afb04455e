"""Signals as a form or a site posts them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

Body = dict[str, object]


def body(
    number: int,
    kind: str,
    at: datetime,
    email: str,
    facts: Mapping[str, object] | None = None,
    /,
    *,
    source: str = "web-form",
    **identifiers: str,
) -> Body:
    """Return the body of a signal; ``number`` tells it from others of the same source."""
    return {
        "source": source,
        "event_id": f"event-{number}",
        "kind": kind,
        "at": at.isoformat(),
        "identifiers": {"email": email, **identifiers},
        "facts": dict(facts or {}),
    }
