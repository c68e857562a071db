"""Cauchy loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._checks import check_number
from boostobj._math import hypot, log_hypot1, within_scale
from boostobj._typing import Array
from boostobj.losses._redescending import RedescendingLoss


@dataclass(frozen=True)
class Cauchy(RedescendingLoss):
    """Cauchy loss: squared near zero, logarithmic far away; an outlier counts ever less.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``1/(1 + (r/scale)**2)``, at least 1e-16.

    Parameters
    ----------
    scale : float, default=1.0
        Where a row counts half, in units of the target, > 0.

    Raises
    ------
    TypeError
        If `scale` is not a number.
    ValueError
        If `scale` is not finite and > 0.

    References
    ----------
    Black, Anandan (1996). The robust estimation of multiple motions. Computer Vision and Image
    Understanding 63(1).
    """

    scale: float = 1.0

    formula = "scale**2*log(1 + (r/scale)**2)/2"

    def __post_init__(self) -> None:
        check_number(self, "scale", low=0)

    @classmethod
    def examples(cls) -> tuple[Cauchy, ...]:
        """The default and another scale."""
        return cls(), cls(scale=3.0)

    def _value(self, r: Array) -> Array:
        return self.scale * (self.scale * log_hypot1(within_scale(r, self.scale) / self.scale))

    def _root_weight(self, r: Array) -> Array:
        return 1 / hypot(within_scale(r, self.scale) / self.scale)
