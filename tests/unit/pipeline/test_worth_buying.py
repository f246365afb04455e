"""The decision table of buying facts: what is bought, what is not, and what is bought first."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from leadfit.buying import Flip, Offer, Whom
from leadfit.pipeline import InForce
from leadfit.pipeline import question as asked
from leadfit.pipeline.certificate import certify, check
from leadfit.pipeline.question import Question
from leadfit.pipeline.worth_buying import choices, is_worth_it, worth_buying
from leadfit.policy import Policy, load_starter
from leadfit.policy.enrichment import Admissible
from leadfit.policy.scoring import FactPart, Less, PointBand, WordPoints
from leadfit.records import Account, Activity, Fact, Kind, Lead, RepLoad, Subject, Tier
from leadfit.score.cells import admitted, split, weighed
from leadfit.testing.builders import NOW, changed
from leadfit.testing.missing_facts import planted_leads

HOT = (Kind.DEMO_REQUEST, Kind.PRICING_VIEW, Kind.CALCULATOR)
COMPANY = ("country", "employees", "industry", "state")
FIRM = Offer(
    vendor="companies", whom=Whom(kind="company", key="acme.com"), facts=COMPANY,
    price=1_000_000, chance=0.9,
)  # fmt: skip
PERSON = Offer(
    vendor="people", whom=Whom(kind="contact", key="x"), facts=("domain", "title"),
    price=500_000, chance=0.9,
)  # fmt: skip


def question(
    facts: dict[str, Fact], *kinds: Kind, free: tuple[str, ...], policy: Policy | None = None
) -> Question:
    rules = policy or load_starter()
    return Question(
        subject=Subject(
            facts=facts, activities=tuple(Activity(kind=kind, at=NOW) for kind in kinds)
        ),
        lead=Lead(lead_id="lead_1", created_at=NOW, facts=facts),
        accounts=(None,),
        loads=tuple(RepLoad(rep=rep) for rep in rules.reps),
        in_force=InForce(policy=rules),
        now=NOW,
        free=free,
    )


def model_a() -> Policy:
    return changed(load_starter(), "score.model", "A")


def test_a_lead_without_a_domain_and_an_account_is_worth_its_domain() -> None:
    lead = question({"country": "us"}, *HOT, free=("domain", "employees"))
    verdict = worth_buying(replace(lead, is_unresolved=True))
    assert Flip.ATTRIBUTION in verdict.flips
    (first,) = choices(replace(lead, is_unresolved=True), verdict, [FIRM, PERSON], {})
    assert (first.offer, first.flips) == (PERSON, (Flip.ATTRIBUTION,))


def test_a_score_of_72_with_a_cut_of_75_is_worth_the_title_that_may_reach_it() -> None:
    # Fit 40, engagement 32 of 30 held at 30 and no budget: the title is worth up to 5 points.
    facts: dict[str, Fact] = {"industry": "software", "employees": 5000, "country": "us"}
    kinds = (*HOT, Kind.COMPARISON_VIEW)
    lead = question(facts, *kinds, free=("title",), policy=model_a())
    verdict = worth_buying(lead)
    assert verdict.bounds.span.numbers["total"] == (70.0, 75.0)
    assert verdict.known.tier is Tier.TWO
    assert verdict.bounds.tiers == (Tier.ONE, Tier.TWO)
    assert Flip.TIER in verdict.flips


def test_a_score_that_no_title_lifts_over_the_cut_is_settled() -> None:
    facts: dict[str, Fact] = {"industry": "software", "employees": 5000, "country": "se"}
    kinds = (*HOT, Kind.COMPARISON_VIEW)
    lead = question(facts, *kinds, free=("title",), policy=model_a())
    verdict = worth_buying(lead)
    assert verdict.bounds.span.numbers["total"] == (67.0, 72.0)
    assert verdict.is_settled


def test_a_clear_mismatch_is_settled_and_nothing_is_bought() -> None:
    facts: dict[str, Fact] = {"industry": "agriculture", "employees": 3, "country": "in"}
    lead = question(facts, *HOT, free=("title", "state"))
    verdict = worth_buying(lead)
    assert verdict.is_settled
    assert verdict.known.tier is Tier.THREE
    body = json.loads(certify(lead, verdict).body)
    assert body["tiers"] == [3]
    assert body["bounds"]["fit100"] == [15.0, 15.0]
    assert not choices(lead, verdict, [FIRM, PERSON], {})


def test_a_lead_with_an_owner_that_cannot_rise_is_settled_whatever_its_territory() -> None:
    lead = question({"industry": "software"}, Kind.BLOG_VIEW, free=("country", "employees"))
    owned = replace(lead, held=Tier.THREE, owner_id="rep_gia")
    verdict = worth_buying(owned)
    assert verdict.is_settled
    assert verdict.owners == ("rep_gia",)


def test_a_touched_lead_keeps_its_owner_whatever_its_territory() -> None:
    facts: dict[str, Fact] = {"industry": "software", "employees": 5000}
    lead = question(facts, *HOT, free=("country",))
    owned = replace(lead, held=Tier.TWO, owner_id="rep_gia", is_touched=True)
    assert worth_buying(owned).owners == ("rep_gia",)


def test_a_lead_of_an_account_whose_facts_are_known_lacks_nothing() -> None:
    facts: dict[str, Fact] = {"industry": "software", "employees": 800, "country": "us"}
    account = Account(account_id="acc", name="Acme", owner_id="rep_dan", facts=facts)
    lead = question(facts, *HOT, free=())
    verdict = worth_buying(replace(lead, accounts=(account,)))
    assert verdict.is_settled
    assert verdict.cells == ()


def test_a_stale_size_of_an_account_counts_as_unknown_and_an_old_value_stands_without_answer() -> (
    None
):
    facts: dict[str, Fact] = {"industry": "software", "employees": 800, "country": "us"}
    lead = question(facts, *HOT, free=("employees",))
    verdict = worth_buying(lead)
    assert verdict.known.tier is Tier.TWO
    assert Flip.TIER in verdict.flips


def test_an_unknown_country_may_change_the_territory_and_so_the_owner() -> None:
    facts: dict[str, Fact] = {"industry": "software", "employees": 5000}
    lead = question(facts, Kind.FORM_FILL, *HOT, free=("country", "state"))
    verdict = worth_buying(lead)
    assert Flip.OWNER in verdict.flips
    assert len(verdict.owners) > 1


def test_a_state_decides_nothing_abroad() -> None:
    facts: dict[str, Fact] = {"industry": "software", "employees": 5000, "country": "de"}
    assert worth_buying(question(facts, *HOT, free=("state",))).is_settled


def test_what_settles_for_less_goes_first_and_what_decides_nothing_is_left_out() -> None:
    lead = question({"country": "us"}, *HOT, free=("employees", "industry", "title"))
    verdict = worth_buying(lead)
    dear = replace(FIRM, vendor="dear", price=3_000_000)
    found = choices(lead, verdict, [dear, PERSON, FIRM], {})
    assert [each.offer.vendor for each in found] == ["companies", "dear"]
    assert found[0].settles == pytest.approx(1.0)


def test_a_price_above_what_a_change_is_worth_is_paid_unless_the_policy_says_worth_it() -> None:
    lead = question({"country": "us"}, *HOT, free=("employees", "industry"))
    verdict = worth_buying(lead)
    dear = replace(FIRM, price=500_000_000)
    (choice,) = choices(lead, verdict, [dear], {})
    rules = lead.policy.enrich
    assert 0 < choice.value < dear.price
    assert rules.buy == "any_flip"
    assert is_worth_it(rules, choice)
    assert not is_worth_it(rules.model_copy(update={"buy": "worth_it"}), choice)


def test_recorded_values_say_how_likely_a_change_is() -> None:
    lead = question({"country": "us", "industry": "software"}, *HOT, free=("employees",))
    verdict = worth_buying(lead)
    (large,) = choices(lead, verdict, [FIRM], {"employees": {"900": 500}})
    (small,) = choices(lead, verdict, [FIRM], {"employees": {"3": 500}})
    assert large.chance > 0.85
    assert small.chance < 0.05


def test_shares_of_cells_sum_to_one_and_what_is_admissible_can_be_narrowed() -> None:
    policy = load_starter()
    for fact in ("industry", "employees", "country", "title", "budget_confirmed", "product"):
        cells = split(fact, policy)
        assert sum(each.share for each in cells.cells) == pytest.approx(1.0)
        more = weighed(cells, {"software": 3, "900": 2})
        assert sum(each.share for each in more.cells) == pytest.approx(1.0)
    narrow = changed(
        policy, "enrich.admissible", {"industry": Admissible(values=("retail",), only=True)}
    )
    assert [each.value for each in split("industry", narrow).cells] == [None, "retail"]
    assert admitted("industry", "Retail", narrow) == "Retail"
    assert admitted("industry", "software", narrow) is None


def test_a_number_is_a_plain_one_or_it_is_not_taken() -> None:
    policy = load_starter()
    taken = [admitted("employees", each, policy) for each in ("800", 800.0, "1,000", "many", True)]
    assert taken == [800, 800, None, None, None]
    assert admitted("company_size", float("inf"), policy) is None


def test_a_title_may_earn_by_two_parts_and_lose_by_no_third() -> None:
    def part(word: str, points: float) -> FactPart:
        line = WordPoints(any=(word, f"{word}s"), points=points)
        return FactPart(fact="title", cap=20, words=(line,))

    policy = changed(load_starter(), "score.fit", {"rank": part("vp", 20), "area": part("api", 20)})
    students = Less(component="fit", points=30, fact="title", words=("student",))
    policy = changed(policy, "score.less", {"students": students})
    lead = question({}, *HOT, free=("title",), policy=policy)
    verdict = worth_buying(lead)
    assert verdict.bounds.span.numbers["fit100"] == (0.0, 100.0)
    title = verdict.cells[0]
    found = {each.signature for each in title.cells}
    for text in ("vp api", "VP student", "apis students", "vps api student", "student", "x"):
        assert title.read(text) in found
    assert asked.answer(lead, {"title": "VP, API"}).tier in verdict.bounds.tiers


def test_a_fact_read_as_number_and_as_yes_may_be_both_at_once() -> None:
    size = FactPart(fact="seats", cap=20, bands=(PointBand(min=0, points=20),))
    paid = FactPart(fact="seats", cap=20, yes=20)
    policy = changed(load_starter(), "score.fit", {"size": size, "paid": paid})
    (seats,) = worth_buying(question({}, free=("seats",), policy=policy)).cells
    assert seats.read(admitted("seats", 1, policy)) in {each.signature for each in seats.cells}
    named = changed(policy, "score.less", {"x": Less(component="fit", points=1, fact="seats",
                                                    words=("yes",))})  # fmt: skip
    (seats,) = worth_buying(question({}, free=("seats",), policy=named)).cells
    assert admitted("seats", "1,000", named) is None
    for value in ("yes", "true", "1", "y", "no"):
        kept = admitted("seats", value, named)
        assert seats.read(kept) in {each.signature for each in seats.cells}


def test_a_certificate_of_other_bounds_or_of_an_open_decision_is_refused() -> None:
    lead = question({"country": "us"}, Kind.BLOG_VIEW, free=("employees",))
    certificate = certify(lead, worth_buying(lead))
    assert check(lead, certificate).holds
    later = replace(lead, now=NOW + timedelta(days=1))
    assert not check(later, certificate).is_same
    hot = question({"country": "us"}, *HOT, free=("employees", "industry"))
    with pytest.raises(ValueError, match="may change"):
        certify(hot, worth_buying(hot))


def test_a_wrong_certificate_is_refuted_by_a_completion() -> None:
    lead = question({"country": "us"}, Kind.BLOG_VIEW, free=("employees", "industry"))
    certificate = certify(lead, worth_buying(lead))
    hot = replace(lead, subject=question({"country": "us"}, *HOT, free=()).subject)
    found = check(hot, certificate)
    assert not found.is_same
    assert any(each.came.tier is Tier.TWO for each in found.differing)


def test_planted_leads_lose_nothing_by_what_is_not_bought() -> None:
    rules = InForce(policy=load_starter())
    settled = 0
    for lead in planted_leads(rules, 60, seed=3):
        verdict = worth_buying(lead.question)
        if not verdict.is_settled:
            continue
        settled += 1
        after = lead.question
        for offer in lead.offers(after):
            after = lead.answered(after, offer)
        assert worth_buying(after).known == verdict.known
    assert settled > 20
