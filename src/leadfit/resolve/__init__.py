"""Second stage: which account and contact a signal is about, with a stated probability."""

from __future__ import annotations

from leadfit.resolve.decide import decide
from leadfit.resolve.keys import keys

__all__ = ["decide", "keys"]
