"""What a call of a vendor came to: what it cost, what is done next, what it says of the vendor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.buying import PurchaseState
from leadfit.connectors.base import NotTaken, OnHold, RecordRefused
from leadfit.connectors.lookup import Brought, CannotAsk, TooFast
from leadfit.errors import LeadfitError
from leadfit.jobs.vendors.asking import price_of
from leadfit.policy.enrichment import VendorRules
from leadfit.store.vendors import Bill, CallState, Ended, PurchaseView

# A vendor that is never ready is given up; a lead waits only as long as the policy says anyway.
_MOST_POLLS: Final = 200
_LONGEST_POLLING_S: Final = 86_400.0
_LETTERS: Final = 200
_REASONS: Final = {
    "receiver_denied": "no_credential",
    "receiver_on_hold": "credits",
    "receiver_set_up": "set_up",
    "vendor_too_fast": "rate",
    "receiver_busy": "unreachable",
    "receiver_not_reached": "unreachable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """How a call ended.

    Attributes:
        reason: A fixed word, where it brought nothing.
        words: The same for a person, without anything personal.
        works: The vendor answered in a way that makes sense.
        is_rate: It was too fast.
        wait_s: Seconds the vendor wants to be left alone for this.
        hold_s: Seconds for which nothing is asked of it; 0 where it named none.
        answer_id: The signal that holds the answer.
    """

    state: CallState
    cost: Bill = field(default_factory=Bill)
    reason: str | None = None
    words: str = ""
    works: bool = True
    is_rate: bool = False
    wait_s: float | None = None
    hold_s: float | None = None
    brought: Brought = field(default_factory=Brought)
    answer_id: str | None = None

    @staticmethod
    def held(reason: str) -> CallResult:
        """Return the outcome of a call that was not made."""
        return CallResult(state=CallState.HELD, reason=reason, works=False, words=reason)

    def refused(self, reason: str) -> CallResult:
        """Return the same for an answer that cannot be taken; it is paid all the same."""
        return replace(self, state=CallState.REFUSED, reason=reason)

    def kept(self, answer_id: str) -> CallResult:
        """Return the same with the signal that holds the answer."""
        return replace(self, answer_id=answer_id)

    def ended(
        self, view: PurchaseView, now: datetime, *, backoff_s: float, most_doubts: int
    ) -> Ended:
        """Return what is written of it.

        Args:
            view: The purchase as it was when the call began.
            now: When it ended.
            backoff_s: Seconds until it is tried again, where the vendor names none.
            most_doubts: Calls of one purchase that may be unclear before it is given up.
        """
        then, next_at = self._then(view, now, backoff_s, most_doubts)
        return Ended(
            state=self.state,
            then=then,
            cost=self.cost,
            facts=tuple(sorted(self.brought.facts)) if self.answer_id is not None else (),
            reason=self.reason,
            status=self.brought.status,
            next_at=next_at,
            ticket=self.brought.ticket if self.state is CallState.LATER else None,
            answer_id=self.answer_id,
        )

    def _then(
        self, view: PurchaseView, now: datetime, backoff_s: float, most_doubts: int
    ) -> tuple[PurchaseState, datetime | None]:
        """Return the next state of the purchase, and when it is tried again, if it is."""
        wait_s = backoff_s if self.wait_s is None else max(self.wait_s, 0.05)
        next_at = now + timedelta(seconds=wait_s)
        match self.state:
            case CallState.ANSWERED:
                return PurchaseState.ANSWERED, None
            case CallState.MISSED | CallState.REFUSED:
                return PurchaseState.MISSED, None
            case CallState.LATER:
                return PurchaseState.ASKED, next_at
        is_over = self.state is CallState.UNCLEAR and view.doubts + 1 > most_doubts
        if is_over or self.reason == "cannot_ask" or next_at >= view.purchase.until:
            return PurchaseState.FAILED, next_at if self.is_rate else None
        return PurchaseState.WANTED, next_at


def of_answer(brought: Brought, rules: VendorRules, *, attempts: int = 0) -> CallResult:
    """Return what an answer comes to.

    Args:
        brought: The answer.
        rules: What a call costs.
        attempts: How often it was asked for before.
    """
    price = price_of(rules)
    if brought.later_s is not None:
        if attempts >= _MOST_POLLS:
            return CallResult(
                state=CallState.REFUSED, cost=price, reason="never_ready", brought=brought
            )
        wait_s = min(brought.later_s, _LONGEST_POLLING_S)
        return CallResult(state=CallState.LATER, wait_s=wait_s, brought=brought)
    if brought.refused is not None:
        return CallResult(
            state=CallState.REFUSED, cost=price, reason=brought.refused, brought=brought
        )
    if brought.facts:
        return CallResult(state=CallState.ANSWERED, cost=price, brought=brought)
    reasons = sorted({each for each in brought.left_out.values() if each != "not_supplied"})
    if reasons:
        # It brought something, and has its money; nothing of it can be used.
        return CallResult(state=CallState.REFUSED, cost=price, reason=reasons[0], brought=brought)
    cost = price if rules.pays_misses else Bill()
    return CallResult(state=CallState.MISSED, cost=cost, reason="miss", brought=brought)


def of_error(error: Exception, rules: VendorRules) -> CallResult:
    """Return what a call comes to that went wrong.

    Args:
        error: What went wrong.
        rules: What a call costs.
    """
    code = error.code if isinstance(error, LeadfitError) else type(error).__name__
    words = f"{code}: {error}"[:_LETTERS] if isinstance(error, LeadfitError) else code
    reason = _REASONS.get(code)
    wait_s = getattr(error, "retry_after_s", None)
    match error:
        case TooFast():
            return CallResult(
                state=CallState.HELD, reason=reason, words=words, is_rate=True, wait_s=wait_s
            )
        case OnHold():
            return CallResult(
                state=CallState.HELD, reason=reason, words=words, wait_s=wait_s,
                hold_s=0.0 if wait_s is None else wait_s,
            )  # fmt: skip
        case NotTaken():
            return CallResult(
                state=CallState.HELD, reason=reason, words=words, works=False, wait_s=wait_s
            )
        case CannotAsk():
            return CallResult(state=CallState.HELD, reason="cannot_ask", words=words)
        case RecordRefused():
            return CallResult(state=CallState.REFUSED, reason="refused", words=words)
    # Nobody knows whether it was carried out, and so it is paid.
    return CallResult(
        state=CallState.UNCLEAR, cost=price_of(rules), reason="unclear", words=words,
        works=False, wait_s=wait_s,
    )  # fmt: skip
