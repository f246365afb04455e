"""Counts and keys in words."""

from __future__ import annotations

from datetime import datetime

from leadfit.app import Status
from leadfit.canonical import moment
from leadfit.cli.output import table
from leadfit.policy import Policy
from leadfit.store.intake import AccessKey


def rep_names(policy: Policy) -> dict[str, str]:
    """Return what reps are called, by id."""
    return {rep.rep_id: rep.name for rep in policy.reps}


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
    lines += [] if status.retrain is None else [f"Learn anew: {status.retrain}"]
    check = status.drift_check
    if check is not None and check.is_made:
        lines.append(f"Score checked {check.at:%Y-%m-%d}: {check.words}")
    lines += [f"Policy: {each}" for each in status.policy_folder.words]
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
