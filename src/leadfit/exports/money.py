"""All money of an export in one currency."""

from __future__ import annotations

from collections.abc import Sequence

from leadfit.currency import minor_digits
from leadfit.errors import Words
from leadfit.exports.convert import TypedRows
from leadfit.exports.faults import Faults
from leadfit.exports.ladder import Event
from leadfit.exports.mapping import Mapping
from leadfit.history import Notice


def one_currency(
    mapping: Mapping,
    spend: Sequence[TypedRows],
    events: Sequence[Event],
    faults: Faults,
    notices: list[Notice],
) -> None:
    """Convert all money by the mapping's rates; without rates it must be of one currency."""
    seen = _currencies(spend, events)
    named = sorted(code for code in seen if code is not None)
    if mapping.rates:
        unknown = [code for code in named if code not in {*mapping.rates, mapping.currency}]
        if unknown:
            came = Words(f"amounts in {', '.join(unknown)}")
            faults.file("rates", came, f"a rate into {mapping.currency} for each currency")
        else:
            _convert(mapping, spend, events)
    elif len(named) > 1:
        came = Words(f"amounts in {', '.join(named)}")
        allowed = "one currency, or a mapping with 'currency' and [rates] into it"
        faults.file("currency", came, allowed)
    elif named and None in seen:
        notices.append(
            Notice(
                code="unnamed_currency",
                field="currency",
                message=f"Amounts without a currency were taken for {named[0]}.",
            )
        )


def _currencies(spend: Sequence[TypedRows], events: Sequence[Event]) -> set[str | None]:
    seen = {event.currency for event in events if event.amount is not None}
    for rows in spend:
        for code, amount in zip(rows.get("currency"), rows.get("amount"), strict=True):
            if amount is not None:
                seen.add(code if isinstance(code, str) else None)
    return seen


def _convert(mapping: Mapping, spend: Sequence[TypedRows], events: Sequence[Event]) -> None:
    for event in events:
        if event.amount is not None:
            event.amount = _converted(event.amount, event.currency, mapping)
            event.currency = mapping.currency
    for rows in spend:
        rows.columns["amount"] = [
            _converted(amount, code, mapping) if isinstance(amount, int) else None
            for amount, code in zip(rows.get("amount"), rows.get("currency"), strict=True)
        ]
        rows.columns["currency"] = [mapping.currency] * len(rows)


def _converted(amount: int, currency: object, mapping: Mapping) -> int:
    if currency is None or currency == mapping.currency:
        return amount
    digits = minor_digits(mapping.currency) - minor_digits(str(currency))
    return round(amount * mapping.rates[str(currency)] * 10.0**digits)
