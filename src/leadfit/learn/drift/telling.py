"""What is said of a watched score in words, its age, and how soon a fall would be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from leadfit.artifact import Artifact
from leadfit.history import History, Notice
from leadfit.learn.drift.delay import expect
from leadfit.learn.drift.reading import LEAST_MONTHS, Reading, WatchPeriod
from leadfit.learn.drift.result import (
    Delay,
    DriftFindings,
    DriftRules,
    IcpAge,
    Segment,
    StepWatch,
    watch_in_calm,
)
from leadfit.learn.drift.running import Run
from leadfit.learn.past import days
from leadfit.learn.rules import MONTH_DAYS

_VOLUMES = (300.0, 1000.0)


def delays_of(runs: Sequence[Run], window: WatchPeriod, rules: DriftRules) -> tuple[Delay, ...]:
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


def _created_in(run: Run, window: WatchPeriod) -> int:
    start = run.stream.start
    return max(run.curve.units, int(((start >= window.start) & (start < window.end)).sum()))


def age_of(
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


def in_words(
    level: str, joint: StepWatch, named: Sequence[Segment], window: WatchPeriod, name: str
) -> str:
    """Return the finding in one or two sentences."""
    since = (
        "" if joint.likely_onset is None else f", most likely since {joint.likely_onset:%Y-%m-%d}"
    )
    where = f" The segment that fell most surely is {named[0].words}" if named else ""
    match level:
        case "alarm":
            return f"The {name} no longer tells leads apart as it did{since}.{where}"
        case "watch":
            calm = watch_in_calm(window.a_month)
            return (
                f"The {name} may be slipping{since}; at {window.a_month:,.0f} leads a month "
                f"{calm:.0%} of quarters show this without cause.{where}"
            )
        case _:
            return f"The {name} tells leads apart as it did in the baseline.{where}"


def notices_of(
    reading: Reading, given: Artifact | Mapping[str, float] | None
) -> tuple[Notice, ...]:
    """Warn of an artifact that has seen what it is watched on."""
    if not isinstance(given, Artifact):
        return ()
    if days(datetime.fromisoformat(given.as_of)) < reading.past.as_of:
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


def blank(reading: Reading, age: IcpAge) -> DriftFindings:
    """Return that nothing can be told."""
    return DriftFindings(
        as_of=reading.past.history.as_of,
        level="cannot_tell",
        words=f"There is no stretch of at least {LEAST_MONTHS} months of leads with "
        "a score and outcomes to compare with.",
        score_name=reading.name,
        joint=None,
        steps=(),
        months=(),
        win_rate=None,
        blame=(),
        segments=(),
        delays=(),
        age=age,
    )
