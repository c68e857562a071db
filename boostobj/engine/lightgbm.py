"""LightGBM's conventions."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from boostobj.engine.adapter import THREAD_PARAMETERS, Adapter, DatasetFields, MetricResult


class LightGBMAdapter(Adapter):
    """LightGBM: stretches the diagonal of a multiclass Hessian by k / (k - 1).

    Its workers have no way to tell each other numbers: each takes the scale of its own rows.
    """

    name = "lightgbm"
    least_gain = 0.0

    def is_dataset(self, x: Any) -> bool:
        """Whether `x` is a Dataset."""
        lgb = sys.modules.get("lightgbm")
        return lgb is not None and isinstance(x, lgb.Dataset)

    def read(self, dataset: Any) -> DatasetFields:
        """Read a Dataset."""
        # `get_params` leaves these out
        parameters = dataset.params or {}
        given = (parameters.get(name) for name in THREAD_PARAMETERS)
        threads = next((int(number) for number in given if number is not None), None)
        group = dataset.get_group()
        if group is not None and dataset.used_indices is not None:
            _check_whole_groups(dataset)
        return DatasetFields(dataset.get_label(), dataset.get_weight(), group, threads)

    def coupling(self, n_classes: int) -> float:
        """Friedman's factor."""
        return n_classes / (n_classes - 1)

    def metric_result(
        self, name: str, value: float, higher_is_better: bool, native: bool
    ) -> MetricResult:
        """Name, value and direction."""
        return name, value, higher_is_better


def _check_whole_groups(dataset: Any) -> None:
    """Refuse a part of a data set that has some rows of a group and not the others.

    LightGBM's cross-validation keeps groups together for LightGBM's own ranking objectives only.
    """
    sizes = dataset.reference.get_group()
    numbers = np.repeat(np.arange(len(sizes)), sizes)[np.asarray(dataset.used_indices)]
    counts = np.bincount(numbers, minlength=len(sizes))
    cut = np.flatnonzero((counts > 0) & (counts < sizes))
    if len(cut):
        raise ValueError(
            f"the Dataset has {counts[cut[0]]} of the {sizes[cut[0]]} rows of group {cut[0]}: give "
            "lightgbm.cv folds=sklearn.model_selection.GroupKFold(...), which keeps groups together"
        )


ADAPTER = LightGBMAdapter()
