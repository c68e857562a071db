"""Barron's general robust loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import inf  # for the representation of a shape

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import choose, clip, expm1c, hypot, largest, log_hypot1, within_scale
from boostobj._typing import Array
from boostobj.losses._redescending import RedescendingLoss
from boostobj.losses.welsch import Welsch

#: Shapes below differ from minus infinity by less than float64 resolves, but where it is flat.
SHAPE_OF_WELSCH = -1e16

#: Above, a power is the most exact form of the weight, below the exponential of a logarithm.
SHAPE_OF_POWER = -4.0


@dataclass(frozen=True)
class GeneralRobust(RedescendingLoss):
    """Barron's family of robust losses, from squared to Welsch by one continuous parameter.

    =====  =============================================
    shape  equals
    =====  =============================================
    2      half of `SquaredError`
    1      `PseudoHuber` with ``delta = scale``
    0      `Cauchy` with ``scale = sqrt(2) * scale``
    -2     the loss of Geman and McClure
    -inf   `Welsch` with ``scale = sqrt(2) * scale``
    =====  =============================================

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``(1 + (r/scale)**2/(2 - shape))**(shape/2 - 1)``, at least 1e-16.

    Parameters
    ----------
    shape : float, default=1.0
        At most 2; minus infinity is allowed. Below 1 the loss is not convex.
    scale : float, default=1.0
        Residuals below it count as near, in units of the target, > 0.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If `shape` is NaN or > 2, or `scale` is not finite and > 0.

    References
    ----------
    Barron (2019). A general and adaptive robust loss function. CVPR. The loss there is divided
    by ``scale**2``.
    """

    shape: float = 1.0
    scale: float = 1.0

    formula = (
        "r**2/2 if shape == 2 "
        "else scale**2*log(1 + (r/scale)**2/2) if shape == 0 "
        "else scale**2*(1 - exp(-(r/scale)**2/2)) if shape == -inf "
        "else scale**2*(2 - shape)/shape*(exp(shape/2*log(1 + (r/scale)**2/(2 - shape))) - 1)"
    )

    def __post_init__(self) -> None:
        if not (isinstance(self.shape, (int, float, np.number)) and self.shape == -inf):
            check_number(self, "shape", high=2, closed=True)
        check_number(self, "scale", low=0)

    @classmethod
    def examples(cls) -> tuple[GeneralRobust, ...]:
        """The named members, and some between and next to them."""
        return (
            cls(),
            cls(shape=2.0, scale=3.0),
            cls(shape=1.99),
            cls(shape=1e-9, scale=3.0),
            cls(shape=0.0),
            cls(shape=-2.0, scale=3.0),
            cls(shape=-100.0),
            cls(shape=-inf),
        )

    # With b = 2 - shape and u = log(sqrt(1 + (r/scale)**2/b)), psi(r)/r is exp(-b*u) and the
    # value scale**2 * b*u * expm1(shape*u)/(shape*u), which is smooth through shape 0.

    @property
    def _welsch(self) -> Welsch:
        """The limit."""
        return Welsch(scale=math.sqrt(2) * self.scale)

    def _distance(self, r: Array) -> Array:
        width = self.scale * math.sqrt(2 - self.shape)
        return within_scale(r, width) / width

    def _value(self, r: Array) -> Array:
        if self.shape == 2:
            return r**2 / 2
        if self.shape < SHAPE_OF_WELSCH:
            return self._welsch._value(r)
        u = log_hypot1(self._distance(r))
        power = self.shape * u
        value = (2 - self.shape) * u * expm1c(clip(power, max=30.0))
        if self.shape > 0:
            # where the exponential may be too large, though not times a small factor
            product = power + math.log((2 - self.shape) / self.shape)
            far = array_namespace(r).exp(clip(product, max=math.log(largest(r))))
            value = choose(power > 30, far, value, r.dtype)
        return self.scale * (self.scale * value)

    def _root_weight(self, r: Array) -> Array:
        xp = array_namespace(r)
        if self.shape == 2:
            return xp.ones_like(r)
        if self.shape < SHAPE_OF_WELSCH:
            return self._welsch._root_weight(r)
        if self.shape > SHAPE_OF_POWER:
            h = hypot(self._distance(r))
            return h ** (self.shape / 2) / h
        return xp.exp((self.shape / 2 - 1) * log_hypot1(self._distance(r)))
