"""What a user gets wrong is said at the first callback, by name, value and what is allowed."""

from __future__ import annotations

from decimal import Decimal

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

import boostobj
from boostobj.testing import _families as families

RAW = np.zeros(4, dtype=np.float32)


@pytest.mark.parametrize(
    ("loss", "y", "raw", "weight", "message"),
    [
        ("squared_error", [0, 1, np.nan, 3], RAW, None, r"y_true must be finite, got nan \(1 of 4"),
        ("huber", [0, 1, np.inf, -np.inf], RAW, None, r"y_true must be finite, got inf \(2 of 4"),
        ("logistic", [0, 1, 0.3, 1], RAW, None, r"labels -1 and \+1 only, got 0.3 \(1 of"),
        ("logistic", [-1, 1, 0, 1], RAW, None, r"labels -1 and \+1 only, got 0.0 \(1 of 4"),
        ("cross_entropy", [0, 1.5, 1, 1], RAW, None, r"y_true must be in \[0, 1\], got 1.5"),
        ("softmax", [0, 7, 2, 1], np.zeros((4, 3)), None, r"class numbers 0 to 2, got 7"),
        ("softmax", [0, 0.5, 2, 1], np.zeros((4, 3)), None, r"class numbers 0 to 2, got 0.5"),
        ("softmax", np.full((4, 3), 0.5), np.zeros((4, 3)), None, r"sum to 1, got 1.5 \(4 of 4"),
        (
            "softmax",
            [0, 1, 2, 1],
            RAW,
            None,
            r"raw_prediction must have shape \(n, k\), .*num_class",
        ),
        (
            "softmax",
            [[1, 0], [0, 0], [1, 0]],
            np.zeros((2, 3)),
            None,
            r"y_true of shape \(3, 2\) does not fit raw_prediction of shape \(2, 3\)",
        ),
        ("huber", 1.0, np.float64(2), None, r"must have shape \(n,\) or \(n, k\), got \(\)"),
        ("huber", [0, 1, 2], RAW, None, r"y_true of shape \(3,\) does not fit .* \(4,\)"),
        ("huber", [0, 1, 2, 3], RAW, [1, -1, 1, 1], r"sample_weight must be .* >= 0, got -1.0"),
        ("huber", [0, 1, 2, 3], RAW, [1, np.nan, 1, 1], r"sample_weight must be .*, got nan"),
        (
            "huber",
            [0, 1, 2, 3],
            RAW,
            [0, 0, 0, 0],
            r"sample_weight must have a positive sum",
        ),
        ("huber", [0, 1, 2, 3], RAW, [1e308] * 4, r"sample_weight must have a finite sum, got inf"),
        ("huber", [0, 1, 2, 3], RAW, [1, 1], r"sample_weight must have shape \(4,\), got \(2,\)"),
        ("huber", [0, 1, 2, 3], RAW + np.nan, None, r"raw_prediction must be finite, got nan"),
    ],
)
def test_callback_names_what_is_wrong(loss, y, raw, weight, message):
    with pytest.raises(ValueError, match=message):
        boostobj.get_loss(loss)(np.asarray(y), raw, sample_weight=weight)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: boostobj.Huber(delta=0), ValueError, "Huber: delta must be finite and > 0, got 0"),
        (
            lambda: boostobj.PseudoHuber(delta="1"),
            TypeError,
            "PseudoHuber: delta must be a number .*, got '1'",
        ),
        (lambda: boostobj.Quantile(1.0), ValueError, r"quantile must be in \(0, 1\), got 1.0"),
        (lambda: boostobj.Quantile(True), TypeError, "quantile must be a number .*, got True"),
        (lambda: boostobj.LogCosh(scale=np.nan), ValueError, "scale must be .*, got nan"),
        (lambda: boostobj.LogCosh(hessian="mm"), ValueError, "'majorizer' or 'exact', got 'mm'"),
        (lambda: boostobj.Softmax(n_classes=1), ValueError, "n_classes must be >= 2, got 1"),
        (lambda: boostobj.Softmax(n_classes=2.5), TypeError, "must be an integer >= 2, got 2.5"),
        (lambda: boostobj.get_loss("hubber"), ValueError, "name 'hubber'; did you mean 'huber'"),
        (lambda: boostobj.get_loss("huber", gamma=1), TypeError, "gamma"),
        (lambda: boostobj.set_num_threads(0), ValueError, "n_threads must be >= 1, got 0"),
        (lambda: boostobj.set_num_threads(2.7), TypeError, "n_threads must be an integer.*got 2.7"),
        (lambda: boostobj.set_num_threads("3"), TypeError, "n_threads must be an integer.*got '3'"),
        (
            lambda: boostobj.MultiQuantile(("0.1", "0.9")),
            TypeError,
            "MultiQuantile: quantiles must be a sequence of numbers",
        ),
    ],
)
def test_parameters_name_what_is_wrong(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "y",
    [
        ["a", "b"],
        ["1", "2"],
        [b"1", b"2"],
        np.asarray(["1", 2], dtype=object),
        np.asarray([1j, 2]),
        np.asarray([1j, 2], dtype=object),
        np.asarray(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"),
        np.asarray([1, 2], dtype="timedelta64[s]"),
    ],
    ids=repr,
)
def test_only_numbers_are_targets(y):
    with pytest.raises(TypeError, match="y_true must be an array of numbers, got dtype"):
        boostobj.Huber().value(y, [0.0, 0.0])


@pytest.mark.parametrize(
    "y",
    [
        [True, False],
        np.asarray([1, 0], dtype=np.uint8),
        np.asarray([1, 0], dtype=np.float16),
        [Decimal(1), Decimal(0)],
        pd.Series([1, 0], dtype="Int64"),
        pd.Series([True, False], dtype="boolean"),
    ],
    ids=repr,
)
def test_all_kinds_of_numbers_are_targets(y):
    np.testing.assert_array_equal(boostobj.Huber().value(y, [0.0, 0.0]), [0.5, 0])


LOSSES = [cls.examples()[0] for cls in boostobj.all_losses().values()]
CALLS = {
    "value": lambda loss, y, raw: loss.value(y, raw),
    "gradient_hessian": lambda loss, y, raw: loss.gradient_hessian(y, raw),
    "init_score": lambda loss, y, raw: loss.init_score(y),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_a_number_is_no_array_and_three_dimensions_are_too_many(loss, call):
    shape = r"(y_true|raw_prediction) must have shape \(n,\) or \(n, k\), got \({}\)"
    with pytest.raises(ValueError, match=shape.format("")):
        call(loss, 1.0, 1.0)
    with pytest.raises(ValueError, match=shape.format("2, 2, 2")):
        call(loss, np.ones((2, 2, 2)), np.ones((2, 2, 2)))


@pytest.mark.parametrize("loss", [*LOSSES, boostobj.Huber("auto")], ids=lambda loss: loss.name)
def test_no_rows_have_no_losses(loss):
    y, raw = families.sample(loss, 6)
    value = loss.value(y[:0], raw[:0])
    assert value.shape == (0,)
    for x in loss.gradient_hessian(y[:0], raw[:0]):
        assert x.shape == raw[:0].shape
    with pytest.raises(ValueError, match="y_true is empty"):
        loss.init_score(y[:0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_row_without_finite_derivatives_is_named():
    y = np.asarray([1, 1e-30, 2], dtype=np.float32)
    with pytest.raises(ValueError, match=r"y_true 1e-30 and raw_prediction 1\.0 give a"):
        boostobj.SquaredPercentageError()(y, np.ones(3, dtype=np.float32))


@pytest.mark.filterwarnings("ignore:.*Empty dataset:UserWarning")
@pytest.mark.parametrize(("rows", "missing"), [(4, "label"), (0, "rows")])
def test_what_a_data_set_lacks_is_named(rows, missing):
    with pytest.raises(ValueError, match=f"DMatrix passed to the booster has no {missing}"):
        xgb.train({}, xgb.DMatrix(np.zeros((rows, 1))), 1, obj=boostobj.Huber())


@pytest.mark.parametrize("loss", [boostobj.Huber(), boostobj.Softmax(), boostobj.MultiQuantile()])
def test_targets_may_be_flat_or_a_column(loss):
    raw = np.random.default_rng(0).normal(size=(6, 3))
    y = np.eye(3)[[0, 2, 1, 1, 0, 2]]
    if isinstance(loss, boostobj.MultiQuantile):  # of one target
        y = np.tile(raw[:, :1], 3)
    np.testing.assert_array_equal(loss.value(y.ravel(), raw), loss.value(y, raw))
    if loss.joint_outputs:
        column = np.asarray([0.0, 2, 1, 1, 0, 2])
        np.testing.assert_array_equal(loss.value(column[:, None], raw), loss.value(column, raw))


def test_nothing_is_trained_on_bad_labels(regression):
    X, y, _ = regression
    with pytest.raises(ValueError, match="labels 0 and 1"):
        xgb.train({}, xgb.DMatrix(X, y), 1, obj=boostobj.Logistic())


@pytest.mark.parametrize("cls", [boostobj.Huber, boostobj.MultiQuantile], ids=lambda c: c.__name__)
def test_a_class_is_no_objective(cls, regression):
    X, y, _ = regression
    with pytest.raises(TypeError, match=r"the metric must be an instance, MAE\(\), not the class"):
        boostobj.metrics.MAE(y.astype(np.float32), y)
    with pytest.raises(TypeError, match=rf"must be an instance, {cls.__name__}\(\), not the class"):
        xgb.train({"nthread": 1}, xgb.DMatrix(X, y), 1, obj=cls)
    with pytest.raises(TypeError, match=rf"must be an instance, {cls.__name__}\(\), not the class"):
        lgb.train({"objective": cls, "verbose": -1, "num_threads": 1}, lgb.Dataset(X, y), 1)
    with pytest.raises(TypeError, match=rf"must be an instance, {cls.__name__}\(\), not the class"):
        xgb.XGBRegressor(objective=cls, n_jobs=1).fit(X, y)


def test_parameters_may_be_two_arrays():
    loss = boostobj.MultiQuantile(np.array([0.1, 0.9]), np.array([1.0, 2.0]))
    assert loss == boostobj.MultiQuantile((0.1, 0.9), (1, 2))


@pytest.mark.parametrize("loss", [boostobj.Softmax(), boostobj.MultiQuantile()], ids=repr)
def test_links_of_rows_refuse_class_numbers(loss):
    with pytest.raises(ValueError, match="output_margin=True"):
        loss.link.inverse([2.0, 0.0, 1.0])
