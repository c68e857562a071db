"""One flight in twelve is late by an hour: whether weights or the focal loss help.

Cross-entropy, cross-entropy with weighted positives, and focal losses from gamma = 0 to 5, on
days that no model has seen. Weighting makes positives look more probable than they are; the focal
loss turns away from easy rows, of which there are most, by the modulating factor
``(1 - p)**gamma``. Probabilities come from each loss's own link, which undoes the shift that the
focal loss makes, and from the plain sigmoid as the focal loss is usually read.

Run: ``python examples/imbalance_for_real.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, held_out, save, table
from sklearn.calibration import calibration_curve
from xgboost import XGBClassifier

from boostobj import BoostClassifier, CrossEntropy, Focal
from boostobj.datasets import load_flights
from boostobj.links import Logit
from boostobj.metrics import AveragePrecision, BrierScore, LogLoss
from boostobj.plots import COLORS

METRICS = {
    "average precision": AveragePrecision(),
    "log loss": LogLoss(),
    "Brier score": BrierScore(),
}


def main(output: Path = OUTPUT, n: int = 20_000, rounds: int = 80):
    """Train each loss on flights, late or not, and score it on other days.

    Returns
    -------
    dict
        ``{loss: {metric: score}}``
    """
    X, y = load_flights("late")
    parts = held_out(X, y, X["month"] * 100 + X["day"], n)
    (X_train, y_train), (X_test, y_test) = parts
    weight = float(np.sum(y_train == 0) / np.sum(y_train == 1))
    losses = {"cross-entropy": CrossEntropy(), f"positives x {weight:.0f}": CrossEntropy(weight)}
    losses |= {f"focal, gamma {g:g}": Focal(alpha=0.5, gamma=g) for g in (0.0, 0.5, 1.0, 2.0, 5.0)}
    engine = XGBClassifier(
        n_estimators=rounds, max_depth=4, learning_rate=0.1, enable_categorical=True, n_jobs=1
    )
    results, curves = {}, {}
    for name, loss in losses.items():
        model = BoostClassifier(engine, loss=loss).fit(X_train, y_train)
        p = model.predict_proba(X_test)[:, 1]
        results[name] = {what: metric.score(y_test, p) for what, metric in METRICS.items()}
        plain = Logit().inverse(model.decision_function(X_test))
        results[name]["log loss of sigmoid"] = LogLoss().score(y_test, plain)
        curves[name] = calibration_curve(y_test, p, n_bins=8, strategy="quantile")

    print(f"{n:,} flights to train on, {y_train.mean():.1%} late by an hour or more.")
    table(
        ["loss", *next(iter(results.values()))],
        [[name, *row.values()] for name, row in results.items()],
        digits=4,
    )
    plain, focal = (results[name] for name in ("cross-entropy", "focal, gamma 2"))
    ranked = max(results, key=lambda name: results[name]["average precision"])
    gain = results[ranked]["average precision"] - plain["average precision"]
    change = focal["average precision"] - plain["average precision"]
    print(f"Best average precision: {ranked}, {gain:+.4f} against plain cross-entropy;")
    print(f"gamma 2 changes it by {change:+.4f}.")
    if gain < 0.01:
        print("Neither weights nor focus find more late flights here. Both only move the scores,")
        print("and plain cross-entropy has its probabilities right without any correction.")

    made, panels = figure(14, 4.6, 1, 3)
    factor, calibration, precision = panels[0]
    p = np.linspace(0, 1, 201)
    for gamma, color, line in zip((0.5, 1, 2, 5), COLORS, ("-", "--", "-.", ":"), strict=False):
        factor.plot(p, (1 - p) ** gamma, line, color=color, label=f"gamma = {gamma:g}")
    factor.axvspan(0.6, 1, color="#EEEEEE")
    factor.annotate("easy rows", (0.8, 0.68), ha="center")
    factor.set(
        title="modulating factor", xlabel="probability of the row's own class", ylabel="weight"
    )
    factor.legend()
    shown = ["cross-entropy", f"positives x {weight:.0f}", "focal, gamma 2"]
    for name, color, marker in zip(shown, COLORS, "os^", strict=False):
        true, predicted = curves[name]
        calibration.plot(predicted, true, marker=marker, color=color, label=name)
    calibration.plot([0, 0.8], [0, 0.8], color="#999999", lw=1)
    calibration.set(
        title="calibration",
        ylim=(0, 0.4),
        xlabel="predicted probability",
        ylabel="share of late flights",
    )
    calibration.legend()
    names = list(results)
    precision.barh(names, [results[name]["average precision"] for name in names], color=COLORS[0])
    precision.invert_yaxis()
    precision.axvline(y_test.mean(), color="black", ls=":")
    precision.set(
        title="area under precision-recall", xlabel="average precision (dotted: by chance)"
    )
    save(made, output, "imbalance_for_real")
    return results


if __name__ == "__main__":
    main()
