"""Your own loss in fifteen lines: nobody minds a flight that is a quarter of an hour off.

Write the formula, the value, the gradient and the Hessian of one residual. `check_loss` compares
them in high precision, at the kinks and far out; weights, start value, metric and callbacks come
from the family. The second derivative is zero within the tolerance, so that the Hessian here is
the curvature of a parabola above the loss, a majoriser.

Run: ``python examples/own_loss.py``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, held_out, save, table
from xgboost import XGBRegressor

from boostobj import BoostRegressor, ResidualLoss, SquaredError
from boostobj.datasets import load_flights
from boostobj.plots import LossDisplay
from boostobj.testing import check_loss


@dataclass(frozen=True)
class Tolerant(ResidualLoss):
    """Squared distance from the band of tolerable residuals."""

    tolerance: float = 1.0

    formula = "max(0, abs(r) - tolerance)**2"
    curvature = "majorizer"

    def _value(self, r):
        return np.clip(np.abs(r) - self.tolerance, 0, None) ** 2

    def _gradient_hessian(self, r):
        excess = np.clip(np.abs(r) - self.tolerance, 0, None)
        return 2 * np.sign(r) * excess, np.full_like(r, 2)


def main(output: Path = OUTPUT, n: int = 10_000, rounds: int = 80, tolerance: float = 15.0):
    """Check the loss, train with it, and compare it with squared error on its own terms.

    Returns
    -------
    dict
        Held-out mean of the own loss and of the squared error, by training loss.
    """
    for loss in (Tolerant(), Tolerant(tolerance=0.3)):
        check_loss(loss)
    print("check_loss finds nothing to complain about.")
    X, y = load_flights()
    parts = held_out(X, y, X["month"] * 100 + X["day"], n)
    (X_train, y_train), (X_test, y_test) = parts
    engine = XGBRegressor(
        n_estimators=rounds, max_depth=4, learning_rate=0.1, enable_categorical=True, n_jobs=1
    )
    losses = {"squared error": SquaredError(), "tolerant": Tolerant(tolerance)}
    results = {}
    for name, loss in losses.items():
        predicted = BoostRegressor(engine, loss=loss).fit(X_train, y_train).predict(X_test)
        results[name] = {
            f"tolerant loss, {tolerance:g} min": losses["tolerant"].metric.score(y_test, predicted),
            "squared error": losses["squared error"].metric.score(y_test, predicted),
        }
    print(f"{n:,} flights, test means over other days, minutes squared, by training loss:")
    table(
        ["trained with", *next(iter(results.values()))],
        [[name, *row.values()] for name, row in results.items()],
        digits=1,
    )
    made, panels = figure(13, 4, 1, 3)
    line = np.linspace(-60, 60, 1201)
    LossDisplay.from_loss(losses, raw_prediction=line, ax=panels[0])
    panels[0, 0].set(ylim=(0, 2500), ylabel="minutes²")
    panels[0, 1].set_ylabel("minutes")
    panels[0, 2].set_ylim(0, 3)
    save(made, output, "own_loss")
    return results


if __name__ == "__main__":
    main()
