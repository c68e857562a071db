"""Losses as users write them, beside those of this package."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from lightgbm import LGBMRegressor
from scipy.special import expit, log_softmax, softmax
from xgboost import XGBRegressor

from boostobj import (
    LDAM,
    Asymmetric,
    BinaryLoss,
    BoostRegressor,
    ClassBalanced,
    Huber,
    MulticlassLoss,
    PointwiseLoss,
    ResidualLoss,
    SquaredError,
)
from boostobj._search import root
from boostobj.base import Interval
from boostobj.links import Logit

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


@dataclass(frozen=True)
class Relative(PointwiseLoss):
    """A squared error of targets in their own unit."""

    def _value(self, y, raw):
        return ((raw - y) / (1 + y)) ** 2

    def _gradient_hessian(self, y, raw):
        slope = 2 / (1 + y) ** 2
        return slope * (raw - y), slope


def test_the_start_of_a_loss_in_the_targets_unit_may_be_far_from_their_mean():
    y = 1e4 * np.random.default_rng(0).lognormal(size=500)
    best = np.average(y, weights=(1 + y) ** -2.0)
    assert Relative().init_score(y) == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("at", [-62.5, -50, -31, 0.5, 32, 50, 63.5])
def test_a_root_is_found_up_to_63_widths_away(at):
    assert root(lambda x: x - at, 0, 1, moves=6) == pytest.approx(at)


def test_a_root_at_infinity_ends_63_widths_away():
    ends = [root(lambda x, slope=slope: slope, 0, 1, moves=6) for slope in (-1.0, 1.0)]
    assert ends == [64, -63]


def test_a_wide_margin_of_a_rare_class_has_its_start():
    loss, y = LDAM((10, 1000), max_margin=100), np.repeat([0.0, 1.0], [100_000, 1])
    gradient, _ = loss.gradient_hessian(y, np.full_like(y, loss.init_score(y)))
    assert abs(gradient.mean()) < 1e-9


@dataclass(frozen=True)
class Unscaled(ResidualLoss):
    """A loss of positive targets whose Hessians are no counts of rows."""

    unit_curvature = False
    _domain = Interval(0)

    def _value(self, r):
        return r**2

    def _gradient_hessian(self, r):
        return 2 * r, np.full_like(r, 2)


def test_either_side_has_a_say_in_what_both_declare():
    loss = Asymmetric(under=Unscaled(), over=SquaredError())
    assert not loss.unit_curvature
    with pytest.raises(ValueError, match=r"y_true must be finite and >= 0, got -1"):
        loss.value([-1.0], [0.0])


@dataclass(frozen=True)
class Tempered(BinaryLoss):
    """A logistic loss as steep as the margins of the round are small."""

    scale: float | None = None
    link = Logit()

    def _adapted(self, sample):
        return self if self.scale else replace(self, scale=1 + float(np.ptp(sample.raw)))

    def _value(self, y, raw):
        return np.logaddexp(0, -(2 * y - 1) * raw / self.scale)

    def _gradient_hessian(self, y, raw):
        p = expit(raw / self.scale)
        return (p - y) / self.scale, p * (1 - p) / self.scale**2


def test_a_loss_of_classes_that_adapts_starts_from_what_it_adapts_to():
    # margins that are all the same leave its scale at one
    assert Tempered().init_score([0, 1, 1]) == pytest.approx(np.log(2))
    balanced = ClassBalanced(Tempered(), counts=(1, 2), beta=0)
    assert balanced.init_score([0, 1, 1]) == pytest.approx(np.log(2))


def test_a_loss_of_classes_that_adapts_may_be_balanced():
    y, raw = np.asarray([0.0, 1.0]), np.asarray([-1.0, 1.0])
    balanced = ClassBalanced(Tempered(), counts=(9, 1), beta=0)
    for got, wanted in zip(
        balanced.gradient_hessian(y, raw), Tempered(3.0).gradient_hessian(y, raw), strict=True
    ):
        np.testing.assert_allclose(got, wanted)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda r: (np.full_like(r, np.nan), r), r"the mean gradient of the constant .* is NaN"),
        (lambda r: (r[:1], r), r"two arrays of the shape of the margins, \(301,\), got ndarray"),
        (lambda r: r, r"two arrays of the shape of the margins"),
    ],
)
def test_what_is_no_gradient_has_no_start(returned, message):
    @dataclass(frozen=True)
    class Faulty(Charbonnier):
        width: float = 1.0

        def _gradient_hessian(self, r):
            return returned(r)

    with pytest.raises(ValueError, match=message):
        Faulty().init_score(Y)
