"""The seeded scheduler: the real decision code on virtual time, among senders, reps and faults.

One thread, one event at a time; the same seed gives the same days, to the byte. What is simulated
is the outside alone: time, the process that dies and begins again, receivers, senders and reps. The
store is a real SQLite file, and everything that decides is what ``leadfit serve`` runs.
"""

from __future__ import annotations

import csv
import heapq
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from leadfit.app.files import DATABASE, SECRET, read_secret
from leadfit.app.in_force import rules_in_force
from leadfit.app.leadfit import Leadfit
from leadfit.app.settings import Settings
from leadfit.app.workspace import create_workspace
from leadfit.errors import Conflict, NotFound, NotPossible, Retryable
from leadfit.records import Refusal
from leadfit.store import SqliteStore
from leadfit.testing.sim.company import WAVE, Manners, body, course, spoiled, wait_s
from leadfit.testing.sim.history import Absence, Acknowledged, History, Outage, Touch
from leadfit.testing.sim.receivers import Effect, Faults, Receiver
from leadfit.testing.sim.world import Crash, SimWorld
from leadfit.world import seeded

_DAY_S: Final = 86_400.0
_POLL_S: Final = 0.5
_START: Final = datetime(2026, 3, 2, tzinfo=UTC)
_WEEKEND: Final = 5
_KEEPS_KEYS: Final = frozenset({"crm", "pager", "email", "ads", "log"})
_DESTINATIONS: Final = ("crm", "chat", "phone", "email", "ads", "pager", "log")
_STAYS: Final = frozenset({"rep_max", "rep_ivy", "rep_hugo"})
_MOST_GONE: Final = 2
_REACTS_TO: Final = frozenset({"task", "alert"})
_NEXT_DUE: Final = """
SELECT min(due) FROM (
    SELECT min(due_us) AS due FROM clocks WHERE stopped_us IS NULL AND due_us IS NOT NULL
    UNION ALL
    SELECT min(max(first_us, coalesce(until_us, 0))) FROM (
        SELECT destination, min(next_us) AS first_us FROM outbox
        WHERE state IN ('pending', 'sending', 'ambiguous') GROUP BY destination
    ) LEFT JOIN destinations USING (destination)
    UNION ALL
    SELECT min(retry_us) FROM leads WHERE is_open = 1 AND is_imported = 0
)
"""
_DUE: Final = "SELECT due_us FROM clocks WHERE stopped_us IS NULL AND due_us <= ?"


class Play:
    """A workspace and everything round it, on virtual time.

    Args:
        folder: Where the workspace is made; new or empty.
        seed: Seed of everything.
        days: Days with senders and faults; three quiet days follow, in which all must settle.
        manners: How senders and reps behave.
        faults: How often receivers that are up fail.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        days: float,
        manners: Manners | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.folder = create_workspace(folder, settings=Settings())
        self.world = SimWorld(_START, seed=seed)
        self.history = History()
        self._random = seeded("sim play", seed)
        self._manners = manners or Manners()
        self._ends_s = days * _DAY_S
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0
        self._sent = 0
        self._seen = 0
        self._reacted: set[tuple[str, str, str]] = set()
        self._away: dict[str, tuple[datetime, datetime | None]] = {}
        self._receivers = {
            name: Receiver(
                name, self.world, seeded("sim receiver", seed, name), self.history.effects,
                honours=name in _KEEPS_KEYS, faults=faults or Faults(),
            )
            for name in _DESTINATIONS
        }  # fmt: skip
        self._leadfit: Leadfit | None = None
        self._up_since_s = 0.0
        self._down_since: datetime | None = None
        self._peek = sqlite3.connect(self.folder / DATABASE, isolation_level=None)

    def run(self) -> History:
        """Let the days pass; return what was seen from outside."""
        self._open()
        self._plan_days()
        while self._heap:
            at_s, _, event = heapq.heappop(self._heap)
            self._pass_until(at_s)
            event()
            self._rounds()
        self._pass_until(self._ends_s + 3 * _DAY_S)
        self._rounds()
        if self._leadfit is not None:
            self._leadfit.close()
        self._peek.close()
        return self.history

    def _at(self, seconds: float, event: Callable[[], None]) -> None:
        """Plan an event so many seconds from now."""
        self._planned += 1
        heapq.heappush(self._heap, (self.world.passed_s + seconds, self._planned, event))

    def _plan_days(self) -> None:
        manners = self._manners
        for often, event in (
            (manners.crashes, self._begin_to_die),
            (manners.restarts, self._restart),
            (manners.absences, self._go_away),
            (manners.outages, self._go_out),
            (manners.waves, self._bring_a_wave),
        ):
            if often > 0:
                self._often(often, event)
        self._often(1.0, self._watch)
        self._at(1.0, self._next_sender)

    def _often(self, a_day: float, event: Callable[[], None]) -> None:
        def happens() -> None:
            event()
            plan()

        def plan() -> None:
            wait = wait_s(self._random, a_day)
            if self.world.passed_s + wait < self._ends_s:
                self._at(wait, happens)

        plan()

    def _pass_until(self, at_s: float) -> None:
        """Let time pass, with the rounds of the jobs that fall due on the way."""
        while True:
            due_s = self._next_due_s() if self._leadfit is not None else None
            if due_s is None or due_s >= at_s:
                self.world.passed_s = max(self.world.passed_s, at_s)
                return
            polled_s = max(due_s, self.world.passed_s) + self._random.random() * _POLL_S
            self.world.passed_s = max(self.world.passed_s, min(polled_s, at_s))
            self._rounds()

    def _next_due_s(self) -> float | None:
        (due_us,) = self._peek.execute(_NEXT_DUE).fetchone()
        if due_us is None:
            return None
        due = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=due_us)
        return (due - _START).total_seconds() - self.world.skew_s

    def _open(self) -> None:
        self.world.begin_again()
        store = SqliteStore(
            self.folder / DATABASE,
            secret=read_secret(self.folder / SECRET),
            world=self.world,
        )
        # The card of the workspace would weigh what the simulation parts by rules.
        rules = replace(rules_in_force(self.folder, store), card=None)
        self._leadfit = Leadfit(
            self.folder,
            store=store,
            in_force=rules,
            performers=self._receivers,
            fallbacks={"chat": ("email",), "pager": ("chat", "email")},
            world=self.world,
        )
        self._up_since_s = self.world.passed_s
        if self._down_since is not None:
            self.history.downs.append((self._down_since, self.world.wall()))
            self._down_since = None

    def _rounds(self) -> None:
        """What the threads of a server do until nothing is due."""
        leadfit = self._leadfit
        if leadfit is None:
            return
        self._measure_lateness()
        if not self._lives(lambda: self._until_idle(leadfit)):
            return
        if left := self._due_now():
            self.history.broken.append(
                f"{len(left)} clocks due at {self.world.wall()} did not fire"
            )
        self._react()

    @staticmethod
    def _until_idle(leadfit: Leadfit) -> None:
        leadfit.notice_policy()
        while (
            leadfit.decide_pending()
            + leadfit.run_clocks()
            + leadfit.routing.round()
            + leadfit.deliver()
        ):
            pass

    def _lives(self, work: Callable[[], object]) -> bool:
        """Do a piece of the process's work; ``False`` if it died of it."""
        try:
            work()
        except Crash:
            pass
        except Retryable:
            if self.world.died_at is None:
                raise
        if self.world.died_at is None:
            return True
        self._bury()
        return False

    def _bury(self) -> None:
        self.history.crashes.append(self.world.died_at or "")
        self._close()
        longest = self._random.choice((2.0, 30.0, 600.0, 6 * 3600.0))
        self._at(self._random.random() * longest, self._rise)

    def _close(self) -> None:
        if self._leadfit is None:
            return
        with suppress(Crash):
            self._leadfit.close()
        self._leadfit = None
        self._down_since = self.world.wall()

    def _rise(self) -> None:
        """Begin again, with the clock on the wall set a little differently."""
        if self._leadfit is None:
            self.world.skew_s = self._random.uniform(-2.0, 2.0)
            self._open()

    def _begin_to_die(self) -> None:
        if self._leadfit is not None:
            self.world.light(self._random.randrange(1, 120))

    def _restart(self) -> None:
        if self._leadfit is not None:
            self._close()
            self._open()

    def _watch(self) -> None:
        leadfit = self._leadfit
        if leadfit is not None:
            self._lives(leadfit.watch_matching)

    def _measure_lateness(self) -> None:
        since = self.world.wall() - timedelta(seconds=self.world.passed_s - self._up_since_s)
        for due in self._due_now():
            late = self.world.wall() - max(due, since)
            self.history.late_s.append(late.total_seconds())

    def _due_now(self) -> list[datetime]:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        now_us = (self.world.wall() - epoch) // timedelta(microseconds=1)
        rows = self._peek.execute(_DUE, (now_us,)).fetchall()
        return [epoch + timedelta(microseconds=due_us) for (due_us,) in rows]

    def _next_sender(self) -> None:
        if self._happens(self._manners.hot):
            self._run_course()
        else:
            self._sent += 1
            self._send(self._a_body(), 0)
        is_weekend = self.world.wall().weekday() >= _WEEKEND
        wait = wait_s(self._random, self._manners.signals / (4 if is_weekend else 1))
        if self.world.passed_s + wait < self._ends_s:
            self._at(wait, self._next_sender)

    def _run_course(self) -> None:
        self._sent += 1
        for each in course(self._random, self._sent, self.world.wall()):
            self._at(self._random.random() * 30, lambda sent=each: self._send(sent, 0))  # type: ignore[misc]  # the default binds it

    def _bring_a_wave(self) -> None:
        for _ in range(WAVE):
            self._at(self._random.random() * 600, self._run_course)

    def _a_body(self) -> dict[str, object]:
        skew = timedelta(seconds=self._random.uniform(-3600, 60))
        made = body(self._random, self._sent, self.world.wall() + skew)
        return spoiled(self._random, made) if self._happens(self._manners.malformed) else made

    def _send(self, sent: dict[str, object], tries: int) -> None:
        """Send, and again until it is answered, as a webhook's sender does."""
        leadfit = self._leadfit
        answers: list[object] = []

        def accept() -> None:
            assert leadfit is not None  # noqa: S101 -- asked before
            try:
                answers.append(leadfit.accept(sent))
            except Conflict as conflict:
                answers.append(conflict)

        if leadfit is None or not self._lives(accept):
            self._at(min(3600.0, 30.0 * 2.0**tries), lambda: self._send(sent, tries + 1))
            return
        self._hear(sent, answers[0])

    def _hear(self, sent: dict[str, object], answer: object) -> None:
        if isinstance(answer, Refusal):
            self.history.refused += 1
            return
        if isinstance(answer, Conflict):
            self.history.conflicts += 1
            return
        signal_id = str(getattr(answer, "signal_id", ""))
        told = Acknowledged(
            signal_id=signal_id, source=str(sent["source"]), event_id=str(sent["event_id"]),
            at=self.world.wall(),
        )  # fmt: skip
        self.history.acknowledged.append(told)
        if self._happens(self._manners.repeats):
            self._at(self._random.random() * _DAY_S, lambda: self._send(sent, 0))
        if self._happens(self._manners.reuses):
            other = {**sent, "kind": "blog_view" if sent["kind"] != "blog_view" else "docs_view"}
            self._at(self._random.random() * 60, lambda: self._send(other, 0))

    def _happens(self, share: float) -> bool:
        return self._random.random() < share

    def _react(self) -> None:
        """Let reps act on what reached them."""
        for effect in self.history.effects[self._seen :]:
            self._seen += 1
            if effect.kind not in _REACTS_TO or not effect.recipients:
                continue
            lead_id, number, *_ = effect.key.split("/")
            each = (lead_id, number, effect.recipients[0])
            if each in self._reacted:
                continue
            self._reacted.add(each)
            self._plan_reaction(effect)

    def _plan_reaction(self, effect: Effect) -> None:
        chance, rep = self._random.random(), effect.recipients[0]
        wait = self._random.lognormvariate(0, 1.2) * self._manners.touch_minutes * 60
        if chance < self._manners.touches:
            self._at(wait, lambda: self._touch(effect.lead_id, rep))
        elif chance < self._manners.touches + self._manners.rejects:
            self._at(wait, lambda: self._reject(effect.lead_id, rep))

    def _touch(self, lead_id: str, rep: str) -> None:
        leadfit = self._leadfit
        if leadfit is None:
            self._at(300.0, lambda: self._touch(lead_id, rep))
            return
        at = self.world.wall()

        def touch() -> None:
            with suppress(NotFound, NotPossible):
                leadfit.touch(lead_id, rep)

        if self._lives(touch):
            self.history.touches.append(Touch(lead_id=lead_id, by=rep, at=at))
        else:
            self._at(300.0, lambda: self._touch(lead_id, rep))

    def _reject(self, lead_id: str, rep: str) -> None:
        leadfit = self._leadfit
        if leadfit is None:
            self._at(300.0, lambda: self._reject(lead_id, rep))
            return

        def reject() -> None:
            with suppress(NotFound, NotPossible):
                leadfit.reject_lead(lead_id, rep, "not a fit")

        if not self._lives(reject):
            self._at(300.0, lambda: self._reject(lead_id, rep))

    def _go_away(self) -> None:
        """Send a rep away for a while, or for good; the process reads the new policy."""
        names = [each for each in self._rep_ids() if each not in _STAYS]
        rep, now = self._random.choice(names), self.world.wall()
        held = self._away.get(rep)
        if held is not None and (held[1] is None or held[1] > now):
            return
        gone = sum(until is None for _, until in self._away.values())
        for_good = self._happens(0.1) and gone < _MOST_GONE
        length = timedelta(hours=self._random.uniform(1, 120))
        until = None if for_good else (now + length).replace(microsecond=0)
        self._away[rep] = (now, until)
        self.history.absences.append(Absence(rep_id=rep, since=now, until=until))
        self._write_reps()
        if self._happens(0.5):
            self._restart()
            return
        # A server that runs looks every half second, and wants to see a change twice.
        for seconds in (1.0, 4.0):
            self._at(seconds, lambda: None)

    def _rep_ids(self) -> list[str]:
        with (self.folder / "policy" / "reps.csv").open(encoding="utf-8", newline="") as file:
            return [row["rep_id"] for row in csv.DictReader(file)]

    def _write_reps(self) -> None:
        path = self.folder / "policy" / "reps.csv"
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), list(reader.fieldnames or ())
        for row in rows:
            if (away := self._away.get(row["rep_id"])) is None:
                continue
            since, until = away
            row["active"] = "no" if until is None else "yes"
            row["away_from"] = "" if until is None else f"{since:%Y-%m-%dT%H:%M:%SZ}"
            row["away_to"] = "" if until is None else f"{until:%Y-%m-%dT%H:%M:%SZ}"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)

    def _go_out(self) -> None:
        """Let a receiver be down for a while."""
        receiver = self._receivers[self._random.choice(_DESTINATIONS)]
        receiver.is_up = False
        since = self.world.wall()

        def come_back() -> None:
            receiver.is_up = True
            self.history.outages.append(
                Outage(destination=receiver.destination, since=since, until=self.world.wall())
            )

        self._at(self._random.choice((60.0, 900.0, 4 * 3600.0)), come_back)
