"""What the domain of a signal tells of its account."""

from __future__ import annotations

from leadfit.policy import Policy
from leadfit.records import Account, Keys, Match, Reason, Relation
from leadfit.resolve.keys import ROLE_MAILBOX, is_school
from leadfit.resolve.normal import Column, normalise
from leadfit.resolve.relatives.names import tells_of_a_relative, tells_of_another
from leadfit.resolve.rules.banding import in_band
from leadfit.resolve.rules.evidence import Evidence

_OWN = frozenset(("domain.own", "domain.and_name"))
_WEAKER = frozenset(("domain.role", "domain.bare", "domain.school"))


def by_domain(keys: Keys, evidence: Evidence, policy: Policy) -> Match | None:
    """Return the account that holds the domain; ``None`` where nobody does."""
    if keys.domain is None or not evidence.accounts:
        return None
    named = _named_holder(evidence) if keys.email_is_personal else None
    best = named or evidence.accounts[0]
    stated = policy.matching.probability
    rule, words = _told_by_domain(keys, evidence, named)
    if rule in _OWN and is_school(keys.domain, policy.matching):
        # Whoever works there is told by the account's contacts, not by the address.
        rule, words = "domain.school", f"{words}, but students have addresses there, too"
    if rule in _OWN:
        probability = stated.own_domain
    else:
        probability = {
            "domain.role": stated.role_mailbox, "domain.bare": stated.bare_domain,
            "domain.school": stated.bare_domain,
        }.get(rule, stated.shared_domain)  # fmt: skip
    return in_band(
        probability,
        policy,
        relation=Relation.SAME if rule in {*_OWN, *_WEAKER} else Relation.RELATED,
        method="domain",
        account_id=best.account_id,
        reasons=(Reason(rule=rule, words=words),),
        candidates=evidence.ids,
    )


def new_domain(keys: Keys) -> tuple[Reason, ...]:
    """Return the reason that a domain is a business no account holds yet."""
    if keys.domain is None:
        return ()
    return (Reason(rule="domain.new", words=f"no account holds the domain {keys.domain} yet"),)


def _told_by_domain(keys: Keys, evidence: Evidence, named: Account | None) -> tuple[str, str]:
    """Return the rule by which the holders of a domain are judged, and why in words."""
    best, domain = evidence.accounts[0], keys.domain
    role = evidence.roles.get(best.account_id, "primary")
    if named is not None:
        ours = f"{named.account_id} alone has the name"
        return "domain.and_name", f"of the accounts that hold the domain {domain}, {ours}"
    if len(evidence.accounts) > 1:
        ids = ", ".join(account.account_id for account in evidence.accounts)
        shared = f"accounts {ids} share the domain {domain}"
        is_group = _is_hierarchy(evidence.accounts)
        return "domain.shared", f"{shared} as parent and child" if is_group else shared
    if role != "primary":
        words = f"{domain} is a {role} domain of account {best.account_id}, not its own"
        return f"domain.{role}", words
    return _told_by_one_holder(keys, evidence, best)


def _told_by_one_holder(keys: Keys, evidence: Evidence, holder: Account) -> tuple[str, str]:
    account = f"account {holder.account_id}"
    if not keys.email_is_personal:
        if keys.set_aside == ROLE_MAILBOX:
            return "domain.role", f"{account} holds the domain of the mailbox"
        return "domain.bare", f"{account} holds the domain, but no address at it was given"
    alone = f"{account} alone holds the domain {keys.domain}"
    if tells_of_a_relative(evidence.company, holder.name):
        but = "but the company's name tells of a sister or child of it"
        return "domain.relative", f"{alone}, {but}"
    if tells_of_another(evidence.company, holder.name, (keys.domain or "").partition(".")[0]):
        but = "but the company's name has nothing in common with it"
        return "domain.other_name", f"{alone}, {but}"
    return "domain.own", alone


def _named_holder(evidence: Evidence) -> Account | None:
    """Return the one of several holders of a domain whose name the sender gave in full.

    Only one that holds the domain as its own counts, and only where every other holder's name
    tells of another body.
    """
    if evidence.company is None or len(evidence.accounts) < 2:
        return None
    given = _name(evidence.company)
    alike = [each for each in evidence.accounts if given[0] and _name(each.name) == given]
    if len(alike) != 1 or evidence.roles.get(alike[0].account_id, "primary") != "primary":
        return None
    others = (each for each in evidence.accounts if each is not alike[0])
    is_clear = all(tells_of_a_relative(evidence.company, each.name) for each in others)
    return alike[0] if is_clear else None


def _name(text: str) -> tuple[str, str]:
    """Return a company's name and place in normal form, without the legal form."""
    parts = normalise(Column.COMPANY, text)
    return parts.get("", ""), parts.get("place", "")


def _is_hierarchy(accounts: tuple[Account, ...]) -> bool:
    ids = {account.account_id for account in accounts}
    return any(account.parent_account_id in ids for account in accounts)
