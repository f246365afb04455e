"""A match in the band of its probability."""

from __future__ import annotations

from leadfit.policy import Policy
from leadfit.records import Band, Match, Reason, Relation


def band_of(probability: float, policy: Policy) -> Band:
    """Return the band a policy puts a probability into."""
    if probability >= policy.matching.auto:
        return Band.AUTO
    return Band.REVIEW if probability >= policy.matching.review else Band.NEW


def in_band(
    probability: float,
    policy: Policy,
    *,
    method: str,
    reasons: tuple[Reason, ...],
    relation: Relation = Relation.SAME,
    account_id: str | None = None,
    contact_id: str | None = None,
    lead_id: str | None = None,
    candidates: tuple[str, ...] = (),
) -> Match:
    """Put the best candidate into the band of its probability; only ``auto`` is a link."""
    band = band_of(probability, policy)
    is_link = band is Band.AUTO
    return Match(
        band=band,
        probability=probability,
        relation=Relation.DIFFERENT if band is Band.NEW else relation,
        method=method,
        account_id=account_id if is_link else None,
        contact_id=contact_id if is_link else None,
        lead_id=lead_id if is_link else None,
        possible_account_id=None if is_link else account_id,
        candidates=candidates,
        reasons=reasons,
    )


def conflict(possible: str | None, words: str, policy: Policy) -> Match:
    """Return a match that a reviewer is asked about, since two things were told."""
    return in_band(
        policy.matching.probability.conflict,
        policy,
        relation=Relation.DIFFERENT,
        method="exact",
        account_id=possible,
        reasons=(Reason(rule="conflict", words=words),),
    )
