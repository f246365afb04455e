"""A workspace's decision code on one store, by a frozen clock, with reps of the test's choice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from leadfit import pipeline
from leadfit.jobs import Swept, run_clocks, sweep
from leadfit.pipeline import Desk, InForce
from leadfit.policy import Policy, load_starter
from leadfit.records import Rep
from leadfit.store import Session, Store
from leadfit.store.views import LeadView
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import changed

HOT = ("pricing_view", "calculator", "intent_topic", "competitor_research", "comparison_view")
FACTS = {"employees": 800, "industry": "software"}


def policy_of(reps: Sequence[Rep], **changes: object) -> Policy:
    """Return the starter policy with these reps, no territories and no plays.

    Args:
        reps: The reps.
        changes: Values by path, dots written as two underscores.
    """
    policy = changed(changed(load_starter(), "reps", tuple(reps)), "territories", ())
    policy = changed(policy, "plays", ())
    for path, value in changes.items():
        policy = changed(policy, path.replace("__", "."), value)
    return policy


class Company:
    """Posts signals, lets time pass and jobs run.

    Args:
        store: The store.
        world: Its world.
        policy: The rules at the start; ``company.policy`` may be set to others.
    """

    def __init__(self, store: Store, world: FrozenWorld, policy: Policy) -> None:
        self.store = store
        self.world = world
        self.policy = policy
        self._sent = 0

    @property
    def in_force(self) -> InForce:
        return InForce(policy=self.policy)

    def send(self, kind: str, email: str, **facts: object) -> None:
        """Post a signal and decide it."""
        self._sent += 1
        body = {
            "source": "form",
            "event_id": f"event-{self._sent}",
            "kind": kind,
            "at": self.world.now().isoformat(),
            "identifiers": {"email": email},
            "facts": facts,
        }
        pipeline.accept(self.world, self.store, self.policy, [body])
        assert pipeline.decide_pending(self.world, self.store, self.in_force, 10) == 1

    def hot(self, email: str, **facts: object) -> LeadView:
        """Let somebody show every intent and ask for a demo: a Tier 1 lead."""
        for kind in HOT * 2:
            self.send(kind, email)
        self.send("demo_request", email, **FACTS, **facts)
        return self.of(email)

    def cold(self, email: str, **facts: object) -> LeadView:
        """Let somebody unknown fill a form: a Tier 3 lead."""
        self.send("form_fill", email, **facts)
        return self.of(email)

    def of(self, email: str) -> LeadView:
        """Return the newest lead of an address."""
        return next(
            each
            for each in self.leads()
            if each.contact is not None and each.contact.email == email
        )

    def leads(self) -> tuple[LeadView, ...]:
        """Return all leads, newest first."""
        return self.store.read(lambda session: session.leads.page(500))

    def lead(self, lead_id: str) -> LeadView:
        """Return one lead."""
        view = self.store.read(lambda session: session.leads.view(lead_id))
        assert view is not None
        return view

    def desk(self, session: Session) -> Desk:
        """Return where one piece of work is done."""
        return Desk(world=self.world, session=session, in_force=self.in_force, now=self.world.now())

    def run(self) -> None:
        """Fire clocks and look for owners."""
        run_clocks(self.world, self.store, self.in_force, 1000)

    def sweep(self) -> Swept:
        """Sweep once."""
        return sweep(self.world, self.store, self.in_force)

    def passes(self, **span: float) -> None:
        """Let time pass, such as ``minutes=5``."""
        self.world.pass_time(timedelta(**span).total_seconds())
