"""Minor units of currencies."""

from __future__ import annotations

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


def minor_digits(currency: str | None) -> int:
    """Return how many digits the minor unit of a currency has; 2 for one that is not known.

    >>> minor_digits("EUR"), minor_digits("ISK"), minor_digits("KWD")
    (2, 0, 3)
    """
    return _MINOR_DIGITS.get(currency or "", 2)
