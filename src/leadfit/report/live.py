"""The pages of a workspace as text: leads, one lead with its why, the benchmark, where it stands.

The caller hands over what the store answered; nothing here looks anything up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from leadfit.records import (
    Account,
    Action,
    Band,
    Clock,
    ClockKind,
    Contact,
    Decision,
    Lead,
    Match,
    Ranking,
    Reason,
    Score,
    Tier,
)
from leadfit.report import words
from leadfit.report.acting import Acting, acting_view
from leadfit.report.overriding import Overriding, override_view
from leadfit.report.render import render

View = dict[str, object]

TIER_TONES: Final = {Tier.ONE: "bad", Tier.TWO: "info", Tier.THREE: "still"}
TIER_WORDS: Final = {Tier.ONE: "Tier 1", Tier.TWO: "Tier 2", Tier.THREE: "Tier 3"}
BAND_TONES: Final = {Band.AUTO: "good", Band.REVIEW: "warn", Band.NEW: "still"}
BAND_WORDS: Final = {Band.AUTO: "linked", Band.REVIEW: "needs review", Band.NEW: "new account"}
CLOCK_WORDS: Final = {
    ClockKind.SIGNAL_TO_ASSIGNMENT: "From signal to owner",
    ClockKind.ASSIGNMENT_TO_TOUCH: "From owner to first touch",
    ClockKind.SIGNAL_TO_TOUCH: "From signal to first touch",
}
LIST_MARKS: Final = {
    "unassigned": "nobody has it",
    "breached": "a clock ran out",
    "untouched": "nobody touched it",
}
_LIST_FIELDS: Final = ("of", "tier", "owner", "state", "since")
STATE_TONES: Final = {
    "done": "good",
    "pending": "info",
    "sending": "info",
    "refused": "bad",
    "dead": "bad",
    "cancelled": "still",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """A clock and how it ended, if it did."""

    clock: Clock
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    breached_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionLine:
    """A queued action and how far it has come."""

    action: Action
    state: str
    attempts: int = 0
    error: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person said or did about a lead."""

    what: str
    by: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountIcp:
    """The learned score of a lead's account, with its version and age."""

    score: float
    detractor: float
    flagged: bool
    artifact_digest: str
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """A review that waits, of a lead."""

    review_id: str
    probability: float
    due_at: datetime | None = None
    is_about_the_account: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSheet:
    """A lead with everything its page shows.

    Attributes:
        reviews: What a person is asked about its match.
        decisions: Every decision about it, newest first.
        reasons: Why it has this owner, or none, now.
    """

    lead: Lead
    account: Account | None = None
    contact: Contact | None = None
    match: Match | None = None
    score: Score | None = None
    possible_account_id: str | None = None
    touched_at: datetime | None = None
    clocks: Sequence[ClockLine] = ()
    actions: Sequence[ActionLine] = ()
    said: Sequence[Said] = ()
    reasons: Sequence[Reason] = ()
    decisions: Sequence[Decision] = ()
    icp: AccountIcp | None = None
    reviews: Sequence[OpenReview] = ()


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
            "rows": [_row(sheet, now) for sheet in sheets],
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


def lead_page(
    sheet: LeadSheet,
    *,
    now: datetime,
    override: Overriding | None = None,
    acting: Acting | None = None,
    reps: Mapping[str, str] | None = None,
) -> str:
    """Return the page of one lead: what it is, why, what is running and what was done.

    Args:
        sheet: The lead.
        now: For ages and the time that clocks have left.
        override: Whether a person can lift it, and what was entered to do so.
        acting: What a person can say and do about it, and what was entered.
        reps: The names of those who work here, by id; of others the id is shown.
    """
    newest = next((d for d in sheet.decisions if d.score is not None), None)
    ranking = next((d.ranking for d in sheet.decisions if d.ranking is not None), None)
    score = sheet.score or (newest.score if newest else None)
    names = reps or {}
    return render(
        "lead.html",
        {
            "here": "leads",
            "title": _title(sheet),
            "row": _row(sheet, now),
            "lead": sheet.lead,
            "account": sheet.account,
            "account_icp": sheet.icp,
            "contact": sheet.contact,
            "contact_name": _contact_name(sheet.contact),
            "age": words.lasting(now - sheet.lead.created_at),
            "reasons": sheet.reasons,
            "reps": names,
            "score": _score(score) if score else None,
            "override": None if override is None else override_view(override),
            "acting": None if acting is None else acting_view(acting),
            "match": _match(sheet),
            "reviews": [_review(each, now) for each in sheet.reviews],
            "provisional": _provisional(sheet, ranking),
            "ranking": _ranking(ranking, sheet.lead.owner_id) if ranking else None,
            "clocks": [_clock(line, now) for line in sheet.clocks],
            "actions": [_action(line, names) for line in sheet.actions],
            "timeline": _timeline(sheet, names),
            "decision": sheet.decisions[0] if sheet.decisions else None,
            "earlier": [_earlier(d, names) for d in sheet.decisions[1:]],
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


def lead_path(lead_id: str) -> str:
    """Return the address of a lead's page.

    >>> lead_path("lead/1 a")
    '/leads/lead%2F1%20a'
    """
    return f"/leads/{quote(lead_id, safe='')}"


def _title(sheet: LeadSheet) -> str:
    if sheet.account is not None:
        return words.short(sheet.account.name, 90)
    return _contact_name(sheet.contact) or words.short(sheet.lead.lead_id, 60)


def _contact_name(contact: Contact | None) -> str | None:
    if contact is None:
        return None
    name = words.short(" ".join(p for p in (contact.first_name, contact.last_name) if p), 80)
    return name or (words.short(contact.email, 80) if contact.email else None)


def _row(sheet: LeadSheet, now: datetime) -> View:
    lead, match = sheet.lead, sheet.match
    title, contact = _title(sheet), _contact_name(sheet.contact)
    running = [line for line in sheet.clocks if line.stopped_at is None and line.clock.due_at]
    next_due = min(running, key=lambda line: line.clock.due_at or now, default=None)
    score = None if sheet.score is None else sheet.score.total
    return {
        "href": lead_path(lead.lead_id),
        "title": title,
        "contact": contact if contact != title else None,
        "owner": words.short(lead.owner_id, 60) if lead.owner_id else None,
        "tier": TIER_WORDS[lead.tier] if lead.tier else None,
        "tier_tone": TIER_TONES[lead.tier] if lead.tier else "still",
        "score": None if score is None else f"{score:.0f}",
        "score_share": 0 if score is None else max(0.0, min(100.0, round(score, 1))),
        "band": BAND_WORDS[match.band] if match else None,
        "band_tone": BAND_TONES[match.band] if match else "still",
        "probability": words.percent(match.probability, 0)
        if match and match.band is not Band.NEW
        else None,
        "age": words.lasting(now - lead.created_at),
        "created_at": words.moment(lead.created_at),
        "is_open": lead.is_open,
        "clock": _clock(next_due, now) if next_due else None,
    }


def _clock(line: ClockLine, now: datetime) -> View:
    clock = line.clock
    if line.stopped_at is not None:
        state = f"stopped after {words.lasting(line.stopped_at - clock.started_at)}"
        tone = "good" if line.breached_at is None else "bad"
        by = f" ({words.plain(line.stopped_by)})" if line.stopped_by else ""
        state += by
    elif clock.due_at is None:
        state, tone = f"running for {words.lasting(now - clock.started_at)}", "still"
    elif clock.due_at < now:
        state, tone = f"overdue by {words.lasting(now - clock.due_at)}", "bad"
    else:
        state, tone = f"{words.lasting(clock.due_at - now)} left", "info"
    return {
        "name": CLOCK_WORDS[clock.kind],
        "state": state,
        "tone": tone,
        "started_at": words.moment(clock.started_at),
        "due_at": words.moment(clock.due_at) if clock.due_at else "only measures",
        "breached_at": words.moment(line.breached_at) if line.breached_at else None,
    }


def _action(line: ActionLine, names: Mapping[str, str]) -> View:
    action = line.action
    return {
        "kind": action.kind.replace("_", " "),
        "destination": action.destination,
        "recipients": ", ".join(words.person(r, names) for r in action.recipients),
        "due_at": words.moment(action.due_at),
        "state": line.state,
        "tone": STATE_TONES.get(line.state, "still"),
        "attempts": line.attempts,
        "error": words.short(line.error, 200) if line.error else None,
        "fields": [(k.replace("_", " "), words.short(v, 120)) for k, v in action.fields.items()],
        "key": action.key,
    }


def ledger(reasons: Sequence[Reason], total: float) -> tuple[list[tuple[str, str, str]], str]:
    """Return the points of a score so that the shown numbers add up to the shown total.

    Args:
        reasons: Reasons; those without points are left out.
        total: What the points add up to.

    Returns:
        Rows of rule, words and points, and the total, all with as many decimals as it takes;
        where no number of decimals will do, a last row says what rounding took.

    >>> ledger([Reason(rule="a", words="A", points=1/3), Reason(rule="b", words="B", points=2/3)],
    ...        1.0)
    ([('a', 'A', '+0.3'), ('b', 'B', '+0.7')], '1.0')
    """
    counted = [(r, r.points) for r in reasons if r.points is not None]
    lacks = {
        digits: round(round(total, digits) - sum(round(p, digits) for _, p in counted), digits)
        for digits in (1, 2, 3, 4)
    }
    digits = next((digits for digits, lack in lacks.items() if lack == 0), 2)
    rows = [(r.rule, words.short(r.words, 240), _signed(p, digits)) for r, p in counted]
    if lacks[digits]:
        rows.append(("rounding", "Rounding of the points above", _signed(lacks[digits], digits)))
    return rows, f"{total:.{digits}f}"


def _signed(points: float, digits: int) -> str:
    return f"{points:+.{digits}f}".replace("-", "\u2212")


def _score(score: Score) -> View:
    rows, total = ledger(score.reasons, score.total)
    icp = None
    if score.icp is not None:
        icp_rows, icp_total = ledger(score.icp.reasons, score.icp.score)
        icp = {
            "rows": icp_rows,
            "total": icp_total,
            "detractor": words.percent(score.icp.detractor, 0),
            "flagged": score.icp.flagged,
            "digest": score.icp.artifact_digest,
        }
    return {
        "model": score.model,
        "tier": TIER_WORDS[score.tier],
        "rows": rows,
        "total": total,
        "parts": [
            ("Fit", f"{score.fit:.1f}", round(score.fit, 1)),
            ("Engagement", f"{score.engagement:.1f}", round(score.engagement, 1)),
            ("Intent", f"{score.intent:.1f}", round(score.intent, 1)),
            ("Authority", f"{score.authority:.1f}", round(score.authority, 1)),
        ],
        "gates": f"fit {score.fit100:.0f}, engagement and intent together {score.intent100:.0f}",
        "why_tier": [words.short(r.words, 240) for r in score.reasons if r.points is None],
        "icp": icp,
    }


def _match(sheet: LeadSheet) -> View | None:
    match = sheet.match
    if match is None:
        return None
    chance = words.percent(match.probability)
    return {
        "band": BAND_WORDS[match.band],
        "tone": BAND_TONES[match.band],
        "sure": f"{chance} chance that a known account was missed"
        if match.band is Band.NEW
        else f"{chance} sure, by {words.plain(match.method)}",
        "reasons": [words.short(r.words, 240) for r in match.reasons],
        "candidates": [words.short(c, 60) for c in match.candidates[:20]],
        "possible": sheet.possible_account_id or match.possible_account_id,
    }


def _review(review: OpenReview, now: datetime) -> View:
    left = "no rush" if review.due_at is None else words.lasting(review.due_at - now) + " left"
    late = review.due_at is not None and review.due_at < now
    return {
        "href": f"/reviews/{quote(review.review_id, safe='')}",
        "asks": "Which account is it of?" if review.is_about_the_account else "Is its match right?",
        "due": left if not late else left.removesuffix(" left") + " overdue",
        "tone": "bad" if late else "warn" if review.is_about_the_account else "still",
        "probability": words.percent(review.probability),
    }


def _provisional(sheet: LeadSheet, ranking: Ranking | None) -> str | None:
    """Return why a lead in doubt has its owner, or none, until a person decides."""
    if ranking is None or not any(each.is_about_the_account for each in sheet.reviews):
        return None
    told = (each.words for each in ranking.reasons if each.rule.startswith("provisional."))
    alone = "the owner is right under every account it may be of" if sheet.lead.owner_id else None
    return next(told, alone)


def _ranking(ranking: Ranking, owner_id: str | None) -> View:
    return {
        "places": [
            {
                "rep": words.short(p.rep_id, 60),
                "rule": p.rule,
                "words": words.short(p.words, 240),
                "is_owner": p.rep_id == owner_id,
            }
            for p in ranking.places
        ],
        "excluded": [
            {"rep": words.short(p.rep_id, 60), "rule": p.rule, "words": words.short(p.words, 240)}
            for p in ranking.excluded
        ],
        "reasons": [words.short(r.words, 240) for r in ranking.reasons],
        "needs_slot": ranking.needs_slot,
    }


def _timeline(sheet: LeadSheet, names: Mapping[str, str]) -> list[View]:
    """Return what happened, oldest first."""
    found: list[tuple[datetime, str]] = [(sheet.lead.created_at, "The lead arrived")]
    found.extend((decision.decided_at, _decided(decision, names)) for decision in sheet.decisions)
    for line in sheet.clocks:
        name = CLOCK_WORDS[line.clock.kind].lower()
        if line.breached_at is not None:
            found.append((line.breached_at, f"The clock {name} ran out"))
        if line.stopped_at is not None:
            by = words.plain(line.stopped_by or "an event")
            found.append((line.stopped_at, f"The clock {name} stopped: {by}"))
    for act in sheet.actions:
        if act.done_at is not None:
            kind = act.action.kind.replace("_", " ")
            found.append((act.done_at, f"Done: {kind} ({act.action.destination})"))
    for said in sheet.said:
        reason = f": {words.short(said.reason, 200)}" if said.reason else ""
        found.append(
            (said.at, f"{said.what.capitalize()} by {words.person(said.by, names)}{reason}")
        )
    found.sort(key=lambda event: event[0])
    return [{"at": words.moment(at), "words": text} for at, text in found]


def _decided(decision: Decision, names: Mapping[str, str]) -> str:
    parts = ["Decided"]
    if decision.score is not None:
        parts.append(f"{TIER_WORDS[decision.score.tier].lower()}, score {decision.score.total:.0f}")
    if decision.assignment is not None:
        place = decision.assignment.place
        parts.append(
            f"given to {words.person(decision.assignment.owner_id, names)} "
            f"({words.short(place.words, 120)})"
        )
        if decision.assignment.arm is not None:
            parts.append(f"drawn into {words.short(decision.assignment.arm, 120)}")
    elif decision.ranking is not None:
        parts.append("nobody was free")
    elif not decision.opened:
        parts.append("it joined this lead as activity")
    return ": ".join([parts[0], ", ".join(parts[1:])]) if len(parts) > 1 else parts[0]


def _earlier(decision: Decision, names: Mapping[str, str]) -> View:
    return {
        "at": words.moment(decision.decided_at),
        "words": _decided(decision, names),
        "decision_id": decision.decision_id,
        "policy": decision.policy_digest[:12],
    }
