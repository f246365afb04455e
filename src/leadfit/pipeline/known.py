"""What is known of a lead: what it says, what was known of it, its account, what was bought."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadfit.pipeline import identity
from leadfit.pipeline.case import Case, Who
from leadfit.policy.groups import Groups
from leadfit.policy.policy import fact_name
from leadfit.records import Account, Fact, Facts


def facts_of(case: Case, who: Who, before: Facts, bought: Facts) -> dict[str, Fact]:
    """Return what is known of a lead.

    Args:
        case: The signal; what it says itself wins over everything.
        who: Whom it is about; then comes what was known of the lead, then its account.
        before: What was known of the lead before.
        bought: What vendors say; it fills in what nobody else does, and what is stale.
    """
    facts: dict[str, Fact] = {}
    if who.account is not None:
        facts |= who.account.facts
        if who.account.country is not None:
            facts["country"] = who.account.country
    facts |= before
    facts |= case.signal.facts
    title = case.signal.identifiers.title or (None if who.contact is None else who.contact.title)
    if title is not None and identity.title_of(case) is None:
        facts["title"] = title
    return _filled_in(case, who, facts, bought) if bought else facts


def _filled_in(case: Case, who: Who, facts: dict[str, Fact], bought: Facts) -> dict[str, Fact]:
    groups = Groups(case.desk.policy)
    held = groups.held(facts) - stale(case, who)
    wanted = {groups.of(name): value for name, value in bought.items()}
    return groups.filled(facts, {name: value for name, value in wanted.items() if name not in held})


def stale(case: Case, who: Who) -> frozenset[str]:
    """Return the facts of the account on record that were looked at too long ago.

    Args:
        case: The signal; what it says itself is as fresh as can be.
        who: Whom it is about.
    """
    account, policy = who.account, case.desk.policy
    if account is None:
        return frozenset()
    looked_at = _looked_at(account, policy.enrich.updated_facts)
    oldest = case.desk.now - timedelta(days=policy.enrich.stale_days)
    if looked_at is None or looked_at >= oldest:
        return frozenset()
    groups = Groups(policy)
    of_account: dict[str, Fact] = dict(account.facts)
    if account.country is not None:
        of_account["country"] = account.country
    return groups.held(of_account) - groups.held(case.signal.facts)


def _looked_at(account: Account, names: tuple[str, ...]) -> datetime | None:
    by_name = {fact_name(name): value for name, value in account.facts.items()}
    for name in names:
        value = by_name.get(fact_name(name))
        if isinstance(value, str):
            try:
                at = datetime.fromisoformat(value.strip())
            except ValueError:
                continue
            return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return None
