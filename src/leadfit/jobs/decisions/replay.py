"""Makes recorded decisions again from what they were told, and compares them byte by byte."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, cast

from leadfit import artifact as artifacts
from leadfit import policy as policies
from leadfit.artifact import Artifact
from leadfit.errors import LeadfitError, NotFound
from leadfit.jobs.workers.spread import OpenStore, parts_of, spread
from leadfit.pipeline import InForce
from leadfit.pipeline.retelling import Retelling, Strayed
from leadfit.policy import Policy
from leadfit.records import Decision
from leadfit.resolve.model import card as cards
from leadfit.resolve.model.card import Card
from leadfit.store import Session, Store
from leadfit.store.decided import decision_of
from leadfit.store.told import Content, ContentKind, Statement, Told, Unreadable

_PAGE: Final = 250
_KEPT: Final = 1_000
_SHOWN: Final = 20
_FIELDS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field in which a decision came out otherwise.

    Attributes:
        field: Its path, such as ``score.total`` or ``ranking.places.0.rep_id``.
        then: Its value as it was decided, as JSON; ``None`` where the field was not there.
        now: Its value as it comes out now.
    """

    field: str
    then: str | None
    now: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """A decision that does not come out as it was made.

    Attributes:
        seq: Number of its row in the log.
        why: What is the matter, in words.
        changes: The first fields that differ.
    """

    decision_id: str
    seq: int
    lead_id: str | None
    why: str
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay came to.

    Attributes:
        decisions: How many were looked at.
        same: How many came out byte for byte.
        erased: How many rest on the values of persons who were erased since.
        without_inputs: How many an older Leadfit made, which kept too little to make them again.
        different: How many came out otherwise.
        differences: The first of those.
        digest: SHA-256 over what came out, in the order of the log; the same for any number of
            workers.
    """

    decisions: int
    same: int
    erased: int
    without_inputs: int
    different: int
    digest: str
    differences: tuple[Divergence, ...] = ()

    @property
    def holds(self) -> bool:
        """Every decision that can be made again came out as it was."""
        return self.different == 0


@dataclass(slots=True)
class _Part:
    """What replaying one part of the log came to."""

    decisions: int = 0
    same: int = 0
    erased: int = 0
    without_inputs: int = 0
    different: int = 0
    digest: str = ""
    differences: list[Divergence] = field(default_factory=list)


def replay(
    store: Store, open_store: OpenStore | None, *, since: datetime | None = None, workers: int = 1
) -> Replayed:
    """Make every decision from a time on again, and compare.

    Args:
        store: The store.
        open_store: Opens it again, in a process of its own; must be something that can be sent
            there. Without it all is done here.
        since: Decisions before this time are left out.
        workers: How many processes share the work.
    """
    first, last, _ = store.read(lambda session: session.told.bounds(since))
    older = store.read(lambda session: session.told.without_inputs()) if since is None else 0
    done = spread(store, open_store, _replay_part, tuple(parts_of(first, last)), workers)
    return _joined(done, older)


def _joined(parts: Sequence[_Part], older: int) -> Replayed:
    total = hashlib.sha256("\n".join(part.digest for part in parts).encode())
    return Replayed(
        decisions=sum(part.decisions for part in parts) + older,
        same=sum(part.same for part in parts),
        erased=sum(part.erased for part in parts),
        without_inputs=sum(part.without_inputs for part in parts) + older,
        different=sum(part.different for part in parts),
        digest=total.hexdigest(),
        differences=tuple(each for part in parts for each in part.differences)[:_SHOWN],
    )


def _replay_part(store: Store, bounds: tuple[int, int]) -> _Part:
    return store.read(partial(_replay, bounds=bounds))


def _replay(session: Session, bounds: tuple[int, int]) -> _Part:
    part, total, rules = _Part(), hashlib.sha256(), KeptRules(session)
    recent = _Recent(session)
    again = Retelling(recent.decision, recent.rating)
    after, last = bounds
    page = session.told.page(after, last, _PAGE)
    while page:
        for told in page:
            part.decisions += 1
            text = _again(part, told, rules, again)
            recent.note(told)
            made = hashlib.sha256(text.encode()).hexdigest()
            total.update(f"{told.decision_id} {made}\n".encode())
        page = session.told.page(page[-1].seq, last, _PAGE)
    part.digest = total.hexdigest()
    return part


def _again(part: _Part, told: Told | Unreadable, rules: KeptRules, again: Retelling) -> str:
    """Make one decision again and count how it came out; return what came out."""
    if isinstance(told, Unreadable):
        _count(part, told, told.why)
        return ""
    if told.is_erased:
        part.erased += 1
        return "erased"
    if "entry" not in told.inputs:
        part.without_inputs += 1
        return "without inputs"
    try:
        text = again.retell(told, rules.of(told))
    except Strayed as strayed:
        text = ""
        why = "it ends without the decision"
        if strayed.question is not None:
            why = f"it now asks for {strayed.question}, which was not asked then"
    except LeadfitError as error:
        text, why = "", str(error)
    except Exception as error:  # noqa: BLE001 -- the outermost edge of one decision
        text, why = "", f"the code of today fails on it: {type(error).__name__}"
    else:
        if text == told.text:
            part.same += 1
            return text
        why = "it comes out otherwise"
    if told.lacks_people:
        part.erased += 1
        return "erased"
    _count(part, told, why, _changes(_parsed(told.text), json.loads(text), "") if text else ())
    return text


def _count(
    part: _Part, told: Told | Unreadable, why: str, changes: Iterable[FieldChange] = ()
) -> None:
    """Count a decision that differs, and name it while there are few."""
    part.different += 1
    if len(part.differences) < _SHOWN:
        part.differences.append(
            Divergence(
                decision_id=told.decision_id,
                seq=told.seq,
                lead_id=told.lead_id,
                why=why,
                changes=tuple(islice(changes, _FIELDS)),
            )
        )


def _parsed(text: str) -> object:
    """Return a stored decision as JSON types; of one that was cut short everything differs."""
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return {}


_NOT_THERE: Final = object()


def _changes(then: object, now: object, path: str) -> Iterator[FieldChange]:
    """Yield the fields in which two JSON values differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted({*then, *now}):
            below = f"{path}.{name}" if path else name
            yield from _changes(then.get(name, _NOT_THERE), now.get(name, _NOT_THERE), below)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _changes(one, other, f"{path}.{number}")
    elif then != now or type(then) is not type(now):
        yield FieldChange(field=path, then=_shown(then), now=_shown(now))


def _shown(value: object) -> str | None:
    return None if value is _NOT_THERE else json.dumps(value, ensure_ascii=False, sort_keys=True)


class _Recent:
    """Decisions that others look at; most look at one that came by not long before.

    Args:
        session: Where the others are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._texts: OrderedDict[str, tuple[str, Statement]] = OrderedDict()

    def note(self, told: Told | Unreadable) -> None:
        """Keep a decision for those that look at it, as it was read from the store."""
        if isinstance(told, Told):
            self._texts[told.decision_id] = told.text, told.statement
            if len(self._texts) > _KEPT:
                self._texts.popitem(last=False)

    def decision(self, decision_id: str) -> Decision | None:
        """Return a decision as the store has it."""
        kept = self._texts.get(decision_id)
        return self._session.leads.decision(decision_id) if kept is None else decision_of(*kept)

    def rating(self, decision_id: str) -> Decision | None:
        """Return a decision without what routing made of it, as ``leads.rated`` does."""
        kept = self._texts.get(decision_id)
        if kept is None:
            return self._session.leads.decision(decision_id)
        return decision_of(*kept, is_rating=True)


class KeptRules:
    """The rules that decisions name, each read from its content once.

    Args:
        session: Where contents are kept.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str | None, str | None], InForce] = {}

    def of(self, told: Told) -> InForce:
        """Return the rules of a decision.

        Raises:
            NotFound: One of them was not kept.
        """
        card = cast("str | None", told.inputs.get("card"))
        named = (told.policy_digest, told.artifact_digest, card)
        found = self._known.get(named)
        if found is None:
            found = InForce(
                policy=_policy(self._content(ContentKind.POLICY, told.policy_digest)),
                artifact=None
                if told.artifact_digest is None
                else _artifact(self._content(ContentKind.ARTIFACT, told.artifact_digest)),
                card=None if card is None else _card(self._content(ContentKind.CARD, card)),
            )
            self._known[named] = found
        return found

    def _content(self, kind: ContentKind, digest: str) -> Content:
        found = self._session.contents.get(digest)
        if found is None or found.kind is not kind:
            raise NotFound(f"kept {kind.value}", digest)
        return found


def _policy(content: Content) -> Policy:
    texts = cast("Mapping[str, str]", json.loads(content.body))
    policy = policies.from_files({name: text.encode() for name, text in texts.items()})
    _check(content, policy.digest)
    return policy


def _artifact(content: Content) -> Artifact:
    artifact = artifacts.from_json(content.body.decode())
    _check(content, artifact.digest)
    return artifact


def _card(content: Content) -> Card:
    card = cards.from_json(content.body)
    _check(content, card.digest)
    return card


def _check(content: Content, digest: str) -> None:
    """Refuse a content that is not the one its digest names.

    Raises:
        NotFound: It is another one.
    """
    if digest != content.digest:
        raise NotFound(f"kept {content.kind.value}", content.digest)
