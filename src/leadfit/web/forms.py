"""Forms of pages: what was filled in, who may send it, what is told of a fault.

Nobody signs in to the pages, so each form asks for a key. A page of another site knows none; a form
that such a page sends is refused before it is read.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from leadfit.errors import Fault, LeadfitError, shorten
from leadfit.web.body import read_raw
from leadfit.web.problems import Problem, problem_of, refused
from leadfit.web.said import LONGEST_WORDS
from leadfit.web.site import Asked

FORM: Final = "application/x-www-form-urlencoded"
LONGEST_NAME: Final = 200
_FIELDS: Final = 10


async def read_form(request: Asked) -> dict[str, str]:
    """Return the fields of a form that its own page sent.

    Raises:
        Problem: 403 from another site, 415 or 422 where it is no form.
    """
    if not _is_from_own_page(request):
        raise Problem(403, "other_site", "this form can be sent from its own page only")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Problem(415, "wrong_media_type", f"came content-type {shorten(kind, 60)}; use {FORM}")
    raw = await read_raw(request)
    try:
        found = parse_qs(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        came = Fault(place="form", came="something unreadable", allowed="a form of this page")
        raise refused([came]) from error
    return {name: values[-1] for name, values in found.items()}


def _is_from_own_page(request: Asked) -> bool:
    """Return whether nothing that a browser says of a form names a page of another site."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("host", "")
    own = {None, f"http://{host}", f"https://{host}"}
    return site in {None, "same-origin", "none"} and origin in own


def who_and_why(by: str, reason: str, *, needs_reason: bool) -> list[Fault]:
    """Return what is wrong with who says something, and why."""
    faults = list[Fault]()
    if not 1 <= len(by) <= LONGEST_NAME:
        faults.append(Fault(place="your name", came=shorten(by), allowed="say who it is"))
    if len(reason) > LONGEST_WORDS:
        allowed = f"at most {LONGEST_WORDS} characters"
        faults.append(Fault(place="reason", came=shorten(reason), allowed=allowed))
    if needs_reason and not reason:
        faults.append(Fault(place="reason", came=shorten(reason), allowed="say why"))
    return faults


def told(error: Problem | LeadfitError) -> tuple[str, int]:
    """Return a fault in the words of a page, and its status.

    Raises:
        Problem: Nothing is there of which the page could be shown again.
    """
    problem = problem_of(error)
    if problem.status == 404:
        raise problem from error
    words = "; ".join(f"{each.place}: {each.allowed}" for each in problem.faults)
    return words or problem.detail, problem.status
