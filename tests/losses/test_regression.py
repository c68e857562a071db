"""Regression losses: parity with the engines' own, special cases, data of their kind."""

from __future__ import annotations

import math

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import boostobj as bo
from boostobj._labels import LEAST_SHARE
from boostobj.base import Sample
from boostobj.curvature import RobustLoss
from boostobj.losses._log_link import LogLinkLoss
from boostobj.losses._redescending import RedescendingLoss
from boostobj.losses.percentage import PercentageLoss

ROUNDS = 50
XGB = {"nthread": 1, "tree_method": "hist", "max_depth": 3, "eta": 0.2}
LGB = {"num_threads": 1, "verbose": -1, "num_leaves": 15}

FAMILY = [
    *[bo.Expectile(0.1), bo.Expectile(0.8), bo.Fair(2.0), bo.Lp(1.0), bo.Lp(1.3), bo.Lp(2.0)],
    *[bo.EpsilonInsensitive(0.5), bo.EpsilonInsensitive(0.0), bo.Linex(0.5), bo.Linex(-0.5)],
    *[bo.Cauchy(3.0), bo.Welsch(5.0), bo.Tukey(8.0)],
    *[bo.GeneralRobust(shape, 3.0) for shape in (2, 1, 0, -2, -math.inf)],
    *[bo.Poisson(), bo.NegativeBinomial(0.5), bo.Tweedie(1.3), bo.Gamma()],
    *[bo.SquaredLogError(), bo.SquaredLogError(hessian="exact")],
    *[bo.MAPE(), bo.SMAPE(), bo.SquaredPercentageError()],
    bo.MultiQuantile((0.1, 0.5, 0.9)),
]


def outputs(loss):
    return len(loss.quantiles) if isinstance(loss, bo.MultiQuantile) else 1


@pytest.fixture(scope="module")
def rows():
    """Features, a positive mean, and rows to train and to score on."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (2000, 4))
    mean = np.exp(1 + X[:, 0] + np.where(X[:, 1] > 0, 0.7, 0) * X[:, 2])
    train = np.arange(2000) < 1400
    return X, mean, train


def targets(loss, mean):
    """Targets of the kind that a loss is for."""
    rng = np.random.default_rng(1)
    if isinstance(loss, (bo.Poisson, bo.NegativeBinomial)):
        y = rng.poisson(mean * rng.gamma(2, 0.5, mean.size))
    elif isinstance(loss, bo.Tweedie):
        y = rng.gamma(2, 1, mean.size) * mean * (rng.random(mean.size) < 0.7)
    elif isinstance(loss, (bo.Gamma, PercentageLoss, bo.SquaredLogError)):
        y = mean * rng.gamma(4, 0.25, mean.size) + 0.05
    else:
        y = 3 * np.log(mean) + rng.normal(size=mean.size)
        if isinstance(loss, (RedescendingLoss, RobustLoss)):
            y += 15 * (rng.random(mean.size) < 0.1)
    return y.astype(np.float32).astype(np.float64)


def train_xgb(loss, X, y, start=None, rounds=ROUNDS, **params):
    k = outputs(loss)
    data = xgb.DMatrix(X, y, nthread=1)
    params = {**XGB, "base_score": 0.5 if k == 1 else 0.0, **params}
    if k > 1:
        params |= {"objective": "reg:squarederror", "num_class": k}
    if start is not None:
        data.set_base_margin(np.broadcast_to(start, (len(y), k)).ravel())
    model = xgb.train(params, data, rounds, obj=loss)

    def predict(X):
        data = xgb.DMatrix(X, nthread=1)
        if start is not None:
            data.set_base_margin(np.broadcast_to(start, (len(X), k)).ravel())
        return model.predict(data, output_margin=True)

    return predict


def train_lgb(loss, X, y, start=None, rounds=ROUNDS, **params):
    k = outputs(loss)
    offset = 0.0 if start is None else np.asarray(start)
    scores = np.broadcast_to(offset, (len(y), k) if k > 1 else (len(y),)).copy()
    data = lgb.Dataset(X, y, init_score=scores)
    if k > 1:
        params["num_class"] = k
    model = lgb.train({**LGB, "objective": loss, **params}, data, rounds)
    return lambda X: model.predict(X, raw_score=True) + offset


@pytest.mark.parametrize("train", [train_xgb, train_lgb])
@pytest.mark.parametrize("loss", FAMILY, ids=repr)
def test_training_improves_the_metric_over_the_constant(loss, train, rows):
    X, mean, first = rows
    y = targets(loss, mean)
    start = loss.init_score(y[first])
    predict = train(loss, X[first], y[first], start)
    raw = predict(X[~first])
    assert np.all(np.isfinite(raw))
    constant = np.broadcast_to(start, raw.shape).astype(raw.dtype)
    ours, baseline = (loss.metric(y[~first], r) for r in (raw, constant))
    # a likelihood lacks the terms that would make it zero for a perfect prediction
    assert ours < baseline * (1 if isinstance(loss, LogLinkLoss) else 0.9)


@pytest.mark.parametrize("train", [train_xgb, train_lgb])
@pytest.mark.parametrize("loss", FAMILY, ids=repr)
def test_training_survives_the_engines_own_start(loss, train, rows):
    # 0.5 in XGBoost, 0 in LightGBM: far from the best constant
    X, mean, _ = rows
    y = targets(loss, mean)
    raw = train(loss, X, y)(X)
    start = np.full_like(raw, 0.5 if train is train_xgb else 0.0)
    assert np.all(np.isfinite(raw))
    assert loss.metric(y, raw) < loss.metric(y, start)


@pytest.mark.parametrize("train", [train_xgb, train_lgb])
@pytest.mark.parametrize("shift", [-1e5, 1e5])
@pytest.mark.parametrize("loss", [x for x in FAMILY if isinstance(x, bo.ResidualLoss)], ids=repr)
def test_no_start_is_so_bad_that_training_breaks(loss, train, shift, rows):
    X, mean, _ = rows
    y = targets(loss, mean) + shift
    if isinstance(loss, (bo.Welsch, bo.Tukey)) or loss == bo.GeneralRobust(-math.inf, 3.0):
        with pytest.raises(ValueError, match="loss is flat; start from"):
            train(loss, X, y, rounds=2)
        return
    raw = train(loss, X, y, rounds=30)(X)
    assert np.all(np.isfinite(raw))
    if not isinstance(loss, bo.Linex):  # whose steps are at most 1/a on one side
        assert np.mean(np.abs(raw - y)) < 2e4


@pytest.mark.parametrize("train", [train_xgb, train_lgb])
@pytest.mark.parametrize("start", [-30.0, 30.0])
@pytest.mark.parametrize("loss", [x for x in FAMILY if isinstance(x, LogLinkLoss)], ids=repr)
def test_likelihoods_stay_finite_from_any_start(loss, train, start, rows):
    X, mean, _ = rows
    y = targets(loss, mean)
    assert np.all(np.isfinite(train(loss, X, y, start, rounds=20)(X)))


@pytest.mark.parametrize(
    ("loss", "name", "params"),
    [
        (bo.Poisson(), "count:poisson", {"max_delta_step": 0.7}),
        (bo.Poisson(max_delta_step=0.0), "count:poisson", {"max_delta_step": 0.0}),
        (bo.Gamma(), "reg:gamma", {}),
        (bo.Tweedie(), "reg:tweedie", {}),
        (bo.Tweedie(1.2), "reg:tweedie", {"tweedie_variance_power": 1.2}),
        (bo.SquaredLogError(hessian="exact"), "reg:squaredlogerror", {}),
        (bo.Expectile(0.8), "reg:expectileerror", {"expectile_alpha": 0.8}),
        (bo.Expectile(0.95), "reg:expectileerror", {"expectile_alpha": 0.95}),
    ],
    ids=repr,
)
def test_xgboost_parity(loss, name, params, rows):
    if name == "reg:expectileerror" and tuple(map(int, xgb.__version__.split(".")[:2])) < (3, 3):
        pytest.skip("XGBoost has expectiles from 3.3 on")
    X, mean, _ = rows
    y = targets(loss, mean)
    weight = np.random.default_rng(2).uniform(0.5, 2, len(y))
    data = xgb.DMatrix(X, y, weight=weight, nthread=1)
    start = 2.0
    params = {**XGB, **params}
    builtin = xgb.train({**params, "objective": name, "base_score": start}, data, ROUNDS)
    own = {
        k: v for k, v in params.items() if k not in ("expectile_alpha", "tweedie_variance_power")
    }
    margin = float(loss.link.link(np.asarray([start]))[0])
    ours = xgb.train({**own, "base_score": margin}, data, ROUNDS, obj=loss)
    expected = builtin.predict(data)
    assert expected.std() > 0.3
    raw = ours.predict(data, output_margin=True)
    np.testing.assert_allclose(loss.link.inverse(raw), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("loss", "name", "params"),
    [
        (bo.Poisson(), "poisson", {}),
        (bo.Gamma(), "gamma", {}),
        (bo.Tweedie(), "tweedie", {}),
        (bo.Tweedie(1.2), "tweedie", {"tweedie_variance_power": 1.2}),
        (bo.Fair(2.0, hessian="exact"), "fair", {"fair_c": 2.0, "min_sum_hessian_in_leaf": 0}),
    ],
    ids=repr,
)
def test_lightgbm_parity(loss, name, params, rows):
    X, mean, _ = rows
    y = targets(loss, mean)
    weight = np.random.default_rng(2).uniform(0.5, 2, len(y))
    start = bo.init_scores(loss, y, weight)
    params = {**LGB, "boost_from_average": False, **params}
    # no start of its own: both begin at the same scores
    data = lgb.Dataset(X, y, weight=weight, init_score=start)
    builtin = lgb.train({**params, "objective": name}, data, ROUNDS)
    data = lgb.Dataset(X, y, weight=weight, init_score=start)
    ours = lgb.train({**params, "objective": loss}, data, ROUNDS)
    expected, raw = (model.predict(X, raw_score=True) + start for model in (builtin, ours))
    expected, got = np.asarray(loss.link.inverse(expected)), np.asarray(loss.link.inverse(raw))
    assert expected.std() > 0.3
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("loss", "name", "params"),
    [
        (bo.Fair(), "fair", {"fair_c": 1.0}),
        (bo.MAPE(floor=1.0), "mape", {}),
    ],
    ids=repr,
)
def test_lightgbm_with_another_curvature_is_no_better(loss, name, params, rows):
    X, mean, first = rows
    y = targets(loss, mean)
    start = bo.init_scores(loss, y[first])
    data = lgb.Dataset(X[first], y[first])
    builtin = lgb.train({**LGB, **params, "objective": name}, data, ROUNDS)
    data = lgb.Dataset(X[first], y[first], init_score=start)
    ours = lgb.train({**LGB, "objective": loss}, data, ROUNDS).predict(X[~first]) + start[0]
    assert loss.metric(y[~first], ours) <= 1.01 * loss.metric(y[~first], builtin.predict(X[~first]))


R = np.concatenate([[0.0], *[s * np.geomspace(1e-5, 1e3, 60) for s in (-1, 1)]])


@pytest.mark.parametrize(
    ("shape", "special", "factor"),
    [
        (2.0, bo.SquaredError(), 0.5),
        (1.0, bo.PseudoHuber(delta=3.0), 1),
        (0.0, bo.Cauchy(scale=3 * math.sqrt(2)), 1),
        (-math.inf, bo.Welsch(scale=3 * math.sqrt(2)), 1),
    ],
)
@pytest.mark.parametrize("off", [0.0, 1e-9])
def test_general_robust_has_its_special_cases(shape, special, factor, off):
    loss = bo.GeneralRobust(shape - off, scale=3.0)
    y = np.zeros_like(R)
    rtol = 1e-6 if off else 1e-12
    np.testing.assert_allclose(loss.value(y, R), factor * special.value(y, R), rtol=rtol)
    near = np.abs(R) < 15  # beyond, the floor of the Hessian
    for ours, theirs in zip(
        loss.gradient_hessian(y, R), special.gradient_hessian(y, R), strict=True
    ):
        np.testing.assert_allclose(ours[near], factor * theirs[near], rtol=rtol)


def test_general_robust_reaches_welsch_continuously():
    y = np.zeros_like(R)
    for far in (-1e8, -1e15, -1e17, -1e300):
        ours = bo.GeneralRobust(far).value(y, R)
        np.testing.assert_allclose(ours, bo.GeneralRobust(-math.inf).value(y, R), rtol=1e-6)


def test_lp_ends_at_absolute_and_squared_error():
    rng = np.random.default_rng(0)
    y, raw = rng.normal(size=(2, 100))
    for p, same in ((1.0, bo.AbsoluteError()), (2.0, bo.SquaredError())):
        for ours, theirs in zip(
            bo.Lp(p).gradient_hessian(y, raw), same.gradient_hessian(y, raw), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_negative_binomial_without_dispersion_is_poisson():
    y, raw = np.asarray([0.0, 1, 5, 20]), np.asarray([1.0, -2, 1.5, 3])
    exact = bo.Poisson(max_delta_step=0.0).gradient_hessian(y, raw)
    for ours, theirs in zip(bo.NegativeBinomial(1e-9).gradient_hessian(y, raw), exact, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("loss", [bo.Cauchy(), bo.Welsch(), bo.Tukey(), bo.GeneralRobust(-2)])
def test_start_of_a_nonconvex_loss_is_the_best_of_all(loss):
    # The larger cluster is the narrower; a third of the weight tempts descent from the median.
    rng = np.random.default_rng(0)
    y = np.concatenate([rng.normal(0, 0.2, 400), rng.normal(50, 5, 300), rng.normal(100, 1, 250)])
    assert abs(loss.init_score(y) - 0) < 0.3
    outliers = np.append(y, [1e12, -1e12])
    assert loss.init_score(outliers) == pytest.approx(loss.init_score(y), abs=1e-4)
    weight = np.repeat([0.01, 1.0, 3.0], [400, 300, 250])
    assert abs(loss.init_score(y + 1e6, weight) - 1e6 - 100) < 1


@pytest.mark.parametrize("loss", [bo.Welsch(), bo.Tukey()])
def test_start_of_a_nonconvex_loss_sees_the_one_row_that_counts(loss):
    y, weight = np.random.default_rng(0).uniform(0, 1e5, 1000), np.ones(1000)
    weight[333] = 1e6
    assert loss.init_score(y, weight) == pytest.approx(y[333], abs=1e-3)


@pytest.mark.parametrize("loss", [bo.MAPE(), bo.SMAPE(), bo.SquaredPercentageError()])
def test_zero_targets_are_refused_without_a_floor(loss):
    y, raw = np.asarray([1.0, 0.0, 3.0, 0.0]), np.ones(4)
    for call in (loss.value, loss.gradient_hessian, loss, loss.metric):
        with pytest.raises(ValueError, match=r"y_true must be .* not zero.* got 0.0 \(2 of 4"):
            call(y, raw)
    with pytest.raises(ValueError, match="floor admits zeros"):
        loss.init_score(y)
    with pytest.raises(ValueError, match="floor must be finite and >= 0, got -1"):
        type(loss)(floor=-1)


@pytest.mark.parametrize("train", [train_xgb, train_lgb])
@pytest.mark.parametrize("kind", [bo.MAPE, bo.SMAPE, bo.SquaredPercentageError])
def test_zero_targets_train_with_a_floor(kind, train, rows):
    X, mean, _ = rows
    loss = kind(floor=1.0)
    y = np.where(np.arange(len(mean)) % 7 == 0, 0.0, mean)
    start = loss.init_score(y)
    raw = train(loss, X, y, start)(X)
    assert loss.metric(y, raw) < 0.9 * loss.metric(y, np.full_like(raw, start))


def test_start_of_a_squared_percentage_does_not_see_rows_without_weight():
    assert bo.SquaredPercentageError().init_score([1e-170, 1, 2], [0, 1, 1]) == pytest.approx(1.2)


@pytest.mark.parametrize("unit", [1e-6, 1e3, 1e6])
@pytest.mark.parametrize("kind", [bo.MAPE, bo.SMAPE, bo.SquaredPercentageError])
def test_percentage_losses_know_no_unit(kind, unit, rows):
    X, mean, first = rows
    y = targets(kind(), mean)
    loss = kind()
    scores = []
    for u in (1.0, unit):
        predict = train_xgb(loss, X[first], y[first] * u, loss.init_score(y[first] * u))
        scores.append(loss.metric(y[~first] * u, predict(X[~first])))
    # XGBoost's absolute thresholds let the models for tiny targets differ
    assert scores[1] < 1.05 * scores[0]


@pytest.mark.parametrize("a", [1.0, -1.0])
def test_linex_starts_right_beside_a_distant_target(a):
    y = np.r_[np.linspace(0, 1, 9), 1e20 * a]
    expected = -np.log(np.mean(np.exp(-a * y))) / a
    assert bo.Linex(a).init_score(y) == pytest.approx(expected, rel=1e-12)
    assert bo.Linex(a).init_score(y, np.r_[np.ones(9), 0]) == pytest.approx(
        -np.log(np.mean(np.exp(-a * y[:9]))) / a, rel=1e-12
    )


def test_poisson_starts_at_a_finite_score_without_counts():
    assert bo.Poisson().init_score([0, 0, 0]) == pytest.approx(math.log(LEAST_SHARE))
    assert bo.Gamma().init_score([1.0, 3.0]) == pytest.approx(math.log(2))


QUANTILES = (0.1, 0.4, 0.5, 0.6, 0.9)


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("wrapper", [False, True])
def test_multi_quantile_in_xgboost(strategy, repeated, wrapper, rows):
    X, mean, first = rows
    loss = bo.MultiQuantile(QUANTILES)
    y = targets(loss, mean)
    label = np.tile(y[:, None], 5) if repeated else y
    params = {**XGB, "multi_strategy": strategy, **({} if repeated else {"num_class": 5})}
    if wrapper:
        del params["nthread"]
        model = xgb.XGBRegressor(n_estimators=ROUNDS, n_jobs=1, objective=loss, **params)
        raw = model.fit(X[first], label[first]).predict(X[~first])
    else:
        data = xgb.DMatrix(X[first], label[first], nthread=1)
        params["objective"] = "reg:squarederror"
        model = xgb.train(params, data, ROUNDS, obj=loss)
        raw = model.predict(xgb.DMatrix(X[~first], nthread=1))
    check_quantiles(loss, y[~first], raw)


@pytest.mark.filterwarnings("ignore:'force_all_finite' was renamed:FutureWarning")
@pytest.mark.parametrize("wrapper", [False, True])
def test_multi_quantile_in_lightgbm(wrapper, rows):
    X, mean, first = rows
    loss = bo.MultiQuantile(QUANTILES)
    y = targets(loss, mean)
    start = bo.init_scores(loss, y[first])
    assert start.shape == (first.sum(), 5)
    if wrapper:
        model = lgb.LGBMRegressor(
            objective=loss, num_class=5, metric="None", n_estimators=ROUNDS, n_jobs=1, verbose=-1
        )
        model.fit(X[first], y[first], init_score=start)
        raw = model.predict(X[~first], raw_score=True) + start[0]
    else:
        raw = train_lgb(loss, X[first], y[first], start[0])(X[~first])
    check_quantiles(loss, y[~first], raw)


def check_quantiles(loss, y, raw):
    assert raw.shape == (len(y), 5)
    predicted = np.asarray(loss.link.inverse(raw))
    assert np.all(np.diff(predicted, axis=1) >= 0)
    assert loss.metric(y, predicted) <= loss.metric(y, raw)
    constant = np.broadcast_to(loss.init_score(y), raw.shape).copy()
    assert loss.metric(y, predicted) < 0.85 * loss.metric(y, constant)
    np.testing.assert_allclose(np.mean(y[:, None] <= predicted, axis=0), QUANTILES, atol=0.12)


def test_multi_quantile_is_its_quantiles_side_by_side():
    rng = np.random.default_rng(0)
    y, raw = rng.normal(size=200), rng.normal(size=(200, 2))
    weight = rng.uniform(0, 2, 200)
    loss = bo.MultiQuantile((0.2, 0.7))
    together = loss(y, raw, weight)
    for j, q in enumerate(loss.quantiles):
        for ours, single in zip(together, bo.Quantile(q)(y, raw[:, j], weight), strict=True):
            np.testing.assert_allclose(ours[:, j], single, rtol=1e-5, atol=1e-6)
        assert loss.init_score(y, weight)[j] == bo.Quantile(q).init_score(y, weight)
    # a frame of one column
    np.testing.assert_array_equal(loss.init_score(y[:, None]), loss.init_score(y))
    np.testing.assert_array_equal(loss.value(y[:, None], raw), loss.value(y, raw))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [bo.Huber(1e39), bo.GeneralRobust(2.0, 1e160)], ids=repr)
def test_a_robust_loss_wider_than_any_number_is_squared(dtype, loss):
    r = np.asarray([-3.0, 0.0, 1e4], dtype=dtype)
    gradient, hessian = loss.gradient_hessian(np.zeros_like(r), r)
    np.testing.assert_array_equal(gradient, r)
    np.testing.assert_array_equal(hessian, 1)
    np.testing.assert_allclose(loss.value(np.zeros_like(r), r), r**2 / 2)


@pytest.mark.parametrize("loss", [bo.Huber(), bo.PseudoHuber(), bo.Lp(1.5)], ids=repr)
def test_targets_that_are_nearly_nothing_have_a_start(loss):
    assert 1e-320 <= loss.init_score([1e-320, 3e-320]) <= 3e-320


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bo.MultiQuantile((0.5, 0.1)), "quantiles must be increasing"),
        (lambda: bo.MultiQuantile((0.5, 1.0)), r"quantiles must be in \(0, 1\)"),
        (lambda: bo.MultiQuantile(()), "quantiles must hold at least 1 number"),
        (lambda: bo.MultiQuantile((0.5,)), "at least 2 numbers, Quantile is for one"),
        (lambda: bo.MultiQuantile((0.1, 0.5), scales=(1.0,)), "scales must hold 2 numbers"),
        (lambda: bo.MultiQuantile().init_score(np.ones((4, 2))), r"y_true of shape \(4, 2\)"),
        (lambda: bo.Linex(0), "a must be finite and not zero, got 0"),
        (lambda: bo.Linex(-1e200), r"a must be in \[-1e\+18, 1e\+18\], got -1e\+200"),
        (lambda: bo.Lp(2.5), r"p must be in \[1, 2\], got 2.5"),
        (lambda: bo.Tweedie(2), r"power must be in \(1, 2\), got 2"),
        (lambda: bo.GeneralRobust(2.5), "shape must be"),
        (lambda: bo.GeneralRobust(math.nan), "shape must be"),
        (lambda: bo.Expectile(1.0), r"expectile must be in \(0, 1\), got 1.0"),
        (lambda: bo.SquaredLogError(hessian="majorizer"), "hessian must be 'smoothed' or 'exact'"),
        (lambda: bo.MultiQuantile()(np.zeros(3), np.zeros((3, 2))), "set num_class to 3"),
        (
            lambda: bo.MultiQuantile((0.1, 0.9)).init_score([[1, 1], [1, 2]]),
            r"are of one target, .* got \[1\. 2\.\] in row 1",
        ),
        (
            lambda: bo.MultiQuantile((0.1, 0.9)).value(np.zeros((2, 3)), np.zeros((3, 2))),
            r"y_true of shape \(2, 3\) does not fit raw_prediction of shape \(3, 2\)",
        ),
        (lambda: bo.Gamma().value([0.0], [0.0]), "y_true must be finite and > 0, got 0.0"),
        (lambda: bo.SquaredLogError().value([1e-7 - 1], [0.0]), "must be finite and > -0.99999"),
    ],
)
def test_errors_name_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("loss", [bo.Huber(delta="auto"), bo.LogCosh(scale="auto")], ids=repr)
def test_widths_see_the_few_residuals_that_are_not_zero(loss):
    y = np.zeros(1000)
    y[:70] = 10.0
    value = loss.metric.score(y, np.zeros(1000))
    assert value == pytest.approx(loss.metric.score(100 * y, np.zeros(1000)) / 100**2)
    assert value > 0.01


@pytest.mark.parametrize("loss", [bo.PseudoHuber(), bo.AbsoluteError()], ids=repr)
def test_a_far_row_that_no_sample_holds_keeps_its_gradient(loss):
    n = 20_000
    far = np.setdiff1d(np.arange(n), Sample(np.arange(n), np.arange(n)).y)[0]
    y = np.zeros(n, dtype=np.float32)
    y[far] = 1e9
    gradient, hessian = loss(y, np.zeros_like(y))
    assert gradient[far] < 0
    assert np.all(np.isfinite(hessian))


def test_percentages_of_tiny_targets_that_are_hit_are_finite():
    y = np.full(100, 1e-9, dtype=np.float32)
    for derivative in bo.MAPE().gradient_hessian(y, y):
        assert np.all(np.isfinite(derivative))


def test_squared_log_errors_of_any_size_are_finite():
    y = np.asarray([-0.9, -0.9999, 1e38, 1e30], dtype=np.float32)
    raw = np.asarray([6e37, 1e35, -0.5, 1e30], dtype=np.float32)
    exact = (np.log1p(raw, dtype=float) - np.log1p(y, dtype=float)) ** 2 / 2
    np.testing.assert_allclose(bo.SquaredLogError().value(y, raw), exact, rtol=1e-5)
    for derivative in bo.SquaredLogError().gradient_hessian(y, raw):
        assert np.all(np.isfinite(derivative))


def test_linex_is_never_negative():
    r = np.asarray([50, 90, 1e38], dtype=np.float32)
    assert np.all(bo.Linex().value(np.zeros_like(r), r) > 0)


def test_squared_log_error_next_to_a_large_target():
    for dtype in (np.float32, np.float64):
        y = np.asarray([1e12, 3.0], dtype)
        gradient, hessian = bo.SquaredLogError().gradient_hessian(y, y - 1)
        assert np.all(gradient <= 0)
        np.testing.assert_allclose(hessian, 1 / (1.0 + y) ** 2, rtol=0.6)


def test_a_column_of_targets_has_one_start_value():
    y = np.asarray([[1.0], [2.0], [7.0]])
    assert bo.AbsoluteError().init_score(y) == 2
    assert bo.base_score(bo.Poisson(), y) == pytest.approx(np.log(10 / 3))


@pytest.mark.parametrize(
    "kind", [bo.Cauchy, bo.Fair, bo.LogCosh, bo.PseudoHuber, bo.Tukey, bo.Welsch]
)
def test_a_scale_beyond_all_residuals_leaves_half_their_squares(kind):
    value = kind(1e20).value(np.float32([0]), np.float32([3]))
    assert value.item() == pytest.approx(4.5, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "factor"),
    [
        (bo.LogCosh(0.3), 1.0001),
        (bo.LogCosh(0.3, hessian="exact"), 1.0001),
        (bo.PseudoHuber(0.3), 1.0001),
        (bo.Fair(0.3), 1.0001),
        # gradients of residuals that end where their quotient does
        (bo.GeneralRobust(1.5), 1.2),
        (bo.GeneralRobust(1.0, 0.3), 3.0),
        (bo.Cauchy(0.3), math.inf),
        (bo.GeneralRobust(-3.0, 0.01), math.inf),
    ],
)
def test_residuals_over_a_narrow_scale_that_single_precision_cannot_hold(loss, factor):
    r = np.asarray([3e38, -3e38], np.float32)
    value = loss.value(0 * r, r)
    gradient, hessian = loss.gradient_hessian(0 * r, r)
    assert np.all(np.isfinite([value, gradient, hessian]))
    assert np.all(value > 0)
    wanted, _ = loss.gradient_hessian(np.zeros(2), r.astype(np.float64))
    ratio = (gradient / wanted)[np.abs(wanted) > 1e-30]
    assert np.all((ratio > 1 / factor) & (ratio < factor))


def test_tweedie_is_quiet_where_the_mean_is_beyond_single_precision():
    raw = np.asarray([1e3, 1e4, -1e4], np.float32)
    for power in (1.1, 1.9):
        assert np.all(np.isfinite(bo.Tweedie(power).value(np.ones(3, np.float32), raw)))


def test_squared_percentage_error_of_targets_of_any_size():
    loss, y = bo.SquaredPercentageError(), np.array([1.0, 2.0])
    for scale in (1e-200, 1e200):
        assert loss.init_score(scale * y) / scale == pytest.approx(loss.init_score(y))
    gradient, _ = loss.gradient_hessian(1e200 * y, 2e200 * y)
    np.testing.assert_allclose(1e200 * gradient, loss.gradient_hessian(y, 2 * y)[0])
