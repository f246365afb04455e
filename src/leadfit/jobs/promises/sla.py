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
from leadfit.jobs.promises.mending import waits_for_owner
from leadfit.jobs.promises.telling import tell
from leadfit.jobs.workers.pieces import do_all
from leadfit.log import logger
from leadfit.pipeline import InForce
from leadfit.policy import Policy
from leadfit.records import Action, Assignment, Clock, ClockKind, Plan
from leadfit.store import Session, Store
from leadfit.store.breaches import Breach
from leadfit.store.views import Incident
from leadfit.world import World

_log = logger("jobs.sla")

_INCIDENT: Final = "incident"


def run_clocks(world: World, store: Store, in_force: InForce, limit: int) -> int:
    """Fire clocks that are due, tell of them, try leads without an owner.

    Clocks that ran out while nothing ran fire now, once each, in the order in which they were due,
    with how late they are. A clock that somebody stopped in between does not fire. Nobody is told
    of some before all that is due has fired. A clock whose step fails is tried again later, as
    often as ``retry`` says, and then put aside; it never delays another.

    Returns:
        How many clocks fired and how many leads found an owner.

    Raises:
        StoreBusy: The store cannot take more now; what did not fire fires at the next round.
    """
    policy = in_force.policy
    # In shadow mode nobody is told of anything: what runs out then fires afterwards, late.
    due, given = _due(world, store, limit) if policy.acts else ((), None)
    fired = do_all(
        store,
        (_Fire(world, in_force, clock, given) for clock in due),
        job="clocks",
        after_failure=lambda fire, error: _Stuck(world, policy, fire.clock, error),
    )
    soon = timedelta(seconds=policy.route.retry_s)
    waiting = store.read(lambda session: session.leads.unassigned(world.now(), limit, soon=soon))
    found = do_all(
        store,
        (_Find(world, in_force, lead_id) for lead_id in waiting),
        job="clocks",
        after_failure=lambda find, _error: _Later(world, policy, find.lead_id),
    )
    if len(due) < limit and policy.acts:
        tell(world, store, policy)
    return fired + found


def _due(
    world: World, store: Store, limit: int
) -> tuple[tuple[Clock, ...], Mapping[str, Assignment] | None]:
    """Return clocks that are due, and the present assignments of their leads.

    Where one of these cannot be read, each clock looks for its own, so that one stops no other.
    """
    due = store.read(lambda session: session.clocks.due(world.now(), limit))
    lead_ids = sorted({each.lead_id for each in due})
    try:
        return due, store.read(lambda session: session.leads.present_assignments(lead_ids))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        _log.error("assignments.unreadable", error=type(error).__name__)
        return due, None


@dataclass(frozen=True, slots=True)
class _Find:
    """Look again for the owner of a lead."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
        if not waits_for_owner(session, self.lead_id):
            return False
        return pipeline.find_owner(self.world, session, self.in_force, self.lead_id) is not None


@dataclass(frozen=True, slots=True)
class _Later:
    """Let a lead for which looking failed not be looked at for a while, so that others are."""

    world: World
    policy: Policy
    lead_id: str

    def __call__(self, session: Session) -> bool:
        wait = timedelta(seconds=self.policy.retry.longest_wait_s)
        session.leads.retry_at(self.lead_id, self.world.now() + wait)
        return False


@dataclass(frozen=True, slots=True)
class _Stuck:
    """Let a clock whose step failed wait for another try, or put it aside and tell of it."""

    world: World
    policy: Policy
    clock: Clock
    error: Exception

    def __call__(self, session: Session) -> bool:
        clock, now = self.clock, self.world.now()
        tries = session.clocks.tries(clock.key) + 1
        wait = self.policy.retry.wait_after(tries)
        # An error's own words may quote what a lead holds; the reason must not.
        why = f"{type(self.error).__name__} while its step was taken"
        if wait is not None:
            session.clocks.failed(clock, again_at=now + wait, why=why, now=now)
            return False
        why += f", {tries} times"
        if not session.clocks.failed(clock, again_at=None, why=why, now=now):
            return False
        _log.error("clock.put_aside", error=type(self.error).__name__)
        words = f"a deadline was put aside: {why}"
        key = f"{clock.key}/aside/{now:%Y%m%dT%H%M%S}"
        session.clocks.add_incident(Incident(key=key, lead_id=clock.lead_id, at=now, words=words))
        session.breaches.notify(
            orchestrate.alert(
                key,
                to=self.policy.managers,
                fields={"words": f"{words}: see leadfit outbox", "clock": clock.kind.value},
                now=now,
                lead_id=clock.lead_id,
                assignment_id=clock.assignment_id,
                is_notice=True,
            )
        )
        self.world.reach("sla.put_aside")
        return False


@dataclass(frozen=True, slots=True)
class _Fire:
    """Take the steps of one clock.

    The assignments were read with the clocks. When one ends, the clock that belongs to it is
    stopped in the same transaction, and a stopped clock does not move.
    """

    world: World
    in_force: InForce
    clock: Clock
    given: Mapping[str, Assignment] | None

    def __call__(self, session: Session) -> bool:
        clock, now = self.clock, self.world.now()
        assignment = None if self.given is None else self.given.get(clock.lead_id)
        if self.given is None or _is_stale(clock, assignment):
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
