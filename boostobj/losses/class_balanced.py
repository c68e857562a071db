"""Weights of classes by their effective numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from boostobj._arrays import array_namespace, as_array_like
from boostobj._checks import check_number, check_numbers
from boostobj._domains import Domain
from boostobj._formulas import spelled_out
from boostobj._math import clip
from boostobj._typing import Array, NumpyArray
from boostobj.base import Loss, MulticlassLoss, PointwiseLoss, Sample
from boostobj.links import Link
from boostobj.losses._wrapping import (
    MadeOfLosses,
    OutlinedFormula,
    check_two_class,
    formula_of_rows,
)
from boostobj.losses.logistic import Logistic
from boostobj.losses.softmax import Softmax


@dataclass(frozen=True, repr=False)
class ClassBalanced(MadeOfLosses, Loss):
    """A classification loss whose rows weigh the more the rarer their class.

    The weight of class c is ``(1 - beta)/(1 - beta**counts[c])``, one over the effective number
    of its rows, times a constant that makes the weights of all classes sum to their number.
    Around a loss of k classes this is a loss of k classes too.

    Domain, link and curvature: those of `loss`. Probabilities are those among the weighted rows.

    Parameters
    ----------
    loss : Loss
        A two-class loss or a `MulticlassLoss`.
    counts : sequence of k numbers
        Rows of each class in training, such as ``numpy.bincount(y)``, > 0.
    beta : float, default=0.999
        From 0, all classes alike, to less than 1, where weights approach ``1/counts``.

    Raises
    ------
    TypeError
        If `loss` is not a loss of classes, `counts` is not a sequence of numbers, or `beta` is not
        a number.
    ValueError
        If `counts` does not hold two or more finite numbers > 0, as many as the classes, or `beta`
        is not from 0 to less than 1.

    References
    ----------
    Cui, Jia, Lin, Song, Belongie (2019). Class-balanced loss based on effective number of
    samples. CVPR.
    """

    loss: Any
    counts: Sequence[float]
    beta: float = 0.999

    formula = OutlinedFormula("weights[y]*loss(y, raw)")
    _title: ClassVar[str] = "ClassBalanced"

    def __new__(cls, loss: Any = None, counts: Any = None, beta: float = 0.999) -> Self:
        """Make an object of the family of `loss`."""
        family = MulticlassClassBalanced if isinstance(loss, MulticlassLoss) else TwoClassBalanced
        if cls not in (ClassBalanced, TwoClassBalanced, MulticlassClassBalanced):
            raise TypeError(f"{cls.__name__}: ClassBalanced cannot be subclassed")
        if not issubclass(family, cls):  # `dataclasses.replace` with a loss of the other family
            return ClassBalanced(loss, counts, beta)  # type: ignore[return-value]
        return object.__new__(family)  # type: ignore[return-value]

    def __reduce__(self) -> tuple[Any, ...]:
        return ClassBalanced, (self.loss, self.counts, self.beta)

    def __repr__(self) -> str:
        return f"ClassBalanced(loss={self.loss!r}, counts={self.counts!r}, beta={self.beta!r})"

    @property
    def name(self) -> str:
        """The name for `get_loss`."""
        return "class_balanced"

    def __post_init__(self) -> None:
        check_numbers(self, "counts", length=2)
        check_number(self, "beta", low=0, high=1, closed=True)
        if self.beta == 1:
            raise ValueError("ClassBalanced: beta must be < 1, got 1.0")

    @classmethod
    def examples(cls) -> tuple[ClassBalanced, ...]:
        """Around a loss of two classes, and one of three."""
        return (
            cls(Logistic(), counts=(900, 100)),
            cls(Softmax(), counts=(500, 300, 20)),
        )

    @property
    def losses(self) -> tuple[Any]:
        """The loss of each row."""
        return (self.loss,)

    @property
    def link(self) -> Link:
        """That of `loss`."""
        link: Link = self.loss.link
        return link

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each class."""
        # of few rows, 1 - beta**count has no digits
        rate = math.log(self.beta) if self.beta > 0 else -math.inf
        weights = [(self.beta - 1) / math.expm1(rate * count) for count in self.counts]
        return tuple(len(weights) * weight / sum(weights) for weight in weights)

    def _adapted(self, sample: Sample) -> Self:
        return replace(self, loss=self.loss._adapted(sample))

    def _weight(self, y: Array) -> Array:
        """The weight of each row."""
        raise NotImplementedError

    def _value(self, y: Array, raw: Array) -> Array:
        return self._weight(y) * self.loss._pointwise_value(y, raw)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        weight = self._weight(y)
        gradient, hessian = self.loss._pointwise_derivatives(y, raw)
        return weight * gradient, weight * hessian


class TwoClassBalanced(ClassBalanced, PointwiseLoss):
    """`ClassBalanced` of a two-class loss."""

    def __post_init__(self) -> None:
        check_two_class(self, "a loss of two or k classes")
        super().__post_init__()
        if len(self.counts) != 2:
            raise ValueError(
                f"ClassBalanced: counts must hold 2 numbers for {self.loss!r}, got {self.counts!r}"
            )

    @property
    def _domain(self) -> Domain:
        domain: Domain = self.loss._domain
        return domain

    def _spelled_out(self) -> str:
        negative, positive = self.weights
        weight = f"({negative!r}*(1 - max(y, 0)) + {positive!r}*max(y, 0))"
        return f"{weight}*{formula_of_rows(self.loss)}"

    def _weight(self, y: Array) -> Array:
        negative, positive = self.weights
        share = clip(y, min=0.0)
        return negative * (1 - share) + positive * share

    def _init_score(self, y: NumpyArray, weight: NumpyArray) -> float:
        return float(self.loss._init_score(y, weight * self._weight(y)))


class MulticlassClassBalanced(ClassBalanced, MulticlassLoss):
    """`ClassBalanced` of a loss of k classes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss.n_classes not in (None, len(self.counts)):
            raise ValueError(
                f"ClassBalanced: counts must hold {self.loss.n_classes} numbers for "
                f"{self.loss!r}, got {self.counts!r}"
            )

    @property
    def n_classes(self) -> int:  # type: ignore[override]
        """As many as there are counts."""
        return len(self.counts)

    @property
    def coupled_outputs(self) -> bool:  # type: ignore[override]
        """As `loss` wants it."""
        return bool(self.loss.coupled_outputs)

    def _spelled_out(self) -> str:
        weights = f"sum(y_c*w_c for y_c, w_c in zip(y, {list(self.weights)!r}))"
        return f"{weights}*{spelled_out(self.loss)}"

    def _weight(self, y: Array) -> Array:
        xp = array_namespace(y)
        return xp.sum(y * as_array_like(self.weights, y), axis=-1)

    def _gradient_hessian(self, y: Array, raw: Array) -> tuple[Array, Array]:
        weight = self._weight(y)[:, None]
        gradient, hessian = self.loss._gradient_hessian(y, raw)
        return weight * gradient, weight * hessian

    def _init_scores(self, rows: NumpyArray, weight: NumpyArray) -> NumpyArray:
        return np.asarray(self.loss._init_scores(rows, weight * self._weight(rows)))


for _family in (TwoClassBalanced, MulticlassClassBalanced):
    # what `help` of an object shows
    _family.__doc__ = ClassBalanced.__doc__
