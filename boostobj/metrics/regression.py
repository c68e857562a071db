"""Metrics of predicted means and medians."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.metrics.base import Metric

__all__ = ["MAE", "MAPE", "R2", "RMSE", "MeanBiasError", "MeanSquaredError"]


class ScikitLearnMetric(Metric):
    """A metric that is a function of `sklearn.metrics`."""

    @property
    @abstractmethod
    def _function(self) -> str:
        """Its name there."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn import metrics

        return float(getattr(metrics, self._function)(y, y_pred, sample_weight=weight))


@dataclass(frozen=True)
class MeanSquaredError(ScikitLearnMetric):
    """Mean squared error.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.
    """

    _function = "mean_squared_error"


@dataclass(frozen=True)
class RMSE(ScikitLearnMetric):
    """Root mean squared error.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.
    """

    _function = "root_mean_squared_error"


@dataclass(frozen=True)
class MAE(ScikitLearnMetric):
    """Mean absolute error.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.
    """

    _function = "mean_absolute_error"


@dataclass(frozen=True)
class MAPE(ScikitLearnMetric):
    """Mean absolute error relative to the target; targets of zero count as 2e-16.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    de Myttenaere, Golden, Le Grand, Rossi (2016). Mean absolute percentage error for regression
    models. Neurocomputing 192.
    """

    _function = "mean_absolute_percentage_error"


@dataclass(frozen=True)
class MeanBiasError(Metric):
    """Mean of prediction minus target: positive where the model predicts too much.

    As a callback it gives the absolute value, since early stopping would otherwise reward a
    large negative bias. There is no such loss to train with: its gradient is the same for every
    row, so that it tells no split from another and has no minimum.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.
    """

    _to_compare = "lambda y, y_pred: abs(metric.score(y, y_pred))"

    def _ranked(self, score: float) -> float:
        return abs(score)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        return float(np.average(y_pred - y, axis=0, weights=weight).mean())


@dataclass(frozen=True)
class R2(ScikitLearnMetric):
    """Coefficient of determination.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.
    """

    higher_is_better = True
    _function = "r2_score"
