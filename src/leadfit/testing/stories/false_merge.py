"""Story 2: matching by the name in a domain puts subsidiaries into their parent.

Signals of a planted company's inbound, among them subsidiaries, regional branches, shared domains,
strangers and free mail. The naive way looks at the name in the address: `acme.com`, `acme.de` and
`acme-group.com` are one account, the oldest one. Leadfit is the real program in a workspace of its
own: the export is imported, the signals come in over the front door.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from leadfit.app import Leadfit, create_workspace, open_leadfit
from leadfit.exports import read_export
from leadfit.records import Band, Decision
from leadfit.store.views import Receipt
from leadfit.testing import planted
from leadfit.testing.fakes import FrozenWorld
from leadfit.testing.planted.signals import Arrival, SignalCase, arrivals
from leadfit.testing.stories.telling import Figure, Story, counted, paired

NAME: Final = "false-merge"
LEADS: Final = 700
SIGNALS: Final = 700
_CHUNK: Final = 500
_ENDINGS: Final = ("-group", "-uk", "-de", "-us", "-fr", "-se")
_FREE: Final = frozenset({SignalCase.FREE_MAIL})
_LOOKS: Final = frozenset({SignalCase.BROWSING, SignalCase.REPEAT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Where a signal went, both ways.

    Attributes:
        naive_id: The account the naive way linked, or ``None``.
        band: What Leadfit did; ``leadfit_id`` is the account it linked by itself.
        named: The true account is linked or among those the reviewer is shown.
        is_branch: It comes from a body that has a parent or a branch, or is one itself.
    """

    arrival: Arrival
    true_ids: frozenset[str]
    naive_id: str | None
    leadfit_id: str | None
    band: Band
    named: bool
    is_branch: bool


def story(seed: int, *, leads: int = LEADS, signals: int = SIGNALS) -> Story:
    """Replay the story.

    Args:
        seed: Of the planted company.
        leads: Leads of its history.
        signals: Signals that come in.
    """
    landed = replay(planted.simulate(planted.Dials(seed=seed, leads=leads)), signals)
    return Story(
        name=NAME,
        seed=seed,
        title="False merges: a subsidiary is not its parent",
        world=f"{len(landed)} signals of a planted company with {leads} leads of history: known "
        "contacts, strangers at known accounts, subsidiaries, regional branches, shared domains, "
        "new firms and free mail",
        naive="the name in the address decides: acme.com, acme.de and acme-group.com are one "
        "account, the oldest",
        leadfit="the program itself, with the starter card and policy, before any label",
        figures=figures(landed, seed),
        notes=(
            (
                "A signal is misrouted where it is linked at once to a record of another body than "
                "the one that sent it: its owner and its cycle are then another's"
            ),
            (
                "The reported story (15 % misrouted, three months of cleaning up) is a label; what "
                "Leadfit links can be taken back exactly, what the naive way merges cannot"
            ),
        ),
    )


def replay(company: planted.Company, signals: int) -> list[Landed]:
    """Send signals both ways."""
    with tempfile.TemporaryDirectory() as made:
        folder = create_workspace(Path(made) / "workspace")
        for name, text in planted.policy_files(company).items():
            (folder / "policy" / name).write_text(text, "utf-8")
        planted.write(company, Path(made) / "export")
        world = FrozenWorld(company.ends_at + timedelta(days=2))
        with open_leadfit(folder, world=world) as leadfit:
            leadfit.import_history(read_export(Path(made) / "export"))
            return _run(leadfit, company, signals)


def _run(leadfit: Leadfit, company: planted.Company, signals: int) -> list[Landed]:
    sent = [
        each
        for each in arrivals(company, signals, until=leadfit.world.now())
        if each.case not in _LOOKS
    ]
    came: dict[str, Arrival] = {}
    for start in range(0, len(sent), _CHUNK):
        some = sent[start : start + _CHUNK]
        answers = leadfit.accept_many([each.body for each in some])
        for each, answer in zip(some, answers, strict=True):
            if isinstance(answer, Receipt):
                came.setdefault(answer.signal_id, each)
        while leadfit.decide_pending(_CHUNK):
            pass
    held: dict[str, set[str]] = {}
    for row in company.ledger.accounts:
        held.setdefault(row.entity.account_id, set()).add(row.account_id)
    oldest = _oldest(company)
    kin = _kin(company)
    return [
        _landed(made, came[made.signal_id], held, oldest, kin)
        for made in sorted(_decisions(leadfit), key=lambda each: came_at(each.signal_id, came))
        if made.signal_id in came
    ]


def _decisions(leadfit: Leadfit) -> list[Decision]:
    """Return the first decision about each signal, of leads and of what only left a trace."""
    found: dict[str, Decision] = {}
    after = None
    while page := leadfit.leads(500, after=after):
        for view in page:
            for made in reversed(leadfit.why(view.lead.lead_id)):
                found.setdefault(made.signal_id, made)
        after = page[-1].lead.lead_id
    return list(found.values())


def came_at(signal_id: str, came: Mapping[str, Arrival]) -> str:
    """Return what orders signals in every run alike: the sender's own id."""
    return str(came[signal_id].body["event_id"]) if signal_id in came else ""


def _oldest(company: planted.Company) -> Mapping[str, str]:
    """Return the oldest account by the name in its domain, which is all the naive way knows."""
    found: dict[str, str] = {}
    for row in sorted(company.ledger.accounts, key=lambda each: (each.created, each.account_id)):
        if row.domain:
            found.setdefault(label(row.domain), row.account_id)
    return found


def label(domain: str) -> str:
    """Return the name in a domain, without country and branch.

    >>> label("acme-group.de"), label("mail.acme.co.uk")
    ('acme', 'mail')
    """
    name = domain.split(".", 1)[0]
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name


def _kin(company: planted.Company) -> frozenset[int]:
    """Return the numbers of bodies that have a parent or a child."""
    children = {each.number: each.parent for each in company.entities if each.parent is not None}
    return frozenset({*children, *children.values()})


def _landed(
    made: Decision,
    arrival: Arrival,
    held: Mapping[str, set[str]],
    oldest: Mapping[str, str],
    kin: frozenset[int],
) -> Landed:
    match = made.match
    true_ids = held.get(arrival.entity.account_id, set()) if arrival.is_known else set()
    identifiers = arrival.body["identifiers"]
    email = str(identifiers.get("email", "")) if isinstance(identifiers, Mapping) else ""
    by_name = None if arrival.case in _FREE else oldest.get(label(email.partition("@")[2]))
    linked = match.account_id if match.band is Band.AUTO else None
    shown = {match.account_id, match.possible_account_id, *match.candidates}
    return Landed(
        arrival=arrival,
        true_ids=frozenset(true_ids),
        naive_id=by_name,
        # An account that is made for a new domain is no link to anybody's record.
        leadfit_id=linked if linked is not None and linked.startswith("acc_") else None,
        band=match.band,
        named=bool(shown & true_ids),
        is_branch=arrival.case is SignalCase.SUBSIDIARY or arrival.entity.number in kin,
    )


def figures(landed: list[Landed], seed: int) -> tuple[Figure, ...]:
    """Return the table."""

    def wrong(each: Landed, linked: str | None) -> float:
        return float(linked is not None and linked not in each.true_ids)

    every = [1.0] * len(landed)
    branches = [float(each.is_branch) for each in landed]
    misrouted = (
        [wrong(each, each.naive_id) for each in landed],
        [wrong(each, each.leadfit_id) for each in landed],
    )
    of_branches = tuple(
        [one * inside for one, inside in zip(side, branches, strict=True)] for side in misrouted
    )
    known = [float(bool(each.true_ids)) for each in landed]
    right = (
        [float(each.naive_id in each.true_ids) for each in landed],
        [float(each.leadfit_id in each.true_ids) for each in landed],
    )
    found = (right[0], [float(each.named) for each in landed])
    waits = sum(each.band is Band.REVIEW for each in landed)
    return (
        paired("misrouted, of all signals", "share", seed, misrouted, (every, every)),
        paired(
            "misrouted, of parents and branches", "share", seed,
            (of_branches[0], of_branches[1]), (branches, branches),
        ),
        paired("right account at once, where on record", "share", seed, right, (known, known)),
        paired("right account at once or shown", "share", seed, found, (known, known)),
        counted("signals that wait for a person", "", 0.0, float(waits)),
    )  # fmt: skip
