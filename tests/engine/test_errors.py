"""What a user gets wrong is said at the first callback, by name, value and what is allowed."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

import boostobj

RAW = np.zeros(4, dtype=np.float32)


@pytest.mark.parametrize(
    ("loss", "y", "raw", "weight", "message"),
    [
        ("squared_error", [0, 1, np.nan, 3], RAW, None, r"y_true must be finite, got nan \(1 of 4"),
        ("huber", [0, 1, np.inf, -np.inf], RAW, None, r"y_true must be finite, got inf \(2 of 4"),
        ("logistic", [0, 1, 0.3, 1], RAW, None, r"0 and 1, or labels -1 and \+1, got 0.3 \(1 of"),
        ("logistic", [-1, 1, 0, 1], RAW, None, r"labels -1 and \+1, got 0.0 \(1 of 4"),
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
        ("huber", 1.0, np.float64(2), None, r"must have one or two dimensions, got shape \(\)"),
        ("huber", [0, 1, 2], RAW, None, r"y_true of shape \(3,\) does not fit .* \(4,\)"),
        ("huber", [0, 1, 2, 3], RAW, [1, -1, 1, 1], r"sample_weight must be .* >= 0, got -1.0"),
        ("huber", [0, 1, 2, 3], RAW, [1, np.nan, 1, 1], r"sample_weight must be .*, got nan"),
        ("huber", [0, 1, 2, 3], RAW, [0, 0, 0, 0], r"sample_weight must have a positive sum"),
        ("huber", [0, 1, 2, 3], RAW, [1, 1], r"sample_weight must have shape \(4,\), got \(2,\)"),
        ("huber", [0, 1, 2, 3], RAW + np.nan, None, r"raw_prediction nan gives a gradient that"),
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
        (lambda: boostobj.get_loss("hubber"), ValueError, "got 'hubber'; did you mean 'huber'"),
        (lambda: boostobj.get_loss("huber", gamma=1), TypeError, "gamma"),
        (lambda: boostobj.set_num_threads(0), ValueError, "n_threads must be a positive .*got 0"),
    ],
)
def test_parameters_name_what_is_wrong(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_text_is_no_target():
    with pytest.raises(TypeError, match="y_true must be an array of numbers"):
        boostobj.Huber().value(["a", "b"], [0.0, 0.0])


@pytest.mark.filterwarnings("ignore:.*Empty dataset:UserWarning")
@pytest.mark.parametrize(("rows", "missing"), [(4, "label"), (0, "rows")])
def test_what_a_data_set_lacks_is_named(rows, missing):
    with pytest.raises(ValueError, match=f"DMatrix passed to the booster has no {missing}"):
        xgb.train({}, xgb.DMatrix(np.zeros((rows, 1))), 1, obj=boostobj.Huber())


@pytest.mark.parametrize("loss", [boostobj.Huber(), boostobj.Softmax(), boostobj.MultiQuantile()])
def test_targets_may_be_flat_or_a_column(loss):
    raw = np.random.default_rng(0).normal(size=(6, 3))
    y = np.eye(3)[[0, 2, 1, 1, 0, 2]]
    np.testing.assert_array_equal(loss.value(y.ravel(), raw), loss.value(y, raw))
    if loss.joint_outputs:
        column = np.asarray([0.0, 2, 1, 1, 0, 2])
        np.testing.assert_array_equal(loss.value(column[:, None], raw), loss.value(column, raw))


def test_nothing_is_trained_on_bad_labels(regression):
    X, y, _ = regression
    with pytest.raises(ValueError, match="labels 0 and 1"):
        xgb.train({}, xgb.DMatrix(X, y), 1, obj=boostobj.Logistic())
