"""How signals fall into the bands, and how they would with other edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from leadfit.bounds import lower_bound, upper_bound, weighted_share
from leadfit.records import Band
from leadfit.watch.rows import AUDIT, LINK, MISSED, LinkRow, Period, ReviewRow, judged

WANTED: Final[Mapping[Band, tuple[float, float]]] = MappingProxyType(
    {Band.AUTO: (0.70, 0.80), Band.REVIEW: (0.10, 0.15), Band.NEW: (0.10, 0.20)}
)
"""Share of volume each band is meant to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandShare:
    """How much of the volume is in a band.

    Attributes:
        share: Of all signals that opened a lead; ``None`` where there were none.
        low: Lower 95 % bound.
        high: Upper 95 % bound.
        wanted: Lowest and highest share the band is meant to have.
    """

    band: Band
    count: int
    share: float | None
    low: float
    high: float
    wanted: tuple[float, float]

    @property
    def is_outside(self) -> bool:
        """The share is surely not what the band is meant to have."""
        return self.share is not None and (self.high < self.wanted[0] or self.low > self.wanted[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The bands with other edges.

    Attributes:
        auto: Probability from which a link would be made at once.
        review: Probability from which a reviewer would be asked.
        bands: Shares of the volume.
        judged: Judged pairs that would be linked at once.
        wrong: Weighted share of wrong ones among them; ``None`` where none was judged.
        low: Lower 95 % bound on the share of wrong links.
        high: Upper 95 % bound on the share of wrong links.
    """

    auto: float
    review: float
    bands: tuple[BandShare, ...]
    judged: int
    wrong: float | None
    low: float
    high: float


def band_shares(links: Sequence[LinkRow]) -> tuple[BandShare, ...]:
    """Return the share of each band in the volume."""
    return _shares([link.band for link in links])


def what_if(
    links: Sequence[LinkRow],
    reviews: Sequence[ReviewRow],
    *,
    period: Period,
    auto: float,
    review: float,
) -> WhatIf:
    """Say how much would be in each band with other edges, and how many of the links wrong.

    A signal without a candidate stays new. What was judged of every kind is weighed by the chance
    with which it was asked about; what no sample reached is not in the share of wrong links.

    Args:
        links: As for :func:`leadfit.watch.match_kpis`.
        reviews: As there.
        period: Signals matched and pairs judged in it.
        auto: New edge of the upper band.
        review: New edge of the band for review; at most ``auto``.

    Raises:
        ValueError: The edges are not in order.
    """
    if not 0 <= review <= auto <= 1:
        message = f"edges with 0 <= review <= auto <= 1, not {review:g} and {auto:g}"
        raise ValueError(message)

    def band(link: LinkRow) -> Band:
        has_candidate = link.possible_account_id is not None or link.band is Band.AUTO
        if not has_candidate or link.probability < review:
            return Band.NEW
        return Band.AUTO if link.probability >= auto else Band.REVIEW

    pairs = [
        pair
        for kind in (LINK, AUDIT, MISSED)
        for pair in judged(links, reviews, kind, period)
        if pair.probability >= auto
    ]
    wrong = [not pair.is_same for pair in pairs]
    share, effective = weighted_share(wrong, [pair.weight for pair in pairs])
    return WhatIf(
        auto=auto,
        review=review,
        bands=_shares([band(link) for link in links if link.decided_at in period]),
        judged=len(pairs),
        wrong=share if pairs else None,
        low=lower_bound(share * effective, effective),
        high=upper_bound(share * effective, effective),
    )


def _shares(bands: Sequence[Band]) -> tuple[BandShare, ...]:
    total = len(bands)
    return tuple(
        BandShare(
            band=band,
            count=(count := sum(each is band for each in bands)),
            share=count / total if total else None,
            low=lower_bound(count, total),
            high=1.0 if count == total else upper_bound(count, total),
            wanted=wanted,
        )
        for band, wanted in WANTED.items()
    )
