"""The pages of a workspace. Nobody signs in yet, so the server is for this machine only."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from litestar import MediaType, Response, get

from leadfit.app.by_hand import by_hand_words
from leadfit.app.enriching import VendorStatus
from leadfit.app.listing import LeadPage
from leadfit.app.spent import gate_words, quota_rows, spending_words, total_rows
from leadfit.canonical import plain
from leadfit.errors import Fault, NotFound
from leadfit.jobs.vendors.spending import Spending
from leadfit.records import Decision, Tier
from leadfit.report import acting, live
from leadfit.report.acting import Acting, Entered
from leadfit.report.kpis import SpendPart, kpis_page
from leadfit.report.lead_page import lead_page as page_of_lead
from leadfit.report.lead_sheet import (
    AccountIcp,
    ActionLine,
    ClockLine,
    LeadSheet,
    OpenReview,
    SaidLine,
)
from leadfit.report.overriding import Overriding, PastLift
from leadfit.report.render import stylesheet as stylesheet_text
from leadfit.score import why_not_lifted
from leadfit.store.lifts import Lift
from leadfit.store.matching import Review, ReviewKind
from leadfit.store.past import AccountScore
from leadfit.store.views import LeadView
from leadfit.web.listing import FILTERS, PAGE_ROWS, leads_asked
from leadfit.web.problems import Problem, refused
from leadfit.web.site import Asked, Site, named, site_of

REPORTS: Final = ("reports/report.html", "reports/benchmark.html")
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@get("/", name="home", media_type=MediaType.HTML)
async def home(request: Asked) -> Response[str]:
    """Show where the workspace stands and what to do next."""
    site = site_of(request)
    status = await site.run(site.leadfit.status)
    deliveries = await site.run(site.leadfit.deliveries.status)
    counts = plain(status.counts)
    figures = counts if isinstance(counts, dict) else {}
    return _page(
        live.home(
            figures={k: v for k, v in figures.items() if isinstance(v, int)},
            tiers=status.counts.leads_by_tier,
            actions=status.counts.actions,
            policy_digest=status.policy_digest,
            artifact_digest=status.artifact_digest,
            is_ready=status.ready,
            has_report=_report_file(site) is not None,
            trouble=deliveries.trouble,
            policy_waits=status.policy_folder.words,
        )
    )


@get("/leads", name="lead_list", media_type=MediaType.HTML)
async def lead_list(request: Asked) -> Response[str]:
    """List leads, newest first, a page at a time."""
    site, given = site_of(request), dict(request.query_params)
    faults: list[Fault] = []
    wanted = leads_asked(given, faults)
    if faults:
        raise refused(faults)
    of, after = given.get("of", "").strip()[:200], given.get("after", "").strip()[:500] or None
    if of:
        wanted = replace(wanted, **{"person" if "@" in of else "account": of})
    why = None
    try:
        page = await site.run(lambda: site.leadfit.listing.page(wanted, PAGE_ROWS, after=after))
    except NotFound as error:
        page, why = LeadPage(views=(), rows=()), str(error)
    chosen = {name: given[name].strip() for name in FILTERS if given.get(name, "").strip()}
    return _page(
        live.lead_list(
            [sheet(view) for view in page.views],
            now=site.leadfit.world.now(),
            chosen=chosen | ({"of": of} if of else {}),
            after=after,
            following=page.next,
            why=why,
            reps=_rep_names(site),
        )
    )


@get("/leads/{lead_id:path}", name="lead_page", media_type=MediaType.HTML)
async def lead_page(request: Asked) -> Response[str]:
    """Show one lead with its why."""
    return await show_lead(site_of(request), named(request, "lead_id").removeprefix("/"))


async def show_lead(
    site: Site,
    lead_id: str,
    *,
    entered: Entered | None = None,
    fault: str | None = None,
    status: int = 200,
) -> Response[str]:
    """Return the page of a lead, with what was entered into a form of it that was refused."""
    view = await site.run(lambda: site.leadfit.lead(lead_id))
    decisions = await site.run(lambda: site.leadfit.why(lead_id))
    asked = await site.run(lambda: site.leadfit.matching.of_lead(lead_id))
    lifts = await site.run(lambda: site.leadfit.routing.lifts(lead_id))
    shown = replace(sheet(view, decisions), reviews=_open_reviews(asked))
    said = replace(entered or Entered(), fault=fault)
    lifting = said if said.act == acting.OVERRIDE else Entered()
    text = page_of_lead(
        shown,
        now=site.leadfit.world.now(),
        override=Overriding(
            why_not=_why_not_lifted(view),
            past=_past_lifts(lifts),
            fault=lifting.fault,
            by=lifting.by,
            reason=lifting.reason,
        ),
        acting=_acting(site, view, said),
        reps=_rep_names(site),
    )
    return Response(text, status_code=status, media_type=MediaType.HTML)


def _rep_names(site: Site) -> dict[str, str]:
    return {rep.rep_id: rep.name for rep in site.leadfit.policy.reps}


def _acting(site: Site, view: LeadView, entered: Entered) -> Acting:
    reps = (each for each in site.leadfit.policy.reps if each.active)
    return Acting(
        is_open=view.lead.is_open,
        is_rated=view.score is not None,
        reps=sorted(
            ((each.rep_id, each.name) for each in reps if each.rep_id != view.lead.owner_id),
            key=lambda each: (each[1].casefold(), each[0]),
        ),
        entered=entered,
    )


def _why_not_lifted(view: LeadView) -> str | None:
    """Return why no person can lift a lead, as far as its latest rating tells."""
    if not view.lead.is_open:
        return "it is closed"
    if view.score is None:
        return "it was never rated"
    if view.lead.tier is Tier.ONE:
        return "it is Tier 1 already"
    return why_not_lifted(view.score)


def _past_lifts(lifts: tuple[Lift, ...]) -> tuple[PastLift, ...]:
    return tuple(
        PastLift(
            tier=each.tier.value,
            from_tier=each.from_tier.value,
            by=each.by,
            reason=each.reason,
            at=each.at,
        )
        for each in lifts
    )


@get("/kpis", name="kpis", media_type=MediaType.HTML)
async def kpis(request: Asked) -> Response[str]:
    """Show how matching does and how promises were kept, with intervals, targets and alerts."""
    site = site_of(request)
    found = await site.run(site.leadfit.match_kpis)
    sla = await site.run(site.leadfit.sla_kpis)
    experiment = await site.run(site.leadfit.outcomes.response)
    vendors = await site.run(site.leadfit.enriching.status)
    spent = await site.run(site.leadfit.enriching.report)
    hand = await site.run(lambda: site.leadfit.routing.by_hand(found.weeks[0].period.start))
    return _page(
        kpis_page(
            found.weeks,
            found.whole,
            found.alerts,
            found.edges,
            promises=(*sla.weeks, sla.so_far),
            experiment=experiment,
            spend=_spend(vendors, spent),
            by_hand=list(by_hand_words(hand, _rep_names(site))),
            reps=_rep_names(site),
        )
    )


def _spend(vendors: tuple[VendorStatus, ...], spent: Spending) -> SpendPart | None:
    """Return what is told of bought facts; nothing where no vendor was ever asked for one."""
    if not vendors and not spent.whole.calls:
        return None
    totals = (*spent.months, *spent.vendors) if spent.whole.calls else ()
    return SpendPart(
        words=tuple(spending_words(spent)),
        totals=total_rows(totals) if totals else (),
        vendors=tuple((gate_words(each), quota_rows(each)) for each in vendors),
    )


@get("/benchmark", name="benchmark", media_type=MediaType.HTML)
async def benchmark(request: Asked) -> Response[str]:
    """Show the stored benchmark, or how one is made."""
    site = site_of(request)
    folder = str(site.leadfit.folder / "reports")
    has_report = _report_file(site) is not None
    return _page(live.benchmark(has_report=has_report, reports_folder=folder))


@get("/benchmark/report", name="benchmark_report", media_type=MediaType.HTML)
async def benchmark_report(request: Asked) -> Response[str]:
    """Return the stored report itself; it may style itself and do nothing else."""
    site = site_of(request)
    file = _report_file(site)
    if file is None:
        raise NotFound("report", "benchmark")
    text = await site.run(lambda: file.read_text("utf-8"))
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
        for style in _STYLE.findall(text)
    )
    policy = (
        f"default-src 'none'; style-src {hashes or chr(39) + 'none' + chr(39)}; img-src data:; "
        "sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    headers = {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
    return Response(text, media_type=MediaType.HTML, headers=headers)


@get("/static/leadfit.css", name="stylesheet", media_type=MediaType.CSS)
async def stylesheet() -> Response[str]:
    """Return the one stylesheet."""
    headers = {"Cache-Control": "max-age=300"}
    return Response(stylesheet_text(), media_type=MediaType.CSS, headers=headers)


def sheet(view: LeadView, decisions: tuple[Decision, ...] = ()) -> LeadSheet:
    """Return what the store answered as what a page shows."""
    return LeadSheet(
        lead=view.lead,
        account=view.account,
        contact=view.contact,
        match=view.match,
        score=view.score,
        possible_account_id=view.possible_account_id,
        touched_at=view.touched_at,
        clocks=[
            ClockLine(
                clock=c.clock,
                stopped_at=c.stopped_at,
                stopped_by=c.stopped_by,
                breached_at=c.breached_at,
            )
            for c in view.clocks
        ],
        actions=[
            ActionLine(
                action=a.action,
                state=a.state.value,
                attempts=a.attempts,
                error=a.error,
                done_at=a.done_at,
            )
            for a in view.actions
        ],
        said=[
            SaidLine(what=f.kind.value, by=f.by, at=f.at, reason=f.reason) for f in view.feedback
        ],
        reasons=view.reasons,
        decisions=decisions,
        icp=None if view.icp is None else _account_icp(view.icp),
    )


def _open_reviews(asked: tuple[Review, ...]) -> tuple[OpenReview, ...]:
    return tuple(
        OpenReview(
            review_id=each.review_id,
            probability=each.probability,
            due_at=each.due_at,
            is_about_the_account=each.kind is ReviewKind.LINK,
        )
        for each in asked
        if each.is_open
    )


def _account_icp(score: AccountScore) -> AccountIcp:
    return AccountIcp(
        score=score.score,
        detractor=score.detractor,
        flagged=score.flagged,
        artifact_digest=score.artifact_digest,
        as_of=score.as_of,
    )


def wants_page(request: Asked) -> bool:
    """Return whether a person with a browser asks, and not for the API."""
    is_api = request.scope["path"].startswith(("/v1/", "/healthz", "/readyz", "/metrics"))
    return not is_api and "text/html" in request.headers.get("accept", "")


def error_page(problem: Problem) -> Response[str]:
    """Return a problem as a page."""
    title = "Nothing is here" if problem.status == 404 else "This did not work"
    text = problem.detail[:1].upper() + problem.detail[1:] + "."
    return Response(
        live.message(title, text),
        status_code=problem.status,
        media_type=MediaType.HTML,
        headers=problem.headers,
    )


def _page(text: str) -> Response[str]:
    return Response(text, media_type=MediaType.HTML)


def _report_file(site: Site) -> Path | None:
    files = (site.leadfit.folder / name for name in REPORTS)
    return next((file for file in files if file.is_file()), None)
