"""What Leadfit writes into a CRM and hears back makes no decision, and no loop lasts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadfit import Leadfit, Receipt
from leadfit.records import Written
from leadfit.testing import FrozenWorld

CRM = "hubspot"


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld()


class Crm:
    """A CRM that reports every change of a contact, also those that Leadfit made."""

    def __init__(self, leadfit: Leadfit, world: FrozenWorld) -> None:
        self._leadfit, self._world, self._sent = leadfit, world, 0

    def written_by_us(self, value: str, name: str = "leadfit_tier", record: str = "7") -> None:
        now = self._world.now()
        ours = Written(system=CRM, object_id=record, name=name, value=value)
        until = now + timedelta(hours=48)
        self._leadfit._store.write(lambda session: session.echoes.note(ours, at=now, until=until))

    def reports(
        self, kind: str = "page_view", record: str = "7", **facts: object
    ) -> tuple[int, str | None]:
        """Report a change; return how many decisions follow and what became of the signal."""
        self._sent += 1
        receipt = self._leadfit.accept(
            {
                "source": CRM, "event_id": str(self._sent), "kind": kind,
                "at": self._world.now().isoformat(), "identifiers": {"contact_id": record},
                "facts": facts,
            }
        )  # fmt: skip
        assert isinstance(receipt, Receipt)
        before = self._leadfit.status().counts.decisions
        self._leadfit.decide_pending()
        reason = self._leadfit.signal(receipt.signal_id).reason
        return self._leadfit.status().counts.decisions - before, reason


@pytest.fixture
def crm(leadfit: Leadfit, world: FrozenWorld) -> Crm:
    return Crm(leadfit, world)


def test_an_echo_makes_no_decision_and_says_so(crm: Crm) -> None:
    crm.written_by_us("1")
    assert crm.reports(leadfit_tier="1") == (0, "an echo of what we wrote: no decision follows")


@pytest.mark.parametrize("value", ["87.5", 87.5])
def test_a_number_is_an_echo_in_whatever_type_it_comes(crm: Crm, value: object) -> None:
    crm.written_by_us("87.5")
    assert crm.reports(leadfit_tier=value)[0] == 0


def test_a_note_serves_once(crm: Crm) -> None:
    crm.written_by_us("1")
    assert [crm.reports(leadfit_tier="1")[0] for _ in range(2)] == [0, 1]


def test_a_change_beside_an_echo_is_decided(crm: Crm) -> None:
    crm.written_by_us("1")
    assert crm.reports(leadfit_tier="1", employees=500)[0] == 1


def test_another_record_is_decided(crm: Crm) -> None:
    crm.written_by_us("1")
    assert crm.reports(record="8", leadfit_tier="1")[0] == 1


def test_a_note_that_is_too_old_is_none(crm: Crm, world: FrozenWorld) -> None:
    crm.written_by_us("1")
    world.pass_time(48 * 3_600)
    assert crm.reports(leadfit_tier="1")[0] == 1


def test_what_a_person_did_is_never_an_echo(crm: Crm) -> None:
    crm.written_by_us("1")
    assert crm.reports(kind="touched", leadfit_tier="1")[0] == 1


def test_a_loop_ends_within_three_rounds_and_somebody_is_told_once(
    crm: Crm, leadfit: Leadfit, world: FrozenWorld
) -> None:
    decided = []
    for number in range(10):
        crm.written_by_us(f"ours {number}")
        decided.append(crm.reports(leadfit_tier=f"theirs {number}")[0])
        world.pass_time(60)
    assert decided == [1, 1] + [0] * 8
    assert leadfit.deliver() == 1
    lines = (leadfit.folder / "outbox.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 1
    assert '"loop":"hubspot: leadfit_tier"' in lines[0]
    assert leadfit.deliveries.status().near_misses == 10


def test_every_echo_of_many_writes_is_known_whatever_the_order(crm: Crm) -> None:
    for number in range(200):
        for record in ("7", "8"):
            crm.written_by_us(str(number), record=record)
        for record in ("8", "7"):
            assert crm.reports(record=record, leadfit_tier=str(number))[0] == 0
