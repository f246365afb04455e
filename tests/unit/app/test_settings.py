"""Settings and the public names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import leadfit
from leadfit import BadInput, create_workspace, open_leadfit, read_settings
from leadfit.artifact import Artifact, Head


def test_settings_have_their_defaults_without_an_environment() -> None:
    settings = read_settings({})
    assert (settings.workspace, settings.port) == (Path("leadfit-data"), 8321)


def test_every_fault_of_the_settings_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        read_settings({"LEADFIT_PORT": "99999", "LEADFIT_LOG_FORMAT": "xml"})
    assert [fault.place for fault in caught.value.faults] == ["LEADFIT_PORT", "LEADFIT_LOG_FORMAT"]


@pytest.mark.parametrize("port", ["", "0", "-1", "٣", "1e3"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(BadInput):
        read_settings({"LEADFIT_PORT": port})


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(leadfit, name) is not None for name in leadfit.__all__)
    assert set(leadfit.__all__) <= set(dir(leadfit))
    with pytest.raises(AttributeError):
        leadfit.no_such_name  # noqa: B018 -- the access is what is tested


def test_importing_the_package_loads_no_store() -> None:
    program = "import sys, leadfit; print('sqlite3' in sys.modules, 'pydantic' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["False", "False"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def other(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace('"flag_at":0.5', '"flag_at":0.4'), "utf-8")


@pytest.mark.parametrize("harm", [Path.unlink, cut, other], ids=["gone", "cut", "changed"])
def test_an_artifact_in_force_that_is_not_as_written_is_refused_with_the_way_out(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    head = Head(step="accepted", link="logit", intercept=0.0, coefficients=())
    artifact = Artifact(
        as_of="2026-01-01T00:00:00+00:00",
        learned_from="",
        facts=(),
        heads=(head,),
        worth=(2.0,),
        knots=((0.0, 0.0), (2.0, 100.0)),
    )
    place = create_workspace(tmp_path / "here")
    with open_leadfit(place) as workspace:
        digest = workspace.publish(artifact)
    harm(place / "artifacts" / f"{digest}.json")
    with pytest.raises(BadInput, match="remove this file and run `leadfit learn`"):
        open_leadfit(place)
    (place / "artifacts" / "current").unlink()
    with open_leadfit(place) as workspace:
        assert workspace.artifact is None


@pytest.mark.parametrize("content", [b"", b"\x00\x00", b"\xff"])
def test_a_damaged_name_of_the_artifact_in_force_is_refused(tmp_path: Path, content: bytes) -> None:
    place = create_workspace(tmp_path / "here")
    (place / "artifacts" / "current").write_bytes(content)
    with pytest.raises(BadInput, match="current"):
        open_leadfit(place)


@pytest.mark.parametrize("content", [b"", b"gone.json", b"\xff", b"../policy/policy.toml"])
def test_a_card_in_force_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, content: bytes
) -> None:
    place = create_workspace(tmp_path / "w")
    (place / "cards").mkdir()
    (place / "cards" / "current").write_bytes(content)
    with pytest.raises(BadInput, match="begin again with the card Leadfit brings"):
        open_leadfit(place)
