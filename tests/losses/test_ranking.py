"""Pairwise losses against sums over all pairs, and in every slot that has groups."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from sklearn.metrics import ndcg_score
from sklearn.model_selection import GroupKFold

import boostobj as bo
from boostobj.groups import check_group
from boostobj.losses import _pairs
from boostobj.metrics import NDCG

# LightGBM 4.0 calls scikit-learn 1.6 by an old name.
pytestmark = [
    pytest.mark.filterwarnings("ignore:'force_all_finite':FutureWarning"),
    # Its successor is newer than the LightGBM we support.
    pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated"),
]

SIZES = np.asarray([1, 40, 7, 130, 2, 64, 3])
LOSSES = [bo.PairwiseHinge(), bo.PairwiseHinge(margin=0.3), bo.PairwiseLogistic()]


#: Limits of `boostobj.losses._pairs`, by which SIZES are summed directly, in one batch or each in
#: its own, or the larger ones by halves, down to the smallest blocks.
WAYS = {
    "directly": {},
    "one by one": {"BATCH": 1},
    "by halves": {"LARGEST_DIRECT": 20, "BLOCK": 2},
}


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    for name, limit in WAYS[request.param].items():
        monkeypatch.setattr(_pairs, name, limit)
    return request.param


def accuracy(loss, way):
    """Relative accuracy of value, derivative and Hessian of a pair."""
    if way != "by halves":
        return 1e-12, 1e-12, 1e-12
    return (1e-12, 1e-12, 0.1) if isinstance(loss, bo.PairwiseHinge) else (4e-8, 3e-7, 4e-6)


def pair_loss(loss, d):
    """Value, derivative and Hessian by the score difference."""
    if isinstance(loss, bo.PairwiseHinge):
        u = loss.margin - d
        curvature = np.where(u > 0, 1, 0.2) / (np.abs(u) + loss.margin / 2)
        return np.maximum(u, 0), -1.0 * (u > 0), curvature
    p = 1 / (1 + np.exp(d))
    return np.logaddexp(0, -d), -p, p / (1 + np.exp(-d))


def brute_force(loss, y, raw, sizes):
    """Row values, gradients and Hessians from all pairs, one by one."""
    result = np.zeros((3, len(y)))
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        rows = slice(end - size, end)
        better = y[rows][:, None] > y[rows][None, :]
        if not better.any():
            continue
        d = np.where(better, raw[rows][:, None] - raw[rows][None, :], 0)
        value, slope, curvature = (x * better for x in pair_loss(loss, d))
        parts = [
            (value.sum(axis=1) + value.sum(axis=0)) / 2,
            slope.sum(axis=1) - slope.sum(axis=0),
            curvature.sum(axis=1) + curvature.sum(axis=0),
        ]
        result[:, rows] = np.asarray(parts) * size / better.sum()
    return result


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("labels", ["continuous", "graded", "binary"])
@pytest.mark.parametrize("scores", ["spread", "tied", "far"])
def test_sums_equal_those_over_all_pairs(loss, labels, scores, way):
    rng = np.random.default_rng(0)
    n = SIZES.sum()
    y = {"continuous": rng.normal(size=n), "graded": rng.integers(0, 5, n) * 1.0}.get(labels)
    y = (rng.random(n) < 0.2).astype(float) if y is None else y
    raw = {
        "spread": 2 * rng.normal(size=n),
        "tied": rng.integers(-2, 3, n) * 1.0,
        "far": rng.uniform(-1e2, 1e2, n),
    }[scores]
    value, gradient, hessian = brute_force(loss, y, raw, SIZES)
    got = loss.value(y, raw, SIZES), *loss.gradient_hessian(y, raw, SIZES)
    wanted = value, gradient, hessian
    for x, expected, rtol in zip(got, wanted, accuracy(loss, way), strict=True):
        # A sum of gradients of either sign is as accurate as its terms.
        np.testing.assert_allclose(x, expected, rtol=rtol, atol=2 * rtol * (x is got[1]) + 1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_tied_float32_scores_of_groups_of_either_way(loss):
    rng = np.random.default_rng(8)
    limit = _pairs.LARGEST_DIRECT
    sizes = [1, limit - 1, 2, limit + 1, limit, 3]
    n = sum(sizes)
    y, raw = rng.integers(0, 5, n), rng.normal(size=n).round(1).astype(np.float32)
    got = np.asarray([loss.value(y, raw, sizes), *loss.gradient_hessian(y, raw, sizes)])
    assert got.dtype == np.float32
    wanted = brute_force(loss, y, raw.astype(np.float64), sizes)
    start = sum(sizes[:3])
    by_halves = np.isin(np.arange(n), np.arange(start, start + limit + 1))
    for x, expected, rtol in zip(got, wanted, accuracy(loss, "by halves"), strict=True):
        np.testing.assert_allclose(x[~by_halves], expected[~by_halves], rtol=2e-6, atol=1e-6)
        np.testing.assert_allclose(x, expected, rtol=max(rtol, 2e-6), atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_largest_scores_and_labels_overflow_nothing(loss, way):
    largest = np.finfo(np.float64).max
    y = np.tile([-largest, largest, 0.0, 1.0, largest], 20)
    raw = np.repeat([largest, -largest, 0.0, 1.0, largest], 20)
    value, (gradient, hessian) = loss.value(y, raw), loss.gradient_hessian(y, raw)
    assert np.all(np.isfinite([value, gradient, hessian]))
    assert gradient[0] > 0 > gradient[21]


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_group_of_two_and_none_given(loss):
    value, slope, _ = pair_loss(loss, np.asarray(0.25))
    np.testing.assert_allclose(loss.value([1, 0], [0.75, 0.5]), value, rtol=1e-12)
    gradient, _ = loss.gradient_hessian([1, 0], [0.75, 0.5])
    np.testing.assert_allclose(gradient, [2 * slope, -2 * slope], rtol=1e-12)
    np.testing.assert_array_equal(loss.value([3, 3], [1, 2]), 0)
    np.testing.assert_array_equal(loss.gradient_hessian([3, 3], [1, 2])[0], 0)
    assert loss.init_score([1, 2, 3]) == 0


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e4, 1e30])
def test_float32_is_finite_and_positive_at_any_scale(loss, scale, way):
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 200).astype(np.float32)
    raw = (scale * rng.normal(size=200)).astype(np.float32)
    value = loss.value(y, raw)
    gradient, hessian = loss.gradient_hessian(y, raw)
    for x in (value, gradient, hessian):
        assert x.dtype == np.float32
        assert np.all(np.isfinite(x))
    assert np.all(hessian > 0)
    assert np.all(value >= 0)
    double = loss.value(y.astype(float), raw.astype(float))
    np.testing.assert_allclose(value, double, rtol=1e-5)


def test_one_large_group():
    """All pairs of 100,000 rows would be five thousand million."""
    rng = np.random.default_rng(3)
    y, raw = rng.normal(size=100_000), rng.normal(size=100_000)
    some = rng.choice(100_000, 3)
    for loss in (bo.PairwiseHinge(), bo.PairwiseLogistic()):
        got = loss.value(y, raw), *loss.gradient_hessian(y, raw)
        sign = np.sign(y[some, None] - y[None, :])
        value, slope, curvature = pair_loss(loss, sign * (raw[some, None] - raw[None, :]))
        pairs = len(y) * (len(y) - 1) / 2
        wanted = np.abs(sign) * value / 2, sign * slope, np.abs(sign) * curvature
        for x, terms, rtol in zip(got, wanted, accuracy(loss, "by halves"), strict=True):
            expected = terms.sum(axis=1) * len(y) / pairs
            np.testing.assert_allclose(x[some], expected, rtol=max(rtol, 1e-6))


def test_wrong_input():
    loss = bo.PairwiseHinge()
    with pytest.raises(ValueError, match=r"group .* add up to 3 rows"):
        loss.value([0, 1, 2], [0, 0, 0], group=[2, 2])
    with pytest.raises(ValueError, match="group"):
        check_group([-1, 4], 3)
    with pytest.raises(TypeError, match="group must be an array of numbers"):
        loss.value([0, 1], [0, 1], group=["a"])
    with pytest.raises(ValueError, match=r"raw_prediction must have shape \(n,\)"):
        loss.value([0, 1], [[0, 0], [0, 0]])
    with pytest.raises(ValueError, match=r"margin must be finite and > 0, got 0"):
        bo.PairwiseHinge(margin=0)
    with pytest.raises(ValueError, match="raw_prediction must be finite"):
        loss.value([0, 1], [np.nan, 0])


# Training --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def queries():
    """60 groups of unequal size, graded by two of four features, each group with an offset."""
    rng = np.random.default_rng(4)
    sizes = rng.integers(3, 30, 60)
    n = sizes.sum()
    X = rng.normal(size=(n, 4))
    hidden = X[:, 0] + np.sin(2 * X[:, 1]) + 0.5 * rng.normal(size=n)
    X[:, 3] += np.repeat(3 * rng.normal(size=60), sizes)
    return X, np.digitize(hidden, [-1, 0, 1, 2]).astype(float), sizes


def test_cross_validation_of_lightgbm_must_keep_groups_together(queries):
    X, y, sizes = queries
    params = {"objective": LOSSES[0], "metric": "None", "verbose": -1, "num_threads": 1}

    def cross_validate(**how):
        data = lgb.Dataset(X, y, group=sizes, params={"num_threads": 1})
        return lgb.cv(params, data, 3, feval=NDCG(5), **how)

    with pytest.raises(ValueError, match=r"rows of group \d+: .*GroupKFold"):
        cross_validate()
    assert cross_validate(folds=GroupKFold(3))["valid ndcg_5-mean"][-1] > 0.7


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_slot_ranks(loss, queries):
    X, y, sizes = queries
    weight = np.random.default_rng(5).uniform(0.5, 2, len(sizes))
    rows = np.repeat(weight, sizes)
    scores = {}

    data = xgb.DMatrix(X, y, group=sizes, weight=weight, nthread=1)
    history = {}
    booster = xgb.train(
        {"nthread": 1, "max_depth": 3, "base_score": 0.0, "disable_default_eval_metric": True},
        data,
        30,
        obj=loss,
        custom_metric=loss.metric,
        evals=[(data, "train")],
        evals_result=history,
        verbose_eval=False,
    )
    scores["xgb.train"] = booster.predict(data, output_margin=True)
    curve = history["train"][loss.metric.name]
    final = loss.metric.score(y, scores["xgb.train"], rows, sizes)
    assert curve[-1] == pytest.approx(final, rel=1e-4)

    data = lgb.Dataset(X, y, group=sizes, weight=rows, params={"num_threads": 1})
    history = {}
    common = {"num_leaves": 8, "verbose": -1}
    booster = lgb.train(
        {**common, "objective": loss, "num_threads": 1, "metric": "None"},
        data,
        30,
        feval=loss.metric,
        valid_sets=[data],
        callbacks=[lgb.record_evaluation(history)],
    )
    scores["lgb.train"] = booster.predict(X, raw_score=True)
    final = loss.metric.score(y, scores["lgb.train"], rows, sizes)
    assert history["training"][loss.metric.name][-1] == pytest.approx(final, rel=1e-6)

    ranker = lgb.LGBMRanker(n_estimators=30, objective=loss, n_jobs=1, **common)
    ranker.fit(
        X,
        y,
        group=sizes,
        sample_weight=rows,
        eval_set=[(X, y)],
        eval_group=[sizes],
        eval_metric=NDCG(k=5),
    )
    scores["LGBMRanker"] = ranker.predict(X)
    assert ranker.evals_result_["training"]["ndcg_5"][-1] == pytest.approx(
        NDCG(k=5).score(y, scores["LGBMRanker"], rows, sizes), rel=1e-6
    )

    start = NDCG(k=5).score(y, 0 * rows, group=sizes)
    for slot, score in scores.items():
        assert NDCG(k=5).score(y, score, rows, group=sizes) > start + 0.2, slot
        constant = loss.metric.score(y, 0 * rows, rows, sizes)
        assert loss.metric.score(y, score, rows, sizes) < 0.6 * constant, slot


def test_weights_of_groups_count_as_repeated_groups(queries):
    X, y, sizes = (x[:n] for x, n in zip(queries, (sum(queries[2][:5]),) * 2 + (5,), strict=True))
    loss = bo.PairwiseLogistic()
    weight = np.asarray([1, 2, 0, 1, 3])
    rng = np.random.default_rng(6)
    raw = rng.normal(size=len(y))
    starts = np.cumsum(sizes) - sizes
    again = np.concatenate(
        [
            np.arange(s, s + k)
            for s, k, w in zip(starts, sizes, weight, strict=True)
            for _ in range(w)
        ]
    )
    repeated = np.repeat(sizes, weight)
    for metric in (loss.metric, NDCG()):
        assert metric.score(y, raw, np.repeat(weight, sizes), sizes) == pytest.approx(
            metric.score(y[again], raw[again], None, repeated), rel=1e-12
        )
    data = xgb.DMatrix(X, y, group=sizes, weight=weight, nthread=1)
    gradient, hessian = loss(raw.astype(np.float32), data)
    data = xgb.DMatrix(X[again], y[again], group=repeated, nthread=1)
    total = np.zeros((2, len(y)))
    for out, part in zip(total, loss(raw[again].astype(np.float32), data), strict=True):
        np.add.at(out, again, part)
    np.testing.assert_allclose(gradient, total[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(hessian, total[1], rtol=1e-5, atol=1e-6)


def test_no_groups_are_one_group_and_qid_is_as_good(queries):
    X, y, sizes = queries
    loss = bo.PairwiseHinge()
    raw = np.random.default_rng(7).normal(size=len(y)).astype(np.float32)
    by_group = loss(raw, xgb.DMatrix(X, y, group=sizes, nthread=1))
    by_qid = loss(raw, xgb.DMatrix(X, y, qid=np.repeat(np.arange(60), sizes), nthread=1))
    np.testing.assert_array_equal(by_group, by_qid)
    alone = loss(raw, xgb.DMatrix(X, y, nthread=1))
    gradient, hessian = loss.gradient_hessian(y.astype(np.float32), raw)
    factor = alone[1].mean() / hessian.mean()
    np.testing.assert_allclose(alone[0], factor * gradient, rtol=1e-5, atol=1e-7)


def test_xgboost_refuses_a_callable_in_its_ranker(queries):
    X, y, sizes = queries
    with pytest.raises(ValueError, match="custom objective"):
        xgb.XGBRanker(objective=bo.PairwiseHinge()).fit(X, y, group=sizes)


# NDCG ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [None, 3])
def test_ndcg_is_scikit_learns_and_the_engines(k, queries):
    X, y, sizes = queries
    ends = np.cumsum(sizes)
    for raw in (X[:, 0], np.round(X[:, 0])):
        expected = np.mean(
            [
                ndcg_score([y[e - s : e]], [raw[e - s : e]], k=k)
                for e, s in zip(ends, sizes, strict=True)
            ]
        )
        got = NDCG(k=k, gain="linear").score(y, raw, group=sizes)
        assert got == pytest.approx(expected, rel=1e-12)
    data = xgb.DMatrix(X, y, group=sizes, nthread=1)
    name = "ndcg" if k is None else f"ndcg@{k}"
    booster = xgb.train({"objective": "rank:ndcg", "eval_metric": name, "nthread": 1}, data, 3)
    line = booster.eval(data)
    got = NDCG(k=k).score(y, booster.predict(data), group=sizes)
    # XGBoost breaks ties by the order of rows
    assert got == pytest.approx(float(line.rsplit(":", 1)[1]), abs=0.01)


def test_ndcg_of_nothing_relevant_is_one_and_wrong_relevance_an_error():
    assert NDCG().score([0, 0, 1, 0], [1, 2, 2, 1], group=[2, 2]) == 1
    with pytest.raises(ValueError, match=r'ndcg: y_true .* got 40.* NDCG\(gain="linear"\)'):
        NDCG().score([40, 0], [1, 2])
    with pytest.raises(ValueError, match="y_true must be finite and >= 0"):
        NDCG(gain="linear").score([-1, 0], [1, 2])


def test_xgbranker_takes_ndcg_as_eval_metric(queries):
    X, y, sizes = queries
    ranker = xgb.XGBRanker(n_estimators=3, n_jobs=1, eval_metric=NDCG(k=5))
    ranker.fit(X, y, group=sizes, eval_set=[(X, y)], eval_group=[sizes], verbose=False)
    got = ranker.evals_result()["validation_0"]["ndcg_5"][-1]
    # its mean over groups may count large ones more
    assert got == pytest.approx(NDCG(k=5).score(y, ranker.predict(X), group=sizes), abs=0.03)
