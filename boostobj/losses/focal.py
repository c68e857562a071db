"""Focal loss."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._math import power, sigmoids_and_softplus
from boostobj._typing import Array
from boostobj.base import BinaryLoss, class_side, own_margin
from boostobj.links import FocalLogit, Link


@dataclass(frozen=True)
class Focal(BinaryLoss):
    """Focal loss: cross-entropy that down-weights rows already classified correctly.

    A positive costs ``-alpha*(1 - s)**gamma*log(s)`` with ``s = sigmoid(raw)``, a negative
    ``-(1 - alpha)*s**gamma*log(1 - s)``; ``Focal(alpha=0.5, gamma=0)`` is half of the
    cross-entropy.

    Domain: labels 0 and 1, or -1 and +1; margins real; both (n,) or (n, k). Link:
    `boostobj.links.FocalLogit`, the probability that this loss estimates. ``sigmoid(raw)`` itself
    is drawn towards 1/2 by `gamma` and shifted by `alpha`.
    Curvature: smoothed. For a margin ``m`` of the row's class, ``p = sigmoid(m)`` and
    ``A = exp(m)*log(1 + exp(-m))`` the second derivative is ``(1 + gamma)*p*|gradient|`` less
    ``(1 - p)**(1 + gamma)*gamma*(A - p)``, times the class's weight, and negative for rows that
    are badly wrong. The first term is handed out: it is positive, an upper bound since
    ``A >= p``, and exact at ``gamma=0`` and where ``p`` comes near one.

    Parameters
    ----------
    alpha : float, default=0.25
        Weight of the positives, between 0 and 1; the negatives have ``1 - alpha``.
    gamma : float, default=2.0
        The focusing exponent, >= 0.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If `alpha` is not between 0 and 1, or `gamma` is not finite and >= 0.

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár (2017). Focal loss for dense object detection. ICCV.
    """

    alpha: float = 0.25
    gamma: float = 2.0

    formula = (
        "alpha*(1 + exp(raw))**-gamma*log(1 + exp(-raw)) if y > 0"
        " else (1 - alpha)*(1 + exp(-raw))**-gamma*log(1 + exp(raw))"
    )
    curvature = "smoothed"

    def __post_init__(self) -> None:
        check_number(self, "alpha", low=0, high=1)
        check_number(self, "gamma", low=0, closed=True)

    @classmethod
    def examples(cls) -> tuple[Focal, ...]:
        """The default, none of the focus, a fractional exponent below one, and a high one."""
        return cls(), cls(alpha=0.5, gamma=0.0), cls(alpha=0.6, gamma=0.5), cls(gamma=5.0)

    @property
    def link(self) -> Link:
        """The probability whose mean loss is least at the margin."""
        return FocalLogit(self.alpha, self.gamma)

    def _weight(self, y: Array, raw: Array) -> Array:
        positive = array_namespace(raw).astype(y > 0, raw.dtype)
        return self.alpha * positive + (1 - self.alpha) * (1 - positive)

    def _value(self, y: Array, raw: Array) -> Array:
        m = own_margin(y, raw)
        _, miss, surprise = sigmoids_and_softplus(m)
        return self._weight(y, raw) * power(miss, self.gamma) * surprise

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        side = class_side(y, raw.dtype)
        hit, miss, surprise = sigmoids_and_softplus(side * raw)
        focus = power(miss, self.gamma) * (miss + self.gamma * hit * surprise)
        slope = self._weight(y, raw) * focus
        return -side * slope, (1 + self.gamma) * hit * slope
