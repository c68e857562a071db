"""Cross-entropy of a probability."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._checks import check_number
from boostobj._domains import Interval
from boostobj._math import sigmoids, softplus
from boostobj._typing import Array
from boostobj.base import BinaryLoss
from boostobj.links import Logit


@dataclass(frozen=True)
class CrossEntropy(BinaryLoss):
    """Cross-entropy, minimised by the mean probability.

    Domain: `y_true` in [0, 1], labels or probabilities; margins real; both (n,) or (n, k). Link:
    logit; with ``positive_weight`` ≠ 1, probabilities refer to the reweighted rows.
    Curvature: exact.

    Parameters
    ----------
    positive_weight : float, default=1.0
        Weight of the positives, > 0, as the engines' ``scale_pos_weight``, which a custom
        objective does not get to see.

    Raises
    ------
    TypeError
        If `positive_weight` is not a number.
    ValueError
        If `positive_weight` is not finite and > 0.

    References
    ----------
    Papke, Wooldridge (1996). Econometric methods for fractional response variables with an
    application to 401(k) plan participation rates. Journal of Applied Econometrics 11(6).
    """

    positive_weight: float = 1.0

    formula = "-positive_weight*y*log(p) - (1 - y)*log(1 - p)"
    link = Logit()
    builtin = {"xgboost": "binary:logistic", "lightgbm": "cross_entropy"}
    _domain = Interval(0, 1)

    def __post_init__(self) -> None:
        check_number(self, "positive_weight", low=0)

    @classmethod
    def examples(cls) -> tuple[CrossEntropy, ...]:
        """Without and with a weight."""
        return cls(), cls(positive_weight=3.0)

    # Written with both softplus(raw) and softplus(-raw), and with both probabilities: the
    # shorter softplus(raw) - y*raw and p - y cancel for confident predictions.

    def _value(self, y: Array, raw: Array) -> Array:
        return (1 - y) * softplus(raw) + self.positive_weight * y * softplus(-raw)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        p, q = sigmoids(raw)
        gradient = (1 - y) * p - self.positive_weight * y * q
        return gradient, ((1 - y) + self.positive_weight * y) * p * q
