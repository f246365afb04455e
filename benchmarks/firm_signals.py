"""Signals of as many contacts at a few firms: every one opens a lead."""

from __future__ import annotations

from collections.abc import Sequence

from leadfit.world import SystemWorld

FIRMS = 97


def firm_signals(many: int, kinds: Sequence[str]) -> list[dict[str, object]]:
    """Return the bodies of this many signals, of these kinds in turn."""
    at = f"{SystemWorld().now():%Y-%m-%dT%H:%M:%SZ}"
    return [
        {
            "source": "form",
            "event_id": f"event-{number}",
            "kind": kinds[number % len(kinds)],
            "at": at,
            "identifiers": {"email": f"jo{number}@firm{number % FIRMS}.com"},
            "facts": {"employees": 500, "industry": "software"},
        }
        for number in range(many)
    ]
