"""Reads ``connectors.toml`` and makes the performers it names; without it everything is a file."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import ssl
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from leadfit.connectors import FilePerformer, Performer
from leadfit.connectors.addresses import Network
from leadfit.connectors.base import Briefing, NotTaken
from leadfit.connectors.mail import MailPerformer
from leadfit.connectors.pagerduty import PagerDutyPerformer
from leadfit.connectors.salesforce import SalesforcePerformer
from leadfit.connectors.slack import SlackPerformer
from leadfit.connectors.transport import Transport
from leadfit.connectors.webhook import WebhookPerformer
from leadfit.errors import BadInput, Fault
from leadfit.policy import Policy
from leadfit.records import Action
from leadfit.world import World

FILE: Final = "connectors.toml"
_REFERENCE: Final = "env:"
_FALLBACKS: Final[Mapping[str, tuple[str, ...]]] = {
    "chat": ("mail", "pager"),
    "pager": ("chat", "mail"),
}

Place = Literal["crm", "chat", "phone", "email", "ads", "pager", "log", "mail"]


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
        message = "an https address without user and password"
        raise ValueError(message)
    return text


def _network(text: str) -> str:
    ipaddress.ip_network(text)
    return text


def _signing_secret(secret: SecretStr) -> SecretStr:
    try:
        raw = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) < 24:
        message = "whsec_ and base 64 of 24 bytes or more"
        raise ValueError(message)
    return secret


Url = Annotated[str, AfterValidator(_address)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class _Webhook(_Part):
    connector: Literal["webhook"]
    url: Url
    secret: Annotated[SecretStr, AfterValidator(_signing_secret)]
    personal: bool = False


class _Slack(_Part):
    connector: Literal["slack"]
    token: SecretStr
    channel: Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{2,}$")]
    people: Mapping[str, Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,}$")]] = Field(
        default_factory=dict
    )
    url: Url = "https://slack.com/api"


class _PagerDuty(_Part):
    connector: Literal["pagerduty"]
    routing_key: Annotated[SecretStr, Field(min_length=32, max_length=32)]
    people: Mapping[str, Annotated[SecretStr, Field(min_length=32, max_length=32)]] = Field(
        default_factory=dict
    )
    url: Url = "https://events.pagerduty.com/v2/enqueue"


class _Salesforce(_Part):
    connector: Literal["salesforce"]
    url: Url
    client_id: str
    client_secret: SecretStr
    version: Annotated[str, Field(pattern=r"^v(6[1-9]|[7-9]\d|\d{3})\.0$")] = "v66.0"
    key_field: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*__c$")] = "Leadfit_Key__c"
    people: Mapping[str, Annotated[str, Field(pattern=r"^005[A-Za-z0-9]{12,15}$")]] = Field(
        default_factory=dict
    )


class _Mail(_Part):
    connector: Literal["mail"]
    host: str
    port: Annotated[int, Field(gt=0, lt=65_536)] = 465
    sender: Annotated[str, Field(pattern=r"^[^\s@<>]+@[^\s@<>]+$")]
    user: str | None = None
    password: SecretStr | None = None


class _File(_Part):
    connector: Literal["file"]


_Setup = Annotated[
    _Webhook | _Slack | _PagerDuty | _Salesforce | _Mail | _File, Field(discriminator="connector")
]


class _Connectors(_Part):
    page: Url | None = None
    allow: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    certificates: str | None = None
    destinations: Mapping[Place, _Setup] = Field(default_factory=dict)
    fallbacks: Mapping[Place, tuple[Place, ...]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What ``connectors.toml`` came to.

    Attributes:
        performers: By destination; ``*`` for the others.
        fallbacks: Destinations that take an alert when its own does not, best first.
        transport: The way out over HTTP; ``None`` for a process that sends nothing.
    """

    performers: Mapping[str, Performer]
    fallbacks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    transport: Transport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """What performers are made with.

    Attributes:
        policy: The policy in force when it is asked.
        briefing: Makes a briefing for an address of the pages.
        open_briefing: The same without personal values.
    """

    world: World
    policy: Callable[[], Policy]
    briefing: Callable[[str | None], Briefing]
    open_briefing: Callable[[str | None], Briefing]


def connect(
    place: Path, outside: Connecting, environment: Mapping[str, str] | None = None
) -> Connected:
    """Make the performers of a workspace.

    Args:
        place: The workspace.
        outside: What they are made with.
        environment: Where ``env:NAME`` is looked up; the process's own by default.

    Raises:
        BadInput: ``connectors.toml`` cannot be used; every fault is named.
    """
    path = place / FILE
    file = FilePerformer(place / "outbox.jsonl", world=outside.world)
    if not path.exists():
        transport = _transport(place, _Connectors(), outside)
        return Connected(performers={"*": file}, transport=transport)
    try:
        given = os.environ if environment is None else environment  # noqa: TID251 -- secrets are referred to by name
        said = _read(path, given)
        transport = _transport(place, said, outside)
        made: dict[str, Performer] = {
            name: file if isinstance(each, _File) else _make(each, said, transport, outside)
            for name, each in said.destinations.items()
        }
    except Exception:
        file.close()
        raise
    return Connected(
        performers={**made, "*": file}, fallbacks=_fallbacks(said), transport=transport
    )


def silent() -> Connected:
    """Return the performers of a process that sends nothing; whatever it is given stays due."""
    return Connected(performers={"*": _Silent()})


class _Silent:
    """Takes no action. Connects to nothing and needs no secret."""

    def perform(self, action: Action) -> None:
        """Leave the action to a process that sends."""
        message = f"action {action.key}: this process was opened without connectors"
        raise NotTaken(message)

    def knows(self, key: str) -> bool | None:  # noqa: ARG002 -- nobody can be asked
        """Return ``None``: it cannot tell."""
        return None

    def close(self) -> None:
        """Let go of nothing."""


def _read(path: Path, environment: Mapping[str, str]) -> _Connectors:
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(Fault(place=FILE, came=str(error), allowed="TOML in UTF-8")) from error
    faults: list[Fault] = []
    whole = _resolve(plain, "", environment, faults)
    if faults:
        raise BadInput(faults)
    try:
        return _Connectors.model_validate(whole)
    except ValidationError as error:
        # Not "from error": it shows what came, which may be a secret.
        raise BadInput(
            [_fault(each["loc"], each["type"], each["msg"]) for each in error.errors()]
        ) from None


def _fault(where: tuple[int | str, ...], sort: str, what: str) -> Fault:
    # What came may be a secret: only where and what was expected is said. The third word of a
    # destination's place is the connector by which pydantic chose, which is not in the file.
    written = where[:2] + where[3:] if where[:1] == ("destinations",) else where
    place = ".".join(str(each) for each in written)
    if sort == "extra_forbidden":
        return Fault(
            place=f"{FILE}: {place}", came="an unknown key", allowed="the keys of its table"
        )
    allowed = what.removeprefix("Value error, ").removeprefix("Input should be ")
    return Fault(place=f"{FILE}: {place}", came="something else", allowed=allowed)


_SECRETS: Final = frozenset({"token", "secret", "routing_key", "client_secret", "password"})


def _resolve(
    value: object, place: str, environment: Mapping[str, str], faults: list[Fault]
) -> object:
    """Put the values of the environment in the place of ``env:NAME``."""
    if isinstance(value, dict):
        return {
            name: _resolve(each, f"{place}.{name}".strip("."), environment, faults)
            for name, each in value.items()
        }
    if not isinstance(value, str):
        return value
    if value.startswith(_REFERENCE):
        name = value.removeprefix(_REFERENCE)
        if not environment.get(name):
            allowed = f"the environment variable {name}, set and not empty"
            faults.append(Fault(place=f"{FILE}: {place}", came="nothing", allowed=allowed))
        return environment.get(name, "")
    if place.rpartition(".")[2] in _SECRETS:
        allowed = "a reference such as env:NAME, so that no secret stands in the file"
        faults.append(Fault(place=f"{FILE}: {place}", came="a value", allowed=allowed))
    return value


def _transport(place: Path, said: _Connectors, outside: Connecting) -> Transport:
    networks: list[Network] = [ipaddress.ip_network(each) for each in said.allow]
    return Transport(
        outside.world,
        request_s=lambda: outside.policy().deliver.request_s,
        allowed=networks,
        tls=_trust(place, said),
    )


def _trust(place: Path, said: _Connectors) -> ssl.SSLContext:
    if said.certificates is None:
        return ssl.create_default_context()
    path = place / said.certificates
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise BadInput(
            Fault(
                place=f"{FILE}: certificates",
                came=str(path),
                allowed="a file of certificates in PEM",
            )
        ) from error


def _make(
    setup: _Webhook | _Slack | _PagerDuty | _Salesforce | _Mail,
    said: _Connectors,
    transport: Transport,
    outside: Connecting,
) -> Performer:
    briefing = outside.briefing(said.page)
    match setup:
        case _Webhook():
            told = briefing if setup.personal else outside.open_briefing(said.page)
            return WebhookPerformer(
                transport, setup.url, setup.secret.get_secret_value(), world=outside.world,
                briefing=told, is_personal=setup.personal,
            )  # fmt: skip
        case _Slack():
            return SlackPerformer(
                transport, token=setup.token.get_secret_value(), channel=setup.channel,
                people=setup.people, briefing=briefing, url=setup.url,
            )  # fmt: skip
        case _PagerDuty():
            people = {name: key.get_secret_value() for name, key in setup.people.items()}
            return PagerDutyPerformer(
                transport, routing_key=setup.routing_key.get_secret_value(), people=people,
                briefing=briefing, url=setup.url,
            )  # fmt: skip
        case _Salesforce():
            return SalesforcePerformer(
                transport, url=setup.url, client_id=setup.client_id,
                client_secret=setup.client_secret.get_secret_value(), version=setup.version,
                key_field=setup.key_field, people=setup.people, briefing=briefing,
            )  # fmt: skip
        case _Mail():
            return _mail(setup, briefing, outside)


def _mail(setup: _Mail, briefing: Briefing, outside: Connecting) -> Performer:
    here = setup.host in ("localhost", "127.0.0.1", "::1")
    return MailPerformer(
        host=setup.host,
        port=setup.port,
        sender=setup.sender,
        user=setup.user,
        password=None if setup.password is None else setup.password.get_secret_value(),
        briefing=briefing,
        world=outside.world,
        request_s=lambda: outside.policy().deliver.request_s,
        tls=None if here else ssl.create_default_context(),
    )


def _fallbacks(said: _Connectors) -> dict[str, Sequence[str]]:
    """Return where alerts go instead; only what is connected takes any."""
    wanted: dict[str, Sequence[str]] = dict(_FALLBACKS)
    wanted |= {str(name): others for name, others in said.fallbacks.items()}
    named: set[str] = set(said.destinations)
    return {
        name: tuple(each for each in others if each in named and each != name)
        for name, others in wanted.items()
        if name in named
    }
