"""Fourth stage: who gets a lead, in order, each rep with the rule that put it there."""

from __future__ import annotations

from leadfit.route.agree import agree
from leadfit.route.rank import rank

__all__ = ["agree", "rank"]
