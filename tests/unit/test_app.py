"""Settings and the public names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import leadfit
from leadfit import BadInput, read_settings


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
