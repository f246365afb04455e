"""A lead with everything its page shows, and its row in a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from leadfit.records import (
    Account,
    Action,
    Band,
    Clock,
    ClockKind,
    Contact,
    Decision,
    Lead,
    Match,
    Reason,
    Score,
    Tier,
)
from leadfit.report import words

View = dict[str, object]

TIER_TONES: Final = {Tier.ONE: "bad", Tier.TWO: "info", Tier.THREE: "still"}

TIER_WORDS: Final = {Tier.ONE: "Tier 1", Tier.TWO: "Tier 2", Tier.THREE: "Tier 3"}

BAND_TONES: Final = {Band.AUTO: "good", Band.REVIEW: "warn", Band.NEW: "still"}

BAND_WORDS: Final = {Band.AUTO: "linked", Band.REVIEW: "needs review", Band.NEW: "new account"}

CLOCK_WORDS: Final = {
    ClockKind.SIGNAL_TO_ASSIGNMENT: "From signal to owner",
    ClockKind.ASSIGNMENT_TO_TOUCH: "From owner to first touch",
    ClockKind.SIGNAL_TO_TOUCH: "From signal to first touch",
}

STATE_TONES: Final = {
    "done": "good",
    "pending": "info",
    "sending": "info",
    "refused": "bad",
    "dead": "bad",
    "cancelled": "still",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """A clock and how it ended, if it did."""

    clock: Clock
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    breached_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionLine:
    """A queued action and how far it has come."""

    action: Action
    state: str
    attempts: int = 0
    error: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidLine:
    """What a person said or did about a lead."""

    what: str
    by: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountIcp:
    """The learned score of a lead's account, with its version and age."""

    score: float
    detractor: float
    flagged: bool
    artifact_digest: str
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """A review that waits, of a lead."""

    review_id: str
    probability: float
    due_at: datetime | None = None
    is_about_the_account: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSheet:
    """A lead with everything its page shows.

    Attributes:
        reviews: What a person is asked about its match.
        decisions: Every decision about it, newest first.
        reasons: Why it has this owner, or none, now.
    """

    lead: Lead
    account: Account | None = None
    contact: Contact | None = None
    match: Match | None = None
    score: Score | None = None
    possible_account_id: str | None = None
    touched_at: datetime | None = None
    clocks: Sequence[ClockLine] = ()
    actions: Sequence[ActionLine] = ()
    said: Sequence[SaidLine] = ()
    reasons: Sequence[Reason] = ()
    decisions: Sequence[Decision] = ()
    icp: AccountIcp | None = None
    reviews: Sequence[OpenReview] = ()


def lead_path(lead_id: str) -> str:
    """Return the address of a lead's page.

    >>> lead_path("lead/1 a")
    '/leads/lead%2F1%20a'
    """
    return f"/leads/{quote(lead_id, safe='')}"


def title_of(sheet: LeadSheet) -> str:
    """Return what a lead is called: its account, else its contact, else its id."""
    if sheet.account is not None:
        return words.short(sheet.account.name, 90)
    return name_of(sheet.contact) or words.short(sheet.lead.lead_id, 60)


def name_of(contact: Contact | None) -> str | None:
    """Return the name of a contact, else its address."""
    if contact is None:
        return None
    name = words.short(" ".join(p for p in (contact.first_name, contact.last_name) if p), 80)
    return name or (words.short(contact.email, 80) if contact.email else None)


def list_row(sheet: LeadSheet, now: datetime) -> View:
    """Return a lead as a row of a list shows it."""
    lead, match = sheet.lead, sheet.match
    title, contact = title_of(sheet), name_of(sheet.contact)
    running = [line for line in sheet.clocks if line.stopped_at is None and line.clock.due_at]
    next_due = min(running, key=lambda line: line.clock.due_at or now, default=None)
    score = None if sheet.score is None else sheet.score.total
    return {
        "href": lead_path(lead.lead_id),
        "title": title,
        "contact": contact if contact != title else None,
        "owner": words.short(lead.owner_id, 60) if lead.owner_id else None,
        "tier": TIER_WORDS[lead.tier] if lead.tier else None,
        "tier_tone": TIER_TONES[lead.tier] if lead.tier else "still",
        "score": None if score is None else f"{score:.0f}",
        "score_share": 0 if score is None else max(0.0, min(100.0, round(score, 1))),
        "band": BAND_WORDS[match.band] if match else None,
        "band_tone": BAND_TONES[match.band] if match else "still",
        "probability": words.percent(match.probability, 0)
        if match and match.band is not Band.NEW
        else None,
        "age": words.lasting(now - lead.created_at),
        "created_at": words.moment(lead.created_at),
        "is_open": lead.is_open,
        "clock": clock_view(next_due, now) if next_due else None,
    }


def clock_view(line: ClockLine, now: datetime) -> View:
    """Return a clock in words: what is left of it, or how it ended."""
    clock = line.clock
    if line.stopped_at is not None:
        state = f"stopped after {words.lasting(line.stopped_at - clock.started_at)}"
        tone = "good" if line.breached_at is None else "bad"
        by = f" ({words.plain(line.stopped_by)})" if line.stopped_by else ""
        state += by
    elif clock.due_at is None:
        state, tone = f"running for {words.lasting(now - clock.started_at)}", "still"
    elif clock.due_at < now:
        state, tone = f"overdue by {words.lasting(now - clock.due_at)}", "bad"
    else:
        state, tone = f"{words.lasting(clock.due_at - now)} left", "info"
    return {
        "name": CLOCK_WORDS[clock.kind],
        "state": state,
        "tone": tone,
        "started_at": words.moment(clock.started_at),
        "due_at": words.moment(clock.due_at) if clock.due_at else "only measures",
        "breached_at": words.moment(line.breached_at) if line.breached_at else None,
    }
