"""The composition root: reads the settings, builds everything, names the connectors."""

from __future__ import annotations

from leadfit.app.leadfit import SCOPES, Leadfit, Status
from leadfit.app.persons import Erased, Persons
from leadfit.app.settings import Settings, read_settings
from leadfit.app.workspace import create_workspace, open_leadfit

__all__ = [
    "SCOPES",
    "Erased",
    "Leadfit",
    "Persons",
    "Settings",
    "Status",
    "create_workspace",
    "open_leadfit",
    "read_settings",
]
