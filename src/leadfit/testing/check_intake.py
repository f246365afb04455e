"""What every store keeps of intake: counts by source and hour, refused signals, API keys."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from leadfit.store import Session
from leadfit.store.intake import RefusedSignal, SourceHour
from leadfit.testing.check_store import Bench, expect

_HOUR: Final = timedelta(hours=1)


def _same(found: object, wanted: object) -> None:
    expect(found == wanted, f"{found} instead of {wanted}")


def counts_of_an_hour_add_up_and_come_in_order(bench: Bench) -> None:
    """Counts of the same source and hour are added; others stand apart, in order."""
    start = bench.world.now()

    def hour(source: str, n: int) -> SourceHour:
        at = start + _HOUR * n
        return SourceHour(source=source, hour=at, received=3, without_email=2, without_key=1)

    for hours in ([hour("b", 0), hour("a", 1)], [hour("a", 1), hour("a", 0)]):
        bench.store.write(partial(_count, hours))
    bench.reopen()
    found = bench.store.read(lambda session: session.intake.hours(start, start + 2 * _HOUR))
    _same(
        [(each.source, each.hour, each.received) for each in found],
        [
            ("a", start, 3),
            ("a", start + _HOUR, 6),
            ("b", start, 3),
        ],
    )
    _same((found[1].without_email, found[1].without_key), (4, 2))
    _same(
        tuple(
            bench.store.read(
                lambda session: session.intake.hours(start + 2 * _HOUR, start + 3 * _HOUR)
            )
        ),
        (),
    )


def _count(hours: list[SourceHour], session: Session) -> None:
    session.intake.count(hours)


def what_is_refused_is_kept_once_and_forgotten(bench: Bench) -> None:
    """The same body is kept once; pages go on where the last ended; old ones and persons go."""
    now = bench.world.now()

    def refuse(number: int, session: Session) -> bool:
        kept = RefusedSignal(
            key=f"k{number}", at=now + _HOUR * number, source="crm", event_id=f"e{number}",
            code="conflict", reason="it came before", body='{"a":"\u00e9"}',
        )  # fmt: skip
        return session.intake.refuse(kept, "ada@acme.example" if number == 1 else None)

    _same(
        [bench.store.write(partial(refuse, n)) for n in (0, 1, 2, 2)],
        [
            True,
            True,
            True,
            False,
        ],
    )
    first = bench.store.read(lambda session: session.intake.refused(2))
    _same([each.key for each in first], ["k2", "k1"])
    rest = bench.store.read(lambda session: session.intake.refused(2, first[-1].key))
    _same([(each.key, each.body) for each in rest], [("k0", '{"a":"\u00e9"}')])
    _same(bench.store.write(lambda session: session.intake.forget("bo@acme.example")), 0)
    _same(bench.store.write(lambda session: session.intake.forget("ada@acme.example")), 1)
    _same(bench.store.write(lambda session: session.intake.drop_refused(now + _HOUR)), 1)
    _same(bench.store.read(lambda session: session.intake.refused_count()), 1)


def keys_end_by_time_and_by_hand(bench: Bench) -> None:
    """A key holds until its end or until it is revoked; what is written beside holds at once."""
    now = bench.world.now()

    def add(name: str, hours: int | None, session: Session) -> None:
        end = None if hours is None else now + _HOUR * hours
        session.keys.add(name.encode(), name, "read", now, end)

    def scope(name: str, hours: int) -> str | None:
        at = now + _HOUR * hours
        return bench.store.read(lambda session: session.keys.scope(name.encode(), at))

    bench.store.write(lambda _session: None)
    bench.store.write_beside(partial(add, "short", 2))
    bench.store.write_beside(partial(add, "long", None))
    _same([scope("short", hours) for hours in (0, 1, 2)], ["read", "read", None])
    _same(scope("none", 0), None)
    bench.store.write(lambda session: session.keys.used(b"long", now + _HOUR))
    bench.store.write(lambda session: session.keys.used(b"long", now))
    ends = [
        bench.store.write_beside(lambda session: session.keys.revoke("long", now)) for _ in range(2)
    ]
    _same(ends, [True, False])
    _same(scope("long", 0), None)
    found = bench.store.read(lambda session: session.keys.all())
    _same(
        [(each.prefix, each.used_at, each.revoked_at) for each in found],
        [
            ("long", now + _HOUR, now),
            ("short", None, None),
        ],
    )


CHECKS: Final = (
    counts_of_an_hour_add_up_and_come_in_order,
    what_is_refused_is_kept_once_and_forgotten,
    keys_end_by_time_and_by_hand,
)
