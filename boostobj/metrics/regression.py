"""Metrics of predicted means and medians."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.metrics.base import Metric

__all__ = ["MAE", "MAPE", "R2", "RMSE", "MeanBiasError", "MeanSquaredError"]


@dataclass(frozen=True)
class MeanSquaredError(Metric):
    """Mean squared error."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import mean_squared_error

        return float(mean_squared_error(y, y_pred, sample_weight=weight))


@dataclass(frozen=True)
class RMSE(Metric):
    """Root mean squared error."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import root_mean_squared_error

        return float(root_mean_squared_error(y, y_pred, sample_weight=weight))


@dataclass(frozen=True)
class MAE(Metric):
    """Mean absolute error."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import mean_absolute_error

        return float(mean_absolute_error(y, y_pred, sample_weight=weight))


@dataclass(frozen=True)
class MAPE(Metric):
    """Mean absolute error relative to the target; targets of zero count as 2e-16."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import mean_absolute_percentage_error

        return float(mean_absolute_percentage_error(y, y_pred, sample_weight=weight))


@dataclass(frozen=True)
class MeanBiasError(Metric):
    """Mean of prediction minus target: positive where the model predicts too much.

    As a callback it gives the absolute value, since early stopping would otherwise reward a
    large negative bias. There is no such loss to train with: its gradient is the same for every
    row, so that it tells no split from another and has no minimum.
    """

    def _ranked(self, score: float) -> float:
        return abs(score)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        return float(np.average(y_pred - y, axis=0, weights=weight).mean())


@dataclass(frozen=True)
class R2(Metric):
    """Coefficient of determination."""

    higher_is_better = True

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import r2_score

        return float(r2_score(y, y_pred, sample_weight=weight))
