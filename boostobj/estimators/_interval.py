"""Prediction intervals that cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from boostobj._typing import ArrayLike, NumpyArray
from boostobj.estimators._base import TakesFrames, all_or_nothing, warn_of_constant
from boostobj.estimators._conformal import (
    SLACK,
    Calibration,
    TooFewRowsError,
    beyond,
    level_weights,
)
from boostobj.estimators._features import check_features
from boostobj.estimators._fitting import take_rows
from boostobj.estimators._folds import calibration_folds
from boostobj.estimators._groups import Groups
from boostobj.estimators._interval_checks import (
    check_enclosed,
    check_level,
    check_parameters,
    check_rows,
    has_validation,
)
from boostobj.estimators._quantile_models import (
    check_models,
    fit_models,
    levels_of,
    predict_levels,
)

__all__ = ["QuantileIntervalRegressor"]


class QuantileIntervalRegressor(RegressorMixin, TakesFrames):  # type: ignore[misc]
    """Prediction intervals that cover new rows as often as they promise.

    One boosted model per quantile, with `Quantile` as objective, and conformal calibration of
    what they predict. Quantiles never cross. By default, without weights and on exchangeable
    data, the interval holds the target of a new row with at least the probability ``upper -
    lower``, whatever the models are like; see the notes for weights and for "cv".

    `score` is the R² of the median and knows nothing of the intervals: select `lower`, `upper` or
    the engine's parameters by ``interval_scorers(coverage)["neg_interval_score"]``.

    Parameters
    ----------
    estimator : XGBRegressor, XGBClassifier, LGBMRegressor, LGBMClassifier or mapping, optional
        Unfitted, it carries the engine's hyperparameters and stays as it is. By default the
        engine that is installed, XGBoost if both are, with 200 small trees. A mapping from level
        to *fitted* model, ``{0.05: low, 0.5: median, 0.95: high}``, of any kind with `predict`,
        is calibrated as it is: all rows of `fit` are calibration rows then. A model that
        predicts several columns has a tuple of levels for key. The levels have to enclose
        `lower`, `upper` and 0.5; what is not among them is interpolated, the median too. What has
        a say in training, from `quantiles` to ``X_val``, is refused if it is given. For
        `clone` and what clones, such as `cross_validate`, put each scikit-learn model into a
        `sklearn.frozen.FrozenEstimator`, or its copies are unfitted.
    lower, upper : float, default=0.05, 0.95
        The levels of the interval, ``0 < lower < upper < 1``. It promises to cover
        ``upper - lower``.
    quantiles : sequence of float, optional
        Further levels for `predict_quantiles`, which other coverages of `predict_interval` use as
        well. The median is always there. Each needs as many calibration rows as its own bound, 99
        for 0.01 or 0.99, unless `unbounded`.
    calibration : {"split", "cv"} or None, default="split"
        "split" calibrates on a part of the rows, which no model sees, early stopping included.
        "cv" trains on all but one of `cv` folds in turn, calibrates on the folds left out and
        predicts by the mean of the models: no row is lost, intervals are shorter, training and
        prediction take about `cv` times as long. None leaves the models as they are; such
        intervals cover less than they promise, unless `calibrate` is called.
    joint : bool, default=False
        Fit all quantiles in one model with `MultiQuantile`. It predicts the same to a rounding
        error and early stopping ends all quantiles at once. Less time goes between the rounds,
        which tells on some thousand rows or less. XGBoost's ``multi_strategy=
        "multi_output_tree"`` shares trees among the quantiles, for wider intervals.
    symmetric : bool, default=True
        One score for both sides, so that both bounds move by the same amount, which is shorter.
        Otherwise each side gets a score of its own and misses no more than its share, `lower`
        and ``1 - upper``.
    calibration_fraction : float, default=0.2
        Share of the rows that "split" calibrates on, in (0, 1). With the `groups` of `fit` it is
        a share of each group, rounded up: of groups of two rows, half.
    cv : int, splitter or iterable of (train, test) indices, default=5
        The folds of "cv"; each row may be left out once at most. If rows of one day, person or
        place depend on each other, folds that keep them together keep the promise for new days,
        persons and places: give pairs of indices, ``cv=list(GroupKFold(5).split(X, groups=day))``.
        A splitter gets `X`, `y` and the `groups` of `fit`, by which intervals are calibrated too.
    unbounded : bool, default=False
        Give infinite bounds where too few calibration rows allow no finite one, instead of an
        error.
    early_stopping_rounds : int, optional
        Stop each model when its pinball loss on validation rows has not improved for so many
        rounds. By default all rounds are trained, which suits the few rounds of the default.
    validation_fraction : float or None, default=0.1
        Share of the training rows that early stopping keeps for validation, in (0, 1), unless
        `fit` is given some.
    n_jobs : int, optional
        Number of models to fit at once, on threads; see joblib. The engine's threads are divided
        among them.
    random_state : int, RandomState or None, default=None
        Seeds the choice of calibration and validation rows, and the engine unless `estimator`
        has a seed of its own.
    verbose : int, default=0
        1 shows a bar in a terminal and ten lines elsewhere for each model, k > 1 a line every k
        rounds.

    Attributes
    ----------
    lower_, upper_ : float
        The levels of the interval, those of `fit` or `calibrate`.
    quantiles_ : ndarray of shape (q,)
        The fitted levels, increasing.
    models_ : list of dict
        The models by level, increasing, ``models_[0][0.95]``; "cv" has one such dict a fold.
        With `joint` the key is the tuple of all levels.
    calibration_residuals_ : ndarray of shape (n_calibration, q), or None
        Target minus predicted quantile of the calibration rows.
    feature_importances_ : ndarray of shape (q, n_features_in_)
        The models' importances by level, if they have any; each row sums to one. A model of
        several levels, as with `joint`, has one row.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Their names, if they have any.

    Notes
    -----
    With n calibration rows the coverage of "split" is between ``1 - alpha`` and
    ``1 - alpha + 1/(n + 1)`` on average over calibration sets, where no two scores are equal; for
    one set it scatters by about ``sqrt(alpha (1 - alpha) / n)``.

    Sample weights count in the models and in the calibration: the promise is then for rows drawn
    with these weights ``w``. It is kept about, and well while ``sum(w)**2 / sum(w**2)``, the
    number of calibration rows that the weights are worth, is large; a few dozen rows with very
    uneven weights cover less where the noise grows with the weight. Rows of weight zero are left
    out.

    "cv" is after cross-conformal prediction and CV+, but applies the residuals of all folds to
    the mean of the folds' models. There is no theorem for that. The mean is better than each of
    them, so that it covers a little more than it promises, about a point more with 300 rows and
    five folds; the benchmark ``examples/benchmarks/intervals.py`` counts it. Targets of a few
    values want "split", the more so the better the features tell them: the folds' residuals of
    such a value lie on either side of zero where those of the mean are nearly zero, and "cv" may
    cover less.

    At the end of a pipeline, new rows go through its other steps first:
    ``pipeline[-1].predict_interval(pipeline[:-1].transform(X))``. `interval_scorers` and the
    displays do that.

    References
    ----------
    Romano, Patterson, Candès (2019). Conformalized quantile regression. NeurIPS.
    Chernozhukov, Fernández-Val, Galichon (2010). Quantile and probability curves without crossing.
    Econometrica 78(3).
    Vovk (2015). Cross-conformal predictors. Annals of Mathematics and Artificial Intelligence 74.

    Examples
    --------
    >>> from boostobj import QuantileIntervalRegressor
    >>> model = QuantileIntervalRegressor(random_state=0).fit(X, y)   # doctest: +SKIP
    >>> lower, upper = model.predict_interval(X_new).T                # doctest: +SKIP
    >>> wider = model.predict_interval(X_new, coverage=0.95)          # doctest: +SKIP
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        lower: float = 0.05,
        upper: float = 0.95,
        quantiles: Any = None,
        calibration: str | None = "split",
        joint: bool = False,
        symmetric: bool = True,
        calibration_fraction: float = 0.2,
        cv: Any = 5,
        unbounded: bool = False,
        early_stopping_rounds: int | None = None,
        validation_fraction: float | None = 0.1,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.lower = lower
        self.upper = upper
        self.quantiles = quantiles
        self.calibration = calibration
        self.joint = joint
        self.symmetric = symmetric
        self.calibration_fraction = calibration_fraction
        self.cv = cv
        self.unbounded = unbounded
        self.early_stopping_rounds = early_stopping_rounds
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "models_")

    @property
    def feature_importances_(self) -> NumpyArray:
        """The models' importances by level, of shape (q, n_features_in_); rows sum to one."""
        check_is_fitted(self)
        by_fold = [[m.feature_importances_ for m in fold.values()] for fold in self.models_]
        return np.asarray(normalize(np.mean(by_fold, axis=0), norm="l1"))

    @all_or_nothing
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the quantile models and calibrate them.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features: numbers with NaN for missing ones; in a frame of pandas, polars or pyarrow
            also booleans and categories. A new one in a prediction counts as missing. XGBoost
            takes what a sparse matrix leaves out as missing, LightGBM as zero.
        y : array-like of shape (n,)
            Targets, finite.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, >= 0: a row of weight two counts as two rows, see
            `BoostRegressor.fit`.
        groups : array-like of shape (n,), optional
            A category of each row; categories are the same if they are equal, whatever their
            type. The intervals then cover in every category as often as they
            promise, and the category of each new row is asked for.
        X_val, y_val, sample_weight_val : array-like, optional
            Validation rows for early stopping.

        Returns
        -------
        self

        Raises
        ------
        TooFewRowsError
            If there are too few calibration rows, overall or in a group, for the interval or one
            of `quantiles`; a ValueError.
        TypeError, ValueError
            If an argument is not what it should be; before training starts.
        """
        check_parameters(self)
        has_val = has_validation(self, X_val, y_val, sample_weight_val)
        if isinstance(self.estimator, Mapping):
            return self._fit_prefit(X, y, sample_weight, groups)
        features = check_features(self, X, reset=True)
        rows = check_rows(self, features, y, sample_weight)
        known = Groups.of(groups, len(rows.y), weight=rows.sample_weight)
        validation = None
        if has_val:
            X_val = check_features(self, X_val, reset=False, name="X_val")
            validation = check_rows(self, X_val, y_val, sample_weight_val, "_val")
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        folds = calibration_folds(self, rows, known, groups, seed)
        left_out = np.concatenate([rest for _, rest in folds])
        weight = None if rows.sample_weight is None else rows.sample_weight[left_out]
        known = known and known.take(left_out)
        calibration = None
        if self.calibration is not None:
            calibration = self._calibration_of(np.zeros((len(left_out), 0)), weight, known)
        warn_of_constant(self, rows.y, rows.sample_weight)
        models = fit_models(self, [take_rows(rows, train) for train, _ in folds], validation, seed)
        if calibration is not None:
            predicted = [
                predict_levels(fold, take_rows(rows, rest).X, checked=True)
                for fold, (_, rest) in zip(models, folds, strict=True)
            ]
            residuals = rows.y[left_out, None] - np.concatenate(predicted)
            calibration = replace(calibration, residuals=residuals, of_folds=len(folds) > 1)
        self._prefit = False
        return self._keep(models, calibration, known)

    def _fit_prefit(
        self, X: Any, y: Any, sample_weight: ArrayLike | None, groups: ArrayLike | None
    ) -> Self:
        """Calibrate the user's models."""
        models = check_models(self.estimator, type(self).__name__)
        check_enclosed(self, levels_of(models))
        rows = check_rows(self, X, y, sample_weight)
        known = Groups.of(groups, len(rows.y), weight=rows.sample_weight)
        residuals = rows.y[:, None] - predict_levels(models, X, checked=False)
        calibration = self._calibration_of(residuals, rows.sample_weight, known)
        validate_data(self, X, reset=True, skip_check_array=True)
        self._prefit = True
        return self._keep([models], calibration, known)

    def _calibration_of(
        self, residuals: NumpyArray, weight: NumpyArray | None, groups: Groups | None
    ) -> Calibration:
        """The calibration; an error if there are too few rows for what is asked, in any group."""
        calibration = Calibration(
            residuals, weight, groups, bool(self.symmetric), bool(self.unbounded)
        )
        quantiles = () if self.quantiles is None else map(float, self.quantiles)
        calibration.check(float(self.lower), float(self.upper), quantiles)
        return calibration

    def _keep(
        self,
        models: list[dict[Any, Any]],
        calibration: Calibration | None,
        groups: Groups | None,
    ) -> Self:
        """Store all that prediction reads; parameters may be set anew without a new fit."""
        self.models_, self.quantiles_ = models, np.sort(levels_of(models[0]))
        self.lower_, self.upper_ = float(self.lower), float(self.upper)
        self._calibration = calibration
        self._labels = groups and groups.labels
        return self

    def calibrate(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Calibrate the fitted models on other rows, which none of them has seen.

        The parameters `lower`, `upper`, `quantiles`, `symmetric` and `unbounded` count as they are
        now.

        Parameters
        ----------
        X, y, sample_weight, groups
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        TooFewRowsError, TypeError, ValueError
            As `fit`.
        """
        check_is_fitted(self)
        check_parameters(self)
        check_enclosed(self, self.quantiles_)
        rows = check_rows(self, X, y, sample_weight)
        known = Groups.of(groups, len(rows.y), weight=rows.sample_weight)
        residuals = rows.y[:, None] - self._predict(X)
        calibration = self._calibration_of(residuals, rows.sample_weight, known)
        return self._keep(self.models_, calibration, known)

    @property
    def calibration_residuals_(self) -> NumpyArray | None:
        """Target minus predicted quantile of the calibration rows."""
        check_is_fitted(self)
        return None if self._calibration is None else self._calibration.residuals

    def predict(self, X: Any) -> NumpyArray:
        """Predict the median.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Returns
        -------
        ndarray of shape (n,)
        """
        check_is_fitted(self)
        return self._median(self._predict(X))

    def predict_interval(
        self, X: Any, coverage: float | None = None, groups: ArrayLike | None = None
    ) -> NumpyArray:
        """Predict lower and upper bound.

        Intervals of several coverages are calibrated one by one: in some rows one of less coverage
        may reach beyond a wider one.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.
        coverage : float, optional
            Another coverage than ``upper_ - lower_``, in (0, 1). The models stay as they are:
            their quantiles are interpolated and calibrated anew. What is left out on either side
            keeps the proportion of ``lower_`` to ``1 - upper_``.
        groups : array-like of shape (n,), optional
            The category of each row, if `fit` had them.

        Returns
        -------
        ndarray of shape (n, 2)

        Raises
        ------
        TooFewRowsError
            If there are too few calibration rows for the coverage.
        ValueError
            If an argument is not what it should be.
        """
        check_is_fitted(self)
        quantiles = self._predict(X)
        return self._interval(quantiles, coverage, self._codes(groups, len(quantiles)))

    def predict_quantiles(self, X: Any, groups: ArrayLike | None = None) -> NumpyArray:
        """Predict all quantiles, calibrated one by one as bounds.

        A target is below a quantile of level q > 1/2 with at least probability q, and above one
        of level q < 1/2 with at least probability 1 - q. The median is that of `predict`. The
        outer quantiles are not the bounds of `predict_interval`, which by default calibrates both
        with one score.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.
        groups : array-like of shape (n,), optional
            The category of each row, if `fit` had them.

        Returns
        -------
        ndarray of shape (n, q)
            Columns as in ``quantiles_``, never decreasing within a row.

        Raises
        ------
        TooFewRowsError
            If there are too few calibration rows for one of the levels.
        ValueError
            If an argument is not what it should be.
        """
        check_is_fitted(self)
        quantiles = self._predict(X)
        codes = self._codes(groups, len(quantiles))
        if self._calibration is None:
            return quantiles
        median = self._median(quantiles)[:, None]
        side = np.sign(self.quantiles_ - 0.5)
        for j in np.flatnonzero(side):
            residuals, level = self._calibration.residuals[:, j], float(self.quantiles_[j])
            growth = self._calibration.outwards(residuals, level, codes)
            quantiles[:, j] = side[j] * beyond(side[j] * quantiles[:, j], growth)
        # Bounds that cross after their calibration give way to the outer one.
        below, above = side < 0, side > 0
        outwards = np.minimum.accumulate(quantiles[:, below][:, ::-1], axis=1)
        quantiles[:, below] = np.minimum(outwards[:, ::-1], median)
        quantiles[:, above] = np.maximum(np.maximum.accumulate(quantiles[:, above], axis=1), median)
        return quantiles

    def _predict(self, X: Any) -> NumpyArray:
        """Quantiles before calibration, (n, q): the mean over the folds."""
        if self._prefit:
            validate_data(self, X, reset=False, skip_check_array=True)
        else:
            X = check_features(self, X, reset=False)
        by_fold = np.stack(
            [predict_levels(models, X, checked=not self._prefit) for models in self.models_]
        )
        # the mean of equal numbers may be off by a digit
        return np.asarray(np.clip(by_fold.mean(axis=0), by_fold.min(axis=0), by_fold.max(axis=0)))

    def _median(self, quantiles: NumpyArray) -> NumpyArray:
        return np.asarray(quantiles @ level_weights(self.quantiles_, 0.5))

    def _interval(
        self, quantiles: NumpyArray, coverage: float | None, codes: NumpyArray | None
    ) -> NumpyArray:
        """The calibrated interval of rows with these quantiles, in these groups."""
        lower, upper = self.lower_, self.upper_
        if coverage is not None:
            check_level(coverage, f"{type(self).__name__}: coverage")
            outside = (1 - float(coverage)) / (lower + 1 - upper)
            lower, upper = outside * lower, 1 - outside * (1 - upper)
        centre = 0.5 if lower + SLACK < 0.5 < upper - SLACK else (lower + upper) / 2
        weights = np.stack([level_weights(self.quantiles_, q) for q in (lower, centre, upper)])
        low, middle, high = weights @ quantiles.T
        if self._calibration is not None:
            residuals = weights @ self._calibration.residuals.T
            down, up = self._calibration.growth(residuals, lower, upper, codes)
            low, high = -beyond(-low, down), beyond(high, up)
        return np.column_stack([np.minimum(low, middle), np.maximum(high, middle)])

    def _codes(self, groups: ArrayLike | None, n: int) -> NumpyArray | None:
        """The groups of rows to predict, asked for if and only if `fit` or `calibrate` had them."""
        owner = type(self).__name__
        if (groups is None) != (self._labels is None):
            raise ValueError(
                f"{owner}: fitted "
                + (
                    "with groups, so that groups is needed"
                    if groups is None
                    else "without groups, got some"
                )
            )
        known = Groups.of(groups, n, self._labels)
        if known is None:
            return None
        unknown = np.flatnonzero(known.codes < 0)
        if len(unknown) and self._calibration is not None and not self._calibration.unbounded:
            group = np.asarray(groups, dtype=object)[unknown[0]]
            raise TooFewRowsError(
                f"{owner}: group {group!r} was not in fit, or only in rows of weight zero, so that "
                "no finite bound is known; fit with unbounded=True for infinite ones"
            )
        return known.codes
