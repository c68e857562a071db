"""Checks of what a loss refuses."""

from __future__ import annotations

import numpy as np

from boostobj.testing import _families as families
from boostobj.testing._arguments import calls
from boostobj.testing._registry import check
from boostobj.testing._trial import Trial, require_error


@check(groups=True)
def errors(trial: Trial) -> None:
    """Wrong targets, weights and shapes raise a ValueError that names the argument."""
    loss = trial.loss
    y, raw = families.sample(loss, 24)
    for wrong in families.wrong_targets(loss):
        bad = y.copy()
        bad[7] = wrong
        for name, call in calls(loss, bad, raw, None).items():
            require_error(call, "y_true", f"{name} for target {wrong}")
    for wrong in (-1.0, np.nan, np.inf):
        weight = np.ones(24)
        weight[7] = wrong
        for name in ("callback", "metric", "init_score"):
            call = calls(loss, y, raw, weight)[name]
            require_error(call, "sample_weight", f"{name} for weight {wrong}")
    for name in ("callback", "metric", "init_score"):
        call = calls(loss, y, raw, np.ones(23))[name]
        require_error(call, "sample_weight", f"{name} for 23 weights of 24 rows")
    for name in ("value", "gradient_hessian", "callback", "metric"):
        call = calls(loss, y[:23], raw, None)[name]
        require_error(call, "y_true", f"{name} for 23 targets of 24 rows")
    margins = raw.copy()
    margins[7] = np.nan
    for name in ("gradient_hessian", "callback"):
        call = calls(loss, y, margins, None)[name]
        require_error(call, "raw_prediction", f"{name} for a margin of nan")
