"""Hinge losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._math import clip
from boostobj._typing import Array, NumpyArray
from boostobj.base import MarginLoss, class_side
from boostobj.links import ClippedLinear

#: Width of the cap over the kink, in units of the margin.
BANDWIDTH = 0.2

#: Share of the bound that rows beyond the kink get: with all of it, they hold their leaf back.
BEYOND = 0.2


@dataclass(frozen=True)
class Hinge(MarginLoss):
    """Hinge loss of the support vector machine.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: the margin from
    -1 to 1 put linearly on [0, 1]. It is a score: this loss estimates the more probable class, and
    its minimiser tells no probability.
    Curvature: smoothed; ``1/(2*|1 - m|)``, that of the tightest parabola above the loss, with a
    cap over the kink, and a fifth of it for margins beyond 1, whose rows ask for nothing.

    References
    ----------
    Cortes, Vapnik (1995). Support-vector networks. Machine Learning 20(3).
    """

    formula = "max(0, 1 - m)"
    link = ClippedLinear()
    builtin = {"xgboost": "binary:hinge"}
    curvature = "smoothed"

    def _value(self, m: Array) -> Array:
        return clip(1 - m, min=0)

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        xp = array_namespace(m)
        pulls = xp.astype(m < 1, m.dtype)
        hessian = 0.5 / (xp.abs(1 - m) + BANDWIDTH)
        return -pulls, hessian * (BEYOND + (1 - BEYOND) * pulls)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        # On the kink of the larger class, where rounding would decide whether its rows pull: just
        # before it, in float32 as well, all rows do.
        mean = np.average(class_side(y, y.dtype), weights=weight)
        larger = np.sign(np.round(mean, 12))  # classes of equal weight are a tie
        return float(larger * (1 - 2**-24))


@dataclass(frozen=True)
class SquaredHinge(MarginLoss):
    """Squared hinge loss.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: linear, clipped.
    Curvature: the majoriser 2; the second derivative is zero for margins beyond 1.

    References
    ----------
    Zhang (2004). Statistical behavior and consistency of classification methods based on convex
    risk minimization. Annals of Statistics 32(1).
    """

    formula = "max(0, 1 - m)**2"
    link = ClippedLinear()
    curvature = "majorizer"

    def _value(self, m: Array) -> Array:
        return clip(1 - m, min=0) ** 2

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        xp = array_namespace(m)
        return -2 * clip(1 - m, min=0), 2 * xp.ones_like(m)


@dataclass(frozen=True)
class ModifiedHuber(MarginLoss):
    """Squared hinge loss that goes on as a line where the margin is below -1.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: linear, clipped.
    Curvature: the majoriser ``2*min(1, 2/(1 - m))``.

    References
    ----------
    Zhang (2004). Solving large scale linear prediction problems using stochastic gradient
    descent algorithms. ICML.
    """

    formula = "max(0, 1 - m)**2 if m > -1 else -4*m"
    link = ClippedLinear()
    curvature = "majorizer"

    def _value(self, m: Array) -> Array:
        gap = clip(1 - m, min=0)
        near = clip(gap, max=2.0)
        return near * (2 * gap - near)

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        return -2 * clip(1 - m, min=0, max=2), 4 / clip(1 - m, min=2)
