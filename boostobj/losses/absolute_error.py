"""Absolute error."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace, weighted_quantile
from boostobj._typing import Array, NumpyArray
from boostobj.base import ResidualDerivatives, Sample
from boostobj.curvature import PinballLoss


@dataclass(frozen=True)
class AbsoluteError(PinballLoss):
    """Absolute error, minimised by the median.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: smoothed, see `boostobj.curvature`, and with it the gradient that a booster gets: it
    predicts better on new rows than with the loss's own, but where targets are skewed and rows are
    few its median is drawn towards the mean. Of exponential targets 55 % are below it with 3,000
    rows, less with more.

    Parameters
    ----------
    scale : float, optional
        Width of the smoothing of Hessian and gradient, in units of the target, > 0. By default it
        is that of the residuals, estimated each round; much wider, a booster learns something
        nearer the mean.

    Raises
    ------
    TypeError
        If `scale` is neither a number nor None.
    ValueError
        If `scale` is not finite and > 0.

    References
    ----------
    Bloomfield, Steiger (1983). Least absolute deviations: theory, applications, and algorithms.
    Birkhäuser.
    """

    scale: float | None = None

    formula = "abs(r)"
    builtin = {"xgboost": "reg:absoluteerror", "lightgbm": "regression_l1"}
    # twice the pinball loss of the median
    _quantile = 0.5

    def _value(self, r: Array) -> Array:
        return array_namespace(r).abs(r)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        return _doubled(*super()._gradient_hessian(r))

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        half = super()._softened(sample)
        return lambda r: _doubled(*half(r))

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return weighted_quantile(y, 0.5, weight)


def _doubled(gradient: Array, hessian: Array) -> tuple[Array, Array]:
    return 2 * gradient, 2 * hessian
