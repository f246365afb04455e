"""Bad columns, labels and dates: each is named, nothing breaks, nothing is NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import pytest

from leadfit import learn
from leadfit.artifact import from_json, to_json
from leadfit.history import FactColumn, History, Table
from leadfit.report import document, summary
from unit.learn.worlds import AS_OF, START, World, codes_of, make

LEADS = 400
Column = Sequence[object]


@pytest.fixture(scope="module")
def history() -> History:
    return make(World(seed=61, leads=LEADS, facts=3, convert={"f01": 0.9})).history


def won(history: History) -> list[bool]:
    columns = history.events.columns
    ids = {
        lead
        for lead, kind in zip(columns["lead_id"], columns["kind"], strict=True)
        if kind == "converted"
    }
    return [lead in ids for lead in history.leads.columns["lead_id"]]


def with_fact(history: History, values: Column, *, is_number: bool = False) -> History:
    leads = Table(columns={**history.leads.columns, "odd": values})
    column = FactColumn(name="odd", table="leads", is_number=is_number)
    return replace(history, leads=leads, fact_columns=(*history.fact_columns, column))


def with_events(history: History, change: Callable[[Mapping[str, list[object]]], None]) -> History:
    columns = {name: list(values) for name, values in history.events.columns.items()}
    change(columns)
    return replace(history, events=Table(columns=columns))


def floats_in(content: object) -> list[float]:
    if isinstance(content, float):
        return [content]
    if isinstance(content, Mapping):
        return [each for part in content.values() for each in floats_in(part)]
    if isinstance(content, list | tuple):
        return [each for part in content for each in floats_in(part)]
    return []


def studied(history: History) -> set[tuple[str, str | None]]:
    """Study ``history``; nothing that comes out may be NaN or infinite. Return what was named."""
    study = learn.study(history)
    assert all(math.isfinite(each) for each in floats_in(document(study.benchmark)))
    assert "nan" not in summary(study.benchmark).lower().split()
    if study.artifact is not None:
        assert all(math.isfinite(each) for each in floats_in(asdict(study.artifact)))
        assert from_json(to_json(study.artifact)) == study.artifact
    return codes_of(study.benchmark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A column that is wrong in one way, by the row and whether its lead was won."""

    make: Callable[[int, bool], object]
    code: str
    is_number: bool = False


COLUMNS = {
    "constant text": Odd(make=lambda _n, _won: "same", code="constant_fact"),
    "constant number": Odd(make=lambda _n, _won: 3.0, code="constant_fact", is_number=True),
    "the outcome": Odd(make=lambda _n, won: str(won), code="leakage_after_outcome"),
    "the outcome as a number": Odd(
        make=lambda _n, won: float(won), code="leakage_after_outcome", is_number=True
    ),
    "filled in for won": Odd(make=lambda _n, won: "x" if won else None, code="known_only_for_won"),
    "a level a row": Odd(make=lambda n, _won: f"value {n}", code="too_many_levels"),
    "all blank": Odd(make=lambda _n, _won: None, code="all_missing"),
    "all blank numbers": Odd(make=lambda _n, _won: None, code="all_missing", is_number=True),
    "nothing but NaN": Odd(make=lambda _n, _won: math.nan, code="all_missing", is_number=True),
    "nothing but infinity": Odd(make=lambda _n, _won: math.inf, code="all_missing", is_number=True),
    "some NaN": Odd(
        make=lambda n, _won: float(n % 7) if n % 3 else math.nan,
        code="missing_as_value",
        is_number=True,
    ),
    "some infinity": Odd(
        make=lambda n, _won: float(n % 7) if n % 3 else (-math.inf, math.inf)[n % 2],
        code="missing_as_value",
        is_number=True,
    ),
    "a word for nothing": Odd(
        make=lambda n, _won: "unknown" if n % 2 else "north", code="missing_as_value"
    ),
    "a form's default": Odd(
        make=lambda n, _won: "Select" if n % 2 else "north", code="form_default"
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_an_odd_column_is_named_and_breaks_nothing(history: History, name: str) -> None:
    odd = COLUMNS[name]
    values = [odd.make(n, each) for n, each in enumerate(won(history))]
    assert (odd.code, "odd") in studied(with_fact(history, values, is_number=odd.is_number))


@pytest.mark.parametrize("figure", [1e308, -1e308, 10**400], ids=["large", "small", "whole"])
def test_numbers_beyond_all_figures_are_named(history: History, figure: float) -> None:
    values = [figure if n % 2 else float(n) for n in range(LEADS)]
    assert ("missing_as_value", "odd") in studied(with_fact(history, values, is_number=True))


@pytest.mark.parametrize("figure", [1e99, -1e99, 5e-324, 2**70])
def test_numbers_of_any_size_that_can_be_held_break_nothing(
    history: History, figure: float
) -> None:
    values = [figure if n % 2 else float(n) for n in range(LEADS)]
    assert not {
        code
        for code, field in studied(with_fact(history, values, is_number=True))
        if field == "odd"
    }


@pytest.mark.parametrize("figure", [math.nan, math.inf, 1e308, 1e99, 0.0])
def test_a_strange_score_in_use_breaks_nothing(history: History, figure: float) -> None:
    scores = [figure if n % 2 else float(n % 50) for n in range(LEADS)]
    studied(replace(history, leads=Table(columns={**history.leads.columns, "score": scores})))
    every = {**history.leads.columns, "score": [figure] * LEADS}
    studied(replace(history, leads=Table(columns=every)))


@pytest.mark.parametrize("figure", [math.nan, math.inf, -1e9, 1e99])
def test_strange_amounts_and_use_break_nothing(history: History, figure: float) -> None:
    def spoil(columns: Mapping[str, list[object]]) -> None:
        for name in ("amount", "value"):
            columns[name][:] = [each if each is None else figure for each in columns[name]]

    studied(with_events(history, spoil))


def test_five_thousand_values_are_named_and_break_nothing() -> None:
    made = make(World(seed=62, leads=5000, facts=1, convert_rate=0.01)).history
    codes = studied(with_fact(made, [f"value {n}" for n in range(5000)]))
    assert ("too_many_levels", "odd") in codes


def test_an_outcome_every_lead_reached_is_named(history: History) -> None:
    def win_all(columns: Mapping[str, list[object]]) -> None:
        for n in range(LEADS):
            row = {
                "at": AS_OF - timedelta(days=1),
                "kind": "converted",
                "account_id": f"a{n}",
                "lead_id": f"l{n}",
            }
            for name, values in columns.items():
                values.append(row.get(name))

    assert ("one_class", "converted") in studied(with_events(history, win_all))


def test_outcomes_before_creation_are_named(history: History) -> None:
    def turn_back(columns: Mapping[str, list[object]]) -> None:
        for n, kind in enumerate(columns["kind"]):
            if kind in {"accepted", "worked", "converted"} and n % 3 == 0:
                columns["at"][n] = START - timedelta(days=500)

    codes = studied(with_events(history, turn_back))
    assert {("impossible_dates", "accepted"), ("impossible_dates", "converted")} <= codes


def test_every_outcome_before_creation_breaks_nothing(history: History) -> None:
    def turn_all_back(columns: Mapping[str, list[object]]) -> None:
        columns["at"][:] = [START - timedelta(days=900)] * len(columns["at"])

    codes = studied(with_events(history, turn_all_back))
    assert ("impossible_dates", "converted") in codes


def test_leads_from_the_future_are_named(history: History) -> None:
    created = list(history.leads.columns["created_at"])
    created[::5] = [AS_OF + timedelta(days=4000)] * len(created[::5])
    leads = Table(columns={**history.leads.columns, "created_at": created})
    assert ("impossible_dates", "created_at") in studied(replace(history, leads=leads))


def test_a_past_that_lies_wholly_in_the_future_breaks_nothing(history: History) -> None:
    early = replace(history, as_of=START - timedelta(days=10))
    assert ("impossible_dates", "created_at") in studied(early)


@pytest.mark.parametrize("rows", [0, 1, 2, 25])
def test_hardly_any_leads_break_nothing(history: History, rows: int) -> None:
    leads = Table(columns={name: each[:rows] for name, each in history.leads.columns.items()})
    kept = set(leads.columns["account_id"])
    places = [n for n, each in enumerate(history.events.columns["account_id"]) if each in kept]
    events = {name: [each[n] for n in places] for name, each in history.events.columns.items()}
    few = replace(history, leads=leads, events=Table(columns=events))
    assert learn.benchmark(few).funnel.leads == rows
    studied(few)
