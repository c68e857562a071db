"""Nine targets in ten are 150, the tenth is anything from 0 to 30: what a model predicts.

No feature tells the two populations apart, so that a boosted model can only learn one number.
Which one is the loss's choice: the mean for squared error, the median for absolute error, a
quantile for the pinball loss, and something in between for Huber and log-cosh, which are squared
within their scale and absolute beyond.

Run: ``python examples/two_populations.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table
from xgboost import XGBRegressor

import boostobj
from boostobj import BoostRegressor
from boostobj.plots import COLORS, loss_label

WHY = {
    "SquaredError": "the mean, a value that no row has",
    "AbsoluteError": "the median: the minority has no say",
    "Huber(delta=10.0)": "near the majority; the minority pulls by 10 each",
    "Huber(delta=100.0)": "most residuals count as near: almost the mean",
    "LogCosh": "the minority pulls by 1 each",
    "Quantile(quantile=0.05)": "the middle of the minority",
    "Quantile(quantile=0.9)": "nine in ten stay at or below",
    "Tukey(scale=30.0)": "the minority is too far away to pull at all",
}


def main(output: Path = OUTPUT, n: int = 2000, rounds: int = 100):
    """Train one model a loss on two populations that features do not tell apart.

    Returns
    -------
    dict
        The mean prediction by loss.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 1))
    minority = rng.random(n) < 0.1
    y = np.where(minority, rng.uniform(0, 30, n), 150 + rng.normal(size=n))
    losses = [
        boostobj.SquaredError(),
        boostobj.Huber(delta=100.0),
        boostobj.Huber(delta=10.0),
        boostobj.LogCosh(),
        boostobj.AbsoluteError(),
        boostobj.Tukey(scale=30.0),
        boostobj.Quantile(0.9),
        boostobj.Quantile(0.05),
    ]
    engine = XGBRegressor(n_estimators=rounds, max_depth=1, min_child_weight=n / 16, n_jobs=1)
    predicted = {
        loss_label(loss): float(BoostRegressor(engine, loss=loss).fit(X, y).predict(X).mean())
        for loss in losses
    }
    best = {name: float(loss.init_score(y)) for name, loss in zip(predicted, losses, strict=True)}
    print(f"{n:,} targets, {minority.mean():.1%} of them between 0 and 30, the others near 150.")
    table(
        ["loss", "best constant", "model", "why"],
        [[name, best[name], value, WHY[name]] for name, value in predicted.items()],
        digits=1,
    )
    off = [name for name, value in predicted.items() if abs(value - best[name]) > 1]
    if off:
        print(f"Off by more than 1: {', '.join(off)}.")
        print("Boosters get these losses smoothed, by the residuals unless `scale` is given.")

    made, panels = figure(10, 4.6)
    panel = panels[0, 0]
    panel.axvspan(0, 30, color="#DDDDDD")
    panel.axvspan(147, 153, color="#DDDDDD")
    panel.annotate("10 %", (15, -0.7), ha="center")
    panel.annotate("90 %", (150, -0.7), ha="center")
    for i, value in enumerate(predicted.values()):
        panel.plot(value, i, "o", color=COLORS[0], ms=10)
        side = -8 if value > 60 else 8
        panel.annotate(
            f"{value:.1f}",
            (value, i),
            (side, 0),
            textcoords="offset points",
            ha="right" if value > 60 else "left",
            va="center",
        )
    panel.set_yticks(range(len(predicted)), predicted)
    panel.set(
        ylim=(len(predicted) - 0.5, -1.1),
        xlim=(-2, 160),
        xlabel="prediction (grey: where the targets are)",
    )
    save(made, output, "two_populations")
    return predicted


if __name__ == "__main__":
    main()
