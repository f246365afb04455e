"""Effects on an amount: what a customer pays because of a fact."""

from __future__ import annotations

from leadfit.learn.amounts.effects import amount_effects, customer_amounts, first_months
from leadfit.learn.amounts.words import with_amounts

__all__ = ["amount_effects", "customer_amounts", "first_months", "with_amounts"]
