"""Looks over all open leads: each has an owner in order, or waits with a reason and a clock.

A sweep finds what no other job looks for and puts it right: leads whose owner went away or works
here no more, leads that nobody looks for an owner of, owners without an assignment, assignments
without a clock, clocks of what has ended. What should never be is an incident. Imported leads are
closed and not looked at: their history is the CRM's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadfit import orchestrate, pipeline
from leadfit.canonical import moment
from leadfit.jobs.promises.by_hand import tell_of_overrides
from leadfit.jobs.workers.pieces import Piece, do_all
from leadfit.log import logger
from leadfit.pipeline import Desk, InForce
from leadfit.records import Action, Clock, ClockKind
from leadfit.store import Session, Store
from leadfit.store.owners import OpenLeads, Unowned
from leadfit.store.views import Incident
from leadfit.world import World

_AGAIN_S: Final = 15.0
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
            self._store, (_Another(self._world, rules, each) for each in others), job="sweep"
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
        *(_Name(world, each) for each in (*lost, *other)),
        *(_Time(world, in_force, each) for each in untimed),
        *(_Stop(world, each) for each in stray),
    )
    put_right = do_all(store, wrong, job="sweep")
    world.reach("sweep.put_right")
    unowned = store.read(lambda session: session.owners.unowned(most))
    _rate(world, store, in_force, [each for each in unowned if not each.has_score])
    astray = [each for each in unowned if not each.has_clock or each.retry_at is None]
    put_right += do_all(store, (_Look(world, in_force, each) for each in astray), job="sweep")
    limit = timedelta(minutes=policy.sweep.unassigned_minutes)
    late = [each for each in unowned if each.signal_at < world.now() - limit]
    found = do_all(store, (_Late(world, in_force, each) for each in late), job="sweep")
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
    moved = do_all(store, (_Move(world, in_force, each) for each in leads), job="sweep")
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


@dataclass(frozen=True, slots=True)
class _Move:
    """Take a lead from an owner who is not there."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
        desk = Desk(world=self.world, session=session, in_force=self.in_force, now=self.world.now())
        return pipeline.move_from_absent(desk, self.lead_id) is not None


@dataclass(frozen=True, slots=True)
class _Another:
    """Look for somebody else for a lead whose owner has no slot for it; not once it was touched."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
        lead = session.leads.get(self.lead_id)
        if lead is None or not lead.is_open or lead.owner_id is None:
            return False
        if session.leads.touched_at(self.lead_id) is not None:
            session.owners.look_no_more(self.lead_id)
            return False
        session.leads.retry_at(self.lead_id, self.world.now() + timedelta(seconds=_AGAIN_S))
        return pipeline.find_owner(self.world, session, self.in_force, self.lead_id) is not None


@dataclass(frozen=True, slots=True)
class _Name:
    """Let a lead name the owner of its present assignment, or nobody where there is none."""

    world: World
    lead_id: str

    def __call__(self, session: Session) -> bool:
        now = self.world.now()
        session.owners.name_owner(self.lead_id)
        _add_incident(session, self.lead_id, now, "owner", "named an owner it was not given to")
        return True


@dataclass(frozen=True, slots=True)
class _Time:
    """Start the clock of a present assignment that has none; one of shadow mode stands still."""

    world: World
    in_force: InForce
    lead_id: str

    def __call__(self, session: Session) -> bool:
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
class _Stop:
    """Stop a clock that runs for what has ended."""

    world: World
    key: str

    def __call__(self, session: Session) -> bool:
        now = self.world.now()
        session.clocks.stop_one(self.key, now, "swept")
        lead_id = self.key.partition("/")[0]
        _add_incident(session, lead_id, now, "stray", f"had a clock running on: {self.key}")
        return True


@dataclass(frozen=True, slots=True)
class _Look:
    """Let a lead that nobody looks for an owner of be tried again, with a clock."""

    world: World
    in_force: InForce
    unowned: Unowned

    def __call__(self, session: Session) -> bool:
        lead_id, now = self.unowned.lead_id, self.world.now()
        lead = session.leads.get(lead_id)
        if lead is None or not lead.is_open or lead.owner_id is not None:
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
class _Late:
    """Try a lead that has no owner for too long once more; with nobody free, tell the managers."""

    world: World
    in_force: InForce
    unowned: Unowned

    def __call__(self, session: Session) -> bool:
        lead_id, now = self.unowned.lead_id, self.world.now()
        lead = session.leads.get(lead_id)
        if lead is None or not lead.is_open or lead.owner_id is not None:
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
