"""What a metric is: one number from targets, predictions and weights, in every slot."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Self
from zlib import crc32

import numpy as np

from boostobj._arrays import as_float, on_host, title, weighted_mean
from boostobj._checks import align, check_weights
from boostobj._domains import Interval
from boostobj._loss import refuse_call_of_class
from boostobj._registry import register, snake_case
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss
from boostobj.engine.batch import Batch, read_call
from boostobj.groups import GroupLoss
from boostobj.links import Identity, Link

__all__ = ["LossMetric", "Metric", "all_metrics"]

#: XGBoost maximises what starts with one of these, and minimises the rest.
_MAXIMISED = ("auc", "map", "ndcg", "pre")

#: Names of the engines' own metrics: two of one name share a history.
_OF_ENGINES = {
    "auc",
    "cross_entropy",
    "expectile",
    "fair",
    "gamma",
    "huber",
    "mae",
    "mape",
    "poisson",
    "quantile",
    "rmse",
    "tweedie",
}

#: What metrics that are no losses are called instead, by their class.
_INSTEAD = {
    "AUC": "auc_roc",
    "MAE": "mean_absolute_error",
    "MAPE": "mean_absolute_percentage_error",
    "RMSE": "root_mean_squared_error",
}

#: How many numbers of a tuple a name spells out; a checksum stands for more.
_SPELLED_OUT = 8

_registry: dict[str, type[Metric]] = {}


@dataclass(frozen=True)
class Metric(ABC):
    """A weighted mean over rows that every metric slot of both engines takes.

    On a cluster of XGBoost it is the mean over the workers, weighted by their rows: that over all
    rows, but for metrics that are no means, such as the AUC or the root mean squared error, and
    losses that adapt to the rows.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's link where that is margins.
    """

    link: Link = field(default=Identity(), kw_only=True)

    higher_is_better: ClassVar[bool] = False

    def __new__(cls, *args: Any, **_: Any) -> Self:
        """Refuse a booster's call of the class, which wants an instance."""
        refuse_call_of_class(cls, "metric", args)
        return super().__new__(cls)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register(_registry, cls.__name__, cls)  # type: ignore[arg-type]  # no property of classes

    #: What compares models by the metric, as a function of targets and predictions, and the
    #: method that gives these.
    _to_compare: ClassVar[str] = "metric.score"
    _response_method: ClassVar[str] = "predict"

    def __post_init__(self) -> None:
        if not isinstance(self.link, Link):
            raise TypeError(
                f"{type(self).__name__}: link must be a link, such as loss.link, got {self.link!r}"
            )

    @property
    def name(self) -> str:
        """How the engines list it: the class's name with the parameters that are not default.

        XGBoost tells a metric's direction from its name, so that the name gets a prefix where it
        would be misread: "pre_" for one to be maximised, "mean_" for one to be minimised.
        """
        name = self._label
        if name in _OF_ENGINES:
            name = _INSTEAD.get(title(self), f"{name}_loss")
        if name.startswith(_MAXIMISED) == self.higher_is_better:
            return name
        return f"pre_{name}" if self.higher_is_better else f"mean_{name}"

    @property
    def _label(self) -> str:
        """The name before any prefix."""
        return _label(snake_case(title(self)), self)

    @property
    def __name__(self) -> str:
        return self.name

    def score(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        group: ArrayLike | None = None,
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
        group : array-like of int, optional
            Sizes of consecutive groups of rows, for the metrics that look at groups; by default
            all rows are one.

        Returns
        -------
        float

        Raises
        ------
        TypeError
            If an array does not consist of real numbers.
        ValueError
            If shapes do not fit, or a value is outside the metric's domain.
        """
        raw = np.asarray(as_float(on_host(y_pred), "y_pred"), dtype=np.float64)
        try:
            y = np.asarray(as_float(on_host(y_true), "y_true"), dtype=np.float64)
        except TypeError as error:
            raise TypeError(f"{self.name}: {error}; classes go by their numbers, from 0") from None
        if raw.ndim == 2 and raw.shape[1] == 1:
            raw = raw[:, 0]
        y = align(y, raw, self.name, "y_pred", one_per_row=True)
        if y.size == 0:
            raise ValueError(f"{self.name}: y_true is empty")
        if not np.all(np.isfinite(y)):
            Interval().check(y, "y_true", self.name)
        if np.any(np.isnan(raw)):
            raise ValueError(
                f"{self.name}: y_pred must not be NaN, got {np.isnan(raw).sum()} of them"
            )
        weight = check_weights(sample_weight, raw.shape[0])
        return float(self._grouped_score(y, np.asarray(self.link.inverse(raw)), weight, group))

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: ArrayLike | None = None,
        group: Any = ...,
    ) -> float | tuple[str, float] | tuple[str, float, bool]:
        """The metric callback of every slot; `score` is the metric itself.

        The two differ for metrics such as a coverage, which early stopping cannot compare as it
        is: then this is how far it is from what it should be.

        Parameters
        ----------
        y_true, y_pred, sample_weight, group
            As in `score`; a native API passes the predictions and its data set.

        Returns
        -------
        float, (name, value) or (name, value, is_higher_better)
            As the calling slot wants it.

        Raises
        ------
        TypeError, ValueError
            As `score`, and where it is taken for a scorer of scikit-learn.
        """
        if hasattr(y_true, "predict"):
            raise TypeError(f"{title(self)} is no scorer: pass {self._scorer}")
        batch = read_call(y_true, y_pred, sample_weight, group)
        value = self._ranked(self._score_of_workers(batch))
        return batch.adapter.metric_result(self.name, value, self.higher_is_better, batch.native)

    def _score_of_workers(self, batch: Batch) -> float:
        """The mean over all workers, of which some may have no rows that count."""
        weight, n = batch.sample_weight, len(batch.raw)
        score = partial(self.score, batch.y_true, batch.raw, weight, batch.group)
        if batch.adapter.is_alone():
            return score()
        here = float(n if weight is None else np.sum(weight, dtype=np.float64))
        counts = n > 0 if weight is None else np.any(weight)
        sums = [here * score() if counts else 0.0, here]
        total, count = batch.adapter.sum_over_workers(np.asarray(sums))
        if count == 0:
            raise ValueError(f"{self.name}: no worker has a row that counts")
        return float(total / count)

    @property
    def _scorer(self) -> str:
        """What compares models by the metric."""
        return (
            f"sklearn.metrics.make_scorer({self._to_compare}, greater_is_better="
            f"{self.higher_is_better}, response_method={self._response_method!r})"
        )

    def _ranked(self, score: float) -> float:
        """The score as early stopping may compare it."""
        return score

    def _grouped_score(
        self,
        y: NumpyArray,
        y_pred: NumpyArray,
        weight: NumpyArray | None,
        group: ArrayLike | None,
    ) -> float:
        """The score; most metrics do not look at groups, nor at rows without weight."""
        if weight is not None:
            counts = weight > 0
            # whose unit does not matter, but for sums of huge or tiny ones
            y, y_pred, weight = y[counts], y_pred[counts], weight[counts] / np.max(weight)
        return self._score(y, y_pred, weight)

    @abstractmethod
    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float: ...


@dataclass(frozen=True)
class LossMetric(Metric):
    """The weighted mean of a loss, from margins; see `boostobj.base.Loss.metric`.

    Parameters
    ----------
    loss : Loss
        The loss, which applies its own link.
    """

    #: The loss applies its own.
    link: Link = field(default=Identity(), init=False, repr=False)
    loss: Loss

    @property
    def _scorer(self) -> str:
        if isinstance(self.loss, GroupLoss):
            return "a metric of rankings: this one compares the rows of a group"
        return f"boostobj.LossScorer({self.loss!r}), which scores boostobj's estimators"

    @property
    def _label(self) -> str:
        """The loss's name, with its parameters that are not default."""
        return _label(self.loss.name, self.loss)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        values = self.loss._weighted_value(y, y_pred, weight)
        return float(weighted_mean(values, weight).mean())

    def _grouped_score(
        self,
        y: NumpyArray,
        y_pred: NumpyArray,
        weight: NumpyArray | None,
        group: ArrayLike | None,
    ) -> float:
        if not isinstance(self.loss, GroupLoss):
            return super()._grouped_score(y, y_pred, weight, group)
        values = self.loss.value(y, y_pred, group)
        return float(weighted_mean(values, weight))


def all_metrics() -> dict[str, type[Metric]]:
    """All registered metrics, yours included.

    Returns
    -------
    dict of str to type
        Class name to class, sorted by name.
    """
    return {name: cls for name, cls in sorted(_registry.items()) if not inspect.isabstract(cls)}


def _label(name: str, x: Any) -> str:
    """A name with those of a dataclass's parameters that are not default.

    The first goes without its own name, as in "quantile_0.9".
    """
    parameters = [f for f in fields(x) if not isinstance(getattr(x, f.name), Link)]
    words = [name]
    for i, parameter in enumerate(sorted(parameters, key=attrgetter("kw_only"))):
        value = getattr(x, parameter.name)
        text = _text(value)
        if text and value != parameter.default:
            words += [parameter.name, text] if i else [text]
    return "_".join(words)


def _text(value: Any) -> str:
    """A parameter as part of a name; nothing for what has no short form."""
    if isinstance(value, Loss):
        return value.metric._label
    if isinstance(value, str):
        return re.sub(r"\W+", "_", value)
    if isinstance(value, (int, float)):
        return str(value).removesuffix(".0")
    if not isinstance(value, tuple) or not all(isinstance(x, (int, float)) for x in value):
        return ""
    if len(value) > _SPELLED_OUT:
        return f"{value[0]}_to_{value[-1]}_{crc32(repr(value).encode()):08x}"
    return "_".join(map(_text, value))
