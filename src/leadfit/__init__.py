"""Leadfit: resolve, score and route every B2B signal, by an ICP learned from revenue.

Names are loaded when they are first used, so that ``import leadfit`` is fast and needs no extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadfit.version import VERSION

if TYPE_CHECKING:
    from leadfit.app import Leadfit, Settings, Status, create_workspace, open_leadfit, read_settings
    from leadfit.errors import (
        BadInput,
        BadPolicy,
        Conflict,
        DamagedStore,
        LeadfitError,
        MissingExtra,
        NotFound,
        NotPossible,
        Permanent,
        Retryable,
        StoreBusy,
    )
    from leadfit.records import Decision, Refusal, Signal, Tier
    from leadfit.store.views import LeadView, Receipt, SignalView, Verification

__version__ = VERSION

__all__ = [
    "BadInput",
    "BadPolicy",
    "Conflict",
    "DamagedStore",
    "Decision",
    "LeadView",
    "Leadfit",
    "LeadfitError",
    "MissingExtra",
    "NotFound",
    "NotPossible",
    "Permanent",
    "Receipt",
    "Refusal",
    "Retryable",
    "Settings",
    "Signal",
    "SignalView",
    "Status",
    "StoreBusy",
    "Tier",
    "Verification",
    "__version__",
    "create_workspace",
    "open_leadfit",
    "read_settings",
]

_IN_APP = {"Leadfit", "Settings", "Status", "create_workspace", "open_leadfit", "read_settings"}
_IN_RECORDS = {"Decision", "Refusal", "Signal", "Tier"}
_IN_VIEWS = {"LeadView", "Receipt", "SignalView", "Verification"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'leadfit' has no attribute {name!r}")
    from leadfit import errors, records  # noqa: PLC0415 -- loaded when it is asked for

    if name in _IN_RECORDS:
        return getattr(records, name)
    if name in _IN_VIEWS:
        from leadfit.store import views  # noqa: PLC0415 -- as above

        return getattr(views, name)
    if name in _IN_APP:
        from leadfit import app  # noqa: PLC0415 -- as above

        return getattr(app, name)
    return getattr(errors, name)


def __dir__() -> list[str]:
    return sorted(__all__)
