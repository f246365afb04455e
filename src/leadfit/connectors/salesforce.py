"""Writes tasks into Salesforce: an upsert by an external id, so that a task is made once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from leadfit.connectors.base import (
    Brief,
    Briefing,
    NotAllowedIn,
    NotTaken,
    OnHold,
    RecordRefused,
    Unclear,
)
from leadfit.connectors.transport import HttpAnswer, Transport, check, packed
from leadfit.connectors.words import day, details, headline
from leadfit.records import Action

_BUSY: Final = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"})
_QUOTA: Final = "REQUEST_LIMIT_EXCEEDED"
_PRIORITY: Final = {"high": "High", "normal": "Normal", "low": "Low"}
# A limit of the vendor.
_SUBJECT: Final = 255


class SalesforcePerformer:
    """Upserts a ``Task`` for each action.

    A field that a person may have changed since, such as the status, is never written; a task that
    is there is left as it is after an answer that nobody saw.

    Args:
        transport: The way out.
        url: The organisation's own address.
        client_id: Of an External Client App with the client credentials flow.
        client_secret: Of the same.
        version: Version of the API.
        key_field: An external id of ``Task`` that is unique.
        people: Salesforce user ids by rep id.
        briefing: What a person needs to know to act.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        version: str,
        key_field: str,
        people: Mapping[str, str],
        briefing: Briefing,
    ) -> None:
        self._transport = transport
        self._url = url.rstrip("/")
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._version = version
        self._key_field = key_field
        self._people = people
        self._briefing = briefing
        self._lock = threading.Lock()
        self._token: str | None = None

    def perform(self, action: Action) -> None:
        """Upsert the task; success is in the record of the answer, not in its status."""
        brief = self._briefing(action)
        record = {
            "attributes": {"type": "Task"},
            self._key_field: action.key,
            **self._fields(action, brief),
        }
        path = f"composite/sobjects/Task/{self._key_field}"
        answer = self._ask("PATCH", path, packed({"allOrNone": False, "records": [record]}))
        _check_record(answer)

    def _fields(self, action: Action, brief: Brief) -> dict[str, str]:
        priority = str(action.fields.get("priority", "normal"))
        fields = {
            "Subject": headline(action, brief, _SUBJECT),
            "Priority": _PRIORITY.get(priority, "Normal"),
            "ActivityDate": day(brief.due_at or action.due_at),
            "Description": "\n".join(
                [f"{name}: {value}" for name, value in details(action, brief)]
                + ([brief.link] if brief.link else [])
            ),
        }
        owner = next((self._people[each] for each in action.recipients if each in self._people), "")
        return fields | ({"OwnerId": owner} if owner else {})

    def knows(self, key: str) -> bool | None:
        """Return whether there is a task with this key."""
        path = f"sobjects/Task/{self._key_field}/{quote(key, safe='')}?fields=Id"
        try:
            self._ask("GET", path)
        except _NotThere:
            return False
        return True

    def close(self) -> None:
        """Nothing is held between requests."""

    def _ask(self, method: str, path: str, body: bytes = b"") -> HttpAnswer:
        """Ask with the token that is there; with a fresh one if that is not taken, once."""
        token = self._fresh(None)
        answer = self._send(method, path, body, token)
        if answer.status == 401:
            answer = self._send(method, path, body, self._fresh(token))
        return _check(answer, asked_for_one=method == "GET")

    def _send(self, method: str, path: str, body: bytes, token: str) -> HttpAnswer:
        return self._transport.send(
            method,
            f"{self._url}/services/data/{self._version}/{path}",
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Sforce-Auto-Assign": "FALSE",
            },
            body=body,
        )

    def _fresh(self, stale: str | None) -> str:
        """Return a token that is not ``stale``; whoever comes at the same time gets the same."""
        with self._lock:
            if self._token is None or self._token == stale:
                self._token = None
                self._token = self._fetch()
            return self._token

    def _fetch(self) -> str:
        form = {"grant_type": "client_credentials", **self._credentials}
        answer = self._transport.send(
            "POST",
            f"{self._url}/services/oauth2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        if answer.status in (400, 401):
            raise NotAllowedIn("the client's credentials are not taken")
        try:
            body = check(answer).json()
        except Unclear as error:
            # Only a token was asked for: nothing of the action was sent.
            raise NotTaken(f"no token: {error}", error.retry_after_s) from error
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise NotTaken("no token in the answer")
        return token


class _NotThere(RecordRefused):
    """What was asked for is not there."""


def _codes(answer: HttpAnswer) -> list[str]:
    """Return the error codes of an answer."""
    try:
        body = answer.json()
    except Unclear:
        return []
    found = body if isinstance(body, list) else [body]
    return [str(each.get("errorCode"))[:60] for each in found if isinstance(each, dict)]


def _check(answer: HttpAnswer, *, asked_for_one: bool) -> HttpAnswer:
    if 200 <= answer.status < 300:
        return answer
    codes = _codes(answer)
    if _QUOTA in codes:
        raise OnHold(f"{_QUOTA}: the requests of the day are used up", answer.retry_after_s)
    if answer.status == 404 and asked_for_one and "NOT_FOUND" in codes:
        raise _NotThere("no such task")
    if any(code in _BUSY for code in codes):
        raise NotTaken(codes[0], answer.retry_after_s)
    return check(answer)


def _check_record(answer: HttpAnswer) -> None:
    body = answer.json()
    record = body[0] if isinstance(body, list) and len(body) == 1 else None
    if not isinstance(record, dict) or not isinstance(record.get("success"), bool):
        raise Unclear("an answer without the record")
    if record["success"]:
        return
    errors = record.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    code = str(first.get("statusCode") if isinstance(first, dict) else None)[:60]
    if code in _BUSY:
        raise NotTaken(code)
    raise RecordRefused(code)
