"""The rows that a loss adapts to, and those of other workers."""

from __future__ import annotations

from copy import copy
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
from array_api_compat import device

from boostobj._arrays import array_namespace, on_host, weighted_quantile
from boostobj._math import clip, largest
from boostobj._typing import Array, NumpyArray

#: The number of rows that scales are estimated from, to within 1 or 2 %.
SAMPLE_ROWS = 1 << 14


class Cluster:
    """The workers that train one booster together; this one is alone."""

    def sum_over_workers(self, sums: NumpyArray) -> NumpyArray:
        """Add up what each worker knows; alone, there is nothing to add."""
        return sums

    def from_all_workers(self, x: NumpyArray) -> NumpyArray:
        """The vectors of all workers, one behind the other."""
        return x

    def is_alone(self) -> bool:
        """Whether there is no other."""
        return True


ALONE = Cluster()


class Sample:
    """The rows of one boosting round, as a loss that adapts to them sees them.

    Of many rows it holds some: a scale needs no more, and reading it off a million rows would
    take as long as growing a tree. These are spread over all rows, at random within equal shares
    of their weight, so that neither the order of the rows nor weights of zero do harm, and are
    the same each time.

    Parameters
    ----------
    y, raw : array of shape (n,) or (n, k)
        Targets and margins.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    cluster : Cluster
        Who else has rows of this round.
    """

    def __init__(
        self,
        y: Array,
        raw: Array,
        weight: NumpyArray | None = None,
        cluster: Cluster = ALONE,
    ) -> None:
        self._all = y, raw, weight
        self._cluster = cluster

    @property
    def is_complete(self) -> bool:
        """Whether the sample holds all rows, as they are."""
        return bool(self._all[1].shape[0] <= SAMPLE_ROWS)

    @cached_property
    def is_alone(self) -> bool:
        """Whether no other worker has rows of this round."""
        return self._cluster.is_alone()

    def column(self, j: int) -> Sample:
        """The same rows with the margins of the output numbered `j` alone."""
        sample = copy(self)
        sample.y, sample.raw = self.y, self.raw[:, j]
        return sample

    def of(self, x: Array) -> Array:
        """The rows of the sample of any array of all rows."""
        if self.is_complete:
            return x
        xp = array_namespace(x)
        return xp.take(x, xp.asarray(self._chosen, device=device(x)), axis=0)

    @cached_property
    def y(self) -> Array:
        """Targets of the sample."""
        return self.of(self._all[0])

    @cached_property
    def raw(self) -> Array:
        """Margins of the sample."""
        return self.of(self._all[1])

    @cached_property
    def weight(self) -> NumpyArray | None:
        """Weights of the sample; None counts every row the same."""
        # rows are chosen by their weight, and then count the same
        weight = self._all[2] if self.is_complete else None
        if weight is None and not self.is_alone:
            # a worker's rows count for all that it has
            n = min(self._all[1].shape[0], SAMPLE_ROWS)
            return np.full(n, self._here / max(1, n))
        return weight

    @cached_property
    def _chosen(self) -> NumpyArray:
        """Which rows the sample holds."""
        _, raw, weight = self._all
        if weight is None:
            return _spread(raw.shape[0], SAMPLE_ROWS)
        return _spread_by_weight(weight, SAMPLE_ROWS)

    @cached_property
    def _here(self) -> float:
        """The weight of this worker's rows."""
        _, raw, weight = self._all
        return float(raw.shape[0] if weight is None else np.sum(weight, dtype=np.float64))

    @cached_property
    def _count(self) -> float:
        """The weight of all workers' rows, asked for once."""
        return float(self.sum(self._here))

    @cached_property
    def _share(self) -> Any:
        """What a row counts for in a mean: sums of the largest numbers overflow."""
        weight = 1.0 if self.weight is None else np.asarray(self.weight, dtype=np.float64)
        total = self.raw.shape[0] if self.weight is None else np.sum(weight)
        return weight / (self.sum(total) or 1.0)  # no rows have a mean of zero

    def count(self) -> float:
        """How many rows there are; one of weight two is two."""
        return self._count

    def average(self, values: Array) -> Any:
        """Weighted mean of one value a row, or of several by column.

        Parameters
        ----------
        values : array of shape (m,) or (m, k)
            For the m rows of the sample.

        Returns
        -------
        float, or ndarray of shape (k,)
        """
        # in single precision, margins that are all the same differ from their mean by rounding
        values = np.asarray(on_host(values), dtype=np.float64)
        # no product of matrices: BLAS would start threads that get in the engine's way
        means = self.sum((self._share * values.T).sum(axis=-1))
        return means if values.ndim > 1 else float(means)

    def quantile(self, values: Array, quantile: float) -> float:
        """Weighted quantile of one value a row.

        Parameters
        ----------
        values : array of shape (m,)
            For the m rows of the sample.
        quantile : float
            The level.

        Returns
        -------
        float
        """
        values, weight = on_host(values), self.weight
        if not self.is_alone:
            values, weight = map(self._cluster.from_all_workers, (values, weight))
        if len(values) == 0 or (weight is not None and not np.any(weight)):
            return 0.0
        return weighted_quantile(values, quantile, weight)

    @cached_property
    def untied(self) -> float:
        """The share of the rows whose target is not the median, less than half if most share it."""
        return 1 - float(self.average(self.y == self.quantile(self.y, 0.5)))

    def extent(self, distance: Array, quantile: float) -> float:
        """A quantile of distances, or a tenth of their mean if that is larger: many may be zero.

        For the mean, none counts as more than ten times their 0.9 quantile: a few gross outliers
        say nothing about the others. Rows whose target is the median are left out of that quantile:
        nine tenths of the targets may be zero.

        Parameters
        ----------
        distance : array of shape (m,)
            For the m rows of the sample.
        quantile : float
            The level.

        Returns
        -------
        float
        """
        found = self.quantile(distance, quantile)
        if self.average(distance) <= 10 * found:  # nearly always, without another quantile
            return found
        outermost = self.quantile(distance, 1 - self.untied / 10)
        most = min(10 * outermost, largest(distance)) or None
        return max(found, float(self.average(clip(distance, max=most))) / 10)

    def sum(self, here: Any) -> Any:
        """A number of this worker, or several, added up over all workers.

        Parameters
        ----------
        here : float or ndarray
            What this worker knows.

        Returns
        -------
        float or ndarray
        """
        if self.is_alone:
            return here
        sums = np.atleast_1d(np.asarray(here, dtype=np.float64))
        return self._cluster.sum_over_workers(sums).reshape(np.shape(here))


@cache
def _positions(size: int) -> NumpyArray:
    """Numbers in ``[0, 1)``, one at random in each of so many equal shares."""
    return np.asarray((np.arange(size) + np.random.default_rng(0).random(size)) / size)


@lru_cache(maxsize=4)
def _spread(n: int, size: int) -> NumpyArray:
    """`size` of `n` rows."""
    return (_positions(size) * n).astype(np.int64)


def _spread_by_weight(weight: NumpyArray, size: int) -> NumpyArray:
    """`size` rows, each as often as its weight is large."""
    ends = np.cumsum(weight, dtype=np.float64)
    found = np.searchsorted(ends, _positions(size) * ends[-1], side="right")
    return np.asarray(np.minimum(found, len(ends) - 1))  # where none has weight
