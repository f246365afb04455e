"""Which leads a list holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from leadfit.records import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFilter:
    """Which leads a list holds: those for which everything that is set is so.

    Attributes:
        tier: They have this tier.
        owner_id: They have this owner.
        is_open: They are open, or closed.
        since: They were created then or later.
        account_ids: They are of one of these accounts, or of one merged with it.
        contact_ids: They are of one of these contacts, or of one merged with it.
        is_unassigned: They are open and have no owner.
        is_breached: A clock of theirs ran out, whenever that was.
        is_untouched: They are open and nobody touched them yet.
        seen_owners: They have no owner, or one of these.
    """

    tier: Tier | None = None
    owner_id: str | None = None
    is_open: bool | None = None
    since: datetime | None = None
    account_ids: tuple[str, ...] | None = None
    contact_ids: tuple[str, ...] | None = None
    is_unassigned: bool = False
    is_breached: bool = False
    is_untouched: bool = False
    seen_owners: tuple[str, ...] | None = None
