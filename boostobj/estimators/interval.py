"""Prediction intervals that cover."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import KFold, StratifiedKFold, check_cv, train_test_split
from sklearn.utils import Tags, _safe_indexing, check_random_state
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from boostobj._arrays import check_weights
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss
from boostobj.estimators._base import check_targets
from boostobj.estimators._conformal import Calibration, interval_scores, level_weights
from boostobj.estimators._features import check_features
from boostobj.estimators._fitting import Rows, resolve_engine
from boostobj.estimators._regressor import BoostRegressor
from boostobj.losses.multi_quantile import MultiQuantile
from boostobj.losses.quantile import Quantile

__all__ = ["QuantileIntervalRegressor"]

#: Small trees: a leaf has to hold enough rows to tell where their tails begin.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "xgboost": {"n_estimators": 200, "learning_rate": 0.1, "max_depth": 4, "min_child_weight": 20},
    "lightgbm": {"n_estimators": 200, "learning_rate": 0.1, "num_leaves": 16},
}


class QuantileIntervalRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Prediction intervals that cover new rows as often as they promise.

    One boosted model per quantile, with `Quantile` as objective, and conformal calibration of
    what they predict: on exchangeable data the interval holds the target of a new row with at
    least the probability ``upper - lower``, whatever the models are like. Quantiles never cross.

    Parameters
    ----------
    estimator : XGBRegressor, LGBMRegressor or mapping, optional
        Unfitted, it carries the engine's hyperparameters and stays as it is. By default the
        engine that is installed, XGBoost if both are, with 200 small trees. A mapping from level
        to *fitted* model, ``{0.05: low, 0.5: median, 0.95: high}``, of any kind with `predict`,
        is calibrated as it is: all rows of `fit` are calibration rows then. A model that
        predicts several columns has a tuple of levels for key.
    lower, upper : float, default=0.05, 0.95
        The levels of the interval, ``0 < lower < upper < 1``. It promises to cover
        ``upper - lower``.
    quantiles : sequence of float, optional
        Further levels for `predict_quantiles`. The median is always there.
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
        Share of the rows that "split" calibrates on, in (0, 1).
    cv : int, splitter or iterable of (train, test) indices, default=5
        The folds of "cv". If rows of one day, person or place depend on each other, folds that
        keep them together keep the promise for new days, persons and places.
    unbounded : bool, default=False
        Give infinite bounds where too few calibration rows allow no finite one, instead of an
        error.
    early_stopping_rounds : int, optional
        Stop each model when its pinball loss on validation rows has not improved for so many
        rounds. By default all rounds are trained, which suits the few rounds of the default.
    validation_fraction : float, default=0.1
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
    quantiles_ : ndarray of shape (q,)
        The fitted levels, increasing.
    models_ : list of dict
        The models by level, ``models_[0][0.95]``; "cv" has one such dict a fold. With `joint`
        the key is the tuple of all levels.
    calibration_residuals_ : ndarray of shape (n_calibration, q), or None
        Target minus predicted quantile of the calibration rows.
    feature_importances_ : ndarray of shape (q, n_features_in_)
        The engine's importances by level; each row sums to one. With `joint` there is one row.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Their names, if they have any.

    Notes
    -----
    With n calibration rows the coverage is between ``1 - alpha`` and ``1 - alpha + 1/(n + 1)`` on
    average over calibration sets, where no two scores are equal; for one set it scatters by
    about ``sqrt(alpha (1 - alpha) / n)``. Sample weights count in the models and in the
    calibration: the promise is then for rows drawn with these weights. "cv" rests on the mean of
    the models being no worse than each of them, for which there is no such theorem.

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

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "models_")

    @property
    def feature_importances_(self) -> NumpyArray:
        """The engine's importances by level, of shape (q, n_features_in_)."""
        check_is_fitted(self)
        by_fold = [[m.feature_importances_ for m in fold.values()] for fold in self.models_]
        return np.asarray(np.mean(by_fold, axis=0))

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
            also booleans and categories.
        y : array-like of shape (n,)
            Targets, finite.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, >= 0.
        groups : array-like of shape (n,), optional
            A category of each row. The intervals then cover in every category as often as they
            promise, and the category of each new row is asked for.
        X_val, y_val, sample_weight_val : array-like, optional
            Validation rows for early stopping.

        Returns
        -------
        self

        Raises
        ------
        TooFewRowsError
            If there are too few calibration rows, overall or in a group, for the level; a
            ValueError.
        TypeError, ValueError
            If an argument is not what it should be; before training starts.
        """
        self._check_parameters()
        if isinstance(self.estimator, Mapping):
            self.models_ = [dict(self.estimator)]
            self.quantiles_ = np.sort(_levels(self.estimator))
            return self.calibrate(X, y, sample_weight, groups)
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None"
            )
        features = check_features(self, X, reset=True)
        y, weight, groups = _check_rows(features, y, sample_weight, groups)
        if self.estimator is None and weight is not None:
            # the defaults of XGBoost count weights as rows, so that their unit must not matter
            weight = weight / weight.max()
            weight /= weight[weight > 0].mean()
        further = [] if self.quantiles is None else self.quantiles
        # what rounding has done to 1 - 0.1 is no level of its own
        levels = np.unique(np.round([self.lower, 0.5, self.upper, *further], 12))
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        folds = self._folds(len(y), groups, seed)
        left_out = np.concatenate([rows for _, rows in folds])
        weight_out, groups_out = _take(weight, left_out), _take(groups, left_out)
        if self.calibration is not None:
            self._check_enough(len(left_out), weight_out, groups_out)
        validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        parts = [Rows(_safe_indexing(features, i), y[i], _take(weight, i)) for i, _ in folds]
        self.models_ = self._fit_models(levels.tolist(), parts, validation, seed)
        self.quantiles_ = levels
        self._calibration = None
        if self.calibration is not None:
            residuals = [
                y[rows, None] - _predict(models, _safe_indexing(features, rows))
                for models, (_, rows) in zip(self.models_, folds, strict=True)
            ]
            self._calibration = Calibration(
                np.concatenate(residuals), weight_out, groups_out, self.unbounded
            )
        return self

    def _fit_models(
        self, levels: list[float], parts: list[Rows], validation: dict[str, Any], seed: int
    ) -> list[dict[Any, BoostRegressor]]:
        """The models by level for each part of the rows."""
        losses: dict[Any, Loss] = {level: Quantile(level) for level in levels}
        if self.joint:
            losses = {tuple(levels): MultiQuantile(tuple(levels))}
        n_models = len(parts) * len(losses)
        estimator = self._engine(n_models, seed)

        def fit_one(number: int, loss: Loss, rows: Rows) -> BoostRegressor:
            if self.verbose:
                print(f"[{number}/{n_models}] {loss!r}, {len(rows.y):,} rows", flush=True)
            return BoostRegressor(
                estimator,
                loss=loss,
                early_stopping_rounds=self.early_stopping_rounds,
                validation_fraction=self.validation_fraction,
                random_state=seed,
                verbose=self.verbose,
            ).fit(*rows, **validation)

        jobs = [(loss, rows) for rows in parts for loss in losses.values()]
        fitted = Parallel(self.n_jobs, prefer="threads")(
            delayed(fit_one)(i, *job) for i, job in enumerate(jobs, start=1)
        )
        k = len(losses)
        return [dict(zip(losses, fitted[i : i + k], strict=True)) for i in range(0, n_models, k)]

    def calibrate(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Calibrate the fitted models on other rows, which none of them has seen.

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
        y, weight, groups = _check_rows(X, y, sample_weight, groups)
        self._check_enough(len(y), weight, groups)
        self._calibration = Calibration(
            y[:, None] - self._predict(X), weight, groups, self.unbounded
        )
        return self

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
        return np.asarray(self._predict(X) @ level_weights(self.quantiles_, 0.5))

    def predict_interval(
        self, X: Any, coverage: float | None = None, groups: ArrayLike | None = None
    ) -> NumpyArray:
        """Predict lower and upper bound.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.
        coverage : float, optional
            Another coverage than ``upper - lower``, in (0, 1). The models stay as they are:
            their quantiles are interpolated and calibrated anew. What is left out on either side
            keeps the proportion of `lower` to ``1 - upper``.
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
        lower, upper = self._tails(coverage)
        quantiles = self._predict(X)
        groups = self._new_groups(groups, len(quantiles))
        centre = 0.5 if lower < 0.5 < upper else (lower + upper) / 2
        weights = np.stack([level_weights(self.quantiles_, q) for q in (lower, centre, upper)])
        low, middle, high = weights @ quantiles.T
        if self._calibration is not None:
            residuals = weights @ self._calibration.residuals.T
            down, up = self._growth(self._calibration, residuals, lower, upper, groups)
            low, high = low - down, high + up
        return np.column_stack([np.minimum(low, middle), np.maximum(high, middle)])

    def predict_quantiles(self, X: Any, groups: ArrayLike | None = None) -> NumpyArray:
        """Predict all quantiles, calibrated one by one as bounds.

        A target is below a quantile of level q > 1/2 with at least probability q, and above one
        of level q < 1/2 with at least probability 1 - q. The median is that of `predict`.

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
        """
        check_is_fitted(self)
        quantiles = self._predict(X)
        if self._calibration is None:
            return quantiles
        groups = self._new_groups(groups, len(quantiles))
        median = (quantiles @ level_weights(self.quantiles_, 0.5))[:, None]
        for j, level in enumerate(self.quantiles_):
            residuals = self._calibration.residuals[:, j]
            if level < 0.5:
                quantiles[:, j] -= self._calibration.quantile(-residuals, 1 - level, groups)
            elif level > 0.5:
                quantiles[:, j] += self._calibration.quantile(residuals, level, groups)
        # Bounds that cross after their calibration give way to the outer one.
        below, above = self.quantiles_ < 0.5, self.quantiles_ > 0.5
        outwards = np.minimum.accumulate(quantiles[:, below][:, ::-1], axis=1)
        quantiles[:, below] = np.minimum(outwards[:, ::-1], median)
        quantiles[:, above] = np.maximum(np.maximum.accumulate(quantiles[:, above], axis=1), median)
        return quantiles

    def _predict(self, X: Any) -> NumpyArray:
        """Quantiles before calibration, (n, q): the mean over the folds."""
        return np.asarray(np.mean([_predict(models, X) for models in self.models_], axis=0))

    def _tails(self, coverage: float | None) -> tuple[float, float]:
        """The levels of an interval of another coverage."""
        if coverage is None:
            return float(self.lower), float(self.upper)
        _check_level(coverage, f"{type(self).__name__}: coverage")
        outside = (1 - coverage) / (self.lower + 1 - self.upper)
        return float(outside * self.lower), float(1 - outside * (1 - self.upper))

    def _new_groups(self, groups: ArrayLike | None, n: int) -> NumpyArray | None:
        """The groups of rows to predict, asked for if and only if `fit` had them."""
        wanted = self._calibration is not None and self._calibration.groups is not None
        if (groups is not None) != wanted:
            raise ValueError(
                f"{type(self).__name__}: calibrated "
                + ("by groups, so that groups is needed" if wanted else "without groups, got some")
            )
        return _check_groups(groups, n)

    def _growth(
        self,
        calibration: Calibration,
        residuals: NumpyArray,
        lower: float,
        upper: float,
        groups: NumpyArray | None,
    ) -> tuple[NumpyArray, NumpyArray]:
        """How far the bounds move outwards; residuals (3, n) of lower bound, centre and upper."""
        if self.symmetric:
            both = calibration.quantile(interval_scores(*residuals), upper - lower, groups)
            return both, both
        return (
            calibration.quantile(-residuals[0], 1 - lower, groups),
            calibration.quantile(residuals[2], upper, groups),
        )

    def _check_enough(self, n: int, weight: NumpyArray | None, groups: NumpyArray | None) -> None:
        """Refuse too few calibration rows for the interval, before anything is trained."""
        calibration = Calibration(np.zeros((n, 0)), weight, groups, self.unbounded)
        self._growth(calibration, np.zeros((3, n)), self.lower, self.upper, groups)

    def _folds(
        self, n: int, groups: NumpyArray | None, seed: int
    ) -> list[tuple[NumpyArray, NumpyArray]]:
        """Pairs of rows: to train on, and to calibrate on."""
        everything = np.arange(n)
        if self.calibration is None:
            return [(everything, everything[:0])]
        if self.calibration == "cv" and not isinstance(self.cv, Integral):
            return list(check_cv(self.cv).split(everything))
        folds = int(self.cv) if self.calibration == "cv" else 2
        # Groups are spread evenly where every one has enough rows for that.
        stratify = groups
        if groups is not None and np.unique(groups, return_counts=True)[1].min() < folds:
            stratify = None
        if self.calibration == "cv":
            kind = KFold if stratify is None else StratifiedKFold
            splitter = kind(folds, shuffle=True, random_state=seed)
            return list(splitter.split(everything, stratify))
        train, rest = train_test_split(
            everything,
            test_size=self.calibration_fraction,
            random_state=seed,
            stratify=stratify,
        )
        return [(np.sort(train), np.sort(rest))]

    def _engine(self, n_models: int, seed: int) -> Any:
        """The engine's wrapper with threads for one of the models that are fitted at once."""
        engine = resolve_engine(self.estimator, owner=type(self).__name__, random_state=seed)
        if self.estimator is None:
            engine.estimator.set_params(**_DEFAULTS[engine.name])
        at_once = min(effective_n_jobs(self.n_jobs), n_models)
        if at_once > 1:
            share = max(1, effective_n_jobs(-1) // at_once)
            asked = engine.estimator.get_params()["n_jobs"]
            engine.estimator.set_params(n_jobs=min(asked, share) if (asked or 0) > 0 else share)
        return engine.estimator

    def _check_parameters(self) -> None:
        """Refuse settings that make no sense."""
        owner = type(self).__name__
        _check_level(self.lower, f"{owner}: lower")
        _check_level(self.upper, f"{owner}: upper")
        if not self.lower < self.upper:
            raise ValueError(
                f"{owner}: lower must be less than upper, got {self.lower!r} and {self.upper!r}"
            )
        for level in [] if self.quantiles is None else self.quantiles:
            _check_level(level, f"{owner}: quantiles")
        if self.calibration not in ("split", "cv", None):
            raise ValueError(
                f"{owner}: calibration must be 'split', 'cv' or None, got {self.calibration!r}"
            )
        _check_level(self.calibration_fraction, f"{owner}: calibration_fraction")
        if isinstance(self.cv, Integral) and int(self.cv) < 2:
            raise ValueError(f"{owner}: cv must be 2 folds or more, got {self.cv!r}")
        if isinstance(self.estimator, Mapping):
            levels = _levels(self.estimator)
            for level in levels:
                _check_level(level, f"{owner}: a level of estimator")
            if len(set(levels)) < max(len(levels), 2):
                raise ValueError(
                    f"{owner}: estimator must hold two levels or more, each once, got {levels}"
                )
            for level, model in self.estimator.items():
                if not hasattr(model, "predict"):
                    raise TypeError(
                        f"{owner}: the model at level {level} must have predict, got {model!r}"
                    )


def _levels(models: Mapping[Any, Any]) -> list[float]:
    """The levels of models by level, or by several levels."""
    return [level for key in models for level in (key if isinstance(key, tuple) else (key,))]


def _predict(models: Mapping[float, Any], X: Any) -> NumpyArray:
    """Quantiles of one fold's models, rearranged so that they do not cross."""
    columns = [np.asarray(model.predict(X), dtype=np.float64) for model in models.values()]
    quantiles = np.column_stack(columns)
    wanted = len(_levels(models))
    if quantiles.shape[1] != wanted:
        raise ValueError(f"the models predict {quantiles.shape[1]} columns for {wanted} levels")
    return np.sort(quantiles, axis=1)


def _check_level(value: Any, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ValueError(f"{name} must be a number in (0, 1), got {value!r}")


def _check_rows(
    X: Any, y: Any, sample_weight: ArrayLike | None, groups: ArrayLike | None
) -> tuple[NumpyArray, NumpyArray | None, NumpyArray | None]:
    """Targets, weights and groups that fit the features."""
    y = column_or_1d(check_targets(y, "y"), warn=True)
    check_consistent_length(X, y)
    weight = check_weights(sample_weight, len(y))
    if weight is not None:
        weight = np.asarray(weight, dtype=np.float64)
    return y, weight, _check_groups(groups, len(y))


def _check_groups(groups: ArrayLike | None, n: int) -> NumpyArray | None:
    """The group of each row as a vector of one type that sorts."""
    if groups is None:
        return None
    checked = np.asarray(groups)
    if checked.shape != (n,):
        raise ValueError(f"groups must have shape ({n},), got {checked.shape}")
    if np.any(checked != checked) or np.any(checked == None):  # noqa: E711 (elementwise)
        raise ValueError("groups must not have missing values")
    return checked.astype(str) if checked.dtype == object else checked


def _take(x: NumpyArray | None, rows: NumpyArray) -> NumpyArray | None:
    return None if x is None else x[rows]
