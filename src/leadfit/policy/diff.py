"""What two policies say differently: keys and rows, each with its value before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Final, get_args

from pydantic import BaseModel

from leadfit.canonical import plain
from leadfit.policy.policy import Holiday, Policy, Territory
from leadfit.policy.schema import PolicyFile
from leadfit.records import Rep


class Category(StrEnum):
    """What a change is about."""

    MATCHING = "matching"
    SCORING = "scoring"
    TIERS = "tiers and SLA"
    ROUTING = "routing"
    CAPACITY = "capacity"
    PEOPLE = "people"
    CALENDARS = "calendars"
    DELIVERY = "delivery"
    ENRICHMENT = "enrichment"
    LEARNING = "learning"
    INTAKE = "intake"
    ACTING = "acting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key or row that differs.

    Attributes:
        path: Such as ``tiers.one.sla_minutes`` or ``reps.csv: rep_ana.away_to``.
        before: Its value as text; ``None`` where there was none.
        after: Its value as text; ``None`` where there is none any more.
        meaning: What the key means, as the reference says it; empty for rows.
    """

    category: Category
    path: str
    before: str | None
    after: str | None
    meaning: str = ""

    @property
    def words(self) -> str:
        """The change for a person."""
        if self.before is None:
            return f"{self.path}: new, {self.after}"
        if self.after is None:
            return f"{self.path}: gone, was {self.before}"
        return f"{self.path}: {self.before} before, {self.after} after"


_BY_PREFIX: Final = (
    ("route.capacity", Category.CAPACITY),
    ("route", Category.ROUTING),
    ("matching", Category.MATCHING),
    ("facts", Category.SCORING),
    ("score", Category.SCORING),
    ("detractor", Category.SCORING),
    ("plays", Category.SCORING),
    ("propensity", Category.SCORING),
    ("tiers", Category.TIERS),
    ("sla", Category.TIERS),
    ("sweep", Category.TIERS),
    ("experiment", Category.TIERS),
    ("deliver", Category.DELIVERY),
    ("retry", Category.DELIVERY),
    ("enrich", Category.ENRICHMENT),
    ("learn", Category.LEARNING),
    ("meaningful_use", Category.LEARNING),
    ("signal", Category.INTAKE),
    ("signal_watch", Category.INTAKE),
    ("hooks", Category.INTAKE),
    ("mode", Category.ACTING),
    ("change", Category.ACTING),
    ("version", Category.ACTING),
)
_CALENDAR_COLUMNS: Final = frozenset({"timezone", "working_hours", "calendar"})
_NAMES: Final = ("name", "action", "step", "skill")


def diff(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """Return every key and row in which two policies differ, by category and path.

    What differs in comments, spacing, the order of keys or the line ends of a file changes nothing
    and is not there, so that a cosmetic change gives an empty answer though the digests differ.

    Args:
        before: The policy in force.
        after: The policy that may take its place.
    """
    found = [
        *_keys(before, after),
        *_territories(before.territories, after.territories),
        *_reps(before.reps, after.reps),
        *_holidays(before.holidays, after.holidays),
    ]
    order = list(Category)
    return tuple(sorted(found, key=lambda each: (order.index(each.category), each.path)))


def _keys(before: Policy, after: Policy) -> Iterator[Difference]:
    names = set(PolicyFile.model_fields)
    was = dict(_flat(before.model_dump(mode="json", include=names), ""))
    now = dict(_flat(after.model_dump(mode="json", include=names), ""))
    for path in sorted({*was, *now}):
        if was.get(path) != now.get(path):
            yield Difference(
                category=_category(path),
                path=path,
                before=_shown(was[path]) if path in was else None,
                after=_shown(now[path]) if path in now else None,
                meaning=_meaning(path),
            )


def _flat(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield every value by its path; tables of a list go by their names."""
    if isinstance(value, dict):
        if not value and path:
            return
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for place, each in enumerate(value):
            name = next((each[key] for key in _NAMES if each.get(key)), place)
            yield from _flat(each, f"{path}[{name}]")
        # The first that holds counts, so that their order is a rule of its own.
        names = [next((e[k] for k in _NAMES if e.get(k)), i) for i, e in enumerate(value)]
        yield f"{path} (order)", [str(each) for each in names]
    else:
        yield path, value


def _category(path: str) -> Category:
    top = path.replace("[", ".").replace(" ", ".").split(".")
    for prefix, category in _BY_PREFIX:
        if top[: prefix.count(".") + 1] == prefix.split("."):
            return category
    return Category.ACTING


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_shown(each) for each in value) or "none"
    return "none" if value is None else str(value)


def _meaning(path: str) -> str:
    """Return what the reference says of a key; nothing for keys of the user's own."""
    model: type[BaseModel] = PolicyFile
    words = ""
    for part in path.split(" ", maxsplit=1)[0].replace("[", ".").replace("]", "").split("."):
        field = model.model_fields.get(part)
        if field is None:
            continue
        words = field.description or ""
        inner = _model_in(field.annotation)
        if inner is not None:
            model, words = inner, words or (inner.__doc__ or "")
    return " ".join(words.split())


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, (_model_in(each) for each in get_args(annotation))), None)


def _territories(
    before: tuple[Territory, ...], after: tuple[Territory, ...]
) -> Iterator[Difference]:
    was, now = _rows(map(_territory, before)), _rows(map(_territory, after))
    yield from _changed(was, now, "territories.csv", lambda _column: Category.ROUTING)
    one, other = [e.name for e in before], [e.name for e in after]
    kept = [name for name in one if name in other]
    if kept != [name for name in other if name in one]:
        yield Difference(
            category=Category.ROUTING,
            path="territories.csv (order)",
            before=", ".join(one),
            after=", ".join(other),
        )


def _territory(row: Territory) -> tuple[str, dict[str, str]]:
    said = {fact: ", ".join(sorted(values)) for fact, values in sorted(row.values.items())}
    said |= {f"{fact}_min": f"{size:g}" for fact, size in row.least.items()}
    said |= {f"{fact}_max": f"{size:g}" for fact, size in row.most.items()}
    if row.rep_ids:
        said["rep_ids"] = ", ".join(row.rep_ids)
    return row.name, said


def _reps(before: tuple[Rep, ...], after: tuple[Rep, ...]) -> Iterator[Difference]:
    def category(column: str) -> Category:
        if column == "capacity":
            return Category.CAPACITY
        return Category.CALENDARS if column in _CALENDAR_COLUMNS else Category.PEOPLE

    was, now = _rows(map(_rep, before)), _rows(map(_rep, after))
    yield from _changed(was, now, "reps.csv", category)


def _rep(rep: Rep) -> tuple[str, dict[str, str]]:
    said: dict[str, str] = {}
    for each in fields(rep):
        value = getattr(rep, each.name)
        if each.name == "rep_id" or value is None or value == frozenset():
            continue
        if isinstance(value, frozenset):
            said[each.name] = ", ".join(sorted(value))
        elif isinstance(value, datetime):
            said[each.name] = str(plain(value))
        else:
            said[each.name] = _shown(value)
    return rep.rep_id, said


def _holidays(before: tuple[Holiday, ...], after: tuple[Holiday, ...]) -> Iterator[Difference]:
    was, now = _rows(map(_holiday, before)), _rows(map(_holiday, after))
    yield from _changed(was, now, "holidays.csv", lambda _column: Category.CALENDARS)


def _holiday(day: Holiday) -> tuple[str, dict[str, str]]:
    spans = "; ".join(f"{_clock(start)}-{_clock(end)}" for start, end in day.open) or "closed"
    name = f"{day.day.isoformat()} {day.calendar}" if day.calendar else day.day.isoformat()
    return name, {"name": day.name, "open": spans}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _rows(named: Iterable[tuple[str, dict[str, str]]]) -> dict[str, dict[str, str]]:
    """Return rows by name; a second one of a name has a number behind it."""
    found: dict[str, dict[str, str]] = {}
    for name, row in named:
        key, again = name, 1
        while key in found:
            again += 1
            key = f"{name} #{again}"
        found[key] = row
    return found


def _changed(
    was: Mapping[str, Mapping[str, str]],
    now: Mapping[str, Mapping[str, str]],
    file: str,
    of_column: Callable[[str], Category],
) -> Iterator[Difference]:
    for name in sorted({*was, *now}):
        one, other = was.get(name), now.get(name)
        if one is None or other is None:
            row = one or other or {}
            text = ", ".join(f"{column} {value}" for column, value in row.items())
            yield Difference(
                category=of_column(""),
                path=f"{file}: {name}",
                before=None if one is None else text,
                after=None if other is None else text,
            )
            continue
        for column in sorted({*one, *other}):
            if one.get(column) != other.get(column):
                yield Difference(
                    category=of_column(column),
                    path=f"{file}: {name}.{column}",
                    before=one.get(column, "none"),
                    after=other.get(column, "none"),
                )
