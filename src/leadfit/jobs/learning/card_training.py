"""Trains a workspace's own model card on its accounts, and on what its reviewers decided.

The weights are learned from the accounts without labels. From 200 decided reviews of leads on, a
second stage, a calibration map and the cuts are learned from these, each weighted by the chance
with which it was asked about.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from leadfit import resolve
from leadfit.errors import BadInput, Fault, MissingExtra, Words
from leadfit.pipeline import InForce
from leadfit.records import Keys, Relation
from leadfit.resolve.by_weight import margin_over_others
from leadfit.resolve.from_labels.cuts import told
from leadfit.resolve.from_labels.second_stage import FEWEST_LABELS, second_stage
from leadfit.resolve.model.blocking import ACCOUNT_BLOCKING
from leadfit.resolve.model.card import Card, RecordKind
from leadfit.resolve.model.comparisons import Field
from leadfit.resolve.model.weigh import Record, weigh
from leadfit.resolve.normal import Column
from leadfit.resolve.record_columns import account_columns
from leadfit.resolve.relatives.domains import learn_shared_domains
from leadfit.store import Session, Store, linkage
from leadfit.store.batch import Batch
from leadfit.store.drafting import draft
from leadfit.store.matching import Review, ReviewKind
from leadfit.world import World

FEWEST_ACCOUNTS: Final = 500
_FEWEST_MATCHES: Final = 20.0
_KNOWN_SHARE: Final = 0.5
"""Of the leads that are weighed: those whose account is on record; stated, not learned."""
_CHUNK: Final = 5_000
_FEWEST_AT_A_DOMAIN: Final = 5
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS: Final = tuple(
    Field(header=column.value, column=column, name=column.value)
    for column in (
        *(Column.COMPANY, Column.DOMAIN, Column.COUNTRY, Column.CITY, Column.REGION),
        *(Column.POSTCODE, Column.STREET, Column.PHONE),
    )
)
_OF_LEADS: Final = frozenset((ReviewKind.LINK, ReviewKind.AUDIT, ReviewKind.MISSED))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedCard:
    """A card, what it rests on, and whether it may be put in force.

    Attributes:
        accounts: That the weights were learned from.
        matches: Pairs among them that are expected to be one account.
        labels: Decided reviews of leads.
        log_loss: Of the labels held back by the new card, and of the card in force; ``None``
            without enough labels.
        against: Why it should not be put in force; empty if nothing speaks against it.
        warnings: What the user should know.
    """

    card: Card
    accounts: int
    matches: float
    labels: int
    log_loss: tuple[float, float] | None
    against: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Labelled:
    review: Review
    said: Record
    columns: Record
    margin: float

    @property
    def is_match(self) -> bool:
        return self.review.relation is Relation.SAME


def train_card(world: World, store: Store, in_force: InForce) -> TrainedCard:
    """Train a card for the leads of a workspace; nothing is put in force.

    Args:
        world: Time.
        store: Accounts and decided reviews.
        in_force: The card it is compared with.

    Raises:
        BadInput: There are too few accounts, or no two of them are alike.
        MissingExtra: The extra ``linkage`` is not installed.
    """
    linkage.check_installed("training a model card")
    columns = [name for field in _FIELDS for name in field.columns]
    with Batch(columns) as batch:
        batch.fill(_rows(store, columns))
        if batch.rows < FEWEST_ACCOUNTS:
            came = Words(f"{batch.rows} accounts")
            allowed = f"at least {FEWEST_ACCOUNTS}; the starter card stays in force"
            raise BadInput(Fault(place="accounts", came=came, allowed=allowed))
        shared = set_aside_shared(batch, partial(_is_of_one_group, store))
        trained = linkage.train(batch, draft(batch, _FIELDS, RecordKind.ACCOUNT))
        accounts = batch.rows
    chance = _KNOWN_SHARE / accounts
    card = replace(
        trained.card,
        blocking=ACCOUNT_BLOCKING,
        prior=round(math.log2(chance / (1 - chance)), 6),
        shared_domains=shared,
        trained_on=f"{accounts} accounts, {world.now():%Y-%m-%d}",
    )
    against = []
    if trained.matches < _FEWEST_MATCHES:
        against.append(
            f"only about {trained.matches:.0f} pairs of accounts are alike, too few to learn what "
            f"one company's records look like; {_FEWEST_MATCHES:.0f} are needed"
        )
    labelled = store.read(lambda session: _labels(session, world, in_force, card))
    if len(labelled) < FEWEST_LABELS:
        missing = FEWEST_LABELS - len(labelled)
        words = f"{len(labelled)} reviews of leads are decided; {missing} more make a second stage"
        return _result(card, accounts, trained.matches, labelled, None, against, [words])
    return _with_labels(card, accounts, trained.matches, labelled, in_force, against)


def set_aside_shared(batch: Batch, is_of_one_group: Callable[[str], bool]) -> tuple[str, ...]:
    """Make the domains of accounts blank behind which unlike companies stand; return them.

    Args:
        batch: Accounts.
        is_of_one_group: Whether those who hold a domain belong together, whatever their names.
    """
    named = batch.beside("domain", "company", least=_FEWEST_AT_A_DOMAIN)
    learned = sorted(each.domain for each in learn_shared_domains(named))
    found = tuple(each for each in learned if not is_of_one_group(each))
    if found:
        batch.forget("domain", found)
    return found


def _is_of_one_group(store: Store, domain: str) -> bool:
    found = store.read(lambda session: session.accounts.candidates(Keys(domain=domain)))
    held = [each.account for each in found if each.account is not None]
    return len({each.parent_account_id or each.account_id for each in held}) <= 1


def _rows(store: Store, columns: Sequence[str]) -> Iterator[list[str | None]]:
    after = ""
    while found := store.read(partial(_chunk, after)):
        for account_id, normal in found:
            after = account_id
            yield [None, *(normal.get(name) for name in columns)]


def _chunk(after: str, session: Session) -> Sequence[tuple[str, Mapping[str, str]]]:
    return session.accounts.normal_forms(after, _CHUNK)


def _labels(session: Session, world: World, in_force: InForce, card: Card) -> list[_Labelled]:
    """Return what reviewers decided about leads and accounts, as pairs."""
    policy, found = in_force.policy, []
    decided = session.reviews.decided(_BEGIN, world.now())
    # What a person said unasked was not drawn by chance; it corrects an answer and is none itself.
    stated = {
        (each.signal_id, each.right_id): each.relation
        for each in decided
        if each.kind is ReviewKind.STATED
    }
    for review in decided:
        if review.kind not in _OF_LEADS or review.signal_id is None or review.relation is None:
            continue
        last = stated.get((review.signal_id, review.right_id), review.relation)
        signal = session.signals.read(review.signal_id)
        account = session.accounts.own_account(review.right_id)
        if signal is None or account is None:
            continue
        said = resolve.account_side(
            signal, resolve.keys(signal, policy, shared=card.shared_domains), policy
        )
        columns = account_columns(account)
        most = policy.matching.most_candidates
        others = session.accounts.blocked(RecordKind.ACCOUNT, said, most).candidates
        margin = margin_over_others(card, said, columns, account.account_id, others)
        found.append(_Labelled(replace(review, relation=last), said, columns, margin))
    return found


def _with_labels(  # noqa: PLR0917 -- a card with all it rests on
    card: Card,
    accounts: int,
    matches: float,
    labelled: Sequence[_Labelled],
    in_force: InForce,
    against: list[str],
) -> TrainedCard:
    try:
        from leadfit.resolve.from_labels.training import (  # noqa: PLC0415 -- it needs an extra
            LabelledPair,
            train_second_stage,
        )
    except ImportError as error:
        raise MissingExtra("linkage", "training a model card") from error
    training = train_second_stage(
        card,
        [
            LabelledPair(
                left_id=f"lead {each.review.left_id}",
                right_id=f"account {each.review.right_id}",
                left=each.said,
                right=each.columns,
                is_match=each.is_match,
                chance=each.review.chosen_with,
                margin=each.margin,
            )
            for each in labelled
        ],
    )
    before = None if in_force.card is None else _loss(in_force.card, labelled)
    if before is not None and training.log_loss >= before:
        against.append(
            f"on {len(labelled)} decided reviews held back it does no better than the card in "
            f"force ({training.log_loss:.3f} against {before:.3f} nats)"
        )
    loss = None if before is None else (training.log_loss, before)
    warnings = [*training.warnings, told(training.card.cuts)]
    return _result(training.card, accounts, matches, labelled, loss, against, warnings)


def _loss(card: Card, labelled: Sequence[_Labelled]) -> float:
    """Return the log loss of a card on labels, in nats."""
    total = 0.0
    for each in labelled:
        weighing = weigh(card, each.said, each.columns)
        chance = second_stage(card, weighing, each.said, each.columns, margin=each.margin)
        inside = min(1 - 1e-9, max(1e-9, chance))
        total -= math.log(inside if each.is_match else 1 - inside)
    return total / len(labelled)


def _result(  # noqa: PLR0917 -- as above
    card: Card,
    accounts: int,
    matches: float,
    labelled: Sequence[_Labelled],
    log_loss: tuple[float, float] | None,
    against: Sequence[str],
    warnings: Sequence[str],
) -> TrainedCard:
    return TrainedCard(
        card=card,
        accounts=accounts,
        matches=matches,
        labels=len(labelled),
        log_loss=log_loss,
        against=tuple(against),
        warnings=tuple(warnings),
    )


def weights(card: Card) -> Mapping[str, Mapping[str, float]]:
    """Return the weight of every level by comparison, in bits."""
    return {
        comparison.name: {
            f"{level.test.value}{'' if level.threshold is None else f' {level.threshold:g}'}": (
                level.bits
            )
            for level in comparison.levels
        }
        for comparison in card.comparisons
    }
