"""Leads of experiments, and what came of them."""

from __future__ import annotations

import json
from typing import Final

from leadfit.records import Tier
from leadfit.resolve.model.card import RecordKind
from leadfit.store.codec import from_us, maybe_time, pack_text, to_us
from leadfit.store.sql import Connection, Row
from leadfit.store.sql_accounts import SqlAccounts
from leadfit.store.trials import Followed, Trial

_ENROL: Final = """
INSERT INTO trials (experiment, lead_id, cluster_id, tier, arm, target_minutes, chances, draw,
    enrolled_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (experiment, lead_id) DO NOTHING
"""
_ARM: Final = """
SELECT enrolled_us, lead_id, arm FROM trials WHERE experiment = ? AND cluster_id = ?
ORDER BY enrolled_us, lead_id LIMIT 1
"""
_NAMES: Final = """
SELECT experiment FROM trials GROUP BY experiment ORDER BY max(enrolled_us) DESC, experiment
"""
_FOLLOWED: Final = """
SELECT trials.lead_id, cluster_id, trials.tier, arm, target_minutes, chances, draw, enrolled_us,
    leads.touched_us
FROM trials JOIN leads ON leads.lead_id = trials.lead_id
WHERE experiment = ? ORDER BY enrolled_us, trials.lead_id
"""
# A conversion is told by a signal or by an import, of the lead or of its account.
_CONVERTED: Final = """
SELECT lead_id, account_id, at_us FROM activities
WHERE kind = 'converted' AND at_us >= ?1 AND (
    lead_id IN (SELECT lead_id FROM trials WHERE experiment = ?2)
    OR account_id IN (SELECT cluster_id FROM trials WHERE experiment = ?2)
    OR account_id IN (SELECT account_id FROM accounts WHERE merged_into IS NOT NULL)
    OR account_id IN (SELECT merged_into FROM accounts WHERE merged_into IS NOT NULL)
)
UNION ALL
SELECT lead_id, account_id, at_us FROM past_events
WHERE kind = 'converted' AND at_us >= ?1 AND (
    lead_id IN (SELECT lead_id FROM trials WHERE experiment = ?2)
    OR account_id IN (SELECT cluster_id FROM trials WHERE experiment = ?2)
    OR account_id IN (SELECT account_id FROM accounts WHERE merged_into IS NOT NULL)
    OR account_id IN (SELECT merged_into FROM accounts WHERE merged_into IS NOT NULL)
)
"""


class SqlTrials:
    """See :class:`leadfit.store.trials.Trials`."""

    def __init__(self, connection: Connection, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._accounts = accounts

    def enrol(self, trial: Trial) -> None:
        """Keep a draw; a lead is drawn once in an experiment."""
        self._connection.execute(
            _ENROL,
            (
                trial.experiment, trial.lead_id, trial.cluster_id, int(trial.tier), trial.arm,
                trial.target_minutes, pack_text(trial.chances), trial.draw,
                to_us(trial.enrolled_at),
            ),
        )  # fmt: skip

    def arm_of(self, experiment: str, cluster_id: str) -> str | None:
        """Return the arm that an account was first drawn into, or ``None``."""
        whole = self._accounts.survivor_of(cluster_id)
        rows = (
            self._connection.execute(_ARM, (experiment, each)).fetchone()
            for each in self._accounts.members_of(RecordKind.ACCOUNT, whole)
        )
        first = min((row for row in rows if row is not None), default=None)
        return None if first is None else str(first[2])

    def experiments(self) -> tuple[str, ...]:
        """Return the names of the experiments that leads were drawn in, the newest first."""
        return tuple(str(name) for (name,) in self._connection.execute(_NAMES).fetchall())

    def followed(self, experiment: str) -> tuple[Followed, ...]:
        """Return the leads of an experiment in the order in which they were drawn."""
        rows = self._connection.execute(_FOLLOWED, (experiment,)).fetchall()
        if not rows:
            return ()
        first_us = rows[0][7]
        told = self._connection.execute(_CONVERTED, (first_us, experiment)).fetchall()
        by_id: dict[str, list[int]] = {}
        for lead_id, account_id, at_us in told:
            account = None if account_id is None else self._accounts.survivor_of(account_id)
            for each in {lead_id, account} - {None}:
                by_id.setdefault(str(each), []).append(int(at_us))
        # Accounts that turned out to be one were drawn together, as the first of them was.
        whole = (row[0] if row[0] == row[1] else self._accounts.survivor_of(row[1]) for row in rows)
        return tuple(
            _followed(experiment, row, unit, by_id) for row, unit in zip(rows, whole, strict=True)
        )


def _followed(
    experiment: str, row: Row, cluster_id: str, converted: dict[str, list[int]]
) -> Followed:
    lead_id, _, tier, arm, minutes, chances, draw, enrolled_us, touched_us = row
    # Where leads are drawn by themselves, what came of the account is no outcome of the lead.
    times = [*converted.get(lead_id, ()), *converted.get(cluster_id, ())]
    return Followed(
        trial=Trial(
            experiment=experiment,
            lead_id=lead_id,
            cluster_id=cluster_id,
            tier=Tier(tier),
            arm=arm,
            target_minutes=minutes,
            chances=json.loads(chances),
            draw=draw,
            enrolled_at=from_us(enrolled_us),
        ),
        touched_at=maybe_time(touched_us),
        converted_at=maybe_time(min((at for at in times if at >= enrolled_us), default=None)),
    )
