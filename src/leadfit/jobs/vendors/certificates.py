"""Checks again why nothing that could be bought changed a decision."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Final

from leadfit.errors import LeadfitError
from leadfit.jobs.decisions.replay import KeptRules
from leadfit.pipeline.certificate import Checked, check
from leadfit.pipeline.question import Question
from leadfit.pipeline.retelling import Strayed, ask_again
from leadfit.store import Session, Store
from leadfit.store.enriching import StoredCertificate
from leadfit.store.told import Told

_PAGE: Final = 200
_SHOWN: Final = 20
_UNREAD: Final = "it cannot be read: it was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuted:
    """A certificate that does not hold.

    Attributes:
        why: What is the matter, in words.
    """

    decision_id: str
    lead_id: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesChecked:
    """What a check of certificates came to.

    Attributes:
        certificates: How many were looked at.
        held: How many hold.
        erased: How many rest on the values of persons who were erased since.
        refuted: How many do not hold.
        completions: Values of unknown facts that were tried, all together.
        shown: The first of those that do not hold.
        ledger: What of purchases, calls and budgets does not fit together, the first of it.
    """

    certificates: int
    held: int
    erased: int
    refuted: int
    completions: int
    shown: tuple[Refuted, ...] = ()
    ledger: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """No certificate was found wrong, and the ledger adds up."""
        return self.refuted == 0 and not self.ledger


def check_certificates(store: Store, *, lead_id: str | None = None) -> CertificatesChecked:
    """Make the bounds of every certificate again, and try completions against it.

    Certificates that decisions name and that are gone count among those that do not hold. The
    ledger of calls is held against what else is written of them.

    Args:
        store: The store.
        lead_id: Of one lead alone, without the ledger.
    """
    counts = {"held": 0, "erased": 0, "refuted": 0, "completions": 0}
    shown: list[Refuted] = []
    after, number = "", 0
    while page := store.read(partial(_page, after=after, lead_id=lead_id)):
        for each, (outcome, tried, why) in page:
            number += 1
            counts[outcome] += 1
            counts["completions"] += tried
            if outcome == "refuted" and len(shown) < _SHOWN:
                found = Refuted(decision_id=each.decision_id, lead_id=each.lead_id, why=why)
                shown.append(found)
        after = page[-1][0].decision_id
    gone = _gone(store, lead_id)
    counts["refuted"] += len(gone)
    return CertificatesChecked(
        certificates=number + len(gone),
        shown=(*shown, *gone)[:_SHOWN],
        ledger=() if lead_id is not None else store.read(_ledger),
        **counts,
    )


def _gone(store: Store, lead_id: str | None) -> list[Refuted]:
    """Return the decisions that name a certificate which is not there."""
    found: list[Refuted] = []
    more, after = True, ""
    while more:
        look = partial(_lacking, after=after, lead_id=lead_id)
        lacking, after = store.read(look)
        found += [
            Refuted(decision_id=decision_id, lead_id=lead, why="its certificate is missing")
            for decision_id, lead in lacking
        ]
        more = after != ""
    return found


def _lacking(
    session: Session, *, after: str, lead_id: str | None
) -> tuple[tuple[tuple[str, str | None], ...], str]:
    return session.enriching.lacking(_PAGE, after, lead_id)


def _ledger(session: Session) -> tuple[str, ...]:
    return session.vendors.ledger_faults(_SHOWN)


_Came = tuple[str, int, str]


def _page(
    session: Session, *, after: str, lead_id: str | None
) -> list[tuple[StoredCertificate, _Came]]:
    rules = KeptRules(session)
    kept = session.enriching.certificates(_PAGE, after, lead_id)
    return [(each, _checked(session, each, rules)) for each in kept]


def _checked(session: Session, kept: StoredCertificate, rules: KeptRules) -> _Came:
    told = session.told.of(kept.decision_id)
    if not isinstance(told, Told):
        return "refuted", 0, "its decision is not there" if told is None else told.why
    certificate, changed = kept.certificate, _was_changed(kept, told)
    if certificate is None or changed is not None:
        return "refuted", 0, changed or _UNREAD
    if told.is_erased or told.lacks_people:
        return "erased", 0, ""
    question = _question(session, told, rules)
    if isinstance(question, str):
        return "refuted", 0, question
    found = check(question, certificate)
    return ("held", found.tried, "") if found.holds else ("refuted", found.tried, _why(found))


def _was_changed(kept: StoredCertificate, told: Told) -> str | None:
    """Return why a certificate is not the one its decision names; also of erased persons."""
    certificate = kept.certificate
    if certificate is None:
        return _UNREAD
    if hashlib.sha256(certificate.body.encode()).hexdigest() != certificate.digest:
        return "it is not what its digest is of"
    if f'"certificate_digest":"{certificate.digest}"' not in told.text:
        return "its decision names another certificate"
    return None if told.lead_id == kept.lead_id else "it stands under another lead"


def _question(session: Session, told: Told, rules: KeptRules) -> Question | str:
    """Return what the decision hung on, or why that cannot be said."""
    try:
        found = ask_again(told, rules.of(told), session.leads.decision)
    except Strayed as strayed:
        return f"it asks for {strayed.question}, which was not asked then"
    except LeadfitError as error:
        return str(error)
    return "nothing was sold that its decision lacked" if found is None else found


def _why(found: Checked) -> str:
    if not found.is_same:
        return "its bounds come out otherwise"
    first = found.differing[0]
    facts = ", ".join(f"{name} is {value}" for name, value in sorted(first.completion.items()))
    came = f"Tier {first.came.tier.value} for {first.came.owner_id or 'nobody'}"
    return f"with {facts} it comes to {came}"
