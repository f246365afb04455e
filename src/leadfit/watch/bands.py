"""How signals fall into the bands, and how they would with other edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from leadfit.bounds import lower_bound, upper_bound, weighted_share
from leadfit.records import Band
from leadfit.watch.rows import AUDIT, LINK, MISSED, Judged, LinkRow, Period, Rows

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
    return _shares(Counter(link.band for link in links))


def what_if(
    rows: Rows, edges: Sequence[tuple[float, float]], *, period: Period
) -> tuple[WhatIf, ...]:
    """Say how much would be in each band with other edges, and how many of the links wrong.

    A signal without a candidate stays new, and what was held back for another reason than its
    probability, such as a model that is not proved yet, stays where it is. What was judged of every
    kind is weighed by the chance with which it was asked about; what no sample reached is not in
    the share of wrong links.

    Args:
        rows: Links and reviews.
        edges: Of the upper band and of the band for review, the second at most the first; the
            edges in force come first.
        period: Signals matched and pairs judged in it.

    Raises:
        ValueError: Edges are not in order.
    """
    if not edges:
        return ()
    auto, review = edges[0]
    stated = Counter((link.probability, _most(link, auto, review)) for link in rows.links(period))
    asked = (
        *rows.judged(AUDIT, period),
        *(each for each in rows.judged(LINK, period) if each.probability < auto),
        *(each for each in rows.judged(MISSED, period) if each.probability < review),
    )
    return tuple(_what_if(stated, asked, *each) for each in edges)


def _most(link: LinkRow, auto: float, review: float) -> Band:
    """Return the highest band that a probability alone could bring a link to."""
    if link.band is Band.AUTO:
        return Band.AUTO
    if link.band is Band.REVIEW:
        return Band.REVIEW if link.probability >= auto else Band.AUTO
    is_held = link.possible_account_id is None or link.probability >= review
    return Band.NEW if is_held else Band.AUTO


def _what_if(
    stated: Mapping[tuple[float, Band], int], pairs: Sequence[Judged], auto: float, review: float
) -> WhatIf:
    if not 0 <= review <= auto <= 1:
        message = f"edges with 0 <= review <= auto <= 1, not {review:g} and {auto:g}"
        raise ValueError(message)
    counts: Counter[Band] = Counter()
    for (probability, most), count in stated.items():
        if most is Band.NEW or probability < review:
            counts[Band.NEW] += count
        elif most is Band.AUTO and probability >= auto:
            counts[Band.AUTO] += count
        else:
            counts[Band.REVIEW] += count
    above = [pair for pair in pairs if pair.probability >= auto]
    wrong = [not pair.is_same for pair in above]
    share, effective = weighted_share(wrong, [pair.weight for pair in above])
    return WhatIf(
        auto=auto,
        review=review,
        bands=_shares(counts),
        judged=len(above),
        wrong=share if above else None,
        low=lower_bound(share * effective, effective),
        high=upper_bound(share * effective, effective),
    )


def _shares(counts: Counter[Band]) -> tuple[BandShare, ...]:
    total = counts.total()
    return tuple(
        BandShare(
            band=band,
            count=counts[band],
            share=counts[band] / total if total else None,
            low=lower_bound(counts[band], total),
            high=1.0 if counts[band] == total else upper_bound(counts[band], total),
            wanted=wanted,
        )
        for band, wanted in WANTED.items()
    )
