"""The start value is inside the fitted model, whatever the engine was asked to do."""

from __future__ import annotations

import subprocess
import sys

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from boostobj import (
    AbsoluteError,
    BoostClassifier,
    BoostRegressor,
    CrossEntropy,
    Huber,
    Logistic,
    MultiQuantile,
    Quantile,
    Softmax,
    SquaredError,
    add_init_score,
)

FEW = {"n_estimators": 12, "max_depth": 3, "n_jobs": 1}

MODES = {
    "xgboost": xgb.XGBRegressor(**FEW),
    "xgboost-dart": xgb.XGBRegressor(**FEW, booster="dart", rate_drop=0.5, one_drop=1),
    "xgboost-subsample": xgb.XGBRegressor(**FEW, subsample=0.5),
    "xgboost-monotone": xgb.XGBRegressor(**FEW, monotone_constraints=(1, 0, 0, 0)),
    "xgboost-interaction": xgb.XGBRegressor(**FEW, interaction_constraints="[[0, 1], [2, 3]]"),
    "xgboost-forest": xgb.XGBRegressor(**FEW, num_parallel_tree=2, subsample=0.5),
    "xgboost-exact": xgb.XGBRegressor(**FEW, tree_method="exact"),
    "xgboost-no-split": xgb.XGBRegressor(**FEW, min_child_weight=1e9),
    "lightgbm": lgb.LGBMRegressor(**FEW),
    "lightgbm-dart": lgb.LGBMRegressor(**FEW, boosting_type="dart", drop_rate=0.5),
    "lightgbm-goss": lgb.LGBMRegressor(**FEW, boosting_type="goss", learning_rate=0.5),
    "lightgbm-linear": lgb.LGBMRegressor(**FEW, linear_tree=True),
    "lightgbm-monotone": lgb.LGBMRegressor(**FEW, monotone_constraints=[1, 0, 0, 0]),
    "lightgbm-interaction": lgb.LGBMRegressor(**FEW, interaction_constraints=[[0, 1], [2, 3]]),
    "lightgbm-no-split": lgb.LGBMRegressor(**FEW, min_child_samples=10_000),
}
#: One of each family.
LOSSES = [SquaredError(), AbsoluteError(), Huber(), Quantile(0.9)]
CLASS_LOSSES = [Logistic(), CrossEntropy(), Softmax()]


def margins(booster, X):
    if isinstance(booster, xgb.Booster):
        return booster.predict(xgb.DMatrix(X), output_margin=True)
    return booster.predict(X, raw_score=True)


def last_score(model):
    (history,) = model.evals_result_["validation"].values()
    return history[-1]


@pytest.fixture(scope="module")
def shifted(regression):
    X, y, weight = regression
    return X, y + 50, weight


def deprecated_dart():
    return pytest.mark.filterwarnings("ignore:.*booster=dart. is deprecated")


@deprecated_dart()
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.filterwarnings("ignore:no tree of:UserWarning")
def test_the_booster_alone_scores_what_training_saw(mode, loss, shifted):
    X, y, weight = shifted
    model = BoostRegressor(MODES[mode], loss=loss)
    model.fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    score = loss.metric.score(y, margins(model.booster_, X), weight)
    assert score == pytest.approx(last_score(model), rel=1e-4)
    constant = loss.metric.score(y, np.full(len(y), loss.init_score(y, weight)), weight)
    assert score < 0.95 * constant or (
        "no-split" in mode and score == pytest.approx(constant, rel=0.02)
    )
    np.testing.assert_allclose(model.predict(X), margins(model.booster_, X), rtol=1e-6)


@deprecated_dart()
@pytest.mark.parametrize("loss", CLASS_LOSSES, ids=repr)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.filterwarnings("ignore:no tree of:UserWarning")
def test_classes(mode, loss, regression):
    X, y, weight = regression
    # unequal shares: a start that is not zero
    labels = np.digitize(y, [-3.0, 2.0]) if isinstance(loss, Softmax) else y > 2
    model = BoostClassifier(MODES[mode], loss=loss)
    model.fit(X, labels, weight, X_val=X, y_val=labels, sample_weight_val=weight)
    raw = margins(model.booster_, X)
    score = loss.metric.score(labels.astype(float), raw, weight)
    assert score == pytest.approx(last_score(model), rel=1e-4)
    p = model.predict_proba(X)
    shares = np.average(labels[:, None] == model.classes_, axis=0, weights=weight)
    np.testing.assert_allclose(np.average(p, axis=0, weights=weight), shares, atol=0.05)


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError()], ids=repr)
def test_several_targets(strategy, loss, shifted):
    X, y, weight = shifted
    Y = np.column_stack([y, -3 * y, y**2])
    engine = xgb.XGBRegressor(**FEW, multi_strategy=strategy)
    model = BoostRegressor(engine, loss=loss).fit(
        X, Y, weight, X_val=X, y_val=Y, sample_weight_val=weight
    )
    assert model.predict(X).shape == Y.shape
    score = loss.metric.score(Y, margins(model.booster_, X), weight)
    assert score == pytest.approx(last_score(model), rel=1e-4)


def test_several_targets_in_lightgbm(shifted):
    X, y, _ = shifted
    Y = np.column_stack([y, -3 * y])
    model = BoostRegressor(lgb.LGBMRegressor(**FEW), loss=AbsoluteError()).fit(X, Y)
    for j in range(2):
        alone = BoostRegressor(lgb.LGBMRegressor(**FEW), loss=AbsoluteError()).fit(X, Y[:, j])
        np.testing.assert_allclose(model.predict(X)[:, j], alone.predict(X), rtol=1e-6)


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("loss", [*LOSSES, Logistic(), Softmax()], ids=repr)
def test_going_on_is_one_long_training(engine, loss, shifted, tmp_path):
    X, y, weight = shifted
    kind = BoostRegressor
    if loss in CLASS_LOSSES:
        kind, y = BoostClassifier, np.digitize(y, [48, 52]) if loss == Softmax() else y > 52
    first = kind(MODES[engine], loss=loss).fit(X, y, weight)
    both = kind(MODES[engine], loss=loss).fit(X, y, weight, init_model=first)
    long = MODES[engine].__class__(**{**FEW, "n_estimators": 24})
    whole = kind(long, loss=loss).fit(X, y, weight)
    assert both.best_iteration_ == 24
    # kinked losses magnify the rounding of the margins that the first leg ends with
    scores = [loss.metric.score(y.astype(float), margins(m.booster_, X)) for m in (both, whole)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-2)
    smooth = not isinstance(loss, AbsoluteError | Quantile)
    difference = np.abs(margins(both.booster_, X) - margins(whole.booster_, X))
    assert difference.max() < 1e-3 or not smooth
    booster = kind(MODES[engine], loss=loss).fit(X, y, weight, init_model=first.booster_)
    np.testing.assert_array_equal(margins(booster.booster_, X), margins(both.booster_, X))


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
def test_going_on_with_categories_in_another_order(engine):
    rng = np.random.default_rng(0)
    levels = {"a": 0.0, "b": 10.0, "c": 20.0}

    def sample(kinds):
        kind = rng.choice(kinds, 300)
        return pd.DataFrame({"x": rng.normal(size=300), "kind": pd.Categorical(kind, kinds)}), [
            levels[k] for k in kind
        ]

    X, y = sample(["a", "b", "c"])
    X_more, y_more = sample(["c", "b"])
    first = BoostRegressor(MODES[engine].__class__(n_estimators=50, n_jobs=1)).fit(X, y)
    more = BoostRegressor(MODES[engine].__class__(n_estimators=1, n_jobs=1))
    inits = [first] if engine == "xgboost" else [first, first.booster_]
    for init_model in inits:
        more.fit(X_more, y_more, X_val=X_more, y_val=y_more, init_model=init_model)
        np.testing.assert_allclose(more.predict(X), y, atol=0.5)
        assert last_score(more) == pytest.approx(
            np.mean((more.predict(X_more) - y_more) ** 2), abs=1e-6
        )
    # a model may go on from itself
    more.fit(X_more, y_more, init_model=more)
    np.testing.assert_allclose(more.predict(X), y, atol=0.5)
    assert more.best_iteration_ == 52


FRESH = """
import sys, numpy as np
X = np.load(sys.argv[2])
if sys.argv[3] == "xgboost":
    import xgboost
    booster = xgboost.Booster(model_file=sys.argv[1])
    raw = booster.predict(xgboost.DMatrix(X), output_margin=True)
else:
    import lightgbm
    raw = lightgbm.Booster(model_file=sys.argv[1]).predict(X, raw_score=True)
assert "boostobj" not in sys.modules
np.save(sys.argv[4], raw)
"""


@pytest.mark.parametrize(
    ("engine", "loss"),
    [
        ("xgboost", AbsoluteError()),
        ("xgboost", Softmax()),
        ("lightgbm", AbsoluteError()),
        ("lightgbm", Softmax()),
    ],
    ids=str,
)
def test_in_a_fresh_process_without_boostobj(engine, loss, shifted, tmp_path):
    X, y, _ = shifted
    kind = BoostClassifier if loss == Softmax() else BoostRegressor
    y = np.digitize(y, [48, 52]) if loss == Softmax() else y
    model = kind(MODES[engine], loss=loss, early_stopping_rounds=3, random_state=0).fit(X, y)
    model.booster_.save_model(tmp_path / "model.json")
    np.save(tmp_path / "X.npy", X)
    files = [tmp_path / "model.json", tmp_path / "X.npy", engine, tmp_path / "raw.npy"]
    subprocess.run([sys.executable, "-c", FRESH, *map(str, files)], check=True, cwd=tmp_path)
    expected = model._raw_prediction(X)
    np.testing.assert_allclose(np.load(tmp_path / "raw.npy"), expected, rtol=1e-6, atol=1e-6)


def native(X, y, start, **parameters):
    data = lgb.Dataset(X, y, init_score=np.broadcast_to(start, (len(y), *np.shape(start))).copy())
    parameters = {"verbosity": -1, "num_threads": 1, "metric": "None", **parameters}
    return lgb.train(parameters, data, 10)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"linear_tree": True}, {"boosting": "dart", "drop_rate": 0.5}, {"min_gain_to_split": 1e9}],
    ids=str,
)
def test_add_init_score(parameters, shifted):
    X, y, _ = shifted
    loss = AbsoluteError()
    start = loss.init_score(y)
    booster = native(X, y, start, objective=loss, **parameters)
    lone = booster.predict(X)
    assert add_init_score(booster, start) is booster
    np.testing.assert_allclose(booster.predict(X), lone + start, rtol=1e-12)
    copy = lgb.Booster(model_str=booster.model_to_string())
    np.testing.assert_allclose(copy.predict(X), lone + start, rtol=1e-12)


def test_add_init_score_to_classes(shifted):
    X, y, _ = shifted
    labels = np.digitize(y, [48, 52])
    loss = Softmax()
    start = loss.init_score(labels)
    booster = native(X, labels, start, objective=loss, num_class=3)
    lone = booster.predict(X, raw_score=True)
    add_init_score(booster, start)
    np.testing.assert_allclose(booster.predict(X, raw_score=True), lone + start, rtol=1e-12)


def test_add_init_score_keeps_the_best_iteration(shifted):
    X, y, _ = shifted
    loss = SquaredError()
    start = loss.init_score(y)
    data = lgb.Dataset(X, y, init_score=np.full(len(y), start))
    booster = lgb.train(
        {"objective": loss, "verbosity": -1, "num_threads": 1, "metric": "None"},
        data,
        50,
        valid_sets=[data.create_valid(X[::2], y[::2][::-1], init_score=np.full(300, start))],
        feval=loss.metric,
        callbacks=[lgb.early_stopping(2, verbose=False)],
    )
    best, lone = booster.best_iteration, booster.predict(X)
    add_init_score(booster, start)
    assert booster.best_iteration == best < 50
    np.testing.assert_allclose(booster.predict(X), lone + start, rtol=1e-12)


def test_add_init_score_refuses_what_does_not_fit(shifted):
    X, y, _ = shifted
    booster = native(X, y, 0.0, objective=SquaredError())
    with pytest.raises(ValueError, match="init_score must be 1 finite number, got"):
        add_init_score(booster, np.zeros(len(y)))
    with pytest.raises(ValueError, match="init_score must be 1 finite number, got nan"):
        add_init_score(booster, np.nan)
    with pytest.raises(TypeError, match="init_score must be an array of numbers, got"):
        add_init_score(booster, "a")
    with pytest.raises(TypeError, match=r"booster must be a lightgbm\.Booster, got LGBMRegressor"):
        add_init_score(lgb.LGBMRegressor(), 0.0)


@pytest.mark.parametrize("loss", [SquaredError(), MultiQuantile((0.1, 0.9)), Softmax()], ids=repr)
def test_the_booster_of_several_outputs_predicts_margins(loss, shifted, tmp_path):
    """Not the number of the largest, as XGBoost does without an objective of its own."""
    X, y = shifted[0], np.asarray(shifted[1])
    if loss.name == "softmax":
        model = BoostClassifier(xgb.XGBClassifier(n_estimators=5, n_jobs=1), loss=loss)
        model.fit(X, np.digitize(y, np.quantile(y, [0.3, 0.6])))
        expected = model.decision_function(X)
    else:
        model = BoostRegressor(xgb.XGBRegressor(n_estimators=5, n_jobs=1), loss=loss)
        expected = model.fit(X, np.c_[y, -y] if loss.name == "squared_error" else y).predict(X)
    raw = model.booster_.predict(xgb.DMatrix(X))
    np.testing.assert_allclose(loss.link.inverse(raw) if raw.shape[1] == 2 else raw, expected)
    model.booster_.save_model(tmp_path / "model.ubj")
    loaded = xgb.XGBRegressor()
    loaded.load_model(tmp_path / "model.ubj")
    np.testing.assert_array_equal(loaded.predict(X), raw)
