"""Exponential loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._math import clip
from boostobj._typing import Array
from boostobj.base import MarginLoss
from boostobj.links import HalfLogit


@dataclass(frozen=True)
class Exponential(MarginLoss):
    """Exponential loss of AdaBoost, minimised by half the log-odds.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: half-logit, so
    the probability is ``sigmoid(2*raw)``.
    Curvature: exact. Below a margin of -18, a probability of 2e-16 for the row's class, the loss
    goes on as the parabola of its value, slope and curvature there, so that a margin of 1e4 does
    not overflow.

    References
    ----------
    Friedman, Hastie, Tibshirani (2000). Additive logistic regression. Annals of Statistics 28(2).
    """

    formula = "exp(-m) if m > -18 else exp(18)*(1 - (m + 18) + (m + 18)**2/2)"
    link = HalfLogit()

    def _value(self, m: Array) -> Array:
        e, beyond = self._split(m)
        return e * (1 + beyond * (1 + beyond / 2))

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        e, beyond = self._split(m)
        return -e * (1 + beyond), e

    @staticmethod
    def _split(m: Array) -> tuple[Array, Array]:
        """The exponential up to where it goes on as a parabola, and the distance from there."""
        xp = array_namespace(m)
        return xp.exp(-clip(m, min=-18.0)), clip(-18 - m, min=0.0)
