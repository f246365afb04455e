"""What fit, intent and tier were worth, as it stands in the quarterly review."""

from __future__ import annotations

from leadfit import learn, report
from leadfit.jobs.past.placing import outlook_of
from leadfit.report import outlook as told
from leadfit.testing.stories import engagement_bias as planted


def test_the_quarterly_review_shows_quadrants_tiers_and_the_bias() -> None:
    world = planted.firms(21, 1_000)
    way = planted.sell(world, planted.naive_policy())
    past = planted.history(world, way)
    found = outlook_of(past, planted.leadfit_policy())
    assert found.bias.level == "alarm"
    watched = learn.drift(past)
    page = report.review_page(watched, found)
    assert "Does engagement outweigh fit?" in page
    assert "wrong fit, high intent (most dangerous)" in page
    assert "ALARM" in page
    document = report.review_document(watched, found)
    assert isinstance(document["outlook"], dict)
    assert document["outlook"]["bias"]["level"] == "alarm"
    assert report.review_document(watched)["outlook"] is None


def test_the_dangerous_quadrant_is_won_and_lost() -> None:
    world = planted.firms(21, 1_000)
    way = planted.sell(world, planted.naive_policy())
    found = outlook_of(planted.history(world, way), planted.leadfit_policy()).quadrants
    rows = {row[0]: row for row in told.quadrant_rows(found)}
    heads = rows["quadrant"]
    left = heads.index("left after use")
    wrong = float(rows["wrong fit, high intent (most dangerous)"][left].split(" %")[0])
    right = float(rows["right fit, high intent"][left].split(" %")[0])
    assert wrong > right + 20
