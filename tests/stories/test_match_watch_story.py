"""Some weeks of a company whose matching is watched, through the facade on a frozen clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit import BadInput, Leadfit, create_workspace, open_leadfit
from leadfit.cli import run
from leadfit.records import Relation
from leadfit.store.matching import Review, ReviewKind
from leadfit.testing import FrozenWorld
from leadfit.web import create_app
from unit.web.builders import ask

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = 3_600
DAY = 24 * HOUR


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld(MONDAY)


@pytest.fixture
def workspace(tmp_path: Path, world: FrozenWorld) -> Path:
    return create_workspace(tmp_path / "workspace", world=world)


@pytest.fixture
def leadfit(workspace: Path, world: FrozenWorld) -> Iterator[Leadfit]:
    with open_leadfit(workspace, world=world) as opened:
        yield opened


def send(leadfit: Leadfit, *emails: str) -> None:
    now = leadfit.world.now().isoformat()
    for email in emails:
        leadfit.accept(
            {
                "source": "web-form",
                "event_id": f"{email} {now}",
                "kind": "demo_request",
                "at": now,
                "identifiers": {"email": email},
            }
        )
    leadfit.decide_pending()


def a_week_of_leads(leadfit: Leadfit, world: FrozenWorld, name: str) -> None:
    """Eighty leads of one account, and eight mailboxes that a reviewer is asked about."""
    send(leadfit, "first@firm.com")
    for day in range(5):
        send(leadfit, *(f"{name}{day}{n}@firm.com" for n in range(16)))
        world.pass_time(DAY)
    send(leadfit, *(f"{role}@firm.com" for role in ("info", "sales", "office", "hello", "press")))


def waiting(leadfit: Leadfit, kind: ReviewKind) -> tuple[Review, ...]:
    return leadfit.matching.reviews(500, kind=kind)


def judge(leadfit: Leadfit, reviews: tuple[Review, ...], wrong: int = 0) -> None:
    for number, review in enumerate(reviews):
        answer = Relation.DIFFERENT if number < wrong else Relation.SAME
        leadfit.matching.settle(review.review_id, answer, reviewer="rita")


def alerts(leadfit: Leadfit, workspace: Path) -> dict[str, dict[str, object]]:
    leadfit.deliver()
    lines = (workspace / "outbox.jsonl").read_text("utf-8").splitlines()
    done = [json.loads(line) for line in lines if line]
    return {each["key"]: each for each in done if each["kind"] == "alert"}


def test_reviews_nobody_looks_at_become_overdue_and_then_an_alert(
    leadfit: Leadfit, world: FrozenWorld, workspace: Path
) -> None:
    a_week_of_leads(leadfit, world, "a")
    asked = waiting(leadfit, ReviewKind.LINK)
    assert len(asked) == 5
    assert leadfit.watch_matching() == 0
    world.pass_time(DAY)
    assert leadfit.watch_matching() == 5
    assert leadfit.watch_matching() == 0
    keys = alerts(leadfit, workspace).keys()
    assert {f"{each.lead_id}/{each.review_id}/alert" for each in asked} <= keys
    world.pass_time(8 * DAY)
    leadfit.watch_matching()
    (alert,) = leadfit.match_kpis().alerts
    assert alert.kpi.name == "review_age"
    assert "matching/2026-W11/review_age/alert" in alerts(leadfit, workspace)


def test_wrong_links_are_drawn_judged_told_and_no_longer_counted(
    leadfit: Leadfit, world: FrozenWorld, workspace: Path
) -> None:
    a_week_of_leads(leadfit, world, "a")
    judge(leadfit, waiting(leadfit, ReviewKind.LINK))
    world.pass_time(3 * DAY)
    before = len(waiting(leadfit, ReviewKind.AUDIT))
    leadfit.watch_matching()
    drawn = waiting(leadfit, ReviewKind.AUDIT)
    assert len(drawn) == 47 > before  # 200 a month are 47 a week
    assert leadfit.match_kpis().whole.unjudged == 47
    judge(leadfit, drawn, wrong=6)
    world.pass_time(7 * DAY)
    leadfit.watch_matching()
    found = leadfit.match_kpis(2)
    this, whole = found.weeks[-1], found.whole
    assert this.false_positive.value == pytest.approx(6 / 47)
    assert this.false_positive.is_beyond
    assert (this.signals, found.weeks[0].signals) == (0, 86)
    assert found.weeks[0].match_rate.value == pytest.approx(80 / 86)
    assert (whole.audit.judged, whole.audit.wrong, whole.unjudged) == (47, 6, 0)
    assert "matching/2026-W11/false_positive/alert" in alerts(leadfit, workspace)


def test_a_restart_tells_nobody_twice(world: FrozenWorld, workspace: Path) -> None:
    with open_leadfit(workspace, world=world) as leadfit:
        a_week_of_leads(leadfit, world, "a")
        world.pass_time(9 * DAY)
        assert leadfit.watch_matching() == 6  # five reviews, and the age of the queue
        before = alerts(leadfit, workspace)
    with open_leadfit(workspace, world=world) as again:
        again.watch_matching()
        assert alerts(again, workspace) == before
        assert len(waiting(again, ReviewKind.AUDIT)) == 47


def test_matching_is_watched_while_a_workspace_is_served(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    a_week_of_leads(leadfit, world, "a")
    world.pass_time(9 * DAY)
    leadfit.start()
    for _ in range(500):
        if len(waiting(leadfit, ReviewKind.AUDIT)) == 47:
            break
        leadfit.watch_matching()
    assert len(waiting(leadfit, ReviewKind.AUDIT)) == 47


def test_the_command_says_what_is_proved(
    world: FrozenWorld, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_leadfit(workspace, world=world) as leadfit:
        send(leadfit, "first@firm.com", *(f"lead{n}@firm.com" for n in range(30)))
    assert run(["kpis", "--workspace", str(workspace), "--weeks", "2"]) == 0
    words = capsys.readouterr().out
    assert "0.5 % not yet proved: no link was judged; 598 right ones prove it" in words
    assert "false positives" in words
    assert "not yet measured" in words
    assert run(["kpis", "--workspace", str(workspace), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["weeks"]) == 4
    assert told["week"]["kpis"]["false_positive"]["target"] == 0.005
    assert told["edges"][0]["auto"] == 0.97


def test_the_page_shows_the_same_as_the_command(leadfit: Leadfit, world: FrozenWorld) -> None:
    a_week_of_leads(leadfit, world, "a")
    world.pass_time(9 * DAY)
    page = ask(create_app(leadfit), "GET", "/kpis", headers={"accept": "text/html"})
    assert page.status_code == 200
    for words in (
        "Week 2026-W11",
        "0.5 % not yet proved: no link was judged; 598 right ones prove it",
        "median age of reviews: ",
        "<dt>Of them overdue</dt><dd>5</dd>",
        "93.0 %",
        "70 to 80 %, outside",
    ):
        assert words in page.text
    assert 'href="/kpis" aria-current="page"' in page.text


@pytest.mark.parametrize("weeks", [0, 105])
def test_a_number_of_weeks_out_of_range_is_refused(leadfit: Leadfit, weeks: int) -> None:
    with pytest.raises(BadInput, match="weeks"):
        leadfit.match_kpis(weeks)
