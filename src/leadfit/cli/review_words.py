"""Reviews and merges in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from leadfit.cli.output import table
from leadfit.pipeline import Joined, Side, Sides
from leadfit.records import Account
from leadfit.resolve.pairs.side_by_side import (
    Agreement,
    account_values,
    contact_values,
    decide_by,
    heaviest_first,
)
from leadfit.store.matching import Merge, ReviewKind

_WIDEST: Final = 40
KINDS: Final = {
    ReviewKind.LINK: "link",
    ReviewKind.DUPLICATE: "duplicate",
    ReviewKind.AUDIT: "audit",
    ReviewKind.MISSED: "missed?",
    ReviewKind.STATED: "stated",
}
_MARKS: Final = {
    Agreement.SAME: "=",
    Agreement.ALIKE: "~",
    Agreement.SHARED: "~",
    Agreement.DIFFERENT: "differs",
    Agreement.ONE_SIDED: "",
    Agreement.BESIDE: "",
}


def queue_words(page: Sequence[Sides], following: str | None, now: datetime) -> str:
    """Return a page of the queue as a table, those due first."""
    if not page:
        return "nothing waits for a review"
    rows: list[Sequence[object]] = [
        ("REVIEW", "DUE", "AGE", "KIND", "PROBABILITY", "IN QUESTION", "MAY BE", "EVIDENCE")
    ]
    rows += [
        (
            each.review.review_id,
            _due(each, now),
            lasting(now - each.review.opened_at),
            KINDS[each.review.kind],
            f"{each.review.probability:.3f}",
            _short(each.left.title),
            _short(each.right.title),
            _short("; ".join(reason.words for reason in heaviest_first(each.review.evidence)[:2])),
        )
        for each in page
    ]
    lines = [table(rows)]
    if following is not None:
        lines.append(f"more: leadfit review --after {following}")
    lines.append("open one: leadfit review REVIEW")
    return "\n".join(lines)


def review_words(found: Sides, now: datetime, *, whole: bool = False) -> str:
    """Return a review: both records side by side, the evidence, and what each answer will do.

    Args:
        found: The review.
        now: For how old it is, and when it is due.
        whole: Show every field, those that speak for nothing as well.
    """
    review = found.review
    opened = f"opened {lasting(now - review.opened_at)} ago, due {_due(found, now)}"
    chance = f"probability {review.probability:.3f}"
    lines = [f"{review.review_id}: {KINDS[review.kind]}, {chance}, {opened}"]
    if review.lead_id is not None:
        owner = "waits for an owner" if found.waits else "has an owner meanwhile"
        lines.append(f"Lead {review.lead_id} {owner}")
    lines.append("")
    lines += [_side("In question", found.left), _side("May be", found.right)]
    if found.rows:
        lines += ["", *_rows(found, whole=whole)]
    if review.evidence:
        lines += ["", "Evidence"]
        lines += [f"  {_line(each.words)}" for each in heaviest_first(review.evidence)]
    if review.decided_at is not None and review.relation is not None:
        lines += ["", f"Decided: {review.relation.value} by {review.reviewer or 'somebody'}"]
        if review.reason:
            lines.append(f"  {_line(review.reason)}")
    elif review.decided_at is not None:
        lines += ["", f"Ended without an answer: {_line(review.reason or 'nobody gave one')}"]
    if found.answers:
        lines += ["", "What each answer will do"]
        lines += [f"  --{each.value:<9} {_line(words)}" for each, words in found.answers.items()]
    return "\n".join(lines)


def _rows(found: Sides, *, whole: bool) -> Iterator[str]:
    shown = found.rows if whole else decide_by(found.rows)
    rows: list[Sequence[object]] = [("", "IN QUESTION", "MAY BE", "")]
    rows += [
        (row.field, _short(row.left or "-"), _short(row.right or "-"), _MARKS[row.verdict])
        for row in shown
    ]
    yield table(rows)
    left_out = len(found.rows) - len(shown)
    if left_out:
        yield f"{left_out} more fields, which speak for nothing: --all shows them"


def _side(name: str, side: Side) -> str:
    if side.is_hidden:
        whom = ", ".join(side.ask) or "an admin"
        return f"{name:<12} {side.title}; ask {whom}"
    return f"{name:<12} {side.what} {side.record_id}: {_line(side.title)}"


def preview_words(joined: Joined) -> str:
    """Return a merged record with where each value is from."""
    record = joined.record
    is_account = isinstance(record, Account)
    values = account_values(record) if isinstance(record, Account) else contact_values(record)
    record_id = record.account_id if isinstance(record, Account) else record.contact_id
    others = ", ".join(joined.members[1:])
    rows: list[Sequence[object]] = [
        (name, _short(value), _sources(joined, name)) for name, value in values.items()
    ]
    what = "account" if is_account else "contact"
    lines = [f"{what} {record_id} stands for {others}, too", table(rows, indent="  ")]
    if joined.gives_way is not None:
        lines.append(f"  lead {joined.gives_way} gives way to the older lead of the same person")
    return "\n".join(lines)


_FIELDS: Final = {
    "parent": "parent_account_id",
    "owner": "owner_id",
    "created": "created_at",
    "account": "account_id",
}


def _sources(joined: Joined, name: str) -> str:
    if name == "domains":
        found = [
            source for field, source in joined.provenance.items() if field.startswith("domains.")
        ]
        return "from " + ", ".join(dict.fromkeys(found))
    source = joined.provenance.get(_FIELDS.get(name, name))
    return "" if source is None else f"from {source}"


def merge_words(found: Sequence[Merge]) -> str:
    """Return merges, one on a line, with who made them and who took them back."""
    return "\n".join(_merge(each) for each in found)


def _merge(made: Merge) -> str:
    words = (
        f"{made.merge_id}: {made.record_kind.value} {made.absorbed_id} into {made.survivor_id} "
        f"by {_line(made.by)}, {made.merged_at:%Y-%m-%d %H:%M} UTC"
    )
    if made.reason:
        words += f" ({_line(made.reason)})"
    if made.undone_at is not None:
        why = f" ({_line(made.undone_reason)})" if made.undone_reason else ""
        words += f"; taken back by {_line(made.undone_by or 'somebody')}, "
        words += f"{made.undone_at:%Y-%m-%d %H:%M} UTC{why}"
    return words


def _due(found: Sides, now: datetime) -> str:
    due_at = found.review.due_at
    if found.review.decided_at is not None:
        return "no more"
    if due_at is None:
        return "no rush"
    left = lasting(abs(due_at - now))
    return f"in {left}" if due_at > now else f"{left} ago"


def lasting(passed: timedelta) -> str:
    """Return a length of time in hours and minutes, from two days on in days.

    >>> lasting(timedelta(hours=23, minutes=5)), lasting(timedelta(days=3))
    ('23 h 05 min', '3 d')
    """
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} d"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


def _line(text: str) -> str:
    """Return text as one line a terminal cannot be steered by."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _short(text: str) -> str:
    shown = _line(text)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "\u2026"
