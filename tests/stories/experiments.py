"""Public experiments and studies as questions to the learner; the files lie outside the repository.

They are looked for in the folder that ``LEADFIT_SHARED`` names, else in ``../shared``.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from leadfit.history import History, Table
from leadfit.learn.amounts import amount_effects
from leadfit.learn.facts import Levels, to_levels
from leadfit.learn.hazard import Watched
from leadfit.learn.past import Floats, Past
from leadfit.learn.result import AmountEffect
from leadfit.learn.rules import Rules
from unit.learn.worlds import AS_OF

RULES = Rules()
SHARED = Path(os.environ.get("LEADFIT_SHARED") or Path(__file__).resolve().parents[3] / "shared")  # noqa: TID251 -- tests find their data by it
CAUSAL = SHARED / "data" / "causal"

Rows = Sequence[Mapping[str, object]]
EARNINGS = ("age", "educ", "re74", "re75")
TRAITS = ("black", "hisp", "marr", "nodegree")
SMOKERS = ("age", "smokeintensity", "smokeyrs", "wt71")
HABITS = ("sex", "race", "education", "exercise", "active")
BUYERS = ("recency", "history")
SHOPPING = ("mens", "womens", "zip_code", "newbie", "channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A treatment, what it is judged by, and what was recorded before it."""

    rows: Rows
    treatment: str
    value: str
    amount: Floats
    numbers: Sequence[str]
    texts: Sequence[str]

    @property
    def treated(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which rows have the value."""
        return np.array([row[self.treatment] == self.value for row in self.rows])

    def columns(self) -> Floats:
        """Return what was recorded before as plain columns, each text by its values but one."""
        found = [np.array([float(str(row[each])) for row in self.rows]) for each in self.numbers]
        for each in self.texts:
            texts = [str(row[each]) for row in self.rows]
            found += [
                np.array([text == value for text in texts], dtype=np.float64)
                for value in sorted(set(texts))[1:]
            ]
        return np.stack(found, axis=1)


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of one file."""
    with gzip.open(CAUSAL / name, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read(rows: Rows, numbers: Sequence[str], texts: Sequence[str]) -> list[Levels]:
    """Return columns as the learner reads them."""
    found = [to_levels(n, [float(str(row[n])) for row in rows], True, RULES) for n in numbers]
    return found + [to_levels(each, [row[each] for row in rows], False, RULES) for each in texts]


def past_of(size: int, event: Sequence[bool]) -> tuple[Past, Watched]:
    """Return ``size`` units without any times."""
    none = Table(columns={})
    past = Past(
        history=History(
            as_of=AS_OF, accounts=none, leads=none, events=none, facts=none, spend=none,
            fact_columns=(),
        ),
        leads=size, created=np.full(size, np.nan), account=np.arange(size),
        account_ids=tuple(map(str, range(size))), first_row=np.arange(size), events={}, as_of=0.0,
    )  # fmt: skip
    blank = np.full(size, np.nan)
    watched = Watched(
        row=np.arange(size), cluster=np.arange(size), entry=blank, end=blank,
        event=np.array(event), timed=False, start=blank,
    )  # fmt: skip
    return past, watched


def lalonde() -> Study:
    """Return the trainees of the NSW programme and the census (CPS): earnings of 1978."""
    trial, census = rows_of("nsw_mixtape.csv.gz"), rows_of("cps_mixtape.csv.gz")
    rows = [row for row in trial if float(row["treat"]) > 0] + census
    return _study(_trained(rows), "treat", "yes", "re78", EARNINGS, TRAITS)


def trial() -> Study:
    """Return the NSW programme as it was run: who was trained was drawn by lot."""
    return _study(_trained(rows_of("nsw_mixtape.csv.gz")), "treat", "yes", "re78", EARNINGS, TRAITS)


def nhefs() -> Study:
    """Return smokers of 1971: what those who gave up weigh more by 1982, in kilograms."""
    rows = [
        {**row, "qsmk": "yes" if float(row["qsmk"]) > 0 else "no"}
        for row in rows_of("nhefs_complete.csv.gz")
    ]
    return _study(rows, "qsmk", "yes", "wt82_71", SMOKERS, HABITS)


def hillstrom(arm: str) -> Study:
    """Return half of an e-mail experiment: what those of an arm spent, beside those without."""
    rows = rows_of("hillstrom_half_a.csv.gz")
    kept = [row for row in rows if row["treatment"] in {arm, "No E-Mail"}]
    return _study(kept, "treatment", arm, "spend", BUYERS, SHOPPING)


INFANTS = ("bw", "b.head", "preterm", "birth.o", "nnhealth", "momage")
GAIN = 4.0
"""What the visits to infants at risk add for those visited, in every draw of :func:`ihdp`."""


def ihdp(seed: int) -> Study:
    """Return infants of the IHDP, visited by no lot, with a drawn outcome whose truth is ``GAIN``.

    Without visits the outcome bends with what was recorded, with them it does not: response
    surface B of Hill 2011.
    """
    with (CAUSAL / "ihdp_covariates.csv").open(encoding="utf-8") as file:
        rows: list[dict[str, object]] = [
            {**row, "treat": "yes" if row["treat"] == "1" else "no"} for row in csv.DictReader(file)
        ]
    texts = [name for name in rows[0] if name not in {"treat", *INFANTS}]
    bare = Study(
        rows=rows, treatment="treat", value="yes", amount=np.empty(0), numbers=INFANTS, texts=texts
    )
    columns, rng = bare.columns(), np.random.default_rng(seed)
    measured = columns[:, : len(INFANTS)]
    columns[:, : len(INFANTS)] = (measured - measured.mean(axis=0)) / measured.std(axis=0)
    slopes = rng.choice([0.0, 0.1, 0.2, 0.3, 0.4], columns.shape[1], p=[0.6, 0.1, 0.1, 0.1, 0.1])
    without, visited = np.exp((columns + 0.5) @ slopes), columns @ slopes
    visited += GAIN - float((visited - without)[bare.treated].mean())
    amount = np.where(bare.treated, visited, without) + rng.normal(size=len(rows))
    return replace(bare, amount=amount)


def amount_of(study: Study, rules: Rules = RULES) -> AmountEffect:
    """Return the effect on those that have the value, all that was recorded held."""
    past, watched = past_of(len(study.rows), [False] * len(study.rows))
    fact = to_levels(study.treatment, [row[study.treatment] for row in study.rows], False, rules)
    held = read(study.rows, study.numbers, study.texts)
    found = amount_effects(past, watched, study.amount, [fact], held, rules=rules)
    return next(each for each in found if each.value == study.value)


def standard_error(effect: AmountEffect) -> float:
    """Return the standard error of an effect, from its interval."""
    return (effect.high - effect.low) / 3.92


def _trained(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{**row, "treat": "yes" if float(row["treat"]) > 0 else "no"} for row in rows]


def _study(  # noqa: PLR0917 -- a study has this many sides
    rows: Rows, treatment: str, value: str, amount: str, numbers: Sequence[str],
    texts: Sequence[str],
) -> Study:  # fmt: skip
    return Study(
        rows=rows,
        treatment=treatment,
        value=value,
        amount=np.array([float(str(row[amount])) for row in rows]),
        numbers=numbers,
        texts=texts,
    )
