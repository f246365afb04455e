"""The facts of a planted company: what each may be, how often, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from leadfit.testing.planted.dials import ROLE_SHARES, Dials, Dice
from leadfit.testing.planted.names import listed


class Role(StrEnum):
    """What a fact, or one of its values, truly is."""

    CAUSES_EXPANSION = "causes_expansion"
    CAUSES_CHURN = "causes_churn"
    BOTH = "both"
    WINS_ONLY = "wins_only"
    COPY_OF_A_CAUSE = "copy_of_a_cause"
    RIDES_ON_A_CHANNEL = "rides_on_a_channel"
    ARISES_AFTER_THE_WIN = "arises_after_the_win"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One value of a fact, or one range of a number.

    Attributes:
        value: As in the file, or ``low-high`` for a range.
        share: How common it is where nothing else decides.
        low: First number of the range; ``None`` for text.
        high: Last number of the range.
        accept: What it adds to the log odds of acceptance.
        win: What it adds to the log odds of qualifying and of winning.
        expand: What it adds to the log hazard of expansion.
        churn: What it adds to the log hazard of churn after use.
    """

    value: str
    share: float
    low: int | None = None
    high: int | None = None
    accept: float = 0.0
    win: float = 0.0
    expand: float = 0.0
    churn: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFact:
    """A fact of the planted company.

    Attributes:
        table: ``accounts``, ``leads`` or ``facts``.
        copies: The fact whose level this one mostly repeats.
    """

    name: str
    family: str
    table: str
    role: Role
    levels: tuple[Level, ...]
    copies: str | None = None

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.levels[0].low is not None

    @property
    def only_after_the_win(self) -> bool:
        """Whether only customers have it."""
        return self.role is Role.ARISES_AFTER_THE_WIN


def role_of(fact: PlantedFact, level: Level) -> Role:
    """Return what one value of a fact truly is."""
    if fact.role in {Role.COPY_OF_A_CAUSE, Role.RIDES_ON_A_CHANNEL, Role.ARISES_AFTER_THE_WIN}:
        return fact.role
    if level.expand and level.churn:
        return Role.BOTH
    if level.expand or level.churn:
        return Role.CAUSES_EXPANSION if level.expand else Role.CAUSES_CHURN
    return Role.WINS_ONLY if level.accept or level.win else Role.NOTHING


def design(dials: Dials) -> tuple[PlantedFact, ...]:
    """Return the facts of the company: the named ones, then further ones up to ``dials.facts``."""
    dice = Dice(dials.seed, "facts")
    named = list(_named())
    roles = _roles(dials, dials.facts - len(named), dice)
    made = named
    for n, role in enumerate(roles):
        made = [*made, _further(n, role, made, dice)]
    size = 0.0 if dials.null else dials.effect_size
    return tuple(_sized(fact, size) for fact in made)


def _sized(fact: PlantedFact, size: float) -> PlantedFact:
    levels = tuple(
        replace(
            level,
            accept=level.accept * size,
            win=level.win * size,
            expand=level.expand * size,
            churn=level.churn * size,
        )
        for level in fact.levels
    )
    role = fact.role
    if not size and role not in {Role.RIDES_ON_A_CHANNEL, Role.ARISES_AFTER_THE_WIN}:
        role = Role.NOTHING
    return replace(fact, levels=levels, role=role)


def _roles(dials: Dials, number: int, dice: Dice) -> list[Role]:
    of_share = dict(
        zip(ROLE_SHARES, [role for role in Role if role is not Role.NOTHING], strict=True)
    )
    roles: list[Role] = []
    for name, role in of_share.items():
        roles.extend([role] * round(getattr(dials, name) * number))
    roles = [*roles, *([Role.NOTHING] * number)][:number]
    for last in range(len(roles) - 1, 0, -1):
        other = dice.whole(0, last)
        roles[last], roles[other] = roles[other], roles[last]
    return roles


def _named() -> tuple[PlantedFact, ...]:
    return (*_firmographics(), *_stack(), *_wishes(), *_onboarding())


def _firmographics() -> tuple[PlantedFact, ...]:
    industry = PlantedFact(
        name="industry",
        family="industry",
        table="accounts",
        role=Role.BOTH,
        levels=(
            Level(value="manufacturing", share=0.20),
            Level(value="logistics", share=0.14, expand=0.75, win=0.1),
            Level(value="healthcare", share=0.12, expand=0.65),
            Level(value="software", share=0.16, win=0.25, churn=0.7),
            Level(value="retail", share=0.14, win=0.5, accept=0.2),
            Level(value="education", share=0.08, win=0.2, churn=1.1),
            Level(value="finance", share=0.10),
            Level(value="construction", share=0.06),
        ),
    )
    employees = PlantedFact(
        name="employees",
        family="size",
        table="accounts",
        role=Role.BOTH,
        levels=(
            _range(3, 20, 0.24, win=0.2, churn=0.8),
            _range(21, 50, 0.22),
            _range(51, 200, 0.24, win=0.3, accept=0.2),
            _range(201, 1000, 0.20, expand=0.65),
            _range(1001, 8000, 0.10),
        ),
    )
    return industry, employees


def _stack() -> tuple[PlantedFact, ...]:
    return (
        PlantedFact(
            name="technical_maturity",
            family="technical maturity",
            table="accounts",
            role=Role.CAUSES_EXPANSION,
            levels=(_range(1, 2, 0.35), _range(3, 3, 0.30), _range(4, 5, 0.35, expand=0.65)),
        ),
        PlantedFact(
            name="integration_count",
            family="integration count",
            table="accounts",
            role=Role.COPY_OF_A_CAUSE,
            copies="technical_maturity",
            levels=(_range(0, 2, 0.35), _range(3, 5, 0.30), _range(6, 18, 0.35)),
        ),
        PlantedFact(
            name="crm_in_use",
            family="stack",
            table="accounts",
            role=Role.CAUSES_CHURN,
            levels=(
                Level(value="hosted", share=0.45),
                Level(value="in_house", share=0.20),
                Level(value="spreadsheet", share=0.25, churn=0.9, win=0.2),
                Level(value="none", share=0.10),
            ),
        ),
        _flag("data_warehouse", "stack", Role.CAUSES_EXPANSION, 0.42, expand=0.55, win=0.15),
    )


def _wishes() -> tuple[PlantedFact, ...]:
    return (
        PlantedFact(
            name="use_case",
            family="use case",
            table="leads",
            role=Role.BOTH,
            levels=(
                Level(value="forecasting", share=0.25, expand=0.7),
                Level(value="reporting", share=0.30),
                Level(value="alerting", share=0.20),
                Level(value="one_off_migration", share=0.25, churn=1.1, win=0.3),
            ),
        ),
        PlantedFact(
            name="job_to_be_done",
            family="job to be done",
            table="leads",
            role=Role.NOTHING,
            levels=tuple(
                Level(value=value, share=0.25)
                for value in ("save_time", "cut_cost", "grow_revenue", "lower_risk")
            ),
        ),
        PlantedFact(
            name="budget_authority",
            family="budget authority",
            table="leads",
            role=Role.WINS_ONLY,
            levels=(
                Level(value="owns_budget", share=0.30, accept=0.5, win=0.5),
                Level(value="influences", share=0.45),
                Level(value="no_say", share=0.25, accept=-0.4, win=-0.3),
            ),
        ),
    )


def _onboarding() -> tuple[PlantedFact, ...]:
    return (
        replace(
            _flag(
                "onboarding_champion",
                "onboarding behaviour",
                Role.ARISES_AFTER_THE_WIN,
                0.45,
                expand=0.65,
            ),
            table="facts",
        ),
        PlantedFact(
            name="onboarding_days",
            family="onboarding behaviour",
            table="facts",
            role=Role.ARISES_AFTER_THE_WIN,
            levels=(_range(2, 14, 0.55), _range(15, 45, 0.45, churn=0.7)),
        ),
    )


def _range(
    low: int,
    high: int,
    share: float,
    *,
    accept: float = 0.0,
    win: float = 0.0,
    expand: float = 0.0,
    churn: float = 0.0,
) -> Level:
    return Level(
        value=f"{low}-{high}",
        share=share,
        low=low,
        high=high,
        accept=accept,
        win=win,
        expand=expand,
        churn=churn,
    )


def _flag(
    name: str, family: str, role: Role, share: float, *, expand: float = 0.0, win: float = 0.0
) -> PlantedFact:
    return PlantedFact(
        name=name,
        family=family,
        table="accounts",
        role=role,
        levels=(
            Level(value="no", share=1 - share),
            Level(value="yes", share=share, expand=expand, win=win),
        ),
    )


_SUBJECTS = listed(
    "field_sales data_team multi_site regulated partner_sales remote_work own_fleet works_council "
    "audit_duty shift_work call_centre franchise export_business seasonal_staff training_budget "
    "mobile_app single_sign_on security_review procurement_team quality_office service_desk "
    "project_office open_positions product_lines warehouses suppliers subscriptions price_list "
    "loyalty_scheme customer_portal web_shop branch_offices union_contract research_unit patents "
    "grants public_tenders fixed_price on_call_team data_officer cloud_first legacy_ledger"
)
_STYLES = ("yes or no", "yes or no", "yes or no", "grade", "count")


def _further(n: int, role: Role, causes: Sequence[PlantedFact], dice: Dice) -> PlantedFact:
    name = _SUBJECTS[n] if n < len(_SUBJECTS) else f"trait_{n + 1:03d}"
    strength = dice.between(0.45, 0.95) * (1 if dice.chance(0.8) else -1)
    also_wins = (0.1 if role is Role.CAUSES_EXPANSION else 0.35) * dice.chance(0.6)
    levels = _marked(_plain_levels(dice), role, strength, also_wins)
    copies = None
    if role is Role.COPY_OF_A_CAUSE:
        source = dice.pick([fact for fact in causes if _is_cause(fact)])
        copies, levels = source.name, _look_alike(source)
    return PlantedFact(
        name=name, family="further", table="accounts", role=role, levels=levels, copies=copies
    )


def _is_cause(fact: PlantedFact) -> bool:
    return fact.role in {Role.CAUSES_EXPANSION, Role.CAUSES_CHURN, Role.BOTH}


def _look_alike(source: PlantedFact) -> tuple[Level, ...]:
    return tuple(
        Level(value=f"group_{n + 1}", share=level.share) for n, level in enumerate(source.levels)
    )


def _plain_levels(dice: Dice) -> tuple[Level, ...]:
    share = dice.between(0.3, 0.6)
    match dice.pick(_STYLES):
        case "grade":
            rest = 1 - share
            return (
                Level(value="low", share=rest * 0.6),
                Level(value="medium", share=rest * 0.4),
                Level(value="high", share=share),
            )
        case "count":
            edge = dice.whole(4, 60)
            return (_range(0, edge, 1 - share), _range(edge + 1, 3 * edge, share))
        case _:
            return (Level(value="no", share=1 - share), Level(value="yes", share=share))


def _marked(
    levels: tuple[Level, ...], role: Role, strength: float, also_wins: float
) -> tuple[Level, ...]:
    """Return the levels with the last one doing what the role says."""
    last = levels[-1]
    match role:
        case Role.CAUSES_EXPANSION:
            last = replace(last, expand=strength, win=also_wins)
        case Role.CAUSES_CHURN:
            last = replace(last, churn=1.3 * strength, win=also_wins)
        case Role.BOTH:
            last = replace(last, expand=abs(strength), churn=1.3 * abs(strength))
        case Role.WINS_ONLY:
            last = replace(last, accept=strength, win=strength)
        case _:
            return levels
    return (*levels[:-1], last)
