"""Noise that grows: one width for all rows is too wide on the left and too narrow on the right.

A least-squares model plus or minus 1.645 standard deviations of its residuals covers 90 % of all
rows, and it does so by covering nearly all where the noise is small and too few where it is
large. Quantile models know the width of each row.

Run: ``python examples/heteroscedastic_interval.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, PICTURES, figure, save, table
from xgboost import XGBRegressor

from boostobj import BoostRegressor, QuantileIntervalRegressor
from boostobj.metrics import IntervalScore
from boostobj.plots import COLORS


def main(output: Path = OUTPUT, n: int = 4000, rounds: int = 200):
    """Fit both intervals, and count what they cover left and right.

    Returns
    -------
    dict
        Coverage left, right and overall, mean width and interval score, by method.
    """
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, 2 * n)
    y = np.sin(x) * 3 + (0.2 + 0.3 * x) * rng.normal(size=2 * n)
    X = x[:, None]
    engine = XGBRegressor(
        n_estimators=rounds, max_depth=3, min_child_weight=n / 100, learning_rate=0.1, n_jobs=1
    )

    half = n // 2
    centre = BoostRegressor(engine).fit(X[:half], y[:half])
    spread = np.std(y[half:n] - centre.predict(X[half:n]))
    middle = centre.predict(X[n:])
    quantiles = QuantileIntervalRegressor(engine, random_state=0).fit(X[:n], y[:n])
    intervals = {
        "least squares ± 1.645 sd": np.column_stack(
            [middle - 1.645 * spread, middle + 1.645 * spread]
        ),
        "quantile models": quantiles.predict_interval(X[n:]),
    }

    left = x[n:] < 5
    results = {}
    for name, interval in intervals.items():
        covered = (interval[:, 0] <= y[n:]) & (y[n:] <= interval[:, 1])
        results[name] = {
            "left half": float(covered[left].mean()),
            "right half": float(covered[~left].mean()),
            "all": float(covered.mean()),
            "mean width": float(np.mean(interval[:, 1] - interval[:, 0])),
            "interval score": IntervalScore(coverage=0.9).score(y[n:], interval),
        }
    print(f"90 % intervals, {n:,} training rows, noise from 0.2 on the left to 3.2 on the right.")
    print("Coverage of new rows; width and score (lower is better) in units of y:")
    table(
        ["interval", *next(iter(results.values()))],
        [[name, *row.values()] for name, row in results.items()],
    )

    made, panels = figure(12, 4.6, 1, 2, sharex=True, sharey=True)
    order = np.argsort(x[n:])
    for panel, (name, interval), color in zip(panels[0], intervals.items(), COLORS, strict=False):
        row = results[name]
        panel.plot(x[n:], y[n:], ".", color="#BBBBBB", ms=2)
        panel.fill_between(x[n:][order], *interval[order].T, color=color, alpha=0.45, lw=0)
        panel.axvline(5, color="black", lw=1, ls=":")
        for at, side in ((2.5, "left half"), (7.5, "right half")):
            panel.annotate(f"{row[side]:.0%} inside", (at, 11), ha="center")
        panel.set(title=name, xlabel="x", ylim=(-13, 13))
    panels[0, 0].set_ylabel("y")
    save(made, output, "heteroscedastic_interval")
    return results


if __name__ == "__main__":
    main(PICTURES)
