"""Huber, pseudo-Huber and log-cosh against built-in objectives, in three units of the target.

Targets are centred at their median and divided by their interquartile range over 1.349, the
standard deviation of normal data, and then multiplied by 1e-3, 1 and 1e3; `delta` goes along.
A cell is a data set, a unit and an engine; each engine trains on the rows of a few random splits
with the same parameters. Printed is our loss on the test part over that of

- LightGBM's ``huber``, for `boostobj.Huber`,
- XGBoost's ``reg:pseudohubererror``, for `boostobj.PseudoHuber`,
- the better of each engine's absolute and squared error, for `boostobj.LogCosh`,

all measured with the very loss of ours, stopped early (at most 500 rounds, patience 25) and after
150 rounds.

    python examples/benchmarks/robust.py [--rows 4000] [--splits 3] [--data flights t3 ...]
"""

from __future__ import annotations

import argparse

import numpy as np
from _contest import DATA, TRAIN, geometric_mean, load, split, versions

import boostobj as bo

UNITS = (1e-3, 1.0, 1e3)


def contests(engine: str, delta: float):
    """Our loss and the built-in objectives it has to beat."""
    if engine == "xgboost":
        yield (
            bo.PseudoHuber(delta),
            [{"objective": "reg:pseudohubererror", "huber_slope": delta}],
        )
        others = ["reg:absoluteerror", "reg:squarederror"]
    else:
        yield bo.Huber(delta), [{"objective": "huber", "alpha": delta}]
        others = ["regression_l1", "regression"]
    yield bo.LogCosh(delta), [{"objective": name} for name in others]


def standardise(y):
    """Targets of median zero and of a spread that outliers do not change."""
    low, centre, high = np.quantile(y, [0.25, 0.5, 0.75])
    return (y - centre) / ((high - low) / 1.349)


def measure(engine: str, loss, objectives, data, unit: float) -> np.ndarray:
    """Our loss and the best of the others, stopped early and not."""

    def score(y, q):
        return loss.metric.score(y, q) / unit**2

    runs = [
        TRAIN[engine](data, objective, loss.init_score(data.y), score)
        for objective in (loss, *objectives)
    ]
    scores = [[score(data.y_test, q) for q in (run.early, run.fixed)] for run in runs]
    return np.stack([scores[0], np.min(scores[1:], axis=0)])


def main(
    data=tuple(DATA), deltas=(0.5, 1.0), units=UNITS, splits: int = 3, rows: int = 4000
) -> dict[str, np.ndarray]:
    """Print the table; return the geometric means by loss and engine."""
    print(f"{versions()}; {splits} splits, at most {rows:,} training rows")
    print(f"{'loss over built-in':<44}{'early':>{7 * len(units)}}{'150 rounds':>{7 * len(units)}}")
    print(f"{'unit of the target':<44}" + "".join(f"{unit:>7g}" for unit in units) * 2)
    cells: dict[str, list[np.ndarray]] = {}
    for name, X, y in load(data):
        parts = [split(name, X, standardise(y), seed, rows) for seed in range(splits)]
        for engine in TRAIN:
            for delta in deltas:
                for label, ratios in cell(engine, delta, parts, units):
                    cells.setdefault(f"{label}, {engine}", []).append(ratios)
                    line(f"{name}, {label}, delta {delta:g}, {engine}", ratios)
    means = {label: geometric_mean(ratios) for label, ratios in cells.items()}
    for label, mean in means.items():
        line(f"mean of {len(cells[label])}, {label}", mean)
        line(f"largest of {len(cells[label])}, {label}", np.max(cells[label], axis=0))
    return means


def cell(engine: str, delta: float, parts, units):
    """Yield the name of a loss and its ratios, (early, fixed) × units."""
    runs: dict[str, list[np.ndarray]] = {}
    for unit in units:
        for loss, objectives in contests(engine, delta * unit):
            scores = [measure(engine, loss, objectives, part.times(unit), unit) for part in parts]
            ours, theirs = np.mean(scores, axis=0)
            runs.setdefault(type(loss).__name__, []).append(ours / theirs)
    for label, ratios in runs.items():
        yield label, np.transpose(ratios)


def line(label: str, ratios) -> None:
    """Print one row of the table."""
    print(f"{label:<44}" + "".join(f"{x:>7.3f}" for x in np.ravel(ratios)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--deltas", nargs="+", type=float, default=(0.5, 1.0))
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--rows", type=int, default=4000)
    bo.set_num_threads(1)
    main(**vars(parser.parse_args()))
