"""Which account a lead belongs to: by id, by its contact, by its domain, else its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from leadfit.resolve import domain_key, is_free_mail


def domain_of(text: str) -> str | None:
    """Return the registrable domain of an e-mail address, a domain or a web address.

    >>> domain_of("ann@mail.example.co.uk"), domain_of("https://www.example.com/about")
    ('example.co.uk', 'example.com')
    """
    return domain_key(text.rpartition("@")[2])


def business_domain(email: str | None) -> str | None:
    """Return the registrable domain of a business address; ``None`` for free mail.

    >>> business_domain("ann@gmail.com") is None
    True
    """
    if email is None or "@" not in email:
        return None
    domain = domain_of(email)
    host = email.strip().casefold().rpartition("@")[2]
    return None if domain is None or is_free_mail(domain) or is_free_mail(host) else domain


class AccountLookup:
    """Answers which account a lead or contact belongs to.

    Args:
        account_ids: Ids of the accounts on record.
        domains: Their domains, in the same order; a blank is ``None``; several joined by ``;``.
        contacts: Contact id to account id and e-mail address.
    """

    def __init__(
        self,
        account_ids: Sequence[str],
        domains: Sequence[str | None],
        contacts: Mapping[str, tuple[str | None, str | None]],
    ) -> None:
        holders: dict[str, set[str]] = defaultdict(set)
        for account_id, text in zip(account_ids, domains, strict=True):
            for part in (text or "").split(";"):
                domain = domain_of(part) if part.strip() else None
                if domain is not None and not is_free_mail(domain):
                    holders[domain].add(account_id)
        self._holders = holders
        self._contacts = contacts
        self.shared_domains: set[str] = set()

    def recorded(self, account_id: str | None, contact_id: str | None) -> str | None:
        """Return the account that is on record: by its id, else by the contact."""
        if account_id is not None:
            return account_id
        return self._contacts.get(contact_id or "", (None, None))[0]

    def email(self, contact_id: str | None) -> str | None:
        """Return the address of a contact."""
        return self._contacts.get(contact_id or "", (None, None))[1]

    def account(
        self, account_id: str | None, contact_id: str | None, email: str | None
    ) -> str | None:
        """Return the account that an id, a contact or an address leads to."""
        recorded = self.recorded(account_id, contact_id)
        if recorded is not None:
            return recorded
        domain = business_domain(email) or business_domain(self.email(contact_id))
        if domain is None:
            return None
        holders = self._holders.get(domain, set())
        if len(holders) > 1:
            self.shared_domains.add(domain)
            return None
        return next(iter(holders), f"domain:{domain}")
