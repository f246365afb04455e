"""Facts under the names of the columns that learning knows them by."""

from __future__ import annotations

from collections.abc import Callable

from leadfit.policy import Policy
from leadfit.policy.policy import fact_name
from leadfit.records import Fact, Facts


class FactNames:
    """Other names of facts, as the policy lists them.

    Args:
        policy: Its ``facts`` name the other names.
    """

    def __init__(self, policy: Policy) -> None:
        self._canon = {
            fact_name(each): fact_name(name)
            for name, others in policy.facts.items()
            for each in (name, *others)
        }

    def canon(self, name: str) -> str:
        """Return the one name under which all names of a fact are compared."""
        plain = fact_name(name)
        return self._canon.get(plain, plain)

    def told(self, facts: Facts) -> dict[str, Fact]:
        """Return the facts that are filled, by their compared names."""
        found: dict[str, Fact] = {}
        for name in sorted(facts):
            value = facts[name]
            if value is not None and not (isinstance(value, str) and not value.strip()):
                found.setdefault(self.canon(name), value)
        return found

    def reader(self, facts: Facts) -> Callable[[str], Fact]:
        """Return the function that finds a fact by a column's name: as written, else compared."""
        told: dict[str, Fact] = {}

        def read(name: str) -> Fact:
            if name in facts:
                return facts[name]
            if facts and not told:
                told.update(self.told(facts))
            return told.get(self.canon(name))

        return read
