"""Learn a space in which neighbours are alike: the quality of a diamond's cut from its nearest kin.

The distances of nearest neighbours weigh every column the same, whether it matters or not. Trees
that are trained on pairs or triplets of diamonds map them to points such that those of one
quality lie together. No column is added or spoilt; the raw space has its columns standardised.

Run: ``python examples/metric_learning_neighbours.py``
"""

from __future__ import annotations

from pathlib import Path

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from _shared import OUTPUT, figure, save, table
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
from sklearn.preprocessing import StandardScaler

from boostobj import Contrastive, Triplet
from boostobj.datasets import load_diamonds
from boostobj.plots import COLORS

QUALITIES = ("Fair", "Good", "Very Good", "Premium", "Ideal")


def draw(y, loss, n, rng):
    """Rows of `n` triplets or pairs, and the targets of the rows."""
    first = rng.integers(0, len(y), n)
    like = np.empty(n, dtype=int)
    unlike = np.empty(n, dtype=int)
    for quality in np.unique(y):
        mine = y[first] == quality
        like[mine] = rng.choice(np.flatnonzero(y == quality), mine.sum())
        unlike[mine] = rng.choice(np.flatnonzero(y != quality), mine.sum())
    if isinstance(loss, Triplet):
        return np.column_stack([first, like, unlike]).ravel(), np.zeros(3 * n)
    label = np.arange(n) % 2
    return np.column_stack([first, np.where(label, unlike, like)]).ravel(), np.repeat(label, 2)


def train_xgboost(loss, X, y, outputs, rounds):
    """A map from features to points."""
    parameters = {"num_class": outputs, "max_depth": 4, "base_score": 0.0}
    model = xgb.train(parameters, xgb.DMatrix(X, y), rounds, obj=loss)
    return lambda X: model.predict(xgb.DMatrix(X), output_margin=True)


def train_lightgbm(loss, X, y, outputs, rounds):
    """A map from features to points."""
    parameters = {"objective": loss, "num_class": outputs, "num_leaves": 15, "verbose": -1}
    model = lgb.train({**parameters, "learning_rate": 0.3}, lgb.Dataset(X, y), rounds)
    return lambda X: model.predict(X, raw_score=True)


def main(output: Path = OUTPUT, n: int = 10_000, rounds: int = 100, outputs: int = 8):
    """Classify diamonds by their neighbours in several spaces.

    Returns
    -------
    dict
        Accuracy on the test half by space.
    """
    rng = np.random.default_rng(0)
    X, price = load_diamonds()
    some = rng.permutation(len(X))[:n]
    y = X["cut"].cat.codes.to_numpy()[some]
    columns = [X["color"].cat.codes, X["clarity"].cat.codes, price]
    X = np.column_stack([X[["carat", "depth", "table", "x", "y", "z"]], *columns])[some]
    train, test = slice(n // 2), slice(n // 2, None)
    scaler = StandardScaler().fit(X[train])
    spaces = {"raw, standardised": scaler.transform}
    linear = NeighborhoodComponentsAnalysis(random_state=0, max_iter=50)
    subset = slice(min(n // 2, 1000))  # its time grows with the square of the rows
    linear.fit(scaler.transform(X[subset]), y[subset])
    spaces["linear map (NCA)"] = lambda X: linear.transform(scaler.transform(X))
    for loss in (Triplet(), Contrastive()):
        index, target = draw(y[train], loss, n, rng)
        for engine, fit in (("XGBoost", train_xgboost), ("LightGBM", train_lightgbm)):
            name = f"{type(loss).__name__}, {engine}"
            spaces[name] = fit(loss, X[train][index], target, outputs, rounds)

    found = {"most frequent": float(np.mean(y[test] == np.bincount(y[train]).argmax()))}
    for name, space in spaces.items():
        model = KNeighborsClassifier(15).fit(space(X[train]), y[train])
        found[name] = float(model.score(space(X[test]), y[test]))
    model = xgb.XGBClassifier(n_estimators=rounds, max_depth=4).fit(X[train], y[train])
    found["a classifier, XGBoost"] = float(model.score(X[test], y[test]))
    print(f"Share of right qualities by the 15 nearest of {n // 2:,} diamonds:")
    table(["space", "accuracy"], list(found.items()))

    made, panels = figure(12, 5.2, 1, 2)
    shown = ("raw, standardised", "Triplet, XGBoost")
    for panel, name in zip(panels[0], shown, strict=True):
        points = PCA(2).fit(spaces[name](X[train])).transform(spaces[name](X[test]))[:1500]
        for quality, color in enumerate(COLORS[: len(QUALITIES)]):
            mine = y[test][:1500] == quality
            panel.scatter(*points[mine].T, s=9, color=color, label=QUALITIES[quality], lw=0)
        low, high = np.quantile(points, [0.005, 0.995], axis=0)
        low, high = 1.1 * low - 0.1 * high, 1.1 * high - 0.1 * low
        panel.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        panel.set(title=f"{name}: {found[name]:.3f}", xlabel="first principal component")
        panel.set(ylabel="second")
    panels[0, 1].legend(markerscale=2.5, loc="upper right")
    save(made, output, "metric_learning_neighbours")
    return found


if __name__ == "__main__":
    main()
