"""What a store keeps of decisions that wait for bought facts, and of those that need none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from leadfit.buying import Certificate
from leadfit.records import Facts

CLOCK_SET_BACK: Final = timedelta(seconds=10)
"""A wait that began later than this ahead began before the clock was set back: it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A signal that waits, or waited, for bought facts.

    Attributes:
        began_at: When it began to.
        until: It is decided then at the latest.
    """

    began_at: datetime
    until: datetime

    def is_over(self, now: datetime) -> bool:
        """Return whether its time is up, or began before the clock was set back."""
        return now >= self.until or self.began_at > now + CLOCK_SET_BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCertificate:
    """A certificate with the decision it is of.

    Attributes:
        certificate: ``None`` where its bytes are not what was written.
    """

    decision_id: str
    lead_id: str | None
    certificate: Certificate | None


class EnrichmentState(Protocol):
    """Waits, certificates and recorded values of facts."""

    def wait(self, signal_id: str, wait: Wait) -> None:
        """Let a signal wait; one that waited before keeps its deadline."""

    def waited(self, signal_id: str) -> Wait | None:
        """Return how long a signal may wait, if it waits or waited."""

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return signals whose time is up or for which nothing is under way any more."""

    def release(self, signal_ids: Sequence[str]) -> None:
        """Let signals that wait be decided."""

    def keep(self, decision_id: str, lead_id: str | None, certificate: Certificate) -> None:
        """Keep the certificate of a decision."""

    def certificate(self, decision_id: str) -> Certificate | None:
        """Return the certificate of a decision."""

    def certificates(
        self, limit: int, after: str = "", lead_id: str | None = None
    ) -> tuple[StoredCertificate, ...]:
        """Return certificates, by decision behind ``after``, of all leads or of one."""

    def lacking(
        self, limit: int, after: str = "", lead_id: str | None = None
    ) -> tuple[tuple[tuple[str, str | None], ...], str]:
        """Return decisions that name a certificate and have none, with their leads.

        Looks at up to ``limit`` decisions behind ``after``; also returns where to go on, empty at
        the end.
        """

    def observe(self, facts: Facts) -> None:
        """Count values of facts that were found at a lead; nothing personal is counted."""

    def counts(self, facts: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return how often values were counted, by fact, the most frequent ones."""
