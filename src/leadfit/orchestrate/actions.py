"""Makes actions from the rules of the policy; the same assignment always gives the same keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from leadfit.policy.tiers import ActionRule
from leadfit.records import Action, Fact, Facts

TOUCHES: Final = "counts_as_touch"
"""Field of an action that stops the touch clocks when it is carried out."""
CHANNEL: Final = "channel"
"""Field that names the channel an action goes through."""
_TELLING: Final = frozenset({"page", "alert"})


def make(
    rules: Sequence[ActionRule],
    *,
    prefix: str,
    once_prefix: str,
    lead_id: str,
    assignment_id: str | None,
    owner_id: str | None,
    manager_id: str | None,
    since: datetime,
    fields: Facts,
    tells_of_a_breach: bool = False,
) -> Iterator[Action]:
    """Yield the actions of ``rules`` in their order, one for each of a rule's days.

    Args:
        rules: What is done.
        prefix: The key up to the name of the action: lead, assignment number and what led to it.
        once_prefix: The same for what is begun once and goes on under the next owner.
        lead_id: The lead.
        assignment_id: The assignment, if there is one.
        owner_id: Receives what goes to the owner.
        manager_id: Receives what goes to the manager; the owner where there is none.
        since: Days count from here.
        fields: Words for whoever carries it out, beside those of the rule.
        tells_of_a_breach: Pages and alerts may be told together with others.
    """
    people = {"owner": owner_id, "manager": manager_id or owner_id}
    for rule in rules:
        recipients = dict.fromkeys(person for who in rule.to if (person := people[who]))
        begin = once_prefix if rule.once else prefix
        for number, day in enumerate(rule.days, start=1):
            is_one_of_several = len(rule.days) > 1 or rule.every_days is not None
            yield Action(
                key=f"{begin}/{rule.action}" + (f".{number}" if is_one_of_several else ""),
                kind=rule.kind,
                destination=rule.destination,
                lead_id=lead_id,
                assignment_id=assignment_id,
                due_at=since + timedelta(days=day),
                recipients=tuple(recipients),
                fields={**fields, **_own(rule, number if is_one_of_several else None)},
                is_notice=tells_of_a_breach and rule.kind in _TELLING,
            )


def _own(rule: ActionRule, number: int | None) -> dict[str, Fact]:
    """Return the fields a rule adds to one of its actions."""
    own: dict[str, Fact] = dict(rule.fields)
    if number is not None:
        own["number"] = number
    if rule.every_days is not None:
        own["every_days"] = rule.every_days
    if rule.times is not None:
        own["times"] = rule.times
    if rule.channel is not None:
        own[CHANNEL] = rule.channel
    if rule.counts_as_touch and (number is None or number == 1):
        own[TOUCHES] = True
    return own


def following(action: Action, *, now: datetime) -> Action | None:
    """Return what follows an action that recurs, once it was carried out; ``None`` at the end.

    Days count from when the action was due, so that a programme does not drift; one that fell
    behind goes on from now and never does two at once.

    Args:
        action: An action that was carried out or given up.
        now: When that was.
    """
    every, number = action.fields.get("every_days"), action.fields.get("number")
    times = action.fields.get("times")
    if not isinstance(every, int | float) or not isinstance(number, int):
        return None
    if isinstance(times, int) and number >= times:
        return None
    pause = timedelta(days=every)
    due_at = action.due_at + pause
    fields = {name: value for name, value in action.fields.items() if name != TOUCHES}
    return Action(
        key=action.key.removesuffix(f".{number}") + f".{number + 1}",
        kind=action.kind,
        destination=action.destination,
        lead_id=action.lead_id,
        assignment_id=action.assignment_id,
        due_at=due_at if due_at > now else now + pause,
        recipients=action.recipients,
        fields={**fields, "number": number + 1},
    )
