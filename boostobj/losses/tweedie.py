"""Tweedie likelihood."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import bounded_exp
from boostobj._typing import Array
from boostobj.losses._log_link import LogLinkLoss


@dataclass(frozen=True)
class Tweedie(LogLinkLoss):
    """Negative log-likelihood of a compound Poisson-Gamma amount, such as a yearly claim.

    It is minimised by the logarithm of the mean.

    Domain: `y_true` finite and >= 0; margins real; both (n,) or (n, k). Link: log.
    Curvature: exact. It vanishes where the model predicts next to nothing for a target of
    zero only.

    Parameters
    ----------
    power : float, default=1.5
        The variance grows with this power of the mean, between 1 (`Poisson`) and 2 (`Gamma`).

    Raises
    ------
    TypeError
        If `power` is not a number.
    ValueError
        If `power` is not between 1 and 2.

    References
    ----------
    Jorgensen (1987). Exponential dispersion models. JRSS B 49(2).
    """

    power: float = 1.5

    formula = "y*exp((1 - power)*raw)/(power - 1) + exp((2 - power)*raw)/(2 - power)"
    builtin = {"xgboost": "reg:tweedie", "lightgbm": "tweedie"}

    def __post_init__(self) -> None:
        check_number(self, "power", low=1, high=2)

    @classmethod
    def examples(cls) -> tuple[Tweedie, ...]:
        """The engines' default and one near Poisson."""
        return cls(), cls(power=1.1)

    def _value(self, y: Array, raw: Array) -> Array:
        target = bounded_exp((1 - self.power) * raw, y / (self.power - 1))
        share = array_namespace(raw).full_like(raw, 1 / (2 - self.power))
        return target + bounded_exp((2 - self.power) * raw, share)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        target = bounded_exp((1 - self.power) * raw, y)
        mean = bounded_exp((2 - self.power) * raw)
        return mean - target, (self.power - 1) * target + (2 - self.power) * mean
