"""Power of the absolute error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace, weighted_quantile
from boostobj._checks import check_number
from boostobj._math import hypot
from boostobj._typing import Array, NumpyArray
from boostobj.curvature import KinkedLoss


@dataclass(frozen=True)
class Lp(KinkedLoss):
    """Absolute error to the power `p`, between `AbsoluteError` and `SquaredError`.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: smoothed, ``p * (r**2 + s**2)**(p/2 - 1)``, where ``s`` is the scale of the
    residuals (see `boostobj.curvature`): the second derivative is infinite at zero, and zero at
    ``p = 1``.

    Parameters
    ----------
    p : float, default=1.5
        The power, from 1 to 2.
    scale : float, optional
        Residual scale of the smoothed Hessian, in units of the target, > 0. By default it is
        estimated each round.

    Raises
    ------
    TypeError
        If `p` is not a number, or `scale` is neither a number nor None.
    ValueError
        If `p` is not from 1 to 2, or `scale` is not finite and > 0.

    References
    ----------
    Nyquist (1983). The optimal Lp norm estimator in linear regression models. Communications in
    Statistics 12(21).
    """

    p: float = 1.5
    scale: float | None = None

    formula = "abs(r)**p"

    def __post_init__(self) -> None:
        check_number(self, "p", low=1, high=2, closed=True)
        super().__post_init__()

    @classmethod
    def examples(cls) -> tuple[Lp, ...]:
        """Both ends and between."""
        return cls(), cls(p=1.0), cls(p=1.1, scale=2.0), cls(p=2.0)

    def _value(self, r: Array) -> Array:
        return array_namespace(r).abs(r) ** self.p

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp = array_namespace(r)
        a = xp.abs(r)
        gradient = self.p * xp.sign(r) * a ** (self.p - 1)
        # that of AbsoluteError at one end, of SquaredError at the other
        size = hypot(r, self._width)
        return gradient, self.p / size ** (2 - self.p)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        if self.p == 1:
            return weighted_quantile(y, 0.5, weight)
        if self.p == 2:
            return float(np.average(y, weights=weight))
        return super()._init_score(y, weight)
