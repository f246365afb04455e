"""The two public functions of the room: what a history says, and the artifact it teaches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from leadfit.artifact import Artifact
from leadfit.errors import BadInput
from leadfit.history import History, Notice, Step
from leadfit.learn import (
    checks,
    cross_fitting,
    judge,
    ladder,
    leaks,
    money,
    profile,
    static_vs_learned,
)
from leadfit.learn.amounts import customer_amounts, with_amounts
from leadfit.learn.claims import Findings, judge_together
from leadfit.learn.effects import estimate
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.heads import learn_heads, score_rows, write
from leadfit.learn.ladder import Ladder, climb
from leadfit.learn.over_time import curves, funnel_months
from leadfit.learn.past import Bools, Past, read_past
from leadfit.learn.result import (
    Benchmark,
    Claim,
    Effect,
    Presence,
    ProfileRow,
    Series,
    StaticFindings,
    Weight,
)
from leadfit.learn.rules import Rules
from leadfit.learn.static import StaticIcp
from leadfit.learn.verdict import conclude
from leadfit.learn.watch import watch
from leadfit.learn.weights import weigh
from leadfit.learn.years import compare_years

_DEFAULT = Rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A history, read and screened once for all that follows."""

    past: Past
    ladder: Ladder
    screened: leaks.Screened
    confounders: tuple[Levels, ...]
    weights: dict[Step, Weight]
    detractor: Weight
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Findings and the artifact of one pass; ``None`` where no step could be learned."""

    benchmark: Benchmark
    artifact: Artifact | None


def benchmark(
    history: History, *, static_icp: StaticIcp | None = None, rules: Rules = _DEFAULT
) -> Benchmark:
    """Say what a recorded past supports: funnel, effects, profile, verdict, warnings.

    Args:
        history: The past, from :mod:`leadfit.exports` or the store.
        static_icp: A profile by rules to hold against what was learned; by default the tier or
            score in use is.
        rules: Thresholds and horizons.

    Returns:
        Findings with 95 % intervals. Bad values are named in ``warnings``; nothing is NaN.

    Raises:
        BadInput: ``static_icp`` has a rule about a column that is not in the history.
    """
    return study(history, static_icp=static_icp, rules=rules).benchmark


def fit(history: History, *, rules: Rules = _DEFAULT) -> Artifact:
    """Learn the artifact that scores accounts by their facts.

    Raises:
        BadInput: No ladder step has enough outcomes and failures to learn from.
    """
    with _one_thread():
        return _learn(_read(history, rules), rules)


def study(
    history: History, *, static_icp: StaticIcp | None = None, rules: Rules = _DEFAULT
) -> Study:
    """Do what :func:`benchmark` and :func:`fit` do, reading the history once."""
    with _one_thread():
        read = _read(history, rules)
        try:
            artifact = _learn(read, rules)
        except BadInput:
            # Nothing to learn a score from; the findings say so.
            artifact = None
        described = _describe(read, artifact, static_icp, rules)
        facts, confounders = read.screened.usable, read.confounders
        paid = customer_amounts(read.past, read.ladder, facts, confounders, rules)
        return Study(benchmark=with_amounts(described, paid), artifact=artifact)


def _one_thread() -> threadpool_limits:
    """Keep linear algebra to one thread: on matrices of this size two are slower."""
    return threadpool_limits(limits=1, user_api="blas")


def _describe(
    read: _Read, artifact: Artifact | None, static_icp: StaticIcp | None, rules: Rules
) -> Benchmark:
    findings = _findings(read, rules)
    effects = _ranked(findings)
    history, past = read.past.history, read.past
    concluded = conclude(findings, rules, unit=history.unit)
    seen = _see(read, artifact, effects, rules)
    called = judge.call(past, static_icp)
    return Benchmark(
        as_of=history.as_of if history.times_known else None,
        unit=history.unit,
        sources=read.ladder.sources,
        funnel=ladder.count(read.ladder, past.leads),
        verdict=concluded.verdict,
        verdict_outcome=concluded.outcome,
        verdict_words=concluded.words,
        detectable=concluded.detectable,
        customers_needed=concluded.customers_needed,
        money=money.at_stake(past, seen.flagged, rules),
        current_icp=judge.judge_current(past, read.ladder, called, rules),
        effects=effects,
        weights=read.weights,
        detractor=read.detractor,
        profile=tuple(row for row in seen.ranked if row.points > 0),
        poor_fit=tuple(row for row in seen.ranked[::-1] if row.points < 0),
        detractor_profile=seen.worst,
        static_icp=_against(read, artifact, called, rules),
        drift=compare_years(past, read.ladder, read.screened.usable, rules),
        warnings=_warnings(read, findings, (*seen.ranked, *seen.worst), rules),
        series=_series(read, rules),
        artifact_digest=None if artifact is None else artifact.digest,
        excluded=read.screened.excluded,
        meaningful_users=read.ladder.users,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What an artifact says of the past it was learned from; blank without one."""

    ranked: tuple[ProfileRow, ...] = ()
    worst: tuple[ProfileRow, ...] = ()
    flagged: Bools | None = None


def _see(read: _Read, artifact: Artifact | None, effects: Sequence[Effect], rules: Rules) -> _Seen:
    if artifact is None:
        return _Seen()
    usable, timed = read.screened.usable, read.past.history.times_known
    # What is flagged is a count of what the artifact does, so it is asked of the artifact itself.
    _, matches = score_rows(artifact, usable)
    # Without any fact there is one score for all, which ranks nobody.
    ranks = len(matches) == read.past.rows
    return _Seen(
        ranked=profile.rank(artifact, usable, effects, rules, timed=timed),
        worst=profile.detracting(artifact, usable, effects, rules, timed=timed),
        flagged=matches >= artifact.flag_at if ranks and artifact.detractor is not None else None,
    )


def _against(
    read: _Read, artifact: Artifact | None, called: judge.Called | None, rules: Rules
) -> StaticFindings | None:
    """Judge the profile in use beside the learned score, each on accounts it has not seen."""
    scored = None
    if called is not None and artifact is not None:
        scored = cross_fitting.cross_fit(
            read.past,
            read.screened.usable,
            read.confounders,
            read.weights,
            read.detractor,
            rules,
        )
    return static_vs_learned.static_findings(read.past, read.ladder, called, scored, rules)


def _learn(read: _Read, rules: Rules) -> Artifact:
    usable = read.screened.usable
    heads = learn_heads(read.past, read.ladder, usable, read.confounders, rules)
    return write(
        read.past,
        usable,
        heads,
        read.weights,
        read.detractor,
        learned_from=read.digest,
        rules=rules,
    )


def _read(history: History, rules: Rules) -> _Read:
    past = read_past(history)
    climbed = climb(past)
    facts, confounders = read_facts(past, rules), read_confounders(past, rules)
    digest = _digest(past, (*facts, *confounders))
    # The draws depend on the data alone, so that the same history gives the same bytes.
    weights, detractor = weigh(past, climbed, rules, np.random.default_rng(int(digest[:15], 16)))
    return _Read(
        past=past,
        ladder=climbed,
        screened=leaks.screen(past, climbed, facts, confounders, rules),
        confounders=confounders,
        weights=weights,
        detractor=detractor,
        digest=digest,
    )


def _digest(past: Past, columns: Sequence[Levels]) -> str:
    """Return a digest of what was learned from."""
    found = hashlib.sha256(past.history.as_of.isoformat().encode())
    found.update(past.created.tobytes() + past.account.tobytes())
    for levels in columns:
        found.update(repr((levels.name, levels.labels)).encode() + levels.codes.tobytes())
    for kind in sorted(past.events):
        marks = past.events[kind]
        found.update(kind.encode())
        for part in (marks.row, marks.account, marks.at, marks.amount, marks.value):
            found.update(part.tobytes())
    return found.hexdigest()


def _findings(read: _Read, rules: Rules) -> list[Findings]:
    found: list[Findings] = []
    for step in Step:
        if read.ladder.sources[step] is Presence.MISSING:
            continue
        watched = watch(read.past, read.ladder, step, rules)
        usable = read.screened.usable
        found.append(estimate(read.past, step, watched, usable, read.confounders, rules=rules))
    return judge_together(found, rules)


_STRENGTH = (Claim.CAUSED, Claim.ASSOCIATED, Claim.NOT_IDENTIFIED, Claim.INSUFFICIENT)


def _ranked(findings: Sequence[Findings]) -> tuple[Effect, ...]:
    """Return all effects: claims first, and among equals the least likely to be chance."""
    effects = [effect for found in findings for effect in found.effects]
    return tuple(
        sorted(
            effects,
            key=lambda e: (_STRENGTH.index(e.claim), e.q_value, e.fact, e.value, e.outcome),
        )
    )


def _warnings(
    read: _Read, findings: Sequence[Findings], named_in: Sequence[ProfileRow], rules: Rules
) -> tuple[Notice, ...]:
    """Gather warnings; of values that cannot be told apart, one a fact with the number of more."""
    rows = {(row.fact, row.value) for row in named_in}
    spoken_of = [
        (levels, level)
        for levels in read.screened.usable
        for level in levels.shown
        if (levels.name, levels.labels[level]) in rows
    ]
    gathered = [
        *read.past.history.notices,
        *checks.look(read.past, read.ladder, read.confounders, rules, spoken_of=spoken_of),
        *read.screened.notices,
        *(notice for found in reversed(findings) for notice in found.notices),
    ]
    named = {notice.code for notice in gathered if notice.field is not None}
    seen: dict[tuple[str, str | None, str], Notice] = {}
    for notice in gathered:
        # The reader speaks of snapshots as a whole where the screening names each.
        if notice.code == "snapshot_fact" and notice.field is None and notice.code in named:
            continue
        folds = notice.code in {"confounded", "no_overlap"}
        key = (notice.code, notice.field, "" if folds else notice.message)
        if key not in seen:
            seen[key] = notice
        elif folds:
            more = int(str(seen[key].evidence.get("more", 0))) + 1
            seen[key] = replace(seen[key], evidence={**seen[key].evidence, "more": more})
    return tuple(seen.values())


def _series(read: _Read, rules: Rules) -> Series:
    return Series(
        funnel=funnel_months(read.past, read.ladder, rules),
        curves=curves(read.past, read.ladder, rules),
        season=checks.season(read.past),
    )
