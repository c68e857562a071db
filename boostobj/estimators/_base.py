"""What the regressor and the classifier share: parameters, checks and the fit itself."""

from __future__ import annotations

import reprlib
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import wraps
from numbers import Integral, Real
from typing import Any, NamedTuple, Self, TypeVar, cast

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import (
    _num_samples,
    check_array,
    check_is_fitted,
    column_or_1d,
)

from boostobj._arrays import holds_dates, on_host, title
from boostobj._checks import check_weights
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss, get_loss
from boostobj.estimators._features import check_features
from boostobj.estimators._fitting import (
    Engine,
    FittedModel,
    Rows,
    check_range,
    fit_engine,
    resolve_engine,
    split_rows,
)
from boostobj.estimators._xgboost import categories_of
from boostobj.groups import GroupLoss

__all__ = ["BoostEstimator", "all_or_nothing", "resolve_loss"]

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def resolve_loss(loss: Any, owner: str) -> Loss:
    """A loss from an instance or a name."""
    if isinstance(loss, str):
        try:
            loss = get_loss(loss)
        except ValueError as error:
            raise ValueError(f"{owner}: loss: {error}") from None
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise TypeError(f"{owner}: loss must be an instance, {loss.__name__}() and not the class")
    if not isinstance(loss, Loss):
        raise TypeError(f"{owner}: loss must be a Loss or the name of one, got {loss!r}")
    if isinstance(loss, GroupLoss):
        raise TypeError(
            f"{owner}: {loss!r} compares the rows of a group; train it with xgboost.train, "
            "lightgbm.train or LGBMRanker"
        )
    return loss


class Origin(NamedTuple):
    """A model to go on from, as it was before `fit`, which may be its own.

    Attributes
    ----------
    booster : booster
    categories : dict, list or None
        Those of its categorical columns: by name, in turn, or unknown.
    traits : dict
        What the new model must have as well, as far as it is known.
    custom : bool
        Whether a custom objective trained it, whatever the booster says.
    """

    booster: Any
    categories: Any
    traits: dict[str, Any]
    custom: bool = False

    @classmethod
    def of(cls, init_model: Any) -> Origin | None:
        """What there is to know about the argument of `fit`."""
        if init_model is None:
            return None
        if isinstance(init_model, BoostEstimator):
            return cls(
                init_model.booster_, init_model._categories, init_model._traits(), custom=True
            )
        custom = callable(getattr(init_model, "objective", None))
        if hasattr(init_model, "get_booster"):
            init_model = init_model.get_booster()
        elif hasattr(init_model, "n_estimators"):
            init_model = init_model.booster_  # of LightGBM's wrappers
        if not hasattr(init_model, "pandas_categorical"):
            known = hasattr(init_model, "save_raw")  # else it is no booster, and refused later
            return cls(init_model, categories_of(init_model) if known else None, {}, custom)
        traits = {"n_features_in_": init_model.num_feature()}
        names = init_model.feature_name()
        if names != [f"Column_{i}" for i in range(len(names))]:
            traits["feature_names_in_"] = names
        return cls(init_model, init_model.pandas_categorical or [], traits, custom)


def all_or_nothing(fit: MethodT) -> MethodT:
    """A `fit` that leaves the estimator as it was if it fails."""

    @wraps(fit)
    def whole(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = vars(self).copy()
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return cast("MethodT", whole)


class TakesFrames(BaseEstimator):  # type: ignore[misc]
    """An estimator that takes the features that the engines take."""

    estimator: Any

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, and of the engine's as ``estimator__max_depth``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is no such parameter, also of a loss, which is replaced as a whole.
        """
        self._check_nested(params)
        super().set_params(**params)
        return self

    def _check_nested(self, params: dict[str, Any]) -> None:
        """Refuse parameters of what has none."""
        nested = [name for name in params if name.startswith("estimator__")]
        if nested and self.estimator is None and "estimator" not in params:
            raise ValueError(
                f"{type(self).__name__}: {nested[0]} needs an engine to set it in, such as "
                "estimator=XGBRegressor()"
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags


class BoostEstimator(TakesFrames):
    """A booster and a loss, wired."""

    loss: Loss | str
    early_stopping_rounds: int | None
    validation_fraction: float | None
    random_state: Any
    verbose: int
    #: The fitted model.
    _fitted: FittedModel

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def _check_nested(self, params: dict[str, Any]) -> None:
        nested = [name for name in params if name.startswith("loss__")]
        if nested:
            raise ValueError(
                f"{type(self).__name__}: there is no parameter {nested[0]!r}; a loss is replaced "
                "as a whole: loss=Huber(2.0), in a search loss=[Huber(1.0), Huber(2.0)]"
            )
        super()._check_nested(params)

    @property
    def _loss_or_none(self) -> Loss | None:
        """The loss, None as long as the parameter is no loss."""
        try:
            return resolve_loss(self.loss, type(self).__name__)
        except (TypeError, ValueError):
            return None

    @property
    def booster_(self) -> Any:
        """The trained `xgboost.Booster` or `lightgbm.Booster`, whole.

        Its own margins are those of this estimator, in any process, without boostobj. It knows
        categories that are integers or strings, of XGBoost ASCII ones; others, such as dates, it
        has as their numbers in turn.
        """
        return self._model.booster

    @property
    def best_iteration_(self) -> int:
        """Number of rounds in the model: the best one's under early stopping, else all."""
        return self._model.n_rounds

    @property
    def evals_result_(self) -> dict[str, dict[str, list[float]]]:
        """The loss on the validation rows by round: ``{"validation": {name: [...]}}``."""
        return self._model.evals_result

    @property
    def feature_importances_(self) -> NumpyArray:
        """The engine's importances, by the `importance_type` of `estimator`; they sum to one."""
        return self._model.feature_importances()

    @property
    def _model(self) -> FittedModel:
        check_is_fitted(self)
        return self._fitted

    def _fit(
        self,
        engine: Engine,
        rows: Rows,
        validation: Rows | None,
        origin: Origin | None,
        stratify: NumpyArray | None = None,
    ) -> Self:
        """Train on checked rows with ``self.loss_``."""
        if validation is not None and validation.y.shape[1:] != rows.y.shape[1:]:
            raise ValueError(
                f"{type(self).__name__}: y_val of shape {validation.y.shape} does not fit y of "
                f"shape {rows.y.shape}"
            )
        init_model = None
        if origin is not None:
            self._check_origin(origin, engine)
            init_model = engine.at_its_best(origin.booster)
        check_range(engine, rows)
        if validation is not None:
            check_range(engine, validation, "_val")
        if self.early_stopping_rounds is not None and validation is None:
            assert self.validation_fraction is not None
            rows, validation = split_rows(
                rows,
                self.validation_fraction,
                random_state=self.random_state,
                stratify=stratify,
            )
        self._fitted = fit_engine(
            engine,
            self.loss_,
            rows,
            validation,
            early_stopping_rounds=self.early_stopping_rounds,
            verbose=int(self.verbose),
            init_model=init_model,
        )
        return self

    def _engine(self, *, validation_given: bool) -> Engine:
        """The engine, once all settings are checked, alone and together."""
        check_training_settings(self)
        owner = type(self).__name__
        engine = resolve_engine(self.estimator, owner=owner, random_state=self.random_state)
        if self.early_stopping_rounds is not None:
            check_early_stopping(self, engine, validation_given=validation_given)
        return engine

    def _check_origin(self, origin: Origin, engine: Engine) -> None:
        """Refuse to go on from a model of another kind."""
        owner = type(self).__name__
        kind = type(origin.booster)
        if kind.__module__.split(".")[0] != engine.name:
            raise TypeError(
                f"{owner}: init_model must be of {engine.name}, a fitted {owner} or a Booster, got "
                f"{kind.__module__}.{kind.__qualname__}"
            )
        refusal = engine.refusal_of(origin.booster)
        if refusal:
            raise ValueError(f"{owner}: init_model {refusal}")
        objective, link = ("", None) if origin.custom else engine.objective_of(origin.booster)
        if objective and link != self.loss_.link:
            raise ValueError(
                f"{owner}: init_model was trained with the objective {objective!r}, whose margins "
                f"have another link than those of {self.loss_!r}, {self.loss_.link!r}"
            )
        mine = self._traits()
        for name, theirs in origin.traits.items():
            own = mine.get(name, theirs)
            # LightGBM has no spaces in names
            if str(theirs).replace(" ", "_") != str(own).replace(" ", "_"):
                raise ValueError(
                    f"{owner}: init_model has {name} {reprlib.repr(theirs)}, this fit "
                    f"{reprlib.repr(own)}; they must be the same"
                )

    def _traits(self) -> dict[str, Any]:
        """What a fitted model has in common with one that goes on from it."""
        link = self.loss_.link
        arguments = ", ".join(f"{name}={value!r}" for name, value in vars(link).items())
        traits: dict[str, Any] = {"n_features_in_": self.n_features_in_}
        for name in ("feature_names_in_", "classes_"):
            if hasattr(self, name):
                traits[name] = getattr(self, name).tolist()
        return {**traits, "link": f"{type(link).__name__}({arguments})"}

    def _rows(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        validation: bool = False,
        origin: Origin | None = None,
    ) -> Rows:
        """Checked features and weights beside the targets as they came."""
        require_target(self, y)
        suffix = "_val" if validation else ""
        features = check_features(
            self,
            X,
            reset=not validation,
            name=f"X{suffix}",
            categories=None if origin is None else origin.categories,
        )
        return weighted_rows(features, y, sample_weight, suffix)

    @abstractmethod
    def _mean_loss(
        self, loss: Loss, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        """The weighted mean over new rows of a loss, which need not be that of the training."""

    def _raw_prediction(self, X: Any) -> NumpyArray:
        model = self._model
        return model.raw_prediction(check_features(self, X, reset=False))

    def _staged_raw_prediction(self, X: Any) -> Iterator[NumpyArray]:
        model = self._model
        return model.staged_raw_prediction(check_features(self, X, reset=False))


def require_target(model: Any, y: Any) -> None:
    """Refuse to do without targets, in scikit-learn's words."""
    if y is None:
        raise ValueError(
            f"This {type(model).__name__} estimator requires y to be passed, but the target y is "
            "None"
        )


def weighted_rows(X: Any, y: Any, sample_weight: ArrayLike | None, suffix: str = "") -> Rows:
    """Features and targets of one length, with checked weights."""
    n, n_targets = _num_samples(X), _num_samples(y)
    if n != n_targets:
        raise ValueError(
            f"X{suffix} and y{suffix} must have the same number of rows, got {n} and {n_targets}"
        )
    weight = check_weights(sample_weight, n, f"sample_weight{suffix}")
    return Rows(X, y, None if weight is None else np.asarray(weight, dtype=np.float64))


def is_level(value: Any) -> bool:
    """Whether it is a number in (0, 1)."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1


def check_training_settings(model: Any) -> None:
    """Refuse values that make no sense of the parameters that all estimators have."""
    owner = type(model).__name__
    rounds, fraction, verbose = (
        model.early_stopping_rounds,
        model.validation_fraction,
        model.verbose,
    )
    if rounds is not None and (
        isinstance(rounds, bool) or not isinstance(rounds, Integral) or rounds < 1
    ):
        raise ValueError(
            f"{owner}: early_stopping_rounds must be an integer >= 1 or None, got {rounds!r}"
        )
    if fraction is not None and not is_level(fraction):
        raise ValueError(
            f"{owner}: validation_fraction must be a number in (0, 1) or None, got {fraction!r}"
        )
    if not isinstance(verbose, Integral) or verbose < 0:
        raise ValueError(f"{owner}: verbose must be an integer >= 0, got {verbose!r}")
    try:
        check_random_state(model.random_state)
    except ValueError:
        raise ValueError(
            f"{owner}: random_state must be an integer from 0 to 2**32 - 1, a RandomState or None, "
            f"got {model.random_state!r}"
        ) from None


def check_early_stopping(model: Any, engine: Engine, *, validation_given: bool) -> None:
    """Refuse early stopping without rows to watch, or of DART."""
    owner, rounds = type(model).__name__, model.early_stopping_rounds
    if model.validation_fraction is None and not validation_given:
        raise ValueError(
            f"{owner}: early_stopping_rounds={rounds} needs rows to watch: set "
            "validation_fraction, or pass X_val and y_val to fit"
        )
    if engine.dart:
        raise ValueError(
            f"{owner}: early_stopping_rounds={rounds} cannot go with DART, whose later rounds "
            "change earlier trees"
        )


def check_validation(model: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
    """Whether a validation part is given; an error for half of one."""
    owner = type(model).__name__
    if (X_val is None) is not (y_val is None):
        missing = "X_val" if X_val is None else "y_val"
        raise ValueError(f"{owner}: X_val and y_val go together, {missing} is missing")
    if X_val is None and sample_weight_val is not None:
        raise ValueError(f"{owner}: sample_weight_val needs X_val and y_val")
    return X_val is not None


def check_targets(y: Any, name: str, loss: Loss) -> NumpyArray:
    """Targets as finite float64 numbers in the domain of the loss."""
    y = on_host(y)
    values = np.asarray(y)
    if holds_dates(values):
        raise TypeError(f"{name} must be numbers, got dates or durations: {values.dtype}")
    try:
        checked: NumpyArray = check_array(y, ensure_2d=False, dtype=np.float64, input_name=name)
    except (TypeError, ValueError) as error:
        if "could not convert" in str(error):
            raise ValueError(f"{name} must be numbers: {error}") from None
        raise
    if checked.shape[1:] == (1,):
        checked = column_or_1d(checked, warn=True)
    loss._domain.check(checked, name, title(loss))
    return checked


def warn_of_constant(model: Any, y: NumpyArray, weight: NumpyArray | None) -> None:
    """Warn of targets that are all the same where they have weight."""
    y, of_weight = (y, "") if weight is None else (y[weight > 0], " of positive weight")
    if len(y) > 1 and np.all(y == y[0]):
        warnings.warn(
            f"{type(model).__name__}: y is {y[0]!s} in all {len(y)} rows{of_weight}, there is "
            "nothing to learn",
            UserWarning,
            stacklevel=4,
        )
