"""A lead's own activities, and who lifted it over a gate; see :mod:`leadfit.store.lifts`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from leadfit.records import Activity, Kind, Tier
from leadfit.resolve.model.card import RecordKind
from leadfit.store.codec import from_us, to_us
from leadfit.store.lifts import Lift
from leadfit.store.sql import Connection
from leadfit.store.sql_accounts import SqlAccounts

_COLUMNS: Final = "decision_id, lead_id, tier, from_tier, by, reason, at_us"
_NAMED: Final = """
SELECT at_us, signal_id, kind FROM activities WHERE lead_id = :lead AND at_us >= :since
"""
# By the index of each: those of the account alone, then those of its contacts.
_LOOSE: Final = """
SELECT at_us, signal_id, kind FROM activities
WHERE contact_id IS NULL AND account_id = :account AND lead_id IS NULL
    AND at_us >= :since AND at_us < :until
UNION
SELECT at_us, signal_id, kind FROM activities
WHERE contact_id IN (SELECT contact_id FROM contacts WHERE account_id = :account)
    AND lead_id IS NULL AND at_us >= :since AND at_us < :until
"""
_LEADS: Final = """
SELECT max(CASE WHEN created_us <= :created THEN created_us END),
    min(CASE WHEN created_us > :created THEN created_us END)
FROM leads WHERE account_id = :account AND lead_id <> :lead
"""
_END: Final = 2**62


class SqlLifts:
    """See :class:`leadfit.store.lifts.Lifts`."""

    def __init__(self, connection: Connection, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._accounts = accounts

    def add(self, lift: Lift) -> None:
        """Keep that a person lifted a lead."""
        self._connection.execute(
            f"INSERT INTO lifts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 -- fixed columns
            (
                lift.decision_id, lift.lead_id, int(lift.tier), int(lift.from_tier), lift.by,
                lift.reason, to_us(lift.at),
            ),
        )  # fmt: skip

    def of_lead(self, lead_id: str) -> tuple[Lift, ...]:
        """Return how a lead was lifted, oldest first."""
        return self._lifts("lead_id = ?", lead_id)

    def since(self, at: datetime) -> tuple[Lift, ...]:
        """Return what people lifted from a time on, oldest first."""
        return self._lifts("at_us >= ?", to_us(at))

    def _lifts(self, which: str, value: object) -> tuple[Lift, ...]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM lifts WHERE {which} ORDER BY at_us, decision_id",  # noqa: S608 -- fixed texts
            (value,),
        )
        return tuple(
            Lift(
                decision_id=decision_id, lead_id=lead_id, tier=Tier(tier),
                from_tier=Tier(from_tier), by=by, reason=reason, at=from_us(at_us),
            )
            for decision_id, lead_id, tier, from_tier, by, reason, at_us in rows
        )  # fmt: skip

    def own_activities(
        self,
        *,
        lead_id: str,
        account_id: str | None,
        created_at: datetime,
        since: datetime,
    ) -> tuple[Activity, ...]:
        """Return the activities that learning counts as a lead's own, oldest first."""
        named = {"lead": lead_id, "since": to_us(since)}
        found = set(self._connection.execute(_NAMED, named))
        accounts = self._accounts.members_of(RecordKind.ACCOUNT, account_id)
        begun, ended = None, _END
        for account in accounts:
            before, after = self._connection.execute(
                _LEADS, {"account": account, "lead": lead_id, "created": to_us(created_at)}
            ).fetchone()
            if before is not None:
                begun = to_us(created_at)
            ended = min(ended, _END if after is None else after)
        for account in accounts:
            loose = {
                "account": account,
                "since": max(to_us(since), to_us(since) if begun is None else begun),
                "until": ended,
            }
            found.update(self._connection.execute(_LOOSE, loose))
        ordered = sorted(found)
        return tuple(Activity(kind=Kind(kind), at=from_us(at_us)) for at_us, _, kind in ordered)
