"""Commands about model cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from leadfit.cli.base import in_workspace
from leadfit.cli.output import Output, table
from leadfit.cli.workspace import opened
from leadfit.errors import NotFound
from leadfit.resolve.from_labels.cuts import told

if TYPE_CHECKING:
    from leadfit.jobs.learning.card_training import TrainedCard
    from leadfit.resolve.model.card import Card


@click.group("cards")
def cards_group() -> None:
    """Model cards: what accounts in doubt are weighed by."""


@cards_group.command("show")
@in_workspace
def show_command(output: Output, workspace: Path | None) -> None:
    """Show the card in force: its weights in bits, and what is proved of its cuts."""
    with opened(workspace) as leadfit:
        card = leadfit.card
    if card is None:
        raise NotFound("card", "in force")
    output.answer(card_document(card), lambda: card_words(card))


@cards_group.command("train")
@click.option("--dry-run", is_flag=True, help="Put nothing in force.")
@in_workspace
def train_command(output: Output, workspace: Path | None, *, dry_run: bool) -> None:
    """Train a card on the workspace's accounts and reviews; one that holds is put in force."""
    with opened(workspace) as leadfit:
        found = leadfit.train_card(publish=not dry_run)
    is_used = not found.against and not dry_run
    document = {
        **card_document(found.card),
        "accounts": found.accounts,
        "matches": found.matches,
        "labels": found.labels,
        "log_loss": found.log_loss,
        "against": list(found.against),
        "warnings": list(found.warnings),
        "in_force": is_used,
    }
    output.answer(document, lambda: trained_words(found, is_used=is_used))


def card_document(card: Card) -> dict[str, object]:
    """Return a card as JSON values, without its tables of frequencies."""
    from leadfit.jobs.learning.card_training import weights  # noqa: PLC0415 -- slow to import

    return {
        "digest": card.digest,
        "trained_on": card.trained_on,
        "prior": card.prior,
        "weights": {name: dict(levels) for name, levels in weights(card).items()},
        "second_stage": card.second is not None,
        "labels": 0 if card.second is None else card.second.labels,
        "auto": card.cuts.auto,
        "review": card.cuts.review,
        "bound": card.cuts.bound,
        "is_proved": card.cuts.is_proved,
        "shared_domains": list(card.shared_domains),
    }


def card_words(card: Card) -> str:
    """Return the same for a person."""
    from leadfit.jobs.learning.card_training import weights  # noqa: PLC0415 -- slow to import

    rows = [
        (name, level, f"{bits:+.1f}")
        for name, levels in weights(card).items()
        for level, bits in levels.items()
    ]
    return "\n".join((f"Card {card.digest[:12]}, {card.trained_on}", table(rows), told(card.cuts)))


def trained_words(found: TrainedCard, *, is_used: bool) -> str:
    """Return what was trained, and whether it is in force."""
    lines = [card_words(found.card)]
    lines += [f"Note: {warning}" for warning in found.warnings]
    lines += [f"Against it: {words}" for words in found.against]
    lines.append("It is in force." if is_used else "It is not in force.")
    return "\n".join(lines)


COMMANDS: Final[Mapping[str, click.Command]] = MappingProxyType({"cards": cards_group})
