"""Reviews and merges over HTTP and on pages, through the application and a store of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.records import Account, Lead, Reason
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session
from leadfit.store.matching import Review, ReviewKind
from leadfit.testing import FrozenWorld
from leadfit.web import create_app
from unit.web.builders import ask

BROWSER = {"accept": "text/html,application/xhtml+xml"}
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A workspace with its application and a key of each scope."""

    leadfit: Leadfit
    keys: dict[str, str]

    def ask(
        self, method: str, path: str, scope: str | None = None, **rest: object
    ) -> httpx.Response:
        app, key = create_app(self.leadfit), None if scope is None else self.keys[scope]
        return ask(app, method, path, key=key, **rest)  # type: ignore[arg-type]  # passed on

    def decide(self, review_id: str, **said: object) -> httpx.Response:
        return self.ask("POST", f"/v1/reviews/{review_id}", "ops", json=said)

    def send_form(self, review_id: str, **fields: str) -> httpx.Response:
        return self.ask(
            "POST", f"/reviews/{review_id}", content=urlencode(fields),
            headers={**BROWSER, "content-type": FORM},
        )  # fmt: skip


def fill(session: Session, world: FrozenWorld) -> None:
    now = world.now()
    session.accounts.add_accounts(
        [
            Account(
                account_id="a1", name="Acme <b>Ltd</b>", domains=("acme.com",), owner_id="rep_ada"
            ),
            Account(account_id="a2", name="ACME Limited", country="DE", owner_id="rep_finn"),
            Account(account_id="a3", name="Beta", domains=("beta.com",)),
        ]
    )  # fmt: skip
    session.leads.add(Lead(lead_id="l1", created_at=now, is_open=False), now, "a3")
    evidence = (Reason(rule="weighed.company", words="company is spelled alike (+8.0 bits)"),)
    for number, kind in enumerate(
        (ReviewKind.DUPLICATE, ReviewKind.LINK, ReviewKind.AUDIT), start=1
    ):
        is_lead = kind is not ReviewKind.DUPLICATE
        session.reviews.open(
            Review(
                review_id=f"v{number}", kind=kind, record_kind=RecordKind.ACCOUNT,
                left_id="l1" if is_lead else "a2", right_id="a3" if is_lead else "a1",
                lead_id="l1" if is_lead else None, probability=0.93, opened_at=now,
                due_at=now + timedelta(hours=number), evidence=evidence,
            )
        )  # fmt: skip


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    world = FrozenWorld()
    create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(tmp_path / "workspace", world=world) as leadfit:
        leadfit._store.write(lambda session: fill(session, world))
        keys = {scope: leadfit.keys.create(scope) for scope in ("ingest", "read", "ops")}
        yield Served(leadfit=leadfit, keys=keys)


def test_the_queue_is_paged_and_filtered(served: Served) -> None:
    first = served.ask("GET", "/v1/reviews?limit=2", "read").json()
    assert [each["review_id"] for each in first["reviews"]] == ["v1", "v2"]
    rest = served.ask("GET", f"/v1/reviews?after={first['next']}", "read").json()
    assert [each["review_id"] for each in rest["reviews"]] == ["v3"]
    assert rest["next"] is None
    audits = served.ask("GET", "/v1/reviews?kind=audit", "read").json()
    assert [each["review_id"] for each in audits["reviews"]] == ["v3"]


def test_a_question_that_cannot_be_answered_names_every_fault(served: Served) -> None:
    answer = served.ask("GET", "/v1/reviews?limit=0&kind=all&page=2", "read")
    assert answer.status_code == 422
    assert {fault["place"] for fault in answer.json()["faults"]} == {"limit", "kind", "page"}


def test_one_review_has_both_records_and_what_each_answer_does(served: Served) -> None:
    found = served.ask("GET", "/v1/reviews/v1", "read").json()
    assert (found["left"]["record_id"], found["right"]["record_id"]) == ("a2", "a1")
    rows = {row["field"]: row for row in found["rows"]}
    assert (rows["name"]["left"], rows["country"]["right"]) == ("ACME Limited", None)
    assert set(found["answers"]) == {"same", "related", "different"}
    assert served.ask("GET", "/v1/reviews/none", "read").status_code == 404


def test_a_rep_is_told_of_a_hidden_record_whom_to_ask(served: Served) -> None:
    answer = served.ask("GET", "/v1/reviews/v1?viewer=rep_ada", "read")
    found = answer.json()
    assert (found["left"]["is_hidden"], found["left"]["ask"]) == (True, ["rep_max"])
    assert "ACME Limited" not in answer.text
    assert "a2" not in answer.text
    assert served.ask("GET", "/v1/reviews/v1?viewer=nobody", "read").status_code == 404


def test_a_decision_is_made_once(served: Served) -> None:
    first = served.decide("v2", decision="same", relation="same", reason="one", reviewer="rep_max")
    assert (first.status_code, first.json()["reviewer"]) == (200, "rep_max")
    assert first.json()["lead"]["account_id"] == "a3"
    second = served.decide("v2", relation="different")
    assert (second.status_code, second.json()["code"]) == (409, "not_possible")
    assert second.headers["content-type"] == "application/problem+json"
    assert served.decide("none", relation="same").status_code == 404


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ({}, ["relation"]),
        ({"relation": "maybe"}, ["relation"]),
        ({"decision": 5}, ["decision"]),
        ({"decision": "same", "relation": "related"}, ["relation"]),
        ({"relation": "same", "reason": " ", "who": 1}, ["who", "reason"]),
    ],
)
def test_a_decision_that_says_nothing_or_two_things_is_refused(
    served: Served, said: dict[str, object], places: list[str]
) -> None:
    answer = served.decide("v1", **said)
    assert answer.status_code == 422
    assert [fault["place"] for fault in answer.json()["faults"]] == places
    assert served.leadfit.matching.review("v1").is_open


@pytest.mark.parametrize("scope", [None, "ingest", "read"])
@pytest.mark.parametrize(
    "path", ["/v1/reviews/v1", "/v1/accounts/a1/merge", "/v1/accounts/a1/unmerge"]
)
def test_only_ops_may_decide_and_merge(served: Served, path: str, scope: str | None) -> None:
    answer = served.ask("POST", path, scope, json={"relation": "same", "absorbed_id": "a3"})
    assert answer.status_code == (401 if scope is None else 403)


@pytest.mark.parametrize("scope", [None, "ingest"])
@pytest.mark.parametrize("path", ["/v1/reviews", "/v1/reviews/v1", "/v1/accounts/a1/merges"])
def test_only_who_may_read_sees_reviews(served: Served, path: str, scope: str | None) -> None:
    assert served.ask("GET", path, scope).status_code == (401 if scope is None else 403)


def test_accounts_are_merged_and_taken_apart(served: Served) -> None:
    said = {"absorbed_id": "a3", "reason": "one firm", "by": "rep_max"}
    made = served.ask("POST", "/v1/accounts/a1/merge", "ops", json=said)
    assert made.json()["provenance"]["domains.beta.com"] == "a3"
    again = served.ask("POST", "/v1/accounts/a1/merge", "ops", json=said)
    assert (again.status_code, again.json()["code"]) == (409, "not_possible")
    other = {"merge_id": made.json()["merge_id"]}
    assert served.ask("POST", "/v1/accounts/a2/unmerge", "ops", json=other).status_code == 404
    undone = served.ask("POST", "/v1/accounts/a3/unmerge", "ops", json={"reason": "two"})
    assert undone.json()["undone_reason"] == "two"
    assert served.ask("POST", "/v1/accounts/a1/unmerge", "ops").status_code == 404
    past = served.ask("GET", "/v1/accounts/a1/merges", "read").json()["merges"]
    assert [each["undone_by"] for each in past] == ["api"]


def test_a_lead_is_put_into_an_account_and_taken_out(served: Served) -> None:
    said = {"account_id": "a1", "reason": "they called", "by": "rep_max"}
    put = served.ask("POST", "/v1/leads/l1/link", "ops", json=said).json()
    assert (put["kind"], put["relation"], put["lead"]["account_id"]) == ("stated", "same", "a1")
    again = served.ask("POST", "/v1/leads/l1/link", "ops", json=said)
    assert (again.status_code, again.json()["code"]) == (409, "not_possible")
    out = served.ask("POST", "/v1/leads/l1/unlink", "ops", json={"relation": "related"}).json()
    assert (out["relation"], out["reviewer"], out["lead"]["account_id"]) == ("related", "api", None)
    assert served.ask("POST", "/v1/leads/l1/unlink", "ops").status_code == 409
    assert served.ask("POST", "/v1/leads/none/unlink", "ops").status_code == 404


@pytest.mark.parametrize(
    ("path", "said", "place"),
    [("unlink", {"relation": "same"}, "relation"), ("link", {}, "account_id")],
)
def test_what_is_not_said_of_a_lead_is_named(
    served: Served, path: str, said: dict[str, str], place: str
) -> None:
    answer = served.ask("POST", f"/v1/leads/l1/{path}", "ops", json=said)
    assert [fault["place"] for fault in answer.json()["faults"]] == [place]


def test_a_merge_with_faults_names_them(served: Served) -> None:
    answer = served.ask("POST", "/v1/accounts/a1/merge", "ops", json={"into": "a2"})
    assert [fault["place"] for fault in answer.json()["faults"]] == ["into", "absorbed_id"]


def test_the_page_of_the_queue_leads_to_each_review(served: Served) -> None:
    page = served.ask("GET", "/reviews", headers=BROWSER).text
    assert re.findall(r'href="/reviews/(v\d)"', page) == ["v1", "v2", "v3"]
    audits = served.ask("GET", "/reviews?kind=audit", headers=BROWSER).text
    assert re.findall(r'href="/reviews/(v\d)"', audits) == ["v3"]
    assert served.ask("GET", "/reviews?kind=all", headers=BROWSER).status_code == 422
    behind = served.ask("GET", "/reviews?kind=audit&after=v3", headers=BROWSER).text
    assert "No review fits this choice" in behind


def test_a_review_is_shown_side_by_side_and_escaped(served: Served) -> None:
    page = served.ask("GET", "/reviews/v1", headers=BROWSER).text
    for part in ("ACME Limited", "Acme &lt;b&gt;Ltd", "+8.0 bits", "93.0 % sure", "1 h left"):
        assert part in page
    assert "<b>Ltd" not in page
    assert "<script" not in page
    assert served.ask("GET", "/reviews/none", headers=BROWSER).status_code == 404


def test_a_review_is_decided_by_its_form_and_then_shown_decided(served: Served) -> None:
    key = served.keys["ops"]
    sent = served.send_form("v1", by="Ann", key=key, relation="same", reason="one firm")
    assert (sent.status_code, sent.headers["location"]) == (303, "/reviews/v1")
    page = served.ask("GET", "/reviews/v1", headers=BROWSER).text
    assert "Same, by Ann" in page
    assert "<form" not in page
    assert served.leadfit.matching.merges("a2")
    again = served.send_form("v1", by="Bob", key=key, relation="different")
    assert again.status_code == 409
    assert "Ann decided it before" in again.text


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"key": "guessed"}, 401, "This key is not known"),
        ({"key": "read"}, 403, "allowed: admin or ops"),
        ({"relation": "maybe"}, 422, "Answer: same, related, different"),
        ({"by": " "}, 422, "Your name: say who it is"),
    ],
)
def test_a_form_that_is_refused_is_shown_again_without_its_key(
    served: Served, changed: dict[str, str], status: int, told: str
) -> None:
    given = {"by": "Ann", "key": "ops", "relation": "same", "reason": "one firm"} | changed
    given["key"] = served.keys.get(given["key"], given["key"])
    answer = served.send_form("v1", **given)
    assert answer.status_code == status
    assert told.lower() in answer.text.lower()
    assert 'value="one firm"' in answer.text
    assert given["key"] not in answer.text
    assert served.leadfit.matching.review("v1").is_open


def test_a_form_of_another_site_or_kind_is_refused(served: Served) -> None:
    fields = urlencode({"by": "Ann", "key": served.keys["ops"], "relation": "same"})
    for headers, status in (
        ({"content-type": FORM, "sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "application/json"}, 415),
    ):
        answer = served.ask("POST", "/reviews/v1", content=fields, headers=headers)
        assert answer.status_code == status
    many = "&".join(f"f{n}=1" for n in range(50))
    assert served.ask(
        "POST", "/reviews/v1", content=many, headers={"content-type": FORM}
    ).status_code == 422  # fmt: skip
    assert served.leadfit.matching.review("v1").is_open


def test_a_lead_says_that_it_waits_for_a_review(served: Served) -> None:
    page = served.ask("GET", "/leads/l1", headers=BROWSER).text
    assert "Waits for a review" in page
    assert 'href="/reviews/v2"' in page
    served.decide("v2", relation="different")
    served.decide("v3", relation="same")
    page = served.ask("GET", "/leads/l1", headers=BROWSER).text
    assert "Waits for a review" not in page


@pytest.mark.parametrize("name", ["a\x00b", "\ud800"])
def test_an_id_that_is_no_text_is_refused_with_its_place(served: Served, name: str) -> None:
    body = json.dumps({"absorbed_id": name}).encode()
    answer = served.ask(
        "POST", "/v1/accounts/a1/merge", "ops", content=body,
        headers={"content-type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert [each["place"] for each in answer.json()["faults"]] == ["absorbed_id"]
