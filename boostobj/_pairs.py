"""Sums over all ordered pairs of a group in O(n log² n) time, without forming the pairs.

A pair is an upper and a lower row of one group, the upper with the larger label, and its loss is a
function of ``u = margin - upper score + lower score``::

    max(0, u) + sum(coefficient[k] * exp(-rate[k] * |u|) for k in ...)

The exponentials make it smooth. They also make it separable: where a pivot lies between ``upper
score - margin`` and ``lower score``, the distance ``|u|`` is the sum of both distances to the
pivot, and the exponential a product of a number of the upper and one of the lower row. So rows are
halved by score, and halved again: at each step pairs whose rows fall into different halves are
summed by running sums in the order of labels. Distances are never negative, so that nothing
overflows, at any score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from boostobj._typing import NumpyArray


@dataclass(frozen=True)
class PairKernel:
    """The part of a pair's loss that is a sum of exponentials of ``-|u|``.

    Attributes
    ----------
    decays : callable
        The exponentials of minus ``distance``, shape (m,), as an array of shape (k, m).
    coefficients : ndarray of shape (3, k)
        Coefficients of the exponentials in the value, in ``sign(u)`` times the derivative by
        ``u``, and in the Hessian. Without any, k = 0, the loss is ``max(0, u)``.
    """

    decays: Callable[[NumpyArray], NumpyArray]
    coefficients: NumpyArray


def pair_sums(
    y: NumpyArray, score: NumpyArray, sizes: NumpyArray, margin: float, kernel: PairKernel
) -> tuple[NumpyArray, NumpyArray]:
    """Sum value, derivative by ``u`` and Hessian over the pairs of each row.

    Parameters
    ----------
    y, score : ndarray of shape (n,)
        Labels and scores.
    sizes : ndarray of int
        Sizes of the consecutive groups.
    margin : float
        By how much an upper score shall exceed a lower one.
    kernel : PairKernel
        The smooth part of the loss.

    Returns
    -------
    upper, lower : ndarray of shape (3, n)
        The sums over the pairs in which the row is the upper and the lower one.
    """
    n = len(score)
    # Every row appears twice, as an upper and as a lower one, and pairs join one of either kind.
    key = np.concatenate([score - margin, score])
    is_upper = np.repeat([True, False], n)
    group = np.tile(np.repeat(np.arange(len(sizes)), sizes), 2)
    first = 2 * np.tile(np.repeat(np.cumsum(sizes) - sizes, sizes), 2)
    last = first + 2 * np.tile(np.repeat(sizes, sizes), 2)
    # At equal keys u is zero, which is no loss: a lower row goes before an upper one.
    by_key = np.lexsort((is_upper, key, group))
    sorted_key = key[by_key]
    rank = np.empty(2 * n, dtype=np.int64)
    rank[by_key] = np.arange(2 * n)
    rank -= first
    # Of equal labels none is larger: uppers go before lowers.
    order = np.lexsort((~is_upper, np.tile(y, 2), group))

    smooth = kernel.coefficients.size > 0
    sums = np.zeros((3, 2 * n))
    for bit in reversed(range(int(2 * sizes.max(initial=1) - 1).bit_length())):
        half = 1 << bit
        # A block of ranks takes as many places in `order` as it has ranks, and the same ones.
        r, uppers = rank[order], is_upper[order]
        start = first[order] + (r >> (bit + 1) << (bit + 1))
        end = np.minimum(start + 2 * half, last[order])
        right = (r & half) != 0
        distance = np.abs(key[order] - sorted_key[np.minimum(start + half, 2 * n - 1)])
        for missed in (True, False) if smooth else (True,):
            masks = uppers & (right != missed), ~uppers & (right == missed)
            places = [np.flatnonzero(mask) for mask in masks]
            before = [np.concatenate([[0], np.cumsum(mask)]) for mask in masks]
            distances = [distance[at] for at in places]
            decays = [kernel.decays(x) for x in distances]
            for here, there in ((0, 1), (1, 0)):
                at = places[here]
                # lower labels come before, higher ones behind
                bounds = (start[at], at) if here == 0 else (at, end[at])
                low, high = (before[there][bound] for bound in bounds)
                part = np.zeros((3, len(at)))
                if missed:
                    part[1] = high - low
                    part[0] = part[1] * distances[here] + _range_sums(distances[there], low, high)
                if smooth:
                    reach = _range_sums(decays[there], low, high)
                    signs = np.asarray([[1], [1 if missed else -1], [1]])
                    part += signs * (kernel.coefficients @ (decays[here] * reach))
                sums[:, order[at]] += part
        # Both halves of a block in the order of labels: a stable partition.
        ones = np.concatenate([[0], np.cumsum(right)])
        ones_before = ones[:-1] - ones[start]
        place = np.where(right, start + half + ones_before, np.arange(2 * n) - ones_before)
        order[place] = order.copy()
    return sums[:, :n], sums[:, n:]


def _range_sums(x: NumpyArray, low: NumpyArray, high: NumpyArray) -> NumpyArray:
    """Sums of ``x[..., low:high]`` for many ranges."""
    running = np.zeros((*x.shape[:-1], x.shape[-1] + 1))
    np.cumsum(x, axis=-1, out=running[..., 1:])
    # take is several times as fast as an index
    return running.take(high, axis=-1) - running.take(low, axis=-1)
