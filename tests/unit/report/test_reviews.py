"""The pages of the review queue: order, ages, what is hidden, what an answer does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from leadfit.records import Reason
from leadfit.report.reviews import Entered, ReviewSheet, SideSheet, queue_page, review_page
from leadfit.resolve.pairs.side_by_side import line_up

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
SHEET = ReviewSheet(
    review_id="v/1",
    kind="link",
    probability=0.934,
    opened_at=NOW - timedelta(hours=3),
    due_at=NOW - timedelta(minutes=5),
    lead_id="lead 1",
    left=SideSheet(what="lead", title="Acme <i>", record_id="lead 1"),
    right=SideSheet(what="account", title="Acme", record_id="a1"),
    waits=True,
    rows=line_up({"name": "Acme <i>", "email": "jo@acme.com"}, {"name": "Acme"}),
    evidence=(Reason(rule="weighed.company", words="company is spelled alike (+8.0 bits)"),),
    answers={"same": "the lead goes to Acme", "different": "the lead stays alone"},
)


def test_a_review_page_says_what_is_late_what_waits_and_what_an_answer_does() -> None:
    page = review_page(SHEET, now=NOW)
    for part in (
        "overdue by 5 min",
        "no owner until decided",
        "The lead goes to Acme.",
        'value="different"',
        "+8.0 bits",
        'action="/reviews/v%2F1"',
        'href="/leads/lead%201"',
        "say nothing for or against",
    ):
        assert part in page
    assert "Acme <i>" not in page
    assert 'value="related"' not in page


def test_a_hidden_record_shows_whom_to_ask_and_no_way_to_decide() -> None:
    hidden = replace(
        SHEET,
        right=SideSheet(
            what="account", title="an account you may not see", is_hidden=True, ask=("max",)
        ),
        rows=(),
        evidence=(),
        answers={},
    )
    page = review_page(hidden, now=NOW)
    assert "Ask max." in page
    assert "<form" not in page
    assert "Only who may see both records can decide" in page


def test_what_was_typed_comes_back_with_what_was_wrong() -> None:
    page = review_page(SHEET, now=NOW, entered=Entered(fault="no key", by='A"nn', reason="<b>"))
    for part in ("No key.", 'value="A&#34;nn"', 'value="&lt;b&gt;"'):
        assert part in page


def test_a_decided_review_has_no_form() -> None:
    page = review_page(replace(SHEET, decided="Same, by Ann", answers={}), now=NOW)
    assert "Same, by Ann." in page
    assert "<form" not in page


def test_the_queue_has_ages_and_pages() -> None:
    page = queue_page([SHEET], now=NOW, kind="link", after="v0", has_more=True)
    for part in ("3 h", "93.4 %", "kind=link&amp;after=v%2F1", 'href="/reviews?kind=link"'):
        assert part in page
    calm = replace(SHEET, due_at=None)
    assert "no rush" in queue_page([calm], now=NOW)


def test_an_empty_queue_says_so() -> None:
    assert "Nothing waits for a review" in queue_page([], now=NOW)
    assert "No review fits this choice" in queue_page([], now=NOW, kind="audit")
