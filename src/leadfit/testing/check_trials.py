"""What every store must do with experiments; see :mod:`leadfit.testing.check_store`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from leadfit.records import Kind, Tier
from leadfit.store import Session
from leadfit.store.past import PastEvent
from leadfit.store.trials import Trial
from leadfit.testing.check_store import Bench, expect, make_lead, make_signal


def _trial(lead_id: str, cluster_id: str, arm: str, at: datetime) -> Trial:
    return Trial(
        experiment="speed",
        lead_id=lead_id,
        cluster_id=cluster_id,
        tier=Tier.ONE,
        arm=arm,
        target_minutes=5.0,
        chances={"fast": 0.25, "usual": 0.75},
        draw="draw_1",
        enrolled_at=at,
    )


def a_lead_is_drawn_once_and_its_account_has_the_arm_of_the_first(bench: Bench) -> None:
    """A second draw changes nothing; another experiment knows nothing of it."""
    now = bench.world.now()

    def fill(session: Session) -> list[str]:
        ids = [make_lead(session, bench.world).lead_id for _ in range(2)]
        session.trials.enrol(_trial(ids[0], "acme", "fast", now))
        session.trials.enrol(_trial(ids[1], "acme", "usual", now + timedelta(hours=1)))
        session.trials.enrol(_trial(ids[0], "acme", "usual", now + timedelta(hours=2)))
        return ids

    ids = bench.store.write(fill)
    bench.reopen()
    arm = bench.store.read(lambda session: session.trials.arm_of("speed", "acme"))
    expect(arm == "fast", f"the account is in {arm}")
    other = bench.store.read(lambda session: session.trials.arm_of("another", "acme"))
    expect(other is None, f"another experiment knows {other}")
    found = bench.store.read(lambda session: session.trials.followed("speed"))
    told = [(each.trial.lead_id, each.trial.arm) for each in found]
    expect(told == [(ids[0], "fast"), (ids[1], "usual")], f"kept were {told}")
    expect(found[0].trial == _trial(ids[0], "acme", "fast", now), f"{found[0]} came back")
    names = bench.store.read(lambda session: session.trials.experiments())
    expect(names == ("speed",), f"experiments are {names}")


def what_came_of_a_lead_is_told_of_it_and_of_its_account(bench: Bench) -> None:
    """Conversions by signals and by imports, the first one after the draw; the first touch."""
    now = bench.world.now()
    day = timedelta(days=1)

    def fill(session: Session) -> None:
        for number in range(3):
            lead = make_lead(session, bench.world)
            session.trials.enrol(_trial(lead.lead_id, f"account_{number}", "fast", now))
            if number == 0:
                session.leads.touch(lead.lead_id, now + day)
                won = make_signal(bench.world, 1, Kind.CONVERTED)
                session.leads.add_activity(
                    won, lead_id=lead.lead_id, contact_id=None, account_id="account_0"
                )
        at = {"before": now - day, "later": now + 2 * day, "first": now + day}
        session.past.add_events(
            PastEvent(
                key=name.ljust(16).encode(), at=each, kind="converted", account_id="account_1"
            )
            for name, each in at.items()
        )

    bench.store.write(fill)
    found = bench.store.read(lambda session: session.trials.followed("speed"))
    expect(found[0].touched_at == now + day, f"touched at {found[0].touched_at}")
    expect(found[0].converted_at == now, f"converted at {found[0].converted_at}")
    expect(found[1].converted_at == now + day, f"its account at {found[1].converted_at}")
    expect(found[2].converted_at is None, f"nothing came of it, not {found[2].converted_at}")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    a_lead_is_drawn_once_and_its_account_has_the_arm_of_the_first,
    what_came_of_a_lead_is_told_of_it_and_of_its_account,
)
