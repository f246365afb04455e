"""Makes actions from the rules of the policy; the same assignment always gives the same keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from leadfit.policy.schema import ActionRule
from leadfit.records import Action, Fact, Facts


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
    """
    people = {"owner": owner_id, "manager": manager_id or owner_id}
    for rule in rules:
        recipients = dict.fromkeys(person for who in rule.to if (person := people[who]))
        own: dict[str, Fact] = {**fields, **rule.fields}
        if rule.counts_as_touch:
            own["counts_as_touch"] = True
        begin = once_prefix if rule.once else prefix
        for number, day in enumerate(rule.days, start=1):
            several = len(rule.days) > 1
            yield Action(
                key=f"{begin}/{rule.action}" + (f".{number}" if several else ""),
                kind=rule.kind,
                destination=rule.destination,
                lead_id=lead_id,
                assignment_id=assignment_id,
                due_at=since + timedelta(days=day),
                recipients=tuple(recipients),
                fields={**own, "number": number} if several else own,
            )
