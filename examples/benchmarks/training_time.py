"""How long a whole training takes, ours over the built-in objective.

Absolute error and the 90 % quantile, in both engines, on a million rows and 20 columns. Each
repetition trains ours and the built-in in turn, so that a drifting machine drifts under both; the
ratio is the median of the repetitions'. The data set is built beforehand and shared; the start
value is part of the time. On one thread it is processor time, on several that of a clock.

    python examples/benchmarks/training_time.py [--rows 1000000] [--rounds 50] [--repeat 3]

With ``--device cuda`` XGBoost trains on a GPU, and ours answers from the host.
"""

from __future__ import annotations

import argparse
import statistics
import time

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from _contest import versions

import boostobj as bo

LOSSES = {
    bo.AbsoluteError(): {
        "xgboost": {"objective": "reg:absoluteerror"},
        "lightgbm": {"objective": "regression_l1"},
    },
    bo.Quantile(0.9): {
        "xgboost": {"objective": "reg:quantileerror", "quantile_alpha": 0.9},
        "lightgbm": {"objective": "quantile", "alpha": 0.9},
    },
}


def xgboost_runs(X, y, loss, built_in, threads: int, rounds: int, device: str):
    """Two functions that train, ours and the built-in."""
    data = xgb.QuantileDMatrix(X, y, nthread=threads)
    common = {"max_depth": 6, "tree_method": "hist", "nthread": threads, "device": device}

    def ours():
        xgb.train({**common, "base_score": bo.base_score(loss, y)}, data, rounds, obj=loss)

    return ours, lambda: xgb.train({**common, **built_in}, data, rounds)


def lightgbm_runs(X, y, loss, built_in, threads: int, rounds: int, device: str):
    """Two functions that train, ours and the built-in."""
    common = {"num_leaves": 63, "num_threads": threads, "verbosity": -1, "device": device}
    plain = lgb.Dataset(X, y, params=common).construct()
    data = lgb.Dataset(X, y, params=common).construct()

    def ours():
        data.set_init_score(bo.init_scores(loss, y))
        lgb.train({**common, "objective": loss}, data, rounds)

    return ours, lambda: lgb.train({**common, **built_in}, plain, rounds)


def main(
    rows: int = 1_000_000,
    rounds: int = 50,
    threads: int = 1,
    repeat: int = 3,
    device: str = "cpu",
) -> dict[tuple[str, str], float]:
    """Print the table; return the ratios by loss and engine."""
    bo.set_num_threads(threads)
    clock = time.process_time if threads == 1 and device == "cpu" else time.perf_counter
    engines = {"xgboost": xgboost_runs, "lightgbm": lightgbm_runs}
    if device != "cpu":
        del engines["lightgbm"]  # its wheels have no CUDA

    def seconds(function) -> float:
        started = clock()
        function()
        return clock() - started

    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 20)).astype(np.float32)
    y = X[:, 0] + np.sin(3 * X[:, 1]) + rng.standard_t(3, rows).astype(np.float32)
    print(f"{versions()}; {rows:,} rows, {rounds} rounds, {threads} threads, {device}")
    print(f"{'loss':<36}{'engine':<10}{'ours':>9}{'built-in':>10}{'ratio':>7}")
    ratios = {}
    for loss, built_ins in LOSSES.items():
        for engine, prepare in engines.items():
            runs = prepare(X, y, loss, built_ins[engine], threads, rounds, device)
            times = [[seconds(run) for run in runs] for _ in range(repeat)]
            ours, theirs = np.median(times, axis=0)
            ratio = statistics.median(mine / other for mine, other in times)
            ratios[loss.name, engine] = ratio
            print(
                f"{loss!r:<36}{engine:<10}{ours:>7.2f} s{theirs:>8.2f} s{ratio:>7.2f}", flush=True
            )
    return ratios


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    main(**vars(parser.parse_args()))
