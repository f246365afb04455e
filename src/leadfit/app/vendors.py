"""Makes the vendors of facts that the policy names, by their profiles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from leadfit.connectors import Vendor
from leadfit.connectors.transport import Transport
from leadfit.connectors.vendors import Profile, Profiles
from leadfit.connectors.vendors.ask import HttpVendor, Setup
from leadfit.connectors.vendors.table import FileVendor, read_table
from leadfit.errors import BadInput, Fault, LeadfitError, shorten
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.policy.enrichment import VendorRules
from leadfit.world import World

_REFERENCE: Final = "env:"
_OPTIONS: Final = ("url", "file", "plan", "client_id")
_AS: Final = "as_"

_log = logger("app.vendors")


class Vending:
    """The vendors of the policy in force; made anew when it changes.

    Args:
        place: The workspace.
        transport: The way out.
        environment: Where secrets are.
        policy: The policy in force.
        world: Time.
    """

    def __init__(
        self,
        place: Path,
        transport: Transport,
        environment: Mapping[str, str],
        policy: Callable[[], Policy],
        world: World,
    ) -> None:
        self._place = place
        self._transport = transport
        self._environment = environment
        self._policy = policy
        self._world = world
        self._lock = threading.Lock()
        self._digest: str | None = None
        self._made: Mapping[str, Vendor] = {}

    def check(self) -> None:
        """Make the vendors of the policy in force.

        Raises:
            BadInput: One of them cannot be asked; every fault is named.
        """
        policy = self._policy()
        made, faults = self._make(policy)
        if faults:
            raise BadInput(faults)
        with self._lock:
            self._made, self._digest = made, policy.digest

    def __call__(self) -> Mapping[str, Vendor]:
        """Return the vendors that can be asked, by their names in the policy."""
        policy = self._policy()
        with self._lock:
            if policy.digest != self._digest:
                self._made, faults = self._make(policy)
                self._digest = policy.digest
                if faults:
                    # It was put in force while the server runs: the others are asked all the same.
                    _log.error("vendors.faulty", code=BadInput.code)
            return self._made

    def _make(self, policy: Policy) -> tuple[dict[str, Vendor], list[Fault]]:
        made: dict[str, Vendor] = {}
        faults: list[Fault] = []
        for rules in policy.enrich.vendors if policy.enrich.on else ():
            found = list(self._faults(rules))
            if found:
                faults += found
            else:
                made[rules.name] = self._vendor(rules)
        return made, faults

    def _vendor(self, rules: VendorRules) -> Vendor:
        profile = Profiles(self._place).get(rules.profile)
        names = _names(rules)
        if rules.profile == "csv":
            return FileVendor(self._place / str(rules.options["file"]), profile, names)
        setup = Setup(
            secret=self._said(rules.secret),
            client_id=self._said(_option(rules, "client_id")),
            url=_option(rules, "url"),
            plan=_option(rules, "plan"),
            names=names,
            windows={each.seconds: each.calls for each in rules.windows},
        )
        return HttpVendor(self._transport, profile, setup, world=self._world)

    def _said(self, text: str | None) -> str | None:
        if text is not None and text.startswith(_REFERENCE):
            return self._environment.get(text.removeprefix(_REFERENCE))
        return text

    def _faults(self, rules: VendorRules) -> Iterator[Fault]:
        place = f"policy.toml: enrich.vendors.{rules.name}"
        try:
            profile = Profiles(self._place).get(rules.profile)
        except BadInput as error:
            for each in error.faults:
                yield Fault(place=f"{place}: {each.place}", came=each.came, allowed=each.allowed)
            return
        yield from _wrong_options(place, rules, profile)
        yield from _wrong_supplies(place, rules, profile)
        if rules.profile == "csv":
            yield from self._wrong_file(place, rules)
            return
        for name, text in (("secret", rules.secret), ("client_id", _option(rules, "client_id"))):
            if text is not None and not self._said(text):
                variable = text.removeprefix(_REFERENCE)
                allowed = f"the environment variable {variable}, set and not empty"
                yield Fault(place=f"{place}.{name}", came="nothing", allowed=allowed)
        is_asked = profile.auth.kind != "none" and not profile.auth.optional
        if is_asked and rules.secret is None:
            yield Fault(place=f"{place}.secret", came="nothing", allowed="env:NAME")

    def _wrong_file(self, place: str, rules: VendorRules) -> Iterator[Fault]:
        name = _option(rules, "file")
        if name is None:
            allowed = "a CSV file with a column domain or email"
            yield Fault(place=f"{place}.options.file", came="nothing", allowed=allowed)
            return
        try:
            read_table(self._place / name)
        except OSError as error:
            came = f"{name}: {type(error).__name__}"
            yield Fault(place=f"{place}.options.file", came=came, allowed="a file to read")
        except LeadfitError as error:
            yield Fault(place=f"{place}.options.file", came=str(error), allowed="CSV in UTF-8")


def _option(rules: VendorRules, name: str) -> str | None:
    value = rules.options.get(name)
    return None if value is None else str(value)


def _names(rules: VendorRules) -> dict[str, str]:
    return {
        name.removeprefix(_AS): str(value)
        for name, value in rules.options.items()
        if name.startswith(_AS)
    }


def _wrong_options(place: str, rules: VendorRules, profile: Profile) -> Iterator[Fault]:
    for name in rules.options:
        is_known = name in _OPTIONS or (
            name.startswith(_AS) and name.removeprefix(_AS) in rules.supplies
        )
        if not is_known:
            allowed = f"{', '.join(_OPTIONS)}, or as_ and a fact of supplies"
            yield Fault(place=f"{place}.options", came=shorten(name), allowed=allowed)
    wants_url = any(
        "{url}" in (each or "")
        for each in (profile.base, *(product.base for product in profile.products.values()))
    )
    if wants_url and rules.profile != "csv" and _option(rules, "url") is None:
        yield Fault(place=f"{place}.options.url", came="nothing", allowed="an https address")
    plan = _option(rules, "plan")
    for name, bucket in profile.rates.items():
        if plan is not None and plan not in bucket.plans:
            allowed = f"one of {', '.join(bucket.plans)} for {name}"
            yield Fault(place=f"{place}.options.plan", came=shorten(plan), allowed=allowed)
    is_paced = all(product.bucket is not None for product in profile.products.values())
    if profile.status != "local" and not rules.windows and not (is_paced and profile.rates):
        allowed = "your limits: nothing is known of those of this vendor"
        yield Fault(place=f"{place}.windows", came="nothing", allowed=allowed)


def _wrong_supplies(place: str, rules: VendorRules, profile: Profile) -> Iterator[Fault]:
    names = _names(rules)
    for fact, kind in rules.supplies.items():
        product = profile.products.get(kind)
        if product is None:
            known = ", ".join(profile.products) or "nothing: its endpoints are not known"
            allowed = f"a fact of what {profile.title} can be asked about ({known})"
            yield Fault(place=f"{place}.supplies.{fact}", came=shorten(kind), allowed=allowed)
        elif not product.any_fact and names.get(fact, fact) not in product.facts:
            allowed = f"{', '.join(product.facts)}, or as_{fact} naming one of them in options"
            yield Fault(place=f"{place}.supplies", came=shorten(fact), allowed=allowed)
