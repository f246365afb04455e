"""Whether a call is signed by who it says: each vendor's scheme, on the bytes as they came.

Every comparison takes constant time, and all secrets and signatures are looked at whichever fits.
Sources: the vendors' documentation and the Standard Webhooks specification 1.0.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from leadfit.policy.intake import Hook

# What the schemes say themselves; a wider window lets old calls be replayed.
TOLERANCE_S: Final = 300
_SIGNATURES: Final = 10
_DIGITS: Final = re.compile(r"[0-9]{1,17}")
# What HubSpot's documentation asks receivers to decode before the address is signed.
_DECODED: Final = {
    f"%{ord(letter):02X}": letter for letter in ":/?@!$'()*,;"
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A call as it came.

    Attributes:
        url: The whole address by which the vendor calls; behind a proxy the public one.
        headers: By name in lower case.
        came_from: Address of the caller, if it is known.
    """

    method: str
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    came_from: str | None = None


def verify(hook: Hook, secrets: Sequence[str], incoming: Incoming, *, now: datetime) -> str | None:
    """Say why a call is not taken for its vendor's, or ``None`` where it is.

    Args:
        hook: The scheme, its header and the addresses that may call.
        secrets: What the scheme is computed with; any of them fits.
        incoming: The call.
        now: Aware; a signed time may lie 300 s before or behind it.

    Returns:
        A fixed word: ``address``, ``unsigned``, ``time`` or ``signature``.
    """
    if not _may_call(hook.allow_from, incoming.came_from):
        return "address"
    if hook.is_low_trust:
        return None
    scheme = _SCHEMES[hook.scheme]
    found = scheme.read(incoming, hook.header or scheme.header)
    if found is None or not found.signatures:
        return "unsigned"
    if scheme.is_timed and not _is_fresh(found.at, now, 1000 if scheme.in_millis else 1):
        return "time"
    made = [each for secret in secrets for each in scheme.make(secret, incoming, found)]
    # No way out at the first that fits: how long it takes says nothing of which did.
    fits = [
        hmac.compare_digest(own, given) for own in made for given in found.signatures[:_SIGNATURES]
    ]
    return None if any(fits) else "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """What a call says of its signature."""

    signatures: tuple[bytes, ...]
    at: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scheme:
    header: str
    read: Callable[[Incoming, str], _Signed | None]
    make: Callable[[str, Incoming, _Signed], Iterable[bytes]]
    is_timed: bool = False
    in_millis: bool = False


def _may_call(allowed: Sequence[str], came_from: str | None) -> bool:
    if not allowed:
        return True
    try:
        address = ipaddress.ip_address(came_from or "")
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(each, strict=False) for each in allowed)


def _is_fresh(at: str, now: datetime, a_second: int) -> bool:
    if _DIGITS.fullmatch(at) is None:
        return False
    return abs(int(at) / a_second - now.timestamp()) <= TOLERANCE_S


def _whole(incoming: Incoming, header: str) -> _Signed | None:
    """Read a header that is one signature."""
    given = incoming.headers.get(header.lower(), "").strip()
    return _Signed(signatures=(given.encode(),)) if given else None


def _timed(at_header: str) -> Callable[[Incoming, str], _Signed | None]:
    def read(incoming: Incoming, header: str) -> _Signed | None:
        given = incoming.headers.get(header.lower(), "").strip()
        at = incoming.headers.get(at_header, "").strip()
        return _Signed(signatures=(given.encode(),), at=at) if given else None

    return read


def _parts(mark: str, separator: str) -> Callable[[Incoming, str], _Signed | None]:
    """Read a header of several parts, of which those that begin with ``mark`` are signatures."""

    def read(incoming: Incoming, header: str) -> _Signed | None:
        parts = [each.strip() for each in incoming.headers.get(header.lower(), "").split(separator)]
        given = [each.removeprefix(mark).encode() for each in parts if each.startswith(mark)]
        at = [each.removeprefix("t=") for each in parts if each.startswith("t=")]
        return _Signed(signatures=tuple(given), at=at[0] if len(at) == 1 else "")

    return read


def _standard(incoming: Incoming, header: str) -> _Signed | None:
    found = _parts("v1,", " ")(incoming, header)
    message_id = incoming.headers.get("webhook-id", "").strip()
    if found is None or not message_id:
        return None
    at = incoming.headers.get("webhook-timestamp", "").strip()
    return _Signed(signatures=found.signatures, at=at, message_id=message_id)


def _token(incoming: Incoming, header: str) -> _Signed | None:
    given = incoming.headers.get(header.lower(), "").strip()
    kind, _, rest = given.partition(" ")
    token = rest.strip() if kind.lower() == "bearer" else given
    # Digests, so that the length of a secret does not show either.
    return _Signed(signatures=(hashlib.sha256(token.encode()).digest(),)) if token else None


def _hubspot_1(secret: str, incoming: Incoming, _found: _Signed) -> Iterator[bytes]:
    yield hashlib.sha256(secret.encode() + incoming.body).hexdigest().encode()


def _hubspot_2(secret: str, incoming: Incoming, _found: _Signed) -> Iterator[bytes]:
    for url in _urls(incoming.url):
        signed = secret.encode() + (incoming.method + url).encode() + incoming.body
        yield hashlib.sha256(signed).hexdigest().encode()


def _hubspot_3(secret: str, incoming: Incoming, found: _Signed) -> Iterator[bytes]:
    for url in _urls(incoming.url):
        signed = (incoming.method + url).encode() + incoming.body + found.at.encode()
        yield base64.b64encode(hmac.digest(secret.encode(), signed, "sha256"))


def _urls(url: str) -> tuple[str, str]:
    """Return an address as it came and with the letters decoded that HubSpot names."""
    decoded = url
    for code, letter in _DECODED.items():
        decoded = re.sub(code, lambda _found, each=letter: each, decoded, flags=re.IGNORECASE)  # type: ignore[misc]  # no type for a default
    return url, decoded


def _hex(
    algorithm: str, prefix: bytes = b""
) -> Callable[[str, Incoming, _Signed], Iterator[bytes]]:
    def make(secret: str, incoming: Incoming, _found: _Signed) -> Iterator[bytes]:
        yield prefix + hmac.digest(secret.encode(), incoming.body, algorithm).hex().encode()

    return make


def _slack(secret: str, incoming: Incoming, found: _Signed) -> Iterator[bytes]:
    signed = b"v0:" + found.at.encode() + b":" + incoming.body
    yield b"v0=" + hmac.digest(secret.encode(), signed, "sha256").hex().encode()


def _stripe(secret: str, incoming: Incoming, found: _Signed) -> Iterator[bytes]:
    signed = found.at.encode() + b"." + incoming.body
    yield hmac.digest(secret.encode(), signed, "sha256").hex().encode()


def _of_standard(secret: str, incoming: Incoming, found: _Signed) -> Iterator[bytes]:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return
    signed = f"{found.message_id}.{found.at}.".encode() + incoming.body
    yield base64.b64encode(hmac.digest(key, signed, "sha256"))


def _of_token(secret: str, _incoming: Incoming, _found: _Signed) -> Iterator[bytes]:
    yield hashlib.sha256(secret.encode()).digest()


_SCHEMES: Final[Mapping[str, _Scheme]] = {
    "hubspot-v1": _Scheme(header="X-HubSpot-Signature", read=_whole, make=_hubspot_1),
    "hubspot-v2": _Scheme(header="X-HubSpot-Signature", read=_whole, make=_hubspot_2),
    "hubspot-v3": _Scheme(
        header="X-HubSpot-Signature-v3",
        read=_timed("x-hubspot-request-timestamp"),
        make=_hubspot_3,
        is_timed=True,
        in_millis=True,
    ),
    "slack-v0": _Scheme(
        header="X-Slack-Signature",
        read=_timed("x-slack-request-timestamp"),
        make=_slack,
        is_timed=True,
    ),
    "pagerduty-v1": _Scheme(
        header="X-PagerDuty-Signature", read=_parts("v1=", ","), make=_hex("sha256")
    ),
    "standard-v1": _Scheme(
        header="webhook-signature", read=_standard, make=_of_standard, is_timed=True
    ),
    "segment-sha1": _Scheme(header="X-Signature", read=_whole, make=_hex("sha1")),
    "stripe": _Scheme(
        header="Stripe-Signature", read=_parts("v1=", ","), make=_stripe, is_timed=True
    ),
    "github": _Scheme(header="X-Hub-Signature-256", read=_whole, make=_hex("sha256", b"sha256=")),
    "token": _Scheme(header="Authorization", read=_token, make=_of_token),
}
