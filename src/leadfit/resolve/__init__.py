"""Second stage: which account and contact a signal is about, with a stated probability."""

from __future__ import annotations

from leadfit.resolve.decide import decide, is_settled, noted
from leadfit.resolve.keys import domain_key, email_key, is_free_mail, keys, warm_up
from leadfit.resolve.record_columns import account_side, contact_side

__all__ = [
    "account_side",
    "contact_side",
    "decide",
    "domain_key",
    "email_key",
    "is_free_mail",
    "is_settled",
    "keys",
    "noted",
    "warm_up",
]
