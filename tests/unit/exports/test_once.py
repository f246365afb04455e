"""What a deal or a contract tells again is counted once, and money with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from leadfit.exports import read_export
from leadfit.history import History

Write = Callable[..., Path]
LEADS = "lead_id,created_at,account_id\nl1,2024-01-01,a1\nl2,2024-01-01,a1\nl3,2024-01-02,a2\n"
ACCOUNTS = "account_id\na1\na2\n"
EVENTS = "at,kind,lead_id,account_id,amount,currency\n"
DEALS = "deal_id,lead_id,account_id,amount,currency,created_at,closed_at,stage\n"
CONTRACTS = "account_id,start,end,arr,currency\n"


def told(history: History, kind: str) -> list[tuple[object, object, object]]:
    """Return day, lead and amount of the events of a kind."""
    names = ("kind", "at", "lead_id", "amount")
    rows = zip(*(history.events.columns[name] for name in names), strict=True)
    return [(str(at)[:10], lead, amount) for each, at, lead, amount in rows if each == kind]


def test_a_deal_repeats_the_recorded_events_of_its_lead_even_days_apart(write: Write) -> None:
    events = f"{EVENTS}2024-02-01,qualified,l1,,10,EUR\n2024-03-01,converted,l1,,12,EUR\n"
    deals = f"{DEALS}d1,l1,a1,12,EUR,2024-02-03,2024-03-04,won\n"
    history = read_export(write(leads=LEADS, accounts=ACCOUNTS, events=events, deals=deals))
    assert told(history, "qualified") == [("2024-02-01", "l1", 1000)]
    assert told(history, "converted") == [("2024-03-01", "l1", 1200)]


def test_a_deal_fills_in_what_the_recorded_event_leaves_blank(write: Write) -> None:
    events = f"{EVENTS}2024-03-01,converted,,a1,,\n"
    deals = f"{DEALS}d1,l2,a1,12,EUR,2024-02-03,2024-03-01,won\n"
    history = read_export(write(leads=LEADS, accounts=ACCOUNTS, events=events, deals=deals))
    assert told(history, "converted") == [("2024-03-01", "l2", 1200)]
    assert history.events.columns["currency"].count("EUR") == 2


def test_further_deals_of_an_account_count_beside_the_one_that_was_recorded(write: Write) -> None:
    events = f"{EVENTS}2024-06-01,converted,,a1,30,EUR\n"
    deals = (
        f"{DEALS}d1,,a1,10,EUR,2024-01-03,2024-02-01,won\n"
        "d2,,a1,30,EUR,2024-05-01,2024-06-01,won\nd3,,a2,5,EUR,2024-05-01,2024-06-01,won\n"
    )
    history = read_export(write(leads=LEADS, accounts=ACCOUNTS, events=events, deals=deals))
    assert [(day, amount) for day, _, amount in told(history, "converted")] == [
        ("2024-02-01", 1000),
        ("2024-06-01", 3000),
        ("2024-06-01", 500),
    ]


def test_a_deal_of_another_lead_of_the_account_is_another_deal(write: Write) -> None:
    events = f"{EVENTS}2024-03-01,converted,l1,,12,EUR\n"
    deals = f"{DEALS}d1,l2,a1,9,EUR,2024-02-03,2024-03-01,won\n"
    history = read_export(write(leads=LEADS, accounts=ACCOUNTS, events=events, deals=deals))
    assert {lead for _, lead, _ in told(history, "converted")} == {"l1", "l2"}


def test_contracts_repeat_recorded_renewals_expansions_and_churn(write: Write) -> None:
    events = (
        f"{EVENTS}2024-02-01,converted,l1,,3,EUR\n2024-05-01,renewed,,a1,3,EUR\n"
        "2024-06-15,expanded,,a1,2,EUR\n2024-09-02,churned,,a1,,\n"
    )
    contracts = (
        f"{CONTRACTS}a1,2024-02-01,,12,EUR\na1,2024-05-01,,12,EUR\n"
        "a1,2024-06-15,2024-09-01,20,EUR\n"
    )
    folder = write(leads=LEADS, accounts=ACCOUNTS, events=events, contracts=contracts)
    history = read_export(folder)
    assert history.events.columns["kind"] == ["converted", "renewed", "expanded", "churned"]
    assert told(history, "expanded") == [("2024-06-15", None, 200)]


def test_a_conversion_recorded_by_lead_alone_is_that_of_the_first_contract(write: Write) -> None:
    events = f"{EVENTS}2024-02-01,converted,l1,,3,EUR\n"
    contracts = f"{CONTRACTS}a1,2024-02-10,,12,EUR\n"
    folder = write(leads=LEADS, accounts=ACCOUNTS, events=events, contracts=contracts)
    assert told(read_export(folder), "converted") == [("2024-02-01", "l1", 300)]


def test_a_won_deal_by_lead_alone_is_the_conversion_of_the_first_contract(write: Write) -> None:
    deals = f"{DEALS}d1,l1,,12,EUR,2024-02-03,2024-03-01,won\n"
    contracts = f"{CONTRACTS}a1,2024-03-05,,12,EUR\n"
    folder = write(leads=LEADS, accounts=ACCOUNTS, deals=deals, contracts=contracts)
    assert told(read_export(folder), "converted") == [("2024-03-01", "l1", 1200)]


def test_very_many_deals_of_one_account_are_matched_in_no_time(write: Write) -> None:
    number = 4_000
    events = EVENTS + "2024-03-01,converted,,a1,1,EUR\n" * number
    deals = DEALS + "".join(
        f"d{n},,a1,1,EUR,2024-02-03,2024-03-{1 + n % 28:02},won\n" for n in range(number + 5)
    )
    history = read_export(write(leads=LEADS, accounts=ACCOUNTS, events=events, deals=deals))
    assert len(told(history, "converted")) == number + 5
