"""Workers of a cluster share one residual scale and one unit of curvature."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
from xgboost import collective
from xgboost.tracker import RabitTracker

import boostobj
from boostobj._sample import SAMPLE_ROWS

LOSS = boostobj.Quantile(0.9)


def rows(sizes):
    rng = np.random.default_rng(2)
    # the parts differ, so that local statistics would show
    n = sum(sizes)
    y = rng.standard_t(3, n) * np.repeat([1, 5], sizes)
    return y.astype(np.float32), np.zeros(n, np.float32), rng.uniform(0, 2, n)


def work(rank, sizes, arguments, queue):
    part = np.s_[: sizes[0]] if rank == 0 else np.s_[sizes[0] :]
    y, raw, w = (x[part] for x in rows(sizes))
    with collective.CommunicatorContext(**arguments):
        queue.put((rank, LOSS(y, raw, sample_weight=w)))
        collective.allreduce(np.zeros(1), collective.Op.SUM)  # leave together


@pytest.mark.parametrize(
    ("sizes", "tolerance"), [((500, 500), 1e-5), ((500, SAMPLE_ROWS + 100), 0.1)]
)
def test_two_workers_agree_with_one(sizes, tolerance):
    tracker = RabitTracker(host_ip="127.0.0.1", n_workers=2)
    tracker.start()
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [
        context.Process(target=work, args=(rank, sizes, tracker.worker_args(), queue))
        for rank in range(2)
    ]
    for worker in workers:
        worker.start()
    parts = dict(queue.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    y, raw, w = rows(sizes)
    alone = LOSS(y, raw, sample_weight=w)
    for i in range(2):
        together = np.concatenate([parts[0][i], parts[1][i]])
        np.testing.assert_allclose(together, alone[i], rtol=tolerance, atol=tolerance / 3)
