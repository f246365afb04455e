"""Pages and alerts about breaches that are told to one person together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from leadfit.records import Action, Fact


def tell_together(notices: Sequence[Action], *, now: datetime) -> Action:
    """Return the one action that tells a person of all ``notices``.

    Args:
        notices: Of one person, kind and destination, in the order in which they were due; each
            about one lead.
        now: When they are told.

    Returns:
        The only notice itself; or an action of no single lead, whose fields name the number of
        breaches, every lead, the highest tier and since when the first waits. Its key is made of
        that of the first, so that the same notices always have the same.
    """
    first = notices[0]
    if len(notices) == 1:
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
        key=f"{first.key}/and-{len(notices) - 1}-more",
        kind=first.kind,
        destination=first.destination,
        lead_id="",
        assignment_id=None,
        due_at=now,
        recipients=first.recipients,
        fields=fields,
    )
