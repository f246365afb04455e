"""Every published and computed vector passes; every negative case is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from leadfit.policy.intake import Hook
from leadfit.signal import Incoming, verify

Vector = Mapping[str, str]

FILE = json.loads(Path(__file__).with_name("signature-vectors.json").read_text("utf-8"))
VECTORS = cast("list[Vector]", [*FILE["published"], *FILE["vectors"]])
NEGATIVE = cast("list[Vector]", FILE["negative"])
NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
OTHER = "an older secret"

SCHEMES = {
    "hubspot-v3-decoded-uri": "hubspot-v3",
    "standard-webhooks-v1": "standard-v1",
}
HEADERS = {
    "hubspot-v1": "X-HubSpot-Signature",
    "hubspot-v2": "X-HubSpot-Signature",
    "hubspot-v3": "X-HubSpot-Signature-v3",
    "slack-v0": "X-Slack-Signature",
    "pagerduty-v1": "X-PagerDuty-Signature",
    "standard-v1": "webhook-signature",
    "segment-sha1": "X-Signature",
}
TIMES = {
    "hubspot-v3": "x-hubspot-request-timestamp",
    "slack-v0": "x-slack-request-timestamp",
    "standard-v1": "webhook-timestamp",
}


def hook_of(scheme: str, **rest: object) -> Hook:
    shape = {"slack-v0": "slack", "pagerduty-v1": "pagerduty"}.get(scheme, "segment")
    return Hook(scheme=scheme, secrets=("env:ONE",), shape=shape, **rest)  # type: ignore[arg-type]  # words of the file


def scheme_of(vector: Vector) -> str:
    return SCHEMES.get(vector["scheme"], vector["scheme"])


def call_of(vector: Vector) -> tuple[Hook, Incoming, datetime]:
    scheme = scheme_of(vector)
    at = vector.get("timestamp")
    headers = {HEADERS[scheme].lower(): vector["signature"]}
    now = NOW
    if at is not None:
        headers[TIMES.get(scheme, "x-nothing")] = at
        seconds = int(at) / (1000 if scheme == "hubspot-v3" else 1)
        now = datetime.fromtimestamp(seconds, UTC)
    if "id" in vector:
        headers["webhook-id"] = vector["id"]
    incoming = Incoming(
        method=vector.get("method", "POST"),
        url=vector.get("uri", "https://leadfit.example.com/"),
        body=vector["body"].encode(),
        headers=headers,
    )
    return hook_of(scheme), incoming, now


def verdict(hook: Hook, incoming: Incoming, now: datetime, *secrets: str) -> str | None:
    return verify(hook, secrets, incoming, now=now)


def name_of(vector: Vector) -> str:
    return f"{vector['scheme']} {vector.get('published_by', 'computed')}"


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_a_vendors_own_signature_is_taken(vector: Vector) -> None:
    hook, incoming, now = call_of(vector)
    assert verdict(hook, incoming, now, vector["secret"]) is None


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_either_of_two_secrets_is_enough(vector: Vector) -> None:
    hook, incoming, now = call_of(vector)
    assert verdict(hook, incoming, now, OTHER, vector["secret"]) is None
    assert verdict(hook, incoming, now, vector["secret"], OTHER) is None
    assert verdict(hook, incoming, now, OTHER, OTHER) == "signature"


def mutated(incoming: Incoming, mutation: str, now: datetime) -> list[tuple[Incoming, datetime]]:
    header = next(name for name in incoming.headers if "sig" in name)
    without = {name: value for name, value in incoming.headers.items() if name != header}
    late = timedelta(seconds=301)
    body = incoming.body
    match mutation.split(" (", maxsplit=1)[0]:
        case "flip one body byte":
            flipped = bytes([body[0] ^ 1]) + body[1:] if body else b"x"
            return [(replace(incoming, body=flipped), now)]
        case "drop the header":
            return [(replace(incoming, headers=without), now)]
        case "empty header":
            return [(replace(incoming, headers={**without, header: ""}), now)]
        case "timestamp older than 300 s":
            return [(incoming, now + late), (incoming, now - late)]
        case "re-serialise the JSON body with other whitespace before verifying":
            return [(replace(incoming, body=json.dumps(json.loads(body), indent=1).encode()), now)]
    return []


@pytest.mark.parametrize(
    "case", NEGATIVE, ids=lambda case: f"{case['derive_from']}: {case['mutation']}"
)
def test_a_call_that_was_changed_is_refused(case: Vector) -> None:
    found = [each for each in VECTORS if each["scheme"] == case["derive_from"]]
    assert found
    for vector in found:
        hook, incoming, now = call_of(vector)
        secret = vector["secret"]
        if case["mutation"] == "wrong secret":
            assert verdict(hook, incoming, now, OTHER) == "signature"
        elif case["must"] == "process once":
            # A signature cannot tell a replay within its time: the event's id does.
            assert verdict(hook, incoming, now, secret) is None
        else:
            changed = mutated(incoming, case["mutation"], now)
            assert changed
            for call, at in changed:
                assert verdict(hook, call, at, secret) is not None


def stripe(body: bytes, at: int, *secrets: str) -> str:
    signed = f"{at}.".encode() + body
    made = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={each}" for each in made), "v0=old"])


def test_a_header_of_several_signatures_needs_one_that_fits() -> None:
    body, at = b'{"id":"evt_1"}', int(NOW.timestamp())
    hook = hook_of("stripe")

    def ask(header: str) -> str | None:
        call = Incoming(
            method="POST", url="https://x.example/", body=body, headers={"stripe-signature": header}
        )
        return verdict(hook, call, NOW, "one")

    assert ask(stripe(body, at, OTHER, "one")) is None
    assert ask(stripe(body, at, OTHER)) == "signature"
    assert ask(stripe(body, at - 301, "one")) == "time"
    assert ask(stripe(body, at, "one").replace(f"t={at}", "t=x")) == "time"
    assert ask(f"t={at},t={at}," + stripe(body, at, "one")) == "time"
    assert ask(f"t={at}") == "unsigned"
    many = ",".join([f"t={at}", *["v1=0"] * 10, stripe(body, at, "one").split(",")[1]])
    assert ask(many) == "signature"


def test_a_signature_of_the_github_kind_is_taken_with_its_prefix_only() -> None:
    made = hmac.new(b"one", b"{}", hashlib.sha256).hexdigest()
    hook = hook_of("github", header="X-Vendor")

    def ask(header: str) -> str | None:
        call = Incoming(
            method="POST", url="https://x.example/", body=b"{}", headers={"x-vendor": header}
        )
        return verdict(hook, call, NOW, "one")

    assert ask(f"sha256={made}") is None
    assert ask(made) == "signature"


def test_a_token_is_taken_from_an_address_that_may_call_and_from_no_other() -> None:
    hook = hook_of("token", allow_from=("10.1.0.0/16", "2001:db8::1"), header="X-Token")

    def ask(token: str, came_from: str | None) -> str | None:
        call = Incoming(
            method="POST",
            url="https://x.example/",
            body=b"{}",
            headers={"x-token": token},
            came_from=came_from,
        )
        return verdict(hook, call, NOW, "one")

    assert ask("one", "10.1.2.3") is None
    assert ask("Bearer one", "2001:db8::1") is None
    assert ask("two", "10.1.2.3") == "signature"
    assert ask("one", "10.2.0.1") == "address"
    assert ask("one", None) == "address"
    assert ask("", "10.1.2.3") == "unsigned"


def test_the_id_is_part_of_what_a_standard_webhook_signs() -> None:
    vector = next(each for each in VECTORS if each["scheme"] == "standard-webhooks-v1")
    hook, incoming, now = call_of(vector)
    other = replace(incoming, headers={**incoming.headers, "webhook-id": "msg_other"})
    assert verdict(hook, other, now, vector["secret"]) == "signature"


def test_a_standard_secret_that_is_no_base64_fits_nothing() -> None:
    vector = next(each for each in VECTORS if each["scheme"] == "standard-webhooks-v1")
    hook, incoming, now = call_of(vector)
    assert verdict(hook, incoming, now, "whsec_###") == "signature"


@pytest.mark.parametrize("at", ["", "x", "1e9", "-1", "9" * 18, "１７９５３２３６０１"])  # noqa: RUF001 -- digits of another script
def test_a_time_that_is_no_number_is_refused(at: str) -> None:
    vector = next(each for each in VECTORS if each["scheme"] == "slack-v0")
    hook, incoming, now = call_of(vector)
    other = replace(incoming, headers={**incoming.headers, "x-slack-request-timestamp": at})
    assert verdict(hook, other, now, vector["secret"]) == "time"


def test_an_address_is_signed_as_it_came_or_with_the_letters_decoded() -> None:
    url = "https://x.example/v1/hooks/h?a=%2Fb%3fc"
    at = str(int(NOW.timestamp() * 1000))
    for signed in (url, "https://x.example/v1/hooks/h?a=/b?c"):
        made = hmac.new(b"one", f"POST{signed}{{}}{at}".encode(), hashlib.sha256).digest()
        headers = {
            "x-hubspot-signature-v3": base64.b64encode(made).decode(),
            "x-hubspot-request-timestamp": at,
        }
        call = Incoming(method="POST", url=url, body=b"{}", headers=headers)
        assert verdict(hook_of("hubspot-v3"), call, NOW, "one") is None
