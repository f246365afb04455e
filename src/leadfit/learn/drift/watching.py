"""The drift watch: from a history and a score to findings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from threadpoolctl import threadpool_limits

from leadfit.artifact import Artifact
from leadfit.history import History, Notice, Step
from leadfit.learn import leaks
from leadfit.learn.drift import blame as blaming
from leadfit.learn.drift import charts, segments
from leadfit.learn.drift.baseline import ScoreCurve, fit_curve, psi
from leadfit.learn.drift.delay import expect
from leadfit.learn.drift.detect import (
    START_DAYS,
    Evidence,
    by_day,
    detector,
    from_decisions,
    from_events,
    likeliest_start,
    lowered,
    together,
)
from leadfit.learn.drift.result import (
    Blame,
    Delay,
    DriftFindings,
    DriftRules,
    IcpAge,
    MonthOfScore,
    Segment,
    StepWatch,
    WinRateChange,
)
from leadfit.learn.drift.scored import score_past
from leadfit.learn.drift.streams import StepStream, streams
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.ladder import Ladder, climb
from leadfit.learn.past import Bools, Floats, Past, column, date, days, numbers, read_past
from leadfit.learn.rules import MONTH_DAYS

_DEFAULT = DriftRules()
_LEAST_MONTHS = 3
_LEAST_LEADS = 50
_VOLUMES = (300.0, 1000.0)
_WEAK = 0.25
_SEED = 20240229


def drift(
    history: History,
    artifact_or_scores: Artifact | Mapping[str, float] | None = None,
    *,
    rules: DriftRules = _DEFAULT,
    updated_at: Sequence[datetime] = (),
) -> DriftFindings:
    """Say whether a score still tells who will be accepted, won and expanded, and what moved.

    Args:
        history: The past, as for :func:`leadfit.learn.benchmark`.
        artifact_or_scores: What to watch: a learned artifact, scores by lead id as they were
            when the lead came, or nothing for the ``score`` column of the leads.
        rules: Windows and thresholds.
        updated_at: When the profile in use was changed, if it ever was.

    Returns:
        Findings; ``level`` is ``cannot_tell`` without times, scores or a baseline.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        read = _read(history, artifact_or_scores, rules)
        window = _window(read, artifact_or_scores, rules)
        age = _age(history, artifact_or_scores, updated_at, None)
        if window is None:
            return _blank(read, age)
        return _findings(read, window, artifact_or_scores, rules, updated_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A history with a score for each row, NaN where there is none."""

    past: Past
    ladder: Ladder
    facts: tuple[Levels, ...]
    confounders: tuple[Levels, ...]
    score: Floats
    name: str
    optimism: float

    @property
    def known(self) -> Bools:
        """Rows with a score."""
        return np.asarray(~np.isnan(self.score))


def _read(
    history: History, given: Artifact | Mapping[str, float] | None, rules: DriftRules
) -> _Read:
    past = read_past(history)
    climbed = climb(past)
    every = read_facts(past, rules.learner)
    confounders = read_confounders(past, rules.learner)
    screened = leaks.screen(past, climbed, every, confounders, rules.learner)
    score, name, optimism = np.full(past.rows, np.nan), "score", 0.0
    if isinstance(given, Artifact):
        name = f"artifact {given.digest[:12]}"
        score = score_past(past, given)
        # So many coefficients were fitted on the baseline itself (van Houwelingen 1990).
        if days(datetime.fromisoformat(given.as_of)) < past.as_of:
            rows = [row for head in given.heads[:1] for row in head.coefficients]
            optimism = float(sum(abs(value) > 0.02 for row in rows for value in row))
    elif given is not None:
        name = "given scores"
        ids = column(history.leads, "lead_id")
        score[: past.leads] = [given.get(str(item), math.nan) for item in ids]
    else:
        score[: past.leads] = numbers(column(history.leads, "score"))
    return _Read(
        past=past,
        ladder=climbed,
        facts=screened.usable,
        confounders=confounders,
        score=score,
        name=name,
        optimism=optimism,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The baseline, and where what is watched begins and ends.

    Attributes:
        start: First day of the baseline.
        end: First day that is watched.
        days: Days watched.
        a_month: Leads a month since.
    """

    start: float
    end: float
    days: int
    a_month: float


def _window(
    read: _Read, given: Artifact | Mapping[str, float] | None, rules: DriftRules
) -> _Window | None:
    """Return the baseline: the first year, or the year before the artifact was made."""
    past = read.past
    created = past.created[: past.leads]
    seen = created[~np.isnan(created) & read.known[: past.leads]]
    if not past.history.times_known or len(seen) < _LEAST_LEADS:
        return None
    first, last = float(seen.min()), past.as_of
    length = min(rules.baseline_months * MONTH_DAYS, (last - first) / 2)
    end = first + length
    if isinstance(given, Artifact):
        made = days(datetime.fromisoformat(given.as_of))
        if end <= made < last:
            end = made
    if end - first < _LEAST_MONTHS * MONTH_DAYS or last - end < START_DAYS:
        return None
    since = int((seen >= end).sum())
    return _Window(
        start=end - length,
        end=end,
        days=int(last - end) + 1,
        a_month=since / max(1.0, (last - end) / MONTH_DAYS),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One step's evidence by day, and the curve it was held against."""

    stream: StepStream
    curve: ScoreCurve
    gained: Floats
    log: Floats
    guard: float
    seen: int


def _run(
    read: _Read, stream: StepStream, window: _Window, again: Sequence[float], rules: DriftRules
) -> _Run | None:
    """Run the detector of one step, with a new baseline from each day in ``again`` on."""
    spans = [(window.start, window.end)]
    spans += [(day, day + rules.rebaseline_months * MONTH_DAYS) for day in again]
    first: tuple[ScoreCurve, float] | None = None
    gained = np.zeros((window.days, 0))
    seen = 0
    for n, (start, end) in enumerate(spans):
        curve = _curve(read, stream, start, end)
        if curve is None:
            continue
        until = spans[n + 1][1] if n + 1 < len(spans) else math.inf
        guard = rules.guard + read.optimism * curve.error
        evidence = _evidence(read, stream, curve, (start, end), (end, until), guard)
        own = by_day(evidence, window.end, window.days)
        if first is None:
            first, gained = (curve, guard), own
        else:
            # From here on the old curve is out of office.
            gained[max(0, int(end - window.end)) :] = 0.0
            gained += own
        seen += int(evidence.units.sum())
    if first is None:
        return None
    return _Run(
        stream=stream,
        curve=first[0],
        gained=gained,
        log=detector(gained),
        guard=lowered(first[0], first[1]),
        seen=seen,
    )


def _curve(read: _Read, stream: StepStream, start: float, end: float) -> ScoreCurve | None:
    """Fit a step's baseline on what was known at its end."""
    mine = (stream.start >= start) & (stream.start < end)
    if stream.decided:
        mine &= stream.at < end
    reached = stream.reached & (stream.at < end)
    curve = fit_curve(read.score[stream.row[mine]], reached[mine], stream.cohort[mine])
    # A score without a hold on a step has none to lose.
    return curve if curve is not None and curve.error < _WEAK else None


def _evidence(  # noqa: PLR0917 -- what, against what, and when
    read: _Read,
    stream: StepStream,
    curve: ScoreCurve,
    baseline: tuple[float, float],
    watched: tuple[float, float],
    guard: float,
) -> Evidence:
    score = read.score[stream.row]
    if stream.decided:
        mine = (stream.at >= watched[0]) & (stream.at < watched[1])
        return from_decisions(
            curve, score[mine], stream.reached[mine], stream.cohort[mine], stream.at[mine], guard
        )
    old = (stream.start >= baseline[0]) & (stream.at < baseline[1])
    delays = np.sort((stream.at - stream.start)[old & stream.reached])
    return from_events(curve, delays, score, stream.start, stream.at, stream.cohort, watched, guard)


def _high_mix(read: _Read, window: _Window, rules: DriftRules) -> tuple[float, ...]:
    """Return the days from which the baseline is to be fitted anew: two months of a high PSI."""
    past = read.past
    rows = np.flatnonzero(~np.isnan(past.created[: past.leads]) & read.known[: past.leads])
    start, score = past.created[rows], read.score[rows]
    inside = (start >= window.start) & (start < window.end)
    trusted = score[inside]
    found: list[float] = []
    day, high = window.end, 0
    while day + MONTH_DAYS <= past.as_of:
        mine = score[(start >= day) & (start < day + MONTH_DAYS)]
        enough = min(len(mine), len(trusted)) >= _LEAST_LEADS
        high = high + 1 if enough and psi(trusted, mine) > rules.psi_high else 0
        day += MONTH_DAYS
        ends = day + rules.rebaseline_months * MONTH_DAYS
        if high == 2 and ends < past.as_of:
            found.append(day)
            trusted = score[(start >= day) & (start < ends)]
            day, high = ends, 0
    return tuple(found)


def _findings(
    read: _Read,
    window: _Window,
    given: Artifact | Mapping[str, float] | None,
    rules: DriftRules,
    updated_at: Sequence[datetime],
) -> DriftFindings:
    made = {each.step: each for each in streams(read.past, read.ladder, read.known)}
    again = _high_mix(read, window, rules)
    runs = [
        run for each in made.values() if (run := _run(read, each, window, again, rules)) is not None
    ]
    if not runs:
        return _blank(read, _age(read.past.history, given, updated_at, None))
    levels = (rules.watch_level(window.a_month), rules.alarm_at)
    joint = _joint(runs, window, levels, rules)
    level = "alarm" if joint.alarm_since else "watch" if joint.watch_since else "calm"
    onset = window.end if joint.likely_onset is None else days(joint.likely_onset)
    named = _segments(read, runs, (window.start, window.end, onset), level, rules)
    rate, parts = _rate(read, made.get(Step.ACCEPTED), window, rules)
    return DriftFindings(
        as_of=read.past.history.as_of,
        level=level,
        words=_words(level, joint, named, window, read.name),
        score_name=read.name,
        joint=joint,
        steps=tuple(
            _watched(run.stream.step, run.log, run.gained, window, levels, run) for run in runs
        ),
        months=_months(read, made, window, rules),
        win_rate=rate,
        blame=parts,
        segments=named,
        delays=_delays(runs, window, rules),
        age=_age(read.past.history, given, updated_at, joint.watch_since),
        rebaselined_at=tuple(date(day) for day in again),
        notices=_notices(read, given),
    )


def _joint(
    runs: Sequence[_Run], window: _Window, levels: tuple[float, float], rules: DriftRules
) -> StepWatch:
    """Return all steps together; the onset is that of the step with most to say."""
    weights = np.array([rules.share.get(run.stream.step, 0.05) for run in runs])
    log = together(np.stack([run.log for run in runs]), weights / weights.sum())
    strongest = max(runs, key=lambda run: float(run.log.max()))
    return _watched(None, log, strongest.gained, window, levels)


def _watched(  # noqa: PLR0917 -- all that is said of a detector
    step: Step | None,
    log: Floats,
    gained: Floats,
    window: _Window,
    levels: tuple[float, float],
    run: _Run | None = None,
) -> StepWatch:
    highest = int(log.argmax())
    since = [np.flatnonzero(log >= math.log(level)) for level in levels]
    first = [date(window.end + float(found[0])) if len(found) else None for found in since]
    onset = window.end + likeliest_start(gained, highest)
    return StepWatch(
        step=step,
        evidence=float(np.exp(min(log[-1], 700.0))),
        highest=float(np.exp(min(log[highest], 700.0))),
        watch_since=first[0],
        alarm_since=first[1],
        likely_onset=date(onset) if first[0] is not None else None,
        baseline_units=0 if run is None else run.curve.units,
        since_units=0 if run is None else run.seen,
    )


def _segments(
    read: _Read,
    runs: Sequence[_Run],
    times: tuple[float, float, float],
    level: str,
    rules: DriftRules,
) -> tuple[Segment, ...]:
    """Look for falling segments on the first step that shows any; quiet scores are looked at too.

    A segment the score does not favour may fall without the score slipping.
    """
    if level == "calm":
        times = (times[0], times[1], max(times[1], read.past.as_of - 91.0))
    channel = [each for each in read.confounders if each.name in {"source", "region"}]
    for run in runs:
        found = segments.falling(
            run.stream, run.curve, read.score, (*read.facts, *channel), times, rules
        )
        if found:
            return found
    return ()


def _months(
    read: _Read, made: Mapping[Step, StepStream], window: _Window, rules: DriftRules
) -> tuple[MonthOfScore, ...]:
    created = read.past.created
    inside = (created >= window.start) & (created < window.end) & read.known
    return charts.months(read.past, made, read.score, read.score[inside], rules)


def _rate(
    read: _Read, accepts: StepStream | None, window: _Window, rules: DriftRules
) -> tuple[WinRateChange | None, tuple[Blame, ...]]:
    """Return how the win rate moved and whose doing it was."""
    closed = charts.closed(read.past, read.ladder, rules)
    if closed is None:
        return None, ()
    before, now = charts.windows(closed, window.start, window.end)
    both = (before | now) & read.known[closed.row]
    proxy = charts.proxy_change(accepts, window.start, window.end)
    rate = charts.win_rate(closed, before & both, now & both, proxy, rules)
    return rate, () if rate is None else _blame(read, closed, both, now)


def _blame(read: _Read, closed: charts.Closed, both: Bools, now: Bools) -> tuple[Blame, ...]:
    mix = [each for each in read.confounders if each.name in {"source", "region"}]
    reps = next((each for each in read.confounders if each.name == "rep_id"), None)
    rng = np.random.default_rng(_SEED + int(both.sum()))
    return blaming.split(
        read.past, closed.row[both], closed.won[both], now[both], read.score, mix, reps, rng
    )


def _delays(runs: Sequence[_Run], window: _Window, rules: DriftRules) -> tuple[Delay, ...]:
    """Say what to expect of the first step, at the user's volume and at two of reference."""
    run = runs[0]
    waiting = 0.0
    if run.stream.decided:
        waiting = float(np.median(run.stream.at - run.stream.start)) / MONTH_DAYS
    share = run.curve.units / max(1, int(_created_in(run, window)))
    found: list[Delay] = []
    for volume in (window.a_month, *_VOLUMES):
        # The baseline of another volume is known better or worse by its root.
        guard = run.guard * math.sqrt(window.a_month / volume) if volume else run.guard
        for name, at in (("watch", rules.watch_level(volume)), ("alarm", rules.alarm_at)):
            found.append(
                expect(name, volume, min(1.0, share), run.curve.information, guard, at, waiting)
            )
    return tuple(found)


def _created_in(run: _Run, window: _Window) -> int:
    start = run.stream.start
    return max(run.curve.units, int(((start >= window.start) & (start < window.end)).sum()))


def _age(
    history: History,
    given: Artifact | Mapping[str, float] | None,
    updated_at: Sequence[datetime],
    evidence: datetime | None,
) -> IcpAge:
    """Return how old the profile is, and how long it lagged behind the first evidence."""
    known = sorted(each for each in updated_at if each <= history.as_of)
    if isinstance(given, Artifact):
        made: datetime | None = datetime.fromisoformat(given.as_of)
    else:
        made = known[-1] if known else None
    later = [each for each in known if evidence is not None and each >= evidence]
    lag = None
    if evidence is not None:
        lag = ((later[0] if later else history.as_of) - evidence).total_seconds() / 86400.0
    return IcpAge(
        made_at=made,
        age_days=None if made is None else (history.as_of - made).total_seconds() / 86400.0,
        first_evidence_at=evidence,
        lag_days=lag,
        updated=bool(later),
    )


def _words(
    level: str, joint: StepWatch, named: Sequence[Segment], window: _Window, name: str
) -> str:
    since = (
        "" if joint.likely_onset is None else f", most likely since {joint.likely_onset:%Y-%m-%d}"
    )
    where = f" The segment that fell most surely is {named[0].words}" if named else ""
    match level:
        case "alarm":
            return f"The {name} no longer tells leads apart as it did{since}.{where}"
        case "watch":
            return (
                f"The {name} may be slipping{since}; at {window.a_month:,.0f} leads a month this "
                f"also comes up without cause.{where}"
            )
        case _:
            return f"The {name} tells leads apart as it did in the baseline.{where}"


def _notices(read: _Read, given: Artifact | Mapping[str, float] | None) -> tuple[Notice, ...]:
    if not isinstance(given, Artifact):
        return ()
    if days(datetime.fromisoformat(given.as_of)) < read.past.as_of:
        return ()
    return (
        Notice(
            code="in_sample",
            field=None,
            message="The artifact was learned from the whole of this history, so it knows what "
            "came of every lead; drift within it shows less than it should.",
            evidence={"as_of": given.as_of},
        ),
    )


def _blank(read: _Read, age: IcpAge) -> DriftFindings:
    return DriftFindings(
        as_of=read.past.history.as_of,
        level="cannot_tell",
        words=f"There is no stretch of at least {_LEAST_MONTHS} months of leads with a {read.name} "
        "and outcomes to compare with.",
        score_name=read.name,
        joint=None,
        steps=(),
        months=(),
        win_rate=None,
        blame=(),
        segments=(),
        delays=(),
        age=age,
    )
