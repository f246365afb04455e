"""One history of imports and of what happened here since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit import policy as policies
from leadfit.history import FactColumn, History, Known, Table
from leadfit.jobs.past.recall import gather
from leadfit.policy import Policy
from leadfit.store.past import PastExport, Recorded

AT = datetime(2026, 1, 10, tzinfo=UTC)
LATER = AT + timedelta(days=30)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder: Path = tmp_path_factory.mktemp("policy")
    for name, content in policies.starter_files().items():
        (folder / name).write_bytes(content)
    return policies.load(folder)


EMPTY = Table(columns={name: [] for name in ("account_id", "fact", "value", "known_at")})
SPEND = Table(columns={name: [] for name in ("month", "channel", "amount", "currency")})
EXPORT = PastExport(
    as_of=AT,
    fact_columns=(FactColumn(name="Use Case", table="leads"),),
    events=("accepted", "rejected", "used"),
)
LEAD: tuple[object, ...] = (
    "l1",
    AT,
    "a1",
    "web",
    "ada",
    1,
    False,
    {"Use Case": "reports"},
    {"tier": "Tier 1"},
)
LIVE: tuple[object, ...] = (
    "l2",
    LATER,
    None,
    "form",
    "ben",
    1,
    True,
    {"use_case": "alerts", "country": "DE"},
    {},
)


def recorded(
    leads: Sequence[tuple[object, ...]] = (LEAD, LIVE),
    events: Sequence[tuple[object, ...]] = (),
    *,
    live_from: int = 0,
    exports: tuple[PastExport, ...] = (EXPORT,),
) -> Recorded:
    accounts = [("a1", None, "US", AT, None, {"size": 3})]
    return Recorded(
        exports=exports,
        leads=table(
            ("lead_id", "created_at", "account_id", "source", "owner_id", "tier", "is_live",
             "facts", "extras"), leads,
        ),
        accounts=table(
            ("account_id", "parent_account_id", "country", "created_at", "owner_id", "facts"),
            accounts,
        ),
        events=table(
            ("at", "kind", "lead_id", "account_id", "amount", "currency", "reason", "value",
             "told"), events,
        ),
        live_from=live_from,
        facts=EMPTY,
        spend=SPEND,
    )  # fmt: skip


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    return Table(columns={name: [row[n] for row in rows] for n, name in enumerate(names)})


def event(
    kind: str, at: datetime = LATER, lead: str | None = "l1", **rest: object
) -> tuple[object, ...]:
    names = ("account_id", "amount", "currency", "reason", "value", "told")
    return (at, kind, lead, *(rest.get(name) for name in names))


def kinds(history: History) -> list[object]:
    return list(history.events.columns["kind"])


def test_a_live_lead_stands_beside_imported_ones_in_their_words(policy: Policy) -> None:
    history = gather(recorded(), policy, LATER)
    leads = history.leads.columns
    assert leads["Use Case"] == ["reports", "alerts"]
    assert leads["tier"] == ["Tier 1", "Tier 1"]
    assert leads["account_id"] == ["a1", "lead:l2"]
    assert leads["rep_id"] == [None, "ben"]
    assert history.accounts.columns["account_id"] == ["a1", "lead:l2"]
    assert history.accounts.columns["country"] == ["US", "DE"]


def test_what_a_person_said_here_stands_before_its_import(policy: Policy) -> None:
    said = event("rejected", LATER, reason="student", account_id="a1")
    imported = event("rejected", LATER + timedelta(hours=3), reason="x", account_id="a1")
    history = gather(recorded(events=(imported, said), live_from=1), policy, LATER)
    assert history.events.columns["reason"] == ["student"]


def test_an_import_stands_before_the_signal_that_told_the_same(policy: Policy) -> None:
    imported = event("converted", amount=1000, currency="EUR", account_id="a1")
    live = event("converted", LATER + timedelta(hours=2), account_id="a1", told={"amount": "7"})
    later = event("converted", LATER + timedelta(days=9), account_id="a1", told={"amount": "7"})
    history = gather(recorded(events=(imported, live, later), live_from=1), policy, LATER)
    assert history.events.columns["amount"] == [1000, 700]


def test_an_amount_in_another_currency_is_left_out_and_told(policy: Policy) -> None:
    imported = event("converted", AT, amount=1000, currency="EUR", account_id="a1")
    told = {"amount": 12.5, "currency": "USD", "value": 3, "reason": "seats"}
    live = event("expanded", lead=None, account_id="a1", told=told)
    history = gather(recorded(events=(imported, live), live_from=1), policy, LATER)
    assert history.events.columns["amount"] == [1000, None]
    assert history.events.columns["value"] == [None, 3.0]
    assert history.events.columns["reason"] == [None, "seats"]
    assert [notice.code for notice in history.notices] == ["mixed_currency"]


def test_an_event_of_a_lead_that_is_gone_is_gone(policy: Policy) -> None:
    events = (event("accepted", lead="gone", account_id="a1"), event("used", lead=None))
    assert kinds(gather(recorded(events=events, live_from=2), policy, LATER)) == []


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ({}, True),
        ({"close_date": "2026-03-01", "budget_confirmed": True, "next_step": "call"}, True),
        ({"close_date": "2026-03-01", "budget_confirmed": False, "next_step": "call"}, False),
        ({"next_step": "call"}, False),
    ],
)
def test_a_qualified_signal_counts_with_all_of_its_conditions(
    policy: Policy, told: dict[str, object], counts: bool
) -> None:
    live = event("qualified", account_id="a1", told=told)
    found = kinds(gather(recorded(events=(live,)), policy, LATER))
    assert found == (["qualified"] if counts else [])


def test_an_outcome_is_watched_as_far_as_it_is_reported(policy: Policy) -> None:
    silent = gather(recorded(), policy, LATER).observed_until
    assert silent["accepted"] == silent["used"] == AT
    live = event("rejected", LATER, account_id="a1")
    spoken = gather(recorded(events=(live,)), policy, LATER).observed_until
    assert "accepted" not in spoken
    assert spoken["converted"] == AT


def test_facts_that_only_live_leads_have_become_columns_once_enough_have_them(
    policy: Policy,
) -> None:
    many: list[tuple[object, ...]] = [
        (f"x{n}", LATER, None, "form", None, 2, True, {"Budget Size": n, "rare": 1}, {})
        if n else ("x0", LATER, None, "form", None, 2, True, {"rare": 1}, {})
        for n in range(25)
    ]  # fmt: skip
    few = gather(recorded(leads=many[:10]), policy, LATER)
    assert [column.name for column in few.fact_columns] == ["Use Case"]
    enough = gather(recorded(leads=many), policy, LATER)
    added = {column.name: column for column in enough.fact_columns}["budget_size"]
    assert (added.table, added.known, added.is_number) == ("leads", Known.CREATED, True)
    assert enough.leads.columns["budget_size"][:3] == [None, 1, 2]


def test_a_workspace_that_counts_deals_leaves_live_leads_out(policy: Policy) -> None:
    export = PastExport(as_of=AT, unit="deal")
    history = gather(recorded(exports=(export,)), policy, LATER)
    assert (history.unit, history.leads.rows) == ("deal", 1)


def test_of_two_imports_the_more_cautious_word_on_a_column_counts(policy: Policy) -> None:
    other = PastExport(
        as_of=LATER,
        fact_columns=(FactColumn(name="Use Case", table="leads", known=Known.AFTER_CONTACT),),
    )
    (column,) = gather(recorded(exports=(EXPORT, other)), policy, LATER).fact_columns
    assert column.known is Known.AFTER_CONTACT
