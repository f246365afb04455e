"""Second stage: which account and contact a signal is about, with a stated probability."""

from __future__ import annotations

from leadfit.resolve.decide import decide
from leadfit.resolve.keys import domain_key, email_key, is_free_mail, keys, warm_up

__all__ = ["decide", "domain_key", "email_key", "is_free_mail", "keys", "warm_up"]
