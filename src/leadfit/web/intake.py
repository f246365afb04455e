"""Signals over HTTP: stored for good before they are acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar import Response, get, post

from leadfit.canonical import Plain, document
from leadfit.errors import Conflict, Fault, shorten
from leadfit.records import Refusal
from leadfit.store.views import Receipt
from leadfit.web.body import read_json
from leadfit.web.metrics import Metrics
from leadfit.web.problems import answer, fault_list, problem_of, refused
from leadfit.web.site import Asked, Site, authorised, named, site_of

# Part of the interface: senders rely on it.
BATCH_AT_MOST: Final = 1000

Json = dict[str, Plain]
Stored = Receipt | Refusal | Conflict


@post("/v1/signals", name="post_signals")
async def post_signals(request: Asked) -> Response[Json]:
    """Take one signal, or up to 1,000 in ``{"batch": [...]}``."""
    site = site_of(request)
    key = await authorised(request, "ingest")
    with site.room_for(key) as room:
        body = await read_json(request, room=room)
        room.begin()
        if isinstance(body, dict) and "batch" in body:
            bodies = _batch(body)
            _take_room(site, key, len(bodies))
            answers = await site.run(lambda: site.leadfit.accept_many(bodies))
            results: list[Plain] = [
                result(index, stored, site.metrics) for index, stored in enumerate(answers)
            ]
            return Response({"results": results}, status_code=202)
        _take_room(site, key, 1)
        # To read one signal takes less time than to hand it to a thread.
        begun = await site.look(lambda: site.leadfit.begin_accepting([body]))
        if begun.stored is not None:
            await site.until(begun.stored)
        (stored,) = begun.answers()
    return _single(stored, site.metrics)


def _take_room(site: Site, key: str, signals: int) -> None:
    """Take signals from the bucket of a key.

    Raises:
        Problem: 429 when it is empty.
    """
    rules = site.leadfit.policy.signal
    site.take(key, signals, per_second=rules.key_per_second, burst=rules.key_burst)


def _batch(body: Mapping[str, object]) -> list[object]:
    """Return the signals of a batch.

    Raises:
        Problem: 422 where the envelope is not one.
    """
    faults = [
        Fault(place=shorten(key), came="a key beside batch", allowed="batch alone")
        for key in body
        if key != "batch"
    ]
    found = body["batch"]
    if not isinstance(found, list):
        faults.append(Fault(place="batch", came=shorten(found), allowed="a list of signals"))
    elif not 1 <= len(found) <= BATCH_AT_MOST:
        faults.append(
            Fault(
                place="batch",
                came=f"{len(found)} signals",
                allowed=f"1 to {BATCH_AT_MOST} signals",
            )
        )
    if faults or not isinstance(found, list):
        raise refused(faults)
    return found


def _single(stored: Stored, metrics: Metrics) -> Response[Json]:
    metrics.signal(_word(stored))
    match stored:
        case Refusal():
            return answer(refused(stored.faults))
        case Conflict():
            return answer(problem_of(stored))
        case Receipt():
            return Response(_receipt(stored), status_code=_status(stored))


def result(index: int, stored: Stored, metrics: Metrics) -> Json:
    """Return the answer to one signal of several, and count it."""
    metrics.signal(_word(stored))
    shown: Json = {"index": index, "status": _status(stored), "signal_id": None, "errors": []}
    match stored:
        case Refusal():
            shown["errors"] = fault_list(stored.faults)
        case Conflict():
            shown["errors"] = [
                {"place": "event_id", "came": shorten(stored.event_id), "allowed": "a new event_id"}
            ]
        case Receipt():
            shown |= _receipt(stored)
    return shown


def _receipt(receipt: Receipt) -> Json:
    shown: Json = {"signal_id": receipt.signal_id}
    if receipt.lead_id is not None:
        shown["lead_id"] = receipt.lead_id
    return shown


def _status(stored: Stored) -> int:
    match stored:
        case Refusal():
            return 422
        case Conflict():
            return 409
        case Receipt():
            return 200 if stored.is_repeat else 202


def _word(stored: Stored) -> str:
    return {422: "refused", 409: "conflict", 200: "repeat", 202: "accepted"}[_status(stored)]


@get("/v1/signals/{signal_id:str}", name="get_signal")
async def get_signal(request: Asked) -> Response[Json]:
    """Say where a signal stands and which lead it opened or joined."""
    await authorised(request, "status")
    site, signal_id = site_of(request), named(request, "signal_id")
    return Response(document(await site.run(lambda: site.leadfit.signal(signal_id))))
