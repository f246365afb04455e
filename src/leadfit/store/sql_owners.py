"""Who has open leads, which of them are astray, and what people moved by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from leadfit.records import Tier
from leadfit.store.codec import from_us, maybe_time, to_us
from leadfit.store.owners import OpenLeads, Override, Unowned
from leadfit.store.sql import Connection

# A clock that told whom it had to tell measures on, so the due time alone does not say it runs.
_WAITS: Final = (
    "EXISTS (SELECT 1 FROM clocks WHERE clocks.lead_id = leads.lead_id"
    " AND clocks.kind = 'signal_to_assignment' AND stopped_us IS NULL)"
)
_ASSIGNED: Final = (
    "EXISTS (SELECT 1 FROM assignments WHERE assignments.lead_id = leads.lead_id"
    " AND ended_us IS NULL AND assignments.owner_id = leads.owner_id)"
)
_TIMED: Final = (
    "EXISTS (SELECT 1 FROM assignments JOIN clocks"
    " ON clocks.assignment_id = assignments.assignment_id"
    " WHERE assignments.lead_id = leads.lead_id AND ended_us IS NULL"
    # By the lead, too: there is an index of clocks by it, and none by the assignment.
    " AND clocks.lead_id = leads.lead_id AND clocks.kind = 'assignment_to_touch')"
)
# Text that no index knows: by its index SQLite would walk every lead that ever was, to have them in
# order, and not the open ones alone.
_BY_ID: Final = "leads.lead_id || ''"
_STRAY: Final = (
    "(is_open = 0 OR (clocks.kind = 'assignment_to_touch'"
    " AND NOT EXISTS (SELECT 1 FROM assignments WHERE ended_us IS NULL"
    " AND assignments.assignment_id = clocks.assignment_id)))"
)
# From the index of clocks that run; a cross join and a text that no index knows keep SQLite to it.
_STRAY_CLOCKS: Final = f"""
SELECT clocks.key || '' AS stray FROM clocks CROSS JOIN leads
WHERE leads.lead_id = clocks.lead_id AND stopped_us IS NULL AND {_STRAY} ORDER BY stray LIMIT ?
"""  # noqa: S608 -- fixed texts
# From the indexes of clocks that may fire or are put aside, and of open leads.
_LIVE_STRAY_CLOCKS: Final = f"""
SELECT DISTINCT stray FROM (
    SELECT clocks.key || '' AS stray FROM clocks CROSS JOIN leads
    WHERE leads.lead_id = clocks.lead_id
    AND stopped_us IS NULL AND due_us IS NOT NULL AND {_STRAY}
    UNION ALL
    SELECT clocks.key || '' AS stray FROM clocks CROSS JOIN leads
    WHERE leads.lead_id = clocks.lead_id
    AND stopped_us IS NULL AND aside_us IS NOT NULL AND {_STRAY}
    UNION ALL
    SELECT clocks.key || '' AS stray FROM leads CROSS JOIN clocks
    WHERE clocks.lead_id = leads.lead_id AND is_open = 1 AND stopped_us IS NULL AND {_STRAY}
) AS found ORDER BY stray LIMIT ?
"""  # noqa: S608 -- fixed texts
# Index by index from one owner to the next: there are few owners and many leads.
_OWNERS: Final = """
WITH RECURSIVE found (owner_id) AS (
    SELECT min(owner_id) FROM leads WHERE is_open = 1 AND owner_id IS NOT NULL
    UNION ALL
    SELECT (SELECT min(leads.owner_id) FROM leads
            WHERE is_open = 1 AND leads.owner_id > found.owner_id)
    FROM found WHERE found.owner_id IS NOT NULL
)
SELECT owner_id FROM found WHERE owner_id IS NOT NULL ORDER BY owner_id
"""


class SqlOwners:
    """See :class:`leadfit.store.owners.Owners`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _ids(self, statement: str, *values: object) -> tuple[str, ...]:
        return tuple(row[0] for row in self._connection.execute(statement, values))

    def newest(self, limit: int) -> tuple[str, ...]:
        """Return leads that were decided here, open or not, the newest first."""
        return self._ids(
            "SELECT lead_id FROM leads WHERE is_imported = 0"
            " ORDER BY created_us DESC, lead_id DESC LIMIT ?",
            limit,
        )

    def owners_of_open_leads(self) -> tuple[str, ...]:
        """Return the ids of reps that have open leads, by id."""
        return self._ids(_OWNERS)

    def open_leads_of(self, rep_ids: Sequence[str], limit: int) -> tuple[str, ...]:
        """Return open leads of these reps: untouched ones first, by tier, then the oldest."""
        if not rep_ids:
            return ()
        return self._ids(
            "SELECT lead_id FROM leads WHERE is_open = 1"  # noqa: S608 -- placeholders only
            f" AND owner_id IN ({','.join('?' * len(rep_ids))})"
            " ORDER BY CASE WHEN touched_us IS NULL THEN 0 ELSE 1 END, tier NULLS LAST, signal_us,"
            " lead_id LIMIT ?",
            *rep_ids,
            limit,
        )

    def waiting(self, tier: Tier, before: datetime, limit: int) -> tuple[str, ...]:
        """Return leads of a tier that look for an owner and may have one, the oldest first."""
        # The plus keeps SQLite from the index by tier: it would walk every lead of the tier that
        # ever was, and this is asked for every new one.
        return self._ids(
            "SELECT lead_id FROM leads WHERE is_open = 1 AND owner_id IS NULL AND is_imported = 0"
            " AND (retry_us IS NULL OR retry_us <= ?) AND +tier = ? AND decision_id IS NOT NULL"
            " ORDER BY signal_us, lead_id LIMIT ?",
            to_us(before),
            int(tier),
            limit,
        )

    def wanting_another(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return open leads with an owner for which another one is looked for now."""
        return self._ids(
            "SELECT lead_id FROM leads WHERE is_open = 1 AND owner_id IS NOT NULL"
            " AND retry_us IS NOT NULL AND retry_us <= ?"
            " ORDER BY tier NULLS LAST, signal_us, lead_id LIMIT ?",
            to_us(now),
            limit,
        )

    def look_no_more(self, lead_id: str) -> None:
        """Write that no other owner is looked for."""
        self._connection.execute("UPDATE leads SET retry_us = NULL WHERE lead_id = ?", (lead_id,))

    def unowned(self, limit: int) -> tuple[Unowned, ...]:
        """Return open leads without an owner, by tier, then the oldest."""
        rows = self._connection.execute(
            f"SELECT lead_id, signal_us, {_WAITS}, decision_id IS NOT NULL, retry_us"  # noqa: S608 -- fixed texts
            " FROM leads WHERE is_open = 1 AND owner_id IS NULL"
            " ORDER BY tier NULLS FIRST, signal_us, lead_id LIMIT ?",
            (limit,),
        )
        return tuple(
            Unowned(
                lead_id=lead_id,
                signal_at=from_us(signal_us),
                has_clock=bool(waits),
                has_score=bool(rated),
                retry_at=maybe_time(retry_us),
            )
            for lead_id, signal_us, waits, rated, retry_us in rows
        )

    def without_assignment(self, limit: int) -> tuple[str, ...]:
        """Return open leads whose owner has no present assignment."""
        return self._ids(
            "SELECT lead_id FROM leads WHERE is_open = 1 AND owner_id IS NOT NULL"  # noqa: S608 -- fixed texts
            " AND NOT EXISTS (SELECT 1 FROM assignments"
            " WHERE assignments.lead_id = leads.lead_id AND ended_us IS NULL)"
            f" ORDER BY {_BY_ID} LIMIT ?",
            limit,
        )

    def of_other_owner(self, limit: int) -> tuple[str, ...]:
        """Return open leads that name another owner than their present assignment."""
        return self._ids(
            "SELECT leads.lead_id FROM leads JOIN assignments"  # noqa: S608 -- fixed texts
            " ON assignments.lead_id = leads.lead_id AND ended_us IS NULL"
            " WHERE is_open = 1 AND coalesce(leads.owner_id, '') <> assignments.owner_id"
            f" ORDER BY {_BY_ID} LIMIT ?",
            limit,
        )

    def name_owner(self, lead_id: str) -> None:
        """Write the owner of the present assignment into the lead; none where there is none."""
        self._connection.execute(
            "UPDATE leads SET owner_id = (SELECT assignments.owner_id FROM assignments"
            " WHERE assignments.lead_id = leads.lead_id AND ended_us IS NULL) WHERE lead_id = ?",
            (lead_id,),
        )

    def without_clock(self, limit: int) -> tuple[str, ...]:
        """Return open, untouched leads whose present assignment never had a clock."""
        return self._ids(
            "SELECT lead_id FROM leads WHERE is_open = 1 AND owner_id IS NOT NULL"  # noqa: S608 -- fixed texts
            f" AND touched_us IS NULL AND {_ASSIGNED} AND NOT {_TIMED} ORDER BY {_BY_ID} LIMIT ?",
            limit,
        )

    def stray_clocks(self, limit: int, *, only_live: bool = False) -> tuple[str, ...]:
        """Return keys of clocks that run for a closed lead or for an assignment that ended."""
        return self._ids(_LIVE_STRAY_CLOCKS if only_live else _STRAY_CLOCKS, limit)

    def open_leads(self, late_before: datetime) -> OpenLeads:
        """Return how the open leads stand; those without an owner since before a time are late."""
        row = self._connection.execute(
            "SELECT count(*),"  # noqa: S608 -- fixed texts
            f" coalesce(sum(CASE WHEN owner_id IS NOT NULL AND {_ASSIGNED}"
            f" AND (touched_us IS NOT NULL OR {_TIMED}) THEN 1 ELSE 0 END), 0),"
            f" coalesce(sum(CASE WHEN owner_id IS NULL AND retry_us IS NOT NULL AND {_WAITS}"
            " THEN 1 ELSE 0 END), 0),"
            f" coalesce(sum(CASE WHEN owner_id IS NULL AND retry_us IS NOT NULL AND {_WAITS}"
            " AND signal_us < ? THEN 1 ELSE 0 END), 0)"
            " FROM leads WHERE is_open = 1",
            (to_us(late_before),),
        ).fetchone()
        return OpenLeads(open=int(row[0]), owned=int(row[1]), waiting=int(row[2]), late=int(row[3]))

    def add_override(self, override: Override) -> None:
        """Keep what a person moved by hand."""
        self._connection.execute(
            "INSERT INTO overrides (assignment_id, lead_id, from_id, to_id, by, reason, at_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                override.assignment_id, override.lead_id, override.from_id, override.to_id,
                override.by, override.reason, to_us(override.at),
            ),
        )  # fmt: skip

    def overrides(self, since: datetime) -> tuple[Override, ...]:
        """Return what people moved by hand from ``since`` on, oldest first."""
        rows = self._connection.execute(
            "SELECT assignment_id, lead_id, from_id, to_id, by, reason, at_us FROM overrides"
            " WHERE at_us >= ? ORDER BY at_us, assignment_id",
            (to_us(since),),
        )
        return tuple(
            Override(
                assignment_id=assignment_id, lead_id=lead_id, from_id=from_id, to_id=to_id,
                by=by, reason=reason, at=from_us(at_us),
            )
            for assignment_id, lead_id, from_id, to_id, by, reason, at_us in rows
        )  # fmt: skip

    def override_counts(self) -> Mapping[str, int]:
        """Return how often leads were taken from each rep by hand; ``-`` for leads without one."""
        rows = self._connection.execute(
            "SELECT coalesce(from_id, '-'), count(*) FROM overrides GROUP BY 1 ORDER BY 1"
        )
        return dict(rows.fetchall())
