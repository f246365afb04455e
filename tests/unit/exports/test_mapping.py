from __future__ import annotations

from pathlib import Path

import pytest

from leadfit.errors import BadInput
from leadfit.exports import load, parse

GOOD = """
[sources]
p = "people.csv"

[[table]]
to = "leads"
from = "p"
columns = { lead_id = "id", created_at = "since" }
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        parse(text, "m.toml")
    return [str(fault) for fault in caught.value.faults]


def test_an_unknown_key_is_named_with_its_path() -> None:
    (fault,) = faults_of(GOOD + 'colour = "red"\n')
    assert fault.startswith("m.toml table.0.colour: came the key 'colour'")


def test_every_fault_of_a_mapping_is_named_at_once() -> None:
    faults = faults_of("wrong = 1\n" + GOOD + 'known = "later"\ndrop = 3\n')
    paths = {fault.split(":")[0] for fault in faults}
    assert paths == {"m.toml wrong", "m.toml table.0.known", "m.toml table.0.drop"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace('from = "p"', 'from = "q"'), "'q', which is no source"),
        (GOOD.replace("lead_id", "led_id"), "'led_id' is no column of leads"),
        ('unit = "deal"\n' + GOOD, 'needs a [[table]] with to = "deals"'),
        ("[sources]\n", "at least one [[table]]"),
        (GOOD + "stages = { won = 'x' }\n", "'stages' belongs to a table of deals"),
        (GOOD + "unpivot = true\n", "'unpivot' belongs to a table of facts"),
        (GOOD + "[[table.drop]]\n", "say 'blank', 'when' or both"),
        ("[rates]\nUSD = 1.1\n" + GOOD, "[rates] need 'currency'"),
        (GOOD + '[[derive]]\nname = "p"\nsql = "SELECT 1"\n', "two sources are named 'p'"),
        ("[meaningful_use]\nunits = nan\n" + GOOD, "finite number"),
        ('currency = "EUR"\nrates = { USD = 0 }\n' + GOOD, "greater than 0"),
        ("x = ", "TOML"),
    ],
)
def test_a_mapping_that_does_not_hold_together_says_why(text: str, words: str) -> None:
    assert words in "\n".join(faults_of(text))


def test_a_mapping_without_its_file_names_the_path() -> None:

    with pytest.raises(BadInput, match=r"nowhere\.toml"):
        load(Path("nowhere.toml"))
