"""How the steps of outer quantiles depend on the state of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import xgboost as xgb

import boostobj as bo
from boostobj.base import Sample
from boostobj.curvature import RobustLoss, fitted_to_rows, settled, smoothed_pinball


@pytest.fixture(scope="module")
def signal():
    rng = np.random.default_rng(0)
    return rng.normal(size=2000), rng.normal(size=2000)


def test_a_model_on_its_way_has_not_settled(signal):
    """Margins that the targets would pull apart, and the same dealt to other rows."""
    x, noise = signal
    y = 3 * x + 0.3 * noise
    raw = 0.3 * x + 3
    dealt = np.random.default_rng(1).permutation(raw)
    assert settled(0.5, Sample(y, raw), 2.0) < 0.1
    assert settled(0.5, Sample(y, dealt), 2.0) > 0.9
    assert settled(0.5, Sample(y, np.full(2000, 1.8)), 2.0) == 0


def test_the_less_noise_the_less_there_is_to_overfit(signal):
    x, noise = signal
    by_noise = [settled(0.9, Sample(x + s * noise, x + 1.28 * s), 0.3 * s) for s in (0.03, 0.3, 3)]
    assert np.all(np.diff(by_noise) > 0.1)
    assert by_noise[0] < 0.5
    assert by_noise[-1] > 0.9


def test_rows_that_spread_are_on_their_way_too(signal):
    """Nothing is left of the mean, but the outer quantile follows the spread."""
    x, noise = signal
    y = np.exp(x) * noise
    level, quantile = 0.9, 1.2816 * np.exp(x)
    arrived, even = settled(level, Sample(y, quantile), 0.4), np.mean(quantile)
    assert arrived > 0.5
    assert settled(level, Sample(y, even + 0.05 * (quantile - even)), 0.4) < 0.7 * arrived


@pytest.mark.parametrize("outlier", [1e3, -1e9, 1e30])
def test_a_gross_outlier_says_nothing(outlier, signal):
    x, noise = signal
    y, raw = x + noise, 0.5 * x + 1
    expected = settled(0.5, Sample(y, raw), 1.0)
    y[7] = outlier
    assert settled(0.5, Sample(y, raw), 1.0) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("unit", "offset"), [(1e-20, 0), (1e25, 0), (1, 1e6), (-1, 3)])
def test_neither_unit_nor_offset_nor_direction_counts(unit, offset, signal):
    x, noise = signal
    level, scale = 0.9 if unit > 0 else 0.1, 0.4 * abs(unit)
    expected = settled(0.9, Sample(x + noise, 0.5 * x + 1), 0.4)
    y, raw = unit * (x + noise) + offset, unit * (0.5 * x + 1) + offset
    assert settled(level, Sample(y, raw), scale) == pytest.approx(expected, rel=1e-6)
    assert settled(level, Sample(y, np.full(2000, unit * 0.7 + offset)), scale) == 0


def test_a_row_of_weight_two_is_two_rows(signal):
    x, noise = signal
    weight = np.random.default_rng(1).integers(0, 4, 2000)
    rows = np.repeat(np.arange(2000), weight)
    y, raw = x + noise, 0.5 * x + 1
    weighted = fitted_to_rows(0.9, Sample(y, raw, weight.astype(float)), 0.3)
    assert weighted == pytest.approx(fitted_to_rows(0.9, Sample(y[rows], raw[rows]), 0.3))


@pytest.mark.parametrize(
    ("quantile", "shift", "least", "most"), [(0.5, 0, 1.7, 2.3), (0.05, 15, 15, 24)]
)
def test_outer_quantiles_take_the_shortest_last_steps(quantile, shift, least, most, signal):
    x, noise = (values[:300] for values in signal)
    loss = bo.Quantile(quantile)
    sample = Sample(x + 9 * noise, x - shift)
    scale = loss._adapted(sample).scale
    assert least < fitted_to_rows(quantile, sample, scale)[1] < most


@pytest.mark.parametrize("quantile", [1e-300, 1e-16, 1e-6, 1 - 1e-12])
def test_rows_do_not_tell_levels_apart_beyond_the_share_of_one(quantile, signal):
    x, noise = signal
    y, raw = (x + noise)[:300], 0.1 * x[:300]
    gradient, hessian = bo.Quantile(quantile)(y, raw.astype(np.float32))
    assert np.all(np.isfinite(gradient))
    assert np.all(np.isfinite(hessian) & (hessian > 0))
    at_the_end = 1 / 301 if quantile < 0.5 else 300 / 301
    found, expected = (fitted_to_rows(q, Sample(y, raw), 1e-3) for q in (quantile, at_the_end))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("total", [0, 1e-60, 1])
def test_light_weights_make_no_other_level(total, signal):
    x, noise = signal
    y, raw = x + noise, 0.5 * x + 1
    light = Sample(y, raw, np.full(2000, total / 2000))
    bandwidth, factor = fitted_to_rows(0.9, light, 0.3)
    assert bandwidth == pytest.approx(0.36**-0.2, rel=1e-3)
    assert (factor == 1) if total == 0 else (1 < factor < 23)


@pytest.mark.parametrize("loss", [bo.Huber(), bo.PseudoHuber(), bo.LogCosh(), bo.Fair()])
@pytest.mark.parametrize("unit", [1e-25, 1e-3, 1, 1e3, 1e15])
def test_residuals_near_zero_hold_back_no_more_than_others(loss, unit, signal):
    """Where a robust loss is narrow, its curvature is bounded by that of typical residuals."""
    y = unit * signal[0]
    sample = Sample(y, np.zeros(2000))
    near, typical, far = unit * 1e-9, unit * 0.4, unit * 1e3  # half the residual scale is 0.42
    gradient, softened = loss._softened(sample)(np.asarray([near, typical, far]))
    exact, bound = loss._gradient_hessian(np.asarray([near, typical, far]))
    np.testing.assert_array_equal(gradient, exact)
    assert np.all(softened <= bound)
    assert softened[0] < 1.2 * bound[1]
    assert softened[2] > 0.99 * bound[2]


def test_a_wide_robust_loss_keeps_its_curvature(signal):
    r = signal[0]
    for loss in (bo.Huber(30), bo.PseudoHuber(30), bo.LogCosh(30)):
        _, softened = loss._softened(Sample(r, np.zeros(2000)))(r)
        np.testing.assert_allclose(softened, loss._gradient_hessian(r)[1], rtol=1e-3)


def test_pseudo_huber_is_softened_as_at_longer_residuals(signal):
    r, loss = signal[0], bo.PseudoHuber(0.1)
    width = 1.25 * np.median(abs(r)) / 2
    _, softened = loss._softened(Sample(r, np.zeros(2000)))(r)
    np.testing.assert_allclose(softened, loss._gradient_hessian(np.hypot(r, width))[1], rtol=1e-12)


@dataclass(frozen=True)
class InWidths(RobustLoss):
    """Pseudo-Huber's loss without its factor: its Hessian at zero is ``scale**-2``."""

    scale: float = 1.0
    hessian: str = "majorizer"

    def _value(self, r):
        return np.hypot(1, r / self.scale) - 1

    def _gradient_hessian(self, r):
        bound = 1 / (np.hypot(1, r / self.scale) * self.scale**2)
        return r * bound, bound


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e3, 1e12])
def test_a_robust_loss_may_have_any_height(scale, signal):
    y = (scale * signal[0]).astype(np.float32)
    _, h = InWidths(scale)(y, np.zeros_like(y))
    _, expected = bo.PseudoHuber(scale)(y, np.zeros_like(y))
    np.testing.assert_allclose(h, expected, rtol=1e-5)


@pytest.mark.parametrize("quantile", [0.05, 0.3, 0.5, 0.9])
def test_steps_of_far_rows_are_bounded(quantile):
    """By about three times their distance, and by 20 scales over twice the rarer side's share."""
    r = np.concatenate([-(10.0 ** np.arange(1, 6)), 10.0 ** np.arange(1, 6)])
    gradient, hessian = smoothed_pinball(r, quantile, 1.0)
    step = np.abs(gradient / hessian)
    rarer = min(quantile, 1 - quantile)
    assert np.all(step < 3.1 * np.abs(r))
    assert np.all(step < 10.1 / rarer)
    assert step.max() == pytest.approx(10 / rarer, rel=0.01)


def test_many_rows_want_narrow_kernels_and_whole_steps(signal):
    x, noise = signal
    few = fitted_to_rows(0.05, Sample(9 * noise, x - 15), 1.5)
    n = 100_000
    many = fitted_to_rows(0.05, Sample(np.resize(9 * noise, n), np.resize(x - 15, n)), 1.5)
    assert few[0] / many[0] == pytest.approx((6 / 1.1) ** 0.5, rel=1e-3)
    assert many[1] < 1.3 < 3 < few[1]


def test_an_atom_is_not_smoothed():
    y = np.random.default_rng(0).normal(size=1000)
    zeros = np.where(np.arange(1000) < 900, 0.0, y)
    smooth, narrow = (fitted_to_rows(0.9, Sample(t, 0.1 * y), 1.0)[0] for t in (y, zeros))
    assert narrow == pytest.approx(0.04 * smooth)


@pytest.mark.parametrize(
    "loss",
    [
        bo.Quantile(0.05),
        2 * bo.Quantile(0.05),
        bo.Quantile(0.05) + bo.Quantile(0.051),
        bo.Asymmetric(bo.Quantile(0.05), bo.Quantile(0.05)),
    ],
    ids=repr,
)
def test_a_group_far_away_is_not_left_behind(loss):
    rng = np.random.default_rng(0)
    far = rng.random(1000) < 0.2
    X, y = far[:, None].astype(float), rng.normal(size=1000) + 100 * far
    params = {"base_score": loss.init_score(y), "nthread": 1, "max_depth": 2}
    booster = xgb.train(params, xgb.DMatrix(X, y), 200, obj=loss)
    np.testing.assert_allclose(booster.predict(xgb.DMatrix(X[far])), 98.3, atol=0.5)


def test_quantiles_side_by_side_count_rows_as_one_does():
    rng = np.random.default_rng(0)
    y = np.where(rng.random(1000) < 0.2, 100, 0) + rng.normal(size=1000)
    levels = (0.05, 0.5)
    _, together = bo.MultiQuantile(levels)(y, np.zeros((1000, 2)))
    for level, hessian in zip(levels, together.T, strict=True):
        _, alone = bo.Quantile(level)(y, np.zeros(1000))
        np.testing.assert_allclose(hessian, alone, rtol=1e-5)
        assert hessian.min() > 0.04 * hessian.mean()
