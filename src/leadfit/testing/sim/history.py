"""What could be seen from outside a simulated workspace, for the checker to hold it to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from leadfit.testing.sim.receivers import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A signal the sender was told is stored."""

    signal_id: str
    source: str
    event_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A touch that a person reported and that was taken."""

    lead_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A rep was not there; ``until`` is ``None`` for one that left for good."""

    rep_id: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A receiver was down."""

    destination: str
    since: datetime
    until: datetime


@dataclass(slots=True, kw_only=True)
class History:
    """Everything seen from outside, in the order in which it was seen.

    Attributes:
        refused: Signals that were refused as they should be.
        conflicts: Reused event ids that were refused as they should be.
        crashes: Failpoints at which the process died.
        downs: Times on the wall between which nothing ran.
        late_s: Seconds by which clocks fired after they were due and the process was up.
        broken: What did not hold while it ran, in words.
    """

    acknowledged: list[Acknowledged] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    touches: list[Touch] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    refused: int = 0
    conflicts: int = 0
    crashes: list[str] = field(default_factory=list)
    downs: list[tuple[datetime, datetime]] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
