"""Reading the body of a signal."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from leadfit.policy import load_starter
from leadfit.records import Identifiers, Kind, Refusal, Signal
from leadfit.signal import parse, read
from leadfit.testing.builders import NOW

POLICY = load_starter()


def body(**changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "source": "web-form",
        "event_id": "e-1",
        "kind": "demo_request",
        "at": "2026-03-04T14:59:00Z",
        "identifiers": {"email": "jo@acme.com"},
    }
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def answer(given: object) -> Signal | Refusal:
    return read(given, POLICY, now=NOW, signal_id="signal_1")


def taken(given: object) -> Signal:
    signal = answer(given)
    assert isinstance(signal, Signal), signal
    return signal


def places(given: object) -> list[str]:
    refusal = answer(given)
    assert isinstance(refusal, Refusal), refusal
    return [fault.place for fault in refusal.faults]


def test_a_whole_signal_is_read() -> None:
    signal = taken(
        body(
            identifiers={"email": " Jo@Acme.com ", "company": "Acme", "phone": ""},
            facts={"employees": 1200, "industry": "software", "trial": True, "seen": None},
            text="Please call.\nSoon.",
        )
    )
    assert signal == Signal(
        signal_id="signal_1",
        source="web-form",
        event_id="e-1",
        kind=Kind.DEMO_REQUEST,
        at=datetime(2026, 3, 4, 14, 59, tzinfo=UTC),
        received_at=NOW,
        identifiers=Identifiers(email="Jo@Acme.com", company="Acme"),
        facts={"employees": 1200, "industry": "software", "trial": True, "seen": None},
        text="Please call.\nSoon.",
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_event_is_taken(kind: Kind) -> None:
    assert taken(body(kind=kind.value)).kind is kind


@pytest.mark.parametrize(
    ("given", "utc_hour"),
    [
        ("2026-03-04T14:00:00", 14),
        ("2026-03-04 14:00", 14),
        ("2026-03-04T14:00:00+02:00", 12),
        ("2026-03-04T14:00:00.123456Z", 14),
        ("20260304T140000Z", 14),
    ],
)
def test_a_time_without_a_zone_is_utc_and_any_zone_becomes_utc(given: str, utc_hour: int) -> None:
    at = taken(body(at=given)).at
    assert (at.tzinfo, at.hour) == (UTC, utc_hour)


def test_every_fault_is_named_at_once_with_its_place() -> None:
    found = places(
        {
            "source": "web form!",
            "event_id": 7,
            "kind": "purchase",
            "at": "yesterday",
            "identifiers": {"email": "x" * 400, "fax": "1"},
            "facts": {"size": math.nan, "tags": ["a"]},
            "text": "\x00",
            "extra": 1,
        }
    )
    assert found == [
        "extra",
        "source",
        "event_id",
        "kind",
        "at",
        "identifiers.fax",
        "identifiers.email",
        "facts.size",
        "facts.tags",
        "text",
    ]


def test_every_required_key_is_named_when_it_is_missing() -> None:
    assert places({}) == ["source", "event_id", "kind", "at", "identifiers"]


@pytest.mark.parametrize("given", [None, [], "text", 1, True, {1: 2}, b"bytes"])
def test_a_body_that_is_no_object_is_refused(given: object) -> None:
    assert places(given) == ["body"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", ""),
        ("source", "a" * 65),
        ("source", "-web"),
        ("event_id", "   "),
        ("event_id", "a\nb"),
        ("event_id", "x" * 201),
        ("event_id", "evil\u202ename"),
        ("event_id", "\ud800"),
        ("kind", ["demo_request"]),
        ("kind", "DEMO_REQUEST"),
        ("at", 1772636340),
        ("at", "2026-03-04"),
        ("at", "2026-13-04T00:00:00Z"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", "1969-12-31T23:59:59Z"),
        ("identifiers", "jo@acme.com"),
        ("identifiers", {}),
        ("identifiers", {"email": "  "}),
        ("facts", [1]),
        ("facts", {f"fact {n}": n for n in range(201)}),
        ("text", 5),
        ("text", "x" * 20_001),
    ],
)
def test_a_bad_value_is_refused_at_its_key(key: str, value: object) -> None:
    assert places(body(**{key: value})) == [key]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", math.inf),
        ("size", 10**30),
        ("nested", {"a": 1}),
        ("long", "x" * 2_001),
        ("nul", "a\x00b"),
        ("n" * 101, 1),
        ("", 1),
    ],
)
def test_a_bad_fact_is_refused_under_its_name(name: str, value: object) -> None:
    assert places(body(facts={name: value})) == ["facts." + (name[:60] or "''")]


def test_a_clock_that_runs_ahead_a_little_is_forgiven_and_no_more() -> None:
    near, far = NOW + timedelta(minutes=15), NOW + timedelta(minutes=15, seconds=1)
    assert taken(body(at=near.isoformat())).at == near
    assert places(body(at=far.isoformat())) == ["at"]


@pytest.mark.parametrize(
    "name",
    [
        "Zo\u00eb O\u2019Neil",
        "\u5c71\u7530\u592a\u90ce",
        "\u0645\u062d\u0645\u062f",
        "D'Arcy-\u0141 Jr.",
    ],
)
def test_names_of_all_scripts_pass_unchanged(name: str) -> None:
    assert taken(body(identifiers={"name": name})).identifiers.name == name


def test_a_refusal_of_the_parser_passes_through() -> None:
    refusal = parse(b"{")
    assert answer(refusal) is refusal


def test_a_fault_quotes_at_most_a_readable_length() -> None:
    refusal = answer(body(event_id="x" * 100_000))
    assert isinstance(refusal, Refusal)
    assert len(str(refusal.faults[0])) < 300
