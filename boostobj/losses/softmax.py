"""Softmax cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass

from boostobj._arrays import array_namespace
from boostobj._math import log_softmax, softmax
from boostobj._typing import Array, NumpyArray
from boostobj.base import MulticlassLoss


@dataclass(frozen=True)
class Softmax(MulticlassLoss):
    """Cross-entropy of k classes, minimised by the class probabilities.

    Domain: `y_true` class numbers 0 to k-1 of shape (n,), or one-hot or soft labels of shape
    (n, k); margins (n, k). Link: softmax. Set ``num_class`` in the booster's parameters, but not
    for label rows in XGBoost, which reads k off them; LightGBM has no place for these.
    Curvature: the diagonal of the exact Hessian, ``p*(1 - p)``.

    Parameters
    ----------
    n_classes : int, optional
        The number of classes, >= 2; by default as many as there are margins. `init_score` needs
        it if the last classes are missing from the labels.

    Raises
    ------
    TypeError
        If `n_classes` is neither an integer nor None.
    ValueError
        If `n_classes` is smaller than 2.

    References
    ----------
    Friedman (2001). Greedy function approximation: a gradient boosting machine. Annals of
    Statistics 29(5).
    """

    n_classes: int | None = None

    formula = "-sum(y_k*log(p_k) for y_k, p_k in zip(y, p))"
    builtin = {"xgboost": "multi:softprob", "lightgbm": "multiclass"}

    def __post_init__(self) -> None:
        self._check_n_classes()

    @classmethod
    def examples(cls) -> tuple[Softmax, ...]:
        """Classes counted and given."""
        return cls(), cls(n_classes=3)

    def _value(self, y: Array, raw: Array) -> Array:
        return -array_namespace(raw).sum(y * log_softmax(raw), axis=-1)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        p, q = softmax(raw)
        return (1 - y) * p - y * q, p * q

    def _init_scores(self, rows: NumpyArray, weight: NumpyArray) -> NumpyArray:
        return self._share_margins(rows, weight)
