"""The pages of the review queue. Whoever decides on them shows a key, as over the API."""

from __future__ import annotations

from typing import Final

from litestar import MediaType, Response, get, post
from litestar.response import Redirect

from leadfit.errors import Fault, LeadfitError, shorten
from leadfit.pipeline import Side, Sides
from leadfit.records import Relation
from leadfit.report import reviews as pages
from leadfit.report import words
from leadfit.store.matching import ReviewKind
from leadfit.web.forms import read_form, told, who_and_why
from leadfit.web.problems import Problem, refused
from leadfit.web.site import Asked, Site, named, permitted, site_of

PAGE_ROWS: Final = 50


@get("/reviews", name="review_queue", media_type=MediaType.HTML)
async def queue_page(request: Asked) -> Response[str]:
    """List what waits for a person, a page at a time."""
    site, asked = site_of(request), request.query_params
    kind, after = _kind(asked.get("kind", "")), asked.get("after", "").strip()[:500] or None
    found = await site.run(
        lambda: site.leadfit.matching.queue(PAGE_ROWS + 1, after=after, kind=kind)
    )
    text = pages.queue_page(
        [sheet(each) for each in found[:PAGE_ROWS]],
        now=site.leadfit.world.now(),
        kind=None if kind is None else kind.value,
        after=after,
        has_more=len(found) > PAGE_ROWS,
    )
    return Response(text, media_type=MediaType.HTML)


@get("/reviews/{review_id:path}", name="review_page", media_type=MediaType.HTML)
async def review_page(request: Asked) -> Response[str]:
    """Show one review side by side."""
    return await _page(site_of(request), _review_id(request))


@post("/reviews/{review_id:path}", name="settle_page", status_code=200, media_type=MediaType.HTML)
async def settle_page(request: Asked) -> Response[str]:
    """Decide a review by the form of its page; then show it decided.

    The key in the form is what allows it: a page of another site knows none.
    """
    site, review_id = site_of(request), _review_id(request)
    form = await read_form(request)
    by, reason = form.get("by", "").strip(), form.get("reason", "").strip()
    try:
        await permitted(site, form.get("key", "").strip(), "ops")
        relation = _checked(form, by, reason)
        await site.run(
            lambda: site.leadfit.matching.settle(
                review_id, relation, reviewer=by, reason=reason or None
            )
        )
    except (Problem, LeadfitError) as error:
        fault, status = told(error)
        entered = pages.Entered(fault=fault, by=by, reason=reason)
        return await _page(site, review_id, entered=entered, status=status)
    return Redirect(pages.review_path(review_id), status_code=303)


async def _page(
    site: Site, review_id: str, *, entered: pages.Entered | None = None, status: int = 200
) -> Response[str]:
    found = await site.run(lambda: site.leadfit.matching.sides(review_id))
    text = pages.review_page(sheet(found), now=site.leadfit.world.now(), entered=entered)
    return Response(text, media_type=MediaType.HTML, status_code=status)


def _review_id(request: Asked) -> str:
    return named(request, "review_id").removeprefix("/")


def _checked(form: dict[str, str], by: str, reason: str) -> Relation:
    """Return the answer of a form.

    Raises:
        Problem: 422 with every fault.
    """
    faults, relations = (
        who_and_why(by, reason, needs_reason=False),
        [each.value for each in Relation],
    )
    answer = form.get("relation", "")
    if answer not in relations:
        faults.append(Fault(place="answer", came=shorten(answer), allowed=", ".join(relations)))
    if faults:
        raise refused(faults)
    return Relation(answer)


def _kind(text: str) -> ReviewKind | None:
    if not text.strip():
        return None
    kinds = [each.value for each in ReviewKind]
    if text.strip() not in kinds:
        raise refused([Fault(place="kind", came=shorten(text), allowed=", ".join(kinds))])
    return ReviewKind(text.strip())


def sheet(found: Sides) -> pages.ReviewSheet:
    """Return a review as what its page shows."""
    review = found.review
    decided = None
    if review.decided_at is not None and review.relation is not None:
        by = words.short(review.reviewer or "somebody", 80)
        answer = review.relation.value.capitalize()
        decided = f"{answer}, by {by}, {words.moment(review.decided_at)}"
        decided += f": {words.short(review.reason, 300)}" if review.reason else ""
    return pages.ReviewSheet(
        review_id=review.review_id,
        kind=review.kind.value,
        probability=review.probability,
        opened_at=review.opened_at,
        due_at=review.due_at,
        lead_id=review.lead_id,
        left=_side(found.left),
        right=_side(found.right),
        waits=found.waits and review.is_open,
        rows=found.rows,
        evidence=review.evidence,
        answers={relation.value: does for relation, does in found.answers.items()},
        decided=decided,
    )


def _side(side: Side) -> pages.SideSheet:
    return pages.SideSheet(
        what=side.what,
        title=side.title,
        record_id=side.record_id,
        is_hidden=side.is_hidden,
        ask=side.ask,
    )
