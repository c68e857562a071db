"""Losses as users write them, beside those of this package."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from lightgbm import LGBMRegressor
from scipy.special import log_softmax, softmax
from xgboost import XGBRegressor

from boostobj import BoostRegressor, Huber, MulticlassLoss, ResidualLoss

Y = np.random.default_rng(0).normal(size=301) + 5


@dataclass(frozen=True)
class Charbonnier(ResidualLoss):
    """As wide as the residuals of the round."""

    width: float | None = None
    curvature = "majorizer"

    def _adapted(self, sample):
        if self.width is not None:
            return self
        return replace(self, width=sample.extent(np.abs(sample.raw - sample.y), 0.5) or 1.0)

    def _value(self, r):
        return np.hypot(r, self.width) - self.width

    def _gradient_hessian(self, r):
        distance = np.hypot(r, self.width)
        return r / distance, 1 / distance


def test_the_start_of_a_loss_that_adapts_is_that_of_its_residuals():
    start = Charbonnier().init_score(Y)
    width = np.median(np.abs(Y - start))
    assert start == pytest.approx(Charbonnier(float(width)).init_score(Y), rel=1e-9)
    assert (1.0 * Charbonnier()).init_score(Y) == start


@pytest.mark.parametrize("engine", [XGBRegressor, LGBMRegressor])
def test_a_loss_that_adapts_trains(engine):
    X = np.linspace(0, 1, len(Y))[:, None]
    model = BoostRegressor(engine(n_estimators=20, n_jobs=1), loss=Charbonnier())
    assert model.fit(X, 1e4 * X[:, 0] + Y).score(X, 1e4 * X[:, 0] + Y) > 0.9


@dataclass(frozen=True)
class Weighted(MulticlassLoss):
    """Softmax cross-entropy of which the first class counts three times."""

    def _value(self, y, raw):
        return -(y * [3, 1, 1] * log_softmax(raw, axis=1)).sum(axis=1)

    def _gradient_hessian(self, y, raw):
        p, weight = softmax(raw, axis=1), (y * [3, 1, 1]).sum(axis=1, keepdims=True)
        return weight * p - y * [3, 1, 1], weight * p * (1 - p)


def test_the_start_of_classes_is_the_minimum_of_the_loss():
    y = np.repeat([0, 1, 2], [20, 30, 50])
    start = Weighted().init_score(y)
    np.testing.assert_allclose(softmax(start), np.array([60, 30, 50]) / 140, rtol=1e-6)


@dataclass(frozen=True)
class Sided(ResidualLoss):
    """NumPy makes doubles of plain numbers."""

    over: float = 2.0

    def _value(self, r):
        return np.where(r > 0, self.over, 1.0) * r**2

    def _gradient_hessian(self, r):
        slope = np.where(r > 0, 2 * self.over, 2.0)
        return slope * r, slope


def test_results_have_the_precision_of_the_margins():
    loss, y, raw = Sided(np.float64(3.0)), np.float32([0, 0]), np.float32([1, -1])
    value, (gradient, hessian) = loss.value(y, raw), loss.gradient_hessian(y, raw)
    assert value.dtype == gradient.dtype == hessian.dtype == np.float32
    np.testing.assert_array_equal(gradient, [6, -2])
    np.testing.assert_array_equal(hessian, [6, 2])
    assert loss(y, raw)[0].dtype == np.float32


def test_a_subclass_with_parameters_is_decorated_again():
    class Wide(Huber):
        delta: float = 5.0

    class Renamed(Huber):
        """Without any of its own."""

    with pytest.raises(TypeError, match="Wide must be decorated with @dataclass"):
        Wide()
    assert Renamed().delta == 1.0


@dataclass(frozen=True)
class Faulty(ResidualLoss):
    """A Hessian of choice where residuals are negative."""

    left: float

    def _value(self, r):
        return r**2

    def _gradient_hessian(self, r):
        return 2 * r, np.where(r < 0, self.left, 2.0)


@pytest.mark.parametrize("n", [1, 20_000])
@pytest.mark.parametrize(
    ("left", "message"),
    [
        (
            -0.5,
            "y_true 0.0 and raw_prediction -1.0 give a Hessian of -0.5, it must not be negative",
        ),
        (np.nan, "raw_prediction -1.0 give a Hessian that is not finite"),
    ],
)
def test_a_faulty_hessian_is_named_before_it_spoils_other_rows(n, left, message):
    raw = np.tile([5.0, -1.0, 2.0], n)
    with pytest.raises(ValueError, match=message):
        Faulty(left)(np.zeros(3 * n), raw)
