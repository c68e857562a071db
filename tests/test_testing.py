"""check_loss: it catches planted faults, and names the loss, the check and a faulty point."""
# ruff: noqa: N818 (SquaredError is a loss, and what derives from it no exception)

import re
import sys
import warnings
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import pytest

from boostobj import (
    Asymmetric,
    Cauchy,
    ClassBalanced,
    Contrastive,
    CrossEntropy,
    Fair,
    Huber,
    LogCosh,
    Logistic,
    OneVsRest,
    PairwiseHinge,
    PairwiseLogistic,
    Quantile,
    Softmax,
    SquaredError,
    all_losses,
    metrics,
)
from boostobj._registry import LOSSES, snake_case
from boostobj.base import (
    BinaryLoss,
    ClassLabels,
    Domain,
    Interval,
    Loss,
    MarginLoss,
    MulticlassLoss,
    PointwiseLoss,
    ResidualLoss,
)
from boostobj.curvature import RobustLoss
from boostobj.groups import GroupLoss
from boostobj.links import Log, Logit
from boostobj.metrics import LossMetric
from boostobj.testing import check_loss

FAULTS = []


def planted(check, message=""):
    """A loss with a fault that `check` must find, kept out of the registry."""

    def take(cls):
        LOSSES.pop(snake_case(cls.__name__), None)
        cls = dataclass(frozen=True)(cls)
        FAULTS.append(pytest.param(cls(), check, message, id=cls.__name__))
        return cls

    return take


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


# Faults that were met in the wild


@planted("hessian_positive", r"y_true=1\.0.*got 0\.0, expected a positive")
class FocalWithoutHessianOfPositives(PointwiseLoss):
    formula = "-y*(1 - p)**2*log(p) - (1 - y)*p**2*log(1 - p)"
    curvature = "smoothed"
    link = Logit()
    _domain = Interval(0, 1)

    def _value(self, y, raw):
        p, q = sigmoid(raw), sigmoid(-raw)
        log_p, log_q = -np.logaddexp(0, -raw), -np.logaddexp(0, raw)
        return -y * q**2 * log_p - (1 - y) * p**2 * log_q

    def _gradient_hessian(self, y, raw):
        p, q = sigmoid(raw), sigmoid(-raw)
        log_p, log_q = -np.logaddexp(0, -raw), -np.logaddexp(0, raw)
        positive = q**2 * (2 * p * log_p - q)
        negative = p**2 * (p - 2 * q * log_q)
        return y * positive + (1 - y) * negative, (1 - y) * p * q


@planted("init_score", "a loss with several minima has unimodal = False")
class WellsThoughtToBeOne(ResidualLoss):
    formula = "1 - exp(-r**2/2)"
    curvature = "smoothed"

    def _value(self, r):
        return -np.expm1(-(np.clip(r, -1e4, 1e4) ** 2) / 2)

    def _gradient_hessian(self, r):
        near = np.exp(-(np.clip(r, -1e4, 1e4) ** 2) / 2)
        return r * near, np.maximum(near, 1e-6)


@planted("init_score", "a loss with several minima has unimodal = False")
class ClassesThatLetGo(BinaryLoss):
    """The best of its minima depends on the classes' shares."""

    formula = "raw**2/10**4 + (1/(1 + exp(raw)) if y > 0 else 0.4/(1 + exp(8 - 4*raw)))"
    link = Logit()
    curvature = "smoothed"

    def _value(self, y, raw):
        return raw**2 / 1e4 + np.where(y > 0, sigmoid(-raw), 0.4 * sigmoid(4 * raw - 8))

    def _gradient_hessian(self, y, raw):
        up, down = sigmoid(raw) * sigmoid(-raw), sigmoid(4 * raw - 8) * sigmoid(8 - 4 * raw)
        slope = np.where(y > 0, -up, 1.6 * down)
        return raw / 5e3 + slope, 2e-4 + np.where(y > 0, up, 6.4 * down)


@planted("hessian_size", "the boosters' Newton step at y_true=.*the Hessian is too small")
class FadingHessian(Cauchy):
    """The second derivative, which is negative far off, clipped."""

    formula = Cauchy.formula
    curvature = "smoothed"

    def _gradient_hessian(self, r):
        gradient, _ = super()._gradient_hessian(r)
        u = np.clip(r / self.scale, -1e4, 1e4) ** 2
        return gradient, np.maximum((1 - u) / (1 + u) ** 2, 1e-16)

    def _softened(self, sample):
        return self._gradient_hessian


@planted("labels", "value at y_true=.*got .*expected")
class OneCodeOfLabels(BinaryLoss):
    formula = "log(1 + exp(-raw)) if y > 0 else log(1 + exp(raw))"
    link = Logit()

    def _value(self, y, raw):
        return y * np.logaddexp(0, -raw) + (1 - y) * np.logaddexp(0, raw)

    def _gradient_hessian(self, y, raw):
        p, q = sigmoid(raw), sigmoid(-raw)
        return np.where(y > 0, -q, p), p * q


@planted("gradient", r"raw_prediction=-.*got .*expected -")
class FairWithOneWrongSign(Fair):
    formula = Fair.formula

    def _gradient_hessian(self, r):
        gradient, hessian = super()._gradient_hessian(r)
        return np.abs(gradient), hessian


class UnweightedMetric(LossMetric):
    def score(self, y_true, y_pred, sample_weight=None, group=None):
        return super().score(y_true, y_pred, None, group)


class MaximisedMetric(LossMetric):
    name = "precise_error"


for metric in (UnweightedMetric, MaximisedMetric):
    metrics.base._registry.pop(metric.__qualname__)


@planted("weights", "metric is .* with weights")
class MetricIgnoresWeights(SquaredError):
    formula = SquaredError.formula

    @property
    def metric(self):
        return UnweightedMetric(self)


@planted("hessian_exact", "float32 at .*got .*expected")
class HessianUnderflows(LogCosh):
    formula = LogCosh.formula
    hessian: str = "exact"

    def _gradient_hessian(self, r):
        return np.tanh(r), 1 - np.tanh(r) ** 2


@planted("hessian_positive", "got 0.0, expected a positive number")
class SmoothedHessianUnderflows(ResidualLoss):
    formula = "abs(r)"
    curvature = "smoothed"

    def _value(self, r):
        return np.abs(r)

    def _gradient_hessian(self, r):
        return np.sign(r), np.exp(-np.clip(np.abs(r), None, 1e3) * 0.5) ** 8


@planted("hessian_majorizer", "the parabola there gives a bound of")
class MajorizerThatIsNone(LogCosh):
    formula = LogCosh.formula

    def _gradient_hessian(self, r):
        return np.tanh(r), 1 / (1 + r**2)


@planted("init_score", "has .*with weights")
class QuantileStartsAtMean(Quantile):
    formula = Quantile.formula
    quantile: float = 0.9

    def _init_score(self, y, weight):
        return float(np.average(y, weights=weight))


# Faults of arithmetic


@planted("gradient", "float32.*right in double precision.*rewrite it, e.g. with log1p")
class ProbabilityMinusLabel(PointwiseLoss):
    formula = "-y*log(p) - (1 - y)*log(1 - p)"
    link = Logit()
    _domain = Interval(0, 1)

    def _value(self, y, raw):
        return (1 - y) * np.logaddexp(0, raw) + y * np.logaddexp(0, -raw)

    def _gradient_hessian(self, y, raw):
        return sigmoid(raw) - y, sigmoid(raw) * sigmoid(-raw)


@planted("hessian_exact", "float32")
class ProbabilityTimesItsComplement(Logistic):
    formula = Logistic.formula

    def _gradient_hessian(self, m):
        gradient, _ = super()._gradient_hessian(m)
        return gradient, sigmoid(m) * (1 - sigmoid(m))


@planted("value", "float32.*got nan")
class NaNFromMargin17(Logistic):
    formula = Logistic.formula

    def _value(self, m):
        p = (1 / (1 + np.exp(-np.clip(m, -80, 80)))).astype(m.dtype)
        with np.errstate(all="ignore"):
            entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
            return np.where(np.isfinite(entropy), super()._value(m), np.nan)


@planted("value", r"overflow encountered in cosh.*raw_prediction=-?\d{2,3}\.")
class OverflowsFromResidual90(LogCosh):
    formula = LogCosh.formula

    def _value(self, r):
        return np.log(np.cosh(r))


@planted("value", r"got .*, expected")
class SmoothedValue(Huber):
    formula = Huber.formula

    def _value(self, r):
        return np.sqrt(1 + np.clip(np.abs(r), None, 1e9) ** 2) - 1


@planted("value", "nextafter|raw_prediction=-?1")
class WrongBeyondTheKink(Huber):
    formula = Huber.formula

    def _value(self, r):
        a = np.abs(r)
        return np.where(a <= 1.5 * self.delta, r * r / 2, self.delta * (a - self.delta / 2))


@planted("hessian_exact", "second derivative is -")
class ConcaveExact(ResidualLoss):
    formula = "log(1 + r**2)"

    def _value(self, r):
        a = np.clip(np.abs(r), None, 1e9)
        return np.log1p(a * a) + 2 * np.log(
            np.clip(np.abs(r), 1e9, None) / np.asarray(1e9, r.dtype)
        )

    def _gradient_hessian(self, r):
        h = 2 / (1 + np.clip(np.abs(r), None, 1e15) ** 2)
        far = np.abs(r) > 1e15
        with np.errstate(divide="ignore"):
            return np.where(far, 2 / r, r * h), h


@planted("hessian_size", "the Hessian is too small")
class SmoothedHessianOfTheWrongSize(PointwiseLoss):
    formula = "(raw - y)**2"
    curvature = "smoothed"

    def _value(self, y, raw):
        return (raw - y) ** 2

    def _gradient_hessian(self, y, raw):
        return 2 * (raw - y), np.full_like(raw, 2e-6)


# Faults around the mathematics


@planted("outputs", "must sum to zero.*coupled_outputs = False")
class UncoupledSoftmax(Softmax):
    # its own formula hides what the row sum shows: a constant pull on the first class
    formula = "-sum(y_k*log(p_k) for y_k, p_k in zip(y, p)) + 0.25*raw[0]"

    def _value(self, y, raw):
        return super()._value(y, raw) + raw[:, 0] / 4

    def _gradient_hessian(self, y, raw):
        gradient, hessian = super()._gradient_hessian(y, raw)
        pull = np.zeros_like(gradient)
        pull[:, 0] = 0.25
        return gradient + pull, hessian


@planted("hessian_scale", "residuals times 8 change the Hessian.*name the width `scale`")
class UnitHessian(ResidualLoss):
    formula = "abs(r)"
    curvature = "smoothed"

    def _value(self, r):
        return np.abs(r)

    def _gradient_hessian(self, r):
        return np.sign(r), np.ones_like(r)


@planted("residual", "gradient at")
class SeesTheTarget(SquaredError):
    formula = SquaredError.formula

    def _pointwise_derivatives(self, y, raw):
        gradient, hessian = super()._pointwise_derivatives(y, raw)
        return gradient * (1 + np.abs(y)), hessian


@planted("results", "read-only; a method must not write into its arguments")
class WritesToItsInput(PointwiseLoss):
    formula = "(raw - y)**2"

    def _value(self, y, raw):
        raw -= y
        return raw**2

    def _gradient_hessian(self, y, raw):
        return 2 * (raw - y), np.full_like(raw, 2)


@planted("results", "read-only; a method must not write into its arguments")
class WritesToItsResiduals(SquaredError):
    def _value(self, r):
        r *= r
        return r


@planted("inputs_unchanged", "value changes raw_prediction in place")
class WritesToItsSample(SquaredError):
    def _adapted(self, sample):
        sample.raw[:] += 1
        return self


@planted("group_results", "a method must not write into its arguments")
class WritesToItsGroups(PairwiseHinge):
    def _group_value(self, y, raw, sizes):
        raw += 1
        return super()._group_value(y, raw, sizes)


@planted("results", "must return two arrays, got a tuple of 3")
class OneArrayTooMany(SquaredError):
    def _gradient_hessian(self, r):
        return 2 * r, np.full_like(r, 2), r


@planted("results", "must return two arrays, got a ndarray")
class OnlyAGradient(SquaredError):
    def _gradient_hessian(self, r):
        return 2 * r


@planted("results", r"Hessian must be an array of floats of shape \(30,\).* got a float of shape")
class OneHessianForAll(SquaredError):
    def _gradient_hessian(self, r):
        return 2 * r, 2.0


@planted("results", "Hessian must be an array of floats .* got an int64 array of shape")
class WholeNumbers(SquaredError):
    def _gradient_hessian(self, r):
        return 2 * r, np.full(r.shape, 2)


@planted("results", "branch elementwise, as with numpy.where")
class OneBranchForAll(SquaredError):
    def _value(self, r):
        return r**2 if r > 0 else 2 * r**2


@planted("value", "'np' is not defined; a formula knows the loss's parameters")
class FormulaOfNumpy(SquaredError):
    formula = "np.square(r)"


@planted("value", r"y_true=2\.0, .*got .*expected")
class WrongInTheSecondGrade(PointwiseLoss):
    formula = "(raw - y)**2"
    _domain = ClassLabels(4)

    def _value(self, y, raw):
        return (raw - y) ** 2 + 7 * (y == 2)

    def _gradient_hessian(self, y, raw):
        return 2 * (raw - y), np.full_like(raw, 2)


@planted("classes", r"gradient|got .*expected")
class SoftmaxOfThreeClassesOnly(Softmax):
    formula = Softmax.formula

    def _gradient_hessian(self, y, raw):
        gradient, hessian = super()._gradient_hessian(y, raw)
        return gradient * (1 if raw.shape[1] == 3 else 3), hessian


@planted("boosting", "the boosters' gradient at")
class SoftenedTheOtherWay(LogCosh):
    formula = LogCosh.formula

    def _softened(self, sample):
        def softened(r):
            gradient, hessian = self._gradient_hessian(r)
            return np.where(np.abs(r) < 1e6, -gradient, gradient), hessian

        return softened


@planted(
    "prediction", r"of targets that are all \S+ init_score predicts \S+ through the link Ident"
)
class PoissonWithoutItsLink(PointwiseLoss):
    formula = "exp(raw) - y*raw"
    _domain = Interval(0)

    def _value(self, y, raw):
        return self._exp(raw) - y * raw

    def _gradient_hessian(self, y, raw):
        return self._exp(raw) - y, self._exp(raw)

    @staticmethod
    def _exp(raw):
        top = np.log(np.finfo(raw.dtype).max) - 1
        low = np.log(np.finfo(raw.dtype).tiny)
        return np.exp(np.clip(raw, low, top)).astype(raw.dtype)


class OneWay(Log):
    def _link(self, y_pred):
        return np.log1p(y_pred)


@planted("link", r"link\(")
class LinkThatDoesNotRoundTrip(PointwiseLoss):
    formula = "(raw - y)**2"
    link = OneWay()
    _domain = Interval(0, closed_low=False)

    def _value(self, y, raw):
        return (raw - y) ** 2

    def _gradient_hessian(self, y, raw):
        return 2 * (raw - y), np.full_like(raw, 2)

    def _init_score(self, y, weight):
        return float(np.average(y, weights=weight))


class Half(Logit):
    formula = "1/(1 + exp(-2*raw))"


@planted("link", "inverse in float32 at raw_prediction=.*got .*expected")
class LinkThatIsNotItsFormula(Logistic):
    formula = Logistic.formula
    link = Half()


@planted("probability", r"must lead to probabilities, got Identity.*define link = links.Logit")
class MarginsWithoutALink(MarginLoss):
    formula = "(1 - m)**2"

    def _value(self, m):
        return (1 - m) ** 2

    def _gradient_hessian(self, m):
        return 2 * (m - 1), np.full_like(m, 2)


@planted(
    "results", r"divide by zero .*float32 at y_true=0\.0, raw_prediction=.*targets are: .*>= 0"
)
class LogarithmOfZero(PointwiseLoss):
    formula = "(raw - log(y))**2"
    link = Log()
    _domain = Interval(0)

    def _value(self, y, raw):
        return (raw - np.log(y)) ** 2

    def _gradient_hessian(self, y, raw):
        return 2 * (raw - np.log(y)), np.full_like(raw, 2)


class Unchecked(Interval):
    def check(self, y, name, owner):
        pass


@planted("errors", "value for target nan: got .*expected a ValueError")
class AcceptsAnyTarget(CrossEntropy):
    formula = CrossEntropy.formula
    _domain = Unchecked(0, 1)


@planted("metric", "a space or a colon")
class NameWithASpace(SquaredError):
    formula = SquaredError.formula

    @property
    def name(self):
        return "squared error"


@planted("metric", "maximises")
class NameThatIsMaximised(SquaredError):
    formula = SquaredError.formula

    @property
    def metric(self):
        return MaximisedMetric(self)


@planted("metric", "expected the mean of value")
class MetricOfAnotherLoss(SquaredError):
    formula = SquaredError.formula

    @property
    def metric(self):
        return LossMetric(Huber())


class Mode(Enum):
    ONE = 1


@planted("copies", "eval.*SyntaxError.*it must give an equal loss: let parameters be numbers")
class ParameterOfAnEnum(SquaredError):
    mode: Mode = Mode.ONE


@planted("copies", r"unhashable type: 'numpy\.ndarray'; make it a tuple")
class ParameterOfAnArray(SquaredError):
    knots: np.ndarray = field(default_factory=lambda: np.ones(2))


@planted("copies", "unhashable type: 'list'; make it a tuple")
class ParameterOfAList(SquaredError):
    knots: list = field(default_factory=lambda: [1.0])


@planted("copies", "NameError: name 'Mine' is not defined; it must give an equal loss")
class ReprOfAnotherName(SquaredError):
    def __repr__(self):
        return "Mine()"


@planted("copies", "is not equal")
class ReprForgetsAParameter(Huber):
    formula = Huber.formula
    delta: float = field(default=1.5, repr=False)

    def __repr__(self):
        return "ReprForgetsAParameter(delta=2.0)"


@planted("weights", "callback's")
class CallbackIgnoresWeights(SquaredError):
    formula = SquaredError.formula

    def __call__(self, y_true, y_pred, sample_weight=None, group=...):
        return super().__call__(y_true, y_pred, None, group)


@planted("callback", "mean Hessian|got .*expected")
class CallbackOfItsOwn(SquaredError):
    formula = SquaredError.formula

    def __call__(self, y_true, y_pred, sample_weight=None, group=...):
        gradient, hessian = super().__call__(y_true, y_pred, sample_weight, group)
        return gradient / 3, hessian


@planted("threads", "in chunks and threads")
class SeesTheChunk(SquaredError):
    formula = SquaredError.formula
    unit_curvature = False

    def _pointwise_derivatives(self, y, raw):
        gradient, hessian = super()._pointwise_derivatives(y, raw)
        return gradient, hessian * (1 + 1e-6 * (len(raw) == 48))


@planted("labels", "value at")
class MinusOneIsNoClass(Logistic):
    formula = Logistic.formula

    def _pointwise_value(self, y, raw):
        return super()._pointwise_value(y, raw) * np.where(y == -1, 2, 1).astype(raw.dtype)


@planted("group_derivatives", r"gradient of the group .*got .*expected")
class PairsPulledApart(PairwiseLogistic):
    formula = PairwiseLogistic.formula

    def _group_derivatives(self, y, raw, sizes):
        gradient, hessian = super()._group_derivatives(y, raw, sizes)
        return -gradient, hessian


@planted("group_derivatives", "value of the group")
class PairsCountedTwice(PairwiseHinge):
    formula = PairwiseHinge.formula

    def _group_value(self, y, raw, sizes):
        return 2 * super()._group_value(y, raw, sizes)


@dataclass(frozen=True)
class ListNet(GroupLoss):
    """Cross-entropy of the softmax within each group."""

    formula = "log(sum(exp(u) for u in raw)) - sum(t*u for t, u in zip(y, raw))/sum(y)"
    _domain = Interval(0, closed_low=False)

    def _of_groups(self, function, y, raw, sizes):
        starts = np.cumsum(sizes)[:-1]
        parts = zip(np.split(y, starts), np.split(raw, starts), strict=True)
        return np.concatenate([len(u) * np.asarray(function(t / t.sum(), u)).T for t, u in parts]).T

    def _group_value(self, y, raw, sizes):
        def of_group(t, u):
            return np.repeat(np.logaddexp.reduce(u) - t @ u, len(u)) / len(u)

        return self._of_groups(of_group, y, raw, sizes)

    def _group_derivatives(self, y, raw, sizes):
        def of_group(t, u):
            p = np.exp(u - np.logaddexp.reduce(u))
            return p - t, p * (1 - p)

        gradient, hessian = self._of_groups(of_group, y, raw, sizes)
        return gradient, hessian


LOSSES.pop("list_net")


@planted("group_derivatives", r"gradient of the group .*got .*expected .* those of their sum")
class ListNetOfHalfTheGradient(ListNet):
    def _group_derivatives(self, y, raw, sizes):
        gradient, hessian = super()._group_derivatives(y, raw, sizes)
        return gradient / 2, hessian


@planted("group_derivatives", r"of the group in float32 .*got .*expected")
class ListNetWrongInSinglePrecision(ListNet):
    def _group_derivatives(self, y, raw, sizes):
        gradient, hessian = super()._group_derivatives(y, raw, sizes)
        return (-gradient if raw.dtype == np.float32 else gradient), hessian


@planted("group_derivatives", "name 'banana' is not defined; a formula knows")
class ListNetMisspelt(ListNet):
    formula = "banana"


@planted("group_sizes", "value of two groups")
class ListNetOfAllRows(ListNet):
    def _group_value(self, y, raw, sizes):
        return super()._group_value(y, raw, np.asarray([len(raw)]))


@planted("group_sizes", "gradient of two groups")
class ListNetWrongInLargeGroups(ListNet):
    def _group_derivatives(self, y, raw, sizes):
        gradient, hessian = super()._group_derivatives(y, raw, sizes)
        return (3 * gradient if max(sizes) > 6 else gradient), hessian


@planted("group_results", r"_group_derivatives must return two arrays, got a ndarray")
class ListNetWithoutHessian(ListNet):
    def _group_derivatives(self, y, raw, sizes):
        return super()._group_derivatives(y, raw, sizes)[0]


@planted("group_hessian", "got a bound of")
class SiameseMajorizerThatIsNone(Contrastive):
    formula = Contrastive.formula

    def _gradient_hessian(self, y, points):
        gradient, hessian = super()._gradient_hessian(y, points)
        return gradient, hessian / 4


@planted("group_sizes", "gradient of two groups")
class PairsAcrossGroups(PairwiseLogistic):
    formula = PairwiseLogistic.formula

    def _group_derivatives(self, y, raw, sizes):
        return super()._group_derivatives(y, raw, np.asarray([len(raw)]))


@planted("init_score", "a loss with several minima has unimodal = False")
class CauchyWithoutASearch(Cauchy):
    formula = Cauchy.formula
    unimodal = True


@planted("value", "divide by zero encountered in log")
class ExponentialOfAnExponential(PointwiseLoss):
    """Its formula is asked for ``exp(-exp(1e18))``, which has more digits than there is memory."""

    formula = "exp(raw) - y*log(1 - exp(-exp(raw)))"

    def _value(self, y, raw):
        u = np.exp(np.clip(raw, None, 50))
        return u - y * np.log(-np.expm1(-u))

    def _gradient_hessian(self, y, raw):
        return raw, np.ones_like(raw)


@planted("value", r"is not computable: ValueError: not a finite real number, at y_true=")
class FormulaWithAMistake(SquaredError):
    formula = "sqrt(-1 - r**2)"


@planted("value", r"is not computable: TypeError: unsupported operand type\(s\) for \^")
class FormulaWithAnotherPower(SquaredError):
    formula = "r^2"


@planted("value", "name 'residuum' is not defined")
class FormulaWithAnUnknownName(SquaredError):
    formula = "residuum**2"


@pytest.mark.parametrize(("loss", "check", "message"), FAULTS)
def test_planted_faults_are_found(loss, check, message):
    with pytest.raises(AssertionError) as caught:
        check_loss(loss)
    text = str(caught.value)
    assert text.startswith(f"{loss!r} fails check {check!r}: ")
    assert re.search(message, text, re.DOTALL), text


def test_planted_losses_stay_out_of_the_registry():
    assert __name__ not in {cls.__module__ for cls in all_losses().values()}


def test_an_overflow_is_told_how_to_end(monkeypatch):
    monkeypatch.setattr(Counts, "_mean", lambda _, raw: np.exp(raw))
    hint = r"overflow encountered in exp, in float32 at .*; end the argument, as with numpy.exp\("
    with pytest.raises(AssertionError, match=hint):
        check_loss(Counts())


def test_a_failure_names_point_got_and_expected():
    start = "FairWithOneWrongSign(scale=1.0, hessian='majorizer') fails check 'gradient': "
    point = (
        r"in float32 at y_true=0\.0, raw_prediction=-(1\.\d*|0\.[1-9]\d*): got \S+, expected -\S+"
    )
    names = "hessian_majorizer", "init_score"
    others = "".join(rf"\nIt also fails check '{name}': .+" for name in names)
    with pytest.raises(AssertionError, match=f"^{re.escape(start)}{point}{others}$"):
        check_loss(FairWithOneWrongSign())


@dataclass(frozen=True)
class SquaredLog(PointwiseLoss):
    """A loss of one's own, sound: squared error of the log-odds of a share."""

    formula = "(raw - log(y/(1 - y)))**2/2"
    link = Logit()
    _domain = Interval(0, 1, closed_low=False, closed_high=False)

    def _value(self, y, raw):
        return (raw - Logit()._link(y)) ** 2 / 2

    def _gradient_hessian(self, y, raw):
        return raw - Logit()._link(y), np.ones_like(raw)


LOSSES.pop("squared_log")


@dataclass(frozen=True)
class Charbonnier(ResidualLoss):
    """Another, of a width."""

    width: float = 1.0

    formula = "sqrt(r**2 + width**2) - width"
    curvature = "majorizer"

    def _value(self, r):
        return r * (r / (np.hypot(r, self.width) + self.width))

    def _gradient_hessian(self, r):
        root = np.hypot(r, self.width)
        return r / root, 1 / root


@dataclass(frozen=True)
class Bounded(Charbonnier):
    """The same, of targets within bounds."""

    _domain = Interval(1, 5)


@dataclass(frozen=True)
class Third(Charbonnier):
    """Another, whose formula divides whole numbers."""

    width: float = 1 / 3

    formula = "sqrt(r**2 + (1/3)**2) - 1/3"


@dataclass(frozen=True)
class Tolerant(ResidualLoss):
    """Another, whose exact Hessian is zero in places."""

    formula = "max(0, abs(r) - 1)**2"

    def _value(self, r):
        return np.clip(np.abs(r) - 1, 0, None) ** 2

    def _gradient_hessian(self, r):
        excess = np.clip(np.abs(r) - 1, 0, None)
        return 2 * np.sign(r) * excess, np.where(excess > 0, 2.0, 0.0)


@dataclass(frozen=True)
class Counts(PointwiseLoss):
    """Another, which grows without end."""

    formula = "exp(raw) - y*raw"
    link = Log()
    _domain = Interval(0)

    def _mean(self, raw):
        return np.exp(np.minimum(raw, np.log(np.finfo(raw.dtype).max) - 2))

    def _value(self, y, raw):
        return self._mean(raw) - y * raw

    def _gradient_hessian(self, y, raw):
        return self._mean(raw) - y, self._mean(raw)

    def _init_score(self, y, weight):
        return float(np.log(max(np.average(y, weights=weight), 1e-7)))


@dataclass(frozen=True)
class Parabola(PointwiseLoss):
    """Another, of targets as they come."""

    formula = "(raw - y)**2"

    def _value(self, y, raw):
        return (raw - y) ** 2

    def _gradient_hessian(self, y, raw):
        return 2 * (raw - y), np.full_like(raw, 2)


@dataclass(frozen=True)
class TextbookSoftmax(MulticlassLoss):
    """Another, written as it is read."""

    costs: tuple = (1.0, 2.0, 3.0)

    formula = "sum(-c*t*log(q) for c, t, q in zip(costs, y, p))"

    @property
    def n_classes(self):
        return len(self.costs)

    def _value(self, y, raw):
        log_p = raw - np.logaddexp.reduce(raw, axis=1, keepdims=True)
        return -(y * np.asarray(self.costs, dtype=raw.dtype) * log_p).sum(axis=1)

    def _gradient_hessian(self, y, raw):
        p = np.exp(raw - np.logaddexp.reduce(raw, axis=1, keepdims=True))
        costs = y * np.asarray(self.costs, dtype=raw.dtype)
        weight = costs.sum(axis=1, keepdims=True)
        return weight * p - costs, weight * p * (1 - p)

    def _init_scores(self, rows, weight):
        return self._minimizer(rows, weight, np.zeros(rows.shape[1]))


@dataclass(frozen=True)
class SmoothPinball(ResidualLoss):
    """Another, whose best constant may lie beyond all targets."""

    quantile: float = 0.9

    formula = "(1 - quantile)*r + log(1 + exp(-r))"

    def _value(self, r):
        return np.where(r > 0, (1 - self.quantile) * r, -self.quantile * r) + np.log1p(
            np.exp(-np.abs(r))
        )

    def _gradient_hessian(self, r):
        return (1 - self.quantile) - sigmoid(-r), sigmoid(r) * sigmoid(-r)


class Grades(Domain):
    """Classes that are numbered from one."""

    def contains(self, y):
        return (y == 1) | (y == 2) | (y == 3)

    def __str__(self):
        return "1, 2 or 3"


@dataclass(frozen=True)
class ParabolaOfGrades(Parabola):
    formula = Parabola.formula
    _domain = Grades()


@dataclass(frozen=True)
class Logits(MarginLoss):
    """Another, of two classes."""

    formula = "log(1 + exp(-m))"
    link = Logit()

    def _value(self, m):
        return np.logaddexp(0, -m)

    def _gradient_hessian(self, m):
        return -sigmoid(-m), sigmoid(m) * sigmoid(-m)


def parabola_in(*bounds, **closed):
    """The parabola with another domain, which copies have to find here."""
    name = re.sub(r"\W", "_", f"Parabola{bounds}{closed}")
    cls = type(name, (Parabola,), {"_domain": Interval(*bounds, **closed), "__module__": __name__})
    globals()[name] = dataclass(frozen=True)(cls)
    return globals()[name]()


for name in list(LOSSES):
    if LOSSES[name].__module__ == __name__:
        LOSSES.pop(name)

SOUND = [
    SmoothPinball(),
    SmoothPinball(0.05),
    ParabolaOfGrades(),
    SquaredLog(),
    Charbonnier(),
    Charbonnier(width=3),
    Charbonnier(width=np.float32(4097)),
    Bounded(),
    Third(),
    Tolerant(),
    Counts(),
    TextbookSoftmax(),
    Logits(),
    ListNet(),
    0.5 * Charbonnier() + Huber(),
    2 * Charbonnier(),
    Asymmetric(under=Charbonnier(), over=SquaredError()),
    OneVsRest(Logits()),
    ClassBalanced(Logits(), counts=(10, 90)),
    parabola_in(1, 5),
    parabola_in(5),
    parabola_in(2),
    parabola_in(1, closed_low=False),
    parabola_in(high=0),
    parabola_in(0, 0.5),
    parabola_in(0.05, closed_low=False),
    parabola_in(0, 0.9, closed_high=False),
]


@pytest.mark.parametrize("loss", SOUND, ids=repr)
def test_a_sound_loss_of_ones_own_passes(loss):
    check_loss(loss)


def declared(parent=Charbonnier, parameters=None, **attributes):
    """An instance of a class that declares something of the wrong kind."""
    annotations = {"__annotations__": dict.fromkeys(parameters or {}, float)}
    cls = type("Declared", (parent,), {**annotations, **(parameters or {}), **attributes})
    LOSSES.pop("declared", None)
    return dataclass(frozen=True)(cls)()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (declared(formula=3), "no usable formula: .* must be a string, got 3"),
        (declared(link="logit"), r"no usable link: .* such as links.Logit\(\), got 'logit'"),
        (declared(link=Logit), r"no usable link: .* not its class: write Logit\(\)"),
        (declared(link=lambda self: Logit()), "no usable link: .* decorate .* with @property"),
        (declared(_domain=(0, 1)), r"no usable _domain: .* Interval\(0, 1\), got \(0, 1\)"),
        (declared(_adapted=lambda self, sample: None), "_adapted must return a .*, got None"),
        (
            declared(_adapted=lambda self, sample: setattr(self, "width", 2.0)),
            "_adapted must return a new loss, as dataclasses.replace makes it: cannot assign",
        ),
        (
            declared(_adapted=lambda self, sample: replace(self, width=2 * self.width)),
            "_adapted must return a loss that is adapted already as it is, got",
        ),
        (declared(parameters={"r": 1.0}), "parameter name 'r' is taken by a variable"),
        (declared(Logits, {"m": 1.0}), "parameter name 'm' is taken by a variable"),
        (declared(Parabola, {"p": 1.0}), "parameter name 'p' is taken by a variable"),
        *[
            (declared(parameters={name: 1.0}), f"parameter name '{name}' is taken by an attribute")
            for name in ("value", "metric", "init_score", "unimodal", "builtin", "examples")
        ],
    ],
)
def test_what_a_class_declares_is_told(loss, message):
    with pytest.raises(AssertionError, match=rf"^Declared\(.*\): {message}"):
        check_loss(loss)


@pytest.mark.parametrize("family", [ResidualLoss, RobustLoss, MarginLoss, MulticlassLoss])
def test_abstract_families_are_not_registered(family):
    assert family not in all_losses().values()


def test_a_family_of_its_own_is_refused_by_name():
    @dataclass(frozen=True)
    class Orphan(Loss):
        formula = "raw"

        def _pointwise_value(self, y, raw):
            return raw

        def _pointwise_derivatives(self, y, raw):
            return raw, raw

    LOSSES.pop("orphan")
    with pytest.raises(AssertionError, match="check_loss knows no family of Orphan"):
        check_loss(Orphan())


def test_a_class_is_no_instance():
    with pytest.raises(
        TypeError, match=r"loss must be an instance of a Loss, got <class .*Huber'>"
    ):
        check_loss(Huber)


def test_the_decorator_is_asked_for():
    class Bare(ResidualLoss):
        def _value(self, r):
            return r**2

        def _gradient_hessian(self, r):
            return 2 * r, np.full_like(r, 2)

    for cls in (Bare, dataclass(type("Thawed", (Bare,), {}))):
        with pytest.raises(TypeError, match=rf"{cls.__name__} must be .*@dataclass\(frozen=True\)"):
            check_loss(cls())
    with pytest.raises(AssertionError, match=r"no usable formula: .*'formula'"):
        check_loss(dataclass(frozen=True)(type("Tacit", (Bare,), {}))())


def test_a_formula_that_is_no_expression_is_told():
    @dataclass(frozen=True)
    class Unfinished(SquaredError):
        formula = "r**2 +"

    LOSSES.pop("unfinished")
    with pytest.raises(AssertionError, match="no usable formula: invalid syntax"):
        check_loss(Unfinished())


def test_a_multiclass_loss_needs_no_number_of_classes():
    @dataclass(frozen=True)
    class Squares(MulticlassLoss):
        def _value(self, y, raw):
            return ((raw - y) ** 2).sum(axis=1)

        def _gradient_hessian(self, y, raw):
            return 2 * (raw - y), np.full_like(raw, 2)

    gradient, _ = Squares().gradient_hessian([0, 2], np.zeros((2, 3)))
    np.testing.assert_array_equal(gradient, [[-2, 0, 0], [0, 0, -2]])


def test_mpmath_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(ImportError, match="pip install mpmath"):
        check_loss(SquaredError())


def test_the_callers_settings_neither_matter_nor_change():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("ignore")
        before = np.geterr(), list(warnings.filters)
        check_loss(LogCosh())
        assert (np.geterr(), list(warnings.filters)) == before
        with pytest.raises(AssertionError, match="overflow"):
            check_loss(OverflowsFromResidual90())
