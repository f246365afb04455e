"""Tells managers when people give a rep's leads to somebody else more often than before."""

from __future__ import annotations

from datetime import timedelta

from leadfit import orchestrate, watch
from leadfit.policy import Policy
from leadfit.store import Session, Store
from leadfit.store.views import Incident
from leadfit.watch import OverrideRise
from leadfit.world import World


def tell_of_overrides(world: World, store: Store, policy: Policy) -> int:
    """Tell of each rep from whom leads are taken more often than before, once a week.

    Returns:
        How many rises there are now, told of before or not.
    """
    now, rules = world.now(), policy.route.by_hand
    since = now - timedelta(days=rules.days + rules.before_days)
    moved = store.read(lambda session: session.owners.overrides(since))
    taken = [(each.from_id, each.at) for each in moved]
    rises = watch.override_rises(taken, policy, now=now)
    if rises:
        store.write(lambda session: _tell(world, session, policy, rises))
    return len(rises)


def _tell(world: World, session: Session, policy: Policy, rises: tuple[OverrideRise, ...]) -> None:
    now = world.now()
    week = now.isocalendar()
    for rise in rises:
        rep = policy.rep(rise.rep_id)
        own = None if rep is None else rep.manager_id
        key = f"overrides/{rise.rep_id or '-'}/{week.year}-W{week.week:02}"
        session.outbox.queue(
            orchestrate.alert(
                key,
                to=policy.managers if own is None else (own,),
                fields={"words": rise.words},
                now=now,
            ),
            now,
        )
        session.clocks.add_incident(Incident(key=key, lead_id="", at=now, words=rise.words))
