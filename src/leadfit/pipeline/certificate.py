"""Writes down why nothing that could be bought changes a decision, and checks it again.

A certificate is canonical JSON: digests of the rules and of what is known, the unknown facts with
the values they may have, bounds by part, and what follows. A check makes the same bounds from the
decision's own inputs and compares every byte. Then, by another way, it tries completions: the ends
of the bounds, all corners, every value alone, and random ones that no cell was made of, each
through the score and the ranking themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

from leadfit.buying import Certificate
from leadfit.canonical import canonical
from leadfit.pipeline import question as asked
from leadfit.pipeline.question import Placement, Question
from leadfit.pipeline.worth_buying import Sensitivity, worth_buying
from leadfit.records import Fact
from leadfit.score.cells import Cell, Cells, admitted
from leadfit.store.codec import encode
from leadfit.store.personal import part_facts
from leadfit.world import seeded

SHAPE: Final = 1
_CORNERS: Final = 256
_RANDOM: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """A completion under which the decision is not the one that was proved."""

    completion: Mapping[str, Fact]
    proved: Placement
    came: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check of one certificate came to.

    Attributes:
        is_same: The bounds made again are the certificate, byte for byte.
        tried: Completions that were tried.
        differing: Those under which the decision is another; none, unless a proof is wrong.
    """

    is_same: bool
    tried: int
    differing: tuple[Differs, ...] = ()

    @property
    def holds(self) -> bool:
        """The proof is what was kept, and nothing was found against it."""
        return self.is_same and not self.differing


def certify(question: Question, sensitivity: Sensitivity) -> Certificate:
    """Return the certificate of a decision that nothing can change.

    Args:
        question: The decision.
        sensitivity: What :func:`leadfit.pipeline.worth_buying` says of it.

    Raises:
        ValueError: Something can change it.
    """
    if not sensitivity.is_settled:
        message = f"a decision that {', '.join(sensitivity.flips)} may change"
        raise ValueError(message)
    bounds, rules = sensitivity.bounds, question.in_force
    facts, personal = part_facts(question.subject.facts)
    known = {
        "facts": facts, "personal": sorted(personal), "activities": question.subject.activities
    }  # fmt: skip
    body = {
        "shape": SHAPE,
        "policy": rules.policy.digest,
        "artifact": rules.artifact_digest,
        "known": hashlib.sha256(canonical(encode(known))).hexdigest(),
        "at": encode(question.now),
        "missing": {each.fact: [cell.value for cell in each.cells] for each in sensitivity.cells},
        "unread": sorted(set(question.free) - {each.fact for each in sensitivity.cells}),
        "parts": {each.rule: [each.low, each.high] for each in bounds.parts},
        "bounds": {name: list(ends) for name, ends in bounds.span.numbers.items()},
        "held": question.held,
        "has_owner": question.owner_id,
        "tiers": list(bounds.tiers),
        "owners": list(sensitivity.owners),
        "concludes": {"tier": sensitivity.known.tier, "owner": sensitivity.known.owner_id},
    }
    text = canonical(encode(body)).decode()
    return Certificate(body=text, digest=hashlib.sha256(text.encode()).hexdigest())


def check(question: Question, certificate: Certificate, seed: int = 0) -> Checked:
    """Check a certificate of a decision.

    Args:
        question: The decision, from its own inputs.
        certificate: What was kept of it.
        seed: Of the random completions.
    """
    sensitivity = worth_buying(question)
    same = sensitivity.is_settled and certify(question, sensitivity) == certificate
    tried, differing = 0, []
    for completion in completions(question, sensitivity, seed):
        tried += 1
        came = asked.answer(question, completion)
        if came != sensitivity.known:
            found = Differs(completion=completion, proved=sensitivity.known, came=came)
            differing.append(found)
    return Checked(is_same=same, tried=tried, differing=tuple(differing))


def completions(
    question: Question, sensitivity: Sensitivity, seed: int
) -> Iterator[Mapping[str, Fact]]:
    """Yield completions that are to be tried.

    Args:
        question: The decision.
        sensitivity: Its cells.
        seed: Of the random ones.
    """
    cells = sensitivity.cells
    yield from _ends(cells)
    for each in cells:
        yield from ({each.fact: cell.value} for cell in each.cells)
    yield from islice(_corners(cells), _CORNERS)
    yield from _random(question, cells, seed)


def _ends(cells: Sequence[Cells]) -> Iterator[Mapping[str, Fact]]:
    """Yield the least and the most that parts can come to, all facts at once."""
    for choose in (min, max):
        yield {
            each.fact: choose(each.cells, key=lambda cell: _weight(each, cell)).value
            for each in cells
        }


def _weight(cells: Cells, cell: Cell) -> float:
    return sum(
        float(made)
        for (rule, _), made in zip(cells.readers, cell.signature, strict=True)
        if rule.startswith(("fit.", "authority.")) and isinstance(made, float | int)
    )


def _corners(cells: Sequence[Cells]) -> Iterator[Mapping[str, Fact]]:
    """Yield every choice of a first, a last and no value of each fact."""
    ends = [(None, each.cells[-1].value, each.cells[0].value) for each in cells]
    for values in product(*ends):
        yield dict(zip((each.fact for each in cells), values, strict=True))


def _random(question: Question, cells: Sequence[Cells], seed: int) -> Iterator[Mapping[str, Fact]]:
    """Yield values that are drawn from each cell, written otherwise than its own."""
    draw = seeded(f"certificate {question.lead.lead_id}", seed)
    for _ in range(_RANDOM):
        found: dict[str, Fact] = {}
        for each in cells:
            value = draw.choice(each.cells).value
            if isinstance(value, str):
                value = draw.choice((value, value.upper(), f" {value.title()} "))
            elif isinstance(value, int | float) and not isinstance(value, bool):
                value = draw.choice((value, float(value), str(value), value + draw.random()))
            found[each.fact] = admitted(each.fact, value, question.policy)
        yield found
