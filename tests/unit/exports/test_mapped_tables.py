"""What a mapping file says of an export's columns, stages and units."""

from __future__ import annotations

import pytest

from leadfit.errors import BadInput
from leadfit.exports import read_export
from leadfit.history import Known
from unit.exports.reading import PEOPLE, MakeMapping, Write, codes


def test_mapped_columns_are_snapshots_unless_the_mapping_says_otherwise(
    write: Write, mapping: MakeMapping
) -> None:
    folder = write(people="id,since,a,b,c\n1,2024-01-01,x,y,z\n")
    described = mapping(PEOPLE + 'ignore = "c"\nknown_at = { b = "after_contact" }\n')
    history = read_export(folder, mapping=described)
    known = {column.name: column.known for column in history.fact_columns}
    assert known == {"a": Known.SNAPSHOT, "b": Known.AFTER_CONTACT}
    assert "snapshot_fact" in codes(history)


def test_a_column_that_the_mapping_names_but_the_file_lacks_is_named(
    write: Write, mapping: MakeMapping
) -> None:
    folder = write(people="id,since\n1,2024-01-01\n")
    with pytest.raises(BadInput, match=r"people\.csv column nope: came no such column"):
        read_export(folder, mapping=mapping(PEOPLE + 'ignore = "nope"\n'))


def test_a_source_that_matches_no_file_is_named(write: Write, mapping: MakeMapping) -> None:
    folder = write(persons="id,since\n1,2024-01-01\n")
    with pytest.raises(BadInput, match=r"sources\.p: came no file that matches people\.csv"):
        read_export(folder, mapping=mapping(PEOPLE))


def test_values_are_mapped_and_literals_fill_a_column(write: Write, mapping: MakeMapping) -> None:
    folder = write(people="id,since,size\n1,2024-01-01,S\n2,2024-01-01,\n")
    described = mapping(
        PEOPLE + 'literals = { source = "fair" }\n[table.values.size]\nS = "small"\n"" = "unsaid"\n'
    )
    leads = read_export(folder, mapping=described).leads.columns
    assert leads["size"] == ["small", "unsaid"]
    assert leads["source"] == ["fair", "fair"]


def test_dropped_rows_are_counted_and_kept_rows_are_not_told_of(
    write: Write, mapping: MakeMapping
) -> None:
    folder = write(people="id,since,stage,kind\n1,2024-01-01,on,a\n2,,Idea,a\n3,2024-01-01,on,b\n")
    described = mapping(
        PEOPLE
        + 'keep = { kind = "a" }\n[[table.drop]]\nblank = "since"\nwhen = { stage = "idea" }\n'
    )
    history = read_export(folder, mapping=described)
    assert history.leads.columns["lead_id"] == ["1"]
    (dropped,) = [notice for notice in history.notices if notice.code == "dropped_rows"]
    assert dropped.evidence["rows"] == 1


def test_a_blank_that_no_stage_explains_is_still_a_fault(
    write: Write, mapping: MakeMapping
) -> None:
    folder = write(people="id,since,stage\n1,2024-01-01,on\n2,,on\n")
    described = mapping(PEOPLE + '[[table.drop]]\nblank = "since"\nwhen = { stage = "idea" }\n')
    with pytest.raises(BadInput, match="row 3 column since: came a blank"):
        read_export(folder, mapping=described)


def test_a_join_names_the_values_that_do_not_join(write: Write, mapping: MakeMapping) -> None:
    folder = write(
        people="id,since,item\n1,2024-01-01,A 1\n2,2024-01-01,A1\n3,2024-01-01,A1\n",
        items="item,price\nA 1,10\n",
    )
    described = mapping(
        PEOPLE.replace('"people.csv"', '"people.csv"\ni = "items.csv"')
        + '[[table.join]]\nfrom = "i"\non = "item"\n'
    )
    history = read_export(folder, mapping=described)
    assert history.leads.columns["price"] == ["10", None, None]
    (notice,) = [notice for notice in history.notices if notice.code == "unmatched_reference"]
    assert notice.field == "item"
    assert notice.evidence["values"] == {"A1": 2}


def test_unknown_times_leave_created_at_blank_and_outcomes_undated(
    write: Write, mapping: MakeMapping
) -> None:
    folder = write(people="id,bought\n1,1\n2,0\n")
    described = mapping(
        'created_at = "unknown"\n'
        + PEOPLE.replace(', created_at = "since"', "")
        + '[[table.event]]\nkind = "converted"\nwhen = { bought = "1" }\n'
    )
    history = read_export(folder, mapping=described)
    assert not history.times_known
    assert history.leads.columns["created_at"] == [None, None]
    assert history.events.columns["lead_id"] == ["1"]
    assert history.events.columns["at"] == [None]


DEALS = """
unit = "deal"
[sources]
d = "deals.csv"
[[table]]
to = "deals"
from = "d"
columns = { created_at = "made", closed_at = "ended" }
stages = { won = "Won", lost = "Lost", open = "Open", accepted = "Taken" }
"""


def test_where_deals_are_the_units_each_is_one_lead(write: Write, mapping: MakeMapping) -> None:
    folder = write(
        deals="deal_id,account_id,made,ended,stage,colour\n"
        "d1,a1,2024-01-01,2024-02-01,Won,red\nd2,,2024-01-01,,Open,blue\n"
        "d3,a1,2024-01-03,,Taken,red\n"
    )
    history = read_export(folder, mapping=mapping(DEALS))
    assert history.unit == "deal"
    assert history.leads.columns["account_id"] == ["a1", "lead:d2", "a1"]
    assert [column.name for column in history.fact_columns] == ["colour"]
    assert history.events.columns["kind"] == ["accepted", "converted"]


def test_a_stage_that_the_mapping_does_not_name_is_a_fault(
    write: Write, mapping: MakeMapping
) -> None:
    folder = write(deals="deal_id,made,ended,stage\nd1,2024-01-01,,Perhaps\n")
    with pytest.raises(BadInput, match=r"row 2 column stage: came 'Perhaps'; allowed: a stage"):
        read_export(folder, mapping=mapping(DEALS))


def test_unpivoted_versions_become_facts_with_their_time(
    write: Write, mapping: MakeMapping
) -> None:
    folder = write(
        people="id,since,acc\n1,2024-01-01,a1\n2,2024-12-01,a1\n",
        versions="acc,from,plan,seats\na1,2024-01-01,free,\na1,2024-03-01,pro,9\n",
    )
    described = mapping(
        PEOPLE.replace('"people.csv"', '"people.csv"\nv = "versions.csv"').replace(
            "lead_id", 'account_id = "acc", lead_id'
        )
        + '[[table]]\nto = "facts"\nfrom = "v"\nunpivot = true\n'
        'columns = { account_id = "acc", known_at = "from" }\n'
    )
    facts = read_export(folder, mapping=described).facts.columns
    assert list(zip(facts["fact"], facts["value"], strict=True)) == [
        ("plan", "free"),
        ("plan", "pro"),
        ("seats", "9"),
    ]
