"""The message that tells people in the chat of something: one shape for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from leadfit.records import Action, Facts


def alert(
    key: str,
    *,
    to: Iterable[str],
    fields: Facts,
    now: datetime,
    lead_id: str = "",
    assignment_id: str | None = None,
    is_notice: bool = False,
) -> Action:
    """Return an alert that is due now.

    Args:
        key: Idempotency key; the same one is never told twice.
        to: Rep ids.
        fields: What is told, without personal data.
        now: The time of the decision.
        lead_id: Empty where no single lead is concerned.
        assignment_id: The assignment it is about, if any.
        is_notice: It tells of a breach; those of a storm are told to a person together.
    """
    return Action(
        key=key,
        kind="alert",
        destination="chat",
        lead_id=lead_id,
        assignment_id=assignment_id,
        due_at=now,
        recipients=tuple(to),
        fields=fields,
        is_notice=is_notice,
    )
