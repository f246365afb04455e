"""Leads over HTTP: where they stand, why, and what a person says about them."""

from __future__ import annotations

from litestar import Response, get, post

from leadfit.canonical import Plain, document
from leadfit.store.views import LeadView
from leadfit.web.body import read_json
from leadfit.web.said import BY_KEY, Said
from leadfit.web.site import Asked, authorised, named, site_of

Json = dict[str, Plain]


@get("/v1/leads/{lead_id:str}", name="get_lead")
async def get_lead(request: Asked) -> Response[Json]:
    """Return a lead with owner, tier, score, match and clocks."""
    await authorised(request, "read")
    site, lead_id = site_of(request), named(request, "lead_id")
    return Response(lead_json(await site.run(lambda: site.leadfit.lead(lead_id))))


@get("/v1/leads/{lead_id:str}/why", name="get_why")
async def get_why(request: Asked) -> Response[Json]:
    """Return every decision about a lead with every reason, newest first."""
    await authorised(request, "read")
    site, lead_id = site_of(request), named(request, "lead_id")
    view = await site.run(lambda: site.leadfit.lead(lead_id))
    decisions = await site.run(lambda: site.leadfit.why(lead_id))
    return Response(
        {
            "lead_id": lead_id,
            "owner_id": view.lead.owner_id,
            "decisions": [document(decision) for decision in decisions],
        }
    )


@post("/v1/leads/{lead_id:str}/accept", name="accept_lead", status_code=200)
async def accept_lead(request: Asked) -> Response[Json]:
    """Record that a person took the lead on."""
    await authorised(request, "ops")
    said = Said(await read_json(request, may_be_empty=True), ("by",))
    by = said.words("by", BY_KEY)
    said.check()
    site, lead_id = site_of(request), named(request, "lead_id")
    return Response(lead_json(await site.run(lambda: site.leadfit.accept_lead(lead_id, by))))


@post("/v1/leads/{lead_id:str}/reject", name="reject_lead", status_code=200)
async def reject_lead(request: Asked) -> Response[Json]:
    """Record that a person turned the lead down, and why."""
    await authorised(request, "ops")
    said = Said(await read_json(request), ("reason", "by"))
    reason, by = said.words("reason"), said.words("by", BY_KEY)
    said.check()
    site, lead_id = site_of(request), named(request, "lead_id")
    view = await site.run(lambda: site.leadfit.reject_lead(lead_id, by, reason))
    return Response(lead_json(view))


@post("/v1/leads/{lead_id:str}/touch", name="touch_lead", status_code=200)
async def touch_lead(request: Asked) -> Response[Json]:
    """Record that a person touched the lead: its clocks stop."""
    await authorised(request, "ops")
    said = Said(await read_json(request, may_be_empty=True), ("by", "at"))
    by, at = said.words("by", BY_KEY), said.time("at")
    said.check()
    site, lead_id = site_of(request), named(request, "lead_id")
    return Response(lead_json(await site.run(lambda: site.leadfit.touch(lead_id, by, at))))


@post("/v1/leads/{lead_id:str}/assign", name="assign_lead", status_code=200)
async def assign_lead(request: Asked) -> Response[Json]:
    """Give the lead to a rep by hand, and keep who did it and why."""
    await authorised(request, "ops")
    said = Said(await read_json(request), ("rep_id", "reason", "by"))
    rep_id, reason, by = said.words("rep_id"), said.words("reason"), said.words("by", BY_KEY)
    said.check()
    site, lead_id = site_of(request), named(request, "lead_id")
    routing = site.leadfit.routing
    await site.run(lambda: routing.assign(lead_id, rep_id, by=by, reason=reason))
    return Response(lead_json(await site.run(lambda: site.leadfit.lead(lead_id))))


@post("/v1/leads/{lead_id:str}/override", name="override_lead", status_code=200)
async def override_lead(request: Asked) -> Response[Json]:
    """Lift the lead over the intent gate, and keep who did it and why; fit cannot be overridden."""
    await authorised(request, "ops")
    said = Said(await read_json(request), ("reason", "by"))
    reason, by = said.words("reason"), said.words("by", BY_KEY)
    said.check()
    site, lead_id = site_of(request), named(request, "lead_id")
    routing = site.leadfit.routing
    await site.run(lambda: routing.lift(lead_id, by=by, reason=reason))
    return Response(lead_json(await site.run(lambda: site.leadfit.lead(lead_id))))


def lead_json(view: LeadView) -> Json:
    """Return a lead as JSON: its plain fields on top, what belongs to it below."""
    shown = document(view)
    lead = shown.pop("lead")
    top = lead if isinstance(lead, dict) else {}
    return {**top, "owner": view.lead.owner_id, **shown}
