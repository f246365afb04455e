"""How what a sweep finds is put right, one lead or clock in a transaction of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from leadfit import orchestrate, pipeline
from leadfit.pipeline import Desk, InForce
from leadfit.records import Action, Clock, ClockKind
from leadfit.store import Session
from leadfit.store.owners import Unowned
from leadfit.store.views import Incident
from leadfit.world import World


@dataclass(frozen=True, slots=True)
class MoveAway:
    """Take a lead from an owner who is not there."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
        """Return whether somebody else has it now."""
        desk = Desk(world=self.world, session=session, in_force=self.in_force, now=self.world.now())
        return pipeline.move_from_absent(desk, self.lead_id) is not None


@dataclass(frozen=True, slots=True)
class FindAnother:
    """Look for somebody else for a lead whose owner has no slot for it; not once it was touched."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
        """Return whether somebody else has it now."""
        lead = session.leads.get(self.lead_id)
        if lead is None or not lead.is_open or lead.owner_id is None:
            return False
        if session.leads.touched_at(self.lead_id) is not None:
            session.owners.look_no_more(self.lead_id)
            return False
        wait_s = self.in_force.policy.route.retry_s
        session.leads.retry_at(self.lead_id, self.world.now() + timedelta(seconds=wait_s))
        return pipeline.find_owner(self.world, session, self.in_force, self.lead_id) is not None


@dataclass(frozen=True, slots=True)
class NameOwner:
    """Let a lead name the owner of its present assignment, or nobody where there is none."""

    world: World
    lead_id: str

    def __call__(self, session: Session) -> bool:
        """Name the owner, and count it as an incident."""
        now = self.world.now()
        session.owners.name_owner(self.lead_id)
        _add_incident(session, self.lead_id, now, "owner", "named an owner it was not given to")
        return True


@dataclass(frozen=True, slots=True)
class StartClock:
    """Start the clock of a present assignment that has none; one of shadow mode stands still."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
        """Return whether a clock was started."""
        leads, now = session.leads, self.world.now()
        lead, latest = leads.get(self.lead_id), leads.rated(self.lead_id)
        present = leads.assignment(self.lead_id)
        if lead is None or present is None or latest is None or latest.score is None:
            return False
        plan = orchestrate.plan(present, lead, latest.score, self.in_force.policy, now=now)
        for clock in plan.clocks:
            if clock.kind is ClockKind.ASSIGNMENT_TO_TOUCH:
                session.clocks.start(clock)
                if latest.shadow:
                    # Nobody was told of the lead, so nobody can be late with it, later neither.
                    session.clocks.stop_one(clock.key, now, "withheld")
        if not latest.shadow:
            _add_incident(session, self.lead_id, now, "clock", "was assigned without a clock")
        return True


@dataclass(frozen=True, slots=True)
class StopClock:
    """Stop a clock that runs for what has ended."""

    world: World
    key: str

    def __call__(self, session: Session) -> bool:
        """Stop it, and count it as an incident."""
        now = self.world.now()
        session.clocks.stop_one(self.key, now, "swept")
        lead_id = self.key.partition("/")[0]
        _add_incident(session, lead_id, now, "stray", f"had a clock running on: {self.key}")
        return True


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Let a lead that nobody looks for an owner of be tried again, with a clock."""

    world: World
    in_force: InForce
    unowned: Unowned

    def __call__(self, session: Session) -> bool:
        """Return whether it is looked for again."""
        lead_id, now = self.unowned.lead_id, self.world.now()
        if not waits_for_owner(session, lead_id):
            return False
        if not self.unowned.has_clock:
            kind = ClockKind.SIGNAL_TO_ASSIGNMENT
            before = len(session.leads.assignments(lead_id))
            minutes = self.in_force.policy.sla.assignment_minutes
            session.clocks.start(
                Clock(
                    key=f"{lead_id}/{kind.value}" + (f"/{before}" if before else ""),
                    kind=kind,
                    lead_id=lead_id,
                    assignment_id=None,
                    started_at=self.unowned.signal_at,
                    due_at=now + timedelta(minutes=minutes),
                )
            )
        if self.unowned.retry_at is None:
            session.leads.retry_at(lead_id, now)
        if self.in_force.policy.acts or self.unowned.retry_at is None:
            # In shadow mode no clock begins by itself.
            words = "had no owner, and none was looked for"
            _add_incident(session, lead_id, now, "unowned", words)
        return True


@dataclass(frozen=True, slots=True)
class GiveLate:
    """Try a lead that has no owner for too long once more; with nobody free, tell the managers."""

    world: World
    in_force: InForce
    unowned: Unowned

    def __call__(self, session: Session) -> bool:
        """Return whether it has an owner by this."""
        lead_id, now = self.unowned.lead_id, self.world.now()
        if not waits_for_owner(session, lead_id):
            return False
        rated = session.leads.rated(lead_id)
        if rated is not None and pipeline.find_owner(self.world, session, self.in_force, lead_id):
            return True
        minutes = self.in_force.policy.sweep.unassigned_minutes
        words = f"has no owner for more than {minutes:g} minutes: {_why(session, lead_id)}"
        key = f"{lead_id}/unassigned"
        session.clocks.add_incident(Incident(key=key, lead_id=lead_id, at=now, words=words))
        session.outbox.queue(self._alert(key, f"A lead {words}", now), now)
        return False

    def _alert(self, key: str, words: str, now: datetime) -> Action:
        return orchestrate.alert(
            key,
            to=self.in_force.policy.managers,
            fields={"words": words},
            now=now,
            lead_id=self.unowned.lead_id,
        )


def waits_for_owner(session: Session, lead_id: str) -> bool:
    """Return whether a lead is open and has no owner."""
    lead = session.leads.get(lead_id)
    return lead is not None and lead.is_open and lead.owner_id is None


def _why(session: Session, lead_id: str) -> str:
    """Return the reason on record why a lead has no owner."""
    for decision in session.leads.decisions(lead_id):
        reasons = () if decision.ranking is None else decision.ranking.reasons
        for reason in reasons:
            if reason.rule in {"route.nobody", "provisional.disagree"}:
                return reason.words
    return "no decision says why"


def _add_incident(session: Session, lead_id: str, now: datetime, what: str, words: str) -> None:
    key = f"{lead_id}/sweep-{what}/{now:%Y%m%dT%H%M%S}"
    session.clocks.add_incident(Incident(key=key, lead_id=lead_id, at=now, words=words))
