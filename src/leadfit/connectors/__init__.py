"""The outside: performers that carry out actions, vendors that sell facts.

One module a receiver, one profile a vendor of facts; only ``app`` names them.
"""

from __future__ import annotations

from leadfit.connectors.base import Performer
from leadfit.connectors.files import FilePerformer
from leadfit.connectors.lookup import Vendor

__all__ = ["FilePerformer", "Performer", "Vendor"]
