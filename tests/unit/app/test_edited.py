"""What the policy folder says that is not in force, for whoever asks how a workspace stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.cli import run
from leadfit.testing import FrozenWorld
from leadfit.web import create_app
from unit.app.test_health import SIGNAL
from unit.web.builders import ask


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a workspace whose first decision is made, so that its folder is a proposal."""
    world = FrozenWorld()
    made = create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(made, world=world) as leadfit:
        leadfit.accept(SIGNAL)
        leadfit.decide_pending()
    return made


@pytest.fixture
def leadfit(folder: Path) -> Iterator[Leadfit]:
    with open_leadfit(folder, world=FrozenWorld()) as opened:
        yield opened


def edit(folder: Path, name: str, before: str, after: str) -> None:
    path = folder / "policy" / name
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def test_a_folder_that_nobody_edited_says_what_is_in_force(leadfit: Leadfit) -> None:
    assert leadfit.status().policy_folder.words == ()
    found = ask(create_app(leadfit), "GET", "/readyz").json()["policy_folder"]
    assert found == {"differs": [], "is_usable": True}


def test_an_edited_file_is_named_until_a_plan_of_it_is_applied(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(folder, "policy.toml", "b_tier_one = 60", "b_tier_one = 50")
    command = ["--workspace", str(folder)]
    assert run([*command, "status"]) == 0
    said = "policy.toml differs from what is in force: leadfit plan shows it"
    assert said in capsys.readouterr().out
    plan = str(folder.parent / "a.plan")
    assert run([*command, "plan", "--out", plan]) == 0
    assert run([*command, "apply", plan, "--by", "ada", "--reason", "autumn"]) == 0
    capsys.readouterr()
    assert run([*command, "status"]) == 0
    assert "differs" not in capsys.readouterr().out


def test_a_server_stays_ready_and_tells_of_it(leadfit: Leadfit, folder: Path) -> None:
    edit(folder, "policy.toml", "b_tier_one = 60", "b_tier_one = 50")
    edit(folder, "territories.csv", "\n", "\r\n")
    app = create_app(leadfit)
    ready = ask(app, "GET", "/readyz")
    assert ready.status_code == 200
    assert ready.json()["policy_folder"] == {"differs": ["policy.toml"], "is_usable": True}
    metrics = ask(app, "GET", "/metrics", key=leadfit.keys.create("read")).text
    assert 'leadfit_policy_differs{file="policy.toml"} 1' in metrics
    assert 'leadfit_policy_differs{file="reps.csv"} 0' in metrics
    page = ask(app, "GET", "/", headers={"accept": "text/html"}).text
    assert "The policy folder was edited" in page


def test_comments_and_what_was_taken_back_differ_in_nothing(leadfit: Leadfit, folder: Path) -> None:
    edit(folder, "policy.toml", "b_tier_one = 60", "b_tier_one = 60 # as ever")
    assert leadfit.status().policy_folder.differs == ()
    edit(folder, "policy.toml", "b_tier_one = 60", "b_tier_one = 55")
    assert leadfit.status().policy_folder.differs == ("policy.toml",)
    edit(folder, "policy.toml", "b_tier_one = 55", "b_tier_one = 60")
    assert leadfit.status().policy_folder.differs == ()


def test_a_folder_that_cannot_be_used_is_told_without_what_it_says(
    leadfit: Leadfit, folder: Path
) -> None:
    edit(folder, "policy.toml", "b_tier_one = 60", "b_tier_one = 'sixty'\nnonsense = 'secret'")
    state = leadfit.status().policy_folder
    assert not state.is_usable
    assert "the policy folder cannot be used: " in state.words[0]
    assert "leadfit policy diff names all" in state.words[0]
    ready = ask(create_app(leadfit), "GET", "/readyz")
    assert (ready.status_code, "secret" in ready.text) == (200, False)
    metrics = ask(create_app(leadfit), "GET", "/metrics", key=leadfit.keys.create("read")).text
    assert "leadfit_policy_unusable 1" in metrics
