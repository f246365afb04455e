"""Fires due clocks in due order, tells of them, and looks for owners of leads that have none.

What one round fires is told to each person together: after a downtime in which five hundred clocks
ran out a manager has one page. Every step is kept by itself all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadfit import orchestrate, pipeline, route
from leadfit.jobs.workers.pieces import do_all
from leadfit.log import logger
from leadfit.pipeline import InForce
from leadfit.policy import Policy
from leadfit.records import Action, Assignment, Clock, ClockKind, Plan
from leadfit.store import Session, Store
from leadfit.store.breaches import Breach, Storm
from leadfit.store.views import ActionState, Incident
from leadfit.world import World

_log = logger("jobs.sla")

_INCIDENT: Final = "incident"
_PAGE: Final = "page"


def run_clocks(world: World, store: Store, in_force: InForce, limit: int) -> int:
    """Fire clocks that are due, tell of them, try leads without an owner.

    Clocks that ran out while nothing ran fire now, once each, in the order in which they were due,
    with how late they are. A clock that somebody stopped in between does not fire. Nobody is told
    of some before all that is due has fired.

    Returns:
        How many clocks fired and how many leads found an owner.

    Raises:
        StoreBusy: The store cannot take more now; what did not fire fires at the next round.
    """

    def read(session: Session) -> tuple[tuple[Clock, ...], Mapping[str, Assignment]]:
        # In shadow mode nobody was told of a lead, so that nobody can be late with it.
        found = session.clocks.due(world.now(), limit) if in_force.policy.acts else ()
        return found, session.leads.present_assignments(sorted({each.lead_id for each in found}))

    due, given = store.read(read)
    fires = (_Fire(world, in_force, clock, given.get(clock.lead_id)) for clock in due)
    fired = do_all(store, fires, job="clocks")
    waiting = store.read(lambda session: session.leads.unassigned(world.now(), limit))
    found = do_all(store, (_Find(world, in_force, lead_id) for lead_id in waiting), job="clocks")
    if len(due) < limit and in_force.policy.acts:
        tell(world, store, in_force.policy)
    return fired + found


def tell(world: World, store: Store, policy: Policy) -> int:
    """Queue the pages and alerts about breaches; return for how many persons and destinations.

    Whoever was paged less than ``sla.fold_minutes`` ago is paged later, about everything at once.
    """
    pause = timedelta(minutes=policy.sla.fold_minutes)
    storms = store.read(lambda session: session.breaches.waiting())
    if not any(_is_ripe(storm, pause, world.now()) for storm in storms):
        return 0
    return store.write(lambda session: _tell(world, session, pause))


def _is_ripe(storm: Storm, pause: timedelta, now: datetime) -> bool:
    return storm.kind != _PAGE or storm.told_at is None or now >= storm.told_at + pause


def _tell(world: World, session: Session, pause: timedelta) -> int:
    now, told = world.now(), 0
    for storm in session.breaches.waiting():
        if not _is_ripe(storm, pause, now):
            continue
        action = orchestrate.tell_together(storm.notices, now=now)
        session.outbox.queue(action, now)
        session.breaches.tell([each.key for each in storm.notices], action.key, now)
        if len(storm.notices) > 1:
            _leave_a_trace(session, storm, action, now)
        world.reach("sla.told")
        told += 1
    return told


def _leave_a_trace(session: Session, storm: Storm, action: Action, now: datetime) -> None:
    """Let each lead show how it was told of."""
    words = f"told together with {len(storm.notices) - 1} more, by {action.key}"
    for each in storm.notices:
        session.outbox.queue(each, now)
        session.outbox.settle(each.key, ActionState.FOLDED, at=now, error=words)


@dataclass(frozen=True, slots=True)
class _Find:
    """Look again for the owner of a lead."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
        lead = session.leads.get(self.lead_id)
        if lead is None or not lead.is_open or lead.owner_id is not None:
            return False
        return pipeline.find_owner(self.world, session, self.in_force, self.lead_id) is not None


@dataclass(frozen=True, slots=True)
class _Fire:
    """Take the steps of one clock.

    The assignment was read with the clock. When it ends, the clock that belongs to it is stopped in
    the same transaction, and a stopped clock does not move.
    """

    world: World
    in_force: InForce
    clock: Clock
    assignment: Assignment | None

    def __call__(self, session: Session) -> bool:
        clock, now = self.clock, self.world.now()
        assignment = self.assignment
        if _is_stale(clock, assignment):
            assignment = session.leads.assignment(clock.lead_id)
        if _is_stale(clock, assignment):
            session.clocks.stop_one(clock.key, now, "reassigned")
            return False
        policy = self.in_force.policy
        manager_id = _manager(policy, assignment, now)
        plan = orchestrate.breach(clock, assignment, manager_id, policy, now=now)
        going_on = next((each for each in plan.clocks if each.key == clock.key), None)
        moved = session.clocks.advance(
            clock,
            step=clock.step + 1 if going_on is None else going_on.step,
            due_at=None if going_on is None else going_on.due_at,
            now=now,
        )
        if not moved:
            return False
        self.world.reach("sla.advanced")
        for breach in _breaches(clock, assignment, plan, now):
            session.breaches.add(breach)
        pipeline.begin(session, plan, now)
        for action in plan.actions:
            if action.kind == _INCIDENT:
                session.clocks.add_incident(_incident(action, plan.reasons[0].words))
        self.world.reach("sla.begun")
        if plan.reassign and not self._has_moved(session):
            pause = timedelta(minutes=policy.sla.again_minutes)
            session.clocks.again(clock.key, now + pause)
        self.world.reach("sla.fired")
        return True

    def _has_moved(self, session: Session) -> bool:
        lead_id = self.clock.lead_id
        return pipeline.find_owner(self.world, session, self.in_force, lead_id) is not None


def _breaches(
    clock: Clock, assignment: Assignment | None, plan: Plan, now: datetime
) -> Iterator[Breach]:
    """Yield a breach for each step that was taken; looking for an owner again is none."""
    for reason in plan.reasons:
        prefix, _, step = reason.rule.partition(".")
        if step and clock.due_at is not None:
            yield Breach(
                key=f"{clock.key}/{step}",
                kind=clock.kind,
                step=step if f"{prefix}." == orchestrate.BREACH else "late",
                lead_id=clock.lead_id,
                assignment_id=clock.assignment_id,
                owner_id=None if assignment is None else assignment.owner_id,
                tier=None if assignment is None else assignment.tier,
                due_at=clock.due_at,
                fired_at=now,
            )


def _is_stale(clock: Clock, assignment: Assignment | None) -> bool:
    """A clock of an assignment that has ended."""
    return clock.kind is ClockKind.ASSIGNMENT_TO_TOUCH and (
        assignment is None or assignment.assignment_id != clock.assignment_id
    )


def _manager(policy: Policy, assignment: Assignment | None, now: datetime) -> str | None:
    """Return the owner's manager; for a lead without an owner, the manager of most reps.

    A manager who is away or gone is stood in for by the next one above who is there.
    """
    if assignment is not None:
        rep = policy.rep(assignment.owner_id)
        manager_id = None if rep is None else rep.manager_id
    else:
        managers = [rep.manager_id for rep in policy.reps if rep.manager_id is not None]
        manager_id = max(sorted(set(managers)), key=managers.count, default=None)
    looked_at: set[str] = set()
    above = policy.rep(manager_id)
    while above is not None and above.rep_id not in looked_at:
        if above.active and not route.is_away(above, now):
            return above.rep_id
        looked_at.add(above.rep_id)
        above = policy.rep(above.manager_id)
    return manager_id


def _incident(action: Action, words: str) -> Incident:
    return Incident(key=action.key, lead_id=action.lead_id, at=action.due_at, words=words)
