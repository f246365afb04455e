"""The description of the API; a test holds it to the routes."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

from leadfit import __version__
from leadfit.canonical import Plain
from leadfit.records import Identifiers, Kind, Relation
from leadfit.store.matching import ReviewKind
from leadfit.web.reviews import APART

Json = dict[str, Plain]


@cache
def description() -> Json:
    """Return the OpenAPI 3.1 document."""
    key: Json = {
        "type": "http",
        "scheme": "bearer",
        "description": "leadfit key create --scope SCOPE",
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leadfit",
            "version": __version__,
            "description": "Signals in, decisions with their reasons out. Errors are "
            "problem+json (RFC 9457).",
        },
        "security": [{"key": []}],
        "paths": {
            **_signal_paths(),
            **_lead_paths(),
            **_review_paths(),
            **_delivery_paths(),
            **_enrich_paths(),
            **_open_paths(),
        },
        "components": {"securitySchemes": {"key": key}, "schemas": _schemas()},
    }


def _signal_paths() -> Json:
    state = _call("Where a signal stands", "status", "SignalState", {}, ("signal_id",))
    kept = _call("Signals that could not be taken, newest first", "ops", "Refused", {}, ())
    kept["parameters"] = [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}),
        _query("after", _TEXT),
    ]
    return {
        "/v1/signals": {"post": _post_signals()},
        "/v1/signals/{signal_id}": {"get": state},
        "/v1/hooks/{source}": {"post": _post_hook()},
        "/v1/refused": {"get": kept},
    }


def _lead_paths() -> Json:
    lead = "/v1/leads/{lead_id}"
    time: Json = {"type": "string", "format": "date-time"}
    said: Json = {"reason": _WORDS, "by": _WORDS}
    touched: Json = {"by": _WORDS, "at": time}
    shown = _call("A lead: owner, tier, score, match, clocks", "read", "Lead", {}, _LEAD)
    why = _call("Every decision with every reason", "read", "Why", {}, _LEAD)
    taken = _call("A person took the lead on", "ops", "Lead", {"by": _WORDS}, _LEAD)
    turned_down = _call(
        "A person turned the lead down", "ops", "Lead", said, _LEAD, required=("reason",)
    )
    stopped = _call("A person touched the lead; its clocks stop", "ops", "Lead", touched, _LEAD)
    chosen: Json = {"rep_id": _WORDS, "reason": _WORDS, "by": _WORDS}
    given = _call(
        "The lead goes to a rep by hand", "ops", "Lead", chosen, _LEAD,
        required=("rep_id", "reason"),
    )  # fmt: skip
    _may_conflict(given, "It is closed, or the rep has it, is away, gone or full")
    lifted = _call(
        "A person lifts the lead over the intent gate", "ops", "Lead", said, _LEAD,
        required=("reason",),
    )  # fmt: skip
    _may_conflict(lifted, "It is closed, does not pass the fit gate, or nothing holds it back")
    return {
        "/v1/leads": {"get": _list_of_leads()},
        lead: {"get": shown},
        f"{lead}/why": {"get": why},
        f"{lead}/accept": {"post": taken},
        f"{lead}/reject": {"post": turned_down},
        f"{lead}/touch": {"post": stopped},
        f"{lead}/assign": {"post": given},
        f"{lead}/override": {"post": lifted},
    }


def _list_of_leads() -> Json:
    call = _call("Leads, newest first", "read", "Leads", {}, ())
    truth: Json = {"enum": ["true", "false"]}
    call["parameters"] = [
        _query("tier", {"enum": ["1", "2", "3"]}),
        _query("owner", _TEXT),
        _query("state", {"enum": ["open", "closed"]}),
        _query("since", {"type": "string", "format": "date-time"}),
        _query("account", _TEXT),
        *(_query(name, truth) for name in ("unassigned", "breached", "untouched")),
        _query("viewer", _TEXT),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}),
        _query("after", _TEXT),
    ]
    return call


def _delivery_paths() -> Json:
    settled: Json = {"key": _WORDS, "by": _WORDS}
    letters = _call("Dead letters, the newest first", "ops", "DeadLetters", {}, ())
    letters["parameters"] = [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}),
        _query("what", {"enum": ["action", "signal", "clock"]}),
    ]
    again = _call("It is tried again", "ops", "DeadLetter", settled, (), required=("key",))
    given_up = _call("It is given up", "ops", "DeadLetter", settled, (), required=("key",))
    told = _call("How deliveries are doing", "ops", "Deliveries", {}, ())
    named: Json = {"destination": _WORDS, "by": _WORDS}
    resumed = _call(
        "It is sent to again", "ops", "Destination", named, (), required=("destination",)
    )
    _may_conflict(resumed, "It is not left alone")
    return {
        "/v1/destinations": {"get": told},
        "/v1/destinations/resume": {"post": resumed},
        "/v1/dead-letters": {"get": letters},
        "/v1/dead-letters/retry": {"post": again},
        "/v1/dead-letters/drop": {"post": given_up},
    }


def _enrich_paths() -> Json:
    time: Json = {"type": "string", "format": "date-time"}
    left = _call("What is left of each vendor's quotas", "read", "Quotas", {}, ())
    spent = _call("What calls of vendors cost, and how much was waste", "read", "Spending", {}, ())
    spent["parameters"] = [
        _query("since", time),
        _query("until", time),
        _query("leads", {"type": "integer", "minimum": 1, "maximum": 500}),
    ]
    return {"/v1/enrich/quotas": {"get": left}, "/v1/enrich/report": {"get": spent}}


def _review_paths() -> Json:
    review, account = "/v1/reviews/{review_id}", "/v1/accounts/{account_id}"
    of_account = ("account_id",)
    relation: Json = {"enum": [each.value for each in Relation]}
    decided: Json = {
        "decision": relation, "relation": relation, "reason": _WORDS, "reviewer": _WORDS
    }  # fmt: skip
    merged: Json = {"absorbed_id": _WORDS, "reason": _WORDS, "by": _WORDS}
    undone: Json = {"merge_id": _WORDS, "reason": _WORDS, "by": _WORDS}
    queue = _call("Reviews that wait, those due first", "read", "Reviews", {}, ())
    queue["parameters"] = [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}),
        _query("after", _TEXT),
        _query("kind", {"enum": [k.value for k in ReviewKind if k is not ReviewKind.STATED]}),
        _query("viewer", _TEXT),
    ]
    one = _call("A review side by side", "read", "Review", {}, ("review_id",))
    settled = _call("Decide a review, once", "ops", "Review", decided, ("review_id",))
    _needs_body(settled)
    past = _call("The merges of an account", "read", "Merges", {}, of_account)
    merge = _call(
        "Let an account stand for another, too", "ops", "Merge", merged, of_account,
        required=("absorbed_id",),
    )  # fmt: skip
    undo = _call("Take a merge back", "ops", "Merge", undone, of_account)
    _may_conflict(settled, "Somebody decided before")
    _may_conflict(merge, "One is merged already, or both are the same")
    _may_conflict(undo, "It was taken back before")
    return {
        "/v1/reviews": {"get": queue},
        review: {"get": one, "post": settled},
        **_link_paths(),
        f"{account}/merges": {"get": past},
        f"{account}/merge": {"post": merge},
        f"{account}/unmerge": {"post": undo},
    }


def _link_paths() -> Json:
    put: Json = {"account_id": _WORDS, "reason": _WORDS, "by": _WORDS}
    out: Json = {"relation": {"enum": list(APART)}, "reason": _WORDS, "by": _WORDS}
    linked = _call(
        "Put a lead into an account", "ops", "Review", put, _LEAD, required=("account_id",)
    )
    unlinked = _call("Take a lead out of its account", "ops", "Review", out, _LEAD)
    _may_conflict(linked, "It is in that account")
    _may_conflict(unlinked, "It has no account, or one that was made for it")
    return {
        "/v1/leads/{lead_id}/link": {"post": linked},
        "/v1/leads/{lead_id}/unlink": {"post": unlinked},
    }


def _may_conflict(call: Json, words: str) -> None:
    """Say when a call ends with 409."""
    answers = call["responses"]
    if isinstance(answers, dict):
        answers["409"] = _problem(words)


def _needs_body(call: Json) -> None:
    """Say that a call has a body although none of its keys alone is required."""
    body = call["requestBody"]
    if isinstance(body, dict):
        body["required"] = True


def _query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _open_paths() -> Json:
    ready = "The disk has room, the store can be written to, the jobs run"
    return {
        "/healthz": {"get": _open("The process answers", "application/json")},
        "/readyz": {"get": _open(ready, "application/json")},
        "/metrics": {"get": _metrics()},
    }


def _metrics() -> Json:
    call = _open("Counters, Prometheus text", "text/plain")
    del call["security"]
    return {**call, "description": "Needs a key with the scope read."}


_WORDS: Json = {"type": "string", "minLength": 1, "maxLength": 500}
_LEAD = ("lead_id",)


def _post_signals() -> Json:
    call = _call("Store a signal, or up to 1,000, for good", "ingest", "Receipt", {}, ())
    call["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": {"anyOf": [_ref("Signal"), _ref("Batch")]}}},
    }
    answers = call["responses"]
    if isinstance(answers, dict):
        answers["202"] = _answer("Stored for good; a batch answers Results", "Receipt", "Results")
        answers["200"] = _answer("The same source, event id and body came before", "Receipt")
        answers["409"] = _problem("The event id came before with another body")
        answers |= {
            "429": _problem("This key sends too much; see Retry-After"),
            "503": _problem("The store cannot take more now; see Retry-After"),
        }
    return call


def _post_hook() -> Json:
    words = "A call of a vendor, signed by its own scheme; no key"
    taken = "Stored for good, event by event, or stored before"
    return {
        "summary": words,
        "security": [],
        "parameters": [
            {"name": "source", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {}},
                "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            },
        },
        "responses": {
            "200": _answer(taken, "Results"),
            "202": _answer(taken, "Results"),
            "401": _problem("It is not signed by the vendor"),
            "404": _problem("The policy has no such hook"),
            "413": _problem("The body is too large"),
            "422": _problem("The body cannot be read"),
            "429": _problem("The source sends too much; see Retry-After"),
            "503": _problem("The store cannot take more now; see Retry-After"),
        },
    }


def _call(
    summary: str,
    scope: str,
    answers: str,
    body: Json,
    path: tuple[str, ...],
    *,
    required: tuple[str, ...] = (),
) -> Json:
    call: Json = {
        "summary": summary,
        "description": f"Needs a key with the scope {scope}.",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in path
        ],
        "responses": {
            "200": _answer(summary, answers),
            "401": _problem("No known key"),
            "403": _problem("A key of another scope"),
            "404": _problem("No such record"),
            "413": _problem("The body is too large"),
            "415": _problem("The body is not application/json"),
            "422": _problem("The body cannot be taken; every fault is named"),
        },
    }
    if body:
        schema = _object(body, required)
        call["requestBody"] = {
            "required": bool(required),
            "content": {"application/json": {"schema": schema}},
        }
    return call


def _open(summary: str, media_type: str) -> Json:
    schema: Json = {"type": "object" if media_type.endswith("json") else "string"}
    return {
        "summary": summary,
        "security": [],
        "responses": {"200": {"description": summary, "content": {media_type: {"schema": schema}}}},
    }


def _answer(words: str, *schemas: str) -> Json:
    refs: list[Plain] = [_ref(name) for name in schemas]
    schema: Plain = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _problem(words: str) -> Json:
    content: Json = {"application/problem+json": {"schema": _ref("Problem")}}
    return {"description": words, "content": content}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Json, required: tuple[str, ...] = ()) -> Json:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


_TEXT: Json = {"type": "string"}
_OPTIONAL: Json = {"type": ["string", "null"]}


def _schemas() -> Json:
    free: Json = {"type": "object"}
    return {
        "Signal": _signal_schema(),
        "Batch": _object({"batch": _list(_ref("Signal"), least=1, most=1000)}, ("batch",)),
        "Receipt": _object({"signal_id": _TEXT, "lead_id": _TEXT}, ("signal_id",)),
        "Results": _object(
            {
                "results": _list(_result_schema()),
                "left_out": {"type": "integer"},
                "challenge": _TEXT,
            }
        ),
        "Refused": _object({"refused": _list(free), "next": _OPTIONAL}, ("refused",)),
        "SignalState": free,
        "Lead": free,
        "Leads": _object({"leads": _list(free), "next": _OPTIONAL}, ("leads", "next")),
        "Why": free,
        "Review": free,
        "Reviews": _object({"reviews": _list(_ref("Review")), "next": _OPTIONAL}, ("reviews",)),
        "Merge": free,
        "Merges": _object({"account_id": _TEXT, "merges": _list(_ref("Merge"))}, ("merges",)),
        "DeadLetter": free,
        "Deliveries": free,
        "Destination": free,
        "DeadLetters": _object({"dead_letters": _list(_ref("DeadLetter"))}, ("dead_letters",)),
        "Quotas": _object({"vendors": _list(free)}, ("vendors",)),
        "Spending": free,
        "Fault": _object({"place": _TEXT, "came": _TEXT, "allowed": _TEXT}),
        "Problem": _problem_schema(),
    }


def _signal_schema() -> Json:
    value: Json = {"type": ["string", "number", "boolean", "null"]}
    identifiers: Json = {field.name: _OPTIONAL for field in fields(Identifiers)}
    return _object(
        {
            "source": _TEXT,
            "event_id": _TEXT,
            "kind": {"enum": [kind.value for kind in Kind]},
            "at": {"type": "string", "format": "date-time"},
            "identifiers": _object(identifiers),
            "facts": {"type": "object", "additionalProperties": value},
            "text": _OPTIONAL,
        },
        ("source", "event_id", "kind", "at", "identifiers"),
    )


def _result_schema() -> Json:
    return _object(
        {
            "index": {"type": "integer"},
            "status": {"enum": [200, 202, 409, 422]},
            "signal_id": _OPTIONAL,
            "lead_id": _TEXT,
            "errors": _list(_ref("Fault")),
        },
        ("index", "status", "signal_id", "errors"),
    )


def _problem_schema() -> Json:
    texts: Json = dict.fromkeys(("type", "title", "detail", "code"), _TEXT)
    return {
        "type": "object",
        "properties": {**texts, "status": {"type": "integer"}, "faults": _list(_ref("Fault"))},
        "required": ["type", "title", "status", "detail", "code"],
    }


def _list(items: Json, *, least: int = 0, most: int = 1000) -> Json:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}
