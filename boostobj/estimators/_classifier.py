"""The classifier."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from boostobj._arrays import on_host, title
from boostobj._domains import Interval
from boostobj._labels import LEAST_SHARE, check_probability_rows
from boostobj._loss import takes_fractions
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.base import Loss, MulticlassLoss
from boostobj.estimators._base import (
    BoostEstimator,
    Origin,
    all_or_nothing,
    check_targets,
    check_validation,
    resolve_loss,
    warn_of_constant,
)
from boostobj.estimators._fitting import Rows
from boostobj.estimators._groups import is_missing
from boostobj.losses._wrapping import is_two_class
from boostobj.losses.cross_entropy import CrossEntropy
from boostobj.losses.softmax import Softmax

#: What scikit-learn calls labels given as a matrix.
LABEL_ROWS = ("continuous-multioutput", "multilabel-indicator")


def _has_proba(classifier: BoostClassifier) -> bool:
    loss = getattr(classifier, "loss_", None) or resolve_loss(classifier.loss, "BoostClassifier")
    if not loss.link.gives_probabilities:
        raise AttributeError(
            f"BoostClassifier: the margins of {loss!r} do not tell probabilities; use "
            "decision_function, or calibrate with sklearn.calibration.CalibratedClassifierCV"
        )
    return True


class BoostClassifier(ClassifierMixin, BoostEstimator):  # type: ignore[misc]
    """Boosted trees that minimise any classification loss.

    The loss brings start value, metric and link; the engine brings the trees. Probabilities come
    from the loss's own link, and the trained booster is whole: its start value is inside it.

    Parameters
    ----------
    estimator : XGBRegressor, XGBClassifier, LGBMRegressor or LGBMClassifier, optional
        Unfitted; it carries the engine's hyperparameters and stays as it is. By default the
        engine that is installed, XGBoost if both are, with 200 trees at a learning rate of 0.1.
        Its callbacks see a booster that gets its start value when all rounds are trained.
    loss : Loss or str, default=CrossEntropy()
        What to minimise: an instance, or the name of a loss with its default parameters. With
        three or more classes, or rows of probabilities, the cross-entropy is `Softmax`; another
        loss of two classes is refused.
    class_weight : dict, "balanced" or None, default=None
        Factors on the weights of the rows of each class, >= 0; "balanced" gives each class the same
        total weight.
    early_stopping_rounds : int, optional
        Stop when the loss on rows kept for validation has not improved for so many rounds, and
        keep the best round. By default all rows train for all rounds.
    validation_fraction : float or None, default=0.1
        Share of the rows of each class that early stopping keeps for validation, in (0, 1),
        unless `fit` is given some. They are drawn at random: where rows of one day, person or
        place depend on each other, give `fit` rows of other ones, or it stops too late.
    random_state : int, RandomState or None, default=None
        Seeds that split, and the engine unless `estimator` has a seed of its own.
    verbose : int, default=0
        1 shows a bar in a terminal and ten lines elsewhere, k > 1 a line every k rounds: the
        loss on the validation rows, else on the training rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted, in the type that NumPy gives them.
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
    >>> from boostobj import BoostClassifier
    >>> from lightgbm import LGBMClassifier                               # doctest: +SKIP
    >>> model = BoostClassifier(LGBMClassifier(), loss="logistic")        # doctest: +SKIP
    >>> model.fit(X, ["ham", "spam", ...]).predict_proba(X)               # doctest: +SKIP
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        loss: Loss | str = CrossEntropy(),  # noqa: B008 (frozen)
        class_weight: Any = None,
        early_stopping_rounds: int | None = None,
        validation_fraction: float | None = 0.1,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.loss = loss
        self.class_weight = class_weight
        self.early_stopping_rounds = early_stopping_rounds
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        loss = self._loss_or_none
        if loss is not None:
            tags.classifier_tags.multi_class = _has_multiclass(loss)
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
            Labels: whole numbers, strings, booleans or dates. Or soft labels: probabilities of
            class 1 for a loss that takes them, such as `CrossEntropy`, or rows of k probabilities
            for a multiclass loss; fractions between 0 and 1 are always taken for these.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, >= 0: a row of weight two counts as two rows, except where the
            engines count it once, LightGBM and XGBoost 3.4 in their choice of bins and LightGBM in
            ``min_child_samples``. The engines hold sums of weights against ``min_child_weight``,
            ``reg_lambda`` and the like, so that weights in another unit train another model; divide
            by their mean if the unit is arbitrary.
        X_val, y_val, sample_weight_val : array-like, optional
            Validation rows for early stopping and for ``evals_result_``.
        init_model : BoostClassifier or booster, optional
            A fitted model of the same engine to go on from, with the same classes, features and
            link. Categories are those it knows, and others in `X` an error; a bare XGBoost
            booster before 3.1 does not know its own, which then must be coded alike.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If an argument is not what it should be; before training starts.
        """
        y, y_val = on_host(y), on_host(y_val)
        given = check_validation(self, X_val, y_val, sample_weight_val)
        loss = resolve_loss(self.loss, "BoostClassifier")
        _refuse_others(loss)
        engine = self._engine(validation_given=given)
        origin = Origin.of(init_model)
        rows = self._rows(X, y, sample_weight, origin=origin)
        checked = _check_labels(y, "y")
        kind = type_of_target(checked, input_name="y")
        if kind in LABEL_ROWS:
            loss = _of_rows(loss)
        soft = kind in LABEL_ROWS or (kind == "continuous" and _are_shares(checked, loss))
        if kind == "continuous" and not soft:
            raise ValueError(
                f"Unknown label type: {kind}. {loss!r} takes labels of classes; numbers between 0 "
                "and 1 can be probabilities of class 1 for CrossEntropy()"
            )
        if soft:
            targets = _check_shares(y, "y", loss)
            classes = np.arange(2 if targets.ndim == 1 else targets.shape[1])
        else:
            check_classification_targets(checked)
            words = column_or_1d(checked, warn=True)
            classes = _known_classes(np.unique(words), init_model)
            targets = np.searchsorted(classes, words)
        labels = targets if soft else classes[targets]
        loss = _of_classes(loss, classes)
        self.classes_ = classes
        self.loss_ = loss
        self._soft = soft
        rows = rows._replace(y=targets.astype(np.float64))
        validation = None
        if given:
            validation = self._rows(X_val, y_val, sample_weight_val, validation=True)
            validation = validation._replace(y=self._targets(y_val, "y_val"))
        if self.class_weight is not None:
            if soft:
                raise ValueError("BoostClassifier: class_weight needs labels, y is probabilities")
            factors = self._class_factors(targets, rows.sample_weight)
            rows = _weighted(rows, factors)
            validation = None if validation is None else _weighted(validation, factors)
        if origin is None:
            warn_of_constant(self, labels, rows.sample_weight)
        if isinstance(loss, MulticlassLoss) and len(np.unique(labels)) < len(classes):
            # numbers would not tell how many classes there are
            rows = _as_label_rows(rows, len(classes))
            validation = None if validation is None else _as_label_rows(validation, len(classes))
        return self._fit(engine, rows, validation, origin, stratify=None if soft else labels)

    def predict(self, X: Any) -> NumpyArray:
        """Predict the label: the most probable class.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self._labels(self._raw_prediction(X))

    def decision_function(self, X: Any) -> NumpyArray:
        """Margins, above zero for ``classes_[1]`` where there are two.

        Of a loss of two classes it is the margin less ``loss_.link.link([0.5])``, which is not zero
        for `Focal` with ``alpha != 0.5``; ``loss_.metric`` and ``loss_.value`` take the margin. Of
        two margins, as of `Softmax`, it is their difference.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Returns
        -------
        ndarray of shape (n,) for two classes, (n, n_classes) otherwise
        """
        return self._scores(self._raw_prediction(X))

    @available_if(_has_proba)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NumpyArray:
        """Predict probabilities by the loss's own link.

        Losses that estimate the class alone, such as the hinge, give scores between 0 and 1; see
        their docstrings. A loss whose link leads elsewhere has no such method.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Returns
        -------
        ndarray of shape (n, n_classes)
        """
        return self._probabilities(self._raw_prediction(X))

    def staged_predict(self, X: Any) -> Iterator[NumpyArray]:
        """Predict the label after each round.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Yields
        ------
        ndarray of shape (n,)
        """
        return map(self._labels, self._staged_raw_prediction(X))

    @available_if(_has_proba)  # type: ignore[untyped-decorator]
    def staged_predict_proba(self, X: Any) -> Iterator[NumpyArray]:
        """Predict probabilities after each round.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features as in `fit`.

        Yields
        ------
        ndarray of shape (n, n_classes)
        """
        return map(self._probabilities, self._staged_raw_prediction(X))

    def _probabilities(self, raw: NumpyArray) -> NumpyArray:
        p = np.asarray(self.loss_.link.inverse(raw))
        return p if p.ndim == 2 else np.column_stack([1 - p, p])

    def _scores(self, raw: NumpyArray) -> NumpyArray:
        if raw.ndim == 2:
            return raw[:, 1] - raw[:, 0] if raw.shape[1] == 2 else raw
        if not self.loss_.link.gives_probabilities:
            return raw
        return raw - float(self.loss_.link.link(np.asarray(0.5)))

    def _labels(self, raw: NumpyArray) -> NumpyArray:
        scores = self._scores(raw)
        # margins tell apart what a clipped link makes equal
        index = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(int)
        labels: NumpyArray = self.classes_[index]
        return labels

    def _class_factors(self, targets: NumpyArray, weight: NumpyArray | None) -> NumpyArray:
        """What `class_weight` multiplies the weights of each class by."""
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            totals = np.bincount(targets, weight, len(self.classes_))
            # a class of rows without weight stays without
            return np.asarray(np.mean(totals) / np.where(totals > 0, totals, np.inf))
        if not isinstance(self.class_weight, Mapping):
            raise TypeError(
                "BoostClassifier: class_weight must be 'balanced', a mapping from class to weight "
                f"or None, got {self.class_weight!r}"
            )
        labels = self.classes_.tolist()
        unknown = set(self.class_weight).difference(labels)
        # of a class that a part of the rows lacks there is nothing to weigh
        if unknown and not set(labels) <= set(self.class_weight):
            raise ValueError(
                f"BoostClassifier: class_weight has classes that y does not: {list(unknown)}, y "
                f"has {_shown(self.classes_)}"
            )
        try:
            factors = np.asarray([self.class_weight.get(c, 1) for c in labels], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"BoostClassifier: class_weight: {error}") from None
        Interval(0).check(factors, "class_weight", type(self).__name__)
        return factors

    def _mean_loss(
        self, loss: Loss, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        _refuse_others(loss)
        raw, targets = self._raw_prediction(X), self._targets(y)
        loss = _of_classes(_of_rows(loss) if targets.ndim == 2 else loss, self.classes_)
        several = isinstance(loss, MulticlassLoss)
        if loss.link != self.loss_.link or several != (raw.ndim == 2):
            # whose margins of a certain class are infinite
            p = np.clip(self._probabilities(raw), LEAST_SHARE, 1 - LEAST_SHARE)
            raw = np.asarray(loss.link.link(p if several else p[:, 1]))
        return float(loss.metric.score(targets, raw, sample_weight))

    def _targets(self, y: Any, name: str = "y") -> NumpyArray:
        """Labels as class numbers, or shares, of rows other than those of training."""
        if self._soft:
            return _check_shares(y, name, self.loss_)
        labels: NumpyArray = column_or_1d(_check_labels(on_host(y), name), warn=True)
        unseen = np.unique(labels[~np.isin(labels, self.classes_)])
        if len(unseen):
            hint = f"; y holds labels, so that fractions in {name} are labels too"
            raise ValueError(
                f"BoostClassifier: {name} contains classes that y does not: {_shown(unseen)}"
                + (hint if type_of_target(labels) == "continuous" else "")
            )
        return np.searchsorted(self.classes_, labels).astype(np.float64, copy=False)


def _refuse_others(loss: Loss) -> None:
    """Refuse a loss that is not one of classes."""
    if not (isinstance(loss, MulticlassLoss) or is_two_class(loss)):
        raise TypeError(f"BoostClassifier: {loss!r} is not a loss of classes; use BoostRegressor")


def _are_shares(y: Any, loss: Loss) -> bool:
    """Whether fractions are probabilities of class 1 that `loss` can learn from."""
    if isinstance(loss, MulticlassLoss) or not takes_fractions(loss):
        return False
    values = np.asarray(y, dtype=np.float64)
    return bool(np.all((values >= 0) & (values <= 1)))


def _check_shares(y: Any, name: str, loss: Loss) -> NumpyArray:
    """Probabilities of class 1, or rows of k of them."""
    shares = check_targets(y, name, loss)
    if shares.ndim == 2:
        try:
            check_probability_rows(shares, name, title(loss))
        except ValueError as error:
            raise ValueError(
                f"{error}; for several labels a row take scikit-learn's MultiOutputClassifier or "
                "OneVsRestClassifier around this one"
            ) from None
    return shares


def _check_labels(y: Any, name: str) -> NumpyArray:
    """Labels as an array of words or of numbers, none of them missing."""
    values = np.asarray(y)
    if values.ndim and values.dtype.kind in "mMO" and any(map(is_missing, values.flat)):
        raise ValueError(f"BoostClassifier: {name} must not have missing values")
    if values.dtype.kind == "O" and values.ndim:
        words = [isinstance(value, str) for value in values.flat]
        if any(words) and not all(words):
            raise TypeError(
                f"BoostClassifier: {name} must not mix words with labels of other types"
            )
        if not any(words):
            values = _plain(values, name)
    # NumPy does not see into what is sparse, which is refused
    labels: NumpyArray = check_array(
        values if values.ndim else y, ensure_2d=False, dtype=None, input_name=name
    )
    return labels


def _plain(labels: NumpyArray, name: str) -> NumpyArray:
    """Objects that are numbers or booleans as NumPy has these."""
    for label in labels.flat:
        if not isinstance(label, Real | np.bool_):
            raise TypeError(
                f"BoostClassifier: {name} must be numbers, words or booleans, got {label!r}"
            )
    return np.asarray(labels.tolist())


def _of_rows(loss: Loss) -> Loss:
    """The loss for rows of k probabilities."""
    if isinstance(loss, MulticlassLoss):
        return loss
    if _has_multiclass(loss):
        return Softmax()
    raise ValueError(
        f"BoostClassifier: {loss!r} takes labels, or probabilities of class 1, of shape (n,); rows "
        "of probabilities are for a loss of k classes such as Softmax()"
    )


def _of_classes(loss: Loss, classes: NumpyArray) -> Loss:
    """The loss for so many classes."""
    k = len(classes)
    if k < 2:
        raise ValueError(
            f"BoostClassifier: y must have at least two classes, got one class: {_shown(classes)}"
        )
    if isinstance(loss, MulticlassLoss):
        if loss.n_classes not in (None, k):
            raise ValueError(
                f"BoostClassifier: {loss!r} is for {loss.n_classes} classes, y has {k}: "
                f"{_shown(classes)}"
            )
    elif k > 2:
        if _has_multiclass(loss):
            return Softmax()
        raise ValueError(
            "Only binary classification is supported. The type of the target is multiclass. "
            f"BoostClassifier: {loss!r} is a loss of two classes, y has {k}: {_shown(classes)}; "
            f"use OneVsRest({loss!r}), or a loss of k classes such as Softmax()"
        )
    return loss


def _known_classes(classes: NumpyArray, init_model: Any) -> NumpyArray:
    """The classes of a model to go on from, if rows of some are missing now, else these."""
    known = init_model.classes_ if isinstance(init_model, BoostClassifier) else classes
    fewer = known.dtype.kind == classes.dtype.kind and len(classes) < len(known)
    return known if fewer and np.isin(classes, known).all() else classes


def _has_multiclass(loss: Loss) -> bool:
    """Whether it is a loss of k classes, or the cross-entropy, which stands for one as well."""
    return isinstance(loss, MulticlassLoss) or loss == CrossEntropy()


def _shown(labels: NumpyArray) -> str:
    """Some of the labels, and how many there are unless these are all."""
    count = f" ({len(labels)} in all)" if len(labels) > reprlib.aRepr.maxlist else ""
    return reprlib.repr(labels.tolist()) + count


def _as_label_rows(rows: Rows, k: int) -> Rows:
    return rows._replace(y=np.eye(k)[rows.y.astype(int)])


def _weighted(rows: Rows, factors: NumpyArray) -> Rows:
    weight = factors[rows.y.astype(int)]
    if rows.sample_weight is not None:
        weight = weight * rows.sample_weight
    return rows._replace(sample_weight=weight)
