"""Vendors of the story: one calls, signs and repeats what we wrote; another sells facts."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from leadfit.app.files import write_whole
from leadfit.records import Action, Written
from leadfit.signal import Incoming

SOURCE: Final = "crm"
"""The source of what the vendor says, and the system that actions for it are written into."""
ENVIRONMENT: Final = {"LEADFIT_STORY_HOOK": "a secret of the story"}
_FIELD: Final = "leadfit_task"
_HOOK: Final = f"""
[hooks.{SOURCE}]
scheme = "github"
secrets = ["env:LEADFIT_STORY_HOOK"]
items = "events"
event_id = "id"
kind = "what"
kinds = {{ signup = "form_fill", seen = "page_view" }}
identifiers = {{ email = "email", lead_id = "lead" }}
facts = {{ {_FIELD} = "task", seats = "seats" }}
"""


def add_hook(policy: Path) -> None:
    """Let the policy of a folder hear the vendor, and forget nothing within the story."""
    path = policy / "policy.toml"
    text = path.read_text("utf-8").replace("[signal]\n", "[signal]\nrefused_days = 365\n")
    write_whole(path, (text + _HOOK).encode())


SELLS: Final = "companies"
"""The vendor of facts: a file in the workspace."""
UNKNOWN: Final = "unknown-firm.com"
"""A firm that it knows nothing of."""
_SELLER: Final = f"""
[[enrich.vendors]]
name = "{SELLS}"
profile = "csv"
options = {{ file = "companies.csv" }}
supplies = {{ employees = "company" }}
price = 0.50
pays_misses = true
money_a_month = 100
"""
_KNOWN: Final = "domain,employees\nsmall-firm.com,8\nlarge-firm.com,900\nlate-firm.com,900\n"


def add_seller(workspace: Path) -> None:
    """Let the policy of a workspace buy how many people a company employs, where that matters."""
    path = workspace / "policy" / "policy.toml"
    text = path.read_text("utf-8").replace("[enrich]\non = false", "[enrich]\non = true")
    write_whole(path, (text + _SELLER).encode())
    write_whole(workspace / "companies.csv", _KNOWN.encode())


def call(*events: dict[str, object]) -> Incoming:
    """Return a call of the vendor, signed."""
    body = json.dumps({"events": events}).encode()
    (secret,) = ENVIRONMENT.values()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Incoming(
        method="POST",
        url=f"https://leadfit.example/v1/hooks/{SOURCE}",
        body=body,
        headers={
            "content-type": "application/json",
            "x-hub-signature-256": f"sha256={signature}",
        },
    )


def writes(action: Action) -> Sequence[Written]:
    """Return what carrying out an action writes into the vendor's record of the lead."""
    if action.destination != SOURCE or not action.lead_id:
        return ()
    return (Written(system=SOURCE, object_id=action.lead_id, name=_FIELD, value=action.kind),)


def report(event: str, lead_id: str, value: str) -> dict[str, object]:
    """Return the vendor's event that a record of a lead now has a value in the field we write."""
    return {"id": event, "what": "seen", "lead": lead_id, "task": value}
