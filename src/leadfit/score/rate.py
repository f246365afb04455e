"""Rates what is known of a lead now: points with reasons, a tier, a play, the learned score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from leadfit.artifact import Artifact, evaluate
from leadfit.policy import Policy
from leadfit.policy.policy import PLAY, fact_name
from leadfit.policy.schema import Play
from leadfit.records import Activity, Facts, IcpScore, Reason, Score, Subject
from leadfit.score.models import (
    DIGITS,
    Components,
    fit_gate,
    intent_gate,
    tier_by_gates,
    tier_by_total,
)
from leadfit.score.points import of_activities, of_facts


def rate(subject: Subject, artifact: Artifact | None, policy: Policy, *, now: datetime) -> Score:
    """Score a lead by its facts and activities.

    Args:
        subject: Facts known now and activities up to now, in any order.
        artifact: The learned model in force; ``None`` before the first one.
        policy: Points, caps, half-lives, cuts and plays.
        now: The time of the decision; activities later than this do not count.

    Returns:
        The score. Reasons with points sum to ``total`` (``math.fsum``); the others explain the
        tier, name the play that holds (``play.NAME``) and the detractor flag, which changes no
        points and no tier.
    """
    known = policy.known(subject.facts)
    rules = policy.score
    parts = {
        "fit": of_facts("fit", rules.fit, known),
        "engagement": of_activities("engagement", rules, subject.activities, now),
        "intent": of_activities("intent", rules, subject.activities, now),
        "authority": of_facts("authority", rules.authority, known),
    }
    components = Components(**{name: _sum(reasons) for name, reasons in parts.items()})
    reasons = [reason for each in parts.values() for reason in each]
    total = _sum(reasons)
    fit100 = fit_gate(components, rules.weights)
    intent100 = intent_gate(components, rules.weights)
    if rules.model == "A":
        tier, why = tier_by_total(round(total, DIGITS), rules.cuts)
    else:
        tier, why = tier_by_gates(fit100, intent100, rules.cuts)
    icp = None if artifact is None else evaluate(artifact, _facts_of(artifact, known))
    play = _play(policy.plays, subject.activities, now)
    return Score(
        model=rules.model,
        tier=tier,
        total=total,
        fit=components.fit,
        engagement=components.engagement,
        intent=components.intent,
        authority=components.authority,
        fit100=fit100,
        intent100=intent100,
        icp=icp,
        reasons=(*reasons, why, *_flag(icp), *_played(play)),
    )


def _sum(reasons: Sequence[Reason]) -> float:
    return math.fsum(reason.points for reason in reasons if reason.points is not None)


def _facts_of(artifact: Artifact, known: Facts) -> Facts:
    """Return facts under the names the artifact learned them by."""
    return {fact.name: known.get(fact_name(fact.name)) for fact in artifact.facts}


def _flag(icp: IcpScore | None) -> tuple[Reason, ...]:
    if icp is None or not icp.flagged:
        return ()
    words = (
        f"looks like accounts that left after meaningful use (match {icp.detractor:.2f}); "
        "the tier stays, suppressed channels are left out"
    )
    return (Reason(rule="detractor.flag", words=words),)


def _play(plays: Sequence[Play], activities: Sequence[Activity], now: datetime) -> Play | None:
    """Return the first play whose activities all happened often enough in its window."""
    for play in plays:
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
