"""What is wrong, or merely special, about a recorded past: dates, whales, seasons, selection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from leadfit.history import Notice, Step
from leadfit.learn.facts import Levels
from leadfit.learn.ladder import Ladder
from leadfit.learn.money import revenue_by_account
from leadfit.learn.past import Bools, Ints, Past, date
from leadfit.learn.result import Estimate, Presence, SeasonMonth
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.watch import AFTER_WIN, seen_until, unseen_events
from leadfit.learn.words import EVENTS, NOUNS, counted
from leadfit.records import Kind


def look(
    past: Past, ladder: Ladder, confounders: Sequence[Levels], rules: Rules
) -> tuple[Notice, ...]:
    """Return every warning about the history as a whole."""
    found = [*ladder.notices, *_one_class(ladder), *_conflicts(past), *_whale(past, rules)]
    if past.history.times_known:
        found += [
            *_impossible(past, ladder),
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


# ---- labels and dates ----------------------------------------------------------------------


def _one_class(ladder: Ladder) -> list[Notice]:
    return [
        Notice(
            code="one_class",
            field=step.value,
            message=f"Every record reached {NOUNS[step]}; nothing can be learned from that step.",
            evidence={"units": len(ladder.reached[step])},
        )
        for step in LADDER
        if len(ladder.reached[step]) and ladder.reached[step].all()
    ]


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


def _impossible(past: Past, ladder: Ladder) -> list[Notice]:
    found: list[Notice] = []
    future = int((past.created > past.as_of + 1.0).sum())
    if future:
        found.append(
            Notice(
                code="impossible_dates",
                field="created_at",
                message=f"{counted(future, 'lead')} came after {past.history.as_of:%Y-%m-%d}, up "
                "to which the past was read; they are not looked at.",
                evidence={"rows": future},
            )
        )
    for step in Step:
        after_win = step in AFTER_WIN
        start = ladder.at[Step.CONVERTED] if after_win else past.created[ladder.units[step]]
        early = ladder.reached[step] & (ladder.at[step] < start - 1.0)
        if early.any():
            worst = float((start - ladder.at[step])[early].max())
            found.append(
                Notice(
                    code="impossible_dates",
                    field=step.value,
                    message=f"For {counted(int(early.sum()), 'record')} {NOUNS[step]} is dated "
                    f"before {'the win' if after_win else 'creation'}, by up to "
                    f"{counted(worst, 'day')}; such records count in the funnel and are set aside "
                    "from the effects.",
                    evidence={"units": int(early.sum()), "largest_days": round(worst, 1)},
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


# ---- money and seasons ---------------------------------------------------------------------


def _whale(past: Past, rules: Rules) -> list[Notice]:
    revenue = revenue_by_account(past)
    paying = revenue > 0
    if paying.sum() < 20:
        return []
    top = int(revenue.argmax())
    share = float(revenue[top] / revenue[paying].sum())
    if share < rules.whale_share:
        return []
    return [
        Notice(
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
    ]


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
    p, z = hits / total, 1.959963984540054
    middle = (p + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return Estimate(
        value=float(p), low=float(max(0.0, middle - half)), high=float(min(1.0, middle + half))
    )


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


# ---- selection -----------------------------------------------------------------------------


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
