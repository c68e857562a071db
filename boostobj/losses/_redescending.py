"""The family of robust losses whose gradient fades for outliers."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from boostobj._math import clip
from boostobj._typing import Array, NumpyArray
from boostobj.base import ResidualLoss

#: The least Hessian, which at zero is 1. A larger floor is a majoriser as well, but a round of far
#: residuals only is brought to unit curvature by the engine, and the steps of those below the
#: floor shrink with it. This is the engine's own floor.
FLOOR = 1e-16


class RedescendingLoss(ResidualLoss):
    """A loss of the residual that counts rows less the farther they are, down to nothing.

    It is not convex, and its second derivative is negative for outliers. The Hessian is the
    half-quadratic curvature ``psi(r) / r``, with ``psi`` the gradient, but never less than 1e-16:
    the parabola of that curvature, or of a larger one, through the present residual lies above
    the loss everywhere. A step is then the mean residual, weighted by ``psi(r) / r``.

    Where all rows are outliers the loss is flat and no gradient tells where to go. Start from
    `init_score`, the best of all local minima over constants.

    References
    ----------
    Geman, Reynolds (1992). Constrained restoration and the recovery of discontinuities. IEEE
    PAMI 14(3).
    """

    scale: float

    curvature = "majorizer"
    unimodal = False

    @abstractmethod
    def _root_weight(self, r: Array) -> Array:
        """The square root of ``psi(r) / r``, which itself would underflow: from 1 down to 0."""

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        root = self._root_weight(r)
        return r * root * root, clip(root * root, min=FLOOR)

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        best = super()._init_score(y, weight)
        # The search compares values, which are flat at the minimum; these steps are not.
        for _ in range(100):
            r = best - y
            counts = weight * self._root_weight(r) ** 2
            if not np.any(counts > 0):
                break
            step = float(np.average(r, weights=counts))
            best -= step
            if abs(step) <= 1e-9 * self.scale:
                break
        return best
