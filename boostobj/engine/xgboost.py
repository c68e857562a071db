"""XGBoost's conventions."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.engine.adapter import Adapter, DatasetFields, MetricResult


class XGBoostAdapter(Adapter):
    """XGBoost: stretches the diagonal of a multiclass Hessian by 2, talks to other workers."""

    name = "xgboost"
    # It drops splits that gain less than 1e-6 in absolute terms. With a tenth of that small
    # targets lose only splits that follow noise.
    least_gain = 1e-7

    def is_dataset(self, x: Any) -> bool:
        """Whether `x` is a DMatrix."""
        xgb = sys.modules.get("xgboost")
        return xgb is not None and isinstance(x, xgb.DMatrix)

    def read(self, dataset: Any) -> DatasetFields:
        """Read a DMatrix."""
        bounds = dataset.get_uint_info("group_ptr")
        group = np.diff(bounds.astype(np.int64)) if len(bounds) > 1 else None
        weight = dataset.get_weight()
        if group is not None and len(weight) == len(group):
            weight = np.repeat(weight, group)  # XGBoost's weights of groups
        return DatasetFields(dataset.get_label(), weight, group, getattr(dataset, "nthread", None))

    def coupling(self, n_classes: int) -> float:
        """Twice, the bound by diagonal dominance."""
        return 2.0

    def metric_result(
        self, name: str, value: float, higher_is_better: bool, native: bool
    ) -> MetricResult:
        """Name and value; the value alone where the wrappers read ``__name__``."""
        return (name, value) if native else value

    def is_alone(self) -> bool:
        """Whether no other worker trains along."""
        return _cluster() is None

    def sum_over_workers(self, sums: NumpyArray) -> NumpyArray:
        """Sum over the workers of a distributed training."""
        collective = _cluster()
        if collective is None:
            return sums
        return np.asarray(collective.allreduce(sums, collective.Op.SUM))

    def from_all_workers(self, x: NumpyArray) -> NumpyArray:
        """The vectors of all workers, one behind the other."""
        collective = _cluster()
        if collective is None:
            return x
        # XGBoost can only add: each worker leaves the places of the others at zero.
        rank = collective.get_rank()
        lengths = np.zeros(collective.get_world_size())
        lengths[rank] = len(x)
        ends = np.cumsum(self.sum_over_workers(lengths)).astype(np.int64)
        gathered = np.zeros(ends[-1])
        gathered[ends[rank] - len(x) : ends[rank]] = x
        return self.sum_over_workers(gathered)


def _cluster() -> Any:
    """XGBoost's collective if other workers train along, else None."""
    collective = sys.modules.get("xgboost.collective")
    return collective if collective is not None and collective.get_world_size() > 1 else None


ADAPTER = XGBoostAdapter()
