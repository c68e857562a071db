"""Labels of classes in the forms that losses compute with."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import device

from boostobj._arrays import array_namespace
from boostobj._domains import Interval, describe_violations
from boostobj._typing import Array, NumpyArray

#: The best margin of a class without rows is minus infinity; it starts as if it had this share.
LEAST_SHARE = 1e-7


def class_side(y: Array, dtype: Any) -> Array:
    """1 for positives, -1 for the others.

    Parameters
    ----------
    y : array of shape (n,)
        Labels 0 and 1, or -1 and +1.
    dtype : dtype
        Of the result.

    Returns
    -------
    array of shape (n,)
    """
    return 2 * array_namespace(y).astype(y > 0, dtype) - 1


def own_margin(y: Array, raw: Array) -> Array:
    """The margin of each row's own class: `raw` for positives, ``-raw`` for the others.

    Parameters
    ----------
    y, raw : array of shape (n,)
        Labels 0 and 1, or -1 and +1, and margins.

    Returns
    -------
    array of shape (n,)
    """
    return class_side(y, raw.dtype) * raw


def one_row_per_class(y: NumpyArray, weight: NumpyArray) -> tuple[NumpyArray, NumpyArray]:
    """Binary targets as one row per class, weighted by its share.

    The mean loss of a constant depends on nothing else. A label between 0 and 1 adds itself to the
    share of the positives, and what is missing to one to that of the negatives.
    """
    positive = np.clip(y, 0, None)
    shares = [np.average(share, weights=weight) for share in (1 - positive, positive)]
    return np.asarray([0.0, 1.0]), np.clip(shares, LEAST_SHARE, None)


def label_rows(y: Array, raw: Array) -> Array:
    """Labels as rows of k probabilities."""
    xp = array_namespace(raw)
    if y.ndim == 2:
        return xp.astype(y, raw.dtype)
    classes = xp.arange(raw.shape[1], dtype=y.dtype, device=device(y))
    # contiguous columns, as the engine's chunks have
    return xp.permute_dims(xp.astype(classes[:, None] == y[None, :], raw.dtype), (1, 0))


def check_probability_rows(rows: Array, name: str, owner: str) -> None:
    """Check that an argument consists of rows of class probabilities.

    Raises
    ------
    ValueError
        If they are not.
    """
    xp = array_namespace(rows)
    Interval(0, 1).check(rows, name, owner)
    total = xp.sum(rows, axis=1)
    allowed = xp.abs(total - 1) <= 1e-4
    if not xp.all(allowed):
        raise ValueError(
            f"{owner}: each row of {name} must sum to 1, got {describe_violations(total, allowed)}"
        )
