"""Inbound leads that lack facts, with what the facts are and what vendors know of them.

Firms are drawn with industry, size, country and state; people with titles; what happened, from a
blog read to a demo asked for. A form asks for the country, a CRM knows firms that are accounts.
What the lead does not say is known to the world alone, so that a decision by known facts can be
held against the one that all facts would give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from leadfit.buying import DOMAIN, MILLION, Offer, Whom, WhomKind
from leadfit.pipeline import InForce
from leadfit.pipeline.question import Question
from leadfit.policy.groups import Groups
from leadfit.records import Account, Activity, Fact, Kind, Lead, RepLoad, Subject
from leadfit.world import seeded

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 -- its type alone; every sequence is seeded

T = TypeVar("T")
NOW: Final = datetime(2026, 3, 4, 15, tzinfo=UTC)
COMPANY: Final = ("country", "employees", "industry", "state")
PERSON: Final = (DOMAIN, "title")
PRICE_COMPANY: Final = MILLION
PRICE_PERSON: Final = MILLION // 2
HIT_RATE: Final = 0.97

_INDUSTRIES: Final = (
    ("software", 36), ("saas", 18), ("information technology", 8), ("financial services", 8),
    ("insurance", 5), ("manufacturing", 9), ("healthcare", 7), ("retail", 7), ("logistics", 4),
    ("education", 3), ("agriculture", 2),
)  # fmt: skip
_SIZES: Final = ((5, 3), (30, 5), (90, 14), (300, 36), (700, 25), (4000, 17))
_COUNTRIES: Final = (("us", 50), ("ca", 7), ("gb", 12), ("de", 11), ("fr", 6), ("se", 6), ("in", 5))
_STATES: Final = (("ca", 20), ("ny", 20), ("tx", 18), ("wa", 8), ("il", 34))
_TITLES: Final = (
    ("VP Sales", 10), ("CEO", 8), ("Head of Operations", 18), ("Senior Analyst", 20),
    ("Account Manager", 20), ("Intern", 10), ("Consultant", 14),
)  # fmt: skip
_STORIES: Final = (
    ((Kind.FORM_FILL,), 15),
    ((Kind.FORM_FILL, Kind.BLOG_VIEW), 12),
    ((Kind.FORM_FILL, Kind.CONTENT_DOWNLOAD), 9),
    ((Kind.DEMO_REQUEST,), 30),
    ((Kind.DEMO_REQUEST, Kind.PRICING_VIEW, Kind.CALCULATOR), 20),
    ((Kind.DEMO_REQUEST, Kind.PRICING_VIEW, Kind.CALCULATOR, Kind.INTENT_TOPIC), 14),
)


@dataclass(frozen=True, kw_only=True)
class PlantedLead:
    """A lead, and what is true of it.

    Attributes:
        question: Its decision by what is known.
        truth: All facts of it.
        account: The account of its firm, if the firm is one.
        knows: Which vendors know something of it.
    """

    question: Question
    truth: Mapping[str, Fact]
    account: Account | None
    knows: frozenset[str] = field(default_factory=frozenset)

    def offers(self, question: Question) -> tuple[Offer, ...]:
        """Return the calls that can be made about it.

        Args:
            question: Its decision as it stands; a company is asked about by its domain.
        """
        person = _offer("people", "contact", PERSON, PRICE_PERSON)
        if question.is_unresolved:
            return (person,)
        return (person, _offer("companies", "company", COMPANY, PRICE_COMPANY))

    def answered(self, question: Question, offer: Offer) -> Question:
        """Return the decision with what a vendor answers.

        Args:
            question: The decision before.
            offer: The call.
        """
        if offer.vendor not in self.knows:
            return question
        told: dict[str, Fact] = {
            fact: self.truth[fact] for fact in offer.facts if fact in self.truth
        }
        found = told.pop(DOMAIN, None)
        groups = Groups(question.policy)
        held = groups.held(question.subject.facts)
        facts = {**question.subject.facts, **{k: v for k, v in told.items() if k not in held}}
        account = question.accounts[0]
        if question.is_unresolved and found is not None:
            account = self.account
            facts = {**({} if account is None else account.facts), **facts}
            question = replace(question, is_unresolved=False, accounts=(account,))
        free = set(question.free) - groups.held(facts) - {DOMAIN if found is not None else ""}
        lead = replace(
            question.lead,
            facts=facts,
            account_id=None if account is None else account.account_id,
        )
        subject = replace(question.subject, facts=facts)
        return replace(question, subject=subject, lead=lead, free=tuple(sorted(free)))


def planted_leads(in_force: InForce, number: int, seed: int) -> Iterator[PlantedLead]:
    """Yield leads.

    Args:
        in_force: The rules they are decided by.
        number: How many.
        seed: Of everything that is drawn.
    """
    draw = seeded("missing facts", seed)
    for n in range(number):
        yield _lead(in_force, n, draw)


def _lead(in_force: InForce, n: int, draw: Random) -> PlantedLead:
    truth = _truth(draw)
    is_account = draw.random() < 0.15
    account = _account(in_force, n, truth, draw) if is_account else None
    by_free_mail = draw.random() < 0.04
    known: dict[str, Fact] = {}
    if account is not None and not by_free_mail:
        known |= account.facts
    for fact, share in (("country", 0.97), ("industry", 0.25), ("employees", 0.2), ("title", 0.3)):
        if draw.random() < share:
            known.setdefault(fact, truth[fact])
    # Who tells of the country chooses the state beside it, where there are states.
    if "country" in known:
        known.setdefault("state", truth["state"])
    kinds, days = _drawn(_STORIES, draw), draw.uniform(0, 5)
    given = None if by_free_mail else account
    held = Groups(in_force.policy).held(known)
    free = {*COMPANY, *PERSON} - held - (set() if by_free_mail else {DOMAIN})
    knows = {vendor for vendor in ("companies", "people") if draw.random() < HIT_RATE}
    question = Question(
        subject=Subject(
            facts=known,
            activities=tuple(Activity(kind=kind, at=NOW - timedelta(days=days)) for kind in kinds),
        ),
        lead=Lead(
            lead_id=f"lead_{n}",
            created_at=NOW,
            facts=known,
            account_id=None if given is None else given.account_id,
        ),
        accounts=(given,),
        loads=tuple(
            RepLoad(rep=rep, slots_taken=draw.randrange(4), last_turn=draw.randrange(100))
            for rep in in_force.policy.reps
        ),
        in_force=in_force,
        now=NOW,
        is_unresolved=by_free_mail,
        free=tuple(sorted(free)),
    )
    return PlantedLead(question=question, truth=truth, account=account, knows=frozenset(knows))


def _truth(draw: Random) -> dict[str, Fact]:
    country = _drawn(_COUNTRIES, draw)
    return {
        "industry": _drawn(_INDUSTRIES, draw),
        "employees": int(_drawn(_SIZES, draw) * draw.uniform(1, 1.9)),
        "country": country,
        "state": _drawn(_STATES, draw) if country == "us" else "none",
        "title": _drawn(_TITLES, draw),
        DOMAIN: f"firm-{draw.randrange(10**9)}.com",
    }


def _account(in_force: InForce, n: int, truth: Mapping[str, Fact], draw: Random) -> Account:
    """Return the account of a firm: a CRM knows what a vendor would say of it."""
    reps = [rep.rep_id for rep in in_force.policy.reps if rep.team in {"ae", "senior-ae"}]
    return Account(
        account_id=f"account_{n}",
        name=f"Firm {n}",
        domains=(str(truth[DOMAIN]),),
        owner_id=draw.choice(reps) if draw.random() < 0.7 else None,
        facts={fact: truth[fact] for fact in COMPANY},
    )


def _offer(vendor: str, kind: WhomKind, facts: tuple[str, ...], price: int) -> Offer:
    return Offer(
        vendor=vendor,
        whom=Whom(kind=kind, key="planted"),
        facts=facts,
        price=price,
        chance=HIT_RATE,
    )


def _drawn(weighted: tuple[tuple[T, int], ...], draw: Random) -> T:
    values = [value for value, _ in weighted]
    return draw.choices(values, [weight for _, weight in weighted])[0]
