"""The words and number forms of report and pages: one way to say a thing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from leadfit import bounds
from leadfit.buying import MILLION
from leadfit.currency import minor_digits

LONGEST: Final = 120
UNKNOWN: Final = "not known"


def plain(value: object) -> str:
    """Return any value as one line of visible text, without control characters.

    Bidirectional overrides are dropped, so that a name cannot turn its surroundings round.

    >>> plain("a" + chr(0) + "b  c" + chr(0x202E))
    'ab c'
    """
    kept = (
        " " if c.isspace() else c
        for c in str(value)
        if c.isspace() or (unicodedata.category(c) not in ("Cc", "Cs") and c not in _TURNS)
    )
    return " ".join("".join(kept).split())


_TURNS: Final = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)))


def short(value: object, limit: int = LONGEST) -> str:
    """Return a value as one line of at most ``limit`` characters.

    >>> short("x" * 20, 8)
    'xxxxxxx…'
    """
    text = plain(value)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def sentence(value: object) -> str:
    """Return words as a sentence: a capital first, a full stop last.

    >>> sentence("next in turn"), sentence("rep_1 is away.")
    ('Next in turn.', 'rep_1 is away.')
    """
    text = short(value, 400)
    first = text.partition(" ")[0]
    if first.isalpha():
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def count(number: float | None) -> str:
    """Return a number with thousands apart; an unknown one in words.

    >>> count(8000), count(12.5), count(None)
    ('8,000', '12.5', 'not known')
    """
    if number is None:
        return UNKNOWN
    whole = round(number)
    return f"{whole:,}" if abs(number - whole) < 1e-9 else f"{number:,.1f}"


def percent(fraction: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage.

    >>> percent(0.10525)
    '10.5 %'
    """
    return bounds.percent(fraction, digits, UNKNOWN)


def points(fraction: float | None, digits: int = 1) -> str:
    """Return a difference of two rates in percentage points, with its sign.

    >>> points(0.072), points(-0.0301), points(0.0)
    ('+7.2', '\u22123.0', '0.0')
    """
    if fraction is None:
        return UNKNOWN
    text = f"{abs(fraction) * 100:.{digits}f}"
    sign = "" if float(text) == 0 else ("+" if fraction > 0 else "\u2212")
    return sign + text


def points_span(low: float | None, high: float | None) -> str:
    """Return the interval of a difference in percentage points.

    >>> points_span(0.01, 0.035)
    '+1.0 to +3.5'
    """
    return "no interval" if low is None or high is None else f"{points(low)} to {points(high)}"


def money(minor: float | None, currency: str | None) -> str:
    """Return an amount in minor units as money a person reads.

    >>> money(123_456_700, "EUR"), money(950, "JPY"), money(950, "ISK"), money(None, "EUR")
    ('EUR 1,234,567', 'JPY 950', 'ISK 950', 'not known')
    """
    if minor is None:
        return UNKNOWN
    digits = minor_digits(currency)
    amount = minor / 10**digits
    shown = f"{amount:,.0f}" if abs(amount) >= 100 or digits == 0 else f"{amount:,.{digits}f}"
    return f"{currency} {shown}" if currency else shown


def price(millionths: int, currency: str = "") -> str:
    """Return what bought facts cost, as money a person reads; never 0.00 for what was not free.

    Args:
        millionths: Of the currency's main unit.
        currency: Its code; left out where a column's head names it.

    >>> price(1_234_500_000, "USD"), price(4_000, "USD"), price(0)
    ('USD 1,234.50', 'USD 0.0040', '0.00')
    """
    amount = millionths / MILLION
    digits = 4 if 0 < abs(amount) < 1 else 2
    return f"{currency} {amount:,.{digits}f}".lstrip()


def person(rep_id: str, names: Mapping[str, str]) -> str:
    """Return a person as a name with the id, or the id alone where no name is known.

    >>> person("rep_ada", {"rep_ada": "Ada North"}), person("api", {})
    ('Ada North (rep_ada)', 'api')
    """
    name, shown = names.get(rep_id), short(rep_id, 60)
    return shown if name is None or name == rep_id else f"{short(name, 60)} ({shown})"


def moment(at: datetime | None) -> str:
    """Return a time to the minute.

    >>> moment(datetime(2026, 3, 2, 9, 5, tzinfo=UTC))
    '2026-03-02 09:05 UTC'
    """
    return UNKNOWN if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(at: datetime | date | None) -> str:
    """Return the day of a time.

    >>> day(datetime(2026, 3, 2, 9, tzinfo=UTC))
    '2 March 2026'
    """
    return UNKNOWN if at is None else f"{at.day} {at:%B %Y}"


def lasting(passed: timedelta) -> str:
    """Return a length of time in its two largest units.

    >>> lasting(timedelta(hours=26, minutes=3)), lasting(timedelta(seconds=40))
    ('1 d 2 h', '40 s')
    """
    seconds = int(abs(passed.total_seconds()))
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    shown = [(number, unit) for number, unit in parts if number]
    if not shown:
        return "0 s"
    first = parts.index(shown[0])
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)
