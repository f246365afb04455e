"""Names of companies: core, legal form and place."""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from pathlib import Path

import pytest

from leadfit.resolve.normal import Column, normalise
from leadfit.resolve.normal.companies import tokens
from leadfit.resolve.normal.legal_forms import ATTACHED, FORMS, PREFIXES
from leadfit.resolve.normal.places import COUNTRY_CODES, PLACES, UNLESS_MARKED

BESIDE = Path(__file__).resolve().parents[5] / "shared"
SHARED = Path(os.environ.get("LEADFIT_SHARED", BESIDE))  # noqa: TID251 -- where test data lies
TICKERS = SHARED / "data" / "companies" / "sec_company_tickers" / "company_tickers.csv.gz"


def core(text: str) -> str | None:
    return normalise(Column.COMPANY, text).get("")


@pytest.mark.parametrize(
    ("spellings", "form"),
    [
        (("Inc", "Inc.", ", Inc.", "INC", "Incorporated", "(Inc)", "I.N.C."), "inc"),
        (("Corp", "Corp.", "Corporation", "CORPORATION"), "corp"),
        (("Co", "Co.", "Company", "& Co.", "and Company"), "co"),
        (("Ltd", "Ltd.", "Limited", "Co., Ltd.", "Company Limited", "Lt\u00e9e"), "ltd"),
        (("LLC", "L.L.C.", "L L C", "Limited Liability Company", ", llc"), "llc"),
        (("LLP", "L.L.P.", "Limited Liability Partnership"), "llp"),
        (("PLLC", "P.L.L.C."), "pllc"),
        (("plc", "P.L.C.", "Public Limited Company"), "plc"),
        (("GmbH", "G.m.b.H.", "gmbh", "Gesellschaft mit beschr\u00e4nkter Haftung", "mbH"), "gmbh"),
        (("GmbH & Co. KG", "GmbH & Co KG", "GmbH und Co. KG", "GmbH&Co.KG"), "gmbh and co kg"),
        (("AG", "A.G.", "Aktiengesellschaft"), "ag"),
        (("S.A.", "SA", "S. A.", "Soci\u00e9t\u00e9 Anonyme", "Sociedad An\u00f3nima"), "sa"),
        (("S.A. de C.V.", "SA de CV", "S.A.B. de C.V."), "sa de cv"),
        (("Pty Ltd", "Pty. Ltd.", "Pty Limited", "Proprietary Limited"), "pty ltd"),
        (("Pvt Ltd", "Pvt. Ltd.", "Private Limited", "(P) Ltd"), "pvt ltd"),
        (("Pte Ltd", "Pte. Ltd."), "pte ltd"),
        (("Sp. z o.o.", "Sp. z o. o.", "sp z oo"), "sp zoo"),
        (("K.K.", "KK", "Kabushiki Kaisha", "\u682a\u5f0f\u4f1a\u793e"), "kk"),
        (("Ltda", "Ltda.", "Limitada", "& Cia. Ltda."), "ltda"),
        (("ApS", "A.p.S.", "Anpartsselskab"), "aps"),
        (("A/S", "AS", "Aktieselskab"), "as"),
        (("Oyj", "Abp"), "oyj"),
        (("d.o.o.", "DOO", "d. o. o."), "doo"),
        (("N.V.", "NV", "Naamloze Vennootschap"), "nv"),
        (("B.V.", "BV", "B. V."), "bv"),
        (
            (
                "SARL",
                "S.A.R.L.",
                "S.\u00e0 r.l.",
                "Soci\u00e9t\u00e9 \u00e0 responsabilit\u00e9 limit\u00e9e",
            ),
            "sarl",
        ),
        (("SAS", "S.A.S."), "sas"),
        (("SASU",), "sasu"),
        (("S.p.A.", "SpA", "Societ\u00e0 per Azioni"), "spa"),
        (("S.r.l.", "SRL"), "srl"),
        (("s.r.o.", "spol. s r.o.", "SRO"), "sro"),
        (("Kft.", "KFT"), "kft"),
        (("Cooperative", "Co-operative", "Coop", "S. Coop."), "soc coop"),
        (("Sdn. Bhd.", "Sdn Bhd"), "sdn bhd"),
    ],
)
def test_every_spelling_of_a_legal_form_gives_one_form(
    spellings: tuple[str, ...], form: str
) -> None:
    for spelling in spellings:
        joint = "" if spelling.startswith(",") else " "
        found = normalise(Column.COMPANY, f"Romashka{joint}{spelling}")
        assert found == {"": "romashka", "legal": form}, spelling


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("OOO Romashka", {"": "romashka", "legal": "ooo"}),
        ("PT Astra International Tbk", {"": "astra international", "legal": "tbk"}),
        ("SARL Dupont", {"": "dupont", "legal": "sarl"}),
        ("N.V. Nutricia", {"": "nutricia", "legal": "nv"}),
        ("NV Energy", {"": "nv energy"}),
        ("\u682a\u5f0f\u4f1a\u793e\u30c8\u30e8\u30bf", {"": "\u30c8\u30e8\u30bf", "legal": "kk"}),
        (
            "\u534e\u4e3a\u6280\u672f\u6709\u9650\u516c\u53f8",
            {"": "\u534e\u4e3a\u6280\u672f", "legal": "zh ltd"},
        ),
    ],
)
def test_a_form_before_or_joined_to_a_name_is_split_off(text: str, parts: dict[str, str]) -> None:
    assert normalise(Column.COMPANY, text) == parts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Reilly Media", "O\u2019Reilly Media, Inc."),
        ("J.P. Morgan Chase & Co.", "J P MORGAN CHASE AND COMPANY"),
        ("I.B.M.", "IBM Corp"),
        ("The Boeing Company", "Boeing Co"),
        ("Boeing Company, The", "BOEING CO"),
        ("Belvedere The", "The Belvedere"),
        ("L'Or\u00e9al S.A.", "LOREAL SA"),
        ("Johnson & Johnson", "Johnson and Johnson"),
        ("Ray-Mont Logistics", "RAY MONT LOGISTICS"),
        ("L-3 Technologies", "L3 Technologies Inc."),
        ("Amazon.com, Inc.", "AMAZON COM INC"),
        ("* AGILENT TECHNOLOGIES, INC.", "Agilent Technologies"),
        ("Acme\u00ae Works\u2122 Ltd", "acme works limited"),
        ("\uff21\uff43\uff4d\uff45 \uff27mbH", "Acme GmbH"),
        ("\U0001f680 Acme \U0001f680", "Acme"),
        ("\u200fAcme\u200e\x00", "acme"),
        ("Railway Association of Canada (THE) (RAC)", "Railway Association of Canada"),
        ("STR\u00d6M AB", "Str\u00f6m Aktiebolag (publ)"),
        ("\u0141\u00f3d\u017a Sp. z o.o.", "Lodz"),
    ],
)
def test_punctuation_case_and_legal_form_do_not_part_a_company(one: str, other: str) -> None:
    assert core(one) == core(other) is not None


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("Accenture Canada", "accenture", "canada"),
        ("Vodafone Deutschland GmbH", "vodafone", "germany"),
        ("Siemens AG \u00d6sterreich", "siemens", "austria"),
        ("Deutsche Bank (Schweiz) AG", "deutsche bank", "switzerland"),
        ("Acme, Inc., Toronto", "acme", "toronto"),
        ("Acme - London", "acme", "london"),
        ("Michelin North America (Canada) Inc.", "michelin", "north america canada"),
        ("Town of Geneseo, NY", "town of geneseo", "new york"),
        ("Town of Oxford NY", "town of oxford", "new york"),
        ("City of Las Vegas NV", "city of las vegas", "nevada"),
        ("City of West Columbia, SC", "city of west columbia", "south carolina"),
        ("BANK OF AMERICA CORP /DE/", "bank of america", "delaware"),
        ("RUSH ENTERPRISES INC \\TX\\", "rush enterprises", "texas"),
    ],
)
def test_geography_is_split_off(text: str, name: str, place: str) -> None:
    found = normalise(Column.COMPANY, text)
    assert (found[""], found["place"]) == (name, place)


@pytest.mark.parametrize(
    "text",
    [
        "bank of america",
        "american airlines",
        "texas instruments",
        "air canada",
        "toys r us",
        "royal bank of canada",
        "telecom italia",
        "credit suisse",
        "air new zealand",
        "university of texas",
        "banque de france",
        "hotel paris",
        "lithium americas",
        "contact us",
        "9012345 canada",
        "canada",
        "new york",
        "smith and jordan",
        "state of utah",
        "bank austria",
        "hydro quebec",
        "county of los angeles",
    ],
)
def test_a_name_keeps_the_geography_it_is_called_by(text: str) -> None:
    assert normalise(Column.COMPANY, text.title()) == {"": text}


@pytest.mark.parametrize(
    "text", ["Limited", "Co", "SA", "Company Limited", "The", "A.G.", "Canada"]
)
def test_a_core_is_never_empty(text: str) -> None:
    assert core(text)


@pytest.mark.parametrize(
    ("text", "name", "alias"),
    [
        ("Royal Bank of Canada (RBC)", "royal bank of canada", "rbc"),
        ("ONTARIO MEDICAL ASSOCIATION (OMA)", "ontario medical association", "oma"),
        ("Newco Ltd (formerly Oldco)", "newco", "oldco"),
        ("Newco dba Shopfront", "newco", "shopfront"),
    ],
)
def test_an_acronym_or_former_name_stands_apart(text: str, name: str, alias: str) -> None:
    found = normalise(Column.COMPANY, text)
    assert (found[""], found["alias"]) == (name, alias)


@pytest.mark.parametrize(
    "text",
    [
        "n/a",
        "N/A",
        "none",
        "-",
        "xxx",
        "Test",
        "Test Inc",
        "unknown",
        "Self-Employed",
        "...",
        "#N/A",
    ],
)
def test_what_people_type_to_get_past_a_form_is_no_company(text: str) -> None:
    assert normalise(Column.COMPANY, text) == {}


@pytest.mark.parametrize("text", ["ABC", "AAA", "Foo S.p.A.", "Nil Group", "3M", "X"])
def test_a_short_name_is_a_company(text: str) -> None:
    assert core(text)


@pytest.mark.parametrize(
    "unit", ["x", "a b ", "(a", ",", "\u00e9", "\u682a\u5f0f\u4f1a\u793e", "& ", "/DE", "\ufdfa"]
)
def test_a_name_of_ten_thousand_characters_is_cut(unit: str) -> None:
    text = "acme " + unit * (10_000 // len(unit))
    found = core(text)
    assert found is not None
    assert len(found) <= 256
    assert core(found) == found


def test_tables_are_written_as_names_are_read() -> None:
    spelled = [*FORMS, *PREFIXES, *PLACES, *COUNTRY_CODES]
    assert [form for form in spelled if " ".join(tokens(form)) != form] == []
    assert FORMS.keys() >= PREFIXES
    assert PLACES.keys() >= UNLESS_MARKED
    assert set(ATTACHED) <= FORMS.keys()
    assert "" not in FORMS


def test_companies_of_a_register_keep_apart() -> None:
    if not TICKERS.exists():
        pytest.skip("the register of companies is not beside the repository; see LEADFIT_SHARED")
    holders: dict[tuple[str, ...], set[str]] = defaultdict(set)
    with gzip.open(TICKERS, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found = normalise(Column.COMPANY, row["title"])
            holders[found[""], found.get("legal", ""), found.get("place", "")].add(row["cik_str"])
    mixed = [parts for parts, ids in holders.items() if len(ids) > 1]
    assert len(holders) > 7_000
    assert mixed == []


def test_a_word_beyond_the_cap_is_cut_and_not_dropped_for_it_tells_names_apart() -> None:
    found = normalise(Column.COMPANY, "Acme " + "y" * 9_995)[""]
    assert found != normalise(Column.COMPANY, "Acme")[""]
    assert len(found) == 256
    assert normalise(Column.COMPANY, found)[""] == found
