"""How the tables of HubSpot and Salesforce become those of an export folder."""

from __future__ import annotations

from collections.abc import Sequence

from leadfit.exports.headers import Recognised

Described = dict[str, object]
"""A table of a mapping as plain values."""

_DELETED = ("is_deleted", "_fivetran_deleted", "archived")
_TRUE = ["true", "t", "1"]
_PERSONAL = frozenset(
    {
        "email",
        "phone",
        "mobile_phone",
        "fax",
        "first_name",
        "last_name",
        "firstname",
        "lastname",
        "name",
        "description",
        "street",
        "address",
        "address_2",
        "photo_url",
        "website",
        "salutation",
        "domain",
    }
)
_NOISE = ("_id", "_ids", "_url", "_date", "_synced", "_at", "_street", "_latitude", "_longitude")
_NOT_A_FACT = ("id", "_fivetran", "record_id", "system_modstamp", "timestamp")

_ACCOUNT = {
    "account_id": ("id", "record_id"),
    "name": ("name", "company_name"),
    "domain": ("domain", "company_domain_name", "website", "website_url"),
    "parent_account_id": ("parent_id", "hs_parent_company_id", "parent_company"),
    "country": ("billing_country", "country", "country_region"),
    "created_at": ("created_date", "createdate", "create_date", "created_at"),
    "owner_id": ("owner_id", "hubspot_owner_id", "company_owner"),
}
_CONTACT = {
    "contact_id": ("id", "record_id"),
    "account_id": (
        "account_id",
        "associatedcompanyid",
        "primary_associated_company_id",
        "associated_company_id",
        "associated_company_ids",
    ),
    "email": ("email",),
    "first_name": ("first_name", "firstname"),
    "last_name": ("last_name", "lastname"),
    "title": ("title", "jobtitle", "job_title"),
    "phone": ("phone", "phone_number"),
    "created_at": ("created_date", "createdate", "create_date", "created_at"),
}
_LEAD = {
    "lead_id": ("id", "record_id"),
    "created_at": ("created_date", "createdate", "create_date", "created_at"),
    "email": ("email",),
    "company": ("company", "company_name", "associated_company"),
    "source": ("lead_source", "hs_analytics_source", "original_source"),
    "rep_id": ("owner_id", "hubspot_owner_id", "contact_owner"),
}
_DEAL = {
    "deal_id": ("deal_id", "id", "record_id"),
    "account_id": ("account_id", "associated_company_ids", "associated_company_id"),
    "rep_id": ("owner_id", "hubspot_owner_id", "deal_owner"),
    "amount": ("amount",),
    "currency": ("currency_iso_code", "deal_currency_code", "currency"),
    "created_at": ("created_date", "createdate", "create_date"),
    "close_date": ("close_date", "closedate"),
    "next_step": ("next_step", "hs_next_step"),
    "lost_reason": ("loss_reason", "closed_lost_reason"),
}


def hubspot(known: Sequence[Recognised]) -> list[Described]:
    """Return the tables made of HubSpot exports: every contact is a lead.

    A contact that became a sales qualified lead was accepted then. Companies keep as-of facts
    where their property history is there.
    """
    by_kind = _by_kind(known, "hubspot")
    tables: list[Described] = []
    history = by_kind.get("company history")
    for table in known:
        if table.kind == "hubspot company":
            tables.append(_accounts(table))
        elif table.kind == "hubspot contact":
            tables.append(_table("contacts", table, _CONTACT))
            tables.append(_hubspot_lead(table))
        elif table.kind == "hubspot deal":
            tables.append(_hubspot_deal(table, by_kind))
        elif table.kind == "hubspot form submission":
            made = _table("events", table, {"at": ("timestamp",), "contact_id": ("contact_id",)})
            tables.append({**made, "literals": {"kind": "form_fill"}})
        elif table.kind == "hubspot ticket" and "ticket company" in by_kind:
            tables.append(_hubspot_ticket(table, by_kind["ticket company"]))
    if history is not None:
        names = {"account_id": "company_id", "fact": "name", "value": "value"}
        columns = {ours: history.headers[theirs] for ours, theirs in names.items()}
        columns["known_at"] = history.headers["timestamp"]
        value = columns["value"]
        tables.append(
            {"to": "facts", "from": history.source, "columns": columns, "drop": [{"blank": value}]}
        )
    return tables


def _hubspot_lead(table: Recognised) -> Described:
    made = _table("leads", table, _LEAD | {"contact_id": ("id", "record_id")}, facts=True)
    made["ignore"] = [name for name in _not_facts(table) if name not in _taken(made)]
    accepted = table.pick(
        "hs_lifecyclestage_salesqualifiedlead_date",
        "hs_v2_date_entered_salesqualifiedlead",
        "became_a_sales_qualified_lead_date",
        "date_entered_sales_qualified_lead_lifecycle_stage_pipeline",
    )
    if accepted is not None:
        made["event"] = [{"kind": "accepted", "at": accepted}]
    return made


def _hubspot_deal(table: Recognised, by_kind: dict[str, Recognised]) -> Described:
    made = _table("deals", table, _DEAL)
    columns = dict(_texts(made["columns"]))
    joins: list[Described] = []
    deal_id = columns["deal_id"]
    for kind, theirs, ours in (
        ("deal company", "company_id", "account_id"),
        ("deal contact", "contact_id", "contact_id"),
    ):
        link = by_kind.get(kind)
        if link is None or ours in columns:
            continue
        joined = {"from": link.source, "on": deal_id, "to": link.headers["deal_id"]}
        joins.append({**joined, "columns": [link.headers[theirs]], "optional": True})
        columns[ours] = link.headers[theirs]
    if "contact_id" in columns:
        columns["lead_id"] = columns["contact_id"]
    stage, stages = table.pick("deal_pipeline_stage_id", "dealstage"), by_kind.get("deal stage")
    won = None if stages is None else stages.pick("closed_won")
    if stage is not None and stages is not None and won is not None:
        joined = {"from": stages.source, "on": stage, "to": stages.headers["stage_id"]}
        wanted = [name for name in (won, stages.pick("is_closed")) if name is not None]
        joins.append({**joined, "columns": wanted, "optional": True})
        columns["won"] = won
        closed, ends = stages.pick("is_closed"), columns.get("close_date")
        if closed is not None and ends is not None:
            lost = {closed: _TRUE, won: ["false", "f", "0"]}
            made["event"] = [{"kind": "lost", "at": ends, "when": lost}]
    else:
        said = stage or table.pick("deal_stage")
        if said is not None:
            columns["stage"] = said
    made["columns"] = columns
    if joins:
        made["join"] = joins
    return made


def _hubspot_ticket(table: Recognised, link: Recognised) -> Described:
    made = _table("events", table, {"at": ("createdate",), "event_id": ("id",)})
    company = link.headers["company_id"]
    columns = {**_texts(made["columns"]), "account_id": company}
    joined = {"from": link.source, "on": table.headers["id"], "to": link.headers["ticket_id"]}
    return {
        **made,
        "columns": columns,
        "literals": {"kind": "ticket"},
        "join": [{**joined, "columns": [company], "optional": True}],
        "drop": [*as_list(made.get("drop")), {"blank": company}],
    }


def salesforce(known: Sequence[Recognised]) -> list[Described]:
    """Return the tables made of Salesforce exports.

    A lead that was converted into an account or opportunity was accepted then: that is a
    seller's act, not a sale. A sale is a won opportunity, at its close date.
    """
    by_kind = _by_kind(known, "salesforce")
    tables: list[Described] = []
    history = by_kind.get("account history")
    for table in known:
        if table.kind == "salesforce account":
            tables.append(_accounts(table))
        elif table.kind == "salesforce contact":
            tables.append(_table("contacts", table, _CONTACT))
        elif table.kind == "salesforce lead":
            tables.append(_salesforce_lead(table))
        elif table.kind == "salesforce opportunity":
            tables.append(_salesforce_deal(table, by_kind.get("lead")))
    if history is not None:
        tables.append(_salesforce_history(history))
    return tables


def _salesforce_lead(table: Recognised) -> Described:
    more = {"account_id": ("converted_account_id",), "contact_id": ("converted_contact_id",)}
    made = _table("leads", table, _LEAD | more, facts=True)
    made["ignore"] = [name for name in _not_facts(table) if name not in _taken(made)]
    flags = ("is_converted", "status", "is_unread_by_owner", "converted_opportunity_id")
    after = [name for name in map(table.pick, flags) if name is not None]
    made["ignore"] = list(dict.fromkeys([*as_list(made["ignore"]), *after]))
    at = table.pick("converted_date")
    if at is not None:
        made["event"] = [{"kind": "accepted", "at": at}]
    return made


def _salesforce_deal(table: Recognised, leads: Recognised | None) -> Described:
    made = _table("deals", table, _DEAL)
    columns = dict(_texts(made["columns"]))
    link = None if leads is None else leads.pick("converted_opportunity_id")
    if leads is not None and link is not None:
        named = {"lead of the deal": leads.headers["id"]}
        joined = {"from": leads.source, "on": columns["deal_id"], "to": link, "columns": named}
        made["join"] = [{**joined, "optional": True}]
        columns["lead_id"] = "lead of the deal"
    won, closed = table.pick("is_won"), table.pick("is_closed")
    if won is not None:
        columns["won"] = won
    if won is not None and closed is not None and "close_date" in columns:
        lost = {closed: _TRUE, won: ["false", "f", "0"]}
        made["event"] = [{"kind": "lost", "at": columns["close_date"], "when": lost}]
    elif (stage := table.pick("stage_name")) is not None:
        columns["stage"] = stage
    made["columns"] = columns
    return made


def _salesforce_history(table: Recognised) -> Described:
    if "new_value" in table.headers:
        names = {
            "account_id": "account_id",
            "fact": "field",
            "value": "new_value",
            "known_at": "created_date",
        }
        columns = {ours: table.headers[theirs] for ours, theirs in names.items()}
        blank = [{"blank": columns["value"]}]
        return {"to": "facts", "from": table.source, "columns": columns, "drop": blank}
    made = _table("facts", table, {"account_id": ("id",), "known_at": ("_fivetran_start",)})
    return {**made, "unpivot": True, "ignore": _not_facts(table)}


def _by_kind(known: Sequence[Recognised], crm: str) -> dict[str, Recognised]:
    return {
        table.kind.removeprefix(f"{crm} "): table
        for table in known
        if table.kind.startswith(f"{crm} ")
    }


def _table(
    to: str,
    table: Recognised,
    names: dict[str, tuple[str, ...]],
    *,
    facts: bool = False,
) -> Described:
    columns = {ours: table.pick(*theirs) for ours, theirs in names.items()}
    made: Described = {
        "to": to,
        "from": table.source,
        "columns": {ours: theirs for ours, theirs in columns.items() if theirs is not None},
    }
    deleted = [name for name in map(table.pick, _DELETED) if name is not None]
    if deleted:
        made["drop"] = [{"when": {name: _TRUE}} for name in deleted]
    if not facts:
        made["facts"] = []
    return made


def _accounts(table: Recognised) -> Described:
    made = _table("accounts", table, _ACCOUNT, facts=True)
    return {**made, "ignore": [name for name in _not_facts(table) if name not in _taken(made)]}


def _not_facts(table: Recognised) -> list[str]:
    """Return headers that hold ids, times, addresses or people rather than facts."""
    return [
        header
        for name, header in table.headers.items()
        if name in _PERSONAL
        or name.endswith(_NOISE)
        or name in _NOT_A_FACT
        or name.startswith("_fivetran")
        or name in _DELETED
        or "date" in name.split("_")[-1:]
    ]


def _taken(made: Described) -> set[str]:
    return set(_texts(made["columns"]).values())


def _texts(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a list as it is, anything else as an empty one."""
    return list(value) if isinstance(value, list) else []
