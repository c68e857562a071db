"""Metric-learning losses: derivatives, curvature, and spaces whose neighbours are alike."""

from __future__ import annotations

import lightgbm as lgb
import mpmath
import numpy as np
import pytest
import xgboost as xgb
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

import boostobj as bo
from boostobj.datasets import load_diamonds

# LightGBM 4.0 calls scikit-learn 1.6 by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:'force_all_finite':FutureWarning")

LOSSES = [bo.Triplet(), bo.Triplet(margin=0.3), bo.Contrastive(), bo.Contrastive(margin=0.3)]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def rows(loss, n_tuples=20, k=3, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n_tuples) % 2, loss.tuple_size).astype(float)
    return y, scale * rng.normal(size=(n_tuples * loss.tuple_size, k))


def by_formula(loss, y, points):
    """The loss of one tuple, by its formula in high precision."""
    points = [[mpmath.mpf(float(x)) for x in point] for point in points]
    names = {"y": mpmath.mpf(float(y)), "margin": mpmath.mpf(loss.margin), "max": max}
    if isinstance(loss, bo.Triplet):
        names |= dict(zip(("anchor", "positive", "negative"), points, strict=True))
    else:
        names["distance"] = mpmath.sqrt(sum((a - b) ** 2 for a, b in zip(*points, strict=True)))
    return eval(loss.formula, names)


@each_loss
def test_values_follow_the_formula(loss):
    y, raw = rows(loss)
    size = loss.tuple_size
    with mpmath.workdps(50):
        expected = [
            float(by_formula(loss, y[i], raw[i : i + size])) for i in range(0, len(y), size)
        ]
    np.testing.assert_allclose(loss.value(y, raw), np.repeat(expected, size), rtol=1e-13)
    np.testing.assert_array_equal(loss.value(y, raw), loss.value(y, raw, [size] * (len(y) // size)))
    single = loss.value(y.astype(np.float32), raw.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, np.repeat(expected, size), rtol=1e-4, atol=1e-6)


def test_contrastive_is_majorised_whatever_both_points_do():
    rng = np.random.default_rng(1)
    for loss in (bo.Contrastive(), bo.Contrastive(margin=0.3)):
        for scale in (0.03, 0.3, 3.0):
            y, raw = rows(loss, n_tuples=200, scale=scale)
            value = loss.value(y, raw).reshape(-1, 2).sum(axis=1)
            gradient, hessian = loss.gradient_hessian(y, raw)
            for size in (0.01, 0.1, 1.0, 10.0):
                step = size * rng.normal(size=raw.shape)
                rise = (gradient * step + hessian * step**2 / 2).reshape(len(value), -1)
                there = loss.value(y, raw + step).reshape(-1, 2).sum(axis=1)
                assert np.all(there <= value + rise.sum(axis=1) + 1e-9)


@each_loss
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e4, 1e30])
def test_float32_is_finite_and_positive_at_any_scale(loss, scale):
    y, raw = (x.astype(np.float32) for x in rows(loss, scale=scale))
    value = loss.value(y, raw)
    gradient, hessian = loss.gradient_hessian(y, raw)
    for x in (value, gradient, hessian):
        assert x.dtype == np.float32
        assert np.all(np.isfinite(x))
    assert np.all(hessian > 0)


@each_loss
def test_wrong_input(loss):
    y, raw = rows(loss)
    with pytest.raises(ValueError, match=f"tuples of {loss.tuple_size} rows"):
        loss.value(y[:-1], raw[:-1])
    with pytest.raises(ValueError, match=f"tuples of {loss.tuple_size} rows, got a group of 1 row"):
        loss.value(y, raw, [1, len(y) - 1])
    with pytest.raises(TypeError, match=r"starts from zero.*leave out init_score"):
        bo.init_scores(loss, y)
    with pytest.raises(ValueError, match="set num_class"):
        loss.value(y, raw[:, 0])
    with pytest.raises(ValueError, match="y_true must have shape"):
        loss.value(y[:-1], raw)
    with pytest.raises(ValueError, match="margin"):
        type(loss)(margin=-1)


def test_labels_of_a_pair_must_agree():
    loss = bo.Contrastive()
    with pytest.raises(ValueError, match=r"y_true must be the same in both rows of a pair"):
        loss.value([0, 1], [[0.0, 0.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match=r"y_true must be in \[0, 1\], got 2"):
        loss.value([2, 2], [[0.0, 0.0], [1.0, 0.0]])


@each_loss
def test_a_constant_start_moves_and_does_so_the_same_way_each_time(loss):
    y, raw = rows(loss)
    first = loss(y, np.zeros_like(raw))
    assert np.all(np.abs(first[0]).sum(axis=0) > 0)
    np.testing.assert_array_equal(first, loss(y, np.zeros_like(raw)))
    # only there: elsewhere a booster gets the derivatives, with unit curvature in each output
    gradient, hessian = loss(y, raw)
    exact, curvature = loss.gradient_hessian(y, raw)
    factor = hessian.mean(axis=0) / curvature.mean(axis=0)
    np.testing.assert_allclose(gradient, factor * exact, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(hessian, factor * curvature, rtol=1e-5)


# Training --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def diamonds():
    """4,000 diamonds with standardised columns, and the quality of their cut."""
    X, price = load_diamonds()
    some = np.random.default_rng(0).permutation(len(X))[:4000]
    X, price = X.iloc[some], price.iloc[some]
    y = X["cut"].cat.codes.to_numpy()
    columns = [X["color"].cat.codes, X["clarity"].cat.codes, price]
    X = np.column_stack([X[["carat", "depth", "table", "x", "y", "z"]], *columns])
    return StandardScaler().fit_transform(X), y


def draw(y, loss, n, seed=0):
    """Rows of `n` triplets or pairs, and the targets of the rows."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(y), n)
    like = np.asarray([rng.choice(np.flatnonzero(y == y[i])) for i in first])
    unlike = np.asarray([rng.choice(np.flatnonzero(y != y[i])) for i in first])
    if loss.tuple_size == 3:
        return np.column_stack([first, like, unlike]).ravel(), np.zeros(3 * n)
    label = np.arange(n) % 2
    return np.column_stack([first, np.where(label, unlike, like)]).ravel(), np.repeat(label, 2)


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("loss", [bo.Triplet(), bo.Contrastive()], ids=repr)
def test_neighbours_in_the_learned_space_are_more_alike(loss, engine, diamonds):
    X, y = diamonds
    known = np.arange(len(y)) % 2 == 0
    index, target = draw(y[known], loss, 3000)
    X_rows = X[known][index]
    if engine == "xgboost":
        data = xgb.DMatrix(X_rows, target, nthread=1)
        parameters = {"num_class": 8, "nthread": 1, "max_depth": 4, "base_score": 0.0}
        booster = xgb.train(parameters, data, 60, obj=loss)

        def embed(X):
            return booster.predict(xgb.DMatrix(X, nthread=1), output_margin=True)
    else:
        data = lgb.Dataset(X_rows, target, params={"num_threads": 1, "verbose": -1})
        parameters = {"objective": loss, "num_class": 8, "num_leaves": 15, "num_threads": 1}
        booster = lgb.train({**parameters, "learning_rate": 0.3, "verbose": -1}, data, 60)

        def embed(X):
            return booster.predict(X, raw_score=True, num_threads=1)

    def accuracy(space):
        model = KNeighborsClassifier(15).fit(space(X[known]), y[known])
        return model.score(space(X[~known]), y[~known])

    start = loss.metric.score(target, np.zeros((len(target), 8)))
    assert loss.metric.score(target, embed(X_rows)) < 0.6 * start
    assert accuracy(embed) > accuracy(lambda X: X) + 0.03
