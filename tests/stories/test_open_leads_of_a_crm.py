"""What is open in the CRM is taken over as signals after its export was imported as history."""

from __future__ import annotations

from pathlib import Path

from leadfit import Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.exports import read_export
from leadfit.records import ClockKind
from leadfit.testing import FrozenWorld
from lived import ACCOUNTS, CONTACTS, START

LEADS = "lead_id,created_at,account_id,contact_id\nl-1,2025-01-01,gamma,ann\n"


def post(leadfit: Leadfit, kind: str, **facts: str) -> Receipt:
    """Post what the CRM says of its lead l-1, as the page on imports says it."""
    event_id = "l-1" if kind == "lead" else f"l-1/{kind}"
    answer = leadfit.accept(
        {
            "source": "crm",
            "event_id": event_id,
            "kind": kind,
            "at": leadfit.world.now().isoformat(),
            "identifiers": {"contact_id": "ann"},
            "facts": facts,
        }
    )
    assert isinstance(answer, Receipt)
    leadfit.decide_pending()
    assert leadfit.signal(answer.signal_id).lead_id is not None
    return answer


def test_an_open_lead_of_the_crm_goes_on_with_its_owner_and_a_clock_of_today(
    tmp_path: Path,
) -> None:
    world, export = FrozenWorld(START), tmp_path / "export"
    export.mkdir()
    for name, rows in (("accounts", ACCOUNTS), ("contacts", CONTACTS), ("leads", LEADS)):
        (export / f"{name}.csv").write_text(rows, "utf-8")
    with open_leadfit(
        create_workspace(tmp_path / "workspace", world=world), world=world
    ) as leadfit:
        leadfit.import_history(read_export(export))
        assert not leadfit.lead("l-1").lead.is_open
        opened = leadfit.signal(post(leadfit, "lead").signal_id).lead_id or ""
        assert opened != "l-1"
        assert leadfit.lead(opened).lead.account_id == "gamma"
        post(leadfit, "assigned", rep_id="rep_hugo", by="rep_max")
        view = leadfit.lead(opened)
        assert view.lead.owner_id == "rep_hugo"
        running = {each.clock.kind for each in view.clocks if each.is_running}
        assert ClockKind.ASSIGNMENT_TO_TOUCH in running
        assert all(each.clock.started_at == world.now() for each in view.clocks)
        post(leadfit, "touched", by="rep_hugo")
        after = leadfit.lead(opened)
        assert after.touched_at == world.now()
        assert not [each for each in after.clocks if each.is_running]
        assert post(leadfit, "lead").is_repeat
        assert len([each for each in leadfit.leads() if each.lead.is_open]) == 1
