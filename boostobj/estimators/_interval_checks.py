"""What `QuantileIntervalRegressor` checks before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d

from boostobj.estimators._base import (
    check_targets,
    check_training_settings,
    check_validation,
    is_level,
    require_target,
    weighted_rows,
)
from boostobj.estimators._conformal import SLACK
from boostobj.estimators._fitting import Rows
from boostobj.losses.quantile import Quantile

__all__ = ["check_enclosed", "check_level", "check_parameters", "check_rows", "has_validation"]


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


#: Parameter: what is allowed, in code and in words.
_ALLOWED: dict[str, tuple[Any, str]] = {
    "lower": (is_level, "a number in (0, 1)"),
    "upper": (is_level, "a number in (0, 1)"),
    "quantiles": (
        lambda v: v is None or (np.ndim(v) == 1 and all(is_level(level) for level in v)),
        "a sequence of numbers in (0, 1) or None",
    ),
    "calibration": (
        lambda v: v is None or (isinstance(v, str) and v in ("split", "cv")),
        "'split', 'cv' or None",
    ),
    "joint": (_is_bool, "True or False"),
    "symmetric": (_is_bool, "True or False"),
    "calibration_fraction": (is_level, "a number in (0, 1)"),
    "cv": (lambda v: not isinstance(v, Integral) or int(v) >= 2, "2 folds or more"),
    "unbounded": (_is_bool, "True or False"),
    "n_jobs": (
        lambda v: v is None or (isinstance(v, Integral) and not _is_bool(v) and v != 0),
        "an integer other than 0 or None",
    ),
}

#: What means nothing for models that are fitted already, with the value that says nothing.
_OF_TRAINING = {
    "quantiles": None,
    "calibration": "split",
    "joint": False,
    "early_stopping_rounds": None,
}


def check_level(value: Any, name: str) -> None:
    """Refuse what is no number between 0 and 1."""
    if not is_level(value):
        raise ValueError(f"{name} must be a number in (0, 1), got {value!r}")


def check_parameters(model: Any) -> None:
    """Refuse settings that make no sense, alone or together."""
    owner = type(model).__name__
    for name, (allowed, words) in _ALLOWED.items():
        value = getattr(model, name)
        if not allowed(value):
            raise ValueError(f"{owner}: {name} must be {words}, got {value!r}")
    check_training_settings(model)
    if not model.lower < model.upper:
        raise ValueError(
            f"{owner}: lower must be less than upper, got {model.lower!r} and {model.upper!r}"
        )
    if isinstance(model.estimator, Mapping):
        for name, nothing in _OF_TRAINING.items():
            value = getattr(model, name)
            if np.ndim(value) or value != nothing:
                raise ValueError(
                    f"{owner}: {name} must be {nothing!r} where estimator holds fitted models, "
                    f"got {value!r}"
                )


def has_validation(model: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
    """Whether validation rows are given; an error for half of them, or where none are of use."""
    given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    names = [name for name, value in given.items() if value is not None]
    if names and isinstance(model.estimator, Mapping):
        raise ValueError(
            f"{type(model).__name__}: {names[0]} must be None where estimator holds fitted models"
        )
    return check_validation(model, X_val, y_val, sample_weight_val)


def check_rows(model: Any, X: Any, y: Any, sample_weight: Any, suffix: str = "") -> Rows:
    """Targets and weights that fit the features."""
    require_target(model, y)
    y = column_or_1d(check_targets(y, f"y{suffix}", Quantile()))
    return weighted_rows(X, y, sample_weight, suffix)


def check_enclosed(model: Any, levels: Any) -> None:
    """Refuse an interval or a median outside of the levels that there are models for."""
    low, high = min(model.lower, 0.5), max(model.upper, 0.5)
    if low < min(levels) - SLACK or high > max(levels) + SLACK:
        raise ValueError(
            f"{type(model).__name__}: the levels of the fitted models must enclose lower, 0.5 and "
            f"upper, got {np.sort(levels).tolist()} for lower={model.lower} and upper={model.upper}"
        )
