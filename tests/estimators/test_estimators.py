"""What the estimators give: predictions, probabilities, early stopping, a good citizen."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import warnings
from decimal import Decimal
from fractions import Fraction

import array_api_strict as xp
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from lightgbm import (
    LGBMClassifier,
    LGBMRegressor,
    early_stopping,
    record_evaluation,
    reset_parameter,
)
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import DMatrix, XGBClassifier, XGBRegressor
from xgboost.callback import TrainingCallback

import boostobj
from boostobj import (
    AbsoluteError,
    BoostClassifier,
    BoostRegressor,
    CrossEntropy,
    Focal,
    Gamma,
    Huber,
    Logistic,
    LossScorer,
    MultiQuantile,
    NegativeBinomial,
    Poisson,
    Quantile,
    QuantileIntervalRegressor,
    Softmax,
    SquaredError,
    Tweedie,
)
from boostobj._arrays import weighted_quantile
from boostobj._loss import takes_fractions
from boostobj.base import MarginLoss, MulticlassLoss
from boostobj.catalogue import built_in_losses
from boostobj.estimators._fitting import Rows, fit_engine, split_rows
from boostobj.groups import GroupLoss
from boostobj.links import HalfLogit, Identity
from boostobj.testing._families import sample

ENGINES = {
    "xgboost": XGBRegressor(n_estimators=20, max_depth=3, n_jobs=1),
    "lightgbm": LGBMRegressor(n_estimators=20, max_depth=3, n_jobs=1),
}
every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


@pytest.fixture(scope="module")
def labels(regression):
    _, y, _ = regression
    return np.where(y > 2, "yes", "no")


@every_engine
@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError(), Quantile(0.9), "huber"], ids=str)
def test_regression_beats_the_constant(engine, loss, regression):
    X, y, weight = regression
    model = BoostRegressor(engine, loss=loss).fit(X[::2], y[::2], weight[::2])
    loss = model.loss_
    constant = np.full(300, loss.init_score(y[::2], weight[::2]))
    score = loss.metric.score(y[1::2], model.predict(X[1::2]), weight[1::2])
    assert score < 0.9 * loss.metric.score(y[1::2], constant, weight[1::2])


@every_engine
def test_several_quantiles_in_one_model(engine, regression):
    X, y, weight = regression
    loss = MultiQuantile((0.1, 0.5, 0.9))
    model = BoostRegressor(engine, loss=loss, early_stopping_rounds=10).fit(X, y, weight)
    quantiles = model.predict(X)
    assert quantiles.shape == (600, 3)
    assert np.all(np.diff(quantiles, axis=1) >= 0)
    np.testing.assert_allclose(np.mean(y[:, None] <= quantiles, axis=0), loss.quantiles, atol=0.1)


@every_engine
def test_predict_applies_the_link(engine, regression):
    X, y, _ = regression
    p = 1 / (1 + np.exp(-y))
    model = BoostRegressor(engine, loss=CrossEntropy()).fit(X, p)
    assert model.predict(X).mean() == pytest.approx(p.mean(), abs=0.01)
    assert 0 < model.predict(X).min() < model.predict(X).max() < 1


@every_engine
@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError(), Quantile(0.9)], ids=repr)
def test_scale_and_offset_change_nothing(engine, loss, scale, offset, regression):
    X, y, weight = regression
    model = BoostRegressor(engine, loss=loss)
    plain = model.fit(X, y, weight).predict(X)
    moved = model.fit(X, scale * (y + offset), weight).predict(X) / scale - offset
    scores = [loss.metric.score(y, raw) for raw in (plain, moved)]
    # a target rounded to float32 beside the offset may split a tree elsewhere
    assert scores[1] == pytest.approx(scores[0], rel=0.02)


@every_engine
@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError()], ids=repr)
def test_early_stopping_on_a_small_target(engine, loss, regression):
    X, y, weight = regression
    # XGBoost reads a metric below 5e-7 as zero, and would stop at once
    model = BoostRegressor(engine, loss=loss, early_stopping_rounds=5, random_state=0)
    assert model.fit(X, 1e-6 * y, weight).best_iteration_ > 5
    (history,) = model.evals_result_["validation"].values()
    assert len(set(history)) == len(history)


@every_engine
def test_weights_count(engine, regression):
    X, y, _ = regression
    heavy = np.where(y > 2, 100.0, 1.0)
    model = BoostRegressor(engine)
    assert model.fit(X, y, heavy).predict(X).mean() > model.fit(X, y).predict(X).mean() + 0.5


@every_engine
def test_rows_of_weight_zero_do_not_validate(engine, regression):
    X, y, _ = regression
    weight = (np.arange(600) % 100 == 0).astype(float)
    train, validation = split_rows(Rows(X, y, weight), 0.5, random_state=0)
    alone = split_rows(Rows(X[::100], y[::100]), 0.5, random_state=0)
    np.testing.assert_array_equal(validation.y, alone[1].y)
    np.testing.assert_array_equal(train.y[train.sample_weight > 0], alone[0].y)
    for seed in range(5):  # none of the draws is without weight
        model = BoostRegressor(engine, early_stopping_rounds=3, random_state=seed)
        assert model.fit(X, y, weight).best_iteration_ > 0
    # a class that only such rows have is a class still
    labels = np.arange(600) % 3
    classifier = BoostClassifier(engine, early_stopping_rounds=3, random_state=0)
    classifier.fit(X, labels, (labels != 2).astype(float))
    assert classifier.classes_.tolist() == [0, 1, 2]
    assert classifier.predict_proba(X)[:, 2].max() < 0.01


@every_engine
@pytest.mark.parametrize("early_stopping_rounds", [None, 2])
def test_constant_features(engine, early_stopping_rounds, regression):
    _, y, _ = regression
    X = np.zeros((600, 2))
    labels = np.digitize(y, [-1, 2])
    rounds = {"early_stopping_rounds": early_stopping_rounds, "random_state": 0}
    with pytest.warns(UserWarning, match="no tree of (xgboost|lightgbm) has a split"):
        predicted = BoostRegressor(engine, **rounds).fit(X, y).predict(X)
    assert np.ptp(predicted) == 0
    assert predicted[0] == pytest.approx(y.mean(), abs=0.1)
    with pytest.warns(UserWarning, match="no tree of (xgboost|lightgbm) has a split"):
        p = BoostClassifier(engine, **rounds).fit(X, labels).predict_proba(X)
    np.testing.assert_allclose(p[0], np.bincount(labels) / 600, atol=0.02)


REGRESSION_LOSSES = [
    loss
    for kind in built_in_losses()
    for loss in kind.examples()
    if not isinstance(loss, MarginLoss | MulticlassLoss | GroupLoss)
    and (takes_fractions(loss) or not loss.link.gives_probabilities)
]


@every_engine
@pytest.mark.filterwarnings("ignore:BoostRegressor. y is 1.0 in all 400 rows")
@pytest.mark.parametrize("loss", REGRESSION_LOSSES, ids=repr)
def test_constant_target(engine, loss):
    X = np.random.default_rng(0).normal(size=(400, 3))
    y = np.ones(400)
    predicted = BoostRegressor(engine, loss=loss).fit(X, y).predict(X)
    margins = np.broadcast_to(loss.init_score(y), predicted.shape)
    np.testing.assert_allclose(predicted, loss.link.inverse(margins), rtol=1e-3)


def test_lightgbm_parameters_by_any_name(regression):
    X, y, _ = regression
    engine = LGBMRegressor(num_threads=1, verbose=-2, num_trees=3, boost="dart")
    model = BoostRegressor(engine).fit(X, y)
    parameters = model.booster_.params
    assert {name: parameters[name] for name in ("num_threads", "verbosity", "boosting")} == {
        "num_threads": 1,
        "verbosity": -2,
        "boosting": "dart",
    }
    assert not {"n_jobs", "verbose", "boosting_type", "boost"} & parameters.keys()
    assert model.best_iteration_ == 3


@pytest.mark.parametrize(
    "parameters",
    [
        {"boosting_type": None},
        {"importance_type": None},
        {"n_estimators": None},
        {"early_stopping_round": 0},
        {"n_iter_no_change": -1},
        {"boost_from_average": True},
        {"is_unbalance": False},
        {"scale_pos_weight": 1.0},
    ],
    ids=str,
)
def test_parameters_of_lightgbm_that_ask_for_nothing(parameters, regression):
    X, y, _ = regression
    plain = BoostRegressor(LGBMRegressor(n_jobs=1)).fit(X, y)
    model = BoostRegressor(LGBMRegressor(n_jobs=1, **parameters), early_stopping_rounds=200)
    model.fit(X, y, X_val=X, y_val=y)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    np.testing.assert_array_equal(model.feature_importances_, plain.feature_importances_)


@pytest.fixture(scope="module")
def amounts():
    """Targets that are mostly small, and a few hundred times as large."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    return X, np.exp(X[:, 0] + 3 * rng.normal(size=500))


@pytest.mark.parametrize(
    "loss", [Poisson(), 2 * Poisson() + Gamma(), NegativeBinomial(), Tweedie()], ids=repr
)
@every_engine
def test_leaves_keep_to_the_step_of_the_loss(engine, loss, amounts):
    X, y = amounts
    many = clone(engine).set_params(n_estimators=40, learning_rate=1.0)

    def highest_step(estimator):
        model = BoostRegressor(estimator, loss=loss).fit(X, y)
        margins = [np.log(mean) for mean in model.staged_predict(X)]
        return np.max(np.diff(margins, axis=0))

    assert 0.5 < highest_step(many) < 0.7 + 1e-5
    # 0 is no limit
    assert highest_step(clone(many).set_params(max_delta_step=0)) > 1
    assert highest_step(clone(many).set_params(max_delta_step=0.1)) < 0.1 + 1e-5


def test_poisson_trains_the_trees_of_xgboost_on_large_amounts(amounts):
    X, y = amounts
    model = BoostRegressor(ENGINES["xgboost"], loss=Poisson()).fit(X, y)
    start = {"base_score": np.mean(y), "objective": "count:poisson"}
    built_in = clone(ENGINES["xgboost"]).set_params(**start).fit(X, y)
    assert model.predict(X) == pytest.approx(built_in.predict(X), rel=1e-4)


@every_engine
def test_early_stopping(engine, regression):
    X, y, weight = regression
    engine = clone(engine).set_params(n_estimators=300, learning_rate=0.3)
    model = BoostRegressor(
        engine, loss=AbsoluteError(), early_stopping_rounds=5, validation_fraction=0.25
    )
    model.set_params(random_state=1).fit(X, y, weight)
    (history,) = model.evals_result_["validation"].values()
    assert model.best_iteration_ == 1 + np.argmin(history) == len(history) - 5 < 295
    again = clone(model).fit(X, y, weight)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    other = clone(model).set_params(random_state=2).fit(X, y, weight)
    assert other.evals_result_ != model.evals_result_


@every_engine
@pytest.mark.parametrize("loss", REGRESSION_LOSSES, ids=repr)
def test_the_best_round_has_the_least_loss(engine, loss):
    y, _ = sample(loss, 300)
    X = np.column_stack([y, np.random.default_rng(1).normal(size=(300, 2))])
    model = BoostRegressor(engine, loss=loss, early_stopping_rounds=3, random_state=0).fit(X, y)
    (history,) = model.evals_result_["validation"].values()
    # up to what a history keeps of a number
    assert history[model.best_iteration_ - 1] == pytest.approx(min(history), rel=1e-6)
    assert model.best_iteration_ > 1


@pytest.mark.parametrize("number", [np.float32, Fraction])
def test_fractions_may_be_numbers_of_any_type(number, regression):
    X, y, weight = regression
    model = BoostRegressor(ENGINES["xgboost"], early_stopping_rounds=3, random_state=0)
    expected = model.set_params(validation_fraction=0.25).fit(X, y, weight).predict(X)
    model.set_params(validation_fraction=number(0.25)).fit(X, y, weight)
    np.testing.assert_array_equal(model.predict(X), expected)
    intervals = QuantileIntervalRegressor(
        ENGINES["xgboost"],
        lower=number(0.25),
        upper=number(0.75),
        calibration_fraction=number(0.25),
        random_state=0,
    )
    assert intervals.fit(X, y).predict_interval(X, coverage=number(0.25)).shape == (600, 2)


@every_engine
def test_a_given_validation_part(engine, regression):
    X, y, weight = regression
    model = BoostRegressor(engine, loss=Huber())
    model.fit(
        X[:400], y[:400], weight[:400], X_val=X[400:], y_val=y[400:], sample_weight_val=weight[400:]
    )
    assert model.best_iteration_ == 20  # watched, not stopped
    history = model.evals_result_["validation"]["huber_loss"]
    staged = list(model.staged_predict(X[400:]))
    assert len(staged) == len(history) == 20
    for raw, score in zip(staged, history, strict=True):
        assert Huber().metric.score(y[400:], raw, weight[400:]) == pytest.approx(score, rel=1e-5)
    np.testing.assert_allclose(staged[-1], model.predict(X[400:]), rtol=1e-5)


@every_engine
@pytest.mark.parametrize(
    "values",
    [["no", "yes"], [False, True], [-1, 1], [3, 7], [0.0, 1.0]],
    ids=["text", "bool", "signs", "int", "float"],
)
def test_labels_of_any_type(engine, values, labels, regression):
    X, _, weight = regression
    y = np.asarray(values)[(labels == "yes").astype(int)]
    model = BoostClassifier(engine, loss=Logistic()).fit(X, y, weight)
    assert model.classes_.tolist() == values
    assert model.classes_.dtype == y.dtype
    assert model.score(X, y) > 0.8
    p = model.predict_proba(X)
    assert p.shape == (600, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(p[:, 1] > 0.5, model.predict(X) == values[1])
    np.testing.assert_array_equal(model.decision_function(X) > 0, model.predict(X) == values[1])


@pytest.mark.parametrize("values", [[False, True], [3, 7], [0.0, 1.0]], ids=str)
@pytest.mark.parametrize(
    "kept",
    [
        lambda y: y.astype(object),
        lambda y: pd.Series(y, dtype="category"),
        lambda y: pd.array(y.tolist()),
    ],
    ids=["object", "category", "nullable"],
)
def test_labels_keep_their_type_in_any_container(kept, values, labels, regression):
    X = regression[0]
    y = np.asarray(values)[(labels == "yes").astype(int)]
    model = BoostClassifier(ENGINES["xgboost"]).fit(X, kept(y), X_val=X, y_val=kept(y))
    assert model.classes_.tolist() == values
    assert model.classes_.dtype == y.dtype
    expected = BoostClassifier(ENGINES["xgboost"]).fit(X, y).predict(X)
    np.testing.assert_array_equal(model.predict(X), expected)


@every_engine
@pytest.mark.parametrize("loss", [CrossEntropy(), Softmax(), Softmax(n_classes=3)], ids=repr)
def test_three_classes(engine, loss, regression):
    X, y, _ = regression
    labels = np.asarray(["low", "middle", "high"])[np.digitize(y, [-1, 2])]
    model = BoostClassifier(engine, loss=loss, early_stopping_rounds=5).fit(X, labels)
    assert isinstance(model.loss_, Softmax)
    assert model.predict_proba(X).shape == model.decision_function(X).shape == (600, 3)
    assert model.score(X, labels) > 0.6
    staged = list(model.staged_predict_proba(X))
    assert len(staged) == model.best_iteration_
    np.testing.assert_allclose(staged[-1], model.predict_proba(X), rtol=1e-4)
    assert list(model.staged_predict(X))[-1].tolist() == model.predict(X).tolist()


@every_engine
def test_two_classes_with_two_margins(engine, labels, regression):
    X = regression[0]
    model = BoostClassifier(engine, loss=Softmax()).fit(X, labels)
    assert model.decision_function(X).shape == (600,)
    np.testing.assert_array_equal(model.decision_function(X) > 0, model.predict(X) == "yes")


@every_engine
def test_soft_labels(engine, regression):
    X, y, _ = regression
    p = 1 / (1 + np.exp(-y))
    one = BoostClassifier(engine, loss=CrossEntropy()).fit(X, p)
    assert one.classes_.tolist() == [0, 1]
    rows = BoostClassifier(engine, loss=Softmax()).fit(X, np.column_stack([1 - p, p]))
    for model in (one, rows):
        estimate = model.predict_proba(X)[:, 1]
        assert estimate.mean() == pytest.approx(p.mean(), abs=0.01)
        assert np.corrcoef(estimate, p)[0, 1] > 0.8
        np.testing.assert_array_equal(model.predict(X), estimate > 0.5)
    with pytest.warns(DataConversionWarning):
        column = clone(one).fit(X, pd.DataFrame({"p": p}))
    np.testing.assert_array_equal(column.predict_proba(X), one.predict_proba(X))


@every_engine
def test_rows_of_probabilities_with_the_default_loss(engine, regression):
    X = regression[0]
    size = np.exp(np.nan_to_num(X[:, :3]))
    p = size / size.sum(axis=1, keepdims=True)
    model = BoostClassifier(engine).fit(X, p)
    assert model.loss_ == Softmax()
    wanted = BoostClassifier(engine, loss=Softmax()).fit(X, p)
    np.testing.assert_array_equal(model.predict_proba(X), wanted.predict_proba(X))
    two = p[:, :2] / p[:, :2].sum(axis=1, keepdims=True)
    assert clone(model).fit(X, two).predict_proba(X).shape == (600, 2)
    with pytest.raises(ValueError, match=r"Logistic\(\) takes labels, .*; rows of probabilities"):
        BoostClassifier(engine, loss=Logistic()).fit(X, p)


@every_engine
def test_the_decision_is_positive_for_the_second_class(engine, labels, regression):
    """Where a margin of zero is not one half as well."""
    X = regression[0]
    model = BoostClassifier(engine, loss=boostobj.Focal(alpha=0.9)).fit(X, labels)
    decision, p = model.decision_function(X), model.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(decision > 0, p > 0.5)
    assert 0 < np.mean(decision > 0) < 1


def test_margins_tell_apart_what_a_clipped_link_does_not(regression):
    X, y, _ = regression
    classes = np.digitize(y, [-0.5, 0.5])
    model = BoostClassifier(ENGINES["xgboost"], loss=boostobj.OneVsRest(boostobj.Hinge()))
    model.fit(X, classes)
    margins = np.array([[-1.04, -1.02, -1.01], [1.3, 1.4, 1.2]])
    assert np.ptp(model._probabilities(margins)) == 0
    assert model._labels(margins).tolist() == [2, 1]


class HalfLogistic(Logistic):
    """The logistic loss of twice the margin: half the log-odds."""

    @property
    def link(self):
        return HalfLogit()

    def _value(self, m):
        return super()._value(2 * m)

    def _gradient_hessian(self, m):
        gradient, hessian = super()._gradient_hessian(2 * m)
        return 2 * gradient, 4 * hessian


class Unlinked(Logistic):
    """A loss whose margins are no log-odds."""

    @property
    def link(self):
        return Identity()


@every_engine
def test_probabilities_come_from_the_loss(engine, labels, regression):
    X = regression[0]
    model = BoostClassifier(engine, loss=HalfLogistic()).fit(X, labels)
    expected = 1 / (1 + np.exp(-2 * model.decision_function(X)))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [2 * Unlinked(), Unlinked() + Unlinked(), boostobj.ClassBalanced(Unlinked(), (300, 300))],
)
def test_what_is_made_of_a_loss_without_a_link_is_of_classes_too(loss, labels, regression):
    X = regression[0]
    model = BoostClassifier(LGBMClassifier(n_estimators=5, n_jobs=1), loss=loss).fit(X, labels)
    assert model.score(X, labels) > 0.7


@every_engine
def test_no_probabilities_without_a_link(engine, labels, regression):
    X = regression[0]
    model = BoostClassifier(engine, loss=Unlinked())
    assert not hasattr(model, "predict_proba")
    model.fit(X, labels)
    with pytest.raises(AttributeError, match="predict_proba") as error:
        model.predict_proba(X)
    assert "the margins of Unlinked() do not tell probabilities" in str(error.value.__cause__)
    np.testing.assert_array_equal(model.predict(X) == "yes", model.decision_function(X) > 0)
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, labels)
    p = calibrated.predict_proba(X)[:, 1]
    assert p[labels == "yes"].mean() > p[labels == "no"].mean() + 0.2


@pytest.mark.parametrize("labels", [["0", "1"], np.array(["2020", "2021"], dtype="M8[D]")])
def test_class_weight_goes_by_the_labels_as_they_are(labels, regression):
    X, y, _ = regression
    classes = np.asarray(labels)
    weights = dict(zip(classes.tolist(), (1, 5), strict=True))
    model = BoostClassifier(LGBMClassifier(n_estimators=3, n_jobs=1), class_weight=weights)
    model.fit(X, classes[(y > 0).astype(int)])
    plain = clone(model).set_params(class_weight=None).fit(X, classes[(y > 0).astype(int)])
    assert np.all(model.predict_proba(X)[:, 1] > plain.predict_proba(X)[:, 1])


def test_missing_entries_of_a_pyarrow_dictionary_are_missing(regression):
    X, y, _ = regression
    some = np.where(np.arange(len(y)) % 3, "a", None)
    labels = pa.chunked_array([pa.array(some).dictionary_encode()])
    with pytest.raises(ValueError, match="y must not have missing values"):
        BoostClassifier(LGBMClassifier()).fit(X, labels)
    numbers = pa.array(np.where(some == "a", 1.0, None)).dictionary_encode()
    with pytest.raises(ValueError, match="y contains NaN"):
        BoostRegressor(LGBMRegressor()).fit(X, numbers)


@every_engine
@pytest.mark.parametrize("class_weight", ["balanced", {"no": 0.1, "yes": 10.0}], ids=str)
def test_class_weight(engine, class_weight, labels, regression):
    X = regression[0]
    plain = BoostClassifier(engine, early_stopping_rounds=5, random_state=0).fit(X, labels)
    model = clone(plain).set_params(class_weight=class_weight).fit(X, labels)
    assert model.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.05
    # the same as weights of the rows
    factors = {k: 600 / (2 * np.sum(labels == k)) for k in ("no", "yes")}
    factors = factors if class_weight == "balanced" else class_weight
    weight = np.vectorize(factors.get)(labels)
    by_rows = clone(plain).fit(X, labels, weight)
    np.testing.assert_allclose(by_rows.predict_proba(X), model.predict_proba(X), rtol=1e-6)


@every_engine
def test_balanced_classes_have_the_same_weight(engine, labels, regression):
    X = regression[0]
    weight = np.where(labels == "yes", 10.0, 1.0)
    model = BoostClassifier(clone(engine).set_params(learning_rate=1e-9), class_weight="balanced")
    p = model.fit(X, labels, weight).predict_proba(X)
    np.testing.assert_allclose(p, 0.5, atol=1e-6)


def test_validation_part_is_stratified(regression, monkeypatch):
    X = regression[0]
    rare = np.arange(600) % 60 == 0  # 10 of 600
    shares = []

    def watched(engine, loss, train, validation, **options):
        shares.append((train.y.sum(), validation.y.sum()))
        return fit_engine(engine, loss, train, validation, **options)

    monkeypatch.setattr("boostobj.estimators._base.fit_engine", watched)
    for seed in range(3):
        model = BoostClassifier(ENGINES["xgboost"], early_stopping_rounds=3, random_state=seed)
        model.set_params(validation_fraction=0.2).fit(X, rare)
    assert shares == [(8, 2)] * 3


@every_engine
def test_feature_importances(engine, regression):
    X, y, _ = regression
    model = BoostRegressor(engine).fit(X, y)
    assert model.feature_importances_.shape == (4,)
    assert model.feature_importances_.sum() == pytest.approx(1)
    assert model.feature_importances_.argmax() == 0
    stump = BoostRegressor(clone(engine).set_params(n_estimators=1, max_depth=1)).fit(X, y)
    assert stump.feature_importances_.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "engine", [XGBClassifier(n_estimators=5, n_jobs=1), LGBMClassifier(n_estimators=5, n_jobs=1)]
)
def test_any_wrapper_carries_the_parameters(engine, labels, regression):
    X, y, _ = regression
    before = repr(engine)
    assert BoostRegressor(engine).fit(X, y).best_iteration_ == 5
    assert BoostClassifier(engine).fit(X, labels).best_iteration_ == 5
    assert repr(engine) == before
    assert not engine.__sklearn_is_fitted__()


def test_the_default_engine(labels, regression):
    X, y, _ = regression
    assert BoostRegressor().fit(X, y).score(X, y) > 0.8
    assert BoostClassifier().fit(X, labels).score(X, labels) > 0.9


@every_engine
def test_seeds(engine, regression):
    X, y, _ = regression
    random = clone(engine).set_params(subsample=0.5)
    if isinstance(random, LGBMRegressor):
        random.set_params(subsample_freq=1)

    def fit(estimator, random_state):
        return BoostRegressor(estimator, random_state=random_state).fit(X, y).predict(X)

    np.testing.assert_array_equal(fit(random, 1), fit(random, 1))
    np.testing.assert_array_equal(
        fit(random, np.random.RandomState(1)), fit(random, np.random.RandomState(1))
    )
    assert not np.array_equal(fit(random, 1), fit(random, 2))
    own = clone(random).set_params(random_state=3)
    np.testing.assert_array_equal(fit(own, 1), fit(own, 2))


@every_engine
@pytest.mark.parametrize("verbose", [0, 1, 5])
def test_progress(engine, verbose, regression, capfd):
    X, y, _ = regression
    model = BoostRegressor(engine, loss=AbsoluteError(), verbose=verbose)
    model.fit(X, y, X_val=X, y_val=y)
    lines = [line for line in capfd.readouterr().out.splitlines() if "LightGBM" not in line]
    assert len(lines) == {0: 0, 1: 10, 5: 4}[verbose]
    model.fit(X, y)
    again = [line for line in capfd.readouterr().out.splitlines() if "LightGBM" not in line]
    assert again == lines
    if verbose:
        score = AbsoluteError().metric.score(y, model.predict(X))
        assert lines[-1] == f"20/20  absolute_error {score:.6g}"


@pytest.mark.parametrize(("rounds", "last"), [(7, 7), (25, 9)])
def test_there_are_about_ten_lines_and_the_last_round_has_one(rounds, last, regression, capfd):
    X, y, _ = regression
    engine = clone(ENGINES["xgboost"]).set_params(n_estimators=rounds)
    BoostRegressor(engine, verbose=1).fit(X, y)
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == last
    assert lines[-1].startswith(f"{rounds}/{rounds} ")


@every_engine
def test_the_best_round_is_shown_where_training_stops(engine, regression, capfd):
    X, y, _ = regression
    engine = clone(engine).set_params(n_estimators=200)
    model = BoostRegressor(engine, early_stopping_rounds=2, random_state=0, verbose=150).fit(X, y)
    *_, last = capfd.readouterr().out.splitlines()
    best = min(model.evals_result_["validation"]["squared_error"])
    assert last == f"best: {model.best_iteration_}/200  squared_error {best:.6g}"


def test_progress_bar(monkeypatch, regression, capsys):
    X, y, _ = regression
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    BoostRegressor(ENGINES["xgboost"], verbose=1).fit(X, y, X_val=X, y_val=y)
    printed = capsys.readouterr().out
    assert printed.count("\r") == 20
    assert "[###############               ] 10/20  squared_error " in printed
    assert printed.endswith("\n")


# scikit-learn's machinery


@every_engine
def test_grid_search_over_losses_and_engine_parameters(engine, regression):
    X, y, weight = regression
    grid = {
        "loss": [SquaredError(), AbsoluteError(), Huber(delta=0.5)],
        "estimator__max_depth": [1, 3],
    }
    search = GridSearchCV(
        BoostRegressor(engine), grid, cv=2, scoring="neg_mean_absolute_error", n_jobs=1
    ).fit(X, y, sample_weight=weight)
    assert search.best_params_["estimator__max_depth"] == 3
    assert {*search.cv_results_["param_loss"]} == {*grid["loss"]}
    assert engine.get_params()["max_depth"] == 3  # as it was


@every_engine
def test_pipeline(engine, labels, regression):
    X, y, weight = regression
    regressor = make_pipeline(StandardScaler(), BoostRegressor(engine, loss=AbsoluteError()))
    assert regressor.fit(X, y, boostregressor__sample_weight=weight).score(X, y) > 0.5
    classifier = make_pipeline(StandardScaler(), BoostClassifier(engine))
    assert cross_val_score(classifier, X, labels, cv=2).mean() > 0.8


@every_engine
def test_metadata_routing(engine, regression):
    X, y, _ = regression
    heavy = np.where(y > 2, 100.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = BoostRegressor(engine).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"loss": [SquaredError()]}, cv=2)
        weighted = search.fit(X, y, sample_weight=heavy).predict(X)
        model = BoostRegressor(engine).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model)
        pipeline.set_params(transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X, y_val=y)
    assert weighted.mean() > BoostRegressor(engine).fit(X, y).predict(X).mean() + 0.5
    history = pipeline[-1].evals_result_["validation"]["squared_error"]
    score = SquaredError().metric.score(y, pipeline.predict(X))
    assert len(history) == 20
    assert history[-1] == pytest.approx(score, rel=1e-4)


@every_engine
def test_pickle(engine, labels, regression):
    X, y, _ = regression
    regressor = BoostRegressor(engine, loss=Quantile(0.9), early_stopping_rounds=5).fit(X, y)
    classifier = BoostClassifier(engine).fit(X, labels)
    for model in (regressor, classifier):
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
        assert copy.best_iteration_ == model.best_iteration_
        assert copy.evals_result_ == model.evals_result_


FRESH = """
import sys, joblib, numpy as np
X = np.load(sys.argv[1])
for model, expected in joblib.load(sys.argv[2]):
    np.testing.assert_array_equal(model.predict(X), expected)
"""


def test_joblib_in_another_process(regression, tmp_path):
    X, y, _ = regression
    models = [BoostRegressor(engine, loss=AbsoluteError()).fit(X, y) for engine in ENGINES.values()]
    np.save(tmp_path / "X.npy", X)
    joblib.dump([(model, model.predict(X)) for model in models], tmp_path / "models")
    paths = [str(tmp_path / name) for name in ("X.npy", "models")]
    subprocess.run([sys.executable, "-c", FRESH, *paths], check=True)


def threads_of_a_worker(engine, X, y):
    """How many threads the loss takes in a worker of joblib, and how many the engine is told to."""
    seen = []

    class WatchedError(SquaredError):
        def _gradient_hessian(self, r):
            seen.append(boostobj.get_num_threads())
            return super()._gradient_hessian(r)

    model = BoostRegressor(engine, loss=WatchedError()).fit(X, y)
    told = getattr(model.booster_, "params", {}).get("num_threads", 0)
    return seen[0], told


def test_workers_do_not_oversubscribe(regression, monkeypatch):
    X, y, _ = regression
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    engines = [XGBRegressor(n_estimators=2), LGBMRegressor(n_estimators=2)]
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        results = joblib.Parallel()(
            joblib.delayed(threads_of_a_worker)(engine, X, y) for engine in engines
        )
    # the loss follows the OMP_NUM_THREADS of the worker; zero leaves the engines to do so too
    assert results == [(1, 0), (1, 0)]


def test_lazy_names():
    assert boostobj.BoostRegressor is BoostRegressor
    with pytest.raises(AttributeError, match="module 'boostobj' has no attribute 'Boost'"):
        boostobj.Boost  # noqa: B018


# frames


@pytest.fixture(scope="module")
def frame(regression):
    X, y, _ = regression
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 4, 600)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    frame["kind"] = pd.Categorical(np.asarray(["w", "x", "y", "z"])[kind])
    frame.loc[::50, "kind"] = None
    frame["flag"] = rng.random(600) < 0.5
    frame["count"] = pd.array(np.where(kind > 1, kind, 7), dtype="Int64")
    frame.loc[::40, "count"] = pd.NA
    return frame, y + 3 * (kind == 2) - 3 * (kind == 0)


@every_engine
def test_pandas(engine, frame):
    X, y = frame
    before = X.copy()
    model = BoostRegressor(engine, early_stopping_rounds=5, random_state=0).fit(X, y)
    assert model.feature_names_in_.tolist() == list(X.columns)
    booster = model.booster_
    names = booster.feature_name() if "lightgbm" in booster.__module__ else booster.feature_names
    assert names == list(X.columns)
    assert model.feature_importances_[4] > 0.1
    assert model.score(X, y) > 0.6
    assert before.equals(X)


@every_engine
def test_frames_of_another_byte_order(engine, regression):
    X, y, _ = regression
    frame = pd.DataFrame(X, columns=list("abcd"))
    models = [
        BoostRegressor(engine, early_stopping_rounds=3, random_state=0).fit(x, y)
        for x in (frame, frame.astype(">f8"))
    ]
    np.testing.assert_array_equal(*(model.predict(frame) for model in models))


@every_engine
def test_categories_are_told_by_value(engine, frame):
    X, y = frame
    model = BoostRegressor(engine).fit(X, y)
    expected = model.predict(X)
    other = X.assign(kind=X["kind"].cat.set_categories(["z", "new", "y", "x", "w"]))
    np.testing.assert_array_equal(model.predict(other), expected)
    part = X[X["kind"] == "z"]
    part = part.assign(kind=part["kind"].cat.remove_unused_categories())
    np.testing.assert_array_equal(model.predict(part), expected[(X["kind"] == "z").to_numpy()])
    # a category that fit never saw is a missing value
    unseen = X.assign(kind="new").astype({"kind": "category"})
    missing = X.assign(kind=X["kind"].cat.set_categories([]))
    np.testing.assert_array_equal(model.predict(unseen), model.predict(missing))


@every_engine
@pytest.mark.parametrize("early_stopping_rounds", [None, 3])
def test_the_booster_tells_categories_by_value(engine, early_stopping_rounds, frame):
    X, y = frame
    rounds = {"early_stopping_rounds": early_stopping_rounds, "random_state": 0}
    model = BoostRegressor(engine, **rounds).fit(X[["kind", "a"]], y)
    part = X.loc[X["kind"] == "z", ["kind", "a"]]
    part = part.assign(kind=part["kind"].cat.remove_unused_categories())
    data = part
    if isinstance(engine, XGBRegressor):
        if not hasattr(model.booster_, "get_categories"):
            pytest.skip("boosters of XGBoost before 3.1 know categories by their number only")
        data = DMatrix(part, enable_categorical=True)
    np.testing.assert_allclose(model.booster_.predict(data), model.predict(part), rtol=1e-6)


@every_engine
@pytest.mark.parametrize(
    "categories",
    [
        [1.0, 2.5],
        [False, True],
        [1, "a"],
        pd.to_datetime(["2020-01-01", "2021-01-01"]),
        pd.IntervalIndex.from_breaks([0, 1, 2]),
        pd.Index([3, 4], dtype="Int64"),
        pd.Index([3, 4], dtype="uint64"),
        pd.Index([(1, 2), (3, 4)], tupleize_cols=False),
        pd.Index([1, (3, 4)], tupleize_cols=False),
        ["ä", "ö"],
    ],
    ids=[
        "floating",
        "boolean",
        "mixed",
        "date",
        "interval",
        "nullable",
        "unsigned",
        "tuple",
        "mixed tuple",
        "umlaut",
    ],
)
def test_categories_of_any_kind(engine, categories, frame):
    X, y = frame
    half = np.arange(len(X)) % 2
    X = X.assign(kind=pd.Categorical.from_codes(half, categories=categories))
    shifted = y + 5 * np.std(y) * half
    model = BoostRegressor(engine).fit(X, shifted)
    expected = model.predict(X)
    assert np.corrcoef(expected, shifted)[0, 1] > 0.9
    one = X[half == 1].assign(kind=X["kind"][half == 1].cat.remove_unused_categories())
    np.testing.assert_array_equal(model.predict(one), expected[half == 1])
    empty = BoostRegressor(engine).fit(X.assign(kind=X["kind"].cat.set_categories([])), y)
    assert np.all(np.isfinite(empty.predict(X)))
    # names of columns need not be text
    numbered = X.set_axis(range(X.shape[1]), axis=1)
    np.testing.assert_array_equal(
        BoostRegressor(engine).fit(numbered, shifted).predict(numbered), expected
    )


@every_engine
def test_an_array_has_no_categories(engine, frame):
    X, y = frame
    X = X.select_dtypes("category").apply(lambda column: column.cat.codes).astype("category")
    model = BoostRegressor(engine).fit(X, y)
    with pytest.raises(ValueError, match="categorical columns; X must be a frame"):
        model.predict(X.to_numpy(dtype=float))


def test_feature_weights_count():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    weights = {"feature_weights": [0, 0, 1], "colsample_bynode": 0.4, "n_estimators": 5}
    model = BoostRegressor(XGBRegressor(**weights)).fit(X, X[:, 0])
    np.testing.assert_array_equal(model.feature_importances_, [0, 0, 1])


@every_engine
def test_goes_on_from_an_estimator_of_the_engine(engine):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    plain = clone(engine).fit(X, X[:, 0])
    model = BoostRegressor(engine).fit(X, X[:, 0], init_model=plain)
    assert model.score(X, X[:, 0]) > plain.score(X, X[:, 0])
    with pytest.raises(NotFittedError):
        BoostRegressor(engine).fit(X, X[:, 0], init_model=clone(engine))


@pytest.mark.parametrize("objective", ["count:poisson", "reg:gamma", "reg:tweedie"])
def test_going_on_knows_the_start_of_a_plain_booster_with_a_link(objective):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = np.exp(X[:, 0])
    plain = XGBRegressor(n_estimators=10, objective=objective).fit(X, y)
    engine = XGBRegressor(n_estimators=1, learning_rate=1e-6)
    model = BoostRegressor(engine, loss=Poisson()).fit(X, y, init_model=plain)
    assert model.predict(X) == pytest.approx(plain.predict(X), rel=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_going_on_knows_the_start_of_a_plain_classifier(classes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = np.digitize(X[:, 0] + rng.normal(size=300), [-0.8, 1.0])
    y = np.minimum(y, classes - 1)
    plain = XGBClassifier(n_estimators=10).fit(X, y)
    engine = XGBClassifier(n_estimators=1, learning_rate=1e-6)
    loss = CrossEntropy() if classes == 2 else Softmax()
    model = BoostClassifier(engine, loss=loss).fit(X, y, init_model=plain)
    assert model.predict_proba(X) == pytest.approx(plain.predict_proba(X), abs=1e-4)


def interrupted(*_):
    raise KeyboardInterrupt


@every_engine
@pytest.mark.parametrize("kind", [BoostRegressor, BoostClassifier, QuantileIntervalRegressor])
def test_a_fit_that_fails_leaves_the_model_as_it_was(kind, engine, monkeypatch, frame):
    X, y = frame
    y = np.asarray(y)
    first, second = (y > 0, X["a"] > 0) if kind is BoostClassifier else (y, -y)
    model = kind(clone(engine), random_state=0).fit(X, first)
    before = model.predict(X)
    other = X.assign(kind=X["a"].gt(0).map({True: "p", False: "q"}).astype("category"))
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(other, second, sample_weight=-np.ones(len(y)))
    np.testing.assert_array_equal(model.predict(X), before)
    monkeypatch.setattr("boostobj.estimators._fitting.derivatives", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(other, second)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("early_stopping_rounds", [None, 3])
def test_no_rounds_give_the_constant_and_a_warning(early_stopping_rounds, regression):
    X, y, _ = regression
    engine = XGBRegressor(n_estimators=0)
    rounds = {"early_stopping_rounds": early_stopping_rounds, "random_state": 0}
    with pytest.warns(UserWarning, match="no tree of xgboost has a split"):
        model = BoostRegressor(engine, loss=AbsoluteError(), **rounds).fit(X, y)
    assert model.predict(X) == pytest.approx(np.median(y), abs=0.2)
    assert np.ptp(model.predict(X)) == 0


def test_going_on_sees_small_spread_beside_an_offset():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = 1 + 1e-3 * (2 * X[:, 0] + np.abs(X[:, 1]) + 0.3 * rng.normal(size=300))
    first = BoostRegressor(XGBRegressor(n_estimators=5, max_depth=3)).fit(X, y)
    engine = XGBRegressor(n_estimators=95, max_depth=3)
    # trees whose gains fall under XGBoost's threshold stop at 0.98
    assert BoostRegressor(engine).fit(X, y, init_model=first).score(X, y) > 0.99


@pytest.mark.parametrize("offset", [0, 1e4])
def test_going_on_watches_the_metric_beside_an_offset(offset):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = offset + np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=300)
    first = BoostRegressor(XGBRegressor(n_estimators=5)).fit(X, y)
    model = BoostRegressor(XGBRegressor(n_estimators=20), early_stopping_rounds=5)
    model.fit(X, y, X_val=X, y_val=y, init_model=first)
    history = model.evals_result_["validation"]["squared_error"]
    assert history[-1] == pytest.approx(np.mean((model.predict(X) - y) ** 2), rel=0.02)


def test_going_on_is_reproducible():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    engine = XGBRegressor(n_estimators=5, subsample=0.5, random_state=0)
    first = BoostRegressor(engine).fit(X, X[:, 0])
    p, q = (BoostRegressor(engine).fit(X, X[:, 0], init_model=first).predict(X) for _ in "ab")
    np.testing.assert_array_equal(p, q)


@every_engine
def test_going_on_wants_the_features_of_a_bare_booster(engine, frame):
    X, y = frame
    X = X[["a", "b", "c"]].rename(columns={"a": "the a"})
    booster = BoostRegressor(engine).fit(X, y).booster_
    assert BoostRegressor(engine).fit(X, y, init_model=booster).score(X, y) > 0.4
    with pytest.raises(ValueError, match="feature"):
        BoostRegressor(engine).fit(X[["c", "b", "the a"]], y, init_model=booster)
    with pytest.raises(ValueError, match=r"n_features_in_|feature"):
        BoostRegressor(engine).fit(X[["the a", "b"]], y, init_model=booster)


@pytest.mark.parametrize("kinds", [["w", "x y", "z"], [30, 10, -20]], ids=["strings", "integers"])
def test_going_on_from_a_bare_booster_keeps_its_categories(kinds):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 300)
    frame = pd.DataFrame({"a": rng.normal(size=300)})
    frame["kind"] = pd.Categorical.from_codes(codes, kinds)
    y = frame["a"] + 5.0 * codes
    engine = XGBRegressor(n_estimators=30, max_depth=3, n_jobs=1, enable_categorical=True)
    plain = clone(engine).fit(frame, y)
    if not hasattr(plain.get_booster(), "get_categories"):
        pytest.skip("boosters of XGBoost before 3.1 know categories by their number only")
    recoded = frame.assign(kind=frame["kind"].cat.set_categories(kinds[::-1]))
    rare = codes != 1
    part = recoded[rare].assign(kind=recoded["kind"][rare].cat.remove_unused_categories())
    for X, target in ((recoded, y), (part, y[rare])):
        more = BoostRegressor(engine).fit(X, target, init_model=plain)
        np.testing.assert_allclose(more.predict(frame), y, atol=0.7)
        np.testing.assert_allclose(plain.predict(frame), more.predict(frame), atol=0.7)
    unknown = frame.assign(kind=frame["kind"].cat.rename_categories({kinds[0]: kinds[0] * 2}))
    with pytest.raises(ValueError, match=r"column 'kind' has the category .*, init_model knows"):
        BoostRegressor(engine).fit(unknown, y, init_model=plain)


@every_engine
@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_going_on_from_a_model_that_was_stopped_early(engine, regression):
    X, y, _ = regression
    stopping = {"early_stopping_rounds": 2} if isinstance(engine, XGBRegressor) else {}
    callbacks = {} if stopping else {"callbacks": [early_stopping(2, verbose=False)]}
    plain = clone(engine).set_params(n_estimators=200, learning_rate=0.5, **stopping)
    plain.fit(X[:400], y[:400], eval_set=[(X[400:], y[400:])], **callbacks)
    best = plain.best_iteration + 1 if stopping else plain.best_iteration_
    slow = clone(engine).set_params(n_estimators=3, learning_rate=1e-9)
    more = BoostRegressor(slow).fit(X, y, init_model=plain)
    assert more.best_iteration_ == best + 3
    np.testing.assert_allclose(more.predict(X), plain.predict(X), rtol=1e-5, atol=1e-5)
    if stopping:
        assert more.booster_.attr("best_iteration") is None


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@pytest.mark.filterwarnings("ignore:no new tree of lightgbm has a split")
@pytest.mark.parametrize("seed", [56, 92, 179])
def test_rounds_without_a_split_do_not_shift_the_best(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 2))
    y = X[:, 0] + rng.normal(size=80)
    engine = LGBMRegressor(
        n_estimators=30,
        extra_trees=True,
        learning_rate=0.3,
        num_leaves=3,
        min_child_samples=25,
        colsample_bytree=0.5,
        random_state=seed,
        n_jobs=1,
    )
    stops = [early_stopping(2, verbose=False)]
    first = clone(engine).fit(X, y, eval_set=[(X, -y)], callbacks=stops)
    model = BoostRegressor(engine, early_stopping_rounds=4)
    model.fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:], init_model=first)
    (history,) = model.evals_result_["validation"].values()
    assert np.mean((model.predict(X[50:]) - y[50:]) ** 2) == pytest.approx(min(history))


@every_engine
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_array_of_a_frames_columns(engine, regression):
    X, y, _ = regression
    model = BoostRegressor(engine).fit(pd.DataFrame(X, columns=list("abcd")), y)
    expected = model.predict(pd.DataFrame(X, columns=list("abcd")))
    np.testing.assert_array_equal(model.predict(X), expected)
    assert BoostRegressor(engine).fit(X, y, init_model=model.booster_).score(X, y) > 0.5


@every_engine
@pytest.mark.parametrize("units", [(0, 1), (1e-6, 1e6), (1e12, 1)], ids=str)
def test_targets_of_very_different_size(engine, units, regression):
    X, y, _ = regression
    Y = np.outer(y, units)
    Y[:, 0] += 3 * (units[0] == 0)
    raw = BoostRegressor(engine).fit(X, Y).predict(X)
    alone = BoostRegressor(engine).fit(X, y).score(X, y)
    for j, unit in enumerate(units):
        if unit:
            error = np.mean((raw[:, j] - Y[:, j]) ** 2) / np.var(Y[:, j])
            assert error < 1 - alone + 0.05


@every_engine
def test_categories_in_validation_rows(engine, frame):
    X, y = frame
    val = X.assign(kind=X["kind"].cat.reorder_categories(["z", "y", "x", "w"]))
    model = BoostRegressor(engine).fit(X, y, X_val=val, y_val=y)
    history = model.evals_result_["validation"]["squared_error"]
    assert history[-1] == pytest.approx(np.mean((model.predict(X) - y) ** 2), rel=1e-4)


def test_rows_that_polars_has_not_collected():
    with pytest.raises(TypeError, match="LazyFrame holds no rows yet"):
        BoostRegressor().fit(pl.DataFrame({"a": [1.0, 2.0]}).lazy(), [1, 2])


def test_a_single_row_is_no_training_set(frame):
    X, y = frame
    with pytest.raises(ValueError, match="X has 1 sample"):
        BoostRegressor().fit(X[:1], y[:1])


@every_engine
def test_booleans_of_arrow(engine, regression):
    X, y, _ = regression
    flag = pd.DataFrame({"flag": pd.array(y > 0, dtype="bool[pyarrow]"), "a": X[:, 0]})
    plain = flag.astype({"flag": bool})
    model = BoostRegressor(engine).fit(flag, y)
    np.testing.assert_array_equal(
        model.predict(flag), BoostRegressor(engine).fit(plain, y).predict(plain)
    )


@every_engine
def test_tables_with_nulls(engine, regression):
    X, y, _ = regression
    flag = [None if v > 2 else v > 0 for v in y.tolist()]
    cents = [None if v > 2 else Decimal(f"{v:.2f}") for v in y.tolist()]
    kind = [None if v > 2 else "up" if v > 0 else "down" for v in y.tolist()]
    columns = {"x": X[:, 0], "flag": flag, "cents": cents}
    arrow = pa.table({**columns, "kind": pa.array(kind).dictionary_encode()})
    polars = pl.DataFrame({**columns, "kind": pl.Series(kind, dtype=pl.Categorical)})
    pandas = pd.DataFrame({"x": X[:, 0], "flag": np.array(flag, float)})
    pandas = pandas.assign(cents=np.array(cents, float), kind=pd.Categorical(kind))
    expected = BoostRegressor(engine).fit(pandas, y).predict(pandas)
    for table in (arrow, polars):
        np.testing.assert_array_equal(BoostRegressor(engine).fit(table, y).predict(table), expected)


@every_engine
def test_polars(engine, frame):
    X, y = frame
    flag = X["flag"].astype("boolean").mask(X["a"] > 1)
    X = X.assign(flag=flag, order=X["kind"])
    columns = {name: X[name].astype(object).where(X[name].notna(), None) for name in X}
    enum = pl.Enum(["w", "x", "y", "z"])
    polars = pl.DataFrame(
        {name: values.tolist() for name, values in columns.items()},
        schema_overrides={"kind": pl.Categorical, "order": enum},
    )
    model = BoostRegressor(engine).fit(polars, pl.Series(y))
    assert model.feature_names_in_.tolist() == list(X.columns)
    expected = BoostRegressor(engine).fit(X, y).predict(X)
    np.testing.assert_array_equal(model.predict(polars), expected)
    np.testing.assert_array_equal(model.predict(polars[::-1])[::-1], expected)


@every_engine
def test_column_transformer_with_frame_output(engine, frame):
    X, y = frame
    encoder = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["kind"]), remainder="passthrough"
    ).set_output(transform="pandas")
    model = make_pipeline(encoder, BoostRegressor(engine)).fit(X, y)
    assert "onehotencoder__kind_z" in model[-1].feature_names_in_
    assert model.score(X, y) > 0.6


def test_constraints_by_name(frame):
    X, y = frame
    X = X[["a", "b", "c", "d"]]
    down = {"a": -1}
    engine = clone(ENGINES["xgboost"]).set_params(
        monotone_constraints=down, interaction_constraints=[["a", "b"], ["c", "d"]]
    )
    model = BoostRegressor(engine, loss=AbsoluteError()).fit(X, y)
    steps = X.iloc[[1] * 50].assign(a=np.linspace(-3, 3, 50))
    assert np.all(np.diff(model.predict(steps)) <= 0)


@every_engine
@pytest.mark.parametrize("framed", ["X", "X_val", "both"])
def test_rows_to_watch_may_be_an_array_beside_a_frame(engine, framed, regression):
    X, y, _ = regression
    frame = pd.DataFrame(X, columns=list("abcd"))
    train = (X if framed == "X_val" else frame)[:400]
    watched = (X if framed == "X" else frame)[400:]
    model = BoostRegressor(engine, early_stopping_rounds=3)
    expected = clone(model).fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:]).predict(X)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X (does not|has feature names)")
        model.fit(train, y[:400], X_val=watched, y_val=y[400:])
        np.testing.assert_array_equal(model.predict(X), expected)


def test_a_generator_of_random_numbers_is_asked_once(regression):
    X, y, _ = regression
    drawn = []

    class Counted(np.random.RandomState):
        def randint(self, *args, **kwargs):
            drawn.append(args)
            return super().randint(*args, **kwargs)

    BoostRegressor(ENGINES["xgboost"], random_state=Counted(0), early_stopping_rounds=2).fit(X, y)
    assert len(drawn) == 1


def test_least_improvement_of_lightgbm_counts(regression):
    X, y, _ = regression
    fits = [
        BoostRegressor(
            LGBMRegressor(n_estimators=50, n_jobs=1, early_stopping_min_delta=delta),
            early_stopping_rounds=3,
            random_state=0,
        ).fit(X, y)
        for delta in (0.0, 1e6)
    ]
    assert fits[1].best_iteration_ == 1 < fits[0].best_iteration_


def test_callbacks_of_xgboost_see_a_metric_named_by_its_factor(regression):
    X, y, _ = regression
    seen = []

    class Look(TrainingCallback):
        def __init__(self):
            self.lock = threading.Lock()  # as a tracker has; it cannot be copied

        def after_iteration(self, model, epoch, evals_log):
            ((name, history),) = evals_log["validation"].items()
            seen[:] = np.asarray(history) / float(name.removeprefix("huber_loss_times_"))
            return False

    model = BoostRegressor(
        XGBRegressor(n_estimators=5, n_jobs=1, callbacks=[Look()]), loss=boostobj.Huber()
    )
    model.fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    (history,) = model.evals_result_["validation"].values()
    np.testing.assert_allclose(seen, history, rtol=1e-12)


def test_callbacks_of_lightgbm_are_called(regression):
    X, y, _ = regression
    halved = reset_parameter(learning_rate=lambda i: 0.1 * 0.5**i)
    model = BoostRegressor(LGBMRegressor(n_estimators=20, n_jobs=1, callbacks=[halved])).fit(X, y)
    trees = model.booster_.trees_to_dataframe()
    # leaves of the first tree hold the start as well
    size = trees[trees["left_child"].isna()].groupby("tree_index")["value"].std()
    assert size[10] < 0.01 * size[1]


def test_a_callback_that_records_is_the_users_own(regression):
    X, y, _ = regression
    record = {}
    model = BoostRegressor(
        LGBMRegressor(n_estimators=3, n_jobs=1, callbacks=[record_evaluation(record)])
    )
    model.fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    assert record == model.evals_result_


@pytest.mark.parametrize(
    "model",
    [
        BoostRegressor(ENGINES["xgboost"], early_stopping_rounds=5),
        BoostClassifier(XGBClassifier(n_estimators=20, n_jobs=1), early_stopping_rounds=5),
        boostobj.QuantileIntervalRegressor(ENGINES["xgboost"], random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_arrays_on_another_device_are_fetched(model, device, regression):
    X, y, weight = regression
    y = (y > 0).astype(np.int64) if isinstance(model, BoostClassifier) else y
    validation = model.early_stopping_rounds is not None

    def predicted(X, y, weight):
        given = {"X_val": X, "y_val": y, "sample_weight_val": weight} if validation else {}
        return model.fit(X, y, weight, **given).predict(X)

    there = (xp.asarray(x, device=device) for x in (X, y, weight))
    np.testing.assert_array_equal(predicted(*there), predicted(X, y, weight))


def test_several_quantiles_have_a_score(regression):
    X, y, _ = regression
    quantiles = (0.1, 0.5, 0.9)
    model = BoostRegressor(ENGINES["xgboost"], loss=boostobj.MultiQuantile(quantiles))
    with pytest.raises(NotFittedError):
        model.score(X, y)
    w = np.random.default_rng(0).uniform(size=len(y))
    for weight in (None, w):
        cost, constant = (
            [
                np.average(
                    boostobj.Quantile(q).value(y, np.broadcast_to(c, len(y))), weights=weight
                )
                for q, c in zip(quantiles, columns, strict=True)
            ]
            for columns in (
                model.fit(X, y).predict(X).T,
                [weighted_quantile(y, q, weight) for q in quantiles],
            )
        )
        expected = np.mean(1 - np.asarray(cost) / constant)
        assert 0.1 < model.score(X, y, sample_weight=weight) < 1
        assert model.score(X, y, sample_weight=weight) == pytest.approx(expected, rel=1e-3)
    repeated = np.column_stack([y] * 3)
    assert model.score(X, repeated) == model.score(X, y)


@every_engine
def test_class_weight_counts_in_given_validation_rows(engine, labels, regression):
    X, _, w = regression
    weights = {"no": 1.0, "yes": 10.0}
    by_rows = np.vectorize(weights.get)(labels)
    model = BoostClassifier(engine, class_weight=weights)
    model.fit(X, labels, X_val=X, y_val=labels, sample_weight_val=w)
    plain = clone(model).set_params(class_weight=None)
    plain.fit(X, labels, by_rows, X_val=X, y_val=labels, sample_weight_val=w * by_rows)
    (found,), (expected,) = (m.evals_result_["validation"].values() for m in (model, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (("reg_lambda", "lambda"), 300.0),
        (("reg_alpha", "alpha"), 100.0),
        (("gamma", "min_split_loss"), 300.0),
        (("min_child_weight",), 200.0),
    ],
)
def test_penalties_of_xgboost_count_by_any_name(names, value, regression):
    X, y, _ = regression

    def fit(scale=1.0, **penalty):
        engine = clone(ENGINES["xgboost"]).set_params(**penalty)
        return BoostRegressor(engine, loss=SquaredError()).fit(X, scale * y).predict(X) / scale

    expected = fit(**{names[0]: value})
    assert not np.allclose(expected, fit(), atol=0.1)
    for name in names:
        np.testing.assert_allclose(fit(**{name: value}), expected)
    if names[0] in ("reg_lambda", "min_child_weight"):
        np.testing.assert_allclose(
            fit(2.0**-20, **{names[0]: value}), expected, rtol=1e-3, atol=1e-3
        )


def test_what_counts_as_missing_in_xgboost(regression):
    X, y, _ = regression
    filled = np.nan_to_num(X, nan=-9.0)
    engine = ENGINES["xgboost"]
    model = BoostRegressor(clone(engine).set_params(missing=-9.0)).fit(filled, y)
    np.testing.assert_array_equal(
        model.predict(filled), BoostRegressor(engine).fit(X, y).predict(X)
    )


def test_features_of_an_array_may_be_categories_in_xgboost():
    X = np.random.default_rng(0).integers(0, 6, (200, 1)).astype(float)
    engine = XGBRegressor(n_estimators=20, max_depth=1, feature_types=["c"], n_jobs=1)
    model = BoostRegressor(engine).fit(X, X[:, 0])
    assert model.booster_.feature_types == ["c"]
    assert np.array_equal(model.predict(X), BoostRegressor(engine).fit(X, X[:, 0]).predict(X))


def test_a_loss_scores_models_of_any_loss_and_labels(regression, labels):
    X, y, w = regression
    engine = ENGINES["xgboost"]
    counts = np.round(np.exp(y / 4))
    for loss, target in ((boostobj.Poisson(), counts), (Huber(), y)):
        model = make_pipeline(StandardScaler(), BoostRegressor(engine, loss=loss)).fit(X, target)
        raw = model[-1].booster_.predict(DMatrix(model[:-1].transform(X)), output_margin=True)
        scorer = LossScorer(loss)
        assert scorer(model, X, target, w) == pytest.approx(-loss.metric.score(target, raw, w))
        rivals = {"boostregressor__loss": [SquaredError(), Quantile(0.01)]}
        search = GridSearchCV(model, rivals, cv=2, scoring=LossScorer("squared_error"))
        assert search.fit(X, target).best_params_ == {"boostregressor__loss": SquaredError()}
    numbers = (labels == "yes").astype(float)
    for loss in (Focal(0.1), Softmax(), boostobj.Hinge()):
        model = BoostClassifier(engine, loss=loss).fit(X, labels)
        raw = model.booster_.predict(DMatrix(X), output_margin=True)
        expected = -loss.metric.score(numbers, raw)
        assert LossScorer(loss)(model, X, labels) == pytest.approx(expected)
    for rival in (Focal(), Softmax(), boostobj.Hinge()):
        model = BoostClassifier(engine, loss=rival).fit(X, labels)
        p = np.clip(model.predict_proba(X)[:, 1], 1e-7, 1 - 1e-7)
        expected = -boostobj.metrics.LogLoss().score(numbers, p)
        for loss in ("cross_entropy", Softmax()):
            assert LossScorer(loss)(model, X, labels) == pytest.approx(expected)
    three = np.digitize(y, [-1, 1])
    model = BoostClassifier(engine).fit(X, three)
    expected = -boostobj.metrics.LogLoss().score(three, model.predict_proba(X))
    assert LossScorer("cross_entropy")(model, X, three) == pytest.approx(expected)


def test_what_a_loss_scorer_refuses(regression, labels):
    X, y, _ = regression
    engine = ENGINES["lightgbm"]
    with pytest.raises(TypeError, match="estimator must be a BoostRegressor, a BoostClassifier"):
        LossScorer(Huber())(engine, X, y)
    for model, loss, message in (
        (BoostRegressor(engine).fit(X, y), "logistic", "is a loss of classes"),
        (BoostClassifier(engine).fit(X, labels), "huber", "is not a loss of classes"),
    ):
        with pytest.raises(TypeError, match=message):
            LossScorer(loss)(model, X, labels)


def test_a_loss_scorer_routes_weights(regression):
    X, y, w = regression
    model = BoostRegressor(ENGINES["lightgbm"])
    folds = list(KFold(2).split(X))
    with sklearn.config_context(enable_metadata_routing=True):
        found = cross_validate(
            model.set_fit_request(sample_weight=True),
            X,
            y,
            cv=folds,
            scoring=LossScorer("squared_error").set_score_request(sample_weight=True),
            params={"sample_weight": w},
        )["test_score"]
    for (train, test), score in zip(folds, found, strict=True):
        p = clone(model).fit(X[train], y[train], w[train]).predict(X[test])
        expected = -SquaredError().metric.score(y[test], p, w[test])
        assert score == pytest.approx(expected)


@every_engine
@pytest.mark.parametrize("loss", [CrossEntropy(), Softmax(), 2 * boostobj.FocalSoftmax()], ids=repr)
@pytest.mark.parametrize("names", [["a", "bc", "def"], np.arange("2020", "2023", dtype="M8[Y]")])
def test_rows_to_go_on_from_may_lack_classes(engine, loss, names, regression):
    X, _, _ = regression
    y = np.asarray(names)[np.digitize(X[:, 1], [-0.5, 0.5])]
    first = BoostClassifier(engine, loss=loss).fit(X, y)
    some = y != names[2]
    more = clone(first).fit(X[some], y[some], init_model=first, X_val=X, y_val=y)
    assert np.array_equal(more.classes_, first.classes_)
    assert more.classes_.dtype == first.classes_.dtype
    assert more.best_iteration_ == 2 * first.best_iteration_
    assert list(more.evals_result_["validation"]) == [first.loss_.metric.name]
    assert more.score(X, y) > 0.9
    alone = clone(first).fit(X[y == names[0]], y[y == names[0]], init_model=first)
    assert np.all(alone.predict_proba(X)[:, 0] > first.predict_proba(X)[:, 0] - 1e-6)


def test_a_warning_where_new_rounds_bring_no_split(regression):
    X, y, _ = regression
    for engine in ENGINES.values():
        first = BoostRegressor(engine).fit(X, y)
        with pytest.warns(UserWarning, match="no new tree of .* has a split, so that"):
            more = clone(first).fit(X[[0, 0]], y[:2], init_model=first)
        difference = more.predict(X) - first.predict(X)
        np.testing.assert_allclose(difference, difference[0], atol=1e-5)
        # no warning that there is nothing to learn
        clone(first).fit(X, np.zeros(len(X)), init_model=first)
