"""Completes what was learned: Model C, the flag's precision, and what is to be said of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from leadfit.artifact import Artifact
from leadfit.history import History
from leadfit.policy import Policy

if TYPE_CHECKING:
    from leadfit.learn import DriftFindings, FlagPrecision, PropensityFindings, Rules, Study

LEAST_MONTHS: Final = {"A": 6.0, "C": 12.0}
"""Months of recorded outcomes below which a model is warned of (A) or not made (C)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What was learned, with Model C and the flag's precision in the artifact.

    Attributes:
        flag: How right the flag is on customers it has not seen.
        cautions: What is to be known of the model in force, in words.
    """

    study: Study
    chance: PropensityFindings
    flag: FlagPrecision | None
    cautions: tuple[str, ...]


def complete(study: Study, history: History, policy: Policy, rules: Rules) -> Completed:
    """Learn Model C and judge the flag; put both into the artifact, if there is one.

    Args:
        study: What was learned of the score.
        history: From this.
        policy: Which model is in force.
        rules: As the study was made by.
    """
    from leadfit import learn  # noqa: PLC0415 -- it needs the extra

    chance = learn.propensity(history, rules=learn.PropensityRules(learner=rules))
    artifact, flag = study.artifact, None
    if artifact is not None:
        if artifact.detractor is not None:
            flag = learn.flag_precision(history, rules=rules)
        artifact = replace(artifact, propensity=chance.model, notes=_notes(artifact, flag))
        benchmark = replace(study.benchmark, artifact_digest=artifact.digest)
        study = replace(study, artifact=artifact, benchmark=benchmark)
    cautions = (*_cautions(policy, chance), *_of_flag(policy, flag))
    return Completed(study=study, chance=chance, flag=flag, cautions=cautions)


def _notes(artifact: Artifact, flag: FlagPrecision | None) -> dict[str, str | float]:
    notes = dict(artifact.notes)
    if flag is not None:
        notes["flag.customers"] = float(flag.flagged)
        notes["flag.left"] = float(flag.flagged_left)
        notes["flag.precision_low"] = flag.low
    return notes


def _cautions(policy: Policy, chance: PropensityFindings) -> tuple[str, ...]:
    model, months = policy.score.model, chance.months
    said = [each.message for each in chance.notices] if model == "C" else []
    if model == "C" and chance.model is None:
        said.append("Model C is not made; the weighted rules of Model A stand in for it.")
    least = LEAST_MONTHS["A"]
    if model == "A" and months < least:
        said.append(
            f"Model A wants {least:.0f} months of wins and losses to set its points by; "
            f"{months:.1f} are recorded."
        )
    return tuple(said)


def _of_flag(policy: Policy, flag: FlagPrecision | None) -> tuple[str, ...]:
    rules = policy.detractor
    low = 0.0 if flag is None else flag.low
    if not rules.tier_three or low >= rules.least_precision:
        return ()
    bound = f"the lower bound of its precision is {low:.2f}, {rules.least_precision:g} is needed"
    return (f"The detractor flag does not force Tier 3: {bound} (detractor.least_precision).",)


def objections(policy: Policy, before: Artifact | None, after: Artifact | None) -> tuple[str, ...]:
    """Return why an artifact should not take the place of another unseen, as to Model C."""
    if policy.score.model != "C" or before is None or before.propensity is None:
        return ()
    if after is not None and after.propensity is not None:
        return ()
    return ("Model C would be lost: its chance of a win could not be learned this time",)


def too_old(artifact: Artifact | None, policy: Policy, now: datetime) -> str | None:
    """Return in words that the artifact in force is due for learning anew by its age.

    Args:
        artifact: In force.
        policy: Its ``learn.retrain_days`` is the age.
        now: The present.
    """
    if artifact is None:
        return None
    age = now - datetime.fromisoformat(artifact.as_of)
    if age < timedelta(days=policy.learn.retrain_days):
        return None
    return (
        f"the artifact in force is {age.days} days old, learning anew is due after "
        f"{policy.learn.retrain_days:g}"
    )


def why_retrain(
    found: DriftFindings, artifact: Artifact | None, policy: Policy, now: datetime
) -> tuple[str, ...]:
    """Return why to learn anew now: the age of the artifact, or a win rate that surely moved.

    Args:
        found: What the drift watch says. A win rate counts when it moved by more than five points
            and the interval of its change excludes zero.
        artifact: In force.
        policy: How old an artifact may become.
        now: The present.
    """
    reasons = [] if (old := too_old(artifact, policy, now)) is None else [old]
    if found.win_rate is not None and found.win_rate.fired:
        reasons.append(found.win_rate.words)
    return tuple(reasons)
