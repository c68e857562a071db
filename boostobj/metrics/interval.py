"""Metrics of predicted quantiles and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boostobj._checks import check_levels, check_number
from boostobj._typing import NumpyArray
from boostobj.metrics.base import Metric

__all__ = [
    "CRPS",
    "IntervalCoverage",
    "IntervalScore",
    "MeanIntervalWidth",
    "MeanPinball",
    "Pinball",
]


@dataclass(frozen=True)
class Pinball(Metric):
    """Mean pinball loss of a quantile.

    Parameters
    ----------
    quantile : float, default=0.5
        The level, between 0 and 1.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `quantile` is not a number.
    ValueError
        If `quantile` is not between 0 and 1.

    References
    ----------
    Koenker, Bassett (1978). Regression quantiles. Econometrica 46(1).
    """

    quantile: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "quantile", low=0, high=1)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        from sklearn.metrics import mean_pinball_loss

        return float(mean_pinball_loss(y, y_pred, sample_weight=weight, alpha=self.quantile))


@dataclass(frozen=True)
class MeanPinball(Metric):
    """Pinball loss averaged over several quantiles.

    Predictions have shape (n, k), a column per quantile.

    Parameters
    ----------
    quantiles : sequence of float, default=(0.05, 0.5, 0.95)
        The levels of the columns, between 0 and 1 and increasing.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `quantiles` is not a sequence of numbers.
    ValueError
        If `quantiles` holds no levels, or they do not increase between 0 and 1.

    References
    ----------
    Koenker, Bassett (1978). Regression quantiles. Econometrica 46(1).
    """

    quantiles: Sequence[float] = (0.05, 0.5, 0.95)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_levels(self, "quantiles")

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        return float(np.mean(self._pinball(y, y_pred, weight)))

    def _pinball(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> list[float]:
        """The pinball loss of each column."""
        y, y_pred = _columns(self, y, y_pred, len(self.quantiles))
        return [
            Pinball(quantile)._score(y, column, weight)
            for quantile, column in zip(self.quantiles, y_pred.T, strict=True)
        ]


@dataclass(frozen=True)
class CRPS(MeanPinball):
    """Continuous ranked probability score of a distribution known by some of its quantiles.

    The score is twice the integral of the pinball loss over all levels. Each given level stands
    for those that are nearer to it than to its neighbours, so that the more levels the closer;
    the levels ``(i + 1/2)/k`` weigh the same and spread the error evenly. Predictions have shape
    (n, k), a column per quantile.

    Parameters
    ----------
    quantiles : sequence of float, default=(0.05, 0.15, ..., 0.95)
        The levels of the columns, between 0 and 1 and increasing.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `quantiles` is not a sequence of numbers.
    ValueError
        If `quantiles` holds no levels, or they do not increase between 0 and 1.

    References
    ----------
    Gneiting, Raftery (2007). Strictly proper scoring rules, prediction, and estimation. JASA
    102(477).
    """

    quantiles: Sequence[float] = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        levels = np.asarray(self.quantiles)
        bounds = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
        return float(2 * np.dot(np.diff(bounds), self._pinball(y, y_pred, weight)))


@dataclass(frozen=True)
class IntervalCoverage(Metric):
    """Share of targets inside their interval, bounds included.

    Predictions have shape (n, 2): lower and upper bound. More is no better than promised: as a
    callback it gives the distance of the share from `coverage`.

    Parameters
    ----------
    coverage : float, default=0.9
        The share that the intervals promise, between 0 and 1.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `coverage` is not a number.
    ValueError
        If `coverage` is not between 0 and 1.

    References
    ----------
    Christoffersen (1998). Evaluating interval forecasts. International Economic Review 39(4).
    """

    coverage: float = 0.9

    _to_compare = "lambda y, y_pred: abs(metric.score(y, y_pred) - metric.coverage)"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "coverage", low=0, high=1)

    @property
    def _label(self) -> str:
        return f"coverage_gap_{self.coverage}"

    def _ranked(self, score: float) -> float:
        return abs(score - self.coverage)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        y, y_pred = _columns(self, y, y_pred, 2)
        return float(np.average((y_pred[:, 0] <= y) & (y <= y_pred[:, 1]), weights=weight))


@dataclass(frozen=True)
class MeanIntervalWidth(Metric):
    """Mean of upper minus lower bound; predictions have shape (n, 2).

    Intervals that cross count as negative widths.

    Parameters
    ----------
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    References
    ----------
    Gneiting, Balabdaoui, Raftery (2007). Probabilistic forecasts, calibration and sharpness. JRSS B
    69(2).
    """

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        _, y_pred = _columns(self, y, y_pred, 2)
        return float(np.average(y_pred[:, 1] - y_pred[:, 0], weights=weight))


@dataclass(frozen=True)
class IntervalScore(Metric):
    """Winkler's interval score: the width, plus a fine for each target outside.

    A target that is below its interval by ``d`` costs ``d / lower``, and one above it
    ``d / (1 - coverage - lower)``. The score is least, on average, for the quantiles that leave
    out these shares. Predictions have shape (n, 2): lower and upper bound.

    Parameters
    ----------
    coverage : float, default=0.9
        The share of targets that the intervals are meant to hold, between 0 and 1.
    lower : float, optional
        The share meant to be below them, between 0 and ``1 - coverage``; by default half of what
        is left out.
    link : Link, default=Identity()
        Applied to what the engine passes: the loss's where these are margins.

    Raises
    ------
    TypeError
        If `coverage` is not a number, or `lower` is neither a number nor None.
    ValueError
        If `coverage` is not between 0 and 1, or `lower` is not between 0 and ``1 - coverage``.

    References
    ----------
    Winkler (1972). A decision-theoretic approach to interval estimation. JASA 67(337).
    Gneiting, Raftery (2007). Strictly proper scoring rules, prediction, and estimation. JASA
    102(477), section 6.
    """

    coverage: float = 0.9
    lower: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "coverage", low=0, high=1)
        if self.lower is not None:
            check_number(self, "lower", low=0, high=1 - self.coverage)

    def _score(self, y: NumpyArray, y_pred: NumpyArray, weight: NumpyArray | None) -> float:
        y, y_pred = _columns(self, y, y_pred, 2)
        lower, upper = y_pred.T
        outside = 1 - self.coverage
        below = outside / 2 if self.lower is None else self.lower
        fine = np.maximum(lower - y, 0) / below + np.maximum(y - upper, 0) / (outside - below)
        score = upper - lower + fine
        return float(np.average(score, weights=weight))


def _columns(
    metric: Metric, y: NumpyArray, y_pred: NumpyArray, k: int
) -> tuple[NumpyArray, NumpyArray]:
    """One target per row and k predictions; XGBoost may hold a target once per output."""
    if k == 1 and y_pred.ndim == 1:
        y_pred = y_pred[:, None]
    if y_pred.ndim != 2 or y_pred.shape[1] != k:
        raise ValueError(f"{metric.name}: y_pred must have shape (n, {k}), got {y_pred.shape}")
    if y.ndim == 2:
        if np.any(y != y[:, :1]):
            raise ValueError(f"{metric.name}: y_true must hold one target per row")
        y = y[:, 0]
    return y, y_pred
