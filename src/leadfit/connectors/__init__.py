"""The outside: performers that carry out actions. One module a vendor; only ``app`` names them."""

from __future__ import annotations

from leadfit.connectors.base import Performer
from leadfit.connectors.files import FilePerformer

__all__ = ["FilePerformer", "Performer"]
