"""Tests of the card before training, and of what training counts."""

from __future__ import annotations

from collections.abc import Sequence

from leadfit.resolve.model.card import RecordKind
from leadfit.resolve.model.comparisons import fields_of
from leadfit.resolve.normal import Column
from leadfit.store.batch import Batch
from leadfit.store.drafting import FAMILY, draft, frequencies_of

FIELDS = fields_of({"name": Column.COMPANY, "clean name": Column.COMPANY, "town": Column.CITY})
NAMES = [column for field in FIELDS for column in field.columns]


def filled(batch: Batch, records: Sequence[dict[str, str]]) -> Batch:
    batch.fill([[None, *(record.get(name) for name in batch.columns)] for record in records])
    return batch


def records(copied: bool) -> list[dict[str, str]]:
    return [
        {
            "company": f"acme number{n} works",
            "company_2": f"number{n} works" if copied else f"other{n} words here",
            "city": f"town{n % 7}",
        }
        for n in range(40)
    ]


def test_a_column_that_copies_another_is_not_compared_beside_it() -> None:
    for copied, compared in (
        (True, {"company", "city"}),
        (False, {"company", "company_2", "city"}),
    ):
        with filled(Batch(NAMES, threads=1), records(copied)) as batch:
            card = draft(batch, FIELDS, RecordKind.ACCOUNT)
        assert {each.name for each in card.comparisons} == compared


def test_an_identifier_that_repeats_the_house_number_of_a_street_is_not_compared() -> None:
    fields = fields_of({"street": Column.STREET, "house_no": Column.IDENTIFIER})
    names = [column for field in fields for column in field.columns]
    for repeated in (True, False):
        rows = [
            {
                "street": f"{n} road{n % 9}",
                "street.number": str(n),
                "identifier_house_no": str(n if repeated else n + 500),
            }
            for n in range(40)
        ]
        with filled(Batch(names, threads=1), rows) as batch:
            card = draft(batch, fields, RecordKind.ACCOUNT)
        compared = {each.name for each in card.comparisons}
        assert ("identifier_house_no" in compared) is not repeated
        assert "street.number" in compared


def test_a_name_that_one_entity_bears_often_is_counted_once_for_it() -> None:
    many = [{"company": "acme", "city": "rome"}] * 30 + [
        {"company": f"bolt{n}", "city": "rome"} for n in range(9)
    ]
    with filled(Batch(NAMES, threads=1), many) as batch:
        card = draft(batch, FIELDS, RecordKind.ACCOUNT)
        by_record = frequencies_of(batch, card)["company"]
        assert batch.know([0] * 30 + list(range(30, 39))) == 10
        by_entity = frequencies_of(batch, card, by_entity=True)["company"]
    assert abs(by_record.share("acme") - 30 / 39) < 1e-6
    assert by_entity.share("acme") == 0.1


def test_records_of_one_family_meet_whatever_else_they_share() -> None:
    rows = [
        {**record, FAMILY: "p1" if n in {3, 30} else ""} for n, record in enumerate(records(False))
    ]
    with filled(Batch([*NAMES, FAMILY], threads=1), rows) as batch:
        card = draft(batch, FIELDS, RecordKind.ACCOUNT)
        batch.prepare(card)
        assert batch.block(card).by_rule[-1] == 1
    assert card.blocking[-1].columns == (f"{FAMILY}:token",)


def test_a_domain_can_be_forgotten_with_its_parts() -> None:
    rows = [
        {"company": "a", "company.place": "germany"},
        {"company": "b", "company.place": "italy"},
    ]
    with filled(Batch(NAMES, threads=1), rows) as batch:
        batch.forget("company", ["a"])
        left = batch.records([0, 1])
    assert not left[0]["company"]
    assert not left[0]["company.place"]
    assert left[1]["company.place"] == "italy"
