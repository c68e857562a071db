"""Why the Hessian decides: one loss, one data set, four curvatures, in targets of any size.

A booster sets a leaf to minus the sum of gradients over the sum of Hessians. The exact second
derivative of log-cosh fades to nothing for residuals beyond a few units, so that a target of
some thousands trains to nothing at all: every leaf has less than ``min_child_weight`` of Hessian.
A Hessian of one never dies and moves by ``learning_rate`` a round. The majoriser
``tanh(r)/r`` is the curvature of the tightest parabola above the loss: it neither dies nor crawls.

Run: ``python examples/hessian_story.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xgboost as xgb
from _shared import OUTPUT, PICTURES, figure, save, table

import boostobj
from boostobj.plots import RoundsDisplay


def textbook(raw, data):
    """Log-cosh with its second derivative, as it is usually written."""
    r = raw - data.get_label()
    return np.tanh(r), 1 / np.cosh(np.clip(r, -40, 40)) ** 2


def scaled(raw, data):
    """The textbook's, times a factor that makes the mean Hessian one."""
    gradient, hessian = textbook(raw, data)
    mean = max(hessian.mean(), 1e-30)
    return gradient / mean, hessian / mean


def unit(raw, data):
    """Log-cosh with a Hessian of one."""
    r = raw - data.get_label()
    return np.tanh(r), np.ones_like(r)


def main(output: Path = OUTPUT, n: int = 4000, rounds: int = 100, picture_scale: float = 1e3):
    """Train on targets of many sizes, all from the mean.

    Returns
    -------
    dict
        Held-out mean absolute error in units of the target's scale, by Hessian and scale.
    """
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, (2 * n, 2))
    signal = 2 * np.sin(X[:, 0]) + np.cos(2 * X[:, 1])
    y = signal + 0.3 * rng.standard_t(3, 2 * n)
    hessians = {
        "majoriser (boostobj)": boostobj.LogCosh(),
        "textbook, exact": textbook,
        "exact, scaled to mean 1": scaled,
        "one": unit,
    }
    scales = [0.01, 1.0, 1e2, 1e3, 1e5]
    errors: dict[str, dict[float, float]] = {name: {} for name in hessians}
    models = {}
    for scale in scales:
        train = xgb.DMatrix(X[:n], scale * y[:n])
        test = xgb.DMatrix(X[n:])
        start = {"base_score": float(np.mean(scale * y[:n])), "nthread": 1}
        for name, objective in hessians.items():
            model = xgb.train(start, train, rounds, obj=objective)
            missed = np.abs(model.predict(test) / scale - y[n:])
            errors[name][scale] = float(np.mean(missed))
            if scale == picture_scale:
                models[name] = model
    constant = float(np.mean(np.abs(y[n:] - np.median(y[:n]))))
    noise = float(np.mean(np.abs(y[n:] - signal[n:])))

    print(f"Log-cosh by XGBoost, {rounds} rounds, default parameters. Held-out mean absolute")
    print(f"error over the size of the target; {noise:.3f} is noise, {constant:.3f} the constant:")
    table(
        ["Hessian", *(f"y * {scale:,g}" for scale in scales)],
        [[name, *by_scale.values()] for name, by_scale in errors.items()],
    )
    print("The exact Hessian is fine while residuals are not far beyond 1, dies when they are, and")
    print("explodes when brought back to size: a mean of one over rows that are nearly all zero.")
    made, panels = figure(14, 4.4, 1, 3)
    RoundsDisplay.from_estimator(models, ax=panels[0, :2])
    panels[0, 0].set(title=f"target * {picture_scale:,g}: leaves of each tree", ylabel="leaves")
    panels[0, 0].set(ylim=(-3, 110))
    panels[0, 0].legend(loc="upper right")
    panels[0, 1].set(title=f"target * {picture_scale:,g}: step", ylabel="spread of leaf values")
    for by_scale, line in zip(errors.values(), panels[0, 0].get_lines(), strict=True):
        style = {"color": line.get_color(), "ls": line.get_linestyle()}
        panels[0, 2].plot(scales, list(by_scale.values()), marker="o", **style)
    panels[0, 2].axhline(constant, color="#999999", lw=1)
    panels[0, 2].annotate("the best constant", (scales[0], constant), va="bottom", fontsize=11)
    panels[0, 2].set(xscale="log", yscale="log", ylim=(noise, 10), title="held-out error")
    panels[0, 2].set(xlabel="target * …", ylabel="mean absolute error / size")
    save(made, output, "hessian_story")
    return {"errors": errors, "constant": constant, "noise": noise}


if __name__ == "__main__":
    main(PICTURES)
