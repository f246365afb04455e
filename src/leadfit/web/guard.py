"""The outermost layer: who may ask, what every answer carries, and the last resort."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from leadfit.log import logger
from leadfit.web.problems import MEDIA_TYPE, Problem
from leadfit.web.site import Site

_LOG = logger("web")

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
HOOKS: Final = "/v1/hooks/"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_ENCODED: Final = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local_name(host_header: str) -> bool:
    """Return whether a Host header names this machine; another name is a page of another site.

    >>> is_local_name("localhost:8321"), is_local_name("evil.example:8321")
    (True, False)
    """
    name, colon, port = host_header.lower().rpartition(":")
    if not colon or "]" in port:
        name, port = host_header.lower(), ""
    return name in LOCAL_NAMES and (not port or port.isdigit())


class Guard:
    """Wraps the application: checks Host, adds the headers, counts, and hides what failed."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope, send = _without_body(scope, send)
        world = self._site.leadfit.world
        started = world.monotonic_s()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(message["headers"])
            await send(message)

        try:
            await self._answer(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 -- the outermost edge of a request
            _LOG.error("request.failed", error=type(error).__name__, route=route_of(scope))
            if not status:
                await _send_problem(send_guarded, Problem(500, "internal", "something failed"))
        finally:
            seconds = world.monotonic_s() - started
            method = str(dict(scope).get("method", ""))
            self._site.metrics.answered(method, route_of(scope), status, seconds)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = [name for name, _ in scope["headers"]]
        if b"transfer-encoding" in names and b"content-length" in names:
            # A proxy may believe one and we the other: where the next request begins is a guess.
            detail = "came Transfer-Encoding and Content-Length; allowed: one of them"
            headers = {"Connection": "close"}
            await _send_problem(send, Problem(400, "two_lengths", detail, headers=headers))
            return
        hosts = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
        if len(hosts) != 1 or not self._is_known(hosts[0], dict(scope)):
            detail = "this server answers to localhost and 127.0.0.1 only; check the Host header"
            await _send_problem(send, Problem(421, "wrong_host", detail))
            return
        await self._app(scope, receive, send)

    def _is_known(self, host: str, scope: Mapping[str, object]) -> bool:
        """Return whether a host is ours; hooks are called by the public name, too."""
        if is_local_name(host):
            return True
        public = (self._site.public_url or "").partition("://")[2].lower()
        return bool(public) and host.lower() == public and str(scope["path"]).startswith(HOOKS)


def _without_body(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """Answer HEAD as GET without the body, so that every page has both."""
    if dict(scope).get("method") != "HEAD":
        return scope, send

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    asked: Scope = scope.copy()
    asked["method"] = "GET"  # type: ignore[typeddict-unknown-key] # not of a web socket
    return asked, send_head


def route_of(scope: Scope) -> str:
    """Return the template of the path, which holds no id and cannot grow without end."""
    return str(dict(scope).get("path_template", "none"))


def _completed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    own = list(headers)
    present = {name.lower() for name, _ in own}
    return own + [(name, value) for name, value in _ENCODED.items() if name not in present]


async def _send_problem(send: Send, problem: Problem) -> None:
    body = json.dumps(problem.body()).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *((k.lower().encode(), v.encode()) for k, v in problem.headers.items()),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
