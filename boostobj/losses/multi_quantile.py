"""Pinball loss of several quantiles at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np

from boostobj._arrays import array_namespace, weighted_quantile
from boostobj._checks import align, check_levels, check_numbers, check_outputs
from boostobj._loss import Derivatives
from boostobj._typing import Array, ArrayLike, NumpyArray
from boostobj.base import Loss, ResidualDerivatives, Sample
from boostobj.links import Sorted
from boostobj.losses.quantile import Quantile


@dataclass(frozen=True)
class MultiQuantile(Loss):
    """Mean pinball loss of k quantiles, one margin each, in one model.

    Domain: `y_true` finite and real, (n,), or repeated for each quantile, (n, k); margins real,
    (n, k). Link: the margins of a row in increasing order, so that predicted quantiles never
    cross. Sorting never makes the loss larger; the loss is that of the margins as they are.
    Curvature: smoothed, as that of `Quantile`, and the gradient of a booster with it, each quantile
    with its own residual scale and brought to unit curvature on its own.

    XGBoost wants ``{"objective": "reg:squarederror", "num_class": k, "disable_default_eval_metric":
    True}``, or else the targets repeated to shape (n, k), with one tree per quantile or
    ``"multi_strategy": "multi_output_tree"``; LightGBM wants ``{"num_class": k}``, in its
    scikit-learn wrapper with ``metric="None"``.

    Parameters
    ----------
    quantiles : sequence of float, default=(0.05, 0.5, 0.95)
        The levels to estimate, two or more, increasing, between 0 and 1. `Quantile` is for one.
    scales : sequence of float, optional
        Width of the smoothing for each quantile, in units of the target, > 0, see `Quantile`. By
        default they are estimated each round.

    Raises
    ------
    TypeError
        If `quantiles` is not a sequence of numbers, or `scales` is neither that nor None.
    ValueError
        If `quantiles` does not hold 2 or more levels that increase between 0 and 1, or `scales`
        does not hold as many finite numbers > 0.

    References
    ----------
    Koenker, Bassett (1978). Regression quantiles. Econometrica 46(1).
    Chernozhukov, Fernandez-Val, Galichon (2010). Quantile and probability curves without
    crossing. Econometrica 78(3).
    """

    quantiles: Sequence[float] = (0.05, 0.5, 0.95)
    scales: Sequence[float] | None = None

    formula = "sum(max((1 - q)*(u - y), q*(y - u)) for q, u in zip(quantiles, raw))/len(quantiles)"
    link = Sorted()
    builtin = {"xgboost": "reg:quantileerror"}
    curvature = "smoothed"
    unit_curvature = True
    joint_outputs = True
    _least_worth = Quantile._least_worth

    def __post_init__(self) -> None:
        check_levels(self, "quantiles")
        if len(self.quantiles) < 2:
            raise ValueError(
                "MultiQuantile: quantiles must hold at least 2 numbers, Quantile is for one, "
                f"got {self.quantiles!r}"
            )
        if self.scales is not None:
            check_numbers(self, "scales")
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
    def _parts(self) -> list[Quantile]:
        """The loss of each margin."""
        scales: Sequence[float | None] = self.scales or [None] * len(self.quantiles)
        return [Quantile(q, scale) for q, scale in zip(self.quantiles, scales, strict=True)]

    def _pointwise_value(self, y: Array, raw: Array) -> Array:
        values = [p._value(raw[:, j] - y) for j, p in enumerate(self._parts)]
        return sum(values) / len(values)

    def _pointwise_derivatives(self, y: Array, raw: Array) -> tuple[Array, Array]:
        return self._shares([part._gradient_hessian for part in self._parts], y, raw)

    def _boosting_derivatives(self, sample: Sample) -> Derivatives:
        parts = enumerate(self._parts)
        return partial(self._shares, [part._softened(sample.column(j)) for j, part in parts])

    def _adapted(self, sample: Sample) -> Self:
        parts = (part._adapted(sample.column(j)) for j, part in enumerate(self._parts))
        return replace(self, scales=tuple(part._width for part in parts))

    def _shares(
        self, functions: Sequence[ResidualDerivatives], y: Array, raw: Array
    ) -> tuple[Array, Array]:
        """What each quantile's function of the residuals adds to the mean over quantiles."""
        columns = [function(raw[:, j] - y) for j, function in enumerate(functions)]
        xp = array_namespace(raw)
        # contiguous columns, as the engine's chunks have
        gradient, hessian = (
            xp.permute_dims(xp.stack(x) / len(x), (1, 0)) for x in zip(*columns, strict=True)
        )
        return gradient, hessian

    def _aligned(self, y: Array, raw: Array) -> Array:
        check_outputs(raw, len(self.quantiles), "MultiQuantile")
        y = align(y, raw, "MultiQuantile", one_per_row=True)
        self._domain.check(y, "y_true", "MultiQuantile")
        if y.ndim == 1:
            return y
        differ = array_namespace(y).any(y != y[:, :1], axis=1)
        if differ.any():
            row = int(array_namespace(y).argmax(differ))
            raise ValueError(
                "MultiQuantile: the quantiles are of one target, repeated in each column of y_true "
                f"or not at all, got {y[row, :]!s} in row {row}"
            )
        return y[:, 0]

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
        TypeError
            If an array does not consist of real numbers.
        ValueError
            If there are no targets, those of a row differ, or a target or a weight is outside its
            domain.
        """
        y, weight = self._init_rows(y_true, sample_weight)
        y = self._aligned(y, np.zeros((y.shape[0], len(self.quantiles))))
        return np.asarray([weighted_quantile(y, q, weight) for q in self.quantiles])
