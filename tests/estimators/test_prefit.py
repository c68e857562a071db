"""Models that the user has fitted, calibrated as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xgboost
from lightgbm import LGBMRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import QuantileRegressor
from sklearn.model_selection import cross_val_score
from xgboost import XGBRegressor

from boostobj import BoostRegressor, Quantile, QuantileIntervalRegressor, TooFewRowsError
from tests.estimators.test_interval import inside, simulate

LEVELS = (0.05, 0.95)


@pytest.fixture(scope="module")
def rows():
    return simulate(400, 13)[:2]


@pytest.fixture(scope="module")
def test():
    return simulate(4000, 1)[:2]


@pytest.fixture(scope="module")
def linear(rows):
    return {q: QuantileRegressor(quantile=q, alpha=0).fit(*rows) for q in LEVELS}


def test_frozen_models_are_cloned_whole(linear, test):
    frozen = {q: FrozenEstimator(model) for q, model in linear.items()}
    scores = cross_val_score(QuantileIntervalRegressor(frozen), *test, cv=2)
    assert np.all(np.isfinite(scores))


def test_fitted_models_of_any_kind_are_calibrated_as_they_are(linear, test):
    before = [model.coef_.copy() for model in linear.values()]
    model = QuantileIntervalRegressor(linear).fit(*simulate(1000, 14)[:2])
    assert all(model.models_[0][q] is linear[q] for q in linear)
    assert all(np.array_equal(a, m.coef_) for a, m in zip(before, linear.values(), strict=True))
    assert len(model.calibration_residuals_) == 1000
    assert model.n_features_in_ == 3
    for coverage in (0.9, 0.6):
        interval = model.predict_interval(test[0], coverage)
        assert np.mean(inside(interval, test[1])) == pytest.approx(coverage, abs=0.03)
    # without a median model it is between the others
    expected = (linear[0.05].predict(test[0]) + linear[0.95].predict(test[0])) / 2
    assert np.allclose(model.predict(test[0]), expected)
    with pytest.raises(ValueError, match="X has 2 features"):
        model.predict(test[0][:, :2])


def test_a_fitted_model_of_several_quantiles(rows, test):
    levels = (0.05, 0.5, 0.95)
    own = XGBRegressor(
        objective="reg:quantileerror", quantile_alpha=levels, n_estimators=20, n_jobs=1
    ).fit(*rows)
    model = QuantileIntervalRegressor({levels: own}).fit(*simulate(1000, 16)[:2])
    assert np.mean(inside(model.predict_interval(test[0]), test[1])) == pytest.approx(0.9, abs=0.03)
    with pytest.raises(ValueError, match=r"at level \(0.1, 0.9\) predicts 3 columns for 2 levels"):
        QuantileIntervalRegressor({(0.1, 0.9): own}, lower=0.1, upper=0.9).fit(*rows)


def test_boosters_of_the_engines_own_interfaces(rows, test):
    X, y = rows
    frame = pd.DataFrame(X, columns=list("abc")).assign(
        d=pd.Categorical(np.where(X[:, 0] > 0, "u", "v"))
    )
    data = xgboost.DMatrix(frame, y, enable_categorical=True)
    boosters = {
        q: xgboost.train(
            {"objective": "reg:quantileerror", "quantile_alpha": q, "nthread": 1}, data, 20
        )
        for q in LEVELS
    }
    model = QuantileIntervalRegressor(boosters).fit(frame, y)
    raw = [boosters[q].predict(data) for q in LEVELS]
    assert np.allclose(model.calibration_residuals_, y[:, None] - np.column_stack(raw), atol=1e-5)
    assert np.isfinite(model.predict_interval(frame)).all()
    own = {q: BoostRegressor(LGBMRegressor(n_jobs=1), loss=Quantile(q)).fit(X, y) for q in LEVELS}
    fitted = QuantileIntervalRegressor({q: m.booster_ for q, m in own.items()}).fit(X, y)
    expected = QuantileIntervalRegressor(own).fit(X, y)
    assert np.allclose(fitted.predict_interval(test[0]), expected.predict_interval(test[0]))


class Counting(XGBRegressor):
    # as LightGBM gives them
    feature_importances_ = np.array([30, 10, 5])


def test_importances_are_by_level_whatever_the_order(rows):
    kinds = {0.95: XGBRegressor, 0.05: Counting, 0.5: XGBRegressor}
    models = {
        q: kind(objective="reg:quantileerror", quantile_alpha=q, n_estimators=5, n_jobs=1).fit(
            *rows
        )
        for q, kind in kinds.items()
    }
    model = QuantileIntervalRegressor(models).fit(*rows)
    assert list(model.models_[0]) == [0.05, 0.5, 0.95]
    expected = np.stack([models[q].feature_importances_ for q in (0.05, 0.5, 0.95)])
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.allclose(model.feature_importances_, expected)


def test_importances_are_missing_where_a_model_has_none(linear, rows):
    model = QuantileIntervalRegressor(linear).fit(*rows)
    assert not hasattr(model, "feature_importances_")


class Broken:
    def predict(self, X):
        return np.where(np.arange(len(X)) < 7, np.nan, 1.0)


def test_what_cannot_be_calibrated_is_refused(linear, rows):
    X, y = rows
    cases = [
        ({"estimator": {0.05: linear[0.05], 0.95: Broken()}}, r"level 0.95 .* NaN .* 7 of 400"),
        ({"estimator": {0.9: linear[0.05], 0.95: linear[0.95]}}, r"enclose .* \[0.9, 0.95\]"),
        ({"lower": 0.01}, r"must enclose lower, 0.5 and upper, got \[0.05, 0.95\] for lower=0.01"),
        ({"quantiles": [0.2]}, r"quantiles must be None where estimator holds fitted models"),
        ({"quantiles": np.array([0.2, 0.3])}, "quantiles must be None where"),
        ({"calibration": None}, "calibration must be 'split' where estimator holds fitted models"),
        ({"early_stopping_rounds": 5}, "early_stopping_rounds must be None where estimator holds"),
        ({"joint": True}, "joint must be False where estimator holds fitted models, got True"),
    ]
    for settings, message in cases:
        with pytest.raises(ValueError, match=message):
            QuantileIntervalRegressor(**{"estimator": linear, **settings}).fit(X, y)
    with pytest.raises(ValueError, match="X_val must be None where estimator holds fitted models"):
        QuantileIntervalRegressor(linear).fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        QuantileIntervalRegressor(linear).fit(X, None)


def test_models_that_could_not_be_calibrated_are_not_fitted(linear, rows):
    model = QuantileIntervalRegressor(linear)
    with pytest.raises(TooFewRowsError):
        model.fit(rows[0][:5], rows[1][:5])
    assert not hasattr(model, "models_")
    assert not model.__sklearn_is_fitted__()


@pytest.mark.parametrize("symmetric", [True, False])
def test_a_group_is_calibrated_by_its_own_rows_and_weights(symmetric, linear):
    X, y, w = simulate(600, 17)
    groups = np.arange(600) % 3 // 2
    y = y * (1 + 3 * groups)
    model, own = (QuantileIntervalRegressor(linear, symmetric=symmetric) for _ in range(2))
    model.fit(X, y, w, groups)
    for calibrated in (model, model.calibrate(X, y, w, groups)):
        for group in (0, 1):
            mine = groups == group
            given = X[mine], y[mine], w[mine]
            own.fit(*given)
            for predict in ("predict_interval", "predict_quantiles"):
                found = getattr(calibrated, predict)(X[mine], groups=groups[mine])
                assert np.array_equal(found, getattr(own, predict)(X[mine]))


def test_rows_of_weight_zero_do_not_calibrate(linear):
    X, y, _ = simulate(600, 18)
    counts = np.arange(600) % 2 == 0
    y = np.where(counts, y, 100)
    model = QuantileIntervalRegressor(linear).fit(X[counts], y[counts])
    expected = model.predict_interval(X)
    assert np.allclose(model.fit(X, y, counts).predict_interval(X), expected)
    assert np.allclose(model.calibrate(X, y, counts).predict_interval(X), expected)
