"""What every performer must do; run against each by ``tests/contract``.

:data:`CHECKS` hold for every performer, :data:`HTTP_CHECKS` for those that speak HTTP, against a
receiver of :mod:`leadfit.testing.receivers`. :func:`through_faults` sends many actions through the
outbox to a receiver that mostly fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from leadfit.connectors import Performer
from leadfit.connectors.base import NotTaken, OnHold
from leadfit.errors import Permanent, Retryable
from leadfit.jobs import Deliveries
from leadfit.policy import Policy
from leadfit.records import Action, Fact
from leadfit.store import Session, Store
from leadfit.store.views import ActionState
from leadfit.testing import receivers
from leadfit.testing.fakes import FrozenWorld
from leadfit.testing.receivers import AFTER, Fault
from leadfit.world import SystemWorld, seeded

_PATIENCE_S: Final = 5.0


class Receiver(Protocol):
    """A performer under test, and what its receiver has seen."""

    @property
    def performer(self) -> Performer:
        """The performer."""

    def effects(self) -> Sequence[str]:
        """Return the keys of the actions the receiver carried out, in their order."""

    def restart(self) -> None:
        """End the performer and make a new one for the same receiver."""


class OverHttp(Receiver, Protocol):
    """A performer that speaks HTTP, with a second for the whole of an answer at most."""

    @property
    def receiver(self) -> receivers.Receiver:
        """Its receiver."""


class UnmetError(AssertionError):
    """A performer does not do what every performer must."""


def _expect(holds: bool, words: str) -> None:
    if not holds:
        raise UnmetError(words)


def make_action(key: str, **fields: Fact) -> Action:
    """Return an action with this key."""
    return Action(
        key=key,
        kind="task",
        destination="crm",
        lead_id="lead_1",
        assignment_id="assignment_1",
        due_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        recipients=("rep_a",),
        fields={"priority": "high", **fields},
    )


def an_action_takes_effect_once(receiver: Receiver) -> None:
    """However often it is sent with the same key."""
    for _ in range(3):
        receiver.performer.perform(make_action("lead_1/1/task"))
    _expect(list(receiver.effects()) == ["lead_1/1/task"], f"effects {receiver.effects()}")


def a_restart_forgets_no_key(receiver: Receiver) -> None:
    """An action sent again after a crash has no second effect."""
    receiver.performer.perform(make_action("a"))
    receiver.restart()
    _expect(receiver.performer.knows("a") in {True, None}, "a carried out action is denied")
    receiver.performer.perform(make_action("a"))
    _expect(list(receiver.effects()) == ["a"], f"effects {receiver.effects()}")


def an_unknown_key_is_not_claimed(receiver: Receiver) -> None:
    """A performer never says that it did what it did not do."""
    receiver.performer.perform(make_action("a"))
    _expect(receiver.performer.knows("b") in {False, None}, "an unknown key is claimed")


def other_keys_take_effect_in_order(receiver: Receiver) -> None:
    """First sent, first done."""
    for key in ("b", "a", "c"):
        receiver.performer.perform(make_action(key))
    _expect(list(receiver.effects()) == ["b", "a", "c"], f"effects {receiver.effects()}")


def _trouble(bench: OverHttp, key: str) -> Exception:
    """Return what the performer says of a request that goes wrong."""
    try:
        bench.performer.perform(make_action(key))
    except (Retryable, Permanent) as error:
        return error
    raise UnmetError(f"{key}: a request that went wrong is taken for a success")


def _always(fault: Fault) -> Callable[[int], Fault | None]:
    return lambda _number: fault


def every_request_is_what_the_vendor_takes(bench: OverHttp) -> None:
    """Also where a key is long and texts are hostile."""
    texts = ("plain", "<!channel> @here & <b>", "line\r\nBcc: all", "\U0001f600" * 400, "'\";--")
    for number, text in enumerate(texts):
        bench.performer.perform(make_action(f"{'k' * 200}{number}", playbook=text))
    _expect(bench.receiver.wrong == [], f"wrong are {bench.receiver.wrong}")
    _expect(len(bench.effects()) == len(texts), f"effects {bench.effects()}")


def what_may_have_been_done_is_in_doubt(bench: OverHttp) -> None:
    """An answer that does not come in time, breaks off or makes no sense is no proof of either."""
    clock = SystemWorld()
    wordless = frozenset() if bench.receiver.has_words else {Fault.WRONG_TYPE}
    for fault in sorted(AFTER - wordless):
        bench.receiver.faults = _always(fault)
        began_s = clock.monotonic_s()
        error = _trouble(bench, f"after/{fault.value}")
        took_s = clock.monotonic_s() - began_s
        sure = isinstance(error, NotTaken | OnHold | Permanent)
        _expect(not sure, f"{fault}: {error!r} is taken for sure")
        _expect(took_s < _PATIENCE_S, f"{fault}: it took {took_s:.1f} s")


def what_was_not_done_is_sure(bench: OverHttp) -> None:
    """Too many requests, a redirect, no connection: nothing was done, and nothing is in doubt."""
    bench.receiver.faults = _always(Fault.TOO_MANY)
    bench.receiver.retry_after = "17"
    error = _trouble(bench, "too many")
    _expect(isinstance(error, NotTaken) and error.retry_after_s == 17, f"429 is {error!r}")
    bench.receiver.faults = _always(Fault.REDIRECT)
    error = _trouble(bench, "redirect")
    _expect(isinstance(error, OnHold), f"a redirect is {error!r}")
    _expect(not bench.effects(), f"effects {bench.effects()}")
    bench.receiver.close()
    error = _trouble(bench, "gone")
    _expect(isinstance(error, NotTaken), f"no connection is {error!r}")


CHECKS: Final[tuple[Callable[[Receiver], None], ...]] = (
    an_action_takes_effect_once,
    a_restart_forgets_no_key,
    an_unknown_key_is_not_claimed,
    other_keys_take_effect_in_order,
)
"""Every check; each wants a receiver of its own. The first two want one that honours keys."""

HTTP_CHECKS: Final[tuple[Callable[[OverHttp], None], ...]] = (
    every_request_is_what_the_vendor_takes,
    what_may_have_been_done_is_in_doubt,
    what_was_not_done_is_sure,
)
"""Every check of those that speak HTTP; each wants a receiver of its own."""


def faulty(share: float, seed: int) -> Callable[[int], Fault | None]:
    """Return what goes wrong with a share of requests, the same at every run.

    Faults that cost real time or bytes are rarer than the others.
    """
    rare = {Fault.STALLED: 0.02, Fault.SLOW: 0.02, Fault.HUGE: 0.005}
    cheap = [fault for fault in Fault if fault not in rare and fault is not Fault.REDIRECT]

    def fault_of(number: int) -> Fault | None:
        random = seeded("fault", seed, number)
        if random.random() >= share:
            return None
        chosen = random.random()
        for fault, part in rare.items():
            if chosen < part:
                return fault
            chosen -= part
        return cheap[int(random.random() * len(cheap))]

    return fault_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came of many actions.

    Attributes:
        missing: Actions that took no effect.
        doubled: Actions that took effect more than once.
        unmarked: Second effects that did not say that they may be one.
        not_done: Actions that the outbox does not call done.
        sure_and_doubled: Actions that took effect twice although no answer was in doubt.
        requests: Requests that carried an action.
    """

    actions: int
    missing: int
    doubled: int
    unmarked: int
    not_done: int
    sure_and_doubled: int
    requests: int


def through_faults(
    store: Store,
    world: FrozenWorld,
    policy: Policy,
    performer: Performer,
    receiver: receivers.Receiver,
    *,
    actions: int,
) -> Delivered:
    """Queue actions of many leads and deliver until nothing is left to be tried.

    Requests are real; the time between tries is the frozen world's.
    """
    keys = [f"lead_{number}/1/task" for number in range(actions)]
    for first in range(0, actions, 500):
        _queue(store, world, keys[first : first + 500])
    performers: Mapping[str, Performer] = {"*": performer}
    deliveries = Deliveries(world, store, performers, lambda: policy)
    for _ in range(100_000):
        deliveries.deliver(1_000)
        if not store.read(lambda session: session.destinations.backlog(world.now())):
            break
        world.pass_time(1.0)
    views = store.read(lambda session: [session.outbox.get(key) for key in keys])
    seen = receiver.effects
    doubled = [key for key in keys if seen[key] > 1]
    doubts = {view.action.key: view.doubts for view in views if view is not None}
    return Delivered(
        actions=actions,
        missing=sum(not seen[key] for key in keys),
        doubled=len(doubled),
        unmarked=sum(max(0, seen[key] - 1 - receiver.marked[key]) for key in doubled),
        not_done=sum(view is None or view.state is not ActionState.DONE for view in views),
        sure_and_doubled=sum(not doubts[key] for key in doubled),
        requests=receiver.asked,
    )


def _queue(store: Store, world: FrozenWorld, keys: Sequence[str]) -> None:
    now = world.now()
    made = [
        Action(
            key=key, kind="task", destination="crm", lead_id=key.split("/", 1)[0],
            assignment_id=None, due_at=now, fields={"tier": 1},
        )
        for key in keys
    ]  # fmt: skip

    def work(session: Session) -> None:
        for action in made:
            session.outbox.queue(action, now)

    store.write(work)
