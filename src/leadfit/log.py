"""Structured logs: fixed event names, values as fields, nothing personal.

Ids are bound once at the edge. A field whose name is known to hold personal or secret values is
masked even if a caller passes it by mistake.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Final

import structlog

_MASKED: Final = frozenset(
    {"email", "phone", "name", "first_name", "last_name", "text", "key", "token", "secret", "body"}
)


def mask(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Replace the value of every field that may hold personal data or a secret by ``***``."""
    for field in event:
        if field in _MASKED:
            event[field] = "***"
    return event


def configure(*, as_json: bool = True) -> None:
    """Send log lines to standard error, as JSON or, for a terminal, as readable text."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            renderer,
        ],
        # Looked up at each line, so that whoever redirects standard error gets it.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger(room: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a room; ``room`` is bound as a field.

    >>> logger("jobs.sla") is not None
    True
    """
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return bound
