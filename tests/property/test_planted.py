"""The planted company depends on its dials and on nothing else."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadfit.testing import planted
from leadfit.testing.planted import Confounding, Dials, Hazards

SCRIPT = """
import sys
from pathlib import Path
from leadfit.testing import planted
folder = Path(sys.argv[1])
company = planted.sample(folder / "export", seed=5, leads=300, facts=40, truth=folder / "truth")
(folder / "signals").write_text(repr(planted.new_signals(company, 50)))
(folder / "policy").write_text(repr(planted.policy_files(company)))
"""


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        whole.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()


def test_the_same_seed_gives_the_same_bytes_under_every_hash_seed(tmp_path: Path) -> None:
    digests = set()
    for hash_seed in ("0", "1", "4711"):
        folder = tmp_path / hash_seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            timeout=120,
        )
        digests.add(digest(folder))
    assert len(digests) == 1


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    for seed in (1, 2):
        planted.sample(tmp_path / str(seed), seed=seed, leads=60, facts=12)
    assert digest(tmp_path / "1") != digest(tmp_path / "2")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    dials=st.builds(
        Dials,
        seed=st.integers(0, 2**31),
        leads=st.integers(50, 120),
        facts=st.integers(11, 40),
        months=st.integers(6, 48),
        duplicates=st.floats(0, 1),
        misspellings=st.floats(0, 1),
        free_mail=st.floats(0, 1),
        missing=st.floats(0, 1),
        drift=st.floats(0, 1),
        seasonality=st.floats(0, 1),
        confounding=st.sampled_from(Confounding),
        hazards=st.sampled_from(Hazards),
        null=st.booleans(),
        leaks=st.integers(0, 3),
        most_expansions=st.integers(1, 10),
        whale=st.floats(0, 0.95),
        accept_rate=st.floats(0, 1),
        win_rate=st.floats(0, 1),
        expand_rate=st.floats(0, 1),
        churn_rate=st.floats(0, 1),
    )
)
def test_any_dials_give_a_company_with_a_ladder_in_order(dials: Dials) -> None:
    company = planted.simulate(dials)
    funnel = company.funnel

    assert funnel["leads"] == dials.leads
    assert funnel["leads"] >= funnel["accepted"] >= funnel["qualified"] >= funnel["converted"]
    assert funnel["converted"] >= funnel["expanded"]
    assert all(-1 <= each.effect <= 1 and 0 <= each.risk <= 1 for each in company.effects())
