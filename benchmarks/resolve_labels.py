"""Matching with labels, and SAME / RELATED / DIFFERENT, on public data with known truth.

``python benchmarks/resolve_labels.py [--full]`` reads the data from ``LEADFIT_SHARED`` or
``../shared`` and says so where it is absent. Small is two seeds, ``--full`` five.

Organisation records are patent applicants (``patstat``) and restaurants of two guides
(``fodors``), 200 labels each; company names are those of a lobbying register (``lobbying``),
1,000 labels. A first stage is trained without labels on every record. Then, by seed:

* ``same_base``: labels are drawn by the product's sampler from all candidates, and every pair
  without a label is judged, as for a customer who labels some pairs of his own base.
* ``new_clusters``: half the clusters are set aside; labels come from pairs of the other half and
  only pairs within the half that was set aside are judged. Halving the clusters quarters the pairs
  of two entities and only halves those of one, so that each wrong pair counts twice.

True pairs that no blocking key brings together count as missed; every candidate is judged.
``entities_f1`` is that of the pairs within the entities that ``leadfit dedupe`` would write.
``calibration_error`` is over P > 0.5 in ten bins of all pairs that are judged, labelled ones left
out, draw by draw; ``pooled`` are the pairs of all draws in one table, and ``by_chance`` is the mean
that true probabilities would show over the same pairs, since few pairs are never even.
``recall_at_half_percent`` is the largest share of true pairs found by any cut under which
at most 0.5 % are wrong. ``first_stage`` is the same without labels, whose parameters are Splink's.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray
from public_records import fodors, lobbying, patstat, shared
from recording import asked_for_full, record

from leadfit.jobs.file_matching.judging import LEAST
from leadfit.jobs.files.records import read_records
from leadfit.records import Relation
from leadfit.resolve.from_labels.calibrate import JudgedPair, calibrated, calibration_error
from leadfit.resolve.from_labels.facts import NAME_COLUMNS, NAMES, facts_of, of_names
from leadfit.resolve.from_labels.sampling import Scored, draw, strata_for
from leadfit.resolve.from_labels.second_stage import second_stage
from leadfit.resolve.from_labels.training import LabelledPair, train_second_stage
from leadfit.resolve.model.card import PROMISED, Card, Frequencies, RecordKind
from leadfit.resolve.model.entity_words import with_entity_words
from leadfit.resolve.model.weigh import Record, Weighing, weigh
from leadfit.resolve.normal import Column, normalise
from leadfit.resolve.pairs.cluster import SILENT, WeighedPair, cluster, pairs_within
from leadfit.resolve.relatives.domains import AccountDomain, DomainRole, DomainTable
from leadfit.resolve.relatives.relation import KnownRelations, relate
from leadfit.store import linkage
from leadfit.store.batch import Batch
from leadfit.store.drafting import draft
from leadfit.world import seeded

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ODDS = 36
PARTS = ("", ".alias", ".legal", ".place")
SIMULATED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A card with a second stage, and the facts of all candidates as it reads them."""

    card: Card
    facts: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A file of records with its truth and its candidates, weighed by a card without labels."""

    card: Card
    records: Sequence[Record]
    clusters: NDArray[np.str_]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    weighings: Sequence[Weighing]
    facts: Floats
    truth: Bools
    true_pairs: int
    sources: Sequence[str]
    names: Sequence[int]
    named: NDArray[np.intp]


def base(path: Path, clusters: Sequence[str], source: str | None) -> Base:
    """Train a card without labels on a file and weigh its candidates."""
    with path.open(encoding="utf-8") as opened:
        header = next(csv.reader(opened))
    names = [each for each in ("coauthors", "classes", "type") if each in header]
    file = read_records(path, RecordKind.ACCOUNT, compare=names, source=source)
    with Batch(file.columns, threads=1) as batch:
        batch.fill(file.rows())
        trained = linkage.train(
            batch, draft(batch, file.fields, RecordKind.ACCOUNT), across=bool(file.sources)
        )
        batch.weigh(trained.card, least=0.0)
        pairs = [(each.left, each.right) for each in batch.weighed(trained.card)]
        found = batch.records(range(batch.rows))
    records = [found[number] for number in range(len(found))]
    truth = np.array(clusters)
    left = np.array([each for each, _ in pairs], dtype=np.intp)
    right = np.array([each for _, each in pairs], dtype=np.intp)
    weighings, facts = [], np.empty((len(pairs), len(NAMES)))
    for place, (one, other) in enumerate(pairs):
        weighings.append(weigh(trained.card, records[one], records[other]))
        of_pair = facts_of(trained.card, weighings[-1], records[one], records[other])
        facts[place] = list(of_pair.values())
    counts = Counter(clusters)
    pairs_of_one_name, named = pairs_of_names(records, left, right)
    return Base(
        card=trained.card,
        records=records,
        clusters=truth,
        left=left,
        right=right,
        weighings=weighings,
        facts=facts,
        truth=truth[left] == truth[right],
        true_pairs=sum(n * (n - 1) // 2 for n in counts.values()),
        sources=file.sources,
        names=pairs_of_one_name,
        named=named,
    )


def pairs_of_names(
    records: Sequence[Record], left: NDArray[np.intp], right: NDArray[np.intp]
) -> tuple[list[int], NDArray[np.intp]]:
    """Return a first pair for each pair of names, and for every pair the number of its names."""
    parts = [f"{column}{part}" for column in NAME_COLUMNS for part in PARTS]
    kinds: dict[tuple[str | None, ...], int] = {}
    kind = np.array(
        [kinds.setdefault(tuple(map(each.get, parts)), len(kinds)) for each in records],
        dtype=np.intp,
    )
    low, high = np.minimum(kind[left], kind[right]), np.maximum(kind[left], kind[right])
    _, first, number = np.unique(low * len(kinds) + high, return_index=True, return_inverse=True)
    return first.tolist(), number.astype(np.intp)


def drawn_labels(of: Base, pool: Bools, labels: int, seed: int) -> tuple[list[LabelledPair], Bools]:
    """Return labels drawn from ``pool`` by the product's sampler, and what has no label."""
    places = np.flatnonzero(pool)
    scored = [
        Scored(
            left_id=str(of.left[place]),
            right_id=str(of.right[place]),
            probability=of.weighings[int(place)].probability,
        )
        for place in places
    ]
    at = {(each.left_id, each.right_id): place for each, place in zip(scored, places, strict=True)}
    labelled, unseen = [], np.ones(len(of.truth), dtype=np.bool_)
    for each in draw(scored, labels, seed=seed, strata=strata_for(scored, labels)):
        place = at[each.pair.left_id, each.pair.right_id]
        unseen[place] = False
        labelled.append(
            LabelledPair(
                left_id=each.pair.left_id,
                right_id=each.pair.right_id,
                left=of.records[of.left[place]],
                right=of.records[of.right[place]],
                is_match=bool(of.truth[place]),
                chance=each.chance,
            )
        )
    return labelled, unseen


def judge(of: Base, pool: Bools, labels: int, seed: int) -> tuple[Taught, Bools]:
    """Train on labels drawn from ``pool`` as the product does; return what has no label, too."""
    labelled, unseen = drawn_labels(of, pool, labels, seed)
    training = train_second_stage(of.card, labelled)
    first = Taught(card=training.card, facts=of.facts)
    second = recounted(of, first)
    again = train_second_stage(second.card, labelled)
    if again.log_loss > training.log_loss:
        return first, unseen
    return replace(second, card=again.card), unseen


def recounted(of: Base, taught: Taught) -> Taught:
    """Count words by the entities a card finds; only the facts of names change by that."""
    entity = entities(of, stated(taught, np.ones(len(of.truth), dtype=np.bool_)))
    card = with_entity_words(taught.card, of.records, entity, NAME_COLUMNS)
    facts = of.facts.copy()
    found = [of_names(card, of.records[of.left[n]], of.records[of.right[n]]) for n in of.names]
    for name in dict.fromkeys(name for each in found for name in each):
        values = np.array([each.get(name, 0.0) for each in found])
        facts[:, NAMES.index(name)] = values[of.named]
    return Taught(card=card, facts=facts)


def entities(of: Base, said: Floats) -> tuple[int, ...]:
    """Return the entities that are written for probabilities of all candidates."""
    links = (
        WeighedPair(
            left=int(of.left[place]), right=int(of.right[place]), probability=float(said[place])
        )
        for place in np.flatnonzero(said >= LEAST)
    )
    return cluster(len(of.records), links, sources=of.sources, silent=SILENT).entity


def entities_f1(of: Base, said: Floats) -> float:
    entity = entities(of, said)
    both = pairs_within(zip(entity, of.clusters.tolist(), strict=True))
    return 2 * both / (pairs_within(entity) + of.true_pairs)


def stated(taught: Taught, places: Bools) -> Floats:
    """Return the calibrated probability of many pairs; as ``second_stage`` does for one."""
    second = taught.card.second
    if second is None:
        raise ValueError("a card without a second stage")
    inputs = [NAMES.index(name) for name in second.inputs]
    odds = second.intercept + taught.facts[places][:, inputs] @ np.array(second.coefficients)
    raw, back = np.unique(1 / (1 + np.exp(-np.clip(odds, -ODDS, ODDS))), return_inverse=True)
    return np.array([calibrated(taught.card.calibration, p) for p in raw.tolist()])[back]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Figures of one seed, and what was said of pairs above one half."""

    figures: Mapping[str, float]
    judged: Sequence[JudgedPair]


def scores(said: Floats, truth: Bools, true_pairs: int, wrong: float) -> Run:
    """Return the figures of one run; a wrong pair counts ``wrong`` times."""
    linked = said >= 0.5
    hits, misses = float((linked & truth).sum()), wrong * float((linked & ~truth).sum())
    order = np.argsort(-said, kind="stable")
    false = wrong * np.cumsum(~truth[order])
    true = np.cumsum(truth[order])
    is_last = np.append(np.diff(said[order]) != 0, True)
    holds = (false <= PROMISED * (false + true)) & is_last
    judged = [
        JudgedPair(probability=p, is_match=y, weight=1.0 if y else wrong)
        for p, y in zip(said[linked].tolist(), truth[linked].tolist(), strict=True)
    ]
    figures = {
        "f1": 2 * hits / (hits + misses + true_pairs),
        "precision": hits / (hits + misses) if hits else 0.0,
        "recall": hits / true_pairs,
        "recall_at_half_percent": float(true[holds].max(initial=0)) / true_pairs,
    }
    return Run(figures=figures, judged=judged)


def same_base(of: Base, labels: int, seed: int) -> Run:
    taught, unseen = judge(of, np.ones(len(of.truth), dtype=np.bool_), labels, seed)
    known = int((of.truth & ~unseen).sum())
    said = stated(taught, np.ones(len(of.truth), dtype=np.bool_))
    run = scores(said[unseen], of.truth[unseen], of.true_pairs - known, 1.0)
    return replace(run, figures={**run.figures, "entities_f1": entities_f1(of, said)})


def new_clusters(of: Base, labels: int, seed: int) -> Run:
    names = sorted(set(of.clusters.tolist()))
    seeded("clusters", seed).shuffle(names)
    aside = np.isin(of.clusters, names[: len(names) // 2])
    held_out = aside[of.left] & aside[of.right]
    taught, _ = judge(of, ~aside[of.left] & ~aside[of.right], labels, seed)
    counts = Counter(of.clusters[aside].tolist())
    true_pairs = sum(n * (n - 1) // 2 for n in counts.values())
    return scores(stated(taught, held_out), of.truth[held_out], true_pairs, 2.0)


def over_seeds(run: Callable[[int], Run], seeds: int) -> dict[str, object]:
    """Return every figure draw by draw, with mean and standard error."""
    runs = [run(seed) for seed in range(seeds)]
    every = [pair for each in runs for pair in each.judged]
    named = {name: [each.figures[name] for each in runs] for name in runs[0].figures}
    named["calibration_error"] = [error_of(each.judged) for each in runs]
    named["calibration_error_by_chance"] = [
        by_chance(each.judged, seed) for seed, each in enumerate(runs)
    ]
    found: dict[str, object] = {name: over_draws(values) for name, values in named.items()}
    return {**found, "calibration_error_pooled": round(error_of(every), 4)}


def over_draws(values: Sequence[float]) -> dict[str, object]:
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    return {
        "mean": round(float(np.mean(values)), 4),
        "standard_error": round(error, 4),
        "draws": [round(each, 4) for each in values],
    }


def error_of(judged: Sequence[JudgedPair]) -> float:
    error = calibration_error(judged, over=0.5)
    return 0.0 if error is None else error


def by_chance(judged: Sequence[JudgedPair], seed: int) -> float:
    """Return the mean calibration error if every probability were true; a seeded simulation."""
    random = np.random.default_rng(seed)
    said = np.array([pair.probability for pair in judged])
    weights = np.array([pair.weight for pair in judged])
    places = np.clip(np.ceil((said - 0.5) * 20).astype(int) - 1, 0, 9)
    errors = []
    for _ in range(SIMULATED):
        gaps = weights * (said - (random.random(len(said)) < said))
        errors.append(np.abs(np.bincount(places, gaps, 10)).sum() / weights.sum())
    return float(np.mean(errors)) if len(said) else 0.0


def with_labels(of: Base, labels: int, seeds: int) -> dict[str, object]:
    before = np.array([each.probability for each in of.weighings])
    return {
        "records": len(of.records),
        "true_pairs": of.true_pairs,
        "candidates": len(of.truth),
        "true_pairs_among_candidates": round(float(of.truth.sum()) / of.true_pairs, 4),
        "labels": labels,
        "first_stage": over_seeds(lambda _: scores(before, of.truth, of.true_pairs, 1.0), 2),
        "same_base": over_seeds(lambda seed: same_base(of, labels, seed), seeds),
        "new_clusters": over_seeds(lambda seed: new_clusters(of, labels, seed), seeds),
    }


def named(name: str, **more: str) -> dict[str, str]:
    """Return the normalised columns of a company with a name."""
    found = {
        f"company.{part}" if part else "company": text
        for part, text in normalise(Column.COMPANY, name).items()
    }
    return found | more


def at_domain(domain: str) -> dict[str, str]:
    return {
        f"domain.{part}" if part else "domain": text
        for part, text in normalise(Column.DOMAIN, domain).items()
    }


def card_of_names(card: Card, records: Sequence[Mapping[str, str]]) -> Card:
    """Return a card that knows how rare words are in these records."""
    counts = Counter(word for each in records for word in set(each.get("company", "").split()))
    share = {word: n / len(records) for word, n in counts.items() if n > 1}
    rare = Frequencies(floor=1 / len(records), unseen=1 / len(records), shares=share)
    return replace(card, frequencies={**card.frequencies, "company.words": rare})


def government(data: Path, card: Card) -> dict[str, object]:
    """Bodies of one name in several states; a probability of 0.999 is given for each pair."""
    path = data / "companies" / "us_gov_domains" / "us_gov_all_domains.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [(each["Organization name"], each["State"]) for each in csv.DictReader(file)]
    bodies = sorted({(name, state) for name, state in lines if name and state})
    records = [named(name, region=state.lower()) for name, state in bodies]
    card = card_of_names(card, records)
    groups: dict[str, list[int]] = {}
    for number, each in enumerate(records):
        groups.setdefault(each.get("company", ""), []).append(number)
    pairs = [
        (one, other)
        for name, numbers in groups.items()
        if name
        for one, other in combinations(numbers, 2)
        if bodies[one][1] != bodies[other][1]
    ]
    links: Counter[str] = Counter()
    for one, other in pairs:
        left, right = records[one], records[other]
        bare = {k: v for k, v in left.items() if k != "region"}
        for kind, ours in (("with_state", left), ("lead_without_state", bare)):
            found = relate(card, ours, right, probability=0.999, known=KnownRelations())
            links[f"{kind}_auto_links"] += found.may_link
            links[f"{kind}_same"] += found.relation is Relation.SAME
    return {"bodies": len(bodies), "pairs_of_one_name_in_two_states": len(pairs), **links}


def groups_of_domains(data: Path) -> Iterator[tuple[str, list[tuple[str, DomainRole]]]]:
    """Yield the groups of domains that one organisation holds, by the data they are from."""
    companies = data / "companies"
    roles = {"cctld": DomainRole.REGIONAL, "primary": DomainRole.PRIMARY}
    sets: dict[tuple[str, str], list[tuple[str, DomainRole]]] = {}
    with (companies / "related_website_sets" / "related_sites.csv").open(encoding="utf-8") as file:
        for each in csv.DictReader(file):
            key = ("related_website_sets", each["primary_domain"])
            role = roles.get(each["relation"], DomainRole.BRAND)
            sets.setdefault(key, []).append((each["domain"], role))
    path = companies / "shared_credential_domains" / "groups.csv"
    with path.open(encoding="utf-8") as file:
        for each in csv.DictReader(file):
            key = ("shared_credential_domains", each["group_id"])
            group = sets.setdefault(key, [])
            role = DomainRole.ACQUIRED if each["role"] == "from" else DomainRole.BRAND
            is_first = all(held is not DomainRole.PRIMARY for _, held in group)
            role = DomainRole.PRIMARY if each["role"] == "to" and is_first else role
            group.append((each["domain"], role))
    with gzip.open(
        companies / "disconnect_entities" / "entity_domains.csv.gz", "rt", encoding="utf-8"
    ) as file:
        for each in csv.DictReader(file):
            if each["kind"] == "property":
                group = sets.setdefault(("disconnect_entities", each["entity"]), [])
                role = DomainRole.BRAND if group else DomainRole.PRIMARY
                group.append((each["domain"], role))
    for (source, _), group in sets.items():
        yield source, group


def relatives(data: Path, card: Card) -> dict[str, object]:
    """Pairs of domains of one organisation, with the table and by their labels alone."""
    lines, pairs, others = [], [], []
    for number, (source, group) in enumerate(groups_of_domains(data)):
        keyed = {}
        for domain, role in group:
            columns = at_domain(domain)
            if columns.get("domain") and columns["domain"] not in keyed:
                keyed[columns["domain"]] = columns
                lines.append(
                    AccountDomain(account_id=f"{number}", domain=columns["domain"], role=role)
                )
        pairs += [(source, one, other) for one, other in combinations(keyed.values(), 2)]
        others += list(keyed.values())[:1]
    known = KnownRelations(domains=DomainTable(lines))
    found: dict[str, Counter[str]] = {}
    for source, one, other in pairs:
        tally = found.setdefault(source, Counter())
        tally["pairs"] += 1
        answer = relate(card, one, other, probability=0.5, known=known)
        tally["related"] += answer.relation is Relation.RELATED
        tally["same"] += answer.relation is Relation.SAME
        alone = relate(card, one, other, probability=0.0, known=KnownRelations())
        tally["related_by_label_alone"] += alone.relation is Relation.RELATED
    random = seeded("strangers", 1)
    strangers = [random.sample(others, 2) for _ in range(20_000)]
    false = sum(
        relate(card, one, other, probability=0.0, known=known).relation is not Relation.DIFFERENT
        for one, other in strangers
    )
    return {
        **{
            source: {**tally, "recall": round(tally["related"] / tally["pairs"], 4)}
            for source, tally in found.items()
        },
        "strangers_called_related": round(false / len(strangers), 5),
    }


FORMS = {
    "inc": "Incorporated", "incorporated": "Inc", "corp": "Corporation", "corporation": "Corp.",
    "ltd": "Limited", "limited": "Ltd", "co": "Company", "company": "Co.", "llc": "L.L.C.",
    "plc": "P.L.C.", "trust": "Trust", "group": "Group",
}  # fmt: skip


def respelt(title: str, way: int) -> str:
    """Return a company's name in other case, punctuation and form."""
    words = title.replace(",", " ").split()
    if way % 2:
        words = [FORMS.get(word.lower().strip("."), word) for word in words]
    if way % 3 == 0:
        words[:-1] = [f"{word}" for word in words[:-1]]
        words[-1] = f", {words[-1]}" if len(words) > 1 else words[-1]
    text = " ".join(words).replace(" ,", ",")
    return text.upper() if way % 4 == 0 else text.title() if way % 4 == 1 else text.lower()


def registered(data: Path, card: Card) -> dict[str, object]:
    """Registered companies: another spelling of one matches, two companies do not."""
    path = data / "companies" / "sec_company_tickers" / "company_tickers.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        titles = sorted({each["cik_str"]: each["title"] for each in csv.DictReader(file)}.items())
    records = [named(title) for _, title in titles]
    card = card_of_names(card, records)
    spelt = [
        second(card, each, named(respelt(title, number)))
        for number, (each, (_, title)) in enumerate(zip(records, titles, strict=True))
    ]
    by_word: dict[str, list[int]] = {}
    for number, each in enumerate(records):
        for word in set(each.get("company", "").split()):
            by_word.setdefault(word, []).append(number)
    met = sorted(
        {
            pair
            for numbers in by_word.values()
            if len(numbers) <= 20
            for pair in combinations(numbers, 2)
        }
    )
    strangers = [second(card, records[one], records[other]) for one, other in met]
    return {
        "companies": len(titles),
        "other_spelling_matches": round(sum(p >= 0.5 for p in spelt) / len(spelt), 4),
        "pairs_of_two_companies_that_share_a_word": len(met),
        "of_them_matched": round(sum(p >= 0.5 for p in strangers) / len(strangers), 5),
        "of_them_with_equal_names": sum(
            records[one].get("company") == records[other].get("company") for one, other in met
        ),
    }


def second(card: Card, left: Record, right: Record) -> float:
    return second_stage(card, weigh(card, left, right), left, right)


def main() -> int:
    """Run everything."""
    full = asked_for_full(__doc__)
    folder = shared()
    if folder is None:
        print("public data absent: set LEADFIT_SHARED to the folder that holds data/identity")
        return 0
    data, seeds = folder / "data", 5 if full else 2
    figures: dict[str, object] = {"seeds": seeds}
    lobby: Base | None = None
    with tempfile.TemporaryDirectory() as scratch:
        for read, labels in ((fodors, 200), (lobbying, 1_000), (patstat, 200)):
            started = process_time()
            name = read.__name__
            of = base(*read(data, Path(scratch)))
            figures[name] = with_labels(of, labels, seeds)
            print(f"{name}: {process_time() - started:.0f} s", file=sys.stderr)
            lobby = of if name == "lobbying" else lobby
    if lobby is None:
        raise ValueError("no company names")
    every = np.ones(len(lobby.truth), dtype=np.bool_)
    card = judge(lobby, every, 1_000, 0)[0].card
    figures["government_names"] = government(data, card)
    figures["related_domains"] = relatives(data, card)
    figures["registered_companies"] = registered(data, card)
    record("resolve_labels", figures, full=full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
