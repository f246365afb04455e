"""The form of a lead's page by which a person lifts it over a gate."""

from __future__ import annotations

from litestar import MediaType, Response, post
from litestar.response import Redirect

from leadfit.errors import LeadfitError
from leadfit.report.lead_sheet import lead_path
from leadfit.report.overriding import Overriding
from leadfit.web.forms import read_form, told, who_and_why
from leadfit.web.pages import show_lead
from leadfit.web.problems import Problem, refused
from leadfit.web.site import Asked, named, permitted, site_of


@post("/leads/{lead_id:path}", name="override_page", status_code=200, media_type=MediaType.HTML)
async def override_page(request: Asked) -> Response[str]:
    """Lift a lead by the form of its page; then show it lifted.

    The key in the form is what allows it: a page of another site knows none.
    """
    site, lead_id = site_of(request), named(request, "lead_id").removeprefix("/")
    form = await read_form(request)
    by, reason = form.get("by", "").strip(), form.get("reason", "").strip()
    try:
        await permitted(site, form.get("key", "").strip(), "ops")
        faults = who_and_why(by, reason, needs_reason=True)
        if faults:
            raise refused(faults)
        await site.run(lambda: site.leadfit.routing.lift(lead_id, by=by, reason=reason))
    except (Problem, LeadfitError) as error:
        fault, status = told(error)
        entered = Overriding(fault=fault, by=by, reason=reason)
        return await show_lead(site, lead_id, entered=entered, status=status)
    return Redirect(f"{lead_path(lead_id)}#override", status_code=303)
