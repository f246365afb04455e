"""The stored form of a decision and of its inputs: JSON in which nothing tells of a person.

Both are compressed by words that most of them have in common. The compressed bytes name their words
by a checksum, so the words below never change: better ones would be further ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from leadfit.records import Decision, Fact
from leadfit.store.codec import (
    decode,
    open_with,
    pack_text,
    pack_text_with,
    squeeze_with,
    write_plain,
)
from leadfit.store.personal import part_facts, unveil, veil
from leadfit.store.told import Statement

_INPUT_WORDS: Final = (
    b'{"call":"owner","lead_id":"lead_01m"},"because":{"rule":"route.absent","words":"'
    b'"reviews.of_contact":[[]],"leads.open_leads":[[]],"accounts.own_account":[{"'
    b'"unbegun.cancel":[0],"unbegun.of_lead":[[]],"outbox.cancel":[0],"leads.assignments":[[{'
    b'"assigned_at":"2026-","assignment_id":"assignment_01m","lead_id":"lead_01m","number":1,'
    b'"owner_id":"rep_","place":{"pool":"round_robin/1","rep_id":"rep_","rule":"territory",'
    b'"words":"owns the territory europe"},"signal_at":"2026-","tier":1}]],'
    b'"leads.assignment":[{"assigned_at":"2026-"}],"leads.get":[{"account_id":"account_01m",'
    b'"contact_id":"contact_01m","created_at":"2026-","facts":{"country":"DE"},"is_open":true,'
    b'"lead_id":"lead_01m","owner_id":"rep_","source":"web-form","tier":1}],'
    b'"leads.rated":["decision_01m"],"leads.signal_at":["2026-"],"leads.touched_at":[null],'
    b'"accounts.blocked":[{"candidates":[{"account":{"account_id":"","country":"US",'
    b'"is_customer":false,"name":""},"columns":{"city":"","company":"","company.acronym":"",'
    b'"company.words":"","country":"US","domain":"","region":""},"found_by":"blocking"},'
    b'"contact":{"account_id":"","contact_id":"contact_01m"},"found_by":"email",'
    b'"open_lead_id":"lead_01m","accounts.account":[{"account_id":"account_01m"}],'
    b'"find_owner":[null],"owners.waiting":[[]],"leads.open_lead_of":[null],'
    b'{"answers":{"accounts.candidates":[[{"account":{"account_id":"acc-","country":"US",'
    b'"created_at":"2025-01-01T00:00:00Z","domains":[".com"],"facts":{"employees":,'
    b'"industry":"software"},"is_customer":false,"name":"","parent_account_id":"","owner_id":"rep_"'
    b'},"found_by":"domain","role":"primary"}]],"capacity.claim":[1],"capacity.loads":[[[0,0,{}],'
    b'[1,4,{"territory/europe/1":4}],[0,7,{}],[1,6,{"round_robin/2":6}],[0,3,{"round_robin/3":3}]]]'
    b',"capacity.take_turn":[1],"clocks.stop":[0],"leads.activities":[["demo_request",17,'
    b'"form_fill",17,"pricing_view",17,"email_reply",17]],"leads.assignment":[null],'
    b'"leads.open_lead_of":[null],"leads.touched_at":[null],"owners.waiting":[[]]},"card":"e",'
    b'"entry":{"call":"signal"},"ids":["contact_01m","lead_01m","assignment_01m","decision_01m"],'
    b'"now":[17]}'
)
_DECISION_WORDS: Final = (
    b'"conflict","words":"its ids name different accounts: "email.known","words":"the business '
    b'address is that of contact contact_01m"free_mail","words":"the address is of a free-mail '
    b'service, which says nothing about an account"crm_id","words":"the sender named the '
    b'"route.reassigned","words":"taken from rep_: the overflow pool comes first"away","words":"is '
    b'away until 2026-"present_owner","words":"has the lead already"capacity","words":"has 15 of 15'
    b' slots of 48 h taken"overflow/1","rule":"overflow","words":"is in the overflow pool"manager/1'
    b'","rule":"manager","words":"manages a rep who cannot take it"account_owner","words":"owns the'
    b' account "skill","words":"has the skill , which the play  calls for"sequence","linkedin",'
    b'"nurture","retarget","recycle_check","page","incident","pause_sequence","ads","pager","log"'
    b'"detractor.flag","words":"looks like accounts that left after meaningful use (match 0.'
    b'"tier.intent_gate","words":"fit 90 of 100 passes the gate of 70, and intent 100 of 100 '
    b'reaches 60","play.ready-to-buy","words":"1 x pricing_view and 1 x calculator within 30 days '
    b'call for the ready-to-buy sales playbook"tier.fit_gate","words":"fit 0 of 100 is below 70"'
    b'"icp":{"artifact_digest":"","detractor":0.0,"flagged":false,"reasons":[{"points":'
    b'"possible_account_id":"relation":"different","none","weighed","review","new","domain.own",'
    b'"nothing","words":"no identifier leads to an account on record"domain.new","words":"no '
    b'account holds the domain .com yet"'
    b'{"account_id":"acc-","artifact_digest":"","assignment":{"assigned_at":"2026-","assignment_id"'
    b':"assignment_01m","lead_id":"lead_01m","owner_id":"rep_","number":1,"place":{"pool":'
    b'"territory/europe/1","rep_id":"rep_","rule":"territory","words":"owns the territory europe; '
    b'works next from 2026-"},"signal_at":"2026-","tier":1},"card_digest":"e62db661c89d7186c880",'
    b'"contact_id":"contact_01m","decided_at":"2026-","decision_id":"decision_01m","lead_id":'
    b'"lead_01m","match":{"account_id":"acc-","band":"auto","candidates":["acc-"],"contact_id":'
    b'"lead_id":"lead_01m","method":"exact","probability":0.99,"reasons":[{"rule":"domain.own",'
    b'"words":"account acc- alone holds the domain .com"}],"relation":"same"},"opened":true,"plan":'
    b'{"actions":[{"assignment_id":"assignment_01m","destination":"crm","due_at":"2026-","fields":{'
    b'"play":"","playbook":" sales playbook","priority":"high","tier":1},"key":"lead_01m/1/task",'
    b'"kind":"task","lead_id":"lead_01m","recipients":["rep_"]},{"assignment_id":"assignment_01m",'
    b'"destination":"chat","due_at":"2026-","fields":{"tier":2},"key":"lead_01m/1/alert","kind":'
    b'"alert","lead_id":"lead_01m","recipients":["rep_","rep_"]},{"assignment_id":"assignment_01m",'
    b'"destination":"phone","due_at":"","fields":{"tier":3},"key":"lead_01m/1/script","kind":'
    b'"call_script"},"destination":"email","key":"lead_01m/tier-3/nurture","kind":"nurture"],'
    b'"clocks":[{"assignment_id":"assignment_01m","key":"lead_01m/signal_to_assignment","kind":'
    b'"signal_to_assignment","lead_id":"lead_01m","started_at":"2026-","step":0},{"assignment_id":'
    b'"assignment_01m","due_at":"2026-","key":"lead_01m/1/assignment_to_touch","kind":'
    b'"assignment_to_touch","lead_id":"lead_01m","started_at":"2026-","step":0},{"assignment_id":'
    b'"assignment_01m","due_at":"2026-","key":"lead_01m/signal_to_touch","kind":"signal_to_touch",'
    b'"lead_id":"lead_01m","started_at":"2026-","step":0}],"reasons":[{"rule":"sla","words":"first '
    b'touch within 15 working minutes of the owner, by 2026- UTC"}]},"policy_digest":"","ranking":{'
    b'"excluded":[{"rep_id":"rep_","rule":"team","words":"team ae does not work Tier 1"},{"rep_id":'
    b'"rep_","rule":"team","words":"team sdr does not work Tier 2"},{"rep_id":"rep_","rule":"team",'
    b'"words":"team marketing does not work Tier 3"}],"needs_slot":true,"places":[{"pool":'
    b'"territory/europe/1","rep_id":"rep_","rule":"territory","words":"owns the territory europe"},'
    b'{"pool":"round_robin/1","rep_id":"rep_","rule":"round_robin","words":"next in turn for Tier 1'
    b'"},{"pool":"round_robin/2","rep_id":"rep_","rule":"round_robin","words":"next in turn for '
    b'Tier 2"}],"reasons":[{"rule":"route.order","words":"rules in the order source-order"}]},'
    b'"score":{"authority":4.0,"engagement":30.0,"fit":36.0,"fit100":90.0,"intent":20.0,'
    b'"intent100":100.0,'
    b'"model":"B","reasons":[{"points":15.0,"rule":"fit.industry","words":"industry is software"},{'
    b'"points":13.0,"rule":"fit.employees","words":"employees is 800, at least 500"},{"points":8.0,'
    b'"rule":"fit.geo","words":"country is DE"},{"points":10.0,"rule":"engagement.web_visits",'
    b'"words":"3 x calculator, 2 x demo_request, held at the cap of 10"},{"points":0.0,"rule":'
    b'"engagement.content","words":"no such activity"},{"points":10.0,"rule":"engagement.demo",'
    b'"words":"1 x demo_request"},{"points":0.0,"rule":"intent.third_party","words":"no such '
    b'activity"},{"points":0.0,"rule":"intent.competitor","words":"no such activity"},{"points":4.0'
    b',"rule":"authority.seniority","words":"title is \xe2\x9f\xa8title\xe2\x9f\xa9, which holds '
    b'\'vp\'"},{"points":0.0,"rule":"authority.budget","words":"budget_confirmed is missing"},{'
    b'"rule":"tier.intent_gate","words":"fit 90 of 100 passes the gate of 70, but intent 12 of 100 '
    b'is below 40"}],"tier":1,"total":90.0},"signal_id":"signal_01m","subject":{"activities":[{"at"'
    b':"2026-","kind":"demo_request"},{"at":"2026-","kind":"form_fill"},{"at":"2026-","kind":'
    b'"pricing_view"}],"facts":{"country":"US","employees":,"industry":"software"}}}'
)


def squeeze_inputs(inputs: Mapping[str, object]) -> bytes:
    """Return what a decision was made from, compressed; :func:`open_inputs` opens it."""
    return squeeze_with(_INPUT_WORDS, write_plain(inputs).encode())


def open_inputs(squeezed: bytes) -> dict[str, object]:
    """Return what :func:`squeeze_inputs` compressed."""
    return cast("dict[str, object]", json.loads(open_inputs_text(squeezed)))


def open_inputs_text(squeezed: bytes) -> str:
    """Return :func:`open_inputs` as canonical JSON."""
    return open_with(_INPUT_WORDS, squeezed).decode()


def squeeze_decision(text: str) -> bytes:
    """Return the stored form of a decision's JSON."""
    return squeeze_with(_DECISION_WORDS, text.encode())


def open_decision(body: bytes) -> str:
    """Return the JSON that :func:`squeeze_decision` compressed."""
    return open_with(_DECISION_WORDS, body).decode()


def personal_of(person: tuple[str, Statement] | None) -> dict[str, object]:
    """Return the personal values of a signal's statement by their names."""
    parts = {} if person is None else person[1]
    named = (parts.get(part, {}) for part in ("facts", "identifiers", "subject"))
    return {name: value for part in named for name, value in part.items()}


def decision_text(decision: Decision, said: Statement) -> tuple[str, dict[str, Fact]]:
    """Return the canonical JSON of a decision as it is stored, and the facts left out of it.

    No sentence in it quotes a personal value, and no personal fact stands in it.

    Args:
        decision: The decision.
        said: The personal values of its signal.
    """
    facts, personal = part_facts(decision.subject.facts)
    if personal:
        bare = replace(decision.subject, facts=facts)
        text = pack_text_with(decision, "subject", bare)
    else:
        text = pack_text(decision)
    known: dict[str, object] = {**said.get("facts", {}), **said.get("identifiers", {}), **personal}
    return veil(text, known), personal


def decision_of(text: str, said: Statement, *, is_rating: bool = False) -> Decision:
    """Return the decision that :func:`decision_text` made a text of.

    Args:
        text: Its canonical JSON, as it is stored.
        said: The personal values of its signal, as far as they were not erased.
        is_rating: Ranking, assignment and plan are left out.
    """
    plain = json.loads(unveil(text, personal_of(("", said))))
    if is_rating:
        plain |= {"ranking": None, "assignment": None, "plan": {}}
    personal = said.get("subject")
    if personal:
        plain["subject"]["facts"].update(personal)
    return decode(Decision, plain)


def unpack_decision(body: bytes, personal: Mapping[str, object]) -> dict[str, object]:
    """Return a stored decision as JSON types, with the personal values put back."""
    plain = json.loads(unveil(open_decision(body), personal))
    return cast("dict[str, object]", plain)
