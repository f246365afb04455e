"""Where leads come from and who works them: channels, regions, campaigns and reps."""

from __future__ import annotations

from dataclasses import dataclass

from leadfit.testing.planted.dials import Confounding, Dials, Dice
from leadfit.testing.planted.names import listed

CHANNELS = ("partner", "web", "event", "webinar", "outbound", "paid_search")
CHANNEL_SHARES = (0.12, 0.28, 0.10, 0.14, 0.18, 0.18)
_CHANNEL_EXPAND = (0.7, 0.35, 0.1, -0.1, -0.4, -0.65)
_CHANNEL_CHURN = (-0.4, -0.2, 0.0, 0.0, 0.2, 0.4)
_CHANNEL_WIN = (0.35, 0.15, 0.1, 0.0, -0.2, -0.3)
REGIONS = ("dach", "uki", "nordics", "france", "north_america")
COUNTRIES = ("DE", "GB", "SE", "FR", "US")
REGION_SHARES = (0.26, 0.22, 0.12, 0.14, 0.26)
_REGION_WIN = (0.1, 0.0, 0.1, -0.1, 0.0)
_REGION_EXPAND = (0.15, 0.0, 0.1, -0.1, -0.1)
ZONES = ("Europe/Berlin", "Europe/London", "Europe/Stockholm", "Europe/Paris", "America/New_York")
REPS_A_REGION = 4
_COST_A_LEAD = (90, 35, 160, 55, 75, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """A rep of the planted company.

    Attributes:
        leniency: What the rep adds to the log odds of accepting.
        skill: What the rep adds to the log odds of winning.
    """

    rep_id: str
    name: str
    region: int
    is_boss: bool
    leniency: float
    skill: float
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The recorded surroundings of a lead, with what they truly do."""

    confounding: Confounding
    sellers: tuple[Seller, ...]

    def state(self, channel: int, region: int, hidden: int) -> int:
        """Return the state of what the riding facts ride on, from 0."""
        match self.confounding:
            case Confounding.ADDITIVE:
                return channel
            case Confounding.INTERACTION:
                return (channel + region) % 2
            case Confounding.UNRECORDED:
                return hidden

    @property
    def tilts(self) -> tuple[float, ...]:
        """How common the last level of a riding fact is, by state."""
        if self.confounding is Confounding.ADDITIVE:
            return (0.80, 0.62, 0.48, 0.40, 0.27, 0.18)
        return (0.22, 0.72)

    def expand(self, channel: int, region: int, hidden: int) -> float:
        """Return what the surroundings add to the log hazard of expansion."""
        match self.confounding:
            case Confounding.ADDITIVE:
                return _CHANNEL_EXPAND[channel] + _REGION_EXPAND[region]
            case Confounding.INTERACTION:
                return 0.9 * ((channel + region) % 2) + _REGION_EXPAND[region]
            case Confounding.UNRECORDED:
                return 0.9 * hidden + _REGION_EXPAND[region]

    def churn(self, channel: int, region: int, hidden: int) -> float:
        """Return what the surroundings add to the log hazard of churn."""
        match self.confounding:
            case Confounding.ADDITIVE:
                return _CHANNEL_CHURN[channel]
            case Confounding.INTERACTION:
                return -0.6 * ((channel + region) % 2)
            case Confounding.UNRECORDED:
                return -0.6 * hidden

    def win(self, channel: int, region: int) -> float:
        """Return what the surroundings add to the log odds of winning."""
        return _CHANNEL_WIN[channel] + _REGION_WIN[region]

    def sellers_of(self, region: int) -> tuple[Seller, ...]:
        """Return those who work the leads of a region."""
        first = region * (REPS_A_REGION + 1)
        return self.sellers[first + 1 : first + 1 + REPS_A_REGION]


_FIRST = listed(
    "Alice Bruno Clara Daniel Emma Felix Greta Hugo Ida Jonas Katja Liam Mona Noah Olivia Paul "
    "Runa Simon Thea Viktor Wanda Xaver Ylva Zack Nora"
)
_LAST = listed(
    "Aldag Bergfors Cole Duval Ekman Falk Grant Hart Ives Jessen Kent Lorne Maas North Olsen Pryce "
    "Rask Stone Tarp Upton Vale Wren York Zander Quist"
)
_SKILLS = ("enterprise", "mid_market", "small_business", "healthcare", "logistics")


def open_market(dials: Dials) -> Market:
    """Return the market of the company with its reps: a boss and four sellers a region."""
    dice = Dice(dials.seed, "market")
    sellers: list[Seller] = []
    for region in range(len(REGIONS)):
        for place in range(REPS_A_REGION + 1):
            n = len(sellers)
            sellers.append(
                Seller(
                    rep_id=f"rep_{n + 1:03d}",
                    name=f"{_FIRST[n]} {_LAST[n]}",
                    region=region,
                    is_boss=place == 0,
                    leniency=0.35 * dice.normal(),
                    skill=0.2 * dice.normal(),
                    skills=tuple(skill for skill in _SKILLS if dice.chance(0.4)),
                )
            )
    return Market(confounding=dials.confounding, sellers=tuple(sellers))


def cost_of(channel: int) -> int:
    """Return what a lead of the channel costs, in whole euros."""
    return _COST_A_LEAD[channel]
