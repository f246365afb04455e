"""Posts alerts to Slack: one message in a channel, naming everybody it is for.

Slack honours no key: what is sent again after an answer that nobody saw says that it may be a
repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from leadfit.connectors.base import (
    Brief,
    Briefing,
    NotAllowedIn,
    NotTaken,
    RecordRefused,
    Unclear,
    WronglySetUp,
)
from leadfit.connectors.transport import HttpAnswer, Transport, check, packed
from leadfit.connectors.words import details, headline
from leadfit.records import Action

_BUSY: Final = frozenset({"ratelimited", "rate_limited", "service_unavailable"})
_DENIED: Final = frozenset(
    {"invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed"}
)
_SET_UP: Final = frozenset({"missing_scope", "no_permission", "ekm_access_denied", "access_denied"})
_FAILED: Final = frozenset({"internal_error", "fatal_error", "request_timeout"})
_EVERYBODY: Final = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)
# The vendor takes 3,000 letters, and counts some of them otherwise.
_SECTION: Final = 2_900


def escape(text: str) -> str:
    r"""Return text that Slack shows as it is: no link, no mention, nobody called.

    >>> escape("<!channel> & @here")
    '&lt;!channel&gt; &amp; @\u200bhere'
    """
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EVERYBODY.sub("@\u200b", safe)


class SlackPerformer:
    """Posts each action by ``chat.postMessage``.

    Args:
        transport: The way out.
        token: A bot's token with the scope ``chat:write``.
        channel: Id of the channel.
        people: Slack user ids by rep id; the others are called by their names.
        briefing: What a person needs to know to act.
        url: Where Slack's API is.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        token: str,
        channel: str,
        people: Mapping[str, str],
        briefing: Briefing,
        url: str = "https://slack.com/api",
    ) -> None:
        self._transport = transport
        self._token = token
        self._channel = channel
        self._people = people
        self._briefing = briefing
        self._url = url.rstrip("/")

    def perform(self, action: Action) -> None:
        """Post ``action``; nothing but ``ok`` in the answer is a success."""
        brief = self._briefing(action)
        text = escape(headline(action, brief))
        section = "\n".join(self._lines(action, brief, text))[:_SECTION]
        body = {
            "channel": self._channel,
            "text": text,
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": section}}],
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": "leadfit_action", "event_payload": {"key": action.key}},
        }
        answer = self._transport.send(
            "POST",
            f"{self._url}/chat.postMessage",
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json; charset=utf-8",
            },
            body=packed(body),
        )
        _check(answer)

    def _lines(self, action: Action, brief: Brief, text: str) -> Iterator[str]:
        known = {person.rep_id: person.name for person in brief.people}
        called = [
            f"<@{self._people[each]}>" if each in self._people else escape(known.get(each, each))
            for each in action.recipients
        ]
        if called:
            yield " ".join(called)
        yield f"*{text}*"
        for name, value in details(action, brief):
            yield f"{name}: {escape(value)}"
        if brief.link is not None:
            yield f"<{brief.link}|Open the lead>"

    def knows(self, key: str) -> bool | None:  # noqa: ARG002 -- Slack keeps no keys
        """Return ``None``: Slack keeps no keys."""
        return None

    def close(self) -> None:
        """Nothing is held between requests."""


def _check(answer: HttpAnswer) -> None:
    """Take Slack's own word for it: status 200 may be an error."""
    if answer.status != 200:
        check(answer)
        raise Unclear(f"status {answer.status}")
    body = answer.json()
    if not isinstance(body, dict) or not isinstance(body.get("ok"), bool):
        raise Unclear("status 200 with a body that is not Slack's")
    if body["ok"]:
        return
    code = str(body.get("error"))[:60]
    if code in _BUSY:
        raise NotTaken(code, answer.retry_after_s)
    if code in _DENIED:
        raise NotAllowedIn(code)
    if code in _SET_UP:
        raise WronglySetUp(code)
    if code in _FAILED:
        raise Unclear(code)
    raise RecordRefused(code)
