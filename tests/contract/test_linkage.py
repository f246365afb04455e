"""What is asked of Splink, and what of it ends in a card."""

from __future__ import annotations

import math
from importlib.metadata import version

import pytest

from contract.absent import without
from leadfit.errors import BadInput, MissingExtra
from leadfit.jobs.files.records import Normal
from leadfit.resolve.model.card import Card, RecordKind, Test, to_json
from leadfit.resolve.model.comparisons import fields_of
from leadfit.resolve.normal import Column, recognise
from leadfit.store import linkage
from leadfit.store.batch import Batch
from leadfit.store.drafting import draft
from leadfit.testing.contacts import HEADERS, contacts


def trained(count: int = 700, seed: int = 5) -> linkage.Trained:
    fields = fields_of(recognise(HEADERS))
    normal = Normal(fields)
    with Batch([column for field in fields for column in field.columns]) as batch:
        batch.fill([None, *normal.of(values)] for _, values in contacts(count, seed=seed))
        return linkage.train(batch, draft(batch, fields, RecordKind.CONTACT))


@pytest.fixture(scope="module")
def once() -> linkage.Trained:
    return trained()


def exact(card: Card, name: str) -> float:
    (comparison,) = [each for each in card.comparisons if each.name == name]
    return max(each.bits for each in comparison.levels if each.test is Test.EXACT)


def test_splink_is_of_the_line_the_adapter_is_written_for() -> None:
    assert version("splink").split(".")[0] == "5"


def test_the_same_records_give_the_same_card_byte_for_byte(once: linkage.Trained) -> None:
    assert to_json(trained().card) == to_json(once.card)


def test_every_level_has_an_effective_weight(once: linkage.Trained) -> None:
    levels = [level for each in once.card.comparisons for level in each.levels]
    assert all(math.isfinite(level.bits) for level in levels)
    assert all(level.m is not None and level.u is not None for level in levels)


def test_what_agrees_speaks_for_a_match_and_what_differs_against(once: linkage.Trained) -> None:
    assert exact(once.card, "email") > exact(once.card, "first_name") > 0
    for comparison in once.card.comparisons:
        assert comparison.levels[-1].bits <= 0, comparison.name


def test_the_prior_is_the_share_of_matches_that_are_there(once: linkage.Trained) -> None:
    counts: dict[int, int] = {}
    for entity, _ in contacts(700, seed=5):
        counts[entity] = counts.get(entity, 0) + 1
    true = sum(count * (count - 1) / 2 for count in counts.values())
    assert 0.5 * true < once.matches < 1.6 * true


def test_records_of_which_no_two_are_alike_train_nothing() -> None:
    fields = fields_of({"surname": Column.SURNAME, "city": Column.CITY})
    rows = [[None, first * 5, second * 5] for first, second in zip("abcd", "wxyz", strict=True)]
    with Batch([column for field in fields for column in field.columns]) as batch:
        batch.fill(rows)
        with pytest.raises(BadInput, match="share a key"):
            linkage.train(batch, draft(batch, fields, RecordKind.CONTACT))


def test_without_the_extra_the_error_names_it() -> None:
    with without("splink"), pytest.raises(MissingExtra, match=r"leadfit\[linkage\]"):
        linkage.check_installed("dedupe without a --card")
