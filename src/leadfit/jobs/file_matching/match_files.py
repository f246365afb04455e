"""Matches a file of leads to a file of accounts, by the very stages that decide live.

The accounts and contacts go into a store of their own that is thrown away; every lead is then
matched as a signal would be.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from leadfit import policy as policies
from leadfit import resolve
from leadfit.errors import BadInput, Fault, MissingExtra, Words
from leadfit.exports import sheets
from leadfit.exports.faults import Faults
from leadfit.jobs.file_matching.engines import Engine, check_engine
from leadfit.jobs.file_matching.labels import NO, YES
from leadfit.jobs.file_matching.match_spark import match_on_spark
from leadfit.jobs.files.cards import read_live_card
from leadfit.jobs.files.rows import RecordRows, accounts_of, contacts_of, leads_of, read_rows
from leadfit.jobs.files.tables import check_places, find_table, write_table
from leadfit.jobs.past.keeping import chunks
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.matching import find
from leadfit.records import Account, Band, Contact, Kind, Match, Reason, Relation, Signal
from leadfit.resolve.by_weight import margin_over_others
from leadfit.resolve.from_labels.cuts import told as what_is_proved
from leadfit.resolve.model.card import Card, RecordKind
from leadfit.resolve.model.starter import starter_card
from leadfit.resolve.record_columns import account_columns
from leadfit.resolve.relatives.domains import further_lines
from leadfit.store import Session, SqliteStore, Store
from leadfit.world import World

COLUMNS: Final = (
    *("lead_id", "account_id", "contact_id", "probability", "band", "relation"),
    *("possible_account_id", "candidates", "reasons"),
)
_LABEL_COLUMNS: Final = ("lead_id", "account_id", "match")
_CHUNK: Final = 10_000
_TOLD_EVERY: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedMatch:
    """What the user asked for beside leads and accounts.

    Attributes:
        contacts: A file of contacts of the accounts.
        card: A model card; without one the starter card.
        labels: Judged pairs: lead_id, account_id, match.
        engine: What does the work.
    """

    contacts: Path | None = None
    card: Path | None = None
    labels: Path | None = None
    engine: Engine = "duckdb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What became of a file of leads.

    Attributes:
        leads: How many there are.
        accounts: Accounts they were matched to.
        contacts: Contacts they were matched to.
        bands: Leads by band.
        relations: Leads by how they stand to the account that is named.
        methods: Leads by what decided.
        card: The model that weighed what no rule decided.
        capped: Leads some of whose candidates were not compared.
        warnings: What the user should know.
    """

    leads: int
    accounts: int
    contacts: int
    bands: Mapping[str, int]
    relations: Mapping[str, int]
    methods: Mapping[str, int]
    card: Card
    capped: int
    warnings: tuple[str, ...]


def match_files(  # noqa: PLR0917 -- two files and what is asked of them
    world: World,
    leads: Path,
    accounts: Path,
    asked: AskedMatch,
    out: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Matched:
    """Match every lead to an account and a contact, and write one row for each, whole or not.

    Args:
        world: Time, ids and secrets.
        leads: A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
        accounts: The same.
        asked: How.
        out: ``.csv`` or ``.parquet``.
        say: Gets words about the progress.

    Raises:
        BadInput: Every fault of files and options; nothing was written.
        EngineFailed: Spark gave up; nothing was written.
        MissingExtra: Labels ask for the extra ``linkage``, Spark for ``spark``.
    """
    given = (leads, accounts, asked.contacts, asked.labels, asked.card)
    check_places(given, tables={"out": out})
    check_engine(asked.engine)
    card = starter_card() if asked.card is None else read_live_card(asked.card)
    faults = Faults()
    of_leads, of_accounts = read_rows(leads, "lead", faults), read_rows(accounts, "account", faults)
    of_contacts = None if asked.contacts is None else read_rows(asked.contacts, "contact", faults)
    _check_accounts(of_contacts, of_accounts, faults)
    faults.stop_if_any()
    if of_leads is None or of_accounts is None:
        raise BadInput(Fault(place=str(leads), came=Words("nothing"), allowed="leads and accounts"))
    labels = [] if asked.labels is None else _read_labels(asked.labels, of_leads, of_accounts)
    warnings = _warnings(leads=of_leads, accounts=of_accounts, contacts=of_contacts)
    with tempfile.TemporaryDirectory(prefix="leadfit-match-") as folder:
        path, secret = Path(folder) / f"{Path(folder).name}.sqlite3", world.token()
        store = SqliteStore(path, secret=secret.encode(), world=world)
        try:
            named = _fill(store, of_accounts, of_contacts)
            say(f"{len(of_accounts)} accounts are indexed")
            signals = list(_signals(world, of_leads))
            if labels:
                card, told = _learned(store, card, dict(signals), labels)
                warnings += told
            if asked.engine == "duckdb":
                found = _match_all(world, store, card, signals, say)
            else:
                store.close()  # so that all of it is in the one file
                found = match_on_spark(path, secret, card, signals)
        finally:
            store.close()
    write_table(out, COLUMNS, _rows(found, named), numbers=("probability",))
    if not card.cuts.is_proved:
        proved = what_is_proved(card.cuts)
        warnings.append(f"{proved}; what only the model speaks for is left to a reviewer")
    return _told(found, of_accounts, of_contacts, card, warnings)


def _check_accounts(
    contacts: RecordRows | None, accounts: RecordRows | None, faults: Faults
) -> None:
    """Add a fault for every contact of an account that is not in the file of accounts."""
    if contacts is None or accounts is None or "account_id" not in contacts.named:
        return
    column, known = contacts.named["account_id"], frozenset(accounts.ids)
    sheet = contacts.sheet
    for number, value in enumerate(sheet.columns[column]):
        if (name := (value or "").strip()) and name not in known:
            allowed = f"an id of {accounts.sheet.name}, or nothing"
            faults.row(sheet.files[number], sheet.rows[number], column, name, allowed)


def _warnings(**files: RecordRows | None) -> list[str]:
    return [
        f"the {name} have no column of ids: they are named by their row number"
        for name, rows in files.items()
        if rows is not None and rows.id_column is None
    ]


def _fill(store: Store, accounts: RecordRows, contacts: RecordRows | None) -> Mapping[str, str]:
    """Write the records; return the ids of contacts by the form in which they are kept."""
    for some in chunks(accounts_of(accounts), _CHUNK):
        store.write(partial(_add_accounts, some))
    named: dict[str, str] = {}
    for others in chunks(contacts_of(contacts) if contacts is not None else (), _CHUNK):
        named |= store.write(partial(_add_contacts, others))
    return named


def _add_accounts(some: Sequence[Account], session: Session) -> None:
    session.accounts.add_accounts(some)
    session.accounts.add_domains(
        line for each in some for line in further_lines(each.account_id, each.domains)
    )


def _add_contacts(some: Sequence[Contact], session: Session) -> dict[str, str]:
    session.accounts.add_contacts((each, resolve.email_key(each.email)) for each in some)
    return {session.accounts.contact_key(each.contact_id): each.contact_id for each in some}


def _signals(world: World, leads: RecordRows) -> Iterator[tuple[str, Signal]]:
    now = world.now()
    for lead_id, identifiers, places in leads_of(leads):
        yield (
            lead_id,
            Signal(
                signal_id=lead_id,
                source="file",
                event_id=lead_id,
                kind=Kind.FORM_FILL,
                at=now,
                received_at=now,
                identifiers=identifiers,
                facts=places,
            ),
        )


def _match_all(
    world: World,
    store: Store,
    card: Card,
    signals: Sequence[tuple[str, Signal]],
    say: Callable[[str], None],
) -> list[tuple[str, Match]]:
    rules = InForce(policy=policies.load_starter(), card=card)

    def work(session: Session) -> list[tuple[str, Match]]:
        found = []
        for number, (lead_id, signal) in enumerate(signals, start=1):
            desk = Desk(world=world, session=session, in_force=rules, now=signal.at)
            found.append((lead_id, find(desk, signal).match))
            if number % _TOLD_EVERY == 0:
                say(f"{number} of {len(signals)} leads are matched")
        return found

    return store.read(work)


@dataclass(frozen=True, slots=True)
class _Label:
    lead_id: str
    account_id: str
    is_match: bool


def _read_labels(path: Path, leads: RecordRows, accounts: RecordRows) -> list[_Label]:
    faults = Faults()
    found_at = find_table(path, faults, f"a file of {', '.join(_LABEL_COLUMNS)}")
    faults.stop_if_any()
    sheet = sheets.read(found_at or path, faults)
    for name in _LABEL_COLUMNS:
        if name not in sheet.columns:
            faults.file(path.name, Words(f"no column {name}"), ", ".join(_LABEL_COLUMNS))
    faults.stop_if_any()
    known = {"lead_id": frozenset(leads.ids), "account_id": frozenset(accounts.ids)}
    found: dict[tuple[str, str], _Label] = {}
    columns = (sheet.columns[name] for name in _LABEL_COLUMNS)
    for row, *texts in zip(sheet.rows, *columns, strict=True):
        lead_id, account_id, said = ((text or "").strip() for text in texts)
        for column, came in (("lead_id", lead_id), ("account_id", account_id)):
            if came not in known[column]:
                faults.row(path.name, row, column, came, f"an id of the {column[:-3]}s")
        if said.lower() not in YES | NO:
            faults.row(path.name, row, "match", said, "1 or 0")
        label = _Label(lead_id, account_id, said.lower() in YES)
        if found.setdefault((lead_id, account_id), label) != label:
            faults.row(path.name, row, "match", said, "one answer for each pair")
    faults.stop_if_any()
    return list(found.values())


def _learned(
    store: Store, card: Card, signals: Mapping[str, Signal], labels: Sequence[_Label]
) -> tuple[Card, list[str]]:
    """Return the card with a second stage, calibration and cuts from labels."""
    try:
        from leadfit.resolve.from_labels.training import (  # noqa: PLC0415 -- it needs an extra
            LabelledPair,
            check_labels,
            train_second_stage,
        )
    except ImportError as error:
        raise MissingExtra("linkage", "--labels") from error
    check_labels([label.is_match for label in labels])
    policy = policies.load_starter()

    def pair(session: Session, label: _Label) -> LabelledPair | None:
        account = session.accounts.account(label.account_id)
        if account is None:
            return None
        signal = signals[label.lead_id]
        said = resolve.account_side(
            signal, resolve.keys(signal, policy, shared=card.shared_domains), policy
        )
        columns = account_columns(account)
        most = policy.matching.most_candidates
        others = session.accounts.blocked(RecordKind.ACCOUNT, said, most).candidates
        return LabelledPair(
            left_id=f"lead {label.lead_id}",
            right_id=f"account {label.account_id}",
            left=said,
            right=columns,
            is_match=label.is_match,
            margin=margin_over_others(card, said, columns, label.account_id, others),
        )

    pairs = store.read(lambda session: [pair(session, label) for label in labels])
    training = train_second_stage(
        replace(card, second=None, calibration=None), [each for each in pairs if each is not None]
    )
    return training.card, list(training.warnings)


def _rows(
    found: Sequence[tuple[str, Match]], named: Mapping[str, str]
) -> Iterator[tuple[object, ...]]:
    for lead_id, match in found:
        waits = match.band is Band.REVIEW
        account_id = match.possible_account_id if waits else match.account_id
        contact_id = match.contact_id
        yield (
            lead_id,
            account_id or "",
            "" if contact_id is None else named.get(contact_id, contact_id),
            match.probability,
            match.band.value,
            match.relation.value,
            "" if waits else match.possible_account_id or "",
            _json(match.candidates),
            _json([_told_reason(each) for each in match.reasons]),
        )


def _told_reason(reason: Reason) -> dict[str, object]:
    """Return a reason as JSON; what was weighed has its bits as a number."""
    bits = {} if reason.points is None else {"points": reason.points}
    return {"rule": reason.rule, "words": reason.words, **bits}


def _json(values: object) -> str:
    return json.dumps(values, ensure_ascii=False)


def _told(
    found: Sequence[tuple[str, Match]],
    accounts: RecordRows,
    contacts: RecordRows | None,
    card: Card,
    warnings: Sequence[str],
) -> Matched:
    bands = Counter(match.band for _, match in found)
    relations = Counter(match.relation for _, match in found)
    return Matched(
        leads=len(found),
        accounts=len(accounts),
        contacts=0 if contacts is None else len(contacts),
        bands={band.value: bands[band] for band in Band},
        relations={relation.value: relations[relation] for relation in Relation},
        methods=dict(sorted(Counter(match.method for _, match in found).items())),
        card=card,
        capped=sum(match.left_out is not None for _, match in found),
        warnings=tuple(warnings),
    )
