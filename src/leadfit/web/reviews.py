"""Reviews and merges over HTTP: what waits for a person, what was decided, merged and undone."""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post

from leadfit.canonical import Plain, document, plain
from leadfit.errors import Fault, shorten
from leadfit.pipeline import sides_document
from leadfit.records import Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Review, ReviewKind
from leadfit.web.body import read_json
from leadfit.web.problems import refused
from leadfit.web.said import BY_KEY, Said, row_limit, shown_key
from leadfit.web.site import Asked, Site, authorised, named, site_of

Json = dict[str, Plain]

PAGE_ROWS: Final = 50
MOST_ROWS: Final = 500
RELATIONS: Final = tuple(each.value for each in Relation)
APART: Final = (Relation.DIFFERENT.value, Relation.RELATED.value)
_QUERY: Final = ("limit", "after", "kind", "viewer")


@get("/v1/reviews", name="get_reviews")
async def get_reviews(request: Asked) -> Response[Json]:
    """Return open reviews, those due first; ``next`` is where the following page begins."""
    await authorised(request, "read")
    site = site_of(request)
    limit, after, kind, viewer = _asked(request)
    found = await site.run(
        lambda: site.leadfit.matching.queue(limit + 1, after=after, kind=kind, viewer=viewer)
    )
    page = found[:limit]
    following = page[-1].review.review_id if len(found) > limit else None
    return Response({"reviews": [sides_document(each) for each in page], "next": following})


@get("/v1/reviews/{review_id:str}", name="get_review")
async def get_review(request: Asked) -> Response[Json]:
    """Return one review with both records side by side and what each answer will do."""
    await authorised(request, "read")
    site, review_id = site_of(request), named(request, "review_id")
    viewer = request.query_params.get("viewer") or None
    found = await site.run(lambda: site.leadfit.matching.sides(review_id, viewer=viewer))
    return Response(sides_document(found))


@post("/v1/reviews/{review_id:str}", name="settle_review", status_code=200)
async def settle_review(request: Asked) -> Response[Json]:
    """Decide a review, once; 409 where somebody decided before."""
    await authorised(request, "ops")
    said = Said(await read_json(request), ("decision", "relation", "reason", "reviewer"))
    relation = _relation(said)
    reviewer, reason = said.words("reviewer", BY_KEY), said.maybe_words("reason")
    said.check()
    site, review_id = site_of(request), named(request, "review_id")
    settled = await site.run(
        lambda: site.leadfit.matching.settle(
            review_id, Relation(relation), reviewer=reviewer, reason=reason
        )
    )
    return Response(await _with_lead(site, settled))


@post("/v1/leads/{lead_id:str}/link", name="link_lead", status_code=200)
async def link_lead(request: Asked) -> Response[Json]:
    """Put a lead into an account, out of the one that it is in."""
    await authorised(request, "ops")
    said = Said(await read_json(request), ("account_id", "reason", "by"))
    account_id, by = said.words("account_id"), said.words("by", BY_KEY)
    reason = said.maybe_words("reason")
    said.check()
    site, lead_id = site_of(request), named(request, "lead_id")
    linked = await site.run(
        lambda: site.leadfit.matching.link(lead_id, account_id, by=by, reason=reason)
    )
    return Response(await _with_lead(site, linked))


@post("/v1/leads/{lead_id:str}/unlink", name="unlink_lead", status_code=200)
async def unlink_lead(request: Asked) -> Response[Json]:
    """Take a lead, and the contact it brought, out of its account."""
    await authorised(request, "ops")
    said = Said(await read_json(request, may_be_empty=True), ("relation", "reason", "by"))
    relation, by = said.maybe_words("relation") or Relation.DIFFERENT, said.words("by", BY_KEY)
    if relation not in APART:
        said.fault("relation", relation, ", ".join(APART))
    reason = said.maybe_words("reason")
    said.check()
    site, lead_id = site_of(request), named(request, "lead_id")
    unlinked = await site.run(
        lambda: site.leadfit.matching.unlink(
            lead_id, by=by, relation=Relation(relation), reason=reason
        )
    )
    return Response(await _with_lead(site, unlinked))


async def _with_lead(site: Site, review: Review) -> Json:
    """Return a review, and where its lead stands now."""
    answer = document(review)
    if review.lead_id is not None:
        lead_id = review.lead_id
        view = await site.run(lambda: site.leadfit.lead(lead_id))
        account_id = None if view.account is None else view.account.account_id
        owner_id = view.lead.owner_id
        answer["lead"] = {"lead_id": lead_id, "account_id": account_id, "owner_id": owner_id}
    return answer


@get("/v1/accounts/{account_id:str}/merges", name="get_merges")
async def get_merges(request: Asked) -> Response[Json]:
    """Return the merges an account has part in, newest first."""
    await authorised(request, "read")
    site, account_id = site_of(request), named(request, "account_id")
    found = await site.run(lambda: site.leadfit.matching.merges(account_id))
    ours = [each for each in found if each.record_kind is RecordKind.ACCOUNT]
    return Response({"account_id": account_id, "merges": plain(ours)})


@post("/v1/accounts/{account_id:str}/merge", name="merge_account", status_code=200)
async def merge_account(request: Asked) -> Response[Json]:
    """Let the account of the path stand for another one, too."""
    await authorised(request, "ops")
    said = Said(await read_json(request), ("absorbed_id", "reason", "by"))
    absorbed_id, by = said.words("absorbed_id"), said.words("by", BY_KEY)
    reason = said.maybe_words("reason")
    said.check()
    site, account_id = site_of(request), named(request, "account_id")
    made = await site.run(
        lambda: site.leadfit.matching.merge(account_id, absorbed_id, by=by, reason=reason)
    )
    return Response(document(made))


@post("/v1/accounts/{account_id:str}/unmerge", name="unmerge_account", status_code=200)
async def unmerge_account(request: Asked) -> Response[Json]:
    """Take back the newest merge of an account that still holds, or the one that is named."""
    await authorised(request, "ops")
    said = Said(await read_json(request, may_be_empty=True), ("merge_id", "reason", "by"))
    merge_id, by = said.maybe_words("merge_id"), said.words("by", BY_KEY)
    reason = said.maybe_words("reason")
    said.check()
    site, account_id = site_of(request), named(request, "account_id")
    undone = await site.run(
        lambda: site.leadfit.matching.unmerge(
            account_id, by=by, kind=RecordKind.ACCOUNT, merge_id=merge_id, reason=reason
        )
    )
    return Response(document(undone))


def _relation(said: Said) -> str:
    """Return what was decided, under either of its two names; both must say the same."""
    given = {name: said.maybe_words(name) for name in ("decision", "relation")}
    for name, value in given.items():
        if value and value not in RELATIONS:
            said.fault(name, value, ", ".join(RELATIONS))
    words = [each for each in given.values() if each is not None]
    if not words:
        said.fault("relation", None, ", ".join(RELATIONS))
        return ""
    if len(set(words)) > 1:
        said.fault("relation", words[1], f"what decision says, {words[0]}, or nothing")
    return words[0]


def _asked(request: Asked) -> tuple[int, str | None, ReviewKind | None, str | None]:
    asked, faults = request.query_params, list[Fault]()
    for name in asked:
        if name not in _QUERY:
            allowed = ", ".join(_QUERY)
            faults.append(Fault(place=shown_key(name), came="an unknown key", allowed=allowed))
    limit = row_limit(asked.get("limit", str(PAGE_ROWS)), MOST_ROWS, faults)
    kind = asked.get("kind") or None
    kinds = [each.value for each in ReviewKind if each is not ReviewKind.STATED]
    if kind is not None and kind not in kinds:
        faults.append(Fault(place="kind", came=shorten(kind), allowed=", ".join(kinds)))
    if faults:
        raise refused(faults)
    after, viewer = asked.get("after") or None, asked.get("viewer") or None
    return limit, after, None if kind is None else ReviewKind(kind), viewer
