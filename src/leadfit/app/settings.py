"""What the operator sets by the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from leadfit.errors import BadInput, Fault

_PUBLIC_URL: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator sets by the environment.

    Attributes:
        workspace: ``LEADFIT_WORKSPACE``: the folder everything lives in.
        database_url: ``LEADFIT_DATABASE_URL``: ``sqlite:///PATH`` or ``postgresql://...``; the
            workspace's own file when unset. It may hold a password.
        host: ``LEADFIT_HOST``: the address ``leadfit serve`` listens on.
        port: ``LEADFIT_PORT``: its port.
        public_url: ``LEADFIT_PUBLIC_URL``: where vendors reach the server through a proxy, such as
            ``https://leads.acme.example``.
        log_format: ``LEADFIT_LOG_FORMAT``: ``json`` or ``text``.
    """

    workspace: Path = Path("leadfit-data")
    database_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8321
    public_url: str | None = None
    log_format: str = "json"


def read_environment() -> Mapping[str, str]:
    """Return the process's environment, where the secrets are that the policy names."""
    return os.environ  # noqa: TID251 -- this is the place


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environment``, by default the process's own.

    Raises:
        BadInput: A value cannot be used; every fault is named.

    >>> read_settings({"LEADFIT_PORT": "9000"}).port
    9000
    """
    given = os.environ if environment is None else environment  # noqa: TID251 -- this is the place
    faults: list[Fault] = []
    port_text = given.get("LEADFIT_PORT", "8321")
    if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536):
        faults.append(Fault(place="LEADFIT_PORT", came=repr(port_text), allowed="1 to 65535"))
        port_text = "8321"
    log_format = given.get("LEADFIT_LOG_FORMAT", "json")
    if log_format not in ("json", "text"):
        faults.append(
            Fault(place="LEADFIT_LOG_FORMAT", came=repr(log_format), allowed="json or text")
        )
    public_url = (given.get("LEADFIT_PUBLIC_URL") or "").rstrip("/") or None
    if public_url is not None and _PUBLIC_URL.fullmatch(public_url) is None:
        allowed = "https://HOST, without a path"
        faults.append(Fault(place="LEADFIT_PUBLIC_URL", came=repr(public_url), allowed=allowed))
    if faults:
        raise BadInput(faults)
    return Settings(
        workspace=Path(given.get("LEADFIT_WORKSPACE") or "leadfit-data"),
        database_url=given.get("LEADFIT_DATABASE_URL") or None,
        host=given.get("LEADFIT_HOST") or "127.0.0.1",
        port=int(port_text),
        public_url=public_url,
        log_format=log_format,
    )
