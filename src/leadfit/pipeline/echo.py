"""What another system reports back of our own writing, and loops that come of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from leadfit import orchestrate
from leadfit.pipeline.case import Desk
from leadfit.records import Fact, Kind, Signal, Written
from leadfit.store.outbox import EchoKind

VERSION: Final = "version"
"""The fact in which a system says which version of its record it reports."""

# What a person did, and what ends a lead, is never an echo.
_NEVER: Final = frozenset(
    {Kind.ACCEPTED, Kind.REJECTED, Kind.TOUCHED, Kind.CONVERTED, Kind.LOST, Kind.EMAIL_REPLY}
)


def is_own(desk: Desk, came: Signal) -> bool:
    """Return whether a signal reports nothing but what we wrote, or goes round in a loop.

    A field that we wrote and that comes back with another value is counted; when it has done so as
    often as the policy allows, its system and ours undo each other: the signal is set aside, and
    somebody is told.
    """
    reported = tuple(_reported(came))
    if not reported:
        return False
    echoes, now = desk.session.echoes, desk.now
    heard = [(each, echoes.hear(each, at=now)) for each in reported]
    near = [each for each, what in heard if what is EchoKind.NEAR]
    if not near:
        return all(what is EchoKind.ECHO for _, what in heard)
    rules = desk.policy.deliver
    until = now + timedelta(hours=rules.echo_hours)
    rounds = [echoes.round(each, at=now, until=until) for each in near]
    if max(rounds) < rules.echo_rounds or any(what is EchoKind.OWN for _, what in heard):
        return False
    _tell(desk, near[rounds.index(max(rounds))])
    return True


def _reported(came: Signal) -> Iterator[Written]:
    """Yield the values a signal reports of a record of its system."""
    who = came.identifiers
    object_id = who.lead_id or who.contact_id or who.account_id
    if object_id is None or came.kind in _NEVER:
        return
    version = came.facts.get(VERSION)
    for name, value in came.facts.items():
        if name != VERSION:
            yield Written(
                system=came.source,
                object_id=object_id,
                name=name,
                value=text_of(value),
                version=None if version is None else text_of(version),
            )


def text_of(value: Fact) -> str:
    """Return the one text of a value, in whatever type it comes.

    >>> text_of(87.50), text_of(" 87.5 "), text_of(True), text_of(3.0)
    ('87.5', '87.5', 'true', '3')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _tell(desk: Desk, looping: Written) -> None:
    """Tell the managers once a day of a field that goes round."""
    day = f"{desk.now:%Y-%m-%d}"
    action = orchestrate.alert(
        f"echo-loop/{looping.system}/{looping.object_id}/{looping.name}/{day}",
        to=desk.policy.managers,
        fields={"loop": f"{looping.system}: {looping.name}", "record": looping.object_id},
        now=desk.now,
    )
    desk.session.outbox.queue(action, desk.now)
    desk.world.reach("decide.loop_told")
