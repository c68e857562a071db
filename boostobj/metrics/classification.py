"""Metrics of predicted classes and their probabilities."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

import numpy as np

from boostobj._arrays import title
from boostobj._checks import check_count, check_number
from boostobj._domains import BinaryLabels, ClassLabels, Interval
from boostobj._labels import check_probability_rows
from boostobj._typing import NumpyArray
from boostobj.metrics.base import Metric

__all__ = [
    "AUC",
    "AveragePrecision",
    "BalancedAccuracy",
    "BrierScore",
    "ExpectedCalibrationError",
    "FBeta",
    "KLDivergence",
    "LogLoss",
    "MatthewsCorrelation",
    "QuadraticKappa",
    "ZeroOneError",
]


@dataclass(frozen=True)
class ZeroOneError(Metric):
    """Share of rows whose more probable class is not the label.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.
    """

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import zero_one_loss

        rows, p = _probability_rows(self, y, y_pred)
        return float(zero_one_loss(rows.argmax(axis=1), p.argmax(axis=1), sample_weight=weight))


@dataclass(frozen=True)
class LogLoss(Metric):
    """Negative mean log-likelihood of labels, which may be probabilities themselves.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    Good (1952). Rational decisions. JRSS B 14(1).
    """

    _response_method = "predict_proba"

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from scipy.special import xlogy

        rows, p = _probability_rows(self, y, y_pred)
        # scikit-learn's function knows hard labels only; the clipping is its own
        p = np.clip(p, np.finfo(p.dtype).eps, 1)
        return float(np.average(-xlogy(rows, p).sum(axis=1), weights=weight))


@dataclass(frozen=True)
class KLDivergence(Metric):
    """Mean Kullback-Leibler divergence of the predicted from the true probabilities.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    Kullback, Leibler (1951). On information and sufficiency. Annals of Mathematical Statistics
    22(1).
    """

    _response_method = "predict_proba"

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from scipy.special import rel_entr

        rows, p = _probability_rows(self, y, y_pred)
        p = np.clip(p, np.finfo(p.dtype).eps, 1)
        return float(np.average(rel_entr(rows, p).sum(axis=1), weights=weight))


@dataclass(frozen=True)
class RankingMetric(Metric):
    """How well scores rank the rows of a class before the rest, to be maximised.

    For two classes that of class 1; for k > 2 classes the mean over the classes that there are.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.
    """

    _response_method = "predict_proba"

    higher_is_better = True

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        if y_pred.ndim == 2:
            _, y_pred = _probability_rows(self, y, y_pred)
        k = 2 if y_pred.ndim == 1 else y_pred.shape[1]
        classes = _classes(self, y, k)
        ranked = [1] if k == 2 else np.unique(classes)
        scores = [
            self._rank_score(classes == c, y_pred if y_pred.ndim == 1 else y_pred[:, c], weight)
            for c in ranked
        ]
        return float(np.mean(scores))

    @abstractmethod
    def _rank_score(
        self, positive: NumpyArray, score: NumpyArray, weight: NumpyArray | None
    ) -> float:
        """The score of one class against the rest."""


@dataclass(frozen=True)
class AUC(RankingMetric):
    """Area under the ROC curve.

    For k > 2 classes the mean of one against the rest, over the classes that there are.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    Hanley, McNeil (1982). The meaning and use of the area under a receiver operating characteristic
    (ROC) curve. Radiology 143(1).
    """

    def _rank_score(
        self, positive: NumpyArray, score: NumpyArray, weight: NumpyArray | None
    ) -> float:
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(positive, score, sample_weight=weight))


@dataclass(frozen=True)
class AveragePrecision(RankingMetric):
    """Area under the precision-recall curve.

    For k > 2 classes the mean of one against the rest, over the classes that there are.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    Davis, Goadrich (2006). The relationship between precision-recall and ROC curves. ICML.
    """

    def _rank_score(
        self, positive: NumpyArray, score: NumpyArray, weight: NumpyArray | None
    ) -> float:
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(positive, score, sample_weight=weight))


@dataclass(frozen=True)
class BrierScore(Metric):
    """Mean squared difference of predicted probabilities and labels.

    For two classes that of the probability of class 1, for k > 2 classes the sum over the classes.
    Labels may be probabilities themselves.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    Brier (1950). Verification of forecasts expressed in terms of probability. Monthly Weather
    Review 78(1).
    """

    _response_method = "predict_proba"

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        rows, p = _probability_rows(self, y, y_pred)
        # scikit-learn's function knows hard labels only
        squares = ((rows - p) ** 2).sum(axis=1)
        return float(np.average(squares, weights=weight)) / (2 if p.shape[1] == 2 else 1)


@dataclass(frozen=True)
class ExpectedCalibrationError(Metric):
    """Mean distance of predicted probabilities from the shares that come true, over bins.

    For two classes the probability is that of class 1; for k > 2 classes it is that of the most
    probable one, and what comes true is that it is the label.

    Parameters
    ----------
    n_bins : int, default=15
        The number of bins of equal width between 0 and 1.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `n_bins` is not an integer.
    ValueError
        If `n_bins` is smaller than 1.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger (2017). On calibration of modern neural networks. ICML.
    """

    _response_method = "predict_proba"

    n_bins: int = 15

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self, "n_bins", low=1)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        rows, p = _probability_rows(self, y, y_pred)
        top = np.ones(len(p), dtype=int) if p.shape[1] == 2 else p.argmax(axis=1)
        each = np.arange(len(p)), top
        weight = np.ones(len(p)) if weight is None else weight
        bins = np.minimum((p[each] * self.n_bins).astype(int), self.n_bins - 1)
        gaps = np.bincount(bins, weight * (p[each] - rows[each]))
        return float(np.abs(gaps).sum() / weight.sum())


@dataclass(frozen=True)
class ThresholdMetric(Metric):
    """A metric of predicted classes, to be maximised.

    Parameters
    ----------
    threshold : float, default=0.5
        Probability of class 1 above which a row counts as class 1. Of k classes the most probable
        one counts.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `threshold` is not a number.
    ValueError
        If `threshold` is not between 0 and 1.
    """

    _response_method = "predict_proba"

    threshold: float = field(default=0.5, kw_only=True)
    higher_is_better = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "threshold", low=0, high=1)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        rows, p = _probability_rows(self, y, y_pred)
        predicted = p[:, 1] > self.threshold if p.shape[1] == 2 else p.argmax(axis=1)
        return self._class_score(rows.argmax(axis=1), predicted.astype(int), weight, p.shape[1])

    @abstractmethod
    def _class_score(
        self, y: NumpyArray, predicted: NumpyArray, weight: NumpyArray | None, n_classes: int
    ) -> float:
        """The score of class numbers."""


@dataclass(frozen=True)
class BalancedAccuracy(ThresholdMetric):
    """Share of right predictions in each class of the labels, averaged over the classes.

    Parameters
    ----------
    threshold : float, default=0.5
        Probability of class 1 above which a row counts as class 1. Of k classes the most probable
        one counts.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `threshold` is not a number.
    ValueError
        If `threshold` is not between 0 and 1.

    References
    ----------
    Brodersen, Ong, Stephan, Buhmann (2010). The balanced accuracy and its posterior distribution.
    ICPR.
    """

    def _class_score(
        self, y: NumpyArray, predicted: NumpyArray, weight: NumpyArray | None, n_classes: int
    ) -> float:
        from sklearn.metrics import recall_score

        # what balanced_accuracy_score computes, which warns of classes that no label has
        labels = np.unique(y)
        return float(
            recall_score(y, predicted, labels=labels, average="macro", sample_weight=weight)
        )


@dataclass(frozen=True)
class FBeta(ThresholdMetric):
    """Weighted harmonic mean of precision and recall.

    For two classes that of class 1; for k > 2 classes the unweighted mean over the classes.

    Parameters
    ----------
    beta : float, default=1.0
        How much recall counts more than precision, > 0.
    threshold : float, default=0.5
        Probability of class 1 above which a row counts as class 1. Of k classes the most probable
        one counts.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If `beta` is not finite and > 0, or `threshold` is not between 0 and 1.

    References
    ----------
    van Rijsbergen (1979). Information retrieval. 2nd edition, Butterworths.
    """

    beta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "beta", low=0)

    def _class_score(
        self, y: NumpyArray, predicted: NumpyArray, weight: NumpyArray | None, n_classes: int
    ) -> float:
        from sklearn.metrics import fbeta_score

        return float(
            fbeta_score(
                y,
                predicted,
                beta=self.beta,
                average="binary" if n_classes == 2 else "macro",
                sample_weight=weight,
                zero_division=0.0,
            )
        )


@dataclass(frozen=True)
class MatthewsCorrelation(ThresholdMetric):
    """Correlation of labels and predicted classes; 0 if either is always the same.

    Parameters
    ----------
    threshold : float, default=0.5
        Probability of class 1 above which a row counts as class 1. Of k classes the most probable
        one counts.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `threshold` is not a number.
    ValueError
        If `threshold` is not between 0 and 1.

    References
    ----------
    Matthews (1975). Comparison of the predicted and observed secondary structure of T4 phage
    lysozyme. Biochimica et Biophysica Acta 405(2).
    """

    def _class_score(
        self, y: NumpyArray, predicted: NumpyArray, weight: NumpyArray | None, n_classes: int
    ) -> float:
        from sklearn.metrics import matthews_corrcoef

        if np.ptp(y) == 0 or np.ptp(predicted) == 0:
            return 0.0  # of a single class on both sides scikit-learn warns
        return float(matthews_corrcoef(y, predicted, sample_weight=weight))


@dataclass(frozen=True)
class QuadraticKappa(Metric):
    """Cohen's kappa of ordered classes with squared distances as costs.

    Labels are class numbers. Predictions of shape (n,), be it grades or probabilities of class 1,
    are rounded and clipped to the range of the labels; of (n, k) class probabilities the most
    probable class counts.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    Cohen (1968). Weighted kappa: nominal scale agreement with provision for scaled disagreement
    or partial credit. Psychological Bulletin 70(4).
    """

    higher_is_better = True

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import cohen_kappa_score

        n_classes = y_pred.shape[1] if y_pred.ndim == 2 else int(max(y.max(), 1)) + 1
        y = _classes(self, y, n_classes)
        if y_pred.ndim == 2:
            grades = y_pred.argmax(axis=1)
        else:
            grades = np.clip(np.rint(y_pred), y.min(), y.max()).astype(int)
        # scikit-learn takes distances between classes from their order in this list
        return float(
            cohen_kappa_score(
                y,
                grades,
                labels=np.arange(n_classes),
                weights="quadratic",
                sample_weight=weight,
            )
        )


def _classes(metric: Metric, y: NumpyArray, k: int) -> NumpyArray:
    """Class numbers, of which there must be at least two."""
    y = _label_rows(metric, y, k).argmax(axis=1)
    if np.all(y == y[0]):
        raise ValueError(f"{metric.name}: y_true must hold two classes, got {y[0]} only")
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
            f"as in {title(metric)}(link=loss.link); class numbers, as XGBoost's multi:softmax "
            "gives them, do not tell probabilities: take multi:softprob, and in a scorer "
            "response_method='predict_proba'"
        ) from None
    if y_pred.ndim == 2:
        check_probability_rows(y_pred, "y_pred", metric.name)
        return _label_rows(metric, y, y_pred.shape[1]), y_pred
    y = _zero_one(metric, y)
    Interval(0, 1).check(y, "y_true", metric.name)
    return np.column_stack([1 - y, y]), np.column_stack([1 - y_pred, y_pred])


def _label_rows(metric: Metric, y: NumpyArray, k: int) -> NumpyArray:
    """Labels as rows of k class probabilities."""
    if y.ndim == 2:
        check_probability_rows(y, "y_true", metric.name)
        return y
    if k == 2:
        y = _zero_one(metric, y)
    ClassLabels(k).check(y, "y_true", metric.name)
    return np.take(np.eye(k), y.astype(int), axis=0)


def _zero_one(metric: Metric, y: NumpyArray) -> NumpyArray:
    """Labels of two classes, those written -1 and +1 as 0 and 1."""
    if not np.any(y == -1):
        return y
    BinaryLabels().check(y, "y_true", metric.name)
    return np.where(y > 0, 1.0, 0.0)
