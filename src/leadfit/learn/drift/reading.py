"""What the drift watch reads: a history, a score for each row, and the baseline to hold it to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from leadfit.artifact import Artifact
from leadfit.history import History, column_of
from leadfit.learn import leaks
from leadfit.learn.drift.detect import START_DAYS
from leadfit.learn.drift.result import DriftRules
from leadfit.learn.drift.scored import score_past
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.ladder import Ladder, climb
from leadfit.learn.past import Bools, Floats, Past, days, numbers, read_past
from leadfit.learn.rules import MONTH_DAYS

LEAST_MONTHS = 3
LEAST_LEADS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
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

    @property
    def described(self) -> tuple[Levels, ...]:
        """What segments are looked for in: facts, channel and region."""
        around = (each for each in self.confounders if each.name in {"source", "region"})
        return (*self.facts, *around)


def read(
    history: History, given: Artifact | Mapping[str, float] | None, rules: DriftRules
) -> Reading:
    """Bring a history and a score of each of its rows together."""
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
        ids = column_of(history.leads, "lead_id")
        score[: past.leads] = [given.get(str(item), math.nan) for item in ids]
    else:
        score[: past.leads] = numbers(column_of(history.leads, "score"))
    return Reading(
        past=past,
        ladder=climbed,
        facts=screened.usable,
        confounders=confounders,
        score=score,
        name=name,
        optimism=optimism,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPeriod:
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


def window_of(
    reading: Reading, given: Artifact | Mapping[str, float] | None, rules: DriftRules
) -> WatchPeriod | None:
    """Return the baseline: the first year, or the year before the artifact was made."""
    past = reading.past
    created = past.created[: past.leads]
    seen = created[~np.isnan(created) & reading.known[: past.leads]]
    if not past.history.times_known or len(seen) < LEAST_LEADS:
        return None
    first, last = float(seen.min()), past.as_of
    length = min(rules.baseline_months * MONTH_DAYS, (last - first) / 2)
    end = first + length
    if isinstance(given, Artifact):
        made = days(datetime.fromisoformat(given.as_of))
        if end <= made < last:
            end = made
    if end - first < LEAST_MONTHS * MONTH_DAYS or last - end < START_DAYS:
        return None
    since = int((seen >= end).sum())
    return WatchPeriod(
        start=end - length,
        end=end,
        days=int(last - end) + 1,
        a_month=since / max(1.0, (last - end) / MONTH_DAYS),
    )
