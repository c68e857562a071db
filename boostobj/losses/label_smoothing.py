"""Cross-entropy of smoothed labels."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._checks import check_number
from boostobj._domains import Interval
from boostobj._math import sigmoids, softplus
from boostobj._typing import Array
from boostobj.base import BinaryLoss
from boostobj.links import Logit


@dataclass(frozen=True)
class LabelSmoothing(BinaryLoss):
    """Cross-entropy after every label has moved a step towards 1/2, which bounds the margins.

    Domain: `y_true` in [0, 1], labels or probabilities; margins real; both (n,) or (n, k). Link:
    logit; the predicted probabilities are smoothed like the labels.
    Curvature: exact.

    Parameters
    ----------
    smoothing : float, default=0.1
        How far, from 0, labels as they are, to 1, all of them 1/2: 1 becomes
        ``1 - smoothing/2``.

    Raises
    ------
    TypeError
        If `smoothing` is not a number.
    ValueError
        If `smoothing` is not from 0 to 1.

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna (2016). Rethinking the inception architecture for
    computer vision. CVPR.
    """

    smoothing: float = 0.1

    formula = (
        "((1 - smoothing)*y + smoothing/2)*log(1 + exp(-raw))"
        " + ((1 - smoothing)*(1 - y) + smoothing/2)*log(1 + exp(raw))"
    )
    link = Logit()
    _domain = Interval(0, 1)

    def __post_init__(self) -> None:
        check_number(self, "smoothing", low=0, high=1, closed=True)

    def _shares(self, y: Array) -> tuple[Array, Array]:
        """Smoothed labels, and one minus these."""
        positive, negative = ((1 - self.smoothing) * x + self.smoothing / 2 for x in (y, 1 - y))
        return positive, negative

    def _value(self, y: Array, raw: Array) -> Array:
        positive, negative = self._shares(y)
        return negative * softplus(raw) + positive * softplus(-raw)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        positive, negative = self._shares(y)
        p, q = sigmoids(raw)
        return negative * p - positive * q, p * q
