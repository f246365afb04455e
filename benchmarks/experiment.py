"""Experiments with response times: how often an interval is wrong at any look, and what it finds.

Worlds of accounts that are drawn into two targets. An interval is looked at again and again while
accounts come in; it is wrong if it leaves the true difference out at any of these looks. Beside it
stands the interval of a fixed size at 95 % (Wald), read as often, which is what a spreadsheet does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recording import asked_for_full, record

from leadfit.bounds import upper_bound
from leadfit.watch.anytime import DrawnUnit, against_chance, difference
from leadfit.world import seeded

SEED = 4100
EVERY = 100
Z = 1.959964


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rates of the two targets, and with which chance the faster one is drawn."""

    name: str
    usual: float
    fast: float
    chance: float = 0.5
    drifts: bool = False


CASES = (
    Case(name="no difference, 3 % convert", usual=0.03, fast=0.03),
    Case(name="no difference, 10 % convert", usual=0.10, fast=0.10),
    Case(name="no difference, 30 % convert", usual=0.30, fast=0.30),
    Case(name="no difference, 10 %, one in five is fast", usual=0.10, fast=0.10, chance=0.2),
    Case(name="no difference, rates double half-way", usual=0.10, fast=0.10, drifts=True),
    Case(name="10 % and 12 %", usual=0.10, fast=0.12),
    Case(name="10 % and 15 %", usual=0.10, fast=0.15),
    Case(name="10 % and 20 %", usual=0.10, fast=0.20),
    Case(name="10 % and 30 %", usual=0.10, fast=0.30),
)


def units(case: Case, number: int, world: int) -> list[DrawnUnit]:
    """Return the accounts of one world."""
    unit = seeded("experiment", SEED, case.name, world).random
    made = []
    for place in range(number):
        treated = unit() < case.chance
        rate = case.fast if treated else case.usual
        if case.drifts and place >= number / 2:
            rate *= 2
        made.append(DrawnUnit(treated=treated, chance=case.chance, outcome=float(unit() < rate)))
    return made


def fixed(seen: Sequence[DrawnUnit]) -> tuple[float, float]:
    """Return the 95 % interval that knows of no other look."""
    sides = [[each.outcome for each in seen if each.treated is side] for side in (False, True)]
    if not all(sides):
        return -1.0, 1.0
    rates = [math.fsum(side) / len(side) for side in sides]
    spread = math.sqrt(
        sum(rate * (1 - rate) / len(side) for rate, side in zip(rates, sides, strict=True))
    )
    middle = rates[1] - rates[0]
    return middle - Z * spread, middle + Z * spread


def world(case: Case, number: int, place: int) -> tuple[bool, bool, int | None]:
    """Return whether the interval was ever wrong, the fixed one, and when it was decided."""
    all_units, true = units(case, number, place), case.fast - case.usual
    wrong, wrong_fixed, decided = False, False, None
    for size in range(EVERY, number + 1, EVERY):
        found = difference(all_units[:size])
        wrong |= not found.low <= true <= found.high
        low, high = fixed(all_units[:size])
        wrong_fixed |= not low <= true <= high
        if decided is None and found.is_decided:
            decided = size
    return wrong, wrong_fixed, decided


def figures(worlds: int, number: int) -> Iterator[dict[str, object]]:
    """Return one row a case."""
    for case in CASES:
        ends = [world(case, number, place) for place in range(worlds)]
        when = sorted(math.inf if end is None else end for _, _, end in ends)
        middle = when[(len(when) - 1) // 2]
        wrong = sum(each for each, _, _ in ends)
        yield {
            "case": case.name,
            "true_difference": round(case.fast - case.usual, 4),
            "worlds": worlds,
            "accounts": number,
            "looks": number // EVERY,
            "wrong_at_any_look": wrong,
            "wrong_at_most": round(upper_bound(wrong, worlds), 4),
            "wrong_at_any_look_fixed_interval": sum(each for _, each, _ in ends),
            "decided": sum(end is not None for _, _, end in ends),
            "median_accounts_to_decide": None if math.isinf(middle) else middle,
        }


def fairness(worlds: int, number: int) -> dict[str, object]:
    """Return how often draws as promised, and draws that lose leads, are called unfair."""
    chances = {"fast": 0.5, "usual": 0.5}
    counts = {"as promised": 0, "one fast lead in ten lost": 0}
    for name, lost in (("as promised", 0.0), ("one fast lead in ten lost", 0.1)):
        for place in range(worlds):
            unit = seeded("experiment fairness", SEED, name, place).random
            told: list[tuple[str, dict[str, float]]] = []
            is_unfair = False
            for _ in range(number):
                arm = "fast" if unit() < 0.5 else "usual"
                if arm == "fast" and unit() < lost:
                    continue
                told.append((arm, chances))
                if len(told) % EVERY == 0:
                    is_unfair |= against_chance(told) < 0.001
            counts[name] += is_unfair
    return {"worlds": worlds, "accounts": number, "called_unfair_at_any_look": counts}


def main() -> None:
    """Run it."""
    full = asked_for_full(__doc__)
    worlds, number = (300, 4_000) if full else (20, 1_000)
    rows = list(figures(worlds, number))
    record(
        "experiment",
        {"confidence": 0.95, "rows": rows, "fairness": fairness(worlds, number)},
        full=full,
    )


if __name__ == "__main__":
    main()
