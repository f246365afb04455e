"""Model cards read from a file."""

from __future__ import annotations

from pathlib import Path

from leadfit.errors import BadInput, Fault, Words, shorten
from leadfit.resolve.model import card as cards
from leadfit.resolve.model.blocking import ACCOUNT_BLOCKING
from leadfit.resolve.model.card import Card, RecordKind
from leadfit.resolve.normal import NORMALISER


def read_card(path: Path, kind: RecordKind) -> Card:
    """Read a card for records of a kind.

    Raises:
        BadInput: It cannot be read, or is of another kind or of other normal forms.
    """
    card = _read(path)
    _refuse(_faults(card, path, kind))
    return card


def read_live_card(path: Path) -> Card:
    """Read a card that leads are weighed by.

    Raises:
        BadInput: It cannot be read, or is of contacts, of other keys or of other normal forms.
    """
    card = _read(path)
    faults = _faults(card, path, RecordKind.ACCOUNT)
    if card.blocking != ACCOUNT_BLOCKING:
        came = Words("other rules than those accounts are indexed by")
        allowed = "a card trained by `leadfit cards train`"
        faults.append(Fault(place=f"{path}: blocking", came=came, allowed=allowed))
    _refuse(faults)
    return card


def _read(path: Path) -> Card:
    try:
        return cards.from_json(path.read_bytes())
    except OSError as error:
        came = Words(error.strerror or "a file that cannot be read")
        raise BadInput(Fault(place=str(path), came=came, allowed="a model card")) from error


def _faults(card: Card, path: Path, kind: RecordKind) -> list[Fault]:
    faults = []
    if card.kind is not kind:
        faults.append(Fault(place=f"{path}: kind", came=card.kind.value, allowed=kind.value))
    if card.normaliser != NORMALISER:
        allowed = f"{NORMALISER}, the version of this Leadfit; train the card anew"
        came = shorten(card.normaliser)
        faults.append(Fault(place=f"{path}: normaliser", came=came, allowed=allowed))
    return faults


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise BadInput(faults)
