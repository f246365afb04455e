"""A plan says what no history can show, what stands in for it, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bought import RULES
from leadfit import Leadfit
from leadfit.artifact import Artifact, Head, to_json
from leadfit.cli import run
from leadfit.cli.plan_words import plan_words
from leadfit.levels import ArtifactFact
from stories.policy_changes.changing import MORE, beside, edit, effects_of, send

EXPERIMENT = """
[experiment.response]
name = "speed"
arms = [
    { arm = "fast", minutes = 5, share = 0.5 },
    { arm = "usual", minutes = 15, share = 0.5 },
]
"""
BY_ICP = ('fit_source = "facts"', 'fit_source = "icp"')
LEARNED = Artifact(
    as_of="2026-01-01T00:00:00+00:00",
    learned_from="0" * 64,
    facts=(
        ArtifactFact(
            name="industry",
            levels=("software", "retail", "(other)"),
            values=("software", "retail"),
        ),
    ),
    heads=(Head(step="converted", link="logit", intercept=0.0, coefficients=((1.0, 0.0, -1.0),)),),
    worth=(5.0,),
    knots=((0.0, 0.0), (5.0, 100.0)),
)


def fit_gate_of(leadfit: Leadfit, source: Path, *, learned: bool = True) -> Any:
    path = leadfit.folder / "learned.json"
    path.write_text(to_json(LEARNED), "utf-8")
    plan = leadfit.plans.plan(source, artifact=str(path) if learned else None)
    return effects_of(plan)["fit_gate"]


def test_another_source_of_fit_comes_with_the_cut_that_lets_as_many_pass(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    for number, industry in enumerate(("software", "software", "retail", "farming")):
        send(leadfit, number, industry=industry)
    gate = fit_gate_of(leadfit, beside(leadfit, tmp_path, BY_ICP))
    assert gate["before"] == {"source": "facts", "cut": 70, "pass_rate": 0.75}
    assert gate["after"] == {"source": "icp", "cut": 70, "pass_rate": 0.5}
    assert gate["derived"] == {"key": "score.cuts.b_icp", "cut": 50, "pass_rate": 0.75}
    assert gate["keeps_pass_rate"] is False
    derived = beside(leadfit, tmp_path, BY_ICP, ("b_tier_one = 60", "b_icp = 50\nb_tier_one = 60"))
    assert fit_gate_of(leadfit, derived)["keeps_pass_rate"] is True
    words = plan_words(leadfit.plans.plan(derived, artifact=str(leadfit.folder / "learned.json")))
    assert "as many as before pass with score.cuts.b_icp = 50 (75.0 %)" in words


def test_a_source_of_fit_that_stays_is_not_spoken_of(leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path, MORE)
    assert fit_gate_of(leadfit, place) == {"changes": False}
    assert "source of fit" not in plan_words(leadfit.plans.plan(place))


def test_without_a_learned_score_no_cut_is_derived_for_it(leadfit: Leadfit, tmp_path: Path) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path, BY_ICP)
    gate = fit_gate_of(leadfit, place, learned=False)
    assert gate["identified"] is False
    words = plan_words(leadfit.plans.plan(place))
    assert "the cut that lets as many pass is not known: no learned score is in force" in words


def test_what_vendors_would_answer_is_unknown_and_not_nothing(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path, ("[enrich]\non = false", "[enrich]\non = true"))
    with (place / "policy.toml").open("a", encoding="utf-8") as file:
        file.write(RULES)
    plan = leadfit.plans.plan(place)
    assert effects_of(plan)["available"] is True
    assert [each["table"] for each in effects_of(plan)["unknown"]] == ["enrich"]
    assert "enrich.on" in effects_of(plan)["not_replayed"]
    words = plan_words(plan)
    assert "Unknown, which is not the same as nothing:" in words
    assert "[enrich]: what vendors would answer" in words


def test_targets_that_would_be_drawn_at_random_are_unknown_and_not_nothing(
    leadfit: Leadfit, tmp_path: Path
) -> None:
    send(leadfit, 1)
    place = beside(leadfit, tmp_path)
    with (place / "policy.toml").open("a", encoding="utf-8") as file:
        file.write(EXPERIMENT)
    plan = leadfit.plans.plan(place)
    assert [each["table"] for each in effects_of(plan)["unknown"]] == ["experiment.response"]
    beyond = effects_of(plan)["not_replayed"]
    assert beyond
    assert all(each.startswith("experiment") for each in beyond)
    assert "[experiment.response]: which arm" in plan_words(plan)


def said_by(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> str:
    assert run([*arguments, "--workspace", str(folder)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('fit_source = "facts"', 'fit_source = "icp"'), "fit counts by facts until one is"),
        (('model = "B"', 'model = "C"'), "Model A stands in until one is"),
    ],
)
def test_a_plan_says_what_stands_in_while_nothing_is_learned(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: tuple[str, str],
    words: str,
) -> None:
    place = tmp_path / "other"
    shutil.copytree(folder / "policy", place)
    edit(place, change)
    assert words in said_by(capsys, folder, "plan", str(place))


def test_a_plan_names_a_vendor_whose_profile_there_is_not(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "other"
    shutil.copytree(folder / "policy", place)
    vendor = """
[[enrich.vendors]]
name = "file"
profile = "cvs"
options = { file = "facts.csv" }
supplies = { employees = "company" }
price = 0.5
"""
    rules = place / "policy.toml"
    rules.write_text(rules.read_text("utf-8") + vendor, "utf-8")
    assert run(["plan", str(place), "--workspace", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "enrich.vendors[file].profile: came 'cvs'; allowed: one of" in said
    assert "csv" in said


def test_a_plan_refuses_more_words_of_one_fact_than_can_be_tried_together(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "other"
    shutil.copytree(folder / "policy", place)
    lists = "".join(
        f"""
[score.less.list-{number}]
component = "fit"
points = 1
fact = "industry"
words = ["word{number}"]
"""
        for number in range(15)
    )
    vendor = """
[[enrich.vendors]]
name = "file"
profile = "csv"
options = { file = "facts.csv" }
supplies = { industry = "company" }
price = 0.5
"""
    rules = place / "policy.toml"
    rules.write_text(rules.read_text("utf-8") + lists + vendor, "utf-8")
    assert run(["plan", str(place), "--workspace", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "enrich.vendors[file].supplies.industry" in said
    assert "fewer words in the parts of one fact" in said
