"""What every store must do about bought facts; run against each by ``tests/contract``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from leadfit.buying import MILLION, Flip, Purchase, PurchaseState, Whom
from leadfit.policy.enrichment import EnrichRules, VendorRules
from leadfit.store import Session
from leadfit.store.outbox import Gate, GateState
from leadfit.store.pace import spans
from leadfit.store.vendors import Begun, Bill, CallState, Ended, Terms
from leadfit.testing.check_store import Bench, expect, make_signal

ACME: Final = Whom(kind="company", key="acme.com")
_MONTH: Final = "2026-03"


def rules(**changes: object) -> EnrichRules:
    """Return rules with one vendor, ``v``, which sells ``employees`` for 1."""
    vendor = {
        "name": "v", "profile": "http", "supplies": {"employees": "company"}, "price": 1.0,
        "hit_rate": 0.6, **changes,
    }  # fmt: skip
    return EnrichRules(on=True, vendors=(VendorRules.model_validate(vendor),))


def make_purchase(bench: Bench, number: int = 1, whom: Whom = ACME) -> Purchase:
    """Return a purchase of the vendor ``v``."""
    now = bench.world.now()
    return Purchase(
        purchase_id=f"purchase_{number}", signal_id=f"signal_{number}", vendor="v", whom=whom,
        facts=("employees",), flips=(Flip.TIER,), chance=0.5, value=20 * MILLION,
        price=MILLION, asked_at=now, until=now + timedelta(seconds=5),
    )  # fmt: skip


def make_terms(now: datetime, **changes: object) -> Terms:
    """Return terms: two calls a second, up to 1 of money and one credit a call, no budgets."""
    terms = Terms(
        limits=spans({1: 2}), bucket="all", most=Bill(money=MILLION, credits=MILLION),
        money_a_month=None, credits_a_month=None, fresh_since=now - timedelta(days=30),
        latest=now + timedelta(seconds=2),
    )  # fmt: skip
    return replace(terms, **changes)  # type: ignore[arg-type]  # the check's own words


def _buy(bench: Bench, *purchases: Purchase) -> None:
    def work(session: Session) -> None:
        for each in purchases:
            session.purchases.buy(each)

    bench.store.write(work)


def _shut(gate: Gate, now: datetime, session: Session) -> None:
    session.destinations.set_gate(gate, now)


def _begin(bench: Bench, purchase: Purchase, **changes: object) -> Begun:
    now = bench.world.now()
    return bench.store.write(
        lambda session: session.vendors.begin(
            purchase, make_terms(now, **changes), call_id=bench.world.new_id("call"), holder="a",
            now=now, lease=now + timedelta(minutes=1),
        )
    )  # fmt: skip


def _end(bench: Bench, call_id: str | None, ended: Ended) -> None:
    expect(call_id is not None, "there is no call to end")
    now = bench.world.now()
    bench.store.write(lambda session: session.vendors.end(str(call_id), ended, now))


ANSWERED: Final = Ended(
    state=CallState.ANSWERED, then=PurchaseState.ANSWERED,
    cost=Bill(money=MILLION, credits=MILLION), facts=("employees",), status=200,
    answer_id="signal_answer",
)  # fmt: skip


def a_purchase_is_kept_once_and_comes_back(bench: Bench) -> None:
    """As it was, and in its order."""
    first, second = make_purchase(bench, 1), make_purchase(bench, 2)
    _buy(bench, first, replace(first, price=7), replace(second, signal_id="signal_1"))
    bench.reopen()
    expect(bench.store.read(lambda s: s.purchases.get("purchase_1")) == first, "it is another")
    told = bench.store.read(lambda session: session.purchases.of_signal("signal_1"))
    expect([each.purchase_id for each in told] == ["purchase_1", "purchase_2"], f"they are {told}")
    expect(all(each.is_open for each in told), "one is not open")


def what_is_asked_or_was_lately_is_not_offered(bench: Bench) -> None:
    """While it is under way, and for as long as an answer is good; whatever came of it."""
    now = bench.world.now()

    def market(at: datetime) -> object:
        return bench.store.read(lambda session: session.purchases.market(rules(), [ACME], at))

    def reasons(at: datetime) -> list[str]:
        found = bench.store.read(lambda session: session.purchases.market(rules(), [ACME], at))
        return [each.reason for each in found.closed]

    expect(reasons(now) == [], f"the market is {market(now)}")
    _buy(bench, make_purchase(bench))
    expect(reasons(now) == ["asked"], f"the market is {market(now)}")
    begun = _begin(bench, make_purchase(bench))
    _end(bench, begun.call_id, replace(ANSWERED, state=CallState.MISSED, then=PurchaseState.MISSED))
    expect(reasons(now + timedelta(days=100)) == ["asked"], "a miss was asked for again")
    expect(reasons(now + timedelta(days=181)) == [], "an old answer is never asked for again")
    other = bench.store.write(
        lambda s: s.purchases.market(rules(), [Whom(kind="lead", key="x")], now)
    )
    expect((other.offers, other.closed) == ((), ()), "what it does not supply is offered")


def an_offer_has_price_and_chance(bench: Bench) -> None:
    """By the policy, until enough calls were made to know the chance."""
    now = bench.world.now()
    wanted = rules(pays_misses=True)
    (offer,) = bench.store.read(lambda s: s.purchases.market(wanted, [ACME], now)).offers
    expect((offer.price, offer.price_of_miss, offer.chance) == (MILLION, MILLION, 0.6), f"{offer}")
    for number in range(40):
        each = make_purchase(bench, number, Whom(kind="company", key=f"{number}.com"))
        _buy(bench, each)
        begun = _begin(bench, each, limits={})
        is_hit = number % 4 == 0
        _end(bench, begun.call_id, ANSWERED if is_hit else replace(
            ANSWERED, state=CallState.MISSED, then=PurchaseState.MISSED))  # fmt: skip
    (offer,) = bench.store.read(lambda s: s.purchases.market(wanted, [ACME], now)).offers
    expect(offer.chance == 0.25, f"the chance is {offer.chance}")


def a_vendor_in_trouble_makes_no_offer(bench: Bench) -> None:
    """And the reason is said: its breaker, its credential, its rate, the month's budgets."""
    now = bench.world.now()
    _buy(bench, make_purchase(bench, 9, Whom(kind="company", key="other.com")))

    def reason(wanted: EnrichRules) -> str:
        (closed,) = bench.store.read(lambda s: s.purchases.market(wanted, [ACME], now)).closed
        return closed.reason

    expect(reason(rules(money_a_month=1.5)) == "money", "what waits is not counted")
    expect(reason(rules(credits_a_month=1)) == "credits", "credits are not counted")
    bench.store.write(lambda s: s.paces.hold("v", "all", now + timedelta(minutes=1)))
    expect(reason(rules()) == "rate", "a rate that is used up is not seen")
    for why, word in (
        ("receiver_denied: 401", "no_credential"),
        ("receiver_unclear: 500", "breaker"),
    ):
        gate = Gate(
            destination="vendor:v", state=GateState.BROKEN, until=now + timedelta(hours=1), why=why
        )
        bench.store.write(partial(_shut, gate, now))
        expect(reason(rules()) == word, f"{why} is not {word}")


def no_budget_is_ever_exceeded(bench: Bench) -> None:
    """What calls under way may cost is set aside; what they did not cost is free again."""
    limit = {"money_a_month": 2 * MILLION, "limits": {}}
    found = []
    for number in range(4):
        each = make_purchase(bench, number, Whom(kind="company", key=f"{number}.com"))
        _buy(bench, each)
        found.append(_begin(bench, each, **limit))
    expect([each.why_not for each in found] == [None, None, "money", "money"], f"{found}")
    free = Ended(state=CallState.MISSED, then=PurchaseState.MISSED)
    _end(bench, found[0].call_id, free)
    third = make_purchase(bench, 2, Whom(kind="company", key="2.com"))
    expect(_begin(bench, third, **limit).why_not is None, "what was not spent is not free")
    used = bench.store.read(lambda s: s.vendors.spent("v", _MONTH))["money"]
    expect((used.reserved, used.spent) == (2 * MILLION, 0), f"used is {used}")
    _end(bench, found[1].call_id, ANSWERED)
    used = bench.store.read(lambda s: s.vendors.spent("v", _MONTH))["money"]
    expect((used.reserved, used.spent) == (MILLION, MILLION), f"used is {used}")


def a_call_is_paid_in_the_month_of_its_turn(bench: Bench) -> None:
    """A turn after midnight of the last day is one of the next month, and of its budget."""
    bench.world.pass_time(30 * 86_400 - 0.001 - 9 * 3_600)
    now, limit = bench.world.now(), {"money_a_month": MILLION}
    begun = []
    for number in range(3):
        each = make_purchase(bench, number, Whom(kind="company", key=f"{number}.com"))
        _buy(bench, each)
        begun.append(_begin(bench, each, **limit))
    expect([each.why_not for each in begun] == [None, None, "money"], f"{begun}")
    found = bench.store.read(lambda s: s.vendors.calls(now, now + timedelta(days=1)))
    expect([call.at.month for call in found] == [3, 4], f"the calls are {found}")
    for month in (_MONTH, "2026-04"):
        used = bench.store.read(lambda s, m=month: s.vendors.spent("v", m))["money"]  # type: ignore[misc]  # bound now
        expect((used.reserved, used.spent) == (MILLION, 0), f"used of {month} is {used}")


def a_ledger_that_does_not_add_up_is_named(bench: Bench) -> None:
    """With the place; a call whose purchase is gone, a purchase whose answer is."""
    now = bench.world.now()
    for number in (1, 2):
        each = make_purchase(bench, number, Whom(kind="company", key=f"{number}.com"))
        _buy(bench, each)
        _end(bench, _begin(bench, each, limits={}).call_id, ANSWERED)
    found = bench.store.read(lambda s: s.vendors.ledger_faults(9))
    words = "its answer is not in the log"
    expect(found == tuple(f"purchases, purchase_{n}: {words}" for n in (1, 2)), f"{found}")
    held = replace(make_signal(bench.world), source="vendor:v", event_id="purchase_3")
    third = make_purchase(bench, 3)
    _buy(bench, third)
    bench.store.write(lambda session: session.signals.add(held, b"d" * 32, None))
    begun = _begin(bench, third, limits={})
    _end(bench, begun.call_id, replace(ANSWERED, answer_id=held.signal_id))
    expect(len(bench.store.read(lambda s: s.vendors.ledger_faults(9))) == 2, "a good one is named")
    expect(len(bench.store.read(lambda s: s.vendors.ledger_faults(1))) == 1, "more than wanted")
    expect(now <= begun.at, f"it is {begun}")


def nobody_pays_twice_for_the_same(bench: Bench) -> None:
    """Two signals that want the same of one vendor make one call."""
    first, second = make_purchase(bench, 1), make_purchase(bench, 2)
    _buy(bench, first, second)
    begun = _begin(bench, first)
    expect(_begin(bench, second).why_not == "asked", "it was asked twice at a time")
    _end(bench, begun.call_id, ANSWERED)
    expect(_begin(bench, second).why_not == "asked", "it was asked again")
    held = make_purchase(bench, 3, Whom(kind="company", key="held.com"))
    _buy(bench, held)
    call = _begin(bench, held).call_id
    later = bench.world.now() + timedelta(seconds=9)
    _end(bench, call, Ended(state=CallState.HELD, then=PurchaseState.WANTED, next_at=later))
    again = make_purchase(bench, 4, held.whom)
    _buy(bench, again)
    expect(_begin(bench, again, limits={}).why_not is None, "what was not asked counts as asked")


def a_call_that_was_lost_counts_as_paid(bench: Bench) -> None:
    """It is taken over when its holder is gone, and the loss is in the ledger."""
    now = bench.world.now()
    each = make_purchase(bench)
    _buy(bench, each)
    first = _begin(bench, each)
    expect(bench.store.read(lambda s: s.vendors.due("v", now, 9)) == (), "two ask at once")
    expect(bench.store.read(lambda s: s.vendors.holders(now)) == ("a",), "its holder is unknown")
    (view,) = bench.store.read(lambda s: s.vendors.due("v", now, 9, ("a",)))
    expect((view.state, view.attempts) == (PurchaseState.ASKED, 1), f"it is {view}")
    second = _begin(bench, each, limits={})
    expect(second.call_id not in {None, first.call_id}, "it was not begun again")
    _end(bench, second.call_id, ANSWERED)
    _end(bench, first.call_id, ANSWERED)
    calls = bench.store.read(lambda s: s.vendors.calls(now, now + timedelta(days=1)))
    states = sorted(call.state.value for call in calls)
    expect(states == ["answered", "unclear"], f"the calls are {calls}")
    expect(sum(call.cost.money for call in calls) == 2 * MILLION, f"the calls are {calls}")
    done = bench.store.read(lambda s: s.vendors.view("purchase_1"))
    expect(done is not None and done.doubts == 1 and done.answer_id == "signal_answer", f"{done}")


def an_answer_that_is_not_ready_is_asked_for_again(bench: Bench) -> None:
    """By what the vendor said, and it stays one call."""
    now = bench.world.now()
    each = make_purchase(bench)
    _buy(bench, each)
    begun = _begin(bench, each)
    later = now + timedelta(seconds=3)
    _end(bench, begun.call_id, Ended(
        state=CallState.LATER, then=PurchaseState.ASKED, next_at=later, ticket="7"))  # fmt: skip
    expect(bench.store.read(lambda s: s.vendors.due("v", now, 9)) == (), "it came too early")
    (view,) = bench.store.read(lambda s: s.vendors.due("v", later, 9))
    expect(view.ticket == "7" and view.doubts == 0, f"it is {view}")
    again = bench.store.write(lambda s: s.vendors.again("purchase_1", "b", later))
    expect(again == begun.call_id, "it is another call")
    _end(bench, again, ANSWERED)
    calls = bench.store.read(lambda s: s.vendors.calls(now, now + timedelta(days=1)))
    expect([call.state for call in calls] == [CallState.ANSWERED], f"the calls are {calls}")


def turns_are_spaced_for_everybody(bench: Bench) -> None:
    """Also after reopening; a turn that comes too late is not taken."""
    now = bench.world.now()
    limits = spans({1: 2, 3600: 3})

    def take(number: int) -> list[float]:
        taken = bench.store.write(
            lambda s: s.paces.take(
                "v", "all", limits, now=now, latest=now + timedelta(seconds=2), number=number
            )
        )
        return [(each - now).total_seconds() for each in taken]

    first = take(2)
    bench.reopen()
    expect(first == [0, 0.500001], f"the turns are {first}")
    third = take(9)
    expect(len(third) == 1 and 1 <= third[0] < 1.01, f"the third of an hour is {third}")
    free = bench.store.read(lambda s: s.paces.free_at("v", "all", limits, now))
    expect(3600 <= (free - now).total_seconds() <= 3608, f"it is free at {free}")
    counted = bench.store.read(lambda s: s.paces.counted("v", "all", limits, now))
    expect(counted[3_600_000_000] == (3, 3), f"counted are {counted}")


def a_clock_that_was_set_back_stalls_nobody(bench: Bench) -> None:
    """The next turn comes within a window of the limit, and no limit is exceeded meanwhile."""
    limits = spans({1: 2, 3600: 3})
    right = bench.world.now()
    fast = right + timedelta(days=200)

    def take(now: datetime) -> tuple[datetime, ...]:
        latest = now + timedelta(seconds=2)
        return bench.store.write(
            lambda s: s.paces.take("v", "all", limits, now=now, latest=latest, number=3)
        )

    expect(len(take(fast)) == 3, "the turns were not given")
    bench.store.write(lambda s: s.paces.hold("v", "all", fast + timedelta(seconds=30)))
    bench.reopen()
    free = bench.store.read(lambda s: s.paces.free_at("v", "all", limits, right))
    waits_s = (free - right).total_seconds()
    expect(3599 <= waits_s <= 3608, f"the next turn is in {waits_s} s")
    expect(take(right) == (), "a limit was exceeded")
    expect(len(take(free)) == 3, "the turns after it were not given")


def what_a_vendor_says_of_its_limits_counts(bench: Bench) -> None:
    """A lower limit, calls of others, nothing left until a time."""
    now = bench.world.now()
    limits = spans({60: 60})
    span = 60_000_000

    def hear(most: int | None, left: int | None, reset: datetime | None = None) -> float:
        bench.store.write(
            lambda s: s.paces.hear("v", "all", limits, {span: (most, left, reset)}, now)
        )
        free = bench.store.read(lambda s: s.paces.free_at("v", "all", limits, now))
        return (free - now).total_seconds()

    bench.store.write(lambda s: s.paces.take("v", "all", limits, now=now, latest=now))
    expect(hear(30, 29) > 2, "a lower limit does not space the calls out")
    hear(None, 20)
    counted = bench.store.read(lambda s: s.paces.counted("v", "all", limits, now))
    expect(counted[span] == (10, 30), f"calls of others are not counted: {counted}")
    expect(hear(None, 0, now + timedelta(seconds=40)) == 40, "nothing is left, and it is called")


def what_was_answered_is_there_for_the_next(bench: Bench) -> None:
    """With the facts of the stored signal; and an audit is kept."""
    now = bench.world.now()
    held = make_signal(bench.world)
    each = make_purchase(bench)
    _buy(bench, each)
    begun = _begin(bench, each)
    bench.store.write(lambda session: session.signals.add(held, b"d" * 32, None))
    _end(bench, begun.call_id, replace(ANSWERED, answer_id=held.signal_id))
    (answer,) = bench.store.read(lambda s: s.purchases.answers([ACME], now))
    expect(answer.facts == held.facts and answer.vendor == "v", f"it is {answer}")
    none = bench.store.read(lambda s: s.purchases.answers([ACME], now + timedelta(seconds=1)))
    expect(none == (), "an answer from before is returned")
    latest = bench.store.read(lambda s: s.vendors.answered("v"))
    expect(latest == {("company", "acme.com"): held.signal_id}, f"they are {latest}")
    bench.store.write(lambda s: s.vendors.keep_audit("v", now, "{}"))
    expect(bench.store.read(lambda s: s.vendors.latest_audit("v")) == (now, "{}"), "it is lost")
    bench.store.write(lambda s: s.vendors.note_changed("purchase_1", changed=True))
    (call,) = bench.store.read(lambda s: s.vendors.calls(now, now + timedelta(days=1)))
    expect(call.changed is True and call.signal_id == "signal_1", f"it is {call}")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    a_purchase_is_kept_once_and_comes_back,
    what_is_asked_or_was_lately_is_not_offered,
    an_offer_has_price_and_chance,
    a_vendor_in_trouble_makes_no_offer,
    no_budget_is_ever_exceeded,
    a_call_is_paid_in_the_month_of_its_turn,
    a_ledger_that_does_not_add_up_is_named,
    nobody_pays_twice_for_the_same,
    a_call_that_was_lost_counts_as_paid,
    an_answer_that_is_not_ready_is_asked_for_again,
    turns_are_spaced_for_everybody,
    a_clock_that_was_set_back_stalls_nobody,
    what_a_vendor_says_of_its_limits_counts,
    what_was_answered_is_there_for_the_next,
)
"""Every check; each wants an empty store."""
