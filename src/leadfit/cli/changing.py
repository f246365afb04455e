"""Commands that change the policy: plan, apply, rollback, and what was in force."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, cast

import click

from leadfit import policy as policies
from leadfit.canonical import document
from leadfit.cli.base import FILE, FOLDER, Moment, in_workspace, refuse, write_out
from leadfit.cli.output import Output
from leadfit.cli.plan_words import difference_words, plan_words, shadow_words
from leadfit.cli.workspace import opened
from leadfit.jobs.files.plans import LARGEST_PLAN_BYTES, PlanFile, write_plan
from leadfit.store.publications import Publication


@click.command("plan")
@click.argument("policy", type=FOLDER, required=False)
@click.option("--since", type=Moment(), help="Replay decisions from this time on.")
@click.option("--artifact", help="Plan this artifact, too: its digest or its file.")
@click.option("--out", type=FILE, help="Write the plan here, for `leadfit apply`.")
@click.option("--leads", type=FILE, help="Write the leads that move here, as CSV.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True,
    help="Processes that share the work.",
)  # fmt: skip
@in_workspace
def plan_command(
    output: Output,
    workspace: Path | None,
    *,
    policy: Path | None,
    since: datetime | None,
    artifact: str | None,
    out: Path | None,
    leads: Path | None,
    workers: int,
) -> None:
    """Say what POLICY would change, on the recorded history; nothing is written to the store."""
    with opened(workspace) as leadfit:
        plan = leadfit.plans.plan(policy, artifact=artifact, since=since, workers=workers)
    content, digest = write_plan(plan)
    if out is not None:
        write_out(out, content)
    if leads is not None:
        write_out(leads, _csv(plan).encode())
    said = {
        "plan_digest": digest,
        "out": None if out is None else str(out),
        "policy": {"before": plan.before_policy, "after": plan.policy.digest},
        "artifact": {"before": plan.before_artifact, "after": plan.artifact_digest},
        "changes_anything": plan.changes_anything,
        "differences": [{**document(each), "words": each.words} for each in plan.differences],
        "effects": plan.effects,
        "leads": len(cast("list[object]", plan.leads.get("rows", []))),
    }
    output.answer(said, lambda: f"{plan_words(plan)}\n\n{_ends(plan, digest, out)}")


def _ends(plan: PlanFile, digest: str, out: Path | None) -> str:
    if not plan.changes_anything:
        return "There is nothing to apply."
    if out is None:
        return f"Plan {digest[:12]}; write it with --out PLAN, then: leadfit apply PLAN"
    return f"Plan {digest[:12]} is in {out}; next: leadfit apply {out} --by WHO --reason WHY"


def _csv(plan: PlanFile) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(cast("list[str]", plan.leads.get("columns", ["lead_id"])))
    rows.writerows(cast("list[list[object]]", plan.leads.get("rows", [])))
    return text.getvalue()


@click.command("apply")
@click.argument("plan", type=FILE)
@click.option("--by", required=True, help="Who applies it.")
@click.option("--reason", required=True, help="Why; kept in the log.")
@in_workspace
def apply_command(
    output: Output, workspace: Path | None, *, plan: Path, by: str, reason: str
) -> None:
    """Put exactly the policy of PLAN in force; a plan that is not of today is refused."""
    try:
        if plan.stat().st_size > LARGEST_PLAN_BYTES:
            raise refuse("PLAN", str(plan), f"at most {LARGEST_PLAN_BYTES} bytes")
        content = plan.read_bytes()
    except OSError as error:
        raise refuse("PLAN", str(plan), f"a file of a plan: {error.strerror}") from error
    with opened(workspace) as leadfit:
        made = leadfit.errands.apply(content, by=by, reason=reason)
    _answer(output, made)


@click.command("rollback")
@click.option("--to", help="Digest of a policy that was in force, or its beginning.")
@click.option("--by", required=True, help="Who takes it back.")
@click.option("--reason", required=True, help="Why; kept in the log.")
@in_workspace
def rollback_command(
    output: Output, workspace: Path | None, *, to: str | None, by: str, reason: str
) -> None:
    """Put back what was in force before the latest change; again goes one step further."""
    with opened(workspace) as leadfit:
        made = leadfit.errands.rollback(by=by, reason=reason, to=to)
    _answer(output, made)


def _answer(output: Output, made: Publication) -> None:
    words = f"In force is {made.policy_digest[:12]} as change {made.number}; it was"
    lines = [f"{words} {made.before_policy[:12]}"]
    if made.artifact_digest != made.before_artifact:
        lines.append(_artifact_words(made))
    output.answer(document(made), "\n".join(lines))


def _artifact_words(made: Publication) -> str:
    was, now = (
        "none" if each is None else each[:12]
        for each in (made.before_artifact, made.artifact_digest)
    )
    return f"learned profile: {was} -> {now}"


@click.group("policy")
def policy_command() -> None:
    """The policy in force: what it says, what it was, what the folder says otherwise."""


@policy_command.command("history")
@in_workspace
def history_command(output: Output, workspace: Path | None) -> None:
    """List every change of what was in force, newest first."""
    with opened(workspace) as leadfit:
        made = leadfit.policies.history()[::-1]
    output.answer(
        {"changes": [document(each) for each in made]},
        lambda: "\n".join(map(change_words, made)) or "nothing was changed since the first policy",
    )


def change_words(made: Publication) -> str:
    """Return a change of what was in force in one line."""
    at = f"{made.at:%Y-%m-%d %H:%M}"
    changed = []
    if made.policy_digest != made.before_policy:
        changed.append(f"policy: {made.before_policy[:12]} -> {made.policy_digest[:12]}")
    if made.artifact_digest != made.before_artifact:
        changed.append(_artifact_words(made))
    what = ", ".join(changed) or f"policy: {made.policy_digest[:12]}"
    return f"{made.number}  {at}  {made.change.value}  {what}  by {made.by}: {made.reason}"


@policy_command.command("show")
@click.argument("digest", required=False)
@in_workspace
def show_command(output: Output, workspace: Path | None, *, digest: str | None) -> None:
    """Print the four files of the policy in force, or of another by DIGEST."""
    with opened(workspace) as leadfit:
        found = leadfit.policies.policy(digest)
    files = {name: content.decode() for name, content in found.files.items()}
    output.answer(
        {"digest": found.digest, "files": files},
        lambda: "\n".join(f"# ---- {name}\n{text}" for name, text in files.items()),
    )


@policy_command.command("diff")
@click.argument("one", required=False)
@click.argument("other", required=False)
@in_workspace
def diff_command(
    output: Output, workspace: Path | None, *, one: str | None, other: str | None
) -> None:
    """Say how the policy folder differs from what is in force, or ONE digest from OTHER."""
    with opened(workspace) as leadfit:
        if one is None:
            edited = leadfit.policies.edited()
            differences, faults = edited.differences, edited.faults
        else:
            first, second = leadfit.policies.policy(one), leadfit.policies.policy(other)
            differences, faults = policies.diff(first, second), ()
    lines = [*difference_words(differences), *(f"  cannot be used: {each}" for each in faults)]
    output.answer(
        {
            "differences": [{**document(each), "words": each.words} for each in differences],
            "faults": [document(each) for each in faults],
        },
        "\n".join(lines) or "no difference",
    )


@click.group("shadow")
def shadow_command() -> None:
    """Shadow mode: everything is decided and recorded, nothing is acted on."""


@shadow_command.command("report")
@click.option("--since", type=Moment(), help="Look at decisions from this time on.")
@in_workspace
def report_command(output: Output, workspace: Path | None, *, since: datetime | None) -> None:
    """Say how often decisions differ from the owner and account the incumbent gave."""
    with opened(workspace) as leadfit:
        found = leadfit.plans.shadow(since)
        mode = leadfit.policy.mode
    output.answer({"mode": mode, **document(found)}, lambda: shadow_words(mode, found))


COMMANDS: Final[Mapping[str, click.Command]] = {
    command.name: command
    for command in (
        plan_command,
        apply_command,
        rollback_command,
        policy_command,
        shadow_command,
    )
    if command.name is not None
}
