from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from leadfit import report
from leadfit.history import Notice
from leadfit.learn.result import Benchmark, Judgement
from leadfit.report import findings
from unit.report import builders

VOID = {"meta", "link", "br", "img", "input", "hr", "rect", "path", "line", "circle"}
CASES = {
    "supported": builders.supported,
    "thin": builders.thin,
    "null": builders.null,
    "hostile": builders.hostile,
}


class Outline(HTMLParser):
    """What a browser sees: tags that balance, headings, texts, attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.headings: list[int] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.texts).split())


@cache
def page_of(name: str) -> str:
    return report.page(CASES[name]())


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, Outline]:
    text = page_of(request.param)
    return text, Outline(text)


def words(benchmark: Benchmark) -> str:
    return Outline(report.page(benchmark)).words


def words_of(name: str) -> str:
    return Outline(page_of(name)).words


def test_every_page_is_whole_and_balanced(case: tuple[str, Outline]) -> None:
    assert case[0].startswith("<!doctype html>")
    assert case[1].open == []


def test_no_page_holds_a_script_or_points_to_another_host(case: tuple[str, Outline]) -> None:
    _, outline = case
    assert not outline.tags & {"script", "img", "iframe", "object", "embed", "link", "base"}
    for tag, name, value in outline.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("href", "src", "action", "xlink:href"):
            assert (value or "").startswith("#"), (tag, name, value)


def test_headings_never_skip_a_level(case: tuple[str, Outline]) -> None:
    levels = case[1].headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_chart_has_words_and_every_id_is_its_own(case: tuple[str, Outline]) -> None:
    _, outline = case
    labels = [v for t, n, v in outline.attributes if (t, n) == ("svg", "aria-label")]
    assert labels
    assert all(labels)
    assert len(outline.ids) == len(set(outline.ids))


def test_the_report_leads_with_money_then_the_profile_in_use_then_the_verdict() -> None:
    found = words_of("supported")
    places = [
        found.index(part)
        for part in (
            "EUR 4,123,456",
            "Your current profile has drifted",
            "Your data supports an ideal customer profile",
            "The profile, ranked",
            "The detractor profile",
            "Effects, with their intervals",
            "Warnings about",
        )
    ]
    assert places == sorted(places)


def test_not_enough_evidence_says_what_would_suffice() -> None:
    found = words_of("thin")
    assert "There is not enough evidence yet" in found
    assert "About 310 leads would show" in found
    assert "Keep the targeting you have" in found


def test_no_icp_is_told_as_a_result_and_not_as_a_failure() -> None:
    found = words_of("null")
    assert "No ideal customer profile is supported by this data" in found
    assert "Do not narrow your lists" in found
    assert "Work the open leads with" not in found


def test_a_missing_source_is_missing_and_never_zero() -> None:
    found = words_of("thin")
    assert "missing from the export" in found
    assert "Qualified 0" not in found


def test_money_that_is_not_recorded_is_said_and_not_shown_as_nothing() -> None:
    found = words_of("thin")
    assert found.count("Not recorded") == 3
    assert "EUR 0" not in found


def test_a_warning_shows_its_figures() -> None:
    found = words_of("supported")
    assert "One account carries much of the money" in found
    assert "share: 16.9 % · rows: 8,000" in found


def test_hostile_names_are_shown_as_text() -> None:
    text = page_of("hostile")
    assert "<script>" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in text
    assert "\x00" not in text
    assert "x" * 601 not in text


def test_two_names_that_look_alike_when_cut_keep_a_row_each() -> None:
    long = "the same beginning that goes on for very very long, " * 2
    rows = tuple(builders.effect(0, fact=long + end, value="v") for end in ("a", "b"))
    text = report.page(replace(builders.thin(), effects=rows))
    drawn = text[text.index('id="effects"') : text.index('id="funnel"')]
    assert len(re.findall(r">the same beginning[^<]*</text>", drawn)) == 2


def test_a_huge_benchmark_shows_the_top_and_says_where_the_rest_is() -> None:
    text = report.page(builders.huge())
    assert len(text) < 1_500_000
    assert "700 more effects of this outcome are in report.json" in text
    assert "400 rows with the fewest points are in report.json only" in text
    assert "190 more" in text


def test_the_same_benchmark_gives_the_same_page() -> None:
    assert report.page(builders.null()) == page_of("null")


def test_the_style_is_the_only_thing_the_page_may_load() -> None:
    text = page_of("thin")
    assert re.search(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'", text.replace("&#39;", "'")
    )
    assert " style=" not in text


def test_a_leak_is_named_among_the_steps_for_monday() -> None:
    assert "Take next_call out of every score" in words_of("supported")


@pytest.mark.parametrize("judgement", list(Judgement))
def test_every_judgement_of_the_profile_in_use_has_words(judgement: Judgement) -> None:
    base = builders.thin()
    found = words(replace(base, current_icp=replace(base.current_icp, judgement=judgement)))
    assert "Your current profile" in found


def test_nested_evidence_reads_as_words() -> None:
    figures = {"top_accounts": [{"name": "a", "share": 0.5}], "months": list(range(20)), "n": None}
    shown = dict(findings.evidence(figures))
    assert shown["top accounts"] == "name a, share 50.0 %"
    assert shown["months"].endswith("and 12 more")
    assert shown["n"] == "not known"


def test_an_unknown_warning_code_still_gets_a_title() -> None:
    odd = replace(
        builders.thin(), warnings=(Notice(code="rows_dropped", field=None, message="Three rows."),)
    )
    assert "Rows dropped rows_dropped Three rows." in words(odd)
