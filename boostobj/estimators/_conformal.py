"""The mathematics of conformal calibration: scores, their quantile, levels between levels.

Everything works on the residuals ``y - q(x)`` of quantile models on rows that they were not
trained on. The intervals of a model at ``x`` form a family that grows with one number `t`,

    ``[min(lower(x) - t, centre(x)), max(upper(x) + t, centre(x))]``,

and the score of a row is the smallest `t` whose interval holds its target. An interval of the
score's conformal quantile then holds the target of a new, exchangeable row with at least the
probability asked for. For ``t >= 0`` this is conformalised quantile regression as published; the
centre keeps an interval that has to shrink from turning inside out.

References
----------
Romano, Patterson, Candès (2019). Conformalized quantile regression. NeurIPS.
Gupta, Kuchibhotla, Ramdas (2022). Nested conformal prediction and quantile out-of-bag ensemble
methods. Pattern Recognition 127.
Tibshirani, Barber, Candès, Ramdas (2019). Conformal prediction under covariate shift. NeurIPS.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostobj._typing import NumpyArray
from boostobj.estimators._groups import Groups

#: Sums of weights and products of levels carry rounding errors; less than this is no difference.
SLACK = 1e-10


class TooFewRowsError(ValueError):
    """No finite bound reaches the coverage with so few calibration rows.

    More of them, less coverage or ``unbounded=True`` help.
    """


def min_rows(coverage: float) -> int:
    """The smallest number of calibration rows with a finite bound: 9 for 0.9, 19 for 0.95."""
    needed = coverage * (1 - SLACK)  # the share of n + 1 rows that n rows have to be, see below
    return math.ceil(needed / (1 - needed))


def conformal_quantile(
    scores: NumpyArray,
    coverage: float,
    sample_weight: NumpyArray | None = None,
    *,
    unbounded: bool = False,
    purpose: str = "",
) -> float:
    """The smallest score that bounds a new one with probability `coverage`.

    That is the score of rank ``ceil((n + 1) * coverage)``. With weights, the smallest score up to
    which the weights add up to ``coverage * (sum(w) + w_new)``. The new row's own weight is not
    known; ``w_new = sum(w**2) / sum(w)``, what a row drawn with these weights has on average,
    stands for it. For equal weights of any size that is exact. Otherwise the coverage is kept
    about, and well while ``sum(w)**2 / sum(w**2)``, the number of rows that the weights are
    worth, is large; few rows with very uneven weights cover less where scores grow with them.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Scores of the calibration rows.
    coverage : float
        Between 0 and 1.
    sample_weight : ndarray of shape (n,), optional
        Not negative.
    unbounded : bool, default=False
        Return infinity where too few rows allow no finite bound.
    purpose : str, optional
        What the bound is for, in the words of an error; by default the coverage.

    Returns
    -------
    float

    Raises
    ------
    TooFewRowsError
        If no score is large enough and `unbounded` is False.
    """
    weight = np.ones(len(scores)) if sample_weight is None else np.asarray(sample_weight)
    weight = weight / np.max(weight, initial=np.finfo(np.float64).tiny)
    order = np.argsort(scores, kind="stable")
    cumulative = np.cumsum(weight[order], dtype=np.float64)
    total = float(cumulative[-1]) if len(scores) else 0.0
    new = float(np.square(weight).sum() / total) if total > 0 else 1.0
    target = coverage * (total + new) * (1 - SLACK)
    rank = int(np.searchsorted(cumulative, target))
    if rank < len(scores):
        return float(scores[order[rank]])
    if unbounded:
        return math.inf
    rows = total / new
    counted = "" if sample_weight is None else " (counted by their weights)"
    raise TooFewRowsError(
        f"{purpose or f'a coverage of {coverage:.10g}'} needs {min_rows(coverage)} calibration "
        f"rows or more, got {rows:.6g}{counted}; calibrate on more, by calibration_fraction, "
        "calibration='cv' or calibrate, or set unbounded=True for infinite bounds"
    )


def interval_scores(lower: NumpyArray, centre: NumpyArray, upper: NumpyArray) -> NumpyArray:
    """How far the intervals have to grow to hold their targets, negative where they may shrink.

    Parameters
    ----------
    lower, centre, upper : ndarray of shape (n,)
        Residuals ``y - q(x)`` of the bounds and of a prediction between them.

    Returns
    -------
    ndarray of shape (n,)
        Minus infinity where the target is the centre, which no interval leaves out.
    """
    scores = np.where(centre < 0, -lower, upper)
    scores[centre == 0] = -np.inf
    return scores


def beyond(bound: NumpyArray, growth: NumpyArray) -> NumpyArray:
    """`bound` plus `growth`, and further out by what rounding may have lost.

    Tied targets would all fall out of an interval that misses them by the last digit.

    Parameters
    ----------
    bound : ndarray of shape (m,)
        Upper bounds, or lower ones with the sign turned.
    growth : ndarray of shape () or (m,)
        From `Calibration.growth`.

    Returns
    -------
    ndarray of shape (m,)
    """
    size = np.maximum(np.abs(bound), np.abs(np.where(np.isfinite(growth), growth, 0)))
    moved: NumpyArray = bound + growth + 4 * np.finfo(np.float64).eps * size
    return moved


def level_weights(levels: NumpyArray, level: float) -> NumpyArray:
    """Weights that turn quantiles at `levels` into the one at `level`; they add up to one.

    The quantile function is interpolated linearly on the scale of the normal distribution,
    ``Phi^-1(level)``, and continued beyond the outermost two levels. A fitted level gets weight
    one; the result grows with `level` if the quantiles do with `levels`.

    Parameters
    ----------
    levels : ndarray of shape (q,)
        At least two, increasing.
    level : float
        Between 0 and 1.

    Returns
    -------
    ndarray of shape (q,)
    """
    from scipy.special import ndtri

    weights = np.zeros(len(levels))
    nearest = int(np.argmin(np.abs(levels - level)))
    if abs(levels[nearest] - level) < SLACK:
        weights[nearest] = 1.0
        return weights
    right = int(np.clip(np.searchsorted(levels, level), 1, len(levels) - 1))
    low, z, high = ndtri([levels[right - 1], level, levels[right]])
    share = (z - low) / (high - low)
    weights[right - 1 : right + 1] = 1 - share, share
    return weights


@dataclass(frozen=True)
class Calibration:
    """What calibration rows tell about new ones.

    Parameters
    ----------
    residuals : ndarray of shape (n, q)
        ``y - q(x)`` for q quantiles of n rows that no model was trained on.
    sample_weight : ndarray of shape (n,), optional
        Weights of the rows.
    groups : Groups, optional
        Calibrates each of these groups by its own rows (Mondrian calibration).
    symmetric : bool, default=True
        One score for both sides of an interval, or one for each.
    unbounded : bool, default=False
        See `conformal_quantile`.
    of_folds : bool, default=False
        Whether the residuals are those of the models of folds and not of their mean, which
        predicts: a target on one side of the centre of one is on the other side of another's.
    """

    residuals: NumpyArray
    sample_weight: NumpyArray | None = None
    groups: Groups | None = None
    symmetric: bool = True
    unbounded: bool = False
    of_folds: bool = False

    def check(self, lower: float, upper: float, quantiles: Iterable[float]) -> None:
        """Refuse too few rows for an interval and quantiles; residuals are not needed for that."""
        groups = None if self.groups is None else np.arange(len(self.groups.labels))
        n = len(self.residuals)
        self.growth(np.zeros((3, n)), lower, upper, groups)
        for level in quantiles:
            self.outwards(np.zeros(n), level, groups, "quantiles: level")

    def growth(
        self, residuals: NumpyArray, lower: float, upper: float, codes: NumpyArray | None
    ) -> tuple[NumpyArray, NumpyArray]:
        """How far lower and upper bound move outwards.

        Parameters
        ----------
        residuals : ndarray of shape (3, n)
            Those of the lower bound, of the centre and of the upper bound.
        lower, upper : float
            The levels of the bounds.
        codes : ndarray of shape (m,), optional
            The groups of new rows.

        Returns
        -------
        down, up : ndarray of shape () or (m,)
        """
        if self.symmetric:
            down, _, up = residuals
            scores = np.maximum(-down, up) if self.of_folds else interval_scores(*residuals)
            both = self.quantile(scores, upper - lower, codes)
            return both, both
        return (
            self.quantile(-residuals[0], 1 - lower, codes, f"a lower bound at level {lower:.10g}"),
            self.quantile(residuals[2], upper, codes, f"an upper bound at level {upper:.10g}"),
        )

    def outwards(
        self,
        residuals: NumpyArray,
        level: float,
        codes: NumpyArray | None,
        name: str = "the calibrated quantile",
    ) -> NumpyArray:
        """How far a quantile moves to bound by itself: down below the median, else up.

        Parameters
        ----------
        residuals : ndarray of shape (n,)
            Those of the quantile.
        level : float
            Its level.
        codes : ndarray of shape (m,), optional
            The groups of new rows.
        name : str, optional
            How an error calls it.

        Returns
        -------
        ndarray of shape () or (m,)
        """
        scores = residuals if level > 0.5 else -residuals
        return self.quantile(scores, max(level, 1 - level), codes, f"{name} {level:.10g}")

    def quantile(
        self,
        scores: NumpyArray,
        coverage: float,
        codes: NumpyArray | None = None,
        purpose: str = "",
    ) -> NumpyArray:
        """The conformal quantile, one number, or that of each row's group.

        Parameters
        ----------
        scores : ndarray of shape (n,)
            Scores of the calibration rows.
        coverage : float
            Between 0 and 1.
        codes : ndarray of shape (m,), optional
            Groups of new rows; -1 for one that has no calibration rows.
        purpose : str, optional
            See `conformal_quantile`.

        Returns
        -------
        ndarray of shape () or (m,)

        Raises
        ------
        TooFewRowsError
            If a group, or all of them, has too few calibration rows.
        """
        if self.groups is None or codes is None:
            return np.asarray(self._quantile(scores, coverage, slice(None), purpose))
        found, positions = np.unique(codes, return_inverse=True)
        bounds = []
        for code in found:
            try:
                rows = self.groups.codes == code
                bounds.append(self._quantile(scores, coverage, rows, purpose))
            except TooFewRowsError as error:
                raise TooFewRowsError(f"group {self.groups.labels[code]}: {error}") from None
        return np.asarray(bounds)[positions]

    def _quantile(self, scores: NumpyArray, coverage: float, rows: Any, purpose: str) -> float:
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return conformal_quantile(
            scores[rows], coverage, weight, unbounded=self.unbounded, purpose=purpose
        )
