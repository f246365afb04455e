"""The profile in use, judged: an incumbent score or tier, or a static profile.

It is a column or a set of rules that was never fitted on this past, so it may be judged on all of
it. What was learned is held against it by :mod:`leadfit.learn.static_vs_learned`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leadfit.errors import BadInput, Fault, shorten
from leadfit.history import Step, column_of
from leadfit.learn.checks import proportion
from leadfit.learn.ladder import Ladder
from leadfit.learn.past import Bools, Floats, Past, numbers
from leadfit.learn.result import CurrentIcp, Estimate, Judgement, Presence
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.static import StaticIcp
from leadfit.learn.watch import AFTER_WIN, seen_until
from leadfit.learn.words import DID
from leadfit.levels import FORM_DEFAULTS, MISSING_WORDS, as_text
from leadfit.records import Fact

_TOP_SHARE = 0.2
_NO_TIER = FORM_DEFAULTS | MISSING_WORDS | {""}
_NUMBERED = re.compile(r"(\D*)([0-9]+)")
_LETTERED = re.compile(r"((?:.* )?)([a-z])")
_ORDERS = (
    ("hot", "warm", "cold"),
    ("platinum", "gold", "silver", "bronze"),
    ("high", "medium", "low"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Which rows a profile calls ideal."""

    name: str
    ideal: Bools
    known: Bools


def call(past: Past, static_icp: StaticIcp | None) -> Called | None:
    """Return which leads the profile in use calls ideal: given rules, else tier, else score.

    Raises:
        BadInput: A rule is about a column that neither leads nor accounts have.
    """
    if static_icp is not None:
        names = {rule.fact for rule in static_icp.rules}
        _check_names(past, static_icp)
        values = fact_values(past, names)
        ideal = np.array([
            static_icp.calls_ideal({name: values[name][row] for name in names})
            for row in range(past.rows)
        ], dtype=np.bool_)  # fmt: skip
        return Called(name=static_icp.name, ideal=ideal, known=np.ones(past.rows, np.bool_))
    tail = [None] * (past.rows - past.leads)
    tiers = [*column_of(past.history.leads, "tier"), *tail]
    texts = [as_text(tier) if isinstance(tier, str | int | float) else "" for tier in tiers]
    known = np.array([text not in _NO_TIER for text in texts], dtype=np.bool_)
    best = best_tier({text for text in texts if text not in _NO_TIER})
    if best is not None and known.sum() >= 20:
        ideal = np.array([text == best for text in texts], dtype=np.bool_)
        return Called(name="tier", ideal=ideal, known=known)
    score = numbers([*column_of(past.history.leads, "score"), *tail])
    known = ~np.isnan(score)
    if known.sum() >= 20:
        edge = float(np.quantile(score[known], 1 - _TOP_SHARE))
        return Called(name="score", ideal=known & (score >= edge), known=known)
    return None


def best_tier(tiers: Collection[str]) -> str | None:
    """Return the best of these tiers, or ``None`` where their order is not known.

    It is the one of the lowest number, else the first letter, else the first of a row of words
    that are in use. By the alphabet alone ``cold`` would be better than ``hot``.

    >>> best_tier({"tier 10", "tier 2"}), best_tier({"b", "a", "c"}), best_tier({"cold", "hot"})
    ('tier 2', 'a', 'hot')
    >>> best_tier({"enterprise", "starter"}) is None
    True
    """
    for order in _ORDERS:
        if tiers and set(tiers) <= set(order):
            return min(tiers, key=order.index)
    for pattern in _NUMBERED, _LETTERED:
        found = {text: pattern.fullmatch(text) for text in tiers}
        read = {text: match.groups() for text, match in found.items() if match is not None}
        if tiers and len(read) == len(tiers) and len({before for before, _ in read.values()}) == 1:
            return min(read, key=lambda text: (len(read[text][1].lstrip("0")), read[text][1]))
    return None


def _check_names(past: Past, static_icp: StaticIcp) -> None:
    """Refuse a rule about a column nobody has: it would call no account ideal without a word."""
    known = sorted({*past.history.leads.columns, *past.history.accounts.columns})
    faults = [
        Fault(place=f"rule.{n}.fact", came=shorten(rule.fact), allowed=", ".join(known))
        for n, rule in enumerate(static_icp.rules)
        if rule.fact not in known
    ]
    if faults:
        raise BadInput(faults)


def fact_values(past: Past, names: set[str]) -> Mapping[str, Sequence[Fact]]:
    """Return raw values by name and row, of the lead or else of its account."""
    leads, accounts = past.history.leads, past.history.accounts
    by_id = {str(item): n for n, item in enumerate(column_of(accounts, "account_id"))}
    places = [by_id.get(past.account_ids[n], -1) for n in past.account]
    found: dict[str, Sequence[Fact]] = {}
    for name in names:
        if name in leads.columns:
            own = [*column_of(leads, name), *[None] * (past.rows - past.leads)]
        else:
            values = column_of(accounts, name)
            own = [values[place] if place >= 0 else None for place in places]
        found[name] = [v if isinstance(v, str | int | float) else None for v in own]
    return found


def judge_current(past: Past, ladder: Ladder, called: Called | None, rules: Rules) -> CurrentIcp:
    """Judge whether those called ideal still do better on the furthest step that can tell."""
    if called is None:
        return CurrentIcp(
            judgement=Judgement.CANNOT_TELL,
            words="No score, no tier whose order is known and no static profile is recorded, so "
            "there is nothing to judge.",
        )
    for step in reversed(LADDER):
        if ladder.sources[step] is Presence.MISSING:
            continue
        ideal, reached, start = _matured(past, ladder, called, step, rules)
        sizes = (int((ideal & reached).sum()), int(ideal.sum()), int((~ideal).sum()))
        # What all of them reached tells nobody apart, however good the profile is.
        if int(reached.sum()) < rules.min_events or min(sizes[1:]) < 20 or reached.all():
            continue
        return _judge(called.name, step, ideal, reached, start, rules=rules)
    words = f"No step has outcomes enough, reached and not, to judge the {called.name} by."
    ideal = called.ideal[called.known]
    if ideal.all() or not ideal.any():
        whom = "every lead" if ideal.any() else "no lead"
        words = f"By the {called.name} {whom} is ideal, so there is nobody to compare with."
    return CurrentIcp(
        judgement=Judgement.CANNOT_TELL,
        words=words,
        judged=called.name,
    )


def _matured(
    past: Past, ladder: Ladder, called: Called, step: Step, rules: Rules
) -> tuple[Bools, Bools, Floats]:
    """Return units old enough to be compared: called ideal, reached the step, start."""
    rows = ladder.units[step]
    start = past.created[rows]
    seen = called.known[rows].copy()
    if past.history.times_known:
        delay = rules.mature_days if step not in AFTER_WIN else 2 * rules.mature_days
        seen &= start < seen_until(past, step) - delay
    return called.ideal[rows][seen], ladder.reached[step][seen], start[seen]


def _judge(
    name: str, step: Step, ideal: Bools, reached: Bools, start: Floats, *, rules: Rules
) -> CurrentIcp:
    lift = difference(ideal, reached)
    middle = np.median(start[~np.isnan(start)]) if (~np.isnan(start)).any() else np.nan
    older, newer = start <= middle, start > middle
    before, now = (difference(ideal[part], reached[part]) for part in (older, newer))
    judgement = Judgement.CANNOT_TELL
    gap = _gap(before, now)
    # The newer half alone may be chance: it is believed unless the older one says the opposite.
    agrees = _above(lift) or before.value is None or before.value >= 0
    if (_above(now) and agrees) or (now.value is None and _above(lift)):
        judgement = Judgement.RIGHT
    elif _above(before) and gap is not None and gap.low is not None and gap.low > 0:
        judgement = Judgement.DRIFTED
    elif lift.high is not None and lift.high < min(rules.min_effect, float(reached.mean()) / 2):
        judgement = Judgement.WRONG
    rates = [float(reached[part].mean()) for part in (ideal, ~ideal)]
    return CurrentIcp(
        judgement=judgement,
        words=f"Of the leads that are ideal by the {name}, {rates[0]:.1%} {DID[step]}; of the "
        f"others, {rates[1]:.1%}: {_WORDS[judgement]}.",
        judged=name,
        outcome=step,
        lift=lift,
        lift_before=before,
        lift_now=now,
    )


_WORDS = {
    Judgement.RIGHT: "it still points the right way",
    Judgement.DRIFTED: "it used to tell them apart and does so no longer",
    Judgement.WRONG: "it does not tell them apart",
    Judgement.CANNOT_TELL: "the difference may be chance",
}


def difference(inside: Bools, reached: Bools) -> Estimate:
    """Return the difference of two shares with Newcombe's interval."""
    one, two = reached[inside], reached[~inside]
    if not len(one) or not len(two):
        return Estimate()
    a, b = proportion(float(one.sum()), len(one)), proportion(float(two.sum()), len(two))
    if a.value is None or b.value is None:
        return Estimate()
    value = a.value - b.value
    return Estimate(
        value=value,
        low=value - float(np.hypot(a.value - (a.low or 0.0), (b.high or 0.0) - b.value)),
        high=value + float(np.hypot((a.high or 0.0) - a.value, b.value - (b.low or 0.0))),
    )


def _gap(before: Estimate, now: Estimate) -> Estimate | None:
    if before.value is None or now.value is None:
        return None
    wide = float(np.hypot(before.value - (before.low or 0.0), (now.high or 0.0) - now.value))
    return Estimate(value=before.value - now.value, low=before.value - now.value - wide)


def _above(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.low > 0
