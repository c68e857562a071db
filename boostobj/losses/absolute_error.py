"""Absolute error."""

from __future__ import annotations

from dataclasses import dataclass

from array_api_compat import array_namespace

from boostobj._arrays import weighted_quantile
from boostobj._math import hypot1
from boostobj._typing import Array, NumpyArray
from boostobj.base import Derivatives, Sample
from boostobj.curvature import KinkedLoss


@dataclass(frozen=True)
class AbsoluteError(KinkedLoss):
    """Absolute error, minimised by the median.

    Domain: `y_true` and `raw_prediction` finite and real. Link: identity.
    Curvature: smoothed, see `boostobj.curvature`.

    Parameters
    ----------
    scale : float, optional
        Residual scale of the smoothed Hessian, in units of the target, > 0. By default it is
        estimated each round.
    """

    scale: float | None = None

    formula = "abs(r)"
    builtin = {"xgboost": "reg:absoluteerror", "lightgbm": "regression_l1"}

    def _value(self, r: Array) -> Array:
        return array_namespace(r).abs(r)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        _, hessian = self._smoothed(r)
        return array_namespace(r).sign(r), hessian

    def _smoothed(self, r: Array) -> tuple[Array, Array]:
        """Gradient and Hessian of the pseudo-Huber loss, in units of the absolute error."""
        u = r / self._width
        nearness = 1 / hypot1(u)
        return u * nearness, nearness / self._width

    def _boosting_derivatives(self, sample: Sample) -> Derivatives:
        return lambda y, raw: self._smoothed(raw - y)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return weighted_quantile(y, 0.5, weight)
