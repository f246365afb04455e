"""Reads the history in parts, routes it by two sets of rules, and compares what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial

from leadfit import policy as policies
from leadfit.artifact import from_json as artifact_from
from leadfit.artifact import to_json as artifact_text
from leadfit.jobs.rehearsal import beyond, compare, people, spend
from leadfit.jobs.rehearsal.fit_gate import fit_gate
from leadfit.jobs.rehearsal.happenings import Happening, Read, as_text, read_part
from leadfit.jobs.rehearsal.simulate import Simulation, simulate
from leadfit.jobs.vendors.spending import spending
from leadfit.jobs.workers.spread import OpenStore, Workers, parts_of
from leadfit.pipeline import InForce
from leadfit.policy import Difference
from leadfit.store import Session, Store
from leadfit.store.recorded import Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What other rules would have made of the recorded history.

    Attributes:
        effects: What changes, as JSON types; ``available`` says whether there was a history at all.
        leads: The leads that move, as columns and rows.
    """

    effects: Mapping[str, object]
    leads: Mapping[str, object] = field(default_factory=dict)


def rehearse(
    store: Store,
    rules: tuple[InForce, InForce],
    differences: Sequence[Difference],
    *,
    since: datetime | None = None,
    open_store: OpenStore | None = None,
    workers: int = 1,
) -> Rehearsal:
    """Decide the recorded history again by the rules in force and by others.

    Args:
        store: Read, never written.
        rules: Those in force, and the others.
        differences: In what they differ.
        since: Decisions before this time are left out.
        open_store: Opens the store in a process of its own; must be something that can be sent
            there. Needed for more than one worker.
        workers: How many processes share the work.
    """
    first, last, count = store.read(lambda session: session.told.bounds(since))
    fates = store.read(lambda session: session.recorded.fates(since))
    if not count:
        return _unknown("no decision is on record in this time")
    parts = tuple(parts_of(first, last))
    every = max(1, count // spend.DRAFTS) if spend.foresees(rules) else 0
    sent, touched = (_sent(rules[0]), _sent(rules[1])), _touched(fates)
    with Workers(store, open_store, workers) as hands:
        read = _joined(hands.each(partial(_read, sent=sent, every=every), parts))
        routed = _Routed(happenings=read.happenings, touched=touched, rules=sent[1])
        other = hands.beside(_other_side, routed)
        present = simulate(read.happenings, rules[0].policy, touched, is_other=False)
        sides = (present, other())
    if not sides[0].leads:
        return _unknown("no lead was opened by the decisions on record in this time")
    paid = store.read(partial(_paid, read=read, rules=rules[0]))
    said = _effects(read, sides, rules, fates, differences, paid=paid)
    most = rules[0].policy.change.lists
    return Rehearsal(
        effects={
            "available": True,
            "since": as_text(since),
            "decisions": count,
            "leads_opened": len(sides[0].leads),
            **said,
        },
        leads=compare.leads(sides, most),
    )


def _unknown(why: str) -> Rehearsal:
    return Rehearsal(effects={"available": False, "why": why})


def _effects(
    read: Read,
    sides: tuple[Simulation, Simulation],
    rules: tuple[InForce, InForce],
    fates: Sequence[Fate],
    differences: Sequence[Difference],
    *,
    paid: int,
) -> dict[str, object]:
    drafts = [each.draft for each in read.happenings if each.draft is not None]
    until = max(each.at for each in read.happenings)
    speed = people.measure(fates, rules[0].policy, until)
    return {
        "until": as_text(until),
        "read": {
            "rated": len(read.happenings),
            "moved_otherwise": read.moved,
            "erased": read.erased,
            "unknown_rules": read.unknown_rules,
            "by_other_rules": read.by_other_rules,
        },
        "check": compare.check(read.happenings, sides[0]),
        "tiers": compare.tiers(sides),
        "owners": compare.owners(sides),
        "bands": compare.bands(sides),
        "load": compare.load(sides),
        "raised": compare.moved(sides[0].raised, sides[1].raised),
        "sla": {
            "before": people.feasible(sides[0], speed, rules[0].policy),
            "after": people.feasible(sides[1], speed, rules[1].policy),
        },
        "fit_gate": fit_gate(read.happenings, rules),
        "spend": spend.spent(drafts, len(sides[0].leads), paid, rules),
        "unknown": beyond.unknowns(rules),
        "wins": people.wins(sides, fates, speed, rules[0].policy, until),
        "not_replayed": compare.not_replayed(differences),
    }


def _paid(session: Session, read: Read, rules: InForce) -> int:
    """Return what was paid for facts in the time that was read, in millionths."""
    first, last = read.happenings[0].at, read.happenings[-1].at
    currency = rules.policy.enrich.currency
    until = last + timedelta(days=1)
    return spending(session, since=first, until=until, currency=currency).whole.cost


def _touched(fates: Sequence[Fate]) -> dict[str, datetime]:
    return {each.lead_id: each.touched_at for each in fates if each.touched_at is not None}


def _joined(parts: Sequence[Read]) -> Read:
    whole = Read(
        happenings=[each for part in parts for each in part.happenings],
        moved=sum(part.moved for part in parts),
        erased=sum(part.erased for part in parts),
        unknown_rules=sum(part.unknown_rules for part in parts),
        by_other_rules=sum(part.by_other_rules for part in parts),
    )
    # Stable: what one moment holds stays in the order of the log.
    whole.happenings.sort(key=lambda each: each.at)
    return whole


@dataclass(frozen=True, slots=True)
class _Sent:
    """Rules in a form that can be sent to another process."""

    files: tuple[tuple[str, bytes], ...]
    artifact: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Routed:
    """What the other side is routed by."""

    happenings: Sequence[Happening]
    touched: Mapping[str, datetime]
    rules: _Sent


def _sent(rules: InForce) -> _Sent:
    artifact = None if rules.artifact is None else artifact_text(rules.artifact)
    return _Sent(tuple(rules.policy.files.items()), artifact)


@lru_cache(maxsize=2)
def _received(sent: _Sent) -> InForce:
    """Return the rules; each process reads them once."""
    artifact = None if sent.artifact is None else artifact_from(sent.artifact)
    return InForce(policy=policies.from_files(dict(sent.files)), artifact=artifact)


def _read(store: Store, bounds: tuple[int, int], sent: tuple[_Sent, _Sent], every: int) -> Read:
    rules = (_received(sent[0]), _received(sent[1]))
    return store.read(partial(read_part, bounds=bounds, rules=rules, draft_every=every))


def _other_side(_store: Store, routed: _Routed) -> Simulation:
    policy = _received(routed.rules).policy
    return simulate(routed.happenings, policy, routed.touched, is_other=True)
