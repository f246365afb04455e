"""Pages people by PagerDuty's Events API v2; the same key is never a second incident."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from leadfit.connectors.base import Briefing, Unclear
from leadfit.connectors.transport import Transport, check, packed
from leadfit.connectors.words import details, headline
from leadfit.records import Action

# Limits of the vendor.
_KEY: Final = 255
_SUMMARY: Final = 1_000


def dedup_key(key: str) -> str:
    """Return the key of an action as PagerDuty takes it.

    >>> dedup_key("lead_1/1/page")
    'leadfit/lead_1/1/page'
    """
    whole = f"leadfit/{key}"
    if len(whole) <= _KEY:
        return whole
    return f"leadfit/{hashlib.sha256(key.encode()).hexdigest()}"


class PagerDutyPerformer:
    """Triggers an event for each action.

    Args:
        transport: The way out.
        routing_key: Of the integration that takes what no person's own does.
        people: Routing keys by rep id.
        briefing: What a person needs to know to act.
        url: Where events are taken.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        routing_key: str,
        people: Mapping[str, str],
        briefing: Briefing,
        url: str = "https://events.pagerduty.com/v2/enqueue",
    ) -> None:
        self._transport = transport
        self._routing_key = routing_key
        self._people = people
        self._briefing = briefing
        self._url = url

    def perform(self, action: Action) -> None:
        """Trigger an event; only status 202 says that somebody will be paged."""
        brief = self._briefing(action)
        first = next((self._people[each] for each in action.recipients if each in self._people), "")
        body: dict[str, object] = {
            "routing_key": first or self._routing_key,
            "event_action": "trigger",
            "dedup_key": dedup_key(action.key),
            "payload": {
                "summary": headline(action, brief, _SUMMARY),
                "source": "leadfit",
                "severity": "critical" if brief.tier == 1 else "error",
                "class": action.kind,
                "custom_details": {
                    **dict(details(action, brief)),
                    "For": ", ".join(person.name for person in brief.people) or "on call",
                },
            },
        }
        if brief.link is not None:
            body["links"] = [{"href": brief.link, "text": "Open the lead"}]
        answer = check(
            self._transport.send(
                "POST",
                self._url,
                headers={"Content-Type": "application/json"},
                body=packed(body),
            )
        )
        if answer.status != 202:
            raise Unclear(f"status {answer.status} instead of 202")

    def knows(self, key: str) -> bool | None:  # noqa: ARG002 -- events cannot be asked for
        """Return ``None``: an event cannot be asked for, and its key is honoured."""
        return None

    def close(self) -> None:
        """Nothing is held between requests."""
