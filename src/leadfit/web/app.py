"""The application: routes, errors, and the guard around them."""

from __future__ import annotations

from typing import Final

from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.types import ASGIApp

from leadfit.app import Leadfit
from leadfit.canonical import Plain
from leadfit.errors import LeadfitError
from leadfit.log import logger
from leadfit.web import (
    deliveries,
    enriching,
    health,
    hooks,
    intake,
    lead_form,
    leads,
    listing,
    pages,
    review_pages,
    reviews,
)
from leadfit.web.guard import Guard, route_of
from leadfit.web.problems import Problem, answer, problem_of
from leadfit.web.site import Asked, Site

_LOG = logger("web")

Json = dict[str, Plain]

API: Final = (
    intake.post_signals,
    intake.get_signal,
    hooks.post_hook,
    hooks.get_refused,
    listing.get_leads,
    leads.get_lead,
    leads.get_why,
    leads.accept_lead,
    leads.reject_lead,
    leads.touch_lead,
    leads.assign_lead,
    leads.override_lead,
    reviews.get_reviews,
    reviews.get_review,
    reviews.settle_review,
    reviews.link_lead,
    reviews.unlink_lead,
    reviews.get_merges,
    reviews.merge_account,
    reviews.unmerge_account,
    deliveries.get_dead_letters,
    deliveries.retry_dead_letter,
    deliveries.drop_dead_letter,
    deliveries.get_destinations,
    deliveries.resume_destination,
    enriching.get_quotas,
    enriching.get_spending,
    health.healthz,
    health.readyz,
    health.metrics,
    health.openapi,
)
PAGES: Final = (
    pages.home,
    pages.lead_list,
    pages.lead_page,
    lead_form.lead_form,
    pages.kpis,
    review_pages.queue_page,
    review_pages.review_page,
    review_pages.settle_page,
    pages.benchmark,
    pages.benchmark_report,
    pages.stylesheet,
)


def create_app(leadfit: Leadfit, *, site: Site | None = None) -> ASGIApp:
    """Return the ASGI application of a workspace.

    Args:
        leadfit: The open workspace; the caller starts its jobs and closes it.
        site: Limits and counters; the usual ones when absent.
    """
    served = site or Site(leadfit)
    inner = Litestar(
        route_handlers=[*API, *PAGES],
        exception_handlers={Exception: _answer_error},
        openapi_config=None,
        logging_config=None,
        debug=False,
        state=State({"site": served}),
    )
    return Guard(inner, served)


def _answer_error(request: Asked, error: Exception) -> Response[str] | Response[Json]:
    """Answer an error as problem+json, or as a page to a person with a browser."""
    problem = problem_of(error)
    if problem.status >= 500 and not isinstance(error, Problem | LeadfitError):
        _LOG.error("request.failed", error=type(error).__name__, route=route_of(request.scope))
    if pages.wants_page(request):
        return pages.error_page(problem)
    return answer(problem)
