"""The forms of a lead's page: what a person says and does about it."""

from __future__ import annotations

from litestar import MediaType, Response, post
from litestar.response import Redirect

from leadfit.errors import Fault, LeadfitError, shorten
from leadfit.report import acting
from leadfit.report.acting import Entered
from leadfit.report.lead_sheet import lead_path
from leadfit.web.forms import read_form, told, who_and_why
from leadfit.web.pages import show_lead
from leadfit.web.problems import Problem, refused
from leadfit.web.site import Asked, Site, named, permitted, site_of


@post("/leads/{lead_id:path}", name="lead_form", status_code=200, media_type=MediaType.HTML)
async def lead_form(request: Asked) -> Response[str]:
    """Do what a form of a lead's page asks for; then show the lead as it stands.

    The key in the form is what allows it: a page of another site knows none.
    """
    site, lead_id = site_of(request), named(request, "lead_id").removeprefix("/")
    form = await read_form(request)
    entered = Entered(
        act=form.get("act", ""),
        by=form.get("by", "").strip(),
        reason=form.get("reason", "").strip(),
        rep_id=form.get("rep_id", "").strip(),
    )
    try:
        await permitted(site, form.get("key", "").strip(), "ops")
        _check(entered)
        await site.run(lambda: _do(site, lead_id, entered))
    except (Problem, LeadfitError) as error:
        fault, status = told(error)
        return await show_lead(site, lead_id, entered=entered, fault=fault, status=status)
    part = "override" if entered.act == acting.OVERRIDE else "acts"
    return Redirect(f"{lead_path(lead_id)}#{part}", status_code=303)


def _check(entered: Entered) -> None:
    """Refuse what cannot be done as it was entered.

    Raises:
        Problem: 422 with every fault.
    """
    needs_reason = entered.act in {acting.REJECT, acting.ASSIGN, acting.OVERRIDE}
    faults = who_and_why(entered.by, entered.reason, needs_reason=needs_reason)
    if entered.act not in acting.ACTS:
        came = shorten(entered.act)
        faults.append(Fault(place="what to do", came=came, allowed="one of the buttons"))
    if entered.act == acting.ASSIGN and not entered.rep_id:
        faults.append(Fault(place="give it to", came="nobody", allowed="a rep of the list"))
    if faults:
        raise refused(faults)


def _do(site: Site, lead_id: str, entered: Entered) -> None:
    leadfit, by, reason = site.leadfit, entered.by, entered.reason
    match entered.act:
        case acting.TOUCH:
            leadfit.touch(lead_id, by)
        case acting.ACCEPT:
            leadfit.accept_lead(lead_id, by)
        case acting.REJECT:
            leadfit.reject_lead(lead_id, by, reason)
        case acting.ASSIGN:
            leadfit.routing.assign(lead_id, entered.rep_id, by=by, reason=reason)
        case _:
            leadfit.routing.lift(lead_id, by=by, reason=reason)
