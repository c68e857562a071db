"""Negative binomial likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

from boostobj._checks import check_number
from boostobj._math import sigmoids, softplus
from boostobj._typing import Array
from boostobj.losses._log_link import LogLinkLoss


@dataclass(frozen=True)
class NegativeBinomial(LogLinkLoss):
    """Negative log-likelihood of a count whose variance exceeds its mean.

    The variance is ``mean + dispersion * mean**2`` (the NB2 model). It is minimised by the
    logarithm of the mean.

    Domain: `y_true` finite and >= 0, whole numbers or not; margins real; both (n,) or (n, k).
    Link: log.
    Curvature: exact.

    Parameters
    ----------
    dispersion : float, default=1.0
        > 0; towards 0 the loss turns into `Poisson`, up to a term without the margin.

    Raises
    ------
    TypeError
        If `dispersion` is not a number.
    ValueError
        If `dispersion` is not finite and > 0.

    References
    ----------
    Cameron, Trivedi (1986). Econometric models based on count data: comparisons and applications
    of some estimators and tests. Journal of Applied Econometrics 1(1).
    """

    dispersion: float = 1.0

    formula = "log(1 + dispersion*exp(raw))/dispersion + y*log(1 + exp(-raw)/dispersion)"

    def __post_init__(self) -> None:
        check_number(self, "dispersion", low=0)

    @classmethod
    def examples(cls) -> tuple[NegativeBinomial, ...]:
        """Much dispersion and little."""
        return cls(), cls(dispersion=0.1)

    # The odds dispersion*exp(raw) make it the cross-entropy of y successes in y + 1/dispersion.

    def _value(self, y: Array, raw: Array) -> Array:
        log_odds = raw + math.log(self.dispersion)
        return softplus(log_odds) / self.dispersion + y * softplus(-log_odds)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        log_odds = raw + math.log(self.dispersion)
        p, q = sigmoids(log_odds)
        return p / self.dispersion - y * q, (1 / self.dispersion + y) * p * q
