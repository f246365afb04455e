"""The shape of a vendor's profile: everything about it that a program needs, with its sources.

Nothing stands in a profile without a source, and what is not known is named as unknown, never
guessed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, model_validator

from leadfit.buying import WhomKind
from leadfit.connectors.lookup import FIELDS
from leadfit.policy.section import Name, Section

Label = Literal["docs", "spec", "third-party", "recalled", "own"]

Meaning = Literal[
    "miss", "later", "rate", "quota", "credits", "denied", "setup", "refused", "unclear"
]
_PATH: Final = re.compile(r"[^\x00-\x1f.]{1,100}(\.[^\x00-\x1f.]{1,100}){0,15}")
_SECRETS: Final = frozenset({"secret", "client_id", "token"})
_OPTIONS: Final = frozenset({"url"})


def _path(text: str) -> str:
    if _PATH.fullmatch(text) is None:
        message = "a path such as organization.industry"
        raise ValueError(message)
    return text


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names in braces of a template.

    Raises:
        ValueError: The braces do not fit, or say more than a name.

    >>> placeholders("Token {secret}")
    ('secret',)
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError("braces round a name alone") from error
    names = [name for _, name, shape, change in parts if name is not None]
    if any(shape or change for _, name, shape, change in parts if name is not None):
        message = "braces round a name alone"
        raise ValueError(message)
    return tuple(names)


def _template(allowed: frozenset[str], text: str) -> str:
    wrong = sorted(set(placeholders(text)) - allowed)
    if wrong:
        message = f"{', '.join(sorted(allowed))} in braces, not {wrong[0]!r}"
        raise ValueError(message)
    return text


def _asked(text: str) -> str:
    return _template(frozenset(FIELDS) | _OPTIONS, text)


def _told(text: str) -> str:
    return _template(_SECRETS, text)


def _ticketed(text: str) -> str:
    return _template(frozenset({"ticket"}), text)


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _body(value: JsonValue) -> JsonValue:
    for text in _texts(value):
        _asked(text)
    return value


def _address(text: str) -> str:
    parts = urlsplit(text)
    if text != "{url}" and (parts.scheme != "https" or not parts.hostname or parts.username):
        message = "an https address without user and password, or {url}"
        raise ValueError(message)
    return text


Path = Annotated[str, AfterValidator(_path)]
Asked = Annotated[str, AfterValidator(_asked)]
Told = Annotated[str, AfterValidator(_told)]
Address = Annotated[str, AfterValidator(_address)]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
FieldName = Literal[
    "domain", "email", "phone", "company", "name", "first_name", "last_name", "title", "reference"
]


class Source(Section):
    """Where something is from."""

    label: Label
    """`docs`: the vendor's pages; `spec`: its machine-readable specification; `third-party`:
    somebody's profile of its pages; `recalled`: from memory; `own`: our own choice."""
    at: Annotated[date, Field(strict=False)]
    """When it was so."""
    note: str = ""
    """What else is to be known of it."""


class Auth(Section):
    """How a call says who calls."""

    kind: Literal["none", "header", "query", "basic", "token"]
    """`token`: a token is fetched from `url` and sent as a bearer."""
    name: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    """Header or query parameter."""
    text: Told = "{secret}"
    """Its value; with `basic` it is `user:password`."""
    optional: bool = False
    """A call without a credential is made, too, where the policy names none."""
    url: Address | None = None
    """`token`: where it is fetched."""
    style: Literal["json", "form"] = "form"
    """`token`: how the request is written."""
    fields: Mapping[str, Told] = Field(default_factory=dict)
    """`token`: what it says."""
    answer: Path = "access_token"
    """`token`: path of the token in the answer."""
    lives_s: float = Field(default=1_800, gt=0, le=86_400)
    """`token`: seconds for which it is used."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.kind == "token" and (self.url is None or not self.fields):
            message = "url and fields with the kind token"
            raise ValueError(message)
        return self


class Rate(Section):
    """Calls that are taken within a time."""

    calls: int = Field(ge=1, le=10_000_000)
    """Most calls."""
    seconds: float = Field(gt=0, le=2_678_400)
    """Length of the window."""
    kind: Literal["fixed", "sliding"] | None = None
    """Whether the vendor counts from fixed times or backwards from now, where that is known."""


class Bucket(Section):
    """Calls that share limits, with those of each plan."""

    plans: Mapping[Name, Annotated[tuple[Rate, ...], Field(strict=False, min_length=1)]]
    """Limits by plan, several at once."""


class RateHeaders(Section):
    """Headers in which an answer tells of a limit."""

    seconds: float = Field(gt=0, le=2_678_400)
    """The window it is about."""
    most: Header | None = None
    """Header of the limit."""
    left: Header | None = None
    """Header of what is left."""
    reset: Header | None = None
    """Header of when it begins anew: seconds since 1970, or seconds from now."""


class Code(Section):
    """What a status means here, where it is not what it means elsewhere."""

    status: int = Field(ge=200, le=599)
    """The status."""
    means: Meaning
    """`miss`: nothing is known; `later`: ask again; `rate`: too fast; `quota`: used up."""
    path: Path | None = None
    """Only with a body in which this path ..."""
    says: str | None = None
    """... holds this."""
    hold_s: float | None = Field(default=None, gt=0, le=2_678_400)
    """Seconds for which nothing is asked then, where the vendor names no time."""


class Taken(Section):
    """A fact in an answer."""

    path: Path
    """Where it stands."""
    type: Literal["text", "whole", "number", "yes_no", "range", "list"] = "text"
    """`range`: its lower end counts; `list`: joined by `; `."""


class SameAs(Section):
    """How an answer shows whom it is about."""

    path: Path
    """Where it stands in the answer."""
    field: FieldName
    """What of the lookup it must be."""


class Poll(Section):
    """How an answer that was not ready is fetched."""

    after_s: float = Field(default=5, gt=0, le=3_600)
    """Seconds until it is asked for again, where the vendor names none."""
    after_path: Path | None = None
    """Path of the seconds it names."""
    ticket: Path | None = None
    """Path of what to ask by; without it the same is asked again."""
    path: Annotated[str, AfterValidator(_ticketed)] | None = None
    """Where to ask, with `{ticket}`."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.ticket is None) != (self.path is None):
            message = "ticket and path, or neither"
            raise ValueError(message)
        return self


class Product(Section):
    """One thing that can be asked."""

    method: Literal["GET", "POST"] = "GET"
    """The method."""
    base: Address | None = None
    """Its own address, where it is not the vendor's."""
    path: Asked = ""
    """Its path."""
    query: Mapping[str, Asked] = Field(default_factory=dict)
    """Query parameters; one whose field is not known is left out."""
    body: Annotated[JsonValue, AfterValidator(_body)] = None
    """Body in JSON; a value whose field is not known is left out."""
    headers: Mapping[Header, str] = Field(default_factory=dict)
    """Further headers."""
    needs: Annotated[tuple[FieldName, ...], Field(strict=False)] = ()
    """What must be known of the subject."""
    bucket: Name | None = None
    """Limits that hold for it; `None` where none are known."""
    found: Path | None = None
    """What an answer that brings something has."""
    same: Annotated[tuple[SameAs, ...], Field(strict=False)] = ()
    """What must be of the subject if it is in the answer, or the answer is refused."""
    facts: Mapping[Name, Taken] = Field(default_factory=dict)
    """Facts it can bring."""
    any_fact: bool = False
    """Facts stand under their own names, whatever they are."""
    poll: Poll | None = None
    """How an answer is fetched that was not ready."""


class Profile(Section):
    """How a vendor is asked."""

    title: str = Field(min_length=1, max_length=60)
    """Its name."""
    status: Literal["contract-tested, not run live", "run live", "local"]
    """Whether it was ever asked in earnest."""
    base: Address | None = None
    """Address that paths are appended to; `{url}` for the option `url`."""
    auth: Auth = Auth(kind="none")
    """How a call says who calls."""
    products: Mapping[WhomKind, Product] = Field(default_factory=dict)
    """What can be asked, by what it is about."""
    rates: Mapping[Name, Bucket] = Field(default_factory=dict)
    """Limits."""
    plan: Name | None = None
    """The plan that is taken where the option `plan` names none."""
    heard: Annotated[tuple[RateHeaders, ...], Field(strict=False)] = ()
    """Headers that tell of limits."""
    codes: Annotated[tuple[Code, ...], Field(strict=False)] = ()
    """What statuses mean; the first that fits."""
    cost: str | None = None
    """What a call costs, in the vendor's words; prices stand in the policy."""
    unknown: Mapping[str, str] = Field(default_factory=dict)
    """What is not known, and what to do about it."""
    sources: Mapping[str, Source]
    """Where things are from, by the longest beginning of their place."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [*self._unsourced(), *self._wrong_buckets(), *self._wrong_products()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def source(self, place: str) -> Source | None:
        """Return where something is from.

        Args:
            place: Such as ``rates.enrichment``.
        """
        while place:
            if (found := self.sources.get(place)) is not None:
                return found
            place = place.rpartition(".")[0]
        return None

    def bucket(self, kind: WhomKind) -> str:
        """Return the name under which calls about a kind of subject are counted together.

        Args:
            kind: A lead, a contact or a company.
        """
        product = self.products.get(kind)
        return (product.bucket if product is not None else None) or "all"

    def limits(self, kind: WhomKind, plan: str | None) -> Mapping[float, int]:
        """Return the most calls within so many seconds; nothing where none are known.

        Args:
            kind: What is asked about.
            plan: Whose limits hold; the profile's own choice by default.
        """
        bucket, chosen = self.rates.get(self.bucket(kind)), plan or self.plan
        rates = () if bucket is None or chosen is None else bucket.plans.get(chosen, ())
        return {rate.seconds: rate.calls for rate in rates}

    def places(self) -> Iterator[str]:
        """Yield the places that want a source."""
        if self.base is not None:
            yield "base"
        if self.auth.kind != "none":
            yield "auth"
        for kind, product in self.products.items():
            yield f"products.{kind}"
            if product.facts:
                yield f"products.{kind}.facts"
        yield from (f"rates.{name}" for name in self.rates)
        yield from (f"codes.{each.status}" for each in self.codes)
        if self.heard:
            yield "heard"
        if self.cost is not None:
            yield "cost"

    def _unsourced(self) -> Iterator[str]:
        for place in self.places():
            if self.source(place) is None:
                yield f"a source for {place}"

    def _wrong_buckets(self) -> Iterator[str]:
        for kind, product in self.products.items():
            if product.bucket is not None and product.bucket not in self.rates:
                yield f"rates.{product.bucket}, which products.{kind} names"
        for name, bucket in self.rates.items():
            if self.plan is not None and self.plan not in bucket.plans:
                yield f"the plan {self.plan} in rates.{name}"

    def _wrong_products(self) -> Iterator[str]:
        for kind, product in self.products.items():
            if product.base is None and self.base is None:
                yield f"base, or products.{kind}.base"
            if not product.facts and not product.any_fact:
                yield f"facts or any_fact in products.{kind}"
            if any(each.means == "later" for each in self.codes) and product.poll is None:
                yield f"poll in products.{kind}, since a code means later"
            asked = _used([product.path, *product.query.values(), *_texts(product.body)])
            for name in sorted(set(product.needs) - asked):
                yield f"{{{name}}} in products.{kind}, which it needs"


def _used(texts: Sequence[str]) -> set[str]:
    return {name for text in texts for name in placeholders(text)}
