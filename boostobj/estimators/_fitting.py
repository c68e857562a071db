"""What every estimator does with a booster: choose the engine, train it, read it.

A booster starts from margins of zero, and the objective adds the start value to them in float64:
``loss(y, start + raw)``. So XGBoost's float32 margins hold small differences even where the target
is far from zero, and neither engine needs a way of its own to be started. After training the start
value is written into the model, where every later reader finds it. What the whole model predicts is
then as fine as the engine's numbers are near the start value; a target that varies by less is
warned of.

The pieces, in the order of use::

    engine = resolve_engine(estimator, random_state=0)
    train, validation = split_rows(Rows(X, y, weight), 0.1, random_state=0)
    fitted = fit_engine(engine, loss, train, validation, early_stopping_rounds=25)
    fitted.raw_prediction(X)
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from boostobj._checks import as_count
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss
from boostobj.engine.adapter import Adapter
from boostobj.engine.batch import Batch, read_call
from boostobj.engine.rounds import derivatives
from boostobj.estimators._features import refuse_beyond_single
from boostobj.estimators._progress import Progress
from boostobj.links import Link
from boostobj.metrics.base import Metric

__all__ = [
    "ANOTHER_METRIC",
    "Engine",
    "FittedModel",
    "Rows",
    "check_range",
    "fit_engine",
    "resolve_engine",
    "split_rows",
]


class Rows(NamedTuple):
    """Features as the engines take them, targets in float64 and weights."""

    X: Any
    y: Any = None
    sample_weight: NumpyArray | None = None

    @property
    def targets_vary(self) -> NumpyArray:
        """Whether rows that have weight differ in their target, for each column of it."""
        y = self.y if self.sample_weight is None else self.y[self.sample_weight > 0]
        return np.asarray(np.ptp(y, axis=0) > 0)


#: Why no other metric is watched.
ANOTHER_METRIC = (
    "it is the loss's own; for another one train the engine's wrapper, with the loss as objective"
)

#: Squares of what targets differ by are to be numbers of double precision.
LEAST_SPREAD = 1e-90


@dataclass(frozen=True)
class Task:
    """All that training needs beside the rows.

    Attributes
    ----------
    objective : callable
        ``objective(raw, dataset)`` gives gradients and Hessians.
    metric : callable
        ``metric(raw)`` is the loss on the validation rows, if there are any.
    metric_name : str
        What the engine's history calls it.
    metric_unit : float
        The loss of the start value, in units of which an engine may round the metric.
    n_outputs : int
        Margins per row.
    mean_hessian : float
        What Hessians are scaled to. Penalties are meant for one, and are to be multiplied by it.
    max_delta_step : float
        What leaves are limited to unless the hyperparameters say; 0 is no limit.
    early_stopping_rounds : int, or None
        Rounds without improvement after which training ends.
    init_model : booster, optional
        A whole booster to go on from.
    """

    objective: Callable[[NumpyArray, Any], tuple[NumpyArray, NumpyArray]]
    metric: Callable[[NumpyArray], float]
    metric_name: str
    metric_unit: float
    n_outputs: int
    mean_hessian: float
    max_delta_step: float
    early_stopping_rounds: int | None
    init_model: Any = None


class Engine(ABC):
    """One engine with a user's hyperparameters, ready to train.

    Parameters
    ----------
    estimator : unfitted scikit-learn wrapper of the engine
        Only read.
    random_state : int, RandomState or None
        Seeds the engine unless `estimator` has a seed of its own.
    """

    name: ClassVar[str]
    #: Its own name of the number of rounds, and the least that it takes.
    rounds_name: ClassVar[str]
    least_rounds: ClassVar[int]
    #: Parameters of the wrapper that a loss sets itself, and what to do instead.
    reserved: ClassVar[dict[str, str]]
    #: Values of theirs that ask for nothing.
    neutral: ClassVar[dict[str, tuple[Any, ...]]]
    #: Its conventions.
    adapter: ClassVar[Adapter]
    #: Type of the margins it predicts.
    margins: ClassVar[type[np.floating[Any]]]

    def __init__(self, estimator: Any, random_state: Any = None) -> None:
        parameters = estimator.get_params()
        # the user's own, which may record, and hold what cannot be copied
        self.callbacks = list(parameters.pop("callbacks", None) or ())
        self.estimator = clone(type(estimator)(**parameters))
        if self.estimator.get_params().get("random_state") is None and random_state is not None:
            seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
            self.estimator.set_params(random_state=int(seed))
        if not self.adapter.is_alone():
            raise RuntimeError(
                "estimators train on one machine, and this process is one of several that train "
                "together; give the loss to xgboost.train or xgboost.dask"
            )
        self._check_rounds()
        self._refuse_reserved()
        self.check()

    def _check_rounds(self) -> None:
        for name, value in self.estimator.get_params().items():
            if self.canonical(name) == self.rounds_name and value is not None:
                as_count(value, f"estimator: {name}", low=self.least_rounds)

    @abstractmethod
    def check(self) -> None:
        """Refuse hyperparameters that a custom objective cannot honour."""

    def canonical(self, name: str) -> str:
        """The engine's own name of a parameter that has several."""
        return name

    @property
    def given(self) -> dict[str, Any]:
        """The hyperparameters that are set, by the engine's own names.

        Of several names the last counts: further keywords come after the wrapper's own.
        """
        parameters = self.estimator.get_params().items()
        return {self.canonical(name): value for name, value in parameters if value is not None}

    def _refuse_reserved(self) -> None:
        kind = type(self.estimator).__name__
        refused = {**self.reserved, "objective": "boostobj's loss is the objective, leave it out"}
        for name, value in self.estimator.get_params().items():
            own = self.canonical(name)
            if own in refused and value is not None and value not in self.neutral.get(own, ()):
                raise ValueError(f"estimator: {kind}({name}={value!r}): {refused[own]}")

    @property
    @abstractmethod
    def dart(self) -> bool:
        """Whether trees are dropped."""

    @property
    @abstractmethod
    def n_rounds(self) -> int:
        """How many rounds the hyperparameters ask for."""

    @abstractmethod
    def refusal_of(self, booster: Any) -> str:
        """Why no loss can go on from a booster of its kind; empty if one can."""

    def at_its_best(self, booster: Any) -> Any:
        """A booster to go on from without the rounds that its predictions leave out."""
        return booster

    @abstractmethod
    def objective_of(self, booster: Any) -> tuple[str, Link | None]:
        """The built-in objective of a booster and the link of its margins.

        The name is empty if the booster may have had a custom one; the link is None if it is
        none of boostobj's.
        """

    @abstractmethod
    def train(self, task: Task, train: Rows, validation: Rows | None) -> tuple[Any, list[float]]:
        """Train from zero; the booster and the metric by round."""

    @abstractmethod
    def complete(self, booster: Any, start: NumpyArray | None) -> Any:
        """What `train` gave, cut at its best round, with the start value of each output inside.

        None stands for a model that went on from another, which has its start inside.
        """

    @abstractmethod
    def raw_prediction(self, booster: Any, X: Any) -> NumpyArray:
        """Margins of the whole model."""

    @abstractmethod
    def staged_raw_prediction(self, booster: Any, X: Any) -> Iterator[NumpyArray]:
        """Margins after each round."""

    @abstractmethod
    def n_outputs(self, booster: Any) -> int:
        """Margins per row."""

    @abstractmethod
    def rounds(self, booster: Any) -> int:
        """Number of rounds in the booster."""

    @abstractmethod
    def feature_importances(self, booster: Any) -> NumpyArray:
        """The engine's importances, unscaled."""


@dataclass
class FittedModel:
    """A trained booster, whole: the start value is inside, the rounds after the best are not."""

    engine: Engine
    booster: Any
    evals_result: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    @property
    def n_rounds(self) -> int:
        """Number of rounds in the booster."""
        return self.engine.rounds(self.booster)

    def raw_prediction(self, X: Any) -> NumpyArray:
        """Margins, float64 of shape (n,) or (n, k)."""
        return np.asarray(self.engine.raw_prediction(self.booster, X), dtype=np.float64)

    def staged_raw_prediction(self, X: Any) -> Iterator[NumpyArray]:
        """Margins after each round."""
        for raw in self.engine.staged_raw_prediction(self.booster, X):
            yield np.asarray(raw, dtype=np.float64)

    def feature_importances(self) -> NumpyArray:
        """Importances that sum to one, or zeros without a single split."""
        importances = self.engine.feature_importances(self.booster)
        return importances / max(float(importances.sum()), np.finfo(np.float64).tiny)


def resolve_engine(
    estimator: Any = None,
    *,
    owner: str = "BoostRegressor",
    random_state: Any = None,
    fitted_belongs: str = "a model to go on from as init_model of fit",
) -> Engine:
    """The engine behind a user's `estimator`.

    Parameters
    ----------
    estimator : XGBRegressor, XGBClassifier, LGBMRegressor or LGBMClassifier, unfitted, or None
        None takes the installed engine, XGBoost before LightGBM, with defaults of boostobj.
    owner : str
        Who asks, for error messages.
    random_state : int, RandomState or None
        Seeds the engine unless `estimator` has a seed of its own.
    fitted_belongs : str
        Where `owner` takes a fitted model, for the error message.

    Returns
    -------
    Engine

    Raises
    ------
    ImportError
        If no engine is installed.
    TypeError
        If `estimator` is of the wrong kind.
    ValueError
        If it is fitted already, or carries parameters that the loss sets itself.
    """
    from boostobj.estimators._lightgbm import LightGBMEngine
    from boostobj.estimators._xgboost import XGBoostEngine

    engines: dict[str, type[XGBoostEngine | LightGBMEngine]] = {
        "xgboost": XGBoostEngine,
        "lightgbm": LightGBMEngine,
    }
    if estimator is None:
        name = next((name for name in engines if importlib.util.find_spec(name)), None)
        if name is None:
            raise ImportError(
                f"{owner} needs an engine: pip install xgboost (or xgboost-cpu) or lightgbm"
            )
        return engines[name](engines[name].default(), random_state)
    kind = type(estimator)
    origin = next((c.__module__ for c in kind.__mro__ if c.__module__.split(".")[0] in engines), "")
    name, _, module = origin.partition(".")
    if not (module == "sklearn" and hasattr(estimator, "get_params")) or "Rank" in kind.__name__:
        what = f"the class {estimator.__name__}" if isinstance(estimator, type) else repr(estimator)
        raise TypeError(
            f"{owner}: estimator must be an unfitted XGBRegressor, XGBClassifier, LGBMRegressor or "
            f"LGBMClassifier, or None, got {what}"
        )
    if estimator.__sklearn_is_fitted__():
        raise ValueError(
            f"{owner}: estimator is fitted already; pass an unfitted {kind.__name__} with the same "
            f"parameters, and {fitted_belongs}"
        )
    return engines[name](estimator, random_state)


def split_rows(
    rows: Rows, validation_fraction: float, *, random_state: Any = None, stratify: Any = None
) -> tuple[Rows, Rows]:
    """Split rows at random into a training and a validation part.

    Rows of weight zero tell nothing; they are no part of the draw and stay with the training rows.

    Parameters
    ----------
    rows : Rows
        All rows.
    validation_fraction : float
        Share of the rows that validate, in (0, 1).
    random_state : int, RandomState or None
        Seeds the shuffle.
    stratify : array-like, optional
        Classes to keep in equal shares.

    Returns
    -------
    train, validation : Rows

    Raises
    ------
    ValueError
        If there are too few rows, in all or in a class.
    """
    weight = rows.sample_weight
    drawn = np.arange(len(rows.y)) if weight is None else np.flatnonzero(weight)
    try:
        _, watched = train_test_split(
            drawn,
            test_size=float(validation_fraction),
            random_state=random_state,
            stratify=None if stratify is None else stratify[drawn],
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={validation_fraction!r} of {len(drawn)} rows cannot be drawn: "
            f"{error}; choose another one, or give X_val and y_val"
        ) from error
    validates = np.zeros(len(rows.y), dtype=bool)
    validates[watched] = True
    return take_rows(rows, np.flatnonzero(~validates)), take_rows(rows, np.flatnonzero(validates))


def take_rows(rows: Rows, index: NumpyArray) -> Rows:
    """Some of the rows."""
    X, y, weight = rows
    X = X.iloc[index] if hasattr(X, "iloc") else X[index]
    return Rows(X, y[index], None if weight is None else weight[index])


def fit_engine(
    engine: Engine,
    loss: Loss,
    train: Rows,
    validation: Rows | None = None,
    *,
    early_stopping_rounds: int | None = None,
    verbose: int = 0,
    init_model: Any = None,
) -> FittedModel:
    """Train a booster with a loss; see the module.

    Parameters
    ----------
    engine : Engine
        From `resolve_engine`.
    loss : Loss
        The objective, its metric and its start value.
    train, validation : Rows
        Rows to train on, and to watch.
    early_stopping_rounds : int, optional
        Stop when the metric on `validation` has not improved for so many rounds.
    verbose : int
        0 is silent, 1 a bar or ten lines, k > 1 a line every k rounds.
    init_model : booster, optional
        A whole booster of the same engine to go on from.

    Returns
    -------
    FittedModel
    """
    weight = train.sample_weight
    start = np.asarray(loss.init_score(train.y, weight), dtype=np.float64)
    if loss.unit_curvature:
        _check_precision(train, start, engine)
    mean_hessian = _mean_hessian(loss, engine, train.y, start, weight)
    metric = loss.metric
    metric_unit = _metric_unit(metric, validation, start)
    if init_model is not None:
        _check_margins(engine.n_outputs(init_model), start.size, loss)
        # a whole model has its start inside
        start = np.zeros_like(start)
    progress = Progress(engine.n_rounds, metric.name, verbose)

    batch: Batch | None = None
    raw_at_first = raw_before = np.zeros(1)

    def objective(raw: NumpyArray, dataset: Any) -> tuple[NumpyArray, NumpyArray]:
        nonlocal batch, raw_at_first, raw_before
        raw_before = raw
        if batch is None:
            raw_at_first = np.array(raw)
        # only the margins change from round to round
        batch = batch or replace(read_call(raw, dataset), y_true=train.y)
        raw = start + _columns(raw, start)
        if validation is None and progress.due:
            progress.show(metric.score(train.y, raw, weight))
        progress.round += 1
        return derivatives(loss, replace(batch, raw=raw), mean_hessian)

    def validate(raw: NumpyArray) -> float:
        assert validation is not None
        raw = start + _columns(raw, start)
        score = metric.score(validation.y, raw, validation.sample_weight)
        if progress.due:
            progress.show(score)
        return score

    task = Task(
        objective=objective,
        metric=validate,
        metric_name=metric.name,
        metric_unit=metric_unit,
        n_outputs=int(start.size),
        mean_hessian=mean_hessian,
        max_delta_step=loss.max_delta_step,
        early_stopping_rounds=early_stopping_rounds,
        init_model=init_model,
    )
    with closing(progress):
        booster, history = engine.train(task, train, validation)
        if validation is None and progress.due:
            raw = start + _columns(engine.raw_prediction(booster, train.X), start)
            progress.show(metric.score(train.y, raw, weight))
    if early_stopping_rounds is not None:
        progress.show_best(history)
    booster = engine.complete(booster, np.atleast_1d(start) if init_model is None else None)
    _check_splits(engine, booster, init_model, raw_before - raw_at_first, train)
    evals_result = {} if validation is None else {"validation": {metric.name: history}}
    return FittedModel(engine, booster, evals_result)


def check_range(engine: Engine, rows: Rows, suffix: str = "") -> None:
    """Refuse targets and weights that single precision does not hold, and all but equal targets."""
    spread = np.ptp(rows.y, axis=0)
    if np.any((spread > 0) & (spread < LEAST_SPREAD)):
        raise ValueError(
            f"y{suffix} varies by {np.min(spread[spread > 0]):.3g}, less than boosters can tell "
            "apart: multiply it, and divide the predictions"
        )
    for name, values in (("y", rows.y), ("sample_weight", rows.sample_weight)):
        if values is not None:
            refuse_beyond_single(values, f"{name}{suffix}", engine.name)


def _check_splits(
    engine: Engine, booster: Any, init_model: Any, moved: NumpyArray, train: Rows
) -> None:
    """Warn of a model without a split, or of one that has none that is new."""
    # How far margins moved before the last tree tells at once of nearly every model that it has
    # splits; of trees with several outputs, whose importances crash XGBoost 2, as well.
    if np.ptp(moved, axis=0).any():
        return
    if init_model is None:
        what, before = "tree of {} has a split, so that all predictions are the same", np.zeros(1)
        if not train.targets_vary.any():
            return
    else:
        if engine.n_rounds == 0:
            return
        what = "new tree of {} has a split, so that predictions differ as before"
        before = engine.feature_importances(init_model)
    if np.all(engine.feature_importances(booster) == before):
        warnings.warn(
            f"no {what.format(engine.name)}: the rows are too few, or the targets too small or "
            "too large, for its limits, such as min_child_samples of LightGBM, and "
            "min_child_weight and gamma of XGBoost; or weights, which count as rows, are too "
            "small: divide them by their mean; or the loss is flat, or as good as infinite, at "
            "targets of this scale; or the model to go on from fits the rows already",
            UserWarning,
            stacklevel=6,
        )


def _check_margins(k: int, wanted: int, loss: Loss) -> None:
    """Refuse a model to go on from that has other margins."""
    if k != wanted:
        raise ValueError(
            f"init_model has {k} margin{'s'[: k > 1]} a row, the loss wants {wanted}: {loss!r}"
        )


def _metric_unit(metric: Metric, validation: Rows | None, start: NumpyArray) -> float:
    """The metric of the start value, if there are rows to watch."""
    if validation is None:
        return 1.0
    constant = np.broadcast_to(start, (len(validation.y), *start.shape))
    return abs(metric.score(validation.y, constant, validation.sample_weight)) or 1.0


def _mean_hessian(
    loss: Loss, engine: Engine, y: NumpyArray, start: NumpyArray, weight: NumpyArray | None
) -> float:
    """The mean Hessian with which a small target grows the trees of one around one.

    Gains are of the order of the squared residual times the Hessian; XGBoost drops splits that
    gain less than 1e-6, and squares sums of gradients in float32. With penalties multiplied
    likewise the trees stay the same. Of several targets the smallest counts as far as the largest
    allows.
    """
    if not loss.unit_curvature or not engine.adapter.least_gain:
        return 1.0
    spread = np.atleast_1d(_spread(y, start, weight))
    spread = spread[spread > 0]
    if spread.size == 0:
        return 1.0
    wanted = -np.log2(np.clip(np.min(spread), 1e-15, 1.0))
    total = float(len(y) if weight is None else np.sum(weight))
    allowed = (18 - np.log10(total) - np.log10(np.max(spread))) / np.log10(4)
    return float(4.0 ** min(np.ceil(wanted), np.floor(allowed)))


def _check_precision(train: Rows, start: NumpyArray, engine: Engine) -> None:
    """Warn if the engine's margins hardly tell the targets from the start value."""
    spread = np.atleast_1d(_spread(train.y, start, train.sample_weight))
    offset = np.atleast_1d(start)
    step = np.spacing(np.abs(offset).astype(engine.margins))
    # what a constant target differs by is rounding
    lost = (step > 0.01 * spread) & train.targets_vary
    if np.any(lost):
        i = int(np.argmax(lost))
        warnings.warn(
            f"y varies by {spread[i]:.3g} around {offset[i]:.10g}, where the predictions of "
            f"{engine.name}, {engine.margins.__name__}, have steps of {step[i]:.3g}; subtract an "
            "offset from y, and add it to the predictions",
            UserWarning,
            stacklevel=6,
        )


def _spread(y: NumpyArray, start: NumpyArray, weight: NumpyArray | None) -> NumpyArray:
    """Mean distance of the targets from each start value."""
    # one column of targets may have several margins
    column = y[:, None] if y.ndim < 1 + start.ndim else y
    return np.asarray(np.average(np.abs(column - start), axis=0, weights=weight))


def _columns(raw: ArrayLike, start: NumpyArray) -> NumpyArray:
    """Margins in the shape that goes with the start value."""
    margins = np.asarray(raw)
    return margins.reshape(-1) if start.ndim == 0 else margins
