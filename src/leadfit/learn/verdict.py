"""What may be concluded: whether the data could have shown an effect, and whether they did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from leadfit.history import Step
from leadfit.learn.claims import Findings
from leadfit.learn.result import Claim, Verdict
from leadfit.learn.rules import LADDER, Rules
from leadfit.learn.words import NOUNS, counted

_OF = {
    Step.ACCEPTED: "leads",
    Step.QUALIFIED: "leads",
    Step.CONVERTED: "accounts",
    Step.EXPANDED: "customers",
    Step.CHURNED_AFTER_USE: "customers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """The verdict and what it rests on."""

    verdict: Verdict
    outcome: Step | None
    words: str
    detectable: float | None
    customers_needed: int | None


def detectable(findings: Findings, rules: Rules) -> float | None:
    """Return the smallest effect that would be found with the wanted power, or ``None``.

    It is that of the value whose effect is known best. With hardly any outcomes, or hardly any
    that did not reach it, an error from the data means nothing, so the plain error of an even
    split with one more outcome on record stands in for it if it is larger.
    """
    needed = float(stats.norm.ppf(0.975) + stats.norm.ppf(rules.power))
    units, events = findings.watched.units, findings.watched.events
    if units == 0:
        return None
    errors = [row.error for row in findings.rows if row.blurred is None]
    rate = (events + 1.0) / (units + 2.0)
    even = math.sqrt(4.0 * rate * (1.0 - rate) / units)
    best = min(errors, default=even)
    return needed * (best if events >= rules.min_events else max(best, even))


def conclude(findings: Sequence[Findings], rules: Rules, *, unit: str = "lead") -> Concluded:
    """Judge the furthest ladder step with any outcome."""
    with_events = [f for f in findings if f.step in LADDER and f.watched.events > 0]
    if not with_events:
        return Concluded(
            verdict=Verdict.NOT_ENOUGH_EVIDENCE,
            outcome=None,
            words="No outcome of any step is recorded.",
            detectable=None,
            customers_needed=None,
        )
    last = max(with_events, key=lambda f: LADDER.index(f.step))
    of = "deals" if unit == "deal" else _OF[last.step]
    smallest = detectable(last, rules)
    few = last.watched.events < rules.min_events
    if smallest is None or smallest > rules.min_effect or few:
        return _not_enough(last, smallest, of, rules)
    claims = [e for e in last.effects if e.claim in {Claim.CAUSED, Claim.ASSOCIATED}]
    among = f"Among {last.watched.units:,} {of}, "
    if claims:
        verdict = Verdict.ICP_SUPPORTED
        facts = len({effect.fact for effect in claims})
        makes = "makes" if len(claims) == 1 else "make"
        words = f"{among}{counted(len(claims), 'value')} of {counted(facts, 'fact')} {makes} a "
        words += f"difference to {NOUNS[last.step]} that is more than chance."
    else:
        verdict = Verdict.NO_ICP_SUPPORTED
        words = f"{among}no fact makes a difference to {NOUNS[last.step]} that is more than "
        words += f"chance, though one of {smallest * 100:.1f} points would have been seen."
    return Concluded(
        verdict=verdict,
        outcome=last.step,
        words=words,
        detectable=smallest,
        customers_needed=None,
    )


def _not_enough(last: Findings, smallest: float | None, of: str, rules: Rules) -> Concluded:
    units, events = last.watched.units, last.watched.events
    needed = _needed(smallest, units, events, rules)
    if smallest is None or events < rules.min_events:
        seen = f"only {counted(events, 'case')} of {NOUNS[last.step]} can be looked at"
    else:
        seen = f"an effect on {NOUNS[last.step]} under {smallest * 100:.1f} points would go unseen"
    standing = sum(e.claim in {Claim.CAUSED, Claim.ASSOCIATED} for e in last.effects)
    already = f" {standing} larger ones stand already." if standing else ""
    return Concluded(
        verdict=Verdict.NOT_ENOUGH_EVIDENCE,
        outcome=last.step,
        words=f"With {counted(units, of.removesuffix('s'))}, {seen}; about {needed:,} {of} "
        f"would suffice to see one of {rules.min_effect * 100:.0f} points.{already}",
        detectable=smallest,
        customers_needed=needed,
    )


def _needed(smallest: float | None, units: int, events: int, rules: Rules) -> int:
    """Return how many units would suffice, by the square of the effect and by their outcomes."""
    by_effect = units * (smallest / rules.min_effect) ** 2 if smallest is not None else 0.0
    by_events = units * rules.min_events / max(1, events)
    exact = max(by_effect, by_events)
    # Two digits: the third would be pretence.
    step: int = 10 ** max(0, len(str(int(exact))) - 2)
    return math.ceil(exact / step) * step
