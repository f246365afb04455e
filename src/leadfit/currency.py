"""Amounts of money in minor units of their currency."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

_MINOR_DIGITS: Final = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
            "VND", "VUV", "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
_DECIMAL: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LARGEST: Final = Decimal(10) ** 15


def minor_digits(currency: str | None) -> int:
    """Return how many digits the minor unit of a currency has; 2 for one that is not known.

    >>> minor_digits("EUR"), minor_digits("ISK"), minor_digits("KWD")
    (2, 0, 3)
    """
    return _MINOR_DIGITS.get(currency or "", 2)


def in_minor_units(text: str, currency: str | None) -> int:
    """Return an amount in minor units of its currency, half to even; cents when it is unknown.

    Raises:
        ValueError: When the text is no decimal amount below 10 ** 15.

    >>> in_minor_units("1250.5", "EUR"), in_minor_units("1250", "JPY")
    (125050, 1250)
    """
    if _DECIMAL.fullmatch(text) is None or abs(amount := Decimal(text)) >= _LARGEST:
        raise ValueError(text)
    return int(amount.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_EVEN))
