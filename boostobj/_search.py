"""The best constant of a loss."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

import numpy as np

from boostobj._arrays import weighted_mean
from boostobj._typing import Array, NumpyArray

#: Targets that are tried and constants at equal distances, and groups of rows to try them on.
N_TARGETS = 512
N_EVEN = 65
N_GROUPS = 4096

#: How many of them are followed to their local minimum.
N_BEST = 4


def best_constant(
    value: Callable[[Array, Array], Array],
    y: NumpyArray,
    weight: NumpyArray,
    low: float,
    high: float,
) -> float:
    """The constant between two others that minimises the mean loss.

    Targets (or quantiles of them, where they are many) and constants at equal distances are tried
    on rows put into groups of like targets; a scalar minimiser follows the best of them, and the
    very best on all rows.

    Parameters
    ----------
    value : callable
        The loss of each row, ``value(y, constants)``.
    y, weight : ndarray of shape (n,)
        Targets and non-negative weights.
    low, high : float
        Where to look.

    Returns
    -------
    float
    """
    from scipy.optimize import minimize_scalar  # slow to import, needed for a fit only

    def mean(y: NumpyArray, weight: NumpyArray, constant: float) -> float:
        return float(weighted_mean(value(y, np.full_like(y, constant)), weight))

    def follow(
        y: NumpyArray, weight: NumpyArray, start: float, low: float, high: float
    ) -> tuple[float, float]:
        """The least mean found between two constants, and where."""
        found = [(mean(y, weight, start), start)]
        if low < high:
            # as distances from the start: the minimiser's tolerance is relative
            result = minimize_scalar(
                lambda t: mean(y, weight, start + t),
                bounds=(low - start, high - start),
                method="bounded",
                options={"xatol": 1e-7 * (high - low)},
            )
            found.append((float(result.fun), start + float(result.x)))
        return min(found)

    order = np.argsort(y, kind="stable")
    order = order[weight[order] > 0]
    y, weight = y[order], weight[order]
    inside = y[(low <= y) & (y <= high)]
    # as often as they occur, each once, and those of most weight
    heaviest = y[np.argsort(weight, kind="stable")[-N_TARGETS:]]
    targets = (_thinned(inside), _thinned(np.unique(inside)), heaviest)
    starts = np.unique(np.concatenate([np.linspace(low, high, N_EVEN), *targets]))
    edges = np.unique(np.linspace(0, y.size, min(y.size, N_GROUPS) + 1).astype(int))[:-1]
    group_weight = np.add.reduceat(weight, edges)
    group_y = np.add.reduceat(weight * y, edges) / group_weight
    coarse = np.asarray([mean(group_y, group_weight, start) for start in starts])

    ends = []
    for i in np.argsort(coarse, kind="stable")[:N_BEST]:
        low, high = starts[max(i - 1, 0)], starts[min(i + 1, starts.size - 1)]
        _, end = follow(group_y, group_weight, float(starts[i]), float(low), float(high))
        tried = (end, float(starts[i]))
        ends += [(mean(y, weight, c), c, float(low), float(high)) for c in tried]
    _, end, low, high = min(ends)
    reach = (high - low) / 4
    return follow(y, weight, end, max(low, end - reach), min(high, end + reach))[1]


def _thinned(targets: NumpyArray) -> NumpyArray:
    """Some of the targets, from first to last."""
    last = len(targets) - 1
    return targets[np.unique(np.linspace(0, last, N_TARGETS).astype(int))] if last > 0 else targets


def root(slope: Callable[[float], float], low: float, high: float, moves: int) -> float:
    """Where an increasing function crosses zero, sought outwards from a bracket.

    The bracket moves so many times, each time twice as far. A function that never crosses has its
    minimum at infinity; the search ends ``2**moves - 1`` times the width of the bracket away.
    """
    from scipy.optimize import brentq  # slow to import, needed for a fit only

    slope = cache(slope)  # each is a pass over all rows
    width = max(high - low, 1e-3)
    for step in width * 2.0 ** np.arange(moves):
        if slope(low) > 0:
            low, high = low - step, low
        elif slope(high) < 0:
            low, high = high, high + step
        else:
            break
    if slope(low) > 0:
        return low
    if slope(high) < 0:
        return high
    if low == high or slope(low) == 0 == slope(high):
        return (low + high) / 2
    # to the precision of the root itself: a far outlier makes the bracket as wide as it likes
    return float(brentq(slope, low, high, xtol=sys.float_info.min, rtol=1e-15, maxiter=2000))
