"""The page of one lead: what it is, why, what is running and what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from leadfit.records import Band, Decision, Ranking, Reason, Score
from leadfit.report import words
from leadfit.report.acting import Acting, acting_view
from leadfit.report.lead_sheet import (
    BAND_TONES,
    BAND_WORDS,
    CLOCK_WORDS,
    STATE_TONES,
    TIER_WORDS,
    ActionLine,
    LeadSheet,
    OpenReview,
    View,
    clock_view,
    list_row,
    name_of,
    title_of,
)
from leadfit.report.overriding import Overriding, override_view
from leadfit.report.render import render


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
            "title": title_of(sheet),
            "row": list_row(sheet, now),
            "lead": sheet.lead,
            "account": sheet.account,
            "account_icp": sheet.icp,
            "contact": sheet.contact,
            "contact_name": name_of(sheet.contact),
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
            "clocks": [clock_view(line, now) for line in sheet.clocks],
            "actions": [_action(line, names) for line in sheet.actions],
            "timeline": _timeline(sheet, names),
            "decision": sheet.decisions[0] if sheet.decisions else None,
            "earlier": [_earlier(d, names) for d in sheet.decisions[1:]],
        },
    )


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
