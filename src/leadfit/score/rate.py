"""Rates what is known of a lead now: points with reasons, a tier, a play, the learned score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadfit.artifact import Artifact, evaluate
from leadfit.levels import ArtifactFact
from leadfit.policy import Policy
from leadfit.policy.policy import PLAY, fact_name
from leadfit.policy.schema import Play
from leadfit.policy.scoring import ScoreRules
from leadfit.propensity import PropensityModel, chance_of, engagement
from leadfit.records import Activity, Facts, IcpScore, Reason, Score, Subject, Tier
from leadfit.score.detractor import flag_reasons, forced_tier
from leadfit.score.fit import fit_of
from leadfit.score.less import taken_away
from leadfit.score.models import (
    DIGITS,
    Components,
    composite,
    firmographic_gate,
    fit_gate,
    intent_gate,
    tier_by_chance,
    tier_by_gates,
    tier_by_total,
)
from leadfit.score.override import overridden
from leadfit.score.points import of_activities, of_facts


def rate(
    subject: Subject,
    artifact: Artifact | None,
    policy: Policy,
    *,
    now: datetime,
    lead_id: str | None = None,
    lifted_by: str | None = None,
) -> Score:
    """Score a lead by its facts and activities.

    Args:
        subject: Facts known now and activities up to now, in any order; under Model C what was
            measured. Without that, activities stand for the lead's own and the rest is average.
        artifact: The learned model in force; ``None`` before the first one.
        policy: Points, caps, half-lives, cuts and plays.
        now: The time of the decision; activities later than this do not count.
        lead_id: Whose lot decides about exploration; without it nothing is let through.
        lifted_by: Who overrides the intent gate or a forced tier; the fit gate stays shut.

    Returns:
        The score. Reasons with points sum to ``total`` (``math.fsum``); the others explain the
        tier, name the play that holds (``play.NAME``) and the detractor flag, which changes no
        points. :func:`leadfit.score.from_ledger` rebuilds total, gates and tier from them.
    """
    known, rules = policy.known(subject.facts), policy.score
    icp = None if artifact is None else evaluate(artifact, facts_of(artifact.facts, known))
    weighed = _weigh(subject, rules, known, icp, now)
    chance = None if artifact is None else artifact.propensity
    if rules.model == "C" and chance is not None:
        decided = _by_chance(weighed, subject, chance, known, icp, rules, now)
    else:
        decided = _by_rules(weighed, rules)
    flag = flag_reasons(icp, policy.detractor, lead_id)
    tier, forced = forced_tier(decided.tier, flag, artifact, policy.detractor)
    if lifted_by is not None:
        why = (*forced, *decided.why)
        tier, lifted = overridden(decided.model, (tier, decided.tier), why, lifted_by)
        forced = (*lifted, *forced)
    parts = weighed.components
    return Score(
        model=decided.model,
        tier=tier,
        total=decided.total,
        fit=parts.fit,
        engagement=parts.engagement,
        intent=parts.intent,
        authority=parts.authority,
        fit100=weighed.fit100,
        intent100=weighed.intent100,
        icp=icp,
        firmographic100=weighed.firmographic100,
        reasons=(
            *decided.reasons,
            *forced,
            *decided.why,
            *weighed.beside,
            *flag,
            *_played(_play(policy.plays, subject.activities, now)),
        ),
    )


def facts_of(facts: Sequence[ArtifactFact], known: Facts) -> Facts:
    """Return facts under the names a model learned them by.

    Args:
        facts: The facts of an artifact or of its Model C.
        known: Facts under all names of the policy, as :meth:`leadfit.policy.Policy.known` gives.
    """
    return {fact.name: known.get(fact_name(fact.name)) for fact in facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """What the weighted rules say."""

    components: Components
    reasons: tuple[Reason, ...]
    beside: tuple[Reason, ...]
    fit100: float
    intent100: float
    by_icp: bool
    firmographic100: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """What a model makes of it; the first word of ``why`` is the one that decided."""

    model: str
    tier: Tier
    total: float
    reasons: tuple[Reason, ...]
    why: tuple[Reason, ...]


def _weigh(
    subject: Subject, rules: ScoreRules, known: Facts, icp: IcpScore | None, now: datetime
) -> _Weighed:
    """Return points of all components, and the two gates."""
    done = subject.activities
    earned = {
        "fit": of_facts("fit", rules.fit, known),
        "engagement": of_activities("engagement", rules, done, now),
        "intent": of_activities("intent", rules, done, now),
        "authority": of_facts("authority", rules.authority, known),
    }
    losing = {less.component for less in rules.less.values()}
    for name, reasons in earned.items():
        if name in losing:
            reasons.extend(taken_away(name, rules, reasons, subject, known, now))
    fit = fit_of(rules, earned["fit"], icp)
    parts = {**earned, "fit": list(fit.reasons)}
    components = Components(**{name: max(0.0, _sum(each)) for name, each in parts.items()})
    by_facts = max(0.0, _sum(earned["fit"]))
    return _Weighed(
        components=components,
        reasons=tuple(reason for each in parts.values() for reason in each),
        beside=fit.beside,
        fit100=fit_gate(components, rules.weights),
        intent100=intent_gate(components, rules.weights),
        by_icp=fit.by_icp,
        firmographic100=round(by_facts / rules.weights.fit * 100, DIGITS) if fit.by_icp else None,
    )


def _by_rules(weighed: _Weighed, rules: ScoreRules) -> _Decided:
    """Decide by Model A or B; A also stands in where no chance is learned for Model C."""
    total = _sum(weighed.reasons)
    model = "B" if rules.model == "B" else "A"
    if model == "A":
        tier, reason = tier_by_total(composite(weighed.components), rules.cuts)
    else:
        tier, reason = tier_by_gates(
            weighed.fit100, weighed.intent100, rules.cuts, by_icp=weighed.by_icp
        )
    why = [reason]
    if weighed.firmographic100 is not None:
        needed = rules.firmographic == "needed"
        passes, told = firmographic_gate(weighed.firmographic100, rules.cuts, needed=needed)
        if needed and not passes:
            tier, why = Tier.THREE, [told, reason]
        else:
            why.append(told)
    if rules.model == "C":
        words = "no chance of a win is learned, so that the weighted rules of Model A stand in"
        why.append(Reason(rule="model.degraded", words=words))
    return _Decided(model=model, tier=tier, total=total, reasons=weighed.reasons, why=tuple(why))


def _by_chance(  # noqa: PLR0917 -- what a chance depends on
    weighed: _Weighed,
    subject: Subject,
    model: PropensityModel,
    known: Facts,
    icp: IcpScore | None,
    rules: ScoreRules,
    now: datetime,
) -> _Decided:
    """Decide by Model C; what the weighted rules say stands beside it."""
    measured = dict(subject.measured) or engagement(subject.activities, model.half_life_days, now)
    if icp is not None:
        measured["icp_score"] = icp.score
    found = chance_of(model, facts_of(model.facts, known), measured)
    tier, reason = tier_by_chance(found.chance, rules.cuts)
    parts = weighed.components
    words = (
        f"beside it the weighted rules give {_sum(weighed.reasons):.1f} of 100: "
        f"fit {parts.fit:.1f}, engagement {parts.engagement:.1f}, intent {parts.intent:.1f}, "
        f"authority {parts.authority:.1f}"
    )
    return _Decided(
        model="C",
        tier=tier,
        total=found.points,
        reasons=found.reasons,
        why=(reason, Reason(rule="model.beside", words=words)),
    )


def _sum(reasons: Sequence[Reason]) -> float:
    return math.fsum(reason.points for reason in reasons if reason.points is not None)


def _play(plays: Sequence[Play], activities: Sequence[Activity], now: datetime) -> Play | None:
    """Return the first play whose activities all happened often enough in its window."""
    done = {each.kind for each in activities}
    for play in plays:
        if not done.issuperset(play.needs):
            continue
        since = now - timedelta(days=play.window_days)
        kinds = [each.kind for each in activities if since <= each.at <= now]
        if all(kinds.count(kind) >= often for kind, often in play.needs.items()):
            return play
    return None


def _played(play: Play | None) -> tuple[Reason, ...]:
    if play is None:
        return ()
    needs = " and ".join(f"{often} x {kind.value}" for kind, often in play.needs.items())
    words = f"{needs} within {play.window_days:g} days call for the {play.playbook}"
    return (Reason(rule=PLAY + play.name, words=words),)
