"""Which rows train and which calibrate: folds of the user's, groups, weights of zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
)

from boostobj import QuantileIntervalRegressor, TooFewRowsError

N = 400
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
Y = X[:, 0] + RNG.normal(size=N)
ALL = np.arange(N)


def make(**kwargs):
    kwargs = {"random_state": 0, **kwargs}
    return QuantileIntervalRegressor(LGBMRegressor(n_estimators=3, n_jobs=1), **kwargs)


def crossed(cv, **kwargs):
    return make(calibration="cv", cv=cv, **kwargs)


# Folds


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([(ALL, ALL)], "cv: fold 0 trains on row 0 and leaves it out"),
        ([(ALL[:200], ALL[200:]), (ALL[150:], ALL[:160])], "cv: fold 1 trains on row 150"),
        (RepeatedKFold(n_splits=2, n_repeats=2), "cv leaves row 0 out 2 times"),
        (ShuffleSplit(5, test_size=0.5, random_state=0), r"cv leaves row \d+ out \d times"),
        ([(ALL[:200], [399, 400])], "cv: fold 0 has no such rows: index 400"),
        ([], "cv must have a fold or more, got none"),
        ([([], ALL)], "cv: fold 0 has no such rows"),
        ([(ALL[:1], ALL[1:])], "leaves 1 of 400 rows to train on"),
        ([1, 2, 3], r"cv must give pairs of rows, \(train, test\): cannot unpack"),
        ([(ALL[:200], ALL[200:], [])], "cv must give pairs of rows"),
        (GroupKFold(2), "cv must give pairs of rows.* 'groups' parameter should not be None"),
    ],
)
def test_folds_that_cannot_calibrate_are_refused(cv, message):
    with pytest.raises(ValueError, match=message):
        crossed(cv).fit(X, Y)


def test_folds_may_be_masks_and_leave_rows_aside():
    train = ALL < 250
    model = crossed([(train, ALL >= 300)]).fit(X, Y)
    expected = crossed([(ALL[:250], ALL[300:])]).fit(X, Y)
    assert len(model.calibration_residuals_) == 100
    assert np.array_equal(model.predict_interval(X), expected.predict_interval(X))


def test_splitters_get_targets_and_groups():
    groups = np.repeat(["a", "b", "c", "d"], N // 4)
    model = crossed(GroupKFold(4)).fit(X, Y, groups=groups)
    assert len(model.models_) == 4
    counts = np.random.default_rng(1).poisson(1, N) > 0
    assert len(crossed(StratifiedKFold(3)).fit(X, counts.astype(float)).models_) == 3


def test_cross_calibration_counts_every_row_once():
    groups = np.where(ALL < 50, "rare", "common")
    for given in (None, groups):
        model = crossed(7).fit(X, Y, groups=given)
        assert len(model.calibration_residuals_) == N
        assert len(model.models_) == 7
    assert not np.allclose(
        crossed(2, random_state=1).fit(X, Y).predict(X), crossed(2).fit(X, Y).predict(X)
    )


# Weights of zero


@pytest.mark.parametrize(
    "settings", [{}, {"calibration": "cv"}, {"calibration": "cv", "cv": KFold(4, shuffle=True)}]
)
def test_rows_of_weight_zero_are_not_split(settings):
    weight = np.zeros(4000)
    weight[::33] = 1
    rng = np.random.default_rng(2)
    features = rng.normal(size=(4000, 2))
    model = make(**settings).fit(features, rng.normal(size=4000), weight)
    expected = np.count_nonzero(weight)
    assert len(model.calibration_residuals_) == (expected if settings else np.ceil(expected / 5))


# Groups


@pytest.mark.parametrize("sizes", [(345, 55), (345, 54, 1), (390, 10)])
def test_every_group_has_its_share_of_the_calibration_rows(sizes):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    for seed in range(5):
        model = make(unbounded=True, random_state=seed).fit(X, Y, groups=groups)
        codes = model._calibration.groups.codes
        assert np.bincount(codes).tolist() == [-(-size // 5) for size in sizes]


def test_many_small_groups_and_groups_without_a_calibration_row():
    with pytest.raises(TooFewRowsError, match=r"group 0: .* needs 9 calibration rows"):
        make().fit(X, Y, groups=ALL // 2)
    groups = np.where(ALL < 200, "first", "second")
    with pytest.raises(TooFewRowsError, match=r"group second: .* got 0"):
        crossed([(ALL[100:], ALL[:100])]).fit(X, Y, groups=groups)
    message = r"calibration_fraction=0\.2, rounded up in each of 400 groups, leaves 0 of 400 rows"
    with pytest.raises(ValueError, match=message):
        make(unbounded=True).fit(X, Y, groups=ALL)


@pytest.mark.parametrize(
    "then",
    [
        pd.Series([1, 2] * 200, dtype=object),
        pd.Series([1, 2] * 200, dtype="category"),
        pd.Series([1, 2] * 200, dtype="Int64"),
        np.array([1.0, 2.0] * 200),
        [1, 2] * 200,
    ],
    ids=["object", "category", "nullable", "float", "list"],
)
def test_groups_are_told_by_their_values_not_their_dtype(then):
    model = make(calibration_fraction=0.4).fit(X, Y, groups=then)
    expected = make(calibration_fraction=0.4).fit(X, Y, groups=np.array([1, 2] * 200))
    interval = expected.predict_interval(X[:2], groups=[1, 2])
    for now in ([1, 2], np.array([1, 2], object), pd.Categorical([1, 2]), pd.Series([1.0, 2.0])):
        assert np.array_equal(model.predict_interval(X[:2], groups=now), interval)


def test_a_group_that_fit_never_saw():
    groups = [1, "1"] * 200
    for symmetric in (True, False):
        model = make(symmetric=symmetric, quantiles=[0.2]).fit(X, Y, groups=groups)
        for predict in (model.predict_interval, model.predict_quantiles):
            assert np.isfinite(predict(X[:2], groups=["1", 1])).all()
            with pytest.raises(TooFewRowsError, match="group 3 was not in fit"):
                predict(X[:2], groups=[1, 3])
    model = make(unbounded=True).fit(X, Y, groups=groups)
    assert model.predict_interval(X[:1], groups=[3]).tolist() == [[-np.inf, np.inf]]


@pytest.mark.parametrize("calibration", ["split", "cv"])
def test_a_group_without_weight_is_none(calibration):
    groups = np.array(["p", "m"] * 200)
    weight = (groups == "p").astype(float)
    model = make(calibration=calibration).fit(X, Y, weight, groups=groups)
    assert np.isfinite(model.predict_interval(X[:2], groups=["p", "p"])).all()
    message = "group 'm' was not in fit, or only in rows of weight zero"
    with pytest.raises(TooFewRowsError, match=message):
        model.predict_interval(X[:1], groups=["m"])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_groups_are_refused(missing):
    groups = pd.Series([missing] + ["a"] * (N - 1), dtype=object)
    with pytest.raises(ValueError, match="groups must not have missing values"):
        make().fit(X, Y, groups=groups)


def test_groups_that_cannot_be_hashed_are_refused():
    with pytest.raises(TypeError, match="groups must be numbers, strings or the like: unhashable"):
        make().fit(X, Y, groups=[{}] * N)
    model = make().fit(X, Y, groups=ALL % 2)
    with pytest.raises(TypeError, match="groups must be numbers, strings or the like: unhashable"):
        model.predict_interval(X, groups=[{}] * N)


def test_groups_are_asked_for_if_fit_had_them_whatever_is_calibrated():
    groups = ALL % 2
    model = make(calibration=None).fit(X, Y, groups=groups)
    assert model.predict_interval(X, groups=groups).shape == (N, 2)
    for predict in (model.predict_interval, model.predict_quantiles):
        with pytest.raises(ValueError, match="fitted with groups, so that groups is needed"):
            predict(X)
        with pytest.raises(ValueError, match=r"groups must have shape \(400,\)"):
            predict(X, groups="nonsense")
    model.calibrate(X, Y)
    with pytest.raises(ValueError, match="fitted without groups, got some"):
        model.predict_quantiles(X, groups=groups)


@pytest.mark.filterwarnings("ignore:no tree of:UserWarning")
def test_as_many_folds_as_rows_that_count():
    weight = (ALL < 25).astype(float)
    model = crossed(25).fit(X, Y, weight)
    assert len(model.models_) == len(model.calibration_residuals_) == 25
    with pytest.raises(ValueError, match="cv must be at most the number of rows, 25, got 26"):
        crossed(26).fit(X, Y, weight)


@pytest.mark.parametrize("cv", [None, [(ALL[:300], ALL[300:])]])
def test_rows_of_weight_zero_train_no_model(cv):
    settings = {"calibration": None} if cv is None else {"calibration": "cv", "cv": cv}
    counts = ALL % 4 > 0
    features = np.where(counts[:, None], X, 9 * X)  # would move LightGBM's bins
    weighted = make(**settings).fit(features, Y, counts)
    if cv is not None:
        kept = np.flatnonzero(counts)
        settings["cv"] = [tuple(np.flatnonzero(np.isin(kept, part)) for part in cv[0])]
    alone = make(**settings).fit(features[counts], Y[counts])
    assert np.array_equal(weighted.predict(X), alone.predict(X))
