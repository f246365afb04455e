"""What holds of the log, of stored records and of personal values for any input."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.records import (
    Activity,
    Band,
    Decision,
    Identifiers,
    Kind,
    Match,
    Plan,
    Reason,
    Relation,
    Score,
    Signal,
    Subject,
    Tier,
)
from leadfit.store import Session, SqliteStore
from leadfit.store.chain import GENESIS, Follower, Row, join, link
from leadfit.store.codec import encode, from_us, pack, pack_text, to_us, unpack, write_plain
from leadfit.store.personal import join_parts, part_signal, unveil, veil
from leadfit.store.views import Stretch
from leadfit.testing import FrozenWorld

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- the zone is beside it
FACTS = st.dictionaries(
    TEXT, TEXT | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans() | st.none(), max_size=4,
)  # fmt: skip
IDENTIFIERS = st.builds(
    Identifiers,
    **{name: st.none() | TEXT for name in ("email", "phone", "name", "title", "contact_id")},
)
SIGNALS = st.builds(
    Signal,
    signal_id=TEXT,
    source=TEXT,
    event_id=TEXT,
    kind=st.sampled_from(Kind),
    at=TIMES,
    received_at=TIMES,
    identifiers=IDENTIFIERS,
    facts=FACTS,
    text=st.none() | TEXT,
)
REASONS = st.lists(
    st.builds(Reason, rule=TEXT, words=TEXT, points=st.none() | st.floats(0, 10)), max_size=3
).map(tuple)
DECISIONS = st.builds(
    Decision,
    decision_id=TEXT,
    signal_id=TEXT,
    lead_id=st.none() | TEXT,
    account_id=st.none() | TEXT,
    contact_id=st.none(),
    decided_at=TIMES,
    opened=st.booleans(),
    match=st.builds(
        Match,
        band=st.sampled_from(Band),
        probability=st.floats(0, 1),
        relation=st.sampled_from(Relation),
        method=TEXT,
        reasons=REASONS,
    ),
    subject=st.builds(
        Subject,
        facts=FACTS,
        activities=st.lists(st.builds(Activity, kind=st.sampled_from(Kind), at=TIMES)).map(tuple),
    ),
    score=st.none()
    | st.builds(
        Score,
        model=st.just("B"),
        tier=st.sampled_from(Tier),
        **{
            name: st.floats(0, 100)
            for name in ("total", "fit", "engagement", "intent", "authority", "fit100", "intent100")
        },
        icp=st.none(),
        reasons=REASONS,
    ),
    ranking=st.none(),
    assignment=st.none(),
    plan=st.just(Plan()),
    policy_digest=TEXT,
)


def rows(bodies: list[bytes]) -> tuple[list[Row], tuple[int, bytes]]:
    made: list[Row] = []
    prev = GENESIS
    for seq, body in enumerate(bodies, start=1):
        linked = link(prev, seq, seq * 7, b"signal", body)
        made.append((seq, seq * 7, b"signal", body, prev, linked))
        prev = linked
    return made, (len(bodies), prev)


def faults(made: list[Row], head: tuple[int, bytes], cut: int = 0) -> list[str]:
    """Check rows in two stretches that end and begin at a place of their own."""
    place = cut % (len(made) + 1)
    return list(join([walked(made[:place]), walked(made[place:])], head))


def walked(some: list[Row]) -> Stretch:
    follower = Follower()
    follower.follow(some)
    return Stretch(
        rows=follower.rows,
        first=follower.first,
        start=follower.start,
        last=follower.last,
        end=follower.end,
        faults=tuple(follower.faults),
    )


def flipped(value: int | bytes, bit: int) -> int | bytes:
    if isinstance(value, int):
        return value ^ (1 << bit % 40)
    place = bit % (len(value) * 8)
    return bytes(
        byte ^ (1 << place % 8) if index == place // 8 else byte for index, byte in enumerate(value)
    )


@given(
    st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.integers(0, 5),
    st.integers(0, 10**6),
    st.integers(0, 6),
)
def test_any_bit_that_flips_in_the_log_is_found(
    bodies: list[bytes], which: int, column: int, bit: int, cut: int
) -> None:
    made, head = rows(bodies)
    assert not faults(made, head, cut)
    row = which % len(made)
    parts: list[int | bytes] = list(made[row])
    parts[column] = flipped(parts[column], bit)
    made[row] = cast("Row", tuple(parts))
    assert faults(made, head, cut)


@given(
    st.lists(st.binary(max_size=5), min_size=1, max_size=8),
    st.integers(0, 10**6),
    st.integers(0, 8),
)
def test_any_row_that_is_missing_from_the_log_is_found(
    bodies: list[bytes], which: int, cut: int
) -> None:
    made, head = rows(bodies)
    del made[which % len(made)]
    assert faults(made, head, cut)


@given(st.lists(st.binary(max_size=5), min_size=2, max_size=8), st.integers(1, 8))
def test_a_tail_that_is_cut_off_is_found(bodies: list[bytes], most: int) -> None:
    made, head = rows(bodies)
    found = faults(made[: -min(most, len(made))], head)
    assert "missing at the end" in found[0]


@given(DECISIONS)
def test_a_stored_decision_comes_back_as_it_was(decision: Decision) -> None:
    assert unpack(Decision, pack(decision)) == decision


@given(DECISIONS)
def test_the_same_record_always_gives_the_same_bytes(decision: Decision) -> None:
    assert pack(unpack(Decision, pack(decision))) == pack(decision)


@given(TIMES)
def test_a_stored_time_loses_no_microsecond(at: datetime) -> None:
    assert from_us(to_us(at)) == at


@given(SIGNALS)
def test_what_is_parted_from_a_signal_puts_it_together_again(came: Signal) -> None:
    body, statement = part_signal(came)
    joined = join_parts(body, statement)  # type: ignore[arg-type]  # as they were parted
    assert joined == (came.identifiers, came.facts, came.text)


@given(st.text("abc@. ", min_size=3, max_size=8), st.text("abc@. ", max_size=10))
def test_no_sentence_quotes_a_personal_value_as_words(title: str, around: str) -> None:
    text = pack_text({"words": f"{around} title is {title.strip()}, and so on", "n": 1})
    veiled = veil(text, {"title": title})
    if len(title.strip()) >= 3:
        assert f"title is {title.strip()}, and" not in json.loads(veiled)["words"]
    assert "⟨" not in unveil(veiled, {"title": title})


@given(TEXT, TEXT)
def test_sentences_without_personal_values_stay_as_they_are(words: str, title: str) -> None:
    text = pack_text({"words": words, "facts": {"title": title}})
    assert json.loads(veil(text, {"title": title}))["facts"] == {"title": title}
    assert veil(text, {}) == text


@pytest.mark.parametrize("statement", ["UPDATE log SET kind = 'x'", "DELETE FROM log"])
def test_the_log_cannot_be_changed_by_a_statement(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "store.sqlite3"
    store = SqliteStore(path, secret=b"s", world=FrozenWorld())
    store.write(lambda session: session.signals.append("import", from_us(0), {"rows": 1}))
    store.close()
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


def there_and_back(came: Signal, session: Session) -> Signal | None:
    session.signals.add(came, b"d" * 32, None)
    return session.signals.read(came.signal_id)


@settings(max_examples=15, deadline=None)
@given(came=st.lists(SIGNALS, min_size=1, max_size=5, unique_by=lambda each: each.signal_id))
def test_any_signal_comes_back_from_the_store_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, came: list[Signal]
) -> None:
    store = SqliteStore(
        tmp_path_factory.mktemp("store") / "s.sqlite3", secret=b"s", world=FrozenWorld()
    )
    try:
        for number, each in enumerate(came):
            unique = replace(each, event_id=f"event {number}")
            assert store.write(partial(there_and_back, unique)) == unique
        assert store.read(lambda session: session.signals.verify()).intact
    finally:
        store.close()


@given(value=DECISIONS | SIGNALS | FACTS | st.lists(FACTS) | TEXT)
def test_what_is_written_in_one_go_is_what_the_encoder_of_json_writes(value: object) -> None:
    assert pack_text(value) == write_plain(encode(value))
