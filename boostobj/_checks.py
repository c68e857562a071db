"""Checks of hyperparameters, of weights, and of targets beside margins."""

from __future__ import annotations

import math

import numpy as np

from boostobj._arrays import array_namespace, as_float, on_host, title
from boostobj._domains import Interval
from boostobj._typing import Array, ArrayLike, NumpyArray


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
    sample_weight: ArrayLike | None, n: int, name: str = "sample_weight", *, some_count: bool = True
) -> NumpyArray | None:
    """Return the weights as a float vector of length `n` of NumPy; None stays None.

    Raises
    ------
    ValueError
        If the length differs, a weight is negative, NaN or infinite, or their sum is infinite, or
        zero where some have to count.
    """
    if sample_weight is None:
        return None
    weight: NumpyArray = as_float(on_host(sample_weight), name)
    if weight.ndim != 1 or weight.shape[0] != n:
        raise ValueError(f"{name} must have shape ({n},), got {tuple(weight.shape)}")
    Interval(0).check(weight, name, "boostobj")
    with np.errstate(over="ignore"):
        total = float(np.sum(weight, dtype=np.float64))
    if total == 0 and some_count:
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


def check_numbers(owner: object, name: str, *, length: int = 1, high: float = math.inf) -> None:
    """Check a hyperparameter that is a sequence of numbers > 0 and store it as a tuple of floats.

    Whole numbers stay integers, so that counts read as counts.

    Raises
    ------
    TypeError
        If it is not a sequence of real numbers.
    ValueError
        If it has fewer than `length` numbers, or one that is not between 0 and `high`.
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
    Interval(0, high, closed_low=False, closed_high=False).check(numbers, name, title(owner))
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
    check_numbers(owner, name, high=1)
    levels = getattr(owner, name)
    if np.any(np.diff(levels) <= 0):
        raise ValueError(f"{title(owner)}: {name} must be increasing, got {levels!r}")


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
