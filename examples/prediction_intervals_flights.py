"""How late may this flight be: 90 % intervals for the delays of flights from New York City.

Delays have a long right tail, whose length depends on hour, month, airline and weather. Flights
of one day share its troubles, so the folds for calibration keep days together, and the promise is
one for new days. An interval that covers 90 % of all flights may still cover less of one
airline's; calibrated by airline it covers each as promised.

Run: ``python examples/prediction_intervals_flights.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _shared import OUTPUT, figure, save, table
from lightgbm import LGBMRegressor
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, GroupShuffleSplit

from boostobj import QuantileIntervalRegressor
from boostobj.datasets import load_flights
from boostobj.plots import CoverageDisplay, IntervalDisplay


def main(output: Path = OUTPUT, n: int = 12_000, rounds: int = 60):
    """Fit on some days, and count flights of other days inside.

    Returns
    -------
    dict
        Coverage of all flights, and of the airlines covered least and most, by calibration.
    """
    X, y = load_flights()
    rows = np.random.default_rng(0).permutation(len(y))[:n]
    X, y = X.iloc[rows], y.iloc[rows].to_numpy(dtype=float)
    day = (X["month"] * 100 + X["day"]).to_numpy()
    (train, test), *_ = GroupShuffleSplit(1, test_size=0.4, random_state=0).split(X, groups=day)
    frequent = X["carrier"].value_counts().index[:8]
    airline = np.where(X["carrier"].isin(frequent), X["carrier"].astype(str), "others")

    model = QuantileIntervalRegressor(
        LGBMRegressor(n_estimators=rounds, num_leaves=16, n_jobs=1),
        calibration="cv",
        cv=list(GroupKFold(5).split(train, groups=day[train])),
        joint=True,
        random_state=0,
    )
    results, models = {}, {}
    for name, by_airline in (("overall", False), ("by airline", True)):
        known, new = (airline[i] if by_airline else None for i in (train, test))
        models[name] = clone(model).fit(X.iloc[train], y[train], groups=known)
        low, high = models[name].predict_interval(X.iloc[test], groups=new).T
        inside = (low <= y[test]) & (y[test] <= high)
        shares = [inside[airline[test] == one].mean() for one in np.unique(airline)]
        results[name] = {
            "inside": float(inside.mean()),
            "median width": float(np.median(high - low)),
            "airline covered least": float(np.min(shares)),
            "airline covered most": float(np.max(shares)),
        }
    print(f"90 % intervals for {len(test):,} flights of {len(np.unique(day[test]))} new days:")
    table(
        ["calibration", *results["overall"]],
        [[name, *values.values()] for name, values in results.items()],
    )

    made, panels = figure(14, 8.4, 2, 2)
    X_new, y_new = X.iloc[test], y[test]
    IntervalDisplay.from_estimator(models["overall"], X_new, y_new, max_rows=250, ax=panels[0, 0])
    panels[0, 0].set(ylabel="delay at arrival, minutes", ylim=(-80, 320))
    CoverageDisplay.from_estimator(
        models["by airline"],
        X_new,
        y_new,
        by="carrier",
        n_bins=8,
        groups=airline[test],
        ax=panels.ravel()[1:],
    )
    panels[1, 0].set(title="share inside by airline, calibrated by airline")
    panels[1, 1].set(title="width by airline", ylabel="mean width, minutes")
    save(made, output, "prediction_intervals_flights")
    return results


if __name__ == "__main__":
    main()
