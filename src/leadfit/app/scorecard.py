"""The scorecard of vendors: what is said of them with its source, beside what was measured here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from leadfit.connectors.vendors import Profiles
from leadfit.connectors.vendors.scorecard import Platform, ScorecardCell, read_scorecard
from leadfit.jobs.vendors.spending import total_of
from leadfit.policy.enrichment import EnrichRules
from leadfit.store import Session
from leadfit.store.vendors import CallState

_DAYS: Final = 365
_HELD: Final = frozenset({CallState.HELD, CallState.OPEN, CallState.LATER})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedValue:
    """A cell of the scorecard.

    Attributes:
        value: What is said; ``None`` where nothing can be checked.
        source: Who says it and when; never absent beside a value.
        directional: Nobody here has seen it hold.
    """

    column: str
    value: str | None
    source: str | None
    directional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredVendor:
    """What was measured here of a vendor of the policy, in the last 365 days.

    Attributes:
        vendor: Its name in the policy.
        cost_per_answer: Millionths of the currency.
        accuracy: Share of leads right in the latest audit; ``None`` without one.
        audited: Leads of that audit.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    vendor: str
    calls: int
    hit_rate: float | None
    cost_per_answer: int | None
    latency_s: float | None
    currency: str
    accuracy: float | None = None
    audited: int = 0
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A platform of the scorecard.

    Attributes:
        profile: Name of its profile.
        confidence: ``Low``, ``Med`` or ``High``; the least of its cells'.
        status: Whether the profile was ever run in earnest.
        cells: The columns between platform and confidence.
        measured: What was measured here of vendors of the policy by this profile.
    """

    platform: str
    profile: str
    confidence: str | None
    status: str
    cells: tuple[SourcedValue, ...]
    measured: tuple[MeasuredVendor, ...]


def scorecard(
    session: Session, rules: EnrichRules, profiles: Profiles, now: datetime
) -> tuple[Line, ...]:
    """Return the scorecard.

    Args:
        session: Holds the ledger and the audits.
        rules: Vendors of the policy.
        profiles: Their profiles.
        now: Until when is measured.
    """
    calls = session.vendors.calls(now - timedelta(days=_DAYS), now + timedelta(seconds=1))
    measured: dict[str, list[MeasuredVendor]] = {}
    for vendor in rules.vendors:
        made = [each for each in calls if each.vendor == vendor.name and each.state not in _HELD]
        total = total_of(vendor.name, made)
        audited = session.vendors.latest_audit(vendor.name)
        found = MeasuredVendor(
            vendor=vendor.name, calls=total.calls, hit_rate=total.hit_rate,
            cost_per_answer=total.cost_per_answer, latency_s=total.latency_s,
            currency=rules.currency,
        )  # fmt: skip
        if audited is not None:
            found = _with_accuracy(found, audited[1])
        measured.setdefault(vendor.profile, []).append(found)
    return tuple(
        _line(name, platform, profiles, measured.get(name, []))
        for name, platform in read_scorecard().items()
    )


def _with_accuracy(found: MeasuredVendor, body: str) -> MeasuredVendor:
    whole = json.loads(body)["whole"]
    return replace(
        found, accuracy=whole["share"], audited=whole["compared"], low=whole["low"],
        high=whole["high"],
    )  # fmt: skip


def _line(
    name: str, platform: Platform, profiles: Profiles, measured: Sequence[MeasuredVendor]
) -> Line:
    return Line(
        platform=platform.title,
        profile=name,
        confidence=platform.confidence,
        status=profiles.get(name).status,
        cells=tuple(_said(column, cell) for column, cell in platform.cells()),
        measured=tuple(measured),
    )


def _said(column: str, cell: ScorecardCell | None) -> SourcedValue:
    if cell is None:
        return SourcedValue(column=column, value=None, source=None, directional=False)
    return SourcedValue(
        column=column,
        value=cell.value,
        source=f"{cell.label}, {cell.at.isoformat()}",
        directional=cell.confidence != "High",
    )
