"""The conditions of a list of leads, as SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from leadfit.resolve.model.card import RecordKind
from leadfit.store.codec import to_us
from leadfit.store.listing import LeadFilter

Members = Callable[[RecordKind, str | None], tuple[str | None, ...]]
Condition = tuple[str, Sequence[object]]


def conditions(
    wanted: LeadFilter, after: str | None, members_of: Members
) -> tuple[str, list[object]]:
    """Return what follows WHERE, and its values.

    Args:
        wanted: Which leads.
        after: They stand behind this lead, newest first.
        members_of: Returns the records that a record stands for.
    """
    found = [*_plain(wanted), *_of_records(wanted, members_of)]
    if after is not None:
        behind = "(created_us, lead_id) < (SELECT created_us, lead_id FROM leads WHERE lead_id = ?)"
        found.append((behind, (after,)))
    words = " AND ".join(each for each, _ in found) or "1 = 1"
    return words, [value for _, values in found for value in values]


def _plain(wanted: LeadFilter) -> Iterator[Condition]:
    if wanted.tier is not None:
        yield "tier = ?", (int(wanted.tier),)
    if wanted.owner_id is not None:
        yield "owner_id = ?", (wanted.owner_id,)
    if wanted.is_open is not None:
        yield "is_open = ?", (int(wanted.is_open),)
    if wanted.since is not None:
        yield "created_us >= ?", (to_us(wanted.since),)
    if wanted.is_unassigned:
        yield "is_open = 1 AND owner_id IS NULL", ()
    if wanted.is_breached:
        yield "lead_id IN (SELECT lead_id FROM clocks WHERE breached_us IS NOT NULL)", ()
    if wanted.is_untouched:
        yield "is_open = 1 AND touched_us IS NULL", ()
    if wanted.seen_owners is not None:
        words, values = _any_of("owner_id", wanted.seen_owners)
        yield f"(owner_id IS NULL OR {words})", values


def _of_records(wanted: LeadFilter, members_of: Members) -> Iterator[Condition]:
    for column, kind, ids in (
        ("account_id", RecordKind.ACCOUNT, wanted.account_ids),
        ("contact_id", RecordKind.CONTACT, wanted.contact_ids),
    ):
        if ids is not None:
            known = {each for one in ids for each in members_of(kind, one) if each is not None}
            yield _any_of(column, sorted(known))


def _any_of(column: str, values: Sequence[str]) -> Condition:
    return (f"{column} IN ({','.join('?' * len(values))})", values) if values else ("1 = 0", ())
