"""The composition root: reads the settings, builds everything, names the connectors."""

from __future__ import annotations

from leadfit.app.health import Status
from leadfit.app.hooks import BadSignature, Heard, HookNotReady
from leadfit.app.keys import SCOPES
from leadfit.app.leadfit import Leadfit
from leadfit.app.persons import Erased, Persons
from leadfit.app.settings import Settings, read_settings
from leadfit.app.workspace import create_workspace, open_leadfit

__all__ = [
    "SCOPES",
    "BadSignature",
    "Erased",
    "Heard",
    "HookNotReady",
    "Leadfit",
    "Persons",
    "Settings",
    "Status",
    "create_workspace",
    "open_leadfit",
    "read_settings",
]
