"""Fair's loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import log1p_remainder, within_scale
from boostobj._typing import Array
from boostobj.curvature import RobustHessian, RobustLoss


@dataclass(frozen=True)
class Fair(RobustLoss):
    """Fair's loss: squared near zero, nearly absolute far away.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``1/(1 + |r|/scale)``; exact on request.

    Parameters
    ----------
    scale : float, default=1.0
        Residuals below it count as near, in units of the target, > 0.
    hessian : {"majorizer", "exact"}, default="majorizer"
        The Hessian handed to the booster.

    Raises
    ------
    TypeError
        If `scale` is not a number.
    ValueError
        If `scale` is not finite and > 0, or `hessian` is neither "majorizer" nor "exact".

    References
    ----------
    Fair (1974). On the robust estimation of econometric models. Annals of Economic and Social
    Measurement 3(4).
    """

    scale: float = 1.0
    hessian: RobustHessian = "majorizer"

    formula = "scale**2*(abs(r)/scale - log(1 + abs(r)/scale))"
    builtin = {"lightgbm": "fair"}

    def __post_init__(self) -> None:
        check_number(self, "scale", low=0)
        super().__post_init__()

    @classmethod
    def examples(cls) -> tuple[Fair, ...]:
        """Both Hessians."""
        return cls(), cls(scale=3.0, hessian="exact")

    def _value(self, r: Array) -> Array:
        a = array_namespace(r).abs(within_scale(r, self.scale))
        return self.scale * (self.scale * log1p_remainder(a / self.scale))

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        curvature = self.scale / (self.scale + array_namespace(r).abs(r))
        return r * curvature, curvature if self.hessian == "majorizer" else curvature**2
