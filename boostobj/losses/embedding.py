"""Metric-learning losses: outputs are points whose neighbours shall be alike."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from boostobj._arrays import array_namespace
from boostobj._checks import check_number
from boostobj._domains import Interval
from boostobj._math import clip, saturated
from boostobj._parallel import by_row
from boostobj._typing import Array, NumpyArray
from boostobj.groups import GroupLoss

#: How far points are scattered around a constant start, in units of the embedding.
_SCATTER = 0.3

#: Squared length that counts beside that of the vector along which a row moves, in units of the
#: margin: it keeps steps finite where points nearly coincide.
_SHORTEST = 0.1


class EmbeddingLoss(GroupLoss):
    """A loss of consecutive pairs or triplets of rows with k outputs each.

    Rows follow each other tuple by tuple; groups of whole tuples keep these together in
    `xgboost.cv`, and in `lightgbm.cv` with ``folds=GroupKFold()``. Set ``num_class`` to k in the
    booster's parameters, and ``metric="None"`` in `LGBMRegressor`, whose own metric knows one
    output only. The value of each row is the loss of its tuple, so that the mean over rows is the
    mean over tuples. Link: identity; the raw predictions are the embedding.

    Where all points coincide, as they do before the first tree, nothing says in which direction
    to move: the loss is stationary. A booster then gets the derivatives at points scattered around
    the common one, the same in every run, so that the first trees differ between rows.
    """

    unit_curvature = True
    margin: float
    #: Rows of a tuple.
    tuple_size: ClassVar[int]

    @property
    @abstractmethod
    def _unit(self) -> float:
        """The length that `margin` gives to the embedding."""

    @abstractmethod
    def _value(self, y: Array, points: Array) -> Array:
        """The loss (t,) of tuples with targets `y` (t, size) and `points` (t, size, k)."""

    @abstractmethod
    def _gradient_hessian(self, y: Array, points: Array) -> tuple[Array, Array]:
        """Gradient and Hessian of the loss by `points`, both (t, size, k)."""

    def _aligned(self, y: Array, raw: Array) -> Array:
        name = type(self).__name__
        if raw.ndim != 2:
            raise ValueError(
                f"{name}: raw_prediction must have shape (n, k), got {tuple(raw.shape)}; "
                "set num_class to the number of outputs in the booster's parameters"
            )
        if y.ndim != 1 or y.shape[0] != raw.shape[0]:
            raise ValueError(
                f"{name}: y_true must have shape ({raw.shape[0]},), got {tuple(y.shape)}"
            )
        self._domain.check(y, "y_true", name)
        return y

    def _group_value(self, y: Array, raw: Array, sizes: NumpyArray) -> Array:
        (value,) = self._by_tuple(lambda y, points: (self._value(y, points),), y, raw, sizes)
        return array_namespace(raw).repeat(value, self.tuple_size)

    def _group_derivatives(self, y: Array, raw: Array, sizes: NumpyArray) -> tuple[Array, Array]:
        def of_rows(y: Array, points: Array) -> tuple[Array, Array]:
            gradient, hessian = self._gradient_hessian(y, points)
            # Each row of a tuple carries its loss.
            return self.tuple_size * gradient, self.tuple_size * hessian

        gradient, hessian = self._by_tuple(of_rows, y, raw, sizes)
        reshape = array_namespace(raw).reshape
        return reshape(gradient, raw.shape), reshape(hessian, raw.shape)

    def _by_tuple(
        self,
        function: Callable[[Array, Array], tuple[Array, ...]],
        y: Array,
        raw: Array,
        sizes: NumpyArray,
    ) -> tuple[Array, ...]:
        """`function` of targets (t, size) and points (t, size, k)."""
        (n, k), size = raw.shape, self.tuple_size
        broken = sizes[sizes % size > 0]
        if broken.size:
            raise ValueError(
                f"{type(self).__name__}: each group, by default one of all rows, must be made of "
                f"tuples of {size} rows, got a group of {broken[0]} rows"
            )
        xp = array_namespace(raw)

        def rounded(y: Array, points: Array) -> tuple[Array, ...]:
            # products of margins are large
            double = (xp.astype(x, xp.float64) for x in (y, points))
            return tuple(saturated(x, raw) for x in function(*double))

        return by_row(
            rounded, xp.reshape(y, (n // size, size)), xp.reshape(raw, (n // size, size, k))
        )

    def _round_derivatives(self, y: Array, raw: Array, sizes: NumpyArray) -> tuple[Array, Array]:
        if np.all(raw == raw[:1]):
            scatter = np.random.default_rng(0).standard_normal(raw.shape)
            scatter *= _SCATTER * self._unit / np.sqrt(raw.shape[1])
            raw = raw + scatter.astype(raw.dtype)
        return self._group_derivatives(y, raw, sizes)


@dataclass(frozen=True)
class Triplet(EmbeddingLoss):
    """Triplet loss of similarities: an anchor is closer to its like than to its unlike.

    Domain: rows in the order anchor, positive, negative; margins (n, k) real; `y_true` (n,), finite
    and not looked at. Similarity is the dot product, so start from zero, which for XGBoost is
    ``base_score=0``. Link: identity.
    Curvature: smoothed. The hinge of ``u = margin - anchor·positive + anchor·negative`` is
    majorised by a parabola of curvature ``1/(2|u|)`` in u; a row that moves u at the rate of the
    vector v gets ``9 (v·v + margin/10)/(2|u| + margin)`` in each coordinate: three times as much,
    as three rows move at once, of a loss of three rows.

    Parameters
    ----------
    margin : float, default=1.0
        By how much the similarities shall differ, > 0. It sets the scale of the embedding.

    Raises
    ------
    TypeError
        If `margin` is not a number.
    ValueError
        If `margin` is not finite and > 0.

    References
    ----------
    Weinberger, Saul (2009). Distance metric learning for large margin nearest neighbor
    classification. JMLR 10.
    Chechik, Sharma, Shalit, Bengio (2010). Large scale online learning of image similarity through
    ranking. JMLR 11.
    """

    margin: float = 1.0

    formula = (
        "max(0, margin - sum(a*b for a, b in zip(anchor, positive))"
        " + sum(a*b for a, b in zip(anchor, negative)))"
    )
    curvature = "smoothed"
    tuple_size = 3

    def __post_init__(self) -> None:
        check_number(self, "margin", low=0)

    @classmethod
    def examples(cls) -> tuple[Triplet, ...]:
        """The default and a small margin."""
        return cls(), cls(margin=0.3)

    @property
    def _unit(self) -> float:
        return math.sqrt(self.margin)

    def _excess(self, points: Array) -> Array:
        """``u`` of each triplet."""
        xp = array_namespace(points)
        anchor, difference = points[:, 0, :], points[:, 2, :] - points[:, 1, :]
        return self.margin + xp.sum(anchor * difference, axis=-1)

    def _value(self, y: Array, points: Array) -> Array:
        return clip(self._excess(points), min=0)

    def _gradient_hessian(self, y: Array, points: Array) -> tuple[Array, Array]:
        xp = array_namespace(points)
        u = self._excess(points)[:, None, None]
        anchor, positive, negative = (points[:, i, :] for i in range(3))
        rate = xp.stack([negative - positive, -anchor, anchor], axis=1)
        active = xp.astype(u > 0, points.dtype)
        square = xp.sum(rate**2, axis=-1, keepdims=True) + _SHORTEST * self.margin
        hessian = 3 * square / (2 * xp.abs(u) + self.margin)
        return active * rate, hessian + xp.zeros_like(rate)


@dataclass(frozen=True)
class Contrastive(EmbeddingLoss):
    """Contrastive loss of a siamese pair: like points attract, unlike ones keep a distance.

    Domain: rows in pairs; `y_true` (n,), in [0, 1], 0 for a pair that is alike and 1 for one that
    is not, the same in both rows; margins (n, k) real. Link: identity. ``distance`` in the formula
    is the Euclidean one between the points of the pair.
    Curvature: the majoriser 4, or ``4 (margin/distance)**2`` for an unlike pair beyond the margin,
    in each coordinate of either point: twice the curvature by distance, as both points move, of a
    loss of two rows.

    Parameters
    ----------
    margin : float, default=1.0
        The distance beyond which unlike points no longer repel each other, > 0.

    Raises
    ------
    TypeError
        If `margin` is not a number.
    ValueError
        If `margin` is not finite and > 0.

    References
    ----------
    Hadsell, Chopra, LeCun (2006). Dimensionality reduction by learning an invariant mapping. CVPR.
    """

    margin: float = 1.0

    formula = "(1 - y)*distance**2/2 + y*max(0, margin - distance)**2/2"
    curvature = "majorizer"
    tuple_size = 2
    _domain = Interval(0, 1)

    def __post_init__(self) -> None:
        check_number(self, "margin", low=0)

    @classmethod
    def examples(cls) -> tuple[Contrastive, ...]:
        """The default and a small margin."""
        return cls(), cls(margin=0.3)

    @property
    def _unit(self) -> float:
        return self.margin

    def _aligned(self, y: Array, raw: Array) -> Array:
        y = super()._aligned(y, raw)
        if y.shape[0] % 2 == 0 and array_namespace(y).any(y[::2] != y[1::2]):
            raise ValueError("Contrastive: y_true must be the same in both rows of a pair")
        return y

    def _distance(self, points: Array) -> Array:
        """Distances, (t, 1, 1), which no square over- or underflows."""
        xp = array_namespace(points)
        difference = points[:, :1, :] - points[:, 1:, :]
        largest = xp.max(xp.abs(difference), axis=-1, keepdims=True)
        scale = xp.where(largest > 0, largest, xp.ones_like(largest))
        return largest * xp.sqrt(xp.sum((difference / scale) ** 2, axis=-1, keepdims=True))

    def _value(self, y: Array, points: Array) -> Array:
        distance = self._distance(points)[:, 0, 0]
        unlike = y[:, 0]
        near = clip(self.margin - distance, min=0)
        return (1 - unlike) * distance**2 / 2 + unlike * near**2 / 2

    def _gradient_hessian(self, y: Array, points: Array) -> tuple[Array, Array]:
        xp = array_namespace(points)
        distance = self._distance(points)
        unlike = y[:, :1, None]
        difference = points[:, :1, :] - points[:, 1:, :]
        safe = xp.where(distance > 0, distance, xp.ones_like(distance))
        push = clip(self.margin - distance, min=0) / safe
        one = ((1 - unlike) - unlike * push) * difference
        reach = self.margin / clip(distance, min=self.margin)
        hessian = 2 * ((1 - unlike) + unlike * reach**2)
        return xp.concat([one, -one], axis=1), hessian + xp.zeros_like(points)
