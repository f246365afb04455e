"""What became of actions over HTTP, and what waits for a person."""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post

from leadfit.app.delivering import SORTS, status_document
from leadfit.canonical import Plain, document
from leadfit.errors import Fault, shorten
from leadfit.web.body import read_json
from leadfit.web.problems import refused
from leadfit.web.said import BY_KEY, Said, only_known, row_limit
from leadfit.web.site import Asked, authorised, site_of

Json = dict[str, Plain]

_ROWS: Final = 50
_MOST_ROWS: Final = 500


@get("/v1/dead-letters", name="get_dead_letters")
async def get_dead_letters(request: Asked) -> Response[Json]:
    """Return dead letters with reason and payload, the newest first."""
    await authorised(request, "ops")
    limit, what = _asked(request)
    site = site_of(request)
    found = await site.run(lambda: site.leadfit.deliveries.dead_letters(limit, what))
    return Response({"dead_letters": [document(each) for each in found]})


@post("/v1/dead-letters/retry", name="retry_dead_letter", status_code=200)
async def retry_dead_letter(request: Asked) -> Response[Json]:
    """Let a dead letter be tried again."""
    await authorised(request, "ops")
    key, by = await _said(request)
    site = site_of(request)
    return Response(document(await site.run(lambda: site.leadfit.deliveries.retry(key, by))))


@post("/v1/dead-letters/drop", name="drop_dead_letter", status_code=200)
async def drop_dead_letter(request: Asked) -> Response[Json]:
    """Give a dead letter up for good."""
    await authorised(request, "ops")
    key, by = await _said(request)
    site = site_of(request)
    return Response(document(await site.run(lambda: site.leadfit.deliveries.drop(key, by))))


@get("/v1/destinations", name="get_destinations")
async def get_destinations(request: Asked) -> Response[Json]:
    """Return what waits for destinations, which are left alone, and what is in doubt."""
    await authorised(request, "ops")
    site = site_of(request)
    return Response(status_document(await site.run(site.leadfit.deliveries.status)))


@post("/v1/destinations/resume", name="resume_destination", status_code=200)
async def resume_destination(request: Asked) -> Response[Json]:
    """Send to a destination again, though it is left alone."""
    await authorised(request, "ops")
    said = Said(await read_json(request), ("destination", "by"))
    destination, by = said.words("destination"), said.words("by", BY_KEY)
    said.check()
    site = site_of(request)
    gate = await site.run(lambda: site.leadfit.deliveries.resume(destination, by))
    return Response(document(gate))


async def _said(request: Asked) -> tuple[str, str]:
    said = Said(await read_json(request), ("key", "by"))
    key, by = said.words("key"), said.words("by", BY_KEY)
    said.check()
    return key, by


def _asked(request: Asked) -> tuple[int, str | None]:
    given = request.query_params
    faults: list[Fault] = []
    only_known(given, ("limit", "what"), faults)
    limit = row_limit(given.get("limit", str(_ROWS)), _MOST_ROWS, faults)
    what = given.get("what") or None
    if what is not None and what not in SORTS:
        faults.append(Fault(place="what", came=shorten(what), allowed=", ".join(SORTS)))
    if faults:
        raise refused(faults)
    return limit, what
