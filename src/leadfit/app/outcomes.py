"""What came of decisions: figures by the week, experiments, what fit and intent were worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from leadfit import jobs
from leadfit.errors import BadInput, Fault
from leadfit.policy import Policy
from leadfit.store import Store
from leadfit.watch.response import ResponseFindings
from leadfit.world import World

if TYPE_CHECKING:
    from leadfit.learn.outlook import Outlook

_MOST_WEEKS: Final = 104


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
            BadInput: Nothing is recorded yet, or the time lies ahead.
            MissingExtra: The extra ``learn`` is not installed.
        """
        until = jobs.up_to(self._store, as_of, self._world.now())
        return jobs.outlook(self._store, self._policy(), until)

    def match_kpis(self, weeks: int) -> jobs.MatchReport:
        """Return how matching did in the last whole weeks; see :meth:`Leadfit.match_kpis`.

        Raises:
            BadInput: So many weeks are not looked at.
        """
        _check_weeks(weeks)
        return jobs.match_report(self._store, self._policy(), now=self._world.now(), weeks=weeks)

    def sla_kpis(self, weeks: int) -> jobs.SlaReport:
        """Return how promises of a first touch were kept; see :meth:`Leadfit.sla_kpis`.

        Raises:
            BadInput: So many weeks are not looked at.
        """
        _check_weeks(weeks)
        return jobs.sla_report(self._store, self._policy(), now=self._world.now(), weeks=weeks)


def _check_weeks(weeks: int) -> None:
    if not 1 <= weeks <= _MOST_WEEKS:
        raise BadInput(Fault(place="weeks", came=str(weeks), allowed=f"1 to {_MOST_WEEKS}"))
