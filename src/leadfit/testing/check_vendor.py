"""What every vendor's profile must do against a vendor on this machine; run by ``tests/contract``.

A profile whose vendor publishes no endpoint is given one, as an operator would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from leadfit.buying import WhomKind
from leadfit.connectors.base import NotAllowedIn, OnHold, Unclear
from leadfit.connectors.lookup import Brought, CannotAsk, Lookup, TooFast
from leadfit.connectors.transport import Transport
from leadfit.connectors.vendors.ask import HttpVendor, Setup
from leadfit.connectors.vendors.load import Profiles
from leadfit.connectors.vendors.profile import Product, Profile, Source
from leadfit.errors import LeadfitError
from leadfit.testing.check_store import expect
from leadfit.testing.receivers import Fault, Reply
from leadfit.testing.vendor_receivers import CLIENT, KEY, RECEIVERS, VendorReceiver
from leadfit.world import World

FACTS: Final = ("country", "employees", "industry", "title")
_EMAIL: Final = "jo@acme.com"
_DOMAIN: Final = "acme.com"
_OWN: Final = {
    "path": "/facts", "query": {"domain": "{domain}"}, "needs": ["domain"], "any_fact": True,
    "same": [{"path": "domain", "field": "domain"}],
}  # fmt: skip
_WRONG: Final = "wrong-key-x"
_SOURCE: Final = {"label": "own", "at": "2026-11-22"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorBench:
    """A vendor under test and who asks it."""

    name: str
    profile: Profile
    receiver: VendorReceiver
    vendor: HttpVendor

    def ask(self, subject: str = _DOMAIN, *, ticket: str | None = None) -> Brought:
        """Ask about a company, or about the person behind an address."""
        kind: WhomKind = "contact" if "@" in subject else "company"
        told = {"reference": "purchase_1", "email" if "@" in subject else "domain": subject}
        return self.vendor.ask(Lookup(kind=kind, fields=told, facts=FACTS), ticket)

    def error(self, subject: str = _DOMAIN) -> LeadfitError:
        """Ask, and return what goes wrong."""
        try:
            self.ask(subject)
        except LeadfitError as error:
            return error
        raise AssertionError(f"{self.name}: nothing goes wrong")


def vendor_bench(
    name: str, transport: Transport, world: World, *, secret: str = KEY
) -> VendorBench:
    """Return a vendor by the profile of this name, asked at a receiver.

    Args:
        name: Name of the profile.
        transport: Lets loopback addresses in.
        world: Time.
        secret: The credential it is asked by.
    """
    receiver = RECEIVERS[name]()
    profile = _here(Profiles().get(name), receiver)
    setup = Setup(secret=secret, client_id=CLIENT, url=receiver.url, names={}, windows={})
    vendor = HttpVendor(transport, profile, setup, world=world)
    return VendorBench(name=name, profile=profile, receiver=receiver, vendor=vendor)


def _here(profile: Profile, receiver: VendorReceiver) -> Profile:
    """Return a profile whose addresses lead to a receiver, and nothing else of it is changed."""
    products: dict[WhomKind, Product] = {
        kind: product.model_copy(update={"base": None})
        for kind, product in profile.products.items()
    }
    sources = dict(profile.sources)
    if not products:
        products["company"] = Product.model_validate(_OWN)
        sources["products"] = Source.model_validate(_SOURCE)
    root = receiver.url.removesuffix(receiver.base)
    url = None if profile.auth.url is None else root + "/" + profile.auth.url.split("/", 3)[3]
    return profile.model_copy(
        update={
            "base": receiver.url,
            "products": products,
            "sources": sources,
            "auth": profile.auth.model_copy(update={"url": url}),
        }
    )


def a_company_is_asked_about_as_the_vendor_takes_it(bench: VendorBench) -> None:
    """And its facts come under the names of the policy."""
    facts = bench.ask().facts
    expect(bench.receiver.wrong == [], f"wrong are {bench.receiver.wrong}")
    employees = facts["employees"]
    expect(employees in {640, 501}, f"employees are {employees}")
    expect((facts["industry"], facts["country"]) == ("Software", "Germany"), f"they are {facts}")


def a_contact_is_asked_about_where_the_vendor_sells_that(bench: VendorBench) -> None:
    """By the address; a vendor that does not is never called."""
    if "contact" in bench.profile.products:
        expect(bench.ask(_EMAIL).facts.get("title") == "VP Finance", "its title is another")
        expect(bench.receiver.wrong == [], f"wrong are {bench.receiver.wrong}")
        return
    expect(isinstance(bench.error(_EMAIL), CannotAsk), "it was asked")
    expect(bench.receiver.asked == 0, "it was called")


def hostile_subjects_stay_what_they_are(bench: VendorBench) -> None:
    """Nothing that a lead says becomes another part of a call."""
    for subject in ("a&b=c.com", "a/../admin", "a?x#y", "ü.example", "{secret}.com", "a b"):
        bench.ask(subject)
        expect(bench.receiver.order[-1:] == [subject], f"{subject} became {bench.receiver.order}")
    expect(bench.receiver.wrong == [], f"wrong are {bench.receiver.wrong}")


def what_is_not_known_is_a_miss(bench: VendorBench) -> None:
    """Never an error, and never a fact."""
    brought = bench.ask("missing.com")
    expect(not brought.facts and brought.refused is None, f"it is {brought}")


def an_answer_about_somebody_else_is_refused(bench: VendorBench) -> None:
    """Whoever that is."""
    bench.receiver.other = "other.com"
    expect(bench.ask().refused == "other_subject", "another company was taken")
    contact = bench.profile.products.get("contact")
    if contact is not None and contact.same:
        bench.receiver.other = "someone@else.com"
        expect(bench.ask(_EMAIL).refused == "other_subject", "another person was taken")


def an_answer_that_is_none_is_refused_and_not_asked_for_again(bench: VendorBench) -> None:
    """Garbage, a list, 50 MB, a body cut short: it was answered, and is paid."""
    for fault, reason in (
        (Fault.WRONG_TYPE, "garbage"),
        (Fault.HUGE, "too_large"),
        (Fault.CUT_SHORT, "cut_short"),
    ):
        bench.receiver.faults = lambda _number, fault=fault: fault  # type: ignore[misc]  # the loop's own
        brought = bench.ask()
        expect(brought.refused == reason, f"{fault} is {brought}")
    bench.receiver.faults = lambda _number: None
    bench.receiver.says = [Reply(status=200, body=["a list"])]
    expect(bench.ask().refused == "wrong_type", "a list was taken")


def facts_of_a_wrong_type_are_left_out(bench: VendorBench) -> None:
    """And the others are taken; hostile texts are no facts."""
    known = bench.receiver.company
    hostile = {"industry": {"$ne": 1}, "country": "De\u202eny"}
    bench.receiver.company = lambda domain: {**known(domain), **hostile}  # type: ignore[method-assign]  # a receiver of the test
    brought = bench.ask()
    expect(set(brought.facts) == {"employees"}, f"taken are {brought.facts}")
    expect(
        (brought.left_out["industry"], brought.left_out["country"])
        == ("wrong_type", "control_characters"),
        f"left out are {brought.left_out}",
    )


def a_call_of_which_nobody_knows_the_end_is_unclear(bench: VendorBench) -> None:
    """Lost, stalled, failed: it may have been carried out."""
    for fault in (Fault.LOST, Fault.STALLED, Fault.FAILED_AFTER, Fault.GARBAGE, Fault.SLOW):
        bench.receiver.faults = lambda _number, fault=fault: fault  # type: ignore[misc]  # the loop's own
        error = bench.error()
        expect(isinstance(error, Unclear), f"{fault} is {error!r}")


def a_redirect_is_not_followed(bench: VendorBench) -> None:
    """Whoever answers elsewhere is not who was asked."""
    bench.receiver.faults = lambda _number: Fault.REDIRECT
    expect(isinstance(bench.error(), OnHold), "it was followed")


def a_wrong_credential_is_no_answer(bench: VendorBench) -> None:
    """Whatever kind of body says so; and it is nowhere shown."""
    wrong = vendor_bench(bench.name, bench.vendor.transport, bench.vendor.world, secret=_WRONG)
    error = wrong.error()
    wrong.receiver.close()
    expect(isinstance(error, NotAllowedIn), f"it is {error!r}")
    expect(_WRONG not in f"{error!r} {wrong.vendor!r} {error.__cause__!r}", "it is shown")


CHECKS: Final[tuple[Callable[[VendorBench], None], ...]] = (
    a_company_is_asked_about_as_the_vendor_takes_it,
    a_contact_is_asked_about_where_the_vendor_sells_that,
    hostile_subjects_stay_what_they_are,
    what_is_not_known_is_a_miss,
    an_answer_about_somebody_else_is_refused,
    an_answer_that_is_none_is_refused_and_not_asked_for_again,
    facts_of_a_wrong_type_are_left_out,
    a_call_of_which_nobody_knows_the_end_is_unclear,
    a_redirect_is_not_followed,
    a_wrong_credential_is_no_answer,
)
"""Every check; each wants a vendor of its own, with half a second for a whole answer."""


ODD: Final[Mapping[str, tuple[tuple[int, object, Mapping[str, str], type[LeadfitError]], ...]]] = {
    "hunter": (
        (403, {"errors": [{"id": "too_many_requests"}]}, {}, TooFast),
        (429, {"errors": [{"id": "usage", "code": 429}]}, {}, OnHold),
    ),
    "lusha": ((402, {}, {}, OnHold), (429, {}, {}, TooFast)),
    "6sense": ((402, {}, {}, OnHold), (429, {}, {}, TooFast)),
    "apollo": (
        (401, b"Invalid access credentials.", {}, NotAllowedIn),
        (403, {"error_code": "API_INACCESSIBLE"}, {}, OnHold),
        (429, {}, {"retry-after": "31"}, TooFast),
    ),
    "clearbit": ((402, {}, {}, OnHold), (429, {}, {"Retry-After": "2"}, TooFast)),
    "zoominfo": ((429, {}, {}, TooFast),),
    "demandbase": ((429, {}, {}, TooFast),),
    "bombora": ((429, {}, {}, TooFast),),
    "http": ((429, {}, {"Retry-After": "5"}, TooFast), (402, {}, {}, OnHold)),
}
"""By profile: status, body, headers, and what that means there."""
