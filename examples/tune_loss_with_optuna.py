"""Tune the loss and the engine's parameters together, with Optuna.

The flights' delays have a heavy tail and are judged by absolute error. Which loss reaches it best,
with which trees? Losses have parameters of their own; they are simply part of the search.

    pip install optuna
    python examples/tune_loss_with_optuna.py [--trials 30]
"""

from __future__ import annotations

import argparse
import sys

from lightgbm import LGBMRegressor
from sklearn.model_selection import cross_val_score

import boostobj as bo
from boostobj.datasets import load_flights

ROWS = 5_000


def suggest_loss(trial):
    """A loss with its parameters, in minutes of delay."""
    name = trial.suggest_categorical("loss", ["squared_error", "absolute_error", "huber", "cauchy"])
    if name == "huber":
        return bo.Huber(delta=trial.suggest_float("delta", 1, 100, log=True))
    if name == "cauchy":
        return bo.Cauchy(scale=trial.suggest_float("scale", 1, 100, log=True))
    return bo.get_loss(name)


def main(trials: int = 30, rows: int = ROWS) -> float:
    """Search and print the best; return its mean absolute error."""
    try:
        import optuna
    except ImportError:
        sys.exit("this example needs Optuna: pip install optuna")
    X, y = load_flights()
    X, y = X.iloc[:: len(X) // rows], y.iloc[:: len(y) // rows]

    def objective(trial):
        engine = LGBMRegressor(
            n_estimators=500,
            num_leaves=trial.suggest_int("num_leaves", 4, 64, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
            min_child_samples=trial.suggest_int("min_child_samples", 5, 100, log=True),
            n_jobs=1,
        )
        model = bo.BoostRegressor(
            engine, loss=suggest_loss(trial), early_stopping_rounds=20, random_state=0
        )
        return -cross_val_score(model, X, y, cv=3, scoring="neg_mean_absolute_error").mean()

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=trials)
    print(f"mean absolute error {study.best_value:.2f} minutes, with")
    for name, value in study.best_params.items():
        print(
            f"    {name:<18} {value:.4g}" if isinstance(value, float) else f"    {name:<18} {value}"
        )
    return float(study.best_value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--rows", type=int, default=ROWS)
    main(**vars(parser.parse_args()))
