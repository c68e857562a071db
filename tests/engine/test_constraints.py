"""Monotone constraints, bounded leaves and regularisation hold, as no leaf is set afterwards."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from packaging.version import Version

import boostobj

LOSSES = [
    boostobj.AbsoluteError(),
    boostobj.Quantile(0.05),
    boostobj.Quantile(0.9),
    boostobj.Huber(),
    boostobj.PseudoHuber(),
    boostobj.LogCosh(),
]
ROUNDS = 25


@pytest.fixture(scope="module")
def rows():
    """A signal that rises along the first column, under noise that makes models fall."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (800, 3))
    return X, np.sin(3 * X[:, 0]) + X[:, 1] + rng.standard_t(3, 800)


def train_xgb(loss, X, y, **params):
    """Predict as if starting from zero; `loss` may be the parameters of a built-in objective."""
    if isinstance(loss, dict):
        params, obj, start = {**loss, **params}, None, 0.0
    else:
        obj, start = loss, boostobj.base_score(loss, y)
        params = {"base_score": start, **params}
    params = {"nthread": 1, "max_depth": 4, **params}
    model = xgb.train(params, xgb.DMatrix(X, y), ROUNDS, obj=obj)
    return lambda X, **rounds: model.predict(xgb.DMatrix(X), **rounds) - start


def train_lgb(loss, X, y, **params):
    data = lgb.Dataset(X, y, init_score=boostobj.init_scores(loss, y))
    params = {"objective": loss, "num_threads": 1, "num_leaves": 15, "verbose": -1, **params}
    model = lgb.train(params, data, ROUNDS)
    return lambda X, iteration_range=(0, ROUNDS): model.predict(
        X,
        start_iteration=iteration_range[0],
        num_iteration=iteration_range[1] - iteration_range[0],
        num_threads=1,
    )


ENGINES = pytest.mark.parametrize("train", [train_xgb, train_lgb])


def largest_fall(predict, X):
    """By how much predictions fall as the first column rises."""
    steps = np.linspace(-1, 1, 31)
    grid = np.repeat(X[:100], len(steps), axis=0)
    grid[:, 0] = np.tile(steps, 100)
    return -np.min(np.diff(predict(grid).reshape(100, -1), axis=1))


@ENGINES
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_monotone_constraints_hold(train, loss, rows):
    X, y = rows
    assert largest_fall(train(loss, X, y), X) > 0.05
    constraint = "(1,0,0)" if train is train_xgb else [1, 0, 0]
    constrained = train(loss, X, y, monotone_constraints=constraint)
    assert largest_fall(constrained, X) <= 0
    assert np.corrcoef(constrained(X), np.sin(3 * X[:, 0]) + X[:, 1])[0, 1] > 0.5


@ENGINES
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_max_delta_step_bounds_every_tree(train, loss, rows):
    X, y = rows

    def steps(**params):
        predict = train(loss, X, y, learning_rate=0.5, **params)
        so_far = [predict(X, iteration_range=(0, k)) for k in range(1, 6)]
        return np.abs(np.diff(so_far, axis=0, prepend=0))

    assert np.max(steps()) > 0.2
    bounded = steps(max_delta_step=0.1)
    assert np.max(bounded) == pytest.approx(0.5 * 0.1, rel=1e-3)


@ENGINES
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_penalties_shrink_towards_the_start(train, loss, penalty, rows):
    X, y = rows
    names = {"l1": "alpha", "l2": "lambda"} if train is train_xgb else {}
    name = names.get(penalty, f"lambda_{penalty}")
    distance = [
        np.mean(np.abs(train(loss, X, y, **{name: strength})(X))) for strength in (0.0, 10.0, 1e5)
    ]
    assert distance[0] > 0.2
    assert np.all(np.diff(distance) < 0)
    assert distance[-1] < 0.05 * distance[0]


@pytest.mark.skipif(
    Version(xgb.__version__) >= Version("3.3"), reason="this XGBoost re-fits no leaves"
)
@pytest.mark.parametrize(
    "built_in",
    [
        {"objective": "reg:absoluteerror"},
        {"objective": "reg:quantileerror", "quantile_alpha": 0.9},
    ],
    ids=lambda params: params["objective"],
)
def test_built_ins_that_re_fit_leaves_break_them(built_in, rows):
    X, y = rows
    fallen = train_xgb(built_in, X, y, monotone_constraints="(1,0,0)")
    assert largest_fall(fallen, X) > 0.05

    def first_tree(**params):
        predict = train_xgb(built_in, X, y, learning_rate=1.0, **params)
        return np.ptp(predict(X, iteration_range=(0, 1)))

    assert first_tree(max_delta_step=0.01) > 1  # leaves within 0.01 differ by 0.02 at most
    assert first_tree(**{"lambda": 1e4}) > 1


@pytest.mark.parametrize("objective", ["regression_l1", "quantile"])
def test_lightgbm_refuses_monotone_constraints_for_its_own(objective, rows):
    X, y = rows
    params = {"objective": objective, "monotone_constraints": [1, 0, 0], "verbose": -1}
    with pytest.raises(lgb.basic.LightGBMError, match="monotone_constraints"):
        lgb.train(params, lgb.Dataset(X, y), 1)
