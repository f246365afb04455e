"""Imports of a recorded past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from leadfit.history import FactColumn, History, Table
from leadfit.jobs import import_history
from leadfit.records import Keys
from leadfit.store import SqliteStore
from leadfit.store.views import Imported
from leadfit.testing import FrozenWorld

AT = datetime(2025, 6, 1, tzinfo=UTC)


def table(**columns: Sequence[object]) -> Table:
    return Table(columns=columns)


def past(accounts: Table | None = None, leads: Table | None = None) -> History:
    return History(
        as_of=AT,
        accounts=accounts
        or table(
            account_id=["a1", "a2"],
            name=["Acme", None],
            domain=["https://www.acme.com/about", None],
            parent_account_id=[None, "a1"],
            country=["US", None],
            created_at=[AT, None],
            owner_id=["rep_ada", None],
            employees=[120, None],
            contact_email=["boss@acme.com", None],
        ),
        leads=leads
        or table(
            lead_id=["l1", "l2", "l3"],
            created_at=[AT, None, AT],
            account_id=["a1", "a1", "own"],
            contact_id=["c1", None, None],
            email=["Jo@Acme.com", "ann+x@acme.com", None],
            source=["web", None, None],
            rep_id=["rep_ben", None, None],
            tier=["Tier 1", "A", 2],
            channel=["ads", None, "fair"],
        ),
        events=table(kind=["converted"], account_id=["a1"], at=[AT]),
        facts=Table(columns={}),
        spend=Table(columns={}),
        fact_columns=(
            FactColumn(name="employees", table="accounts", is_number=True),
            FactColumn(name="channel", table="leads"),
        ),
    )


def test_accounts_contacts_and_leads_of_a_history_come_in(store: SqliteStore) -> None:
    added = import_history(FrozenWorld(), store, past())
    assert added == Imported(accounts=2, domains=1, contacts=2, leads=3, events=1)
    account = store.read(lambda session: session.accounts.account("a1"))
    assert account is not None
    assert (account.domains, account.facts) == (("acme.com",), {"employees": 120})
    assert account.is_customer
    assert account.owner_id == "rep_ada"
    view = store.read(lambda session: session.leads.view("l1"))
    assert view is not None
    assert (view.lead.owner_id, view.lead.tier, view.lead.is_open) == ("rep_ben", 1, False)
    assert view.lead.facts == {"channel": "ads"}


def test_a_second_import_changes_nothing(store: SqliteStore) -> None:
    import_history(FrozenWorld(), store, past())
    rows = store.read(lambda session: session.signals.verify()).rows
    assert import_history(FrozenWorld(seed=2), store, past()) == Imported()
    assert store.read(lambda session: session.signals.verify()).rows == rows


def test_imported_contacts_are_found_by_their_address(store: SqliteStore) -> None:
    import_history(FrozenWorld(), store, past())
    for address in ("jo@acme.com", "ann@acme.com"):
        keys = Keys(email=address)
        (found,) = store.read(lambda session, by=keys: session.accounts.candidates(by))  # type: ignore[misc]  # a lambda with a default
        assert found.account is not None


def test_a_lead_of_an_account_that_is_not_there_has_none(store: SqliteStore) -> None:
    import_history(FrozenWorld(), store, past())
    lead = store.read(lambda session: session.leads.get("l3"))
    assert lead is not None
    assert lead.account_id is None


def test_past_leads_are_not_looked_after(store: SqliteStore) -> None:
    import_history(FrozenWorld(), store, past())
    counts = store.read(lambda session: session.counts(AT))
    assert (counts.leads, counts.open_leads, counts.unassigned, counts.clocks_running) == (
        3, 0, 0, 0,
    )  # fmt: skip


def test_an_address_that_no_signal_is_known_by_has_no_key_here_either(store: SqliteStore) -> None:
    leads = table(
        lead_id=["l1"], created_at=[AT], account_id=["a1"], contact_id=["c1"],
        email=["jo@server.local"], source=[None], rep_id=[None], tier=[None],
    )  # fmt: skip
    import_history(FrozenWorld(), store, replace(past(leads=leads), fact_columns=()))
    keys = Keys(email="jo@server.local")
    assert store.read(lambda session: session.accounts.candidates(keys)) == ()


def test_the_first_of_several_domains_is_the_accounts_own_and_the_others_are_relatives(
    store: SqliteStore,
) -> None:
    firms = table(
        account_id=["a1"], domain=["zork.com; https://www.zork.de ;zik.io;localhost;zork.com"]
    )
    added = import_history(FrozenWorld(), store, replace(past(accounts=firms), fact_columns=()))
    assert added.domains == 3
    roles = {}
    for domain in ("zork.com", "zork.de", "zik.io"):
        keys = Keys(domain=domain)
        (found,) = store.read(lambda session, by=keys: session.accounts.candidates(by))  # type: ignore[misc]  # a lambda with a default
        roles[domain] = found.role
    assert roles == {"zork.com": "primary", "zork.de": "regional", "zik.io": "brand"}


def test_the_table_of_domains_states_role_and_days_and_a_second_import_changes_nothing(
    store: SqliteStore,
) -> None:
    lines = table(
        domain=["acme.com", "bolt.com"], account_id=["a1", "a1"], role=[None, "Acquired"],
        since=[None, AT], until=[None, None],
    )  # fmt: skip
    history = replace(past(), domains=lines)
    assert import_history(FrozenWorld(), store, history).domains == 2
    assert import_history(FrozenWorld(), store, history) == Imported()
    keys = Keys(domain="bolt.com")
    (found,) = store.read(lambda session: session.accounts.candidates(keys, AT))
    assert found.role == "acquired"
    before = AT.replace(year=2024)
    assert store.read(lambda session: session.accounts.candidates(keys, before)) == ()
