"""Scorers of losses and of prediction intervals for scikit-learn's model selection."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import UNUSED

from boostobj._typing import ArrayLike
from boostobj.base import Loss
from boostobj.estimators._base import BoostEstimator, resolve_loss
from boostobj.estimators._interval_checks import check_level
from boostobj.metrics import IntervalCoverage, IntervalScore, MeanIntervalWidth

__all__ = ["IntervalScorer", "LossScorer", "interval_model", "interval_scorers"]

_NAMES = ("neg_interval_score", "neg_interval_width", "interval_coverage")


def interval_model(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The model of intervals inside of pipelines and searches, and the features as it gets them.

    Raises
    ------
    TypeError
        If there is none.
    """
    model, features = _innermost(estimator, X)
    if not hasattr(model, "predict_interval"):
        raise TypeError(
            "estimator must be a QuantileIntervalRegressor, a pipeline that ends in one or a "
            f"fitted search over one, got {estimator!r}"
        )
    return model, features


def _innermost(model: Any, X: Any) -> tuple[Any, Any]:
    """The model inside of pipelines and fitted searches, and the features as it gets them."""
    while True:
        if isinstance(model, Pipeline):
            X = model[:-1].transform(X) if len(model) > 1 else X
            model = model[-1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            return model, X


class LossScorer(BaseEstimator):  # type: ignore[misc]
    """Scores a model by a loss: ``scorer(model, X, y)`` is minus the weighted mean loss.

    It is for the `scoring` of `cross_validate` and the searches. A loss takes margins, and this
    asks the model for them, so that neither its link nor its labels need a thought. A model that
    was trained with another loss is scored by its predictions, turned into margins of this one.

    Routes `sample_weight` where ``set_score_request(sample_weight=True)`` asks for it. A pipeline
    that ends in the model and a fitted search over it are scored as well.

    Parameters
    ----------
    loss : Loss or str
        What to compare by, an instance or the name of one.

    Examples
    --------
    >>> from boostobj import BoostRegressor, Huber, LossScorer
    >>> from sklearn.model_selection import GridSearchCV
    >>> losses = {"loss": [Huber(10), Huber(30)]}
    >>> GridSearchCV(BoostRegressor(), losses, scoring=LossScorer(Huber(10)))   # doctest: +SKIP
    """

    __metadata_request__score = {"estimator": UNUSED}

    def __init__(self, loss: Loss | str) -> None:
        self.loss = loss

    def score(
        self, estimator: Any, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Score a fitted model; greater is better.

        Parameters
        ----------
        estimator : BoostRegressor or BoostClassifier
            Fitted, or a pipeline that ends in one or a search over one.
        X, y, sample_weight
            New rows, as in its `fit`.

        Returns
        -------
        float

        Raises
        ------
        TypeError
            If `estimator` is another one, or `loss` is none that it could be fitted with.
        ValueError
            If targets, weights or predictions are outside their domain, as negative ones are for
            the losses of counts.
        """
        loss = resolve_loss(self.loss, type(self).__name__)
        model, X = _innermost(estimator, X)
        if not isinstance(model, BoostEstimator):
            raise TypeError(
                f"{type(self).__name__}: estimator must be a BoostRegressor, a BoostClassifier, a "
                f"pipeline that ends in one or a fitted search over one, got {estimator!r}"
            )
        return -model._mean_loss(loss, X, y, sample_weight)

    __call__ = score

    def _accept_sample_weight(self) -> bool:
        return True


class IntervalScorer(BaseEstimator):  # type: ignore[misc]
    """Scores the intervals of a model: ``scorer(model, X, y)``.

    Routes `sample_weight` and `groups` where `set_score_request` asks for them. A pipeline that
    ends in the model and a fitted search over it are scored as well.

    Parameters
    ----------
    name : {"neg_interval_score", "neg_interval_width", "interval_coverage"}
        What to compute; see `IntervalScore`, `MeanIntervalWidth`, `IntervalCoverage`.
    coverage : float, optional
        The coverage to predict and to score, in (0, 1), by the fines of a central interval; by
        default the model's own, with fines by its own levels. Models of different levels are
        comparable at one coverage only.
    """

    __metadata_request__score = {"estimator": UNUSED}

    def __init__(self, name: str = "neg_interval_score", coverage: float | None = None) -> None:
        self.name = name
        self.coverage = coverage

    def score(
        self,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> float:
        """Score a fitted model; greater is better, but for the coverage."""
        if self.name not in _NAMES:
            raise ValueError(
                f"{type(self).__name__}: name must be one of {', '.join(_NAMES)}, got {self.name!r}"
            )
        model, X = interval_model(estimator, X)
        interval = model.predict_interval(X, self.coverage, groups)
        if self.name == "neg_interval_width":
            return -MeanIntervalWidth().score(y, interval, sample_weight)
        promised, lower = self.coverage, None
        if promised is None:
            promised, lower = round(model.upper_ - model.lower_, 12), model.lower_
        if self.name == "interval_coverage":
            return IntervalCoverage(promised).score(y, interval, sample_weight)
        return -IntervalScore(promised, lower).score(y, interval, sample_weight)

    __call__ = score

    def _accept_sample_weight(self) -> bool:
        return True


def interval_scorers(coverage: float | None = None) -> dict[str, IntervalScorer]:
    """Scorers of prediction intervals by name, for `cross_validate` and the searches.

    Parameters
    ----------
    coverage : float, optional
        The coverage to predict and to score, in (0, 1); by default each model's own.

    Returns
    -------
    dict
        "neg_interval_score", the negative Winkler score, which is the one to select by;
        "neg_interval_width", the negative mean width; "interval_coverage", the share of targets
        inside.

    Raises
    ------
    ValueError
        If `coverage` is not between 0 and 1.

    Notes
    -----
    A model that is calibrated by `groups` needs them for its intervals, which takes scikit-learn's
    metadata routing: ``set_fit_request(groups=True)`` of the model and
    ``set_score_request(groups=True)`` of each scorer.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, cross_validate
    >>> cross_validate(model, X, y, scoring=interval_scorers())               # doctest: +SKIP
    >>> best = interval_scorers(0.9)["neg_interval_score"]
    >>> GridSearchCV(model, {"estimator__max_depth": [3, 5]}, scoring=best)   # doctest: +SKIP
    """
    if coverage is not None:
        check_level(coverage, "interval_scorers: coverage")
    return {name: IntervalScorer(name, coverage) for name in _NAMES}
