"""Liveness, readiness, counters, and the description of the API."""

from __future__ import annotations

from litestar import Response, get

from leadfit.canonical import Plain
from leadfit.web.metrics import MEDIA_TYPE, of_destinations
from leadfit.web.openapi import description
from leadfit.web.problems import overloaded
from leadfit.web.site import Asked, authorised, site_of

Json = dict[str, Plain]


@get("/healthz", name="healthz")
async def healthz() -> Response[Json]:
    """Say that the process answers."""
    return Response({"status": "alive"})


@get("/readyz", name="readyz")
async def readyz(request: Asked) -> Response[Json]:
    """Say whether signals can be taken and decided, and if not, why."""
    site = site_of(request)
    checks = await site.run(site.leadfit.checks)
    wrong = [each for each in checks if not each.holds]
    if wrong:
        words = "; ".join(f"{each.name}: {each.words}" for each in wrong)
        raise overloaded(503, "not_ready", words, 5.0)
    # Who asks has no key: names of files, and nothing of what they say.
    folder = await site.run(site.leadfit.policies.folder_state)
    return Response(
        {
            "status": "ready",
            "policy_digest": site.leadfit.policy.digest,
            "policy_folder": {"differs": list(folder.differs), "is_usable": folder.is_usable},
            "checks": {each.name: each.words for each in checks},
        }
    )


@get("/metrics", name="metrics")
async def metrics(request: Asked) -> Response[str]:
    """Return the counters in the Prometheus text format."""
    await authorised(request, "read")
    site = site_of(request)
    status = await site.run(site.leadfit.status)
    site.metrics.assigned(await site.run(site.leadfit.waits.new))
    overrides = await site.run(site.leadfit.routing.override_counts)
    text = site.metrics.text(status, under_way=site.under_way, overrides=overrides)
    deliveries = await site.run(site.leadfit.deliveries.status)
    text += of_destinations(deliveries, site.leadfit.world.now())
    return Response(text, media_type=MEDIA_TYPE)


@get("/openapi.json", name="openapi")
async def openapi(request: Asked) -> Response[Json]:
    """Return the description of the API to whoever has a key."""
    await authorised(request, "status")
    return Response(description())
