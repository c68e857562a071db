"""Pseudo-Huber loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import clip, hypot, power
from boostobj._typing import Array
from boostobj.curvature import RobustHessian, RobustLoss


@dataclass(frozen=True)
class PseudoHuber(RobustLoss):
    """Pseudo-Huber loss: squared near zero, absolute far away, smooth between.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``1/sqrt(1 + (r/delta)**2)``; exact on request.

    Parameters
    ----------
    delta : float, default=1.0
        Where squared turns into absolute, in units of the target, > 0.
    hessian : {"majorizer", "exact"}, default="majorizer"
        The Hessian handed to the booster.

    Raises
    ------
    TypeError
        If `delta` is not a number.
    ValueError
        If `delta` is not finite and > 0, or `hessian` is neither "majorizer" nor "exact".

    References
    ----------
    Charbonnier, Blanc-Feraud, Aubert, Barlaud (1997). Deterministic edge-preserving
    regularization in computed imaging. IEEE Transactions on Image Processing 6(2).
    """

    delta: float = 1.0
    hessian: RobustHessian = "majorizer"

    formula = "delta**2*(sqrt(1 + (r/delta)**2) - 1)"
    builtin = {"xgboost": "reg:pseudohubererror"}

    def __post_init__(self) -> None:
        check_number(self, "delta", low=0)
        super().__post_init__()

    @classmethod
    def examples(cls) -> tuple[PseudoHuber, ...]:
        """Both Hessians."""
        return cls(), cls(delta=0.3, hessian="exact")

    def _value(self, r: Array) -> Array:
        a = array_namespace(r).abs(r)
        return a * (self.delta * (a / (self.delta + hypot(a, self.delta))))

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp = array_namespace(r)
        # as far as squares are finite; beyond, the gradient is delta to the last bit
        top = float(xp.finfo(r.dtype).max)
        far = min(0.5 * top**0.5 * self.delta, top)
        x = clip(r, min=-far, max=far) / self.delta
        curvature = 1 / xp.sqrt(1 + xp.square(x))
        gradient = self.delta * (x * curvature)
        return gradient, curvature if self.hessian == "majorizer" else power(curvature, 3)
