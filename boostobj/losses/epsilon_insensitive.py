"""Epsilon-insensitive loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace, weighted_quantile
from boostobj._checks import check_number
from boostobj._math import clip, hypot
from boostobj._typing import Array, NumpyArray
from boostobj.curvature import KinkedLoss


@dataclass(frozen=True)
class EpsilonInsensitive(KinkedLoss):
    """Absolute error beyond a tolerance, as in support vector regression.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: smoothed, ``1/sqrt(d**2 + s**2)``, where ``d`` is the distance of ``|r|`` from
    `epsilon` and ``s`` its scale; see `boostobj.curvature`. A row within the
    tolerance has no gradient but holds its leaf in place, the more the nearer it is to the edge.

    Parameters
    ----------
    epsilon : float, default=0.1
        The tolerance, in units of the target, >= 0. At 0 it is the absolute error.
    scale : float, optional
        Scale ``s`` of the smoothed Hessian, in units of the target, > 0. By default it is
        estimated each round.

    Raises
    ------
    TypeError
        If `epsilon` is not a number, or `scale` is neither a number nor None.
    ValueError
        If `epsilon` is not finite and >= 0, or `scale` is not finite and > 0.

    References
    ----------
    Vapnik (1995). The nature of statistical learning theory. Springer.
    """

    epsilon: float = 0.1
    scale: float | None = None

    formula = "max(abs(r) - epsilon, 0)"

    def __post_init__(self) -> None:
        check_number(self, "epsilon", low=0, closed=True)
        super().__post_init__()

    @classmethod
    def examples(cls) -> tuple[EpsilonInsensitive, ...]:
        """A narrow tolerance, a wide one and none."""
        return cls(), cls(epsilon=1.5), cls(epsilon=0.0)

    def _value(self, r: Array) -> Array:
        xp = array_namespace(r)
        return clip(xp.abs(r) - self.epsilon, min=0)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp = array_namespace(r)
        excess = xp.abs(r) - self.epsilon
        gradient = xp.sign(r) * xp.astype(excess > 0, r.dtype)
        return gradient, 1 / hypot(excess, self._width)

    def _distance(self, r: Array) -> Array:
        xp = array_namespace(r)
        return xp.abs(xp.abs(r) - self.epsilon)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        # max(|r| - e, 0) = (|r - e| + |r + e|)/2 - e: the median of the tolerances' edges
        edges = np.concatenate([y - self.epsilon, y + self.epsilon])
        return weighted_quantile(edges, 0.5, np.concatenate([weight, weight]))
