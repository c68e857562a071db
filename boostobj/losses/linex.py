"""Linex loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import choose, clip, exp_remainder, largest
from boostobj._typing import Array, NumpyArray
from boostobj.base import ResidualLoss

#: Its square is a number of single precision.
LARGEST_RATE = 1e18


@dataclass(frozen=True)
class Linex(ResidualLoss):
    """Linear-exponential loss: over-prediction costs exponentially, under-prediction linearly.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity. The
    exponential is constant where it, or its gradient, comes near the largest number, at ``a*r`` of
    some 86 in float32 and 703 in float64, less ``log|a|`` if that is positive.
    Curvature: smoothed. Exact where the loss is exponential; where it is linear the second
    derivative vanishes, and the half-quadratic ``a*(exp(a*r) - 1)/r`` stands in.

    Parameters
    ----------
    a : float, default=1.0
        The rate, in units of one over the target; not zero. With ``a < 0`` under-prediction is
        the expensive side. A Newton step is at most ``1/|a|`` long on that side.

    Raises
    ------
    TypeError
        If `a` is not a number.
    ValueError
        If `a` is zero or beyond 1e18 either way.

    References
    ----------
    Varian (1975). A Bayesian approach to real estate assessment. Studies in Bayesian
    Econometrics and Statistics in Honor of L. J. Savage.
    Zellner (1986). Bayesian estimation and prediction using asymmetric loss functions. JASA
    81(394).
    """

    a: float = 1.0

    formula = "exp(a*r) - a*r - 1"
    curvature = "smoothed"

    def __post_init__(self) -> None:
        check_number(self, "a", low=-LARGEST_RATE, high=LARGEST_RATE, closed=True)
        if self.a == 0:
            raise ValueError("Linex: a must be finite and not zero, got 0.0")

    @classmethod
    def examples(cls) -> tuple[Linex, ...]:
        """Either expensive side, and one that is nearly the squared error."""
        return cls(), cls(a=-0.3), cls(a=1e-9)

    def _value(self, r: Array) -> Array:
        return exp_remainder(self.a * r)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        x, rate = self.a * r, max(1.0, abs(self.a))
        e = array_namespace(r).expm1(clip(x, max=math.log(largest(r) / rate)))
        linear = clip(e, max=-1e-18) / clip(x, max=-1e-18)
        hessian = choose(x < 0, linear, e + 1, r.dtype)
        return self.a * e, self.a**2 * clip(hessian, max=largest(r) / rate**2)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        from scipy.special import logsumexp  # slow to import, needed for a fit only

        # the target that counts most, so that a distant one takes no digits
        first = np.min(y) if self.a > 0 else np.max(y)
        x = -self.a * (y - first)
        if np.min(x) > -1:  # nearly the mean itself
            log_mean = np.log1p(np.average(np.expm1(x), weights=weight))
        else:
            log_mean = logsumexp(x, b=weight / weight.sum())
        return float(first - log_mean / self.a)
