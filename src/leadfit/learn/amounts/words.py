"""What an effect on an amount means, in a sentence beside the profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from leadfit.currency import minor_digits
from leadfit.learn.result import AmountEffect, Benchmark, Claim, ProfileRow

_READ = {
    Claim.CAUSED: "caused, if nothing unrecorded explains more than {rv:.0%}",
    Claim.ASSOCIATED: "associated; a cause is not shown",
    Claim.INSUFFICIENT: "may be chance",
}


def with_amounts(benchmark: Benchmark, effects: Sequence[AmountEffect]) -> Benchmark:
    """Return ``benchmark`` with effects on amounts, told beside the values of the profile.

    A value that could not be compared is left as it is.
    """
    known, currency = {(e.fact, e.value): e for e in effects}, benchmark.money.currency
    return replace(
        benchmark,
        amount_effects=tuple(effects),
        profile=tuple(
            _with_amount(row, known.get((row.fact, row.value)), currency)
            for row in benchmark.profile
        ),
    )


def _with_amount(row: ProfileRow, found: AmountEffect | None, currency: str | None) -> ProfileRow:
    if found is None or found.claim not in _READ:
        return row
    unit = f"{currency} " if currency else ""
    read = _READ[found.claim].format(rv=found.robustness)
    return replace(
        row,
        why=f"{row.why}. Worth {unit}{_signed(found.effect, currency)} a customer in its first "
        f"{found.months} months, against customers like it ({_signed(found.low, currency)} to "
        f"{_signed(found.high, currency)}): {read}",
    )


def _signed(minor: float, currency: str | None) -> str:
    """Return a difference of money with its sign, in whole units.

    >>> _signed(320_000, "EUR"), _signed(-5_000, "EUR")
    ('+3,200', '\u221250')
    """
    return f"{minor / 10 ** minor_digits(currency):+,.0f}".replace("-", "\u2212")
