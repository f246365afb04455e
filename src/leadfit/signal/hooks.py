"""What a vendor's call says, as bodies of signals; each goes through :func:`leadfit.signal.read`.

A body holds nothing that changes when the vendor sends it again, such as a count of attempts: the
same event twice is the same body twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from leadfit.errors import Fault, shorten
from leadfit.policy.intake import Hook
from leadfit.records import Kind, Refusal
from leadfit.signal.form import parse_form
from leadfit.signal.parse import parse
from leadfit.signal.signature import Incoming

Body = dict[str, object]

MOST_EVENTS: Final = 1000
_LONGEST_ID: Final = 200
_MILLIS_FROM: Final = 1e11
_NUMBER: Final = re.compile(r"-?[0-9]{1,17}(\.[0-9]{1,9})?")
_JSON: Final = ("application/json", "+json")
_FORM: Final = "application/x-www-form-urlencoded"
_BUTTONS: Final = {
    "lead_accept": Kind.ACCEPTED, "lead_reject": Kind.REJECTED, "lead_touch": Kind.TOUCHED
}  # fmt: skip
_HUBSPOT_IDS: Final = {
    "contact": "contact_id", "0-1": "contact_id", "company": "account_id", "0-2": "account_id"
}  # fmt: skip
_SEGMENT: Final = {
    "email": ("traits.email", "context.traits.email", "properties.email"),
    "phone": ("traits.phone", "context.traits.phone", "properties.phone"),
    "name": ("traits.name", "context.traits.name"),
    "first_name": ("traits.firstName", "context.traits.firstName"),
    "last_name": ("traits.lastName", "context.traits.lastName"),
    "title": ("traits.title", "context.traits.title"),
    "company": ("traits.company.name", "context.traits.company.name", "properties.company"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a call says.

    Attributes:
        bodies: A body for each event, in the order of the call.
        timeless: Places of bodies whose event had no time: the time in them is that of this call.
        left_out: Events of words the hook does not name, or of nobody, or by a machine.
        challenge: What the vendor wants to hear back before it sends anything.
    """

    bodies: tuple[Body, ...] = ()
    timeless: frozenset[int] = frozenset()
    left_out: int = 0
    challenge: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """One event: the words it may be known by, best first, and what is known besides the paths."""

    value: object
    words: tuple[str, ...]
    event_id: str | None = None
    at: object = None
    by: object = None
    identifiers: Mapping[str, object] | None = None
    reason: object = None


def translate(
    hook: Hook, source: str, incoming: Incoming, *, now: datetime
) -> Translation | Refusal:
    """Return the signals a verified call stands for.

    Args:
        hook: How its vendor lays out bodies, and what they mean.
        source: The name of the hook, which becomes the source of the signals.
        incoming: The call.
        now: The time of events that have none.

    Returns:
        The bodies; or a ``Refusal`` of a call that cannot be read at all.
    """
    found = _parsed(hook, incoming)
    if isinstance(found, Refusal):
        return found
    if (
        hook.shape == "slack"
        and isinstance(found, dict)
        and found.get("type") == "url_verification"
    ):
        return Translation(challenge=str(found.get("challenge", ""))[:1000])
    events = list(_EVENTS[hook.shape](hook, found))
    if len(events) > MOST_EVENTS:
        return _refusal(f"{len(events)} events", f"at most {MOST_EVENTS} events in a call")
    kinds = {**(_BUTTONS if hook.shape == "slack" else {}), **hook.kinds}
    bodies: list[Body] = []
    timeless: set[int] = set()
    for event in events:
        kind = next((kinds[word] for word in event.words if word in kinds), hook.always)
        identifiers = _identifiers(hook, event)
        if kind is None or _is_of_nobody(hook, event, identifiers):
            continue
        at = _moment(_at(event.value, hook.at) if hook.at else event.at)
        if at is None:
            timeless.add(len(bodies))
        given = now.astimezone(UTC).isoformat() if at is None else at
        bodies.append(
            _body(hook, source, event, kind=kind, at=given, identifiers=identifiers, now=now)
        )
    return Translation(
        bodies=tuple(bodies), timeless=frozenset(timeless), left_out=len(events) - len(bodies)
    )


def _body(
    hook: Hook,
    source: str,
    event: _Event,
    *,
    kind: Kind,
    at: object,
    identifiers: Body,
    now: datetime,
) -> Body:
    return {
        "source": source,
        "event_id": _event_id(hook, event, now),
        "kind": kind.value,
        "at": at,
        "identifiers": identifiers,
        "facts": _facts(hook, event, kind),
        **_text(hook, event),
    }


def _parsed(hook: Hook, incoming: Incoming) -> object:
    media = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == _FORM and hook.shape in ("form", "slack"):
        fields = parse_form(incoming.body)
        if isinstance(fields, Refusal) or hook.shape == "form":
            return fields
        return parse(fields.get("payload", "").encode())
    if media.endswith(_JSON):
        return parse(incoming.body)
    wanted = f"application/json or {_FORM}" if hook.shape in ("form", "slack") else "JSON"
    return _refusal(f"content-type {shorten(media, 60)}", wanted)


def _json_events(hook: Hook, found: object) -> Iterator[_Event]:
    items = _at(found, hook.items) if hook.items else found
    for each in items if isinstance(items, list) else [items]:
        given = _at(each, hook.event_id) if hook.event_id else None
        word = _at(each, hook.kind) if hook.kind else None
        yield _Event(value=each, words=_words(word), event_id=_id(given))


def _hubspot_events(_hook: Hook, found: object) -> Iterator[_Event]:
    for each in found if isinstance(found, list) else [found]:
        event = each if isinstance(each, dict) else {}
        kind, name = str(event.get("subscriptionType", "")), event.get("propertyName")
        words = [kind]
        if name is not None:
            words = [f"{kind}:{name}={event.get('propertyValue')}", f"{kind}:{name}", kind]
        parts = ("portalId", "subscriptionId", "eventId", "objectId", "occurredAt")
        object_type = str(event.get("objectTypeId") or kind.partition(".")[0])
        of = _HUBSPOT_IDS.get(object_type)
        yield _Event(
            value=each,
            words=tuple(words),
            event_id="/".join(str(event.get(part, "")) for part in parts),
            at=event.get("occurredAt"),
            identifiers={of: event.get("objectId")} if of else {},
        )


def _segment_events(_hook: Hook, found: object) -> Iterator[_Event]:
    batch = _at(found, "batch")
    for each in batch if isinstance(batch, list) else [found]:
        call = each if isinstance(each, dict) else {}
        kind = str(call.get("type", ""))
        name = call.get("event") if kind == "track" else call.get("name")
        told = {
            key: next((v for p in paths if (v := _at(each, p)) is not None), None)
            for key, paths in _SEGMENT.items()
        }
        times = (call.get(key) for key in ("timestamp", "originalTimestamp", "sentAt"))
        yield _Event(
            value=each,
            words=(f"{kind}:{name}", kind),
            event_id=_id(call.get("messageId")),
            at=next((at for at in times if at is not None), None),
            identifiers={key: value for key, value in told.items() if isinstance(value, str)},
        )


def _cloud_events(_hook: Hook, found: object) -> Iterator[_Event]:
    for each in found if isinstance(found, list) else [found]:
        event = each if isinstance(each, dict) else {}
        known = "id" in event and "source" in event
        yield _Event(
            value=each,
            words=_words(event.get("type")),
            event_id=f"{event['source']}#{event['id']}" if known else None,
            at=event.get("time"),
        )


def _slack_events(hook: Hook, found: object) -> Iterator[_Event]:
    payload = found if isinstance(found, dict) else {}
    user = _at(payload, "user.id")
    if payload.get("type") == "event_callback":
        word = _at(payload, "event.type")
        yield _Event(value=payload, words=_words(word), event_id=_id(payload.get("event_id")))
        return
    actions = payload.get("actions")
    for each in actions if isinstance(actions, list) else []:
        action = each if isinstance(each, dict) else {}
        chosen = _at(action, "selected_option.value")
        parts = (payload.get("trigger_id"), action.get("action_id"), action.get("action_ts"))
        yield _Event(
            value=each,
            words=_words(action.get("action_id")),
            event_id="/".join(map(str, parts)) if parts[0] or parts[2] else _digest(payload),
            at=action.get("action_ts"),
            by=_person(hook, user),
            # A button carries the lead; a list of reasons stands in a block named by the lead.
            identifiers={"lead_id": action.get("block_id") if chosen else action.get("value")},
            reason=chosen,
        )


def _pagerduty_events(hook: Hook, found: object) -> Iterator[_Event]:
    event = _at(found, "event")
    key = str(_at(event, "data.incident_key") or "").split("/")
    is_ours = len(key) > 2 and key[0] == "leadfit"
    yield _Event(
        value=event,
        words=_words(_at(event, "event_type")),
        event_id=_id(_at(event, "id")),
        at=_at(event, "occurred_at"),
        by=_person(hook, _at(event, "agent.id")),
        identifiers={"lead_id": key[2]} if is_ours else {},
    )


def _form_events(hook: Hook, found: object) -> Iterator[_Event]:
    fields = found if isinstance(found, dict) else {}
    if str(fields.get(hook.honeypot) or "").strip():
        # No person sees this field. The machine that filled it hears nothing of it.
        yield _Event(value={}, words=(), identifiers={})
        return
    word = fields.get(hook.kind) if hook.kind else None
    yield _Event(value=fields, words=_words(word))


_EVENTS: Final[Mapping[str, Callable[[Hook, object], Iterable[_Event]]]] = {
    "json": _json_events,
    "hubspot": _hubspot_events,
    "segment": _segment_events,
    "cloudevents": _cloud_events,
    "slack": _slack_events,
    "pagerduty": _pagerduty_events,
    "form": _form_events,
}


def _at(value: object, path: str | None) -> object:
    """Return what stands at a dotted path, a number being a place in a list; else ``None``."""
    for part in (path or "").split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and len(part) < 5:
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _of(hook: Hook, event: _Event, path: str | None) -> object:
    if path is None:
        return None
    if hook.is_low_trust and isinstance(event.value, dict):
        return event.value.get(path)  # names of fields may hold dots
    return _at(event.value, path)


def _words(word: object) -> tuple[str, ...]:
    return (str(word),) if isinstance(word, str | int) else ()


def _id(given: object) -> str | None:
    return str(given) if isinstance(given, str | int) and str(given).strip() else None


def _event_id(hook: Hook, event: _Event, now: datetime) -> str:
    if event.event_id is not None and len(event.event_id) <= _LONGEST_ID:
        return event.event_id
    if event.event_id is not None:
        return _digest(event.event_id)
    # A form sent twice is a nervous finger; the same words another day are another wish.
    day = f"{now.astimezone(UTC):%Y-%m-%d}" if hook.is_low_trust else ""
    return _digest([event.value, day])


def _digest(value: object) -> str:
    # In ASCII: a vendor may send what no text holds, such as half a surrogate pair.
    told = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


def _person(hook: Hook, vendor_id: object) -> str | None:
    return hook.people.get(vendor_id, vendor_id) if isinstance(vendor_id, str) else None


def _identifiers(hook: Hook, event: _Event) -> Body:
    told: Body = dict(event.identifiers or {})
    for name, path in hook.identifiers.items():
        own = _of(hook, event, path)
        if own is not None:
            told[name] = own
    return {
        name: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in told.items()
        if value is not None
    }


def _is_of_nobody(hook: Hook, event: _Event, identifiers: Body) -> bool:
    """Return whether an event is no fault though it names nobody, as a page view may."""
    if hook.is_low_trust:
        return not event.value
    return not identifiers and hook.shape not in ("json", "cloudevents")


def _facts(hook: Hook, event: _Event, kind: Kind) -> Body:
    facts = {name: _of(hook, event, path) for name, path in hook.facts.items()}
    by = _person(hook, _of(hook, event, hook.by)) if hook.by else event.by
    if by is not None and kind in (Kind.ACCEPTED, Kind.REJECTED, Kind.TOUCHED):
        facts["by"] = by
    if event.reason is not None:
        facts["reason"] = event.reason
    return {name: value for name, value in facts.items() if value is not None}


def _text(hook: Hook, event: _Event) -> Body:
    text = _of(hook, event, hook.text)
    return {} if text is None else {"text": text}


def _moment(value: object) -> object:
    """Return a vendor's time in ISO 8601; numbers are seconds, large ones milliseconds."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    seconds = value / 1000 if abs(value) >= _MILLIS_FROM else value
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(value)


def _refusal(came: str, allowed: str) -> Refusal:
    return Refusal(faults=(Fault(place="body", came=came, allowed=allowed),))
