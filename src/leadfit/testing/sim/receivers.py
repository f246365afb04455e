"""Receivers with faults: they refuse, stall, and do things without saying so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random  # noqa: TID251 -- a type; every generator is seeded

from leadfit.connectors.base import REPEAT, NotTaken, RecordRefused, Unclear
from leadfit.records import Action
from leadfit.testing.sim.world import SimWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something that a receiver did.

    Attributes:
        at: The time on the wall.
        is_repeat: It was done before under the same key.
        answered: The sender was told.
        is_marked: The sender said that it may be a repeat.
    """

    destination: str
    key: str
    kind: str
    lead_id: str
    recipients: tuple[str, ...]
    at: datetime
    due_at: datetime
    is_repeat: bool
    answered: bool
    is_marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often a receiver fails while it is up, as shares of its calls.

    Attributes:
        fails: It does nothing and says so.
        stalls: It does what is asked and the answer is lost.
        refuses: It will never do it.
    """

    fails: float = 0.05
    stalls: float = 0.03
    refuses: float = 0.0


class Receiver:
    """A receiver of one destination, which outlives the process that calls it.

    Args:
        destination: Its name.
        honours: It does nothing under a key it knows, and can say whether it knows one.
        history: Where its effects are written down, outside the process.
    """

    def __init__(
        self,
        destination: str,
        world: SimWorld,
        random: Random,
        history: list[Effect],
        *,
        honours: bool,
        faults: Faults,
    ) -> None:
        self.destination = destination
        self.is_up = True
        self._world = world
        self._random = random
        self._history = history
        self._honours = honours
        self._faults = faults
        self._keys: set[str] = set()

    def perform(self, action: Action) -> None:
        """Carry out ``action``, perhaps; see :class:`leadfit.connectors.Performer`.

        Raises:
            NotTaken: It failed.
            Unclear: The answer was lost.
            RecordRefused: It refuses.
        """
        chance = self._random.random()
        if not self.is_up or chance < self._faults.fails:
            raise NotTaken(f"{self.destination} cannot be reached")
        chance -= self._faults.fails
        if chance < self._faults.refuses:
            raise RecordRefused(f"{self.destination} refuses {action.key}")
        lost = chance - self._faults.refuses < self._faults.stalls
        self._do(action, answered=not lost)
        if lost:
            raise Unclear(f"the answer of {self.destination} was lost")

    def knows(self, key: str) -> bool | None:
        """Say whether it has the key, if it keeps keys.

        Raises:
            NotTaken: It is down.
        """
        if not self.is_up:
            raise NotTaken(f"{self.destination} cannot be reached")
        return key in self._keys if self._honours else None

    def close(self) -> None:
        """Stay: it is another's process."""

    def _do(self, action: Action, *, answered: bool) -> None:
        repeat = action.key in self._keys
        if repeat and self._honours:
            return
        self._keys.add(action.key)
        self._history.append(
            Effect(
                destination=self.destination,
                key=action.key,
                kind=action.kind,
                lead_id=action.lead_id,
                recipients=action.recipients,
                at=self._world.wall(),
                due_at=action.due_at,
                is_repeat=repeat,
                answered=answered,
                is_marked=bool(action.fields.get(REPEAT)),
            )
        )
