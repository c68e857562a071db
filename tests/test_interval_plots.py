"""The displays of intervals."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from lightgbm import LGBMRegressor
from matplotlib.figure import Figure
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

mpl.use("Agg")

from boostobj import QuantileIntervalRegressor, TooFewRowsError, interval_scorers
from boostobj.plots import CoverageDisplay, IntervalDisplay


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=900), "b": pd.Categorical(rng.choice(["u", "v"], 900))})
    y = X["a"] + rng.normal(size=900) * np.where(X["b"] == "u", 1, 3)
    X.loc[5, "a"] = np.nan
    engine = LGBMRegressor(n_estimators=20, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X[:600], y[:600])
    return model, X[600:], y[600:].to_numpy()


def axes(n):
    return np.ravel(Figure().subplots(1, n, squeeze=False))


def test_interval_display_marks_what_is_outside(fitted):
    model, X, y = fitted
    display = IntervalDisplay.from_estimator(model, X, y, ax=axes(1))
    low, high = model.predict_interval(X).T
    outside = (y < low) | (y > high)
    assert np.array_equal(display.inside, ~outside)
    lines = {line.get_label(): line for line in display.ax_.get_lines()}
    assert sorted(lines["outside"].get_ydata()) == sorted(y[outside])
    assert sorted(lines["inside"].get_ydata()) == sorted(y[~outside])
    assert np.all(np.diff(lines["median"].get_ydata()) >= 0)
    assert f"{np.mean(~outside):.1%} inside" in display.ax_.get_title()
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize("feature", ["a", 0])
def test_interval_display_along_a_feature(fitted, feature):
    model, X, y = fitted
    X = X.copy()
    X.iloc[3, 0] = np.nan
    display = IntervalDisplay.from_estimator(
        model, X, y, feature=feature, coverage=0.5, max_rows=50, ax=axes(1)
    )
    x = next(line for line in display.ax_.get_lines() if line.get_label() == "median").get_xdata()
    assert len(x) == 50
    assert np.all(np.diff(x) > 0)
    assert x[0] == np.nanmin(X["a"])
    assert 0.4 < np.mean(display.inside) < 0.6
    again = display.plot()
    assert again.ax_.get_xlabel() == ("a" if feature == "a" else "feature 0")


def test_interval_display_names_a_wrong_feature(fitted):
    model, X, y = fitted
    with pytest.raises(ValueError, match="feature must be a numeric column of X, got 'b'"):
        IntervalDisplay.from_estimator(model, X, y, feature="b")
    for feature in ("c", 2):
        with pytest.raises(ValueError, match="X has no column"):
            IntervalDisplay.from_estimator(model, X, y, feature=feature)


def test_displays_name_a_column_that_a_frame_of_polars_lacks():
    X = pl.DataFrame({"a": np.linspace(0, 1, 100)})
    y = X["a"].to_numpy()
    engine = LGBMRegressor(n_estimators=2, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="X has no column 'zz'"):
        IntervalDisplay.from_estimator(model, X, y, feature="zz")
    with pytest.raises(ValueError, match="X has no column 'zz'"):
        CoverageDisplay.from_estimator(model, X, y, by="zz")


def test_missing_entries_of_a_table_of_pyarrow_have_their_bin():
    kind = pa.array(["a", None, "z"] * 50).dictionary_encode()
    X = pa.table({"kind": kind, "a": np.linspace(0, 1, 150)})
    y = X["a"].to_numpy()
    engine = LGBMRegressor(n_estimators=2, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X, y)
    assert list(CoverageDisplay.from_estimator(model, X, y, by="kind").counts) == [50, 50, 50]


@pytest.mark.parametrize("display", [IntervalDisplay, CoverageDisplay])
def test_targets_are_a_finite_number_a_row(fitted, display):
    model, X, y = fitted
    with pytest.raises(ValueError, match="same number of rows, got 300 and 5"):
        display.from_estimator(model, X, y[:5])
    with pytest.raises(ValueError, match="y contains NaN"):
        display.from_estimator(model, X, np.where(np.arange(300) == 7, np.nan, y))
    with pytest.raises(ValueError, match="y should be a 1d array"):
        display.from_estimator(model, X, np.column_stack([y, y]))


def test_targets_may_be_a_column(fitted):
    model, X, y = fitted
    with pytest.warns(DataConversionWarning):
        display = IntervalDisplay.from_estimator(model, X, y[:, None], ax=axes(1))
    assert np.array_equal(display.y, y)
    with pytest.warns(DataConversionWarning):
        column = CoverageDisplay.from_estimator(model, X, y[:, None], ax=axes(3))
    flat = CoverageDisplay.from_estimator(model, X, y, ax=axes(3))
    assert np.array_equal(column.inside, flat.inside)


def test_displays_want_a_bin_and_a_row(fitted):
    with pytest.raises(ValueError, match="n_bins must be >= 1, got 0"):
        CoverageDisplay.from_estimator(*fitted, n_bins=0)
    with pytest.raises(ValueError, match="max_rows must be >= 1, got 0"):
        IntervalDisplay.from_estimator(*fitted, max_rows=0)


def test_coverage_display_counts_by_level_and_bin(fitted):
    model, X, y = fitted
    display = CoverageDisplay.from_estimator(model, X, y, by="b", coverage=0.8, ax=axes(3))
    low, high = model.predict_interval(X, 0.8).T
    inside = (low <= y) & (y <= high)
    assert display.labels == ["u", "v"]
    for i, label in enumerate(display.labels):
        rows = X["b"] == label
        assert display.counts[i] == rows.sum()
        assert display.inside[i] == pytest.approx(np.mean(inside[rows]))
        assert display.width[i] == pytest.approx(np.mean((high - low)[rows]))
    at = list(display.coverages).index(0.8)
    assert display.observed[at] == np.mean(inside)
    assert display.ax_[1].get_xlabel() == "b"


@pytest.mark.parametrize("by", [None, "a"])
def test_coverage_display_bins_numbers_evenly(fitted, by):
    model, X, y = fitted
    display = CoverageDisplay.from_estimator(model, X, y, by=by, n_bins=5, ax=axes(3))
    assert len(display.labels) == 5
    assert display.counts.sum() == len(X)
    assert np.ptp(display.counts) < 0.5 * len(X) / 5
    assert display.coverage == pytest.approx(0.9)


def test_bins_have_names_of_their_own():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"zip": rng.choice([10001, 10002, 20130101, 20130102], 300)})
    y = 150_000 + rng.normal(size=300)
    engine = LGBMRegressor(n_estimators=5, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X, y)
    for by in ("zip", None):
        labels = CoverageDisplay.from_estimator(model, X, y, by=by, ax=axes(3)).labels
        assert len(set(labels)) == len(labels) >= 4


def test_dollars_are_no_formulas_and_a_single_row_is_drawn():
    X = pd.DataFrame({"$ per $": np.arange(300.0), "price": pd.Categorical(["$5_$", "$9"] * 150)})
    y = np.random.default_rng(0).normal(size=300)
    engine = LGBMRegressor(n_estimators=5, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X, y)
    display = IntervalDisplay.from_estimator(model, X, y, feature="$ per $", ax=axes(1))
    display.figure_.canvas.draw()
    assert display.ax_.get_xlabel() == r"\$ per \$"
    display = CoverageDisplay.from_estimator(model, X, y, by="price", ax=axes(3))
    display.figure_.canvas.draw()
    display = IntervalDisplay.from_estimator(model, X[:1], y[:1], ax=axes(1))
    (band,) = display.ax_.collections
    assert np.ptp(band.get_segments()[0][:, 1]) == pytest.approx(np.ptp(display.interval))


def test_coverage_display_bins_what_repeats_or_is_missing():
    rng = np.random.default_rng(1)
    X = rng.choice([0.0, 1.0, 2.0, np.nan], (400, 1))
    y = rng.normal(size=400)
    engine = LGBMRegressor(n_estimators=2, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X, y)
    display = CoverageDisplay.from_estimator(model, X, y, by=0, n_bins=8, ax=axes(3))
    assert display.labels == ["0", "1", "2", "missing"]
    assert display.counts.tolist() == [
        *(np.sum(value == X) for value in (0, 1, 2)),
        np.isnan(X).sum(),
    ]
    with pytest.raises(ValueError, match="ax must be 3 axes, got 1"):
        display.plot(axes(1))


def test_weights_count_in_the_displays(fitted):
    model, X, y = fitted
    weight = np.where(X["b"] == "u", 0.0, np.linspace(1, 3, len(y)))
    low, high = model.predict_interval(X).T
    share = np.average((low <= y) & (y <= high), weights=weight)
    display = IntervalDisplay.from_estimator(model, X, y, sample_weight=weight, ax=axes(1))
    assert f"{share:.1%} inside" in display.ax_.get_title()
    width = np.average(high - low, weights=weight)
    assert display.ax_.get_title().endswith(f"{width:.3g}")
    display = CoverageDisplay.from_estimator(model, X, y, by="b", sample_weight=weight, ax=axes(3))
    assert display.labels == ["v"]
    assert display.inside == pytest.approx([share])
    assert display.width == pytest.approx([width])
    assert display.counts == pytest.approx([weight.sum() ** 2 / np.square(weight).sum()])
    assert display.observed[list(display.coverages).index(0.9)] == pytest.approx(share)


@pytest.mark.filterwarnings("ignore:no tree of:UserWarning")
def test_coverage_display_shows_the_levels_that_calibration_reaches():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(60, 1))
    y = X[:, 0] + rng.normal(size=60)
    engine = LGBMRegressor(n_estimators=2, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X, y)
    display = CoverageDisplay.from_estimator(model, X, y, ax=axes(3))
    assert display.coverages.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert len(display.observed) == 9
    unbounded = model.set_params(unbounded=True).fit(X[:30], y[:30])
    display = CoverageDisplay.from_estimator(unbounded, X, y, ax=axes(3))
    display.figure_.draw_without_rendering()
    assert np.all(display.unbounded == 1)
    assert np.all(np.isnan(display.width))
    model.set_params(unbounded=False).fit(X, y)
    with pytest.raises(TooFewRowsError, match="needs 19"):
        CoverageDisplay.from_estimator(model, X, y, coverages=[0.95])
    with pytest.raises(ValueError, match=r"each of coverages must be a number in \(0, 1\), got 95"):
        CoverageDisplay.from_estimator(model, X, y, coverages=[0.5, 95])


def test_models_predict_once_for_all_levels(fitted, monkeypatch):
    model, X, y = fitted
    calls = []
    predict = QuantileIntervalRegressor._predict
    monkeypatch.setattr(
        QuantileIntervalRegressor, "_predict", lambda self, X: calls.append(1) or predict(self, X)
    )
    CoverageDisplay.from_estimator(model, X, y, ax=axes(3))
    assert len(calls) == 1


def test_displays_of_sparse_rows_pipelines_and_searches():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 2)) * (rng.random((300, 2)) < 0.5)
    y = X[:, 0] + rng.normal(size=300)
    own = QuantileIntervalRegressor(LGBMRegressor(n_estimators=2, n_jobs=1), random_state=0)
    scorer = interval_scorers()["neg_interval_score"]
    pipeline = make_pipeline(MaxAbsScaler(), own)
    search = GridSearchCV(
        pipeline, {"quantileintervalregressor__lower": [0.05]}, scoring=scorer, cv=2
    )
    for rows in (X, csr_matrix(X)):
        for model in (pipeline.fit(rows, y), search.fit(rows, y)):
            display = IntervalDisplay.from_estimator(model, rows, y, feature=0, ax=axes(1))
            assert np.array_equal(display.x, X[:, 0])
            assert np.array_equal(display.y_pred, model.predict(rows))
            display = CoverageDisplay.from_estimator(model, rows, y, by=1, n_bins=2, ax=axes(3))
            assert display.coverage == pytest.approx(0.9)


def test_rows_that_are_no_line_are_bars():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = 3 * X[:, 0] + 0.3 * rng.normal(size=600)
    engine = LGBMRegressor(n_estimators=20, n_jobs=1)
    model = QuantileIntervalRegressor(engine, random_state=0).fit(X, y)
    kinds = {
        feature: type(
            IntervalDisplay.from_estimator(
                model, X, y, feature=feature, ax=axes(1)
            ).ax_.collections[0]
        ).__name__
        for feature in (None, 2)
    }
    assert kinds[None].endswith("PolyCollection")
    assert kinds[2] == "LineCollection"


@pytest.mark.filterwarnings("ignore:no tree of:UserWarning")
def test_infinite_bounds_reach_to_the_edge(fitted):
    model, X, y = fitted
    model = clone(model).set_params(unbounded=True).fit(X[:30], y[:30])
    display = IntervalDisplay.from_estimator(model, X, y, coverage=0.999, ax=axes(1))
    assert np.all(np.isinf(display.interval))
    (band,) = display.ax_.collections
    low, high = band.get_paths()[0].get_extents().get_points()[:, 1]
    assert low <= y.min() + 1e-9
    assert high >= y.max() - 1e-9
    widths = CoverageDisplay.from_estimator(model, X, y, coverage=0.999, ax=axes(3)).ax_[2]
    assert {text.get_text().strip() for text in widths.texts} == {"100.0% infinite"}


def test_widths_are_those_of_the_rows_that_have_one(fitted):
    model, X, y = fitted
    known = X["b"] == "u"
    model = clone(model).set_params(unbounded=True).fit(X[known], y[known], groups=X["b"][known])
    where = {"groups": X["b"], "sample_weight": np.linspace(1, 2, len(y))}
    display = CoverageDisplay.from_estimator(model, X, y, by="b", ax=axes(3), **where)
    low, high = model.predict_interval(X[known], groups=X["b"][known]).T
    width = np.average(high - low, weights=where["sample_weight"][known])
    assert display.width == pytest.approx([width, np.nan], nan_ok=True)
    assert display.unbounded.tolist() == [0, 1]
    display = CoverageDisplay.from_estimator(model, X, y, n_bins=2, ax=axes(3), **where)
    assert np.all(np.isfinite(display.width))
    assert np.all((display.unbounded > 0) & (display.unbounded < 1))
    assert len(display.ax_[2].texts) == 2


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_rows_are_drawn_without_a_warning(n):
    x = np.append(np.arange(float(n)), np.nan)  # the last has no place
    display = IntervalDisplay(x, x, np.column_stack([x - 1, x + 1]), x, "x").plot(axes(1))
    drawn = {line.get_label(): len(line.get_xdata()) for line in display.ax_.get_lines()}
    assert drawn == {"median": n, "inside": n, "outside": 0}
