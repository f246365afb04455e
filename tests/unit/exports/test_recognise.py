from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit.errors import BadInput
from leadfit.exports import parse, propose_mapping, read_export
from leadfit.exports.headers import kind_of
from leadfit.history import Known

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("id,is_deleted,property_name,property_industry", "hubspot company"),
        ("id,property_email,property_createdate", "hubspot contact"),
        ("deal_id,property_dealname,property_amount", "hubspot deal"),
        ("Record ID,Company name,Industry", "hubspot company"),
        ("Record ID,First Name,Email,Lifecycle Stage,Associated Company", "hubspot contact"),
        ("Record ID,Deal Name,Deal Stage,Close Date", "hubspot deal"),
        ("Id,Name,BillingCountry,NumberOfEmployees", "salesforce account"),
        ("Id,AccountId,LastName,Email", "salesforce contact"),
        ("Id,Company,Status,IsConverted,ConvertedDate", "salesforce lead"),
        ("Id,AccountId,StageName,CloseDate,IsWon", "salesforce opportunity"),
        ("id,account_id,stage_name,close_date,is_won", "salesforce opportunity"),
        ("_fivetran_start,id,name,ownership", "salesforce account history"),
        ("AccountId,Field,NewValue,CreatedDate", "salesforce account history"),
        ("company_id,timestamp,name,value", "hubspot company history"),
        ("deal_id,company_id,type_id", "hubspot deal company"),
        ("engagement_id,deal_id,company_id", None),
        ("day,rain", None),
    ],
)
def test_a_crm_table_is_known_by_its_headers(headers: str, kind: str | None) -> None:
    assert kind_of(headers.split(",")) == kind


def test_salesforce_names_give_leads_deals_and_accounts(write: Write) -> None:
    folder = write(
        Account="Id,IsDeleted,Name,BillingCountry,Industry,Website\n"
        "A1,false,One,DE,retail,one.de\nA2,true,Two,US,retail,two.com\n",
        Lead="Id,Company,Email,Status,IsConverted,ConvertedDate,ConvertedAccountId,"
        "ConvertedOpportunityId,CreatedDate,LeadSource\n"
        "L1,One,a@one.de,Qualified,true,2024-02-01,A1,O1,2024-01-01T08:00:00Z,Web\n"
        "L2,One,b@one.de,Open,false,,,,2024-01-05,Web\n",
        Opportunity="Id,AccountId,StageName,CreatedDate,CloseDate,IsWon,IsClosed,NextStep,Amount\n"
        "O1,A1,Closed Won,2024-02-01,2024-03-01,true,true,sign,900\n"
        "O2,A1,Proposal,2024-02-02,2024-12-01,false,false,,100\n"
        "O3,A1,Closed Lost,2024-02-03,2024-02-20,false,true,none,100\n",
    )
    history = read_export(folder)
    events = history.events.columns
    steps = list(zip(events["kind"], events["lead_id"], events["account_id"], strict=True))
    assert steps == [
        ("accepted", "L1", "A1"),
        ("qualified", "L1", "A1"),
        ("qualified", None, "A1"),
        ("lost", None, "A1"),
        ("converted", "L1", "A1"),
    ]
    assert history.as_of == datetime(2024, 3, 1, tzinfo=UTC)
    assert history.accounts.columns["account_id"] == ["A1"]
    assert history.leads.columns["account_id"] == ["A1", "A1"]
    known = {column.name: column.known for column in history.fact_columns}
    assert known["Industry"] is Known.SNAPSHOT
    assert "Status" not in known


def test_hubspot_screens_export_leads_deals_and_companies(write: Write) -> None:
    folder = write(
        companies="Record ID,Company name,Company Domain Name,Industry\n11,One,one.de,Retail\n",
        people="Record ID,First Name,Email,Create Date,Lifecycle Stage,"
        "Primary Associated Company ID,Became a Sales Qualified Lead Date\n"
        "1,Ann,a@one.de,2024-01-01 10:22,Customer,11,2024-01-15 09:00\n"
        "2,Bob,b@one.de,2024-01-02 10:22,Lead,,\n",
        sales="Record ID,Deal Name,Deal Stage,Create Date,Close Date,Amount,"
        "Associated Company IDs\n"
        "7,Big,Closed Won,2024-02-01 10:00,2024-03-01 10:00,900,11\n",
    )
    history = read_export(folder)
    assert history.leads.columns["account_id"] == ["11", "11"]
    assert history.events.columns["kind"] == ["accepted", "qualified", "converted"]


def test_hubspot_in_a_warehouse_joins_deals_by_their_links(write: Write) -> None:
    folder = write(
        company="id,is_deleted,property_name,property_industry\n11,false,One,Retail\n",
        contact="id,_fivetran_deleted,property_email,property_createdate\n"
        "1,false,a@one.de,2024-01-01\n2,true,b@one.de,2024-01-01\n",
        deal="deal_id,is_deleted,deal_pipeline_stage_id,property_dealname,property_createdate,"
        "property_closedate\n"
        "7,false,s9,Big,2024-02-01,2024-03-01\n8,false,s8,No,2024-02-01,2024-02-09\n"
        "9,false,s1,Open,2024-02-01,2025-01-01\n",
        deal_company="deal_id,company_id\n7,11\n8,11\n9,11\n",
        deal_contact="deal_id,contact_id\n7,1\n",
        stages="stage_id,label,closed_won,is_closed\ns9,a,true,true\ns8,b,false,true\n"
        "s1,c,false,false\n",
        history="company_id,timestamp,name,value\n11,2024-01-20 10:00:00,size,big\n",
    )
    history = read_export(folder)
    events = history.events.columns
    outcomes = [
        (kind, lead, account)
        for kind, lead, account in zip(
            events["kind"], events["lead_id"], events["account_id"], strict=True
        )
        if kind != "qualified"
    ]
    assert outcomes == [("lost", None, "11"), ("converted", "1", "11")]
    assert history.leads.columns["lead_id"] == ["1"]
    assert history.facts.columns["fact"] == ["size"]


def test_accounts_alone_are_not_enough(write: Write) -> None:
    with pytest.raises(BadInput, match="no table that holds leads or deals"):
        read_export(write(Account="Id,Name,BillingCountry\nA1,One,DE\n"))


def test_a_proposal_names_all_five_sources(write: Write) -> None:
    folder = write(
        leads="lead_id,created_at,account_id\nl1,2024-01-01,a1\nl2,2024-01-01,a2\n",
        events="at,kind,lead_id\n2024-01-02,accepted,l1\n2024-01-03,qualified,l1\n"
        "2024-01-03,qualified,l2\n2024-01-04,converted,l1\n",
    )
    assert propose_mapping(folder).sources == {
        "accepted": "partial",
        "qualified": "present",
        "converted": "present",
        "expanded": "missing",
        "churned_after_use": "missing",
    }


def test_a_proposed_mapping_reads_the_folder_as_it_is_read_without_one(
    write: Write, tmp_path: Path
) -> None:
    folder = write(
        Lead="Id,Company,Email,Status,IsConverted,ConvertedDate,CreatedDate\n"
        "L1,One,a@one.de,Open,true,2024-02-01,2024-01-01\n",
        Opportunity="Id,AccountId,StageName,CreatedDate\nO1,A1,Closed Won,2024-02-01\n",
    )
    file = tmp_path / "proposed.toml"
    file.write_text(propose_mapping(folder).mapping)
    assert read_export(folder, mapping=file) == read_export(folder)


def test_unknown_tables_are_guessed_and_every_doubt_is_asked_once(write: Write) -> None:
    folder = write(
        sales="opp_id,company,step,begun,value\n1,One,Won,2024-01-01,5\n2,Two,Lost,2024-01-02,5\n"
        "3,Two,Nursing,2024-01-03,\n",
        rain="day,mm\n2024-01-01,3\n",
    )
    proposal = propose_mapping(folder)
    described = parse(proposal.mapping)
    assert described.unit == "deal"
    assert described.table[0].columns["stage"] == "step"
    assert len(set(proposal.questions)) == len(proposal.questions)
    assert any("'Nursing'" in question for question in proposal.questions)
    assert any("rain.csv" in question for question in proposal.questions)


def test_who_worked_a_deal_becomes_the_rep_and_so_no_trait_of_an_account(write: Write) -> None:
    folder = write(
        sales="opp_id,company,sales_agent,outcome,begun\n1,One,Ann,Won,2024-01-01\n"
        "2,Two,Ann,Lost,2024-01-02\n3,Two,Bo,Won,2024-01-03\n4,Six,Bo,Lost,2024-01-04\n",
    )
    proposal = propose_mapping(folder)
    assert parse(proposal.mapping).table[0].columns["rep_id"] == "sales_agent"
    assert any("sales_agent" in question for question in proposal.questions)


def test_a_column_that_differs_in_every_row_is_not_taken_for_the_rep(write: Write) -> None:
    folder = write(
        sales="opp_id,owner_phone,outcome,begun\n1,11,Won,2024-01-01\n2,22,Lost,2024-01-02\n",
    )
    assert "rep_id" not in parse(propose_mapping(folder).mapping).table[0].columns


def test_a_folder_without_leads_asks_for_them(write: Write) -> None:
    proposal = propose_mapping(write(rain="day,mm\n2024-01-01,3\n"))
    assert set(proposal.sources.values()) == {"missing"}
    assert proposal.questions[0].startswith("Which file lists the leads")


def test_proposing_writes_nothing_into_the_folder(write: Write) -> None:
    folder = write(leads="lead_id,created_at\nl1,2024-01-01\n")
    propose_mapping(folder)
    assert [file.name for file in folder.iterdir()] == ["leads.csv"]


def test_a_spreadsheet_with_its_habits_becomes_a_mapping_that_reads_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "Leads 2024.csv").write_text(
        "Lead ID;Created Date;E-Mail;Industry\n"
        "L1;03/04/2024;a@one.example;Retail\nL2;21/04/2024;b@two.example;Health\n;;;\n;;;\n",
        encoding="utf-8-sig",
    )
    (folder / "Deals.csv").write_text(
        "Deal ID;Lead ID;Stage;Closed Date\nD1;L1;Closed Won;30/05/2024\n"
        "D2;L2;Closed Lost;02/06/2024\n",
        encoding="utf-8-sig",
    )
    proposal = propose_mapping(folder)
    assert proposal.faults == ()
    assert proposal.sources["converted"] == "present"
    file = tmp_path / "proposed.toml"
    file.write_text(proposal.mapping)
    history = read_export(folder, mapping=file)
    assert history.leads.columns["lead_id"] == ["L1", "L2"]
    assert history.leads.columns["created_at"][0] == datetime(2024, 4, 3, tzinfo=UTC)
    assert history.leads.columns["email"] == ["a@one.example", "b@two.example"]


def test_dates_that_may_begin_with_day_or_month_are_asked_about(write: Write) -> None:
    proposal = propose_mapping(
        write(asked="Lead ID,Created\nL1,03/04/2024\nL2,05/06/2024\n"),
    )
    assert any("day or with the month" in question for question in proposal.questions)
    assert 'date_format = "%d/%m/%Y"' in proposal.mapping


def test_dates_that_begin_with_the_month_are_told_by_one_late_day(write: Write) -> None:
    proposal = propose_mapping(write(asked="Lead ID,Created\nL1,03/04/2024\nL2,05/16/2024\n"))
    assert not any("day or with the month" in question for question in proposal.questions)
    assert 'date_format = "%m/%d/%Y"' in proposal.mapping
