"""Start values in the form each engine wants."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from packaging.version import Version

import boostobj
from boostobj.engine.start import BASE_SCORE_LINKS


def untrained(params, y, X, loss):
    data = xgb.DMatrix(X, y)
    model = xgb.train({"learning_rate": 0.0, **params}, data, 1, obj=loss)
    return model.predict(data, output_margin=True)


def test_base_score_of_a_regression(regression):
    X, y, w = regression
    loss = boostobj.Quantile(0.9)
    start = boostobj.base_score(loss, y, w)
    assert start == loss.init_score(y, w)
    np.testing.assert_allclose(untrained({"base_score": start}, y, X, loss), start, rtol=1e-6)


def test_base_score_is_a_probability_under_binary_logistic(regression):
    X, y, w = regression
    y = (y > 0.5).astype(float)
    loss = boostobj.Logistic()
    score = boostobj.base_score(loss, y, w, objective="binary:logistic")
    assert score == pytest.approx(np.average(y, weights=w))
    model = xgb.XGBClassifier(objective=loss, base_score=score, n_estimators=1, learning_rate=0)
    margins = model.fit(X, y, sample_weight=w).predict(X, output_margin=True)
    np.testing.assert_allclose(margins, loss.init_score(y, w), rtol=1e-5)


@pytest.mark.parametrize("objective", sorted(BASE_SCORE_LINKS))
def test_base_score_is_the_margin_under_every_objective(objective):
    """XGBoost's list of objectives and what each makes of base_score."""
    if objective == "reg:expectileerror" and Version(xgb.__version__) < Version("3.3"):
        pytest.skip("newer than this XGBoost")
    X, y = np.zeros((4, 1)), np.asarray([0.0, 1, 1, 1])
    loss = boostobj.Logistic()
    score = boostobj.base_score(loss, y, objective=objective)
    own = {
        "multi:softmax": {"num_class": 2},
        "multi:softprob": {"num_class": 2},
        "reg:expectileerror": {"expectile_alpha": 0.5},
        "reg:quantileerror": {"quantile_alpha": 0.5},
    }
    params = {"objective": objective, "base_score": score, "nthread": 1, **own.get(objective, {})}
    margins = untrained(params, y, X, boostobj.Softmax() if "num_class" in params else loss)
    np.testing.assert_allclose(margins, np.log(3), rtol=1e-5)


def test_base_score_names_an_objective_that_is_none():
    with pytest.raises(ValueError, match=r"objective must be one of .*, got 'binray:logistic'"):
        boostobj.base_score(boostobj.Logistic(), [0, 1, 1], objective="binray:logistic")


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_base_score_of_one_class_is_a_probability_that_xgboost_takes(label):
    """Whatever the loss: this one has its start at infinity."""
    X, y = np.zeros((4, 1)), np.full(4, label)
    loss = boostobj.AsymmetricLoss()
    score = boostobj.base_score(loss, y, objective="binary:logistic")
    assert 1e-7 <= score <= 1 - 1e-7
    margins = untrained({"objective": "binary:logistic", "base_score": score}, y, X, loss)
    assert np.all(np.sign(margins) == 2 * label - 1)


@pytest.mark.skipif(
    Version(xgb.__version__) < Version("3.1"), reason="base_score is one number before 3.1"
)
def test_base_score_of_classes(regression):
    X, y, w = regression
    y = np.digitize(y, [-1, 1])
    loss = boostobj.Softmax()
    score = boostobj.base_score(loss, y, w)
    margins = untrained({"base_score": score, "num_class": 3}, y, X, loss)
    np.testing.assert_allclose(margins, np.tile(score, (len(y), 1)), rtol=1e-5)
    share = np.average(y[:, None] == [0, 1, 2], axis=0, weights=w)
    np.testing.assert_allclose(loss.link.inverse(margins)[0], share, rtol=1e-5)


@pytest.mark.parametrize("loss", [boostobj.AbsoluteError(), boostobj.Softmax()], ids=repr)
def test_init_scores_start_lightgbm(loss, regression):
    X, y, w = regression
    outputs = {}
    if loss == boostobj.Softmax():
        y, outputs = np.digitize(y, [-1, 1]), {"num_class": 3}
    start = boostobj.init_scores(loss, y, w)
    assert start.shape[0] == len(y)
    seen = []

    class Spy:
        def __call__(self, raw, data):
            seen.append(raw.copy())
            return loss(raw, data)

        def __deepcopy__(self, memo):
            return self

    params = {"objective": Spy(), "verbose": -1, "num_threads": 1, **outputs}
    lgb.train(params, lgb.Dataset(X, y, weight=w, init_score=start), 1)
    np.testing.assert_allclose(seen[0], start)


def test_a_margin_too_large_for_a_probability_is_kept_inside():
    loss = boostobj.SquaredError()
    for y, share in ((100.0, 1 - 1e-7), (-100.0, 1e-7)):
        found = boostobj.base_score(loss, [y], objective="binary:logistic")
        assert found == pytest.approx(share, rel=1e-9)
