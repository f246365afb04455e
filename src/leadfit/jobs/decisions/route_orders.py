"""Ranks leads that were routed by both orders of the rules: what the other preset would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from leadfit import route
from leadfit.policy import Policy
from leadfit.records import Decision, Place, RepLoad
from leadfit.store import Session

ORDERS = ("source-order", "owner-first")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersCompared:
    """How many leads would go to another rep by the other order.

    Attributes:
        compared: Leads that were ranked by both orders.
        differ: Those whose first place is another rep.
        by_rules: For those that differ, how many by the two rules, such as
            ``territory -> account_owner``, most first.
        leads: Ids of some that differ, newest first.
    """

    compared: int
    differ: int
    by_rules: Mapping[str, int]
    leads: tuple[str, ...] = ()


def compare_orders(session: Session, policy: Policy, most: int) -> OrdersCompared:
    """Rank the newest leads by both orders, with everybody free and all turns as they are now.

    Each lead is ranked as it was first decided, by itself: what differs is due to the order of the
    rules and to nothing else, such as who was full on that day.

    Args:
        session: Where the decisions are.
        policy: The rules beside their order.
        most: Leads that are looked at.
    """
    rules: Counter[str] = Counter()
    differing: list[str] = []
    compared = 0
    for lead_id in session.owners.newest(most):
        first = next((each for each in session.leads.decisions(lead_id) if each.opened), None)
        if first is None or first.score is None:
            continue
        compared += 1
        places = [_first(session, first, _ordered(policy, order)) for order in ORDERS]
        one, other = places
        if one is not None and other is not None and one.rep_id != other.rep_id:
            rules[f"{one.rule} -> {other.rule}"] += 1
            differing.append(lead_id)
    return OrdersCompared(
        compared=compared,
        differ=len(differing),
        by_rules=dict(rules.most_common()),
        leads=tuple(differing[:20]),
    )


def _ordered(policy: Policy, order: str) -> Policy:
    if policy.route.order == order:
        return policy
    changed = policy.route.model_copy(update={"order": order})
    return policy.model_copy(update={"route": changed})


def _first(session: Session, decision: Decision, policy: Policy) -> Place | None:
    """Return the first place of a lead as it was when it was opened."""
    lead = session.leads.get(decision.lead_id or "")
    if lead is None or decision.score is None:
        return None
    lead = replace(lead, owner_id=None, facts=decision.subject.facts)
    account = None if decision.account_id is None else session.accounts.account(decision.account_id)
    now = decision.decided_at
    held = session.capacity.loads(
        [rep.rep_id for rep in policy.reps],
        now,
        window=timedelta(0),
        pools=route.pools(lead, account, decision.score, policy, now=now),
    )
    loads = [
        RepLoad(rep=rep, last_turn=held[rep.rep_id].last_turn, turns=held[rep.rep_id].turns)
        for rep in policy.reps
    ]
    places = route.rank(lead, account, decision.score, loads, policy, now=now).places
    return places[0] if places else None
