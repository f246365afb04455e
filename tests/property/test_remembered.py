"""What is remembered between decisions changes nothing that is said."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from leadfit.policy import Policy, load_starter
from leadfit.policy.policy import fact_name
from leadfit.policy.scoring import FactPart
from leadfit.records import Fact
from leadfit.score.points import of_facts
from leadfit.store.codec import write_plain
from leadfit.store.personal import veil

POLICY: Policy = load_starter()
WORDS = st.text(st.sampled_from('ab"\\: ⟨é,'), max_size=12)
NAMES = st.sampled_from(("Employees", "employees", "Company Size", "headcount", "industry", "x"))
VALUES: st.SearchStrategy[Fact] = st.one_of(
    st.none(), st.booleans(), st.integers(0, 3), st.floats(-1, 3), st.text(max_size=4)
)


def veiled_word_by_word(text: str, personal: dict[str, str]) -> str:
    """What :func:`veil` says it does, done to each sentence alone."""
    known = {
        write_plain(value.strip().casefold())[1:-1]: name
        for name, value in sorted(personal.items())
        if len(value.strip()) >= 3
    }
    longest_first = sorted(known, key=lambda value: (-len(value), value))

    def sentence(found: re.Match[str]) -> str:
        words = found[2]
        present = [value for value in longest_first if value in text.casefold()]
        if present:
            pattern = "|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in present)
            words = re.sub(
                pattern,
                lambda each: f"⟨{write_plain(known[each[0].casefold()])[1:-1]}⟩",
                words,
                flags=re.IGNORECASE,
            )
        return found[1] + words

    return re.sub(r'("words":")((?:[^"\\]|\\.)*)', sentence, text)


@given(
    sentences=st.lists(st.tuples(WORDS, st.sampled_from(("words", 'x"words', "word")))),
    personal=st.dictionaries(st.sampled_from(("title", "name")), WORDS),
)
def test_sentences_are_veiled_as_if_each_stood_alone(
    sentences: list[tuple[str, str]], personal: dict[str, str]
) -> None:
    text = write_plain([{key: words} for words, key in sentences])
    found = veil(text, personal)
    assert found == veiled_word_by_word(text, personal)
    assert [list(each) for each in json.loads(found)] == [[key] for _, key in sentences]


@given(st.lists(st.dictionaries(NAMES, VALUES), max_size=3))
def test_facts_go_by_all_their_names_whatever_came_before(sources: list[dict[str, Fact]]) -> None:
    expected: dict[str, Fact] = {}
    for facts in sources:
        named = {
            fact_name(name): facts[name]
            for name in sorted(facts, reverse=True)
            if facts[name] is not None and str(facts[name]).strip()
        }
        for name, others in POLICY.facts.items():
            names = (fact_name(name), *map(fact_name, others))
            first = next((each for each in names if each in named), None)
            if first is not None:
                named = {**dict.fromkeys(names, named[first]), **named}
        expected = named | expected
    found = POLICY.known(*sources)
    assert found == expected
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in expected.items()
    }


@given(st.lists(VALUES, max_size=8))
def test_a_part_says_the_same_of_a_value_the_second_time(values: list[Fact]) -> None:
    """1, 1.0 and True are equal and are not written alike; so are 0.0 and -0.0."""
    one = FactPart.model_validate({"fact": "x", "cap": 9, "yes": 4.0})
    told = [of_facts("fit", {"x": one}, {"x": value}) for value in (*values, *values)]
    anew = [of_facts("fit", {"x": one.model_copy()}, {"x": value}) for value in (*values, *values)]
    assert told == anew
    assert [repr(each) for each in told] == [repr(each) for each in anew]


def test_a_changed_copy_of_a_part_does_not_say_what_the_part_said() -> None:
    one = FactPart.model_validate({"fact": "x", "cap": 9, "yes": 4.0})
    assert of_facts("fit", {"x": one}, {"x": True})[0].points == 4.0
    changed = one.model_copy(update={"cap": 3.0})
    assert of_facts("fit", {"x": changed}, {"x": True})[0].points == 3.0
