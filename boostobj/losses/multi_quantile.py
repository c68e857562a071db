"""Pinball loss of several quantiles at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace

from boostobj._arrays import align, check_levels, check_numbers, weighted_quantile
from boostobj._typing import Array, ArrayLike, NumpyArray
from boostobj.base import Derivatives, Loss, Sample
from boostobj.curvature import (
    fitted_to_rows,
    pinball_gradient,
    pinball_slope,
    residual_scale,
    smoothed_pinball,
)
from boostobj.links import Link, Sorted


@dataclass(frozen=True)
class MultiQuantile(Loss):
    """Mean pinball loss of k quantiles, one margin each, in one model.

    Domain: `y_true` finite and real, of shape (n,); margins real, of shape (n, k). Link: the
    margins of a row in increasing order, so that predicted quantiles never cross. Sorting never
    makes the loss larger; the loss is that of the margins as they are.
    Curvature: smoothed, as that of `Quantile`, each quantile with its own residual scale and
    brought to unit curvature on its own.

    XGBoost wants ``{"objective": "reg:squarederror", "num_class": k}``, or else the targets
    repeated to shape (n, k), with one tree per quantile or ``"multi_strategy":
    "multi_output_tree"``; LightGBM wants ``{"num_class": k}``, in its
    scikit-learn wrapper with ``metric="None"``.

    Parameters
    ----------
    quantiles : sequence of float, default=(0.05, 0.5, 0.95)
        The levels to estimate, two or more, increasing, between 0 and 1. `Quantile` is for one.
    scales : sequence of float, optional
        Residual scale of the smoothed Hessian of each quantile, in units of the target, > 0. By
        default they are estimated each round.

    References
    ----------
    Koenker, Bassett (1978). Regression quantiles. Econometrica 46(1).
    Chernozhukov, Fernandez-Val, Galichon (2010). Quantile and probability curves without
    crossing. Econometrica 78(3).
    """

    quantiles: tuple[float, ...] = (0.05, 0.5, 0.95)
    scales: tuple[float, ...] | None = None

    formula = "sum(max((1 - q)*(u - y), q*(y - u)) for q, u in zip(quantiles, raw))/len(quantiles)"
    builtin = {"xgboost": "reg:quantileerror"}
    curvature = "smoothed"
    unit_curvature = True
    joint_outputs = True

    def __post_init__(self) -> None:
        check_levels(self, "quantiles")
        if len(self.quantiles) < 2:
            raise ValueError(
                "MultiQuantile: quantiles must hold at least 2 numbers, Quantile is for one, "
                f"got {self.quantiles!r}"
            )
        if self.scales is not None:
            check_numbers(self, "scales", low=0)
            if len(self.scales) != len(self.quantiles):
                raise ValueError(
                    f"MultiQuantile: scales must hold {len(self.quantiles)} numbers, one for each "
                    f"quantile, got {self.scales!r}"
                )

    @classmethod
    def examples(cls) -> tuple[MultiQuantile, ...]:
        """An interval with its median, and two quantiles close together."""
        return cls(), cls(quantiles=(0.3, 0.4))

    @property
    def link(self) -> Link:
        """Increasing order."""
        return Sorted()

    def _residuals(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """Residuals (n, k) and levels (k,)."""
        xp = array_namespace(raw)
        y = y if y.ndim == 2 else y[:, None]
        return raw - y, xp.asarray(self.quantiles, dtype=raw.dtype)

    def _pinball(self, y: Array, raw: Array) -> Array:
        r, quantiles = self._residuals(y, raw)
        return pinball_slope(r, quantiles) * array_namespace(raw).abs(r)

    def _pointwise_value(self, y: Array, raw: Array) -> Array:
        return array_namespace(raw).mean(self._pinball(y, raw), axis=1)

    def _pointwise_derivatives(self, y: Array, raw: Array) -> tuple[Array, Array]:
        _, hessian = self._smoothed(y, raw)
        return pinball_gradient(*self._residuals(y, raw)) / len(self.quantiles), hessian

    def _smoothed(self, y: Array, raw: Array, bandwidths: Any = 1.0) -> tuple[Array, Array]:
        r, quantiles = self._residuals(y, raw)
        xp = array_namespace(raw)
        widths = xp.asarray(self.scales or [1.0], dtype=raw.dtype)
        bandwidths = xp.asarray(bandwidths, dtype=raw.dtype)
        gradient, hessian = smoothed_pinball(r, quantiles, widths, bandwidths)
        return gradient / len(self.quantiles), hessian / len(self.quantiles)

    def _boosting_derivatives(self, sample: Sample) -> Derivatives:
        bandwidths, factors = fitted_to_rows(np.asarray(self.quantiles), sample.count())

        def smoothed(y: Array, raw: Array) -> tuple[Array, Array]:
            gradient, hessian = self._smoothed(y, raw, bandwidths)
            xp = array_namespace(hessian)
            return gradient, xp.asarray(factors, dtype=hessian.dtype) * hessian

        return smoothed

    def _adapted(self, sample: Sample) -> Self:
        if self.scales is not None:
            return self
        columns = range(len(self.quantiles))
        scales = tuple(residual_scale(sample, partial(self._distance, j)) for j in columns)
        return replace(self, scales=scales)

    def _distance(self, j: int, y: Array, raw: Array) -> Array:
        return 2 * self._pinball(y, raw)[:, j]

    def _aligned(self, y: Array, raw: Array) -> Array:
        k = len(self.quantiles)
        if raw.ndim != 2 or raw.shape[1] != k:
            raise ValueError(
                f"MultiQuantile: raw_prediction must have shape (n, {k}), got "
                f"{tuple(raw.shape)}; set num_class to {k} in the booster's parameters, "
                'and for XGBoost "objective": "reg:squarederror", whose predict gives margins'
            )
        y = align(y, raw, "MultiQuantile", one_per_row=True)
        self._domain.check(y, "y_true", "MultiQuantile")
        return y

    def init_score(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> NumpyArray:
        """The k weighted quantiles of the targets.

        Parameters
        ----------
        y_true : array-like of shape (n,), (n, 1) or (n, k)
            Targets, once or repeated for each quantile.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        ndarray of shape (k,)

        Raises
        ------
        ValueError
            If there are no targets, or a target or a weight is outside its domain.
        """
        y, weight = self._init_rows(y_true, sample_weight)
        y = self._aligned(y, np.zeros((y.shape[0], len(self.quantiles))))
        columns = y.T if y.ndim == 2 else [y] * len(self.quantiles)
        pairs = zip(columns, self.quantiles, strict=True)
        return np.asarray([weighted_quantile(column, q, weight) for column, q in pairs])
