"""Corrupted targets in real data, and the losses that still learn.

Flight delays (minutes) and visits to a physician (a count): 0 to 40 % of the training targets get
ten standard deviations added, the test targets stay clean, and days or persons in the test were
not seen in training. At 0 % the comparison is fair to squared error: it wins on R², which asks for
the mean, and loses on the mean absolute error, which asks for the median.

Run: ``python examples/outliers_for_real.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, PICTURES, figure, held_out, save, table
from lightgbm import LGBMRegressor
from matplotlib.ticker import LogLocator, NullFormatter
from xgboost import XGBRegressor

import boostobj
from boostobj import BoostRegressor
from boostobj.datasets import load_flights, load_randhie
from boostobj.metrics import MAE, R2
from boostobj.plots import COLORS

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4)


def main(output: Path = OUTPUT, n: int = 8000, rounds: int = 60, shares=SHARES):
    """Train every loss on every share of corruption, and score it on clean targets.

    Returns
    -------
    dict
        ``{data: {model: {share: (R2, MAE)}}}``
    """
    settings = {"n_estimators": rounds, "learning_rate": 0.1, "n_jobs": 1}
    ours = XGBRegressor(max_depth=4, enable_categorical=True, **settings)

    def xgboost(objective):
        return XGBRegressor(objective=objective, max_depth=4, enable_categorical=True, **settings)

    X, y = load_flights()
    visits, counts = load_randhie()
    persons = visits.ne(visits.shift()).any(axis=1).cumsum()
    data = {
        "flights": (30.0, "minutes", held_out(X, y, X["month"] * 100 + X["day"], n)),
        "randhie": (2.0, "visits", held_out(visits, counts, persons, n)),
    }
    results: dict = {}
    for name, (scale, unit, ((X_train, y_train), (X_test, y_test))) in data.items():
        models = {
            "squared (XGBoost)": xgboost("reg:squarederror"),
            "absolute (XGBoost)": xgboost("reg:absoluteerror"),
            f"Huber {scale:g} (LightGBM)": LGBMRegressor(
                objective="huber", alpha=scale, num_leaves=16, verbose=-1, **settings
            ),
            "AbsoluteError()": BoostRegressor(ours, loss=boostobj.AbsoluteError()),
            f"AbsoluteError({scale / 10:g})": BoostRegressor(
                ours, loss=boostobj.AbsoluteError(scale=scale / 10)
            ),
            f"Huber({scale:g})": BoostRegressor(ours, loss=boostobj.Huber(delta=scale)),
            'Huber("auto")': BoostRegressor(ours, loss=boostobj.Huber(delta="auto")),
            f"LogCosh({scale:g})": BoostRegressor(ours, loss=boostobj.LogCosh(scale=scale)),
            f"Tukey({5 * scale:g})": BoostRegressor(ours, loss=boostobj.Tukey(scale=5 * scale)),
        }
        results[name] = {model: {} for model in models}
        rng = np.random.default_rng(1)
        luck = rng.random(len(y_train))
        for share in shares:
            corrupted = y_train + 10 * y_train.std() * (luck < share)
            for model, estimator in models.items():
                predicted = estimator.fit(X_train, corrupted).predict(X_test)
                scores = R2().score(y_test, predicted), MAE().score(y_test, predicted)
                results[name][model][share] = scores
        for i, measure in enumerate(("R²", f"mean absolute error, {unit}")):
            print(f"{name}: {measure}, by share of corrupted training targets")
            table(
                ["model", *(f"{share:.0%}" for share in shares)],
                [[model, *(s[i] for s in row.values())] for model, row in results[name].items()],
                digits=2,
            )

    most = max(shares)
    for name, models in results.items():
        held = [model for model, row in models.items() if row[most][1] < 2 * row[0.0][1]]
        print(f"{name}, {most:.0%} corrupted: less than double their clean error have")
        print(f"  {', '.join(held)}.")
    print(
        "What adapts its width to the residuals of a round adapts to outliers too: where many are"
    )
    print("to be expected, set the scale yourself.")

    made, panels = figure(13, 5, 1, 2)
    lines = [*zip("sDv", ("--", ":", "-."), 3 * [COLORS[4]], strict=True)]
    lines += [("o", "-", color) for color in COLORS if color != COLORS[4]]
    for panel, (name, models) in zip(panels[0], results.items(), strict=True):
        for (model, row), (marker, line, color) in zip(models.items(), lines, strict=False):
            errors = [mae for _, mae in row.values()]
            percent = [100 * share for share in row]
            panel.plot(percent, errors, line, marker=marker, color=color, label=model)
        panel.set(yscale="log", xlabel="corrupted training targets, %", title=name)
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_minor_formatter(NullFormatter())
        panel.set_ylabel(f"test MAE, {data[name][1]} (log axis)")
        panel.legend(fontsize=10)
    save(made, output, "outliers_for_real")
    return results


if __name__ == "__main__":
    main(PICTURES)
