"""Log-cosh loss."""

from __future__ import annotations

from dataclasses import dataclass

from array_api_compat import array_namespace

from boostobj._arrays import check_number
from boostobj._math import log_cosh, tanhc
from boostobj._typing import Array
from boostobj.base import RobustHessian, RobustLoss


@dataclass(frozen=True)
class LogCosh(RobustLoss):
    """Log-cosh loss: squared near zero, absolute far away.

    Domain: `y_true` and `raw_prediction` finite and real. Link: identity.
    Curvature: the majoriser ``tanh(x)/x`` with ``x = r/scale``; exact on request, which
    underflows to nothing some 20 scales away.

    Parameters
    ----------
    scale : float, default=1.0
        Residuals below it count as near, in units of the target, > 0.
    hessian : {"majorizer", "exact"}, default="majorizer"
        The Hessian handed to the booster.

    References
    ----------
    Green (1990). Bayesian reconstructions from emission tomography data using a modified EM
    algorithm. IEEE Transactions on Medical Imaging 9(1).
    """

    scale: float = 1.0
    hessian: RobustHessian = "majorizer"

    formula = "scale**2*log(cosh(r/scale))"

    def __post_init__(self) -> None:
        check_number(self, "scale", low=0)
        super().__post_init__()

    @classmethod
    def examples(cls) -> tuple[LogCosh, ...]:
        """Both Hessians."""
        return cls(), cls(scale=3.0, hessian="exact")

    def _value(self, r: Array) -> Array:
        return self.scale**2 * log_cosh(r / self.scale)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp = array_namespace(r)
        x = r / self.scale
        if self.hessian == "majorizer":
            curvature = tanhc(x)
            return r * curvature, curvature
        e = xp.exp(-2 * xp.abs(x))
        return self.scale * xp.tanh(x), 4 * e / (1 + e) ** 2
