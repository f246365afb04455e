from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from leadfit.errors import BadInput
from leadfit.exports import read_export
from leadfit.exports.faults import Faults
from leadfit.exports.mapping import Derived
from leadfit.exports.query import derive
from leadfit.history import History, Known, Step

Write = Callable[..., Path]
MakeMapping = Callable[[str], Path]


def events_of(history: History, kind: str) -> list[dict[str, object]]:
    columns = history.events.columns
    rows = zip(*columns.values(), strict=True)
    made = [dict(zip(columns, row, strict=True)) for row in rows]
    return [row for row in made if row["kind"] == kind]


def codes(history: History) -> list[str]:
    return [notice.code for notice in history.notices]


def account_of(history: History, lead_id: str) -> object:
    row = list(history.leads.columns["lead_id"]).index(lead_id)
    return history.leads.columns["account_id"][row]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # parts of a time


def test_a_lead_takes_its_own_account_id_before_all_else(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id,email\nl1,2024-01-01,a1,ann@two.com\n",
        accounts="account_id,domain\na1,one.com\na2,two.com\n",
    )
    assert account_of(read_export(folder), "l1") == "a1"


def test_a_lead_without_account_takes_that_of_its_contact(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,contact_id,email\nl1,2024-01-01,c1,ann@two.com\n",
        contacts="contact_id,account_id\nc1,a1\n",
        accounts="account_id,domain\na1,one.com\na2,two.com\n",
    )
    assert account_of(read_export(folder), "l1") == "a1"


def test_a_lead_without_address_has_that_of_its_contact(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,contact_id\nl1,2024-01-01,c1\n",
        contacts="contact_id,email\nc1,ann@two.com\n",
    )
    history = read_export(folder)
    assert history.leads.columns["email"] == ["ann@two.com"]
    assert account_of(history, "l1") == "domain:two.com"


@pytest.mark.parametrize("email", ["ann@two.com", "ann@mail.two.com", "ANN@TWO.COM"])
def test_a_lead_without_contact_takes_the_account_of_its_domain(write: Write, email: str) -> None:
    folder = write(
        leads=f"lead_id,created_at,email\nl1,2024-01-01,{email}\n",
        accounts="account_id,domain\na2,https://www.two.com/\n",
    )
    assert account_of(read_export(folder), "l1") == "a2"


def test_leads_of_one_unknown_domain_share_an_account(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,email\nl1,2024-01-01,a@new.io\nl2,2024-01-01,b@new.io\n"
    )
    history = read_export(folder)
    assert history.leads.columns["account_id"] == ["domain:new.io", "domain:new.io"]
    assert history.accounts.columns["domain"] == ["new.io"]


def test_free_mail_and_no_mail_leave_a_lead_its_own_account(write: Write) -> None:
    folder = write(leads="lead_id,created_at,email\nl1,2024-01-01,a@gmail.com\nl2,2024-01-01,\n")
    assert read_export(folder).leads.columns["account_id"] == ["lead:l1", "lead:l2"]


def test_a_private_suffix_is_no_shared_company(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,email\nl1,2024-01-01,a@one.github.io\nl2,2024-01-01,b@two.github.io\n"
    )
    first, second = read_export(folder).leads.columns["account_id"]
    assert first != second


def test_a_domain_of_two_accounts_links_nobody(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,email\nl1,2024-01-01,a@one.com\n",
        accounts="account_id,domain\na1,one.com\na2,one.com\n",
    )
    history = read_export(folder)
    assert account_of(history, "l1") == "lead:l1"
    assert "shared_domain" in codes(history)


def test_an_account_without_a_name_is_named_by_its_id(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2024-01-01,a1\nl2,2024-01-01,a9\n",
        accounts="account_id,name\na1,\n",
    )
    history = read_export(folder)
    assert history.accounts.columns["account_id"] == ["a1", "a9"]
    assert history.accounts.columns["name"] == ["a1", "a9"]
    assert "unmatched_reference" in codes(history)


def test_an_event_reaches_the_account_of_its_lead_or_contact(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id,contact_id\nl1,2024-01-01,a1,c1\n",
        contacts="contact_id,account_id\nc1,a1\n",
        events="at,kind,lead_id,contact_id\n2024-01-02,accepted,l1,\n2024-01-01,page_view,,c1\n"
        "2024-01-02,accepted,gone,\n",
    )
    history = read_export(folder)
    assert history.events.columns["account_id"] == ["a1", "a1"]
    assert history.events.columns["lead_id"] == ["l1", "l1"]
    assert "unmatched_reference" in codes(history)


def test_as_of_is_the_latest_outcome_or_use_and_later_records_are_counted(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\nl2,2024-09-01\n",
        events="at,kind,lead_id\n2024-03-01,converted,l1\n2024-05-01,used,l1\n"
        "2024-08-01,email_open,l1\n",
    )
    history = read_export(folder)
    assert history.as_of == utc(2024, 5, 1)
    assert history.leads.columns["lead_id"] == ["l1"]
    assert history.events.rows == 2
    left_out = {n.field: n.evidence["rows"] for n in history.notices if n.code == "after_as_of"}
    assert left_out == {"events": 1, "leads": 1}


def test_a_given_as_of_wins(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        events="at,kind,lead_id\n2024-03-01,accepted,l1\n2024-05-01,converted,l1\n",
    )
    history = read_export(folder, as_of=utc(2024, 4, 1))
    assert history.as_of == utc(2024, 4, 1)
    assert history.events.columns["kind"] == ["accepted"]


def test_a_planned_end_of_a_contract_does_not_move_as_of(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2024-01-01,a1\n",
        contracts="account_id,start,end,arr,currency\na1,2024-02-01,2030-01-01,1000,EUR\n",
    )
    history = read_export(folder)
    assert history.as_of == utc(2024, 2, 1)
    assert history.events.columns["kind"] == ["converted"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-31", utc(2024, 3, 31)),
        ("2024-03-31T09:30:00+02:00", utc(2024, 3, 31, 7, 30)),
        ("2024-03-31 9:30:05", utc(2024, 3, 31, 9, 30, 5)),
        ("2024-03-31 09:30:05.123456 UTC", utc(2024, 3, 31, 9, 30, 5, 123456)),
        ("2024-03-31T09:30Z", utc(2024, 3, 31, 9, 30)),
    ],
)
def test_times_are_read_as_aware_utc(write: Write, text: str, expected: datetime) -> None:
    folder = write(leads=f"lead_id,created_at\nl1,{text}\n")
    assert read_export(folder).leads.columns["created_at"] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "20240131",
        "2024-W05-3",
        "2024-01-31x09:30",
        "31/01/2024",
        "2024-1",
        "\u0662\u0660\u0662\u0664-01-31",
    ],
)
def test_other_spellings_of_a_time_are_refused(write: Write, text: str) -> None:
    with pytest.raises(BadInput, match="ISO 8601"):
        read_export(write(leads=f"lead_id,created_at\nl1,{text}\n"))


def test_a_mapping_may_name_another_spelling_of_times(write: Write, mapping: MakeMapping) -> None:
    folder = write(people="id,since\n1,1/31/2024\n")
    history = read_export(folder, mapping=mapping(PEOPLE + 'date_format = "%m/%d/%Y"\n'))
    assert history.leads.columns["created_at"] == [utc(2024, 1, 31)]


def test_a_fact_is_numeric_only_with_more_than_a_handful_of_numbers(write: Write) -> None:
    rows = "".join(f"l{n},2024-01-01,{n * 10},{n % 3},0{n}11,{n % 2 == 0}\n" for n in range(8))
    folder = write(leads=f"lead_id,created_at,employees,grade,code,is_new\n{rows}")
    history = read_export(folder)
    assert {c.name: c.is_number for c in history.fact_columns} == {
        "employees": True,
        "grade": False,
        "code": False,
        "is_new": False,
    }
    assert history.leads.columns["employees"][:2] == [0, 10]
    assert history.leads.columns["code"][0] == "0011"


def test_canonical_facts_were_known_at_creation(write: Write) -> None:
    folder = write(leads="lead_id,created_at,industry\nl1,2024-01-01,retail\n")
    (column,) = read_export(folder).fact_columns
    assert (column.name, column.table, column.known) == ("industry", "leads", Known.CREATED)


def test_a_column_without_any_value_is_no_fact(write: Write) -> None:
    folder = write(leads="lead_id,created_at,industry,empty\nl1,2024-01-01,retail,\n")
    assert [column.name for column in read_export(folder).fact_columns] == ["industry"]


def test_late_facts_keep_the_time_they_were_known(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2024-01-01,a1\n",
        facts="account_id,fact,value,known_at\na1,stack,snowflake,2024-01-01\n",
    )
    history = read_export(folder)
    assert history.facts.columns["known_at"] == [utc(2024, 1, 1)]
    assert [(c.name, c.table) for c in history.fact_columns] == [("stack", "facts")]


def test_csv_packed_csv_and_parquet_give_the_same_history(tmp_path: Path) -> None:
    text = "lead_id,created_at,n\nl1,2024-01-01,1\nl2,2024-01-02,\n"
    histories = []
    for name in ("plain", "packed", "parquet"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "leads.csv").write_text(text)
        if name == "packed":
            (folder / "leads.csv.gz").write_bytes(gzip.compress(text.encode()))
            (folder / "leads.csv").unlink()
        if name == "parquet":
            with duckdb.connect() as connection:
                source = f"SELECT * FROM read_csv('{folder / 'leads.csv'}')"
                connection.execute(f"COPY ({source}) TO '{folder / 'leads.parquet'}'")
            (folder / "leads.csv").unlink()
        histories.append(read_export(folder))
    assert histories[0] == histories[1] == histories[2]


def test_a_byte_order_mark_a_quoted_line_end_and_semicolons_are_read(write: Write) -> None:
    folder = write(
        leads='\ufefflead_id;created_at;note\r\nl1;2024-01-01;"two\rlines\nand more"\r\n'
    )
    assert read_export(folder).leads.columns["note"] == ["two\rlines\nand more"]


def test_a_long_column_of_different_texts_comes_back_row_by_row(write: Write) -> None:
    notes = [None if n % 7 == 0 else f"{n}\x1f" if n == 25_000 else f"n{n}" for n in range(30_000)]
    rows = "".join(f"l{n},2024-01-01,{note or ''}\n" for n, note in enumerate(notes))
    leads = read_export(write(leads=f"lead_id,created_at,note\n{rows}")).leads.columns
    assert leads["note"] == [None if note is None else note.strip() for note in notes]
    assert leads["lead_id"] == [f"l{n}" for n in range(30_000)]


def test_a_fault_late_in_a_long_file_still_names_its_row(write: Write) -> None:
    rows = "".join(f"l{n},2024-01-01\n" for n in range(30_000))
    folder = write(leads=f"lead_id,created_at\n{rows}l29000,2024-01-01\n")
    with pytest.raises(BadInput, match=r"row 30002 column lead_id.*leads\.csv row 29002 too"):
        read_export(folder)


def test_a_single_file_of_leads_is_an_export(write: Write) -> None:
    folder = write(january="lead_id,created_at\nl1,2024-01-01\n")
    assert read_export(folder / "january.csv").leads.rows == 1


def test_a_link_to_a_file_is_followed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text("lead_id,created_at\nl1,2024-01-01\n")
    (write() / "leads.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert read_export(tmp_path / "export").leads.rows == 1


def test_money_is_kept_in_minor_units_beside_its_currency(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        events="at,kind,lead_id,amount,currency\n2024-01-05,converted,l1,1250,JPY\n",
        spend="month,channel,amount,currency\n2024-01,search,99,JPY\n",
    )
    history = read_export(folder)
    assert history.events.columns["amount"] == [1250]
    assert history.spend.columns["amount"] == [99]
    assert history.spend.columns["month"] == [utc(2024, 1, 1)]


def test_rates_convert_all_money_into_one_currency(write: Write, mapping: MakeMapping) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        events="at,kind,lead_id,amount,currency\n"
        "2024-01-05,converted,l1,100,USD\n2024-01-06,used,l1,1000,JPY\n",
    )
    described = mapping(
        'currency = "EUR"\nrates = { USD = 0.9, JPY = 0.006 }\n'
        '[sources]\nleads = "leads.csv"\nevents = "events.csv"\n'
        '[[table]]\nto = "leads"\nfrom = "leads"\n[[table]]\nto = "events"\nfrom = "events"\n'
    )
    history = read_export(folder, mapping=described)
    assert history.events.columns["amount"] == [9000, 600]
    assert set(history.events.columns["currency"]) == {"EUR"}


def test_a_deal_is_qualified_only_when_all_three_conditions_hold(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\nl2,2024-01-01\nl3,2024-01-01\nl4,2024-01-01\n",
        deals="deal_id,lead_id,created_at,close_date,budget_confirmed,next_step\n"
        "d1,l1,2024-02-01,2024-06-01,yes,call\n"
        "d2,l2,2024-02-01,,yes,call\n"
        "d3,l3,2024-02-01,2024-06-01,no,call\n"
        "d4,l4,2024-02-01,2024-06-01,yes,\n",
    )
    qualified = events_of(read_export(folder), "qualified")
    assert [event["lead_id"] for event in qualified] == ["l1"]


def test_a_deal_without_those_columns_is_qualified_by_being_recorded(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        deals="deal_id,lead_id,created_at,amount,currency\nd1,l1,2024-02-01,500,EUR\n",
    )
    (event,) = events_of(read_export(folder), "qualified")
    assert (event["at"], event["amount"], event["currency"]) == (utc(2024, 2, 1), 50000, "EUR")


def test_won_and_lost_deals_end_when_they_closed(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\nl2,2024-01-01\nl3,2024-01-01\n",
        deals="deal_id,lead_id,created_at,stage,closed_at,lost_reason\n"
        "d1,l1,2024-02-01,Closed Won,2024-03-01,\n"
        "d2,l2,2024-02-01,closedlost,2024-04-01,price\n"
        "d3,l3,2024-02-01,Proposal,,\n",
    )
    history = read_export(folder)
    (won,) = events_of(history, "converted")
    (lost,) = events_of(history, "lost")
    assert (won["lead_id"], won["at"]) == ("l1", utc(2024, 3, 1))
    assert (lost["lead_id"], lost["reason"]) == ("l2", "price")


def test_a_won_deal_without_a_close_is_counted_not_dated(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at\nl1,2024-01-01\n",
        deals="deal_id,lead_id,created_at,won\nd1,l1,2024-02-01,true\n",
    )
    history = read_export(folder)
    assert events_of(history, "converted") == []
    assert "undated_outcome" in codes(history)


def test_contracts_convert_renew_expand_and_end(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2022-01-01,a1\nl2,2022-01-01,a2\n",
        contracts="account_id,start,end,arr,currency\n"
        "a1,2022-02-01,2023-02-01,1000,EUR\na1,2023-02-01,2024-02-01,1000,EUR\n"
        "a1,2024-02-01,2025-02-01,1500,EUR\na2,2022-03-01,2023-03-01,900,EUR\n",
    )
    history = read_export(folder)
    steps = [
        (e, a)
        for e, a in zip(
            history.events.columns["kind"], history.events.columns["account_id"], strict=True
        )
    ]
    assert steps == [
        ("converted", "a1"),
        ("converted", "a2"),
        ("renewed", "a1"),
        ("churned", "a2"),
        ("expanded", "a1"),
    ]


PEOPLE = """
[sources]
p = "people.csv"
[[table]]
to = "leads"
from = "p"
columns = { lead_id = "id", created_at = "since" }
"""


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


USE = """
currency = "EUR"
[sources]
leads = "leads.csv"
use = "use.csv"
[[table]]
to = "leads"
from = "leads"
[[table.event]]
kind = "converted"
at = "won"
[[table]]
to = "events"
from = "use"
literals = { kind = "used" }
"""
CHURN = '[[rule]]\nkind = "churned"\nunits = 5\nsilent_days = 60\nuntil = 2024-09-30\n'
EXPAND = '[[rule]]\nkind = "expanded"\nfactor = 1.5\nperiod = "quarter"\n'
WON = "lead_id,created_at,account_id,won\nl1,2023-12-01,a1,2024-01-10\n"


def used(write: Write, *rows: str) -> Path:
    return write(leads=WON, use="account_id,at,value,amount\n" + "\n".join(rows) + "\n")


def test_enough_use_then_silence_is_churn(write: Write, mapping: MakeMapping) -> None:
    folder = used(write, "a1,2024-03-31,3,10", "a1,2024-06-30,2,10")
    history = read_export(folder, mapping=mapping(USE + CHURN))
    (churned,) = events_of(history, "churned")
    assert (churned["account_id"], churned["at"]) == ("a1", utc(2024, 8, 29))
    assert Step.CHURNED_AFTER_USE in history.proxies


@pytest.mark.parametrize(
    "rows",
    [
        ("a1,2024-03-31,3,10", "a1,2024-06-30,1,10"),
        ("a1,2024-03-31,9,10", "a1,2024-08-15,0,4"),
        ("a1,2023-12-31,9,10", "a1,2024-03-31,1,10"),
    ],
    ids=["too little use", "revenue afterwards", "use before the conversion"],
)
def test_it_is_no_churn_without_enough_use_or_without_silence(
    write: Write, mapping: MakeMapping, rows: tuple[str, ...]
) -> None:
    history = read_export(used(write, *rows), mapping=mapping(USE + CHURN))
    assert events_of(history, "churned") == []


def test_growth_against_the_first_full_quarter_is_expansion(
    write: Write, mapping: MakeMapping
) -> None:
    folder = used(write, "a1,2024-03-31,1,1000", "a1,2024-06-30,1,10", "a1,2024-09-30,1,15")
    history = read_export(folder, mapping=mapping(USE + EXPAND))
    (expanded,) = events_of(history, "expanded")
    assert (expanded["at"], expanded["reason"]) == (utc(2024, 9, 30), "usage")
    assert Step.EXPANDED in history.proxies


@pytest.mark.parametrize(
    "rows",
    [
        ("a1,2024-02-15,1,10", "a1,2024-06-30,1,90"),
        ("a1,2024-06-30,1,10", "a1,2024-09-30,1,14.99"),
        ("a1,2024-06-30,1,10", "a1,2025-09-30,1,90"),
    ],
    ids=["the first full quarter is the only one", "too little growth", "too late"],
)
def test_other_growth_is_no_expansion(
    write: Write, mapping: MakeMapping, rows: tuple[str, ...]
) -> None:
    history = read_export(used(write, *rows), mapping=mapping(USE + EXPAND))
    assert events_of(history, "expanded") == []


DERIVED = """
[sources]
raw = "raw.csv"
[[derive]]
name = "made"
sql = "{sql}"
[[table]]
to = "leads"
from = "made"
"""


def derived(write: Write, mapping: MakeMapping, sql: str) -> History:
    return read_export(write(raw="n\n1\n2\n"), mapping=mapping(DERIVED.replace("{sql}", sql)))


def test_a_table_derived_by_sql_is_read_like_a_file(write: Write, mapping: MakeMapping) -> None:
    sql = "SELECT 'l' || n AS lead_id, DATE '2024-01-01' AS created_at FROM raw ORDER BY n"
    assert derived(write, mapping, sql).leads.columns["lead_id"] == ["l1", "l2"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DROP TABLE raw", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELECT * FROM read_csv('/etc/hostname')", "derive.0.sql"),
        ("SELECT * FROM '/etc/passwd'", "derive.0.sql"),
        ("SELECT * FROM read_text('/etc/hostname')", "derive.0.sql"),
        ("COPY raw TO '/tmp/stolen.csv'", "one SELECT"),
        ("SET enable_external_access = true", "one SELECT"),
        ("SELECT * FROM nowhere", "derive.0.sql"),
        ("SELEC", "derive.0.sql"),
        ("SELECT n FROM raw) AS x; DROP TABLE raw; SELECT (1", "derive.0.sql"),
    ],
)
def test_sql_can_only_select_from_the_sources(
    write: Write, mapping: MakeMapping, sql: str, words: str
) -> None:
    with pytest.raises(BadInput, match="derive") as caught:
        derived(write, mapping, sql)
    assert words in str(caught.value)


def test_sql_that_does_not_end_is_stopped() -> None:
    faults = Faults()
    endless = "SELECT sum(hash(i)) AS n FROM range(1000000000000) AS t(i)"
    assert derive([Derived(name="x", sql=endless)], {}, faults, time_s=0.2) == {}
    assert "a query that ran past 0.2 s" in faults.of_files[0].came
