"""Buys facts off the hot path: wanted -> asked -> answered, missed or failed.

What a call may cost is set aside, its turn is taken and it is written down before it is made; the
answer, what it cost and the signal that holds it are written in one transaction. After a crash
nobody knows whether a call that had begun was carried out: it counts as paid, and is made once
more. A process makes one call of a vendor at a time. So no budget is ever exceeded, and a crash
costs one call at most.

Each vendor has a queue and a gate of its own, as destinations of deliveries have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit import pipeline
from leadfit.buying import VENDOR, Purchase, PurchaseState
from leadfit.connectors.lookup import Lookup, Vendor
from leadfit.errors import Conflict, LeadfitError, StoreBusy
from leadfit.jobs.vendors.asking import fields_of, terms_of
from leadfit.jobs.vendors.took import CallResult, of_answer, of_error
from leadfit.jobs.workers.breaker import Breaker
from leadfit.jobs.workers.holding import Holding
from leadfit.jobs.workers.lanes import drain
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.policy.delivery import DeliverRules
from leadfit.policy.enrichment import VendorRules
from leadfit.records import Identifiers, Refusal
from leadfit.store import Session, Store
from leadfit.store.outbox import GateState
from leadfit.store.pace import spans
from leadfit.store.vendors import CallState, PurchaseView
from leadfit.world import World, seeded

MOST_DOUBTS: Final = 1
"""Calls for one purchase of which nobody knows whether they were carried out, before it is given
up: the price of a crash."""
# The size of a look, and how far ahead of its turn a call is begun: less than a lead notices.
_LOOKED_AT: Final = 200
_AHEAD_S: Final = 2.0

_log = logger("jobs.enrich")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A call that has begun.

    Attributes:
        at: When its turn is.
        told: What the signal that waits says of whom it is about.
        ticket: What is asked again by, where an answer was not ready.
    """

    view: PurchaseView
    call_id: str
    at: datetime
    lookup: Lookup
    told: Identifiers
    ticket: str | None = None

    @property
    def purchase(self) -> Purchase:
        """The purchase it is made for."""
        return self.view.purchase


class Enrichment:
    """The purchases of all vendors, for any number of threads and processes.

    Args:
        world: Time and failpoints.
        store: Holds the purchases.
        vendors: Those that can be asked now, by their names in the policy.
        policy: The policy in force.
        wake: Told which job has work now.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        vendors: Callable[[], Mapping[str, Vendor]],
        policy: Callable[[], Policy],
        wake: Callable[[str], None] = lambda _job: None,
    ) -> None:
        self._world = world
        self._store = store
        self._vendors = vendors
        self._policy = policy
        self._wake = wake
        self._breakers: defaultdict[str, Breaker] = defaultdict(Breaker)
        self._holding = Holding[tuple[Try, CallResult]](world, store, "buy", "buyer")

    @property
    def rules(self) -> DeliverRules:
        """What the policy says about calls that fail."""
        return self._policy().deliver

    @property
    def width(self) -> int:
        """How many calls one process makes of one vendor at a time: what a crash can cost."""
        return 1

    def buy(self, limit: int) -> int:
        """Make purchases that are due, vendor by vendor; return how many ended.

        Raises:
            StoreBusy: The store cannot take more now; what was bought is written next time.
        """
        return drain(self, limit)

    def round(self, destination: str, limit: int) -> tuple[int, int]:
        """Make due purchases of one vendor, one after another; how many were tried and ended."""
        tried = ended = 0
        while tried < limit and (tries := self.claim(destination, 1)):
            tried += len(tries)
            ended += self.settle([self.carry_out(each) for each in tries])
        return tried, ended

    def ready(self) -> tuple[str, ...]:
        """Return the vendors of which something is to be bought now."""
        now = self._world.now()
        return self._store.read(lambda session: session.vendors.ready(now))

    def is_local(self, destination: str) -> bool:
        """Return whether a vendor is a file here."""
        vendor = self._vendors().get(destination)
        return vendor is None or vendor.is_local

    def fall_back(self) -> int:
        """Write what could not be written before; return how much."""
        outcomes = self._holding.unsettled()
        if outcomes:
            self.settle(outcomes)
        return len(outcomes)

    def claim(self, destination: str, limit: int) -> tuple[Try, ...]:
        """Begin calls of a vendor that are due, unless it is left alone now; write that down."""
        if not self._policy().acts:
            # In shadow mode no money is spent; what was wanted waits until its time is over.
            return ()
        self.fall_back()
        self._world.reach("enrich.picked")
        mine, gone = self._holding.name(), self._gone()
        tries = self._store.write(partial(self._begin, destination, limit, mine, gone))
        if tries:
            self._world.reach("enrich.begun")
        return tries

    def carry_out(self, view: Try) -> tuple[Try, CallResult]:
        """Make one call when its turn has come; whatever is wrong with it is in the answer."""
        vendor = self._vendors().get(view.purchase.vendor)
        wait_s = (view.at - self._world.now()).total_seconds()
        if wait_s > 0:
            self._world.wait(wait_s)
        rules = self._rules_of(view.purchase)
        if vendor is None or rules is None:
            return view, CallResult.held("no_credential")
        try:
            self._world.reach("enrich.asking")
            brought = vendor.ask(view.lookup, view.ticket)
            self._world.reach("enrich.asked")
        except LeadfitError as error:
            return view, of_error(error, rules)
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one call
            _log.error("call.failed", action=view.call_id, error=type(error).__name__)
            return view, of_error(error, rules)
        return view, of_answer(brought, rules, attempts=view.view.attempts)

    def settle(self, outcomes: Sequence[tuple[Try, CallResult]]) -> int:
        """Write how calls ended, with the signals of their answers; return how many ended.

        Raises:
            StoreBusy: The store cannot take more now; it is written before the next claim.
        """
        try:
            ended = self._store.write(partial(self._end, outcomes))
        except StoreBusy:
            self._holding.keep(outcomes)
            raise
        self._world.reach("enrich.settled")
        if ended:
            self._wake("decide")
        return ended

    def _gone(self) -> tuple[str, ...]:
        now = self._world.now()
        return self._holding.gone(self._store.read(lambda session: session.vendors.holders(now)))

    def _rules_of(self, purchase: Purchase) -> VendorRules | None:
        return self._policy().enrich.vendor(purchase.vendor)

    def _begin(
        self, name: str, limit: int, mine: str, gone: Sequence[str], session: Session
    ) -> tuple[Try, ...]:
        now = self._world.now()
        gate = session.destinations.gate(f"{VENDOR}{name}")
        is_shut = gate.until is not None and gate.until > now
        tries: list[Try] = []
        most = 1 if gate.state is not GateState.OPEN else limit
        for view in session.vendors.due(name, now, _LOOKED_AT, gone):
            why = self._why_not(view, now)
            if why is not None:
                session.vendors.give_up(view.purchase.purchase_id, why, now)
            elif not is_shut and len(tries) < most:
                begun = self._begin_one(view, mine, now, session)
                if begun is not None:
                    tries.append(begun)
        if tries and gate.state is not GateState.OPEN:
            until = now + timedelta(seconds=3 * self.rules.request_s)
            trying = self._breakers[name].trying(gate, until)
            session.destinations.set_gate(trying, now)
        return tuple(tries)

    def _why_not(self, view: PurchaseView, now: datetime) -> str | None:
        """Return why a purchase is not made at all."""
        rules = self._rules_of(view.purchase)
        if rules is None:
            return "no_vendor"
        if view.ticket is not None:
            return None
        if view.doubts >= MOST_DOUBTS and view.state is PurchaseState.ASKED:
            return "unclear"
        return view.reason or "late" if now >= view.purchase.until else None

    def _begin_one(
        self, view: PurchaseView, mine: str, now: datetime, session: Session
    ) -> Try | None:
        purchase = view.purchase
        rules, vendor = self._rules_of(purchase), self._vendors().get(purchase.vendor)
        if rules is None or vendor is None:
            session.vendors.give_up(purchase.purchase_id, "no_credential", now)
            return None
        told = session.signals.read(purchase.signal_id)
        if told is None or told.identifiers == Identifiers():
            session.vendors.give_up(purchase.purchase_id, "erased", now)
            return None
        lookup = Lookup(
            kind=purchase.whom.kind,
            fields=fields_of(session, purchase, told.identifiers),
            facts=rules.facts_of(purchase.whom.kind),
        )
        lease = now + timedelta(seconds=self.rules.lease_s)
        if view.ticket is not None:
            again = session.vendors.again(purchase.purchase_id, mine, lease)
            return None if again is None else Try(
                view=view, call_id=again, at=now, lookup=lookup, told=told.identifiers,
                ticket=view.ticket,
            )  # fmt: skip
        latest = min(purchase.until, now + timedelta(seconds=_AHEAD_S))
        terms = terms_of(self._policy().enrich, rules, vendor, purchase, now=now, latest=latest)
        begun = session.vendors.begin(
            purchase, terms, call_id=self._world.new_id("call"), holder=mine, now=now, lease=lease
        )
        if begun.call_id is not None:
            return Try(
                view=view, call_id=begun.call_id, at=begun.at, lookup=lookup,
                told=told.identifiers,
            )  # fmt: skip
        if begun.why_not == "rate" and begun.at < purchase.until:
            session.vendors.put_off(purchase.purchase_id, begun.at)
        else:
            session.vendors.give_up(purchase.purchase_id, begun.why_not or "rate", now)
        return None

    def _end(self, outcomes: Sequence[tuple[Try, CallResult]], session: Session) -> int:
        now, ended = self._world.now(), 0
        for each, outcome in outcomes:
            done = self._with_signal(each, outcome, session)
            doubled = self.rules.backoff_s * 2.0 ** min(each.view.attempts, 30)
            backoff_s = min(self.rules.longest_backoff_s, doubled)
            final = done.ended(each.view, now, backoff_s=backoff_s, most_doubts=MOST_DOUBTS)
            session.vendors.end(each.call_id, final, now)
            self._heed(each, done, final.next_at, session, now)
            ended += final.then not in {PurchaseState.WANTED, PurchaseState.ASKED}
        return ended

    def _with_signal(self, each: Try, outcome: CallResult, session: Session) -> CallResult:
        """Store what was answered as a signal; facts that no signal may hold are refused."""
        if outcome.state is not CallState.ANSWERED:
            return outcome
        purchase = each.purchase
        told = {
            name: value
            for name in Identifiers.__slots__
            if (value := getattr(each.told, name)) is not None
        }
        body = {
            "source": f"{VENDOR}{purchase.vendor}",
            "event_id": purchase.purchase_id,
            "kind": "enriched",
            "at": self._world.now().isoformat(),
            "identifiers": told,
            "facts": dict(outcome.brought.facts),
        }
        try:
            stored = pipeline.bring(self._world, session, self._policy(), body)
        except Conflict:
            # Another worker took it over and was answered first.
            return outcome.refused("answered_before")
        if isinstance(stored, Refusal):
            return outcome.refused("facts_refused")
        return outcome.kept(stored)

    def _heed(
        self,
        each: Try,
        outcome: CallResult,
        next_at: datetime | None,
        session: Session,
        now: datetime,
    ) -> None:
        """Take what a call says of the vendor: its limits, and whether it works at all."""
        purchase = each.purchase
        vendor = self._vendors().get(purchase.vendor)
        if vendor is not None and vendor.is_local:
            return
        if vendor is not None:
            kind = purchase.whom.kind
            limits = spans(vendor.limits(kind))
            said = {
                round(one.seconds * 1_000_000): (one.most, one.left, one.reset)
                for one in outcome.brought.windows
            }
            if said:
                session.paces.hear(purchase.vendor, vendor.bucket(kind), limits, said, now)
            if outcome.is_rate and next_at is not None:
                session.paces.hold(purchase.vendor, vendor.bucket(kind), next_at)
        self._move_gate(each, outcome, session, now)

    def _move_gate(self, each: Try, outcome: CallResult, session: Session, now: datetime) -> None:
        name = each.purchase.vendor
        gate = session.destinations.gate(f"{VENDOR}{name}")
        breaker, why = self._breakers[name], outcome.words
        if outcome.hold_s is not None:
            hold_s = min(outcome.hold_s or self.rules.pause_s, 31 * 86_400)
            moved = breaker.paused(gate, why, hold_s, now=now)
        elif outcome.works:
            moved = breaker.worked(gate, now)
        else:
            spread = seeded("gate", each.call_id).random()
            key = each.purchase.purchase_id
            moved = breaker.failed(gate, key, why, self.rules, now=now, spread=spread)
        if moved != gate:
            session.destinations.set_gate(moved, now)
            if moved.state is not gate.state:
                _log.warning("vendor.moved", round=name, code=moved.state.value)
