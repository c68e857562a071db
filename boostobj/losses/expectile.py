"""Expectile loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._checks import check_number
from boostobj._math import choose
from boostobj._typing import Array
from boostobj.base import ResidualDerivatives, ResidualLoss, Sample


@dataclass(frozen=True)
class Expectile(ResidualLoss):
    """Asymmetric squared error, minimised by an expectile.

    Domain: `y_true` and `raw_prediction` finite and real, both (n,) or (n, k). Link: identity.
    Curvature: exact. To a booster a row counts for the weight of its side, as in the objective of
    XGBoost 3.3 and newer, whose trees these are from the same start.

    Parameters
    ----------
    expectile : float, default=0.5
        The level to estimate, between 0 and 1: the weight of targets above the prediction; those
        below weigh ``1 - expectile``. At 0.5 it is half the squared error.

    Raises
    ------
    TypeError
        If `expectile` is not a number.
    ValueError
        If `expectile` is not between 0 and 1.

    References
    ----------
    Newey, Powell (1987). Asymmetric least squares estimation and testing. Econometrica 55(4).
    """

    expectile: float = 0.5

    formula = "(1 - expectile)*r**2 if r > 0 else expectile*r**2"
    builtin = {"xgboost": "reg:expectileerror"}

    def __post_init__(self) -> None:
        check_number(self, "expectile", low=0, high=1)

    @classmethod
    def examples(cls) -> tuple[Expectile, ...]:
        """The mean and both tails."""
        return cls(), cls(0.05), cls(0.9)

    def _value(self, r: Array) -> Array:
        return choose(r > 0, 1 - self.expectile, self.expectile, r.dtype) * r**2

    def _mean_worth(self, mean: float, spread: float) -> float:
        return mean / 2

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        return self._sided(r, 1 - self.expectile)

    def _softened(self, sample: Sample) -> ResidualDerivatives:
        # Rounded as XGBoost does: the last bit decides whether a few rows are a leaf of their own.
        over = float(np.float32(1) - np.float32(self.expectile))
        return lambda r: self._sided(r, over)

    def _sided(self, r: Array, over: float) -> tuple[Array, Array]:
        """Gradient and Hessian for the weight of positive residuals."""
        hessian = choose(r > 0, 2 * over, 2 * self.expectile, r.dtype)
        return hessian * r, hessian
