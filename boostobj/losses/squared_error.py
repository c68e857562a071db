"""Squared error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._typing import Array, NumpyArray
from boostobj.base import ResidualLoss


@dataclass(frozen=True)
class SquaredError(ResidualLoss):
    """Squared error, minimised by the mean.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: exact.

    References
    ----------
    Friedman (2001). Greedy function approximation: a gradient boosting machine. Annals of
    Statistics 29(5).
    """

    formula = "r**2"
    builtin = {"xgboost": "reg:squarederror", "lightgbm": "regression"}

    def _value(self, r: Array) -> Array:
        return r**2

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        return 2 * r, 2 * array_namespace(r).ones_like(r)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return float(np.average(y, weights=weight))
