"""What a decision hangs on beside the facts it lacks, and what it comes to with them.

:func:`answer` is the one way from a completion of the unknown facts to tier and owner: it runs the
stages themselves. Bounds are checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from leadfit import route, score
from leadfit.pipeline.case import InForce
from leadfit.policy import Policy
from leadfit.policy.groups import Groups
from leadfit.records import (
    Account,
    Fact,
    Facts,
    Lead,
    Ranking,
    RepLoad,
    Score,
    Subject,
    Tier,
)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A decision that is about to be made.

    Attributes:
        subject: Facts known and activities.
        lead: The lead as it would be routed, without an owner.
        accounts: Accounts it is or may be of; ``None`` where it has none. Whoever gets it must be
            right under each.
        loads: What the store knows of each rep, with the turns of every pool that may be asked for.
        held: The tier the lead has already, below which it does not fall.
        owner_id: Who has it already.
        is_touched: A person spoke to the lead, so that a rising tier does not move it.
        prefer: Who has the other lead of what may be the same person.
        is_unresolved: Which account it is of is not known for sure.
        free: Facts that are unknown, or known from too long ago, and that could be bought.
    """

    subject: Subject
    lead: Lead
    accounts: tuple[Account | None, ...]
    loads: tuple[RepLoad, ...]
    in_force: InForce
    now: datetime
    held: Tier | None = None
    owner_id: str | None = None
    is_touched: bool = False
    prefer: str | None = None
    is_unresolved: bool = False
    free: tuple[str, ...] = ()

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.in_force.policy

    @cached_property
    def groups(self) -> Groups:
        """Names of facts that mean the same."""
        return Groups(self.policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a decision comes to.

    Attributes:
        tier: The tier the lead has then.
        owner_id: Who gets it; ``None`` while nobody is right or free.
    """

    tier: Tier
    owner_id: str | None


def rated(question: Question, completion: Mapping[str, Fact] | None = None) -> Score:
    """Return the score with unknown facts completed.

    Args:
        question: The decision.
        completion: Values of unknown facts by first name; ``None`` for what is known alone.
    """
    facts = _facts(question, completion)
    subject = replace(question.subject, facts=facts)
    rules = question.in_force
    return score.rate(
        subject, rules.artifact, rules.policy, now=question.now, lead_id=question.lead.lead_id
    )


def answer(question: Question, completion: Mapping[str, Fact] | None = None) -> Placement:
    """Return tier and owner with unknown facts completed.

    Args:
        question: The decision.
        completion: As in :func:`rated`.
    """
    scored = rated(question, completion)
    tier = scored.tier if question.held is None else min(question.held, scored.tier)
    return Placement(tier=tier, owner_id=owner(question, tier, scored, completion))


def owner(
    question: Question, tier: Tier, scored: Score, completion: Mapping[str, Fact] | None
) -> str | None:
    """Return who has the lead in a tier.

    Args:
        question: The decision.
        tier: The tier.
        scored: The score, of which the play counts.
        completion: As in :func:`rated`.
    """
    rises = question.held is None or tier < question.held
    if question.owner_id is not None and (question.is_touched or not rises):
        return question.owner_id
    ranking = ranked(question, tier, scored, completion)
    prefer = question.owner_id or question.prefer
    places = [each.rep_id for each in ranking.places]
    if prefer in places:
        return prefer
    return places[0] if places else question.owner_id


def ranked(
    question: Question, tier: Tier, scored: Score, completion: Mapping[str, Fact] | None
) -> Ranking:
    """Return the ranking of reps in a tier, under every account the lead may be of.

    Args:
        question: The decision.
        tier: The tier.
        scored: The score, of which the play counts.
        completion: As in :func:`rated`.
    """
    lead = replace(question.lead, facts=_facts(question, completion), tier=tier)
    given = replace(scored, tier=tier)
    return route.agree(
        [
            route.rank(
                lead, _account(question, account, completion), given, question.loads,
                question.policy, now=question.now,
            )
            for account in question.accounts
        ]
    )  # fmt: skip


def pools(
    question: Question, scored: Score, completions: Sequence[Mapping[str, Fact]]
) -> tuple[str, ...]:
    """Return the pools of reps that may be asked about, in any tier, under any completion.

    Args:
        question: The decision, whose loads do not matter.
        scored: The score by what is known.
        completions: One for each territory and skill that may come about.
    """
    found: dict[str, None] = {}
    for tier in Tier:
        given = replace(scored, tier=tier)
        for completion in completions:
            lead = replace(question.lead, facts=_facts(question, completion), tier=tier)
            for each in question.accounts:
                account = _account(question, each, completion)
                named = route.pools(lead, account, given, question.policy, now=question.now)
                found |= dict.fromkeys(named)
    return tuple(found)


def _facts(question: Question, completion: Mapping[str, Fact] | None) -> Facts:
    if not completion:
        return question.subject.facts
    return question.groups.filled(question.subject.facts, completion)


def _account(
    question: Question, account: Account | None, completion: Mapping[str, Fact] | None
) -> Account | None:
    """Return an account without the facts that a completion gives anew."""
    if account is None or not completion:
        return account
    given = frozenset(completion)
    return replace(
        account,
        facts=question.groups.without(account.facts, given),
        country=None if question.groups.of("country") in given else account.country,
    )
