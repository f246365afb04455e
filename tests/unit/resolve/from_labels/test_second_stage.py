"""Facts of a pair, the second stage and its training."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from leadfit.errors import BadInput
from leadfit.resolve.from_labels.calibrate import JudgedPair, calibration_error
from leadfit.resolve.from_labels.facts import AGAINST, FOR, NAMES, facts_of
from leadfit.resolve.from_labels.second_stage import of_facts, parts, second_stage
from leadfit.resolve.from_labels.training import LabelledPair, folds_of, train_second_stage
from leadfit.resolve.model import card as cards
from leadfit.resolve.model.align import align
from leadfit.resolve.model.card import (
    Card,
    Comparison,
    Frequencies,
    Level,
    RecordKind,
    SecondStage,
    Test,
)
from leadfit.resolve.model.entity_words import with_entity_words
from leadfit.resolve.model.weigh import Record, weigh
from leadfit.world import seeded

OTHERWISE = Level(test=Test.ELSE, bits=-4.0)
NAME = Comparison(
    name="company",
    blank=("company",),
    levels=(
        Level(test=Test.EXACT, columns=("company",), bits=8.0),
        Level(test=Test.JARO_WINKLER, columns=("company",), threshold=0.85, bits=5.0),
        OTHERWISE,
    ),
)
SHARES = {"bank": 0.1, "national": 0.1, "first": 0.1, "of": 0.3}
CARD = Card(
    kind=RecordKind.ACCOUNT,
    normaliser=1,
    prior=-6.0,
    comparisons=(NAME,),
    blocking=(),
    frequencies={"company.words": Frequencies(floor=0.001, unseen=0.001, shares=SHARES)},
)


def facts(left: Record, right: Record) -> dict[str, float]:
    return facts_of(CARD, weigh(CARD, left, right), left, right)


def company(name: str, **more: str) -> dict[str, str]:
    return {"company": name, **{f"company.{part}": text for part, text in more.items()}}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("conoco phillips", "conocophillips"),
        ("schlumberger technology", "schlumberger technologie"),
        ("international paper", "intl paper"),
        ("international business machines", "ibm"),
        ("canadian medical association cma", "canadian medical association"),
    ],
)
def test_words_in_another_form_are_not_left_over(left: str, right: str) -> None:
    found = align(left.split(), right.split(), {}, 5.0)
    assert (found.left, found.right) == ((), ())
    assert found.loose > 0


@pytest.mark.parametrize(
    ("left", "right"), [("site 2", "site 3"), ("local 183", "local 837"), ("acme", "bolt")]
)
def test_other_numbers_and_other_words_are_left_over(left: str, right: str) -> None:
    found = align(left.split(), right.split(), {}, 5.0)
    assert found.left == found.right == (5.0,)


def test_a_rare_word_that_one_name_lacks_outweighs_common_words_that_both_have() -> None:
    found = facts(company("first national bank of omaha"), company("first national bank of waco"))
    assert found["name_jaro_winkler"] > 0.9
    assert found["overlap"] < 0.5
    assert found["rarest_unshared"] == found["second_unshared"] == pytest.approx(9.966)


def test_a_word_of_one_large_entity_is_rare_once_who_is_one_is_known() -> None:
    """Ninety records of one company and ten others: its word counts as one entity of eleven."""
    records = [company("philips light")] * 90 + [company(f"light {n} works") for n in range(10)]
    records.append(company("philips hardware"))
    entity = [0] * 90 + list(range(1, 12))
    card = with_entity_words(CARD, records, entity, ["company", "name"])
    assert set(card.frequencies) == {"company.words", "company.entities"}
    shares = card.frequencies["company.entities"].shares
    assert shares["philips"] == pytest.approx(91**2 / (90**2 + 1) / 12, rel=1e-5)
    assert shares["light"] == pytest.approx(100**2 / (90**2 + 10) / 12, rel=1e-5)
    assert shares["works"] == pytest.approx(10 / 12, rel=1e-5)
    left, right = company("philips light"), company("philips sound")
    found = facts_of(card, weigh(card, left, right), left, right)
    assert found["rarest_shared"] == pytest.approx(-math.log2(shares["philips"]), abs=1e-3)
    assert found["rarest_unshared"] == pytest.approx(math.log2(12), abs=1e-3)
    assert facts(left, right)["rarest_shared"] == pytest.approx(9.966)


def test_places_forms_and_numbers_agree_conflict_or_say_nothing() -> None:
    acme = company("acme 2", place="canada", legal="inc")
    other = facts(acme, company("acme 3", place="france", legal="ltd"))
    assert (other["place_conflict"], other["legal_conflict"], other["number_conflict"]) == (1, 1, 1)
    same = facts(acme, acme)
    assert (same["place_same"], same["legal_same"], same["number_conflict"]) == (1, 1, 0)
    bare = facts(acme, company("acme"))
    assert bare["place_same"] == bare["place_conflict"] == bare["legal_conflict"] == 0
    assert (bare["place_one_sided"], bare["number_conflict"]) == (1, 0.5)


def test_reach_and_address_are_facts_of_their_own() -> None:
    left = {
        "domain": "acme.de",
        "domain.label": "acme",
        "phone": "+491",
        "street": "main st 1",
        "city": "bonn",
    }
    found = facts(left, {**left, "domain": "acme.com", "phone": "+492"})
    assert found["domain_conflict"] == found["domain_label_same"] == found["phone_conflict"] == 1
    assert (found["street"], found["city_same"]) == (0.5, 1)


ODD: tuple[Record, ...] = (
    {},
    {"company": ""},
    {"company": "\u0000 \ud800 a" * 50, "phone": None},
    {"company": "x " * 5_000, "text_note": "a b"},
    {"company": "\u0645\u0631\u062d\u0628\u0627 \u4e2d\u6587", "text_note": "b c", "name": "q"},
)


def test_every_fact_is_there_finite_and_the_same_from_both_sides() -> None:
    for left in ODD:
        for right in ODD:
            found = facts(left, right)
            assert tuple(found) == NAMES == FOR + AGAINST
            assert all(map(math.isfinite, found.values()))
            assert found == facts(right, left)


def test_the_margin_over_the_next_candidate_is_a_fact() -> None:
    acme = company("acme")
    weighing = weigh(CARD, acme, acme)
    near = facts_of(CARD, weighing, acme, acme, margin=0.5)["margin"]
    assert 0 < near < facts_of(CARD, weighing, acme, acme, margin=9.0)["margin"]


def test_without_a_second_stage_the_weight_alone_speaks() -> None:
    acme = company("acme")
    weighing = weigh(CARD, acme, acme)
    assert second_stage(CARD, weighing, acme, acme) == weighing.probability


def test_the_parts_of_an_answer_add_up_to_it() -> None:
    stage = SecondStage(
        inputs=("weight", "overlap"), intercept=-1.0, coefficients=(0.4, 2.0), labels=200
    )
    found = {"weight": 3.0, "overlap": 0.5}
    odds = -1.0 + sum(part for _, part in parts(stage, found))
    assert of_facts(stage, found) == pytest.approx(1 / (1 + math.exp(-odds)))


PLACES = ("canada", "france", "japan", "chile")


def labelled(count: int, *, seed: int) -> list[LabelledPair]:
    """Pairs of like names; one entity where the places of both agree, nine times in ten."""
    random = seeded("labels", seed)
    found = []
    for number in range(count):
        name = "".join(random.choice("abcdefghijklmnop") for _ in range(8))
        here, there = random.choice(PLACES), random.choice(PLACES)
        there = here if random.random() < 0.4 else there
        is_match = (here == there) != (random.random() < 0.1)
        found.append(
            LabelledPair(
                left_id=f"l{number}",
                right_id=f"r{number}",
                left=company(name, place=here),
                right=company(name + random.choice(("", "x")), place=there),
                is_match=is_match,
                chance=0.5,
            )
        )
    return found


def test_too_few_labels_are_refused_and_the_missing_ones_counted() -> None:
    with pytest.raises(BadInput, match="50 more needed") as caught:
        train_second_stage(CARD, labelled(150, seed=1))
    assert "500 or more recommended" in str(caught.value)


def test_labels_of_one_kind_are_refused() -> None:
    pairs = [replace(pair, is_match=True) for pair in labelled(250, seed=1)]
    with pytest.raises(BadInput, match="only matches"):
        train_second_stage(CARD, pairs)


def test_the_second_stage_learns_what_the_weight_does_not_hold() -> None:
    training = train_second_stage(CARD, labelled(400, seed=2))
    right = wrong = 0
    judged = []
    for pair in labelled(1_000, seed=3):
        said = second_stage(
            training.card, weigh(CARD, pair.left, pair.right), pair.left, pair.right
        )
        right += (said >= 0.5) == pair.is_match
        wrong += (said >= 0.5) != pair.is_match
        judged.append(JudgedPair(probability=said, is_match=pair.is_match))
    assert right / (right + wrong) > 0.88
    error = calibration_error(judged)
    assert error is not None
    assert error < 0.06


def test_a_trained_card_is_json_and_the_same_from_the_same_labels() -> None:
    first = train_second_stage(CARD, labelled(300, seed=4)).card
    again = train_second_stage(CARD, labelled(300, seed=4)).card
    assert cards.from_json(cards.to_json(first)) == again
    assert first.digest == again.digest != CARD.digest


def test_no_coefficient_speaks_against_the_direction_of_its_fact() -> None:
    backward = [replace(pair, is_match=not pair.is_match) for pair in labelled(300, seed=5)]
    stage = train_second_stage(CARD, backward).card.second
    assert stage is not None
    for name, coefficient in zip(stage.inputs, stage.coefficients, strict=True):
        assert (coefficient >= 0) if name in FOR else (coefficient <= 0)


def test_fewer_labels_than_recommended_are_told() -> None:
    training = train_second_stage(CARD, labelled(300, seed=6))
    assert any("200 more would make" in warning for warning in training.warnings)
    assert train_second_stage(CARD, labelled(500, seed=6)).warnings == ()
    unknown = [replace(pair, chance=1.0) for pair in labelled(500, seed=6)]
    assert any("by what chance" in text for text in train_second_stage(CARD, unknown).warnings)


def test_few_labels_prove_no_bound() -> None:
    cuts = train_second_stage(CARD, labelled(300, seed=7)).card.cuts
    assert not cuts.is_proved
    assert cuts.bound > 0.005


def test_pairs_of_one_cluster_are_held_back_together() -> None:
    pairs = [
        replace(pair, left_id=f"c{number % 40}", right_id=f"c{number % 40}-{number}")
        for number, pair in enumerate(labelled(200, seed=8))
    ]
    folds = folds_of(pairs)
    by_cluster: dict[str, set[int]] = {}
    for pair, fold in zip(pairs, folds.tolist(), strict=True):
        by_cluster.setdefault(pair.left_id, set()).add(fold)
    assert all(len(each) == 1 for each in by_cluster.values())
    assert set(folds.tolist()) == set(range(10))


def test_one_cluster_of_nearly_all_pairs_does_not_stop_the_training() -> None:
    pairs = [replace(pair, left_id="hub") for pair in labelled(300, seed=9)]
    assert train_second_stage(CARD, pairs).card.second is not None
