"""k classes as k two-class problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._loss import takes_fractions
from boostobj._math import clip, largest
from boostobj._typing import Array, NumpyArray
from boostobj.base import Loss, MulticlassLoss, Sample
from boostobj.links import Link, Normalized
from boostobj.losses._wrapping import (
    MadeOfLosses,
    OutlinedFormula,
    check_two_class,
    formula_of_rows,
)
from boostobj.losses.cross_entropy import CrossEntropy
from boostobj.losses.exponential import Exponential
from boostobj.losses.hinge import Hinge


@dataclass(frozen=True)
class OneVsRest(MadeOfLosses, MulticlassLoss):
    """The sum of a two-class loss over the classes, each of them against all others.

    It grows the trees of k separate models of ``y == k``.

    Domain: `y_true` class numbers 0 to k-1 of shape (n,), or one-hot or soft labels of shape
    (n, k); margins (n, k). Link: the loss's own for each
    class, divided by their sum so that the rows sum to one.
    Curvature: that of `loss`.

    Parameters
    ----------
    loss : Loss, default=CrossEntropy()
        A two-class loss, the same for all rows.
    n_classes : int, optional
        As for `Softmax`.

    Raises
    ------
    TypeError
        If `loss` is not a two-class loss or adapts to rows, or `n_classes` is not a whole number.
    ValueError
        If `n_classes` is less than 2.

    References
    ----------
    Rifkin, Klautau (2004). In defense of one-vs-all classification. JMLR 5.
    """

    loss: Loss = CrossEntropy()  # noqa: RUF009 (frozen, so that all may share it)
    n_classes: int | None = None

    formula = OutlinedFormula("sum(loss(y_k, raw_k) for y_k, raw_k in zip(y, raw))")
    coupled_outputs = False

    def __post_init__(self) -> None:
        check_two_class(self)
        labels = np.asarray([0.0, 1.0])
        if self.loss._adapted(Sample(labels, labels)) != self.loss:
            raise TypeError(
                f"OneVsRest: loss must not adapt to the rows, which differ from class to class, "
                f"got {self.loss!r}"
            )
        self._check_n_classes()

    @classmethod
    def examples(cls) -> tuple[OneVsRest, ...]:
        """A loss that takes soft labels, one that takes hard ones, and one that gives rows up."""
        return cls(), cls(Exponential(), n_classes=3), cls(Hinge())

    @property
    def losses(self) -> tuple[Loss]:
        """The loss of each class."""
        return (self.loss,)

    @property
    def link(self) -> Link:
        """The loss's, normalised."""
        return Normalized(self.loss.link)

    def _spelled_out(self) -> str:
        row = formula_of_rows(self.loss)
        if takes_fractions(self.loss):
            return f"sum({row} for y, raw in zip(y, raw))"
        return f"sum(t*{row} for t, u in zip(y, raw) for t, y, raw in [(t, 1, u), (1 - t, 0, u)])"

    def _mixed(
        self, function: Callable[[Array, Array], tuple[Array, ...]], y: Array, raw: Array
    ) -> tuple[Array, ...]:
        """`function` at soft labels, as a mixture of those of both classes where need be."""
        if takes_fractions(self.loss):
            return function(y, raw)
        top = largest(raw)  # the share of a class that a row is not in may be zero
        positive, negative = (
            [clip(x, min=-top, max=top) for x in function(label, raw)]
            for label in (array_namespace(y).ones_like(y), 0 * y)
        )
        return tuple(
            y * one + (1 - y) * other for one, other in zip(positive, negative, strict=True)
        )

    def _value(self, y: Array, raw: Array) -> Array:
        (value,) = self._mixed(lambda y, raw: (self.loss._pointwise_value(y, raw),), y, raw)
        return array_namespace(raw).sum(value, axis=-1)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        gradient, hessian = self._mixed(self.loss._pointwise_derivatives, y, raw)
        return gradient, hessian

    def _init_scores(self, rows: NumpyArray, weight: NumpyArray) -> NumpyArray:
        labels, twice = np.repeat([1.0, 0.0], len(rows)), np.tile(weight, 2)
        shares = (np.concatenate([column, 1 - column]) for column in rows.T)
        return np.asarray([self.loss._init_score(labels, twice * share) for share in shares])
