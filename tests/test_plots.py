"""The displays: what they compute, what they draw and what they refuse."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from packaging.version import Version

mpl.use("Agg")

import boostobj
from boostobj.losses.pairwise import PairLoss
from boostobj.plots import COLORS, LossDisplay, RoundsDisplay, loss_label
from tests.test_import import python

X = np.linspace(-4, 4, 81)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def drawable():
    return [cls.examples()[0] for cls in boostobj.all_losses().values() if cls.examples()]


def axes(n):
    return np.ravel(Figure().subplots(1, n, squeeze=False))


def lines(panel):
    return {line.get_label(): line for line in panel.get_lines()}


@pytest.mark.parametrize(
    "loss", [boostobj.Huber(delta=1.5), boostobj.Quantile(0.9)], ids=loss_label
)
def test_curves_are_the_losses_own(loss):
    display = LossDisplay.from_loss(loss, raw_prediction=X)
    curve = display.curves[0]
    zeros = np.zeros_like(X)
    np.testing.assert_array_equal(curve.value, loss.value(zeros, X))
    np.testing.assert_array_equal(curve.slope, loss.gradient_hessian(zeros, X)[0])
    # A booster gets the same in its first round, up to the factor that makes Hessians count rows.
    gradient, hessian = loss(-X, zeros)
    factor = np.mean(curve.hessian) / np.mean(hessian)
    np.testing.assert_allclose(gradient * factor, curve.gradient, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(hessian * factor, curve.hessian, rtol=1e-5)
    for panel, name in zip(display.ax_, ("value", "gradient", "hessian"), strict=True):
        drawn = lines(panel)[loss_label(loss)].get_ydata()
        np.testing.assert_array_equal(drawn, getattr(curve, name))


def test_second_derivative_is_that_of_the_value():
    curve = LossDisplay.from_loss(boostobj.LogCosh(), raw_prediction=X).curves[0]
    np.testing.assert_allclose(curve.slope, np.tanh(X))
    np.testing.assert_allclose(curve.second_derivative, 1 / np.cosh(X) ** 2, atol=1e-5)


def test_second_derivative_is_unknown_at_a_kink_and_zero_elsewhere():
    second = LossDisplay.from_loss(boostobj.AbsoluteError(), raw_prediction=X).curves[0]
    assert np.flatnonzero(np.isnan(second.second_derivative)).tolist() == [40]
    np.testing.assert_allclose(np.delete(second.second_derivative, 40), 0, atol=1e-6)


def test_the_exact_curvature_is_drawn_only_where_it_is_another_one():
    different = LossDisplay.from_loss(boostobj.LogCosh(), ax=axes(3))
    same = LossDisplay.from_loss(boostobj.SquaredError(), ax=axes(3))
    assert [len(panel.get_lines()) for panel in different.ax_] == [1, 1, 2]
    assert [len(panel.get_lines()) for panel in same.ax_] == [1, 1, 1]


def test_two_class_losses_stand_on_the_zero_one_loss():
    display = LossDisplay.from_loss([boostobj.Logistic(), boostobj.Hinge()], ax=axes(3))
    step = lines(display.ax_[0])["zero-one"]
    np.testing.assert_array_equal(step.get_ydata(), step.get_xdata() < 0)
    assert display.ax_[0].get_xlabel() == "margin of the row's own class"


def test_target_and_predictions_may_be_given():
    x = np.linspace(-10_000, 10_000, 201)
    losses = [boostobj.SquaredError(), boostobj.AbsoluteError()]
    display = LossDisplay.from_loss(losses, y_true=100, raw_prediction=x, ax=axes(3))
    assert display.curves[0].value[0] == 10_100**2
    assert display.curves[1].value[0] == 10_100
    assert display.ax_[0].get_xlabel() == "prediction (target 100)"


def test_one_loss_fits_one_panel_and_some_quantities_can_be_asked_for():
    (panel,) = axes(1)
    display = LossDisplay.from_loss(boostobj.LogCosh(), ax=panel)
    assert list(lines(panel)) == ["value", "gradient", "Hessian", "exact Hessian"]
    assert display.figure_ is panel.figure
    names = {"a": boostobj.Huber(), "b": boostobj.LogCosh()}
    values = LossDisplay.from_loss(names, quantities=["value"], ax=axes(1)[0])
    assert list(lines(values.ax_[0])) == ["a", "b"]


def test_a_display_draws_again():
    display = LossDisplay.from_loss(boostobj.LogCosh())
    first = display.figure_
    assert display.plot().figure_ is not first


@pytest.mark.parametrize("loss", drawable(), ids=loss_label)
def test_every_loss_can_be_seen(loss):
    if loss.joint_outputs and not isinstance(loss, boostobj.MulticlassLoss | PairLoss):
        with pytest.raises(ValueError, match="no curve along one margin"):
            LossDisplay.from_loss(loss)
        return
    display = LossDisplay.from_loss(loss, ax=axes(3))
    (curve,) = display.curves
    assert np.isfinite([curve.value, curve.gradient, curve.hessian]).all()
    assert (curve.hessian > 0).all()
    # The second derivative is the slope of the gradient: no other loss was evaluated.
    if loss.curvature == "exact":
        gap = np.abs(curve.second_derivative - curve.hessian) / np.max(curve.hessian)
        assert np.nanquantile(gap, 0.99) < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": []}, "at least one loss"),
        ({"loss": [boostobj.Huber(), boostobj.Logistic()]}, "one axis in common"),
        ({"loss": boostobj.Huber(), "raw_prediction": [1.0, np.nan]}, "different finite numbers"),
        ({"loss": boostobj.Huber(), "raw_prediction": [1.0, 1.0]}, "different finite numbers"),
        ({"loss": boostobj.Logistic(), "y_true": 7}, "y_true"),
        ({"loss": boostobj.Huber(), "quantities": ["slope"]}, "quantities must be of"),
        ({"loss": boostobj.Huber(), "ax": axes(2)}, "3 axes or a single one, got 2"),
        ({"loss": [boostobj.Huber(), boostobj.LogCosh()], "ax": axes(1)}, "need 3 axes, got 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LossDisplay.from_loss(**arguments)


@pytest.mark.parametrize("wrong", [boostobj.Huber, "huber", 3])
def test_only_losses_are_losses(wrong):
    with pytest.raises(TypeError, match="instances of Loss"):
        LossDisplay.from_loss(wrong)


def test_labels_tell_parameters_that_are_not_default():
    assert loss_label(boostobj.Huber()) == "Huber"
    assert loss_label(boostobj.Quantile(0.9)) == "Quantile(quantile=0.9)"


def test_colours_differ():
    assert len(set(COLORS)) == len(COLORS) == 8


@pytest.fixture(scope="module")
def models():
    import lightgbm as lgb
    import xgboost as xgb

    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 2))
    y = features[:, 0] + 0.1 * rng.normal(size=300)
    quiet = {"verbose": -1, "n_jobs": 1}
    return {
        "xgboost": xgb.train({"max_depth": 2, "nthread": 1}, xgb.DMatrix(features, y), 5),
        "wrapped": lgb.LGBMRegressor(n_estimators=5, num_leaves=4, **quiet).fit(features, y),
        "three classes": xgb.XGBClassifier(n_estimators=2, max_depth=1, n_jobs=1).fit(
            features, np.digitize(y, [-1, 1])
        ),
        "nothing to split": lgb.train(
            {"min_data_in_leaf": 1000, **quiet}, lgb.Dataset(features, y), 3
        ),
    }


def test_rounds_count_leaves_and_steps(models):
    display = RoundsDisplay.from_estimator(models, ax=axes(2))
    assert display.leaves["xgboost"].tolist() == [4] * 5
    assert display.leaves["wrapped"].tolist() == [4] * 5
    assert display.leaves["three classes"].tolist() == [6, 6]
    steps = display.steps["xgboost"]
    assert steps[0] > steps[-1] > 0
    expected = models["xgboost"].get_dump()[0].split("leaf=")[1:]
    values = [float(leaf.split("\n")[0]) for leaf in expected]
    assert steps[0] == pytest.approx(max(values) - min(values))
    assert (display.leaves["nothing to split"] == 1).all()
    assert (display.steps["nothing to split"] == 0).all()


@pytest.mark.filterwarnings("ignore:.*booster=dart. is deprecated")
def test_rounds_know_what_dart_multiplies_trees_by():
    import xgboost as xgb

    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 2))
    data = xgb.DMatrix(features, features[:, 0] + rng.normal(size=300))
    dart = {"booster": "dart", "rate_drop": 0.5, "one_drop": 1, "max_depth": 2, "nthread": 1}
    booster = xgb.train(dart, data, 6)
    display = RoundsDisplay.from_estimator(booster, ax=axes(2))
    moved = [np.ptp(booster.predict(data, iteration_range=(i, i + 1))) for i in range(6)]
    np.testing.assert_allclose(display.steps[""], moved, rtol=1e-4)


def test_a_single_round_is_a_dot(models):
    one = {"one": models["xgboost"][:1]}
    display = RoundsDisplay.from_estimator(one, ax=axes(2))
    assert all(panel.get_lines()[0].get_marker() == "." for panel in display.ax_)


def test_rounds_of_a_single_model_need_no_name(models):
    display = RoundsDisplay.from_estimator(models["xgboost"], ax=axes(2))
    assert display.ax_[0].get_legend() is None
    assert display.ax_[1].get_yscale() == "log"


def test_rounds_want_two_axes_and_a_booster(models):
    with pytest.raises(ValueError, match="2 axes, got 3"):
        RoundsDisplay.from_estimator(models["xgboost"], ax=axes(3))
    with pytest.raises(TypeError, match=r"BoostRegressor or a .*, got <object"):
        RoundsDisplay.from_estimator(object())


@pytest.fixture
def of_two_outputs():
    import xgboost as xgb

    features = np.random.default_rng(0).normal(size=(300, 2))
    params = {"multi_strategy": "multi_output_tree", "max_depth": 2, "nthread": 1}
    return xgb.train(params, xgb.DMatrix(features, features * [1, 100]), 3), features


def test_rounds_count_the_leaves_of_trees_of_several_outputs_once(of_two_outputs):
    import xgboost as xgb

    model, features = of_two_outputs
    if Version(xgb.__version__) < Version("3.2"):
        pytest.skip("XGBoost does not tell the leaves")
    display = RoundsDisplay.from_estimator(model, ax=axes(2))
    assert display.leaves[""].tolist() == [4] * 3
    first = model[:1].predict(xgb.DMatrix(features))
    assert display.steps[""][0] == pytest.approx(np.max(np.ptp(first, axis=0)), rel=1e-4)


def test_rounds_want_an_xgboost_that_tells_the_leaves(of_two_outputs, monkeypatch):
    import xgboost as xgb

    def refuse(self):
        raise xgb.core.XGBoostError("not yet implemented")

    monkeypatch.setattr(xgb.Booster, "get_dump", refuse)
    with pytest.raises(ValueError, match=r"need XGBoost 3\.2 or newer"):
        RoundsDisplay.from_estimator(of_two_outputs[0])


@pytest.mark.filterwarnings("ignore:.*gblinear")
def test_rounds_want_trees():
    import xgboost as xgb

    features = np.random.default_rng(0).normal(size=(50, 2))
    params = {"booster": "gblinear", "nthread": 1}
    model = xgb.train(params, xgb.DMatrix(features, features[:, 0]), 2)
    with pytest.raises(ValueError, match="must be a model of trees"):
        RoundsDisplay.from_estimator(model)


def test_import_does_not_load_matplotlib():
    assert python("import sys, boostobj.plots; print('matplotlib' in sys.modules)") == "False"


def test_labels_of_composed_losses_are_what_a_user_wrote():
    assert loss_label(2 * boostobj.Huber()) == "2.0 * Huber(delta=1.0)"
    balanced = boostobj.ClassBalanced(boostobj.Logistic(), (9, 1))
    assert loss_label(balanced) == repr(balanced)


def test_a_loss_that_adapts_does_so_to_the_axis_once():
    x = np.linspace(-3, 5, 801)
    (curve,) = LossDisplay.evaluate(boostobj.Huber("auto"), raw_prediction=x).curves
    expected = np.abs(x) < np.quantile(np.abs(x), 0.9)
    assert np.mean(np.isclose(curve.second_derivative, expected, atol=1e-4)) > 0.99


def test_a_target_is_the_class_that_the_curve_is_of():
    loss = boostobj.FocalSoftmax(alpha=(0.1, 0.2, 0.7))
    values = [LossDisplay.evaluate(loss, y_true=c).curves[0].value for c in range(3)]
    np.testing.assert_allclose(values[2], 7 * values[0])
    for wrong in (7, -1, 0.5):
        with pytest.raises(ValueError, match="y_true must be"):
            LossDisplay.evaluate(boostobj.Softmax(), y_true=wrong)


@pytest.mark.parametrize("y_true", [0.0, -0.5])
def test_the_axis_goes_up_whatever_the_target(y_true):
    display = LossDisplay.evaluate(boostobj.SquaredLogError(), y_true=y_true)
    assert np.all(np.diff(display.raw_prediction) > 0)
