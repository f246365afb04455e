"""A few days in the life of a workspace, made to pass every point at which a process may die."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from leadfit import exports
from leadfit.app.files import write_whole
from leadfit.app.in_force import rules_in_force
from leadfit.app.leadfit import Leadfit
from leadfit.app.settings import Settings
from leadfit.app.vendors import Vending
from leadfit.app.workspace import open_store
from leadfit.artifact import Artifact, Head
from leadfit.connectors.transport import Transport
from leadfit.errors import Conflict, LeadfitError
from leadfit.levels import ArtifactFact
from leadfit.records import Relation
from leadfit.resolve.model.starter import starter_card
from leadfit.store.views import Receipt
from leadfit.testing.crash import vendors
from leadfit.testing.crash.outside import KeepingReceiver, Outside
from leadfit.testing.crash.world import KillingWorld
from leadfit.testing.sim.company import course
from leadfit.world import seeded

_EXPORT: Final = {
    "accounts.csv": (
        "account_id,name,domain,owner_id\na1,Acme Corp,acme.com;acme.de,rep_dan\n"
        "a2,Zenit AG,zenit.de,\n"
    ),
    "contacts.csv": "contact_id,account_id,email,first_name,last_name\nc1,a1,jo@acme.com,Jo,Ek\n",
    "events.csv": "event_id,at,kind,account_id\ne1,2026-01-05T00:00:00Z,converted,a1\n",
    "domains.csv": "domain,account_id,role\nacme.co.uk,a1,regional\n",
    "leads.csv": "lead_id,created_at,account_id\np1,2025-12-01T00:00:00Z,a1\n",
}
_HOUR: Final = 3600.0
_QUARTER_H: Final = 91 * 24.0
_LEARNED: Final = Artifact(
    as_of="2026-01-01T00:00:00+00:00",
    learned_from="0" * 64,
    facts=(ArtifactFact(name="industry", levels=("software", "(other)"), values=("software",)),),
    heads=(
        Head(
            step="converted", link="logit", intercept=-1.0, coefficients=((0.5, -0.5),), weight=58.0
        ),
    ),
    worth=(5.0,),
    knots=((0.0, 0.0), (5.0, 100.0)),
    detractor=Head(
        step="churned_after_use", link="logit", intercept=0.0, coefficients=((3.0, -3.0),)
    ),
    detractor_knots=((0.1, 0.0), (0.9, 1.0)),
)
_BY: Final = "rep_max"
BEGINS: Final = datetime(2026, 11, 23, 15, tzinfo=UTC)
"""A Monday on which everybody works, whatever day the story is told on."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """What a story is told with.

    Attributes:
        told: Where everything is written down that was acknowledged.
    """

    leadfit: Leadfit
    world: KillingWorld
    told: Outside
    receiver: KeepingReceiver


def open_at(folder: Path, world: KillingWorld, told: Outside, settings: Settings) -> Stage:
    """Open a workspace whose actions go to a receiver outside it."""
    receiver = KeepingReceiver(told, world)
    store = open_store(folder, world, settings)
    rules = rules_in_force(folder, store)
    opened: list[Leadfit] = []
    # The vendor of facts is a file: nothing goes over the network.
    selling = Vending(
        folder,
        Transport(world, request_s=lambda: 1.0),
        vendors.ENVIRONMENT,
        lambda: opened[0].policy if opened else rules.policy,
        world,
    )
    selling.check()
    leadfit = Leadfit(
        folder,
        store=store,
        in_force=rules,
        performers={"*": receiver},
        fallbacks={"chat": ("email",)},
        world=world,
        vendors=selling,
        environment=vendors.ENVIRONMENT,
    )
    opened.append(leadfit)
    return Stage(leadfit=leadfit, world=world, told=told, receiver=receiver)


def write_export(folder: Path) -> None:
    """Write the export that the story imports."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _EXPORT.items():
        (folder / name).write_text(text, "utf-8")


def tell(stage: Stage, export: Path) -> None:
    """Let the days pass, and write down everything that was acknowledged."""
    stage.leadfit.import_history(exports.read_export(export))
    stage.told.tell("imported")
    _publish(stage)
    _morning(stage)
    _work(stage)
    _reports(stage)
    _reviews(stage)
    _trouble(stage)
    _absence(stage)
    _buying(stage)
    _breaches(stage)
    _end(stage)


def finish(stage: Stage, *, patience_s: float = 0.0) -> None:
    """Let everything come to rest: what is due is done, and then what falls due in four days.

    Args:
        stage: What is left of a story.
        patience_s: Seconds to wait between rounds; a server may see late that a process is dead.
    """
    for _ in range(16):
        stage.world.wait(patience_s)
        _rounds(stage)
        _retry(stage)
        stage.world.pass_time(6 * _HOUR)
    _rounds(stage)


def _publish(stage: Stage) -> None:
    """A learned score and a model card come in force."""
    stage.told.tell("artifact", digest=stage.leadfit.publish(_LEARNED))
    stage.told.tell("card", digest=stage.leadfit.publish_card(starter_card()))
    prefix = stage.leadfit.keys.create("ingest")[: len("leadfit_ingest_") + 8]
    stage.told.tell("key", prefix=prefix)


def _morning(stage: Stage) -> None:
    """Signals come in: one by one, many at once, again, with another body, and hot ones."""
    first = _body(stage, "first", "jo@acme.com", "demo_request")
    _send(stage, first)
    for number, (email, kind) in enumerate(
        (
            ("jo@acme.com", "demo_request"), ("ann@acme.com", "form_fill"),
            ("info@acme.com", "demo_request"), ("bo@newfirm.com", "demo_request"),
            ("someone@gmail.com", "form_fill"), ("jo@acme.com", "pricing_view"),
        )
    ):  # fmt: skip
        _send(stage, _body(stage, f"m{number}", email, kind))
        stage.leadfit.decide_pending()
    _send(stage, first)
    with suppress(Conflict):
        _send(stage, {**first, "kind": "blog_view"})
    several = [_body(stage, f"b{each}", f"x{each}@many.com", "form_fill") for each in range(4)]
    for receipt in stage.leadfit.accept_many(several):
        stage.told.tell("signal", signal_id=getattr(receipt, "signal_id", None))
    stage.leadfit.decide_pending()
    for number in range(3):
        for each in course(seeded("crash course", number), number, stage.world.now()):
            _send(stage, each)
        stage.leadfit.decide_pending()
    _rounds(stage)


def _work(stage: Stage) -> None:
    """Reps touch, accept and reject; a sender reports a win."""
    ids = [view.lead.lead_id for view in stage.leadfit.leads()]
    if len(ids) < 4:
        return
    stage.leadfit.touch(ids[0], "rep_ada")
    stage.told.tell("touch", lead_id=ids[0], at=stage.world.now().isoformat())
    stage.leadfit.accept_lead(ids[1], "rep_ben")
    stage.told.tell("accepted", lead_id=ids[1])
    stage.leadfit.reject_lead(ids[2], "rep_ben", "not a fit")
    stage.told.tell("rejected", lead_id=ids[2])
    with suppress(LeadfitError):
        made = stage.leadfit.routing.assign(ids[3], "rep_eva", by=_BY, reason="knows them")
        stage.told.tell("assigned", assignment_id=made.assignment_id)
    with suppress(LeadfitError):
        linked = stage.leadfit.matching.link(ids[3], "a2", by=_BY)
        stage.told.tell("reviewed", review_id=linked.review_id)
        taken_back = stage.leadfit.matching.unlink(ids[3], by=_BY)
        stage.told.tell("reviewed", review_id=taken_back.review_id)
    _lift(stage, ids)
    _send(stage, _body(stage, "w1", "bo@newfirm.com", "converted"))
    _rounds(stage)


def _lift(stage: Stage, ids: Sequence[str]) -> None:
    """Somebody knows better than the intent gate, of the first lead that it holds back."""
    for lead_id in ids:
        with suppress(LeadfitError):
            lifted = stage.leadfit.routing.lift(lead_id, by=_BY, reason="met them")
            stage.told.tell("lifted", decision_id=lifted.decision_id)
            return


def _reports(stage: Stage) -> None:
    """A vendor calls: a sign-up, one without an address, our own write, and then a loop."""
    _call(
        stage,
        {"id": "v1", "what": "signup", "email": "kay@vendored.com", "seats": 3},
        {"id": "v2", "what": "signup", "seats": 4},
    )
    written = stage.told.told("effect")
    ours = next((each for each in written if each["destination"] == vendors.SOURCE), None)
    if ours is None:
        return
    lead_id = str(ours["lead_id"])
    _call(stage, vendors.report("v3", lead_id, str(ours["kind"])))
    for number in range(4, 8):
        _call(stage, vendors.report(f"v{number}", lead_id, f"theirs {number}"))
    _rounds(stage)


def _call(stage: Stage, *events: dict[str, object]) -> None:
    heard = stage.leadfit.hooks.receive(vendors.SOURCE, vendors.call(*events))
    for event, answer in zip(events, heard.answers, strict=True):
        if isinstance(answer, Receipt):
            stage.told.tell("signal", signal_id=answer.signal_id)
        else:
            stage.told.tell("refused", event_id=str(event["id"]))
    stage.leadfit.decide_pending()


def _reviews(stage: Stage) -> None:
    """Reviewers answer, two accounts are merged, and it is taken back."""
    for review in stage.leadfit.matching.reviews(4):
        with suppress(LeadfitError):
            stage.leadfit.matching.settle(review.review_id, Relation.SAME, reviewer=_BY)
            stage.told.tell("reviewed", review_id=review.review_id)
    with suppress(LeadfitError):
        merge = stage.leadfit.matching.merge("a1", "a2", by=_BY)
        stage.told.tell("merged", merge_id=merge.merge_id)
        undone = stage.leadfit.matching.unmerge("a2", by=_BY)
        stage.told.tell("unmerged", merge_id=undone.merge_id)
    for event, asked in (
        ("r1", {"email": "kim@gmail.com", "domain": "zenit.de"}),
        ("r2", {"email": "sales@acme.com"}),
    ):
        _send(stage, {**_body(stage, event, "", "demo_request"), "identifiers": asked})
    stage.leadfit.decide_pending()
    stage.leadfit.watch_matching()
    stage.leadfit.routing.sweep()
    _rounds(stage)


def _trouble(stage: Stage) -> None:
    """Chat is down for some minutes, scripts are refused, a person asks to be forgotten."""
    stage.receiver.down.add("chat")
    stage.receiver.refuses.add("call_script")
    stage.receiver.silent.add("crm")
    for each in course(seeded("crash course", "trouble"), 9, stage.world.now()):
        _send(stage, each)
    for minutes in (0.0, 3.0, 3.0):
        stage.world.pass_time(minutes * 60)
        stage.told.tell("time", forward_s=stage.world.forward_s)
        _rounds(stage)
    stage.receiver.down.clear()
    stage.receiver.refuses.clear()
    stage.receiver.silent.clear()
    _retry(stage)
    _rounds(stage)
    stage.leadfit.persons.erase("x1@many.com")
    stage.told.tell("erased")


def _retry(stage: Stage) -> None:
    """A person lets everything be tried again that was given up."""
    for letter in stage.leadfit.deliveries.dead_letters():
        stage.leadfit.deliveries.retry(letter.key, _BY)
        stage.told.tell("retried", key=letter.key)


def _absence(stage: Stage) -> None:
    """The owner of an open lead works here no more; the server reads the policy and moves it."""
    owners = [view.lead.owner_id for view in stage.leadfit.leads() if view.lead.is_open]
    gone = next((each for each in owners if each not in {None, "rep_max", "rep_hugo"}), None)
    path = stage.leadfit.folder / "policy" / "reps.csv"
    rows = path.read_text("utf-8").splitlines()
    changed = [
        row.replace(",yes,no", ",no,no") if row.startswith(f"{gone},") else row for row in rows
    ]
    write_whole(path, "\n".join([*changed, ""]).encode())
    for _ in range(3):
        stage.leadfit.notice_policy()
        stage.world.pass_time(5.0)
    stage.told.tell("time", forward_s=stage.world.forward_s)
    _rounds(stage)


def _buying(stage: Stage) -> None:
    """Facts are bought of firms known and unknown; one lead is given away before they come."""
    for number, firm in enumerate(("small-firm.com", "large-firm.com", vendors.UNKNOWN)):
        _send(stage, _lacking(stage, f"p{number}", f"ed@{firm}"))
    _rounds(stage)
    _send(stage, _lacking(stage, "p9", "ed@late-firm.com"))
    stage.leadfit.decide_pending()
    stage.world.pass_time(60.0)
    stage.told.tell("time", forward_s=stage.world.forward_s)
    stage.leadfit.decide_pending()
    _rounds(stage)


def _lacking(stage: Stage, event: str, email: str) -> dict[str, object]:
    """Return a signal that does not say how large the firm is."""
    body = _body(stage, event, email, "demo_request")
    return {**body, "facts": {"industry": "software", "country": "US", "title": "VP Sales"}}


def _breaches(stage: Stage) -> None:
    """Nobody touches the rest: clocks run out, reviews wait, a quarter passes."""
    for hours in (0.3, 0.3, 1.0, 12.0, 12.0, 24.0, 24.0, 168.0, 168.0, _QUARTER_H):
        stage.world.pass_time(hours * _HOUR)
        stage.told.tell("time", forward_s=stage.world.forward_s)
        _rounds(stage)
        stage.leadfit.watch_matching()
        stage.leadfit.watch_signals()


def _end(stage: Stage) -> None:
    """Late signals of leads that are there."""
    for number, kind in enumerate(("case_study_view", "competitor_research", "demo_request")):
        _send(stage, _body(stage, f"e{number}", "ann@acme.com", kind))
    _rounds(stage)


def _send(stage: Stage, body: dict[str, object]) -> None:
    receipt = stage.leadfit.accept(body)
    stage.told.tell("signal", signal_id=getattr(receipt, "signal_id", None))


def _rounds(stage: Stage) -> None:
    leadfit = stage.leadfit
    while (
        leadfit.decide_pending()
        + leadfit.run_clocks()
        + leadfit.enriching.buy()
        + leadfit.routing.round()
        + leadfit.deliver()
    ):
        pass


def _body(stage: Stage, event: str, email: str, kind: str) -> dict[str, object]:
    return {
        "source": "form",
        "event_id": event,
        "kind": kind,
        "at": f"{stage.world.now():%Y-%m-%dT%H:%M:%SZ}",
        "identifiers": {"email": email, "name": email.partition("@")[0].title()},
        "facts": {"employees": 900, "industry": "software", "country": "US", "title": "VP Sales"},
    }
