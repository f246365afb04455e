"""A static profile, written by hand: all rules must hold.

Reads what stands in the file of ``--icp``::

    [[rule]]
    fact = "industry"
    in = ["software", "retail"]

    [[rule]]
    fact = "employees"
    min = 50
    max = 500
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import cast

from leadfit.errors import BadInput, Fault, shorten
from leadfit.levels import as_text, read_number
from leadfit.records import Fact, Facts

_KEYS = frozenset({"fact", "in", "min", "max"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticRule:
    """One condition on one fact; ``None`` where a side is not asked for.

    Attributes:
        among: Values as they are compared: trimmed, lower case.
    """

    fact: str
    among: frozenset[str] | None = None
    least: float | None = None
    most: float | None = None

    def holds(self, value: Fact) -> bool:
        """Tell whether ``value`` satisfies the rule; a blank never does."""
        if value is None:
            return False
        if self.among is not None and as_text(value) not in self.among:
            return False
        if self.least is None and self.most is None:
            return True
        number = read_number(value)
        if number is None:
            return False
        above = self.least is None or number >= self.least
        return above and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticIcp:
    """A profile by rules; an account is ideal when all of them hold."""

    rules: tuple[StaticRule, ...]
    name: str = "static rules"

    def calls_ideal(self, facts: Facts) -> bool:
        """Tell whether an account with ``facts`` is ideal.

        >>> icp = read_static({"rule": [{"fact": "size", "min": 50}]})
        >>> icp.calls_ideal({"size": 80}), icp.calls_ideal({})
        (True, False)
        """
        return all(rule.holds(facts.get(rule.fact)) for rule in self.rules)


def read_static(content: Mapping[str, object]) -> StaticIcp:
    """Read a profile from the content of its TOML file.

    Raises:
        BadInput: Every fault, by its path.
    """
    faults = [
        Fault(place=key, came="a key", allowed="[[rule]] tables only")
        for key in sorted(content)
        if key != "rule"
    ]
    listed = content.get("rule")
    if not isinstance(listed, list) or not listed:
        faults.append(
            Fault(place="rule", came=shorten(listed), allowed="at least one [[rule]] table")
        )
        raise BadInput(faults)
    found = list(
        starmap(_read_rule, ((f"rule.{n}", item, faults) for n, item in enumerate(listed)))
    )
    if faults:
        raise BadInput(faults)
    return StaticIcp(rules=tuple(rule for rule in found if rule is not None))


def _read_rule(path: str, item: object, faults: list[Fault]) -> StaticRule | None:
    if not isinstance(item, dict):
        faults.append(Fault(place=path, came=shorten(item), allowed="a table"))
        return None
    rule = cast("Mapping[str, object]", item)
    faults.extend(
        Fault(place=f"{path}.{key}", came=shorten(rule[key]), allowed="fact, in, min, max")
        for key in sorted(rule.keys() - _KEYS)
    )
    fact = rule.get("fact")
    if not isinstance(fact, str) or not fact:
        faults.append(
            Fault(place=f"{path}.fact", came=shorten(fact), allowed="the name of a column")
        )
    if not rule.keys() & {"in", "min", "max"}:
        faults.append(Fault(place=path, came="no condition", allowed="in, min or max"))
    among = None
    if "in" in rule:
        values = rule["in"]
        if (
            isinstance(values, list)
            and values
            and all(isinstance(value, str | int | float) for value in values)
        ):
            among = frozenset(as_text(cast("Fact", value)) for value in values)
        else:
            faults.append(
                Fault(place=f"{path}.in", came=shorten(values), allowed="a list of values")
            )
    least, most = (_read_edge(path, rule, key, faults) for key in ("min", "max"))
    if least is not None and most is not None and least > most:
        faults.append(
            Fault(place=path, came=f"min {least:g} over max {most:g}", allowed="min up to max")
        )
    return StaticRule(fact=str(fact), among=among, least=least, most=most)


def _read_edge(
    path: str, rule: Mapping[str, object], key: str, faults: list[Fault]
) -> float | None:
    if key not in rule:
        return None
    value = rule[key]
    number = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = read_number(value)
    if number is None:
        faults.append(Fault(place=f"{path}.{key}", came=shorten(value), allowed="a number"))
    return number
