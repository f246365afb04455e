"""What facts cost by the rules in force, from the ledger, and what they would by others, drafted.

Where the other rules begin to buy, leads that were opened are bounded again by them, as they were
known then. A lead that something can change is asked about at least once, and at most with every
offer that matters and is worth it: the two ends of what is foreseen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from leadfit.buying import DOMAIN, MILLION, Offer, Whom
from leadfit.jobs.rehearsal.alike import are_alike
from leadfit.pipeline.case import InForce
from leadfit.pipeline.question import Question
from leadfit.pipeline.worth_buying import choices, is_worth_it, worth_buying
from leadfit.policy import Policy
from leadfit.policy.enrichment import offer_of
from leadfit.policy.groups import Groups
from leadfit.records import Account, Lead, RepLoad, Subject

DRAFTS: Final = 1_000
"""About as many leads are drafted, spread over the history."""
_Z95: Final = 1.96
_BOUGHT_BY: Final = (
    "detractor", "enrich", "facts", "matching", "plays", "reps", "route", "score", "territories",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What a lead would cost, in millionths of the currency: one call, and all that matter."""

    least: int
    most: int


def foresees(rules: tuple[InForce, InForce]) -> bool:
    """Return whether the others buy facts and those in force do not."""
    return rules[1].policy.enrich.is_live and not rules[0].policy.enrich.is_live


def draft(
    subject: Subject, lead_id: str, account: Account | None, rules: InForce, at: datetime
) -> Draft:
    """Return what the facts that a lead lacked would cost.

    Every rep is taken to be free, every vendor to answer as often as the policy states, and about
    whom a fact is asked to be known.

    Args:
        subject: What was known when it was opened.
        lead_id: Its id.
        account: Its account, as it was then.
        rules: The rules that buy.
        at: When it was opened.
    """
    policy = rules.policy
    held = Groups(policy).held(subject.facts)
    offers = tuple(_offers(policy, lead_id))
    wanted = {fact for each in offers for fact in each.facts} - held - {DOMAIN}
    question = Question(
        subject=subject,
        lead=Lead(lead_id=lead_id, created_at=at, facts=subject.facts),
        accounts=(account,),
        loads=tuple(RepLoad(rep=rep) for rep in policy.reps),
        in_force=rules,
        now=at,
        free=tuple(sorted(wanted)),
    )
    verdict = worth_buying(question)
    if verdict.is_settled:
        return Draft(0, 0)
    found = choices(question, verdict, offers, {})
    prices = [_expected(each.offer) for each in found if is_worth_it(policy.enrich, each)]
    return Draft(prices[0], sum(prices)) if prices else Draft(0, 0)


def _offers(policy: Policy, lead_id: str) -> list[Offer]:
    return [
        offer_of(vendor, Whom(kind=kind, key=lead_id), vendor.hit_rate)
        for vendor in policy.enrich.vendors
        for kind in sorted(set(vendor.supplies.values()))
    ]


def _expected(offer: Offer) -> int:
    return round(offer.price * offer.chance + offer.price_of_miss * (1 - offer.chance))


def spent(
    drafts: Sequence[Draft], leads: int, paid: int, rules: tuple[InForce, InForce]
) -> Mapping[str, object]:
    """Return the spend by both rules, as JSON types; money in the currency's main unit.

    Args:
        drafts: Of the leads that were drafted by the others.
        leads: How many leads were opened.
        paid: What was really paid, in millionths of the currency.
        rules: Those in force, and the others.
    """
    present, other = rules[0].policy.enrich, rules[1].policy.enrich
    before = paid / MILLION
    if not other.is_live:
        return _known(before, 0.0, present.currency)
    if present.is_live:
        if are_alike(rules, _BOUGHT_BY):
            return _known(before, before, present.currency)
        why = "what was bought is on record already; what other rules had bought instead is not"
        return {"identified": False, "why": why}
    if not drafts:
        return {"identified": False, "why": "no lead on record could be drafted by these rules"}
    low, high = (
        _scaled([each.least for each in drafts], leads, -1),
        _scaled([each.most for each in drafts], leads, 1),
    )
    return {
        "identified": True,
        "currency": other.currency,
        "before": before,
        "after_low": low,
        "after_high": high,
        "drafted": len(drafts),
        "leads": leads,
    }


def _known(before: float, after: float, currency: str) -> Mapping[str, object]:
    change = after - before
    return {
        "identified": True,
        "currency": currency,
        "before": before,
        "after": after,
        "change": round(change, 6),
        "relative": None if before == 0 else round(change / before, 6),
    }


def _scaled(costs: Sequence[int], leads: int, side: int) -> float:
    """Return the cost of all leads by those drafted, with 95 % of chance to one side of it."""
    count = len(costs)
    mean = math.fsum(costs) / count
    spread = math.fsum((each - mean) ** 2 for each in costs) / max(count - 1, 1)
    # Of all leads nothing is left to chance.
    left = 0.0 if count >= leads else math.sqrt(spread / count * (1 - count / leads))
    return round(max(0.0, mean + side * _Z95 * left) * leads / MILLION, 2)
