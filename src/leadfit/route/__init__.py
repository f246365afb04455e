"""Fourth stage: who gets a lead, in order, each rep with the rule that put it there."""

from __future__ import annotations

from leadfit.route.agree import agree
from leadfit.route.rank import is_away, pools, rank, slots_of

__all__ = ["agree", "is_away", "pools", "rank", "slots_of"]
