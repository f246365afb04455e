"""The clock of the machine may be set; time as Leadfit sees it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadfit.world import SystemWorld

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """A machine whose clock somebody sets."""

    def __init__(self) -> None:
        self.wall = NOON
        self.since_start_s = 500.0
        self.world = SystemWorld(wall=lambda: self.wall, monotonic=lambda: self.since_start_s)

    def run(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.since_start_s += seconds

    def look(self) -> timedelta:
        return self.world.now() - NOON


def test_time_follows_the_clock_of_the_machine() -> None:
    machine = Machine()
    looks = [machine.look()]
    machine.run(0.25)
    looks.append(machine.look())
    assert looks == [timedelta(0), timedelta(seconds=0.25)]


def test_a_clock_set_back_neither_stops_time_nor_turns_it() -> None:
    machine = Machine()
    machine.look()
    machine.wall -= HOUR
    machine.run(10)
    first = machine.look()
    machine.run(900)
    assert (first, machine.look()) == (timedelta(seconds=10), timedelta(seconds=910))


def test_a_clock_that_caught_up_is_followed_again() -> None:
    machine = Machine()
    machine.look()
    machine.wall -= HOUR
    machine.run(60)
    machine.look()
    machine.wall += 2 * HOUR
    assert machine.look() == HOUR + timedelta(seconds=60)


def test_a_clock_set_forward_is_followed() -> None:
    machine = Machine()
    machine.look()
    machine.wall += HOUR
    assert machine.look() == HOUR


def test_a_look_takes_no_time_by_itself() -> None:
    machine = Machine()
    machine.look()
    machine.wall -= HOUR
    assert {machine.look() for _ in range(100)} == {timedelta(0)}
