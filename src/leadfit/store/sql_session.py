"""One transaction, part by part."""

from __future__ import annotations

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
from leadfit.store.sql_leads import SqlLeads
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
from leadfit.store.sql_told import SqlToldDecisions
from leadfit.store.sql_trials import SqlTrials
from leadfit.store.sql_vendors import SqlVendors
from leadfit.store.views import Counts
from leadfit.world import World

_COUNTS: Final = """
SELECT
    (SELECT count(*) FROM accounts),
    (SELECT count(*) FROM contacts),
    (SELECT count(*) FROM leads),
    (SELECT count(*) FROM leads WHERE is_open = 1),
    (SELECT count(*) FROM leads WHERE is_open = 1 AND owner_id IS NULL AND is_imported = 0),
    (SELECT count(*) FROM signals WHERE status = 'accepted'),
    (SELECT count(*) FROM signals WHERE status = 'dead'),
    (SELECT count(*) FROM decisions),
    (SELECT coalesce(max(seq), 0) FROM log),
    (SELECT count(*) FROM clocks WHERE stopped_us IS NULL),
    (SELECT count(*) FROM clocks WHERE stopped_us IS NULL AND due_us <= ?)
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
        self.people = people = SqlPeople(connection, secret, new_token, world.token)
        self.signals = SqlSignals(connection, secret, people, head)
        self.contents = SqlContents(connection, self.signals)
        self.accounts = SqlAccounts(connection, secret, people, rare)
        self.persons = SqlPersons(connection, people, self.signals, self.accounts, rare)
        self.told = SqlToldDecisions(connection, people, self.accounts)
        self.leads = SqlLeads(connection, self.signals, self.accounts)
        self.capacity = SqlCapacity(connection)
        self.owners = SqlOwners(connection)
        self.clocks = SqlClocks(connection)
        self.breaches = SqlBreaches(connection)
        self.unbegun = SqlUnbegun(connection)
        self.outbox = SqlOutbox(connection)
        self.destinations = SqlDestinations(connection)
        self.dead_letters = SqlDeadLetters(connection)
        self.echoes = SqlEchoes(connection, secret)
        self.enriching = SqlEnriching(connection)
        self.intake = SqlIntake(connection, secret)
        self.keys = SqlAccessKeys(connection)
        self.past = SqlPast(connection, self.signals, self.accounts)
        self.links = SqlLinks(connection)
        self.reviews = SqlReviews(connection)
        self.merges = SqlMerges(connection, rare)
        self.recorded = SqlRecorded(connection, people, self.accounts)
        self.publications = SqlPublications(connection, self.signals)
        self.lifts = SqlLifts(connection, self.accounts)
        self.trials = SqlTrials(connection, self.accounts)
        self.purchases = SqlPurchases(connection, self.signals)
        self.paces = SqlPaces(connection)
        self.vendors = SqlVendors(connection)

    def begin(self) -> None:
        """Forget what another process may change between two transactions."""
        self._rare.forget()

    def forget(self) -> None:
        """Forget what was noted in a transaction that is undone."""
        self._rare.forget()
        self.contents.forget()
        self.signals.forget()

    def counts(self, now: datetime) -> Counts:
        """Return numbers of records."""
        row = self._connection.execute(_COUNTS, (to_us(now),)).fetchone()
        tiers = self._connection.execute(
            "SELECT tier, count(*) FROM leads WHERE tier IS NOT NULL GROUP BY tier ORDER BY tier"
        )
        actions = self._connection.execute(
            "SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state"
        )
        return Counts(
            accounts=row[0],
            contacts=row[1],
            leads=row[2],
            open_leads=row[3],
            unassigned=row[4],
            signals_pending=row[5],
            signals_dead=row[6],
            decisions=row[7],
            log_rows=row[8],
            clocks_running=row[9],
            overdue=row[10],
            leads_by_tier=dict(tiers.fetchall()),
            actions=dict(actions.fetchall()),
        )
