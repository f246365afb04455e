"""The truth of a planted company as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadfit.testing.planted.arrivals import FALLING_INDUSTRY
from leadfit.testing.planted.company import WHALE_INDUSTRY, Company
from leadfit.testing.planted.dials import Confounding
from leadfit.testing.planted.facts import PlantedFact, Role, role_of
from leadfit.testing.planted.population import FIDELITY
from leadfit.testing.planted.truth import TrueAccount, TrueEffect, weights

_RIDES_ON = {
    Confounding.ADDITIVE: "source",
    Confounding.INTERACTION: "source x region",
    Confounding.UNRECORDED: "unrecorded",
}
_DIGITS = 6


def truth_of(company: Company) -> Mapping[str, object]:
    """Return everything that is true of ``company``, of plain values; docs/sandbox.md lists it."""
    accounts = company.accounts()
    return {
        "version": 1,
        "dials": _dials(company),
        "funnel": dict(company.funnel),
        "weights": {step: round(value, _DIGITS) for step, value in weights(accounts).items()},
        "facts": _facts(company, company.effects()),
        "drift": _drift(company),
        "whale": _whale(company),
        "accounts": {each.entity.account_id: _account(company, each) for each in accounts},
        "entities": _entities(company),
    }


def _dials(company: Company) -> Mapping[str, object]:
    dials = company.dials
    values = {name: getattr(dials, name) for name in dials.__dataclass_fields__}
    return {
        name: value if isinstance(value, (int, float, type(None))) else str(value)
        for name, value in values.items()
    }


def _facts(company: Company, effects: Sequence[TrueEffect]) -> list[Mapping[str, object]]:
    by_value: dict[tuple[str, str], dict[str, object]] = {}
    for each in effects:
        by_value.setdefault((each.fact, each.value), {})[each.outcome] = {
            "risk": round(each.risk, _DIGITS),
            "effect": round(each.effect, _DIGITS),
        }
    return [_fact(company, fact, by_value) for fact in company.facts]


def _fact(
    company: Company, fact: PlantedFact, effects: Mapping[tuple[str, str], Mapping[str, object]]
) -> Mapping[str, object]:
    rides = fact.role is Role.RIDES_ON_A_CHANNEL
    return {
        "fact": fact.name,
        "family": fact.family,
        "table": fact.table,
        "role": fact.role.value,
        "is_number": fact.is_number,
        "copies": fact.copies,
        "copies_share": FIDELITY if fact.copies else None,
        "rides_on": _RIDES_ON[company.dials.confounding] if rides else None,
        "values": [
            {
                "value": level.value,
                "low": level.low,
                "high": level.high,
                "share": round(level.share, _DIGITS),
                "role": role_of(fact, level).value,
                "log_hazard": {
                    "expanded": round(level.expand, _DIGITS),
                    "churned_after_use": round(level.churn, _DIGITS),
                },
                "effects": effects[fact.name, level.value],
            }
            for level in fact.levels
        ],
    }


def _drift(company: Company) -> Mapping[str, object] | None:
    dials = company.dials
    if not dials.drift:
        return None
    onset = dials.drift_month or (2 * dials.months) // 3
    minute = onset * company.ledger.end // dials.months
    return {
        "fact": "industry",
        "value": FALLING_INDUSTRY,
        "begins_at": company.ledger.calendar.stamp(minute),
        "ramp_months": dials.drift_ramp_months,
        "depth": dials.drift,
    }


def _whale(company: Company) -> Mapping[str, object] | None:
    whale = company.economics.whale
    if whale is None:
        return None
    return {
        "account_id": company.entities[whale.number].account_id,
        "fact": "industry",
        "value": WHALE_INDUSTRY,
        "share": company.dials.whale,
        "times": whale.times,
    }


def _account(company: Company, true: TrueAccount) -> Mapping[str, object]:
    sale = company.ledger.won.get(true.entity.number)
    return {
        "won": round(true.won, _DIGITS),
        "expands": round(true.expands, _DIGITS),
        "churns": round(true.churns, _DIGITS),
        "value_if_won": round(true.value_if_won, _DIGITS),
        "oracle_value": round(true.oracle_value, _DIGITS),
        "expands_within_12_months": true.fate.expanded_by(12),
        "churns_after_use_within_12_months": true.fate.churned_after_use_by(12),
        "expansions_within_24_months": true.fate.expansions_by(24),
        "booked_within_24_months": true.fate.value,
        "customer_since": None if sale is None else company.ledger.calendar.stamp(sale.closed),
    }


def _entities(company: Company) -> Mapping[str, object]:
    ledger = company.ledger
    by_number = {each.number: each.account_id for each in company.entities}
    return {
        "accounts": {row.account_id: row.entity.account_id for row in ledger.accounts},
        "contacts": {row.contact_id: row.person for row in ledger.contacts},
        "leads": {row.lead_id: row.entity.account_id for row in ledger.leads},
        "parents": {
            each.account_id: by_number[each.parent]
            for each in company.entities
            if each.parent is not None
        },
    }
