"""Commands that learn in a workspace, and the outbound filter that scores a list of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from leadfit.bounds import percent, percent_span
from leadfit.canonical import document, moment, plain
from leadfit.cli.base import FILE, FOLDER, Moment, answering, in_workspace
from leadfit.cli.offline import write_report
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import opened
from leadfit.jobs import Learned, why_retrain
from leadfit.jobs.lists.prospects import ScoredList, read_artifact, score_list
from leadfit.jobs.watches.drift import drifted, review_files
from leadfit.propensity import Cut

if TYPE_CHECKING:
    from leadfit.learn import DriftFindings
    from leadfit.learn.outlook import Outlook
    from leadfit.learn.result import Estimate

_SHOWN = 12


@click.command("learn")
@click.option("--as-of", type=Moment(), help="Look at nothing later than this.")
@click.option("--publish", is_flag=True, help="Put it in force although the policy asks first.")
@click.option("--force", is_flag=True, help="Put it in force whatever speaks against it.")
@in_workspace
def learn_command(
    output: Output, workspace: Path | None, *, as_of: datetime | None, publish: bool, force: bool
) -> None:
    """Learn from the workspace's own history and score every account anew.

    Exit code 1 when something speaks against what was learned and it was not put in force.
    """
    with opened(workspace) as leadfit:
        learned = leadfit.learn(as_of, publish=publish, force=force)
    output.answer(learned_document(learned), lambda: learned_words(learned))
    if learned.proposal.objections and not learned.published:
        click.get_current_context().exit(1)


@click.command("score")
@click.argument("accounts", type=FILE)
@click.option("--artifact", type=FILE, required=True, help="An artifact.json of the learner.")
@click.option("--out", type=FILE, required=True, help="The scored list: .csv or .parquet.")
@answering
def score_command(output: Output, *, accounts: Path, artifact: Path, out: Path) -> None:
    """Score a list of accounts that need not be in any CRM, and mark whom to leave out."""
    model = read_artifact(artifact)
    found = score_list(accounts, model, out)
    told = {**document(found), "artifact": model.digest, "as_of": model.as_of, "out": str(out)}
    output.answer(told, lambda: scored_words(found, out))


def scored_words(found: ScoredList, out: Path) -> str:
    """Return what became of a list for a person."""
    suppressed = f"suppressed, with the reason: {found.suppressed}"
    lines = [
        f"{found.rows} accounts are scored in {out}; {suppressed}",
        f"Ids were read from {found.id_column}",
    ]
    if found.missing:
        lines.append(f"Not in the list, so taken as blank: {', '.join(found.missing)}")
    if found.unread:
        lines.append(f"Not known to the artifact, so not read: {', '.join(found.unread)}")
    lines += [
        f"{fact}: values that the artifact never saw, taken as other: {count}"
        for fact, count in found.unheard.items()
    ]
    return "\n".join(lines)


@click.command("drift")
@click.option("--as-of", type=Moment(), help="Look at nothing later than this.")
@click.option("--out", type=FOLDER, help="Folder for the quarterly review: review.html and .json.")
@in_workspace
def drift_command(
    output: Output, workspace: Path | None, *, as_of: datetime | None, out: Path | None
) -> None:
    """Say whether the score in force still holds, what moved, and who may be blamed for it.

    Exit code 1 when drift is found: an alarm, a watch that a second finding confirms, or
    engagement that outweighs fit.
    """
    with opened(workspace) as leadfit:
        found, outlook = leadfit.drift(as_of), leadfit.outcomes.outlook(as_of)
        now = leadfit.world.now()
        retrain = why_retrain(found, leadfit.artifact, leadfit.policy, now)
    if out is not None:
        files = review_files(found, outlook)
        write_report(out, files)
        output.say(f"{', '.join(files)} are in {out.resolve()}")
    is_found = drifted(found) or outlook.bias.level == "alarm"
    told = {"found": is_found, "retrain": list(retrain), **document(found)}
    told |= {"tiers": document(outlook.tiers), "engagement_bias": document(outlook.bias)}
    words = [tier_words(outlook), *(f"Learn anew: {why}" for why in retrain)]
    output.answer(told, lambda: "\n".join([drift_words(found), *words]))
    if is_found:
        click.get_current_context().exit(1)


def tier_words(outlook: Outlook) -> str:
    """Return whether engagement outweighs fit and how wins by tier changed, for a person."""
    from leadfit.report import outlook as told  # noqa: PLC0415 -- it needs the extra

    lines = [f"Engagement and fit: {told.bias_words(outlook.bias)}"]
    if outlook.tiers.changes:
        lines += ["Wins by tier", table(told.tier_rows(outlook.tiers), indent="  ")]
    return "\n".join(lines)


def drift_words(found: DriftFindings) -> str:
    """Return what the drift watch found for a person."""
    lines = [f"{found.level.replace('_', ' ').capitalize()}. {found.words}"]
    lines.append(f"Watched: {found.score_name}, as of {found.as_of:%Y-%m-%d}")
    if found.win_rate is not None:
        lines.append(found.win_rate.words)
    if found.blame:
        rows = [(each.part.replace("_", " "), _points(each.points)) for each in found.blame]
        lines += ["Parts of the change of the win rate", table(rows, indent="  ")]
    lines += [f"  {segment.words}" for segment in found.segments[:_SHOWN]]
    lines += [f"  {segment.words}" for segment in found.noted[:_SHOWN]]
    if found.age.age_days is not None:
        lines.append(f"The profile was {found.age.age_days:.0f} days old on {found.as_of:%Y-%m-%d}")
    lines += [f"Note: {notice.message}" for notice in found.notices]
    return "\n".join(lines)


def _points(estimate: Estimate) -> str:
    if estimate.value is None:
        return "not known"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value * 100:+.1f} points"
    low, high = estimate.low * 100, estimate.high * 100
    return f"{estimate.value * 100:+.1f} points ({low:+.1f} to {high:+.1f})"


def learned_document(learned: Learned) -> dict[str, object]:
    """Return how a run of learning ended as JSON values."""
    found = learned.proposal
    before = None if found.latest is None else found.latest.body
    return {
        "as_of": moment(found.history.as_of),
        "artifact": None if found.artifact is None else found.artifact.digest,
        "artifact_before": None if found.before is None else found.before.digest,
        "published": learned.published,
        "objections": list(found.objections),
        "verdict": found.benchmark.verdict.value,
        "verdict_before": None if before is None else before.get("verdict"),
        "outcomes": dict(found.outcomes),
        "outcomes_before": dict(found.outcomes_before) or None,
        "weights": {step.value: plain(weight) for step, weight in found.benchmark.weights.items()},
        "weights_before": None if before is None else before.get("weights"),
        "changes": [plain(change) for change in found.changes],
        "rejections": {
            "since": None if found.rejected.since is None else moment(found.rejected.since),
            "leads": len(found.rejected.rejected),
            "reasons": [
                plain({"reason": words, "leads": n}) for words, n in found.rejected.reasons
            ],
            "segments": [plain(segment) for segment in found.segments],
        },
        "propensity": _propensity(learned),
        "flag": plain(found.completed.flag),
        "cautions": list(found.completed.cautions),
        "moved": {"compared": found.move.compared, "far": found.move.far},
        "accounts": learned.accounts,
        "accounts_rescored": learned.rescored,
    }


def _propensity(learned: Learned) -> dict[str, object]:
    """Return Model C's report: what it was learned from, and how it did on what it had not seen."""
    found = learned.proposal.completed.chance
    return {
        "months": round(found.months, 1),
        "moments": found.rows,
        "wins": found.wins,
        "censored": found.censored,
        "hold_out": None if found.model is None else plain(found.model.hold_out),
        "notices": [each.message for each in found.notices],
    }


def _chance_words(learned: Learned) -> list[str]:
    """Return in two lines how well the chance of a win does, with intervals."""
    model = learned.proposal.completed.chance.model
    if model is None:
        return []
    held = model.hold_out
    seen = f"on {held.leads} moments since {held.since[:10]} that it had not seen"
    off = f"{held.wins} of them won, it is off by {100 * held.ece:.1f} points on average"
    return ["", f"Chance of a win (Model C): {seen}, {off}", *map(_cut_words, held.cuts)]


def _cut_words(cut: Cut) -> str:
    start = f"  from {percent(cut.at, 0)} on"
    if not cut.called:
        return f"{start}: nobody is called, so neither precision nor recall is told"
    precise = percent_span(cut.precision_low, cut.precision_high, 0)
    recalled = percent_span(cut.recall_low, cut.recall_high, 0)
    return (
        f"{start}: {cut.called} called, precision {percent(cut.precision, 0)} ({precise}), "
        f"recall {percent(cut.recall, 0)} ({recalled})"
    )


def _flag_words(learned: Learned) -> list[str]:
    flag = learned.proposal.completed.flag
    if flag is None:
        return []
    seen = f"of {flag.flagged} flagged customers it had not seen {flag.flagged_left} left after use"
    low = f"within a year, at least {percent(flag.low, 0)} of such"
    return [f"Detractor flag: {seen} {low}; {flag.left} of all {flag.customers}"]


def _in_words(verdict: object) -> str:
    return str(verdict).replace("_", " ")


def learned_words(learned: Learned) -> str:
    """Return how a run of learning ended for a person."""
    found = learned.proposal
    before = {} if found.latest is None else found.latest.body
    verdict = _in_words(found.benchmark.verdict.value)
    lines = [f"Learned as of {found.history.as_of:%Y-%m-%d %H:%M} UTC: {verdict}"]
    if before.get("verdict") not in (None, found.benchmark.verdict.value):
        lines[0] += f" (before: {_in_words(before['verdict'])})"
    lines.append(found.benchmark.verdict_words)
    old = before.get("weights")
    rows = [("Weight of", "now", "before")]
    for step, weight in found.benchmark.weights.items():
        was = old.get(step.value) if isinstance(old, dict) else None
        rows.append(
            (step.value, f"{weight.value:.0f}", "-" if was is None else f"{float(was):.0f}")
        )
    lines += ["", table(rows, indent="  ")]
    lines += _changes(learned)
    lines += _rejections(learned)
    lines += [*_chance_words(learned), *_flag_words(learned)]
    lines += [f"Caution: {words}" for words in found.completed.cautions]
    return "\n".join([*lines, "", *_end(learned)])


def _changes(learned: Learned) -> list[str]:
    found = learned.proposal
    if not found.changes:
        return ["", "No value changed its points."]
    rows = [("Value", "points", "before")]
    for change in found.changes[:_SHOWN]:
        was = "-" if change.before is None else f"{change.before:+.1f}"
        rows.append((f"{change.fact} is {change.value}", f"{change.after:+.1f}", was))
    more = len(found.changes) - _SHOWN
    lines = ["", table(rows, indent="  ")]
    lines += [
        f"  {c.fact} is {c.value}: {c.why}"
        for c in found.changes[:_SHOWN]
        if c.why and c.before is not None and c.after < c.before
    ]
    return [*lines, f"  and {more} more values; see --json"] if more > 0 else lines


def _rejections(learned: Learned) -> list[str]:
    said, segments = learned.proposal.rejected, learned.proposal.segments
    named = [f"  {segment.words}" for segment in segments[:_SHOWN]]
    if named:
        named = ["", "Rejected more than the score in force says", *named]
    if not said.rejected:
        return named
    since = "" if said.since is None else f" since {said.since:%Y-%m-%d %H:%M} UTC"
    rows = [(words, count) for words, count in said.reasons[:_SHOWN]]
    return [
        "",
        f"{len(said.rejected)} leads were rejected{since}",
        table(rows, indent="  "),
        *named,
    ]


def _end(learned: Learned) -> list[str]:
    found = learned.proposal
    if found.artifact is None:
        return ["Nothing can be scored yet: no step has enough outcomes and failures."]
    digest = found.artifact.digest[:12]
    lines = [f"Against it: {words}" for words in found.objections]
    if learned.published:
        same = found.before is not None and found.before.digest == found.artifact.digest
        lines.append(f"Artifact {digest} is in force" + (", as before" if same else ""))
    elif found.objections:
        lines.append(f"Artifact {digest} is written and not in force; --force puts it there")
    else:
        lines.append(f"Artifact {digest} is written and not in force; --publish puts it there")
    lines.append(f"{learned.accounts} accounts have a score; {learned.rescored} were written anew")
    return lines


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType(
    {"drift": drift_command, "learn": learn_command, "score": score_command}
)
