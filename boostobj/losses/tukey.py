"""Tukey's biweight loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import clip
from boostobj._typing import Array
from boostobj.losses._redescending import RedescendingLoss


@dataclass(frozen=True)
class Tukey(RedescendingLoss):
    """Tukey's biweight: squared near zero, constant beyond `scale`; an outlier does not count.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``(1 - (r/scale)**2)**2`` up to `scale`, 0 beyond, at least 1e-16.

    Parameters
    ----------
    scale : float, default=1.0
        Where residuals stop counting, in units of the target, > 0. 4.685 standard deviations
        of the noise lose 5 per cent of efficiency if it is Gaussian.

    Raises
    ------
    TypeError
        If `scale` is not a number.
    ValueError
        If `scale` is not finite and > 0.

    References
    ----------
    Beaton, Tukey (1974). The fitting of power series, meaning polynomials, illustrated on
    band-spectroscopic data. Technometrics 16(2).
    """

    scale: float = 1.0

    formula = "scale**2*(1 - (1 - (r/scale)**2)**3)/6 if abs(r) <= scale else scale**2/6"

    def __post_init__(self) -> None:
        check_number(self, "scale", low=0)

    @classmethod
    def examples(cls) -> tuple[Tukey, ...]:
        """The default and the textbook's scale."""
        return cls(), cls(scale=4.685)

    def _value(self, r: Array) -> Array:
        # 1 - (1 - s)**3 without the cancellation
        s = clip(r / self.scale, min=-1.0, max=1.0) ** 2
        return self.scale * (self.scale / 6 * (s * (3 - s * (3 - s))))

    def _root_weight(self, r: Array) -> Array:
        xp = array_namespace(r)
        x = clip(xp.abs(r) / self.scale, max=1.0)
        return (1 - x) * (1 + x)
