"""Checks of what a loss's methods take and return."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.base import Loss, MarginLoss, MulticlassLoss, PointwiseLoss, ResidualLoss
from boostobj.groups import GroupLoss
from boostobj.testing import _families as families
from boostobj.testing._registry import check
from boostobj.testing._trial import DTYPES, Trial, require, rowwise


@check(ResidualLoss, MarginLoss, PointwiseLoss, MulticlassLoss)
def results(trial: Trial) -> None:
    """The methods return new arrays of floats, as many as they got."""
    fixed: Any = trial.fixed
    for dtype in DTYPES:
        y, raw = (x.astype(dtype) for x in families.sample(trial.loss, 30))
        require_results(
            raw,
            _value=_handed(trial, fixed._value, y, raw),
            _gradient_hessian=_handed(trial, fixed._gradient_hessian, y, raw),
        )


@check(GroupLoss, groups=True)
def group_results(trial: Trial) -> None:
    """The methods of a loss of groups do so, too."""
    loss: Any = trial.loss
    for dtype in DTYPES:
        y, raw = (x.astype(dtype) for x in families.sample(loss, 30))
        rows = read_only([y, raw, np.asarray([12, 18])])
        require_results(
            raw,
            _group_value=loss._group_value(*rows),
            _group_derivatives=loss._group_derivatives(*rows),
        )


def _handed(trial: Trial, method: Callable[..., Any], y: NumpyArray, raw: NumpyArray) -> Any:
    """What a method makes of the family's arguments."""
    return rowwise(
        lambda y, raw: method(*read_only(families.arguments(trial.loss, y, raw))), y, raw
    )


def read_only(arrays: Iterable[NumpyArray]) -> list[NumpyArray]:
    """The arrays, which a method must not write into."""
    kept = [x.view() for x in arrays]
    for x in kept:
        x.flags.writeable = False
    return kept


def require_results(raw: NumpyArray, **returned: Any) -> None:
    """Require that a method returned an array and another one two, as those of the margins."""
    (first, value), (second, derivatives) = returned.items()
    require_array(first, value, raw.dtype, raw.shape[:1])
    got = type(derivatives).__name__
    require(isinstance(derivatives, tuple), f"{second} must return two arrays, got a {got}")
    require(
        len(derivatives) == 2,
        f"{second} must return two arrays, got a tuple of {len(derivatives)}",
    )
    for name, x in zip(("gradient", "Hessian"), derivatives, strict=True):
        require_array(f"{second}'s {name}", x, raw.dtype, raw.shape)


def require_array(what: str, x: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    got = f"{x.dtype} array" if isinstance(x, np.ndarray) else type(x).__name__
    require(
        isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.shape == shape,
        f"{what} must be an array of floats of shape {shape} for {np.dtype(dtype)} arguments, got "
        f"{'an' if got[0] in 'aeiou' else 'a'} {got} of shape {np.shape(x)}",
    )


def calls(
    loss: Loss, y: NumpyArray, raw: NumpyArray, weight: NumpyArray | None
) -> dict[str, Callable[[], Any]]:
    """All that takes rows."""
    return {
        "value": partial(loss.value, y, raw),
        "gradient_hessian": partial(loss.gradient_hessian, y, raw),
        "callback": partial(loss, y, raw, weight),
        "metric": partial(loss.metric, y, raw, weight),
        "init_score": partial(loss.init_score, y, weight),
    }


@check(groups=True)
def inputs_unchanged(trial: Trial) -> None:
    """Nothing writes to what the user passed."""
    for dtype in DTYPES:
        y, raw = (x.astype(dtype) for x in families.sample(trial.loss, 30))
        weight = np.linspace(0.5, 1.5, 30, dtype=dtype)
        passed = {"y_true": y, "raw_prediction": raw, "sample_weight": weight}
        before = {name: x.copy() for name, x in passed.items()}
        for what, call in calls(trial.loss, y, raw, weight).items():
            call()
            for name, x in passed.items():
                require(np.array_equal(x, before[name]), f"{what} changes {name} in place")
