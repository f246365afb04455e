"""What a verdict means and what to do next, in the words of someone who runs campaigns."""

from __future__ import annotations

from leadfit.history import Step
from leadfit.learn.result import (
    Benchmark,
    Chosen,
    Claim,
    Estimate,
    Finding,
    Judgement,
    Presence,
    ProfileRow,
    StaticFindings,
    Verdict,
)
from leadfit.report.names import STEP_NOUNS, span
from leadfit.report.words import count, money, percent, points, short

_KNOWN = (Claim.CAUSED, Claim.ASSOCIATED)


def meaning(benchmark: Benchmark) -> str:
    """Return what the verdict means, in two or three sentences."""
    outcome = _outcome(benchmark)
    match benchmark.verdict:
        case Verdict.ICP_SUPPORTED:
            known = sum(row.grade in _KNOWN for row in benchmark.profile)
            return (
                f"Some attributes go with {outcome} more often than chance allows. "
                f"{count(known)} of the {count(len(benchmark.profile))} rows of the profile are "
                "backed by evidence; the others are best guesses and say so."
            )
        case Verdict.NOT_ENOUGH_EVIDENCE if _standing(benchmark):
            return (
                f"Large differences in {outcome} stand already: the rows graded "
                "caused or associated. Smaller ones would go unseen with this few cases, so the "
                "other rows are best guesses and no proof of the contrary."
            )
        case Verdict.NOT_ENOUGH_EVIDENCE if benchmark.verdict_outcome is None:
            return (
                "No record says what became of a lead, so nothing can be learned from this "
                "export yet: neither that your targeting is right nor that it is wrong."
            )
        case Verdict.NOT_ENOUGH_EVIDENCE if _known(benchmark):
            return (
                f"There are too few cases of {outcome} to tell a real difference from chance. "
                "The rows graded caused or associated stand on an earlier step of the ladder, "
                f"which their reasons name; whether they carry through to {outcome} is not known "
                "yet. The other rows are best guesses."
            )
        case Verdict.NOT_ENOUGH_EVIDENCE:
            return (
                f"There are too few cases of {outcome} to tell a real difference from chance. "
                "The profile below is the best guess, not a finding: no row of it should move "
                "budget by itself."
            )
        case Verdict.NO_ICP_SUPPORTED:
            return (
                "There were enough cases to see a difference worth acting on, and none showed. "
                f"None of the recorded attributes sets {outcome} apart. That is a result: "
                "narrowing your targeting by them would cost reach and buy nothing."
            )


def suffices(benchmark: Benchmark) -> str | None:
    """Return what would be enough evidence, or ``None`` if there is enough."""
    if benchmark.verdict is not Verdict.NOT_ENOUGH_EVIDENCE:
        return None
    parts = []
    if benchmark.customers_needed is not None:
        after_sale = benchmark.verdict_outcome in (Step.EXPANDED, Step.CHURNED_AFTER_USE)
        counted = "customers" if after_sale else f"{benchmark.unit}s"
        parts.append(
            f"About {count(benchmark.customers_needed)} {counted} would show an effect worth "
            "acting on."
        )
    if benchmark.detectable is not None and benchmark.detectable < 1.0:
        parts.append(
            f"With what is here, only a difference of {points(benchmark.detectable).lstrip('+')} "
            "percentage points or more would be seen four times out of five."
        )
    last = benchmark.verdict_outcome
    if last is None:
        return "Records of any step of the ladder, such as which leads became customers, and when."
    missing = _named([step for step in _unrecorded(benchmark) if _ORDER[step] < _ORDER[last]])
    if missing:
        parts.append(f"Recording {missing} would help sooner: earlier steps have more cases.")
    return " ".join(parts) or "More cases of this step, over a longer time."


def monday(benchmark: Benchmark) -> list[str]:
    """Return what to do first, at most six steps, most useful first."""
    steps = [*_about_the_verdict(benchmark), *_about_the_current_profile(benchmark)]
    leaks = sorted({w.field for w in benchmark.warnings if w.code == _LEAK and w.field})
    if leaks:
        named = ", ".join(short(name, 40) for name in leaks[:6])
        more = f" and {len(leaks) - 6} more" if len(leaks) > 6 else ""
        steps.append(
            f"Take {named}{more} out of every score and list: they are filled in after the "
            "outcome and only look as if they predicted it."
        )
    missing = _missing(benchmark)
    if missing:
        steps.append(f"Start to record {missing}, or export it if it is recorded elsewhere.")
    return steps[:6]


def _standing(benchmark: Benchmark) -> list[ProfileRow]:
    """Return the rows of the profile whose effect on the outcome of the verdict stands."""
    stand = {
        (effect.fact, effect.value)
        for effect in benchmark.effects
        if effect.claim in _KNOWN and effect.outcome is benchmark.verdict_outcome
    }
    return [row for row in benchmark.profile if (row.fact, row.value) in stand]


def _known(benchmark: Benchmark) -> list[ProfileRow]:
    """Return the rows backed by evidence; those of today's values only if there are no others."""
    known = [row for row in benchmark.profile if row.grade in _KNOWN]
    todays = {w.field for w in benchmark.warnings if w.code == _SNAPSHOT}
    return [row for row in known if row.fact not in todays] or known


_ORDER = {step: place for place, step in enumerate(Step)}
_LEAK = "leakage_after_outcome"
_SNAPSHOT = "snapshot_fact"


def _about_the_verdict(benchmark: Benchmark) -> list[str]:
    match benchmark.verdict:
        case Verdict.NOT_ENOUGH_EVIDENCE:
            return _while_evidence_lacks(benchmark)
        case Verdict.NO_ICP_SUPPORTED:
            return [
                (
                    "Do not narrow your lists by these attributes. Spend the effort on speed of "
                    "follow-up and on timing instead."
                ),
                (
                    "Add attributes that could matter and are not recorded yet, such as the tools "
                    "an account runs or what it did in its first weeks."
                ),
            ]
        case Verdict.ICP_SUPPORTED:
            return _by_the_profile(benchmark)


def _while_evidence_lacks(benchmark: Benchmark) -> list[str]:
    if benchmark.verdict_outcome is None:
        return [
            (
                "Export what became of these leads (accepted, won, lost, and when) and run this "
                "benchmark again; see `leadfit map`."
            )
        ]
    standing, earlier = _standing(benchmark), _known(benchmark)
    if standing:
        first = (
            f"Work the open leads with {_list(standing[:3])} first; take the other rows of "
            "the profile as questions for sales and customer success."
        )
    elif earlier:
        first = (
            f"Answer open leads with {_list(earlier[:3])} first: they get further. Do not "
            f"cut the others off before there are enough cases of {_outcome(benchmark)}."
        )
    elif benchmark.profile:
        first = (
            "Keep the targeting you have. Use the top of the profile as questions for sales "
            "and customer success, not as filters."
        )
    else:
        first = "Keep the targeting you have: this export speaks neither for it nor against it."
    return [first, "Run this benchmark again when the number of cases named above is reached."]


def _by_the_profile(benchmark: Benchmark) -> list[str]:
    steps = []
    best = _known(benchmark)[:3]
    if best:
        steps.append(f"Work the open leads with {_list(best)} first this week.")
    worst = [row for row in benchmark.detractor_profile if row.grade in _KNOWN][:3]
    if worst:
        steps.append(
            f"Take accounts with {_list(worst)} off outbound, paid and nurture lists; a lead that "
            "raises its own hand still gets an answer."
        )
    if not steps:
        steps.append("Score the open leads with the artifact of this run and work the top first.")
    return steps


def _about_the_current_profile(benchmark: Benchmark) -> list[str]:
    icp = benchmark.current_icp
    judged = short(icp.judged or "the profile in use", 40)
    match icp.judgement:
        case Judgement.WRONG:
            return [f"Stop sorting leads by {judged}: those it prefers do no better."]
        case Judgement.DRIFTED:
            return [f"Review {judged} with sales: it separates less than it used to."]
        case Judgement.RIGHT:
            return [f"Keep {judged}: those it prefers still do better."]
        case Judgement.CANNOT_TELL:
            return []


def _list(rows: list[ProfileRow]) -> str:
    return ", ".join(f"{short(row.fact, 40)} = {short(row.value, 40)}" for row in rows)


def _outcome(benchmark: Benchmark) -> str:
    step = benchmark.verdict_outcome
    return STEP_NOUNS[step] if step is not None else "any outcome"


def _missing(benchmark: Benchmark) -> str:
    return _named(_unrecorded(benchmark))


def _unrecorded(benchmark: Benchmark) -> list[Step]:
    return [step for step in Step if benchmark.sources[step] is Presence.MISSING]


def _named(steps: list[Step]) -> str:
    names = [STEP_NOUNS[step] for step in steps]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def static_figures(benchmark: Benchmark) -> list[tuple[str, str]]:
    """Return what became of the accounts the profile in use calls ideal, as named figures."""
    found = benchmark.static_icp
    if found is None:
        return []
    currency = benchmark.money.currency
    rows = [("Accounts called ideal", count(found.accounts_called_ideal))]
    rows += _became(found, currency)
    for name, chosen in (
        ("The same number by the learned score", found.same_number),
        ("The best tenth by the learned score", found.top_decile),
    ):
        if chosen is not None:
            rows.append((name, f"{count(chosen.accounts)} accounts"))
            rows += [(f"\u2014 {what.lower()}", said) for what, said in _became(chosen, currency)]
    rows += [
        (f"Often said: {claim.claim}", _FINDINGS[claim.finding])
        for claim in found.claims
        if found.top_decile is not None
    ]
    if found.scored_how:
        rows.append(("How the learned score is judged", found.scored_how))
    return rows


_FINDINGS = {
    Finding.REPRODUCED: "reproduced here: the whole interval lies within it",
    Finding.REFUTED: "refuted here: the whole interval lies outside it",
    Finding.CANNOT_TELL: "cannot be told here: the interval is too wide",
}


def _became(found: StaticFindings | Chosen, currency: str | None) -> list[tuple[str, str]]:
    """Return acceptance, revenue and detractors of some accounts, as far as they are known."""
    rows: list[tuple[str, str]] = []
    fails, paid = found.fail_acceptance_90d, found.revenue_per_account
    if fails.value is not None:
        rows.append(("Not accepted within 90 days", f"{percent(fails.value)} ({span(fails)})"))
    if paid.value is not None:
        between = f"{money(paid.low, currency)} to {money(paid.high, currency)}"
        rows.append(("Revenue an account", f"{money(paid.value, currency)} ({between})"))
    times = found.revenue_ratio if isinstance(found, Chosen) else Estimate()
    if times.value is not None:
        between = "" if times.low is None else f" ({times.low:.2f} to {times.high:.2f})"
        rows.append(("Times that of the accounts called ideal", f"{times.value:.2f}{between}"))
    if found.detractors_inside is not None:
        said, of = count(found.detractors_inside), found.detractors_of_customers
        if of.value is not None:
            said += f", {percent(of.value)} of its customers ({span(of)})"
        rows.append(("Churned after real use", said))
    return rows
