"""Losses that the engines have themselves train the engines' own models."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import boostobj

ROUNDS = 50


@pytest.fixture(scope="module")
def classes(regression):
    _, y, _ = regression
    return np.digitize(y, [-1, 1])


def assert_same(ours, builtin):
    assert builtin.std() > 0.2
    np.testing.assert_allclose(ours, builtin, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "loss", [boostobj.SquaredError(), boostobj.Logistic(), boostobj.CrossEntropy()], ids=repr
)
def test_xgboost(loss, regression):
    X, y, w = regression
    y = y if loss == boostobj.SquaredError() else (y > 0).astype(float)
    start = 0.4
    data = xgb.DMatrix(X, y, weight=w)
    builtin = xgb.train(
        {"objective": loss.builtin["xgboost"], "base_score": start, "nthread": 1}, data, ROUNDS
    )
    margin = float(loss.link.link(np.asarray(start)))
    ours = xgb.train({"base_score": margin, "nthread": 1}, data, ROUNDS, obj=loss)
    assert_same(ours.predict(data), builtin.predict(data, output_margin=True))


@pytest.mark.parametrize(
    "loss", [boostobj.SquaredError(), boostobj.Logistic(), boostobj.CrossEntropy()], ids=repr
)
def test_lightgbm(loss, regression):
    X, y, w = regression
    y = y if loss == boostobj.SquaredError() else (y > 0).astype(float)
    params = {"verbose": -1, "num_threads": 1}
    data = lgb.Dataset(X, y, weight=w, free_raw_data=False)
    builtin = lgb.train({**params, "objective": loss.builtin["lightgbm"]}, data, ROUNDS)
    start = boostobj.init_scores(loss, y, w)
    data = lgb.Dataset(X, y, weight=w, init_score=start)
    ours = lgb.train({**params, "objective": loss}, data, ROUNDS)
    assert_same(ours.predict(X) + start, builtin.predict(X, raw_score=True))


def test_xgboost_softmax(regression, classes):
    X, _, w = regression
    data = xgb.DMatrix(X, classes, weight=w)
    params = {"num_class": 3, "base_score": 0.5, "nthread": 1}
    builtin = xgb.train({**params, "objective": "multi:softprob"}, data, ROUNDS)
    loss = boostobj.Softmax()
    ours = xgb.train(params, data, ROUNDS, obj=loss)
    assert_same(loss.link.inverse(ours.predict(data, output_margin=True)), builtin.predict(data))


def test_lightgbm_softmax(regression, classes):
    X, _, w = regression
    params = {"num_class": 3, "verbose": -1, "num_threads": 1}
    loss = boostobj.Softmax()
    data = lgb.Dataset(X, classes, weight=w)
    builtin = lgb.train({**params, "objective": "multiclass"}, data, ROUNDS)
    start = boostobj.init_scores(loss, classes, w)
    data = lgb.Dataset(X, classes, weight=w, init_score=start)
    ours = lgb.train({**params, "objective": loss}, data, ROUNDS)
    margins = ours.predict(X, raw_score=True) + start
    assert_same(loss.link.inverse(margins), builtin.predict(X))
