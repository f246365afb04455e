"""Facts that are bought, over HTTP: what they cost, and what is left of each vendor's quotas."""

from __future__ import annotations

from typing import Final

from litestar import Response, get

from leadfit.app.spent import spending_document
from leadfit.canonical import Plain, document, plain
from leadfit.errors import Fault
from leadfit.web.listing import time_of
from leadfit.web.problems import refused
from leadfit.web.said import only_known, row_limit
from leadfit.web.site import Asked, authorised, site_of

Json = dict[str, Plain]

_LEADS: Final = 10
_MOST_LEADS: Final = 500


@get("/v1/enrich/quotas", name="get_quotas")
async def get_quotas(request: Asked) -> Response[Json]:
    """Return how each vendor is doing: whether it is asked, and what is used of its limits."""
    await authorised(request, "read")
    faults: list[Fault] = []
    only_known(request.query_params, (), faults)
    if faults:
        raise refused(faults)
    site = site_of(request)
    found = await site.run(site.leadfit.enriching.status)
    return Response({"vendors": [document(each) for each in found]})


@get("/v1/enrich/report", name="get_spending")
async def get_spending(request: Asked) -> Response[Json]:
    """Return what calls of vendors cost, and how much of it was waste."""
    await authorised(request, "read")
    given, faults = dict(request.query_params), list[Fault]()
    only_known(given, ("since", "until", "leads"), faults)
    since, until = time_of(given, "since", faults), time_of(given, "until", faults)
    leads = row_limit(given.get("leads", str(_LEADS)), _MOST_LEADS, faults, name="leads")
    if faults:
        raise refused(faults)
    site = site_of(request)
    found = await site.run(lambda: site.leadfit.enriching.report(since, until))
    told = plain(spending_document(found, leads))
    return Response(told if isinstance(told, dict) else {})
