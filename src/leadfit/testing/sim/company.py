"""Who writes to a simulated workspace: senders with their faults, and reps who act or do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random  # noqa: TID251 -- a type; every generator is seeded
from typing import Final

_KINDS: Final = (
    "demo_request", "demo_request", "form_fill", "form_fill", "pricing_view", "calculator",
    "docs_view", "case_study_view", "comparison_view", "blog_view", "content_download",
    "email_open", "email_reply", "intent_topic", "lead",
)  # fmt: skip
_COUNTRIES: Final = ("US", "US", "GB", "DE", "FR", "CA", "JP", "")
_STATES: Final = ("CA", "NY", "WA", "TX", "")
_TITLES: Final = ("VP Sales", "CEO", "RevOps Manager", "Engineer", "Student", "")
_INDUSTRIES: Final = ("software", "fintech", "retail", "healthcare", "manufacturing")
_COURSE: Final = (
    "intent_topic", "intent_topic", "competitor_research", "competitor_research", "pricing_view",
    "calculator", "case_study_view", "case_study_view", "case_study_view", "demo_request",
)  # fmt: skip
"""What a hot sender does; the last opens a lead of the highest tier."""
WAVE: Final = 40
_FREE_MAIL: Final = ("gmail.com", "outlook.com")
_FIRMS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How senders and reps behave, as shares, and how often things happen a day.

    Attributes:
        signals: Signals a day on working days; a fourth of it on others.
        hot: A sender is a good fit who looks at everything and then asks for a demo.
        waves: Campaigns a day that bring forty such at once.
        repeats: A sender sends again although it was told.
        reuses: A sender uses an event id again with another body.
        malformed: A body that must be refused.
        touches: A rep touches the lead; median minutes in ``touch_minutes``.
        rejects: A rep rejects the lead instead.
        crashes: Deaths of the process a day.
        restarts: Orderly restarts a day.
        absences: Reps who go away, a day.
        outages: Outages of a receiver, a day.
    """

    signals: float = 8
    hot: float = 0.1
    waves: float = 0.03
    repeats: float = 0.05
    reuses: float = 0.01
    malformed: float = 0.02
    touches: float = 0.7
    touch_minutes: float = 12
    rejects: float = 0.1
    crashes: float = 0.3
    restarts: float = 0.1
    absences: float = 0.1
    outages: float = 0.15


def body(random: Random, number: int, at: datetime) -> dict[str, object]:
    """Return a signal of somebody at one of a few hundred firms, or of a private person."""
    person, firm = random.randrange(3), random.randrange(_FIRMS)
    email = f"p{person}@firm{firm}.com"
    if random.random() < 0.1:
        email = f"someone{random.randrange(200)}@{random.choice(_FREE_MAIL)}"
    elif random.random() < 0.05:
        email = f"info@firm{firm}.com"
    facts: dict[str, object] = {
        "employees": random.choice((5, 40, 300, 900, 5000)),
        "industry": random.choice(_INDUSTRIES),
        "title": random.choice(_TITLES),
        "state": random.choice(_STATES),
        "country": random.choice(_COUNTRIES),
    }
    if random.random() < 0.3:
        facts["linkedin_profile"] = f"https://linkedin.com/in/p{person}-{firm}"
    return {
        "source": random.choice(("form", "site", "events")),
        "event_id": f"event-{number}",
        "kind": random.choice(_KINDS),
        "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "identifiers": {"email": email, "name": f"Jo{person} Firm{firm}"},
        "facts": {name: value for name, value in facts.items() if value != ""},
    }


def course(random: Random, number: int, at: datetime) -> list[dict[str, object]]:
    """Return the signals of a hot sender, in order; their event ids begin with ``number``."""
    person, firm = random.randrange(9), random.randrange(_FIRMS)
    facts = {
        "employees": 2000, "industry": "software", "title": "VP Sales", "country": "US",
        "state": random.choice(_STATES), "budget_confirmed": True,
    }  # fmt: skip
    return [
        {
            "source": "site",
            "event_id": f"event-{number}-{step}",
            "kind": kind,
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "identifiers": {"email": f"p{person}@firm{firm}.com"},
            "facts": facts,
        }
        for step, kind in enumerate(_COURSE)
    ]


def spoiled(random: Random, good: Mapping[str, object]) -> dict[str, object]:
    """Return a body that must be refused."""
    wrong: tuple[tuple[str, object], ...] = (
        ("kind", "no_such_kind"),
        ("at", "yesterday"),
        ("at", "2999-01-01T00:00:00Z"),
        ("identifiers", {}),
        ("facts", {"employees": {"nested": 1}}),
        ("source", ""),
    )
    key, value = random.choice(wrong)
    return {**good, key: value}


def wait_s(random: Random, a_day: float) -> float:
    """Return seconds until something happens that happens ``a_day`` times a day."""
    return random.expovariate(a_day / 86_400)
