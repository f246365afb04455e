"""The model cards a workspace begins with: weights that are stated, not trained.

They are round numbers in bits that say what everybody would: an equal rare name is strong, an
equal place is little, another place or country speaks against. Nothing is proved of them, so no
such card links by itself: it orders candidates for reviewers until a trained one takes over.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from leadfit.resolve.model.blocking import ACCOUNT_BLOCKING, CONTACT_BLOCKING
from leadfit.resolve.model.card import Card, Comparison, Frequencies, Level, RecordKind, Test
from leadfit.resolve.model.weigh import WORDS
from leadfit.resolve.normal import NORMALISER

_PRIOR: Final = -9.0
"""One in 500 of the records that share a key is the one that is meant."""
_COLLEAGUE: Final = -4.0
"""One in 16 contacts of one account that share a surname and an initial, or a number."""
_COMMON_WORDS: Final = (
    "group", "services", "solutions", "systems", "international", "global", "consulting",
    "technologies", "technology", "partners", "holdings", "capital", "media", "bank", "software",
    "health", "energy", "insurance", "foundation", "university", "national", "first", "american",
    "united", "general", "new", "management", "financial", "data", "digital", "labs", "company",
    "and", "of", "the", "industries", "associates", "enterprises", "institute", "association",
)  # fmt: skip


@cache
def starter_card() -> Card:
    """Return the card for accounts; the same every time."""
    return Card(
        kind=RecordKind.ACCOUNT,
        normaliser=NORMALISER,
        prior=_PRIOR,
        comparisons=(_company(), *_places()),
        blocking=ACCOUNT_BLOCKING,
        frequencies={
            "company": Frequencies(floor=1e-6, unseen=1e-4, shares={}),
            f"company{WORDS}": Frequencies(
                floor=1e-6, unseen=2e-4, shares=dict.fromkeys(_COMMON_WORDS, 0.02)
            ),
        },
        trained_on="stated by Leadfit, not trained",
    )


@cache
def colleague_card() -> Card:
    """Return the card for two contacts of one account; the same every time.

    Nothing is said of companies, which are the same, nor of addresses, which are known to differ.
    """
    nick = Level(test=Test.ANY_TOKEN, columns=("first_name.nick",), bits=4.0)
    return Card(
        kind=RecordKind.CONTACT,
        normaliser=NORMALISER,
        prior=_COLLEAGUE,
        comparisons=(
            _name("surname", "first_name", 4.0, 3.5, -8.0),
            _name("first_name", "surname", 4.5, 4.0, -6.0, nick),
            *_equal_or_not((("phone.suffix", 9.0, -0.5), ("title", 1.0, -0.5))),
        ),
        blocking=CONTACT_BLOCKING,
        trained_on="stated by Leadfit, not trained",
    )


def _name(
    column: str, other: str, same: float, swapped: float, against: float, *between: Level
) -> Comparison:
    return Comparison(
        name=column,
        blank=(column,),
        levels=(
            Level(test=Test.EXACT, columns=(column,), bits=same),
            Level(test=Test.SWAPPED, columns=(column, other), bits=swapped),
            *between,
            Level(test=Test.JARO_WINKLER, columns=(column,), threshold=0.92, bits=1.5),
            Level(test=Test.ELSE, bits=against),
        ),
    )


def _company() -> Comparison:
    words = f"company{WORDS}"
    return Comparison(
        name="company",
        blank=("company",),
        levels=(
            Level(test=Test.EXACT, columns=("company",), bits=13.0),
            Level(test=Test.OVERLAP, columns=(words,), threshold=0.8, bits=9.0),
            Level(test=Test.JARO_WINKLER, columns=("company",), threshold=0.92, bits=8.0),
            Level(test=Test.OVERLAP, columns=(words,), threshold=0.5, bits=3.0),
            Level(test=Test.ELSE, bits=-6.0),
        ),
    )


def _places() -> tuple[Comparison, ...]:
    return _equal_or_not(
        (
            ("company.place", 1.0, -5.0),
            ("domain.label", 6.0, -2.0),
            ("country", 0.5, -3.0),
            ("city", 2.0, -1.0),
            ("postcode", 5.0, -1.0),
            ("phone.suffix", 9.0, -0.5),
        )
    )


def _equal_or_not(stated: tuple[tuple[str, float, float], ...]) -> tuple[Comparison, ...]:
    """Return comparisons of columns that are equal or not, with the bits of either."""
    return tuple(
        Comparison(
            name=column,
            blank=(column,),
            levels=(
                Level(test=Test.EXACT, columns=(column,), bits=bits),
                Level(test=Test.ELSE, bits=against),
            ),
        )
        for column, bits, against in stated
    )
