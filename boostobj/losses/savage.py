"""Savage loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._math import sigmoid, sigmoids, times
from boostobj._typing import Array
from boostobj.base import MarginLoss
from boostobj.links import HalfLogit


@dataclass(frozen=True)
class Savage(MarginLoss):
    """Savage loss: bounded, so that rows with wrong labels lose their pull.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: half-logit, so
    the probability is ``s = sigmoid(2*raw)``; the loss is the square of the probability of the
    other class.
    Curvature: smoothed. The second derivative ``8*s*(1 - s)**2*(2*s - (1 - s))`` of a positive
    is negative where ``s < 1/3``; its two terms are added up instead of subtracted, which bounds
    it from above and keeps a step below one half where the gradient vanishes. Steps are short, so
    that probabilities near 0 and 1 take a few hundred rounds at a learning rate of 0.1.

    References
    ----------
    Masnadi-Shirazi, Vasconcelos (2008). On the design of loss functions for classification:
    theory, robustness to outliers, and SavageBoost. NIPS.
    """

    formula = "1/(1 + exp(2*m))**2"
    link = HalfLogit()
    curvature = "smoothed"
    unimodal = False  # in a sum

    def _value(self, m: Array) -> Array:
        return sigmoid(times(2, -m)) ** 2

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        hit, miss = sigmoids(times(2, m))
        slope = 4 * hit * miss**2
        return -slope, 2 * slope * (1 + hit)
