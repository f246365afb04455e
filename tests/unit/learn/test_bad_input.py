"""Bad columns, labels and dates: each is named, nothing breaks, nothing is NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from leadfit import learn
from leadfit.artifact import from_json, to_json
from leadfit.history import FactColumn, History, Notice, Step, Table
from leadfit.learn.ladder import climb
from leadfit.learn.past import read_past
from leadfit.learn.watch import watch
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


def with_scores(history: History, scores: Column) -> History:
    return replace(history, leads=Table(columns={**history.leads.columns, "score": scores}))


@pytest.mark.parametrize(
    ("figure", "is_figure"),
    [(math.nan, False), (math.inf, False), (1e308, False), (1e99, True), (0.0, True)],
)
def test_a_strange_score_in_use_breaks_nothing_and_counts_as_blank_where_it_is_no_figure(
    history: History, figure: float, *, is_figure: bool
) -> None:
    some, blank = (
        with_scores(history, [each if n % 2 else float(n % 50) for n in range(LEADS)])
        for each in (figure, None)
    )
    for strange in (some, with_scores(history, [figure] * LEADS)):
        assert (("missing_as_value", "score") in studied(strange)) is not is_figure
    assert (learn.fit(some).heads == learn.fit(blank).heads) is not is_figure


@pytest.mark.parametrize(
    ("figure", "named"), [(math.nan, False), (math.inf, True), (-1e9, True), (1e99, False)]
)
def test_strange_amounts_and_use_break_nothing(
    history: History, figure: float, *, named: bool
) -> None:
    def spoil(columns: Mapping[str, list[object]]) -> None:
        for name in ("amount", "value"):
            columns[name][:] = [each if each is None else figure for each in columns[name]]

    codes = studied(with_events(history, spoil))
    for name in ("amount", "value"):
        assert (("impossible_amounts", name) in codes) is named


def test_no_two_facts_bear_one_name(history: History) -> None:
    rows, ids = history.leads.rows, sorted(map(str, set(history.leads.columns["account_id"])))
    odd = [("a", "b", "c")[n % 3] for n in range(rows)]
    own = [("yes", "no")[n % 2] for n in range(len(ids))]
    columns = (
        FactColumn(name="accounts.f01", table="leads"),
        FactColumn(name="f01", table="accounts"),
    )
    found = replace(
        history,
        leads=Table(columns={**history.leads.columns, "accounts.f01": odd}),
        accounts=Table(columns={"account_id": ids, "f01": own}),
        fact_columns=(*history.fact_columns, *columns),
    )
    artifact = learn.fit(found)
    names = [fact.name for fact in artifact.facts]
    assert "accounts.f01" in names
    assert len(set(names)) == len(names)


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


def notice_of(history: History, code: str, field: str) -> Notice:
    (found,) = [
        each
        for each in learn.benchmark(history).warnings
        if (each.code, each.field) == (code, field)
    ]
    return found


NOUGHT = datetime(1, 1, 1, tzinfo=UTC)


def test_leads_of_the_year_one_are_named_and_set_aside(history: History) -> None:
    created = list(history.leads.columns["created_at"])
    created[::5] = [NOUGHT] * len(created[::5])
    old = replace(history, leads=Table(columns={**history.leads.columns, "created_at": created}))
    assert ("impossible_dates", "created_at") in studied(old)
    found = notice_of(old, "impossible_dates", "created_at")
    assert found.evidence["rows"] == LEADS / 5
    assert "0001-01-01" in found.message
    past = read_past(old)
    watched = watch(past, climb(past), Step.CONVERTED, learn.Rules())
    assert not set(watched.row.tolist()) & set(range(0, LEADS, 5))


def test_events_of_the_year_one_are_named_and_set_aside(history: History) -> None:
    def turn_back(columns: Mapping[str, list[object]]) -> None:
        for n, kind in enumerate(columns["kind"]):
            if kind == "converted" and n % 2:
                columns["at"][n] = NOUGHT

    old = with_events(history, turn_back)
    assert ("impossible_dates", "events.at") in studied(old)
    # As an unknown day it is not one before creation, by two thousand years.
    assert ("impossible_dates", "converted") not in studied(old)
    assert learn.benchmark(old).funnel.converted == learn.benchmark(history).funnel.converted


def test_accounts_from_the_future_and_the_year_one_are_named(history: History) -> None:
    ids = list(dict.fromkeys(history.leads.columns["account_id"]))
    ahead = [AS_OF + timedelta(days=9000 * (n % 2)) for n in range(len(ids))]
    accounts = Table(columns={"account_id": ids, "created_at": ahead})
    found = notice_of(
        replace(history, accounts=accounts), "impossible_dates", "accounts.created_at"
    )
    assert found.evidence["rows"] == len(ids) // 2
    accounts = Table(
        columns={"account_id": ids, "created_at": [NOUGHT, *ahead[1::2], *ahead[2::2]]}
    )
    assert ("impossible_dates", "accounts.created_at") in studied(
        replace(history, accounts=accounts)
    )


def test_events_ahead_of_the_past_are_named(history: History) -> None:
    def look_ahead(columns: Mapping[str, list[object]]) -> None:
        columns["at"][:3] = [AS_OF + timedelta(days=9000)] * 3

    found = notice_of(with_events(history, look_ahead), "impossible_dates", "events.at")
    assert found.evidence["rows"] == 3


def test_amounts_below_nought_are_named_with_what_becomes_of_them(history: History) -> None:
    def turn(columns: Mapping[str, list[object]]) -> None:
        paid = [n for n, each in enumerate(columns["amount"]) if each is not None]
        columns["amount"][paid[0]], columns["amount"][paid[1]] = -500, -70_000

    found = notice_of(with_events(history, turn), "impossible_amounts", "amount")
    assert found.evidence == {"rows": 2, "least": -70_000.0}
    assert "repayments" in found.message


@pytest.mark.parametrize(("figure", "named"), [(1e300, True), (math.inf, True), (math.nan, False)])
def test_amounts_beyond_all_figures_are_named_and_blanks_are_not(
    history: History, figure: float, *, named: bool
) -> None:
    def spoil(columns: Mapping[str, list[object]]) -> None:
        columns["amount"][:] = [each and figure for each in columns["amount"]]

    assert (("impossible_amounts", "amount") in studied(with_events(history, spoil))) is named


def test_a_number_too_large_to_reckon_with_is_called_so(history: History) -> None:
    values = [1e300 if n % 2 else float(n) for n in range(LEADS)]
    found = notice_of(with_fact(history, values, is_number=True), "missing_as_value", "odd")
    assert found.message.startswith("'1e+300' in odd is no figure that can be reckoned with")


def after_win(history: History, kind: str, *, days: int) -> History:
    """Return ``history`` with one more event ``days`` after the win for every customer."""

    def add(columns: Mapping[str, list[object]]) -> None:
        wins = [n for n, each in enumerate(columns["kind"]) if each == "converted"]
        for n in wins:
            row = {name: values[n] for name, values in columns.items()}
            moment = row["at"]
            assert isinstance(moment, datetime)
            row |= {"kind": kind, "at": moment + timedelta(days=days), "amount": None}
            for name, values in columns.items():
                values.append(row[name])

    return with_events(history, add)


def silence(history: History, kind: str) -> History:
    def turn(columns: Mapping[str, list[object]]) -> None:
        columns["kind"][:] = ["page_view" if each == kind else each for each in columns["kind"]]

    return with_events(history, turn)


@pytest.mark.parametrize("kind", ["expanded", "churned"])
def test_a_step_that_every_customer_reached_is_named(history: History, kind: str) -> None:
    codes = studied(after_win(silence(history, "used"), kind, days=1))
    assert ("one_class", kind) in codes
    assert ("one_class", "converted") not in codes


def test_all_customers_leaving_after_use_is_named(history: History) -> None:
    wins = sum(kind == "converted" for kind in history.events.columns["kind"])
    used = after_win(history, "used", days=0)

    def use_much(columns: Mapping[str, list[object]]) -> None:
        columns["value"][-wins:] = [50.0] * wins

    codes = studied(after_win(with_events(used, use_much), "churned", days=600))
    assert ("one_class", "churned_after_use") in codes


def test_an_expansion_before_the_win_does_not_hide_a_later_one(history: History) -> None:
    only = silence(history, "expanded")
    later = after_win(only, "expanded", days=40)
    both = after_win(later, "expanded", days=-100)
    one, other = (
        watch(past, climb(past), Step.EXPANDED, learn.Rules())
        for past in (read_past(later), read_past(both))
    )
    assert one.events > 0
    assert (one.event == other.event).all()
    assert (one.end == other.end).all()
    assert notice_of(both, "impossible_dates", "expanded").evidence["again_after"] == sum(
        kind == "converted" for kind in history.events.columns["kind"]
    )
    none_later = read_past(after_win(only, "expanded", days=-100))
    assert watch(none_later, climb(none_later), Step.EXPANDED, learn.Rules()).events == 0


def test_customers_without_any_lead_are_learned_from() -> None:
    """A source that knows accounts and what they did, and no lead they came from."""
    made = make(World(seed=65, leads=900, facts=3, convert_rate=0.4)).history
    leads, names = made.leads.columns, [fact.name for fact in made.fact_columns]
    accounts = {name: leads[name] for name in ("account_id", "created_at", *names)}
    events = made.events.columns
    history = replace(
        made,
        events=Table(columns={**events, "lead_id": [None] * made.events.rows}),
        leads=Table(columns={name: [] for name in leads if name not in names}),
        accounts=Table(columns=accounts),
        fact_columns=tuple(FactColumn(name=name, table="accounts") for name in names),
    )
    artifact = learn.fit(history)
    assert {head.step for head in artifact.heads} == {"converted", "expanded"}
    studied(history)
    icp = learn.read_static({"rule": [{"fact": "f01", "in": ["yes"]}]})
    held = learn.benchmark(history, static_icp=icp).static_icp
    assert held is not None
    assert held.same_number is not None
