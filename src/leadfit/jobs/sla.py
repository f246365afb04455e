"""Fires due clocks in due order, and looks for owners of leads that have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from leadfit import orchestrate, pipeline
from leadfit.errors import Retryable
from leadfit.log import logger
from leadfit.pipeline import InForce
from leadfit.policy import Policy
from leadfit.records import Action, Assignment, Clock, ClockKind
from leadfit.store import Session, Store
from leadfit.store.views import Incident
from leadfit.world import World

_log = logger("jobs.sla")

_INCIDENT: Final = "incident"


def run_clocks(world: World, store: Store, in_force: InForce, limit: int) -> int:
    """Fire clocks that are due, then try leads without an owner; return how many were handled.

    Clocks that ran out while nothing ran fire now, once each, with how late they are. A clock
    that somebody stopped in between does not fire.

    Raises:
        StoreBusy: The store cannot take more now; what did not fire fires at the next round.
    """
    due = store.read(lambda session: session.clocks.due(world.now(), limit))
    fired = _all(store, (_Fire(world, in_force, clock) for clock in due))
    waiting = store.read(lambda session: session.leads.unassigned(world.now(), limit))
    found = _all(store, (_Find(world, in_force, lead_id) for lead_id in waiting))
    return fired + found


def _all(store: Store, pieces: Iterable[Callable[[Session], bool]]) -> int:
    """Do pieces of work side by side; one that fails is logged and tried at the next round."""
    begun: list[Future[bool]] = [store.submit(piece) for piece in pieces]
    done = 0
    for answer in begun:
        try:
            done += answer.result()
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 -- the outermost edge of one clock
            _log.error("clock.failed", error=type(error).__name__)
    return done


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
    """Take the steps of one clock."""

    world: World
    in_force: InForce
    clock: Clock

    def __call__(self, session: Session) -> bool:
        clock, now = self.clock, self.world.now()
        assignment = session.leads.assignment(clock.lead_id)
        if _is_stale(clock, assignment):
            session.clocks.stop_one(clock.key, now, "reassigned")
            return False
        plan = orchestrate.breach(
            clock, assignment, _manager(self.in_force.policy, assignment), self.in_force.policy,
            now=now,
        )  # fmt: skip
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
        pipeline.begin(session, plan, now)
        for action in plan.actions:
            if action.kind == _INCIDENT:
                session.clocks.add_incident(_incident(action, plan.reasons[0].words))
        if plan.reassign:
            pipeline.find_owner(self.world, session, self.in_force, clock.lead_id)
        self.world.reach("sla.fired")
        return True


def _is_stale(clock: Clock, assignment: Assignment | None) -> bool:
    """A clock of an assignment that has ended."""
    return clock.kind is ClockKind.ASSIGNMENT_TO_TOUCH and (
        assignment is None or assignment.assignment_id != clock.assignment_id
    )


def _manager(policy: Policy, assignment: Assignment | None) -> str | None:
    """Return the owner's manager; for a lead without an owner, the manager of most reps."""
    if assignment is not None:
        rep = policy.rep(assignment.owner_id)
        return None if rep is None else rep.manager_id
    managers = [rep.manager_id for rep in policy.reps if rep.manager_id is not None]
    return max(sorted(set(managers)), key=managers.count, default=None)


def _incident(action: Action, words: str) -> Incident:
    return Incident(key=action.key, lead_id=action.lead_id, at=action.due_at, words=words)
