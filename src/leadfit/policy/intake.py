"""What may come in: signals, the vendors that send them, and how their flow is watched."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from leadfit.policy.section import EventKind, Section, Share, Words
from leadfit.records import Kind

Scheme = Literal[
    "hubspot-v1", "hubspot-v2", "hubspot-v3", "slack-v0", "pagerduty-v1", "standard-v1",
    "segment-sha1", "stripe", "github", "token", "form",
]  # fmt: skip
Shape = Literal["json", "hubspot", "segment", "cloudevents", "slack", "pagerduty", "form"]
IdentifierName = Literal[
    "email", "domain", "phone", "name", "first_name", "last_name", "title", "company",
    "account_id", "contact_id", "lead_id",
]  # fmt: skip

_SECRET: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,99}")
_PATH: Final = re.compile(r"[^\x00-\x1f.]{1,100}(\.[^\x00-\x1f.]{1,100}){0,15}")
_NOT_OF_A_FORM: Final = frozenset({"account_id", "contact_id", "lead_id"})
# What a stranger may say of a lead, but never decide about it.
_NOT_A_FACT_OF_A_FORM: Final = re.compile(
    r"(^|[\W_])(owner|rep|by|tier|score|consent|opt|subscri\w*|suppress\w*|gdpr)([\W_]|$)",
    re.IGNORECASE,
)
_OWN_SHAPE: Final = {"form": "form", "slack-v0": "slack", "pagerduty-v1": "pagerduty"}


class SignalRules(Section):
    """What a signal may hold before it is refused, and how much may come."""

    future_minutes: float = Field(default=15, ge=0, le=1440)
    """Minutes by which the sender's clock may run ahead of ours."""
    max_facts: int = Field(default=200, ge=0, le=10_000)
    """Facts in one signal."""
    max_fact_characters: int = Field(default=2_000, ge=1, le=100_000)
    """Characters of one text fact."""
    max_text_characters: int = Field(default=20_000, ge=0, le=1_000_000)
    """Characters of the free text."""
    key_per_second: float = Field(default=5_000, gt=0, le=1_000_000)
    """Signals a second that one API key may post over time; a batch counts as many."""
    key_burst: int = Field(default=20_000, ge=1_000, le=10_000_000)
    """Signals that one API key may post at once."""
    form_per_second: float = Field(default=5, gt=0, le=1_000)
    """Calls a second of a source without proof, such as a form on a page, over time at the most."""
    form_burst: int = Field(default=100, ge=1, le=100_000)
    """Calls of such a source at once at the most."""
    disk_reserve_mb: int = Field(default=256, ge=0, le=1_000_000)
    """Megabytes of the disk that signals may not fill: below it they are answered 503."""
    most_undecided: int = Field(default=1_500_000, ge=1, le=1_000_000_000)
    """Signals that may wait for a decision: while more do, further ones are answered 503."""
    refused_days: float = Field(default=30, gt=0, le=365)
    """Days for which a signal that could not be taken is kept for a person to look at."""


class SignalWatchRules(Section):
    """When the flow of a source has changed so much that somebody is told."""

    least_days: float = Field(default=14, ge=7, le=365)
    """Days of history a source needs before it is judged."""
    history_days: float = Field(default=56, ge=7, le=365)
    """Days of history by which it is judged, hour of the week by hour of the week."""
    false_alarms_a_year: float = Field(default=0.1, gt=0, le=100)
    """False alarms a year and source that are taken into account, for each kind of alarm."""
    least_drop: Share = 0.5
    """Share of what was expected that must be missing."""
    least_nulls: Share = 0.1
    """Share of signals by which those without an address must have grown."""

    @model_validator(mode="after")
    def _history_is_long_enough(self) -> Self:
        if self.history_days < self.least_days:
            message = f"history_days at least least_days ({self.least_days:g})"
            raise ValueError(message)
        return self


class Hook(Section):
    """A vendor that calls ``/v1/hooks/NAME``: how it signs, and what its calls say."""

    scheme: Scheme
    """How a call is signed. ``token`` is weak and for vendors that offer nothing else; ``form`` is
    unsigned and of low trust."""
    secrets: Words = ()
    """One or two secrets as ``env:NAME``, the new one beside the old one while it is changed."""
    header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,60}$")
    """Header of the signature or token, where a vendor has its own name for it."""
    allow_from: Words = ()
    """Addresses or networks that may call; needed with ``token``, possible with any."""
    shape: Shape = "json"
    """How a body is laid out."""
    items: str | None = None
    """``json``: path of the list of events; one body is one event without it."""
    event_id: str | None = None
    """``json``: path of the vendor's id of an event; without it a digest of the event."""
    kind: str | None = None
    """``json``: path of the word that is looked up in ``kinds``; without it ``always``."""
    at: str | None = None
    """``json``: path of the time, ISO 8601 or seconds or milliseconds; else when it came."""
    text: str | None = None
    """Path of free words."""
    by: str | None = None
    """Path of who it was, for accepted, rejected and touched."""
    kinds: Mapping[str, EventKind] = Field(default_factory=dict)
    """The vendor's word for an event and the kind it becomes; events of other words are
    acknowledged and left out."""
    always: EventKind | None = None
    """The kind of every event, where the vendor has no word for it."""
    identifiers: Mapping[IdentifierName, str] = Field(default_factory=dict)
    """Paths of identifiers."""
    facts: Mapping[str, str] = Field(default_factory=dict)
    """Paths of facts by the name they get."""
    people: Mapping[str, str] = Field(default_factory=dict)
    """The vendor's ids of people and their rep ids."""
    honeypot: str = Field(default="website_url", min_length=1, max_length=60)
    """``form``: a field no person sees; a form that fills it is taken for a machine's."""
    per_second: float = Field(default=200, gt=0, le=100_000)
    """Signals a second that are taken over time; for ``form`` at most 5."""
    burst: int = Field(default=5_000, ge=1, le=1_000_000)
    """Signals that are taken at once; for ``form`` at most 100."""
    answer_s: float = Field(default=2.5, gt=0, le=30)
    """Seconds after which a call is answered 503 rather than later; vendors wait 3 to 5."""

    @property
    def is_low_trust(self) -> bool:
        """Anybody may send it."""
        return self.scheme == "form"

    @property
    def is_weak(self) -> bool:
        """A token says nothing of the body, and whoever saw it once may use it."""
        return self.scheme == "token"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [*_wrong_secrets(self), *_wrong_mapping(self), *_wrong_trust(self)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def _wrong_secrets(hook: Hook) -> list[str]:
    wrong = [
        "secrets as env:NAME, never the secret itself"
        for each in hook.secrets
        if _SECRET.fullmatch(each) is None
    ][:1]
    if hook.is_low_trust and hook.secrets:
        wrong.append("no secrets with the scheme form")
    if not hook.is_low_trust and not 1 <= len(hook.secrets) <= 2:
        wrong.append("one or two secrets")
    if hook.is_weak and not hook.allow_from:
        wrong.append("allow_from with the scheme token")
    for each in hook.allow_from:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            wrong.append(f"addresses or networks in allow_from, not {each[:60]!r}")
    return wrong


def _wrong_mapping(hook: Hook) -> list[str]:
    paths = [hook.items, hook.event_id, hook.kind, hook.at, hook.text, hook.by]
    paths += [*hook.identifiers.values(), *hook.facts.values()]
    wrong = [
        f"paths such as data.object.email, not {path[:60]!r}"
        for path in paths
        if path is not None and _PATH.fullmatch(path) is None
    ]
    own = _OWN_SHAPE.get(hook.scheme)
    if own is not None and hook.shape != own:
        wrong.append(f"shape {own} with the scheme {hook.scheme}")
    if hook.shape == "form" and not hook.is_low_trust:
        wrong.append("the shape form with the scheme form alone")
    if hook.shape in ("json", "form") and not (hook.kinds or hook.always):
        wrong.append("kinds or always")
    if hook.shape in ("json", "form") and not hook.identifiers:
        wrong.append("at least one of identifiers")
    return wrong


def _wrong_trust(hook: Hook) -> list[str]:
    """Name what an unsigned form may not say: ids, owners, tiers, consent, feedback."""
    if not hook.is_low_trust:
        return []
    ids = sorted(_NOT_OF_A_FORM & set(hook.identifiers))
    facts = sorted(name for name in hook.facts if _NOT_A_FACT_OF_A_FORM.search(name))
    kinds = {*hook.kinds.values(), *([hook.always] if hook.always else [])}
    allowed = {Kind.FORM_FILL, Kind.DEMO_REQUEST, Kind.CONTENT_DOWNLOAD}
    wrong = [f"no identifiers.{name} from a form" for name in ids]
    wrong += [f"no facts.{name} from a form" for name in facts]
    wrong += [f"no kind {kind} from a form" for kind in sorted(kinds - allowed)]
    if hook.by is not None or hook.people:
        wrong.append("neither by nor people from a form")
    if "per_second" in hook.model_fields_set and hook.per_second > 5:
        wrong.append("per_second of at most 5 for a form")
    if "burst" in hook.model_fields_set and hook.burst > 100:
        wrong.append("burst of at most 100 for a form")
    return wrong
