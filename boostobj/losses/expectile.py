"""Expectile loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import check_number
from boostobj._math import choose
from boostobj._typing import Array
from boostobj.base import ResidualLoss


@dataclass(frozen=True)
class Expectile(ResidualLoss):
    """Asymmetric squared error, minimised by an expectile.

    Domain: `y_true` and `raw_prediction` finite and real. Link: identity.
    Curvature: exact. To a booster a row counts for the weight of its side, as in XGBoost's built-in
    objective, whose trees these are.

    Parameters
    ----------
    expectile : float, default=0.5
        The level to estimate, between 0 and 1: the weight of targets above the prediction; those
        below weigh ``1 - expectile``. At 0.5 it is half the squared error.

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

    def _side(self, r: Array) -> Array:
        """Weight of the side of each residual."""
        return choose(r > 0, 1 - self.expectile, self.expectile, r.dtype)

    def _value(self, r: Array) -> Array:
        return self._side(r) * r**2

    def _mean_worth(self, mean: float, spread: float) -> float:
        return mean / 2

    def _gradient_hessian(self, r: Array) -> tuple[Array, Array]:
        hessian = 2 * self._side(r)
        return hessian * r, hessian
