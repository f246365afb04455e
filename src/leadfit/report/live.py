"""The pages of a workspace as text: leads, the benchmark, where it stands, what is not there.

The caller hands over what the store answered; nothing here looks anything up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from leadfit.records import Tier
from leadfit.report.lead_sheet import STATE_TONES, TIER_WORDS, LeadSheet, list_row
from leadfit.report.render import render

LIST_MARKS: Final = {
    "unassigned": "nobody has it",
    "breached": "a clock ran out",
    "untouched": "nobody touched it",
}

_LIST_FIELDS: Final = ("of", "tier", "owner", "state", "since")


def lead_list(
    sheets: Sequence[LeadSheet],
    *,
    now: datetime,
    chosen: Mapping[str, str] | None = None,
    after: str | None = None,
    following: str | None = None,
    why: str | None = None,
    reps: Mapping[str, str] | None = None,
) -> str:
    """Return the page of leads, newest first.

    Args:
        sheets: The leads of this page.
        now: For ages and the time that clocks have left.
        chosen: What was asked for, by the names of the fields of the page.
        after: The lead this page begins after; ``None`` on the first page.
        following: The lead behind which there are older ones; ``None`` on the last page.
        why: Why nothing could be looked for.
        reps: The names of those who work here, by id; of others the id is shown.
    """
    asked = dict(chosen or {})
    older = None if following is None else "/leads?" + urlencode(asked | {"after": following})
    names = reps or {}
    owners = {sheet.lead.owner_id for sheet in sheets if sheet.lead.owner_id} | set(names)
    return render(
        "leads.html",
        {
            "here": "leads",
            "title": "Leads",
            "rows": [list_row(sheet, now) for sheet in sheets],
            "tiers": [(str(int(t)), TIER_WORDS[t]) for t in Tier],
            "chosen": {name: asked.get(name, "") for name in (*_LIST_FIELDS, *LIST_MARKS)},
            "marks": LIST_MARKS,
            "owners": [(each, names.get(each, each)) for each in sorted(owners)],
            "reps": names,
            "is_filtered": bool(asked),
            "older": older,
            "newest": ("/leads?" + urlencode(asked) if asked else "/leads") if after else None,
            "why": why,
        },
    )


def home(
    *,
    figures: Mapping[str, int],
    tiers: Mapping[int, int],
    actions: Mapping[str, int],
    policy_digest: str,
    artifact_digest: str | None,
    is_ready: bool,
    has_report: bool,
    trouble: Sequence[str] = (),
    policy_waits: Sequence[str] = (),
) -> str:
    """Return the first page: where the workspace stands and what to do next.

    Args:
        figures: Counts of the workspace by name, as in ``leadfit status``.
        tiers: Leads of each tier.
        actions: Queued actions in each state.
        policy_digest: The policy in force.
        artifact_digest: The learned artifact in force.
        is_ready: The store can be read and the policy is loaded.
        has_report: A benchmark was made for this workspace.
        trouble: What a person should know of deliveries, in words.
        policy_waits: What the policy folder says that is not in force, in words.
    """
    most = max(tiers.values(), default=0) or 1
    return render(
        "home.html",
        {
            "here": "home",
            "title": "Today",
            "trouble": trouble,
            "policy_waits": policy_waits,
            "figures": figures,
            "tiers": [
                (TIER_WORDS[t], tiers.get(int(t), 0), round(tiers.get(int(t), 0) / most * 100, 1))
                for t in Tier
            ],
            "actions": [
                (state, STATE_TONES.get(state, "still"), number)
                for state, number in sorted(actions.items())
            ],
            "policy_digest": policy_digest,
            "artifact_digest": artifact_digest,
            "is_ready": is_ready,
            "has_report": has_report,
        },
    )


def benchmark(*, has_report: bool, reports_folder: str) -> str:
    """Return the page that shows the stored benchmark, or says how one is made.

    Args:
        has_report: There is one.
        reports_folder: Where it is looked for.
    """
    return render(
        "stored.html",
        {
            "here": "benchmark",
            "title": "Benchmark",
            "has_report": has_report,
            "reports_folder": reports_folder,
        },
    )


def message(title: str, text: str) -> str:
    """Return a page that says one thing, such as that nothing is at this address."""
    return render("message.html", {"here": None, "title": title, "text": text})
