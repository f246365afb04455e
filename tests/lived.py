"""A workspace in which everything happened once, for tests of what is kept of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from leadfit import Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.app import Settings
from leadfit.exports import read_export
from leadfit.records import Relation
from leadfit.testing import FrozenWorld
from posted import body

START = datetime(2026, 3, 2, 15, tzinfo=UTC)
HOT = ("pricing_view", "calculator", "intent_topic", "competitor_research", "comparison_view")
FACTS = {"employees": 800, "industry": "software", "country": "DE"}
ACCOUNTS = """account_id,name,domain,country,owner_id,created_at,employees
zyxel,Zyxel Robotics,zyxel.com,DE,rep_cara,2024-01-01,900
beta,Beta Tools,beta.com,DE,rep_ada,2024-01-01,40
beta-bank,Beta Tools Bank,beta.com,DE,rep_cara,2024-01-01,2500
gamma,Gamma Foods,gamma.com,DE,rep_finn,2024-01-01,120
"""
CONTACTS = """contact_id,account_id,email,first_name,last_name,title,phone,created_at
ann,gamma,ann@gamma.com,Ann,Reed,CFO,+49 30 5550188,2024-02-01
ann-too,gamma,a.reed@gamma.com,Ann,Reed,,,2024-03-01
"""
LEADS = "lead_id,created_at,account_id\nold,2025-01-01,zyxel\n"
ANN = "ann@gamma.com"


class Life:
    """Sends signals and lets time pass."""

    def __init__(self, leadfit: Leadfit, world: FrozenWorld) -> None:
        self.leadfit = leadfit
        self.world = world
        self._sent = 0

    def send(
        self, kind: str, email: str, facts: dict[str, object] | None = None, **said: str
    ) -> Receipt:
        """Post one signal."""
        self._sent += 1
        answer = self.leadfit.accept(body(self._sent, kind, self.world.now(), email, facts, **said))
        assert isinstance(answer, Receipt)
        return answer

    def run(self, seconds: float = 60) -> None:
        """Let time pass, decide and fire what is due."""
        self.world.pass_time(seconds)
        self.leadfit.decide_pending()
        self.leadfit.run_clocks()


def live(folder: Path, world: FrozenWorld, settings: Settings | None = None) -> Path:
    """Make a workspace and live in it: every kind of decision is made at least once."""
    workspace = create_workspace(folder / "workspace", world=world, settings=settings)
    policy = workspace / "policy" / "policy.toml"
    text = policy.read_text("utf-8").replace("review = 0.90", "review = 0.80")
    policy.write_text(text, "utf-8")
    export = folder / "export"
    export.mkdir()
    for name, rows in (("accounts", ACCOUNTS), ("contacts", CONTACTS), ("leads", LEADS)):
        (export / f"{name}.csv").write_text(rows, "utf-8")
    with open_leadfit(workspace, world=world, settings=settings) as leadfit:
        leadfit.import_history(read_export(export))
        _days(Life(leadfit, world))
    return workspace


def _days(life: Life) -> None:
    leadfit = life.leadfit
    life.send("demo_request", ANN, title="CFO", phone="+49 30 5550188", name="Ann Reed")
    life.send("form_fill", "bo.lund@gmail.com", {"company_size": "12"}, name="Bo Lund")
    life.send("demo_request", "cy.hart@beta.com", dict(FACTS), name="Cy Hart", company="Beta")
    life.send("page_view", "nobody.known@delta-industries.com")
    life.send("demo_request", "di.frost@newfirm.com", dict(FACTS), title="VP Sales")
    life.run()
    # The same number and surname from another address: found by what is alike.
    life.send("demo_request", "a.reed@elsewhere.com", name="Ann Reed", phone="+49 30 5550188")
    # A repeat that raises the tier.
    for kind in HOT * 3:
        life.send(kind, "di.frost@newfirm.com")
    life.send("demo_request", "di.frost@newfirm.com", dict(FACTS), title="VP Sales")
    life.run()
    for each in leadfit.matching.reviews():
        if each.is_open:
            leadfit.matching.settle(
                each.review_id, Relation.SAME, reviewer="rep_ada", reason="seen both"
            )
    # Nobody touches anything for two days: owners change.
    for _ in range(30):
        life.run(3600)
    for number in range(12):
        life.send("form_fill", f"jo{number}@firm{number}.com", {"employees": 30 * number})
    life.run()
    views = [view for view in leadfit.leads(limit=50) if view.assignment is not None]
    leadfit.touch(views[0].lead.lead_id, "rep_ada")
    leadfit.reject_lead(views[1].lead.lead_id, "rep_ben", "no budget")
    moved = views[2].lead
    rep = next(each for each in leadfit.policy.reps if each.rep_id != moved.owner_id)
    leadfit.routing.assign(moved.lead_id, rep.rep_id, by="boss@example.com", reason="knows them")
