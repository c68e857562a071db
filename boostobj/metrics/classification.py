"""Metrics of predicted classes and their probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boostobj._arrays import Interval
from boostobj._typing import NumpyArray
from boostobj.metrics.base import Metric, class_name

__all__ = ["AUC", "AveragePrecision", "KLDivergence", "LogLoss", "ZeroOneError"]


@dataclass(frozen=True)
class ZeroOneError(Metric):
    """Share of rows whose more probable class is not the label."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import zero_one_loss

        rows, p = _probability_rows(self, y, y_pred)
        return float(zero_one_loss(rows.argmax(axis=1), p.argmax(axis=1), sample_weight=weight))


@dataclass(frozen=True)
class LogLoss(Metric):
    """Negative mean log-likelihood of labels, which may be probabilities themselves."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from scipy.special import xlogy

        rows, p = _probability_rows(self, y, y_pred)
        # scikit-learn's function knows hard labels only; the clipping is its own
        p = np.clip(p, np.finfo(p.dtype).eps, 1)
        return float(np.average(-xlogy(rows, p).sum(axis=1), weights=weight))


@dataclass(frozen=True)
class KLDivergence(Metric):
    """Mean Kullback-Leibler divergence of the predicted from the true probabilities."""

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from scipy.special import rel_entr

        rows, p = _probability_rows(self, y, y_pred)
        p = np.clip(p, np.finfo(p.dtype).eps, 1)
        return float(np.average(rel_entr(rows, p).sum(axis=1), weights=weight))


@dataclass(frozen=True)
class AUC(Metric):
    """Area under the ROC curve; for k classes the mean of one against the rest."""

    higher_is_better = True

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import roc_auc_score

        return float(
            roc_auc_score(_two_classes(self, y), y_pred, sample_weight=weight, multi_class="ovr")
        )


@dataclass(frozen=True)
class AveragePrecision(Metric):
    """Area under the precision-recall curve."""

    higher_is_better = True

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(_two_classes(self, y), y_pred, sample_weight=weight))


def _two_classes(metric: Metric, y: NumpyArray) -> NumpyArray:
    """Labels, of which there must be at least two for a ranking metric."""
    if np.all(y == y.flat[0]):
        raise ValueError(f"{metric.name}: y_true must hold two classes, got {y.flat[0]:g} only")
    return y


def _probability_rows(
    metric: Metric, y: NumpyArray, y_pred: NumpyArray
) -> tuple[NumpyArray, NumpyArray]:
    """Labels and predictions as rows of class probabilities."""
    try:
        Interval(0, 1).check(y_pred, "y_pred", metric.name)
    except ValueError as error:
        raise ValueError(
            f"{error}; give the metric the loss's link if it gets margins, "
            f"as in {class_name(type(metric))}(link=loss.link)"
        ) from None
    if y_pred.ndim == 2:
        rows = y if y.ndim == 2 else (y[:, None] == np.arange(y_pred.shape[1])).astype(float)
        return rows, y_pred
    y = np.where(y == -1, 0, y)
    Interval(0, 1).check(y, "y_true", metric.name)
    return np.column_stack([1 - y, y]), np.column_stack([1 - y_pred, y_pred])
