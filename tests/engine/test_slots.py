"""The same object in every slot trains the same model, weights included."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import boostobj
from tests.engine import slots

LOSSES = [
    boostobj.SquaredError(),
    boostobj.AbsoluteError(),
    boostobj.Huber(),
    boostobj.PseudoHuber(),
    boostobj.LogCosh(),
    boostobj.Quantile(0.9),
    boostobj.Logistic(),
    boostobj.CrossEntropy(),
    boostobj.Softmax(),
]


def targets(loss, y):
    if isinstance(loss, boostobj.Softmax):
        return np.digitize(y, [-1, 1])
    if loss.link == boostobj.links.Logit():
        return (y > 0).astype(float)
    return y


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("engine", ["xgb", "lgb"])
def test_every_slot_trains_the_same_model(engine, loss, weighted, regression):
    X, y, w = regression
    y, w = targets(loss, y), w if weighted else None
    native = getattr(slots, f"{engine}_train")(loss, X, y, w)
    wrapper = getattr(slots, f"{engine}_wrapper")(loss, X, y, w)
    assert native.std() > 0.1
    np.testing.assert_allclose(wrapper, native, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_weight_of_two_is_a_row_twice(loss, regression):
    X, y, w = regression
    y, w = targets(loss, y), np.ceil(w)
    twice = np.repeat(np.arange(len(y)), w.astype(int))
    # no histogram whose borders move with the number of rows
    params = {"tree_method": "exact", "max_depth": 3}
    weighted = slots.xgb_train(loss, X, y, w, **params)
    repeated = slots.xgb_train(loss, X[twice], y[twice], None, **params)
    np.testing.assert_allclose(repeated, weighted[twice], rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("loss", [boostobj.Huber(), boostobj.Softmax()], ids=repr)
def test_cross_validation_takes_loss_and_metric(loss, regression):
    X, y, w = regression
    y = targets(loss, y)
    outputs = {"num_class": 3} if loss == boostobj.Softmax() else {}
    folds = [(np.arange(200, 600), np.arange(200)), (np.arange(400), np.arange(400, 600))]
    history = xgb.cv(
        {"nthread": 1, "disable_default_eval_metric": True, **outputs},
        xgb.DMatrix(X, y, weight=w),
        5,
        folds=folds,
        obj=loss,
        custom_metric=loss.metric,
    )
    assert history[f"test-{loss.name}-mean"].is_monotonic_decreasing
    history = lgb.cv(
        {"objective": loss, "verbose": -1, "num_threads": 1, "metric": "None", **outputs},
        lgb.Dataset(X, y, weight=w),
        5,
        folds=folds,
        feval=loss.metric,
    )
    assert list(history) == [f"valid {loss.name}-mean", f"valid {loss.name}-stdv"]
    assert np.all(np.diff(history[f"valid {loss.name}-mean"]) < 0)


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_several_targets_are_as_many_losses(strategy, regression):
    X, y, w = regression
    Y = np.column_stack([y, -3 * y + 1])
    data = xgb.DMatrix(X, label=Y, weight=w)
    params = {"nthread": 1, "multi_strategy": strategy}
    both = xgb.train(params, data, slots.ROUNDS, obj=boostobj.AbsoluteError()).predict(data)
    assert both.shape == Y.shape
    if strategy == "one_output_per_tree":
        alone = slots.xgb_train(boostobj.AbsoluteError(), X, Y[:, 1], w)
        np.testing.assert_allclose(both[:, 1], alone, rtol=1e-5, atol=1e-5)
    assert np.all(np.abs(both - Y).mean(axis=0) < 0.6 * np.abs(Y).mean(axis=0))


def test_soft_labels_train_where_the_engine_carries_them(regression):
    X, y, w = regression
    soft = boostobj.Softmax().link.inverse(np.column_stack([0 * y, y, -y]))
    data = xgb.DMatrix(X, label=soft, weight=w)
    raw = xgb.train({"nthread": 1}, data, 30, obj=boostobj.Softmax()).predict(data)
    metric = boostobj.metrics.KLDivergence(link=boostobj.Softmax().link)
    assert metric.score(soft, raw, w) < 0.3 * metric.score(soft, np.zeros_like(raw), w)


def test_margin_labels_of_either_coding_train_the_same(regression):
    X, y, w = regression
    y = (y > 0).astype(float)
    for train in (slots.xgb_train, slots.lgb_train):
        zero_one = train(boostobj.Logistic(), X, y, w)
        np.testing.assert_array_equal(train(boostobj.Logistic(), X, 2 * y - 1, w), zero_one)
