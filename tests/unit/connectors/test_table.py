"""A file of facts is asked like any other vendor."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit.connectors.base import OnHold
from leadfit.connectors.lookup import CannotAsk, Lookup
from leadfit.connectors.vendors import Profiles
from leadfit.connectors.vendors.table import FileVendor
from leadfit.errors import BadInput


def made(tmp_path: Path, text: str, **names: str) -> FileVendor:
    path = tmp_path / "facts.csv"
    path.write_text(text, "utf-8")
    return FileVendor(path, Profiles().get("csv"), names)


def about(domain: str | None = None, email: str | None = None) -> Lookup:
    fields = {"domain": domain, "email": email}
    known = {name: value for name, value in fields.items() if value is not None}
    return Lookup(
        kind="company" if domain else "contact", fields=known, facts=("employees", "industry")
    )


def test_a_company_is_found_by_its_domain_however_it_is_written(tmp_path: Path) -> None:
    vendor = made(tmp_path, "Domain,Employees,industry\nwww.Acme.com,640,Software\n")
    assert vendor.is_local
    assert vendor.ask(about("acme.com")).facts == {"employees": "640", "industry": "Software"}
    assert vendor.ask(about("globex.com")).facts == {}


def test_a_contact_is_found_by_address_and_columns_may_have_other_names(tmp_path: Path) -> None:
    vendor = made(tmp_path, "email,staff\njo@acme.com,640\n", employees="staff")
    assert vendor.ask(about(email="Jo@Acme.com")).facts == {"employees": "640"}


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    vendor = made(tmp_path, "domain,employees\nacme.com,1\n")
    assert vendor.ask(about("acme.com")).facts == {"employees": "1"}
    (tmp_path / "facts.csv").write_text("domain,employees\nacme.com,640\n", "utf-8")
    assert vendor.ask(about("acme.com")).facts == {"employees": "640"}


def test_a_file_that_is_gone_or_no_table_is_said_to_be_that(tmp_path: Path) -> None:
    vendor = made(tmp_path, "name\nx\n")
    with pytest.raises(OnHold, match=BadInput.__name__):
        vendor.ask(about("acme.com"))
    (tmp_path / "facts.csv").unlink()
    with pytest.raises(OnHold, match="FileNotFoundError"):
        vendor.ask(about("acme.com"))


def test_a_file_is_not_asked_without_what_it_is_asked_by(tmp_path: Path) -> None:
    vendor = made(tmp_path, "domain,employees\nacme.com,1\n")
    with pytest.raises(CannotAsk):
        vendor.ask(Lookup(kind="company", fields={"email": "jo@acme.com"}, facts=()))
