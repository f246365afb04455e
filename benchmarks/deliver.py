"""Deliveries: nothing missing or double through faults, and nobody delayed by a dead destination.

``python benchmarks/deliver.py [--full]``. Three parts, each kept as soon as it is done; a full run
goes on where another of the same day ended.

- Faults (P4): every connector sends actions over real HTTP on this machine to a receiver of which
  60 % of the answers are faulty: failures before and after the effect, lost and slow answers,
  resets, garbage, 50 MB. Counted at the receiver. The time between tries is virtual.
- Bulkheads (P13): actions arrive evenly for several destinations; how long each takes from being
  queued to being done, with one destination alive, refusing, or never answering.
- Poison (P12): the same for one destination, without and with 1 % of actions that always fail.
"""

from __future__ import annotations

import ipaddress
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from recording import RESULTS, asked_for_full, quantile, record

from leadfit import policy as policies
from leadfit.connectors import Performer
from leadfit.connectors.base import NotTaken, Unclear, no_briefing
from leadfit.connectors.pagerduty import PagerDutyPerformer
from leadfit.connectors.salesforce import SalesforcePerformer
from leadfit.connectors.slack import SlackPerformer
from leadfit.connectors.transport import Transport
from leadfit.connectors.webhook import WebhookPerformer
from leadfit.jobs import Deliveries, Lanes
from leadfit.jobs.deliveries.retrying import DeliveryResult
from leadfit.policy import Policy
from leadfit.records import Action
from leadfit.store import Session, SqliteStore
from leadfit.store.views import ActionState, ActionView
from leadfit.testing import FrozenWorld, receivers
from leadfit.testing.check_connector import faulty, through_faults
from leadfit.world import SystemWorld

FAULTY = 0.6
ANSWER_S = 0.02
REQUEST_S = 0.15
DESTINATIONS = ("chat", "email", "pager")
PER_SECOND = 20
SECRET = "of the benchmark"  # noqa: S105 -- of the benchmark
NO_GIVING_UP = "open_s = 1\nlongest_backoff_s = 4\nattempts = 1000\n"


def policy_of(rules: str) -> Policy:
    """Return the starter policy with other rules of delivery."""
    with TemporaryDirectory() as place:
        for name, content in policies.starter_files().items():
            (Path(place) / name).write_bytes(content)
        with (Path(place) / "policy.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n[deliver]\n{rules}")
        return policies.load(Path(place))


def performer_of(vendor: str, url: str) -> Performer:
    networks = [ipaddress.ip_network("127.0.0.0/8")]
    transport = Transport(SystemWorld(), request_s=lambda: REQUEST_S, allowed=networks)
    made: Mapping[str, Callable[[], Performer]] = {
        "slack": lambda: SlackPerformer(
            transport, token=receivers.SlackReceiver.token, channel="C1", people={},
            briefing=no_briefing, url=f"{url}/api",
        ),
        "pagerduty": lambda: PagerDutyPerformer(
            transport, routing_key="r" * 32, people={}, briefing=no_briefing,
            url=f"{url}/v2/enqueue",
        ),
        "salesforce": lambda: SalesforcePerformer(
            transport, url=url, client_id="id", client_secret=SECRET, version="v66.0",
            key_field="Leadfit_Key__c", people={}, briefing=no_briefing,
        ),
        "webhook": lambda: WebhookPerformer(
            transport, url, receivers.WebhookReceiver.secret, world=SystemWorld()
        ),
    }  # fmt: skip
    return made[vendor]()


def through(vendor: str, actions: int) -> dict[str, object]:
    """Send actions to one vendor through faults."""
    world = FrozenWorld()
    with TemporaryDirectory() as place:
        store = SqliteStore(Path(place) / "s.sqlite3", secret=b"s", world=world)
        receiver = receivers.VENDORS[vendor](faulty(FAULTY, seed=5))
        performer = performer_of(vendor, receiver.url)
        told = through_faults(
            store, world, policy_of(NO_GIVING_UP), performer, receiver, actions=actions
        )
        receiver.close()
        store.close()
    return {
        **asdict(told),
        "honours_keys": receiver.honours,
        "wrong_requests": len(receiver.wrong),
    }


class Timed:
    """A receiver that answers after a while; when each action was done is kept."""

    def __init__(self, kind: str = "alive") -> None:
        self.kind = kind
        self.done_s: dict[str, float] = {}
        self.stopping = threading.Event()

    def perform(self, action: Action) -> None:
        """Answer as told."""
        world = SystemWorld()
        if self.kind == "refuses":
            raise NotTaken("no connection")
        if self.kind == "never_answers":
            self.stopping.wait(10)
            raise Unclear("no answer in time")
        world.wait(ANSWER_S)
        if action.fields.get("poison"):
            raise Unclear("status 500")
        self.done_s[action.key] = world.monotonic_s()

    def knows(self, key: str) -> bool | None:
        """Return whether it was done."""
        return key in self.done_s

    def close(self) -> None:
        """Nothing to let go of."""


def run_lanes(
    first: str, seconds: float, poison: float, destinations: tuple[str, ...]
) -> dict[str, list[float]]:
    """Queue actions evenly while the queues run; return the seconds each took, by destination."""
    world, policy = SystemWorld(), policy_of("")
    performers = {"crm": Timed(first), **{name: Timed() for name in destinations}}
    queued_s: dict[str, float] = {}
    with TemporaryDirectory() as place:
        store = SqliteStore(Path(place) / "s.sqlite3", secret=b"s", world=world)
        lanes = Lanes(Deliveries(world, store, performers, lambda: policy))
        began_s = world.monotonic_s()
        number = 0
        while world.monotonic_s() - began_s < seconds:
            made = [_action(world, name, number, poison) for name in performers]
            for action in made:
                queued_s[action.key] = world.monotonic_s()
            store.write(lambda session, made=made: _queue(session, world, made))  # type: ignore[misc]  # bound at once
            lanes.tick()
            number += 1
            world.wait(max(0.0, began_s + number / PER_SECOND - world.monotonic_s()))
        _drain(store, lanes, world)
        for performer in performers.values():
            performer.stopping.set()
        lanes.stop()
        store.close()
    took: dict[str, list[float]] = defaultdict(list)
    for name, performer in performers.items():
        for key, at_s in performer.done_s.items():
            took[name].append(at_s - queued_s[key])
    return took


def _action(world: SystemWorld, name: str, number: int, poison: float) -> Action:
    is_poison = name == "crm" and poison > 0 and number % round(1 / poison) == 0
    return Action(
        key=f"{name}/{number}", kind="task", destination=name, lead_id=f"{name} {number}",
        assignment_id=None, due_at=world.now(), fields={"poison": True} if is_poison else {},
    )  # fmt: skip


def _queue(session: Session, world: SystemWorld, made: list[Action]) -> None:
    for action in made:
        session.outbox.queue(action, world.now())


def _drain(
    store: SqliteStore, lanes: Lanes[ActionView, DeliveryResult], world: SystemWorld
) -> None:
    """Wait until only what cannot be done is left, 15 s at most."""
    for _ in range(300):
        due = store.read(lambda session: session.outbox.due(world.now(), 5_000))
        fresh = (ActionState.PENDING, ActionState.SENDING)
        if not [each for each in due if each.action.destination != "crm" and each.state in fresh]:
            return
        lanes.tick()
        world.wait(0.05)


def p99_ms(values: list[float]) -> float:
    return round(1_000 * quantile(values, 0.99), 1)


def bulkheads(seconds: float, turns: int) -> dict[str, object]:
    """Return the others' p99 beside an alive, a refusing and a silent destination."""
    took: dict[str, list[float]] = defaultdict(list)
    for _ in range(turns):
        for kind in ("alive", "refuses", "never_answers"):
            found = run_lanes(kind, seconds, 0.0, DESTINATIONS)
            took[kind] += [each for name in DESTINATIONS for each in found[name]]
    base = quantile(took["alive"], 0.99)
    return {
        "actions_of_others": {kind: len(values) for kind, values in took.items()},
        "p99_ms": {kind: p99_ms(values) for kind, values in took.items()},
        "ratio": {
            kind: round(quantile(took[kind], 0.99) / base, 3)
            for kind in ("refuses", "never_answers")
        },
    }


def poisoned(seconds: float, turns: int) -> dict[str, object]:
    """Return the p99 of good actions without and with 1 % poison, and how many were done."""
    clean: list[float] = []
    good: list[float] = []
    for _ in range(turns):
        clean += run_lanes("alive", seconds, 0.0, ())["crm"]
        good += run_lanes("alive", seconds, 0.01, ())["crm"]
    expected = round(turns * seconds * PER_SECOND * 0.99)
    return {
        "good_done": len(good),
        "good_expected_about": expected,
        "p99_ms": {"clean": p99_ms(clean), "with_poison": p99_ms(good)},
        "ratio": round(quantile(good, 0.99) / quantile(clean, 0.99), 3),
    }


def begun() -> dict[str, object]:
    """Return what a full run of today has done."""
    path = RESULTS / "deliver.json"
    if not path.exists():
        return {}
    kept = json.loads(path.read_text("utf-8"))
    return dict(kept["figures"]) if kept["date"] == f"{SystemWorld().now():%Y-%m-%d}" else {}


def main() -> None:
    """Measure all parts."""
    full = asked_for_full(__doc__)
    actions, seconds, turns = (10_000, 20.0, 3) if full else (200, 3.0, 1)
    figures: dict[str, object] = begun() if full else {}
    figures["faulty"] = FAULTY
    parts: dict[str, Callable[[], object]] = {
        vendor: partial(through, vendor, actions) for vendor in sorted(receivers.VENDORS)
    }
    parts["bulkheads"] = partial(bulkheads, seconds, turns)
    parts["poison"] = partial(poisoned, seconds, turns)
    for name, measure in parts.items():
        if name not in figures:
            figures[name] = measure()
            record("deliver", figures, full=full)


if __name__ == "__main__":
    main()
