"""Liveness, readiness, counters, and the description of the API."""

from __future__ import annotations

from litestar import Response, get

from leadfit.canonical import Plain
from leadfit.web.metrics import MEDIA_TYPE
from leadfit.web.openapi import description
from leadfit.web.problems import overloaded
from leadfit.web.site import Asked, site_of

Json = dict[str, Plain]


@get("/healthz", name="healthz")
async def healthz() -> Response[Json]:
    """Say that the process answers."""
    return Response({"status": "alive"})


@get("/readyz", name="readyz")
async def readyz(request: Asked) -> Response[Json]:
    """Say whether the store can be read and the policy is loaded."""
    site = site_of(request)
    status = await site.run(site.leadfit.status)
    if not status.ready:
        raise overloaded(503, "not_ready", "the store or the policy is not ready", 5.0)
    return Response({"status": "ready", "policy_digest": status.policy_digest})


@get("/metrics", name="metrics")
async def metrics(request: Asked) -> Response[str]:
    """Return the counters in the Prometheus text format."""
    site = site_of(request)
    status = await site.run(site.leadfit.status)
    return Response(site.metrics.text(status), media_type=MEDIA_TYPE)


@get("/openapi.json", name="openapi")
async def openapi() -> Response[Json]:
    """Return the description of the API."""
    return Response(description())
