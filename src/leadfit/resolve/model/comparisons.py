"""Which comparisons and blocking rules a set of columns calls for, before any training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from leadfit.resolve.model.card import Blocking, Comparison, Level, Test
from leadfit.resolve.model.weigh import WORDS
from leadfit.resolve.normal import Column

MOST: Final = 500
"""Records that may share a key; a key more records share is skipped."""

_PARTS: Final[Mapping[Column, tuple[str, ...]]] = {
    Column.NAME: ("", "first", "last", "nick"),
    Column.COMPANY: ("", "legal", "place", "alias"),
    Column.FIRST_NAME: ("", "nick"),
    Column.SURNAME: ("",),
    Column.EMAIL: ("", "local", "domain", "kind"),
    Column.DOMAIN: ("", "label", "suffix"),
    Column.PHONE: ("", "suffix", "extension"),
    Column.STREET: ("", "number", "unit"),
    Column.CITY: ("",),
    Column.REGION: ("",),
    Column.POSTCODE: ("", "area"),
    Column.COUNTRY: ("",),
    Column.TITLE: ("", "level"),
    Column.DATE: ("", "year"),
    Column.IDENTIFIER: ("",),
    Column.TEXT: ("",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of a file under the name its normalised values go by.

    Attributes:
        header: As it stands in the file.
        column: What it holds.
        name: Such as ``street`` or, for a second one, ``street_2``; texts and identifiers go by
            their header.
    """

    header: str
    column: Column
    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Normalised columns of the field: the value and its parts."""
        return tuple(f"{self.name}.{part}" if part else self.name for part in _PARTS[self.column])


def fields_of(recognised: Mapping[str, Column]) -> tuple[Field, ...]:
    """Return the fields of a file's columns, in their order.

    >>> [field.name for field in fields_of({"Town": Column.CITY, "Tax ID": Column.IDENTIFIER})]
    ['city', 'identifier_tax_id']
    """
    taken: dict[str, int] = {}
    fields = []
    for header, column in recognised.items():
        name = column.value
        if column in {Column.TEXT, Column.IDENTIFIER}:
            name = f"{name}_{_plain(header)}"
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            name = f"{name}_{taken[name]}"
        fields.append(Field(header=header, column=column, name=name))
    return tuple(fields)


def _plain(header: str) -> str:
    parts = "".join(each if each.isalnum() else " " for each in header.lower()).split()
    return "_".join(parts) or "column"


def comparisons_for(
    fields: Sequence[Field], *, few: Collection[str] = ()
) -> tuple[Comparison, ...]:
    """Return comparisons with levels of no weight yet.

    Args:
        fields: Those of the file.
        few: Names of texts with so few different values that only equality tells anything.
    """
    return tuple(
        each
        for field in fields
        for each in (_few if field.name in few else _COMPARED[field.column])(field.name, fields)
    )


def _comparison(name: str, *levels: Level, blank: str | None = None) -> Comparison:
    return Comparison(
        name=name, blank=(blank or name,), levels=(*levels, Level(test=Test.ELSE, bits=0.0))
    )


def _exact(column: str, *, by_frequency: bool = True) -> Level:
    return Level(test=Test.EXACT, columns=(column,), bits=0.0, by_frequency=by_frequency)


def _part(column: str) -> Level:
    return _exact(column, by_frequency=False)


def _alike(column: str, *thresholds: float) -> Iterator[Level]:
    for threshold in thresholds:
        yield Level(test=Test.JARO_WINKLER, columns=(column,), threshold=threshold, bits=0.0)


def _edits(column: str, *most: int) -> Iterator[Level]:
    for each in most:
        yield Level(test=Test.DAMERAU, columns=(column,), threshold=float(each), bits=0.0)


def _overlap(column: str, threshold: float) -> Level:
    return Level(test=Test.OVERLAP, columns=(column + WORDS,), threshold=threshold, bits=0.0)


def _together(*columns: str) -> Level:
    return Level(test=Test.EXACT, columns=columns, bits=0.0)


def _alike_together(column: str, threshold: float, *same: str) -> Level:
    return Level(test=Test.JARO_WINKLER, columns=(column, *same), threshold=threshold, bits=0.0)


def _there(fields: Sequence[Field], *names: str) -> tuple[str, ...]:
    return tuple(name for name in names if any(field.name == name for field in fields))


def _of_company(name: str, fields: Sequence[Field]) -> tuple[Level, ...]:
    """Return levels of a contact's place that its company explains: colleagues share both."""
    if not _there(fields, "first_name", "surname", "name"):
        return ()
    return tuple(_together(name, known) for known in _there(fields, "domain", "company"))


def _swapped(name: str, other: str, fields: Sequence[Field]) -> tuple[Level, ...]:
    if all(field.name != other for field in fields):
        return ()
    return (Level(test=Test.SWAPPED, columns=(name, other), bits=0.0),)


def _first_name(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    nick = Level(test=Test.ANY_TOKEN, columns=(f"{name}.nick",), bits=0.0)
    swapped = _swapped(name, "surname", fields)
    yield _comparison(name, _exact(name), *swapped, nick, *_alike(name, 0.92, 0.85))


def _surname(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    swapped = _swapped(name, "first_name", fields)
    yield _comparison(name, _exact(name), *swapped, *_alike(name, 0.92, 0.85))


def _full_name(name: str, _: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(
        name,
        _exact(name),
        _overlap(name, 0.7),
        *_alike(name, 0.92),
        _overlap(name, 0.35),
        *_alike(name, 0.8),
    )


def _company(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    if name == "company" and any(field.name == "domain" for field in fields):
        # Name and domain tell of one company; counted apart, colleagues would look like one.
        yield Comparison(
            name=name,
            blank=(),
            either=(name, "domain"),
            levels=(
                _exact("domain"),
                _exact(name),
                _overlap(name, 0.7),
                _part("domain.label"),
                *_alike(name, 0.92),
                _overlap(name, 0.35),
                Level(test=Test.ELSE, bits=0.0),
            ),
        )
    elif _there(fields, "first_name", "surname", "name") and _there(fields, "city"):
        # The other way round: the company with a slip, in the same city.
        (whole,) = _full_name(name, fields)
        first, *rest = whole.levels
        slip = _alike_together(name, 0.92, "city")
        yield replace(whole, levels=(first, slip, *rest))
    else:
        yield from _full_name(name, fields)
    yield _comparison(f"{name}.place", _part(f"{name}.place"))


def _email(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    # Whole addresses of colleagues are alike; what stands before the @ is not.
    local = f"{name}.local"
    names = _there(fields, "first_name", "surname")
    levels = [_exact(name)]
    if len(names) == 2:
        # Addresses are made of names: with the same names they tell little more.
        for known in (names, names[1:]):
            levels += [_together(local, *known), _alike_together(local, 0.92, *known)]
    yield _comparison(name, *levels, _exact(local), *_alike(local, 0.92))


def _domain(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    if name != "domain" or all(field.name != "company" for field in fields):
        yield _comparison(name, _exact(name), _part(f"{name}.label"), *_alike(name, 0.92))


def _phone(name: str, _: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(name, _exact(name), _part(f"{name}.suffix"), *_edits(name, 1, 2))


def _street(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    other = "street_2" if name == "street" else "street"
    yield _comparison(
        name,
        *_of_company(name, fields),
        _exact(name),
        *_swapped(name, other, fields),
        _overlap(name, 0.6),
        *_alike(name, 0.92, 0.82),
    )
    number = f"{name}.number"
    yield _comparison(number, _part(number), *_edits(number, 1))


def _city(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    explained = _of_company(name, fields)
    # Colleagues share the city with a slip of the finger, too.
    slips = [_alike_together(name, 0.92, *level.columns[1:]) for level in explained]
    yield _comparison(name, *explained, *slips, _exact(name), *_alike(name, 0.92, 0.82))


def _few(name: str, _: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(name, _exact(name))


def _region(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(name, *_of_company(name, fields), _exact(name))


def _postcode(name: str, fields: Sequence[Field]) -> Iterator[Comparison]:
    explained = _of_company(name, fields)
    yield _comparison(name, *explained, _exact(name), *_edits(name, 1), _part(f"{name}.area"))


def _title(name: str, _: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(name, _exact(name), _overlap(name, 0.5))


def _date(name: str, _: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(name, _exact(name), *_edits(name, 1, 2), _part(f"{name}.year"))


def _identifier(name: str, _: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(name, _exact(name), *_edits(name, 1, 2))


def _text(name: str, _: Sequence[Field]) -> Iterator[Comparison]:
    yield _comparison(name, _exact(name), _overlap(name, 0.5), *_alike(name, 0.92, 0.8))


_COMPARED: Final[Mapping[Column, Callable[[str, Sequence[Field]], Iterator[Comparison]]]] = {
    Column.NAME: _full_name,
    Column.COMPANY: _company,
    Column.FIRST_NAME: _first_name,
    Column.SURNAME: _surname,
    Column.EMAIL: _email,
    Column.DOMAIN: _domain,
    Column.PHONE: _phone,
    Column.STREET: _street,
    Column.CITY: _city,
    Column.REGION: _region,
    Column.POSTCODE: _postcode,
    Column.COUNTRY: _region,
    Column.TITLE: _title,
    Column.DATE: _date,
    Column.IDENTIFIER: _identifier,
    Column.TEXT: _text,
}


_MOST_TRIED: Final = 60
"""Pairs of keys that are counted, those of the columns that come first."""

_KEYS: Final[Mapping[Column, tuple[str, ...]]] = {
    Column.NAME: ("", ".words:token", ".words:rare", ":first4"),
    Column.COMPANY: ("", ".words:token", ".words:rare", ":first4"),
    Column.FIRST_NAME: ("", ":first2"),
    Column.SURNAME: ("", ":first3", ":last3"),
    Column.EMAIL: ("", ".local", ":first4"),
    Column.PHONE: (".suffix", ":last4"),
    Column.STREET: ("", ".words:token"),
    Column.CITY: ("", ":first3"),
    Column.POSTCODE: ("", ".area"),
    Column.DATE: ("", ".year", ":last5"),
    Column.COUNTRY: (),
}


def keys_of(field: Field) -> tuple[str, ...]:
    """Return the keys a field gives, the whole value first."""
    return tuple(f"{field.name}{part}" for part in _KEYS.get(field.column, ("",)))


def choose_blocking(
    fields: Sequence[Field],
    pairs: Callable[[Sequence[Blocking]], Sequence[int]],
    *,
    most: int,
    a_rule: int,
    in_all: int,
    rules: int,
) -> tuple[Blocking, ...]:
    """Return rules that give many chances to meet and no more pairs than can be weighed.

    A key that is rare enough stands alone, the rarest first. The others stand two together, those
    with most pairs first, as long as there is room.

    Args:
        fields: Those of the file.
        pairs: Counts the pairs of rules.
        most: Cap of every rule.
        a_rule: Pairs one rule may give.
        in_all: Pairs all may give together, some of them twice.
        rules: How many rules there may be.
    """
    keys = [(field.name, key) for field in fields for key in keys_of(field)]
    alone = [Blocking(columns=(key,), most=most) for _, key in keys]
    counted = list(zip(keys, alone, pairs(alone), strict=True))
    chosen = sorted(
        ((count, rule) for _, rule, count in counted if 0 < count <= a_rule),
        key=lambda each: (each[0], each[1].columns),
    )
    kept: list[Blocking] = []
    total = _fill(kept, chosen, 0, in_all, rules)
    if len(kept) < rules:
        # What stands alone already meets every pair that it would meet together with another.
        common = [key for key, rule, _ in counted if rule not in kept]
        together = [
            Blocking(columns=(one, other), most=most)
            for (field, one), (another, other) in combinations(common, 2)
            if field != another
        ][:_MOST_TRIED]
        tried = sorted(
            (
                (count, rule)
                for rule, count in zip(together, pairs(together), strict=True)
                if 0 < count <= a_rule
            ),
            key=lambda each: (-each[0], each[1].columns),
        )
        _fill(kept, tried, total, in_all, rules)
    return tuple(kept)


def _fill(
    kept: list[Blocking],
    offered: Sequence[tuple[int, Blocking]],
    total: int,
    in_all: int,
    rules: int,
) -> int:
    """Take the rules there is room for, and return how many pairs all now give."""
    for count, rule in offered:
        if len(kept) < rules and (total + count <= in_all or not kept):
            kept.append(rule)
            total += count
    return total
