"""What must come out of three real exports; they lie outside the repository."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from leadfit import learn
from leadfit.exports import read_export
from leadfit.history import History, Known
from leadfit.learn.result import Verdict
from unit.learn.worlds import codes_of

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEADFIT_SHARED", ROOT.parent / "shared"))  # noqa: TID251 -- the same


def read(name: str) -> History:
    folder = SHARED / "data" / "funnel" / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not here; set LEADFIT_SHARED to the folder that holds data/funnel")
    return read_export(folder, mapping=ROOT / "examples" / "mappings" / f"{name}.toml")


def test_olist_gives_its_funnel_and_names_what_is_special_about_it() -> None:
    found = learn.benchmark(read("olist"))
    funnel = found.funnel
    assert (funnel.leads, funnel.accepted, funnel.qualified, funnel.converted) == (
        8000,
        None,
        None,
        842,
    )
    assert (found.meaningful_users, funnel.churned_after_use) == (108, 8)
    codes = codes_of(found)
    assert {
        ("left_truncation", "converted"),
        ("right_censoring", "churned_after_use"),
        ("known_only_for_won", "declared_monthly_revenue"),
        ("missing_as_value", "origin"),
        ("whale", "amount"),
    } <= codes
    (whale,) = [notice for notice in found.warnings if notice.code == "whale"]
    assert round(float(str(whale.evidence["share"])), 3) == 0.169
    assert whale.evidence["accounts"] == 376
    assert found.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    named = {row.fact for row in (*found.profile, *found.detractor_profile)}
    assert named <= {"origin"}


def test_maven_supports_no_profile_and_names_the_season() -> None:
    found = learn.benchmark(read("maven_crm"))
    assert found.verdict is Verdict.NO_ICP_SUPPORTED
    assert "seasonality" in {code for code, _ in codes_of(found)}
    assert found.unit == "deal"


def test_x_education_leaks_are_found_even_when_nobody_declares_them() -> None:
    history = read("x_education")
    undeclared = tuple(replace(fact, known=Known.CREATED) for fact in history.fact_columns)
    found = learn.benchmark(replace(history, fact_columns=undeclared))
    assert {"Tags", "Lead Quality"} <= {
        field for code, field in codes_of(found) if code == "leakage_after_outcome"
    }
    usable = {"Total Time Spent on Website", "What is your current occupation", "City"}
    assert not usable & set(found.excluded)


def test_x_education_names_declared_leaks_and_the_form_default() -> None:
    found = learn.benchmark(read("x_education"))
    leaks = {field for code, field in codes_of(found) if code == "leakage_after_outcome"}
    assert {"Tags", "Lead Quality", "Lead Profile", "Last Notable Activity"} <= leaks
    assert len([field for field in leaks if field and field.startswith("Asymmetrique")]) == 4
    assert ("form_default", "City") in codes_of(found)
    assert not leaks & {row.fact for row in found.profile}
    assert "Select" not in {row.value for row in found.profile}
