"""Cross-entropy with a free first coefficient."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import log1p_remainder, sigmoids, softplus
from boostobj._typing import Array, Curvature
from boostobj.base import MarginLoss
from boostobj.links import Logit


@dataclass(frozen=True)
class Poly1(MarginLoss):
    """Cross-entropy plus ``epsilon`` times the probability of the other class.

    The cross-entropy is the series of ``(1 - p)**j/j``; this changes the coefficient of its first
    term. Above zero, it pulls margins apart; below, together.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: logit; a
    probability only for ``epsilon=0``, otherwise a score.
    Curvature: exact up to ``epsilon=1``. Beyond, the second derivative
    ``p*(1 - p)*(1 + epsilon*(2*p - 1))``, with ``p`` the probability of the row's class, is
    negative for rows that are badly wrong, and ``2*p - 1`` becomes its upper bound ``p``:
    smoothed.

    Parameters
    ----------
    epsilon : float, default=1.0
        What is added to the first coefficient, >= -1.

    Raises
    ------
    TypeError
        If `epsilon` is not a number.
    ValueError
        If `epsilon` is not finite and >= -1.

    References
    ----------
    Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov (2022). PolyLoss: a polynomial expansion
    perspective of classification loss functions. ICLR.
    """

    epsilon: float = 1.0

    formula = "log(1 + exp(-m)) + epsilon/(1 + exp(m))"
    link = Logit()

    def __post_init__(self) -> None:
        check_number(self, "epsilon", low=-1, closed=True)

    @classmethod
    def examples(cls) -> tuple[Poly1, ...]:
        """The default, a negative coefficient and one with the surrogate."""
        return cls(), cls(epsilon=-0.5), cls(epsilon=3.0)

    @property
    def curvature(self) -> Curvature:
        """Exact while the second derivative is positive."""
        return "exact" if self.epsilon <= 1 else "smoothed"

    @property
    def unimodal(self) -> bool:
        """In a sum while it is convex."""
        return self.epsilon <= 1

    def _value(self, m: Array) -> Array:
        xp = array_namespace(m)
        _, miss = sigmoids(m)
        z = xp.exp(-xp.abs(m))
        # softplus(-m) - miss, which cancels for confident predictions
        rest = xp.where(m > 0, z**2 / (1 + z) - log1p_remainder(z), softplus(-m) - miss)
        return (1 + self.epsilon) * miss + rest

    def _gradient_hessian(self, m: Array) -> tuple[Array, Array]:
        hit, miss = sigmoids(m)
        slope = miss * (miss + (1 + self.epsilon) * hit)
        if self.epsilon > 1:
            return -slope, hit * slope
        # 1 + epsilon*(hit - miss) as a sum of what is positive, for either sign of epsilon
        for_, against = (hit, miss) if self.epsilon > 0 else (miss, hit)
        size = abs(self.epsilon)
        return -slope, hit * miss * ((1 + size) * for_ + (1 - size) * against)
