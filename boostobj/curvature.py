"""The smoothed Hessian of losses with a kink: the heart of the pack.

The second derivative of the absolute and the pinball loss is zero wherever it exists, and a
booster divides by it. A Python objective cannot re-fit leaves with a quantile either, as
engines do in C++. So the kinked losses hand out the curvature below.

Majorise-minimise bounds the pinball loss at a residual ``r`` from above by the parabola of
curvature ``1 / (2|r|)``, which blows up at the kink; half of the weight of a row may therefore
sit in a few rows that are nearly hit. A bandwidth in units of the present residual scale ``s``
caps it, and a part that grows with the slope ``w`` on the row's side keeps the rare side of an
extreme quantile from being stepped over::

    hessian = (w / 2 + 1 / 4) / 2 / (|r| + bandwidth * s)

``s`` is read off the pinball loss itself, ``mean(w |r|) / (2 q (1 - q))``, so that it follows the
residuals down from any start, in any unit, and half of the residuals being zero does not make it
vanish.

References
----------
Hunter, Lange (2000). Quantile regression via an MM algorithm. JCGS 9(1).
He, Pan, Tan, Zhou (2021). Smoothed quantile regression with large-scale inference. J.
Econometrics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace

from boostobj._arrays import check_number
from boostobj._typing import Array
from boostobj.base import ResidualLoss, Sample

#: Width of the cap over the kink, in units of the residual scale.
BANDWIDTH = 0.1


def pinball_derivatives(r: Array, quantile: Array, scale: Array) -> tuple[Array, Array]:
    """Gradient and smoothed Hessian of the pinball loss; see `boostobj.curvature`."""
    xp = array_namespace(r)
    slope = pinball_slope(r, quantile)
    return xp.sign(r) * slope, (0.25 * slope + 0.125) / (xp.abs(r) + BANDWIDTH * scale)


def pinball_slope(r: Array, quantile: Array) -> Array:
    """Absolute slope of the pinball loss on the side of each residual."""
    return array_namespace(r).where(r > 0, 1 - quantile, quantile)


def pinball_scale(mean: Any, quantile: Any) -> Any:
    """The residual scale in a mean pinball loss; zero residuals have none, any will do."""
    return np.fmax(mean / (2 * quantile * (1 - quantile)), 1e-30)


class PinballLoss(ResidualLoss):
    """A loss that is linear on either side of zero: slope ``1 - q`` above, ``q`` below.

    A subclass is a dataclass with a field ``scale``, None by default: the residual scale of the
    smoothed Hessian, estimated anew each round. A number fixes it, in units of the target.
    """

    scale: float | None

    curvature = "smoothed"

    @property
    def _quantile(self) -> float:
        """The level ``q`` that the loss estimates."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        if self.scale is not None:
            check_number(self, "scale", low=0)

    def _slope(self, r: Array) -> Array:
        """Absolute slope on the side of each residual."""
        return pinball_slope(r, array_namespace(r).asarray(self._quantile, dtype=r.dtype))

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        xp = array_namespace(r)
        quantile = xp.asarray(self._quantile, dtype=r.dtype)
        return pinball_derivatives(r, quantile, self.scale or 1.0)

    def _adapted(self, sample: Sample) -> Self:
        if self.scale is not None:
            return self
        pinball = sample.mean(lambda y, raw: self._slope(raw - y) * abs(raw - y))
        scale = float(pinball_scale(float(pinball), self._quantile))
        return replace(self, scale=scale)  # type: ignore[type-var]
