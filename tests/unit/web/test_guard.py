from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from leadfit.app import Status
from leadfit.errors import BadInput, DamagedStore
from leadfit.web import create_app, serve
from leadfit.web.app import API, PAGES
from leadfit.web.guard import HEADERS, is_local_name, is_loopback
from leadfit.web.openapi import description
from leadfit.web.site import Site, permitted
from unit.web.builders import FixedKeys, LeadfitInMemory, ask, lead_view


class BrokenLeadfit(LeadfitInMemory):
    """Fails with whatever it is given."""

    error: Exception = RuntimeError("ada@acme.example in the message")

    def status(self) -> Status:
        raise self.error


@pytest.fixture
def leadfit(tmp_path: Path) -> LeadfitInMemory:
    return LeadfitInMemory(tmp_path, [lead_view()])


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8321", "10.0.0.1"]
)
@pytest.mark.parametrize("path", ["/", "/leads/lead_1", "/v1/signals", "/healthz"])
def test_a_name_of_another_site_is_turned_away(
    leadfit: LeadfitInMemory, host: str, path: str
) -> None:
    answer = ask(create_app(leadfit), "GET", path, host=host)
    assert answer.status_code == 421
    assert "Acme" not in answer.text


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("[::1]:8321", True),
        ("[::1]", True),
        ("127.0.0.1", True),
        ("127.0.0.1:x", False),
        ("", False),
        ("localhost@evil", False),
        (":80", False),
        ("127.0.0.1:80:80", False),
    ],
)
def test_only_names_of_this_machine_are_local(host: str, is_local: bool) -> None:
    assert is_local_name(host) is is_local


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "leadfit.example", ""])  # noqa: S104 -- what must be refused
def test_serving_other_machines_is_refused(leadfit: LeadfitInMemory, host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(BadInput, match="for this machine only"):
        serve(leadfit, host=host, port=0)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/leads/none"),
        ("GET", "/nowhere"),
        ("POST", "/v1/signals"),
        ("DELETE", "/leads"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
    ],
)
def test_every_answer_carries_the_security_headers(
    leadfit: LeadfitInMemory, method: str, path: str
) -> None:
    answer = ask(create_app(leadfit), method, path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "server" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_an_unexpected_error_says_nothing_of_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(create_app(BrokenLeadfit(tmp_path)), "GET", "/readyz")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "acme" not in answer.text
    captured = capsys.readouterr()
    assert "request.failed" in captured.out + captured.err
    assert "acme" not in captured.out + captured.err


def test_an_error_of_ours_keeps_its_code(tmp_path: Path) -> None:
    leadfit = BrokenLeadfit(tmp_path)
    leadfit.error = DamagedStore("log row 3", "its hash differs")
    answer = ask(create_app(leadfit), "GET", "/readyz")
    assert (answer.status_code, answer.json()["code"]) == (500, "damaged_store")


def test_readiness_follows_the_workspace(leadfit: LeadfitInMemory) -> None:
    assert ask(create_app(leadfit), "GET", "/readyz").status_code == 200
    leadfit.is_ready = False
    answer = ask(create_app(leadfit), "GET", "/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert ask(create_app(leadfit), "GET", "/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json"])
def test_figures_and_the_description_need_a_key(leadfit: LeadfitInMemory, path: str) -> None:
    assert ask(create_app(leadfit), "GET", path).status_code == 401
    assert ask(create_app(leadfit), "GET", path, key="see").status_code == 200


def test_figures_have_a_meaning_and_a_kind_each(leadfit: LeadfitInMemory) -> None:
    lines = ask(create_app(leadfit), "GET", "/metrics", key="see").text.splitlines()
    helped = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    typed = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE ")}
    assert helped == list(typed)
    assert all((kind == "counter") == name.endswith("_total") for name, kind in typed.items())
    assert all(name.endswith("_seconds") for name, kind in typed.items() if kind == "histogram")
    assert 'leadfit_signal_to_assignment_seconds_bucket{le="0.025"} 1' in lines
    assert "leadfit_signal_to_assignment_seconds_count 2" in lines
    assert 'leadfit_check{check="store"} 1' in lines
    assert 'leadfit_destination_broken{destination="crm"} 1' in lines
    assert 'leadfit_destination_oldest_seconds{destination="crm"} 120' in lines


def test_metrics_count_requests_by_route_and_never_by_id(leadfit: LeadfitInMemory) -> None:
    app = create_app(leadfit)
    for path in ("/leads/lead_1", "/leads/lead_1", "/leads/none", "/nowhere"):
        ask(app, "GET", path)
    text = ask(app, "GET", "/metrics", key="see").text
    assert 'route="/leads/{lead_id}",status="200"} 2' in text
    assert "lead_1" not in text
    assert "leadfit_clocks_overdue 1" in text
    assert 'leadfit_http_request_duration_seconds_bucket{le="+Inf"} 4' in text


def test_every_route_of_the_api_is_described_and_nothing_else() -> None:
    served = {
        (path.replace(":str", ""), method.lower())
        for route in API
        for path in route.paths
        for method in route.http_methods
        if path != "/openapi.json"
    }
    paths = description()["paths"]
    assert isinstance(paths, dict)
    described = {
        (path, method)
        for path, calls in paths.items()
        if isinstance(calls, dict)
        for method in calls
    }
    assert described == served


def test_only_two_forms_which_ask_for_a_key_change_anything() -> None:
    changing = {route.name for route in PAGES if route.http_methods != {"GET"}}
    assert changing == {"settle_page", "lead_form"}


class FarKeys(FixedKeys):
    """Keys that another machine knows; notes in which thread it is asked."""

    are_near = False

    def __init__(self) -> None:
        super().__init__()
        self.asked_in: list[int] = []

    def scope(self, key: str) -> str | None:
        self.asked_in.append(threading.get_ident())
        return super().scope(key)


def test_no_other_request_waits_while_a_key_is_looked_up_on_another_machine(
    leadfit: LeadfitInMemory,
) -> None:
    leadfit.keys = keys = FarKeys()
    site = Site(leadfit)
    scope = asyncio.run(permitted(site, "see", "read"))
    site.close()
    assert scope == "see"
    assert keys.asked_in != [threading.get_ident()]
