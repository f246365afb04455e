"""Alerts and pages take another channel; destinations are left alone."""

from __future__ import annotations

import pytest

from leadfit.connectors.base import INSTEAD, NotTaken, OnHold
from leadfit.store.outbox import Gate, GateState
from leadfit.store.views import ActionState
from unit.jobs.deliveries.bench import Bench, Refused, Scripted


def test_a_dead_destination_is_left_alone_and_tried_by_one_action(bench: Bench) -> None:
    for number in range(8):
        bench.queue(f"crm {number}", "crm")
        bench.queue(f"chat {number}", "chat")
    dead, alive = Scripted(*[NotTaken("refused")] * 20), Scripted()
    performers = {"crm": dead, "chat": alive}
    deliveries = bench.of(performers)
    for _ in range(5):
        deliveries.round("crm", 1)
    assert bench.gate().state is GateState.BROKEN
    assert bench.gate().failing_since == bench.world.now()
    assert deliveries.deliver(100) == 8
    assert (len(dead.sent), len(alive.sent)) == (5, 8)
    until = bench.gate().until
    assert until is not None
    assert 15 <= (until - bench.world.now()).total_seconds() <= 30
    bench.world.pass_time((until - bench.world.now()).total_seconds())
    assert bench.of(performers).deliver(100) == 0
    assert len(dead.sent) == 6
    dead._answers.clear()
    bench.world.pass_time(60)
    assert bench.of(performers).deliver(100) == 8
    assert bench.gate() == Gate(destination="crm")


def test_an_action_that_fails_for_ever_closes_no_gate_alone(bench: Bench) -> None:
    bench.queue()
    deliveries = bench.of(Scripted(*[NotTaken("500")] * 50))
    for _ in range(12):
        deliveries.deliver(1)
        assert bench.gate().state is GateState.OPEN
        bench.wait_for()
    assert bench.gate().failing_since is not None


@pytest.mark.parametrize(("asked", "waited"), [(None, 300), (3_600.0, 3_600), (1e12, 86_400)])
def test_a_receiver_on_hold_is_left_alone_over_a_restart(
    bench: Bench, asked: float | None, waited: float
) -> None:
    bench.queue()
    bench.queue("other")
    bench.of(Scripted(OnHold("quota", asked))).deliver(1)
    assert bench.gate().state is GateState.PAUSED
    bench.world.pass_time(waited - 1)
    assert bench.of(Scripted()).deliver(10) == 0
    bench.world.pass_time(1)
    assert bench.of(Scripted()).deliver(10) == 2


def test_an_alert_of_tier_one_takes_another_channel_after_its_time(bench: Bench) -> None:
    for key, tier in (("hot", 1), ("warm", 2)):
        bench.queue(key, "chat", "alert", tier=tier)
    bench.queue("page", "pager", "page", tier=3)
    down, mail = Scripted(*[NotTaken("down")] * 50), Scripted()
    deliveries = bench.of(
        {"chat": down, "pager": down, "email": mail},
        {"chat": ("pager", "email"), "pager": ("email",)},
    )
    deliveries.deliver(10)
    bench.world.pass_time(59)
    deliveries.deliver(10)
    assert mail.sent == []
    bench.world.pass_time(1)
    deliveries.deliver(10)
    assert mail.sent == ["hot/instead", "page/instead"]
    assert bench.seen("hot/instead").action.fields[INSTEAD] == "chat"
    bench.world.pass_time(600)
    deliveries.deliver(10)
    assert len(mail.sent) == 2
    assert bench.seen("hot").state is ActionState.PENDING


def test_alerts_with_no_channel_left_hide_no_page_that_has_one(bench: Bench) -> None:
    for number in range(250):
        bench.queue(f"alert {number}", "chat", "alert", tier=1)
    bench.world.pass_time(1)
    bench.queue("page", "pager", "page", tier=1)
    down, mail = Scripted(*[NotTaken("down")] * 9_999), Scripted()
    deliveries = bench.of(
        {"chat": down, "pager": down, "email": mail}, {"chat": ("pager",), "pager": ("email",)}
    )
    for _ in range(40):
        deliveries.deliver(500)
        bench.world.pass_time(10)
    assert mail.sent == ["page/instead"]


def test_a_page_that_is_refused_takes_another_channel(bench: Bench) -> None:
    bench.queue("page", "pager", "page", tier=1)
    mail = Scripted()
    deliveries = bench.of(
        {"pager": Scripted(Refused("no such field")), "email": mail}, {"pager": ("email",)}
    )
    deliveries.deliver(10)
    bench.world.pass_time(60)
    deliveries.deliver(10)
    deliveries.deliver(10)
    assert mail.sent == ["page/instead"]
