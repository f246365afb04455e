"""Asks any vendor over HTTP, as its profile says; no vendor has code of its own."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from leadfit.buying import WhomKind
from leadfit.connectors.base import (
    NotAllowedIn,
    OnHold,
    RecordRefused,
    Unclear,
    WronglySetUp,
)
from leadfit.connectors.lookup import Brought, CannotAsk, Lookup, TooFast, Window
from leadfit.connectors.transport import HttpAnswer, Transport, check, packed
from leadfit.connectors.vendors.answers import at_path, is_of, taken_facts
from leadfit.connectors.vendors.profile import Code, Poll, Product, Profile, placeholders
from leadfit.connectors.vendors.tokens import Tokens
from leadfit.world import World

_LONG_AGO: Final = datetime(2001, 9, 9, tzinfo=UTC).timestamp()
# A vendor that says later than this is asked then.
_LONGEST_POLL_S: Final = 3_600.0
Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an operator says of a vendor.

    Attributes:
        secret: The credential; never shown.
        client_id: Who we are, where a token is fetched.
        url: What ``{url}`` in the profile stands for.
        plan: Whose limits hold.
        names: Names of the profile for facts of the policy, where they differ.
        windows: Limits, calls by seconds; empty for those of the profile.
    """

    secret: str | None = None
    client_id: str | None = None
    url: str | None = None
    plan: str | None = None
    names: Mapping[str, str]
    windows: Mapping[float, int]

    def __repr__(self) -> str:
        return "Setup(...)"


class HttpVendor:
    """Asks a vendor. Safe to use from any thread.

    Args:
        transport: The way out.
        profile: How the vendor is asked.
        setup: What the operator says of it.
        world: Time.

    Attributes:
        transport: The way out.
        world: Time.
    """

    is_local = False

    def __init__(
        self, transport: Transport, profile: Profile, setup: Setup, *, world: World
    ) -> None:
        self.transport = transport
        self.world = world
        self._profile = profile
        self._setup = setup
        secrets = {"secret": setup.secret or "", "client_id": setup.client_id or ""}
        self._secrets = secrets
        self._tokens = Tokens(transport, profile.auth, secrets, world=world)

    def __repr__(self) -> str:
        return f"HttpVendor({self._profile.title!r})"

    def bucket(self, kind: WhomKind) -> str:
        """Return the name under which calls about this kind are counted together."""
        return self._profile.bucket(kind)

    def limits(self, kind: WhomKind) -> Mapping[float, int]:
        """Return the most calls within so many seconds, for lookups about this kind."""
        return self._setup.windows or self._profile.limits(kind, self._setup.plan)

    def ask(self, lookup: Lookup, ticket: str | None = None) -> Brought:
        """Ask, or ask again by a ticket; see :class:`leadfit.connectors.lookup.Vendor`."""
        product = self._profile.products.get(lookup.kind)
        if product is None:
            raise CannotAsk(f"{self._profile.title} is not asked about a {lookup.kind}")
        lacking = [name for name in product.needs if not lookup.fields.get(name)]
        if lacking:
            raise CannotAsk(f"{self._profile.title} is asked by {lacking[0]}, which is not known")
        try:
            answer = self._send(product, lookup, ticket)
        except Unclear as error:
            if error.status is None or not 200 <= error.status < 300:
                raise
            # It has answered, and has its money: asking again would pay twice.
            refused = "too_large" if error.is_too_large else "cut_short"
            return Brought(status=error.status, refused=refused)
        windows = self._windows(answer)
        brought = self._read(product, lookup, answer)
        return Brought(
            facts=brought.facts, status=answer.status, refused=brought.refused,
            left_out=brought.left_out, later_s=brought.later_s, ticket=brought.ticket,
            windows=windows,
        )  # fmt: skip

    def _send(self, product: Product, lookup: Lookup, ticket: str | None) -> HttpAnswer:
        answer = self._once(product, lookup, ticket)
        if answer.status == 401 and self._profile.auth.kind == "token":
            self._tokens.forget()
            answer = self._once(product, lookup, ticket)
        return answer

    def _once(self, product: Product, lookup: Lookup, ticket: str | None) -> HttpAnswer:
        fields = {**lookup.fields, "url": self._setup.url or ""}
        headers = {"Accept": "application/json", **product.headers}
        parameters = _known(product.query, fields)
        body = b""
        url = _filled(product.base or self._profile.base or "", fields, plainly=True).rstrip("/")
        if ticket and product.poll is not None and product.poll.path is not None:
            url += _filled(product.poll.path, {"ticket": ticket})
            parameters, method = (), "GET"
        else:
            url += _filled(product.path, fields)
            method = product.method
            if product.body is not None:
                body = packed(_filled_body(product.body, fields))
                headers["Content-Type"] = "application/json"
        parameters = self._say_who(headers, parameters)
        if parameters:
            url += f"{'&' if '?' in url else '?'}{urlencode(parameters)}"
        return self.transport.send(method, url, headers=headers, body=body)

    def _say_who(self, headers: dict[str, str], parameters: Parameters) -> Parameters:
        """Add the credential to the headers, or return the parameters with it."""
        auth = self._profile.auth
        if auth.kind == "none" or (auth.optional and not self._setup.secret):
            return parameters
        if auth.kind == "token":
            headers["Authorization"] = f"Bearer {self._tokens.get()}"
            return parameters
        said = auth.text.format(**self._secrets, token="")
        if auth.kind == "query":
            return (*parameters, (auth.name, said))
        if auth.kind == "basic":
            said = f"Basic {base64.b64encode(said.encode()).decode()}"
        headers[auth.name] = said
        return parameters

    def _read(self, product: Product, lookup: Lookup, answer: HttpAnswer) -> Brought:
        body = _json_of(answer)
        code = self._code(answer.status, body)
        if code is not None and code.means == "miss":
            return Brought()
        if code is not None and code.means == "later":
            return _later(product.poll or Poll(), answer, body)
        if code is not None:
            _raise(code, answer)
        if answer.status == 429:
            raise TooFast("status 429: too fast", answer.retry_after_s)
        check(answer)
        return self._taken(product, lookup, body)

    def _taken(self, product: Product, lookup: Lookup, body: JsonValue) -> Brought:
        """Take what an answer of success holds."""
        if not isinstance(body, dict):
            return Brought(refused="garbage" if body is None else "wrong_type")
        if product.found is not None and at_path(body, product.found) in (None, "", [], {}):
            return Brought()
        if any(not is_of(body, each, lookup.fields) for each in product.same):
            return Brought(refused="other_subject")
        facts, left_out = taken_facts(body, product, lookup.facts, self._setup.names)
        return Brought(facts=facts, left_out=left_out)

    def _code(self, status: int, body: JsonValue) -> Code | None:
        for code in self._profile.codes:
            if code.status != status:
                continue
            if code.path is None or str(at_path(body, code.path)) == code.says:
                return code
        return None

    def _windows(self, answer: HttpAnswer) -> tuple[Window, ...]:
        now = self.world.now()
        found = [
            Window(
                seconds=each.seconds,
                most=_whole(answer, each.most),
                left=_whole(answer, each.left),
                reset=_time(_whole(answer, each.reset), now),
            )
            for each in self._profile.heard
        ]
        return tuple(each for each in found if each.most is not None or each.left is not None)


def _raise(code: Code, answer: HttpAnswer) -> None:
    """Raise what a status means here."""
    wait_s = answer.retry_after_s if answer.retry_after_s is not None else code.hold_s
    words = f"status {answer.status}"
    match code.means:
        case "rate":
            raise TooFast(f"{words}: too fast", wait_s)
        case "quota":
            raise OnHold(f"{words}: the quota is used up", wait_s)
        case "credits":
            raise OnHold(f"{words}: the credits are used up", wait_s)
        case "denied":
            raise NotAllowedIn(f"{words}: the credential is not taken", wait_s)
        case "setup":
            raise WronglySetUp(f"{words}: look at the address and the rights of the key", wait_s)
        case "refused":
            raise RecordRefused(f"{words}: refused")
    raise Unclear(words, wait_s)


def _later(poll: Poll, answer: HttpAnswer, body: JsonValue) -> Brought:
    told = at_path(body, poll.after_path) if poll.after_path is not None else None
    ticket = at_path(body, poll.ticket) if poll.ticket is not None else ""
    wait_s = answer.retry_after_s
    if isinstance(told, int | float) and math.isfinite(told):
        wait_s = told
    chosen = min(max(poll.after_s if wait_s is None else wait_s, 0.05), _LONGEST_POLL_S)
    return Brought(later_s=float(chosen), ticket=str(ticket or "")[:200])


def _json_of(answer: HttpAnswer) -> JsonValue:
    """Return the body as JSON, or ``None`` where it is none."""
    try:
        found: JsonValue = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found


def _whole(answer: HttpAnswer, header: str | None) -> int | None:
    said = answer.headers.get(header.lower()) if header is not None else None
    text = (said or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None


def _time(said: int | None, now: datetime) -> datetime | None:
    """Return a time that is said in seconds since 1970, or from now."""
    if said is None:
        return None
    if said > _LONG_AGO:
        return min(datetime.fromtimestamp(min(said, 2**33), UTC), now + timedelta(days=31))
    return now + timedelta(seconds=min(said, 2_678_400))


def _filled(template: str, fields: Mapping[str, str], *, plainly: bool = False) -> str:
    """Fill a part of an address in; what is filled in can be no other part of one."""
    if plainly:
        return template.format(**{name: fields.get(name, "") for name in placeholders(template)})
    return template.format(
        **{name: quote(fields.get(name, ""), safe="") for name in placeholders(template)}
    )


def _known(templates: Mapping[str, str], fields: Mapping[str, str]) -> Parameters:
    """Fill parameters in; one whose field is not known is left out."""
    return tuple(
        (name, template.format(**fields))
        for name, template in templates.items()
        if all(fields.get(each) for each in placeholders(template))
    )


def _filled_body(value: JsonValue, fields: Mapping[str, str]) -> JsonValue:
    """Fill a body in; a value whose field is not known is left out of its object."""
    if isinstance(value, str):
        return value.format(**{name: fields.get(name, "") for name in placeholders(value)})
    if isinstance(value, list):
        return [_filled_body(each, fields) for each in value]
    if isinstance(value, dict):
        return {
            name: _filled_body(each, fields)
            for name, each in value.items()
            if not isinstance(each, str) or all(fields.get(one) for one in placeholders(each))
        }
    return value
