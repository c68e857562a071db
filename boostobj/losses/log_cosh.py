"""Log-cosh loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from boostobj._arrays import array_namespace
from boostobj._math import log_cosh, tanhc, within_scale
from boostobj._typing import Array
from boostobj.base import Sample
from boostobj.curvature import RobustHessian, RobustLoss
from boostobj.losses import _auto


@dataclass(frozen=True)
class LogCosh(RobustLoss):
    """Log-cosh loss: squared near zero, absolute far away.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: the majoriser ``tanh(x)/x`` with ``x = r/scale``; exact on request, which
    is below what a booster can use some 20 scales away.

    Parameters
    ----------
    scale : float or "auto", default=1.0
        Residuals below it count as near, in units of the target, > 0. "auto" takes the 0.9
        quantile of the absolute residuals, of the round in training, of its own rows in a metric.
    hessian : {"majorizer", "exact"}, default="majorizer"
        The Hessian handed to the booster.

    Raises
    ------
    TypeError
        If `scale` is neither a number nor a string.
    ValueError
        If `scale` is a number that is not finite and > 0 or a string other than "auto", or
        `hessian` is neither "majorizer" nor "exact".

    References
    ----------
    Green (1990). Bayesian reconstructions from emission tomography data using a modified EM
    algorithm. IEEE Transactions on Medical Imaging 9(1).
    """

    scale: _auto.Width = 1.0
    hessian: RobustHessian = "majorizer"

    formula = "scale**2*log(cosh(r/scale))"

    def __post_init__(self) -> None:
        _auto.check_width(self, "scale")
        super().__post_init__()

    @classmethod
    def examples(cls) -> tuple[LogCosh, ...]:
        """Both Hessians, and one that adapts."""
        return cls(), cls(scale=3.0, hessian="exact"), cls(scale="auto")

    def _value(self, r: Array) -> Array:
        scale = float(self.scale)
        return scale * (scale * log_cosh(within_scale(r, scale) / scale))

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp = array_namespace(r)
        scale = float(self.scale)
        r = within_scale(r, scale)
        x = r / scale
        if self.hessian == "majorizer":
            curvature = tanhc(x)
            return r * curvature, curvature
        e = xp.exp(-xp.abs(x)) ** 2
        return scale * xp.tanh(x), 4 * e / (1 + e) ** 2

    def _adapted(self, sample: Sample) -> Self:
        return _auto.adapted(self, "scale", sample)
