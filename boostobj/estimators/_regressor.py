"""The regressor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_pinball_score
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from boostobj._loss import takes_fractions
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss, MarginLoss, MulticlassLoss
from boostobj.estimators._base import (
    BoostEstimator,
    Origin,
    all_or_nothing,
    check_targets,
    check_validation,
    resolve_loss,
    warn_of_constant,
)
from boostobj.losses.multi_quantile import MultiQuantile
from boostobj.losses.squared_error import SquaredError


class BoostRegressor(RegressorMixin, BoostEstimator):  # type: ignore[misc]
    """Boosted trees that minimise any regression loss.

    The loss brings start value, metric and link; the engine brings the trees. Predictions are on
    the scale of the target, and the trained booster is whole: its start value is inside it.

    Parameters
    ----------
    estimator : XGBRegressor, XGBClassifier, LGBMRegressor or LGBMClassifier, optional
        Unfitted; it carries the engine's hyperparameters and stays as it is. By default the
        engine that is installed, XGBoost if both are, with 200 trees at a learning rate of 0.1.
        To tune it pass it. Losses with a logarithmic link limit leaves to 0.7, `Poisson` to its
        own ``max_delta_step``, unless the estimator has a ``max_delta_step``; 0 is no limit. Its
        callbacks see a booster that gets its start value when all rounds are trained.
    loss : Loss or str, default=SquaredError()
        What to minimise: an instance, or the name of a loss with its default parameters. Tune it
        by a list of instances, and say by what they are compared: `score` is R² whatever the loss.
    early_stopping_rounds : int, optional
        Stop when the loss on rows kept for validation has not improved for so many rounds, and
        keep the best round. By default all rows train for all rounds.
    validation_fraction : float or None, default=0.1
        Share of the rows that early stopping keeps for validation, in (0, 1), unless `fit` is
        given some. They are drawn at random: where rows of one day, person or place depend on
        each other, give `fit` rows of other ones, or it stops too late.
    random_state : int, RandomState or None, default=None
        Seeds that split, and the engine unless `estimator` has a seed of its own.
    verbose : int, default=0
        1 shows a bar in a terminal and ten lines elsewhere, k > 1 a line every k rounds: the
        loss on the validation rows, else on the training rows.

    Attributes
    ----------
    booster_ : xgboost.Booster or lightgbm.Booster
        The trained model. ``booster_.predict`` gives margins (XGBoost: of a `DMatrix`).
    loss_ : Loss
        The loss in use.
    best_iteration_ : int
        Number of rounds in the model.
    evals_result_ : dict
        The loss on the validation rows by round, ``{"validation": {name: [...]}}``; empty
        without such rows.
    feature_importances_ : ndarray of shape (n_features_in_,)
        The engine's importances, scaled to sum to one; zeros if no tree has a split.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Their names, if they have any.

    Examples
    --------
    >>> from boostobj import AbsoluteError, BoostRegressor
    >>> from xgboost import XGBRegressor                                  # doctest: +SKIP
    >>> model = BoostRegressor(                                           # doctest: +SKIP
    ...     XGBRegressor(max_depth=4), loss=AbsoluteError(), early_stopping_rounds=20
    ... ).fit(X, y)
    >>> model.predict(X)                                                  # doctest: +SKIP
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        loss: Loss | str = SquaredError(),  # noqa: B008 (frozen)
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
        tags.target_tags.multi_output = True
        loss = self._loss_or_none
        if loss is not None:
            tags.target_tags.positive_only = not loss._domain.contains(np.asarray([-1.0])).all()
        return tags

    @all_or_nothing
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        init_model: Any = None,
    ) -> Self:
        """Train.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features: numbers with NaN for missing ones; in a frame of pandas, polars or pyarrow
            also booleans and categories. A new one in a prediction counts as missing. XGBoost
            takes what a sparse matrix leaves out as missing, LightGBM as zero.
        y : array-like of shape (n,) or (n, k)
            Targets in the domain of the loss; k columns are k targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, >= 0: a row of weight two counts as two rows, except where the
            engines count it once, LightGBM and XGBoost 3.4 in their choice of bins and LightGBM in
            ``min_child_samples``. The engines hold sums of weights against ``min_child_weight``,
            ``reg_lambda`` and the like, so that weights in another unit train another model; divide
            by their mean if the unit is arbitrary.
        X_val, y_val, sample_weight_val : array-like, optional
            Validation rows for early stopping and for ``evals_result_``.
        init_model : BoostRegressor or booster, optional
            A fitted model of the same engine to go on from, with the same features and link.
            Categories are those it knows, and others in `X` an error; a bare XGBoost booster
            before 3.1 does not know its own, which then must be coded alike.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If an argument is not what it should be; before training starts.
        """
        given = check_validation(self, X_val, y_val, sample_weight_val)
        loss = resolve_loss(self.loss, type(self).__name__)
        _refuse_classes(loss)
        engine = self._engine(validation_given=given)
        origin = Origin.of(init_model)
        rows = self._rows(X, y, sample_weight, origin=origin)
        rows = rows._replace(y=check_targets(y, "y", loss))
        validation = None
        if given:
            validation = self._rows(X_val, y_val, sample_weight_val, validation=True)
            validation = validation._replace(y=check_targets(y_val, "y_val", loss))
        if origin is None:
            warn_of_constant(self, rows.y, rows.sample_weight)
        self.loss_ = loss
        return self._fit(engine, rows, validation, origin)

    def predict(self, X: Any) -> NumpyArray:
        """Predict on the scale of the target: the link is applied.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Returns
        -------
        ndarray of shape (n,) or (n, k)
        """
        return self._linked(self._raw_prediction(X))

    def staged_predict(self, X: Any) -> Iterator[NumpyArray]:
        """Predict after each round.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Yields
        ------
        ndarray of shape (n,) or (n, k)
        """
        return map(self._linked, self._staged_raw_prediction(X))

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """R² of `predict`; for `MultiQuantile` the mean over quantiles of its kin, D².

        D² is the share of the pinball loss of the best constant that is gone: 1 is perfect.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.
        y : array-like of shape (n,) or (n, k)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        if not isinstance(self.loss_, MultiQuantile):
            return float(super().score(X, y, sample_weight))
        predictions = self.predict(X)
        targets = np.broadcast_to(np.reshape(y, (len(predictions), -1)), predictions.shape)
        scores = [
            d2_pinball_score(targets[:, j], predictions[:, j], sample_weight=sample_weight, alpha=q)
            for j, q in enumerate(self.loss_.quantiles)
        ]
        return float(np.mean(scores))

    def _mean_loss(
        self, loss: Loss, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        _refuse_classes(loss)
        raw = self._raw_prediction(X)
        if loss.link != self.loss_.link:
            raw = np.asarray(loss.link.link(self._linked(raw)))
        return float(loss.metric.score(check_targets(y, "y", loss), raw, sample_weight))

    def _linked(self, raw: NumpyArray) -> NumpyArray:
        return np.asarray(self.loss_.link.inverse(raw))


def _refuse_classes(loss: Loss) -> None:
    """Refuse a loss of classes."""
    labels_only = loss.link.gives_probabilities and not takes_fractions(loss)
    if labels_only or isinstance(loss, MarginLoss | MulticlassLoss):
        raise TypeError(f"BoostRegressor: {loss!r} is a loss of classes; use BoostClassifier")
