"""Metrics of the order within groups of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from boostobj._checks import check_choice, check_count
from boostobj._domains import Interval
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.groups import check_group
from boostobj.metrics.base import Metric

__all__ = ["NDCG"]


@dataclass(frozen=True)
class NDCG(Metric):
    """Normalised discounted cumulative gain, averaged over groups.

    Rows of equal score share their places; a group in which nothing is relevant counts as 1, as
    in both engines, which then leave its weight out. The weight of a group is the mean of its
    rows'. `XGBRanker` calls a metric group by group and averages itself.

    Parameters
    ----------
    k : int, optional
        How many places count, by default all of them.
    gain : {"exponential", "linear"}, default="exponential"
        What a row of relevance y is worth: ``2**y - 1``, as in both engines, for y from 0 to 31,
        or y itself, as in scikit-learn, for y >= 0.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `k` is neither an integer nor None.
    ValueError
        If `k` is smaller than 1, or `gain` is neither "exponential" nor "linear".

    References
    ----------
    Järvelin, Kekäläinen (2002). Cumulated gain-based evaluation of IR techniques. ACM TOIS 20(4).
    """

    k: int | None = None
    gain: Literal["exponential", "linear"] = "exponential"
    higher_is_better = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.k is not None:
            check_count(self, "k", low=1)
        check_choice(self, "gain", ("exponential", "linear"))

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        return self._grouped_score(y, y_pred, weight, None)

    def _grouped_score(
        self,
        y: NumpyArray,
        y_pred: NumpyArray,
        weight: NumpyArray | None,
        group: ArrayLike | None,
    ) -> float:
        # scikit-learn's function takes one rectangle of equally long groups
        if y.ndim != 1 or y_pred.ndim != 1:
            raise ValueError(f"{self.name}: y_pred must have shape (n,), got {y_pred.shape}")
        sizes = check_group(group, len(y))
        group_of = np.repeat(np.arange(len(sizes)), sizes)
        place = np.arange(len(y)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        discount = np.where(place < (self.k or len(y)), 1 / np.log2(place + 2), 0)
        gain = self._gain(y)

        order = np.lexsort((-y_pred, group_of))
        ranked = y_pred[order]
        # equal infinities have no difference
        tie = np.cumsum((place == 0) | (ranked != np.roll(ranked, 1))) - 1
        shared = np.bincount(tie, discount) / np.bincount(tie)
        reached = np.bincount(group_of, gain[order] * shared[tie])
        ideal = np.bincount(group_of, gain[np.lexsort((-gain, group_of))] * discount)
        score = np.divide(reached, ideal, out=np.ones_like(ideal), where=ideal > 0)
        return float(
            np.average(
                score, weights=None if weight is None else np.bincount(group_of, weight) / sizes
            )
        )

    def _gain(self, y: NumpyArray) -> NumpyArray:
        """What each row is worth."""
        if self.gain == "linear":
            Interval(0).check(y, "y_true", self.name)
            return y
        try:
            Interval(0, 31).check(y, "y_true", self.name)
        except ValueError as error:
            raise ValueError(f'{error}; other targets need NDCG(gain="linear")') from None
        return np.exp2(y) - 1
