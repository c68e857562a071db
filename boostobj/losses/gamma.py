"""Gamma likelihood."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._domains import Interval
from boostobj._math import bounded_exp
from boostobj._typing import Array
from boostobj.losses._log_link import LogLinkLoss


@dataclass(frozen=True)
class Gamma(LogLinkLoss):
    """Negative log-likelihood of a Gamma variable, minimised by the logarithm of the mean.

    Domain: `y_true` finite and > 0; margins real; both (n,) or (n, k). Link: log.
    Curvature: exact. It vanishes where the model predicts far too much, so start from
    `init_score`.

    References
    ----------
    Nelder, Wedderburn (1972). Generalized linear models. JRSS A 135(3).
    """

    formula = "raw + y*exp(-raw)"
    builtin = {"xgboost": "reg:gamma", "lightgbm": "gamma"}
    _domain = Interval(0, closed_low=False)

    def _value(self, y: Array, raw: Array) -> Array:
        return raw + bounded_exp(-raw, y)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        ratio = bounded_exp(-raw, y)
        return 1 - ratio, ratio
