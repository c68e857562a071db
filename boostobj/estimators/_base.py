"""What the regressor and the classifier share: parameters, checks and the fit itself."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from boostobj._arrays import check_weights
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss, get_loss
from boostobj.estimators._features import check_features
from boostobj.estimators._fitting import (
    Engine,
    FittedModel,
    Rows,
    fit_engine,
    resolve_engine,
    split_rows,
)
from boostobj.groups import GroupLoss

__all__ = ["BoostEstimator", "resolve_loss"]


def resolve_loss(loss: Any, owner: str) -> Loss:
    """A loss from an instance or a name."""
    if isinstance(loss, str):
        loss = get_loss(loss)
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


class BoostEstimator(BaseEstimator):  # type: ignore[misc]
    """A booster and a loss, wired."""

    #: The fitted model.
    _fitted: FittedModel

    def __init__(
        self,
        estimator: Any = None,
        *,
        loss: Loss | str,
        early_stopping_rounds: int | None = None,
        validation_fraction: float | None = 0.1,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.loss = loss
        self.early_stopping_rounds = early_stopping_rounds
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    @property
    def booster_(self) -> Any:
        """The trained `xgboost.Booster` or `lightgbm.Booster`, whole.

        Its own margins are those of this estimator, in any process, without boostobj.
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
        return self._model.feature_importances(self.n_features_in_)

    @property
    def _model(self) -> FittedModel:
        check_is_fitted(self)
        return self._fitted

    def _fit(
        self,
        rows: Rows,
        validation: Rows | None,
        init_model: Any,
        stratify: NumpyArray | None = None,
    ) -> Self:
        """Train on checked rows with ``self.loss_``."""
        engine = self._engine()
        if self.early_stopping_rounds is not None and validation is None:
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
            init_model=self._booster_of(init_model, engine),
        )
        return self

    def _engine(self) -> Engine:
        owner = type(self).__name__
        return resolve_engine(self.estimator, owner=owner, random_state=self.random_state)

    def _check_parameters(self, *, validation_given: bool) -> None:
        """Refuse settings that make no sense, alone or together."""
        owner = type(self).__name__
        rounds, fraction, verbose = (
            self.early_stopping_rounds,
            self.validation_fraction,
            self.verbose,
        )
        if rounds is not None and (
            isinstance(rounds, bool) or not isinstance(rounds, Integral) or rounds < 1
        ):
            raise ValueError(
                f"{owner}: early_stopping_rounds must be an integer >= 1 or None, got {rounds!r}"
            )
        if fraction is not None and not (
            isinstance(fraction, Real) and not isinstance(fraction, bool) and 0 < fraction < 1
        ):
            raise ValueError(
                f"{owner}: validation_fraction must be a number in (0, 1) or None, got {fraction!r}"
            )
        if not isinstance(verbose, Integral) or verbose < 0:
            raise ValueError(f"{owner}: verbose must be an integer >= 0, got {verbose!r}")
        if rounds is None:
            return
        if fraction is None and not validation_given:
            raise ValueError(
                f"{owner}: early_stopping_rounds={rounds} needs rows to watch: set "
                "validation_fraction, or pass X_val and y_val to fit"
            )
        if self._engine().dart:
            raise ValueError(
                f"{owner}: early_stopping_rounds={rounds} cannot go with DART, whose later rounds "
                "change earlier trees"
            )

    def _booster_of(self, init_model: Any, engine: Engine) -> Any:
        """The booster to go on from."""
        if init_model is None:
            return None
        owner = type(self).__name__
        if isinstance(init_model, BoostEstimator):
            init_model = init_model.booster_
        if type(init_model).__module__.split(".")[0] != engine.name:
            raise TypeError(
                f"{owner}: init_model must be a fitted {owner} or a Booster of {engine.name}, got "
                f"{type(init_model).__module__}.{type(init_model).__qualname__}"
            )
        return init_model

    def _rows(
        self, X: Any, y: Any, sample_weight: ArrayLike | None, *, validation: bool = False
    ) -> Rows:
        """Checked features and weights beside the targets as they came."""
        suffix = "_val" if validation else ""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y{suffix} to be passed, but the "
                "target y is None"
            )
        features = check_features(self, X, reset=not validation, name=f"X{suffix}")
        check_consistent_length(features, y)
        weight = check_weights(sample_weight, features.shape[0], f"sample_weight{suffix}")
        return Rows(features, y, None if weight is None else np.asarray(weight, dtype=np.float64))

    def _check_validation(self, X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
        """Whether a validation part is given; an error for half of one."""
        owner = type(self).__name__
        if (X_val is None) is not (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"{owner}: X_val and y_val go together, {missing} is missing")
        if X_val is None and sample_weight_val is not None:
            raise ValueError(f"{owner}: sample_weight_val needs X_val and y_val")
        return X_val is not None

    def _raw_prediction(self, X: Any) -> NumpyArray:
        model = self._model
        return model.raw_prediction(check_features(self, X, reset=False))

    def _staged_raw_prediction(self, X: Any) -> Iterator[NumpyArray]:
        model = self._model
        return model.staged_raw_prediction(check_features(self, X, reset=False))


def check_targets(y: Any, name: str) -> NumpyArray:
    """Targets as finite float64 numbers."""
    try:
        checked: NumpyArray = check_array(y, ensure_2d=False, dtype=np.float64, input_name=name)
    except (TypeError, ValueError) as error:
        if "could not convert" in str(error):
            raise ValueError(f"{name} must be numbers: {error}") from None
        raise
    return checked
