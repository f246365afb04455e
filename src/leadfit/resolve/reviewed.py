"""What a reviewer is asked, or has said, about somebody holds for that person's next signals, too.

A form that names a sister company waits for a reviewer; a page view of the same person names no
company, and its domain alone would answer the question that was asked of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from leadfit.policy import Policy
from leadfit.records import Band, Candidate, Contact, Match, Reason, Relation


def in_question(match: Match, candidates: Sequence[Candidate]) -> Contact | None:
    """Return the contact on record that a link would give its account; ``None`` for every other.

    Args:
        match: What rules and weights say.
        candidates: What they were told.
    """
    if match.band is not Band.AUTO or match.account_id is None:
        return None
    if any(each.rule == "crm_id" for each in match.reasons):
        return None  # the sender says more now than a domain does
    return next(
        (
            each.contact
            for each in candidates
            if each.found_by == "email"
            and each.contact is not None
            and each.contact.account_id is None
        ),
        None,
    )


def as_reviewed(match: Match, answer: Relation | None, policy: Policy) -> Match:
    """Return a link as the review of the same person and account leaves it.

    Args:
        match: A link that was about to be made.
        answer: What the reviewer said last; ``None`` while the question is open.
        policy: The probabilities that are stated.

    Returns:
        The link itself where the answer was that it is the same; else one that waits for the
        answer, or one that is not made, without a pointer, because the question was asked.
    """
    if answer is Relation.SAME:
        return match
    unlinked = replace(match, account_id=None, contact_id=None, lead_id=None)
    if answer is None:
        words = f"a reviewer is asked whether this person is of account {match.account_id}"
        return replace(
            unlinked,
            band=Band.REVIEW,
            probability=max(policy.matching.review, policy.matching.probability.shared_domain),
            relation=Relation.RELATED,
            possible_account_id=match.account_id,
            reasons=(*match.reasons, Reason(rule="review.open", words=words)),
        )
    words = f"a reviewer said that this person is not of account {match.account_id}"
    return replace(
        unlinked,
        band=Band.NEW,
        probability=policy.matching.probability.unknown,
        relation=answer,
        reasons=(*match.reasons, Reason(rule=f"review.{answer.value}", words=words)),
    )
