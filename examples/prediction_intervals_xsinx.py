"""A 90 % interval for f(x) = x sin(x), the example of scikit-learn's gallery, and what it keeps.

Models of the 5 % and 95 % quantiles alone cover what they happen to cover: too much while they
have learned little, too little once they have fitted the noise. Calibration moves the bounds by
as much as rows that no model saw ask for, and the interval keeps its word after any number of
trees, and at any level without a new fit.

Run: ``python examples/prediction_intervals_xsinx.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table
from lightgbm import LGBMRegressor

from boostobj import QuantileIntervalRegressor
from boostobj.metrics import IntervalScore
from boostobj.plots import COLORS, IntervalDisplay


def draw(n: int, rng: np.random.Generator):
    """Draw x sin(x) on [0, 10] with log-normal noise of mean zero that grows with x."""
    x = np.sort(rng.uniform(0, 10, n))
    sigma = 0.5 + x / 10
    noise = rng.lognormal(sigma=sigma) - np.exp(sigma**2 / 2)
    return x[:, None], x * np.sin(x) + noise


def main(output: Path = OUTPUT, n: int = 1000, rounds: tuple[int, ...] = (25, 100, 400)):
    """Fit intervals without calibration, split and cross-calibrated, and count new rows inside.

    Returns
    -------
    dict
        Coverage, mean width and interval score by calibration and number of trees.
    """
    rng = np.random.default_rng(42)
    (X, y), (X_new, y_new) = draw(n, rng), draw(2000, rng)
    results, models = {}, {}
    for calibration in (None, "split", "cv"):
        for trees in rounds:
            engine = LGBMRegressor(n_estimators=trees, num_leaves=16, n_jobs=1)
            model = QuantileIntervalRegressor(
                engine, calibration=calibration, joint=True, random_state=0
            ).fit(X, y)
            interval = model.predict_interval(X_new)
            low, high = interval.T
            models[str(calibration), trees] = model
            results[str(calibration), trees] = {
                "inside": float(np.mean((low <= y_new) & (y_new <= high))),
                "mean width": float(np.mean(high - low)),
                "interval score": IntervalScore(coverage=0.9).score(y_new, interval),
            }
    print(f"90 % intervals from {n} rows, on {len(y_new)} new ones:")
    table(
        ["calibration", "trees", "inside", "mean width", "interval score"],
        [[name, trees, *values.values()] for (name, trees), values in results.items()],
    )

    made, panels = figure(13.5, 4.6, 1, 3)
    shown = models["cv", rounds[-1]]
    IntervalDisplay.from_estimator(shown, X_new, y_new, feature=0, ax=panels[0, 0])
    panels[0, 0].plot(X_new, X_new * np.sin(X_new), "k:", lw=1.5, label="x sin(x)")
    panels[0, 0].set(xlabel="x", ylim=(-15, 27))
    panels[0, 0].legend(fontsize="small", ncols=2, loc="upper left")
    levels = np.linspace(0.1, 0.95, 7)
    lines = (("None", "s--", COLORS[1]), ("split", "^-.", COLORS[2]), ("cv", "o-", COLORS[0]))
    for name, line, color in lines:
        by_trees = [results[name, trees]["inside"] for trees in rounds]
        panels[0, 1].plot(rounds, by_trees, line, color=color, label=name)
        inside = []
        for level in levels:
            low, high = models[name, rounds[-1]].predict_interval(X_new, level).T
            inside.append(np.mean((low <= y_new) & (y_new <= high)))
        panels[0, 2].plot(levels, inside, line, color=color, ms=5)
    panels[0, 1].axhline(0.9, ls=":", color="#666666", label="as promised")
    panels[0, 1].set(
        xscale="log",
        xlabel="trees",
        ylabel="share inside",
        ylim=(0.8, 1),
        title="90 %, by number of trees",
    )
    panels[0, 1].set_xticks(rounds, rounds)
    panels[0, 1].minorticks_off()
    panels[0, 1].legend(fontsize="small", title="calibration")
    panels[0, 2].plot([0, 1], [0, 1], ":", color="#666666")
    panels[0, 2].set(
        xlabel="promised", ylabel="share inside", title=f"every level, {rounds[-1]} trees"
    )
    save(made, output, "prediction_intervals_xsinx")
    return results


if __name__ == "__main__":
    main()
