"""Vendors of facts on this machine, which check every call and charge for it.

They are written from what is known of the vendors: paths, ways to say who calls, limits and the
statuses that mislead. Shapes of answers that nobody here has seen are those that the profiles
recall. Subjects whose name begins with ``miss`` are not known to them, and one that begins with
``slow`` is not ready at first where the vendor works so.
"""

from __future__ import annotations

import base64
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs

from leadfit.testing.receivers import Fault, Receiver, Reply, Request, demand

KEY: Final = "key-of-the-test"
CLIENT: Final = "client-of-the-test"
COMPANY: Final[Mapping[str, object]] = {
    "industry": "Software", "employees": 640, "country": "Germany",
}  # fmt: skip
TITLE: Final = "VP Finance"


class VendorReceiver(Receiver):
    """A vendor; every call that is carried out is paid for.

    Attributes:
        limits: Headers of every answer.
        says: What is said in the place of an answer, once for each.
        other: The subject whose answer is given, whoever was asked about.
        paid: How often it was paid, by subject; a call under way that nobody hears of counts.
    """

    base = ""

    def __init__(self, faults: Callable[[int], Fault | None] = lambda _number: None) -> None:
        self.limits: dict[str, str] = {}
        self.says: list[Reply] = []
        self.other: str | None = None
        self.slow: set[str] = set()
        self.tokens = 0
        super().__init__(faults)

    honours = False

    @property
    def url(self) -> str:
        """Where its addresses begin."""
        return f"{super().url}{self.base}"

    def is_action(self, request: Request) -> bool:
        """Return whether a call is one for facts."""
        return "token" not in request.path

    def pays(self, subject: str) -> bool:
        """Count a call about a subject; return whether anything is known of it."""
        if subject.startswith("miss"):
            return False
        self.done(subject)
        return True

    def is_early(self, subject: str) -> bool:
        """Return whether an answer is not ready; it is the next time."""
        if not subject.startswith("slow") or subject in self.slow:
            return False
        self.slow.add(subject)
        return True

    def answer(self, request: Request) -> Reply:
        """Check a call and answer it."""
        if self.says and self.is_action(request):
            return self.says.pop(0)
        reply = self.asked_for(request)
        return Reply(status=reply.status, body=reply.body, headers={**self.limits, **reply.headers})

    @abstractmethod
    def asked_for(self, request: Request) -> Reply:
        """Answer a call; for each vendor its own.

        Raises:
            WrongRequest: The vendor would not take it.
        """

    def company(self, domain: str) -> dict[str, object]:
        """Return what is known of a company."""
        return {**COMPANY, "domain": self.other or domain}


def _one(values: Mapping[str, list[str]], name: str) -> str:
    found = values.get(name, [])
    demand(len(found) == 1 and found[0], f"no {name}")
    return found[0]


def _plain(request: Request) -> dict[str, object]:
    demand(request.headers.get("content-type") == "application/json", "no JSON")
    body = request.json()
    demand(isinstance(body, dict), "a body that is no object")
    return body  # type: ignore[return-value]  # demanded above


def _denied(text: str = "") -> Reply:
    return Reply(status=401, body=text.encode() or {"error": "unauthorized"})


class ApolloReceiver(VendorReceiver):
    """All inputs are query parameters; a wrong key is answered in plain text."""

    base = "/api/v1"

    def asked_for(self, request: Request) -> Reply:
        """Enrich a company or a person."""
        if request.headers.get("x-api-key") != KEY:
            return _denied("Invalid access credentials.")
        demand(not request.body, "a body")
        path = request.path.removeprefix(self.base)
        if path.startswith("/webhook_result/"):
            demand(request.method == "GET", "no GET")
            return Reply(status=200, body=self._person(path.rpartition("/")[2]))
        if path == "/organizations/enrich":
            demand(request.method == "GET", "no GET")
            domain = _one(request.query, "domain")
            if not self.pays(domain):
                return Reply(status=200, body={"organization": None})
            return Reply(status=200, body={"organization": self._organization(domain)})
        demand(path == "/people/match" and request.method == "POST", f"{path}")
        return self._match(_one(request.query, "email"))

    def _match(self, email: str) -> Reply:
        if not self.pays(email):
            return Reply(status=200, body={"person": None})
        if self.is_early(email):
            waits = {"error": "result_pending", "retry_after_seconds": 7, "request_id": email}
            return Reply(status=404, body=waits)
        return Reply(status=200, body=self._person(email))

    def _organization(self, domain: str) -> dict[str, object]:
        known = self.company(domain)
        return {
            "primary_domain": known["domain"], "industry": known["industry"],
            "estimated_num_employees": known["employees"], "country": known["country"],
            "technology_names": ["a", "b"],
        }  # fmt: skip

    def _person(self, email: str) -> dict[str, object]:
        return {"person": {"email": self.other or email, "title": TITLE, "country": "Germany"}}


class LushaReceiver(VendorReceiver):
    """Every item carries a reference, which comes back; up to 100 a call."""

    def asked_for(self, request: Request) -> Reply:
        """Enrich companies or contacts."""
        if request.headers.get("api_key") != KEY:
            return _denied()
        kind = request.path.removeprefix("/v3/").removesuffix("/enrich")
        demand(kind in {"companies", "contacts"} and request.method == "POST", request.path)
        body = _plain(request)
        demand(set(body) == {kind}, f"the keys {sorted(body)}")
        items = body[kind]
        demand(isinstance(items, list) and 1 <= len(items) <= 100, "1 to 100 items")
        return Reply(status=200, body={"results": [self._item(each) for each in items]})  # type: ignore[attr-defined]  # demanded above

    def _item(self, item: Mapping[str, str]) -> dict[str, object]:
        subject = item.get("domain") or item["email"]
        answer: dict[str, object] = {"clientReferenceId": item["clientReferenceId"]}
        if not self.pays(subject):
            return answer
        known = self.company(subject)
        place = {"country": known["country"]}
        if "domain" in item:
            answer["data"] = {
                "domain": known["domain"], "mainIndustry": known["industry"],
                "employees": "501-1,000", "location": place,
            }  # fmt: skip
        else:
            if self.other is not None:
                answer["clientReferenceId"] = self.other
            answer["data"] = {"jobTitle": {"title": TITLE}, "location": place}
        return answer


class HunterReceiver(VendorReceiver):
    """The shape of Clearbit; it takes a key in the address, which nobody should send."""

    base = "/v2"

    def asked_for(self, request: Request) -> Reply:
        """Find a company or a person, or verify an address."""
        demand("api_key" not in request.query, "a key in the address")
        if request.headers.get("x-api-key") != KEY:
            return _denied()
        demand(request.method == "GET", "no GET")
        path = request.path.removeprefix(self.base)
        field = "domain" if path == "/companies/find" else "email"
        demand(path in {"/companies/find", "/people/find", "/email-verifier"}, path)
        subject = _one(request.query, field)
        if not self.pays(subject):
            return Reply(status=404, body={"errors": [{"id": "not_found", "code": 404}]})
        if self.is_early(subject):
            return Reply(status=202, body={"data": {"status": "pending"}})
        known = self.company(subject)
        person = {
            "email": self.other or subject, "employment": {"title": TITLE}, "status": "valid",
            "score": 93, "geo": {"country": known["country"]},
        }  # fmt: skip
        company = {
            "domain": known["domain"], "category": {"industry": known["industry"]},
            "metrics": {"employees": "501-1000"}, "geo": {"country": known["country"]},
        }  # fmt: skip
        return Reply(status=200, body={"data": company if field == "domain" else person})


class TokenReceiver(VendorReceiver):
    """A vendor that gives out tokens for client credentials."""

    token_path = "/oauth/token"  # noqa: S105 -- an address
    names: Mapping[str, str] = {
        "grant_type": "client_credentials", "client_id": CLIENT, "client_secret": KEY,
    }  # fmt: skip

    def expire(self) -> None:
        """Let the token that was given last end."""
        self.tokens += 1

    def asked_for(self, request: Request) -> Reply:
        """Give a token out, or a fact for one."""
        if request.path == self.token_path:
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return _denied()
        return self.facts(request)

    def facts(self, request: Request) -> Reply:
        """Answer a call; for each vendor its own."""
        demand(request.path == "/facts" and request.method == "GET", request.path)
        domain = _one(request.query, "domain")
        return Reply(status=200, body=self.company(domain) if self.pays(domain) else {})

    def _token(self, request: Request) -> Reply:
        demand(request.method == "POST", "no POST")
        if request.headers.get("content-type") == "application/json":
            said = json.loads(request.body)
        else:
            said = {name: _one(parse_qs(request.body.decode()), name) for name in self.names}
        if said != self.names:
            return _denied()
        self.tokens += 1
        return Reply(status=200, body={"access_token": f"token-{self.tokens}"})


class GtmReceiver(TokenReceiver):
    """ZoomInfo: JSON:API, a token first."""

    base = "/gtm"
    token_path = "/oauth2/default/v1/token"  # noqa: S105 -- an address

    def facts(self, request: Request) -> Reply:
        """Enrich a company or a contact."""
        demand(request.headers.get("accept") == "application/vnd.api+json", "another format")
        body = _plain(request)["data"]
        asked = body["attributes"]  # type: ignore[index]  # an object, or the request is wrong
        if request.path == "/gtm/data/v1/companies/enrich":
            subject = asked["matchCompanyInput"][0]["companyWebsite"]
        else:
            demand(request.path == "/gtm/data/v1/contacts/enrich", request.path)
            subject = asked["matchPersonInput"][0]["emailAddress"]
        if not self.pays(subject):
            return Reply(status=200, body={"data": []})
        known = self.company(subject)
        found = {
            "website": known["domain"], "industries": [known["industry"]],
            "employeeCount": known["employees"], "country": known["country"],
            "email": self.other or subject, "jobTitle": TITLE,
        }  # fmt: skip
        return Reply(status=200, body={"data": [{"attributes": found}]})


class ClearbitReceiver(VendorReceiver):
    """HTTP Basic with the key as user; 202 while an answer is being made."""

    def asked_for(self, request: Request) -> Reply:
        """Find a company, or a person with one."""
        expected = base64.b64encode(f"{KEY}:".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return _denied()
        demand(request.method == "GET", "no GET")
        is_company = request.path == "/v2/companies/find"
        demand(is_company or request.path == "/v2/combined/find", request.path)
        subject = _one(request.query, "domain" if is_company else "email")
        if not self.pays(subject):
            return Reply(status=404, body={"error": {"type": "unknown_record"}})
        if self.is_early(subject):
            return Reply(status=202, body={"id": "x"})
        known = self.company(subject)
        company = {
            "id": "1", "domain": known["domain"], "category": {"industry": known["industry"]},
            "metrics": {"employees": known["employees"]}, "geo": {"country": known["country"]},
        }  # fmt: skip
        person = {"email": self.other or subject, "employment": {"title": TITLE}}
        return Reply(
            status=200, body=company if is_company else {"person": person, "company": company}
        )


class SixSenseReceiver(VendorReceiver):
    """A token of its own scheme, and no headers about its limits."""

    def asked_for(self, request: Request) -> Reply:
        """Tell firmographics of a company."""
        if request.headers.get("authorization") != f"Token {KEY}":
            return _denied()
        demand(request.path == "/v1/enrichment/company" and request.method == "POST", request.path)
        domain = str(_plain(request)["domain"])
        if not self.pays(domain):
            return Reply(status=200, body={"company": {}})
        known = self.company(domain)
        company = {**known, "employeeCount": known["employees"]}
        return Reply(status=200, body={"company": company})


class DemandbaseReceiver(TokenReceiver):
    """Its token is asked for in JSON; its endpoint for facts is one the test says."""

    token_path = "/auth/v1/token"  # noqa: S105 -- an address
    names: Mapping[str, str] = {
        "grantType": "client_credentials", "clientId": CLIENT, "clientSecret": KEY,
    }  # fmt: skip


class BomboraReceiver(TokenReceiver):
    """Its token is asked for as a form; its endpoint for facts is one the test says."""


class HttpReceiver(VendorReceiver):
    """Any service: facts under their own names."""

    def asked_for(self, request: Request) -> Reply:
        """Tell the facts of a company, a contact or a lead."""
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _denied()
        demand(request.method == "GET" and request.path == "/", f"{request.path}")
        email = request.query.get("email", [""])[0]
        subject = email or _one(request.query, "domain")
        if not self.pays(subject):
            return Reply(status=404, body={})
        if email:
            return Reply(status=200, body={"email": self.other or email, "title": TITLE})
        return Reply(status=200, body=self.company(subject))


RECEIVERS: Final[Mapping[str, Callable[[], VendorReceiver]]] = {
    "apollo": ApolloReceiver,
    "lusha": LushaReceiver,
    "hunter": HunterReceiver,
    "zoominfo": GtmReceiver,
    "clearbit": ClearbitReceiver,
    "6sense": SixSenseReceiver,
    "demandbase": DemandbaseReceiver,
    "bombora": BomboraReceiver,
    "http": HttpReceiver,
}
"""A vendor of every profile that speaks HTTP."""
