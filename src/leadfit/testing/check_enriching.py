"""What every store must do for decisions that lack facts; see the checks of stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from leadfit.buying import Certificate, Flip, Purchase, Whom
from leadfit.store import Session
from leadfit.store.enriching import Wait
from leadfit.store.views import SignalState
from leadfit.testing.check_store import Bench, expect, make_signal


def a_signal_waits_until_its_time_is_up_or_nothing_is_bought_for_it(bench: Bench) -> None:
    """Meanwhile nobody decides it; it keeps its first deadline, also after reopening."""
    now, second = bench.world.now(), timedelta(seconds=1)

    def fill(session: Session) -> tuple[str, ...]:
        made = [make_signal(bench.world, n) for n in range(2)]
        for each in made:
            session.signals.add(each, session.signals.digest(each.event_id.encode()), None)
            session.purchases.buy(_purchase(each.signal_id, bench))
            session.enriching.wait(each.signal_id, Wait(began_at=now, until=now + 5 * second))
        session.enriching.wait(
            made[0].signal_id, Wait(began_at=now + second, until=now + 60 * second)
        )
        return tuple(each.signal_id for each in made)

    first, other = bench.store.write(fill)
    bench.reopen()
    view = bench.store.read(lambda session: session.signals.view(first))
    expect(view is not None and view.status is SignalState.WAITING, f"it stands as {view}")
    expect(not bench.store.read(lambda session: session.signals.pending(10)), "it is pending")
    held = bench.store.read(lambda session: session.enriching.waited(first))
    expect(held == Wait(began_at=now, until=now + 5 * second), f"it waits by {held}")
    early = bench.store.read(lambda session: session.enriching.due(now + 4 * second, 10))
    expect(early == (), f"due too early: {early}")
    bench.store.write(lambda session: session.vendors.give_up(f"of-{other}", "denied", now))
    ended = bench.store.read(lambda session: session.enriching.due(now, 10))
    expect(ended == (other,), f"nothing is bought for {other}, and due is {ended}")
    due = bench.store.read(lambda session: session.enriching.due(now + 5 * second, 10))
    expect(set(due) == {first, other}, f"due is {due}")
    bench.store.write(lambda session: session.enriching.release(due))
    pending = bench.store.read(lambda session: session.signals.pending(10))
    expect(pending == (first, other), f"pending is {pending}")
    again = bench.store.read(lambda session: session.enriching.due(now + 60 * second, 10))
    expect(again == (), f"due once more: {again}")


def certificates_are_kept_by_decision_and_lead(bench: Bench) -> None:
    """In the order of decisions, a page at a time."""
    made = [Certificate(body=f'{{"n":{n}}}', digest=f"{n:064x}") for n in range(3)]

    def fill(session: Session) -> None:
        for n, each in enumerate(made):
            session.enriching.keep(f"decision_{n}", f"lead_{n % 2}", each)

    bench.store.write(fill)
    bench.reopen()
    one = bench.store.read(lambda session: session.enriching.certificate("decision_1"))
    expect(one == made[1], f"the certificate came back as {one}")
    none = bench.store.read(lambda session: session.enriching.certificate("decision_9"))
    expect(none is None, f"there is {none} of a decision without one")
    page = bench.store.read(lambda session: session.enriching.certificates(2, "decision_0"))
    expect([each.certificate for each in page] == made[1:], f"the page holds {page}")
    of_lead = bench.store.read(lambda session: session.enriching.certificates(9, lead_id="lead_0"))
    ids = [each.decision_id for each in of_lead]
    expect(ids == ["decision_0", "decision_2"], f"of the lead there is {ids}")


def values_of_facts_are_counted_and_nothing_personal_is(bench: Bench) -> None:
    """The most frequent value first; blanks and long texts are not counted."""

    def fill(session: Session) -> None:
        for _ in range(2):
            session.enriching.observe({"industry": "software", "title": "CEO", "employees": 800})
        session.enriching.observe({"industry": " retail ", "employees": None, "x": "y" * 99})

    bench.store.write(fill)
    found = bench.store.read(
        lambda session: session.enriching.counts(("employees", "industry", "title", "x"))
    )
    wanted = {"employees": {"800": 2}, "industry": {"software": 2, "retail": 1}}
    expect(found == wanted, f"counted were {found}")


def _purchase(signal_id: str, bench: Bench) -> Purchase:
    now = bench.world.now()
    return Purchase(
        purchase_id=f"of-{signal_id}",
        signal_id=signal_id,
        vendor="companies",
        whom=Whom(kind="company", key=f"{signal_id}.com"),
        facts=("employees",),
        flips=(Flip.TIER,),
        chance=0.5,
        value=1,
        price=1,
        asked_at=now,
        until=now + timedelta(seconds=5),
    )


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    a_signal_waits_until_its_time_is_up_or_nothing_is_bought_for_it,
    certificates_are_kept_by_decision_and_lead,
    values_of_facts_are_counted_and_nothing_personal_is,
)
"""Each raises where a store falls short."""
