"""The pages of the review queue as text. The caller hands over what was found; see ``live``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from leadfit.records import Reason
from leadfit.report import words
from leadfit.report.lead_sheet import lead_path
from leadfit.report.render import render
from leadfit.resolve.pairs.side_by_side import Agreement, ComparedField, heaviest_first

View = dict[str, object]

KINDS: Final = {
    "link": "Which account is this lead of?",
    "duplicate": "Are these two one?",
    "audit": "Was this link right?",
    "missed": "Was a link missed?",
}
SHORT_KINDS: Final = {
    "link": "lead in doubt",
    "duplicate": "duplicate",
    "audit": "audit of a link",
    "missed": "audit of a miss",
}
ANSWERS: Final = (("same", "Same"), ("related", "Related"), ("different", "Different"))
VERDICTS: Final = {
    Agreement.SAME: ("equal", "good"),
    Agreement.ALIKE: ("equal in normal form", "good"),
    Agreement.SHARED: ("some shared", "info"),
    Agreement.DIFFERENT: ("different", "bad"),
    Agreement.ONE_SIDED: ("", "still"),
    Agreement.BESIDE: ("", "still"),
}
_FIELDS: Final = {"first_name": "first name", "last_name": "last name", "parent": "parent account"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSheet:
    """One of the two records; a hidden one has no id, and somebody to ask."""

    what: str
    title: str
    record_id: str | None = None
    is_hidden: bool = False
    ask: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSheet:
    """A review with everything its page shows.

    Attributes:
        waits: Its lead has no owner until it is decided.
        answers: What each answer will do, by its word; empty once it is decided.
        decided: In words what was decided, by whom and when; ``None`` while it is open.
    """

    review_id: str
    kind: str
    probability: float
    opened_at: datetime
    left: SideSheet
    right: SideSheet
    due_at: datetime | None = None
    lead_id: str | None = None
    waits: bool = False
    rows: Sequence[ComparedField] = ()
    evidence: Sequence[Reason] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    decided: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What a person typed into the form before it was refused, without the key."""

    fault: str | None = None
    by: str = ""
    reason: str = ""


def queue_page(
    sheets: Sequence[ReviewSheet],
    *,
    now: datetime,
    kind: str | None = None,
    after: str | None = None,
    has_more: bool = False,
) -> str:
    """Return the page of reviews that wait, those due first.

    Args:
        sheets: The reviews of this page.
        now: For ages and the time left.
        kind: The kind asked for.
        after: The review this page begins after; ``None`` on the first page.
        has_more: There are reviews behind these.
    """
    asked = {"kind": kind} if kind else {}
    following = None
    if has_more and sheets:
        following = "/reviews?" + urlencode(asked | {"after": sheets[-1].review_id})
    return render(
        "queue.html",
        {
            "here": "reviews",
            "title": "Reviews",
            "rows": [_line(sheet, now) for sheet in sheets],
            "kinds": SHORT_KINDS.items(),
            "kind": kind,
            "following": following,
            "first": ("/reviews?" + urlencode(asked) if asked else "/reviews") if after else None,
        },
    )


def review_page(sheet: ReviewSheet, *, now: datetime, entered: Entered | None = None) -> str:
    """Return the page of one review: both records, the evidence, and a form to decide."""
    rows = [_row(row) for row in sheet.rows]
    return render(
        "sides.html",
        {
            "here": "reviews",
            "title": KINDS[sheet.kind],
            "line": _line(sheet, now),
            "sheet": sheet,
            "lead": None if sheet.lead_id is None else lead_path(sheet.lead_id),
            "compared": [row for row in rows if not row["is_quiet"]],
            "beside": [row for row in rows if row["is_quiet"]],
            "evidence": [words.short(each.words, 240) for each in heaviest_first(sheet.evidence)],
            "answers": [
                (word, name, words.sentence(sheet.answers[word]))
                for word, name in ANSWERS
                if word in sheet.answers
            ],
            "entered": entered or Entered(),
        },
    )


def review_path(review_id: str) -> str:
    """Return the address of a review's page.

    >>> review_path("review_1")
    '/reviews/review_1'
    """
    return f"/reviews/{quote(review_id, safe='')}"


def due(due_at: datetime | None, now: datetime) -> tuple[str, str]:
    """Return when something is due in words, and the tone of that."""
    if due_at is None:
        return "no rush", "still"
    left = words.lasting(due_at - now)
    return (f"overdue by {left}", "bad") if due_at < now else (f"{left} left", "info")


def _line(sheet: ReviewSheet, now: datetime) -> View:
    state, tone = due(sheet.due_at, now)
    if sheet.decided is not None:
        state, tone = "decided", "good"
    return {
        "href": review_path(sheet.review_id),
        "kind": SHORT_KINDS[sheet.kind],
        "left": words.short(sheet.left.title, 80),
        "right": words.short(sheet.right.title, 80),
        "what": sheet.left.what,
        "probability": words.percent(sheet.probability),
        "due": state,
        "due_tone": tone,
        "age": words.lasting(now - sheet.opened_at),
        "opened_at": words.moment(sheet.opened_at),
        "waits": sheet.waits,
        "evidence": words.short(
            "; ".join(each.words for each in heaviest_first(sheet.evidence)[:2]), 140
        ),
    }


def _row(row: ComparedField) -> View:
    verdict, tone = VERDICTS[row.verdict]
    name = row.field.removeprefix("facts.")
    return {
        "field": words.short(_FIELDS.get(name, name).replace("_", " "), 60),
        "left": None if row.left is None else words.short(row.left, 300),
        "right": None if row.right is None else words.short(row.right, 300),
        "verdict": verdict,
        "tone": tone,
        "is_quiet": row.verdict in {Agreement.ONE_SIDED, Agreement.BESIDE},
    }
