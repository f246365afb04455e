"""The benchmark in about 25 lines for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby

from leadfit.history import Step
from leadfit.learn.result import Benchmark, ProfileRow
from leadfit.report import advice, names, words

WIDTH = 92


def summary(benchmark: Benchmark) -> str:
    """Return the findings as plain text: money, verdict, profile, funnel, warnings."""
    lines = [f"ICP benchmark, {names.as_of(benchmark)}", ""]
    lines += _row("Money", _money(benchmark))
    icp = benchmark.current_icp
    lines += _row("In use", f"{names.JUDGEMENTS[icp.judgement]}. {words.short(icp.words, 240)}")
    lines += _row("Verdict", f"{names.VERDICTS[benchmark.verdict]}.")
    enough = advice.suffices(benchmark)
    if enough:
        lines += _row("", enough)
    lines += _row("Monday", advice.monday(benchmark)[0])
    lines += ["", *_profile("Profile", "adds", benchmark.profile)]
    lines += _profile("Detractors", "takes away", benchmark.detractor_profile)
    lines += ["", *_row("Ladder", _ladder(benchmark))]
    found = [
        (code, [n for n in group if n.field])
        for code, group in groupby(
            sorted(benchmark.warnings, key=lambda n: n.code), key=lambda n: n.code
        )
    ]
    if found:
        lines.append("")
    for code, group in found:
        fields = sorted({words.short(n.field, 30) for n in group})
        more = f" and {len(fields) - 6} more" if len(fields) > 6 else ""
        about = f": {', '.join(fields[:6])}{more}" if fields else ""
        lines += _row("Warning", f"{names.titled(code)} ({code}){about}")
    return "\n".join(lines) + "\n"


def _row(name: str, said: str) -> list[str]:
    return textwrap.wrap(
        said,
        WIDTH,
        initial_indent=f"{name:<12}",
        subsequent_indent=" " * 12,
        break_long_words=True,
    )


def _money(benchmark: Benchmark) -> str:
    money = benchmark.money
    parts = []
    if money.open_pipeline is not None:
        parts.append(f"{words.money(money.open_pipeline, money.currency)} open pipeline")
    if money.recent_revenue is not None:
        parts.append(
            f"{words.money(money.recent_revenue, money.currency)} revenue in "
            f"{money.recent_days} days"
        )
    if money.detractor_spend is not None:
        parts.append(f"{words.money(money.detractor_spend, money.currency)} spent on detractors")
    return ", ".join(parts) or "no amounts recorded"


def _profile(name: str, does: str, rows: Sequence[ProfileRow]) -> list[str]:
    if not rows:
        return _row(name, "nothing to name")
    lines = _row(name, f"points of the 0 to 100 score that each value {does}, and how sure that is")
    for row in rows[:5]:
        label = f"{words.short(row.fact, 23)} = {words.short(row.value, 18)}"
        lines.append(f"{'':<12}{label:<45}{words.points(row.points / 100):>6}  {names.graded(row)}")
    if len(rows) > 5:
        lines.append(f"{'':<12}and {len(rows) - 5} more in the report")
    return lines


def _ladder(benchmark: Benchmark) -> str:
    leads = benchmark.funnel.leads
    parts = [f"{words.count(leads)} {benchmark.unit}{'' if leads == 1 else 's'}"]
    for step in Step:
        units: int | None = getattr(benchmark.funnel, step.value)
        state = benchmark.sources[step].value
        known = f"{words.count(units)} {names.STEPS[step]}"
        if units is None:
            parts.append(f"{names.STEP_NOUNS[step]} missing")
        else:
            parts.append(known if state == "present" else f"{known} ({state})")
    return ", ".join(parts)
