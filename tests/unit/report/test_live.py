from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadfit.records import (
    Account,
    Band,
    Clock,
    ClockKind,
    Lead,
    Match,
    Reason,
    Relation,
    Score,
    Tier,
)
from leadfit.report import live
from leadfit.report.lead_page import lead_page, ledger
from leadfit.report.lead_sheet import ClockLine, LeadSheet

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def sheet(lead_id: str = "lead_1", **rest: object) -> LeadSheet:
    base = LeadSheet(
        lead=Lead(lead_id=lead_id, created_at=NOW - timedelta(hours=26), tier=Tier.ONE),
        account=Account(account_id="acc_1", name="Acme"),
        match=Match(band=Band.REVIEW, probability=0.62, relation=Relation.SAME, method="domain"),
    )
    return replace(base, **rest)  # type: ignore[arg-type] # a builder of any field


def clock(due_in: timedelta, **rest: object) -> ClockLine:
    started = NOW - timedelta(hours=1)
    line = ClockLine(
        clock=Clock(
            key="c",
            kind=ClockKind.ASSIGNMENT_TO_TOUCH,
            lead_id="lead_1",
            assignment_id=None,
            started_at=started,
            due_at=NOW + due_in,
        )
    )
    return replace(line, **rest)  # type: ignore[arg-type] # a builder of any field


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_an_empty_list_says_what_to_do() -> None:
    found = text_of(live.lead_list([], now=NOW))
    assert "No leads yet" in found
    assert "leadfit key create --scope ingest" in found


def test_an_empty_choice_is_not_an_empty_workspace() -> None:
    found = text_of(live.lead_list([], now=NOW, chosen={"tier": "2"}))
    assert "No lead fits this choice" in found
    assert "No leads yet" not in found


def test_a_row_shows_tier_match_age_and_a_missing_owner() -> None:
    found = text_of(live.lead_list([sheet()], now=NOW))
    for part in ("Acme", "Tier 1", "needs review", "62 %", "1 d 2 h", "nobody"):
        assert part in found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (clock(timedelta(minutes=3)), "3 min left"),
        (clock(-timedelta(minutes=90)), "overdue by 1 h 30 min"),
        (clock(timedelta(), stopped_at=NOW, stopped_by="touch"), "stopped after 1 h (touch)"),
    ],
)
def test_a_clock_says_how_it_stands(line: ClockLine, said: str) -> None:
    assert said in text_of(lead_page(sheet(clocks=[line]), now=NOW))


def test_a_clock_that_was_breached_before_it_stopped_is_shown_as_bad() -> None:
    stopped = {"stopped_at": NOW, "stopped_by": "touch"}
    late = clock(-timedelta(minutes=9), breached_at=NOW - timedelta(minutes=8), **stopped)
    tones = [
        re.findall(r'class="chip (\w+)">stopped after', lead_page(sheet(clocks=[c]), now=NOW))
        for c in (clock(timedelta(), **stopped), late)
    ]
    assert tones == [["good"], ["bad"]]


def test_the_next_page_keeps_the_choice() -> None:
    page = live.lead_list(
        [sheet()], now=NOW, chosen={"tier": "1", "owner": "rep/a"}, following="lead 1&2"
    )
    assert "/leads?tier=1&amp;owner=rep%2Fa&amp;after=lead+1%262" in page


def test_the_last_page_has_no_older_leads() -> None:
    assert "Older leads" not in live.lead_list([sheet()], now=NOW)


@pytest.mark.parametrize(
    "points", [[1 / 3, 1 / 3, 1 / 3], [0.05] * 7, [12.25, -3.75, 61.125], [0.1, 0.2], []]
)
def test_the_shown_points_add_up_to_the_shown_score(points: list[float]) -> None:
    reasons = [Reason(rule=f"r{n}", words="w", points=p) for n, p in enumerate(points)]
    rows, total = ledger([*reasons, Reason(rule="tier", words="no points")], sum(points))
    shown = sum(float(row[2].replace("\u2212", "-")) for row in rows)
    assert abs(shown - float(total)) < 1e-9
    assert [row[0] for row in rows][: len(points)] == [reason.rule for reason in reasons]


def test_rounding_that_hides_points_is_a_row_of_its_own() -> None:
    thirds = [Reason(rule=f"r{n}", words="w", points=1 / 3) for n in range(3)]
    rows, total = ledger(thirds, 1.0)
    assert total == "1.00"
    assert rows[-1] == ("rounding", "Rounding of the points above", "+0.01")


def test_a_lead_page_names_a_rep_who_works_here_and_shows_the_id_of_another() -> None:
    owned = replace(sheet().lead, owner_id="rep_ada")
    page = lead_page(sheet(lead=owned), now=NOW, reps={"rep_ada": "Ada <North>"})
    assert "Owner Ada &lt;North&gt; (rep_ada)" in text_of(page)
    assert "Owner rep_ada" in text_of(lead_page(sheet(lead=owned), now=NOW, reps={}))


def test_the_lead_page_shows_the_ledger_and_its_total() -> None:
    score = Score(
        model="A",
        tier=Tier.TWO,
        total=40.5,
        fit=30.0,
        engagement=10.5,
        intent=0.0,
        authority=0.0,
        fit100=75.0,
        intent100=21.0,
        reasons=(
            Reason(rule="fit.size", words="50 to 250 people", points=30.0),
            Reason(rule="engagement.blog", words="Read the blog", points=10.5),
            Reason(rule="tier", words="40 points make Tier 2"),
        ),
    )
    found = text_of(lead_page(sheet(score=score), now=NOW))
    assert "50 to 250 people. fit.size +30.0" in found
    assert "Score 40.5" in found
    assert "as the gates ask: fit 75, engagement and intent together 21." in found
    assert "Engagement 10.5 points" in found
    assert "40 points make Tier 2." in found


def test_a_lead_without_a_decision_says_so() -> None:
    found = text_of(lead_page(sheet(match=None), now=NOW))
    assert "has not been scored yet" in found
    assert "No decision has given this lead to anybody yet" in found


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "\u202egnp", "🦄"])
def test_hostile_names_stay_text(name: str) -> None:
    odd = sheet(name, account=Account(account_id=name, name=name * 50))
    for page in (lead_page(odd, now=NOW), live.lead_list([odd], now=NOW)):
        assert "<script" not in page
        assert "<img" not in page
        assert "\u202e" not in page


def test_no_page_carries_a_script_or_an_inline_style() -> None:
    pages = [
        lead_page(sheet(), now=NOW),
        live.lead_list([sheet()], now=NOW),
        live.message("t", "x"),
        live.benchmark(has_report=True, reports_folder="reports"),
    ]
    for page in pages:
        assert not re.search(r"<script| style=| on\w+=|https?://(?!127\.0\.0\.1)", page)


def test_an_imported_owner_is_not_told_as_a_decision() -> None:
    lead = Lead(lead_id="lead_1", created_at=NOW, tier=Tier.ONE, owner_id="rep_9")
    found = text_of(lead_page(sheet(lead=lead, match=None), now=NOW))
    assert "rep_9 had this lead when it was imported" in found
    assert "Tier 1 came with the import" in found


def test_a_list_names_owners_with_their_ids_and_offers_names_to_choose_by() -> None:
    owned = replace(sheet().lead, owner_id="rep_ada")
    names = {"rep_ada": "Ada <North>", "rep_bo": "Bo"}
    page = live.lead_list([sheet(lead=owned)], now=NOW, reps=names)
    assert 'Ada &lt;North&gt;<br><span class="muted mono">rep_ada</span>' in page
    assert '<option value="rep_bo">Bo</option>' in page
    assert '<td data-label="Owner">rep_ada</td>' in live.lead_list([sheet(lead=owned)], now=NOW)
