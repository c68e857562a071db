"""Asymmetric focal loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._labels import one_row_per_class
from boostobj._math import clip, power, sigmoids_and_softplus, softplus
from boostobj._typing import Array, NumpyArray
from boostobj.base import BinaryLoss
from boostobj.links import Logit

#: Curvature of dropped rows, where the loss is flat.
FLOOR = 1e-6

#: A start beyond this probability hardly pulls any row.
SUREST = 0.98


@dataclass(frozen=True)
class AsymmetricLoss(BinaryLoss):
    """Focal loss with an exponent for each class that drops easy negatives altogether.

    A positive costs ``-(1 - s)**gamma_positive*log(s)`` with ``s = sigmoid(raw)``, a negative
    ``-u**gamma_negative*log(1 - u)`` with ``u = max(s - clip, 0)``. `Asymmetric` is something
    else, a regression loss with two sides.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link: logit; the result
    ranks rows, and is a probability only if all parameters are zero.
    Curvature: smoothed; ``(1 + gamma)*p*|gradient|`` with ``p`` the probability of the row's
    class and `gamma` its exponent. It is positive where the second derivative is not, and equals
    the surrogate of `Focal` if `clip` is zero. Dropped negatives have next to none.
    Start: the best constant, but no probability beyond 98 %, or the share of the positives if that
    is larger, where hardly any row would pull. A clipped negative costs so little that infinity may
    be best.

    Parameters
    ----------
    gamma_positive : float, default=0.0
        The focusing exponent of the positives, >= 0.
    gamma_negative : float, default=4.0
        The focusing exponent of the negatives, >= 0.
    clip : float, default=0.05
        Negatives with a smaller probability than this are dropped, from 0 to 1.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If `gamma_positive` or `gamma_negative` is not finite and >= 0, or `clip` is not from
        0 to 1.

    References
    ----------
    Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter, Zelnik-Manor (2021). Asymmetric loss for
    multi-label classification. ICCV.
    """

    gamma_positive: float = 0.0
    gamma_negative: float = 4.0
    clip: float = 0.05

    formula = (
        "(1 + exp(raw))**-gamma_positive*log(1 + exp(-raw)) if y > 0"
        " else -max(1/(1 + exp(-raw)) - clip, 0)**gamma_negative"
        "*log(1 - max(1/(1 + exp(-raw)) - clip, 0))"
    )
    link = Logit()
    curvature = "smoothed"
    # A clipped negative costs no more than so much, and then infinity may be best.
    unimodal = False

    def __post_init__(self) -> None:
        check_number(self, "gamma_positive", low=0, closed=True)
        check_number(self, "gamma_negative", low=0, closed=True)
        check_number(self, "clip", low=0, high=1, closed=True)

    @classmethod
    def examples(cls) -> tuple[AsymmetricLoss, ...]:
        """The default, one without a clip, and one that underflows next to its clip."""
        return (
            cls(),
            cls(gamma_positive=1.0, gamma_negative=2.0, clip=0.0),
            cls(gamma_negative=6.0),
        )

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        _, (negatives, positives) = one_row_per_class(y, weight)
        surest = max(SUREST, positives / (negatives + positives))
        return min(super()._init_score(y, weight), float(self.link.link(np.asarray(surest))))

    def _value(self, y: Array, raw: Array) -> Array:
        s, rest, surprise = sigmoids_and_softplus(raw)
        positive = power(rest, self.gamma_positive) * surprise
        kept, cost = self._clipped(raw, s, rest)
        return array_namespace(raw).where(y > 0, positive, power(kept, self.gamma_negative) * cost)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        xp = array_namespace(raw)
        s, rest, surprise = sigmoids_and_softplus(raw)
        tiny = float(xp.finfo(raw.dtype).smallest_normal)
        is_positive, is_kept = (xp.astype(x, raw.dtype) for x in (y > 0, s > self.clip))
        is_negative = 1 - is_positive

        gamma = self.gamma_positive
        positive = is_positive * power(rest, gamma) * (rest + gamma * s * surprise)
        positive_hessian = (1 + gamma) * s * positive

        gamma = self.gamma_negative
        kept, cost = self._clipped(raw, s, rest)
        share = clip(rest, min=tiny)
        # powers of zero take NumPy ten times as long
        u = kept + xp.astype(kept == 0, raw.dtype)
        slope = share / (share + self.clip) + gamma * rest * cost / u
        negative = is_negative * is_kept * power(u, gamma) * s * slope
        negative_hessian = clip((1 + gamma) * rest * negative, min=tiny)

        dropped = FLOOR * is_negative * (1 - is_kept)
        return negative - positive, positive_hessian + negative_hessian + dropped

    def _clipped(self, raw: Array, s: Array, rest: Array) -> tuple[Array, Array]:
        """The clipped probability ``u`` and ``-log(1 - u)``."""
        xp = array_namespace(raw)
        if self.clip == 0:
            return s, softplus(raw)
        kept = clip(s - self.clip, min=0.0)
        other = clip(rest + self.clip, max=1.0)
        # where `other` is near one, what it has lost in rounding
        lost = xp.astype(other > 0.5, raw.dtype) * (kept - (1 - other))
        return kept, lost / other - xp.log(other)
