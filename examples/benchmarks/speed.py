"""What a loss costs a booster: its derivatives and its callback against one boosting round.

For each loss, ``gradient_hessian`` and the callback, which also checks, adapts to the residuals and
weighs, on a million rows of float32, as shares of one XGBoost round of depth 6 on a million rows
and 20 columns, on the same threads. All are medians of alternating repetitions in one process, so
that a drifting machine drifts under all. Losses of k margins a row count per margin, as XGBoost
grows a tree for each; losses of groups get groups of 120 rows. The peak memory of a callback, the
results included, is counted in arrays of the margins' size.

    python examples/benchmarks/speed.py [--rows 1000000] [--threads 2] [--repeat 9]
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from functools import partial

import numpy as np
import xgboost as xgb

import boostobj as bo
from boostobj.catalogue import built_in_losses
from boostobj.groups import GroupLoss
from boostobj.testing._families import sample

GROUP = 120


def seconds(function) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def peak_memory(function) -> int:
    """Peak of what a call allocates, in bytes."""
    tracemalloc.start()
    function()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def main(rows: int = 1_000_000, threads: int = 2, repeat: int = 9) -> dict[str, float]:
    """Print the table; return the callback's share of a round by loss."""
    bo.set_num_threads(threads)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 20)).astype(np.float32)
    y = X[:, 0] + np.sin(3 * X[:, 1]) + rng.standard_t(3, rows).astype(np.float32)
    data = xgb.QuantileDMatrix(X, y, nthread=threads)
    booster = xgb.Booster({"nthread": threads, "max_depth": 6, "tree_method": "hist"}, [data])
    booster.update(data, 0)
    gradient, hessian = bo.SquaredError()(y, booster.predict(data))
    print(
        f"{rows:,} rows, {threads} threads, XGBoost {xgb.__version__}, NumPy {np.__version__}\n"
        f"{'loss':<64}{'derivatives':>12}{'of a round':>12}{'callback':>12}{'of a round':>12}"
        f"{'memory':>10}"
    )
    shares = {}
    for cls in built_in_losses():
        loss = cls.examples()[0]
        whole = rows - rows % GROUP if isinstance(loss, GroupLoss) else rows
        targets, margins = (x.astype(np.float32) for x in sample(loss, whole))
        group = {"group": np.full(whole // GROUP, GROUP)} if isinstance(loss, GroupLoss) else {}

        calls = [
            partial(function, targets, margins, **group)
            for function in (loss.gradient_hessian, loss)
        ]
        calls.append(partial(booster.boost, data, 1, grad=gradient, hess=hessian))
        runs = [[seconds(call) for call in calls] for _ in range(1 + repeat)][1:]
        *mine, round_ = np.median(runs, axis=0)
        of_a_round = [time / round_ / (margins.size / whole) for time in mine]
        shares[repr(loss)] = of_a_round[1]
        memory = peak_memory(calls[1]) / margins.nbytes
        cells = [f"{t * 1e3:9.1f} ms{s:>12.1%}" for t, s in zip(mine, of_a_round, strict=True)]
        print(f"{loss!r:<64}{''.join(cells)}{memory:>8.1f} n", flush=True)
    return shares


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=9)
    main(**vars(parser.parse_args()))
