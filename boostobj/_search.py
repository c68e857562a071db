"""The best constant for a loss that may have many local minima."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from boostobj._typing import Array, NumpyArray

#: Constants that are tried, and groups of rows that they are tried on.
N_STARTS = 512
N_GROUPS = 4096

#: How many of them are followed to their local minimum.
N_BEST = 4


def best_constant(
    value: Callable[[Array, Array], Array], y: NumpyArray, weight: NumpyArray
) -> float:
    """The constant between the least and the largest target that minimises the mean loss.

    Targets (or quantiles of them, where they are many) are tried on rows put into groups of
    like targets; a scalar minimiser follows the best of them, and the very best on all rows.

    Parameters
    ----------
    value : callable
        The loss of each row, ``value(y, constants)``.
    y, weight : ndarray of shape (n,)
        Targets and non-negative weights.

    Returns
    -------
    float
    """
    from scipy.optimize import minimize_scalar  # slow to import, needed for a fit only

    def mean(y: NumpyArray, weight: NumpyArray, constant: float) -> float:
        return float(np.average(value(y, np.full_like(y, constant)), weights=weight))

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
    targets = np.unique(y)
    starts = targets[np.unique(np.linspace(0, targets.size - 1, N_STARTS).astype(int))]
    if starts.size > 1 and y.size > N_STARTS:
        by_rows = y[np.linspace(0, y.size - 1, N_STARTS).astype(int)]
        starts = np.unique(np.concatenate([starts, by_rows]))
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
