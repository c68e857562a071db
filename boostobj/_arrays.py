"""Checked conversion of what users pass, and what is said of their rows."""

from __future__ import annotations

import math
from datetime import date, time, timedelta
from typing import Any

import numpy as np
from array_api_compat import array_namespace as _array_namespace
from array_api_compat import device, is_array_api_obj, is_numpy_array, to_device
from array_api_compat import numpy as _numpy

from boostobj._typing import Array, ArrayLike, NumpyArray


def array_namespace(x: Array) -> Any:
    """The array API namespace of `x`; NumPy's without a search, as a round has many calls."""
    return _numpy if type(x) is np.ndarray else _array_namespace(x)


def on_host(x: Any) -> Any:
    """An array as one of NumPy's, fetched from a GPU if it lies there; anything else as it is.

    Raises
    ------
    ValueError
        If some of it is masked, which everything else here would overlook.
    """
    if type(x) is np.ndarray:
        return x
    if np.ma.is_masked(x):
        raise ValueError("got a masked array, some of it hidden: fill it, as by x.filled(nan)")
    if is_arrow(x) and not hasattr(x, "columns"):
        return x.to_pandas()  # to NumPy a missing one of a dictionary is its last entry
    if not is_array_api_obj(x) or is_numpy_array(x):
        return x
    try:
        return np.asarray(x)
    except (TypeError, RuntimeError):  # from a GPU on request only
        return np.asarray(to_device(x, "cpu"))


def is_arrow(x: Any) -> bool:
    """Whether it is of pyarrow."""
    return type(x).__module__.startswith("pyarrow.")


def as_array_like(values: Any, x: Array) -> Array:
    """Numbers as an array of the namespace, the precision and the device of `x`."""
    return array_namespace(x).asarray(values, dtype=x.dtype, device=device(x))


def as_float(x: ArrayLike, name: str) -> Array:
    """Return `x` as a floating array of its own namespace; lists and frames become NumPy's.

    Parameters
    ----------
    x : array-like
        float32 and float64 arrays come back as they are, other numbers as float64, among them
        objects such as `decimal.Decimal`.
    name : str
        How the error message calls it.

    Raises
    ------
    TypeError
        If `x` does not consist of real numbers.
    """
    if not is_array_api_obj(x):
        x = np.asarray(x)
    xp = array_namespace(x)
    if x.dtype in (xp.float32, xp.float64):
        return x
    try:
        if _holds_numbers(x):
            return xp.astype(x, xp.float64)
    except (TypeError, ValueError):
        pass  # an object that is no number
    raise TypeError(f"{name} must be an array of numbers, got dtype {x.dtype}")


def _holds_numbers(x: Array) -> bool:
    """Whether `x` holds real numbers, or objects that may be.

    NumPy would read numbers off text and dates as well, and drop imaginary parts.
    """
    if holds_dates(x):  # a duration is an integer to NumPy before 2
        return False
    if getattr(x.dtype, "kind", None) == "O":
        return not any(isinstance(v, str | bytes) for v in x.flat)
    return bool(array_namespace(x).isdtype(x.dtype, ("bool", "integral", "real floating")))


def holds_dates(x: Any) -> bool:
    """Whether an array holds dates, times or durations."""
    kinds = date, time, timedelta, np.datetime64, np.timedelta64
    kind = getattr(x.dtype, "kind", None)
    return kind in ("m", "M") or (kind == "O" and any(isinstance(v, kinds) for v in x.flat))


def as_rows(x: ArrayLike, name: str, owner: object) -> Array:
    """Return `x` as `as_float` does, a number or a vector for each row.

    Raises
    ------
    TypeError
        If `x` does not consist of real numbers.
    ValueError
        If it has no dimension, or more than two.
    """
    x = as_float(x, name)
    if x.ndim not in (1, 2):
        raise ValueError(
            f"{title(owner)}: {name} must have shape (n,) or (n, k), got {tuple(x.shape)}"
        )
    return x


def title(owner: object) -> str:
    """What error messages call a loss, link or metric: its public class, or the expression."""
    return str(getattr(owner, "_title", type(owner).__name__))


def weighted_mean(x: NumpyArray, weight: NumpyArray | None = None) -> Any:
    """The mean of one value a row, or of several by column.

    Each row is divided first: sums of the largest numbers overflow.
    """
    rows = np.ones(len(x)) if weight is None else np.asarray(weight, dtype=np.float64)
    return (rows / np.sum(rows) * x.T).sum(axis=-1)


def weighted_quantile(x: NumpyArray, quantile: float, weight: NumpyArray | None = None) -> float:
    """The quantile of a weighted sample; an interval of minimisers gives its midpoint.

    A row of weight two counts as two rows. For unit weights this is NumPy's
    ``averaged_inverted_cdf``, whose median of an even sample is the usual one.
    """
    # Sums of weights carry rounding errors: a level within these of a step counts as on the step.
    below, above = quantile - 1e-12, quantile + 1e-12
    if weight is None:
        last = len(x) - 1
        low = min(max(math.ceil(below * len(x)) - 1, 0), last)
        high = min(math.floor(above * len(x)), last)
        # NumPy vectorises the search for one place, not that for two; they are neighbours
        x = np.partition(x, high)
        x[low] = np.max(x[: low + 1])
    else:
        weight = np.asarray(weight, dtype=np.float64)
        order = np.argsort(x)
        order = order[weight[order] > 0]
        cumulative = np.cumsum(weight[order])
        last = len(order) - 1
        x = x[order]
        low = min(np.searchsorted(cumulative, below * cumulative[-1], side="left"), last)
        high = min(np.searchsorted(cumulative, above * cumulative[-1], side="right"), last)
    return float(x[low] / 2 + x[high] / 2)
