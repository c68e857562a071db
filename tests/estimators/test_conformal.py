"""Conformal calibration: ranks, weights, scores, and levels between levels."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from boostobj.estimators._conformal import (
    TooFewRowsError,
    beyond,
    conformal_quantile,
    interval_scores,
    level_weights,
    min_rows,
)

COVERAGES = [0.5, 0.8, 0.9, 0.95, 0.99]


@pytest.mark.parametrize("coverage", COVERAGES)
@pytest.mark.parametrize("n", [99, 100, 199, 257])
def test_every_row_left_out_in_turn_is_covered_as_often_as_promised(coverage, n):
    # The guarantee itself, without chance: of n + 1 distinct scores exactly so many are bounded
    # by the conformal quantile of the others.
    scores = np.random.default_rng(n).permutation(n + 1).astype(float)
    covered = [
        s <= conformal_quantile(np.delete(scores, i), coverage) for i, s in enumerate(scores)
    ]
    assert sum(covered) == math.ceil((n + 1) * coverage - 1e-9)


@pytest.mark.parametrize(
    ("coverage", "rows"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.9999, 9999)]
)
def test_the_fewest_rows_bound_by_their_largest_score(coverage, rows):
    assert min_rows(coverage) == rows
    scores = np.arange(float(rows))
    assert conformal_quantile(scores, coverage) == rows - 1
    for few in (scores[1:], np.array([])):
        with pytest.raises(
            TooFewRowsError, match=rf"needs {rows} calibration rows.*got {len(few)}"
        ):
            conformal_quantile(few, coverage)
        assert conformal_quantile(few, coverage, unbounded=True) == math.inf


@pytest.mark.parametrize("scale", [1 - 1e-15, 1, 1 + 1e-15])
def test_the_fewest_rows_are_those_of_the_rank(scale):
    levels = np.concatenate([np.linspace(0.01, 0.99, 99), 1 - 10.0 ** -np.arange(2, 6), [2 / 3]])
    for coverage in levels * scale:
        rows = min_rows(coverage)
        scores = np.arange(float(rows))
        assert conformal_quantile(scores, coverage) <= rows - 1
        assert conformal_quantile(scores[1:], coverage, unbounded=True) == math.inf


@pytest.mark.parametrize("coverage", COVERAGES)
def test_equal_weights_of_any_size_change_nothing(coverage):
    scores = np.random.default_rng(1).normal(size=199)
    expected = conformal_quantile(scores, coverage)
    for weight in (1e-300, 0.1, 3.0, 1e200):
        # squares of such weights would leave the range of float64
        assert conformal_quantile(scores, coverage, np.full(199, weight)) == expected


def test_rows_of_weight_zero_are_not_there():
    scores = np.random.default_rng(2).normal(size=60)
    weight = np.random.default_rng(3).uniform(0.5, 2, 60)
    padded = np.concatenate([scores, [-9.0, 9.0]])
    assert conformal_quantile(scores, 0.9, weight) == conformal_quantile(
        padded, 0.9, np.append(weight, [0, 0])
    )
    with pytest.raises(TooFewRowsError, match="counted by their weights"):
        conformal_quantile(scores, 0.9, np.r_[np.ones(8), np.zeros(52)])


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_weighted_rows_are_covered_by_weight(coverage):
    # Scores that grow with the weight: ignoring it would cover far less than promised.
    rng = np.random.default_rng(4)
    covered = []
    for _ in range(2000):
        weight = rng.choice([0.2, 1.0, 4.0], 61)
        scores = rng.normal(size=61) * weight
        bound = conformal_quantile(scores[:60], coverage, weight[:60])
        covered.append((weight[60], scores[60] <= bound))
    weight, hit = np.array(covered).T
    assert coverage - 0.01 < np.average(hit, weights=weight) < coverage + 0.04
    assert np.mean(hit) > coverage + 0.04


def test_a_score_is_the_growth_from_which_on_the_interval_holds_the_target():
    rng = np.random.default_rng(5)
    lower, centre, upper = np.sort(rng.normal(size=(3, 400)), axis=0)
    y = rng.normal(size=400)
    y[:20] = centre[:20]
    scores = interval_scores(y - lower, y - centre, y - upper)

    def holds(t):
        return (np.minimum(lower - t, centre) <= y) & (y <= np.maximum(upper + t, centre))

    assert holds(scores + 1e-9).all()
    assert np.array_equal(holds(scores - 1e-9), y == centre)
    assert np.all(scores[:20] == -np.inf)


@pytest.mark.parametrize("fitted", [[0.1, 0.9], [0.05, 0.5, 0.95], [0.01, 0.2, 0.3, 0.5, 0.99]])
def test_levels_between_are_exact_for_a_normal_distribution(fitted):
    fitted = np.array(fitted)
    quantiles = norm(3, 2).ppf(fitted)
    for level in (0.001, 0.05, 0.1, 0.37, 0.5, 0.9, 0.999):
        weights = level_weights(fitted, level)
        assert weights.sum() == pytest.approx(1)
        assert weights @ quantiles == pytest.approx(norm(3, 2).ppf(level))
    for i, level in enumerate(fitted):
        assert np.array_equal(level_weights(fitted, level), np.eye(len(fitted))[i])


def test_levels_between_never_cross():
    fitted = np.array([0.05, 0.5, 0.8, 0.95])
    quantiles = np.sort(np.random.default_rng(6).exponential(size=(4, 50)) ** 3, axis=0)
    levels = np.linspace(0.001, 0.999, 200)
    curve = np.array([level_weights(fitted, level) @ quantiles for level in levels])
    assert np.all(np.diff(curve, axis=0) >= -1e-12 * np.abs(curve[1:]))


def test_too_few_weighted_rows_are_counted_by_their_weights():
    weight = np.r_[np.ones(8), np.zeros(52)]
    with pytest.raises(TooFewRowsError, match=r"got 8 \(counted by their weights"):
        conformal_quantile(np.arange(60.0), 0.9, weight)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_bound_reaches_the_target_that_it_grew_to(scale):
    y, bound = np.random.default_rng(7).normal(size=(2, 400))
    bound = scale * bound
    assert np.all(beyond(bound, y - bound) >= y)
    assert np.all(beyond(bound, np.zeros(400)) > bound)
    assert np.all(beyond(bound, np.full(400, -np.inf)) == -np.inf)
