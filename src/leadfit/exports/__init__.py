"""Export folders, mapping files and recognised CRM exports, read into one history."""

from __future__ import annotations

from leadfit.exports.mapping import Mapping, load, parse
from leadfit.exports.propose import MappingProposal, propose_mapping
from leadfit.exports.reading import read_export

__all__ = ["Mapping", "MappingProposal", "load", "parse", "propose_mapping", "read_export"]
