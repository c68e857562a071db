"""Scorers of prediction intervals for scikit-learn's model selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import UNUSED

from boostobj._typing import ArrayLike
from boostobj.metrics import IntervalCoverage, IntervalScore, MeanIntervalWidth, Metric

__all__ = ["IntervalScorer", "interval_scorers"]

_METRICS: dict[str, Callable[[float], Metric]] = {
    "neg_interval_score": IntervalScore,
    "neg_interval_width": lambda _: MeanIntervalWidth(),
    "interval_coverage": IntervalCoverage,
}


class IntervalScorer(BaseEstimator):  # type: ignore[misc]
    """Scores the intervals of a model: ``scorer(model, X, y)``.

    Routes `sample_weight` and `groups` where `set_score_request` asks for them. A pipeline that
    ends in the model is scored as well.

    Parameters
    ----------
    name : {"neg_interval_score", "neg_interval_width", "interval_coverage"}
        What to compute; see `IntervalScore`, `MeanIntervalWidth`, `IntervalCoverage`.
    coverage : float, optional
        The coverage to predict and to score, in (0, 1); by default the model's own. Models of
        different levels are comparable at one coverage only.
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
        if self.name not in _METRICS:
            raise ValueError(
                f"{type(self).__name__}: name must be one of {', '.join(_METRICS)}, "
                f"got {self.name!r}"
            )
        if isinstance(estimator, Pipeline):
            X = estimator[:-1].transform(X) if len(estimator) > 1 else X
            estimator = estimator[-1]
        promised = estimator.upper - estimator.lower if self.coverage is None else self.coverage
        interval = estimator.predict_interval(X, self.coverage, groups)
        score = _METRICS[self.name](promised).score(y, interval, sample_weight)
        return -score if self.name.startswith("neg_") else score

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

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, cross_validate
    >>> cross_validate(model, X, y, scoring=interval_scorers())               # doctest: +SKIP
    >>> best = interval_scorers(0.9)["neg_interval_score"]
    >>> GridSearchCV(model, {"estimator__max_depth": [3, 5]}, scoring=best)   # doctest: +SKIP
    """
    return {name: IntervalScorer(name, coverage) for name in _METRICS}
