"""First stage: what came in, as a signal, or every reason why it cannot be one."""

from __future__ import annotations

from leadfit.signal.hooks import Translation, translate
from leadfit.signal.parse import parse
from leadfit.signal.read import read
from leadfit.signal.signature import Incoming, verify

__all__ = ["Incoming", "Translation", "parse", "read", "translate", "verify"]
