"""What was decided in shadow mode beside what the incumbent did: owners and accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from leadfit.bounds import exact_interval
from leadfit.records import Facts
from leadfit.store import Session, Store
from leadfit.store.recorded import RecordedDecision

_PAGE: Final = 500
_EXAMPLES: Final = 10
OWNER_FACTS: Final = ("incumbent_owner_id", "owner_id", "rep_id", "hubspot_owner_id", "ownerid")
"""Facts of a signal that name the owner its sender has given the lead, best first."""
ACCOUNT_FACTS: Final = (
    "incumbent_account_id", "account_id", "matched_account_id", "associatedcompanyid", "accountid",
)  # fmt: skip
"""Facts of a signal that name the account its sender has matched the lead to, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """How often two say otherwise.

    Attributes:
        compared: Leads of which both say something.
        differ: Those of which they say otherwise.
        only_ours: Leads of which the incumbent says nothing, and we do.
        only_theirs: Leads of which we say nothing, and the incumbent does.
        low: Lower bound of the share, 95 %; ``None`` where nothing was compared.
        high: Upper bound of the share.
        most: What differs most often, as theirs and ours.
        examples: Ids of some leads that differ, newest first.
    """

    compared: int
    differ: int
    only_ours: int
    only_theirs: int
    share: float | None
    low: float | None
    high: float | None
    most: tuple[Mapping[str, object], ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """What shadow mode would have changed.

    Attributes:
        decisions: Decisions of leads that were put on record alone.
        leads: Leads opened by them.
        withheld: Actions that were not sent.
        bands: Leads by how they were matched.
    """

    since: datetime | None
    decisions: int
    leads: int
    withheld: int
    owner: Disagreement
    account: Disagreement
    bands: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Tally:
    both: list[tuple[str, str, str]] = field(default_factory=list)
    only_ours: int = 0
    only_theirs: int = 0

    def add(self, lead_id: str, theirs: str | None, ours: str | None) -> None:
        if theirs is not None and ours is not None:
            self.both.append((lead_id, theirs, ours))
        else:
            self.only_ours += ours is not None
            self.only_theirs += theirs is not None

    def found(self) -> Disagreement:
        differ = [each for each in self.both if each[1] != each[2]]
        seen, wrong = len(self.both), len(differ)
        pairs = Counter((theirs, ours) for _, theirs, ours in differ)
        most = sorted(pairs.items(), key=lambda each: (-each[1], each[0]))[:_EXAMPLES]
        low, high = exact_interval(wrong, seen)
        return Disagreement(
            compared=seen,
            differ=wrong,
            only_ours=self.only_ours,
            only_theirs=self.only_theirs,
            share=wrong / seen if seen else None,
            low=low if seen else None,
            high=high if seen else None,
            most=tuple(
                {"theirs": theirs, "ours": ours, "leads": count} for (theirs, ours), count in most
            ),
            examples=tuple(each[0] for each in differ[::-1][:_EXAMPLES]),
        )


def shadow_report(store: Store, since: datetime | None = None) -> ShadowReport:
    """Compare what was decided in shadow mode with the owner and account the incumbent gave.

    The incumbent's are those that an imported lead has, or that a signal carries as a fact
    (``owner_id``, ``account_id`` and other names; see :data:`OWNER_FACTS`). An account that came as
    an identifier is not compared, since it was what the lead was matched by.

    Args:
        store: Read, never written.
        since: Decisions before this time are left out.
    """
    return store.read(lambda session: _report(session, since))


def _report(session: Session, since: datetime | None) -> ShadowReport:
    first, last, _ = session.told.bounds(since)
    owner, account, bands = _Tally(), _Tally(), Counter[str]()
    decisions = 0
    after = first - 1
    while first and after < last:
        page, after = session.recorded.page(after, last, _PAGE)
        in_shadow = [each for each in page if each.body.get("shadow") is True]
        decisions += len(in_shadow)
        opened = [each for each in in_shadow if each.body["opened"] is True]
        incumbents = session.recorded.incumbents(_contacts(opened))
        for each in opened:
            match = cast("Mapping[str, object]", each.body["match"])
            bands[str(match["band"])] += 1
            imported = incumbents.get(str(each.body.get("contact_id")), (None, None))
            _compare(each, match, imported, owner, account)
    return ShadowReport(
        since=since,
        decisions=decisions,
        leads=bands.total(),
        withheld=session.recorded.withheld(),
        owner=owner.found(),
        account=account.found(),
        bands=dict(sorted(bands.items())),
    )


def _contacts(opened: Sequence[RecordedDecision]) -> list[str]:
    return sorted({str(each.body["contact_id"]) for each in opened if each.body.get("contact_id")})


def _compare(
    each: RecordedDecision,
    match: Mapping[str, object],
    imported: tuple[str | None, str | None],
    owner: _Tally,
    account: _Tally,
) -> None:
    subject = cast("Mapping[str, object]", each.body["subject"])
    facts = {**cast("Facts", subject.get("facts", {})), **each.personal}
    assignment = cast("Mapping[str, str] | None", each.body.get("assignment"))
    theirs = _named(facts, OWNER_FACTS) or imported[0]
    owner.add(each.lead_id, theirs, None if assignment is None else assignment["owner_id"])
    reasons = cast("list[Mapping[str, str]]", match.get("reasons", []))
    if not any(reason["rule"] == "crm_id" for reason in reasons):
        given = _named(facts, ACCOUNT_FACTS) or imported[1]
        account.add(each.lead_id, given, cast("str | None", match.get("account_id")))


def _named(facts: Facts, names: Sequence[str]) -> str | None:
    folded = {name.casefold(): value for name, value in facts.items()}
    found = (folded.get(name) for name in names)
    return next((str(value) for value in found if value not in (None, "")), None)
