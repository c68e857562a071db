"""The family of likelihoods with a logarithmic link."""

from __future__ import annotations

import math

import numpy as np

from boostobj._domains import Interval
from boostobj._labels import LEAST_SHARE
from boostobj._typing import NumpyArray
from boostobj.base import PointwiseLoss
from boostobj.links import Log


class LogLinkLoss(PointwiseLoss):
    """A negative log-likelihood whose mean is the exponential of the margin.

    The value leaves out the terms of the likelihood in which the margin does not occur. An
    exponential stays constant once it comes near the largest number, at a margin of some 86 in
    float32 and 703 in float64.

    The Hessian tends to zero where the prediction is far too small (`Poisson`), far too large
    (`Gamma`) or either (`NegativeBinomial`), and leaves there would step without bound. So the
    estimators limit leaves as XGBoost does for its Poisson objective; elsewhere, the booster's
    parameter ``max_delta_step`` does it.
    """

    link = Log()
    max_delta_step = 0.7

    _domain = Interval(0)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        mean = float(np.average(y, weights=weight))
        # The best margin for targets that are all zero is minus infinity; this one is finite.
        return math.log(mean or LEAST_SHARE)
