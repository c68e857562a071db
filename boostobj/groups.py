"""Losses that see groups of consecutive rows: ranking and metric learning.

A group is a query, a day, a pair or a triplet: rows that are compared with each other and with no
others. It reaches the loss from `xgboost.DMatrix.set_group` or ``qid``, the ``group`` of a
`lightgbm.Dataset` or of `LGBMRanker.fit`; without one, all rows are one group. A subclass writes

- ``_group_value(y, raw, sizes)``, which shares the loss of a group out to its rows, such that the
  weighted mean over rows is the metric, and
- ``_group_derivatives(y, raw, sizes)``, of the sum of all these values by each margin.

``sizes`` counts the rows of each group. A ``formula`` is the mean of the values of a group, with
lists ``y`` and ``raw`` of its targets and margins. Weights belong to groups. Weights that differ
within a group multiply the derivatives of each row, as in LightGBM's own ranking objectives.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from boostobj._arrays import as_float, on_host, title
from boostobj._domains import Interval
from boostobj._loss import in_range
from boostobj._math import saturated
from boostobj._typing import Array, ArrayLike, NumpyArray
from boostobj.base import Loss

__all__ = ["GroupLoss", "check_group"]


def check_group(group: ArrayLike | None, n: int) -> NumpyArray:
    """The sizes of consecutive groups of `n` rows; without groups, the one of all rows.

    Parameters
    ----------
    group : array-like of int, or None
        Sizes, groups without rows among them.
    n : int
        How many rows there are.

    Returns
    -------
    ndarray of int
        Sizes > 0.

    Raises
    ------
    TypeError
        If sizes are no numbers.
    ValueError
        If they are no counts or do not add up to `n`.
    """
    sizes = np.asarray([n] if group is None else as_float(on_host(group), "group"))
    counts = sizes.ndim == 1 and np.all(sizes >= 0) and np.all(sizes == np.floor(sizes))
    if not counts or sizes.sum() != n:
        raise ValueError(
            f"group must hold the sizes of consecutive groups that add up to {n} rows, "
            f"got {group!r}"
        )
    return sizes[sizes > 0].astype(np.int64)


class GroupLoss(Loss):
    """A loss of the rows of a group together, see `boostobj.groups`."""

    joint_outputs = True

    @abstractmethod
    def _group_value(self, y: Array, raw: Array, sizes: NumpyArray) -> Array:
        """Each row's share of the loss, (n,)."""

    @abstractmethod
    def _group_derivatives(self, y: Array, raw: Array, sizes: NumpyArray) -> tuple[Array, Array]:
        """Gradient and Hessian of the sum of the shares by each margin."""

    def value(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, group: ArrayLike | None = None
    ) -> Array:
        """Each row's share of the loss of its group.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Targets.
        raw_prediction : array-like of shape (n,) or (n, k)
            Margins.
        group : array-like of int, optional
            Sizes of consecutive groups, by default one of all rows.

        Returns
        -------
        array of shape (n,)
            The exact loss, never a smoothed one.

        Raises
        ------
        ValueError
            If shapes or groups do not fit or a target lies outside the loss's domain.
        """
        y, raw = self._checked(y_true, raw_prediction)
        return saturated(self._group_value(y, raw, check_group(group, raw.shape[0])), raw)

    def gradient_hessian(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, group: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """First and second derivative of the sum of all values by each margin, unweighted.

        Parameters
        ----------
        y_true, raw_prediction, group : array-like
            As in `value`.

        Returns
        -------
        gradient, hessian : array of the shape of `raw_prediction`
            The Hessian is finite and positive; `curvature` tells what it is.

        Raises
        ------
        ValueError
            As in `value`.
        """
        y, raw = self._checked(y_true, raw_prediction)
        Interval().check(raw, "raw_prediction", title(self))
        sizes = check_group(group, raw.shape[0])
        return in_range(*self._group_derivatives(y, raw, sizes), raw)

    def init_score(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Zero, as good as any constant: only differences of margins within a group matter.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If there are no targets, or a target or a weight is outside its domain.
        """
        y, _ = self._init_rows(y_true, sample_weight)
        self._domain.check(y, "y_true", title(self))
        return 0.0

    def _round_derivatives(self, y: Array, raw: Array, sizes: NumpyArray) -> tuple[Array, Array]:
        """What a booster gets: the derivatives, or a way out where they say nothing."""
        return self._group_derivatives(y, raw, sizes)
