"""Unit curvature, chunks, threads and workers."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import boostobj
from boostobj import _parallel
from boostobj._loss import LEAST_WORTH
from boostobj._sample import SAMPLE_ROWS
from boostobj.base import Sample
from boostobj.engine.xgboost import XGBoostAdapter


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    n = 100_003
    y = rng.standard_t(2, n).astype(np.float32)
    return y, rng.normal(size=n).astype(np.float32), rng.uniform(0, 2, n).astype(np.float32)


@pytest.mark.parametrize("loss", [boostobj.Quantile(0.9), boostobj.LogCosh()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_chunks_and_threads_change_no_bit(loss, dtype, rows, monkeypatch):
    y, raw, w = rows
    raw = raw.astype(dtype)
    try:
        boostobj.set_num_threads(1)
        monkeypatch.setattr(_parallel, "CHUNK", 1 << 30)
        gradient, hessian = loss(y, raw, sample_weight=w)
        for n_threads, chunk in [(1, 1000), (2, 4096), (3, 777)]:
            boostobj.set_num_threads(n_threads)
            monkeypatch.setattr(_parallel, "CHUNK", chunk)
            g, h = loss(y, raw, sample_weight=w)
            np.testing.assert_array_equal(g, gradient)
            np.testing.assert_array_equal(h, hessian)
    finally:
        boostobj.set_num_threads(None)


def test_threads_follow_the_explicit_setting_then_the_engine(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert boostobj.get_num_threads() == 3
    assert _parallel.get_num_threads(5) == 5
    assert _parallel.get_num_threads(-1) == 3
    try:
        boostobj.set_num_threads(4)
        assert _parallel.get_num_threads(5) == 4
    finally:
        boostobj.set_num_threads(None)


def mean_over_worth(h, w=None):
    """The mean Hessian over what rows of such Hessians count for, the root of Kish's share."""
    w = np.ones(len(h)) if w is None else w.astype(float)
    h = np.divide(h.T.astype(float), w, out=np.zeros(h.T.shape), where=w > 0)
    mean, square = np.average(h, axis=-1, weights=w), np.average(h**2, axis=-1, weights=w)
    return mean / np.maximum(mean / np.sqrt(square), LEAST_WORTH)


@pytest.mark.parametrize(
    "loss",
    [
        boostobj.SquaredError(),
        boostobj.AbsoluteError(),
        boostobj.Huber(),
        boostobj.Asymmetric(under=19 * boostobj.SquaredError(), over=boostobj.SquaredError()),
    ],
    ids=repr,
)
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e5])
def test_regression_hessians_count_rows_and_steps_stay(loss, unit, rows):
    y, raw, w = (x[:SAMPLE_ROWS] for x in rows)
    g, h = loss(y * unit, raw * unit, sample_weight=w)
    assert mean_over_worth(h, w) == pytest.approx(1, rel=1e-5)
    # one factor for all rows: the ratio of any two is the loss's own
    exact_g, exact_h = loss._boosting(Sample(y * unit, raw * unit, w))(y * unit, raw * unit)
    used = w > 0
    np.testing.assert_allclose((g / h)[used], (exact_g / exact_h)[used], rtol=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        boostobj.MAPE(),
        boostobj.SMAPE(),
        boostobj.SquaredPercentageError(),
        boostobj.SquaredLogError(),
        1e-12 * boostobj.Huber(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("unit", [1.0, 1e9, 1e13])
def test_hessians_of_relative_errors_count_rows_however_large_the_targets(loss, unit):
    y = unit * np.random.default_rng(0).lognormal(size=1000)
    _, hessian = loss(y, np.full(len(y), loss.init_score(y)))
    assert mean_over_worth(hessian) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("loss", [boostobj.Quantile(0.9), boostobj.LogCosh("auto")], ids=repr)
def test_scales_of_many_rows_do_not_depend_on_their_order(loss):
    """As with one kind of row in every fourth place, or with weights of zero in every second."""
    rng = np.random.default_rng(0)
    n = 400_000
    y = rng.standard_t(3, n)
    y[::4] *= 1e-3
    w = np.tile([0.0, 1.0, 1.0, 1.0], n // 4)
    raw, shuffled = np.zeros(n), rng.permutation(n)
    for weight in (None, w):
        g, h = loss(y, raw, weight)
        other = None if weight is None else weight[shuffled]
        g_other, h_other = loss(y[shuffled], raw, other)
        np.testing.assert_allclose(g_other, g[shuffled], rtol=0.05, atol=0.02)
        np.testing.assert_allclose(h_other, h[shuffled], rtol=0.1)
        assert mean_over_worth(h, weight) == pytest.approx(1, rel=0.02)


def test_a_sample_draws_rows_by_their_weight():
    y = np.arange(10.0 * SAMPLE_ROWS)
    sample = Sample(y, y, y)
    assert sample.average(sample.y) == pytest.approx(np.average(y, weights=y), rel=1e-3)
    assert sample.count() == y.sum()
    sample = Sample(y, y, (y < 3).astype(float))
    assert set(sample.y) == {0, 1, 2}


@pytest.mark.parametrize("loss", [boostobj.AbsoluteError(), boostobj.MAPE()], ids=repr)
@pytest.mark.parametrize("unit", [1e-27, 1e-24, 1e17])
def test_steps_stay_however_small_or_large_the_targets(loss, unit):
    y = np.random.default_rng(0).lognormal(size=1000)
    raw = np.full(len(y), loss.init_score(y))
    g, h = (x.astype(float) for x in loss(y, raw))
    g_far, h_far = (x.astype(float) for x in loss(unit * y, unit * raw))
    np.testing.assert_allclose(g_far / h_far, unit * (g / h), rtol=1e-4)
    assert mean_over_worth(h_far) >= 0.99


@pytest.mark.parametrize("loss", [boostobj.Poisson(), boostobj.Gamma()], ids=repr)
def test_a_row_without_weight_does_not_stop_training(loss):
    raw = np.asarray([0, 0, 1e3 if loss.name == "poisson" else -1e3], dtype=np.float32)
    g, h = loss(np.ones(3), raw, np.asarray([1, 1, 0], dtype=np.float32))
    assert np.all(np.isfinite([g, h]))
    assert g[2] == 0


@pytest.mark.filterwarnings("ignore:.*Empty dataset:UserWarning")
def test_a_worker_without_rows_takes_part(monkeypatch):
    monkeypatch.setattr(XGBoostAdapter, "is_alone", lambda self: False)
    data = xgb.DMatrix(np.empty((0, 2)), np.empty(0))
    g, h = boostobj.Quantile(0.9)(np.empty(0, np.float32), data)
    assert g.shape == h.shape == (0,)


def test_gradients_too_large_for_float32_stay_finite():
    g, h = boostobj.SquaredError()(
        np.ones(3), np.asarray([1e30, 0, 0], np.float32), np.asarray([1e9, 1, 1], np.float32)
    )
    assert np.all(np.isfinite([g, h]))
    assert g[0] == np.max(g)


def test_classification_keeps_its_own_curvature(rows):
    y, raw, w = rows
    loss = boostobj.Logistic()
    g, h = loss(y > 0, raw, sample_weight=w)
    exact_g, exact_h = loss.gradient_hessian(y > 0, raw)
    np.testing.assert_allclose(g, exact_g * w, rtol=1e-6)
    np.testing.assert_allclose(h, exact_h * w, rtol=1e-6)


def test_callback_keeps_memory_order_and_gives_float32():
    raw = np.asfortranarray(np.zeros((5, 3)))
    g, h = boostobj.Softmax()(np.arange(5) % 3, raw)
    assert g.dtype == h.dtype == np.float32
    assert g.flags.f_contiguous


def test_margins_of_one_column_are_margins(rows):
    y, raw, _ = rows
    g, _ = boostobj.Huber()(y, raw)
    g_column, _ = boostobj.Huber()(y, raw[:, None])
    np.testing.assert_array_equal(g_column[:, 0], g)


def test_users_arrays_are_left_alone(rows):
    y, raw, w = rows
    before = [x.copy() for x in rows]
    for x in rows:
        x.flags.writeable = False
    boostobj.Quantile(0.9)(y, raw, sample_weight=w)
    for x, old in zip(rows, before, strict=True):
        np.testing.assert_array_equal(x, old)


@pytest.mark.parametrize(
    "loss",
    [boostobj.AbsoluteError(), boostobj.Quantile(0.9), boostobj.Huber(), boostobj.LogCosh()],
    ids=repr,
)
@pytest.mark.parametrize("unit", [1e-3, 1e3, 1e6])
def test_any_unit_trains(loss, unit, regression):
    X, y, _ = regression

    def relative_error(unit):
        target = y * unit
        start = loss.init_score(target)
        data = xgb.DMatrix(X[:400], target[:400])
        model = xgb.train({"base_score": start, "nthread": 1}, data, 40, obj=loss)
        metric = loss.metric if loss.name == "quantile" else boostobj.metrics.MAE()
        constant = np.full(200, start)
        return metric.score(target[400:], model.predict(xgb.DMatrix(X[400:]))) / metric.score(
            target[400:], constant
        )

    # the losses with a fixed scale are other losses in another unit
    bound = 0.05 if isinstance(loss, boostobj.curvature.PinballLoss) else 0.2
    assert relative_error(unit) < (1 + bound) * relative_error(1.0)
    assert relative_error(1.0) < 0.9


def test_no_start_value_is_no_end(regression):
    X, y, _ = regression
    for train_y in (y * 1e6, y + 100):
        data = xgb.DMatrix(X, train_y)
        model = xgb.train({"nthread": 1}, data, 300, obj=boostobj.AbsoluteError())
        spread = np.abs(train_y - np.median(train_y)).mean()
        assert np.abs(model.predict(data) - train_y).mean() < 0.3 * spread


@dataclass(frozen=True)
class WholeNumbers(boostobj.base.ResidualLoss):
    """The squared error by someone who thinks of whole numbers."""

    kind: type = int

    def _value(self, r):
        return r**2

    def _gradient_hessian(self, r):
        return 2 * r, np.full(r.shape, 2, dtype=self.kind)


@pytest.mark.parametrize("kind", [int, np.int8, bool])
def test_derivatives_may_be_whole_numbers(kind, rows):
    y, raw, w = rows
    expected = boostobj.SquaredError()(y, raw, w)
    for n in (100, len(y)):
        g, h = WholeNumbers(kind)(y[:n], raw[:n], w[:n])
        np.testing.assert_allclose(h, w[:n], rtol=1e-6)
        if kind is not bool:
            np.testing.assert_allclose(g, expected[0][:n], rtol=1e-6)


@dataclass(frozen=True)
class Slip(boostobj.base.ResidualLoss):
    """A loss that returns something else than it should."""

    result: object

    def _value(self, r):
        return r**2

    def _gradient_hessian(self, r):
        return self.result(r)


@pytest.mark.parametrize(
    ("result", "what"),
    [
        (lambda r: (2 * r, 2.0), "and float of shape"),
        (lambda r: (2 * r,), "got ndarray of shape"),
        (lambda r: 2 * r, "got ndarray of shape"),
        (lambda r: (2 * r, np.ones((1, *r.shape))), "and ndarray of shape"),
        (lambda r: ((2 * r).tolist(), np.ones(r.shape)), "got list of shape"),
    ],
)
@pytest.mark.parametrize("n", [50, 20_000])
def test_what_a_loss_returns_is_looked_at(result, what, n):
    y = np.zeros(n)
    with pytest.raises(ValueError, match=f"two arrays of the shape of the margins.*{what}"):
        Slip(result)(y, y + 1)


def test_what_a_loss_of_many_rows_returns_is_looked_at():
    @dataclass(frozen=True)
    class _OneForAll(boostobj.base.PointwiseLoss):
        def _value(self, y, raw):
            return raw**2

        def _gradient_hessian(self, y, raw):
            return 2 * raw, 2.0

    with pytest.raises(ValueError, match="two arrays of the shape of the margins"):
        _OneForAll()(np.zeros(20_000), np.ones(20_000))


@dataclass(frozen=True)
class OwnSquares(boostobj.base.PointwiseLoss):
    """A loss in the target's unit that does not say that it is one of residuals."""

    def _value(self, y, raw):
        return (raw - y) ** 2 / 2

    def _gradient_hessian(self, y, raw):
        return raw - y, np.ones_like(raw)


@pytest.mark.parametrize("n", [SAMPLE_ROWS, SAMPLE_ROWS + 1])
def test_margins_in_the_targets_unit_keep_their_precision(n):
    r = np.random.default_rng(0).normal(size=n)
    y = np.full(n, 1e8)
    gradient, _ = OwnSquares()(y, y + r)
    np.testing.assert_allclose(gradient, r, atol=1e-6)
    margins = np.column_stack([y + r, y + r])
    both = boostobj.MultiQuantile((0.3, 0.7), scales=(1.0, 1.0))(y, margins)
    for j, quantile in enumerate((0.3, 0.7)):
        alone = boostobj.Quantile(quantile, scale=1.0)(y, y + r)
        for x, expected in zip(both, alone, strict=True):
            np.testing.assert_allclose(x[:, j], expected, rtol=1e-5, atol=1e-6)


def test_sums_of_several_outputs_lose_no_rows():
    n = 1 << 20
    y = np.ones(n, dtype=np.float32)
    # in single precision ones cannot be added to the first weight
    weight = np.ones(n)
    weight[0] = 2**25
    loss = boostobj.MultiQuantile((0.3, 0.6))
    _, hessian = loss(y, np.zeros((n, 2), np.float32), sample_weight=weight)
    assert mean_over_worth(hessian, weight) == pytest.approx(1, rel=0.005)


@pytest.mark.parametrize("loss", [boostobj.SquaredPercentageError(), boostobj.MAPE()], ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_long_tails_of_many_rows_count_as_their_sample_does(loss, weighted):
    rng = np.random.default_rng(0)
    n = 300_000
    y, w = rng.uniform(1e-9, 1, n), rng.uniform(0, 2, n) if weighted else None
    g, h = (x.astype(float) for x in loss(y, np.full(n, 0.5), w))
    assert mean_over_worth(h, w) == pytest.approx(1, rel=0.15)
    # both were brought there by one factor
    exact_g, exact_h = loss._boosting(Sample(y, np.full(n, 0.5), w))(y, np.full(n, 0.5))
    counts = h > 1e-12
    np.testing.assert_allclose((g / h)[counts], (exact_g / exact_h)[counts], rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-3, 1e-6, 1e-9])
def test_only_xgboost_needs_larger_gains(unit, rows):
    """LightGBM has no absolute threshold: there Hessians count rows in any unit."""
    y, raw, _ = (unit * x[:1000].astype(float) for x in rows)
    _, hessian = boostobj.AbsoluteError()(y, raw, None, None)
    assert mean_over_worth(hessian) == pytest.approx(1, rel=1e-5)
    gradient, hessian = boostobj.AbsoluteError()(y, raw)
    gain = np.mean(np.abs(gradient), dtype=float) ** 2 / np.mean(hessian, dtype=float)
    assert gain >= 0.99e-7


@pytest.mark.parametrize(
    "loss",
    [boostobj.AbsoluteError(), boostobj.Quantile(0.9), boostobj.Huber(), boostobj.Huber("auto")],
    ids=repr,
)
@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
def test_one_gross_outlier_changes_nothing_for_the_others(loss, engine, regression):
    X, y, _ = regression
    spoilt = y.copy()
    spoilt[7] = 1e6
    clean, other = (
        boostobj.BoostRegressor(
            {"xgboost": xgb.XGBRegressor, "lightgbm": lgb.LGBMRegressor}[engine](
                n_estimators=60, n_jobs=1, **({"verbose": -1} if engine == "lightgbm" else {})
            ),
            loss=loss,
        )
        .fit(X[:400], target[:400])
        .predict(X[400:])
        for target in (y, spoilt)
    )
    metric = boostobj.Quantile(0.9).metric if loss.name == "quantile" else boostobj.metrics.MAE()
    assert metric.score(y[400:], other) < 1.1 * metric.score(y[400:], clean)


@pytest.mark.parametrize("outlier", [1e9, 1e15, 1e30])
@pytest.mark.parametrize("loss", [boostobj.Huber(), boostobj.LogCosh(), boostobj.Fair()], ids=repr)
def test_start_values_keep_their_precision_beside_an_outlier(loss, outlier):
    y = np.random.default_rng(0).normal(size=1001)
    y[0] = 1e6
    expected = loss.init_score(y)
    y[0] = outlier
    assert loss.init_score(y) == pytest.approx(expected, abs=1e-3)


def test_threads_of_a_lightgbm_data_set_are_read():
    from boostobj.engine.batch import read_call

    data = lgb.Dataset(np.zeros((4, 1)), np.zeros(4), params={"n_jobs": "3"}).construct()
    assert read_call(np.zeros(4), data).n_threads == 3


def test_weights_below_float32_are_no_flat_loss():
    weight = np.full(3, 1e-60)
    for loss in (boostobj.Quantile(0.9), boostobj.MultiQuantile((0.1, 0.9))):
        raw = np.zeros((3, 2)) if loss.name == "multi_quantile" else np.zeros(3)
        gradient, _ = loss(np.arange(1.0, 4.0), raw, weight)
        assert not gradient.any()


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("loss", [boostobj.Huber("auto"), boostobj.Logistic()], ids=repr)
@pytest.mark.parametrize("n", [50, 3 * SAMPLE_ROWS])
def test_margins_must_be_finite(loss, bad, n):
    raw = np.zeros(n)
    raw[n - 7] = bad  # beside the sample
    with pytest.raises(
        ValueError, match=rf"_prediction must be finite, got {bad} \(1 of {n} values"
    ):
        loss(np.ones(n), raw)


@pytest.mark.parametrize("n", [SAMPLE_ROWS, 3 * SAMPLE_ROWS])
def test_a_vanishing_hessian_stays_above_zero(n):
    g, h = boostobj.LogCosh(hessian="exact")(np.full(n, 1000.0), np.zeros(n))
    assert np.all(h > 0)
    assert np.all(g < 0)


def test_a_row_without_weight_may_be_as_far_off_as_it_likes():
    y = np.float32([100, -100])
    gradient, hessian = boostobj.Linex(10)(y, np.zeros_like(y), np.array([1.0, 0]))
    assert gradient[0] < 0 == gradient[1] == hessian[1] < hessian[0]


COUNT_PAGE_FAULTS = """
import resource
import numpy as np
import boostobj

y = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
raw = np.zeros_like(y)

def call():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    boostobj.Quantile(0.9)(y, raw)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(min(call() for _ in range(10)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's allocator")
def test_a_round_does_not_ask_the_system_for_its_memory_anew():
    command = [sys.executable, "-c", COUNT_PAGE_FAULTS]
    # Dask gives processes settings of their own
    env = {name: x for name, x in os.environ.items() if not name.startswith("MALLOC_")}
    faults = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
    assert int(faults) < 100  # pages; otherwise it is some thousand
