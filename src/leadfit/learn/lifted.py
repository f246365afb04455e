"""Engagement that outweighs fit: whether leads that it lifted do worse than leads that fit.

A score in which behaviour buys a high tier for those who do not fit sells fast and loses later. The
question is asked of what was recorded: of leads that were worked as Tier 1 or 2 and do not fit
(*lifted*), against leads that fit. Two sequences are watched: wins among worked leads, and churn
among customers. At each win or churn, the leads at risk say how likely it is to be of either group
if the groups were alike; the evidence is the product of likelihood ratios against that (ter Schure,
Perez-Ortiz, Ly and Grunwald, "The anytime-valid logrank test", 2024). It may be looked at every
day: where the groups are alike it ever reaches ``alarm_at`` with a chance of at most one in that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from leadfit.history import History, Step
from leadfit.learn.ladder import Ladder, climb
from leadfit.learn.past import Bools, Floats, Past, date, read_past
from leadfit.learn.quadrants import Placed, QuadrantRules, Share, share_of
from leadfit.learn.result import Presence

ALARM_AT: Final = 20.0
"""Evidence that gives the alarm."""
_RATIOS: Final = (1.25, 1.5, 2.0, 3.0, 5.0)
"""How many times as often the one group may do it; all are weighed alike."""
_LEAD_DAYS: Final = 365.0
"""A lead that was not won by then is no candidate any more."""
_FEW: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Wins or losses of both groups in the order of time.

    Attributes:
        step: ``converted`` or ``churned_after_use``.
        lifted: How many of the lifted did it; ``fitting`` of those that fit.
        evidence: Now; ``highest`` at any time.
        alarm_since: When it first reached the alarm, or ``None``.
    """

    step: Step
    lifted: Share
    fitting: Share
    evidence: float
    highest: float
    alarm_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementBias:
    """Whether engagement outweighs fit.

    Attributes:
        level: ``alarm``, ``calm``, or ``cannot_tell``.
        lifted: Leads worked as Tier 1 or 2 that do not fit.
        fitting: Leads that fit.
        evidence: Of both sequences together, their mean.
        alarm_since: When they together first reached the alarm, or ``None``.
    """

    level: str
    words: str
    lifted: int
    fitting: int
    sequences: tuple[Compared, ...]
    evidence: float
    alarm_since: datetime | None


@dataclass(frozen=True, slots=True)
class _Group:
    """Units of both groups, with when each came to be at risk, did it, or ceased to be."""

    is_lifted: Bools
    begins: Floats
    ends: Floats
    did: Bools


def engagement_bias(
    history: History, placed: Mapping[str, Placed], *, rules: QuadrantRules | None = None
) -> EngagementBias:
    """Return whether leads that engagement lifted do worse than leads that fit.

    Args:
        history: The past.
        placed: Where each lead stood when it came, by lead id, with the tier it was worked by.
        rules: From where on a lead fits.
    """
    rules = rules or QuadrantRules()
    past = read_past(history)
    ladder = climb(past)
    known = [placed.get(str(each)) for each in history.leads.columns["lead_id"]]
    fits = np.array([each is not None and each.fit100 >= rules.fit for each in known], np.bool_)
    lifted = np.array(
        [each is not None and each.fit100 < rules.fit and each.tier <= 2 for each in known],
        np.bool_,
    )
    counts = int(lifted.sum()), int(fits.sum())
    if not history.times_known or min(counts) < _FEW:
        return _untold(*counts)
    logs: list[tuple[Floats, Floats]] = []
    sequences: list[Compared] = []
    for step, group in (
        (Step.CONVERTED, _wins(past, ladder, lifted, fits)),
        (Step.CHURNED_AFTER_USE, _churn(past, ladder, lifted, fits)),
    ):
        if ladder.sources[step] is Presence.MISSING or not group.did.any():
            continue
        # Wins speak against the lifted where those that fit have more of them.
        worse = ~group.is_lifted if step is Step.CONVERTED else group.is_lifted
        at, log = _evidence(group, worse)
        logs.append((at, log))
        sequences.append(_sequence(step, group, at, log))
    if not sequences:
        return _untold(*counts)
    return _told(counts, tuple(sequences), logs)


def _wins(past: Past, ladder: Ladder, lifted: Bools, fits: Bools) -> _Group:
    """Return worked leads from their acceptance to their account's win."""
    rows = np.flatnonzero((lifted | fits) & _first(past))
    accepted = ladder.at[Step.ACCEPTED][rows]
    recorded = ladder.sources[Step.ACCEPTED] is not Presence.MISSING
    begins = accepted if recorded else past.created[rows]
    by_account = ladder.units[Step.CONVERTED]
    place = np.full(past.rows, -1, dtype=np.int64)
    place[by_account] = np.arange(len(by_account))
    won_at = ladder.at[Step.CONVERTED][place[rows]]
    return _group(lifted[rows], begins, won_at, np.minimum(begins + _LEAD_DAYS, past.as_of))


def _churn(past: Past, ladder: Ladder, lifted: Bools, fits: Bools) -> _Group:
    """Return customers from their win to their leaving."""
    rows = ladder.units[Step.CHURNED_AFTER_USE]
    inside = rows < past.leads
    of_lead = np.where(inside, rows, 0)
    chosen = inside & (lifted | fits)[of_lead] & ladder.reached[Step.CONVERTED]
    begins = ladder.at[Step.CONVERTED][chosen]
    left = ladder.at[Step.CHURNED_AFTER_USE][chosen]
    gone = ladder.left_at[chosen]
    until = np.fmin(np.where(np.isnan(gone), past.as_of, gone), past.as_of)
    return _group(lifted[of_lead[chosen]], begins, left, until)


def _first(past: Past) -> Bools:
    """Return which leads are the first of their account."""
    first = np.zeros(past.rows, dtype=np.bool_)
    first[past.first_row] = True
    return first[: past.leads]


def _group(is_lifted: Bools, begins: Floats, did_at: Floats, until: Floats) -> _Group:
    with np.errstate(invalid="ignore"):
        did = ~np.isnan(did_at) & (did_at <= until) & (did_at >= begins)
        ends = np.where(did, did_at, until)
        known = ~np.isnan(begins) & (ends > begins)
    return _Group(is_lifted[known], begins[known], ends[known], did[known])


def _evidence(group: _Group, worse: Bools) -> tuple[Floats, Floats]:
    """Return the times of what happened, and the logarithm of the evidence after each.

    Args:
        group: Both groups.
        worse: Those of whom more than their share speaks for the bias.
    """
    at = np.unique(group.ends[group.did])
    log = np.zeros((len(at), len(_RATIOS)))
    for place, moment in enumerate(at):
        at_risk = (group.begins < moment) & (group.ends >= moment)
        now = group.did & (group.ends == moment)
        one, all_of = float((at_risk & worse).sum()), float(at_risk.sum())
        hits, misses = float((now & worse).sum()), float((now & ~worse).sum())
        for number, ratio in enumerate(_RATIOS):
            lean = ratio * one / (ratio * one + all_of - one)
            usual = one / all_of
            gained = hits * math.log(lean / usual) if hits else 0.0
            gained += misses * math.log((1 - lean) / (1 - usual)) if misses else 0.0
            log[place, number] = gained
    whole = np.cumsum(log, axis=0)
    top = whole.max(axis=1)
    mixed = top + np.log(np.exp(whole - top[:, None]).mean(axis=1))
    return at, mixed


def _sequence(step: Step, group: _Group, at: Floats, log: Floats) -> Compared:
    lifted, did = group.is_lifted, group.did
    return Compared(
        step=step,
        lifted=share_of(int((lifted & did).sum()), int(lifted.sum())),
        fitting=share_of(int((~lifted & did).sum()), int((~lifted).sum())),
        evidence=_plain(float(log[-1])),
        highest=_plain(float(log.max())),
        alarm_since=_since(at, log),
    )


def _plain(log: float) -> float:
    return math.exp(min(log, 700.0))


def _since(at: Floats, log: Floats) -> datetime | None:
    high = np.flatnonzero(log >= math.log(ALARM_AT))
    return date(float(at[high[0]])) if len(high) else None


def _together(logs: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return the mean of the evidences at every time at which one of them moved."""
    at = np.unique(np.concatenate([times for times, _ in logs]))
    parts = []
    for times, log in logs:
        place = np.searchsorted(times, at, side="right") - 1
        parts.append(np.where(place >= 0, log[np.maximum(place, 0)], 0.0))
    stacked = np.stack(parts)
    top = stacked.max(axis=0)
    return at, top + np.log(np.exp(stacked - top).mean(axis=0))


def _told(
    counts: tuple[int, int],
    sequences: tuple[Compared, ...],
    logs: list[tuple[Floats, Floats]],
) -> EngagementBias:
    at, log = _together(logs)
    since = _since(at, log)
    level = "calm" if since is None else "alarm"
    return EngagementBias(
        level=level,
        words=_words(level, sequences),
        lifted=counts[0],
        fitting=counts[1],
        sequences=sequences,
        evidence=_plain(float(log[-1])),
        alarm_since=since,
    )


def _words(level: str, sequences: tuple[Compared, ...]) -> str:
    told = "; ".join(
        f"{_percent(each.lifted)} of them and {_percent(each.fitting)} of those that fit "
        + ("were won" if each.step is Step.CONVERTED else "left after they had used it")
        for each in sequences
    )
    if level == "alarm":
        return (
            "Engagement outweighs fit: leads that do not fit were worked as Tier 1 or 2, and do "
            f"worse than leads that fit ({told})"
        )
    return f"Leads that engagement lifted do not surely worse than leads that fit ({told})"


def _percent(share: Share) -> str:
    return "none" if share.value is None else f"{100 * share.value:.0f} %"


def _untold(lifted: int, fitting: int) -> EngagementBias:
    if not lifted:
        words = "No lead that does not fit was worked as Tier 1 or 2: no engagement outweighs fit"
    else:
        words = "Too few leads that do not fit were worked as Tier 1 or 2, or too few fit, to tell"
    return EngagementBias(
        level="cannot_tell" if lifted else "calm",
        words=words,
        lifted=lifted,
        fitting=fitting,
        sequences=(),
        evidence=1.0,
        alarm_since=None,
    )
