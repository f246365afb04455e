"""What a card says of one pair, and the parts it is made of."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from leadfit.errors import BadInput
from leadfit.resolve.model.blocking import BlockingKeys, key_column
from leadfit.resolve.model.card import (
    Blocking,
    Card,
    Comparison,
    Cuts,
    Frequencies,
    Level,
    RecordKind,
    Test,
    from_json,
    to_json,
)
from leadfit.resolve.model.comparisons import choose_blocking, comparisons_for, fields_of
from leadfit.resolve.model.weigh import BLANK, level_names, weigh
from leadfit.resolve.normal import Column
from leadfit.resolve.pairs.cluster import SILENT, WeighedPair, cluster, named

_ELSE = Level(test=Test.ELSE, bits=-2.0)


def card_of(*levels: Level, frequencies: dict[str, Frequencies] | None = None) -> Card:
    name = Comparison(name="name", blank=("name",), levels=(*levels, _ELSE))
    return Card(
        kind=RecordKind.CONTACT,
        normaliser=1,
        prior=-5.0,
        comparisons=(name,),
        blocking=(),
        frequencies=frequencies or {},
    )


def holds(test: Test, left: str, right: str, at: float | None = None, *columns: str) -> bool:
    level = Level(test=test, columns=columns or ("name",), threshold=at, bits=4.0)
    return weigh(card_of(level), {"name": left}, {"name": right}).levels == (0,)


# From Winkler (1990) and the usual tables of the measure.
@pytest.mark.parametrize(
    ("left", "right", "similarity"),
    [("martha", "marhta", 0.9611), ("dwayne", "duane", 0.84), ("dixon", "dicksonx", 0.8133)],
)
def test_jaro_winkler_agrees_with_published_values(
    left: str, right: str, similarity: float
) -> None:
    assert holds(Test.JARO_WINKLER, left, right, similarity - 0.0001)
    assert not holds(Test.JARO_WINKLER, left, right, similarity + 0.0001)


def test_a_similarity_right_at_its_threshold_counts() -> None:
    assert holds(Test.JARO_WINKLER, "a", "aaa", 0.8)


def test_two_swapped_letters_are_one_slip() -> None:
    assert holds(Test.DAMERAU, "smith", "simth", 1)
    assert not holds(Test.DAMERAU, "smith", "smtihe", 1)


def test_a_blank_side_says_nothing() -> None:
    card = card_of(Level(test=Test.EXACT, columns=("name",), bits=9.0))
    for blank in ({}, {"name": ""}, {"name": None}):
        weighing = weigh(card, {"name": "ann"}, blank)
        assert (weighing.levels, weighing.bits) == ((BLANK,), (0.0,))
        assert weighing.weight == card.prior
        assert level_names(card, weighing) == ()


def test_a_comparison_of_either_column_speaks_where_one_is_filled() -> None:
    levels = (
        Level(test=Test.EXACT, columns=("domain",), bits=8.0),
        Level(test=Test.EXACT, columns=("company",), bits=6.0),
        _ELSE,
    )
    either = Comparison(name="company", blank=(), either=("company", "domain"), levels=levels)
    card = Card(
        kind=RecordKind.CONTACT, normaliser=1, prior=0.0, comparisons=(either,), blocking=()
    )
    said = {"domain": "a.de", "company": "a"}
    assert weigh(card, said, {"domain": "a.de"}).levels == (0,)
    assert weigh(card, said, {"company": "a"}).levels == (1,)
    assert weigh(card, said, {"domain": "b.de"}).levels == (2,)
    assert weigh(card, {"domain": "a.de"}, {"company": "a"}).levels == (BLANK,)


def test_the_same_rare_value_weighs_more_than_the_same_common_one() -> None:
    exact = Level(test=Test.EXACT, columns=("name",), bits=6.0, u=0.01, by_frequency=True)
    common = Frequencies(floor=0.0001, unseen=0.001, shares={"smith": 0.02})
    card = card_of(exact, frequencies={"name": common})
    (smith,) = weigh(card, {"name": "smith"}, {"name": "smith"}).bits
    (rare,) = weigh(card, {"name": "quux"}, {"name": "quux"}).bits
    assert math.isclose(smith, 6.0 + math.log2(0.01 / 0.02))
    assert math.isclose(rare, 6.0 + math.log2(0.01 / 0.001))


def test_shared_words_count_by_their_rarity() -> None:
    words = Frequencies(floor=0.0001, unseen=0.0005, shares={"county": 0.25, "bank": 0.125})
    level = Level(test=Test.OVERLAP, columns=("name.words",), threshold=0.5, bits=5.0)
    card = card_of(level, frequencies={"name.words": words})
    assert weigh(card, {"name": "aldgate bank"}, {"name": "bank aldgate county"}).levels == (0,)
    assert weigh(card, {"name": "aldgate county"}, {"name": "bexley county"}).levels == (1,)


def test_a_card_with_all_it_can_hold_comes_back_from_json() -> None:
    level = Level(test=Test.JARO_WINKLER, columns=("name", "city"), threshold=0.9, bits=3.5)
    card = card_of(level)
    again = from_json(to_json(card))
    assert again == card
    assert again.digest == card.digest


@pytest.mark.parametrize(
    ("audited", "wrong", "bound", "is_fine"),
    [
        (700, 0, 0.0043, True),
        (0, 0, 1.0, False),
        (97, 0, 0.0304, False),
        (97, 0, 0.001, False),
        (700, 701, 0.0043, False),
    ],
)
def test_a_card_that_says_proved_of_a_bound_that_cannot_be_is_refused(
    audited: int, wrong: int, bound: float, is_fine: bool
) -> None:
    cuts = Cuts(audited=audited, wrong=wrong, bound=bound, is_proved=True)
    level = Level(test=Test.JARO_WINKLER, columns=("name", "city"), threshold=0.9, bits=3.5)
    text = to_json(replace(card_of(level), cuts=cuts))
    if is_fine:
        assert from_json(text).cuts == cuts
    else:
        with pytest.raises(BadInput, match="is_proved"):
            from_json(text)


def test_keys_of_a_record_are_those_of_its_rules() -> None:
    card = Card(
        kind=RecordKind.CONTACT,
        normaliser=1,
        prior=0.0,
        comparisons=(),
        blocking=(
            Blocking(columns=("company.words:token",)),
            Blocking(columns=("surname:first3", "city")),
            Blocking(columns=("company.words:rare",)),
            Blocking(columns=("phone:last4",)),
        ),
        frequencies={"company.words": Frequencies(floor=0.001, unseen=0.002, shares={"bank": 0.1})},
    )
    record = {"company": "bank acme", "surname": "ng", "city": "bonn", "phone": "+4922812345"}
    assert list(BlockingKeys(card).of(record)) == [
        (0, "acme"),
        (0, "bank"),
        (2, "acme"),
        (3, "2345"),
    ]


def test_an_unknown_part_of_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="sounds"):
        key_column("surname:sounds")
    with pytest.raises(ValueError, match="number of characters"):
        key_column("surname:first")


def links(*pairs: tuple[int, int, float]) -> list[WeighedPair]:
    return [WeighedPair(left=left, right=right, probability=p) for left, right, p in pairs]


def test_one_weak_pair_does_not_join_two_groups() -> None:
    apart = links((0, 1, 0.99), (2, 3, 0.99), (1, 2, 0.7), (0, 2, 0.02), (0, 3, 0.01))
    found = cluster(4, apart)
    assert found.entity == (0, 0, 2, 2)
    assert found.cut == 1


def test_pairs_that_agree_on_average_join_their_groups() -> None:
    assert cluster(3, links((0, 1, 0.99), (1, 2, 0.9), (0, 2, 0.4))).entity == (0, 0, 0)


def test_a_few_likely_pairs_do_not_join_two_large_groups_whose_other_pairs_are_silent() -> None:
    first = links(*((one, one + 1, 0.99) for one in range(9)))
    second = links(*((one, one + 1, 0.99) for one in range(10, 19)))
    between = links((0, 10, 0.9), (1, 11, 0.8))
    pairs = [*first, *second, *between]
    assert cluster(20, pairs, silent=SILENT).entity == (0,) * 10 + (10,) * 10
    assert cluster(20, pairs).entity == (0,) * 20
    few = cluster(3, links((0, 1, 0.99), (1, 2, 0.6)), silent=SILENT)
    assert few.entity == (0, 0, 0)


def test_no_chain_passes_over_a_relative() -> None:
    related = WeighedPair(left=0, right=2, probability=0.9, is_related=True)
    found = cluster(3, [*links((0, 1, 0.99), (1, 2, 0.98)), related])
    assert found.entity == (0, 0, 2)


def test_across_sources_each_record_keeps_its_best_partner() -> None:
    pairs = links((0, 2, 0.8), (1, 2, 0.95), (0, 3, 0.7))
    found = cluster(4, pairs, sources=["a", "a", "b", "b"])
    assert found.entity == (0, 1, 1, 0)


def test_entities_do_not_depend_on_the_order_of_pairs() -> None:
    pairs = links((0, 1, 0.9), (1, 2, 0.8), (2, 3, 0.9), (0, 3, 0.1), (4, 5, 0.5))
    assert cluster(6, pairs) == cluster(6, pairs[::-1])


def test_an_entity_is_named_by_its_smallest_id() -> None:
    clusters = cluster(3, links((0, 2, 0.9)))
    assert named(clusters, ["c10", "c11", "c9"]) == ("c9", "c11", "c9")


def test_two_columns_of_a_kind_have_names_of_their_own() -> None:
    fields = fields_of({"Phone": Column.PHONE, "Mobile": Column.PHONE, "Colour?": Column.TEXT})
    assert [field.name for field in fields] == ["phone", "phone_2", "text_colour"]


def test_company_and_domain_of_a_contact_are_one_comparison() -> None:
    columns = (Column.SURNAME, Column.COMPANY, Column.DOMAIN, Column.CITY)
    found = comparisons_for(fields_of({each.value: each for each in columns}))
    assert [each.name for each in found] == ["surname", "company", "company.place", "city"]
    assert found[1].either == ("company", "domain")
    assert found[3].levels[0].columns == ("city", "domain")


def test_every_comparison_ends_with_else() -> None:
    found = comparisons_for(fields_of({each.value: each for each in Column}))
    assert all(each.levels[-1].test is Test.ELSE for each in found)
    assert len({each.name for each in found}) == len(found)


def test_rules_stay_within_the_pairs_that_can_be_weighed() -> None:
    fields = fields_of({"email": Column.EMAIL, "city": Column.CITY, "country": Column.COUNTRY})
    given = {"email": 10, "email.local": 40, "email:first4": 900, "city": 500, "city:first3": 700}

    def pairs(rules: list[Blocking] | tuple[Blocking, ...]) -> list[int]:
        return [min(given[key] for key in rule.columns) for rule in rules]

    chosen = choose_blocking(
        fields, lambda rules: pairs([*rules]), most=9, a_rule=600, in_all=560, rules=3
    )
    assert [rule.columns for rule in chosen] == [("email",), ("email.local",), ("city",)]
    assert all(rule.most == 9 for rule in chosen)
