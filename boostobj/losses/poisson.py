"""Poisson likelihood."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._checks import check_number
from boostobj._math import bounded_exp
from boostobj._typing import Array, Curvature
from boostobj.losses._log_link import LogLinkLoss


@dataclass(frozen=True)
class Poisson(LogLinkLoss):
    """Negative log-likelihood of a Poisson count, minimised by the logarithm of the mean.

    Domain: `y_true` finite and >= 0, whole numbers or not; margins real; both (n,) or (n, k).
    Link: log.
    Curvature: smoothed, the second derivative at ``raw + max_delta_step``, as both engines have
    it. No parabola majorises an exponential; this one does for every step down, and for those up to
    `max_delta_step` and somewhat farther. XGBoost's built-in and `BoostRegressor` limit the leaves
    themselves, too; elsewhere set ``max_delta_step`` in the booster's parameters.

    Parameters
    ----------
    max_delta_step : float, default=0.7
        How far up a step may go, >= 0. At 0 the Hessian is exact, and leaves have no limit.

    Raises
    ------
    TypeError
        If `max_delta_step` is not a number.
    ValueError
        If `max_delta_step` is not finite and >= 0.

    References
    ----------
    Nelder, Wedderburn (1972). Generalized linear models. JRSS A 135(3).
    """

    max_delta_step: float = 0.7

    formula = "exp(raw) - y*raw"
    builtin = {"xgboost": "count:poisson", "lightgbm": "poisson"}

    def __post_init__(self) -> None:
        check_number(self, "max_delta_step", low=0, closed=True)

    @classmethod
    def examples(cls) -> tuple[Poisson, ...]:
        """The engines' Hessian and the exact one."""
        return cls(), cls(max_delta_step=0.0)

    @property
    def curvature(self) -> Curvature:
        """Exact without, "smoothed" with a `max_delta_step`."""
        return "smoothed" if self.max_delta_step else "exact"

    def _value(self, y: Array, raw: Array) -> Array:
        return bounded_exp(raw) - y * raw

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        gradient = bounded_exp(raw) - y
        return gradient, bounded_exp(raw + self.max_delta_step)
