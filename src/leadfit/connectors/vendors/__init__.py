"""Vendors of facts, each said as data: how it is asked, paced and understood."""

from __future__ import annotations

from leadfit.connectors.vendors.load import Profiles
from leadfit.connectors.vendors.profile import Profile

__all__ = ["Profile", "Profiles"]
