"""Bad input gets a clear error, on both engines."""

from __future__ import annotations

import re
import sys

import numpy as np
import pandas as pd
import pytest
import xgboost
from lightgbm import LGBMClassifier, LGBMRanker, LGBMRegressor, early_stopping
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from xgboost import XGBClassifier, XGBRanker, XGBRegressor
from xgboost.callback import EarlyStopping, TrainingCheckPoint

from boostobj import (
    AbsoluteError,
    BoostClassifier,
    BoostRegressor,
    CrossEntropy,
    Exponential,
    Gamma,
    Huber,
    Logistic,
    OneVsRest,
    Poisson,
    Quantile,
    QuantileIntervalRegressor,
    Softmax,
    SquaredError,
)

N = 60
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 3))
Y = X[:, 0] + rng.normal(size=N)
TWO = np.where(Y > 0, "yes", "no")
THREE = np.digitize(Y, [-0.5, 0.5])
ENGINES = {
    "xgboost": XGBRegressor(n_estimators=2, n_jobs=1),
    "lightgbm": LGBMRegressor(n_estimators=2, n_jobs=1),
}


def replaced(values, where, value):
    values = np.array(values, dtype=None if isinstance(value, str) else float)
    values[where] = value
    return values


class StopsEarly(EarlyStopping):
    """A user's own."""


#: case: parameters, arguments of fit, the error, its message
REGRESSOR = {
    "nan target": ({}, {"y": replaced(Y, 3, np.nan)}, ValueError, "Input y contains NaN"),
    "infinite target": ({}, {"y": replaced(Y, 3, np.inf)}, ValueError, "y contains infinity"),
    "text target": ({}, {"y": TWO}, ValueError, "y must be numbers: could not convert string"),
    "dates": (
        {},
        {"y": np.arange(N).astype("M8[D]")},
        TypeError,
        "y must be numbers, got dates or durations: datetime64[D]",
    ),
    "dates of a time zone": (
        {},
        {"y": pd.Series(pd.date_range("2020", periods=N, tz="UTC"))},
        TypeError,
        "y must be numbers, got dates or durations: object",
    ),
    "durations as objects": (
        {},
        {"y": np.array([np.timedelta64(1, "D")] * N, dtype=object)},
        TypeError,
        "y must be numbers, got dates or durations: object",
    ),
    "masked target": (
        {},
        {"y": np.ma.array(Y, mask=Y > 0)},
        ValueError,
        "got a masked array, some of it hidden",
    ),
    "no target": ({}, {"y": None}, ValueError, "requires y to be passed, but the target y is None"),
    "short target": (
        {},
        {"y": Y[:-1]},
        ValueError,
        "X and y must have the same number of rows, got 60 and 59",
    ),
    "target outside the domain": (
        {"loss": CrossEntropy()},
        {"y": np.abs(Y) + 1},
        ValueError,
        "CrossEntropy: y must be in [0, 1], got",
    ),
    "constant target": (
        {},
        {"y": np.ones(N)},
        UserWarning,
        "y is 1.0 in all 60 rows, there is nothing to learn",
    ),
    "constant target where there is weight": (
        {},
        {"y": replaced(Y, slice(20), 5), "sample_weight": np.repeat([1, 0], [20, 40])},
        UserWarning,
        "y is 5.0 in all 20 rows of positive weight, there is nothing to learn",
    ),
    "targets beyond single precision": (
        {},
        {"y": Y * 1e300},
        ValueError,
        "y: an entry is beyond 3.4e+38",
    ),
    "targets that are all but equal": (
        {"early_stopping_rounds": 2},
        {"y": Y * 1e-155},
        ValueError,
        "e-155, less than boosters can tell apart: multiply it, and divide the predictions",
    ),
    "validation targets beyond single precision": (
        {},
        {"X_val": X, "y_val": Y * 1e300},
        ValueError,
        "y_val: an entry is beyond 3.4e+38",
    ),
    "weights too small": (
        {},
        {"sample_weight": np.full(N, 1e-6)},
        UserWarning,
        "or weights, which count as rows, are too small: divide them by their mean",
    ),
    "no rows": ({}, {"X": X[:0], "y": Y[:0]}, ValueError, "Found array with 0 sample(s)"),
    "no columns": ({}, {"X": X[:, :0]}, ValueError, "Found array with 0 feature(s)"),
    "one-dimensional features": ({}, {"X": X[:, 0]}, ValueError, "Expected 2D array, got 1D array"),
    "infinite feature": (
        {},
        {"X": replaced(X, (0, 0), np.inf)},
        ValueError,
        "Input X contains infinity",
    ),
    "text feature": ({}, {"X": TWO[:, None]}, ValueError, "could not convert string to float"),
    "nan weight": (
        {},
        {"sample_weight": replaced(np.ones(N), 0, np.nan)},
        ValueError,
        "sample_weight must be finite and >= 0, got nan (1 of 60 values)",
    ),
    "negative weight": (
        {},
        {"sample_weight": replaced(np.ones(N), 0, -2)},
        ValueError,
        "sample_weight must be finite and >= 0, got -2.0 (1 of 60 values)",
    ),
    "zero weights": (
        {},
        {"sample_weight": np.zeros(N)},
        ValueError,
        "sample_weight must have a positive sum, got zeros only",
    ),
    "zero weights to validate with": (
        {},
        {"X_val": X, "y_val": Y, "sample_weight_val": np.zeros(N)},
        ValueError,
        "sample_weight_val must have a positive sum, got zeros only",
    ),
    "short weights": (
        {},
        {"sample_weight": np.ones(5)},
        ValueError,
        "sample_weight must have shape (60,), got (5,)",
    ),
    "loss of no kind": (
        {"loss": 3},
        {},
        TypeError,
        "BoostRegressor: loss must be a Loss or the name of one, got 3",
    ),
    "loss as a class": (
        {"loss": Huber},
        {},
        TypeError,
        "loss must be an instance, Huber() and not the class",
    ),
    "misspelt loss": (
        {"loss": "hubr"},
        {},
        ValueError,
        "BoostRegressor: loss: no loss has the name 'hubr'; did you mean 'huber'?",
    ),
    "an engine's name": ({"loss": "regression_l1"}, {}, ValueError, "mean 'absolute_error'?"),
    "a short name": ({"loss": "MAE"}, {}, ValueError, "did you mean 'absolute_error'?"),
    "no name at all": ({"loss": "xyzzy"}, {}, ValueError, "no loss has the name 'xyzzy'. There"),
    "loss of groups": (
        {"loss": "pairwise_hinge"},
        {},
        TypeError,
        "PairwiseHinge(margin=1.0) compares the rows of a group; train it with xgboost.train",
    ),
    "loss of classes": (
        {"loss": Logistic()},
        {},
        TypeError,
        "BoostRegressor: Logistic() is a loss of classes; use BoostClassifier",
    ),
    "estimator of another kind": (
        {"estimator": Ridge()},
        {},
        TypeError,
        "an unfitted XGBRegressor, XGBClassifier, LGBMRegressor or LGBMClassifier, or None, got Ri",
    ),
    "estimator as a class": (
        {"estimator": XGBRegressor},
        {},
        TypeError,
        "or None, got the class XGBRegressor",
    ),
    "estimator as text": ({"estimator": "xgboost"}, {}, TypeError, "or None, got 'xgboost'"),
    "LightGBM ranker": ({"estimator": LGBMRanker()}, {}, TypeError, "or None, got LGBMRanker()"),
    "XGBoost ranker": ({"estimator": XGBRanker()}, {}, TypeError, "or None, got XGBRanker("),
    "fitted estimator": (
        {"estimator": XGBRegressor(n_estimators=1).fit(X, Y)},
        {},
        ValueError,
        "estimator is fitted already; pass an unfitted XGBRegressor",
    ),
    "engine's objective": (
        {"estimator": XGBRegressor(objective="reg:absoluteerror")},
        {},
        ValueError,
        "XGBRegressor(objective='reg:absoluteerror'): boostobj's loss is the objective",
    ),
    "engine's callable objective": (
        {"estimator": LGBMRegressor(objective=SquaredError())},
        {},
        ValueError,
        "LGBMRegressor(objective=SquaredError()): boostobj's loss is the objective",
    ),
    "engine's objective by another name": (
        {"estimator": LGBMRegressor(application="poisson")},
        {},
        ValueError,
        "LGBMRegressor(application='poisson'): boostobj's loss is the objective",
    ),
    "engine's number of classes by another name": (
        {"estimator": LGBMRegressor(num_classes=3)},
        {},
        ValueError,
        "LGBMRegressor(num_classes=3): it follows from the loss and the labels",
    ),
    "engine's metric": (
        {"estimator": LGBMRegressor(metric="l1")},
        {},
        ValueError,
        "LGBMRegressor(metric='l1'): it is the loss's own; for another one",
    ),
    "misspelt parameter": (
        {"estimator": LGBMRegressor(num_leavs=3)},
        {},
        ValueError,
        "LightGBM has no parameter 'num_leavs'; did you mean 'num_leaves'?",
    ),
    "parameter of an objective": (
        {"estimator": LGBMRegressor(tweedie_variance_power=1.2), "loss": "tweedie"},
        {},
        ValueError,
        "tweedie_variance_power=1.2): it is for a built-in objective",
    ),
    "bagging by class": (
        {"estimator": LGBMRegressor(neg_bagging=0.1, pos_bagging_fraction=1.0)},
        {},
        ValueError,
        "LGBMRegressor(neg_bagging=0.1): LightGBM knows no classes of a custom objective",
    ),
    "engine's start": (
        {"estimator": XGBRegressor(base_score=0.5)},
        {},
        ValueError,
        "XGBRegressor(base_score=0.5): it is the loss's start value",
    ),
    "engine's early stopping": (
        {"estimator": XGBRegressor(early_stopping_rounds=5)},
        {},
        ValueError,
        "XGBRegressor(early_stopping_rounds=5): set it on the boostobj estimator",
    ),
    "engine's early stopping by another name": (
        {"estimator": LGBMRegressor(n_iter_no_change=5)},
        {},
        ValueError,
        "LGBMRegressor(n_iter_no_change=5): set early_stopping_rounds on the boostobj estimator",
    ),
    "engine's class weights": (
        {"estimator": LGBMClassifier(class_weight="balanced")},
        {},
        ValueError,
        "LGBMClassifier(class_weight='balanced'): set it on BoostClassifier",
    ),
    "engine's weight of positives": (
        {"estimator": XGBClassifier(scale_pos_weight=2)},
        {},
        ValueError,
        "XGBClassifier(scale_pos_weight=2): weigh rows by sample_weight or class_weight",
    ),
    "rounds in words": (
        {"estimator": XGBRegressor(n_estimators="a")},
        {},
        TypeError,
        "estimator: n_estimators must be an integer >= 0, got 'a'",
    ),
    "part of a round": (
        {"estimator": LGBMRegressor(num_trees=5.5)},
        {},
        TypeError,
        "estimator: num_trees must be an integer >= 1, got 5.5",
    ),
    "fewer rounds than none": (
        {"estimator": XGBRegressor(n_estimators=-3)},
        {},
        ValueError,
        "estimator: n_estimators must be >= 0, got -3",
    ),
    "linear booster": (
        {"estimator": XGBRegressor(booster="gblinear")},
        {},
        ValueError,
        "booster='gblinear' boosts linear models; boostobj boosts trees",
    ),
    "early stopping of its own": (
        {"estimator": XGBRegressor(callbacks=[StopsEarly(rounds=3)])},
        {},
        ValueError,
        "callbacks hold EarlyStopping, which leaves the rounds after the best in the model",
    ),
    "checkpoints": (
        {"estimator": XGBRegressor(callbacks=[TrainingCheckPoint("nowhere")])},
        {},
        ValueError,
        "callbacks hold TrainingCheckPoint, which saves models without their start value",
    ),
    "early stopping of LightGBM's own": (
        {"estimator": LGBMRegressor(callbacks=[early_stopping(3)])},
        {},
        ValueError,
        "callbacks hold an early_stopping; set early_stopping_rounds on the boostobj estimator",
    ),
    "random forest": (
        {"estimator": LGBMRegressor(boosting_type="rf")},
        {},
        ValueError,
        "LightGBM's boosting_type='rf' takes no custom objective; use 'gbdt' or 'dart'",
    ),
    "no patience": (
        {"early_stopping_rounds": 0},
        {},
        ValueError,
        "early_stopping_rounds must be an integer >= 1 or None, got 0",
    ),
    "patience as a switch": (
        {"early_stopping_rounds": True},
        {},
        ValueError,
        "early_stopping_rounds must be an integer >= 1 or None, got True",
    ),
    "all rows for validation": (
        {"validation_fraction": 1.0},
        {},
        ValueError,
        "validation_fraction must be a number in (0, 1) or None, got 1.0",
    ),
    "nothing to stop by": (
        {"early_stopping_rounds": 5, "validation_fraction": None},
        {},
        ValueError,
        "early_stopping_rounds=5 needs rows to watch: set validation_fraction, or pass X_val and",
    ),
    "early stopping with dropped trees": (
        {"early_stopping_rounds": 5, "estimator": LGBMRegressor(boosting_type="dart")},
        {},
        ValueError,
        "early_stopping_rounds=5 cannot go with DART",
    ),
    "a word for a seed": (
        {"random_state": "x"},
        {},
        ValueError,
        "BoostRegressor: random_state must be an integer from 0 to 2**32 - 1, a RandomState or",
    ),
    "a negative seed": ({"random_state": -1}, {}, ValueError, "RandomState or None, got -1"),
    "negative verbosity": ({"verbose": -1}, {}, ValueError, "verbose must be an integer >= 0"),
    "validation without targets": (
        {},
        {"X_val": X},
        ValueError,
        "X_val and y_val go together, y_val is missing",
    ),
    "validation without features": (
        {},
        {"y_val": Y},
        ValueError,
        "X_val and y_val go together, X_val is missing",
    ),
    "validation weights alone": (
        {},
        {"sample_weight_val": np.ones(N)},
        ValueError,
        "sample_weight_val needs X_val and y_val",
    ),
    "other features in validation": (
        {},
        {"X_val": X[:, :2], "y_val": Y},
        ValueError,
        "X has 2 features, but BoostRegressor is expecting 3 features",
    ),
    "short validation targets": (
        {},
        {"X_val": X, "y_val": Y[:5]},
        ValueError,
        "X_val and y_val must have the same number of rows, got 60 and 5",
    ),
    "validation targets of another shape": (
        {},
        {"X_val": X, "y_val": np.column_stack([Y, Y])},
        ValueError,
        "y_val of shape (60, 2) does not fit y of shape (60,)",
    ),
    "nan in validation targets": (
        {},
        {"X_val": X, "y_val": replaced(Y, 0, np.nan)},
        ValueError,
        "Input y_val contains NaN",
    ),
    "going on from nothing": (
        {},
        {"init_model": "model.json"},
        TypeError,
        ", a fitted BoostRegressor or a Booster, got builtins.str",
    ),
    "going on from the unfitted": (
        {},
        {"init_model": BoostRegressor()},
        ValueError,
        "This BoostRegressor instance is not fitted yet",
    ),
}

CLASSIFIER = {
    "one class": ({}, {"y": ["a"] * N}, ValueError, "at least two classes, got one class: ['a']"),
    "continuous target": ({}, {"y": Y}, ValueError, "Unknown label type: continuous"),
    "nan label": ({}, {"y": replaced(THREE, 0, np.nan)}, ValueError, "Input y contains NaN"),
    "labels in two columns": (
        {},
        {"y": np.column_stack([THREE, THREE])},
        ValueError,
        "y should be a 1d array, got an array of shape (60, 2)",
    ),
    "three classes for two": (
        {"loss": Logistic()},
        {"y": THREE},
        ValueError,
        "Logistic() is a loss of two classes, y has 3: [0, 1, 2]; use OneVsRest(Logistic())",
    ),
    "three classes for four": (
        {"loss": Softmax(n_classes=4)},
        {"y": THREE},
        ValueError,
        "Softmax(n_classes=4) is for 4 classes, y has 3: [0, 1, 2]",
    ),
    "loss of no classes": (
        {"loss": Quantile(0.9)},
        {},
        TypeError,
        "Quantile(quantile=0.9, scale=None) is not a loss of classes; use BoostRegressor",
    ),
    "class never seen in training": (
        {},
        {"X_val": X, "y_val": np.where(Y > 1, "maybe", "no")},
        ValueError,
        "y_val contains classes that y does not: ['maybe']",
    ),
    "fractions beside labels": (
        {},
        {"y": Y > 0, "X_val": X, "y_val": np.arange(1, N + 1) / 100},
        ValueError,
        "0.01, 0.02, 0.03, 0.04, 0.05, 0.06, ...] (60 in all); y holds labels, so that fractions",
    ),
    "too few of a class to split": (
        {"early_stopping_rounds": 2},
        {"y": ["a"] + ["b"] * (N - 1)},
        ValueError,
        "least populated class",
    ),
    "weight of an unknown class": (
        {"class_weight": {"maybe": 2}},
        {},
        ValueError,
        "class_weight has classes that y does not: ['maybe'], y has ['no', 'yes']",
    ),
    "class weights by a wrong name": (
        {"class_weight": "equal"},
        {},
        TypeError,
        "class_weight must be 'balanced', a mapping from class to weight or None, got 'equal'",
    ),
    "class weights of numbers for words": (
        {"class_weight": {0: 1, 1: 5}},
        {"y": np.where(Y > 0, "1", "0")},
        ValueError,
        "class_weight has classes that y does not: [0, 1], y has ['0', '1']",
    ),
    "missing date": (
        {},
        {"y": np.where(Y > 0, "NaT", "2020").astype("M8[D]")},
        ValueError,
        "BoostClassifier: y must not have missing values",
    ),
    "missing label in a frame": (
        {},
        {"y": pd.DataFrame({"y": np.where(Y > 0, "yes", None)})},
        ValueError,
        "BoostClassifier: y must not have missing values",
    ),
    "negative class weights": (
        {"class_weight": {"no": -1.0, "yes": 1.0}},
        {},
        ValueError,
        "BoostClassifier: class_weight must be finite and >= 0, got -1.0",
    ),
    "class weights in words": (
        {"class_weight": {"no": "a", "yes": 1.0}},
        {},
        ValueError,
        "BoostClassifier: class_weight: could not convert string to float: 'a'",
    ),
    "class weights of probabilities": (
        {"class_weight": "balanced"},
        {"y": rng.uniform(size=N)},
        ValueError,
        "class_weight needs labels, y is probabilities",
    ),
    "probabilities for a loss of labels": (
        {"loss": Logistic()},
        {"y": rng.uniform(size=N)},
        ValueError,
        "Unknown label type: continuous. Logistic() takes labels of classes",
    ),
    "numbers that are no classes": (
        {},
        {"y": Y},
        ValueError,
        "CrossEntropy(positive_weight=1.0) takes",
    ),
    "missing labels": (
        {},
        {"y": np.where(Y > 0, TWO, None)},
        ValueError,
        "BoostClassifier: y must not have missing values",
    ),
    "missing words": (
        {},
        {"y": pd.Series(TWO, dtype="string").mask(Y > 0)},
        ValueError,
        "BoostClassifier: y must not have missing values",
    ),
    "words among numbers": (
        {},
        {"y": np.where(Y > 0, TWO.astype(object), 1)},
        TypeError,
        "BoostClassifier: y must not mix words with labels of other types",
    ),
    "labels that are no words or numbers": (
        {},
        {"y": np.array([{label} for label in THREE.tolist()])},
        TypeError,
        "BoostClassifier: y must be numbers, words or booleans, got {",
    ),
    "sparse labels": ({}, {"y": csr_matrix(THREE[:, None])}, TypeError, "Sparse data was passed"),
    "missing validation labels": (
        {},
        {"X_val": X, "y_val": np.where(Y > 0, TWO, None)},
        ValueError,
        "BoostClassifier: y_val must not have missing values",
    ),
    "rows that do not sum to one": (
        {"loss": Softmax()},
        {"y": np.full((N, 3), 0.4)},
        ValueError,
        "Softmax: each row of y must sum to 1, got",
    ),
    "rows that are no probabilities": (
        {},
        {"y": np.column_stack([Y, Y])},
        ValueError,
        "Softmax: y must be in [0, 1], got",
    ),
    "validation rows that do not sum to one": (
        {},
        {"y": np.full((N, 4), 0.25), "X_val": X, "y_val": np.full((N, 4), 0.5)},
        ValueError,
        "Softmax: each row of y_val must sum to 1, got 2.0",
    ),
    "all weight on one class": (
        {"class_weight": {"no": 0.0, "yes": 1.0}},
        {},
        UserWarning,
        "y is yes in all",
    ),
}


def check(kind, engine, y, case):
    parameters, arguments, error, message = case
    model = kind(**{"estimator": ENGINES[engine], **parameters})
    warns = issubclass(error, Warning)
    with (pytest.warns if warns else pytest.raises)(error, match=re.escape(message)):
        model.fit(**{"X": X, "y": y, **arguments})
    assert hasattr(model, "booster_") is warns


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", REGRESSOR.values(), ids=REGRESSOR)
def test_regressor(case, engine):
    check(BoostRegressor, engine, Y, case)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CLASSIFIER.values(), ids=CLASSIFIER)
def test_classifier(case, engine):
    check(BoostClassifier, engine, TWO, case)


def test_a_class_that_is_too_rare_to_split_is_called_by_its_label():
    model = BoostClassifier(ENGINES["xgboost"], early_stopping_rounds=2)
    with pytest.raises(ValueError, match="least populated class") as error:
        model.fit(X, replaced(THREE, 0, 7))
    # scikit-learn 1.6 does not name it
    assert re.findall(r"too few members are: (\[.*?\])", str(error.value)) in ([], ["[7.0]"])


@pytest.mark.parametrize("engine", ENGINES)
def test_features_that_do_not_match_at_predict(engine):
    with pytest.raises(ValueError, match="X has 2 features, but BoostRegressor is expecting 3"):
        BoostRegressor(ENGINES[engine]).fit(X, Y).predict(X[:, :2])
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = BoostRegressor(ENGINES[engine]).fit(frame, Y)
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        model.predict(frame[["b", "a", "c"]])
    with pytest.raises(ValueError, match="column 'a' has categories, in fit it had numbers"):
        model.predict(frame.assign(a=pd.Categorical(["x"] * N)))


@pytest.mark.parametrize("engine", ENGINES)
def test_frames(engine):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = BoostRegressor(ENGINES[engine])
    with pytest.raises(ValueError, match="X is empty: 0 rows, 3 columns"):
        model.fit(frame[:0], Y[:0])
    with pytest.raises(ValueError, match=r"column 'b' has dtype .*; features are numbers, boolean"):
        model.fit(frame.assign(b=TWO), Y)
    with pytest.raises(ValueError, match="column 'b' has dtype datetime"):
        model.fit(frame.assign(b=pd.Timestamp("2024-02-29")), Y)
    with pytest.raises(ValueError, match="column 'c' contains infinity"):
        model.fit(frame.assign(c=np.inf), Y)
    with pytest.raises(ValueError, match="X has more than one column named 'a'"):
        model.fit(frame.set_axis(["a", "a", "c"], axis=1), Y)
    with pytest.raises(ValueError, match="X must have rows and columns, got a Series"):
        model.fit(frame["a"], Y)


@pytest.mark.parametrize("owner", [BoostRegressor, BoostClassifier])
def test_a_loss_has_no_parameters_to_search(owner):
    model = owner(loss=Huber()) if owner is BoostRegressor else owner()
    with pytest.raises(ValueError, match=r"no parameter 'loss__delta'; .* loss=\[Huber"):
        model.set_params(loss__delta=2.0)


def test_not_fitted():
    model = BoostClassifier(ENGINES["xgboost"])
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(ValueError, match="This BoostClassifier instance is not fitted yet"):
            method(X)


def test_going_on_with_the_other_engine():
    first = BoostRegressor(ENGINES["xgboost"]).fit(X, Y)
    with pytest.raises(TypeError, match=r"must be of lightgbm, .*, got xgboost\.core\.Booster"):
        BoostRegressor(ENGINES["lightgbm"]).fit(X, Y, init_model=first)


@pytest.mark.parametrize("kind", ["M8[D]", "m8[h]"])
@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_dates_are_no_features(engine, kind):
    with pytest.raises(TypeError, match="X must be numbers, got dates or durations"):
        BoostRegressor(engine).fit(np.ones((len(Y), 2), dtype=int).astype(kind), Y)


@pytest.mark.parametrize("features", [np.asarray, pd.DataFrame, csr_matrix])
def test_features_beyond_single_precision(features):
    wide = features(X[:, :2] * 1e39)
    with pytest.raises(ValueError, match=r"X: .* is beyond 3\.4e\+38; xgboost computes in single"):
        BoostRegressor(ENGINES["xgboost"]).fit(wide, Y)
    BoostRegressor(ENGINES["lightgbm"]).fit(wide, Y)


@pytest.mark.parametrize(
    ("engine", "wrong"), [("xgboost", "x [kg]"), ("lightgbm", "a: b"), ("lightgbm", "a\nb")]
)
def test_names_that_an_engine_cannot_take(engine, wrong):
    frame = pd.DataFrame(X[:, :2], columns=["a", wrong])
    with pytest.raises(ValueError, match=re.escape(f"X: column {wrong!r}: {engine} takes none of")):
        BoostRegressor(ENGINES[engine]).fit(frame, Y)


@pytest.mark.parametrize("names", [("a", ""), ("a b", "a_b")])
def test_names_that_lightgbm_does_not_tell_apart(names):
    frame = pd.DataFrame(X[:, :2], columns=names)
    with pytest.raises(ValueError, match=r"of the columns would be '.*' in lightgbm, which has _"):
        BoostRegressor(ENGINES["lightgbm"]).fit(frame, Y)
    BoostRegressor(ENGINES["xgboost"]).fit(frame, Y)


def test_parameters_of_an_engine_need_one():
    for cls in (BoostRegressor, BoostClassifier, QuantileIntervalRegressor):
        message = f"{cls.__name__}: estimator__max_depth needs an engine to set it in"
        with pytest.raises(ValueError, match=message):
            cls().set_params(estimator__max_depth=3)
        with_one = cls().set_params(estimator=ENGINES["xgboost"], estimator__max_depth=3)
        assert with_one.estimator.max_depth == 3


@pytest.mark.parametrize("drop", [{"rate_drop": 0.5}, {"one_drop": 1}])
def test_early_stopping_cannot_go_with_dropped_trees(drop):
    version = tuple(map(int, xgboost.__version__.split(".")[:2]))
    model = BoostRegressor(XGBRegressor(n_estimators=2, **drop), early_stopping_rounds=1)
    if version < (3, 4):
        with pytest.warns(UserWarning, match="Parameters: { .* } are not used"):
            model.fit(X, Y)  # they mean nothing without booster="dart"
        return
    with pytest.raises(ValueError, match="early_stopping_rounds=1 cannot go with DART"):
        model.fit(X, Y)


@pytest.mark.filterwarnings("ignore:.*booster=dart. is deprecated")
@pytest.mark.parametrize("rounds", [None, 1])
def test_going_on_from_dropped_trees_of_xgboost_is_dropping_them(rounds):
    dart = XGBRegressor(n_estimators=5, booster="dart", rate_drop=0.5)
    first = BoostRegressor(dart).fit(X, Y)
    model = BoostRegressor(ENGINES["xgboost"], early_stopping_rounds=rounds)
    for init_model in (first, first.booster_, first.booster_.copy()):
        with pytest.raises(ValueError, match=r"init_model is of DART, .* cannot go with DART"):
            model.fit(X, Y, init_model=init_model)
    model = BoostRegressor(dart).fit(X, Y, X_val=X, y_val=Y, init_model=first)
    (history,) = model.evals_result_["validation"].values()
    assert np.mean((model.predict(X) - Y) ** 2) == pytest.approx(history[-1], rel=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_going_on_with_other_classes(engine):
    first = BoostClassifier(ENGINES[engine]).fit(X, THREE)
    with pytest.raises(ValueError, match="init_model has 3 margins a row, the loss wants 1: Cross"):
        BoostClassifier(ENGINES[engine]).fit(X, TWO, init_model=first.booster_)
    message = (
        r"init_model has classes_ \[0, 1, 2\], this fit \['no', 'yes'\]; they must be the same"
    )
    with pytest.raises(ValueError, match=message):
        BoostClassifier(ENGINES[engine]).fit(X, TWO, init_model=first)
    with pytest.raises(ValueError, match=r"classes_ \[0, 1, 2\], this fit \[1, 2, 3\]"):
        first.fit(X, THREE + 1, init_model=first)


@pytest.mark.parametrize("engine", ENGINES)
def test_going_on_with_another_link(engine):
    first = BoostRegressor(ENGINES[engine], loss=Poisson()).fit(X, np.abs(Y))
    with pytest.raises(ValueError, match=r"init_model has link 'Log\(\)', this fit 'Identity\(\)'"):
        BoostRegressor(ENGINES[engine]).fit(X, np.abs(Y), init_model=first)
    BoostRegressor(ENGINES[engine], loss=Gamma()).fit(X, np.abs(Y), init_model=first)


LEVEL = np.abs(Y) + 0.1
FOREIGN = [
    (XGBRegressor(n_estimators=2, objective="count:poisson"), {}, "objective 'count:poisson'"),
    (XGBRegressor(n_estimators=2, objective="reg:absoluteerror"), {"loss": Poisson()}, "Log"),
    (XGBRegressor(n_estimators=2, booster="gblinear"), {}, "init_model is of booster='gblinear'"),
    (LGBMRegressor(n_estimators=2, objective="poisson", verbose=-1), {}, "objective 'poisson'"),
    (LGBMRegressor(n_estimators=2, verbose=-1), {"loss": Poisson()}, "objective 'regression'"),
    (LGBMRegressor(n_estimators=2, reg_sqrt=True, verbose=-1), {}, "objective 'regression sqrt'"),
    (
        LGBMRegressor(
            n_estimators=2, boosting_type="rf", subsample=0.5, subsample_freq=1, verbose=-1
        ),
        {},
        "init_model is a random forest",
    ),
]


def test_going_on_from_labels_of_several_columns():
    foreign = XGBRegressor(n_estimators=2).fit(X, X[:, :2])
    with pytest.raises(ValueError, match="init_model was trained on labels of several columns"):
        BoostRegressor(ENGINES["xgboost"]).fit(X, X[:, :2], init_model=foreign)


@pytest.mark.filterwarnings("ignore:.*booster=gblinear. is deprecated")
@pytest.mark.parametrize(("foreign", "parameters", "message"), FOREIGN)
def test_going_on_from_an_objective_of_another_kind(foreign, parameters, message):
    foreign = clone(foreign).set_params(n_jobs=1).fit(X, LEVEL)
    engine = "xgboost" if isinstance(foreign, XGBRegressor) else "lightgbm"
    model = BoostRegressor(ENGINES[engine], **parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(X, LEVEL, init_model=foreign)


@pytest.mark.parametrize(
    ("objective", "loss", "labels"),
    [
        ("binary", CrossEntropy(), TWO),
        ("multiclass", Softmax(), THREE),
        ("multiclassova", OneVsRest(), THREE),
    ],
)
def test_going_on_from_classes_of_lightgbm(objective, loss, labels):
    foreign = LGBMClassifier(n_estimators=2, objective=objective, verbose=-1, n_jobs=1)
    foreign.fit(X, np.unique(labels, return_inverse=True)[1])
    model = BoostClassifier(ENGINES["lightgbm"], loss=loss).fit(X, labels, init_model=foreign)
    before = foreign.predict_proba(X)
    before /= before.sum(axis=1, keepdims=True)  # one against the rest does not
    assert log_loss(labels, model.predict_proba(X)) < log_loss(labels, before)
    other = CrossEntropy() if len(model.classes_) > 2 else Exponential()
    with pytest.raises(ValueError, match="init_model"):
        BoostClassifier(ENGINES["lightgbm"], loss=other).fit(X, TWO, init_model=foreign)


def test_going_on_from_a_custom_objective_under_a_planted_one():
    exponential = Exponential()
    first = XGBClassifier(n_estimators=2, objective=exponential, n_jobs=1).fit(X, TWO == "yes")
    model = BoostClassifier(ENGINES["xgboost"], loss=exponential)
    model.fit(X, TWO, init_model=first)
    with pytest.raises(ValueError, match=r"objective 'binary:logistic', .* HalfLogit"):
        model.fit(X, TWO, init_model=first.get_booster())


@pytest.mark.parametrize("engine", ENGINES)
def test_going_on_with_other_features(engine):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = BoostRegressor(ENGINES[engine])
    first = BoostRegressor(ENGINES[engine]).fit(frame, Y)
    with pytest.raises(ValueError, match="init_model has n_features_in_ 3, this fit 2"):
        model.fit(X[:, :2], Y, init_model=first)
    with pytest.raises(
        ValueError, match=r"feature_names_in_ \['a', 'b', 'c'\], this fit \['b', 'a'"
    ):
        model.fit(frame[["b", "a", "c"]], Y, init_model=first)
    kinds = frame.assign(c=pd.Categorical(TWO))
    coded = BoostRegressor(ENGINES[engine]).fit(X, Y)
    inits = [first, coded.booster_] if engine == "lightgbm" else [first]
    for init_model in inits:
        with pytest.raises(ValueError, match="X has categorical columns: 1, init_model: 0"):
            model.fit(kinds, Y, init_model=init_model)
    first.fit(kinds, Y)
    with pytest.raises(ValueError, match="init_model has 1 categorical columns; X must be a frame"):
        model.fit(X, Y, init_model=first)
    with pytest.raises(ValueError, match="column 'a' has categories, in fit it had numbers"):
        model.fit(frame.assign(a=kinds["c"]), Y, init_model=first)
    other = kinds.assign(c=kinds["c"].cat.rename_categories({"no": "never"}))
    message = r"column 'c' has the category 'never', init_model knows \['no', 'yes'\]"
    with pytest.raises(ValueError, match=message):
        model.fit(other, Y, init_model=first)
    if engine == "lightgbm":
        with pytest.raises(ValueError, match=message):
            model.fit(other, Y, init_model=first.booster_)


@pytest.mark.parametrize("offset", [1e6, 1e9])
def test_a_target_too_far_away(offset):
    with pytest.warns(UserWarning, match="y varies by .* float32, have steps of .*; subtract"):
        BoostRegressor(ENGINES["xgboost"]).fit(X, Y + offset)
    BoostRegressor(ENGINES["lightgbm"]).fit(X, Y + offset)


def test_no_engine(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="BoostRegressor needs an engine: pip install xgboost"):
        BoostRegressor(loss=AbsoluteError()).fit(X, Y)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_one_engine_is_enough(name, monkeypatch):
    other = {"xgboost": "lightgbm", "lightgbm": "xgboost"}[name]
    monkeypatch.setattr("importlib.util.find_spec", lambda found: found == name or None)
    monkeypatch.setitem(sys.modules, other, None)
    model = BoostRegressor().fit(X, Y)
    assert type(model.booster_).__module__.startswith(name)
