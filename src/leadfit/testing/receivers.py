"""Receivers on this machine that check every request, and can be told to fail in many ways.

They stand for Slack, PagerDuty, Salesforce and a signed webhook, and are written from the vendors'
documents, not from our connectors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

_MOST_BYTES: Final = 524_288
_HUGE: Final = 50 * 1_048_576
_STALL_S: Final = 30.0


class Fault(StrEnum):
    """What goes wrong with a request; those in :data:`AFTER` come after the effect."""

    FAILED = "failed"
    TOO_MANY = "too_many"
    RESET = "reset"
    LOST = "lost"
    STALLED = "stalled"
    FAILED_AFTER = "failed_after"
    GARBAGE = "garbage"
    WRONG_TYPE = "wrong_type"
    CUT_SHORT = "cut_short"
    HUGE = "huge"
    SLOW = "slow"
    REDIRECT = "redirect"


AFTER: Final = frozenset(
    {
        Fault.LOST, Fault.STALLED, Fault.FAILED_AFTER, Fault.GARBAGE, Fault.WRONG_TYPE,
        Fault.CUT_SHORT, Fault.HUGE, Fault.SLOW,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a receiver says."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


class WrongRequest(Exception):  # noqa: N818 -- it is the request that is wrong
    """A request that the vendor would not take."""


def demand(holds: object, words: str) -> None:
    """Raise unless something holds of a request.

    Raises:
        WrongRequest: It does not.
    """
    if not holds:
        raise WrongRequest(words)


class Receiver(ABC):
    """A server that carries out actions and remembers what it did.

    Args:
        faults: Called with the number of each request that carries an action; what goes wrong.

    Attributes:
        effects: What was done, by key, and how often.
        marked: How often what was done said that it may be a repeat.
        wrong: What was wrong with requests that were refused.
        retry_after: What it says with ``Fault.TOO_MANY``.
        honours: It does nothing under a key it knows.
        has_words: Its answers say more than their status.
    """

    honours = True
    has_words = True

    def __init__(self, faults: Callable[[int], Fault | None] = lambda _number: None) -> None:
        self.faults = faults
        self.effects: Counter[str] = Counter()
        self.order: list[str] = []
        self.marked: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.retry_after = "0"
        self.asked = 0
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._talk())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Check a request and carry out what it asks for; for each vendor its own.

        Raises:
            WrongRequest: The vendor would not take it.
        """

    def is_action(self, request: Request) -> bool:
        """Return whether a request carries an action, and may go wrong."""
        return request.method != "GET"

    def done(self, key: str, *, marked: bool = False) -> None:
        """Write down an effect; one under a known key is none where keys are honoured."""
        if self.honours and self.effects[key]:
            return
        self.effects[key] += 1
        self.order.append(key)
        self.marked[key] += marked

    def _talk(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Talk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.take(self)

            def do_PATCH(self) -> None:
                receiver.take(self)

            def do_GET(self) -> None:
                receiver.take(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the parent's word
                """Say nothing."""

        return Talk

    def take(self, connection: BaseHTTPRequestHandler) -> None:
        """Answer one request, or fail as told."""
        connection.close_connection = True
        parts = urlsplit(connection.path)
        length = int(connection.headers.get("Content-Length") or 0)
        request = Request(
            method=connection.command,
            path=unquote(parts.path),
            query=parse_qs(parts.query),
            headers={name.lower(): value for name, value in connection.headers.items()},
            body=connection.rfile.read(length),
        )
        fault = None
        with self._lock:
            if self.is_action(request):
                fault = self.faults(self.asked)
                self.asked += 1
            reply = None
            if fault is None or fault in AFTER:
                reply = self._carry_out(request)
        self._say(connection, reply, fault)

    def _carry_out(self, request: Request) -> Reply:
        try:
            demand(len(request.body) <= _MOST_BYTES, "a body that is too large")
            return self.answer(request)
        except (WrongRequest, ValueError, KeyError, TypeError) as error:
            self.wrong.append(f"{type(error).__name__}: {error}")
            return Reply(status=400, body={"error": str(error)})

    def _say(
        self, connection: BaseHTTPRequestHandler, reply: Reply | None, fault: Fault | None
    ) -> None:
        try:
            self._say_as_told(connection, reply, fault)
        except OSError:
            # The sender has turned away, as it should.
            connection.close_connection = True

    def _say_as_told(
        self, connection: BaseHTTPRequestHandler, reply: Reply | None, fault: Fault | None
    ) -> None:
        match fault:
            case None:
                assert reply is not None  # noqa: S101 -- made above
                _send(connection, reply.status, _packed(reply.body), reply.headers)
            case Fault.TOO_MANY:
                _send(connection, 429, b"{}", {"Retry-After": self.retry_after})
            case Fault.FAILED | Fault.FAILED_AFTER:
                _send(connection, 500, b"oops")
            case Fault.REDIRECT:
                _send(connection, 307, b"", {"Location": f"{self.url}/elsewhere"})
            case Fault.RESET | Fault.LOST:
                linger = struct.pack("ii", 1, 0)
                connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.connection.close()
            case Fault.STALLED:
                self._ending.wait(_STALL_S)
            case Fault.GARBAGE:
                connection.wfile.write(b"\x00\xff not http at all\r\n\r\n")
            case Fault.WRONG_TYPE:
                _send(connection, 200, b'["\xff", <html>')
            case Fault.CUT_SHORT:
                connection.send_response(200)
                connection.send_header("Content-Length", "100")
                connection.end_headers()
                connection.wfile.write(b'{"ok": ')
            case Fault.HUGE:
                _send(connection, 200, b" " * _HUGE)
            case Fault.SLOW:
                self._drip(connection)

    def _drip(self, connection: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
            connection.wfile.write(bytes((byte,)))
            if self._ending.wait(0.02):
                return


def _packed(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


def _send(
    connection: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
) -> None:
    connection.send_response(status)
    for name, value in (headers or {}).items():
        connection.send_header(name, value)
    connection.send_header("Content-Length", str(len(body)))
    connection.end_headers()
    connection.wfile.write(body)


def _document(request: Request) -> dict[str, object]:
    body = request.json()
    demand(isinstance(body, dict), "a body that is no object")
    assert isinstance(body, dict)  # noqa: S101 -- demanded above
    return body


class SlackReceiver(Receiver):
    """``chat.postMessage``; it honours no keys."""

    honours = False
    token = "xoxb-test"  # noqa: S105 -- of the test
    says: str | None = None

    def answer(self, request: Request) -> Reply:
        """Post a message."""
        demand(request.path == "/api/chat.postMessage", f"the path {request.path}")
        kind = request.headers.get("content-type", "")
        demand(kind.startswith("application/json"), f"the content type {kind}")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(status=200, body={"ok": False, "error": "invalid_auth"})
        if self.says is not None:
            return Reply(status=200, body={"ok": False, "error": self.says})
        body = _document(request)
        text = body["text"]
        demand(isinstance(body["channel"], str) and body["channel"], "no channel")
        demand(isinstance(text, str) and 0 < len(text) <= 4_000, "no text")
        for block in body["blocks"]:  # type: ignore[attr-defined]  # a list, or the request is wrong
            section = block["text"]["text"]
            demand(block["type"] == "section" and 0 < len(section) <= 3_000, "a bad section")
            demand("<!" not in section, "a call to everybody")
        key = body["metadata"]["event_payload"]["key"]  # type: ignore[index]  # as above
        self.done(key, marked="may be a repeat" in str(text))
        return Reply(status=200, body={"ok": True, "ts": "1.2", "channel": body["channel"]})


class PagerDutyReceiver(Receiver):
    """Events API v2: an event with a known ``dedup_key`` opens no second incident."""

    _KNOWN: Final = frozenset(
        {"routing_key", "event_action", "dedup_key", "payload", "links", "client", "client_url"}
    )
    _PAYLOAD: Final = frozenset(
        {"summary", "source", "severity", "timestamp", "component", "group", "class",
         "custom_details"}
    )  # fmt: skip

    def answer(self, request: Request) -> Reply:
        """Take an event."""
        demand(request.path == "/v2/enqueue", f"the path {request.path}")
        body = _document(request)
        demand(set(body) <= self._KNOWN, f"keys {sorted(set(body) - self._KNOWN)}")
        demand(len(str(body["routing_key"])) == 32, "a routing key that has not 32 characters")
        demand(body["event_action"] == "trigger", "no trigger")
        key = str(body["dedup_key"])
        demand(0 < len(key) <= 255, "a dedup_key that is too long")
        payload = body["payload"]
        demand(isinstance(payload, dict) and set(payload) <= self._PAYLOAD, "a bad payload")
        assert isinstance(payload, dict)  # noqa: S101 -- demanded above
        demand(0 < len(payload["summary"]) <= 1024, "a bad summary")
        demand(payload["source"], "no source")
        demand(payload["severity"] in {"critical", "error", "warning", "info"}, "a bad severity")
        self.done(key.removeprefix("leadfit/"))
        return Reply(status=202, body={"status": "success", "dedup_key": key})


class SalesforceReceiver(Receiver):
    """Tokens, and upserts of tasks by an external id, as sObject collections."""

    key_field = "Leadfit_Key__c"
    _FIELDS: Final = frozenset({"Subject", "Priority", "ActivityDate", "Description", "OwnerId"})

    def __init__(self, faults: Callable[[int], Fault | None] = lambda _number: None) -> None:
        self.tokens = 0
        self.refused: str | None = None
        super().__init__(faults)

    def expire(self) -> None:
        """Let the token that was given last end."""
        self.tokens += 1

    def is_action(self, request: Request) -> bool:
        """Return whether a request upserts."""
        return request.method == "PATCH"

    def answer(self, request: Request) -> Reply:
        """Give a token, a task, or upsert one."""
        if request.path == "/services/oauth2/token":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            error = {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
            return Reply(status=401, body=[error])
        root = "/services/data/v66.0/"
        demand(request.path.startswith(root), f"the path {request.path}")
        path = request.path.removeprefix(root)
        single = f"sobjects/Task/{self.key_field}/"
        if request.method == "GET" and path.startswith(single):
            if self.effects[path.removeprefix(single)]:
                return Reply(status=200, body={"Id": "00T000000000001"})
            return Reply(status=404, body=[{"errorCode": "NOT_FOUND", "message": "no"}])
        demand(request.method == "PATCH", f"the method {request.method}")
        demand(path == f"composite/sobjects/Task/{self.key_field}", f"the path {path}")
        return self._upsert(_document(request))

    def _token(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        demand(form.get("grant_type") == ["client_credentials"], "another grant")
        demand(form.get("client_id") and form.get("client_secret"), "no credentials")
        self.tokens += 1
        return Reply(status=200, body={"access_token": f"token-{self.tokens}"})

    def _upsert(self, body: dict[str, object]) -> Reply:
        demand(body.get("allOrNone") is False, "allOrNone")
        records = body["records"]
        demand(isinstance(records, list) and 0 < len(records) <= 200, "too many records")
        assert isinstance(records, list)  # noqa: S101 -- demanded above
        results: list[dict[str, object]] = []
        for record in records:
            known = {*self._FIELDS, self.key_field, "attributes"}
            demand(record["attributes"] == {"type": "Task"}, "no type")
            demand(set(record) <= known, f"fields {sorted(set(record) - known)}")
            demand(0 < len(record["Subject"]) <= 255, "a bad subject")
            demand(record["Priority"] in {"High", "Normal", "Low"}, "a bad priority")
            if self.refused is not None:
                errors = [{"statusCode": self.refused, "message": "no", "fields": []}]
                results.append({"success": False, "errors": errors})
                continue
            created = not self.effects[record[self.key_field]]
            self.done(record[self.key_field])
            made = {"id": "00T000000000001", "success": True, "created": created, "errors": []}
            results.append(made)
        return Reply(status=200, body=results)


class WebhookReceiver(Receiver):
    """Takes signed messages, each id once.

    Attributes:
        told: What stood under ``data``, message by message.
    """

    has_words = False
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the published vector's
    _DATA: Final = frozenset(
        {"key", "kind", "destination", "lead_id", "assignment_id", "due_at", "recipients",
         "is_notice", "fields", "version", "personal", "people", "lead", "account", "contact",
         "details"}
    )  # fmt: skip
    _PARTS: Final[Mapping[str, frozenset[str]]] = {
        "lead": frozenset(
            {"lead_id", "tier", "score", "chance", "reasons", "owner", "first_touch_due_at",
             "link"}
        ),
        "account": frozenset({"account_id", "name", "domain"}),
        "contact": frozenset({"contact_id", "name", "title", "email", "phone"}),
    }  # fmt: skip

    def __init__(self, faults: Callable[[int], Fault | None] = lambda _number: None) -> None:
        self.told: list[dict[str, object]] = []
        super().__init__(faults)

    def answer(self, request: Request) -> Reply:
        """Check the signature over the raw bytes and take the message."""
        message_id = request.headers["webhook-id"]
        timestamp = request.headers["webhook-timestamp"]
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = f"{message_id}.{timestamp}.".encode() + request.body
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        offered = request.headers["webhook-signature"].split(" ")
        good = any(hmac.compare_digest(f"v1,{mac}", each) for each in offered)
        demand(good, "a bad signature")
        body = _document(request)
        demand(set(body) == {"type", "timestamp", "data"}, "other keys")
        data = body["data"]
        assert isinstance(data, dict)  # noqa: S101 -- ours is one
        self._check(data)
        self.told.append(data)
        self.done(data["key"])
        return Reply(status=204)

    def _check(self, data: dict[str, object]) -> None:
        """Refuse what a receiver could not act on."""
        demand(data["version"] == 2, f"the version {data['version']}")
        demand(set(data) == self._DATA, f"keys {sorted(set(data) ^ self._DATA)}")
        for name, known in self._PARTS.items():
            part = data[name]
            demand(part is None or isinstance(part, dict), f"a {name} that is no object")
            if isinstance(part, dict):
                demand(set(part) == known, f"keys of {name} {sorted(set(part) ^ known)}")
        lead, contact = data["lead"], data["contact"]
        if isinstance(lead, dict):
            demand(lead["lead_id"] == data["lead_id"], "another lead")
            demand(lead["tier"] in {None, 1, 2, 3}, f"the tier {lead['tier']}")
            demand(all(isinstance(each, str) for each in lead["reasons"]), "reasons not in words")
        if isinstance(contact, dict) and data["personal"] is False:
            told = {name for name, value in contact.items() if value is not None}
            demand(told == {"contact_id"}, f"personal values {sorted(told)}")


VENDORS: Final[Mapping[str, Callable[..., Receiver]]] = {
    "slack": SlackReceiver,
    "pagerduty": PagerDutyReceiver,
    "salesforce": SalesforceReceiver,
    "webhook": WebhookReceiver,
}
"""A receiver for each connector that speaks HTTP."""
