"""Benchmark of prediction intervals: do they cover, how wide are they, how do others do.

Three tables, each over random splits of the data:

``coverage``
    New rows inside the intervals of `QuantileIntervalRegressor`: both engines, both calibrations,
    three levels, with and without weights, from 300 rows on.
``paper``
    The two simulated designs of the notebooks of conformalised quantile regression (Romano,
    Patterson, Candès 2019), where random forests cover 91.06 % at a mean length of 1.996 and
    90.18 % at 36.7, at levels tuned for short intervals. Here a grid search over the levels
    does that, on rows of its own.
``peers``
    The same engine, hyperparameters, training and calibration rows under MAPIE's
    ConformalizedQuantileRegressor (``pip install mapie``), and the engine's built-in quantile
    objective on all rows without calibration.

    python examples/benchmarks/intervals.py [coverage] [paper] [peers] [--splits 20]
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings

import numpy as np
from lightgbm import LGBMRegressor
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RepeatedKFold
from xgboost import XGBRegressor

from boostobj import QuantileIntervalRegressor, datasets, interval_scorers
from boostobj.metrics import IntervalScore

LEVELS = (0.8, 0.9, 0.95)
ENGINES = {
    "xgboost": XGBRegressor(n_estimators=200, learning_rate=0.1, max_depth=4, min_child_weight=5),
    "lightgbm": LGBMRegressor(n_estimators=200, learning_rate=0.1, num_leaves=16, verbose=-1),
}
#: of `paper`: leaf by leaf in both engines
SMALL_TREES = {
    "xgboost": clone(ENGINES["xgboost"]).set_params(
        n_estimators=150, grow_policy="lossguide", max_leaves=4, max_depth=0
    ),
    "lightgbm": clone(ENGINES["lightgbm"]).set_params(n_estimators=150, num_leaves=4),
}

#: data and training rows of `coverage`
COVERED = (
    ("simulated", 300),
    ("engel", 180),
    ("simulated", 2000),
    ("diamonds", 4000),
    ("flights", 4000),
    ("randhie", 4000),
)

#: where `paper` looks for levels that make intervals short
SEARCH = {
    "param_grid": {
        "lower": [0.01, 0.03, 0.05, 0.1, 0.2, 0.3],
        "upper": [0.7, 0.8, 0.85, 0.9, 0.95],
    },
    "cv": RepeatedKFold(n_splits=5, n_repeats=4, random_state=0),
}


def simulate(n: int, rng: np.random.Generator):
    """A smooth signal in two of five columns, noise that grows with the size of a third."""
    X = rng.uniform(-2, 2, (n, 5))
    noise = (0.3 + np.abs(X[:, 1])) * rng.normal(size=n)
    return X, np.sin(2 * X[:, 0]) + X[:, 2] / 2 + noise


def poisson_design(n: int, rng: np.random.Generator):
    """Design 1 of the paper: a Poisson signal, growing noise, one outlier in a hundred."""
    x = rng.uniform(0, 5, n)
    y = rng.poisson(np.sin(x) ** 2 + 0.1) + 0.03 * x * rng.normal(size=n)
    return x[:, None], y + 25 * (rng.uniform(size=n) < 0.01) * rng.normal(size=n)


def cauchy_design(n: int, rng: np.random.Generator):
    """Design 2 of the paper: Cauchy noise without a centre that moves."""
    x = rng.uniform(0, 10, n)
    return x[:, None], 6 * np.sin(x) ** 2 * rng.standard_cauchy(n)


def real(name: str):
    """Features as numbers, so that every package takes them, and targets."""
    X, y = getattr(datasets, f"load_{name}")()
    for column in X.select_dtypes("category"):
        X[column] = X[column].cat.codes
    return X.to_numpy(dtype=float), y.to_numpy(dtype=float)


def draw(name: str, n: int, n_test: int, rng: np.random.Generator):
    """Training and test rows, new ones each time."""
    if name == "simulated":
        X, y = simulate(n + n_test, rng)
    else:
        X, y = real(name)
        rows = rng.permutation(len(y))[: n + n_test]
        X, y = X[rows], y[rows]
    return (X[:n], y[:n]), (X[n:], y[n:])


def weigh(y, X, rng: np.random.Generator):
    """Weights from 0.3 to 3 that grow with a column, so that they change what is to be covered."""
    rank = np.argsort(np.argsort(X[:, 1 % X.shape[1]])) / len(y)
    return rng.choice([0.5, 1.0, 2.0], len(y)) * np.exp(rank)


def coverage(splits: int = 20) -> dict[tuple[str, ...], float]:
    """Print the share of new rows inside, with its standard error; return the shares."""
    print(f"{'share of new rows inside, %':<46}" + "".join(f"{c:>16.0%}" for c in LEVELS))
    shares: dict[tuple[str, ...], float] = {}
    for name, n in COVERED:
        # 60 calibration rows make the coverage of one split scatter by 4 %: average more of them
        repeats = splits * (10 if n <= 300 else 1)
        for engine, estimator in ENGINES.items():
            for kind in ("split", "cv", "split, weights", "cv, weights"):
                inside = []
                for seed in range(repeats if kind.startswith("split") else splits):
                    rng = np.random.default_rng(seed)
                    (X, y), (X_new, y_new) = draw(name, n, 5000, rng)
                    weighted = kind.endswith("weights")
                    w = weigh(y, X, rng) if weighted else None
                    w_new = weigh(y_new, X_new, rng) if weighted else None
                    model = QuantileIntervalRegressor(
                        estimator,
                        quantiles=[(1 + sign * c) / 2 for c in LEVELS for sign in (-1, 1)],
                        calibration=kind.split(",")[0],
                        joint=True,  # the same intervals in less time
                        unbounded=True,  # 36 rows of engel calibrate no level of 0.975
                        random_state=seed,
                    ).fit(X, y, w)
                    inside.append([])
                    for level in LEVELS:
                        low, high = model.predict_interval(X_new, level).T
                        hit = (low <= y_new) & (y_new <= high)
                        inside[-1].append(np.average(hit, weights=w_new))
                mean = np.mean(inside, axis=0)
                error = np.std(inside, axis=0, ddof=1) / np.sqrt(len(inside))
                cells = [
                    f"{100 * m:>8.2f} ± {100 * e:.2f}" for m, e in zip(mean, error, strict=True)
                ]
                label = f"{name}, {n:,} rows, {engine}, {kind}"
                print(f"{label:<46}" + "".join(f"{cell:>16}" for cell in cells), flush=True)
                for level, share in zip(LEVELS, mean, strict=True):
                    shares[name, str(n), engine, kind, str(level)] = float(share)
    return shares


def paper(splits: int = 20) -> dict[tuple[str, ...], tuple[float, float]]:
    """Print coverage and mean width on the paper's designs; return them."""
    print(f"{'2,000 rows, 5,000 new ones, 90 %':<46}{'inside, %':>16}{'mean width':>16}")
    print(f"{'design 1, random forest as published':<46}{91.06:>16.2f}{1.996:>16.3f}")
    print(f"{'design 2, random forest as published':<46}{90.18:>16.2f}{36.7:>16.1f}")
    results = {}
    for design, function in (("design 1", poisson_design), ("design 2", cauchy_design)):
        for engine, estimator in SMALL_TREES.items():
            shortest = GridSearchCV(
                QuantileIntervalRegressor(estimator, random_state=0),
                scoring=interval_scorers(0.9)["neg_interval_width"],
                **SEARCH,
            ).fit(*function(2000, np.random.default_rng(999)))
            for calibration in ("split", "cv"):
                found = []
                for seed in range(splits):
                    rng = np.random.default_rng(seed)
                    X, y = function(2000, rng)
                    X_new, y_new = function(5000, rng)
                    model = QuantileIntervalRegressor(
                        estimator,
                        calibration=calibration,
                        random_state=seed,
                        **shortest.best_params_,
                    )
                    low, high = model.fit(X, y).predict_interval(X_new, 0.9).T
                    found.append((np.mean((low <= y_new) & (y_new <= high)), np.mean(high - low)))
                share, width = np.mean(found, axis=0)
                results[design, engine, calibration] = (float(share), float(width))
                levels = "{lower}, {upper}".format(**shortest.best_params_)
                label = f"{design}, {engine}, {calibration}, levels {levels}"
                print(f"{label:<46}{100 * share:>16.2f}{width:>16.3f}", flush=True)
    return results


def built_in(estimator, level: float):
    """The engine with its own quantile objective."""
    if isinstance(estimator, XGBRegressor):
        own = {"objective": "reg:quantileerror", "quantile_alpha": level}
    else:
        own = {"objective": "quantile", "alpha": level}
    return type(estimator)(**{**estimator.get_params(), **own})


def fit_mapie(estimator, X, y, train, rest):
    """MAPIE's conformalised quantile regression; XGBoost has to be fitted beforehand."""
    from mapie.regression import ConformalizedQuantileRegressor

    if isinstance(estimator, XGBRegressor):
        fitted = [built_in(estimator, q).fit(X[train], y[train]) for q in (0.05, 0.95, 0.5)]
        model = ConformalizedQuantileRegressor(fitted, confidence_level=0.9, prefit=True)
    else:
        model = ConformalizedQuantileRegressor(built_in(estimator, 0.5), confidence_level=0.9)
        model.fit(X[train], y[train])
    return model.conformalize(X[rest], y[rest])


def peers(splits: int = 20) -> dict[tuple[str, str, str], list[float]]:
    """Print coverage, width, interval score and fit time of each; return them."""
    columns = ("inside, %", "width", "score", "crossing, %", "fit, s")
    print(f"{'90 %':<52}" + "".join(f"{c:>12}" for c in columns))
    results: dict[tuple[str, str, str], list[float]] = {}
    for name, n in (
        ("engel", 180),
        ("simulated", 2000),
        ("simulated", 50_000),
        ("diamonds", 10_000),
        ("flights", 10_000),
        ("flights", 50_000),
        ("randhie", 10_000),
    ):
        for engine, estimator in ENGINES.items():
            found: dict[str, list[list[float]]] = {}
            for seed in range(splits):
                rng = np.random.default_rng(seed)
                (X, y), (X_new, y_new) = draw(name, n, 5000, rng)
                train, rest = np.arange(n - n // 5), np.arange(n - n // 5, n)

                def record(who: str, seconds: float, interval, y_new=y_new, found=found) -> None:
                    low, high = interval.T
                    found.setdefault(who, []).append(
                        [
                            100 * np.mean((low <= y_new) & (y_new <= high)),
                            np.mean(high - low),
                            IntervalScore(0.9).score(y_new, interval),
                            100 * np.mean(low > high),
                            seconds,
                        ]
                    )

                started = time.perf_counter()
                ours = QuantileIntervalRegressor(
                    estimator, calibration="cv", cv=[(train, rest)], random_state=0
                ).fit(X, y)
                record("boostobj", time.perf_counter() - started, ours.predict_interval(X_new))
                started = time.perf_counter()
                mapie = fit_mapie(estimator, X, y, train, rest)
                seconds = time.perf_counter() - started
                for who, symmetric in (("MAPIE, symmetric", True), ("MAPIE, default", False)):
                    with warnings.catch_warnings(action="ignore"):
                        _, interval = mapie.predict_interval(X_new, symmetric_correction=symmetric)
                    record(who, seconds, interval[:, :, 0])
                raw = [built_in(estimator, q).fit(X, y).predict(X_new) for q in (0.05, 0.95)]
                record("built-in objective, all rows", np.nan, np.column_stack(raw))
            for who, rows in found.items():
                mean = np.mean(rows, axis=0).tolist()
                # the median forgives the other programs of a busy machine
                mean[-1] = float(np.median([row[-1] for row in rows]))
                results[f"{name} {n}", engine, who] = mean
                label = f"{name}, {n:,} rows, {engine}, {who}"
                print(f"{label:<52}" + "".join(f"{x:>12.4g}" for x in mean), flush=True)
    print("\nboostobj over MAPIE, geometric mean over sets and engines:")
    ours = np.array([v for (_, _, who), v in results.items() if who == "boostobj"])
    for who in ("MAPIE, symmetric", "MAPIE, default"):
        theirs = np.array([v for (_, _, w), v in results.items() if w == who])
        ratio = np.exp(np.mean(np.log(ours[:, [1, 2, 4]] / theirs[:, [1, 2, 4]]), axis=0))
        print(f"  {who}: width {ratio[0]:.3f}, score {ratio[1]:.3f}, fit time {ratio[2]:.2f}")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tables", nargs="*", default=["coverage", "paper", "peers"])
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    for engine in ENGINES.values():
        engine.set_params(n_jobs=arguments.threads)
    logging.disable(logging.INFO)  # MAPIE tells of every crossing
    for table in arguments.tables:
        globals()[table](arguments.splits)
        print()
