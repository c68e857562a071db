"""Focal loss of k classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from boostobj._arrays import array_namespace, as_array_like
from boostobj._checks import check_number, check_numbers
from boostobj._math import clip, power, softmax_and_log, sum_of_others
from boostobj._typing import Array
from boostobj.base import MulticlassLoss


@dataclass(frozen=True)
class FocalSoftmax(MulticlassLoss):
    """Focal loss of k classes: cross-entropy that down-weights rows already classified correctly.

    A row of class k costs ``-alpha[k]*(1 - p[k])**gamma*log(p[k])`` with `p` the softmax of the
    margins; soft labels mix these costs. ``gamma=0`` is `Softmax`.

    Domain: `y_true` class numbers 0 to k-1 of shape (n,), or one-hot or soft labels of shape
    (n, k); margins (n, k). Link: softmax; the probabilities are drawn together by `gamma` and
    shifted by `alpha`.
    Curvature: smoothed; ``(1 + gamma)*p*(1 - p)*w`` with ``w`` the factor by which the gradient
    differs from that of `Softmax`. It bounds the diagonal of the Hessian from above, which is
    negative for rows that are badly wrong, and is exact at ``gamma=0``.

    Parameters
    ----------
    gamma : float, default=2.0
        The focusing exponent, >= 0.
    alpha : sequence of k floats, optional
        Weights of the classes, > 0; by default all are 1.

    Raises
    ------
    TypeError
        If `gamma` is not a number, or `alpha` is neither a sequence of numbers nor None.
    ValueError
        If `gamma` is not finite and >= 0, or `alpha` holds fewer than 2 numbers or one that is not
        finite and > 0.

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár (2017). Focal loss for dense object detection. ICCV.
    """

    gamma: float = 2.0
    alpha: Sequence[float] | None = None

    formula = (
        "sum(y_k*a_k*(1 - p_k)**gamma*-log(p_k)"
        " for y_k, p_k, a_k in zip(y, p, alpha or [1 for y_k in y]))"
    )
    curvature = "smoothed"

    def __post_init__(self) -> None:
        check_number(self, "gamma", low=0, closed=True)
        if self.alpha is not None:
            check_numbers(self, "alpha", length=2)

    @classmethod
    def examples(cls) -> tuple[FocalSoftmax, ...]:
        """The default, and weights with a fractional exponent."""
        return cls(), cls(gamma=0.5, alpha=(1.0, 0.5, 2.0))

    @property
    def n_classes(self) -> int | None:  # type: ignore[override]
        """As many as `alpha` has weights."""
        return None if self.alpha is None else len(self.alpha)

    def _weight(self, y: Array) -> Array:
        return y if self.alpha is None else y * as_array_like(self.alpha, y)

    def _value(self, y: Array, raw: Array) -> Array:
        _, q, log_p = softmax_and_log(raw)
        cost = self._weight(y) * power(q, self.gamma) * log_p
        return -array_namespace(raw).sum(cost, axis=-1)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        xp = array_namespace(raw)
        p, q, log_p = softmax_and_log(raw)
        # p*log(p)/(1 - p), from -1 to 0
        ratio = p * log_p / clip(q, min=float(xp.finfo(raw.dtype).smallest_normal))
        weight = self._weight(y) * power(q, self.gamma) * (1 - self.gamma * ratio)
        gradient = p * sum_of_others(weight) - q * weight
        return gradient, (1 + self.gamma) * p * q * xp.sum(weight, axis=-1, keepdims=True)
