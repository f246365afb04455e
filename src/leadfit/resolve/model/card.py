"""The model card: everything a match is weighed by, as plain JSON with a digest.

One card has two executors. Live, :mod:`leadfit.resolve.model.weigh` reads it in Python over the
records that share a blocking key; in batch, :mod:`leadfit.resolve.model.sql` writes it as SQL. Both
read the same normalised columns and give the same probability.

A card holds effective weights, not the parameters of a fit: a level that training never saw has
its weight written down, so that no executor can fall back on a default of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from leadfit.bounds import upper_bound
from leadfit.canonical import canonical
from leadfit.canonical import digest as digest_of
from leadfit.errors import BadInput, Fault, Words, shorten
from leadfit.policy.schema import MatchWatchRules

SHAPE: Final = 1
PROMISED: Final = MatchWatchRules().wrong_target
"""Share of wrong links over the upper cut that is promised, at most, where no policy says else."""
_ROUNDED: Final = 0.99
_EXACTLY: Final = ConfigDict(extra="forbid", strict=True)


class RecordKind(StrEnum):
    """What a record stands for."""

    ACCOUNT = "account"
    CONTACT = "contact"


class Test(StrEnum):
    """The closed vocabulary of comparison levels; a blank on either side says nothing."""

    __test__ = False  # not a test case

    EXACT = "exact"
    JARO_WINKLER = "jaro_winkler"
    """Jaro-Winkler similarity of at least the threshold; further columns have to be equal."""
    DAMERAU = "damerau"
    """Damerau-Levenshtein distance of at most the threshold."""
    SWAPPED = "swapped"
    """Each of two columns equals the other column of the other record."""
    OVERLAP = "overlap"
    """Share of token rarity that both have, of at least the threshold."""
    ANY_TOKEN = "any_token"  # noqa: S105 -- a word of a name, not a secret
    """One token of either side is equal, such as a nickname group."""
    SUFFIX = "suffix"
    """Equal in as many last characters as the threshold says, such as a phone number's."""
    ELSE = "else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One outcome of a comparison.

    Attributes:
        test: What has to hold.
        columns: Normalised columns the test reads on both sides, such as ``company.place``.
        threshold: Bound of the test; ``None`` where it has none.
        bits: Weight of evidence, ``log2(m / u)``; a negative one speaks against a match.
        m: Chance of the level among records of one entity, as trained; ``None`` if it was stated.
        u: The same among records of two entities.
        by_frequency: The weight of an exact level is adjusted by how often the value occurs.
    """

    __pydantic_config__ = _EXACTLY

    test: Test
    columns: tuple[str, ...] = ()
    threshold: float | None = None
    bits: float
    m: float | None = None
    u: float | None = None
    by_frequency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Levels of one kind of evidence, strongest first; the first that holds counts.

    Attributes:
        name: Name for reasons, such as ``company``.
        blank: The comparison says nothing where one of these columns is blank on either side.
        levels: At least two; the last one is ``else``.
        either: The comparison says nothing where none of these columns has a value on both
            sides; empty where ``blank`` alone decides.
    """

    __pydantic_config__ = _EXACTLY

    name: str
    blank: tuple[str, ...]
    levels: tuple[Level, ...]
    either: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequencies:
    """How often the values or tokens of a column occur in the customer's own base.

    Attributes:
        floor: No share counts as smaller than this.
        unseen: Share of a value that is not listed.
        shares: Share of records by value, only where it is over ``unseen``.
    """

    __pydantic_config__ = _EXACTLY

    floor: float
    unseen: float
    shares: Mapping[str, float]

    def share(self, value: str) -> float:
        """Return the share of records with ``value``, at least ``floor``."""
        return max(self.floor, self.shares.get(value, self.unseen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """Columns that must all be equal for two records to be compared.

    Attributes:
        columns: Normalised columns or keys of :mod:`leadfit.resolve.model.blocking`.
        most: A value that more records share than this is skipped, and the skip is recorded.
    """

    __pydantic_config__ = _EXACTLY

    columns: tuple[str, ...]
    most: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStage:
    """A logistic model over the weight and facts of strings and rarity, trained on labels.

    Attributes:
        inputs: Names from :mod:`leadfit.resolve.from_labels.facts`, in the order of the
            coefficients.
        intercept: In natural log odds.
        coefficients: One for each input, on its own scale.
        labels: How many labelled pairs it was trained on.
    """

    __pydantic_config__ = _EXACTLY

    inputs: tuple[str, ...]
    intercept: float
    coefficients: tuple[float, ...]
    labels: int


class MapKind(StrEnum):
    """Families of calibration maps."""

    PLATT = "platt"
    BETA = "beta"
    ISOTONIC = "isotonic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A monotone map from the model's probability to the share of true matches.

    Attributes:
        kind: Platt ``(a, c)``: ``sigmoid(a * logit(p) + c)``. Beta ``(a, b, c)``:
            ``sigmoid(a * ln p - b * ln(1 - p) + c)`` (Kull, Silva Filho and Flach 2017).
            Isotonic: linear between knots of ``logit(p)``.
        parameters: Numbers of Platt or beta; empty for isotonic.
        knots: Log odds and probability, both rising; empty for the others.
        labels: How many labelled pairs it was fitted on.
    """

    __pydantic_config__ = _EXACTLY

    kind: MapKind
    parameters: tuple[float, ...] = ()
    knots: tuple[tuple[float, float], ...] = ()
    labels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Where the bands begin, and what is proved of the upper one.

    Attributes:
        auto: Probability from which a link may be made at once.
        review: Probability from which a link waits for a reviewer.
        audited: Reviewed or audited pairs over ``auto`` the bound rests on.
        wrong: How many of them were no match.
        bound: Upper 95 % bound on the weighted share of wrong links over ``auto``; 1 before any
            audit.
        is_proved: ``bound`` is at most the promised share.
    """

    __pydantic_config__ = _EXACTLY

    auto: float = 0.97
    review: float = 0.90
    audited: int = 0
    wrong: int = 0
    bound: float = 1.0
    is_proved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A matching model.

    Attributes:
        kind: What its records stand for.
        normaliser: Version of the normalisation its columns were made by.
        prior: Log2 odds that two compared records are one entity.
        comparisons: In the order in which bits are summed.
        blocking: Any one of them makes two records candidates.
        frequencies: By normalised column; of whole values, or of tokens for ``overlap``.
        second: Second stage, or ``None``.
        calibration: Map of the last stage's probability, or ``None`` while there are no labels.
        cuts: Bands.
        trained_on: Digest or words about what it was trained on.
        shared_domains: Domains behind which unlike companies stand in the customer's own base; they
            say nothing of an account.
        digest: SHA-256 of the canonical JSON, as 64 hex digits.
    """

    kind: RecordKind
    normaliser: int
    prior: float
    comparisons: tuple[Comparison, ...]
    blocking: tuple[Blocking, ...]
    frequencies: Mapping[str, Frequencies] = field(default_factory=dict)
    second: SecondStage | None = None
    calibration: Calibration | None = None
    cuts: Cuts = field(default_factory=Cuts)
    trained_on: str = ""
    shared_domains: tuple[str, ...] = ()
    shape: int = SHAPE
    digest: str = field(init=False, default="")

    __pydantic_config__ = _EXACTLY

    def __post_init__(self) -> None:
        # Kept, because every match names it.
        object.__setattr__(self, "digest", digest_of(_content(self)))


_CARD: Final = TypeAdapter(Card)
_NAMES: Final = tuple(name for name in Card.__dataclass_fields__ if name != "digest")


def _content(card: Card) -> dict[str, object]:
    content = {name: getattr(card, name) for name in _NAMES}
    if not card.shared_domains:
        # A card of before this field keeps the digest by which it is named.
        del content["shared_domains"]
    return content


def to_json(card: Card) -> str:
    """Return the canonical JSON of a card.

    Raises:
        ValueError: A number is not finite.
    """
    return canonical(_content(card)).decode()


def from_json(text: str | bytes) -> Card:
    """Read a card.

    Raises:
        BadInput: Every fault, by its path.
    """
    try:
        card = _CARD.validate_json(text)
    except ValidationError as error:
        raise BadInput([_fault(each) for each in error.errors(include_url=False)]) from error
    faults = list(_faults(card))
    if faults:
        raise BadInput(faults)
    return card


def _fault(found: Mapping[str, object]) -> Fault:
    place = found["loc"]
    path = ".".join(map(str, place)) if isinstance(place, tuple) else ""
    return Fault(
        place=f"card.{path}".rstrip("."),
        came=shorten(found["input"]),
        allowed=str(found["msg"]),
    )


def _faults(card: Card) -> list[Fault]:
    found: list[Fault] = []

    def refuse(place: str, came: object, allowed: str) -> None:
        found.append(Fault(place=f"card.{place}", came=shorten(came), allowed=allowed))

    if card.shape != SHAPE:
        refuse("shape", card.shape, str(SHAPE))
    if not card.comparisons:
        refuse("comparisons", Words("none"), "at least one comparison")
    for number, comparison in enumerate(card.comparisons):
        if not comparison.levels or comparison.levels[-1].test is not Test.ELSE:
            refuse(f"comparisons.{number}.levels", comparison.name, "levels that end with `else`")
    if card.second is not None and len(card.second.inputs) != len(card.second.coefficients):
        refuse("second.coefficients", len(card.second.coefficients), "one for each input")
    if not 0 < card.cuts.review <= card.cuts.auto <= 1:
        refuse("cuts", (card.cuts.review, card.cuts.auto), "0 < review <= auto <= 1")
    if card.cuts.is_proved and not _may_be_proved(card.cuts):
        allowed = "false, or a bound that so many judged pairs can prove"
        refuse("cuts.is_proved", card.cuts.is_proved, allowed)
    if not all(map(math.isfinite, _numbers(card))):
        refuse("", Words("a number that is not finite"), "finite numbers")
    return found


def _may_be_proved(cuts: Cuts) -> bool:
    """Whether the bound is one that this many judged pairs can have; no weight makes it lower."""
    least = upper_bound(0, cuts.audited) * _ROUNDED
    return 0 <= cuts.wrong <= cuts.audited and least <= cuts.bound <= PROMISED


def _numbers(card: Card) -> list[float]:
    numbers = [card.prior, *(level.bits for each in card.comparisons for level in each.levels)]
    if card.second is not None:
        numbers += [card.second.intercept, *card.second.coefficients]
    if card.calibration is not None:
        numbers += [
            *card.calibration.parameters,
            *(x for knot in card.calibration.knots for x in knot),
        ]
    return numbers
