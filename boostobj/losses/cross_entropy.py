"""Cross-entropy of a probability."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import Interval
from boostobj._math import sigmoid, softplus
from boostobj._typing import Array
from boostobj.base import PointwiseLoss
from boostobj.links import Link, Logit


@dataclass(frozen=True)
class CrossEntropy(PointwiseLoss):
    """Cross-entropy, minimised by the mean probability.

    Domain: `y_true` in [0, 1], labels or probabilities; margins real. Link: logit.
    Curvature: exact.
    """

    formula = "-y*log(p) - (1 - y)*log(1 - p)"
    builtin = {"xgboost": "binary:logistic", "lightgbm": "cross_entropy"}
    _domain = Interval(0, 1)

    @property
    def link(self) -> Link:
        """The log-odds."""
        return Logit()

    # Written with both softplus(raw) and softplus(-raw), and with both probabilities: the
    # shorter softplus(raw) - y*raw and p - y cancel for confident predictions.

    def _value(self, y: Array, raw: Array) -> Array:
        return (1 - y) * softplus(raw) + y * softplus(-raw)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        p, q = sigmoid(raw), sigmoid(-raw)
        return (1 - y) * p - y * q, p * q
