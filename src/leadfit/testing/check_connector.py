"""What every performer must do; run against each by ``tests/contract``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from leadfit.connectors import Performer
from leadfit.records import Action


class Receiver(Protocol):
    """A performer under test, and what its receiver has seen."""

    @property
    def performer(self) -> Performer:
        """The performer."""

    def effects(self) -> Sequence[str]:
        """Return the keys of the actions the receiver carried out, in their order."""

    def restart(self) -> None:
        """End the performer and make a new one for the same receiver."""


class UnmetError(AssertionError):
    """A performer does not do what every performer must."""


def _expect(holds: bool, words: str) -> None:
    if not holds:
        raise UnmetError(words)


def make_action(key: str) -> Action:
    """Return an action with this key."""
    return Action(
        key=key,
        kind="task",
        destination="crm",
        lead_id="lead_1",
        assignment_id="assignment_1",
        due_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        recipients=("rep_a",),
        fields={"priority": "high"},
    )


def an_action_takes_effect_once(receiver: Receiver) -> None:
    """However often it is sent with the same key."""
    for _ in range(3):
        receiver.performer.perform(make_action("lead_1/1/task"))
    _expect(list(receiver.effects()) == ["lead_1/1/task"], f"effects {receiver.effects()}")


def a_restart_forgets_no_key(receiver: Receiver) -> None:
    """An action sent again after a crash has no second effect."""
    receiver.performer.perform(make_action("a"))
    receiver.restart()
    _expect(receiver.performer.knows("a") in {True, None}, "a carried out action is denied")
    receiver.performer.perform(make_action("a"))
    _expect(list(receiver.effects()) == ["a"], f"effects {receiver.effects()}")


def an_unknown_key_is_not_claimed(receiver: Receiver) -> None:
    """A performer never says that it did what it did not do."""
    receiver.performer.perform(make_action("a"))
    _expect(receiver.performer.knows("b") in {False, None}, "an unknown key is claimed")


def other_keys_take_effect_in_order(receiver: Receiver) -> None:
    """First sent, first done."""
    for key in ("b", "a", "c"):
        receiver.performer.perform(make_action(key))
    _expect(list(receiver.effects()) == ["b", "a", "c"], f"effects {receiver.effects()}")


CHECKS: Final[tuple[Callable[[Receiver], None], ...]] = (
    an_action_takes_effect_once,
    a_restart_forgets_no_key,
    an_unknown_key_is_not_claimed,
    other_keys_take_effect_in_order,
)
"""Every check; each wants a receiver of its own."""
