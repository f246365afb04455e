"""Decisions and counts in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from leadfit.app import Status
from leadfit.canonical import moment
from leadfit.cli.output import table
from leadfit.records import Decision, Reason
from leadfit.store.intake import AccessKey


def decision_words(decision: Decision) -> str:
    """Return the whole chain of a decision, one reason a line; points stand in front."""
    return "\n".join(_lines(decision))


def _lines(decision: Decision) -> Iterator[str]:
    match = decision.match
    yield (
        f"Decided {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC on signal {decision.signal_id}: "
        + ("a lead was opened" if decision.opened else "no lead was opened")
    )
    yield (
        f"Account  {decision.account_id or 'none'} ({match.band.value}, {match.relation.value}, "
        f"probability {match.probability:.3f})"
    )
    yield from _reasons(match.reasons)
    if decision.score is not None:
        score = decision.score
        yield f"Score    {score.total:g} of 100 by Model {score.model}: Tier {score.tier.value}"
        yield from _reasons(score.reasons)
        if score.icp is not None:
            flag = ", flagged as a detractor" if score.icp.flagged else ""
            yield f"ICP      {score.icp.score:g} of 100{flag}"
            yield from _reasons(score.icp.reasons)
    if decision.assignment is not None:
        yield f"Owner    {decision.assignment.owner_id}: {decision.assignment.place.words}"
    elif decision.ranking is not None:
        yield "Owner    nobody was free"
    if decision.ranking is not None:
        yield from _reasons(decision.ranking.reasons)
        for place in decision.ranking.excluded:
            yield f"         - {place.rep_id} was left out: {place.words}"
    for clock in decision.plan.clocks:
        due = f"due {clock.due_at:%Y-%m-%d %H:%M:%S} UTC" if clock.due_at else "measured"
        yield f"Clock    {clock.kind.value.replace('_', ' ')}: {due}"
    for action in decision.plan.actions:
        yield f"Action   {action.kind} by {action.destination}, {action.due_at:%Y-%m-%d %H:%M} UTC"
    yield f"Policy   {decision.policy_digest[:12]}" + (
        f", artifact {decision.artifact_digest[:12]}" if decision.artifact_digest else ""
    )


def _reasons(reasons: tuple[Reason, ...]) -> Iterator[str]:
    for reason in reasons:
        points = "" if reason.points is None else f"{reason.points:+.1f}"
        yield f"{points:>9}  {reason.words}"


def status_words(status: Status) -> str:
    """Return the counts as a table."""
    counts = status.counts
    rows: list[tuple[str, object]] = [
        ("accounts", counts.accounts),
        ("contacts", counts.contacts),
        ("leads", counts.leads),
        *((f"  Tier {tier}", number) for tier, number in sorted(counts.leads_by_tier.items())),
        ("  open", counts.open_leads),
        ("  without an owner", counts.unassigned),
        ("signals to decide", counts.signals_pending),
        ("signals set aside", counts.signals_dead),
        ("decisions", counts.decisions),
        ("clocks running", counts.clocks_running),
        ("  overdue", counts.overdue),
        *((f"actions {state}", number) for state, number in sorted(counts.actions.items())),
        ("rows of the log", counts.log_rows),
        ("signals refused and kept", status.refused),
    ]
    lines = [table(rows)]
    if status.sources:
        shown = [
            (f"  {each.source}", _flow_words(each.received, each.expected, each.null_share))
            for each in status.sources
        ]
        lines += ["Sources, last 24 hours", table(shown)]
    alarms = [alarm for each in status.sources for alarm in each.found]
    lines += [f"ALARM {each.words}" for each in alarms]
    lines += [f"NOT READY {each.name}: {each.words}" for each in status.checks if not each.holds]
    return "\n".join(lines)


def key_words(key: AccessKey, now: datetime) -> str:
    """Say what a key may do, when it was used and whether it has ended."""
    used = "never used" if key.used_at is None else f"used {moment(key.used_at)}"
    if key.revoked_at is not None:
        end = f", revoked {moment(key.revoked_at)}"
    elif key.expires_at is None:
        end = ""
    else:
        end = f", {'ended' if key.expires_at <= now else 'ends'} {moment(key.expires_at)}"
    return f"{key.scope}, made {moment(key.created_at)}, {used}{end}"


def _flow_words(received: int, expected: float | None, null_share: float | None) -> str:
    usual = "not judged yet" if expected is None else f"{expected:.3g} expected"
    nulls = "" if null_share is None else f", {100 * null_share:.3g} % without an address"
    return f"{received} ({usual}{nulls})"
