"""What was spent on facts and what is left of quotas: as JSON types, and as words and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from leadfit.app.enriching import VendorStatus
from leadfit.bounds import percent
from leadfit.buying import MILLION
from leadfit.canonical import document
from leadfit.jobs.vendors.spending import Spending, Total, changed
from leadfit.report import words
from leadfit.store.vendors import VendorCall

HEADER = ("", "calls", "answers", "hits", "cost", "an answer", "changed", "waste", "s")


def spending_document(
    found: Spending, leads: int, calls: Sequence[VendorCall] = ()
) -> dict[str, object]:
    """Return what was spent as JSON types, money in the currency.

    Args:
        found: What was spent.
        leads: How many of those that cost most are named.
        calls: Calls that are listed.
    """
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "currency": found.currency,
        "whole": _total(found.whole),
        "months": [_total(each) for each in found.months],
        "vendors": [_total(each) for each in found.vendors],
        "leads": [_total(each) for each in found.leads(leads)],
        "waste_a_month": found.waste_a_month / MILLION,
        "waste_a_year": found.waste_a_year / MILLION,
        "calls": [_call(each) for each in calls],
    }


def _total(total: Total) -> dict[str, object]:
    money = ("paid_for_nothing", "cost", "credits", "waste", "cost_per_answer")
    whole = document(total)
    for name in money:
        value = whole[name]
        whole[name] = value / MILLION if isinstance(value, int) else None
    return {**whole, "changed_share": total.changed_share}


def _call(call: VendorCall) -> dict[str, object]:
    return {
        "call_id": call.call_id,
        "at": call.at.isoformat(),
        "vendor": call.vendor,
        "purchase_id": call.purchase_id,
        "signal_id": call.signal_id,
        "lead_id": call.lead_id,
        "decision_id": call.decision_id,
        "state": call.state.value,
        "reason": call.reason,
        "facts": list(call.facts),
        "cost": call.cost.money / MILLION,
        "credits": call.cost.credits / MILLION,
        "latency_s": call.latency_s,
        "changed": changed(call),
    }


def spending_words(found: Spending) -> Iterator[str]:
    """Yield what was spent and how much of it was waste, in sentences."""
    whole, currency = found.whole, found.currency
    if not whole.calls:
        yield f"No call was made since {found.since:%Y-%m-%d}: nothing was spent."
        return
    calls = "1 call" if whole.calls == 1 else f"{whole.calls:,} calls"
    yield (
        f"{calls} since {found.since:%Y-%m-%d} cost {money(whole.cost, currency)}; "
        f"{whole.answered:,} brought facts"
    )
    if whole.paid_for_nothing:
        yield f"{money(whole.paid_for_nothing, currency)} were paid for calls that brought nothing"
    yield f"{whole.changed:,} changed a decision ({percent(whole.changed_share, 0)})"
    if whole.unknown:
        yield f"of {whole.unknown:,} it is not known whether they did"
    yield (
        f"waste, calls that changed nothing: {money(whole.waste, currency)}; "
        f"{money(found.waste_a_month, currency)} a month, "
        f"{money(found.waste_a_year, currency)} a year"
    )


def total_rows(totals: Iterable[Total]) -> list[tuple[str, ...]]:
    """Return calls together as rows of a table, the first of them its head."""
    return [HEADER, *(_row(each) for each in totals)]


def _row(total: Total) -> tuple[str, ...]:
    seconds = "-" if total.latency_s is None else f"{total.latency_s:.2f}"
    return (
        total.name, f"{total.calls:,}", f"{total.answered:,}", percent(total.hit_rate, 0),
        money(total.cost), money(total.cost_per_answer), percent(total.changed_share, 0),
        money(total.waste), seconds,
    )  # fmt: skip


def gate_words(found: VendorStatus) -> str:
    """Say whether a vendor is asked, and if not, until when and why."""
    gate = found.gate
    until = "" if gate.until is None else f" until {gate.until:%Y-%m-%d %H:%M:%S} UTC"
    why = f" ({gate.why})" if gate.why else ""
    return f"{found.vendor}: {gate.state.value}{until}{why}"


def quota_rows(found: VendorStatus) -> list[tuple[str, str, str]]:
    """Return each limit of a vendor: what it is of, what is used, and the most."""
    rows = []
    for quota in found.quotas:
        scale = MILLION if quota.what in {"money", "credits"} else 1
        most = "no limit" if quota.most is None else f"of {quota.most / scale:,.10g}"
        rows.append((quota.what, f"{quota.used / scale:,.10g}", most))
    return rows


def money(millionths: int | None, currency: str = "") -> str:
    """Return an amount for a person; a dash for one that is not known."""
    return "-" if millionths is None else words.price(millionths, currency)
