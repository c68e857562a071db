"""One wrong target: what it does to two measures of error, and to two models.

The root mean squared error and the squared loss see the square of a mistake, so that one row in
a thousand can own them. The mean absolute error and the absolute loss see the mistake itself.

Run: ``python examples/outlier_table.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table

from boostobj import AbsoluteError, SquaredError
from boostobj.metrics import MAE, RMSE
from boostobj.plots import LossDisplay


def main(output: Path = OUTPUT, n: int = 1000):
    """Score predictions, and find the best constant, with and without one wrong target.

    Returns
    -------
    dict
        Metrics and best constants, each without and with the outlier.
    """
    rng = np.random.default_rng(0)
    y = 100 + 10 * rng.normal(size=n)
    predicted = y + 5 * rng.normal(size=n)
    wrong = y.copy()
    wrong[0] = 10_000  # a decimal point lost
    both = {"clean": y, "one of them 10,000": wrong}

    scores = {m.name: [m.score(t, predicted) for t in both.values()] for m in (MAE(), RMSE())}
    constants = {
        f"best constant, {type(loss).__name__}": [loss.init_score(t) for t in both.values()]
        for loss in (AbsoluteError(), SquaredError())
    }
    print(f"{n:,} targets near 100, predictions off by 5 or so.")
    results = scores | constants
    table(["", *both], [[name, *values] for name, values in results.items()], digits=2)

    made, panels = figure(13, 4.4, 1, 3)
    line = np.linspace(-10_000, 10_000, 2001)
    losses = [SquaredError(), AbsoluteError()]
    LossDisplay.from_loss(losses, y_true=100, raw_prediction=line, ax=panels[0])
    panels[0, 0].set(yscale="log", ylim=(10, 1e9), ylabel="loss of one row, log axis")
    panels[0, 1].set(yscale="symlog", ylabel="pull on the model, symlog axis")
    panels[0, 2].set(yscale="log", ylabel="curvature, log axis")
    for panel in panels[0]:
        panel.set_xticks([-10_000, 0, 10_000], ["-10,000", "0", "10,000"])
    save(made, output, "outlier_table")
    return results


if __name__ == "__main__":
    main()
