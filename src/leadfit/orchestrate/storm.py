"""Pages and alerts about breaches that are told to one person together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from leadfit.records import Action, Fact


def together_key(first: Action, number: int) -> str:
    """Return the key of the action that tells of a storm.

    Args:
        first: The notice that was due first.
        number: How many there are.
    """
    return first.key if number == 1 else f"{first.key}/and-{number - 1}-more"


def tell_together(notices: Sequence[Action], *, now: datetime, key: str | None = None) -> Action:
    """Return the one action that tells a person of all ``notices``.

    Args:
        notices: Of one person, kind and destination, in the order in which they were due; each
            about one lead.
        now: When they are told.
        key: Key of the action, where it was settled before; some may have been withdrawn since.

    Returns:
        The only notice itself; or an action of no single lead, whose fields name the number of
        breaches, every lead, the highest tier and since when the first waits. Its key is made of
        that of the first, so that the same notices always have the same.
    """
    first = notices[0]
    if len(notices) == 1 and key in (None, first.key):
        return first
    leads = tuple(dict.fromkeys(each.lead_id for each in notices))
    fields: dict[str, Fact] = {
        "breaches": len(notices),
        "lead_count": len(leads),
        "leads": ", ".join(leads),
    }
    since = [at for each in notices if isinstance(at := each.fields.get("due_at"), str)]
    if since:
        fields["due_at"] = min(since)
    tiers = [tier for each in notices if isinstance(tier := each.fields.get("tier"), int)]
    if tiers:
        fields["tier"] = min(tiers)
    return Action(
        key=key or together_key(first, len(notices)),
        kind=first.kind,
        destination=first.destination,
        lead_id="",
        assignment_id=None,
        due_at=now,
        recipients=first.recipients,
        fields=fields,
    )
