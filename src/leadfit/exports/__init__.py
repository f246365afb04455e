"""Export folders, mapping files and recognised CRM exports, read into one history."""

from __future__ import annotations

from leadfit.exports.reading import read_export

__all__ = ["read_export"]
