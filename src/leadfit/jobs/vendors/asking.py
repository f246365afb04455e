"""What is asked of a vendor, by what is known, and on what terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Final

from leadfit.buying import Purchase
from leadfit.connectors.lookup import FIELDS, Vendor
from leadfit.policy.enrichment import EnrichRules, VendorRules, millionths
from leadfit.records import Identifiers
from leadfit.resolve.normal import Column, normalise
from leadfit.store import Session
from leadfit.store.pace import spans
from leadfit.store.vendors import Bill, Terms

_OF_A_SIGNAL: Final = frozenset(field.name for field in fields(Identifiers)) & frozenset(FIELDS)


def fields_of(session: Session, purchase: Purchase, told: Identifiers) -> Mapping[str, str]:
    """Return what is known of the subject of a purchase.

    Args:
        session: To look the domain of an account up.
        purchase: Whom it is about.
        told: What the signal that waits says.
    """
    known = {name: value for name in _OF_A_SIGNAL if (value := getattr(told, name)) is not None}
    if purchase.whom.kind == "company":
        account = session.accounts.account(purchase.whom.key)
        known["domain"] = account.domains[0] if account and account.domains else purchase.whom.key
        if account is not None and not account.domains:
            del known["domain"]
    elif "domain" not in known and (domain := _domain_of(known.get("email"))):
        known["domain"] = domain
    return known | {"reference": purchase.purchase_id}


def _domain_of(email: str | None) -> str | None:
    if email is None:
        return None
    return normalise(Column.EMAIL, email).get("domain")


def terms_of(
    rules: EnrichRules,
    vendor: VendorRules,
    asked: Vendor,
    purchase: Purchase,
    *,
    now: datetime,
    latest: datetime,
) -> Terms:
    """Return the terms on which a vendor may be called.

    Args:
        rules: For how long an answer is good.
        vendor: Its price and budgets.
        asked: Its limits.
        purchase: What is bought.
        now: When.
        latest: The call begins no later.
    """
    kind = purchase.whom.kind
    return Terms(
        limits=spans(asked.limits(kind)),
        bucket=asked.bucket(kind),
        most=price_of(vendor),
        money_a_month=None if vendor.money_a_month is None else millionths(vendor.money_a_month),
        credits_a_month=(
            None if vendor.credits_a_month is None else millionths(vendor.credits_a_month)
        ),
        fresh_since=now - timedelta(days=rules.fresh_days),
        latest=latest,
    )


def price_of(vendor: VendorRules) -> Bill:
    """Return what a call costs that brings something."""
    return Bill(money=millionths(vendor.price), credits=millionths(vendor.credits_a_call))
