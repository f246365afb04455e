"""HTTP and pages over a :class:`leadfit.app.Leadfit`. Needs the extra ``web``."""

from __future__ import annotations

from leadfit.web.app import create_app
from leadfit.web.server import serve

__all__ = ["create_app", "serve"]
