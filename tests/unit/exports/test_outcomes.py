"""Money, deals and contracts of an export."""

from __future__ import annotations

from leadfit.exports import read_export
from unit.exports.reading import MakeMapping, Write, codes, events_of, utc


def test_money_is_kept_in_minor_units_beside_its_currency(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        events="at,kind,lead_id,amount,currency\n2024-01-05,converted,l1,1250,JPY\n",
        spend="month,channel,amount,currency\n2024-01,search,99,JPY\n",
    )
    history = read_export(folder)
    assert history.events.columns["amount"] == [1250]
    assert history.spend.columns["amount"] == [99]
    assert history.spend.columns["month"] == [utc(2024, 1, 1)]


def test_rates_convert_all_money_into_one_currency(write: Write, mapping: MakeMapping) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        events="at,kind,lead_id,amount,currency\n"
        "2024-01-05,converted,l1,100,USD\n2024-01-06,used,l1,1000,JPY\n",
    )
    described = mapping(
        'currency = "EUR"\nrates = { USD = 0.9, JPY = 0.006 }\n'
        '[sources]\nleads = "leads.csv"\nevents = "events.csv"\n'
        '[[table]]\nto = "leads"\nfrom = "leads"\n[[table]]\nto = "events"\nfrom = "events"\n'
    )
    history = read_export(folder, mapping=described)
    assert history.events.columns["amount"] == [9000, 600]
    assert set(history.events.columns["currency"]) == {"EUR"}


def test_a_deal_is_qualified_only_when_all_three_conditions_hold(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\nl2,2024-01-01\nl3,2024-01-01\nl4,2024-01-01\n",
        deals="deal_id,lead_id,created_at,close_date,budget_confirmed,next_step\n"
        "d1,l1,2024-02-01,2024-06-01,yes,call\n"
        "d2,l2,2024-02-01,,yes,call\n"
        "d3,l3,2024-02-01,2024-06-01,no,call\n"
        "d4,l4,2024-02-01,2024-06-01,yes,\n",
    )
    qualified = events_of(read_export(folder), "qualified")
    assert [event["lead_id"] for event in qualified] == ["l1"]


def test_a_deal_without_those_columns_is_qualified_by_being_recorded(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        deals="deal_id,lead_id,created_at,amount,currency\nd1,l1,2024-02-01,500,EUR\n",
    )
    (event,) = events_of(read_export(folder), "qualified")
    assert (event["at"], event["amount"], event["currency"]) == (utc(2024, 2, 1), 50000, "EUR")


def test_won_and_lost_deals_end_when_they_closed(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\nl2,2024-01-01\nl3,2024-01-01\n",
        deals="deal_id,lead_id,created_at,stage,closed_at,lost_reason\n"
        "d1,l1,2024-02-01,Closed Won,2024-03-01,\n"
        "d2,l2,2024-02-01,closedlost,2024-04-01,price\n"
        "d3,l3,2024-02-01,Proposal,,\n",
    )
    history = read_export(folder)
    (won,) = events_of(history, "converted")
    (lost,) = events_of(history, "lost")
    assert (won["lead_id"], won["at"]) == ("l1", utc(2024, 3, 1))
    assert (lost["lead_id"], lost["reason"]) == ("l2", "price")


def test_a_won_deal_without_a_close_is_counted_not_dated(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        deals="deal_id,lead_id,created_at,won\nd1,l1,2024-02-01,true\n",
    )
    history = read_export(folder)
    assert events_of(history, "converted") == []
    assert "undated_outcome" in codes(history)


def test_contracts_convert_renew_expand_and_end(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2022-01-01,a1\nl2,2022-01-01,a2\n",
        contracts="account_id,start,end,arr,currency\n"
        "a1,2022-02-01,2023-02-01,1000,EUR\na1,2023-02-01,2024-02-01,1000,EUR\n"
        "a1,2024-02-01,2025-02-01,1500,EUR\na2,2022-03-01,2023-03-01,900,EUR\n",
    )
    history = read_export(folder)
    steps = [
        (e, a)
        for e, a in zip(
            history.events.columns["kind"], history.events.columns["account_id"], strict=True
        )
    ]
    assert steps == [
        ("converted", "a1"),
        ("converted", "a2"),
        ("renewed", "a1"),
        ("churned", "a2"),
        ("expanded", "a1"),
    ]
