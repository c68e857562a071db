"""Eight losses on sinc(x), with Gaussian noise and with impulses on top, by both engines.

After the comparison in Natekin and Knoll (2013), Gradient boosting machines, a tutorial,
Frontiers in Neurorobotics 7:21. Noise here: y = 5 sinc(x) + N(0, 0.5²), and in the impulsive
version one row in twenty gets another 12. Impulses go upwards only, so that a fit that gives in to
them is biased. A loss is robust when its fit stays where it was.

Run: ``python examples/sinc_noise.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table
from lightgbm import LGBMRegressor
from xgboost import XGBRegressor

from boostobj import AbsoluteError, BoostRegressor, Huber, Quantile, SquaredError
from boostobj.plots import COLORS

LOSSES = {
    "squared": SquaredError(),
    "absolute": AbsoluteError(),
    "Huber, δ = 4": Huber(delta=4.0),
    "Huber, δ = 2": Huber(delta=2.0),
    "Huber, δ = 1": Huber(delta=1.0),
    "quantile 0.5": Quantile(0.5),
    "quantile 0.1": Quantile(0.1),
    "quantile 0.9": Quantile(0.9),
}
SIGMA, SHARE, IMPULSE = 0.5, 0.05, 12.0


def engines(n: int, rounds: int):
    """Small trees and slow steps, the same in both engines."""
    common = {"n_estimators": rounds, "learning_rate": 0.1, "max_depth": 3, "n_jobs": 1}
    return {
        "XGBoost": XGBRegressor(min_child_weight=n / 100, **common),
        "LightGBM": LGBMRegressor(
            min_child_samples=n // 100, num_leaves=8, min_child_weight=0, verbose=-1, **common
        ),
    }


def main(output: Path = OUTPUT, n: int = 1500, rounds: int = 300):
    """Fit each loss by each engine on clean and on impulsive noise.

    Returns
    -------
    dict
        Mean of fit less truth, by loss: clean and impulsive for each engine.
    """
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(-10, 10, n))
    truth = 5 * np.sinc(x / np.pi)
    gaussian = truth + SIGMA * rng.normal(size=n)
    impulsive = gaussian + IMPULSE * (rng.random(n) < SHARE)
    X = x[:, None]
    fits = {
        name: {
            (engine, noise): BoostRegressor(model, loss=loss).fit(X, y).predict(X)
            for engine, model in engines(n, rounds).items()
            for noise, y in (("Gaussian", gaussian), ("impulses", impulsive))
        }
        for name, loss in LOSSES.items()
    }
    biases = {
        loss: {what: float(np.mean(fit - truth)) for what, fit in by_run.items()}
        for loss, by_run in fits.items()
    }
    columns = list(next(iter(biases.values())))
    print(f"Mean of the fit less the truth, {n:,} rows, noise {SIGMA:g}, impulses of {IMPULSE:g}")
    print(f"in {SHARE:.0%} of the rows. The 10 % and 90 % quantiles are meant to be off:")
    print(f"by {-1.2816 * SIGMA:.2f} and {1.2816 * SIGMA:.2f} without impulses.")
    table(
        ["loss", *(f"{engine}, {noise}" for engine, noise in columns)],
        [[loss, *by_run.values()] for loss, by_run in biases.items()],
    )

    made, panels = figure(16, 7.2, 2, 4, sharex=True, sharey=True)
    for panel, (loss, by_run) in zip(panels.flat, fits.items(), strict=True):
        panel.plot(x, impulsive, ".", color="#CCCCCC", ms=2)
        panel.plot(x, truth, color="black", lw=1.2, label="truth")
        for engine, color, line in (("XGBoost", COLORS[0], "-"), ("LightGBM", COLORS[1], "--")):
            panel.plot(x, by_run[engine, "impulses"], line, color=color, label=engine, lw=1.8)
        panel.set_title(f"{loss}: bias {biases[loss]['XGBoost', 'impulses']:+.2f}")
        panel.set_ylim(-3, 15)
    panels[0, 0].legend(loc="upper left", bbox_to_anchor=(0, 0.85))
    for panel in panels[-1]:
        panel.set_xlabel("x")
    for panel in panels[:, 0]:
        panel.set_ylabel("y")
    save(made, output, "sinc_noise")
    return biases


if __name__ == "__main__":
    main()
