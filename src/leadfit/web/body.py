"""Reads a request body under our own deadline and size; servers bound neither."""

from __future__ import annotations

import asyncio

from litestar.exceptions import ClientException, InternalServerException

from leadfit.errors import shorten
from leadfit.records import Refusal
from leadfit.signal import parse
from leadfit.signal.parse import MAX_BYTES
from leadfit.web.problems import Problem, refused
from leadfit.web.site import Asked, Room, site_of


async def read_json(
    request: Asked, *, may_be_empty: bool = False, room: Room | None = None
) -> object:
    """Return the body as strictly parsed JSON; ``{}`` for an empty one that may be empty.

    Raises:
        Problem: 415, 413, 408, or 422 with every fault.
    """
    raw = await read_raw(request, room)
    if may_be_empty and not raw.strip():
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(
            415,
            "wrong_media_type",
            f"came content-type {shorten(kind, 60)}; allowed: application/json",
            headers={"Accept": "application/json"},
        )
    value = parse(raw)
    if isinstance(value, Refusal):
        raise refused(value.faults)
    return value


async def read_raw(request: Asked, room: Room | None = None) -> bytes:
    """Return the bytes of the body.

    Raises:
        Problem: 413 over the size, 408 past the deadline, 503 where there is no room for it.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > MAX_BYTES:
        raise _too_large(announced[:20])
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(site_of(request).body_deadline_s):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise _too_large(str(size))
                if room is not None:
                    room.hold(len(chunk))
                chunks.append(chunk)
    except TimeoutError as late:
        raise Problem(
            408, "body_too_slow", "the body did not come in time", headers={"Connection": "close"}
        ) from late
    except (ClientException, InternalServerException) as gone:
        # Litestar calls a sender who hangs up an error of the server.
        raise Problem(400, "body_broken_off", "the body broke off") from gone
    return b"".join(chunks)


def _too_large(came: str) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"came {came} bytes; allowed: at most {MAX_BYTES}; split a batch",
        headers={"Connection": "close"},
    )
