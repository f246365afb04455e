"""Compares what a vendor answered with the truth, fact by fact in normal form.

Methods: exact two-sided bounds of Clopper and Pearson (1934) at 95 %. Facts of one lead are not
independent; what is said of leads counts each once.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from leadfit.bounds import exact_interval
from leadfit.buying import WhomKind
from leadfit.canonical import canonical
from leadfit.errors import BadInput, Fault
from leadfit.policy.enrichment import VendorRules
from leadfit.records import Fact, Facts
from leadfit.resolve.normal import Column, normalise
from leadfit.store import Session
from leadfit.world import seeded

LEAST_LEADS: Final = 100
"""Leads below which an audit says little."""
MOST_TOLERANCE: Final = 0.5
_MOST_BYTES: Final = 64 * 1_048_576
_COLUMNS: Final[Mapping[str, Column]] = {
    "domain": Column.DOMAIN,
    "country": Column.COUNTRY,
    "city": Column.CITY,
    "title": Column.TITLE,
    "job_title": Column.TITLE,
    "company": Column.COMPANY,
}
_YES: Final = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How often something was right.

    Attributes:
        fact: The fact; ``leads`` for leads of which everything that could be compared was right.
        right: How often it was.
        compared: How often the vendor said it and the truth is known.
        missing: How often the truth is known and the vendor did not say it.
        unreadable: How often the vendor said a number and the file holds text that is none: no
            fault of the vendor, and not compared. Of leads: those with such a value.
        share: Of those compared; ``None`` without any.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    fact: str
    right: int
    compared: int
    missing: int
    share: float | None
    low: float
    high: float
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorAudit:
    """What comparing a vendor's answers with the truth came to.

    Attributes:
        rows: Leads of the file.
        leads: Those the vendor answered about and of which something could be compared.
        facts: By fact.
        whole: By lead.
        tolerance: By which share a number may be off.
        is_enough: There are at least a hundred leads.
    """

    vendor: str
    at: datetime
    rows: int
    leads: int
    facts: tuple[Accuracy, ...]
    whole: Accuracy
    tolerance: float
    is_enough: bool


def audit(
    session: Session, rules: VendorRules, truth: Path, *, tolerance: float, now: datetime
) -> VendorAudit:
    """Compare and keep what comes of it.

    Args:
        session: Holds the answers.
        rules: The vendor.
        truth: CSV with a column ``domain`` or ``email`` and one for each fact.
        tolerance: By which share a number may be off and still be right.
        now: The time of the audit.

    Raises:
        BadInput: The file cannot be used.
    """
    rows = read_truth(truth, tuple(rules.supplies))
    answers = session.vendors.answered(rules.name)
    pairs = [
        (row, said) for row in rows if (said := _said(session, rules, row, answers)) is not None
    ]
    found = compare(pairs, tuple(sorted(rules.supplies)), tolerance)
    whole, leads = found[-1], found[-1].compared
    made = VendorAudit(
        vendor=rules.name, at=now, rows=len(rows), leads=leads, facts=tuple(found[:-1]),
        whole=whole, tolerance=tolerance, is_enough=leads >= LEAST_LEADS,
    )  # fmt: skip
    session.vendors.keep_audit(rules.name, now, canonical(made).decode())
    return made


def read_truth(path: Path, facts: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a file of truth by column, lower case.

    Args:
        path: The file.
        facts: Facts of which at least one must be a column.

    Raises:
        BadInput: It cannot be read, or lacks a column.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(Fault(place=str(path), came="a larger file", allowed="64 MB at most"))
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = {str(each).strip().casefold(): each for each in reader.fieldnames or ()}
            rows = tuple(
                {name: (row.get(column) or "").strip() for name, column in names.items()}
                for row in reader
            )
    except OSError as error:
        came = f"{type(error).__name__}"
        raise BadInput(Fault(place=str(path), came=came, allowed="a file to read")) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(Fault(place=str(path), came=str(error), allowed="CSV in UTF-8")) from error
    if not {"domain", "email"} & set(names) or not set(facts) & set(names):
        allowed = f"a column domain or email, and at least one of {', '.join(facts)}"
        raise BadInput(Fault(place=str(path), came=", ".join(names) or "nothing", allowed=allowed))
    return rows


def _said(
    session: Session,
    rules: VendorRules,
    row: Mapping[str, str],
    answers: Mapping[tuple[str, str], str],
) -> Facts | None:
    """Return what the vendor said of a row, or ``None`` if it was never answered about."""
    facts: dict[str, Fact] = {}
    was_answered = False
    for kind, key in _keys(session, row):
        signal_id = answers.get((kind, key))
        held = None if signal_id is None else session.signals.read(signal_id)
        if held is not None:
            was_answered = True
            facts |= {name: held.facts.get(name) for name in rules.facts_of(kind)}
    return facts if was_answered else None


def _keys(session: Session, row: Mapping[str, str]) -> Iterator[tuple[WhomKind, str]]:
    domain = normalise(Column.DOMAIN, row.get("domain")).get("")
    email = normalise(Column.EMAIL, row.get("email"))
    if domain or email.get("domain"):
        yield "company", domain or email["domain"]
    if email.get(""):
        yield "contact", session.accounts.contact_key(email[""])


def compare(
    pairs: Sequence[tuple[Mapping[str, str], Facts]], facts: Sequence[str], tolerance: float
) -> list[Accuracy]:
    """Return the accuracy of each fact, and last that of leads.

    Args:
        pairs: The truth, and what was said.
        facts: Names of facts.
        tolerance: By which share a number may be off.
    """
    counts = {fact: _Count() for fact in facts}
    leads = _Count()
    for truth, said in pairs:
        known = {fact: truth[fact] for fact in facts if truth.get(fact)}
        verdicts = {fact: _verdict(fact, said.get(fact), known[fact], tolerance) for fact in known}
        for fact, verdict in verdicts.items():
            counts[fact].add(verdict)
        leads.add(_of_lead(tuple(verdicts.values())))
        leads.unreadable += any(each is _Verdict.UNREADABLE for each in verdicts.values())
    return [_accuracy(fact, counts[fact]) for fact in facts] + [_accuracy("leads", leads)]


class _Verdict(Enum):
    """What comparing one value came to."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(slots=True)
class _Count:
    right: int = 0
    compared: int = 0
    missing: int = 0
    unreadable: int = 0

    def add(self, verdict: _Verdict | None) -> None:
        self.right += verdict is _Verdict.RIGHT
        self.compared += verdict in {_Verdict.RIGHT, _Verdict.WRONG}
        self.missing += verdict is _Verdict.MISSING
        self.unreadable += verdict is _Verdict.UNREADABLE


def _verdict(fact: str, said: Fact, known: str, tolerance: float) -> _Verdict:
    if said is None:
        return _Verdict.MISSING
    if isinstance(said, int | float) and _number(known) is None:
        return _Verdict.UNREADABLE
    return _Verdict.RIGHT if agrees(fact, said, known, tolerance) else _Verdict.WRONG


def _of_lead(verdicts: Sequence[_Verdict]) -> _Verdict | None:
    """Return what a lead's values come to; ``None`` where only the file is at fault."""
    compared = [each for each in verdicts if each in {_Verdict.RIGHT, _Verdict.WRONG}]
    if compared:
        is_right = all(each is _Verdict.RIGHT for each in compared)
        return _Verdict.RIGHT if is_right else _Verdict.WRONG
    return None if _Verdict.UNREADABLE in verdicts else _Verdict.MISSING


def _accuracy(fact: str, count: _Count) -> Accuracy:
    low, high = exact_interval(count.right, count.compared)
    return Accuracy(
        fact=fact,
        right=count.right,
        compared=count.compared,
        missing=count.missing,
        share=count.right / count.compared if count.compared else None,
        low=low,
        high=high,
        unreadable=count.unreadable,
    )


def agrees(fact: str, said: Fact, known: str, tolerance: float) -> bool:
    """Return whether two values of a fact are the same in its normal form.

    Args:
        fact: Its name, by which countries, titles and domains are known.
        said: What the vendor said.
        known: The truth, as it stands in a file.
        tolerance: By which share a number may be off.

    >>> agrees("country", "DE", "Germany", 0.1), agrees("employees", 1050, "1,000", 0.1)
    (True, True)
    >>> agrees("industry", "Computer Software", "software", 0.1)
    False
    """
    one, other = _number(said), _number(known)
    if one is not None and other is not None:
        return math.isclose(one, other, rel_tol=0, abs_tol=tolerance * abs(other) + 1e-9)
    column = _COLUMNS.get(fact)
    if column is None:
        return _words(str(said)) == _words(known)
    return _normal(column, str(said)) == _normal(column, known)


def _normal(column: Column, text: str) -> str:
    return normalise(column, text).get("", _words(text))


def _words(text: str) -> str:
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


def _number(value: Fact) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value)
    text = str(value).strip().replace(",", "").casefold()
    if text in _YES:
        return _YES[text]
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def draw(session: Session, rules: VendorRules, leads: int) -> tuple[str, ...]:
    """Return domains of companies a vendor answered about, drawn at random, the same each time.

    Args:
        session: Holds the answers.
        rules: The vendor.
        leads: How many.
    """
    domains = sorted(
        key
        for kind, key in session.vendors.answered(rules.name)
        if kind == "company" and "." in key
    )
    chosen = seeded("vendor audit", rules.name, len(domains)).sample(
        domains, min(leads, len(domains))
    )
    return tuple(sorted(chosen))
