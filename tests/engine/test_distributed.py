"""Workers of a cluster share one residual scale and one unit of curvature."""

from __future__ import annotations

import multiprocessing

import numpy as np
from xgboost import collective
from xgboost.tracker import RabitTracker

import boostobj

LOSS = boostobj.Quantile(0.9)


def rows():
    rng = np.random.default_rng(2)
    # the two halves differ, so that local statistics would show
    y = rng.standard_t(3, 1000) * np.where(np.arange(1000) < 500, 1, 5)
    return y.astype(np.float32), np.zeros(1000, np.float32), rng.uniform(0, 2, 1000)


def work(rank, arguments, queue):
    y, raw, w = (x[500 * rank : 500 * (rank + 1)] for x in rows())
    with collective.CommunicatorContext(**arguments):
        queue.put((rank, LOSS(y, raw, sample_weight=w)))
        collective.allreduce(np.zeros(1), collective.Op.SUM)  # leave together


def test_two_workers_agree_with_one():
    tracker = RabitTracker(host_ip="127.0.0.1", n_workers=2)
    tracker.start()
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [
        context.Process(target=work, args=(rank, tracker.worker_args(), queue)) for rank in range(2)
    ]
    for worker in workers:
        worker.start()
    parts = dict(queue.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    y, raw, w = rows()
    alone = LOSS(y, raw, sample_weight=w)
    for i in range(2):
        together = np.concatenate([parts[0][i], parts[1][i]])
        np.testing.assert_allclose(together, alone[i], rtol=1e-5)
