"""The tables of an export folder: their columns, which are required, and what each holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TableName = Literal[
    "accounts",
    "contacts",
    "leads",
    "events",
    "facts",
    "reps",
    "deals",
    "contracts",
    "spend",
    "domains",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A table of the export folder.

    Attributes:
        required: Columns that must be there, and filled in every row.
        optional: Columns that may be there.
        key: The column whose values must differ from row to row.
        one_of: Columns of which every row must fill at least one.
        further: Every further column is a fact; otherwise it is left unread.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    key: str | None = None
    one_of: tuple[str, ...] = ()
    times: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    amounts: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    further: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column with a meaning of its own."""
        return self.required + self.optional


SHAPES: Final[dict[TableName, Shape]] = {
    "accounts": Shape(
        required=("account_id",),
        optional=("name", "domain", "parent_account_id", "country", "created_at", "owner_id"),
        key="account_id",
        times=frozenset({"created_at"}),
        further=True,
    ),
    "contacts": Shape(
        required=("contact_id",),
        optional=(
            "account_id",
            "email",
            "first_name",
            "last_name",
            "title",
            "phone",
            "created_at",
        ),
        key="contact_id",
        times=frozenset({"created_at"}),
    ),
    "leads": Shape(
        required=("lead_id", "created_at"),
        optional=(
            "account_id",
            "contact_id",
            "email",
            "company",
            "source",
            "campaign",
            "region",
            "rep_id",
            "score",
            "tier",
        ),
        key="lead_id",
        times=frozenset({"created_at"}),
        further=True,
    ),
    "events": Shape(
        required=("at", "kind"),
        optional=(
            "lead_id",
            "account_id",
            "contact_id",
            "event_id",
            "amount",
            "currency",
            "reason",
            "value",
            "text",
        ),
        key="event_id",
        one_of=("lead_id", "account_id", "contact_id"),
        times=frozenset({"at"}),
        numbers=frozenset({"value"}),
        amounts=frozenset({"amount"}),
    ),
    "facts": Shape(
        required=("account_id", "fact", "value", "known_at"),
        times=frozenset({"known_at"}),
    ),
    "reps": Shape(
        required=("rep_id", "name"),
        optional=(
            "email",
            "team",
            "manager_id",
            "skills",
            "territories",
            "timezone",
            "working_hours",
            "away_from",
            "away_to",
            "active",
        ),
        key="rep_id",
        flags=frozenset({"active"}),
    ),
    "deals": Shape(
        required=("deal_id",),
        optional=(
            "account_id",
            "lead_id",
            "contact_id",
            "email",
            "company",
            "rep_id",
            "source",
            "campaign",
            "region",
            "score",
            "tier",
            "stage",
            "amount",
            "currency",
            "created_at",
            "closed_at",
            "close_date",
            "budget_confirmed",
            "next_step",
            "won",
            "lost_reason",
        ),
        key="deal_id",
        times=frozenset({"created_at", "closed_at", "close_date"}),
        amounts=frozenset({"amount"}),
        flags=frozenset({"won", "budget_confirmed"}),
        further=True,
    ),
    "contracts": Shape(
        required=("account_id", "start"),
        optional=("renewal", "end", "arr", "currency"),
        times=frozenset({"start", "renewal", "end"}),
        amounts=frozenset({"arr"}),
    ),
    "spend": Shape(
        required=("month", "channel", "amount"),
        optional=("currency",),
        times=frozenset({"month"}),
        amounts=frozenset({"amount"}),
    ),
    "domains": Shape(
        required=("domain", "account_id"),
        optional=("role", "since", "until"),
        times=frozenset({"since", "until"}),
    ),
}
