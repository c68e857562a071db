"""Exponential loss is AdaBoost's: its margins are half log-odds, and wrong labels hurt it.

The exponential loss punishes a badly wrong row exponentially, so that mislabelled rows take over;
the logistic loss punishes it linearly, and the Savage loss lets go of it. Savage's steps are short:
after 150 rounds it is the worst of the three up to a fifth of wrong labels; after 500, when the
others have learnt those, it is the best from a fifth on.

Run: ``python examples/label_noise.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table
from xgboost import XGBClassifier

from boostobj import BoostClassifier, Exponential, Logistic, Savage
from boostobj.links import Logit
from boostobj.plots import COLORS

SHARES = (0.0, 0.1, 0.2, 0.3)


def main(output: Path = OUTPUT, n: int = 4000, rounds: int = 500, repeats: int = 4):
    """Recover known log-odds, then flip labels.

    Returns
    -------
    dict
        "slope" of margins over true log-odds by loss, and "error": test error by loss and share.
    """
    rng = np.random.default_rng(0)
    losses = {"exponential": Exponential(), "logistic": Logistic(), "Savage": Savage()}

    # Twenty kinds of rows, so that the true log-odds can be counted.
    kind = rng.integers(0, 20, 5 * n)
    y = (rng.random(5 * n) < 1 / (1 + np.exp(-np.linspace(-3, 3, 20)[kind]))).astype(int)
    share_of_ones = np.bincount(kind, y) / np.bincount(kind)
    log_odds = Logit().link(share_of_ones)
    engine = XGBClassifier(n_estimators=150, max_depth=5, learning_rate=0.3, n_jobs=1)
    each_kind = np.arange(20)[:, None]
    margins = {
        name: BoostClassifier(engine, loss=loss).fit(kind[:, None], y).decision_function(each_kind)
        for name, loss in losses.items()
    }
    slopes = {name: float(np.polyfit(log_odds, m, 1)[0]) for name, m in margins.items()}
    print("Slope of the margin over the log-odds:")
    table(["loss", "slope"], list(slopes.items()))

    X = rng.normal(size=(2 * n, 6))
    train, test = slice(n), slice(n, None)
    # Clean classes, so that every error is a mistake; flips are drawn anew each time.
    clean = (2 * X[:, 0] + np.sin(2 * X[:, 1]) + X[:, 2] * X[:, 3] > 0).astype(int)
    deep = XGBClassifier(n_estimators=rounds, max_depth=3, learning_rate=0.1, n_jobs=1)
    errors: dict[str, dict[float, float]] = {name: {} for name in losses}
    for share in SHARES:
        missed: dict[str, list[float]] = {name: [] for name in losses}
        for _ in range(repeats):
            labels = np.where(rng.random(n) < share, 1 - clean[train], clean[train])
            for name, loss in losses.items():
                model = BoostClassifier(deep, loss=loss).fit(X[train], labels)
                missed[name].append(float(np.mean(model.predict(X[test]) != clean[test])))
        for name, each in missed.items():
            errors[name][share] = float(np.mean(each))
    print(f"Test error against the true classes, by share of flipped training labels, {n:,} rows:")
    table(
        ["loss", *(f"{share:.0%}" for share in SHARES)],
        [[name, *row.values()] for name, row in errors.items()],
    )

    made, panels = figure(12, 4.8, 1, 2)
    ends = np.asarray([-3, 3])
    for slope, line in ((1, "-"), (0.5, "--")):
        panels[0, 0].plot(ends, slope * ends, line, color="#999999", lw=1, label=f"slope {slope:g}")
    for (name, m), color, marker in zip(margins.items(), COLORS, "os^", strict=False):
        panels[0, 0].plot(log_odds, m, marker, color=color, label=name)
    panels[0, 0].set(title="margins", xlabel="log-odds of the rows", ylabel="margin")
    panels[0, 0].legend()
    for (name, row), color, line in zip(errors.items(), COLORS, ("-", "--", "-."), strict=False):
        percent = [100 * share for share in row]
        panels[0, 1].plot(percent, list(row.values()), line, marker="o", color=color, label=name)
    panels[0, 1].set(title="flipped labels", xlabel="flipped training labels, %")
    panels[0, 1].set(ylabel="test error against the true classes")
    panels[0, 1].legend()
    save(made, output, "label_noise")
    return {"slope": slopes, "error": errors}


if __name__ == "__main__":
    main()
