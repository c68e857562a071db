"""Estimators against plain engines: held-out loss, scales of the target, time of a fit.

Three tables:

``builtin``
    Held-out loss over that of the plain engine with its built-in objective, both with the
    engine's defaults, on the data sets of the repository: the mean of random splits.
``scale``
    Held-out loss, in units of the target, when the target is multiplied by 1e-6 ... 1e6 or moved,
    over that of the target as it is.
``time``
    Processor time of a fit on one thread over that of the native call with the same objective,
    1e5 rows, 20 columns and 100 rounds: medians of alternating repetitions.

    python examples/benchmarks/estimators.py [builtin] [scale] [time] [--splits 5] [--repeat 9]
"""

from __future__ import annotations

import argparse
import statistics
import time

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from sklearn.model_selection import train_test_split

import boostobj as bo
from boostobj import datasets

THREADS = 1
XGB = {"n_jobs": THREADS, "enable_categorical": True, "tree_method": "hist"}
LGB = {"n_jobs": THREADS, "verbosity": -1}

#: loss: the data sets it suits, and the engines' own parameters for it
CELLS = {
    bo.SquaredError(): (
        ("flights", "diamonds", "engel", "randhie"),
        {"objective": "reg:squarederror"},
        {"objective": "regression"},
    ),
    bo.AbsoluteError(): (
        ("flights", "diamonds", "engel", "randhie"),
        {"objective": "reg:absoluteerror"},
        {"objective": "regression_l1"},
    ),
    bo.Quantile(0.9): (
        ("flights", "diamonds", "engel", "randhie"),
        {"objective": "reg:quantileerror", "quantile_alpha": 0.9},
        {"objective": "quantile", "alpha": 0.9},
    ),
    # of the targets' own scale; XGBoost has the pseudo-Huber loss only
    bo.Huber(delta=20.0): (("flights",), None, {"objective": "huber", "alpha": 20.0}),
    bo.Huber(delta=500.0): (("diamonds",), None, {"objective": "huber", "alpha": 500.0}),
    bo.PseudoHuber(delta=20.0): (
        ("flights",),
        {"objective": "reg:pseudohubererror", "huber_slope": 20.0},
        None,
    ),
    bo.PseudoHuber(delta=500.0): (
        ("diamonds",),
        {"objective": "reg:pseudohubererror", "huber_slope": 500.0},
        None,
    ),
    bo.Poisson(): (("randhie",), {"objective": "count:poisson"}, {"objective": "poisson"}),
    bo.CrossEntropy(): (("late",), {}, {}),
    bo.Softmax(): (("cut",), {}, {}),
}


def load(name: str):
    """Features and target of a data set."""
    if name == "late":
        return datasets.load_flights("late")
    if name == "cut":
        X, y = datasets.load_diamonds()
        return X.drop(columns="cut").assign(price=y), X["cut"].cat.codes.astype(int)
    return getattr(datasets, f"load_{name}")()


def held_out(loss, model, X, y) -> float:
    """The loss on new rows of a model that predicts on the scale of the target."""
    if isinstance(loss, bo.CrossEntropy | bo.Softmax):
        p = model.predict_proba(X)
        return bo.metrics.LogLoss().score(y, p[:, 1] if p.shape[1] == 2 else p)
    raw = loss.link.link(model.predict(X))
    return loss.metric.score(y, raw)


def builtin(splits: int) -> None:
    """Print the table of held-out losses."""
    ratios: dict[str, list[float]] = {"xgboost": [], "lightgbm": []}
    print(f"{'loss':<46}{'data':<10}{'xgboost':>9}{'lightgbm':>9}")
    for loss, (names, of_xgboost, of_lightgbm) in CELLS.items():
        classes = isinstance(loss, bo.CrossEntropy | bo.Softmax)
        ours = bo.BoostClassifier if classes else bo.BoostRegressor
        engines = {
            "xgboost": (xgb.XGBClassifier if classes else xgb.XGBRegressor, XGB, of_xgboost),
            "lightgbm": (lgb.LGBMClassifier if classes else lgb.LGBMRegressor, LGB, of_lightgbm),
        }
        for name in names:
            X, y = load(name)
            cells = []
            for engine, (wrapper, common, own) in engines.items():
                if own is None:
                    cells.append("-")
                    continue
                scores = []
                for seed in range(splits):
                    X_train, X_test, y_train, y_test = train_test_split(
                        X, y, test_size=0.25, random_state=seed
                    )
                    plain = wrapper(**common, **own).fit(X_train, y_train)
                    model = ours(wrapper(**common), loss=loss).fit(X_train, y_train)
                    scores.append([held_out(loss, m, X_test, y_test) for m in (model, plain)])
                mean = np.mean(scores, axis=0)
                ratios[engine].append(mean[0] / mean[1])
                cells.append(f"{ratios[engine][-1]:.3f}")
            print(f"{loss!r:<46}{name:<10}{cells[0]:>9}{cells[1]:>9}")
    for label, summary in (
        ("geometric mean", lambda r: np.exp(np.mean(np.log(r)))),
        ("worst", np.max),
    ):
        cells = [f"{summary(ratios[engine]):.3f}" for engine in ratios]
        print(f"{label:<56}{cells[0]:>9}{cells[1]:>9}")


def scale(splits: int) -> None:
    """Print the table of scales and offsets."""
    X, y = load("flights")
    rng = np.random.default_rng(0)
    rows = rng.choice(len(y), 10_000, replace=False)
    X, y = X.iloc[rows], y.iloc[rows].to_numpy(dtype=float)
    y = (y - y.mean()) / y.std()
    moves = [(1e-6, 0), (1e-3, 0), (1e3, 0), (1e6, 0), (1, 1e2), (1, 1e4), (1, -1e6)]
    print(f"{'loss':<34}{'engine':<10}" + "".join(f"{f'{a:g}y{b:+g}':>10}" for a, b in moves))
    for loss in (bo.SquaredError(), bo.AbsoluteError(), bo.Quantile(0.9)):
        for engine in (xgb.XGBRegressor(**XGB), lgb.LGBMRegressor(**LGB)):
            cells = np.zeros((splits, 1 + len(moves)))
            for seed in range(splits):
                X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
                for j, (a, b) in enumerate([(1, 0), *moves]):
                    model = bo.BoostRegressor(engine, loss=loss).fit(X_train, a * y_train + b)
                    cells[seed, j] = loss.metric.score(y_test, (model.predict(X_test) - b) / a)
            ratios = cells[:, 1:].mean(axis=0) / cells[:, 0].mean()
            name = type(engine).__module__.split(".")[0]
            print(f"{loss!r:<34}{name:<10}" + "".join(f"{ratio:>10.4f}" for ratio in ratios))


def timing(repeat: int) -> None:
    """Print the table of fit times."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100_000, 20))
    y = X[:, 0] + np.sin(3 * X[:, 1]) + rng.standard_t(3, len(X))
    labels = (y > 0).astype(int)
    bo.set_num_threads(1)

    def native_xgboost(loss, y):
        base = bo.base_score(loss, y)
        xgb.train({"base_score": base, "nthread": 1}, xgb.DMatrix(X, y), 100, obj=loss)

    def native_lightgbm(loss, y):
        data = lgb.Dataset(X, y, init_score=bo.init_scores(loss, y), params={"num_threads": 1})
        lgb.train({"objective": loss, "num_threads": 1, "verbosity": -1}, data, 100)

    print(f"{'loss':<34}{'engine':<10}{'estimator':>11}{'native':>9}{'ratio':>7}")
    for loss, target in (
        (bo.SquaredError(), y),
        (bo.AbsoluteError(), y),
        (bo.Huber(), y),
        (bo.CrossEntropy(), labels),
    ):
        kind = bo.BoostClassifier if target is labels else bo.BoostRegressor
        for native, engine in (
            (native_xgboost, xgb.XGBRegressor(n_jobs=1)),
            (native_lightgbm, lgb.LGBMRegressor(n_jobs=1)),
        ):
            ours, theirs = [], []
            for _ in range(repeat):
                started = time.process_time()
                kind(engine, loss=loss).fit(X, target)
                middle = time.process_time()
                native(loss, target)
                ours.append(middle - started)
                theirs.append(time.process_time() - middle)
            a, b = statistics.median(ours), statistics.median(theirs)
            name = type(engine).__module__.split(".")[0]
            ratio = statistics.median(np.divide(ours, theirs))
            print(f"{loss!r:<34}{name:<10}{a:>9.2f} s{b:>7.2f} s{ratio:>7.2f}")


def main() -> None:
    """Print the tables asked for, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables = {"builtin": builtin, "scale": scale, "time": timing}
    parser.add_argument("tables", nargs="*", choices=[*tables, []], default=[])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=9)
    arguments = parser.parse_args()
    print(f"XGBoost {xgb.__version__}, LightGBM {lgb.__version__}, {THREADS} thread\n")
    for name in arguments.tables or tables:
        tables[name](arguments.repeat if name == "time" else arguments.splits)
        print()


if __name__ == "__main__":
    main()
