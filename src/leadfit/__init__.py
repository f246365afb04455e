"""Leadfit: resolve, score and route every B2B signal, by an ICP learned from revenue."""

from __future__ import annotations

__version__ = "0.1.0"
