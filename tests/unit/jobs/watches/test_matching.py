"""The watch of matching on a frozen clock: audits, overdue reviews, alerts, stepping back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from leadfit import pipeline
from leadfit.jobs.watches.matching import MatchWatch, match_report, step_back, tell_overdue, top_up
from leadfit.pipeline import InForce
from leadfit.pipeline.matching import drawn, reviewers
from leadfit.policy import Policy, load_starter
from leadfit.records import Band, Relation
from leadfit.resolve.model.card import Card, Cuts, RecordKind
from leadfit.resolve.model.starter import starter_card
from leadfit.store import Session, SqliteStore
from leadfit.store.matching import Link, Review, ReviewKind
from leadfit.store.views import ActionView
from leadfit.testing import FrozenWorld
from leadfit.watch import Audit, Period, audited, week_of, weeks_before

STARTER = load_starter()
DAY = 86_400
PROVED = Cuts(auto=0.97, review=0.9, audited=700, wrong=0, bound=0.0043, is_proved=True)


def policy(**keys: object) -> Policy:
    matching = STARTER.matching.model_copy(update=keys)
    return STARTER.model_copy(update={"matching": matching})


def with_quota(pairs_a_month: int) -> Policy:
    watch = STARTER.matching.watch.model_copy(update={"pairs_a_month": pairs_a_month})
    return policy(watch=watch, audit_share=0.1)


def post(store: SqliteStore, world: FrozenWorld, rules: Policy, email: str, number: int) -> None:
    body = {
        "source": "form",
        "event_id": f"{email}-{number}",
        "kind": "demo_request",
        "at": world.now().isoformat(),
        "identifiers": {"email": email},
    }
    pipeline.accept(world, store, rules, [body])
    assert pipeline.decide_pending(world, store, InForce(policy=rules), 10) == 1


def linked_week(store: SqliteStore, world: FrozenWorld, rules: Policy, count: int) -> Period:
    """Let leads of one account arrive in a week, and let the week pass."""
    post(store, world, rules, "first@firm.com", 0)
    for number in range(count):
        post(store, world, rules, f"lead{number}@firm.com", number)
    world.pass_time(7 * DAY)
    (week,) = weeks_before(world.now(), 1)
    return week


def audits(store: SqliteStore) -> list[Review]:
    found = store.read(lambda session: session.reviews.waiting(1_000, kind=ReviewKind.AUDIT))
    return list(found)


def links(store: SqliteStore, week: Period) -> list[Link]:
    found = store.read(lambda session: session.links.between(week.start, week.end))
    return [each for each in found if each.band is Band.AUTO]


def test_a_week_with_too_few_audits_is_topped_up_to_its_share_of_the_month(
    store: SqliteStore, world: FrozenWorld
) -> None:
    rules = with_quota(50)  # 12 a week
    week = linked_week(store, world, rules, 40)
    before = len(audits(store))
    assert 0 < before < 12
    assert top_up(world, store, InForce(policy=rules), week) == 12 - before
    assert len(audits(store)) == 12


def test_drawing_again_draws_nothing(store: SqliteStore, world: FrozenWorld) -> None:
    rules = with_quota(50)
    week = linked_week(store, world, rules, 40)
    top_up(world, store, InForce(policy=rules), week)
    assert top_up(world, store, InForce(policy=rules), week) == 0
    judged = audits(store)[0].review_id
    store.write(
        lambda session: session.reviews.decide(
            judged, Relation.SAME, at=world.now(), reviewer="rita", reason=None
        )
    )
    assert top_up(world, store, InForce(policy=rules), week) == 0


def test_every_pair_is_kept_with_the_chance_by_which_it_was_drawn(
    store: SqliteStore, world: FrozenWorld
) -> None:
    rules = with_quota(50)
    week = linked_week(store, world, rules, 40)
    top_up(world, store, InForce(policy=rules), week)
    numbers = sorted(drawn(each.signal_id) for each in links(store, week))
    kept = {each.signal_id: each for each in audits(store)}
    assert max(drawn(str(name)) for name in kept) == numbers[11]
    later = {each.chosen_with for each in kept.values() if each.stratum == "topped up"}
    assert later == {numbers[12]}
    assert all(each.evidence for each in kept.values())


def test_a_small_week_is_audited_whole(store: SqliteStore, world: FrozenWorld) -> None:
    rules = with_quota(200)
    week = linked_week(store, world, rules, 10)
    top_up(world, store, InForce(policy=rules), week)
    kept = audits(store)
    assert len(kept) == len(links(store, week)) == 10
    assert max(each.chosen_with for each in kept) == 1


def test_what_the_sender_named_by_its_id_is_no_match_to_audit(
    store: SqliteStore, world: FrozenWorld
) -> None:
    rules = with_quota(200)
    post(store, world, rules, "first@firm.com", 0)
    (first,) = store.read(lambda session: session.leads.page(5))
    for number in range(5):
        body = {
            "source": "crm", "event_id": f"named-{number}", "kind": "demo_request",
            "at": world.now().isoformat(),
            "identifiers": {"email": f"n{number}@firm.com", "account_id": first.lead.account_id},
        }  # fmt: skip
        pipeline.accept(world, store, rules, [body])
    pipeline.decide_pending(world, store, InForce(policy=rules), 10)
    world.pass_time(7 * DAY)
    (week,) = weeks_before(world.now(), 1)
    assert len(links(store, week)) == 5
    assert top_up(world, store, InForce(policy=rules), week) == 0


def test_no_quota_draws_nothing(store: SqliteStore, world: FrozenWorld) -> None:
    rules = with_quota(0)
    week = linked_week(store, world, rules, 10)
    assert top_up(world, store, InForce(policy=rules), week) == 0


def ask(store: SqliteStore, world: FrozenWorld, name: str, **more: object) -> None:
    made = Review(
        review_id=name, kind=ReviewKind.LINK, record_kind=RecordKind.ACCOUNT, left_id=f"l-{name}",
        right_id="a", probability=0.93, opened_at=world.now(),
        due_at=world.now() + timedelta(hours=24),
    )  # fmt: skip
    store.write(lambda session: session.reviews.open(replace(made, **more)))  # type: ignore[arg-type]  # fields by name


def queued(store: SqliteStore, world: FrozenWorld) -> list[ActionView]:
    later = world.now() + timedelta(days=365)
    return list(store.read(lambda session: session.outbox.due(later, 1_000)))


def test_an_overdue_review_is_told_of_once_and_never_early(
    store: SqliteStore, world: FrozenWorld
) -> None:
    rules = InForce(policy=policy(reviewers=("rita",)))
    ask(store, world, "r1")
    world.pass_time(DAY - 1)
    assert tell_overdue(world, store, rules, 100) == 0
    world.pass_time(1)
    assert tell_overdue(world, store, rules, 100) == 1
    world.pass_time(DAY)
    assert tell_overdue(world, store, rules, 100) == 0
    (view,) = queued(store, world)
    assert view.action.recipients == ("rita",)
    assert view.action.fields["words"] == "a review is overdue: it has waited 24 h"


def test_a_decided_review_is_never_overdue(store: SqliteStore, world: FrozenWorld) -> None:
    ask(store, world, "r1", decided_at=world.now(), relation=Relation.SAME, reviewer="rita")
    world.pass_time(9 * DAY)
    assert tell_overdue(world, store, InForce(policy=STARTER), 100) == 0


def watch(store: SqliteStore, world: FrozenWorld, rules: InForce, put: list[Card]) -> MatchWatch:
    return MatchWatch(
        world, store, lambda: replace(rules, card=put[-1]) if put else rules, put.append
    )


def judged_links(
    store: SqliteStore, world: FrozenWorld, count: int, wrong: int, card_digest: str | None
) -> None:
    """Let links of a week be audited in it."""
    at = week_of(world.now()) - timedelta(days=2)
    for number in range(count):
        name = f"s{number}"
        link = Link(
            signal_id=name, lead_id=None, decided_at=at, band=Band.AUTO, probability=0.98,
            method="weighed", account_id="a", card_digest=card_digest,
        )  # fmt: skip
        review = Review(
            review_id=f"audit-{number}", kind=ReviewKind.AUDIT, record_kind=RecordKind.ACCOUNT,
            left_id=name, right_id="a", probability=0.98, opened_at=at, signal_id=name,
            chosen_with=0.02, card_digest=card_digest, decided_at=at + timedelta(hours=1),
            relation=Relation.DIFFERENT if number < wrong else Relation.SAME, reviewer="rita",
        )  # fmt: skip
        store.write(partial(keep, link, review))


def keep(link: Link, review: Review, session: Session) -> None:
    session.links.add(link)
    assert session.reviews.open(review)


def test_an_alert_is_queued_once_a_week_and_figure(store: SqliteStore, world: FrozenWorld) -> None:
    judged_links(store, world, 50, 5, None)
    rules = InForce(policy=policy(reviewers=("rita",)))
    first = watch(store, world, rules, [])
    assert first.round(100) == 2
    assert first.round(100) == 0
    assert watch(store, world, rules, []).round(100) == 2  # another process does the same again
    actions = {view.action.key: view.action for view in queued(store, world)}
    week = f"{weeks_before(world.now(), 1)[0].start:%G-W%V}"
    rule_key = f"matching/rules-{rules.policy.digest}/step-back"
    assert actions.keys() == {f"matching/{week}/false_positive/alert", rule_key}
    words = str(actions[f"matching/{week}/false_positive/alert"].fields["words"])
    assert words.startswith("false positives: 10 %")
    assert "raise matching.auto" in str(actions[rule_key].fields["words"])
    assert all(each.recipients == ("rita",) for each in actions.values())


def test_a_week_later_nothing_old_is_told_again(store: SqliteStore, world: FrozenWorld) -> None:
    judged_links(store, world, 50, 5, None)
    watched = watch(store, world, InForce(policy=STARTER), [])
    watched.round(100)
    before = {view.action.key for view in queued(store, world)}
    world.pass_time(7 * DAY)
    watched.round(100)
    assert {view.action.key for view in queued(store, world)} == before


def test_a_card_whose_promise_is_disproved_links_nothing_any_more(
    store: SqliteStore, world: FrozenWorld
) -> None:
    card = replace(starter_card(), cuts=PROVED)
    judged_links(store, world, 50, 3, card.digest)
    put = [card]
    watch(store, world, InForce(policy=STARTER), put).round(100)
    stepped = put[-1]
    assert stepped.cuts.auto == 1
    assert not stepped.cuts.is_proved
    assert (stepped.cuts.audited, stepped.cuts.wrong) == (50, 3)
    assert replace(stepped, cuts=PROVED) == card
    keys = {view.action.key for view in queued(store, world)}
    assert f"matching/{card.digest}/step-back" in keys
    watch(store, world, InForce(policy=STARTER), put).round(100)
    assert len(put) == 2


def test_audits_of_another_card_are_no_reason_to_step_back(
    store: SqliteStore, world: FrozenWorld
) -> None:
    card = replace(starter_card(), cuts=PROVED)
    judged_links(store, world, 50, 3, "another")
    put = [card]
    watch(store, world, InForce(policy=STARTER), put).round(100)
    assert put == [card]


@pytest.mark.parametrize(("wrong", "steps_back"), [(0, False), (1, False), (3, True)])
def test_a_card_steps_back_only_when_its_promise_is_disproved(wrong: int, steps_back: bool) -> None:
    card = replace(starter_card(), cuts=PROVED)
    found: Audit = replace(
        audited([], 0.005), judged=50, wrong=wrong, share=wrong / 50, effective=50
    )
    assert (step_back(card, found) is not None) is steps_back


def test_a_report_tells_as_many_weeks_as_were_asked_for(
    store: SqliteStore, world: FrozenWorld
) -> None:
    judged_links(store, world, 10, 0, None)
    found = match_report(store, STARTER, now=world.now(), weeks=3)
    assert [each.signals for each in found.weeks] == [0, 0, 10]
    assert found.whole.audit.judged == 10
    assert found.edges[0].auto == STARTER.matching.auto
    assert len(match_report(store, STARTER, now=world.now(), weeks=1).weeks) == 1


def test_everyone_who_leads_reps_is_told_where_no_reviewer_is_named() -> None:
    managers = {rep.manager_id for rep in STARTER.reps if rep.manager_id is not None}
    assert set(reviewers(STARTER)) == managers
