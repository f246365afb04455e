"""What is wrong, or merely special, about a recorded past: labels, whales, seasons, selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from leadfit.bounds import wilson
from leadfit.history import Notice, Step
from leadfit.learn import impossible
from leadfit.learn.facts import Levels
from leadfit.learn.ladder import Ladder
from leadfit.learn.money import revenue_by_account
from leadfit.learn.past import Bools, Floats, Ints, Past, date
from leadfit.learn.result import Estimate, Presence, SeasonMonth
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.watch import AFTER_WIN, seen_until, unseen_events
from leadfit.learn.words import EVENTS, NOUNS, counted
from leadfit.records import Kind


def look(
    past: Past,
    ladder: Ladder,
    confounders: Sequence[Levels],
    rules: Rules,
    *,
    spoken_of: Sequence[tuple[Levels, int]] = (),
) -> tuple[Notice, ...]:
    """Return every warning about the history as a whole.

    Args:
        past: The past.
        ladder: Who reached what.
        confounders: How leads were met.
        rules: Thresholds.
        spoken_of: Facts and levels that a profile names: an average of theirs is looked at for a
            single account that makes it.
    """
    found = [*ladder.notices, *_one_class(ladder), *_conflicts(past)]
    found += [*_whales(past, spoken_of, rules), *impossible.figures(past)]
    if past.history.times_known:
        found += [
            *impossible.dates(past, ladder),
            *_left_truncation(past, ladder),
            *_right_censoring(past, ladder),
            *_seasonality(past),
        ]
    else:
        found.append(
            Notice(
                code="times_unknown",
                field=None,
                message="No times of creation are recorded: effects are differences of the share "
                "that reached the outcome, claims are at most associated, and everything that "
                "needs time is left out.",
            )
        )
    return (*found, *_selection(ladder, confounders))


def _one_class(ladder: Ladder) -> list[Notice]:
    """Find steps that everybody reached, after the win every customer."""
    found: list[Notice] = []
    won = ladder.reached[Step.CONVERTED]
    for step in Step:
        after = step in AFTER_WIN
        reached = ladder.reached[step][won] if after else ladder.reached[step]
        if len(reached) and reached.all():
            who = "customer" if after else "record"
            found.append(_nobody_else(step.value, f"Every {who} reached {NOUNS[step]}", reached))
    left = ~np.isnan(ladder.left_at[won])
    if len(left) and left.all() and not ladder.reached[Step.CHURNED_AFTER_USE][won].all():
        found.append(_nobody_else(Kind.CHURNED.value, "Every customer left", left))
    return found


def _nobody_else(field: str, said: str, reached: Bools) -> Notice:
    return Notice(
        code="one_class",
        field=field,
        message=f"{said}; nothing can be learned from who did.",
        evidence={"units": len(reached)},
    )


def _conflicts(past: Past) -> list[Notice]:
    """Find leads that carry an outcome and its opposite."""
    found: list[Notice] = []
    for one, other in ((Kind.ACCEPTED, Kind.REJECTED), (Kind.CONVERTED, Kind.LOST)):
        rows = np.intersect1d(past.marks(one).row, past.marks(other).row)
        rows = rows[rows >= 0]
        if len(rows):
            found.append(
                Notice(
                    code="conflicting_labels",
                    field=one.value,
                    message=f"{counted(len(rows), 'lead')} carry both {one.value} and "
                    f"{other.value}.",
                    evidence={"leads": len(rows), "outcomes": [one.value, other.value]},
                )
            )
    return found


def _left_truncation(past: Past, ladder: Ladder) -> list[Notice]:
    for step in (Step.ACCEPTED, Step.QUALIFIED, Step.CONVERTED):
        if ladder.sources[step] is Presence.MISSING:
            continue
        start = past.created[ladder.units[step]]
        first, expected = unseen_events(
            start, ladder.reached[step], ladder.at[step], seen_until(past, step)
        )
        if expected >= 5.0:
            begin = float(np.nanmin(start))
            return [
                Notice(
                    code="left_truncation",
                    field=step.value,
                    message=f"No {EVENTS[step]} before {date(first):%Y-%m-%d}, though leads "
                    f"begin on {date(begin):%Y-%m-%d}: about {expected:,.0f} were to be expected. "
                    "Recording began later than the leads; earlier time does not count as time in "
                    "which nothing happened.",
                    evidence={
                        "first_outcome": f"{date(first):%Y-%m-%d}",
                        "first_lead": f"{date(begin):%Y-%m-%d}",
                        "expected": round(expected, 1),
                        "leads_before": int((start < first).sum()),
                    },
                )
            ]
    return []


def _right_censoring(past: Past, ladder: Ladder) -> list[Notice]:
    """Name steps for which many units were not watched as long as the outcome takes."""
    found: list[Notice] = []
    for step in Step:
        if ladder.sources[step] is Presence.MISSING:
            continue
        won = ladder.at[Step.CONVERTED]
        start = won if step in AFTER_WIN else past.created[ladder.units[step]]
        until = seen_until(past, step)
        delay = (ladder.at[step] - start)[ladder.reached[step] & ~np.isnan(start)]
        delay = delay[delay >= 0]
        if not len(delay):
            continue
        usual = float(np.median(delay))
        open_units = ~np.isnan(start) & ~ladder.reached[step]
        short = open_units & (until - start < usual)
        if short.sum() >= max(5.0, 0.1 * open_units.sum()):
            edge, none = date(until - usual), until - float(delay.min())
            no_time = int((open_units & (start > none)).sum())
            found.append(
                Notice(
                    code="right_censoring",
                    field=step.value,
                    message=f"{int(short.sum()):,} of {int(open_units.sum()):,} records without "
                    f"{NOUNS[step]} began after {edge:%Y-%m-%d} and were watched for less than the "
                    f"{usual:,.0f} days it usually takes (recorded until {date(until):%Y-%m-%d}). "
                    f"Those after {date(none):%Y-%m-%d} ({no_time:,}) had no time for it to be "
                    "seen at all. Each counts for the time it was seen, not as a failure.",
                    evidence={
                        "units": int(short.sum()),
                        "began_after": f"{edge:%Y-%m-%d}",
                        "observed_until": f"{date(until):%Y-%m-%d}",
                        "usual_days": round(usual, 1),
                        "no_time_after": f"{date(none):%Y-%m-%d}",
                        "no_time_units": no_time,
                    },
                )
            )
    return found


def _whales(past: Past, spoken_of: Sequence[tuple[Levels, int]], rules: Rules) -> list[Notice]:
    """Name accounts that make an average by themselves, each once."""
    revenue = revenue_by_account(past)
    whale = _whale_of_all(past, revenue, rules)
    known = () if whale is None else (whale.evidence["account_id"],)
    carried: dict[int, list[_Carried]] = {}
    for levels, level in spoken_of:
        one = _carrier(past, revenue, levels, level, rules)
        if one is not None and past.account_ids[one.account] not in known:
            carried.setdefault(one.account, []).append(one)
    found = [] if whale is None else [whale]
    for account, segments in carried.items():
        worst = max(segments, key=lambda one: one.share)
        more = counted(len(segments) - 1, "other value") if len(segments) > 1 else ""
        found.append(
            Notice(
                code="whale",
                field=worst.fact,
                message=f"One account, {past.account_ids[account]}, has {worst.share:.1%} of the "
                f"revenue of the {worst.paying:,} accounts with {worst.fact} = {worst.value} that "
                f"have any; what they are worth on average is its own"
                f"{f'. The same goes for {more}' if more else ''}.",
                evidence={
                    "account_id": past.account_ids[account],
                    "share": round(worst.share, 4),
                    "accounts": worst.paying,
                    "value": worst.value,
                    "more": len(segments) - 1,
                },
            )
        )
    return found


def _whale_of_all(past: Past, revenue: Floats, rules: Rules) -> Notice | None:
    paying = revenue > 0
    if paying.sum() < 20:
        return None
    top = int(revenue.argmax())
    share = float(revenue[top] / revenue[paying].sum())
    if share < rules.whale_share:
        return None
    return Notice(
        code="whale",
        field="amount",
        message=f"One account, {past.account_ids[top]}, has {share:.1%} of all revenue of the "
        f"{int(paying.sum()):,} accounts that have any; averages of its segment are its own.",
        evidence={
            "account_id": past.account_ids[top],
            "share": round(share, 4),
            "accounts": int(paying.sum()),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """A value of a fact most of whose revenue may be one account's."""

    account: int
    fact: str
    value: str
    share: float
    paying: int


def _carrier(
    past: Past, revenue: Floats, levels: Levels, level: int, rules: Rules
) -> _Carried | None:
    """Return the account that carries the revenue of a value that enough accounts pay for."""
    inside = np.flatnonzero((levels.codes[past.first_row] == level) & (revenue > 0))
    if len(inside) < rules.whale_payers:
        return None
    top = int(inside[np.argmax(revenue[inside])])
    share = float(revenue[top] / revenue[inside].sum())
    if share < rules.whale_level_share:
        return None
    return _Carried(
        account=top,
        fact=levels.name,
        value=levels.labels[level],
        share=share,
        paying=len(inside),
    )


def season(past: Past) -> tuple[SeasonMonth, ...]:
    """Return closes by month of the year."""
    won = _months(past, Kind.CONVERTED)
    lost = _months(past, Kind.LOST)
    return tuple(
        SeasonMonth(
            month=m + 1,
            won=int(won[m]),
            lost=int(lost[m]),
            rate=proportion(won[m], won[m] + lost[m]),
        )
        for m in range(12)
        if won[m] + lost[m]
    )


def _months(past: Past, kind: Kind) -> Ints:
    at = past.marks(kind).at
    return np.bincount([date(day).month - 1 for day in at[~np.isnan(at)]], minlength=12)


def proportion(hits: float, total: float) -> Estimate:
    """Return a share with its Wilson interval, blank where there is nothing to share."""
    if total <= 0:
        return Estimate()
    low, high = wilson(float(hits), float(total))
    return Estimate(value=float(hits / total), low=low, high=high)


def _seasonality(past: Past) -> list[Notice]:
    """Compare the last months of quarters with the others: in the win rate, else in closes."""
    won, lost = _months(past, Kind.CONVERTED), _months(past, Kind.LOST)
    ends = np.arange(12) % 3 == 2
    if won.sum() < 60:
        return []
    evidence: dict[str, object] = {"won_by_month": won.tolist(), "lost_by_month": lost.tolist()}
    if lost.sum() >= 60:
        table = np.array(
            [[won[ends].sum(), lost[ends].sum()], [won[~ends].sum(), lost[~ends].sum()]]
        )
        inside, outside = table[:, 0] / np.maximum(1, table.sum(axis=1))
        p_value = float(stats.chi2_contingency(table).pvalue) if table.min() > 0 else 1.0
        if p_value < 0.001 and abs(inside - outside) > 0.05:
            return [
                Notice(
                    code="seasonality",
                    field="closed_at",
                    message=f"Of deals closed in the last month of a quarter {inside:.0%} are won, "
                    f"in other months {outside:.0%}: when a deal closes decides more than what it "
                    "is. Compare whole quarters only.",
                    evidence={
                        **evidence,
                        "quarter_end_rate": round(float(inside), 4),
                        "other_rate": round(float(outside), 4),
                    },
                )
            ]
    return _closes_pile_up(past, won, evidence)


def _closes_pile_up(past: Past, won: Ints, evidence: dict[str, object]) -> list[Notice]:
    ends = np.arange(12) % 3 == 2
    share = float(won[ends].sum() / won.sum())
    p_value = float(stats.binomtest(int(won[ends].sum()), int(won.sum()), 1 / 3).pvalue)
    months = {date(day).month for day in past.marks(Kind.CONVERTED).at if not np.isnan(day)}
    if len(months) == 12 and p_value < 1e-6 and share > 0.43:
        return [
            Notice(
                code="seasonality",
                field="closed_at",
                message=f"{share:.0%} of wins fall in the last month of a quarter (a third would "
                "be even). Compare whole quarters only.",
                evidence={**evidence, "quarter_end_share": round(share, 4)},
            )
        ]
    return []


def _selection(ladder: Ladder, confounders: Sequence[Levels]) -> list[Notice]:
    """Find an incumbent score or tier that decides who gets a chance at all."""
    found: list[Notice] = []
    step = next((s for s in LADDER if ladder.sources[s] is not Presence.MISSING), None)
    if step is None:
        return found
    for levels in confounders:
        if levels.name not in {"score", "tier"}:
            continue
        codes, reached = levels.codes[ladder.units[step]], ladder.reached[step]
        rates = _rates(codes, reached, levels.shown)
        if len(rates) >= 2 and min(rates.values()) < max(rates.values()) / 10:
            low, high = min(rates, key=rates.__getitem__), max(rates, key=rates.__getitem__)
            found.append(
                Notice(
                    code="selection",
                    field=levels.name,
                    message=f"Leads with {levels.name} {levels.labels[low]} hardly ever reach "
                    f"{NOUNS[step]} ({rates[low]:.1%} against {rates[high]:.1%} with "
                    f"{levels.labels[high]}): the {levels.name} in use decides who gets a chance, "
                    "so later outcomes are known for its favourites only.",
                    evidence={levels.labels[n]: round(rate, 4) for n, rate in rates.items()},
                )
            )
    return found


def _rates(codes: Ints, reached: Bools, shown: Sequence[int]) -> dict[int, float]:
    return {n: float(reached[codes == n].mean()) for n in shown if int((codes == n).sum()) >= 50}
