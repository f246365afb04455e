"""First stage: what came in, as a signal, or every reason why it cannot be one."""

from __future__ import annotations

from leadfit.signal.parse import parse
from leadfit.signal.read import read

__all__ = ["parse", "read"]
