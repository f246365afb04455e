"""What two policies say differently."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from leadfit.policy import Category, Difference, Policy, diff, from_files, starter_files

STARTER = {name: content.decode() for name, content in starter_files().items()}


def changed(**files: tuple[str, str]) -> Policy:
    """Return the starter with a piece of one file after the other replaced."""
    texts = dict(STARTER)
    for name, (old, new) in files.items():
        file = f"{name}.toml" if name == "policy" else f"{name}.csv"
        assert old in texts[file], old
        texts[file] = texts[file].replace(old, new, 1)
    return from_files({name: text.encode() for name, text in texts.items()})


def by_path(found: tuple[Difference, ...]) -> Mapping[str, Difference]:
    return {each.path: each for each in found}


def test_a_policy_does_not_differ_from_itself() -> None:
    assert diff(changed(), changed()) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version = 1\n", "version = 1\n\n# a remark\n"),
        ("b_tier_one = 60", "b_tier_one   =  60.0"),
        ("version = 1\n", "version = 1\r\n"),
    ],
)
def test_comments_spacing_and_line_ends_are_no_difference(old: str, new: str) -> None:
    assert diff(changed(), changed(policy=(old, new))) == ()


@pytest.mark.parametrize(
    ("old", "new", "path", "category"),
    [
        ("auto = 0.97", "auto = 0.98", "matching.auto", Category.MATCHING),
        ("b_tier_one = 60", "b_tier_one = 50", "score.cuts.b_tier_one", Category.SCORING),
        ("sla_minutes = 15", "sla_minutes = 10", "tiers.one.sla_minutes", Category.TIERS),
        ("slots = 15", "slots = 9", "route.capacity.slots", Category.CAPACITY),
        ("min_effect = 0.05", "min_effect = 0.1", "learn.min_effect", Category.LEARNING),
        ('mode = "live"', 'mode = "shadow"', "mode", Category.ACTING),
    ],
)
def test_a_key_has_its_category_and_both_values(
    old: str, new: str, path: str, category: Category
) -> None:
    (found,) = diff(changed(), changed(policy=(old, new)))
    assert (found.path, found.category) == (path, category)
    values = [each.split("=")[1].strip(' "') for each in (old, new)]
    assert [found.before, found.after] == values
    assert found.words == f"{path}: {values[0]} before, {values[1]} after"
    assert found.meaning


def test_a_key_that_is_new_and_one_that_is_gone_say_so() -> None:
    longer = changed(policy=('"has_budget"]', '"has_budget", "geld"]\nmood = ["laune"]'))
    one, other = diff(changed(), longer), diff(longer, changed())
    assert by_path(one)["facts.mood"].words == "facts.mood: new, laune"
    assert by_path(other)["facts.mood"].words == "facts.mood: gone, was laune"
    assert "facts.budget_confirmed" in by_path(one)


def test_the_order_of_plays_is_a_rule_of_its_own() -> None:
    text = STARTER["policy.toml"]
    plays = text.split("[[plays]]")
    first, second = plays[1], plays[2]
    swapped = text.replace(first, "@1").replace(second, first).replace("@1", second)
    found = by_path(diff(changed(), changed(policy=(text, swapped))))
    assert set(found) == {"plays (order)"}


def test_rows_of_reps_differ_by_column_and_category() -> None:
    row = next(line for line in STARTER["reps.csv"].splitlines() if line.startswith("rep_hugo"))
    away = row.replace(",gb,,,yes", ",gb,2026-08-01,2026-08-09,yes").replace("17:00", "16:00")
    found = by_path(diff(changed(), changed(reps=(row, away))))
    assert found["reps.csv: rep_hugo.away_from"].category is Category.PEOPLE
    assert found["reps.csv: rep_hugo.away_from"].before == "none"
    assert found["reps.csv: rep_hugo.working_hours"].category is Category.CALENDARS
    assert len(found) == 3


def test_a_row_that_is_gone_and_holidays_are_named() -> None:
    line = "us,2026-11-26,Thanksgiving,\n"
    (found,) = diff(changed(), changed(holidays=(line, "")))
    assert found.category is Category.CALENDARS
    assert found.after is None
    assert found.path == "holidays.csv: 2026-11-26 us"


def test_territories_differ_by_condition_and_by_order() -> None:
    rows = STARTER["territories.csv"].splitlines()
    body = [row for row in rows if row and not row.startswith("#")]
    first, second = body[1], body[2]
    turned = "\n".join(rows).replace(first, "@").replace(second, first).replace("@", second)
    found = diff(changed(), changed(territories=(STARTER["territories.csv"], turned + "\n")))
    assert [each.path for each in found] == ["territories.csv (order)"]
    assert found[0].category is Category.ROUTING
