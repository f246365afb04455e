"""Leads of a file matched on Spark: each process has a copy of the accounts and takes some leads.

What happens to one lead is what happens to it live; only who does it is another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from leadfit import policy as policies
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.matching import find
from leadfit.records import Match, Signal
from leadfit.resolve.model import card as cards
from leadfit.resolve.model.card import Card
from leadfit.store import Session, SqliteStore, spark
from leadfit.store.codec import pack_text, unpack
from leadfit.world import SystemWorld, World


def match_on_spark(
    path: Path, secret: str, card: Card, signals: Sequence[tuple[str, Signal]]
) -> list[tuple[str, Match]]:
    """Return the match of every signal, in their order.

    Args:
        path: A store that nobody writes to any more; every machine gets a copy.
        secret: That of the store.
        card: The model.
        signals: Each with the id of its lead.

    Raises:
        BadInput: No Java runtime starts Spark.
        EngineFailed: Spark gave up.
    """
    texts = [pack_text(signal) for _, signal in signals]
    more = json.dumps([secret, cards.to_json(card)])
    with spark.session() as session:
        found = spark.each_text(session, texts, _matched, path, more)
    return [
        (lead_id, unpack(Match, text)) for (lead_id, _), text in zip(signals, found, strict=True)
    ]


@lru_cache(maxsize=1)
def _opened(path: Path, more: str) -> tuple[World, SqliteStore, InForce]:
    """Return what matching needs; a process opens it once and ends with it."""
    secret, card_text = json.loads(more)
    world = SystemWorld()
    store = SqliteStore(path, secret=secret.encode(), world=world)
    rules = InForce(policy=policies.load_starter(), card=cards.from_json(card_text))
    return world, store, rules


def _matched(path: Path, more: str, texts: Sequence[str]) -> list[str]:
    world, store, rules = _opened(path, more)

    def work(session: Session) -> list[str]:
        found = []
        for text in texts:
            signal = unpack(Signal, text)
            desk = Desk(world=world, session=session, in_force=rules, now=signal.at)
            found.append(pack_text(find(desk, signal).match))
        return found

    return store.read(work)
