"""Which flights of a day will be late? A question of order within groups, asked in five ways.

A model of squared error spends itself on how bad a day is, which does not matter for the order
within the day. Pairwise losses compare flights of one day only. The engines' own ranking
objectives do so as well; lambdarank and its kin also weigh a pair by what it does to NDCG. On
average, all of them order these flights better than squared error. The pairwise losses, which
weigh all pairs of a day the same, do about as well as the engines' own: they differ by no more than
one split of the days differs from another.

Run: ``python examples/pairwise_ranking.py``
"""

from __future__ import annotations

from pathlib import Path

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from _shared import OUTPUT, figure, save, table
from sklearn.model_selection import GroupShuffleSplit

from boostobj import PairwiseHinge, PairwiseLogistic
from boostobj.datasets import load_flights
from boostobj.metrics import NDCG
from boostobj.plots import COLORS

#: Minutes of delay from which a flight counts one grade more, out of four.
GRADES = (1, 15, 60, 120)


def train_xgboost(objective, rounds, X, grade, sizes, X_test):
    """Scores of an XGBoost model."""
    data = xgb.DMatrix(X, grade, group=sizes)
    ours = callable(objective)
    parameters = {"eta": 0.1, "base_score": 0.0} if ours else {"eta": 0.1, "objective": objective}
    model = xgb.train(parameters, data, rounds, obj=objective if ours else None)
    return model.predict(xgb.DMatrix(X_test), output_margin=True)


def train_lightgbm(objective, rounds, X, grade, sizes, X_test):
    """Scores of a LightGBM model."""
    data = lgb.Dataset(X, grade, group=sizes)
    model = lgb.train({"objective": objective, "verbose": -1}, data, rounds)
    return model.predict(X_test, raw_score=True)


def main(output: Path = OUTPUT, n: int = 40_000, rounds: int = 60, repeats: int = 3):
    """Rank the flights of days that no model has seen.

    Returns
    -------
    dict
        NDCG@10 of each split by engine and objective.
    """
    X, minutes = load_flights()
    day = X["month"] * 100 + X["day"]
    some = np.sort(np.random.default_rng(0).permutation(len(X))[:n])
    some = some[np.argsort(day.to_numpy()[some], kind="stable")]
    day, grade = day.to_numpy()[some], np.digitize(minutes.to_numpy()[some], GRADES).astype(float)
    X = X.drop(columns=["month", "day"]).iloc[some]
    for column in X.select_dtypes("category"):
        X[column] = X[column].cat.codes
    X = X.to_numpy(float)

    tasks = {
        "XGBoost": (train_xgboost, ("reg:squarederror", "rank:pairwise", "rank:ndcg")),
        "LightGBM": (train_lightgbm, ("l2", "rank_xendcg", "lambdarank")),
    }
    ndcg = NDCG(k=10)
    found: dict[tuple[str, str], list[float]] = {}
    splits = GroupShuffleSplit(repeats, test_size=0.25, random_state=0)
    for train, test in splits.split(X, groups=day):
        sizes, sizes_test = (np.unique(day[part], return_counts=True)[1] for part in (train, test))
        random = np.random.default_rng(0).normal(size=len(test))
        found.setdefault(("", "at random"), []).append(
            ndcg.score(grade[test], random, group=sizes_test)
        )
        for engine, (fit, objectives) in tasks.items():
            for objective in (*objectives, PairwiseHinge(), PairwiseLogistic()):
                scores = fit(objective, rounds, X[train], grade[train], sizes, X[test])
                found.setdefault((engine, str(objective)), []).append(
                    ndcg.score(grade[test], scores, group=sizes_test)
                )
    print(f"NDCG@10 on unseen days, {n:,} flights, {rounds} rounds, {repeats} splits:")
    rows = [
        [engine, name, float(np.mean(each)), float(np.std(each))]
        for (engine, name), each in found.items()
    ]
    table(["engine", "objective", "mean", "sd of splits"], rows)
    base = {engine: found[engine, tasks[engine][1][0]] for engine in tasks}
    print("The same minus that of squared error, split by split:")
    gains = {key: np.subtract(each, base[key[0]]) for key, each in found.items() if key[0] in tasks}
    rows = [
        [*key, float(gain.mean()), f"{np.sum(gain > 0)} of {len(gain)}"]
        for key, gain in gains.items()
        if gain.any()
    ]
    table(["engine", "objective", "gain", "better in"], rows)

    made, panels = figure(11, 4.2, 1, 2, sharex=True)
    for panel, engine in zip(panels[0], tasks, strict=True):
        names = [name for other, name in found if other == engine]
        for i, name in enumerate(names):
            ours = name.startswith("Pairwise")
            each = found[engine, name]
            panel.plot(each, [i] * len(each), "o", color=COLORS[ours], alpha=0.4)
            panel.plot(np.mean(each), i, "D", color=COLORS[ours], ms=9)
        labels = [name.replace("(margin=1.0)", "").replace("()", "") for name in names]
        panel.set(title=engine, xlabel="NDCG@10 on unseen days", yticks=range(len(names)))
        panel.set_yticklabels(labels)
        panel.invert_yaxis()
    save(made, output, "pairwise_ranking")
    return found


if __name__ == "__main__":
    main()
