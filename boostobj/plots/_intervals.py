"""Pictures of prediction intervals; see `boostobj.plots`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from boostobj._arrays import is_arrow
from boostobj._checks import as_count
from boostobj._typing import ArrayLike, NumpyArray
from boostobj.estimators._conformal import TooFewRowsError
from boostobj.estimators._fitting import Rows
from boostobj.estimators._interval_checks import check_level, check_rows
from boostobj.estimators._scorers import interval_model
from boostobj.plots._drawing import COLORS, as_panels, just_panels, plain

__all__ = ["CoverageDisplay", "IntervalDisplay"]

_COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_BAND, _MISSED, _INSIDE = COLORS[0], COLORS[1], "#666666"


class IntervalDisplay:
    """Intervals as a band, the targets inside as dots and those outside marked.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Positions.
    y : ndarray of shape (n,)
        Targets.
    interval : ndarray of shape (n, 2)
        Lower and upper bounds.
    y_pred : ndarray of shape (n,)
        Medians.
    xlabel : str
        What `x` is.
    max_rows : int, default=400
        At most so many rows are drawn, evenly spread over `x`; coverage and width count all.
    sample_weight : ndarray of shape (n,), optional
        Weights of the rows in coverage and width.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure.
    """

    def __init__(
        self,
        x: NumpyArray,
        y: NumpyArray,
        interval: NumpyArray,
        y_pred: NumpyArray,
        xlabel: str,
        max_rows: int = 400,
        sample_weight: NumpyArray | None = None,
    ) -> None:
        self.x = x
        self.y = y
        self.interval = interval
        self.y_pred = y_pred
        self.xlabel = xlabel
        self.max_rows = max_rows
        self.sample_weight = sample_weight

    @property
    def inside(self) -> NumpyArray:
        """Whether each target lies in its interval."""
        return (self.interval[:, 0] <= self.y) & (self.y <= self.interval[:, 1])

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        feature: int | str | None = None,
        coverage: float | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        max_rows: int = 400,
        ax: Any = None,
    ) -> Self:
        """Predict and draw.

        Parameters
        ----------
        estimator : QuantileIntervalRegressor, pipeline or search
            Fitted; a pipeline ends in the model.
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features, as `estimator` takes them.
        y : array-like of shape (n,)
            Targets.
        feature : int or str, optional
            The numeric column of `X` along which to draw; by default rows are sorted by their
            predicted median.
        coverage, groups
            For `predict_interval`.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows in coverage and width.
        max_rows : int, default=400
            At most so many rows are drawn.
        ax : matplotlib Axes, optional
            By default that of a new figure.

        Returns
        -------
        IntervalDisplay

        Raises
        ------
        TypeError
            If `estimator` holds no model of intervals.
        ValueError
            If `feature` is no numeric column of `X`, targets, weights or groups do not fit it, or
            `coverage` is not in (0, 1).
        TooFewRowsError
            If there were too few calibration rows for `coverage`; a ValueError.
        """
        max_rows = as_count(max_rows, "max_rows", low=1)
        model, rows, quantiles, codes = _predicted(estimator, X, y, groups, sample_weight)
        y_pred = model._median(quantiles)
        if feature is None:
            x = np.argsort(np.argsort(y_pred, kind="stable")).astype(float)
            xlabel = "rows by predicted median"
        else:
            x = _column(X, feature)
            xlabel = feature if isinstance(feature, str) else f"feature {feature}"
            if x.dtype.kind not in "fiub":
                raise ValueError(f"feature must be a numeric column of X, got {feature!r}")
            x = x.astype(float)
        interval = model._interval(quantiles, coverage, codes)
        display = cls(x, rows.y, interval, y_pred, xlabel, max_rows, rows.sample_weight)
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            By default that of a new figure.

        Returns
        -------
        self
        """
        ax = as_panels(ax, 1)[0]
        order = np.argsort(self.x, kind="stable")
        order = order[np.isfinite(self.x[order])]
        step = np.linspace(0, len(order) - 1, min(self.max_rows, len(order)))
        rows = order[np.unique(step.astype(int))]
        x, y, median = self.x[rows], self.y[rows], self.y_pred[rows]
        bounds = self.interval[rows].T
        shown = np.concatenate([y, median, bounds[np.isfinite(bounds)]])
        ends = np.min(shown, initial=np.inf), np.max(shown, initial=-np.inf)
        low, high = np.clip(bounds, *ends)  # infinite ones to the edge
        if len(x) > 1 and np.sum(np.abs(np.diff(median))) <= 0.2 * np.sum(high - low):
            ax.fill_between(x, low, high, color=_BAND, alpha=0.25, lw=0, label="interval")
            ax.plot(x, median, color=_BAND, lw=1.8, label="median")
        else:  # rows that differ in more than `x` are no line, nor is a single one
            ax.vlines(x, low, high, color=_BAND, alpha=0.25, label="interval")
            ax.plot(x, median, "_", color=_BAND, ms=5, label="median")
        inside = self.inside[rows]
        ax.plot(x[inside], y[inside], ".", color=_INSIDE, ms=4, label="inside")
        ax.plot(x[~inside], y[~inside], "x", color=_MISSED, ms=6, mew=1.6, label="outside")
        share = np.average(self.inside, weights=self.sample_weight)
        width = np.average(self.interval[:, 1] - self.interval[:, 0], weights=self.sample_weight)
        ax.set(
            xlabel=plain(self.xlabel),
            ylabel="target",
            title=f"{share:.1%} inside, mean width {width:.3g}",
        )
        ax.legend(fontsize="small", ncols=2)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self


class CoverageDisplay:
    """What intervals promise against what they keep: by level, and by bins of rows.

    The first panel holds the share of targets inside for each coverage promised. The others hold
    that share, with two standard errors, and the mean width in bins of the rows, at one coverage.

    Parameters
    ----------
    coverages : ndarray of shape (m,)
        What was promised.
    observed : ndarray of shape (m,)
        The shares of targets inside.
    labels : sequence of str
        The bins.
    counts, inside, width, unbounded : ndarray of shape (k,)
        Rows in each bin, the share of targets inside, the mean of the finite widths, NaN if there
        are none, and the share of rows whose width is infinite. Weighted rows are counted by what
        they are worth, ``sum(w)**2 / sum(w**2)``.
    coverage : float
        What was promised in the bins.
    xlabel : str
        What the bins are bins of.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        One for the levels, one for the shares and one for the widths of the bins.
    figure_ : matplotlib Figure
        The figure.
    """

    def __init__(
        self,
        coverages: NumpyArray,
        observed: NumpyArray,
        labels: Sequence[str],
        counts: NumpyArray,
        inside: NumpyArray,
        width: NumpyArray,
        unbounded: NumpyArray,
        coverage: float,
        xlabel: str,
    ) -> None:
        self.coverages = coverages
        self.observed = observed
        self.labels = labels
        self.counts = counts
        self.inside = inside
        self.width = width
        self.unbounded = unbounded
        self.coverage = coverage
        self.xlabel = xlabel

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        by: int | str | None = None,
        coverages: Sequence[float] | None = None,
        coverage: float | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        n_bins: int = 8,
        ax: Any = None,
    ) -> Self:
        """Predict and draw.

        Parameters
        ----------
        estimator : QuantileIntervalRegressor, pipeline or search
            Fitted; a pipeline ends in the model.
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Features, as `estimator` takes them.
        y : array-like of shape (n,)
            Targets.
        by : int or str, optional
            The column of `X` to bin by: equally many rows a bin, or a bin for each of a few numbers
            or of the most frequent categories, and one for missing numbers or other categories. By
            default the predicted median.
        coverages : sequence of float, optional
            The levels of the first panel; by default those of 10 %, 20 %, ..., 90 % and 95 % for
            which there are enough calibration rows.
        coverage : float, optional
            The level of the bins; by default the estimator's own.
        groups : array-like of shape (n,), optional
            For `predict_interval`.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows in coverage and width.
        n_bins : int, default=8
            At most so many bins, 1 or more, beside that of the rest.
        ax : three matplotlib Axes, optional
            By default those of a new figure.

        Returns
        -------
        CoverageDisplay

        Raises
        ------
        TypeError
            If `estimator` holds no model of intervals, or `n_bins` is no integer.
        ValueError
            If `by` is no column of `X`, targets, weights or groups do not fit it, a level is not
            in (0, 1), `n_bins` is less than 1 or `ax` is not three axes.
        TooFewRowsError
            If there were too few calibration rows for `coverage` or one of `coverages`; a
            ValueError.
        """
        n_bins = as_count(n_bins, "n_bins", low=1)
        for level in coverages if coverages is not None else ():
            check_level(level, "each of coverages")
        model, rows, quantiles, codes = _predicted(estimator, X, y, groups, sample_weight)
        weight = rows.sample_weight

        def hits(level: float | None) -> tuple[NumpyArray, NumpyArray]:
            low, high = model._interval(quantiles, level, codes).T
            return (low <= rows.y) & (rows.y <= high), high - low

        observed = {}
        for level in _COVERAGES if coverages is None else coverages:
            try:
                observed[level] = np.average(hits(level)[0], weights=weight)
            except TooFewRowsError:
                if coverages is not None:
                    raise
        inside, width = hits(coverage)
        bins, labels = _bins(model._median(quantiles) if by is None else _column(X, by), n_bins)
        weight = np.ones(len(rows.y)) if weight is None else weight
        infinite = np.isinf(width)
        total, squares, inside, unbounded, width = (
            np.bincount(bins, weight * v, len(labels))
            for v in (1, weight, inside, infinite, np.where(infinite, 0, width))
        )
        labels = [label for label, w in zip(labels, total, strict=True) if w > 0]
        total, squares, inside, unbounded, width = (
            v[total > 0] for v in (total, squares, inside, unbounded, width)
        )
        bounded = np.where(unbounded < total, total - unbounded, np.nan)
        promised = model.upper_ - model.lower_ if coverage is None else coverage
        xlabel = (
            "predicted median" if by is None else by if isinstance(by, str) else f"feature {by}"
        )
        display = cls(
            np.array(list(observed)),
            np.array(list(observed.values())),
            labels,
            total**2 / squares,
            inside / total,
            width / bounded,
            unbounded / total,
            promised,
            xlabel,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : three matplotlib Axes, optional
            By default those of a new figure.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `ax` is not three axes.
        """
        panels = just_panels(ax, 3)
        panels[0].plot([0, 1], [0, 1], ":", color=_INSIDE, lw=1.5, label="as promised")
        panels[0].plot(self.coverages, self.observed, "o-", color=_BAND, lw=1.8, ms=5)
        panels[0].set(xlabel="coverage promised", ylabel="share inside", title="by level")
        panels[0].legend(fontsize="small")
        x = np.arange(len(self.labels))
        error = 2 * np.sqrt(self.inside * (1 - self.inside) / self.counts)
        panels[1].axhline(self.coverage, ls=":", color=_INSIDE, lw=1.5)
        panels[1].errorbar(x, self.inside, error, fmt="o", color=_BAND, ms=5, capsize=3)
        low = min(float(np.min(self.inside - error)), self.coverage - 0.05)
        panels[1].set(ylabel="share inside", title="by bin", ylim=(max(0, low - 0.02), 1.005))
        panels[2].bar(x, self.width, color=_BAND, alpha=0.6)
        for i in np.flatnonzero(self.unbounded):
            text = f" {self.unbounded[i]:.1%} infinite"
            panels[2].text(i, 0, text, rotation=90, ha="center", va="bottom", fontsize="small")
        panels[2].set(ylabel="mean width", title="width by bin", ylim=(0, None))
        panels[2].set_xlim(-0.6, len(x) - 0.4)
        for panel in panels[1:]:
            panel.set(xlabel=plain(self.xlabel))
            panel.set_xticks(x, map(plain, self.labels), rotation=45, ha="right", fontsize="small")
        self.ax_ = panels
        self.figure_ = panels[0].figure
        return self


def _predicted(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    groups: ArrayLike | None,
    sample_weight: ArrayLike | None,
) -> tuple[Any, Rows, NumpyArray, NumpyArray | None]:
    """The model of the intervals, the checked rows, their quantiles and their groups."""
    model, features = interval_model(estimator, X)
    check_is_fitted(model)
    rows = check_rows(model, features, y, sample_weight)
    return model, rows, model._predict(features), model._codes(groups, len(rows.y))


def _column(X: Any, feature: int | str) -> NumpyArray:
    """One feature; ValueError if there is none of that name."""
    if is_arrow(X):
        X = X.to_pandas()
    try:
        column = _safe_indexing(X if hasattr(X, "shape") else np.asarray(X), [feature], axis=1)
    except Exception as error:  # polars has errors of its own
        raise ValueError(f"X has no column {feature!r}") from error
    if issparse(column):
        return np.asarray(column.toarray()[:, 0])
    return np.asarray(column.iloc[:, 0] if hasattr(column, "iloc") else column).ravel()


def _bins(values: NumpyArray, n_bins: int) -> tuple[NumpyArray, list[str]]:
    """The bin of each value and their labels: `n_bins`, and one of what belongs to none."""
    codes, labels = _ordinary_bins(values, n_bins)
    rest = "missing" if values.dtype.kind in "fiu" else "others"
    return np.where(codes < 0, len(labels), codes), [*labels, rest]


def _ordinary_bins(values: NumpyArray, n_bins: int) -> tuple[NumpyArray, list[str]]:
    """The bin of each value, -1 for none, and their labels."""
    if values.dtype.kind not in "fiu":
        found, counts = np.unique(values.astype(str), return_counts=True)
        found = np.sort(found[np.argsort(-counts, kind="stable")[:n_bins]])
        positions = np.minimum(np.searchsorted(found, values.astype(str)), len(found) - 1)
        return np.where(found[positions] == values.astype(str), positions, -1), found.tolist()
    values = values.astype(float)
    found = np.unique(values[~np.isnan(values)])
    if len(found) <= n_bins:
        codes = np.searchsorted(found, values)
        return np.where(np.isnan(values), -1, codes), _numbers(found)
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, n_bins + 1)))
    codes = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    used, codes = np.unique(np.where(np.isnan(values), -1, codes), return_inverse=True)
    codes = codes - np.count_nonzero(used < 0)
    ends, last = _numbers(edges), len(edges) - 1
    return codes, [f"{ends[i]} to {ends[min(i + 1, last)]}" for i in used[used >= 0]]


def _numbers(values: NumpyArray) -> list[str]:
    """Different numbers with as many digits as it takes to tell them apart, four or more."""
    texts: list[list[str]] = [[f"{value:.{n}g}" for value in values] for n in range(4, 18)]
    return next((text for text in texts if len(set(text)) == len(values)), texts[-1])
