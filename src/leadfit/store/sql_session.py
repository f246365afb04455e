"""One transaction, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from leadfit.store.codec import to_us
from leadfit.store.sql import Connection
from leadfit.store.sql_accounts import SqlAccounts
from leadfit.store.sql_breaches import SqlBreaches, SqlUnbegun
from leadfit.store.sql_capacity import SqlCapacity
from leadfit.store.sql_clocks import (
    SqlClocks,
)
from leadfit.store.sql_contents import SqlContents
from leadfit.store.sql_echoes import SqlEchoes
from leadfit.store.sql_enriching import SqlEnriching
from leadfit.store.sql_head import ChainHead
from leadfit.store.sql_intake import SqlAccessKeys, SqlIntake
from leadfit.store.sql_leads import LEADS, SqlLeads
from leadfit.store.sql_lifts import SqlLifts
from leadfit.store.sql_matching import SqlLinks, SqlMerges, SqlReviews
from leadfit.store.sql_outbox import SqlDeadLetters, SqlDestinations, SqlOutbox
from leadfit.store.sql_owners import SqlOwners
from leadfit.store.sql_paces import SqlPaces
from leadfit.store.sql_past import SqlPast
from leadfit.store.sql_people import SqlPeople
from leadfit.store.sql_persons import SqlPersons
from leadfit.store.sql_publications import SqlPublications
from leadfit.store.sql_purchases import SqlPurchases
from leadfit.store.sql_rare import Rare
from leadfit.store.sql_recorded import SqlRecorded
from leadfit.store.sql_signals import SqlSignals
from leadfit.store.sql_tallies import ACTIONS, FINAL, Tallies
from leadfit.store.sql_told import SqlToldDecisions
from leadfit.store.sql_trials import SqlTrials
from leadfit.store.sql_vendors import SqlVendors
from leadfit.store.views import Counts
from leadfit.world import World

# Each from an index of what is open or waits alone; whole tables are never counted.
_COUNTS: Final = """
SELECT
    (SELECT count(*) FROM leads WHERE is_open = 1),
    (SELECT count(*) FROM leads WHERE is_open = 1 AND owner_id IS NULL AND is_imported = 0),
    (SELECT count(*) FROM signals WHERE status = 'accepted'),
    (SELECT count(*) FROM signals WHERE status = 'dead'),
    (SELECT coalesce(max(seq), 0) FROM log),
    (SELECT count(*) FROM clocks WHERE stopped_us IS NULL),
    (SELECT count(*) FROM clocks
        WHERE stopped_us IS NULL AND due_us IS NOT NULL AND due_us <= ?),
    (SELECT count(*) FROM clocks WHERE stopped_us IS NULL AND aside_us IS NOT NULL)
"""
_FEW: Final = """
SELECT 'sending', count(*) FROM outbox WHERE state = 'sending'
UNION ALL SELECT 'ambiguous', count(*) FROM outbox WHERE state = 'ambiguous'
UNION ALL SELECT state, count(*) FROM outbox WHERE state IN ('dead', 'refused') GROUP BY state
"""


class SqlSession:
    """See :class:`leadfit.store.base.Session`."""

    def __init__(
        self, connection: Connection, secret: bytes, world: World, head: ChainHead | None = None
    ) -> None:
        def new_token() -> str:
            return world.new_id("person")

        self._connection = connection
        self._rare = rare = Rare(connection)
        self.tallies = tallies = Tallies(connection)
        self.people = people = SqlPeople(connection, secret, new_token, world.token)
        self.signals = SqlSignals(connection, secret, people, head)
        self.contents = SqlContents(connection, self.signals)
        self.accounts = SqlAccounts(connection, secret, people, rare, tallies)
        self.persons = SqlPersons(
            connection, people, self.signals, self.accounts, rare, tallies=tallies
        )
        self.told = SqlToldDecisions(connection, people, self.accounts)
        self.leads = SqlLeads(connection, self.signals, self.accounts, tallies)
        self.capacity = SqlCapacity(connection)
        self.owners = SqlOwners(connection)
        self.clocks = SqlClocks(connection)
        self.breaches = SqlBreaches(connection)
        self.unbegun = SqlUnbegun(connection, tallies)
        self.outbox = SqlOutbox(connection, tallies)
        self.destinations = SqlDestinations(connection)
        self.dead_letters = SqlDeadLetters(connection, tallies)
        self.echoes = SqlEchoes(connection, secret)
        self.enriching = SqlEnriching(connection)
        self.intake = SqlIntake(connection, secret)
        self.keys = SqlAccessKeys(connection)
        self.past = SqlPast(connection, self.signals, self.accounts)
        self.links = SqlLinks(connection)
        self.reviews = SqlReviews(connection)
        self.merges = SqlMerges(connection, rare)
        self.recorded = SqlRecorded(connection, people, self.accounts)
        self.publications = SqlPublications(connection, self.signals, tallies)
        self.lifts = SqlLifts(connection, self.accounts)
        self.trials = SqlTrials(connection, self.accounts)
        self.purchases = SqlPurchases(connection, self.signals)
        self.paces = SqlPaces(connection)
        self.vendors = SqlVendors(connection)

    def begin(self) -> None:
        """Forget what another process may change between two transactions."""
        self._rare.forget()
        self.tallies.begin()

    def forget(self) -> None:
        """Forget what was noted in a transaction that is undone."""
        self._rare.forget()
        self.tallies.take_back()
        self.contents.forget()
        self.signals.forget()

    def counts(self, now: datetime) -> Counts:
        """Return numbers of records."""
        row = self._connection.execute(_COUNTS, (to_us(now),)).fetchone()
        tallies = self.tallies.read()
        tiers = {
            name.removeprefix(LEADS): number
            for name, number in tallies.items()
            if name.startswith(LEADS)
        }
        return Counts(
            accounts=tallies.get("accounts", 0),
            contacts=tallies.get("contacts", 0),
            leads=sum(tiers.values()),
            open_leads=row[0],
            unassigned=row[1],
            signals_pending=row[2],
            signals_dead=row[3],
            decisions=tallies.get("decisions", 0),
            log_rows=row[4],
            clocks_running=row[5],
            overdue=row[6],
            clocks_aside=row[7],
            leads_by_tier={int(tier): n for tier, n in sorted(tiers.items()) if tier != "-" and n},
            actions=self._actions(tallies),
        )

    def _actions(self, tallies: Mapping[str, int]) -> Mapping[str, int]:
        """Return how many actions there are in each state; what is left over is pending."""
        found: dict[str, int] = dict(self._connection.execute(_FEW).fetchall())
        found |= {state: tallies.get(f"{ACTIONS}/{state}", 0) for state in FINAL}
        found["pending"] = tallies.get(ACTIONS, 0) - sum(found.values())
        return {state: number for state, number in sorted(found.items()) if number}
