"""Evaluation metrics in the form that fits every metric slot.

A metric is called like a loss, by XGBoost and LightGBM, native or through scikit-learn, and by
you: ``metric(y_true, y_pred, sample_weight)``. It applies its link to what it gets, weights the
rows, computes in float64 (by scikit-learn where it has the function) and carries a name whose
direction no engine guesses wrong.

With a custom objective the engines hand metrics the raw margins, with a built-in one the
transformed predictions. ``loss.metric`` always expects margins. The metrics of this module
expect predictions unless told otherwise: ``LogLoss(link=loss.link)``.

=====================  ==================================================================
name                   what it is
=====================  ==================================================================
`MeanSquaredError`     mean of squared residuals
`RMSE`                 its square root
`MAE`                  mean of absolute residuals
`MAPE`                 mean of absolute residuals over absolute targets
`MeanBiasError`        mean of prediction minus target; engines minimise its absolute value
`R2`                   share of variance explained
`Pinball`              mean pinball loss of a quantile
`ZeroOneError`         share of wrong classes
`LogLoss`              negative mean log-likelihood of labels
`KLDivergence`         mean divergence of predicted from true probabilities
`AUC`                  area under the ROC curve
`AveragePrecision`     area under the precision-recall curve
=====================  ==================================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from boostobj._arrays import Interval, as_float, check_number, check_weights
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss, snake_case
from boostobj.engine.batch import read_call
from boostobj.links import Identity, Link

__all__ = [
    "AUC",
    "MAE",
    "MAPE",
    "R2",
    "RMSE",
    "AveragePrecision",
    "KLDivergence",
    "LogLoss",
    "LossMetric",
    "MeanBiasError",
    "MeanSquaredError",
    "Metric",
    "Pinball",
    "ZeroOneError",
    "all_metrics",
]

_registry: dict[str, type[Metric]] = {}


def _class_name(cls: type) -> str:
    # Type checkers take `Metric.__name__` for the property that its instances have.
    return cls.__name__


@dataclass(frozen=True)
class Metric(ABC):
    """A weighted mean over rows that every metric slot of both engines takes.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's link where that is margins.
    """

    link: Link = field(default=Identity(), kw_only=True)

    higher_is_better: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _registry[_class_name(cls)] = cls

    @property
    def name(self) -> str:
        """How the engines list it: the class's name with the parameters that are not default.

        XGBoost maximises what starts with "auc", "map", "ndcg" or "pre" and minimises the rest,
        so a metric to be maximised starts with one of them, and no other does.
        """
        return "_".join([snake_case(_class_name(type(self))), *_suffixes(self)])

    @property
    def __name__(self) -> str:
        return self.name

    def score(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Compute the metric.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, k)
            Targets.
        y_pred : array-like of shape (n,) or (n, k)
            What the link turns into predictions.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If shapes do not fit, or a value is outside the metric's domain.
        """
        raw = np.asarray(as_float(y_pred, "y_pred"), dtype=np.float64)
        y = np.asarray(as_float(y_true, "y_true"), dtype=np.float64)
        if raw.ndim == 2 and raw.shape[1] == 1:
            raw = raw[:, 0]
        if y.size == raw.size:
            y = y.reshape(raw.shape)
        elif y.shape != raw.shape[:1]:
            raise ValueError(
                f"{self.name}: y_true of shape {y.shape} does not fit y_pred of shape {raw.shape}"
            )
        if not np.all(np.isfinite(y)):
            Interval().check(y, "y_true", self.name)
        weight = check_weights(sample_weight, raw.shape[0])
        return float(self._score(y, np.asarray(self.link.inverse(raw)), weight))

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: ArrayLike | None = None,
        group: Any = ...,
    ) -> float | tuple[str, float] | tuple[str, float, bool]:
        """The metric callback of every slot; on arrays, the score.

        Returns
        -------
        float, (name, value) or (name, value, is_higher_better)
            As the calling slot wants it.
        """
        batch = read_call(y_true, y_pred, sample_weight, group)
        value = self._ranked(self.score(batch.y_true, batch.raw, batch.sample_weight))
        return batch.adapter.metric_result(self.name, value, self.higher_is_better, batch.native)

    def _ranked(self, score: float) -> float:
        """The score as early stopping may compare it."""
        return score

    @abstractmethod
    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float: ...


@dataclass(frozen=True)
class LossMetric(Metric):
    """The weighted mean of a loss, from margins; see `boostobj.base.Loss.metric`."""

    loss: Loss

    @property
    def name(self) -> str:
        """The loss's name, with its parameters that are not default."""
        return "_".join([self.loss.name, *_suffixes(self.loss)])

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        return float(np.average(self.loss.value(y, y_pred), axis=0, weights=weight).mean())


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
    large negative bias.
    """

    def _ranked(self, score: float) -> float:
        return abs(score)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        return float(np.average(y_pred - y, axis=0, weights=weight).mean())


@dataclass(frozen=True)
class R2(Metric):
    """Coefficient of determination; the engines list it as "pre_r2", see `Metric.name`."""

    higher_is_better = True

    @property
    def name(self) -> str:
        """A name that XGBoost maximises."""
        return "pre_r2"

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import r2_score

        return float(r2_score(y, y_pred, sample_weight=weight))


@dataclass(frozen=True)
class Pinball(Metric):
    """Mean pinball loss of a quantile.

    Parameters
    ----------
    quantile : float, default=0.5
        The level, between 0 and 1.
    """

    quantile: float = 0.5

    def __post_init__(self) -> None:
        check_number(self, "quantile", low=0, high=1)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import mean_pinball_loss

        return float(mean_pinball_loss(y, y_pred, sample_weight=weight, alpha=self.quantile))


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
    """Area under the precision-recall curve; the engines list it as "aucpr"."""

    higher_is_better = True

    @property
    def name(self) -> str:
        """A name that XGBoost maximises."""
        return "aucpr"

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(_two_classes(self, y), y_pred, sample_weight=weight))


def all_metrics() -> dict[str, type[Metric]]:
    """All registered metrics, yours included: class name to class, sorted by name."""
    return dict(sorted(_registry.items()))


def _suffixes(x: Any) -> list[str]:
    """The numbers among a dataclass's parameters that are not default."""
    values = [(getattr(x, f.name), f.default) for f in fields(x)]
    return [f"{v:g}" for v, default in values if isinstance(v, (int, float)) and v != default]


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
            f"as in {_class_name(type(metric))}(link=loss.link)"
        ) from None
    if y_pred.ndim == 2:
        rows = y if y.ndim == 2 else (y[:, None] == np.arange(y_pred.shape[1])).astype(float)
        return rows, y_pred
    y = np.where(y == -1, 0, y)
    Interval(0, 1).check(y, "y_true", metric.name)
    return np.column_stack([1 - y, y]), np.column_stack([1 - y_pred, y_pred])
