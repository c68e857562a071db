"""Kullback-Leibler divergence of class probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._math import clip, log_softmax
from boostobj._typing import Array
from boostobj.losses.softmax import Softmax


@dataclass(frozen=True)
class KLDivergence(Softmax):
    """Divergence of predicted from true class probabilities: `Softmax` less the labels' entropy.

    It trains the same model as `Softmax`; its value is zero for a perfect prediction even if the
    labels are soft, and the same as that of `Softmax` if they are not.

    Domain: `y_true` class numbers 0 to k-1 of shape (n,), or one-hot or soft labels of shape
    (n, k); margins (n, k). Link: softmax.
    Curvature: the diagonal of the exact Hessian, ``p*(1 - p)``.

    Parameters
    ----------
    n_classes : int, optional
        As for `Softmax`.

    Raises
    ------
    TypeError
        If `n_classes` is neither an integer nor None.
    ValueError
        If `n_classes` is smaller than 2.

    References
    ----------
    Kullback, Leibler (1951). On information and sufficiency. Annals of Mathematical Statistics
    22(1).
    """

    formula = "sum(y_k*log(y_k/p_k) if y_k > 0 else 0 for y_k, p_k in zip(y, p))"

    def _value(self, y: Array, raw: Array) -> Array:
        xp = array_namespace(raw)
        log_y = xp.log(xp.where(y > 0, y, xp.ones_like(y)))
        # rounding may leave it below zero
        return clip(xp.sum(y * (log_y - log_softmax(raw)), axis=-1), min=0)
