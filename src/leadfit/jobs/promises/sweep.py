"""Looks over all open leads: each has an owner in order, or waits with a reason and a clock.

A sweep finds what no other job looks for and puts it right: leads whose owner went away or works
here no more, leads that nobody looks for an owner of, owners without an assignment, assignments
without a clock, clocks of what has ended. What should never be is an incident. Imported leads are
closed and not looked at: their history is the CRM's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from leadfit import pipeline
from leadfit.canonical import moment
from leadfit.jobs.promises.by_hand import tell_of_overrides
from leadfit.jobs.promises.mending import (
    FindAnother,
    GiveLate,
    LookAgain,
    MoveAway,
    NameOwner,
    StartClock,
    StopClock,
)
from leadfit.jobs.workers.pieces import Piece, do_all
from leadfit.log import logger
from leadfit.pipeline import Desk, InForce
from leadfit.store import Session, Store
from leadfit.store.owners import OpenLeads, Unowned
from leadfit.world import World

_SOURCE: Final = "leadfit-sweep"

_log = logger("jobs.sweep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did, and how the open leads stand after it.

    Attributes:
        leads: All open leads; ``leads.unexplained`` is 0 when each is accounted for.
        moved: Leads that went from an owner who is away or gone to somebody else.
        stuck: Leads of such owners that may move, and for which nobody is free.
        found: Leads that waited longer than they should and have an owner now.
        put_right: Leads and clocks that were not as they must be.
    """

    leads: OpenLeads
    moved: int = 0
    stuck: int = 0
    found: int = 0
    put_right: int = 0


class Sweep:
    """Sweeps when it is time, and tries in between what wants another owner.

    Args:
        world: Time and ids.
        store: Where the leads are.
        in_force: The rules, as they are at the time.
    """

    def __init__(self, world: World, store: Store, in_force: Callable[[], InForce]) -> None:
        self._world = world
        self._store = store
        self._in_force = in_force
        self._next_s: float | None = None
        self._swept_by: str | None = None

    def round(self, limit: int) -> int:
        """Do what is due; return how many leads have another owner.

        A sweep is due at the start, when the policy has changed, and ``sweep.every_seconds`` after
        the one before.
        """
        rules = self._in_force()
        now = self._world.now()
        others = self._store.read(lambda session: session.owners.wanting_another(now, limit))
        given = do_all(
            self._store, (FindAnother(self._world, rules, each) for each in others), job="sweep"
        )
        now_s, digest = self._world.monotonic_s(), rules.policy.digest
        if self._next_s is not None and now_s < self._next_s and digest == self._swept_by:
            return given
        swept = sweep(self._world, self._store, rules, is_first=self._next_s is None)
        tell_of_overrides(self._world, self._store, rules.policy)
        self._next_s, self._swept_by = now_s + rules.policy.sweep.every_seconds, digest
        return given + swept.moved + swept.found


def sweep(world: World, store: Store, in_force: InForce, *, is_first: bool = True) -> Swept:
    """Look over all open leads once, put right what is not in order, and say how they stand.

    Args:
        world: Time and ids.
        store: Where the leads are.
        in_force: The rules.
        is_first: Clocks of closed leads that only measure are looked at, too: all that ever were.

    Raises:
        StoreBusy: The store cannot take more now; the next sweep begins anew.
    """
    policy, most = in_force.policy, in_force.policy.sweep.per_round
    moved, stuck = _move_from_absent(world, store, in_force)
    lost = store.read(lambda session: session.owners.without_assignment(most))
    other = store.read(lambda session: session.owners.of_other_owner(most))
    untimed = store.read(lambda session: session.owners.without_clock(most))
    stray = store.read(lambda session: session.owners.stray_clocks(most, only_live=not is_first))
    wrong: tuple[Piece, ...] = (
        *(NameOwner(world, each) for each in (*lost, *other)),
        *(StartClock(world, in_force, each) for each in untimed),
        *(StopClock(world, each) for each in stray),
    )
    put_right = do_all(store, wrong, job="sweep")
    world.reach("sweep.put_right")
    unowned = store.read(lambda session: session.owners.unowned(most))
    _rate(world, store, in_force, [each for each in unowned if not each.has_score])
    astray = [each for each in unowned if not each.has_clock or each.retry_at is None]
    put_right += do_all(store, (LookAgain(world, in_force, each) for each in astray), job="sweep")
    limit = timedelta(minutes=policy.sweep.unassigned_minutes)
    late = [each for each in unowned if each.signal_at < world.now() - limit]
    found = do_all(store, (GiveLate(world, in_force, each) for each in late), job="sweep")
    world.reach("sweep.done")
    late_before = world.now() - limit
    leads = store.read(lambda session: session.owners.open_leads(late_before))
    swept = Swept(leads=leads, moved=moved, stuck=stuck, found=found, put_right=put_right)
    if moved or put_right or leads.unexplained:
        store.write(lambda session: session.signals.append("sweep", world.now(), _told(swept)))
    return swept


def _told(swept: Swept) -> dict[str, object]:
    return {
        "open": swept.leads.open,
        "unexplained": swept.leads.unexplained,
        "moved": swept.moved,
        "found": swept.found,
        "put_right": swept.put_right,
    }


def _move_from_absent(world: World, store: Store, in_force: InForce) -> tuple[int, int]:
    """Move leads of owners who are not there; return how many moved and how many could not."""

    def absent(session: Session) -> tuple[str, ...]:
        desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
        return tuple(
            rep_id
            for rep_id in session.owners.owners_of_open_leads()
            if pipeline.why_absent(in_force.policy.rep(rep_id), desk) is not None
        )

    rep_ids = store.read(absent)
    most = in_force.policy.route.absence.per_round
    leads = store.read(lambda session: session.owners.open_leads_of(rep_ids, most))
    moved = do_all(store, (MoveAway(world, in_force, each) for each in leads), job="sweep")
    left = store.read(lambda session: session.owners.open_leads_of(rep_ids, most))
    return moved, store.read(lambda session: _movable(world, session, in_force, left))


def _movable(world: World, session: Session, in_force: InForce, leads: tuple[str, ...]) -> int:
    desk = Desk(world=world, session=session, in_force=in_force, now=world.now())
    return sum(pipeline.must_move(desk, lead_id) is not None for lead_id in leads)


def _rate(world: World, store: Store, in_force: InForce, leads: list[Unowned]) -> None:
    """Let leads that no decision ever rated, such as copied ones, pass through the line once."""
    if not leads:
        return
    bodies = [
        {
            "source": _SOURCE,
            "event_id": each.lead_id,
            "kind": "lead",
            "at": moment(each.signal_at),
            "identifiers": {"lead_id": each.lead_id},
        }
        for each in leads
    ]
    pipeline.accept(world, store, in_force.policy, bodies)
    pipeline.decide_pending(world, store, in_force, len(bodies))
