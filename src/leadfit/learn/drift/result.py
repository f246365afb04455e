"""What the drift watch found: frozen values, intervals 95 %, ``None`` where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import datetime

from leadfit.history import Notice, Step
from leadfit.learn.result import Estimate
from leadfit.learn.rules import Rules


def step_weights() -> Mapping[Step, float]:
    """Return each step's share in the joint detector: accept and reject speak first."""
    return {
        Step.ACCEPTED: 0.55,
        Step.QUALIFIED: 0.15,
        Step.CONVERTED: 0.25,
        Step.EXPANDED: 0.05,
        Step.CHURNED_AFTER_USE: 0.05,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRules:
    """Windows and thresholds of the drift watch.

    Attributes:
        learner: How the history is read.
        baseline_months: Months in which the score is taken to have been right.
        within_months: False alarms are promised over this time.
        alarm_chance: Chance of a false alarm in it, over all steps together.
        watch_at: Watch detector from which a watch is on, ``None`` for one by volume; how often
            it is on without cause is measured, not promised.
        guard: Standard errors the baseline is lowered by.
        psi_high: Index from which the baseline is fitted anew.
        win_rate_points: A win rate that moved by more is worth a look.
        mature_days: A lead older than this is won or lost for the win rate.
        false_discovery_rate: Among all segments tried.
        least_segment: Units a segment needs in the baseline and since.
        least_noted: Customers a segment needs for the notes of customer success.
        share: Weight of each step in the joint detector; those not recorded fall out.
    """

    learner: Rules = default(default_factory=Rules)
    baseline_months: int = 12
    rebaseline_months: int = 3
    within_months: float = 24.0
    alarm_chance: float = 0.10
    watch_at: float | None = None
    guard: float = 1.0
    psi_high: float = 0.25
    win_rate_points: float = 0.05
    mature_days: float = 90.0
    false_discovery_rate: float = 0.05
    least_segment: int = 30
    least_noted: int = 10
    share: Mapping[Step, float] = default(default_factory=step_weights)

    @property
    def alarm_at(self) -> float:
        """The detector from which an alarm is on: processes begun in that time, over the chance."""
        return self.within_months * _WEEKS_A_MONTH / self.alarm_chance

    def watch_level(self, leads_a_month: float) -> float:
        """Return the detector from which a watch is on: lower where there is less to go by."""
        if self.watch_at is not None:
            return self.watch_at
        return _by_volume(leads_a_month, _WATCH_LEVELS)


def watch_in_calm(leads_a_month: float) -> float:
    """Return the share of quarters in which a score that did not change is on watch at some time.

    Measured by ``benchmarks/learn_drift.py`` at the two volumes of reference.
    """
    return _by_volume(leads_a_month, _IN_CALM)


def _by_volume(leads_a_month: float, known: tuple[tuple[float, float], ...]) -> float:
    """Return a figure between those at two volumes, by the log of the volume."""
    low, high = known
    share = math.log(max(leads_a_month, 1.0) / low[0]) / math.log(high[0] / low[0])
    return low[1] + (high[1] - low[1]) * min(1.0, max(0.0, share))


_WEEKS_A_MONTH = 365.25 / 12 / 7
_WATCH_LEVELS = ((300.0, 16.0), (1000.0, 28.0))
"""By leads a month: set so that a nine-month ramp puts the watch on within three months."""
_IN_CALM = ((300.0, 0.48), (1000.0, 0.23))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A time during which a watch stood.

    Attributes:
        until: First day it did not stand any more, ``None`` while it stands.
    """

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWatch:
    """What was seen on one step, or on all together where ``step`` is ``None``.

    Attributes:
        evidence: The e-detector at the end: how far above 1, so sure that the score slipped.
        highest: Its highest value.
        alarm_since: First day it stood at the alarm level; an alarm stays until a new score.
        watch_evidence: The watch detector at the end, which forgets after four months.
        watches: When it stood on watch, oldest first.
        likely_onset: Beginning of the week whose evidence is strongest, where anything stands.
        baseline_units: Decisions or units the baseline was fitted on.
        since_units: Decisions or events seen since.
    """

    step: Step | None
    evidence: float
    highest: float
    alarm_since: datetime | None = None
    watch_evidence: float = 0.0
    watches: tuple[Spell, ...] = ()
    likely_onset: datetime | None = None
    baseline_units: int = 0
    since_units: int = 0

    @property
    def watch_since(self) -> datetime | None:
        """Return since when the watch stands, ``None`` if it does not."""
        return self.watches[-1].since if self.watches and self.watches[-1].until is None else None

    @property
    def level(self) -> str:
        """Return ``alarm``, ``watch`` or ``calm``."""
        return "alarm" if self.alarm_since else "watch" if self.watch_since else "calm"

    @property
    def first_evidence(self) -> datetime | None:
        """Return when the standing alarm or watch announced itself."""
        if self.alarm_since is None:
            return self.watch_since
        before = [each.since for each in self.watches if each.since <= self.alarm_since]
        return before[-1] if before else self.alarm_since


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfScore:
    """How one month of leads looked.

    Attributes:
        psi: Population stability index of the score against the baseline.
        correlation: Of score and outcome, by units (point-biserial); blank until matured.
        latent: The same as if the outcome were a cut through a scale (biserial), which does not
            fall merely because wins become rare.
    """

    month: str
    leads: int
    psi: float | None
    correlation: Estimate = default(default_factory=Estimate)
    latent: float | None = None
    accepted: Estimate = default(default_factory=Estimate)
    matured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WinRateChange:
    """The latest matured quarter of a year against the baseline.

    Attributes:
        of: What wins are counted among: ``qualified`` or ``leads``.
        points: Difference as a fraction; ``relative`` is the same over the rate before.
        fired: It exceeds the limit and its interval excludes zero.
        proxy: Difference of the acceptance rate of the newest leads, which is known earlier.
    """

    of: str
    before: Estimate
    now: Estimate
    points: Estimate
    relative: float | None
    fired: bool
    words: str
    proxy: Estimate = default(default_factory=Estimate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """One part of a change of the win rate; the parts sum to the whole.

    Attributes:
        part: ``lead_mix``, ``icp_fit``, ``follow_up_speed``, ``rep`` or ``rest``.
    """

    part: str
    points: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A value of a fact that does worse than its score says, more than it used to.

    Attributes:
        before: Rate in the baseline.
        now: Rate since the likely onset.
        expected: Rate since then by the score alone, as it was in the baseline.
        q_value: After Benjamini-Hochberg over all segments tried.
    """

    fact: str
    value: str
    step: Step
    units_before: int
    units_now: int
    before: float
    now: float
    expected: float
    q_value: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedSegment:
    """A value of a fact whose customers customer success worries about more than about others.

    Attributes:
        customers: With this value, in the last half year.
        noted: Of these, those with a note of trouble in that time.
        elsewhere: Share with such a note among all other customers.
        reason: The reason given most, if any was.
        q_value: After Benjamini-Hochberg over all segments tried.
    """

    fact: str
    value: str
    customers: int
    noted: int
    elsewhere: float
    reason: str | None
    q_value: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """What to expect at this volume.

    Attributes:
        sudden_months: To the level, after a sudden fall of the reference size.
        ramp_months: The same for a fall spread over nine months.
    """

    level: str
    leads_a_month: float
    sudden_months: float | None
    ramp_months: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IcpAge:
    """How old the profile is, and how it kept up.

    Attributes:
        made_at: When the profile was made, if known.
        first_evidence_at: First day of the watch that stands or led to the alarm.
        lag_days: From first evidence to the update, or to now where there was none.
        updated: There was an update after the first evidence.
    """

    made_at: datetime | None
    age_days: float | None
    first_evidence_at: datetime | None
    lag_days: float | None
    updated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFindings:
    """Everything the drift watch says of a history and a score.

    Attributes:
        level: ``alarm``, which stays; ``watch``, which may fall again; ``calm``; or
            ``cannot_tell`` without a baseline.
        words: The finding in one or two sentences.
        score_name: What was watched.
        joint: All steps together; it decides the level.
        steps: Each step by itself, accept first.
        noted: Segments by the notes of customer success, the surest first.
        rebaselined_at: Days on which a new baseline began because the mix had moved much.
    """

    as_of: datetime
    level: str
    words: str
    score_name: str
    joint: StepWatch | None
    steps: tuple[StepWatch, ...]
    months: tuple[MonthOfScore, ...]
    win_rate: WinRateChange | None
    blame: tuple[Blame, ...]
    segments: tuple[Segment, ...]
    delays: tuple[Delay, ...]
    age: IcpAge
    noted: tuple[NotedSegment, ...] = ()
    rebaselined_at: tuple[datetime, ...] = ()
    notices: tuple[Notice, ...] = ()
