"""The list of leads over HTTP and on its page, with a store of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit
from leadfit.web import create_app
from listed import six_leads
from unit.web.builders import ask

BROWSER = {"accept": "text/html"}


@pytest.fixture
def leadfit(tmp_path: Path) -> Iterator[Leadfit]:
    with six_leads(tmp_path) as opened:
        yield opened


def ids(page: str) -> list[str]:
    return re.findall(r'href="/leads/(l\d)"', page)


def test_leads_are_paged_and_filtered(leadfit: Leadfit) -> None:
    app, key = create_app(leadfit), leadfit.keys.create("read")
    first = ask(app, "GET", "/v1/leads?limit=4", key=key).json()
    assert [each["lead_id"] for each in first["leads"]] == ["l6", "l5", "l4", "l3"]
    rest = ask(app, "GET", f"/v1/leads?after={first['next']}", key=key).json()
    assert ([each["lead_id"] for each in rest["leads"]], rest["next"]) == (["l2", "l1"], None)
    query = "owner=rep_ada&state=open&account=acme.com&unassigned=false"
    found = ask(app, "GET", f"/v1/leads?{query}", key=key).json()
    assert [each["lead_id"] for each in found["leads"]] == ["l1"]
    seen = ask(app, "GET", "/v1/leads?viewer=rep_finn&since=2020-01-01", key=key).json()
    assert [each["lead_id"] for each in seen["leads"]] == ["l6"]


def test_a_query_with_faults_names_every_one(leadfit: Leadfit) -> None:
    query = "tier=4&state=lost&since=monday&breached=1&limit=0&person=jo@acme.com"
    answer = ask(create_app(leadfit), "GET", f"/v1/leads?{query}", key=leadfit.keys.create("read"))
    assert answer.status_code == 422
    places = {each["place"] for each in answer.json()["faults"]}
    assert places == {"tier", "state", "since", "breached", "limit", "person"}


@pytest.mark.parametrize(
    ("query", "status"), [("viewer=nobody", 404), ("account=nobody", 404), ("after=l99", 422)]
)
def test_what_is_not_there_is_a_problem(leadfit: Leadfit, query: str, status: int) -> None:
    answer = ask(create_app(leadfit), "GET", f"/v1/leads?{query}", key=leadfit.keys.create("ops"))
    assert answer.status_code == status


@pytest.mark.parametrize(("scope", "status"), [(None, 401), ("ingest", 403), ("read", 200)])
def test_only_who_may_read_sees_leads(leadfit: Leadfit, scope: str | None, status: int) -> None:
    key = None if scope is None else leadfit.keys.create(scope)
    assert ask(create_app(leadfit), "GET", "/v1/leads", key=key).status_code == status


def test_the_page_finds_leads_by_address_and_domain(leadfit: Leadfit) -> None:
    app = create_app(leadfit)
    by_person = ask(app, "GET", "/leads?of=jo%40acme.com&state=open", headers=BROWSER).text
    assert ids(by_person) == ["l1"]
    assert 'value="jo@acme.com"' in by_person
    assert ids(ask(app, "GET", "/leads?of=acme.de", headers=BROWSER).text) == ["l2", "l1"]
    none = ask(app, "GET", "/leads?of=who%40x.com", headers=BROWSER)
    assert (none.status_code, ids(none.text)) == (200, [])
    assert "No contact has the address" in none.text


def test_the_page_keeps_its_marks_checked(leadfit: Leadfit) -> None:
    page = ask(create_app(leadfit), "GET", "/leads?unassigned=true", headers=BROWSER).text
    assert ids(page) == ["l6"]
    assert re.search(r'name="unassigned" value="true" checked', page)
    assert not re.search(r'name="breached" value="true" checked', page)
