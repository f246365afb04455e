"""Lists of leads over HTTP, and what a query says of which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from litestar import Response, get

from leadfit.app.listing import MOST_LEADS, LeadsAsked
from leadfit.canonical import Plain, document
from leadfit.errors import Fault, shorten
from leadfit.records import Tier
from leadfit.web.problems import refused
from leadfit.web.said import only_known, row_limit
from leadfit.web.site import Asked, authorised, site_of

Json = dict[str, Plain]
V = TypeVar("V")

PAGE_ROWS: Final = 50
FILTERS: Final = (
    "tier",
    "owner",
    "state",
    "since",
    "account",
    "unassigned",
    "breached",
    "untouched",
)
_CALL: Final = (*FILTERS, "viewer", "limit", "after")
_TIERS: Final = {str(int(each)): each for each in Tier}
_STATES: Final = {"open": True, "closed": False}
_TRUTHS: Final = {"true": True, "false": False}


@get("/v1/leads", name="get_leads")
async def get_leads(request: Asked) -> Response[Json]:
    """Return leads, newest first; ``next`` is behind which the following page begins."""
    await authorised(request, "read")
    site, given = site_of(request), dict(request.query_params)
    faults: list[Fault] = []
    only_known(given, _CALL, faults)
    asked = leads_asked(given, faults)
    limit = row_limit(given.get("limit", str(PAGE_ROWS)), MOST_LEADS, faults)
    if faults:
        raise refused(faults)
    after = given.get("after") or None
    page = await site.run(lambda: site.leadfit.listing.page(asked, limit, after=after))
    return Response({"leads": [document(each) for each in page.rows], "next": page.next})


def leads_asked(given: Mapping[str, str], faults: list[Fault]) -> LeadsAsked:
    """Return which leads a query asks for; what is wrong with it is added to ``faults``."""
    said = {name: value.strip() for name, value in given.items() if value.strip()}
    return LeadsAsked(
        tier=_one_of(said, "tier", _TIERS, faults),
        owner_id=said.get("owner"),
        is_open=_one_of(said, "state", _STATES, faults),
        since=time_of(said, "since", faults),
        account=said.get("account"),
        is_unassigned=_one_of(said, "unassigned", _TRUTHS, faults) or False,
        is_breached=_one_of(said, "breached", _TRUTHS, faults) or False,
        is_untouched=_one_of(said, "untouched", _TRUTHS, faults) or False,
        viewer=said.get("viewer"),
    )


def _one_of(
    said: Mapping[str, str], name: str, allowed: Mapping[str, V], faults: list[Fault]
) -> V | None:
    value = said.get(name)
    if value is not None and value not in allowed:
        faults.append(Fault(place=name, came=shorten(value), allowed=", ".join(allowed)))
    return None if value is None else allowed.get(value)


def time_of(said: Mapping[str, str], name: str, faults: list[Fault]) -> datetime | None:
    """Return the time a query says; what is wrong with it is added to ``faults``."""
    value = said.get(name, "").strip()
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        words = "an ISO 8601 date or time such as 2026-06-30"
        faults.append(Fault(place=name, came=shorten(value), allowed=words))
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
