"""The distributed slots, on a cluster of two processes on this machine."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

import boostobj

pytest.importorskip("dask.distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # dask's and the engines' own, about ports

LOSS = boostobj.Quantile(0.8)
ROUNDS = 15


@pytest.fixture(scope="module")
def cluster():
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    # fewer values than bins: workers that summarise them see the same
    X = rng.normal(size=(800, 4)).round(1)
    return X, 2 * X[:, 0] + rng.standard_t(3, 800), rng.uniform(0.2, 2, 800)


def chunked(*arrays):
    import dask.array as da

    return [da.from_array(x, chunks=(200, *x.shape[1:])) for x in arrays]


def test_xgboost_trains_what_one_process_trains(cluster, rows):
    from xgboost import dask as dxgb

    X, y, w = rows
    params = {"nthread": 1, "base_score": LOSS.init_score(y, w)}
    alone = xgb.train(params, xgb.DMatrix(X, y, weight=w), ROUNDS, obj=LOSS)
    expected = alone.predict(xgb.DMatrix(X))

    X, y, w = chunked(X, y, w)
    data = dxgb.DaskDMatrix(cluster, X, y, weight=w)
    trained = dxgb.train(cluster, params, data, ROUNDS, obj=LOSS)
    native = dxgb.predict(cluster, trained["booster"], X).compute()
    np.testing.assert_allclose(native, expected, rtol=1e-5, atol=1e-5)

    model = dxgb.DaskXGBRegressor(
        objective=LOSS, eval_metric=LOSS.metric, n_estimators=ROUNDS, **params
    )
    model.client = cluster
    model.fit(X, y, sample_weight=w, eval_set=[(X, y)], sample_weight_eval_set=[w], verbose=False)
    np.testing.assert_allclose(model.predict(X).compute(), expected, rtol=1e-5, atol=1e-5)
    history = model.evals_result()["validation_0"][LOSS.metric.name]
    assert history[-1] < 0.7 * history[0]


def test_lightgbm_trains(cluster, rows):
    import lightgbm as lgb

    X, y, w = rows
    start = boostobj.init_scores(LOSS, y, w)
    constant = LOSS.metric.score(y, start, w)
    dX, dy, dw, dstart = chunked(X, y, w, start)
    model = lgb.DaskLGBMRegressor(client=cluster, objective=LOSS, n_estimators=60, verbose=-1)
    model.fit(dX, dy, sample_weight=dw, init_score=dstart)
    predicted = model.predict(dX).compute() + start
    assert LOSS.metric.score(y, predicted, w) < 0.7 * constant
