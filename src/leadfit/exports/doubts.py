"""What is told of an export that was read all the same: far-off dates, blank columns, odd words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from leadfit.errors import shorten
from leadfit.history import Notice
from leadfit.resolve import domain_key

_FAR = timedelta(days=730)
_FEW = 0.05
_LEAST = 20
_ONE_BY_ONE = 20
_SHOWN = 5


def strayed(times: Sequence[datetime]) -> tuple[datetime | None, list[Notice]]:
    """Return the last time before dates that lie years after all others, and what to tell.

    A few dates, at most one in twenty, that follow two years without any record are taken for
    mistakes: one typed as 2062 would otherwise make every customer one of decades. Without the
    clock it cannot be known, so it is told.
    """
    ordered = sorted(times)
    if len(ordered) < _LEAST:
        return None, []
    first = len(ordered) - int(_FEW * len(ordered))
    for place in range(max(1, first), len(ordered)):
        if ordered[place] - ordered[place - 1] > _FAR:
            return ordered[place - 1], [_far_off(ordered, place)]
    return None, []


def _far_off(ordered: Sequence[datetime], place: int) -> Notice:
    number, edge = len(ordered) - place, ordered[place - 1]
    return Notice(
        code="impossible_dates",
        field="at",
        message=f"{number:,} records are dated {ordered[place]:%Y-%m-%d} or later, years after "
        f"all others; they are taken for mistakes and the past is read up to {edge:%Y-%m-%d}. "
        "Give a date with --as-of if they are right.",
        evidence={"rows": number, "first": f"{ordered[place]:%Y-%m-%d}"},
    )


def of_domains(accounts: Mapping[str, Sequence[object]]) -> list[Notice]:
    """Return what is told of domains of accounts that cannot be read.

    Args:
        accounts: Columns ``account_id`` and ``domain``; several domains are joined by ``;``.
    """
    bad = [
        (str(account_id), part.strip())
        for account_id, text in zip(accounts["account_id"], accounts["domain"], strict=True)
        if text is not None
        for part in str(text).split(";")
        if part.strip() and domain_key(part) is None
    ]
    if not bad:
        return []
    shown = ", ".join(f"{shorten(part)} of account {name}" for name, part in bad[:_SHOWN])
    more = f" and {len(bad) - _SHOWN:,} more" if len(bad) > _SHOWN else ""
    return [
        Notice(
            code="unreadable_domain",
            field="domain",
            message=f"No domain that can be registered, and left out: {shown}{more}.",
            evidence={"domains": len(bad), "accounts": len({name for name, _ in bad})},
        )
    ]


def of_columns(blank: Sequence[str], spoilt: Mapping[str, Mapping[str, int]]) -> list[Notice]:
    """Return what is told of columns of facts.

    Args:
        blank: Columns without any value.
        spoilt: By column of numbers, the texts in it that stand for no number, with their counts.
    """
    named = [
        Notice(
            code="all_missing",
            field=name,
            message=f"{name} is blank in every row and is not used.",
        )
        for name in blank[:_ONE_BY_ONE]
    ]
    if len(blank) > _ONE_BY_ONE:
        rest = blank[_ONE_BY_ONE:]
        named.append(
            Notice(
                code="all_missing",
                field=None,
                message=f"{len(rest)} more columns are blank in every row and are not used.",
                evidence={"columns": list(rest[:50]), "count": len(rest)},
            )
        )
    return named + [_spoilt(name, words) for name, words in spoilt.items()]


def _spoilt(name: str, words: Mapping[str, int]) -> Notice:
    shown = sorted(words, key=lambda word: (-words[word], word))[:5]
    rows = sum(words.values())
    return Notice(
        code="missing_as_value",
        field=name,
        message=f"{', '.join(map(repr, shown))} among the numbers of {name} stands for none; "
        f"{rows:,} rows count as blank.",
        evidence={"rows": rows, "words": {word: words[word] for word in shown}},
    )
