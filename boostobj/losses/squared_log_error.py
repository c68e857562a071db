"""Squared logarithmic error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._checks import check_choice
from boostobj._domains import Interval
from boostobj._math import clip
from boostobj._typing import Array, NumpyArray
from boostobj.base import PointwiseLoss

#: How far above -1 predictions count as they are, and targets begin; XGBoost has 1e-6.
LEAST = 2.0**-20


@dataclass(frozen=True)
class SquaredLogError(PointwiseLoss):
    """Half the squared difference of logarithms of one plus target and prediction.

    Domain: `y_true` finite and > ``-1 + 2**-20``, margins real, both (n,) or (n, k); for margins up
    to there the loss continues on its tangent. Link: identity.
    Curvature: smoothed, the difference quotient of the gradient between prediction and target,
    so that a row alone steps right onto its target. The second derivative is negative where the
    prediction is more than e times too large, and falls with the square of the target.

    Parameters
    ----------
    hessian : {"smoothed", "exact"}, default="smoothed"
        The Hessian handed to the booster. "exact" is the second derivative or 1e-6, whichever
        is larger, and not brought to unit curvature, for the model of XGBoost's built-in.

    Raises
    ------
    ValueError
        If `hessian` is neither "smoothed" nor "exact".

    Notes
    -----
    `SquaredError` on ``log1p(y)`` minimises the same loss and is the better conditioned problem;
    this one predicts `y` itself. Sums of trees may take a few new rows to -1 or below, where the
    metric is steep: clip predictions that have to pass a logarithm.

    References
    ----------
    Tofallis (2015). A better measure of relative prediction accuracy for model selection and model
    estimation. Journal of the Operational Research Society 66(8). There without the added one.
    """

    hessian: Literal["smoothed", "exact"] = "smoothed"

    formula = (
        "(log(1 + max(raw, 2**-20 - 1)) - log(1 + y))**2/2 "
        "+ min(raw + 1 - 2**-20, 0)*2**20*log(2**-20/(1 + y))"
    )
    builtin = {"xgboost": "reg:squaredlogerror"}
    curvature = "smoothed"
    # A target below would leave the loss without a minimum.
    _domain = Interval(LEAST - 1, closed_low=False)

    def __post_init__(self) -> None:
        check_choice(self, "hessian", ("smoothed", "exact"))

    @classmethod
    def examples(cls) -> tuple[SquaredLogError, ...]:
        """Both Hessians."""
        return cls(), cls(hessian="exact")

    @property
    def unit_curvature(self) -> bool:
        """Not with the built-in's Hessian."""
        return self.hessian == "smoothed"

    def _parts(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """One plus the prediction, and the logarithm of its ratio to the target's.

        Near the target the difference of two logarithms would cancel.
        """
        xp = array_namespace(raw)
        one_plus = clip(1 + raw, min=LEAST)
        distance = xp.minimum(clip(raw, min=LEAST - 1) - y, 1 + y) / (1 + y)
        # of the roots, since the ratio itself may over- or underflow
        root = xp.sqrt(one_plus) / xp.sqrt(1 + y)
        # near one, what the root has lost in rounding
        near = clip(root, min=0.5, max=2.0)
        lost = distance - (near - 1) * (near + 1)
        lost = lost * xp.astype(xp.abs(distance) < 0.5, raw.dtype) / (near * near)
        return one_plus, 2 * xp.log(root) + lost

    def _value(self, y: Array, raw: Array) -> Array:
        one_plus, log_ratio = self._parts(y, raw)
        beyond = clip(raw + (1 - LEAST), max=0.0)
        return log_ratio**2 / 2 + beyond * (log_ratio / one_plus)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        xp = array_namespace(raw)
        one_plus, log_ratio = self._parts(y, raw)
        gradient = log_ratio / one_plus
        if self.hessian == "exact":
            return gradient, clip((1 - log_ratio) / one_plus / one_plus, min=1e-6)
        r = raw - y
        hit = xp.astype(xp.abs(r) <= 1e-12 * (1 + y), r.dtype)
        at_target = 1 / (1 + y) / one_plus
        # r itself may be smaller than any number that divides
        return gradient, hit * at_target + (1 - hit) * (gradient / (r * (1 - hit) + hit))

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return float(np.expm1(np.average(np.log1p(y), weights=weight)))
