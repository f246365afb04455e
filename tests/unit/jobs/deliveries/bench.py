"""Performers that answer as they are told, and deliveries through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leadfit.connectors import Performer
from leadfit.connectors.base import REPEAT
from leadfit.errors import Permanent
from leadfit.jobs import Deliveries
from leadfit.policy import Policy
from leadfit.records import Action, Fact
from leadfit.store import SqliteStore
from leadfit.store.outbox import Gate
from leadfit.store.views import ActionView
from leadfit.testing import FrozenWorld


class Scripted:
    """A performer that answers as it is told and remembers what it was sent."""

    def __init__(self, *answers: Exception | None, known: bool | Exception | None = None) -> None:
        self._answers = list(answers)
        self._known = known
        self.sent: list[str] = []
        self.marked: list[str] = []
        self.looked_up: list[str] = []

    def perform(self, action: Action) -> None:
        self.sent.append(action.key)
        if action.fields.get(REPEAT):
            self.marked.append(action.key)
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer

    def knows(self, key: str) -> bool | None:
        self.looked_up.append(key)
        if isinstance(self._known, Exception):
            raise self._known
        return self._known

    def close(self) -> None:
        """Nothing to let go of."""


class Refused(Permanent):
    """The receiver will never take it."""

    code = "refused"


class Bench:
    """A store, and deliveries that go through the performers of a test."""

    def __init__(self, store: SqliteStore, world: FrozenWorld, policy: Policy) -> None:
        self.store, self.world, self.policy = store, world, policy
        self.made: dict[int, Deliveries] = {}

    def of(
        self,
        performers: Mapping[str, Performer] | Performer,
        fallbacks: Mapping[str, Sequence[str]] | None = None,
    ) -> Deliveries:
        by_name = performers if isinstance(performers, Mapping) else {"*": performers}
        return Deliveries(self.world, self.store, by_name, lambda: self.policy, fallbacks=fallbacks)

    def queue(
        self, key: str = "k", destination: str = "crm", kind: str = "task", lead: str | None = None,
        **fields: Fact,
    ) -> None:  # fmt: skip
        action = Action(
            key=key, kind=kind, destination=destination, lead_id=lead or f"lead of {key}",
            assignment_id=None, due_at=self.world.now(), fields=fields,
        )  # fmt: skip
        self.store.write(lambda session: session.outbox.queue(action, self.world.now()))

    def seen(self, key: str = "k") -> ActionView:
        view = self.store.read(lambda session: session.outbox.get(key))
        assert view is not None
        return view

    def gate(self, destination: str = "crm") -> Gate:
        return self.store.read(lambda session: session.destinations.gate(destination))

    def wait_for(self, key: str = "k") -> None:
        self.world.pass_time(max(0.0, (self.seen(key).next_at - self.world.now()).total_seconds()))
