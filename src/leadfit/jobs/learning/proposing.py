"""Learns from the workspace's own history: what is proposed, what speaks against it, and scores.

Nothing here puts an artifact in force or writes a file; :class:`leadfit.app.Leadfit` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from leadfit.artifact import Artifact, to_json
from leadfit.bounds import percent
from leadfit.errors import MissingExtra
from leadfit.history import History
from leadfit.jobs.learning import completing
from leadfit.jobs.learning.changes import PointsChange, Rejections, changed_points, rejections
from leadfit.jobs.lists.scoring import FactScorer
from leadfit.jobs.past.names import FactNames
from leadfit.jobs.past.recall import history as recall
from leadfit.policy import Policy
from leadfit.records import Facts
from leadfit.store import Session, Store
from leadfit.store.past import AccountScore, LearningRun, ScoredAccount
from leadfit.world import World

if TYPE_CHECKING:
    from leadfit.learn import Benchmark, DriftFindings, RejectedSegment, Study

_CHUNK: Final = 5_000
_MOST_RUNS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How far the scores of stored accounts would move.

    Attributes:
        compared: Accounts that have a score by the artifact in force.
        far: Of these, the accounts whose score moves by more than the policy's large move.
    """

    compared: int = 0
    far: int = 0

    @property
    def share(self) -> float:
        """Share of the compared accounts that move far."""
        return self.far / self.compared if self.compared else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a history teaches, beside what is in force.

    Attributes:
        artifact: ``None`` where no step has enough outcomes.
        outcomes: By ladder step, how many units reached it; steps without a source are absent.
        outcomes_before: The same when the artifact in force was learned, if that was kept.
        latest: The run that put the artifact in force there, if it was one of this workspace.
        changes: Values whose points changed, largest change first.
        segments: Values that are rejected more than the score in force says, the surest first.
        completed: Model C, the flag's precision, and what is to be known of the model in force.
        objections: Why it should not be put in force unseen; empty when nothing speaks against it.
        files: Reports by name, as text.
    """

    history: History
    benchmark: Benchmark
    artifact: Artifact | None
    before: Artifact | None
    outcomes: Mapping[str, int]
    outcomes_before: Mapping[str, int]
    latest: LearningRun | None
    changes: tuple[PointsChange, ...]
    rejected: Rejections
    segments: tuple[RejectedSegment, ...]
    move: Move
    objections: tuple[str, ...]
    completed: completing.Completed
    files: Mapping[str, str] = field(default_factory=dict)

    def run(self, at: datetime, *, published: bool) -> LearningRun:
        """Return what is kept of this run."""
        return LearningRun(
            at=at,
            as_of=self.history.as_of,
            artifact_digest=None if self.artifact is None else self.artifact.digest,
            published=published,
            body={
                "verdict": self.benchmark.verdict.value,
                "outcomes": dict(self.outcomes),
                "weights": {s.value: w.value for s, w in self.benchmark.weights.items()},
                "detractor": self.benchmark.detractor.value,
                "objections": list(self.objections),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """How a run of learning ended.

    Attributes:
        published: The proposed artifact is in force.
        accounts: Stored accounts; all of them have a score when an artifact is in force.
        rescored: Accounts whose score, flag or version changed.
    """

    proposal: Proposal
    published: bool
    accounts: int
    rescored: int


def propose(
    store: Store, policy: Policy, before: Artifact | None, as_of: datetime | None = None
) -> Proposal:
    """Learn from the history in the store.

    The same history gives the same artifact, byte for byte.

    Args:
        store: Where the past is recorded.
        policy: Thresholds, other names of facts.
        before: The artifact in force.
        as_of: Nothing later is looked at.

    Raises:
        BadInput: Nothing is recorded yet.
        MissingExtra: The extra ``learn`` is not installed.
    """
    try:
        from leadfit import learn  # noqa: PLC0415 -- it needs the extra
    except ImportError as error:
        raise MissingExtra("learn", "learning from the workspace") from error
    history = recall(store, policy, as_of)
    rules = learn.Rules(min_effect=policy.learn.min_effect)
    completed = completing.complete(learn.study(history, rules=rules), history, policy, rules)
    study = completed.study
    latest = _latest_published(store, before)
    outcomes = _outcomes(study.benchmark)
    outcomes_before = {} if latest is None else _counts(latest.body.get("outcomes"))
    rejected = rejections(history, since=None if latest is None else latest.as_of)
    move = _move(store, policy, before, study.artifact)
    return Proposal(
        history=history,
        benchmark=study.benchmark,
        artifact=study.artifact,
        before=before,
        outcomes=outcomes,
        outcomes_before=outcomes_before,
        latest=latest,
        changes=()
        if study.artifact is None
        else changed_points(before, study.artifact, history, rejected),
        rejected=rejected,
        segments=learn.rejections(history, before),
        move=move,
        objections=(
            *_objections(policy, outcomes, outcomes_before, move),
            *completing.objections(policy, before, study.artifact),
        ),
        completed=completed,
        files=_files(study),
    )


def drift(
    store: Store, policy: Policy, artifact: Artifact | None, as_of: datetime | None = None
) -> DriftFindings:
    """Watch the artifact in force over the history in the store; without one, imported scores.

    Raises:
        BadInput: Nothing is recorded yet.
        MissingExtra: The extra ``learn`` is not installed.
    """
    try:
        from leadfit import learn  # noqa: PLC0415 -- it needs the extra
    except ImportError as error:
        raise MissingExtra("learn", "the drift watch") from error
    history = recall(store, policy, as_of)
    runs = store.read(lambda session: session.past.learnings(_MOST_RUNS))
    updated = {run.artifact_digest: run.as_of for run in runs if run.published}
    times = sorted(at for at in updated.values() if at <= history.as_of)
    return learn.drift(history, artifact, updated_at=times)


def _files(study: Study) -> dict[str, str]:
    """Return the reports by name."""
    from leadfit import report  # noqa: PLC0415 -- it needs the extra

    told = report.document(study.benchmark)
    files = {
        "report.html": report.page(study.benchmark),
        "report.json": json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    if study.artifact is not None:
        files["artifact.json"] = to_json(study.artifact)
    return files


def _latest_published(store: Store, before: Artifact | None) -> LearningRun | None:
    """Return the run that put the artifact in force there, if it was a run of this workspace."""
    if before is None:
        return None
    runs = store.read(lambda session: session.past.learnings(_MOST_RUNS))
    return next((run for run in runs if run.artifact_digest == before.digest), None)


def _outcomes(found: Benchmark) -> dict[str, int]:
    steps = ("accepted", "qualified", "converted", "expanded", "churned_after_use")
    counts = {step: getattr(found.funnel, step) for step in steps}
    return {step: count for step, count in counts.items() if count is not None}


def _counts(told: object) -> dict[str, int]:
    given = told if isinstance(told, dict) else {}
    return {str(name): count for name, count in given.items() if isinstance(count, int)}


def _objections(
    policy: Policy, outcomes: Mapping[str, int], before: Mapping[str, int], move: Move
) -> tuple[str, ...]:
    rules = policy.learn
    fewer = [
        f"fewer outcomes than the artifact in force was learned from: {step} "
        f"{outcomes.get(step, 0)} instead of {count}"
        for step, count in before.items()
        if outcomes.get(step, 0) < count
    ]
    if move.share > rules.large_move_share:
        fewer.append(
            f"the score of {move.far} of {move.compared} accounts moves by more than "
            f"{rules.large_move_points:g} points (learn.large_move_points), which is more than "
            f"{percent(rules.large_move_share, 0)} of them (learn.large_move_share)"
        )
    return tuple(fewer)


def score_accounts(
    world: World, store: Store, policy: Policy, artifact: Artifact
) -> tuple[int, int]:
    """Score every stored account; return how many there are and how many scores changed.

    Raises:
        StoreBusy: The store cannot take more now; scoring again goes on where this stopped.
    """
    names, as_of, now = FactNames(policy), datetime.fromisoformat(artifact.as_of), world.now()
    scorer = FactScorer(artifact)
    total = changed = 0
    for chunk in _accounts(store):
        found = scorer.score([facts_of(artifact, account, names) for account in chunk])
        scores = [
            AccountScore(
                account_id=account.account_id,
                score=figures.score,
                detractor=figures.detractor,
                flagged=figures.flagged,
                artifact_digest=artifact.digest,
                as_of=as_of,
                scored_at=now,
            )
            for account, figures in zip(chunk, found, strict=True)
        ]
        total += len(scores)
        changed += store.write(partial(_keep, scores))
    return total, changed


def _keep(scores: Sequence[AccountScore], session: Session) -> int:
    return session.past.keep_scores(scores)


def _accounts(store: Store) -> Iterator[Sequence[ScoredAccount]]:
    after: str | None = None
    while True:
        chunk = store.read(lambda session, last=after: session.past.to_score(last, _CHUNK))  # type: ignore[misc]  # a default binds the place now
        if not chunk:
            return
        yield chunk
        after = chunk[-1].account_id


def facts_of(artifact: Artifact, account: ScoredAccount, names: FactNames) -> Facts:
    """Return an account's facts under the artifact's names; those of its latest lead come first.

    A fact that two tables share has the name of its table before it.
    """
    own = {"country": account.country, **account.facts}
    of_lead, of_account = names.reader(account.lead_facts), names.reader(own)
    found = {}
    for fact in artifact.facts:
        value = of_lead(fact.name)
        if value is None:
            value = of_account(fact.name.removeprefix("accounts."))
        found[fact.name] = value
    return found


def _move(store: Store, policy: Policy, before: Artifact | None, after: Artifact | None) -> Move:
    if before is None or after is None or before.digest == after.digest:
        return Move()
    names, compared, far = FactNames(policy), 0, 0
    by_old, by_new = FactScorer(before), FactScorer(after)
    for chunk in _accounts(store):
        ids = [account.account_id for account in chunk]
        there = store.read(partial(_scores, ids))
        stale = [
            account
            for account in chunk
            if (score := there.get(account.account_id)) is None
            or score.artifact_digest != before.digest
        ]
        olds = {account_id: score.score for account_id, score in there.items()}
        again = by_old.score([facts_of(before, account, names) for account in stale])
        olds |= {a.account_id: each.score for a, each in zip(stale, again, strict=True)}
        news = by_new.score([facts_of(after, account, names) for account in chunk])
        compared += len(chunk)
        far += sum(
            abs(new.score - olds[account.account_id]) > policy.learn.large_move_points
            for account, new in zip(chunk, news, strict=True)
        )
    return Move(compared=compared, far=far)


def _scores(ids: Sequence[str], session: Session) -> Mapping[str, AccountScore]:
    return session.past.scores_of(ids)
