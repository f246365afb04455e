"""What every performer does; :mod:`leadfit.testing.check_connector` proves it of each."""

from __future__ import annotations

from typing import Protocol

from leadfit.records import Action


class Performer(Protocol):
    """Carries out actions at one receiver."""

    def perform(self, action: Action) -> None:
        """Carry out ``action``, at most once for its key.

        Returning means that the receiver has it for good.

        Raises:
            Retryable: It may work later; the action may have been carried out.
            Permanent: The receiver will never take it; nothing was done.
        """

    def knows(self, key: str) -> bool | None:
        """Return whether the receiver has the action with this key; ``None`` if it cannot tell."""

    def close(self) -> None:
        """Let go of the receiver."""
