"""What a booster passes to a callback, whichever slot it sits in.

===================================  ========================================================
slot                                 call
===================================  ========================================================
`xgboost.train`, `cv`                ``(raw_prediction, DMatrix)``
XGBoost's scikit-learn wrappers      ``(y_true, raw_prediction[, sample_weight=...])``
`lightgbm.train`, `cv`               ``(raw_prediction, Dataset)``
LightGBM's scikit-learn wrappers     ``(y_true, raw_prediction, sample_weight, group)``
===================================  ========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from boostobj._arrays import as_float, on_host
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.engine import lightgbm, xgboost
from boostobj.engine.adapter import Adapter


@dataclass(frozen=True)
class Batch:
    """The rows of one callback.

    Attributes
    ----------
    adapter : Adapter
        The calling engine's conventions.
    native : bool
        Whether the call came from a native API with a data set.
    y_true : ndarray
        Targets, in whatever shape the engine keeps them.
    raw : ndarray of shape (n,) or (n, k)
        Margins, or predictions where a metric meets a built-in objective.
    sample_weight : ndarray of shape (n,), or None
    group : ndarray of int, or None
        Sizes of consecutive groups of rows.
    n_threads : int, or None
        The number of threads the data set was made with.
    """

    adapter: Adapter
    native: bool
    y_true: NumpyArray
    raw: NumpyArray
    sample_weight: NumpyArray | None
    group: NumpyArray | None
    n_threads: int | None = None


def read_call(
    y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None, group: Any = ...
) -> Batch:
    """Tell the slots apart by what they pass.

    Parameters
    ----------
    y_true, y_pred, sample_weight, group
        The arguments of the callback, by position. `group` is an ellipsis if it was not passed:
        only LightGBM's scikit-learn wrappers always pass it.

    Returns
    -------
    Batch

    Raises
    ------
    ValueError
        If a data set has no rows or no labels.
    """
    for adapter in (xgboost.ADAPTER, lightgbm.ADAPTER):
        if adapter.is_dataset(y_pred):
            data = adapter.read(y_pred)
            rows = np.size(y_true)
            # a worker among others may have no rows
            if data.label is None or (np.size(data.label) == 0 and (rows or adapter.is_alone())):
                missing = "label" if rows else "rows"
                raise ValueError(
                    f"the {type(y_pred).__name__} passed to the booster has no {missing}"
                )
            return Batch(
                adapter=adapter,
                native=True,
                y_true=_host(data.label, "y_true"),
                raw=_margins(y_true, adapter),
                sample_weight=_optional(data.weight),
                group=data.group,
                n_threads=data.n_threads,
            )
    adapter = xgboost.ADAPTER if group is ... else lightgbm.ADAPTER
    return Batch(
        adapter=adapter,
        native=False,
        y_true=_host(y_true, "y_true"),
        raw=_margins(y_pred, adapter),
        sample_weight=_optional(sample_weight),
        group=None if group is ... or group is None else np.asarray(on_host(group)),
    )


def _margins(raw_prediction: ArrayLike, adapter: Adapter) -> NumpyArray:
    """Margins; of a worker without rows in as many columns as the others have."""
    raw = _host(raw_prediction, "raw_prediction")
    if adapter.is_alone():
        return raw
    columns = raw.shape[1] if raw.ndim == 2 and len(raw) else 0
    total, workers = adapter.sum_over_workers(np.asarray([columns, len(raw) > 0], np.float64))
    k = int(total / max(workers, 1))
    return raw if len(raw) else np.empty((0, k) if k else 0, raw.dtype)


def _host(x: ArrayLike, name: str) -> NumpyArray:
    return np.asarray(as_float(on_host(x), name))


def _optional(weight: ArrayLike | None) -> NumpyArray | None:
    return None if weight is None or np.size(weight) == 0 else _host(weight, "sample_weight")
