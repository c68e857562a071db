"""Logistic loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._math import sigmoids, softplus
from boostobj._typing import Array
from boostobj.base import MarginLoss
from boostobj.links import Logit


@dataclass(frozen=True)
class Logistic(MarginLoss):
    """Logistic loss of two classes, minimised by the log-odds.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: logit.
    Curvature: exact. `CrossEntropy` is the same loss for labels that are probabilities.

    References
    ----------
    Friedman, Hastie, Tibshirani (2000). Additive logistic regression: a statistical view of
    boosting. Annals of Statistics 28(2).
    """

    formula = "log(1 + exp(-m))"
    link = Logit()
    builtin = {"xgboost": "binary:logistic", "lightgbm": "binary"}

    def _value(self, m: Array) -> Array:
        return softplus(-m)

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        hit, miss = sigmoids(m)
        return -miss, hit * miss
