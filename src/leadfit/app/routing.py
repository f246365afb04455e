"""Who has which lead: moving one by hand, looking over all of them, comparing orders of rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from leadfit import jobs, pipeline
from leadfit.app.by_hand import ByHand, by_hand
from leadfit.app.matching import check_said
from leadfit.errors import BadInput, Fault
from leadfit.pipeline import Desk, InForce
from leadfit.records import Assignment
from leadfit.store import Session, Store
from leadfit.store.lifts import Lift
from leadfit.store.owners import Override
from leadfit.world import World


class Routing:
    """The part of :class:`leadfit.Leadfit` that concerns owners; safe to use from any thread.

    Args:
        world: Time, ids and failpoints.
        store: The store.
        in_force: Returns the rules in force.
        wake: Told which job has work now.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        in_force: Callable[[], InForce],
        wake: Callable[[str], None],
    ) -> None:
        self._world = world
        self._store = store
        self._in_force = in_force
        self._wake = wake
        self._sweeping = threading.Lock()
        self._sweep = jobs.Sweep(world, store, in_force)

    def assign(self, lead_id: str, rep_id: str, *, by: str, reason: str) -> Assignment:
        """Give an open lead to a rep by hand; a new clock begins, and it is counted as an override.

        Args:
            lead_id: The lead.
            rep_id: A rep of the policy who is there and has a slot free.
            by: Who does it, usually a rep id.
            reason: Why.

        Raises:
            NotFound: There is no such lead or rep.
            NotPossible: The lead is closed, or the rep has it, is away, gone or full.
            BadInput: Who does it or why is not said.
        """
        check_said("by", by, reason)
        if not reason.strip():
            raise BadInput(Fault(place="reason", came=repr(reason), allowed="a reason"))

        def give(session: Session) -> Assignment:
            desk = Desk(
                world=self._world,
                session=session,
                in_force=self._in_force(),
                now=self._world.now(),
            )
            return pipeline.assign_by_hand(desk, lead_id, rep_id, by=by, reason=reason)

        made = self._store.write(give)
        self._wake("deliver")
        return made

    def assignments(self, lead_id: str) -> tuple[Assignment, ...]:
        """Return every assignment of a lead, the first one first."""
        return self._store.read(lambda session: session.leads.assignments(lead_id))

    def lift(self, lead_id: str, *, by: str, reason: str) -> Lift:
        """Lift an open lead over the intent gate, or over a tier that the detractor flag forced.

        It goes the way of any other that rises. The fit gate cannot be overridden.

        Args:
            lead_id: The lead.
            by: Who does it, usually a rep id.
            reason: Why.

        Raises:
            NotFound: There is no such lead.
            NotPossible: It is closed, does not pass the fit gate, or nothing holds it back.
            BadInput: Who does it or why is not said.
        """
        check_said("by", by, reason)
        if not reason.strip():
            raise BadInput(Fault(place="reason", came=repr(reason), allowed="a reason"))

        def rise(session: Session) -> Lift:
            now = self._world.now()
            desk = Desk(world=self._world, session=session, in_force=self._in_force(), now=now)
            return pipeline.lift(desk, lead_id, by=by, reason=reason)

        made = self._store.write(rise)
        self._wake("deliver")
        return made

    def lifts(self, lead_id: str) -> tuple[Lift, ...]:
        """Return how people lifted a lead over a gate, oldest first."""
        return self._store.read(lambda session: session.lifts.of_lead(lead_id))

    def lifts_since(self, since: datetime) -> tuple[Lift, ...]:
        """Return what people lifted over a gate from ``since`` on, oldest first."""
        return self._store.read(lambda session: session.lifts.since(since))

    def by_hand(self, since: datetime) -> ByHand:
        """Return what people moved and lifted by hand from ``since`` on, and what became of it."""
        return self._store.read(lambda session: by_hand(session, since))

    def overrides(self, since: datetime) -> tuple[Override, ...]:
        """Return what people moved by hand from ``since`` on, oldest first."""
        return self._store.read(lambda session: session.owners.overrides(since))

    def override_counts(self) -> Mapping[str, int]:
        """Return how often leads were taken from each rep by hand; ``-`` for those of nobody."""
        return self._store.read(lambda session: session.owners.override_counts())

    def sweep(self) -> jobs.Swept:
        """Look over all open leads now, put right what is not in order, and say how they stand."""
        with self._sweeping:
            swept = jobs.sweep(self._world, self._store, self._in_force())
        self._wake("deliver")
        return swept

    def round(self, limit: int = 1000) -> int:
        """Do what is due of sweeping; return how many leads have another owner.

        Where several processes share a store, one of them sweeps.
        """
        with self._sweeping:
            moved = self._sweep.round(limit) if self._store.may_do("sweep") else 0
        if moved:
            self._wake("deliver")
        return moved

    def compare_orders(self, most: int = 10_000) -> jobs.OrdersCompared:
        """Rank the newest leads by both orders of the rules and say how many owners differ.

        Args:
            most: Leads that are looked at, the newest first.
        """
        policy = self._in_force().policy
        return self._store.read(lambda session: jobs.compare_orders(session, policy, most))
