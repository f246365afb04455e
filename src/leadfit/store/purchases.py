"""What a store keeps of facts that are bought: offers within their budgets, purchases, answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from leadfit.buying import BoughtFacts, Market, Purchase, PurchaseStatus, Whom
from leadfit.policy.enrichment import EnrichRules


class Purchases(Protocol):
    """Purchases, asked about by the line of one lead, in its transaction.

    Nothing here waits or goes over the network. Who makes the calls puts what came back into the
    store as a signal: its source is ``vendor:NAME``, its event id the purchase id, its kind
    ``enriched``, its identifiers those of the signal that waits, its facts under the names of the
    policy. A call that brought nothing, or failed for good, is settled in the ledger alone.
    """

    def market(self, rules: EnrichRules, about: Sequence[Whom], now: datetime) -> Market:
        """Return what can be bought now about these subjects, in the order of the policy.

        A vendor makes no offer while its breaker is open, its rate, credits or money are used up,
        or when it was asked about the subject within ``fresh_days``, whatever came of it.

        Args:
            rules: Its vendors, with what they can supply of each kind of subject.
            about: The subjects.
            now: The time of the decision.
        """

    def buy(self, purchase: Purchase) -> None:
        """Keep a purchase that is to be made; one with the same id is never kept twice."""

    def of_signal(self, signal_id: str) -> tuple[PurchaseStatus, ...]:
        """Return how the purchases for a signal stand, in the order in which they were kept."""

    def get(self, purchase_id: str) -> Purchase | None:
        """Return a purchase."""

    def answers(self, about: Sequence[Whom], since: datetime) -> tuple[BoughtFacts, ...]:
        """Return what vendors answered about these subjects since a time, oldest first."""
