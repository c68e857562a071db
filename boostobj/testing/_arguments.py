"""Checks that a loss leaves its arguments alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.base import Loss
from boostobj.testing import _families as families
from boostobj.testing._registry import check
from boostobj.testing._trial import DTYPES, Trial, require


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
