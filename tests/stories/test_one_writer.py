"""Two servers on one workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit import create_workspace, open_leadfit
from leadfit.errors import StoreBusy


def test_a_second_server_does_not_start_on_a_workspace_that_is_served(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "workspace")
    with open_leadfit(workspace) as first, open_leadfit(workspace) as second:
        first.start()
        with pytest.raises(StoreBusy, match="on its pages or over HTTP, or stop it first"):
            second.start()
