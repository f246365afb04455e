"""Facts under all their names: which names mean one fact, and who looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leadfit.policy.policy import Policy, fact_name
from leadfit.records import Fact, Facts


@dataclass(frozen=True, slots=True)
class Groups:
    """Names of facts that mean the same in a policy.

    Args:
        policy: Its ``facts`` name them.

    >>> from leadfit.policy import load_starter
    >>> Groups(load_starter()).of("Company Size")
    'employees'
    """

    policy: Policy

    def of(self, name: str) -> str:
        """Return the first name of the fact that goes by ``name``.

        Args:
            name: Any name of it, as the policy or a source writes it.
        """
        own = fact_name(name)
        for first, others in self.policy.facts.items():
            if own in {fact_name(first), *map(fact_name, others)}:
                return fact_name(first)
        return own

    def held(self, facts: Facts) -> frozenset[str]:
        """Return the facts that are known, each under its first name.

        Args:
            facts: Facts under any names; blanks are not known.
        """
        return frozenset(self.of(name) for name in self.policy.known(facts))

    def without(self, facts: Facts, left_out: frozenset[str]) -> dict[str, Fact]:
        """Return facts without some.

        Args:
            facts: Facts under any names.
            left_out: First names of those to leave out.
        """
        return {name: value for name, value in facts.items() if self.of(name) not in left_out}

    def filled(self, facts: Facts, completion: Mapping[str, Fact]) -> dict[str, Fact]:
        """Return facts with some set to other values, under whatever name they were held.

        Args:
            facts: Facts under any names.
            completion: Values by first name; ``None`` leaves a fact unknown.
        """
        rest = self.without(facts, frozenset(completion))
        return rest | {name: value for name, value in completion.items() if value is not None}

    def named(self, facts: Facts) -> dict[str, Fact]:
        """Return facts that are known, each once and under its first name.

        Args:
            facts: Facts under any names.
        """
        known = self.policy.known(facts)
        return {first: known[first] for first in sorted(self.held(facts)) if first in known}
