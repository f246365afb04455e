"""What a person reads about an action: enough to act on, and nothing a sender could slip in.

Texts from outside are cut, made one line and never carry control characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadfit.bounds import percent
from leadfit.connectors.base import INSTEAD, REPEAT, Brief
from leadfit.records import Action

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
# What fits into a line of a chat or a task.
_LETTERS: Final = 120
_REASONS: Final = 3
_OWN_WORDS: Final = 200
_SAID: Final = {
    "alert": "New lead",
    "task": "Work this lead",
    "call_script": "Call this lead",
    "page": "Nobody has touched this lead in time",
    "incident": "A lead was not touched in time",
    "pause_sequence": "Pause automated mails",
    "sequence": "Begin the mail sequence",
    "linkedin": "Send a LinkedIn request",
    "nurture": "Begin the nurture",
    "retarget": "Show ads",
    "recycle_check": "Look at this lead again",
}
_MAY_REPEAT: Final = "(may be a repeat) "


def clean(text: str, limit: int = _LETTERS) -> str:
    r"""Return one line without control characters, cut to ``limit`` characters.

    >>> clean("Acme\r\nBcc: all")
    'Acme Bcc: all'
    """
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def headline(action: Action, brief: Brief, limit: int = 250) -> str:
    """Return one line: what it is about, how urgent, and until when."""
    parts = [_said(action)]
    if brief.tier is not None:
        parts.append(f"Tier {brief.tier}")
    who = ", ".join(clean(each) for each in (brief.contact, brief.account) if each)
    if who:
        parts.append(who)
    if brief.due_at is not None:
        parts.append(f"first touch by {local(brief)}")
    repeat = _MAY_REPEAT if action.fields.get(REPEAT) else ""
    return clean(repeat + " · ".join(parts), limit)


def _said(action: Action) -> str:
    """Say what it is about: an alert may be of no new lead, or of many."""
    fields = action.fields
    many, waited, limit = (
        fields.get(name) for name in ("lead_count", "waited_minutes", "limit_minutes")
    )
    if isinstance(own := fields.get("words"), str):
        return clean(own, _OWN_WORDS)
    if isinstance(many, int) and many > 1:
        return f"Nobody has touched {many} leads in time"
    if isinstance(waited, int | float) and isinstance(limit, int | float):
        return f"A lead waited {waited:.0f} minutes for its first owner, not {limit:g}"
    if fields.get("clock") is not None:
        return "A clock ran out"
    if fields.get("loop") is not None:
        return "A field goes round in a loop: another system undoes what we write"
    return _SAID.get(action.kind, action.kind.replace("_", " "))


def local(brief: Brief) -> str:
    """Return the deadline on the owner's wall, with the name of the zone."""
    assert brief.due_at is not None  # noqa: S101 -- asked for only where there is one
    zone = brief.owner.timezone if brief.owner is not None else "UTC"
    try:
        return f"{brief.due_at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} ({zone})"
    except (ZoneInfoNotFoundError, ValueError):
        return f"{brief.due_at:%a %d %b %H:%M} (UTC)"


def details(action: Action, brief: Brief) -> Iterator[tuple[str, str]]:
    """Yield what else is known, as names and values, the most useful first."""
    known: tuple[tuple[str, str | None], ...] = (
        ("Contact", _joined(brief.contact, brief.title)),
        ("Phone", brief.phone),
        ("E-mail", brief.email),
        ("Account", _joined(brief.account, brief.domain)),
        ("Owner", brief.owner.name if brief.owner is not None else None),
        ("Score", None if brief.score is None else f"{brief.score:g} of 100"),
        (
            "Chance",
            None if brief.chance is None else f"{percent(brief.chance)} to be won in 90 days",
        ),
        ("Playbook", _text(action, "playbook")),
        ("Loop", _joined(_text(action, "loop"), _text(action, "record"))),
        ("Why", "; ".join(brief.reasons[:_REASONS]) or None),
        ("Instead of", _text(action, INSTEAD)),
        ("Lead", action.lead_id or None),
        ("Leads", _text(action, "leads")),
    )
    for name, value in known:
        if value:
            yield name, clean(value, 400 if name in ("Why", "Leads") else 200)


def _joined(first: str | None, second: str | None) -> str | None:
    return ", ".join(each for each in (first, second) if each) or None


def _text(action: Action, name: str) -> str | None:
    value = action.fields.get(name)
    return value if isinstance(value, str) else None


def day(moment: datetime) -> str:
    """Return the day of a time, as CRMs take it."""
    return f"{moment:%Y-%m-%d}"
