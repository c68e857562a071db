"""Welsch loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import clip
from boostobj._typing import Array
from boostobj.losses._redescending import RedescendingLoss

#: From here on even the root of ``exp(-x**2)`` underflows; the square must not overflow.
FAR = 40.0


@dataclass(frozen=True)
class Welsch(RedescendingLoss):
    """Welsch loss: squared near zero, constant far away; an outlier does not count.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``exp(-(r/scale)**2)``, at least 1e-16.

    Parameters
    ----------
    scale : float, default=1.0
        Where a row counts by a factor of 1/e, in units of the target, > 0.

    Raises
    ------
    TypeError
        If `scale` is not a number.
    ValueError
        If `scale` is not finite and > 0.

    References
    ----------
    Dennis, Welsch (1978). Techniques for nonlinear least squares and robust regression.
    Communications in Statistics 7(4).
    """

    scale: float = 1.0

    formula = "scale**2*(1 - exp(-(r/scale)**2))/2"

    def __post_init__(self) -> None:
        check_number(self, "scale", low=0)

    @classmethod
    def examples(cls) -> tuple[Welsch, ...]:
        """The default and another scale."""
        return cls(), cls(scale=3.0)

    def _square(self, r: Array) -> Array:
        return clip(r / self.scale, min=-FAR, max=FAR) ** 2

    def _value(self, r: Array) -> Array:
        expm1 = array_namespace(r).expm1
        return self.scale * (self.scale / -2 * expm1(-self._square(r)))

    def _root_weight(self, r: Array) -> Array:
        return array_namespace(r).exp(-self._square(r) / 2)
