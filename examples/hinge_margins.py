"""The margins that hinge and logistic loss leave behind.

The hinge loss is content with a margin of one: its gradient is zero beyond, so that margins pile
up there and say little about probabilities. The squared hinge leaves margins that are linear in the
probability. The logistic loss is never content, and its margins are log-odds.

Run: ``python examples/hinge_margins.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table
from sklearn.calibration import calibration_curve
from xgboost import XGBClassifier

from boostobj import BoostClassifier, Hinge, Logistic, SquaredHinge
from boostobj.metrics import BrierScore, ZeroOneError
from boostobj.plots import COLORS


def main(output: Path = OUTPUT, n: int = 4000, rounds: int = 100):
    """Train each loss on labels drawn from known probabilities.

    Returns
    -------
    dict
        By loss: errors, and the share of training rows that the loss is content with.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2 * n, 4))
    p = 1 / (1 + np.exp(-(2 * X[:, 0] + np.sin(3 * X[:, 1]))))
    y = (rng.random(2 * n) < p).astype(int)
    engine = XGBClassifier(
        n_estimators=rounds, max_depth=3, learning_rate=0.1, min_child_weight=10, n_jobs=1
    )
    results, margins, curves = {}, {}, {}
    losses = {"hinge": Hinge(), "squared hinge": SquaredHinge(), "logistic": Logistic()}
    for name, loss in losses.items():
        model = BoostClassifier(engine, loss=loss).fit(X[:n], y[:n])
        raw = model.decision_function(X)
        own = np.where(y == 1, raw, -raw)
        score = loss.link.inverse(raw[n:])
        content = loss.gradient_hessian(y[:n], raw[:n])[0] == 0
        results[name] = {
            "zero-one error": ZeroOneError().score(y[n:], score),
            "Brier score": BrierScore().score(y[n:], score),
            "content with": float(content.mean()),
            "90 % of |margins| below": float(np.quantile(np.abs(raw), 0.9)),
        }
        margins[name] = own[:n]
        curves[name] = calibration_curve(y[n:], score, n_bins=8, strategy="quantile")
    print(
        f"{n:,} rows; Brier score of the true probabilities {BrierScore().score(y[n:], p[n:]):.3f}."
    )
    table(
        ["loss", *next(iter(results.values()))],
        [[name, *row.values()] for name, row in results.items()],
    )
    print(
        "The hinge says which class is likelier, and no more: its score is no probability. That of"
    )
    print("the squared hinge is, as long as margins keep within -1 and 1.")

    made, panels = figure(13, 4.6, 1, 2)
    for (name, m), color, line in zip(margins.items(), COLORS, ("-", "--", "-."), strict=False):
        style = {"color": color, "ls": line, "lw": 2.2, "label": name}
        panels[0, 0].hist(m, np.linspace(-3, 5, 81), histtype="step", density=True, **style)
        true, predicted = curves[name]
        panels[0, 1].plot(predicted, true, marker="o", **style)
    panels[0, 0].axvline(1, color="#999999", lw=1)
    panels[0, 0].set(title="margins of the training rows", xlabel="margin of the row's own class")
    panels[0, 0].set_ylabel("density")
    panels[0, 0].legend()
    panels[0, 1].plot([0, 1], [0, 1], color="#999999", lw=1)
    panels[0, 1].set(title="calibration on new rows", xlabel="predicted score")
    panels[0, 1].set_ylabel("share of positives")
    save(made, output, "hinge_margins")
    return results


if __name__ == "__main__":
    main()
