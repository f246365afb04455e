"""Learning from what is recorded, and putting what was learned in force."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leadfit import jobs
from leadfit.app.changing import Changing
from leadfit.app.files import keep_card, write_artifact, write_whole
from leadfit.artifact import Artifact
from leadfit.pipeline import InForce
from leadfit.resolve.model.card import Card
from leadfit.store import Store
from leadfit.world import World

if TYPE_CHECKING:
    from leadfit.jobs.learning.card_training import TrainedCard


class Learning:
    """The part of :class:`leadfit.Leadfit` that learns; safe to use from any thread.

    Args:
        world: Time and failpoints.
        store: Holds what is learned from.
        folder: The workspace; reports, artifacts and cards are written there.
        rules: Returns what is in force.
        put: Puts other rules in force.
        policies: Writes down what was put in force.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        folder: Path,
        *,
        rules: Callable[[], InForce],
        put: Callable[[InForce], None],
        policies: Changing,
    ) -> None:
        self._world = world
        self._store = store
        self._folder = folder
        self._rules = rules
        self._put = put
        self._policies = policies
        self._lock = threading.Lock()

    def learn(self, as_of: datetime | None, *, publish: bool, force: bool) -> jobs.Learned:
        """Learn, put the artifact in force, score every account; see :meth:`Leadfit.learn`.

        Raises:
            BadInput: Nothing is recorded yet.
            MissingExtra: The extra ``learn`` is not installed.
            StoreBusy: Another process writes to the store.
        """
        with self._lock:
            rules = self._rules()
            # A store that another process writes to says so before the work, not after it.
            self._store.write(lambda session: session.past.latest_event())
            found = jobs.propose(self._store, rules.policy, rules.artifact, as_of)
            self._write_reports(found)
            wanted = force or publish or rules.policy.learn.publish == "auto"
            published = found.artifact is not None and wanted and (force or not found.objections)
            if found.artifact is not None and published:
                self.publish(found.artifact)
            scored = (0, 0)
            if (artifact := self._rules().artifact) is not None:
                scored = jobs.score_accounts(self._world, self._store, rules.policy, artifact)
            run = found.run(self._world.now(), published=published)
            self._store.write(lambda session: session.past.add_learning(run))
        return jobs.Learned(
            proposal=found, published=published, accounts=scored[0], rescored=scored[1]
        )

    def publish(self, artifact: Artifact) -> str:
        """Put a learned artifact in force for the next decision; return its digest."""
        write_artifact(self._folder, artifact)
        self._world.reach("publish.written")
        self._policies.learned(artifact, reason="learned from the history")
        self._world.reach("publish.named")
        return artifact.digest

    def publish_card(self, card: Card) -> str:
        """Put a model card in force for the next decision; return its digest."""
        keep_card(self._folder, card)
        self._world.reach("publish.card_kept")
        self._put(replace(self._rules(), card=card))
        return card.digest

    def train_card(self, *, publish: bool) -> TrainedCard:
        """Train a model card on accounts and decided reviews; see :meth:`Leadfit.train_card`.

        Raises:
            BadInput: There are too few accounts, or no two of them are alike.
            MissingExtra: The extra ``linkage`` is not installed.
        """
        from leadfit.jobs.learning.card_training import train_card  # noqa: PLC0415 -- DuckDB, rarely asked

        found = train_card(self._world, self._store, self._rules())
        if publish and not found.against:
            self.publish_card(found.card)
        return found

    def _write_reports(self, found: jobs.Proposal) -> None:
        folder = self._folder / "reports"
        folder.mkdir(exist_ok=True)
        for name, text in found.files.items():
            write_whole(folder / name, text.encode())
        if found.artifact is not None:
            write_artifact(self._folder, found.artifact)
