"""Why a lead has its owner, tier, score and account, as somebody in revenue operations reads it.

Every line of evidence ends with the name of its rule in brackets, by which it can be found in the
policy and in the JSON of the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from leadfit.policy import Policy
from leadfit.records import Band, ClockKind, Decision, Lead, Match, Place, Reason, Relation, Score
from leadfit.store.lifts import Lift
from leadfit.store.views import ClockView, LeadView

_PARTS: Final = ("fit", "engagement", "intent", "authority")
_CLOCKS: Final = {
    ClockKind.SIGNAL_TO_ASSIGNMENT: "from the signal to an owner",
    ClockKind.ASSIGNMENT_TO_TOUCH: "from the owner to the first touch",
    ClockKind.SIGNAL_TO_TOUCH: "from the signal to the first touch",
}
_STOPPED: Final = {
    "touch": "a person touched the lead",
    "enrolled": "it was enrolled",
    "assigned": "it got an owner",
    "reassigned": "it got another owner",
    "raised": "its tier rose",
    "rejected": "it was turned down",
    "converted": "it converted",
    "lost": "it was lost",
    "replied": "it replied",
    "erased": "the person was erased",
}
_LINKS: Final = {
    Band.AUTO: "linked at once",
    Band.REVIEW: "waits for a reviewer",
    Band.NEW: "no account on record",
}
_ERASED: Final = re.compile(r"⟨[^⟩]*⟩")
_WIDTH: Final = 10


def why_words(
    view: LeadView,
    decisions: Sequence[Decision],
    policy: Policy,
    now: datetime,
    *,
    whole: bool,
    lifts: Sequence[Lift] = (),
) -> str:
    """Return the whole story of a lead; the latest rating in full, what was before in short.

    Args:
        view: The lead as it is now.
        decisions: Every decision about it, newest first.
        policy: Names of reps and weights of the score.
        now: Clocks that run are told from it.
        whole: Tell every decision in full.
        lifts: How people lifted it over a gate.
    """
    lines = list(_head(view, policy))
    rated = next((each for each in decisions if each.score is not None), None)
    routed = next((each for each in decisions if each.ranking is not None), rated)
    if rated is not None and rated.score is not None:
        lines += _score(rated.score, policy)
    lacked = next((each for each in decisions if each.enrichment is not None), None)
    if lacked is not None and lacked.enrichment is not None:
        lines += _named("Facts", [_reason(lacked.enrichment)])
    matched = decisions[-1] if decisions else None
    if matched is not None:
        lines += _match(matched.match, view)
    if routed is not None:
        lines += _left_out(routed, policy)
    lines += _clocks(view, now)
    lines += _told(view, lifts, policy)
    if rated is not None:
        lines += _named("Rules", _rules(rated))
    lines += _history(decisions, policy)
    if whole:
        for each in decisions:
            lines += ["", *_in_full(each, policy)]
    return "\n".join(lines)


def _named(name: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """Yield lines beside a name that stands once."""
    for number, line in enumerate(lines):
        yield f"{name if number == 0 else '':<{_WIDTH}}{line}".rstrip()


def _head(view: LeadView, policy: Policy) -> Iterator[str]:
    lead = view.lead
    source = "" if lead.source is None else f" from {lead.source}"
    state = "open" if lead.is_open else "closed"
    yield f"Lead {lead.lead_id}, opened {_time(lead.created_at)}{source}, {state}"
    yield ""
    yield from _named("Owner", _owner(view, policy))
    if lead.tier is not None:
        yield from _named("Tier", [_tier(lead, view.score)])


def _owner(view: LeadView, policy: Policy) -> Iterator[str]:
    given = view.assignment
    if given is None:
        yield "nobody yet; it is tried again until somebody is free"
        for reason in view.reasons:
            yield _reason(reason)
        return
    yield f"{_rep(policy, given.owner_id)}, since {_time(given.assigned_at)}" + (
        "" if given.number == 1 else f"; owner number {given.number} of this lead"
    )
    yield _place(given.place)
    if given.arm is not None and given.target_minutes is not None:
        experiment, _, arm = given.arm.partition("/")
        yield (
            f"drawn at random into the arm {arm} of the experiment {experiment}: first touch "
            f"within {given.target_minutes:g} minutes  [experiment.response]"
        )


def _tier(lead: Lead, score: Score | None) -> str:
    reasons = () if score is None else score.reasons
    why = next((each for each in reasons if each.rule.startswith("tier.")), None)
    tier = 0 if lead.tier is None else lead.tier.value
    if why is None or score is None:
        return str(tier)
    if score.tier.value != tier:
        return f"{tier}, as it was rated before: while a lead is open its tier never falls"
    return f"{tier}: {_plain(why.words)}  [{why.rule}]"


def _score(score: Score, policy: Policy) -> Iterator[str]:
    yield from _named("Score", _points(score, policy))
    if score.icp is not None:
        flag = ", looks like accounts that left after meaningful use" if score.icp.flagged else ""
        lines = [f"{_number(score.icp.score)} of 100{flag}"]
        lines += [_with_points(each) for each in score.icp.reasons]
        yield from _named("ICP", lines)


def _points(score: Score, policy: Policy) -> Iterator[str]:
    if score.model == "C":
        yield f"{_number(score.total)} % chance of a win within 90 days (Model C)"
        yield from (_with_points(each) for each in score.reasons if each.points is not None)
    else:
        yield f"{_number(score.total)} of 100 points (Model {score.model})"
        if score.model == "B":
            fit, both = _number(score.fit100), _number(score.intent100)
            yield f"on a scale of 100, as the gates ask: fit {fit}, engagement and intent {both}"
        for part in _PARTS:
            weight = getattr(policy.score.weights, part)
            yield f"{part}: {_number(getattr(score, part))} of {_number(weight)}"
            for reason in score.reasons:
                if reason.points is not None and reason.rule.startswith(f"{part}."):
                    yield _with_points(reason)
    decided = [each for each in score.reasons if each.rule.startswith("tier.")]
    for reason in score.reasons:
        if reason.points is None and reason not in decided[:1]:
            yield _reason(reason)


def _with_points(reason: Reason) -> str:
    points = 0.0 if reason.points is None else reason.points
    about = reason.rule.partition(".")[2].replace("_", " ")
    named = f"{about}: " if about and about not in reason.words else ""
    number = _number(points)
    sign = "+" if points > 0 and number != "0" else ""
    return f"{sign + number:>7}  {named}{_plain(reason.words)}  [{reason.rule}]"


def _match(match: Match, view: LeadView) -> Iterator[str]:
    yield from _named("Match", _links(match, view))


def _links(match: Match, view: LeadView) -> Iterator[str]:
    account = view.account
    to = "" if account is None else f" to {account.name} ({account.account_id})"
    yield f"{_LINKS[match.band]}{to if match.band is Band.AUTO else ''}, {_sure(match)}"
    if match.band is Band.NEW and account is not None:
        yield f"it has an account of its own: {account.name} ({account.account_id})"
    for reason in match.reasons:
        yield _reason(reason)
    if match.possible_account_id is not None:
        yield f"it may be of account {match.possible_account_id}"
    if match.skipped:
        yield f"not looked up, since too many share the key: {', '.join(match.skipped)}"


def _sure(match: Match) -> str:
    """Return a probability in words: nothing is sure that is not 1, or impossible but 0."""
    percent = f"{100 * match.probability:.1f}".removesuffix(".0")
    if percent == "100" and match.probability < 1:
        percent = "over 99.9"
    what = "the right one" if match.relation is Relation.SAME else "of an account on record"
    return f"{percent} % that it is {what}"


def _left_out(decision: Decision, policy: Policy) -> Iterator[str]:
    ranking, given = decision.ranking, decision.assignment
    if ranking is None:
        return
    owner = None if given is None else given.owner_id
    after = [each for each in ranking.places if each.rep_id != owner]
    yield from _named("Next", [f"{_rep(policy, each.rep_id)}: {_place(each)}" for each in after])
    yield from _named(
        "Left out", [f"{_rep(policy, each.rep_id)}: {_place(each)}" for each in ranking.excluded]
    )
    yield from _named("Route", [_reason(each) for each in ranking.reasons])


def _place(place: Place) -> str:
    return f"{_plain(place.words)}  [{place.rule}]"


def _rep(policy: Policy, rep_id: str) -> str:
    rep = policy.rep(rep_id)
    return rep_id if rep is None or rep.name == rep_id else f"{rep.name} ({rep_id})"


def _clocks(view: LeadView, now: datetime) -> Iterator[str]:
    lines = [] if view.deadline is None else [f"next: {view.deadline.words}"]
    yield from _named("Clocks", [*lines, *(_clock(each, now) for each in view.clocks)])


def _clock(view: ClockView, now: datetime) -> str:
    clock = view.clock
    told = f"{_CLOCKS[clock.kind]}, begun {_time(clock.started_at)}"
    if view.breached_at is not None:
        told += f"; ran out, first step taken {_time(view.breached_at)}"
    if view.stopped_at is not None:
        why = _STOPPED.get(view.stopped_by or "", view.stopped_by or "it ended")
        took = _span((view.stopped_at - clock.started_at).total_seconds())
        return f"{told}; ended after {took}: {why}"
    if view.aside_at is not None:
        told += f"; put aside {_time(view.aside_at)}: {view.trouble}"
    if clock.due_at is None:
        return f"{told}; runs, measured only"
    left = (clock.due_at - now).total_seconds()
    due = f"due {_time(clock.due_at)}"
    return f"{told}; {due}, " + (f"in {_span(left)}" if left >= 0 else f"late by {_span(-left)}")


def _told(view: LeadView, lifts: Sequence[Lift], policy: Policy) -> Iterator[str]:
    lines = [] if view.touched_at is None else [f"first touched {_time(view.touched_at)}"]
    lines += [
        f"lifted from Tier {each.from_tier.value} to {each.tier.value} by {_rep(policy, each.by)}, "
        f"{_time(each.at)}: {each.reason or '(erased)'}"
        for each in lifts
    ]
    lines += [
        f"{each.kind.value} by {_rep(policy, each.by)}, {_time(each.at)}"
        + ("" if each.reason is None else f": {each.reason}")
        for each in view.feedback
    ]
    yield from _named("People", lines)


def _rules(decision: Decision) -> Iterator[str]:
    yield f"policy {decision.policy_digest[:12]}"
    if decision.artifact_digest is not None:
        yield f"learned profile {decision.artifact_digest[:12]}"
    if decision.card_digest is not None:
        yield f"model card {decision.card_digest[:12]}"


def _history(decisions: Sequence[Decision], policy: Policy) -> Iterator[str]:
    """Yield what happened, oldest first; looks at the lead that moved nothing are counted."""
    lines: list[str] = []
    passed: list[Decision] = []
    tier = None
    for each in reversed(decisions):
        rated = None if each.score is None else each.score.tier
        moved = each.opened or each.assignment is not None or rated not in {None, tier}
        tier = rated or tier
        if not moved:
            passed.append(each)
            continue
        lines += _in_passing(passed)
        passed = []
        lines.append(f"{_time(each.decided_at)}  {_in_short(each, policy)}")
    lines += _in_passing(passed)
    yield from _named("History", lines if len(lines) > 1 else [])


def _in_passing(decisions: Sequence[Decision]) -> Iterator[str]:
    """Yield a line for signals that moved nothing."""
    if not decisions:
        return
    scores = [each.score.total for each in decisions if each.score is not None]
    points = f", now {_number(scores[-1])} points" if scores else ""
    signals = "1 signal" if len(decisions) == 1 else f"{len(decisions)} signals"
    yield f"{_time(decisions[-1].decided_at)}  {signals} that moved nothing{points}"


def _in_short(decision: Decision, policy: Policy) -> str:
    score, given = decision.score, decision.assignment
    said = "opened" if decision.opened else "looked at again"
    if score is not None:
        said += f", Tier {score.tier.value} with {_number(score.total)} points"
    if given is not None:
        said += f", given to {_rep(policy, given.owner_id)}: {_place(given.place)}"
    elif decision.ranking is not None:
        said += ", nobody else was free"
    return f"{said}  ({decision.decision_id})"


def _in_full(decision: Decision, policy: Policy) -> Iterator[str]:
    yield f"{decision.decision_id}, {_time(decision.decided_at)}, on {decision.signal_id}"
    yield from _named("Match", [_sure(decision.match), *map(_reason, decision.match.reasons)])
    if decision.score is not None:
        yield from _score(decision.score, policy)
    yield from _left_out(decision, policy)
    actions = [
        f"{each.kind.replace('_', ' ')} by {each.destination}, {_time(each.due_at)}"
        for each in decision.plan.actions
    ]
    yield from _named("Actions", actions)
    yield from _named("Plan", [_reason(each) for each in decision.plan.reasons])


def _reason(reason: Reason) -> str:
    return f"{_plain(reason.words)}  [{reason.rule}]"


def _plain(words: str) -> str:
    """Return words in which a value that was erased since is called so."""
    return _ERASED.sub("(erased)", words)


def _number(value: float) -> str:
    """Return a number of points with one decimal where it has some.

    >>> _number(12.25), _number(40.0), _number(-0.01)
    ('12.2', '40', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _time(at: datetime) -> str:
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def _span(seconds: float) -> str:
    """Return a length of time as people say it.

    >>> _span(45), _span(600), _span(9_000), _span(200_000)
    ('45 s', '10 min', '2 h 30 min', '2 d 7 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"
