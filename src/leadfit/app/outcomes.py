"""What came of decisions: experiments with response times, what fit and intent were worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from leadfit import jobs
from leadfit.policy import Policy
from leadfit.store import Store
from leadfit.watch.response import ResponseFindings
from leadfit.world import World

if TYPE_CHECKING:
    from leadfit.learn.outlook import Outlook


class Outcomes:
    """The part of :class:`leadfit.Leadfit` that says what came of decisions.

    Args:
        world: Time.
        store: The store.
        policy: Returns the policy in force.
    """

    def __init__(self, world: World, store: Store, policy: Callable[[], Policy]) -> None:
        self._world = world
        self._store = store
        self._policy = policy

    def response(self, name: str | None = None) -> ResponseFindings | None:
        """Return what an experiment with response times found; ``None`` where none ever ran.

        Args:
            name: The experiment; that of the policy, else the latest that drew.

        Raises:
            NotFound: No experiment of this name is in the policy or drew anybody.
        """
        now = self._world.now()
        return jobs.response_report(self._store, self._policy(), now=now, name=name)

    def outlook(self, as_of: datetime | None = None) -> Outlook:
        """Return what fit, intent and tier were worth: quadrants, wins by tier, engagement bias.

        Args:
            as_of: Nothing later is looked at; by default the latest import, outcome or feedback.

        Raises:
            BadInput: Nothing is recorded yet.
            MissingExtra: The extra ``learn`` is not installed.
        """
        return jobs.outlook(self._store, self._policy(), as_of)
