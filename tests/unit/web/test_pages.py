from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from leadfit.records import Tier
from leadfit.web import create_app
from unit.web.builders import LeadfitInMemory, ask, lead_view

BROWSER = {"accept": "text/html,application/xhtml+xml"}


def open_page(leadfit: LeadfitInMemory, path: str) -> httpx.Response:
    return ask(create_app(leadfit), "GET", path, headers=BROWSER)


@pytest.fixture
def leadfit(tmp_path: Path) -> LeadfitInMemory:
    views = [lead_view(f"lead_{n}", name=f"Acme {n}") for n in range(120)]
    views[7] = replace(views[7], lead=replace(views[7].lead, tier=Tier.TWO, owner_id="rep_bo"))
    return LeadfitInMemory(tmp_path, views)


def test_paging_shows_every_lead_once(leadfit: LeadfitInMemory) -> None:
    path, seen = "/leads", []
    for _ in range(10):
        page = open_page(leadfit, path).text
        seen += re.findall(r'href="/leads/(lead_\d+)"', page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        if older is None:
            break
        path = older.group(1).replace("&amp;", "&")
    assert seen == [f"lead_{n}" for n in range(120)]


def test_a_list_is_filtered_by_tier_and_owner(leadfit: LeadfitInMemory) -> None:
    page = open_page(leadfit, "/leads?tier=2&owner=rep_bo").text
    assert re.findall(r'href="/leads/(lead_\d+)"', page) == ["lead_7"]


def test_the_lead_page_shows_the_why(leadfit: LeadfitInMemory) -> None:
    page = open_page(leadfit, "/leads/lead_1").text
    for part in (
        "Acme 1",
        "Asked for a demo",
        "72.2",
        "Away until 9 March",
        "3 min left",
        "The domain acme.example is the account",
        "b" * 64,
    ):
        assert part in page


def test_a_lead_whose_id_holds_a_slash_has_a_page(tmp_path: Path) -> None:
    leadfit = LeadfitInMemory(tmp_path, [lead_view("crm/00Q 1")])
    link = re.search(r'href="(/leads/crm[^"]+)"', open_page(leadfit, "/leads").text)
    assert link is not None
    assert open_page(leadfit, link.group(1)).status_code == 200


@pytest.mark.parametrize("path", ["/leads/none", "/nowhere", "/benchmark/report"])
def test_a_person_gets_a_page_where_nothing_is(leadfit: LeadfitInMemory, path: str) -> None:
    answer = open_page(leadfit, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Nothing is here" in answer.text


def test_a_script_gets_a_problem_where_nothing_is(leadfit: LeadfitInMemory) -> None:
    answer = ask(create_app(leadfit), "GET", "/nowhere")
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_benchmark_page_says_how_one_is_made_and_then_shows_it(
    leadfit: LeadfitInMemory,
) -> None:
    assert "leadfit benchmark FOLDER --out" in open_page(leadfit, "/benchmark").text
    (leadfit.folder / "reports").mkdir()
    report = "<!doctype html><style>p{}</style><p>found</p>"
    (leadfit.folder / "reports" / "report.html").write_text(report, "utf-8")
    assert 'src="/benchmark/report"' in open_page(leadfit, "/benchmark").text
    answer = open_page(leadfit, "/benchmark/report")
    assert answer.text == report
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert re.search(r"style-src 'sha256-[^']+';", policy)
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_the_first_page_names_what_needs_a_person(leadfit: LeadfitInMemory) -> None:
    page = open_page(leadfit, "/").text
    for part in ("Overdue clocks", "Without an owner", "none: rules only"):
        assert part in page


def test_a_workspace_that_is_not_ready_says_so(leadfit: LeadfitInMemory) -> None:
    leadfit.is_ready = False
    assert "The workspace is not ready" in open_page(leadfit, "/").text


def test_an_unknown_tier_is_refused(leadfit: LeadfitInMemory) -> None:
    assert open_page(leadfit, "/leads?tier=9").status_code == 422


def test_pages_ask_for_nothing_but_the_one_stylesheet(leadfit: LeadfitInMemory) -> None:
    for path in ("/", "/leads", "/leads/lead_1", "/benchmark"):
        page = open_page(leadfit, path).text
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page)
        assert set(loaded) <= {"/static/leadfit.css", "data:,"}
        assert "<script" not in page
    assert open_page(leadfit, "/static/leadfit.css").headers["content-type"].startswith("text/css")


def test_head_is_get_without_a_body(leadfit: LeadfitInMemory) -> None:
    app = create_app(leadfit)
    whole, head = (ask(app, method, "/leads") for method in ("GET", "HEAD"))
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]
