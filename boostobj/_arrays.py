"""Checked conversion of what users pass, and the sets of values that targets may take."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
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
    if getattr(x.dtype, "kind", None) == "O":
        return not (holds_dates(x) or any(isinstance(v, str | bytes) for v in x.flat))
    # a duration is an integer to NumPy before 2
    numbers = array_namespace(x).isdtype(x.dtype, ("bool", "integral", "real floating"))
    return bool(numbers) and not holds_dates(x)


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


def describe_violations(x: Array, allowed: Array) -> str:
    """Name the first offending value and how many there are: ``-1.0 (3 of 10 values)``."""
    bad = on_host(x)[~on_host(allowed)]
    return f"{bad.flat[0]!s} ({bad.size} of {allowed.size} values)"


class Domain(ABC):
    """A set of values that a target or a prediction may take; ``str`` says which."""

    @abstractmethod
    def contains(self, y: Array) -> Array:
        """Elementwise membership; NaN and infinities are never members."""

    def check(self, y: Array, name: str, owner: str) -> None:
        """Raise a ValueError that names `owner`, `name`, the first offender and the set."""
        allowed = self.contains(y)
        if not array_namespace(y).all(allowed):
            raise ValueError(
                f"{owner}: {name} must be {self}, got {describe_violations(y, allowed)}"
            )


@dataclass(frozen=True)
class Interval(Domain):
    """The finite real numbers between two bounds.

    Parameters
    ----------
    low, high : float
        The bounds; infinite ones leave that side open.
    closed_low, closed_high : bool, default=True
        Whether the bounds themselves belong to it.
    """

    low: float = -math.inf
    high: float = math.inf
    closed_low: bool = True
    closed_high: bool = True

    def contains(self, y: Array) -> Array:
        """Elementwise membership; NaN and infinities are never members."""
        xp = array_namespace(y)
        inside = xp.isfinite(y)
        if self.low > -math.inf:
            inside = inside & ((y >= self.low) if self.closed_low else (y > self.low))
        if self.high < math.inf:
            inside = inside & ((y <= self.high) if self.closed_high else (y < self.high))
        return inside

    def __str__(self) -> str:
        if self.high < math.inf:
            left, right = "[" if self.closed_low else "(", "]" if self.closed_high else ")"
            return f"in {left}{self.low:g}, {self.high:g}{right}"
        if self.low > -math.inf:
            return f"finite and {'>=' if self.closed_low else '>'} {self.low:g}"
        return "finite"


@dataclass(frozen=True)
class NonZero(Domain):
    """The finite real numbers but zero."""

    def contains(self, y: Array) -> Array:
        """Elementwise membership; NaN and infinities are never members."""
        return array_namespace(y).isfinite(y) & (y != 0)

    def __str__(self) -> str:
        return "finite and not zero (a positive floor admits zeros)"


@dataclass(frozen=True)
class BinaryLabels(Domain):
    """Two classes, written 0 and 1 or -1 and +1, never mixed."""

    def contains(self, y: Array) -> Array:
        """Membership of each; a 0 is an offender where there is a -1."""
        xp = array_namespace(y)
        negative = -1.0 if xp.any(y == -1) else 0.0
        return (y == 1) | (y == negative)

    def __str__(self) -> str:
        return "labels 0 and 1, or labels -1 and +1"


@dataclass(frozen=True)
class ClassLabels(Domain):
    """Classes 0, 1, …, k-1 as numbers."""

    n_classes: int

    def contains(self, y: Array) -> Array:
        """Elementwise membership."""
        xp = array_namespace(y)
        return (y >= 0) & (y < self.n_classes) & (y == xp.floor(y))

    def __str__(self) -> str:
        return f"class numbers 0 to {self.n_classes - 1}"


def align(
    y: Array, raw: Array, owner: str, name: str = "raw_prediction", *, one_per_row: bool = False
) -> Array:
    """Targets in the shape of the margins.

    A column and, of several targets a row, flat ones are reshaped: XGBoost before 3.2 hands them
    over flat. No others are, since rows and columns may have been exchanged.

    Parameters
    ----------
    y, raw : array
        Targets and margins, or predictions.
    owner, name : str
        How the error message calls the caller and `raw`.
    one_per_row : bool, default=False
        Whether one target, (n,), may stand beside the k margins of a row.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    xp = array_namespace(y)
    if raw.ndim not in (1, 2):
        raise ValueError(f"{owner}: {name} must have shape (n,) or (n, k), got {tuple(raw.shape)}")
    flat = xp.reshape(y, (-1,)) if y.ndim == 2 and y.shape[1] == 1 else y
    if y.shape == raw.shape or (flat.ndim == 1 and flat.size == raw.size):
        return xp.reshape(y, raw.shape)
    if one_per_row and flat.shape == raw.shape[:1]:
        return flat
    raise ValueError(
        f"{owner}: y_true of shape {tuple(y.shape)} does not fit {name} of shape {tuple(raw.shape)}"
    )


def check_outputs(raw: Array, k: int | None, owner: str) -> None:
    """Require k margins a row; None stands for any number from 2 on.

    Raises
    ------
    ValueError
        If there are others.
    """
    if raw.ndim == 2 and raw.shape[1] >= 2 and k in (None, raw.shape[1]):
        return
    raise ValueError(
        f"{owner}: raw_prediction must have shape (n, {k or 'k'}), got {tuple(raw.shape)}; set "
        f"num_class to {k or 'the number of outputs'} in the booster's parameters, and for XGBoost "
        '"objective": "reg:squarederror", whose predict gives margins'
    )


def check_weights(
    sample_weight: ArrayLike | None, n: int, name: str = "sample_weight"
) -> NumpyArray | None:
    """Return the weights as a float vector of length `n` of NumPy; None stays None.

    Raises
    ------
    ValueError
        If the length differs, a weight is negative, NaN or infinite, or their sum is zero or
        infinite.
    """
    if sample_weight is None:
        return None
    weight: NumpyArray = as_float(on_host(sample_weight), name)
    if weight.ndim != 1 or weight.shape[0] != n:
        raise ValueError(f"{name} must have shape ({n},), got {tuple(weight.shape)}")
    Interval(0).check(weight, name, "boostobj")
    with np.errstate(over="ignore"):
        total = float(np.sum(weight, dtype=np.float64))
    if total == 0:
        raise ValueError(f"{name} must have a positive sum, got zeros only, in {weight.dtype}")
    if total == math.inf:
        raise ValueError(f"{name} must have a finite sum, got {total}")
    return weight


def check_number(
    owner: object,
    name: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    closed: bool = False,
) -> None:
    """Check a hyperparameter of a frozen dataclass and store it as a plain float.

    A plain float keeps ``repr`` a round trip when the user passed a NumPy scalar.

    Parameters
    ----------
    owner : object
        The dataclass instance.
    name : str
        The field.
    low, high : float
        Bounds.
    closed : bool
        Whether the bounds themselves are allowed.

    Raises
    ------
    TypeError
        If the value is not a real number.
    ValueError
        If it lies outside the bounds.
    """
    value = getattr(owner, name)
    label = f"{title(owner)}: {name}"
    allowed = Interval(low, high, closed, closed)
    if isinstance(value, bool | str) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{label} must be a number {allowed}, got {value!r}")
    if not allowed.contains(np.asarray(float(value))):
        raise ValueError(f"{label} must be {allowed}, got {value!r}")
    object.__setattr__(owner, name, float(value))


def check_count(owner: object, name: str, *, low: int) -> None:
    """Check a hyperparameter that counts something and store it as a plain int.

    Raises
    ------
    TypeError
        If the value is not an integer.
    ValueError
        If it is smaller than `low`.
    """
    count = as_count(getattr(owner, name), f"{title(owner)}: {name}", low=low)
    object.__setattr__(owner, name, count)


def as_count(value: object, label: str, *, low: int) -> int:
    """Return `value` as a plain int.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is smaller than `low`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{label} must be an integer >= {low}, got {value!r}")
    if value < low:
        raise ValueError(f"{label} must be >= {low}, got {value!r}")
    return int(value)


def check_numbers(owner: object, name: str, *, length: int = 1) -> None:
    """Check a hyperparameter that is a sequence of numbers > 0 and store it as a tuple of floats.

    Whole numbers stay integers, so that counts read as counts.

    Raises
    ------
    TypeError
        If it is not a sequence of real numbers.
    ValueError
        If it has fewer than `length` numbers, or one that is not finite and > 0.
    """
    value = getattr(owner, name)
    label = f"{title(owner)}: {name}"
    try:
        numbers = np.asarray(as_float(value, label), dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(())
    if numbers.ndim != 1:
        raise TypeError(f"{label} must be a sequence of numbers, got {value!r}")
    if len(numbers) < length:
        raise ValueError(f"{label} must hold at least {length} numbers, got {value!r}")
    Interval(0, closed_low=False).check(numbers, name, title(owner))
    plain = tuple(int(x) if x.is_integer() else float(x) for x in numbers.tolist())
    object.__setattr__(owner, name, plain)


def check_levels(owner: object, name: str) -> None:
    """Check a hyperparameter that is a sequence of quantile levels, as `check_numbers` does.

    Raises
    ------
    TypeError
        If it is not a sequence of real numbers.
    ValueError
        If there are none, or they do not increase between 0 and 1.
    """
    check_numbers(owner, name)
    levels = getattr(owner, name)
    if np.any(np.diff(levels) <= 0) or levels[-1] >= 1:
        raise ValueError(
            f"{title(owner)}: {name} must be increasing and between 0 and 1, got {levels!r}"
        )


def check_choice(owner: object, name: str, choices: tuple[str, ...]) -> None:
    """Check a hyperparameter that names one of a few ways.

    Raises
    ------
    ValueError
        If it is none of the choices.
    """
    value = getattr(owner, name)
    if value not in choices:
        allowed = " or ".join(map(repr, choices))
        raise ValueError(f"{title(owner)}: {name} must be {allowed}, got {value!r}")


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
