"""Huber and log-cosh whose width follows the residuals."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

import boostobj

AUTO = [boostobj.Huber(delta="auto"), boostobj.LogCosh(scale="auto")]
FIXED = {"huber": lambda w: boostobj.Huber(w), "log_cosh": lambda w: boostobj.LogCosh(w)}


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    return rng.standard_t(2, 401), rng.normal(size=401), rng.integers(0, 3, 401).astype(float)


@pytest.mark.parametrize("loss", AUTO, ids=repr)
def test_width_is_the_quantile_of_the_residuals(loss, rows):
    y, raw, _ = rows
    width = np.quantile(np.abs(raw - y), 0.9, method="averaged_inverted_cdf")
    fixed = FIXED[loss.name](width)
    np.testing.assert_allclose(loss.value(y, raw), fixed.value(y, raw))
    for mine, theirs in zip(
        loss.gradient_hessian(y, raw), fixed.gradient_hessian(y, raw), strict=True
    ):
        np.testing.assert_allclose(mine, theirs)
    assert loss.metric(y, raw) == pytest.approx(fixed.metric(y, raw))
    for mine, theirs in zip(loss(y, raw), fixed(y, raw), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.parametrize("loss", AUTO, ids=repr)
def test_weights_are_repetitions(loss, rows):
    y, raw, w = rows
    twice = np.repeat(np.arange(len(y)), w.astype(int))
    weighted = loss(y, raw, sample_weight=w)
    repeated = loss(y[twice], raw[twice])
    for many, one in zip(repeated, weighted, strict=True):
        np.testing.assert_allclose(many, (one / np.where(w > 0, w, 1))[twice], rtol=1e-5)
    assert loss.init_score(y, w) == pytest.approx(loss.init_score(y[twice]), rel=1e-6)


@pytest.mark.parametrize("loss", AUTO, ids=repr)
def test_no_unit_and_no_offset(loss, rows):
    y, raw, _ = rows
    g, h = loss(y, raw)
    for unit, offset in [(1e-3, 0), (1e4, 0), (1, 50)]:
        assert loss.init_score(unit * y + offset) == pytest.approx(
            unit * loss.init_score(y) + offset, rel=1e-5
        )
        unit_g, unit_h = loss(unit * y + offset, unit * raw + offset)
        np.testing.assert_allclose(unit_g, unit * g, rtol=1e-4, atol=1e-5 * unit)
        np.testing.assert_allclose(unit_h, h, rtol=1e-4)


@pytest.mark.parametrize("loss", AUTO, ids=repr)
def test_trains_in_both_engines_on_any_unit(loss, regression):
    X, y, w = regression
    for unit in (1.0, 1e5):
        start = loss.init_score(unit * y, w)
        data = xgb.DMatrix(X, unit * y, weight=w)
        model = xgb.train({"base_score": start, "nthread": 1}, data, 30, obj=loss)
        error = np.abs(model.predict(data) - unit * y).mean()
        assert error < 0.5 * np.abs(start - unit * y).mean()
        train = lgb.Dataset(X, unit * y, weight=w, init_score=np.full(len(y), start))
        params = {"objective": loss, "verbose": -1, "num_threads": 1}
        error = np.abs(lgb.train(params, train, 30).predict(X) + start - unit * y).mean()
        assert error < 0.7 * np.abs(start - unit * y).mean()


@pytest.mark.parametrize("loss", AUTO, ids=repr)
def test_residuals_that_are_all_zero_have_any_width(loss):
    g, h = loss(np.zeros(3), np.zeros(3))
    assert np.all(g == 0)
    np.testing.assert_allclose(h, 1, rtol=1e-6)


MOSTLY_ZERO = [*AUTO, boostobj.AbsoluteError(), boostobj.Quantile(0.9)]


@pytest.mark.parametrize("loss", MOSTLY_ZERO, ids=repr)
@pytest.mark.parametrize("offset", [0.0, 0.1])
def test_a_twelfth_of_the_targets_differ(loss, offset):
    """A scale that all the others tell leaves these out; 0.1 is none of single precision."""
    X = np.random.default_rng(0).normal(size=(2000, 3))
    y = np.where(X[:, 0] > 1.4, 5 + X[:, 1], 0.0) + offset
    start = loss.init_score(y)
    constant = loss.metric.score(y, np.full(2000, start))
    data = xgb.DMatrix(X, y)
    model = xgb.train({"base_score": start, "nthread": 1}, data, 60, obj=loss)
    assert loss.metric.score(y, model.predict(data)) < 0.3 * constant
    train = lgb.Dataset(X, y, init_score=np.full(2000, start))
    model = lgb.train({"objective": loss, "verbose": -1, "num_threads": 1}, train, 60)
    assert loss.metric.score(y, model.predict(X) + start) < 0.5 * constant


def test_only_auto_is_a_word():
    with pytest.raises(ValueError, match="delta must be a number > 0 or 'auto', got 'median'"):
        boostobj.Huber(delta="median")
