"""What a booster gets from a loss with a kink: the heart of the pack.

The second derivative of the absolute and the pinball loss is zero wherever it exists, and a
booster divides by it. A Python objective cannot re-fit leaves with a quantile either, as engines
do in C++. So the booster gets a smooth stand-in, in units of the present residuals.

For the absolute error it is the pseudo-Huber loss whose width is the mean absolute residual ``s``
of the round, with the curvature that majorises it::

    gradient = r / sqrt(r**2 + s**2)        hessian = 1 / sqrt(r**2 + s**2)

Both follow the residuals down from any start, in any unit. For a quantile ``q`` the gradient is
the pinball loss's, convolved with the same kernel (a Student's t with two degrees of freedom), and
``s`` is twice the mean pinball loss, which is the mean absolute residual at the median::

    gradient = (1 + r / sqrt(r**2 + s**2)) / 2 - q
    hessian = (4v)**(-3/4) / (2s) * (1 + (r/s)**2)**(2v - 1)        with v = q * (1 - q)

The further out the quantile, the less a distant row holds its leaf, and the shorter the steps:
the many rows on the near side pull slowly, and the few on the far side must be able to answer.

`Loss.value`, `Loss.gradient_hessian` and the metric remain those of the loss itself; only what
the callback hands to a booster is smoothed.

References
----------
Hunter, Lange (2000). Quantile regression via an MM algorithm. JCGS 9(1).
Fernandes, Guerre, Horta (2021). Smoothing quantile regressions. JBES 39(1).
He, Pan, Tan, Zhou (2023). Smoothed quantile regression with large-scale inference. Journal of
Econometrics 232(2).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace

from boostobj._arrays import check_number
from boostobj._math import hypot1
from boostobj._typing import Array
from boostobj.base import ResidualLoss, Sample


def pinball_slope(r: Array, quantile: Array) -> Array:
    """Absolute slope of the pinball loss on the side of each residual."""
    return array_namespace(r).where(r > 0, 1 - quantile, quantile)


def pinball_gradient(r: Array, quantile: Array) -> Array:
    """Gradient of the pinball loss, zero at the kink."""
    return array_namespace(r).sign(r) * pinball_slope(r, quantile)


def smoothed_pinball_gradient(r: Array, quantile: Array, scale: Array) -> Array:
    """Gradient of the pinball loss convolved with a kernel of width `scale`."""
    u = r / scale
    return (1 + u / hypot1(u)) / 2 - quantile


def pinball_hessian(r: Array, quantile: Array, scale: Array) -> Array:
    """Smoothed Hessian of the pinball loss at residuals of scale `scale`."""
    spread = 4 * quantile * (1 - quantile)
    return spread**-0.75 / (2 * scale) * hypot1(r / scale) ** (spread - 2)


def residual_scale(mean: Any) -> Any:
    """A mean residual as a scale; residuals that are all zero have none, any will do."""
    return np.fmax(mean, 1e-30)


class KinkedLoss(ResidualLoss):
    """A loss whose second derivative is zero or infinite somewhere.

    A subclass is a dataclass with a field ``scale``, None by default: the residual scale of the
    smoothed Hessian, estimated anew each round. A number fixes it, in units of the target.
    """

    scale: float | None

    curvature = "smoothed"

    def __post_init__(self) -> None:
        if self.scale is not None:
            check_number(self, "scale", low=0)

    @property
    def _width(self) -> float:
        # Before a loss has met data, any width will do: no gradient depends on it.
        return 1.0 if self.scale is None else self.scale

    def _distance(self, r: Array) -> Array:
        """What the residual scale is the mean of."""
        return array_namespace(r).abs(r)

    def _adapted(self, sample: Sample) -> Self:
        if self.scale is not None:
            return self
        scale = sample.mean(lambda y, raw: self._distance(raw - y))
        return replace(self, scale=float(residual_scale(scale)))  # type: ignore[type-var]


class PinballLoss(KinkedLoss):
    """A loss that is linear on either side of zero: slope ``1 - q`` above, ``q`` below."""

    @property
    def _quantile(self) -> float:
        """The level ``q`` that the loss estimates."""
        raise NotImplementedError

    def _distance(self, r: Array) -> Array:
        return 2 * pinball_slope(r, self._level(r)) * array_namespace(r).abs(r)

    def _level(self, r: Array) -> Array:
        # One element, not a scalar: NumPy before 2 widens what it computes from scalars.
        return array_namespace(r).asarray([self._quantile], dtype=r.dtype)

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        gradient = pinball_gradient(r, self._level(r))
        return gradient, pinball_hessian(r, self._quantile, self._width)

    def _boosting(self, r: Array) -> tuple[Array, Array]:
        gradient = smoothed_pinball_gradient(r, self._quantile, self._width)
        return gradient, pinball_hessian(r, self._quantile, self._width)
