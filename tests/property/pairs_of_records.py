"""A card with every test, and records of few letters over which all its levels occur."""

from __future__ import annotations

from collections.abc import Mapping

from leadfit.resolve.model.card import (
    Blocking,
    Card,
    Comparison,
    Frequencies,
    Level,
    RecordKind,
    Test,
)
from leadfit.world import seeded

Record = Mapping[str, str | None]

COLUMNS = ("first", "last", "company", "email", "phone", "day")
_ELSE = Level(test=Test.ELSE, bits=-3.75)


def level(test: Test, *columns: str, bits: float, at: float | None = None) -> Level:
    return Level(test=test, columns=columns, threshold=at, bits=bits)


def comparison(name: str, *levels: Level) -> Comparison:
    return Comparison(name=name, blank=(name,), levels=(*levels, _ELSE))


CARD = Card(
    kind=RecordKind.CONTACT,
    normaliser=1,
    prior=-6.3,
    comparisons=(
        comparison(
            "last",
            Level(test=Test.EXACT, columns=("last",), bits=7.1, u=0.013, by_frequency=True),
            level(Test.SWAPPED, "last", "first", bits=6.0),
            level(Test.JARO_WINKLER, "last", bits=4.2, at=0.92),
            level(Test.JARO_WINKLER, "last", bits=1.3, at=0.8),
        ),
        comparison("first", level(Test.ANY_TOKEN, "first", bits=2.7)),
        comparison(
            "company",
            level(Test.EXACT, "company", bits=9.0),
            level(Test.OVERLAP, "company.words", bits=5.5, at=0.6),
            level(Test.OVERLAP, "company.words", bits=2.5, at=0.25),
        ),
        comparison(
            "email",
            level(Test.EXACT, "email", bits=11.9),
            level(Test.DAMERAU, "email", bits=3.3, at=2),
        ),
        comparison(
            "phone", level(Test.EXACT, "phone", bits=8.8), level(Test.SUFFIX, "phone", bits=4, at=3)
        ),
        comparison(
            "day",
            level(Test.EXACT, "day", "phone", bits=12.0),
            level(Test.DAMERAU, "day", bits=2.0, at=1),
        ),
    ),
    blocking=(
        Blocking(columns=("last",), most=40),
        Blocking(columns=("company.words:token",), most=20),
        Blocking(columns=("company.words:rare", "first:first2"), most=40),
        Blocking(columns=("phone:last3",), most=40),
    ),
    frequencies={
        "last": Frequencies(floor=0.001, unseen=0.002, shares={"aab": 0.1, "éé": 0.004}),
        "company.words": Frequencies(
            floor=0.001, unseen=0.0031, shares={"a": 0.2, "ab": 0.05, "日": 0.01}
        ),
    },
)


def random_records(seed: int, count: int) -> list[dict[str, str | None]]:
    """Return records of few letters, so that every level occurs, with blanks and Unicode."""
    draw = seeded("records", seed)

    def text() -> str | None:
        if draw.random() < 0.1:
            return draw.choice([None, ""])
        return "".join(draw.choice("aab bé日'ñ😀") for _ in range(draw.randint(0, 7))).strip()

    records: list[dict[str, str | None]] = []
    for _ in range(count):
        if records and draw.random() < 0.6:
            record = dict(draw.choice(records))
            if draw.random() < 0.2:
                record["first"], record["last"] = record["last"], record["first"]
            else:
                record[draw.choice(COLUMNS)] = text()
        else:
            record = {column: text() for column in COLUMNS}
        records.append(record)
    return records
