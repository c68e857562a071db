"""Quantile models by level: fitted for `QuantileIntervalRegressor`, or a user's own; read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from boostobj._typing import NumpyArray
from boostobj.base import Loss
from boostobj.engine.adapter import THREAD_PARAMETERS
from boostobj.estimators._base import check_early_stopping
from boostobj.estimators._fitting import Rows, resolve_engine
from boostobj.estimators._interval_checks import check_level
from boostobj.estimators._regressor import BoostRegressor
from boostobj.losses.multi_quantile import MultiQuantile
from boostobj.losses.quantile import Quantile

__all__ = ["check_models", "fit_models", "levels_of", "predict_levels"]


#: Small trees: a leaf has to hold enough rows to tell where their tails begin.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "xgboost": {"n_estimators": 200, "learning_rate": 0.1, "max_depth": 4, "min_child_weight": 5},
    "lightgbm": {"n_estimators": 200, "learning_rate": 0.1, "num_leaves": 16},
}


def levels_of(models: Mapping[Any, Any]) -> list[float]:
    """The levels of models by level, or by several levels."""
    return [level for key in models for level in _levels(key)]


def fit_models(
    model: Any, parts: list[Rows], validation: Rows | None, seed: int
) -> list[dict[Any, BoostRegressor]]:
    """Fit a model per level on each part of the rows.

    Parameters
    ----------
    model : QuantileIntervalRegressor
        Its parameters say how.
    parts : list of Rows
        Checked rows.
    validation : Rows, optional
        For early stopping.
    seed : int
        Seeds the engine and the choice of validation rows.

    Returns
    -------
    list of dict
        For each part the models by level, or by the tuple of levels.
    """
    levels = np.array(
        [model.lower, 0.5, model.upper, *(() if model.quantiles is None else model.quantiles)],
        dtype=np.float64,
    )
    # what rounding has done to 1 - 0.1 is no level of its own
    rounded = np.round(levels, 12)
    levels = np.unique(np.where((rounded > 0) & (rounded < 1), rounded, levels))
    losses: dict[Any, Loss] = {level: Quantile(level) for level in levels.tolist()}
    if model.joint:
        losses = {tuple(losses): MultiQuantile(tuple(losses))}
    n_models = len(parts) * len(losses)
    estimator = _engine(model, n_models, seed, validation_given=validation is not None)
    names = ("n_features_in_", "feature_names_in_", "_categories")
    features = {name: value for name, value in vars(model).items() if name in names}

    def fit_one(number: int, loss: Loss, rows: Rows) -> BoostRegressor:
        if model.verbose:
            print(f"[{number}/{n_models}] {loss!r}, {len(rows.y):,} rows", flush=True)
        one = BoostRegressor(
            estimator,
            loss=loss,
            early_stopping_rounds=model.early_stopping_rounds,
            validation_fraction=model.validation_fraction,
            random_state=seed,
            verbose=model.verbose,
        )
        # its own `fit` would check the same rows again, and warn again, for every model
        one.__dict__.update(features, loss_=loss)
        engine = one._engine(validation_given=validation is not None)
        return one._fit(engine, rows, validation, None)

    jobs = [(loss, rows) for rows in parts for loss in losses.values()]
    fitted = Parallel(model.n_jobs, prefer="threads")(
        delayed(fit_one)(i, *job) for i, job in enumerate(jobs, start=1)
    )
    k = len(losses)
    return [dict(zip(losses, fitted[i : i + k], strict=True)) for i in range(0, n_models, k)]


def check_models(models: Mapping[Any, Any], owner: str) -> dict[Any, Any]:
    """A user's fitted models, sorted by level."""
    levels = levels_of(models)
    for level in levels:
        check_level(level, f"{owner}: a level of estimator")
    if len(set(levels)) < max(len(levels), 2):
        raise ValueError(
            f"{owner}: estimator must hold two levels or more, each once, got {levels}"
        )
    for level, model in models.items():
        if not hasattr(model, "predict"):
            raise TypeError(f"{owner}: the model at level {level} must have predict, got {model!r}")
    return {key: models[key] for key in sorted(models, key=lambda key: min(_levels(key)))}


def predict_levels(models: Mapping[Any, Any], X: Any, *, checked: bool) -> NumpyArray:
    """Quantiles of one fold's models, rearranged so that they do not cross.

    Parameters
    ----------
    models : mapping
        By level, or by the tuple of levels that a model predicts.
    X : array-like or frame
        Features.
    checked : bool
        Whether they are those of `check_features`, and the models `BoostRegressor`.
    """
    if checked:
        columns = [model._model.raw_prediction(X) for model in models.values()]
    else:
        columns = [_predict(key, model, X) for key, model in models.items()]
    return np.sort(np.column_stack(columns), axis=1)


def _levels(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _predict(key: Any, model: Any, X: Any) -> NumpyArray:
    """What a user's model predicts, (n, number of levels) and finite."""
    if type(model).__name__ == "Booster" and type(model).__module__.startswith("xgboost"):
        from xgboost import DMatrix

        X = DMatrix(X, enable_categorical=True)
    predicted = np.asarray(model.predict(X), dtype=np.float64)
    predicted = predicted.reshape(len(predicted), -1)
    if predicted.shape[1] != len(_levels(key)):
        raise ValueError(
            f"the model at level {key} predicts {predicted.shape[1]} columns for "
            f"{len(_levels(key))} levels"
        )
    lost = np.count_nonzero(~np.isfinite(predicted).all(axis=1))
    if lost:
        raise ValueError(
            f"the model at level {key} must predict finite numbers, got NaN or infinity in "
            f"{lost} of {len(predicted)} rows"
        )
    return predicted


def _engine(model: Any, n_models: int, seed: int, validation_given: bool) -> Any:
    """The engine's wrapper with threads for one of the models that are fitted at once."""
    engine = resolve_engine(
        model.estimator,
        owner=type(model).__name__,
        random_state=seed,
        fitted_belongs="models to calibrate as they are in a mapping from level to model",
    )
    if model.estimator is None:
        engine.estimator.set_params(**_DEFAULTS[engine.name])
    if model.early_stopping_rounds is not None:
        check_early_stopping(model, engine, validation_given=validation_given)
    at_once = min(effective_n_jobs(model.n_jobs), n_models)
    if at_once > 1:
        share = max(1, effective_n_jobs(-1) // at_once)
        asked = {k: v for k, v in engine.estimator.get_params().items() if k in THREAD_PARAMETERS}
        engine.estimator.set_params(
            **{k: min(v, share) if (v or 0) > 0 else share for k, v in asked.items()}
        )
    if engine.callbacks:
        engine.estimator.set_params(callbacks=engine.callbacks)
    return engine.estimator
