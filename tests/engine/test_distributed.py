"""Workers of a cluster share one residual scale, one unit of curvature and one metric."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
import xgboost as xgb
from xgboost import collective
from xgboost.tracker import RabitTracker

import boostobj
from boostobj._sample import SAMPLE_ROWS

LOSS = boostobj.Quantile(0.9)


def derivatives(cut, sizes):
    """What the objective answers for the rows before and after a cut."""
    rng = np.random.default_rng(2)
    # the parts differ, so that local statistics would show
    n = sum(sizes)
    y = (rng.standard_t(3, n) * np.repeat([1, 5], sizes)).astype(np.float32)
    raw, w = np.zeros(n, np.float32), rng.uniform(0, 2, n)
    return LOSS(y[cut], raw[cut], sample_weight=w[cut])


def trainings(cut):
    """Models of rows of which the last hundred are unlike the others."""
    rng = np.random.default_rng(1)
    # fewer values than bins: workers that summarise them see the same
    X = rng.normal(size=(600, 3)).round(1)
    y = X[:, 0] + rng.normal(size=600)
    y[500:] += 8
    few = np.where(np.arange(600) < 500, 1.0, 0.0)
    watched = np.arange(600) < 500  # none of the last worker's
    plain = {"nthread": 1, "base_score": 1.0, "disable_default_eval_metric": True}
    classes = {**plain, "num_class": 3, "objective": "reg:squarederror"}
    light = {**plain, "lambda": 0.01, "min_child_weight": 0}
    found = []
    for loss, target, weight, parameters in (
        (LOSS, y, None, plain),
        (boostobj.AbsoluteError(), y, few, plain),
        (boostobj.SquaredError(), np.column_stack([y, -y]), None, plain),
        (boostobj.Softmax(), np.digitize(y, [0, 2]), None, classes),
        (boostobj.Quantile(0.999), y, np.full(600, 0.01), light),
    ):
        here = watched[cut]
        data = xgb.DMatrix(X[cut], target[cut], weight=None if weight is None else weight[cut])
        valid = xgb.DMatrix(X[cut][here], target[cut][here])
        history = {}
        booster = xgb.train(
            parameters,
            data,
            5,
            obj=loss,
            custom_metric=loss.metric,
            evals=[(data, "all"), (valid, "some")],
            evals_result=history,
            verbose_eval=False,
        )
        scores = [next(iter(of.values())) for of in history.values()]
        found += [booster.predict(xgb.DMatrix(X), output_margin=True), *scores]
    return found


def estimator(cut):
    """What an estimator says on a worker."""
    try:
        boostobj.BoostRegressor(xgb.XGBRegressor()).fit(np.zeros((9, 1)), np.arange(9))
    except RuntimeError as error:
        return str(error)
    return "nothing"


def work(function, cut, arguments, worker, *others):
    with collective.CommunicatorContext(**worker):
        cuts = (np.s_[:cut], np.s_[cut:])
        rank = collective.get_rank()
        arguments.put((rank, function(cuts[rank], *others)))
        collective.allreduce(np.zeros(1), collective.Op.SUM)  # leave together


def together(function, cut, *others):
    """What two workers give, by rank."""
    tracker = RabitTracker(host_ip="127.0.0.1", n_workers=2)
    tracker.start()
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [
        context.Process(target=work, args=(function, cut, queue, tracker.worker_args(), *others))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    parts = dict(queue.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    return parts[0], parts[1]


@pytest.mark.parametrize(
    ("sizes", "tolerance"), [((500, 500), 1e-5), ((500, SAMPLE_ROWS + 100), 0.1)]
)
def test_two_workers_agree_with_one(sizes, tolerance):
    parts = together(derivatives, sizes[0], sizes)
    alone = derivatives(np.s_[:], sizes)
    for i in range(2):
        joined = np.concatenate([part[i] for part in parts])
        np.testing.assert_allclose(joined, alone[i], rtol=tolerance, atol=tolerance / 3)


@pytest.mark.parametrize("cut", [500, 600], ids=["unlike workers", "a worker without rows"])
def test_two_workers_train_what_one_trains(cut):
    alone = trainings(np.s_[:])
    for part in together(trainings, cut):
        for mine, theirs in zip(part, alone, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


def test_estimators_train_on_one_machine():
    for said in together(estimator, 0):
        assert said.startswith("estimators train on one machine")
