"""Puts what a vendor answered into the store, as a signal like any other."""

from __future__ import annotations

from collections.abc import Mapping

from leadfit import resolve, signal
from leadfit.canonical import canonical
from leadfit.errors import Conflict
from leadfit.policy import Policy
from leadfit.records import Refusal
from leadfit.store import Session
from leadfit.world import World


def bring(
    world: World, session: Session, policy: Policy, body: Mapping[str, object]
) -> str | Refusal:
    """Store a signal within a transaction; one that is there is not stored again.

    Args:
        world: Time and ids.
        session: The transaction.
        policy: Its rules say what a signal may hold.
        body: As ``POST /v1/signals`` takes it.

    Returns:
        Its id, or why it cannot be taken.

    Raises:
        Conflict: Its event id is there with another body.
    """
    read = signal.read(body, policy, now=world.now(), signal_id=world.new_id("signal"))
    if isinstance(read, Refusal):
        return read
    digest = session.signals.digest(canonical(body))
    known = session.signals.find(read.source, read.event_id)
    if known is not None:
        if known[1] != digest:
            raise Conflict(read.source, read.event_id)
        return known[0].signal_id
    session.signals.add(read, digest, resolve.keys(read, policy).email)
    return read.signal_id
