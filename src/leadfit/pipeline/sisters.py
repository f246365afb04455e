"""Doubts a link by the domain alone where a sister on record stands where the sender says to be.

``acme.com`` and ``acme.de`` are two companies of one group, and their people write from either.
"""

from __future__ import annotations

from dataclasses import replace

from leadfit import resolve
from leadfit.pipeline.case import Desk
from leadfit.records import Band, Keys, Match, Reason, Relation, Signal
from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.record_columns import account_columns

_OWN = "domain.own"


def doubted(desk: Desk, signal: Signal, keys: Keys, match: Match) -> Match:
    """Return a link as it is, or as a question where a sister may be meant.

    Only a link that rests on the domain is doubted, and only where the sender gives a country other
    than the holder's, in which a holder of the same label under another public suffix is on record.
    """
    if match.band is not Band.AUTO or keys.domain is None or match.account_id is None:
        return match
    if not signal.facts.get("country") or not any(each.rule == _OWN for each in match.reasons):
        return match
    country = resolve.account_side(signal, keys, desk.policy).get("country")
    holder = None if country is None else desk.session.accounts.account(match.account_id)
    there = None if holder is None else account_columns(holder).get("country")
    if country is None or there is None or country == there:
        return match
    sister = _sister(desk, keys.domain, country, match.account_id)
    if sister is None:
        return match
    stated, rules = desk.policy.matching.probability, desk.policy.matching
    words = f"account {sister} has the same label of a domain in {country}, where the sender is"
    return replace(
        match,
        band=Band.REVIEW,
        probability=max(rules.review, stated.shared_domain),
        relation=Relation.RELATED,
        account_id=None,
        contact_id=None,
        lead_id=None,
        possible_account_id=match.account_id,
        candidates=tuple(dict.fromkeys((*match.candidates, sister))),
        reasons=(*match.reasons, Reason(rule="domain.sister", words=words)),
    )


def _sister(desk: Desk, domain: str, country: str, holder_id: str) -> str | None:
    """Return the account of that country whose domain has the same label."""
    label = domain.partition(".")[0]
    most = desk.policy.matching.most_candidates
    blocked = desk.session.accounts.blocked(RecordKind.ACCOUNT, {"domain.label": label}, most)
    return next(
        (
            each.account.account_id
            for each in blocked.candidates
            if each.account is not None
            and each.account.account_id != holder_id
            and each.columns.get("domain.label") == label
            and each.columns.get("country") == country
        ),
        None,
    )
