"""The lists that normalisation looks things up in; a policy adds to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from leadfit.policy import Policy
from leadfit.policy.schema import MatchingRules

_STARTER: Final = MatchingRules()
_EMPTY_COMPANIES: Final = frozenset(
    (
        "self employed", "selfemployed", "self", "freelance", "freelancer", "individual",
        "student", "unemployed", "retired", "private", "personal", "home", "me", "myself", "no",
        "company", "my company", "your company", "company name", "independent", "private person",
        "privat", "between jobs", "looking for work", "not employed", "various", "other",
        "confidential", "stealth", "stealth startup", "abc company", "acme test", "test company",
    )
)  # fmt: skip
_GENERIC_TITLES: Final = frozenset(
    (
        "manager", "director", "consultant", "employee", "staff", "associate", "assistant",
        "specialist", "analyst", "executive", "officer", "owner", "partner", "engineer",
        "developer", "sales", "marketing", "operations", "administrator", "coordinator",
        "supervisor", "team lead", "lead", "member", "worker", "professional", "representative",
        "agent", "other", "student", "intern", "trainee", "freelancer", "self employed",
        "retired", "teacher", "president", "founder", "business", "it", "finance", "hr",
        "human resources", "general manager", "senior manager", "project manager",
        "office manager", "sales manager", "account manager", "product manager",
        "software engineer", "technician", "contractor", "head", "advisor", "adviser",
        "management", "user", "buyer", "clerk", "secretary",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Words and domains with a meaning of their own; the large bundled lists stand behind them."""

    free_mail: frozenset[str] = frozenset(_STARTER.free_mail)
    """Free-mail and internet-provider domains beside the bundled ones."""
    disposable: frozenset[str] = frozenset(_STARTER.disposable)
    """Throw-away mail domains beside the bundled ones."""
    business: frozenset[str] = frozenset(_STARTER.business)
    """Domains that are businesses whatever a list says, schools among them."""
    shared: frozenset[str] = frozenset(_STARTER.shared)
    """Domains behind which unlike companies stand."""
    role_mailboxes: frozenset[str] = frozenset(_STARTER.role_mailboxes)
    """Local parts that belong to a role."""
    dummy_locals: frozenset[str] = frozenset(_STARTER.dummy_locals)
    """Local parts typed to get past a form."""
    dummy_domains: frozenset[str] = frozenset(_STARTER.dummy_domains)
    """Domains typed to get past a form."""
    empty_companies: frozenset[str] = _EMPTY_COMPANIES
    """Folded words that say that there is no company."""
    generic_titles: frozenset[str] = _GENERIC_TITLES
    """Normalised titles that so many hold that they tell nobody apart."""


BUNDLED: Final = Lists()
"""What holds where a policy says nothing."""


def lists_of(policy: Policy) -> Lists:
    """Return the lists of a policy's ``matching`` section over the bundled ones."""
    given = policy.matching
    return _lists(
        given.free_mail, given.disposable, given.business, given.shared, given.role_mailboxes,
        given.dummy_locals, given.dummy_domains,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _lists(  # noqa: PLR0917 -- the lists in the order of the policy
    free_mail: tuple[str, ...],
    disposable: tuple[str, ...],
    business: tuple[str, ...],
    shared: tuple[str, ...],
    role_mailboxes: tuple[str, ...],
    dummy_locals: tuple[str, ...],
    dummy_domains: tuple[str, ...],
) -> Lists:
    """Return the lists; a policy is asked for them again and again for each signal."""
    return Lists(
        free_mail=frozenset(free_mail),
        disposable=frozenset(disposable),
        business=frozenset(business),
        shared=frozenset(shared),
        role_mailboxes=frozenset(role_mailboxes),
        dummy_locals=frozenset(dummy_locals),
        dummy_domains=frozenset(dummy_domains),
    )
