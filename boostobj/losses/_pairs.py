"""Sums over all ordered pairs of a group, without holding them all at once.

A pair is an upper and a lower row of one group, the upper with the larger label, and its loss is a
function of ``u = margin - upper score + lower score``. Groups of usual sizes are summed pair by
pair, many groups at a time: in the order of labels, rows that are so many places apart are two
slices of one array.

Large groups take O(n log² n) time, for losses of the form ::

    max(0, u) + sum(coefficient[k] * exp(-rate[k] * |u|) for k in ...)

Where a pivot lies between ``upper score - margin`` and ``lower score``, the distance ``|u|`` is the
sum of both distances to the pivot, and the exponential a product of a number of the upper and one
of the lower row. So rows are halved by score, and halved again: pairs whose rows fall into
different halves are summed by running sums in the order of labels, those within a small block pair
by pair. Distances are never negative, so that nothing overflows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from boostobj._typing import NumpyArray

#: Rows of the largest group that is summed pair by pair; about here either way takes as long.
LARGEST_DIRECT = 1000

#: Upper and lower rows of a block of a large group that is summed pair by pair.
BLOCK = 512

#: Rows of the groups that are summed at a time, so few that their arrays stay in the cache.
BATCH = 16384


@dataclass(frozen=True)
class PairKernel:
    """What is summed over pairs: their loss, or derivatives of it.

    Attributes
    ----------
    margin : float
        By how much an upper score shall exceed a lower one.
    orders : tuple of int
        0 for the value, 1 for the derivative by ``u``, 2 for the Hessian.
    exact : callable
        New arrays of these at the given ``u``.
    decays : callable
        One after the other, the k exponentials of minus a distance.
    coefficients : ndarray of shape (len(orders), k)
        Coefficients of the exponentials in each order, for the derivative times ``sign(u)``.
    beyond : float
        Factor of the Hessian where ``u < 0``. `exact` includes it, `coefficients` do not.
    """

    margin: float
    orders: tuple[int, ...]
    exact: Callable[[NumpyArray], tuple[NumpyArray, ...]]
    decays: Callable[[NumpyArray], Iterator[NumpyArray]]
    coefficients: NumpyArray
    beyond: float = 1.0

    @property
    def upper_signs(self) -> list[int]:
        """Signs of the derivatives by an upper score, which lowers ``u``."""
        return [(-1) ** order for order in self.orders]


def pair_sums(
    y: NumpyArray, score: NumpyArray, sizes: NumpyArray, kernel: PairKernel
) -> tuple[NumpyArray, NumpyArray]:
    """Sum over the pairs of each row.

    Parameters
    ----------
    y, score : ndarray of shape (n,)
        Labels and scores.
    sizes : ndarray of int
        Sizes of the consecutive groups.
    kernel : PairKernel
        What is summed.

    Returns
    -------
    sums : ndarray of shape (len(orders), n)
        Values, or derivatives by the row's own score.
    pairs : ndarray of shape (len(sizes),)
        How many pairs each group has.
    """
    sums = np.empty((len(kernel.orders), len(score)))
    pairs = np.empty(len(sizes))
    starts = np.cumsum(sizes) - sizes
    # A group is a column of its batch; of those of about one size, few places stay empty.
    by_size = np.argsort(sizes, kind="stable")[::-1]
    while len(by_size):
        m = sizes[by_size[0]]
        columns, sum_up = max(1, BATCH // m), _sum_directly
        if m > LARGEST_DIRECT:
            columns, sum_up = 1, _sum_by_halves
        batch, by_size = np.split(by_size, [columns])
        place = np.arange(m)[:, None]
        inside = place < sizes[batch]
        rows = np.minimum(starts[batch] + place, len(score) - 1)
        order = np.argsort(np.where(inside, y[rows], np.inf), axis=0, kind="stable")
        rows = np.take_along_axis(rows, order, axis=0)
        # A row is the upper one in pairs with all rows before the first of its own label.
        is_first = y[rows] != np.roll(y[rows], 1, axis=0)
        below = np.where(inside, np.maximum.accumulate(np.where(is_first, place, 0)), 0)
        pairs[batch] = below.sum(axis=0)
        sums[:, rows[inside]] = sum_up(below, score[rows], kernel)[:, inside]
    return sums, pairs


def _sum_directly(below: NumpyArray, score: NumpyArray, kernel: PairKernel) -> NumpyArray:
    """Sums of groups in columns, whose row i forms pairs with the ``below[i]`` first ones."""
    sums = np.zeros((len(kernel.orders), *score.shape))
    reach = score - kernel.margin
    nearest = np.arange(len(score))[:, None] - below
    for shift in range(1, len(score)):
        lower, upper = np.s_[:-shift], np.s_[shift:]
        is_pair = (nearest[upper] < shift).astype(np.float64)
        parts = kernel.exact(score[lower] - reach[upper])
        for total, part, sign in zip(sums, parts, kernel.upper_signs, strict=True):
            np.multiply(part, is_pair, out=part)
            total[lower] += part
            total[upper] += sign * part
    return sums


def _sum_by_halves(below: NumpyArray, score: NumpyArray, kernel: PairKernel) -> NumpyArray:
    """The same as `_sum_directly` for one column."""
    below, score, shape = below[:, 0], score[:, 0], score.shape
    n = len(score)
    above = np.searchsorted(below, np.arange(n), side="right")
    reach = score - kernel.margin
    key = np.concatenate([score, reach])
    # Of equal keys lower rows go first, so that u > 0 where the upper row does.
    by_key = np.argsort(key, kind="stable")
    rank = np.empty(2 * n, dtype=np.int64)
    rank[by_key] = np.arange(2 * n)
    sums = np.zeros((len(kernel.orders), n))
    signs = np.asarray(kernel.upper_signs)[:, None]
    blocks = [(np.arange(n), np.arange(n), 0, 2 * n)]
    while blocks:
        lower, upper, start, end = blocks.pop()
        if end - start <= BLOCK:
            is_pair = lower[:, None] < below[upper]
            parts = np.stack(kernel.exact(score[lower, None] - reach[upper])) * is_pair
            sums[:, lower] += parts.sum(axis=2)
            sums[:, upper] += signs * parts.sum(axis=1)
            continue
        middle = (start + end) // 2
        pivot = key[by_key[middle]]
        left, upper_left = rank[lower] < middle, rank[n + upper] < middle
        lowers, uppers = (lower[left], lower[~left]), (upper[upper_left], upper[~upper_left])
        blocks += [(lowers[0], uppers[0], start, middle), (lowers[1], uppers[1], middle, end)]
        for lower, upper, side in (lowers[1], uppers[0], 1), (lowers[0], uppers[1], -1):
            before = np.searchsorted(lower, below[upper])
            behind = len(upper) - np.searchsorted(upper, above[lower])
            to_lower, to_upper = (np.zeros((len(sums), len(rows))) for rows in (lower, upper))
            distances = np.abs(score[lower] - pivot), np.abs(reach[upper] - pivot)
            for weights, x, z in _products(kernel, *distances, side):
                to_lower += weights * (x * _first_sums(z[::-1], behind))
                to_upper += weights * (z * _first_sums(x, before))
            sums[:, lower] += to_lower
            sums[:, upper] += signs * to_upper
    return sums.reshape(-1, *shape)


def _products(
    kernel: PairKernel, lower: NumpyArray, upper: NumpyArray, side: int
) -> Iterator[tuple[NumpyArray, NumpyArray, NumpyArray]]:
    """What a pair at ``u = side * (lower + upper)`` adds up: weights in each order, two factors."""
    orders = np.asarray(kernel.orders)[:, None]
    if side > 0:
        ones = np.ones_like(lower), np.ones_like(upper)
        if 0 in orders:
            yield orders == 0, lower, ones[1]
            yield orders == 0, ones[0], upper
        if 1 in orders:
            yield orders == 1, *ones
    factors = {0: 1.0, 1: side, 2: 1.0 if side > 0 else kernel.beyond}
    signed = np.asarray([[factors[order]] for order in kernel.orders]) * kernel.coefficients
    for weights, x, z in zip(signed.T, kernel.decays(lower), kernel.decays(upper), strict=False):
        yield weights[:, None], x, z


def _first_sums(x: NumpyArray, counts: NumpyArray) -> NumpyArray:
    """Sums of the first elements of `x`, as many as each of `counts` says."""
    return np.concatenate([[0.0], np.cumsum(x)]).take(counts)
