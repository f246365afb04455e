"""What vendors cost and what is left of their quotas, over HTTP and on the page of figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.testing import FrozenWorld
from leadfit.web import create_app
from unit.cli.test_enriching import with_purchases
from unit.web.builders import ask


@pytest.fixture
def leadfit(tmp_path: Path) -> Iterator[Leadfit]:
    with open_leadfit(with_purchases(tmp_path), sends=False) as opened:
        yield opened


def test_quotas_say_what_is_used_of_each_limit(leadfit: Leadfit) -> None:
    key = leadfit.keys.create("read")
    (vendor,) = ask(create_app(leadfit), "GET", "/v1/enrich/quotas", key=key).json()["vendors"]
    assert (vendor["vendor"], vendor["gate"]["state"]) == ("v", "open")
    used = {each["what"]: (each["used"], each["most"]) for each in vendor["quotas"]}
    assert used["money"] == (4_000_000, 100_000_000)


def test_the_report_says_what_was_spent_and_wasted(leadfit: Leadfit) -> None:
    app, key = create_app(leadfit), leadfit.keys.create("read")
    found = ask(app, "GET", "/v1/enrich/report?leads=1", key=key).json()
    assert (found["whole"]["cost"], found["whole"]["waste"], found["currency"]) == (4.0, 3.0, "USD")
    long_ago = "/v1/enrich/report?since=2020-01-01&until=2020-02-01T00:00:00Z"
    assert ask(app, "GET", long_ago, key=key).json()["whole"]["calls"] == 0


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("report?since=monday&leads=0&calls=1", {"since", "leads", "calls"}),
        ("report?since=2026-02-01&until=2026-01-01", {"since"}),
        ("quotas?vendor=v", {"vendor"}),
    ],
)
def test_a_query_with_faults_names_every_one(
    leadfit: Leadfit, query: str, places: set[str]
) -> None:
    answer = ask(create_app(leadfit), "GET", f"/v1/enrich/{query}", key=leadfit.keys.create("read"))
    assert answer.status_code == 422
    assert {each["place"] for each in answer.json()["faults"]} == places


@pytest.mark.parametrize("path", ["quotas", "report"])
def test_only_who_may_read_sees_what_vendors_cost(leadfit: Leadfit, path: str) -> None:
    app = create_app(leadfit)
    assert ask(app, "GET", f"/v1/enrich/{path}").status_code == 401
    key = leadfit.keys.create("ingest")
    assert ask(app, "GET", f"/v1/enrich/{path}", key=key).status_code == 403


def test_the_page_of_figures_shows_spend_and_quotas(leadfit: Leadfit, tmp_path: Path) -> None:
    page = ask(create_app(leadfit), "GET", "/kpis", headers={"accept": "text/html"}).text
    for part in ("What bought facts cost", "4 calls since", "month or vendor", "v: open", "of 100"):
        assert part in page
    world = FrozenWorld()
    with open_leadfit(create_workspace(tmp_path / "plain", world=world), world=world) as other:
        page = ask(create_app(other), "GET", "/kpis", headers={"accept": "text/html"}).text
    assert "What bought facts cost" not in page
