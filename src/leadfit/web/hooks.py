"""Calls of vendors over HTTP: verified on the bytes as they came, answered in the vendor's time."""

from __future__ import annotations

import asyncio
from typing import Final

from litestar import Response, get, post

from leadfit.app import BadSignature, Heard
from leadfit.canonical import Plain, document
from leadfit.errors import Fault, NotFound, shorten
from leadfit.policy.intake import Hook
from leadfit.records import Refusal
from leadfit.signal import Incoming
from leadfit.store.views import Receipt
from leadfit.web.body import read_raw
from leadfit.web.intake import result
from leadfit.web.problems import Problem, overloaded, problem_of, refused
from leadfit.web.said import only_known, row_limit
from leadfit.web.site import Asked, Room, Site, authorised, named, site_of

Json = dict[str, Plain]

MOST_ROWS: Final = 500


@post("/v1/hooks/{source:str}", name="post_hook")
async def post_hook(request: Asked) -> Response[Json]:
    """Take a call of a vendor; 2xx once everything in it is stored for good."""
    site, source = site_of(request), named(request, "source")
    hook = _hook(site, source)
    with site.room_for(f"hook {source}") as room:
        _take_room(site, source, hook)
        incoming = await _incoming(request, site, room)
        room.begin()
        try:
            async with asyncio.timeout(hook.answer_s):
                heard = await site.run(lambda: site.leadfit.hooks.receive(source, incoming))
        except TimeoutError as late:
            # What it began goes on; the vendor calls again and finds its first answer.
            raise overloaded(503, "too_slow", "the store is busy; call again") from late
        except BadSignature as error:
            site.metrics.hook(source, error.reason)
            raise Problem(401, error.code, str(error)) from error
    return _answer(site, source, hook, heard)


@get("/v1/refused", name="get_refused")
async def get_refused(request: Asked) -> Response[Json]:
    """Return signals that could not be taken, newest first, with their bodies."""
    await authorised(request, "ops")
    limit, after = _page(request)
    site = site_of(request)
    found = await site.run(lambda: site.leadfit.hooks.refused(limit, after))
    following = found[-1].key if len(found) == limit else None
    return Response({"refused": [document(each) for each in found], "next": following})


def _page(request: Asked) -> tuple[int, str | None]:
    faults: list[Fault] = []
    only_known(request.query_params, ("limit", "after"), faults)
    limit = row_limit(request.query_params.get("limit", "50"), MOST_ROWS, faults)
    if faults:
        raise refused(faults)
    return limit, request.query_params.get("after") or None


def _hook(site: Site, source: str) -> Hook:
    try:
        return site.leadfit.hooks.hook(source)
    except NotFound as error:
        detail = f"no hook is called {shorten(source, 60)}; the policy names them"
        raise Problem(404, "not_found", detail) from error


def _take_room(site: Site, source: str, hook: Hook) -> None:
    """Take a call from the bucket of the source.

    Raises:
        Problem: 429 when it is empty.
    """
    per_second, burst = hook.per_second, hook.burst
    if hook.is_low_trust:
        rules = site.leadfit.policy.signal
        per_second = min(per_second, rules.form_per_second)
        burst = min(burst, rules.form_burst)
    site.take(f"hook {source}", 1, per_second=per_second, burst=burst)


async def _incoming(request: Asked, site: Site, room: Room) -> Incoming:
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope.get("query_string") or b""
    path = raw_path.partition(b"?")[0].decode("latin-1")
    asked = f"?{query.decode('latin-1')}" if query else ""
    base = site.public_url or f"http://{headers.get('host', '')}"
    return Incoming(
        method=request.method,
        url=f"{base}{path}{asked}",
        body=await read_raw(request, room),
        headers=headers,
        came_from=_came_from(request, headers),
    )


def _came_from(request: Asked, headers: dict[str, str]) -> str | None:
    """Return the caller's address: what the proxy on this machine saw, which it writes last."""
    forwarded = [each.strip() for each in headers.get("x-forwarded-for", "").split(",")]
    if forwarded[-1]:
        return forwarded[-1]
    return None if request.client is None else request.client.host


def _answer(site: Site, source: str, hook: Hook, heard: Heard) -> Response[Json]:
    if heard.challenge is not None:
        return Response({"challenge": heard.challenge}, status_code=200)
    results: list[Plain] = [
        result(index, stored, site.metrics) for index, stored in enumerate(heard.answers)
    ]
    whole = heard.answers[0] if len(heard.answers) == 1 else None
    if isinstance(whole, Refusal) and whole.faults[0].place == "body":
        return _refusal(site, source, whole)
    site.metrics.hook(source, "taken")
    is_new = any(isinstance(each, Receipt) and not each.is_repeat for each in heard.answers)
    status = 202 if is_new and hook.shape != "slack" else 200
    return Response({"results": results, "left_out": heard.left_out}, status_code=status)


def _refusal(site: Site, source: str, refusal: Refusal) -> Response[Json]:
    """Answer a call that cannot be read at all; nothing of it could be kept."""
    site.metrics.hook(source, "unreadable")
    problem = problem_of(refused(refusal.faults))
    return Response(
        problem.body(), status_code=problem.status, media_type="application/problem+json"
    )
