"""Checks of what a loss's methods take and return."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.base import Loss, MarginLoss, MulticlassLoss, PointwiseLoss, ResidualLoss
from boostobj.testing import _families as families
from boostobj.testing._registry import check
from boostobj.testing._trial import DTYPES, Trial, require, rowwise


@check(ResidualLoss, MarginLoss, PointwiseLoss, MulticlassLoss)
def results(trial: Trial) -> None:
    """The methods return new arrays of floats, as many as they got."""
    for dtype in DTYPES:
        y, raw = (x.astype(dtype) for x in families.sample(trial.loss, 30))
        value, derivatives = (
            _handed(trial, method, y, raw)
            for method in (trial.fixed._value, trial.fixed._gradient_hessian)
        )
        require_array("_value", value, dtype, raw.shape[:1])
        got = type(derivatives).__name__
        require(
            isinstance(derivatives, tuple), f"_gradient_hessian must return two arrays, got a {got}"
        )
        require(
            len(derivatives) == 2,
            f"_gradient_hessian must return two arrays, got a tuple of {len(derivatives)}",
        )
        for name, x in zip(("gradient", "Hessian"), derivatives, strict=True):
            require_array(f"_gradient_hessian's {name}", x, dtype, raw.shape)


def _handed(trial: Trial, method: Callable[..., Any], y: NumpyArray, raw: NumpyArray) -> Any:
    """What a method makes of the family's arguments, which it must not write into."""

    def call(y: NumpyArray, raw: NumpyArray) -> Any:
        handed = families.arguments(trial.loss, y, raw)
        for x in handed:
            x.flags.writeable = False
        return method(*handed)

    try:
        return rowwise(call, y, raw)
    except AssertionError as error:
        raise AssertionError(
            f"{error}; `_domain` says what targets are: {trial.loss._domain}"
        ) from error


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
