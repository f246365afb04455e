"""What holds of the labelled half of matching for every input."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.bounds import lower_bound, upper_bound
from leadfit.resolve.from_labels.calibrate import Judged, calibrated, fit_calibration
from leadfit.resolve.from_labels.cuts import LADDER, choose_cuts
from leadfit.resolve.from_labels.facts import AGAINST, FOR, NAMES
from leadfit.resolve.from_labels.sampling import REVIEW, TRAINING, Scored, draw
from leadfit.resolve.from_labels.second_stage import of_facts
from leadfit.resolve.model.card import MapKind, SecondStage

SHARES = st.floats(0, 1, allow_nan=False)
SIZES = st.floats(0, 5, allow_nan=False)


@given(
    st.lists(SIZES, min_size=len(NAMES), max_size=len(NAMES)),
    st.lists(st.floats(-9, 9), min_size=len(NAMES), max_size=len(NAMES)),
    st.sampled_from(NAMES),
    SIZES,
)
def test_more_agreement_never_lowers_the_probability(
    sizes: list[float], values: list[float], name: str, more: float
) -> None:
    """With signs as training gives them: not below 0 for what agrees, not above 0 else."""
    signed = [size if each in FOR else -size for each, size in zip(NAMES, sizes, strict=True)]
    stage = SecondStage(inputs=NAMES, intercept=0.0, coefficients=tuple(signed), labels=200)
    before = dict(zip(NAMES, values, strict=True))
    after = before | {name: before[name] + (-more if name in AGAINST else more)}
    assert of_facts(stage, after) >= of_facts(stage, before)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(SHARES, st.booleans(), st.floats(0.5, 20)), min_size=4, max_size=60),
    st.sampled_from(list(MapKind)),
    st.floats(0.001, 20),
)
def test_a_map_keeps_the_order_of_any_pairs(
    found: list[tuple[float, bool, float]], kind: MapKind, trust: float
) -> None:
    judged = [Judged(probability=p, is_match=y, weight=w) for p, y, w in found]
    judged += [Judged(probability=0.5, is_match=y) for y in (True, False)]
    calibration = fit_calibration(judged, kind, trust=trust)
    values = [calibrated(calibration, step / 50) for step in range(51)]
    assert all(0 <= low <= high <= 1 for low, high in pairwise(values))


@given(st.integers(0, 300), st.integers(1, 3_000), st.integers(0, 300), st.integers(0, 500))
def test_a_bound_rises_with_wrong_pairs_and_falls_with_right_ones(
    wrong: int, pairs: int, more_wrong: int, more_right: int
) -> None:
    pairs = max(pairs, wrong)
    bound = upper_bound(wrong, pairs)
    assert upper_bound(wrong + more_wrong, pairs + more_wrong) >= bound - 1e-9
    assert upper_bound(wrong, pairs + more_right) <= bound + 1e-9
    assert lower_bound(wrong, pairs) <= wrong / pairs <= bound + 1e-9


@given(st.lists(st.tuples(SHARES, st.booleans()), max_size=80))
def test_bands_cover_every_probability_once(found: list[tuple[float, bool]]) -> None:
    cuts = choose_cuts([Judged(probability=p, is_match=y) for p, y in found])
    assert 0 < cuts.review <= cuts.auto <= 1
    assert cuts.auto in {*LADDER, 1.0}
    assert cuts.is_proved == (cuts.bound <= 0.005)


@settings(max_examples=40)
@given(st.lists(SHARES, max_size=60), st.integers(0, 80), st.integers(0, 5))
def test_a_sample_holds_no_pair_twice_and_knows_its_chances(
    probabilities: list[float], count: int, seed: int
) -> None:
    pairs = [
        Scored(left_id=f"{n}", right_id=f"r{n}", probability=p) for n, p in enumerate(probabilities)
    ]
    for strata in (REVIEW, TRAINING):
        drawn = draw(pairs, count, seed=seed, strata=strata)
        inside = [pair for pair in pairs if pair.probability >= min(s.low for s in strata)]
        assert len(drawn) == min(count, len(inside))
        assert len({each.pair for each in drawn}) == len(drawn)
        assert all(0 < each.chance <= 1 for each in drawn)
