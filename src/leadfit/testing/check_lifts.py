"""What every store must do for scoring; see :mod:`leadfit.testing.check_store`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.records import Account, Kind, Lead, Tier
from leadfit.store import Session
from leadfit.store.lifts import Lift
from leadfit.testing.check_store import Bench, expect, make_signal


def _lift(number: int, lead_id: str, at: datetime) -> Lift:
    return Lift(
        decision_id=f"decision_{number}",
        lead_id=lead_id,
        tier=Tier.ONE,
        from_tier=Tier(number),
        by="rep_ada",
        reason="knows them",
        at=at,
    )


def who_lifted_a_lead_is_kept(bench: Bench) -> None:
    """Of a lead and since a time, oldest first; it is there after reopening."""
    now = bench.world.now()
    made = [
        _lift(2, "lead_1", now),
        _lift(3, "lead_2", now + timedelta(days=1)),
    ]

    def fill(session: Session) -> None:
        for each in reversed(made):
            session.lifts.add(each)

    bench.store.write(fill)
    bench.reopen()
    of_lead = bench.store.read(lambda session: session.lifts.of_lead("lead_1"))
    expect(of_lead == (made[0],), f"of the lead there is {of_lead}")
    every = bench.store.read(lambda session: session.lifts.since(now))
    expect(every == tuple(made), f"since then there is {every}")
    late = bench.store.read(lambda session: session.lifts.since(now + timedelta(hours=1)))
    expect(late == (made[1],), f"of late there is {late}")


def a_leads_own_activities_are_those_that_learning_counts(bench: Bench) -> None:
    """Named ones, and loose ones of the account while the lead was its latest."""
    now, hour = bench.world.now(), timedelta(hours=1)

    def fill(session: Session) -> None:
        session.accounts.add_accounts([Account(account_id="acme", name="Acme")])
        for name, at in (("lead_1", 0), ("lead_2", 10)):
            lead = Lead(lead_id=name, created_at=now + at * hour, account_id="acme")
            session.leads.add(lead, lead.created_at, None)
        told = (
            (Kind.PAGE_VIEW, -5, None), (Kind.DEMO_REQUEST, 0, "lead_1"),
            (Kind.PRICING_VIEW, 5, None), (Kind.EMAIL_OPEN, 10, None),
            (Kind.DOCS_VIEW, 12, "lead_1"), (Kind.BLOG_VIEW, 13, None),
        )  # fmt: skip
        for number, (kind, at, lead_id) in enumerate(told):
            made = make_signal(bench.world, number, kind)
            signal = replace(made, at=now + at * hour)
            session.signals.add(signal, b"d" * 32, None)
            session.leads.add_activity(signal, lead_id=lead_id, contact_id=None, account_id="acme")

    bench.store.write(fill)
    first = _own(bench, "lead_1", now, now - 9 * hour)
    expect(
        first == ["page_view", "demo_request", "pricing_view", "docs_view"],
        f"the first lead has {first}",
    )
    second = _own(bench, "lead_2", now + 10 * hour, now - 9 * hour)
    expect(second == ["email_open", "blog_view"], f"the second lead has {second}")
    newer = _own(bench, "lead_1", now, now + hour)
    expect(newer == ["pricing_view", "docs_view"], f"of late the first lead has {newer}")
    unborn = _own(bench, "lead_3", now + 13 * hour, now - 9 * hour)
    expect(unborn == ["blog_view"], f"a lead that is not there yet has {unborn}")


def _own(bench: Bench, lead_id: str, created_at: datetime, since: datetime) -> list[str]:
    found = bench.store.read(
        lambda session: session.lifts.own_activities(
            lead_id=lead_id, account_id="acme", created_at=created_at, since=since
        )
    )
    return [each.kind.value for each in found]


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    who_lifted_a_lead_is_kept,
    a_leads_own_activities_are_those_that_learning_counts,
)
